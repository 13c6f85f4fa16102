"""Weather and faults of pictures through the ingest: held before the fold, a gap while it lasts, counted by kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from camerahub.core.health import POLICIES
from camerahub.core.result import FAULT_KINDS, REASON_NAMES, Facet
from camerahub.core.weather import WEATHER_SCOPE
from camerahub.registry import queries, tables
from camerahub.services.desk import Desk
from camerahub.services.ingest import Ingest
from tests.services.county import Hub, Register, camera_row, read_areas

TOWNSHIP, NEIGHBOUR = "320585100", "320585101"
CAMERAS = 12


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """Twelve cameras in each of two townships, looked at by `picture`, all facets."""
    rows = [camera_row(n, (TOWNSHIP, NEIGHBOUR)[n % 2]) for n in range(2 * CAMERAS)]
    register = Register(tmp_path, rows)
    hub = Hub(register)
    engine = hub.store.engine
    policies = tuple(POLICIES[facet] for facet in Facet)
    hub.desk = Desk(hub.store, lambda: read_areas(engine), policies, ("options", "picture"))
    hub.ingest = Ingest(hub.desk, hub.clock, hub.board, None)
    await hub.start()
    yield hub
    await hub.ingest.aclose()
    register.close()


def here(hub: Hub, township: str) -> list[int]:
    """Endpoints of a township."""
    roster = hub.desk.roster
    place = roster.townships.index(township)
    return [int(e) for e in roster.endpoint[roster.township[roster.camera] == place]]


async def look(hub: Hub, endpoints: list[int], reason: str) -> None:
    for endpoint in endpoints:
        hub.clock.advance(10)
        await hub.feed([(endpoint, reason)], probe="picture")


def answers(hub: Hub, facet: Facet) -> list[str]:
    words = ("unknown", "up", "down")
    return [words[code] for code in hub.desk.states.answer[hub.desk.states.row(facet)].tolist()]


async def test_a_fault_of_the_picture_is_not_one_of_the_light_and_is_counted_by_kind(hub: Hub) -> None:
    every = here(hub, TOWNSHIP) + here(hub, NEIGHBOUR)
    await look(hub, every, "ok")
    faulty = {every[0]: "blur", every[1]: "frozen", every[-1]: "black"}
    for endpoint, reason in faulty.items():
        await look(hub, [endpoint, endpoint], reason)
    states = hub.desk.states
    for endpoint, reason in faulty.items():
        (place,), _ = hub.desk.roster.find(hub.desk.roster.endpoint[hub.desk.roster.endpoint == endpoint])
        assert answers(hub, Facet.PICTURE)[place] == "down"
        assert REASON_NAMES[states.reason[states.row(Facet.PICTURE), place]] == reason
        assert answers(hub, Facet.LIT)[place] == ("down" if reason == "black" else "up")
    tally = hub.ingest.tally()
    assert tally is not None
    assert tally.townships == (TOWNSHIP, NEIGHBOUR)
    counted = {
        (FAULT_KINDS[kind], tally.townships[place]): int(tally.faults[kind, place])
        for kind, place in np.argwhere(tally.faults).tolist()
    }
    assert counted == {("blur", TOWNSHIP): 1, ("frozen", TOWNSHIP): 1, ("black", NEIGHBOUR): 1}


async def test_an_unjudged_picture_is_lit_and_says_nothing_of_intactness(hub: Hub) -> None:
    await look(hub, here(hub, TOWNSHIP), "unjudged")
    assert set(answers(hub, Facet.LIT)) == {"up", "unknown"}
    assert set(answers(hub, Facet.PICTURE)) == {"unknown"}


async def test_fog_over_a_township_is_a_gap_and_no_faults(hub: Hub) -> None:
    foggy, clear = here(hub, TOWNSHIP), here(hub, NEIGHBOUR)
    await look(hub, foggy + clear, "ok")
    for _ in range(3):
        await look(hub, foggy, "low_contrast")
    assert (
        "down" not in answers(hub, Facet.PICTURE)[: len(foggy)]
        or answers(hub, Facet.PICTURE).count("down") == 0
    )
    tally = hub.ingest.tally()
    assert tally is not None
    assert dict(zip(tally.townships, tally.held.tolist(), strict=True)) == {TOWNSHIP: CAMERAS, NEIGHBOUR: 0}
    (gap,) = queries.status(hub.store.engine).weather
    assert (gap.scope, gap.reason, gap.to_at) == (WEATHER_SCOPE + TOWNSHIP, "weather", None)
    told = [hub.desk.skies.explains(endpoint, "blur") for endpoint in (foggy[0], clear[0], 10_000)]
    assert told == [True, False, False]
    assert not hub.desk.skies.explains(foggy[0], "frozen")
    assert await blurred_is_blurred(hub, clear[0])
    await look(hub, foggy, "ok")
    assert queries.status(hub.store.engine).weather == ()
    with hub.store.engine.connect() as connection:
        assert len(connection.execute(select(tables.gaps.c.id).where(tables.gaps.c.to_at > 0)).all()) >= 1


async def blurred_is_blurred(hub: Hub, endpoint: int) -> bool:
    """In the township beside it."""
    await look(hub, [endpoint, endpoint], "blur")
    return answers(hub, Facet.PICTURE).count("down") == 1


async def test_weather_outlives_a_change_of_the_register(hub: Hub, tmp_path: Path) -> None:
    foggy = here(hub, TOWNSHIP)
    await look(hub, foggy + here(hub, NEIGHBOUR), "ok")
    await look(hub, foggy, "underexposed")
    before = dict(hub.desk.skies.since)
    assert set(before) == {TOWNSHIP}
    hub.ingest.reload()
    await hub.ingest.step()
    assert dict(hub.desk.skies.since) == before
    assert hub.desk.skies.held().sum() == len(foggy)
