"""The list of a running hub: the same states as the command line tells, names as the register has them now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from camerahub.config import Settings
from camerahub.core.errors import EnvironmentFault
from camerahub.core.roll import FACETS, Roll, line_at
from camerahub.listing import FRESH_S, Listing
from camerahub.registry import queries
from camerahub.registry import tables as t
from camerahub.registry.secrets import KeyRing
from tests.services.county import ZONE, Hub, Register, camera_row, default_rows
from tests.services.test_ingest import FULL, Breakable


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register(tmp_path, default_rows(40))
    yield register
    register.close()


def listing_of(hub: Hub) -> Listing:
    return Listing(
        hub.store,
        hub.desk,
        hub.ingest.exclusively,
        hub.ingest.settled,
        hub.clock,
        Settings.model_validate({}),
    )


def told(roll: Roll) -> dict[str, tuple[object, ...]]:
    lines = [line_at(roll, place) for place in range(len(roll))]
    return {
        line.code: (line.name, line.network, line.expected, *(tuple(one) for one in line.told))
        for line in lines
    }


def commanded(hub: Hub) -> dict[str, tuple[object, ...]]:
    return {
        one.code: (
            one.name,
            one.network,
            one.expected,
            *((f.state, f.reason, f.since, f.observed_at) for f in (one.facets[facet] for facet in FACETS)),
        )
        for one in queries.cameras(hub.store.engine)
    }


async def newer(hub: Hub, listing: Listing) -> Roll:
    """The list after everything that has happened: the look that finds it old, and the one after it was made."""
    hub.clock.advance(FRESH_S + 1)
    await listing.roll()
    assert listing._making is not None
    await listing._making
    return await listing.roll()


async def test_it_tells_what_the_command_line_tells(register: Register) -> None:
    hub = await Hub(register).start()
    listing = listing_of(hub)
    assert told(await listing.roll()) == commanded(hub)
    ids = [target.endpoint for target in queries.targets(hub.store.engine)]
    for round_ in range(4):
        hub.clock.advance(5)
        await hub.feed(
            [(one, ("ok", "timeout", "auth", "no_route")[(n + round_ // 3) % 4]) for n, one in enumerate(ids)]
        )
        assert told(await newer(hub, listing)) == commanded(hub)
    states = {line[3][0] for line in told(await listing.roll()).values()}
    assert states == {"up", "down", "unknown"}
    await listing.aclose()
    await hub.ingest.aclose()


async def test_names_follow_the_register(register: Register) -> None:
    hub = await Hub(register).start()
    listing = listing_of(hub)
    before = await listing.roll()
    register.change([camera_row(0, "320585101", "慧眼", name="x")], hub.clock.wall_us())
    register.change([camera_row(99, "320585100001")], hub.clock.wall_us())
    same = await newer(hub, listing)
    assert same.names is before.names  # the hub has not heard of it yet
    hub.ingest.reload()
    await hub.ingest.step()
    after = await newer(hub, listing)
    assert told(after) == commanded(hub)
    assert len(after) == len(before) + 1
    assert line_at(after, 0).township.code == "320585101"
    again = await newer(hub, listing)
    assert again.names is after.names
    await listing.aclose()
    await hub.ingest.aclose()


async def test_a_list_is_made_once_however_many_ask(register: Register) -> None:
    hub = await Hub(register).start()
    listing = listing_of(hub)
    first = await asyncio.gather(*(listing.roll() for _ in range(20)))
    assert len({id(roll) for roll in first}) == 1
    hub.clock.advance(FRESH_S + 1)
    stale = await asyncio.gather(*(listing.roll() for _ in range(20)))
    assert stale == [first[0]] * 20  # nobody waits for the next one
    await listing.aclose()
    await hub.ingest.aclose()


async def test_what_is_not_in_the_register_is_not_shown(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    listing = listing_of(hub)
    before = await listing.roll()
    store.full = True
    ids = [target.endpoint for target in queries.targets(hub.store.engine)]
    await hub.feed([(one, "ok") for one in ids])
    hub.clock.advance(FRESH_S + 1)
    assert await listing.roll() is before
    assert listing._making is not None
    assert listing._making.done()
    store.full = False
    hub.clock.advance(60)
    await hub.ingest.step()
    assert told(await newer(hub, listing)) == commanded(hub)
    await listing.aclose()
    await hub.ingest.aclose()


async def test_before_the_hub_is_ready_it_says_so(register: Register) -> None:
    hub = Hub(register)
    listing = listing_of(hub)
    with pytest.raises(EnvironmentFault) as caught:
        await listing.roll()
    assert caught.value.key == "pages.not_ready"
    await hub.start()
    assert len(await listing.roll()) == 40
    await listing.aclose()
    hub.clock.advance(FRESH_S + 1)
    assert len(await listing.roll()) == 40  # the last one stays
    await hub.ingest.aclose()


async def test_a_register_that_does_not_answer_leaves_the_last_list(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await Hub(register).start()
    listing = listing_of(hub)
    before = await listing.roll()

    def gone(_engine: object) -> None:
        raise FULL

    monkeypatch.setattr("camerahub.listing.cards.named", gone)
    hub.ingest.reload()
    await hub.ingest.step()
    assert await newer(hub, listing) is before
    await listing.aclose()
    await hub.ingest.aclose()


async def test_one_camera_and_its_evidence(register: Register, tmp_path: Path) -> None:
    hub = await Hub(register).start()
    hub.store.keys = KeyRing.create(tmp_path / "key")
    listing = listing_of(hub)
    code = "32058500001310000003"
    (road,) = [one.endpoint for one in queries.targets(hub.store.engine, code=code)]
    await hub.everyone("timeout", 3)
    now = hub.clock.wall_us()
    still = b"\xff\xd8 still"
    await hub.ingest.exclusively(lambda: hub.store.keep_still(road, now, "blur", still, now + 60_000_000))
    await hub.ingest.exclusively(lambda: hub.store.add_alarm(code, "blur", "甲", "雾", now))
    await newer(hub, listing)
    sheet = await listing.sheet(code)
    assert sheet is not None
    assert (sheet.line.code, sheet.line.told[0].state, sheet.line.told[0].reason) == (code, "down", "timeout")
    assert [(flip.facet, flip.new) for flip in sheet.flips] == [("online", "down")]
    assert [one.reason for one in sheet.dialled.attempts] == ["timeout"] * 3
    assert sheet.alarms == {"blur": 1}
    (proof,) = sheet.proofs
    assert await listing.sheet("nobody") is None
    assert await listing.look(code, proof.number, "警号 7") == still
    assert await listing.look(code, proof.number + 1, "警号 7") is None
    assert await listing.look("nobody", proof.number, "警号 7") is None
    hub.clock.advance(61)
    assert await listing.look(code, proof.number, "警号 8") is None
    with hub.store.engine.connect() as connection:
        reads = connection.execute(select(t.still_reads.c.who, t.still_reads.c.still_id)).all()
    assert [tuple(row) for row in reads] == [("警号 7", proof.number)]
    assert listing.zone == ZONE
    await listing.aclose()
    await hub.ingest.aclose()
