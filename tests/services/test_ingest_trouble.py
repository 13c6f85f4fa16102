"""Ingest when the world is unkind: locks in the wrong moment, long pens, garbage, the same batch at a bad time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from camerahub.core.messages import Results
from camerahub.registry import tables
from camerahub.services.ingest import Limits
from camerahub.services.tasks import cancel, spawn
from tests.services.county import Hub, Register
from tests.services.test_ingest import FULL, Breakable, count, flips


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register(tmp_path)
    yield register
    register.close()


@pytest.fixture
async def hub(register: Register) -> AsyncIterator[Hub]:
    hub = await Hub(register).start()
    yield hub
    hub.crash()


async def test_what_could_not_be_stored_is_not_pushed_out_by_the_next(register: Register) -> None:
    """A road vanishes and, in the same turn, the others go stale; both commits meet a full disk."""
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    await hub.everyone("ok")
    with hub.store.engine.begin() as connection:
        connection.execute(tables.endpoints.update().where(tables.endpoints.c.id == 1).values(retired_at=9))
    for _ in range(9):
        hub.clock.advance(30)
        await hub.ingest.step()
    assert hub.totals["up"] == 11
    hub.clock.advance(40)
    store.full = True
    hub.ingest.reload()
    await hub.ingest.step()
    store.full = False
    for _ in range(3):
        hub.clock.advance(31)
        await hub.ingest.step()
    gone = [flip for flip in flips(hub) if flip[0] == 0 and flip[2:] == (1, 0)]
    assert len(gone) == 11
    hub.crash()


async def test_a_mend_after_a_lost_answer_waits_its_turn(register: Register) -> None:
    """The register has a batch already, believes otherwise, and cannot store what follows from that."""
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    await hub.everyone("ok")
    hub.desk.cameras.answer[0, 0] = 0  # memory and register disagree

    def there(batch: Any) -> bool:
        store.full = True
        del store.__dict__["commit"]
        return False

    store.__dict__["commit"] = there
    hub.clock.advance(1)
    await hub.ingest.submit("p", 1, 1, hub.rows([(1, "ok")]))
    await hub.ingest.submit("q", 1, 1, hub.rows([(2, "ok")]))
    await hub.ingest.step()
    store.full = False
    hub.clock.advance(31)
    await hub.ingest.step()
    assert hub.totals["up"] == 11
    assert hub.ingest.queue()[0] == 0
    hub.crash()


async def test_a_long_pen_makes_nothing_stale(hub: Hub) -> None:
    """Probers stop dialling when nobody takes their results: that nobody looked is the hub's doing."""
    await hub.everyone("ok")
    before = len(flips(hub))
    await hub.ingest.exclusively(lambda: hub.clock.advance(1200))
    await hub.feed([(1, "ok")])
    assert hub.totals["up"] == 11
    assert (len(flips(hub)), count(hub, tables.gaps)) == (before, 1)


async def test_a_short_pen_is_no_gap(hub: Hub) -> None:
    await hub.everyone("ok")
    await hub.ingest.exclusively(lambda: hub.clock.advance(20))
    await hub.feed([(1, "ok")])
    assert count(hub, tables.gaps) == 0


@pytest.mark.parametrize("column", ["probe", "reason", "outcome"])
async def test_rows_that_are_no_results_are_refused_and_the_hub_lives(hub: Hub, column: str) -> None:
    hub.clock.advance(1)
    rows = hub.rows([(1, "ok"), (2, "ok")])
    rows[column][1] = 250
    with pytest.raises(ValueError, match=column):
        await hub.ingest.take(Results("sweep", 1, 1, rows.tobytes()))
    with pytest.raises(ValueError, match="size"):
        await hub.ingest.take(Results("sweep", 1, 1, b"not whole rows"))
    await hub.feed([(1, "ok")])
    assert hub.totals["up"] == 1


async def test_a_copy_that_comes_while_the_first_is_folded_is_told_after_the_commit(
    register: Register,
) -> None:
    hub = await Hub(register, limits=Limits(turn_s=0.001)).start()
    folding, go_on = threading.Event(), threading.Event()
    prepare, done = hub.desk.prepare, []

    def slow(*args: Any) -> Any:
        folding.set()
        assert go_on.wait(20)
        return prepare(*args)

    hub.desk.prepare = slow  # type: ignore[method-assign]
    hub.clock.advance(1)
    rows = hub.rows([(1, "ok")])
    await hub.ingest.submit("p", 1, 1, rows, lambda: done.append("first"))
    stepping = spawn(hub.ingest.step(), "step")
    assert await asyncio.to_thread(folding.wait, 20)
    await hub.ingest.submit("p", 1, 1, rows, lambda: done.append("second"))
    assert done == []
    go_on.set()
    await stepping
    assert done == ["first", "second"]
    await cancel(stepping)
    hub.crash()


async def test_a_gap_that_could_not_be_closed_is_closed_later(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    now = hub.clock.wall_us()

    def locked(*_: object) -> None:
        raise FULL

    await hub.ingest.gap("prober-0", now, None, "ended")
    store.__dict__["close_gap"] = locked
    await hub.ingest.gap("prober-0", now, now + 5, "ended")
    del store.__dict__["close_gap"]
    store.__dict__["open_gap"] = locked
    await hub.ingest.gap("prober-1", now, None, "ended")
    await hub.ingest.step()
    del store.__dict__["open_gap"]
    hub.clock.advance(1)
    await hub.ingest.step()
    columns = tables.gaps.c
    with hub.store.engine.connect() as connection:
        rows = connection.execute(select(columns.worker, columns.from_at, columns.to_at)).all()
    assert sorted(map(tuple, rows)) == [("prober-0", now, now + 5), ("prober-1", now, None)]
    hub.crash()


async def test_gaps_told_at_the_same_time_are_written_once(hub: Hub) -> None:
    now = hub.clock.wall_us()
    names = [f"prober-{n}" for n in range(8)]
    await asyncio.gather(*(hub.ingest.gap(name, now, now + 5, "ended") for name in names))
    assert count(hub, tables.gaps) == 8


async def test_many_gaps_in_a_long_outage_are_bounded(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()

    def locked(*_: object) -> None:
        raise FULL

    store.__dict__["open_gap"] = locked
    now = hub.clock.wall_us()
    for n in range(200):
        await hub.ingest.gap("prober-0", now + 2 * n, None, "ended")
        await hub.ingest.gap("prober-0", now + 2 * n, now + 2 * n + 1, "ended")
    del store.__dict__["open_gap"]
    await hub.ingest.step()
    assert 0 < count(hub, tables.gaps) <= 200
    hub.crash()
