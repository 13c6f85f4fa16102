"""Exemptions in force on a running hub: they begin and end by the clock, and every figure of an instant is the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camerahub.core.errors import EnvironmentFault
from camerahub.core.rates import Parts
from camerahub.core.result import Facet
from camerahub.registry.census import census
from camerahub.registry.exemptions import Request
from camerahub.registry.figures import figures
from camerahub.registry.past import Question
from camerahub.registry.rows import Source
from camerahub.registry.store import Store
from camerahub.telemetry.metrics import Exporter
from tests.services.county import Hub as Usual
from tests.services.county import Register, camera_row
from tests.services.test_ingest import Breakable

MINUTE, HOUR = 60_000_000, 3_600_000_000


class Hub(Usual):
    """A hub, and ``pen``: the store of the command beside it."""

    pen: Store


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    register = Register(tmp_path)
    hub = Hub(register, store=Breakable(register.store()))
    hub.pen = register.store()
    await hub.start()
    yield hub
    hub.crash()
    register.close()


def shown(hub: Hub) -> tuple[int, int]:
    """Exempt cameras, and those of them that are up, as a scrape has them."""
    lines = Exporter(hub.board).render()[0].decode().splitlines()

    def total(name: str) -> int:
        return sum(int(line.split()[-1]) for line in lines if line.startswith(f"{name}{{"))

    return total("camerahub_cameras_exempt"), total("camerahub_cameras_exempt_up")


def asked(hub: Hub, scope: str, value: str, start_s: int, end_s: int) -> int:
    """An approved window, ``start_s`` to ``end_s`` seconds from now."""
    now = hub.clock.wall_us()
    window = (now + start_s * 1_000_000, now + end_s * 1_000_000)
    number, _ = hub.pen.request_exemption(Request(scope, (value,), *window, "power_cut", "", "甲"), now)
    hub.pen.decide_exemptions([number], "乙", "", now, approve=True)
    return number


async def turn(hub: Hub, seconds: float = 5) -> None:
    hub.clock.advance(seconds)
    await hub.ingest.step()


def point(hub: Hub) -> Parts:
    """The figure of the very instant, out of the record."""
    now = hub.clock.wall_us()
    question = Question(Facet.ONLINE, now, now + 1, now + 1, points=(now,))
    return figures(hub.store.engine, question).parts[""]


async def test_a_window_begins_and_ends_by_itself(hub: Hub) -> None:
    await hub.everyone("ok")
    asked(hub, "area", "320585100", 20, 60)
    hub.ingest.reload()  # as the pen does, once it is given back
    await turn(hub)
    assert shown(hub) == (0, 0)
    await turn(hub, 20)
    assert shown(hub) == (6, 6)
    await hub.feed([(1, "timeout")] * 3)
    await turn(hub)
    assert shown(hub) == (6, 5)
    await turn(hub, 30)
    assert shown(hub) == (0, 0)


async def test_one_ended_early_counts_again_and_one_approved_late_at_once(hub: Hub) -> None:
    await hub.everyone("ok")
    number = asked(hub, "network", "天网", -600, 3600)
    hub.ingest.reload()
    await turn(hub)
    assert shown(hub) == (4, 4)
    hub.pen.end_exemption(number, "甲", "", hub.clock.wall_us())
    hub.ingest.reload()
    await turn(hub)
    assert shown(hub) == (0, 0)


async def test_a_restarted_hub_knows_who_is_exempt(hub: Hub) -> None:
    asked(hub, "camera", "32058500001310000003", -1, 60)
    await turn(hub)
    await hub.start()
    assert shown(hub) == (1, 0)
    hub.clock.step_wall(120)  # a clock that is put forward ends windows too
    await turn(hub)
    assert shown(hub)[0] == 0


async def test_the_scrape_the_command_and_the_record_say_the_same(hub: Hub) -> None:
    await hub.everyone("ok")
    await hub.everyone("timeout", 1)
    asked(hub, "area", "320585100", -60, 600)
    asked(hub, "network", "雪亮", -60, 600)  # overlaps: nobody leaves twice
    hub.pen.import_cameras(
        [camera_row(0, "320585101", status="stopped")], Source("test", "stopped.csv"), hub.clock.wall_us()
    )
    hub.ingest.reload()
    await turn(hub, 0.5)
    await turn(hub, 3)
    hub.pen.heartbeat(hub.clock.wall_us())
    now = hub.clock.wall_us()
    told, parts = census(hub.store.engine, Facet.ONLINE, None, now), point(hub)
    tally = hub.ingest.tally()
    assert tally is not None
    out = told.exempt & told.expected
    assert 0 < parts.exempt < parts.expected == 11
    assert shown(hub) == (parts.exempt, parts.exempt_up) == (out.sum(), (out & (told.answer == 1)).sum())
    assert tally.totals() == {key: getattr(parts, key) for key in ("expected", "up", "down", "unknown")}


async def test_a_register_that_cannot_be_read_is_asked_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(hub, "area", "320585100", 10, 600)
    hub.ingest.reload()
    await turn(hub)

    def fails(*_: object) -> None:
        raise EnvironmentFault("register.full", where="camerahub.db", detail="SQLITE_IOERR")

    monkeypatch.setattr(hub.store, "exempt_at", fails, raising=False)
    await turn(hub, 10)
    assert shown(hub)[0] == 0
    monkeypatch.undo()
    await turn(hub)
    assert shown(hub)[0] == 6
