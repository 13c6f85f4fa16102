"""`publish`, by hand and by the hub: every figure once, the same digits however often somebody was killed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camerahub.cli.context import Context
from camerahub.cli.publish import command, publish_due
from camerahub.cli.rates import command as rates
from camerahub.core import period
from camerahub.core.commit import CORRECTION_DTYPE, Commit
from camerahub.core.result import PROBE_KINDS, Facet
from camerahub.plan import PUBLISH_S, figures_due
from camerahub.plan import published as figures_published
from camerahub.registry import runs
from camerahub.registry.figures import verify
from camerahub.registry.publishing import Published
from camerahub.services.clock import ManualClock
from camerahub.services.errands import Errands
from tests.cli.figures_home import FiguresHome
from tests.services.county import ZONE

DAY_US, HOUR_US, MINUTE_US = 86_400_000_000, 3_600_000_000, 60_000_000
#: One facet, two groupings: what is published is two runs a period.
CONFIG = """[fleet]
picture_interval_s = 0.0

[figures]
publish_by = ["township", "village"]
"""
#: The first morning, local time, of a hub that ran until that evening and again from the next noon on.
MORNING = period.instant("2026-03-29T09:00", ZONE)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[FiguresHome]:
    home = FiguresHome(tmp_path)
    home.home.config_path.write_text(CONFIG, "utf-8")
    home.hub.clock = ManualClock(wall_us=MORNING)
    home.hub.ingest._clock = home.hub.clock
    yield home
    home.close()


async def life(home: FiguresHome) -> None:
    """Half a day of looks, three cameras down for a while, then nobody looks; the hub lives on."""
    from camerahub.services.steady import Steady

    home.hub.ingest.steady = Steady(home.hub.clock)
    hub = await home.hub.start()
    for n in range(20):
        hub.clock.advance(60)
        ids = [int(e) for e in hub.desk.roster.endpoint]
        await hub.feed([(e, "timeout" if e <= 3 and n > 12 else "ok") for e in ids])
    for _ in range(8):
        hub.clock.advance(50)
        await hub.ingest.step()
    home.register.store().heartbeat(MORNING + 30 * DAY_US)


class Killed(Exception):
    """The hub, and with it its errand, is ended by force."""


async def walk(
    home: FiguresHome, until: int, kill: Callable[[], bool], told: list[Published], step_s: float = 1800.0
) -> None:
    """Errands of one hub after another, as the manual clock goes; one is ended whenever ``kill`` says so, and its
    follower starts five minutes later."""
    clock, settings = (
        home.hub.clock,
        home.home.settings(),
    )
    store, context = home.register.store(), Context(home=home.home.path)

    async def write(work: Callable[[], object]) -> None:
        work()

    async def start(words: tuple[str, ...]) -> int:
        if words == ("publish",):
            for one in publish_due(context, clock.wall_us()):
                told.append(one)
                if kill():
                    raise Killed
        return 0

    def hub() -> Errands:
        wanted = {"publish": lambda now: bool(figures_due(settings, store.engine, now))}
        made = Errands(figures_published(settings), store, write, start, clock, wanted)
        made._begun.update(store.errands_begun())
        return made

    running = hub()
    while clock.wall_us() < until:
        try:
            await running.turn()
        except Killed:
            clock.advance(300)
            running = hub()
        clock.advance(step_s)


def published(home: FiguresHome) -> list[dict[str, Any]]:
    said = home.run(command, "--json").stdout.splitlines()
    return [json.loads(line) for line in said if line.startswith("{")]  # a log stands between them here


def never() -> bool:
    return False


def some() -> Callable[[], bool]:
    """Ended after the third run, after the next, after five more, and so on."""
    rng = np.random.default_rng(5)
    return lambda: bool(rng.random() < 0.25)


async def test_the_hub_publishes_every_figure_once(place: FiguresHome) -> None:
    await life(place)
    told: list[Published] = []
    await walk(place, MORNING + 6 * DAY_US, some(), told)
    engine = place.register.store().engine
    kept = runs.newest(engine, 10_000)
    assert len(kept) == len(told)
    one_of = Counter((run.facet, run.scope, run.start, run.end, run.stage) for run in kept)
    assert set(one_of.values()) == {1}
    assert {run.facet for run in kept} == {Facet.ONLINE}
    days = Counter(
        (run.stage, period.local_day(run.start, ZONE).isoformat())
        for run in kept
        if run.end - run.start == DAY_US
    )
    assert {key: number for key, number in days.items() if key[1] <= "2026-04-01"} == {
        (stage, day): 2
        for stage in ("preliminary", "final")
        for day in ("2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01")
        if (stage, day) != ("final", "2026-04-02")
    }
    months = Counter(run.stage for run in kept if run.end - run.start > DAY_US)
    assert months == {"preliminary": 2, "final": 2}
    for run in kept:
        local = run.as_of - period.days_from(period.local_day(run.as_of, ZONE), 1, ZONE)[0]
        assert local == 7 * HOUR_US + 30 * MINUTE_US
        assert run.as_of + MINUTE_US <= run.recorded_at
    # within a quarter of an hour where nobody was killed; every kill costs ten minutes and the start of a hub
    assert max(run.recorded_at - run.as_of for run in kept) < 20 * (2 * PUBLISH_S + 1800) * 1_000_000
    assert all(check.same and check.same_input for check in verify(engine, kept[:24]))


async def test_killed_or_not_the_digits_are_the_same(tmp_path: Path, place: FiguresHome) -> None:
    await life(place)
    told: list[Published] = []
    await walk(place, MORNING + 2 * DAY_US, never, told)
    first = {(r.facet, r.scope, r.start, r.stage): (r.numbers, r.input_hash) for r, _ in told}
    assert first
    (tmp_path / "other").mkdir()
    other = FiguresHome(tmp_path / "other")
    other.home.config_path.write_text(CONFIG, "utf-8")
    other.hub.clock = ManualClock(wall_us=MORNING)
    other.hub.ingest._clock = other.hub.clock
    await life(other)
    other.hub.clock.advance(5 * 86_400)  # nobody published for days
    again: list[Published] = []
    await walk(other, MORNING + 6 * DAY_US, some(), again)
    finals = {(r.facet, r.scope, r.start): (r.numbers, r.input_hash) for r, _ in again if r.stage == "final"}
    late = list(publish_due(Context(home=place.home.path), MORNING + 6 * DAY_US))
    for run, _ in late:
        if run.stage == "final":
            assert finals[run.facet, run.scope, run.start] == (run.numbers, run.input_hash)
    other.close()


async def test_final_figures_list_what_they_correct(place: FiguresHome) -> None:
    await life(place)
    told: list[Published] = []
    await walk(place, MORNING + DAY_US, never, told)
    assert {run.stage for run, _ in told} == {"preliminary"}
    store = place.register.store()
    late = np.zeros(60, CORRECTION_DTYPE)
    late["at"] = MORNING + 6 * HOUR_US + np.arange(60) * MINUTE_US
    late["camera"], late["endpoint"], late["probe"] = 5, 5, PROBE_KINDS["options"].code
    store.commit(Commit("edge", 1, 1, MORNING + DAY_US + HOUR_US, corrections=late))
    await walk(place, MORNING + 3 * DAY_US, never, told)
    changed = [
        (run, before)
        for run, before in told
        if run.stage == "final" and run.facet is Facet.ONLINE and run.start < MORNING
    ]
    assert len(changed) == 2
    result = place.run(rates, "--published", "--day", "2026-03-29")
    assert "有更正: 1 组" in result.stdout
    lines = place.lines(rates, "--published", "--day", "2026-03-29")
    assert all(line["same"] and line["same_input"] for line in lines)
    (found,) = [
        line["corrections"]
        for line in lines
        if line["stage"] == "final" and line["facet"] == "online" and line["scope"]["by"] == "township"
    ]
    (one,) = found
    assert (
        one["after"]["up"] - one["before"]["up"] == 64 * MINUTE_US
    )  # an hour of looks, and five minutes of silence
    assert one["after"]["expected"] == one["before"]["expected"]


async def test_by_hand_it_says_what_is_due(county: FiguresHome) -> None:
    """The register of this home saw its first look a minute ago: nothing is over."""
    result = county.run(command, "--dry-run")
    assert (result.stdout, "0" in result.stderr) == ("", True)
    result = county.run(command, "--json")
    assert (result.stdout, result.return_value) == ("", 0)


async def test_what_a_person_types_is_what_the_hub_does(tmp_path: Path) -> None:
    home = FiguresHome(tmp_path)
    home.hub.clock.step_wall(-4 * 86_400)
    hub = await home.hub.start()
    await hub.everyone("ok", 3)
    due = home.run(command, "--dry-run").stdout.splitlines()
    listed = home.lines(command, "--dry-run")
    assert {(line["by"], line["facet"]) for line in listed} == {
        ("township", facet.name.lower()) for facet in Facet
    }
    lines = published(home)
    assert len(lines) * 2 == len(due) >= 2 * 4 * 3
    assert {line["stage"] for line in lines} == {"preliminary", "final"}
    assert all("corrections" not in line for line in lines)  # what was missed is final at once
    assert published(home) == []
    assert all(json.loads(json.dumps(line))["scope"]["by"] == "township" for line in lines)
    home.close()
