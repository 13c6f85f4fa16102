"""Ingest over a real SQLite register: nothing shown before its commit, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from camerahub.core.errors import EnvironmentFault
from camerahub.core.messages import Results
from camerahub.core.result import REASON_CODES
from camerahub.registry import tables
from camerahub.registry.store import Store
from camerahub.services.clock import ManualClock
from camerahub.services.ingest import Limits
from camerahub.services.tasks import cancel, spawn
from tests.services.county import Hub, Register, camera_row

FULL = EnvironmentFault("register.full", where="camerahub.db", detail="SQLITE_FULL")


class Breakable:
    """A real store whose disk can be full."""

    def __init__(self, store: Store) -> None:
        self.store, self.full, self.tries = store, False, 0
        self.lost = False
        self.reading_fails = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, batch: Any) -> bool:
        self.tries += 1
        if self.full:
            raise FULL
        stored = self.store.commit(batch)
        if self.lost:
            self.lost = False
            raise FULL
        return stored

    def load(self, policies: Any) -> Any:
        if self.reading_fails:
            raise FULL
        return self.store.load(policies)


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


def count(hub: Hub, table: Any) -> int:
    with hub.store.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def flips(hub: Hub) -> list[tuple[int, ...]]:
    columns = tables.flips.c
    query = select(columns.endpoint_id, columns.camera_id, columns.old, columns.new).order_by(
        columns.at, columns.n
    )
    with hub.store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


async def test_everyone_is_unknown_until_looked_at(hub: Hub) -> None:
    assert hub.totals == {"expected": 12, "up": 0, "down": 0, "unknown": 12}
    await hub.everyone("ok")
    assert hub.totals == {"expected": 12, "up": 11, "down": 0, "unknown": 1}


async def test_down_needs_three_and_writes_one_flip_a_camera(hub: Hub) -> None:
    await hub.everyone("ok")
    await hub.everyone("timeout", 2)
    assert hub.totals["up"] == 11
    await hub.everyone("timeout")
    assert hub.totals == {"expected": 12, "up": 0, "down": 11, "unknown": 1}
    assert len([f for f in flips(hub) if f[0] == 0 and f[3] == 2]) == 11
    assert hub.board.flip_counts == {("online", "up"): 11, ("online", "down"): 11}


async def test_counts_are_by_township_and_network(hub: Hub) -> None:
    tally = hub.ingest.tally()
    assert tally is not None
    assert {township for township, _ in tally.groups} == {"320585", "320585100", "320585101"}
    cells = dict(zip(tally.groups, tally.expected.tolist(), strict=True))
    assert sum(cells[g] for g in cells if g[0] == "320585100") == 6
    assert hub.board.places == (
        ("320585", "太仓市", "320585"),
        ("320585100", "城厢镇", "320585"),
        ("320585101", "沙溪镇", "320585"),
    )


async def test_nothing_is_shown_or_acknowledged_before_the_commit(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    done: list[int] = []
    store.full = True
    hub.clock.advance(1)
    await hub.ingest.submit("p", 1, 1, hub.rows([(1, "ok")]), lambda: done.append(1))
    await hub.ingest.step()
    assert (hub.totals["up"], done, hub.board.results.sum()) == (0, [], 0)
    (problem,) = hub.ingest.problems()
    assert problem.code == "commit"
    assert "1" in problem.text.zh
    store.full = False
    hub.clock.advance(1)
    await hub.ingest.step()
    assert (hub.totals["up"], done, hub.board.results.sum()) == (1, [1], 1)
    assert hub.ingest.problems() == []
    hub.crash()


async def test_a_full_disk_is_tried_again_with_patience_and_loses_nothing(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store, limits=Limits(retry_s=1, retry_max_s=4)).start()
    store.full, before = True, store.tries
    for _ in range(40):
        hub.clock.advance(0.5)
        await hub.feed([(e, "ok") for e in range(1, 12)])
    assert store.tries - before < 12
    assert hub.board.failures == store.tries - before
    store.full = False
    hub.clock.advance(5)
    await hub.ingest.step()
    assert hub.totals["up"] == 11
    assert hub.board.results.sum() == 40 * 11
    assert hub.ingest.queue()[0] == 0
    hub.crash()


async def test_a_long_stall_is_a_gap_and_makes_nothing_stale(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    await hub.everyone("ok")
    store.full = True
    await hub.feed([(1, "ok")])
    for _ in range(20):
        hub.clock.advance(30)
        await hub.ingest.step()
    store.full = False
    hub.clock.advance(31)
    await hub.ingest.step()
    assert hub.totals["up"] == 11
    assert count(hub, tables.gaps) == 1
    hub.crash()


async def test_silence_makes_unknown_after_five_minutes_and_not_before(hub: Hub) -> None:
    await hub.everyone("ok")
    for _ in range(9):
        hub.clock.advance(30)
        await hub.ingest.step()
    assert hub.totals["up"] == 11
    hub.clock.advance(40)
    await hub.ingest.step()
    assert hub.totals == {"expected": 12, "up": 0, "down": 0, "unknown": 12}
    assert len([f for f in flips(hub) if f[0] == 0 and f[3] == 0]) == 11


async def test_a_hub_that_stood_still_writes_a_gap_and_no_flips(hub: Hub) -> None:
    await hub.everyone("ok")
    before = len(flips(hub))
    hub.clock.advance(3600)
    await hub.ingest.step()
    assert hub.totals["up"] == 11
    assert (len(flips(hub)), count(hub, tables.gaps)) == (before, 1)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 86_400.0 * 400, -86_400.0 * 400])
async def test_a_clock_step_makes_nothing_late_and_nothing_stale(hub: Hub, step: float) -> None:
    await hub.everyone("ok")
    hub.clock.step_wall(step)
    await hub.ingest.step()
    await hub.everyone("ok")
    assert hub.totals["up"] == 11
    assert hub.board.late_results.sum() == 0
    await hub.everyone("refused", 3)
    assert hub.totals["down"] == 11
    assert (hub.board.steps, count(hub, tables.gaps)) == (1, 0)


async def test_the_same_batch_twice_counts_once_and_is_acknowledged(hub: Hub) -> None:
    hub.clock.advance(1)
    rows = hub.rows([(1, "timeout")])
    done: list[str] = []
    for who in ("first", "second"):
        await hub.ingest.submit("p", 7, 1, rows, lambda who=who: done.append(who))
    assert done == []
    await hub.ingest.step()
    await hub.ingest.submit("p", 7, 1, rows, lambda: done.append("third"))
    assert done == ["first", "second", "third"]
    assert hub.board.results.sum() == 1
    assert hub.board.dropped_results["duplicate"] == 2


async def test_a_batch_committed_before_a_crash_is_known_after_it(register: Register) -> None:
    hub = await Hub(register).start()
    await hub.feed([(1, "timeout")])
    rows, epoch, seq = hub.rows([(1, "timeout")]), hub.epoch, hub.seq
    hub.crash()
    again = await Hub(register, hub.clock).start()
    await again.ingest.submit("prober-0", epoch, seq, rows)
    await again.ingest.step()
    assert again.board.results.sum() == 0
    again.crash()


async def test_a_restart_resumes_exactly_and_flips_nothing(register: Register) -> None:
    clock = ManualClock()
    hub = await Hub(register, clock).start()
    await hub.everyone("ok")
    await hub.feed([(e, "timeout") for e in (1, 2, 3)])
    states, told = hub.desk.states.copy(), flips(hub)
    hub.crash()
    clock.advance(7200)
    again = await Hub(register, clock).start()
    for name in ("word", "since", "observed_at", "seen_at"):
        np.testing.assert_array_equal(getattr(again.desk.states, name), getattr(states, name))
    clock.advance(20)
    await again.ingest.step()
    assert again.totals["up"] == 11
    assert flips(again) == told
    assert count(again, tables.gaps) == 1
    again.crash()


async def test_a_worker_whose_clock_was_set_back_is_heard(hub: Hub) -> None:
    await hub.everyone("ok")
    for seq in (1, 2, 3):
        hub.clock.advance(5)
        await hub.ingest.submit("prober-0", hub.epoch - 10**9, seq, hub.rows([(1, "refused")]))
        await hub.ingest.step()
    assert hub.totals["down"] == 1


async def test_batches_of_a_worker_are_merged_and_keep_their_order(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    before, done = store.tries, []
    for seq, reason in enumerate(["ok", "timeout", "timeout", "timeout"], 1):
        hub.clock.advance(1)
        for worker in ("a", "b"):
            endpoint = 1 if worker == "a" else 2
            rows = hub.rows([(endpoint, reason)])
            await hub.ingest.submit(worker, 1, seq, rows, lambda who=(worker, seq): done.append(who))
    await hub.ingest.step()
    assert store.tries - before == 2
    assert done == [("a", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 1), ("b", 2), ("b", 3), ("b", 4)]
    assert hub.totals["down"] == 2
    hub.crash()


async def test_a_group_is_bounded(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store, limits=Limits(group_results=10)).start()
    before = store.tries
    for seq in range(1, 8):
        await hub.ingest.submit("a", 1, seq, hub.rows([(1, "ok")] * 4))
    await hub.ingest.step()
    assert store.tries - before == 4
    hub.crash()


async def test_a_full_queue_holds_back_until_there_is_room(register: Register) -> None:
    hub = await Hub(register, limits=Limits(queue_results=10)).start()
    await hub.ingest.submit("a", 1, 1, hub.rows([(1, "ok")] * 10))
    assert [p.code for p in hub.ingest.problems()] == ["queue"]
    held = asyncio.ensure_future(hub.ingest.submit("a", 1, 2, hub.rows([(1, "ok")])))
    await asyncio.sleep(0)
    assert not held.done()
    await hub.ingest.step()
    await held
    await hub.ingest.step()
    assert hub.board.results.sum() == 11
    hub.crash()


async def test_a_message_of_a_prober_is_taken_when_committed(hub: Hub) -> None:
    hub.clock.advance(1)
    message = Results("prober-1", 5, 1, hub.rows([(1, "ok")]).tobytes())
    taken = asyncio.ensure_future(hub.ingest.take(message))
    await asyncio.sleep(0)
    assert not taken.done()
    await hub.ingest.step()
    await taken
    assert hub.totals["up"] == 1


async def test_strangers_are_counted_and_dropped(hub: Hub) -> None:
    hub.clock.advance(1)
    await hub.feed([(999, "ok"), (1, "ok"), (-5, "timeout")])
    assert hub.board.dropped_results["unknown_endpoint"] == 2
    assert (hub.totals["up"], hub.board.results.sum()) == (1, 1)


async def test_late_results_are_counted_and_change_nothing(hub: Hub) -> None:
    hub.clock.advance(100)
    await hub.ingest.step()
    await hub.feed([(1, "ok")])
    await hub.feed([(1, "timeout")] * 5, ago_s=60)
    assert hub.board.late_results.sum() == 5
    assert hub.totals["up"] == 1


async def test_a_changed_register_is_taken_without_a_restart(register: Register, hub: Hub) -> None:
    await hub.everyone("ok")
    await hub.feed([(1, "timeout")])
    word = hub.desk.states.word[0, 0]
    register.change([camera_row(500, "320585101"), camera_row(501, "320585", endpoints=1)], 5)
    hub.ingest.reload()
    await hub.ingest.step()
    assert hub.totals == {"expected": 14, "up": 11, "down": 0, "unknown": 3}
    assert hub.desk.states.word[0, 0] == word
    await hub.everyone("ok")
    assert hub.totals["up"] == 13


async def test_a_camera_taken_out_of_use_is_expected_no_more(register: Register, hub: Hub) -> None:
    await hub.everyone("ok")
    register.change([camera_row(0, "320585100", status="stopped")], 5)
    hub.ingest.reload()
    await hub.ingest.step()
    assert hub.totals == {"expected": 11, "up": 10, "down": 0, "unknown": 1}


async def test_a_reload_that_fails_keeps_the_old_register_and_says_so(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    await hub.everyone("ok")
    store.reading_fails = True
    hub.ingest.reload()
    await hub.ingest.step()
    assert [p.code for p in hub.ingest.problems()] == ["reload"]
    assert (hub.board.reload_ok, hub.totals["up"]) == (False, 11)
    store.reading_fails = False
    await hub.ingest.step()
    assert (hub.ingest.problems(), hub.board.reload_ok) == ([], True)
    hub.crash()


async def test_round_ages_tell_of_the_most_overdue(hub: Hub) -> None:
    await hub.everyone("ok")
    hub.clock.advance(50)
    await hub.feed([(int(e), "ok") for e in hub.desk.roster.endpoint[1:]])
    await hub.feed([(int(hub.desk.roster.endpoint[0]), "no_seat")])
    ages = hub.ingest.round_ages()
    assert ages is not None
    told = dict(zip(ages.townships, ages.seconds[0].tolist(), strict=True))
    assert told == pytest.approx({"320585": 0.0, "320585100": 50.0, "320585101": 0.0})


async def test_gaps_of_probers_open_and_close(hub: Hub) -> None:
    now = hub.clock.wall_us()
    await hub.ingest.gap("prober-0", now, None, "ended")
    await hub.ingest.gap("prober-0", now, now + 5, "ended")
    with hub.store.engine.connect() as connection:
        rows = connection.execute(
            select(tables.gaps.c.worker, tables.gaps.c.from_at, tables.gaps.c.to_at)
        ).all()
    assert [tuple(row) for row in rows] == [("prober-0", now, now + 5)]


async def test_checkpoints_come_at_quarter_hours_and_on_stop(register: Register) -> None:
    hub = await Hub(register).start()
    await hub.everyone("ok")
    assert count(hub, tables.evidence_log) == 1
    for _ in range(31):
        hub.clock.advance(30)
        await hub.ingest.step()
    assert count(hub, tables.evidence_log) == 0
    await hub.everyone("ok")
    assert count(hub, tables.evidence_log) == 1
    await hub.ingest.aclose()
    assert count(hub, tables.evidence_log) == 0
    assert count(hub, tables.camera_days) == 11


async def test_stopping_writes_what_waits(register: Register) -> None:
    hub = await Hub(register).start()
    hub.clock.advance(1)
    await hub.ingest.submit("p", 1, 1, hub.rows([(1, "ok")]))
    await hub.ingest.aclose()
    again = await Hub(register, hub.clock).start()
    assert again.totals["up"] == 1
    again.crash()


async def test_stopping_on_a_full_disk_is_said(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    store.full = True
    await hub.ingest.submit("p", 1, 1, hub.rows([(1, "ok")]))
    with pytest.raises(EnvironmentFault):
        await hub.ingest.aclose()


async def test_old_age_is_a_problem(hub: Hub) -> None:
    await hub.everyone("ok")
    assert hub.ingest.problems() == []
    for _ in range(7):
        hub.clock.advance(30)
        await hub.ingest.step()
    assert [p.code for p in hub.ingest.problems()] == ["age"]


async def test_a_commit_whose_answer_was_lost_counts_once(register: Register) -> None:
    store = Breakable(register.store())
    hub = await Hub(register, store=store).start()
    store.lost = True
    hub.clock.advance(1)
    await hub.feed([(1, "ok")])
    assert (hub.totals["up"], [p.code for p in hub.ingest.problems()]) == (0, ["commit"])
    hub.clock.advance(1)
    await hub.ingest.step()
    assert (hub.totals["up"], hub.board.results.sum()) == (1, 1)
    assert hub.board.dropped_results["duplicate"] == 0
    assert len(flips(hub)) == 2
    hub.crash()


async def test_a_turn_that_has_begun_is_finished_when_the_hub_stops(register: Register) -> None:
    hub = await Hub(register, limits=Limits(turn_s=0.001)).start()
    writing, go_on = threading.Event(), threading.Event()
    settle = hub.desk.settle

    def slow(prepared: Any) -> bool:
        writing.set()
        assert go_on.wait(20)
        return settle(prepared)

    hub.desk.settle = slow  # type: ignore[method-assign]
    turning = spawn(hub.ingest.run(), "run")
    hub.clock.advance(1)
    await hub.ingest.submit("p", 1, 1, hub.rows([(1, "ok")]))
    assert await asyncio.to_thread(writing.wait, 20)
    await cancel(turning)
    go_on.set()
    await hub.ingest.aclose()
    assert hub.board.results.sum() == 1
    assert hub.board.dropped_results["duplicate"] == 0


async def test_before_the_start_it_is_not_ready_and_can_be_closed(register: Register) -> None:
    hub = Hub(register)
    assert [p.code for p in hub.ingest.problems()] == ["starting"]
    await hub.ingest.aclose()


async def test_it_turns_by_itself(register: Register) -> None:
    hub = await Hub(register, limits=Limits(turn_s=0.001)).start()
    turning = asyncio.ensure_future(hub.ingest.run())
    hub.clock.advance(1)
    message = Results("prober-1", 5, 1, hub.rows([(1, "ok")]).tobytes())
    await asyncio.wait_for(hub.ingest.take(message), 10)
    assert hub.totals["up"] == 1
    turning.cancel()
    await asyncio.gather(turning, return_exceptions=True)
    await hub.ingest.aclose()


async def test_a_road_that_came_back_from_an_import_while_the_hub_was_off_is_a_flip(
    register: Register,
) -> None:
    clock = ManualClock()
    hub = await Hub(register, clock).start()
    await hub.everyone("ok")
    hub.crash()
    with hub.store.engine.begin() as connection:
        connection.execute(tables.endpoints.update().where(tables.endpoints.c.id == 1).values(retired_at=9))
    again = await Hub(register, clock).start()
    assert again.totals["up"] == 10
    assert flips(again)[-1][0] == 0
    assert flips(again)[-1][2:] == (1, 0)
    with again.store.engine.connect() as connection:
        reason = connection.scalar(select(tables.flips.c.reason).where(tables.flips.c.new == 0))
    assert reason == REASON_CODES["no_address"]
    again.crash()
