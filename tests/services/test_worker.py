"""The prober's coroutine: a real line to it, cameras by script."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from camerahub.bus.local import LocalEnd, open_end
from camerahub.core.batch import FACTS_DTYPE, RESULT_DTYPE, SHOT_DTYPE
from camerahub.core.blindness import Sight
from camerahub.core.eyes import Lesson
from camerahub.core.messages import (
    Ack,
    Assign,
    Assignment,
    Bye,
    Drain,
    Findings,
    FleetPolicy,
    Learned,
    Message,
    Pause,
    Results,
    Round,
    RoundDone,
    Setup,
    Shots,
    Sighting,
    Stats,
    Still,
    Teach,
    Unassign,
    Uplinks,
)
from camerahub.core.result import (
    FAULT_KINDS,
    REASON_CODES,
    REASONS,
    SUB,
    MediaFacts,
    Outcome,
    ProbeResult,
    Target,
)
from camerahub.core.uplinks import Reference, Uplink
from camerahub.services.clock import SystemClock
from camerahub.services.flights import STATS
from camerahub.services.worker import FACTS_ROW, ROW, Outbox, run_worker

sys.path.insert(0, str(Path(__file__).parent))
from prober_stub import ScriptProber

POLICY = FleetPolicy(interval_s=30, deadline_s=0.5, dials_per_s=5000, batch_s=0.02, batch_size=50)


def target(endpoint: int, reason: str = "", ms: int = 1) -> Assignment:
    return Assignment(Target(endpoint, f"10.0.{endpoint >> 8}.{endpoint & 255}", ms, reason))


@asynccontextmanager
async def working(
    policy: FleetPolicy = POLICY, signals: bool = False
) -> AsyncIterator[tuple[LocalEnd, ScriptProber]]:
    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    prober = ScriptProber(asyncio.get_running_loop())
    hub.send(Setup("prober-0", "options", policy))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run_worker(end, prober, SystemClock(), signals))
        yield hub, prober
        await hub.aclose()


async def until(hub: LocalEnd, kind: type, ack: bool = True) -> list[Message]:
    """All messages up to the first of ``kind``."""
    seen: list[Message] = []
    while (message := await hub.receive()) is not None:
        seen.append(message)
        if ack and isinstance(message, Results):
            hub.send(Ack(message.seq))
        if isinstance(message, kind):
            break
    return seen


def rows(messages: list[Message]) -> np.ndarray:
    return np.frombuffer(b"".join(m.rows for m in messages if isinstance(m, Results)), RESULT_DTYPE)


async def test_a_round_comes_back_as_numbered_batches_then_its_end() -> None:
    async with working() as (hub, _):
        hub.send(Assign(tuple(target(n, "refused" if n % 2 else "") for n in range(1, 301))))
        hub.send(Round(9, "rtsp", None))
        seen = await until(hub, RoundDone)
    batches = [m for m in seen if isinstance(m, Results)]
    assert [b.seq for b in batches] == list(range(1, len(batches) + 1))
    assert len({(b.worker, b.epoch) for b in batches}) == 1
    done = seen[-1]
    assert isinstance(done, RoundDone)
    assert (done.round, done.epoch, done.seq) == (9, batches[0].epoch, len(batches))
    got = rows(seen)
    asked = got[got["probe"] == 2]
    assert sorted(asked["endpoint"]) == list(range(1, 301))
    assert set(asked[asked["endpoint"] % 2 == 1]["reason"]) == {REASON_CODES["refused"]}
    assert set(asked["status"]) == {200}


async def test_figures_come_by_their_names() -> None:
    async with working() as (hub, _):
        hub.send(Assign((target(1),)))
        seen = await until(hub, Stats)
    stats = seen[-1]
    assert isinstance(stats, Stats)
    assert stats.worker == "prober-0"
    assert stats.values.keys() == STATS.keys()


async def test_what_a_prober_is_taught_reaches_its_eyes_and_what_they_show_the_hub() -> None:
    class Seeing(ScriptProber):
        def _end(self, target: Target, probe: str, done: Callable[[ProbeResult], None]) -> None:
            facts = MediaFacts(past=b"past", still=b"jpeg", faults=("blur",))
            super()._end(target, "picture", lambda result: done(result._replace(facts=facts)))

    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    prober = Seeing(asyncio.get_running_loop())
    hub.send(Setup("prober-0", "options", replace(POLICY, picture_share=0.5)))
    hub.send(Assign((target(1, "blur"),)))
    hub.send(Teach((Lesson(1, b"old"), Lesson(2, None, b""))))
    hub.send(Unassign((2,)))
    hub.send(Round(1, "picture", None))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run_worker(end, prober, SystemClock(), False))
        seen = await until(hub, RoundDone)
        await hub.aclose()
    assert prober.policy.picture_share == 0.5
    assert prober.taught == [Lesson(1, b"old")]
    (learned,) = [m for m in seen if isinstance(m, Learned)]
    (still,) = [m for m in seen if isinstance(m, Still)]
    (found,) = [m for m in seen if isinstance(m, Findings)]
    assert (learned.worker, learned.endpoint, learned.past) == ("prober-0", 1, b"past")
    assert (still.endpoint, still.reason, still.jpeg, still.at) == (1, "blur", b"jpeg", learned.at)
    assert np.frombuffer(found.rows, FACTS_DTYPE)["faults"].tolist() == [1 << FAULT_KINDS.index("blur")]


async def test_drain_sends_what_is_left_and_says_bye() -> None:
    async with working() as (hub, prober):
        hub.send(Assign(tuple(target(n, ms=200) for n in range(1, 11))))
        hub.send(Round(1, "options", None))
        await prober.until_started(10)
        hub.send(Drain())
        seen = await until(hub, Bye)
        assert await hub.receive() is None
    assert len(rows(seen)) >= 10
    bye = seen[-1]
    assert isinstance(bye, Bye)
    assert bye.seq == max(m.seq for m in seen if isinstance(m, Results))
    assert prober.closed


async def test_a_drain_gives_up_what_does_not_end() -> None:
    class Stuck(ScriptProber):
        def start(self, target: Target, *_: object) -> None:
            self.begin(target)

    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    prober = Stuck(asyncio.get_running_loop())
    hub.send(Setup("prober-0", "options", FleetPolicy(interval_s=1, deadline_s=0.1)))
    hub.send(Assign((target(1),)))
    hub.send(Round(1, "options", None))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run_worker(end, prober, SystemClock(), signals=False))
        await prober.until_started(1)
        hub.send(Drain())
        seen = await until(hub, Bye)
    assert not len(rows(seen))
    assert prober.closed
    await hub.aclose()


async def test_the_end_of_the_hub_is_the_end_of_the_prober() -> None:
    async with working() as (hub, prober):
        hub.send(Assign((target(1),)))
        await until(hub, Stats)
        await hub.aclose()
    assert prober.closed


async def test_a_signal_drains() -> None:
    async with working(signals=True) as (hub, _):
        await until(hub, Stats)
        os.kill(os.getpid(), signal.SIGTERM)
        seen = await until(hub, Bye)
    assert isinstance(seen[-1], Bye)


async def test_a_first_word_that_is_no_setup_ends_it() -> None:
    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    prober = ScriptProber(asyncio.get_running_loop())
    hub.send(Drain())
    await asyncio.wait_for(run_worker(end, prober, SystemClock(), signals=False), 5)
    assert prober.closed
    await hub.aclose()


async def test_dialling_holds_until_batches_are_committed() -> None:
    policy = FleetPolicy(
        interval_s=30, deadline_s=0.5, dials_per_s=5000, batch_s=0.01, batch_size=10, unacked_batches=3
    )
    async with working(policy) as (hub, prober):
        hub.send(Assign(tuple(target(n) for n in range(1, 401))))
        hub.send(Round(1, "options", None))
        held = 0.0
        while not held:
            seen = await until(hub, Stats, ack=False)
            held = seen[-1].values["held_total"]  # type: ignore[union-attr]
        assert len(prober.started) < 200
        hub.send(Ack(10**6))
        while len(prober.started) < 400:
            seen = await until(hub, Results)
        hub.send(Pause(True))
        hub.send(Unassign((1, 2)))


async def test_a_prober_whose_part_fails_ends_and_says_why() -> None:
    class Broken(ScriptProber):
        def start(self, *_: object) -> None:
            raise LookupError("a bug")

    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    hub.send(Setup("prober-0", "options", FleetPolicy(interval_s=1, deadline_s=0.1)))
    hub.send(Assign((target(1),)))
    hub.send(Round(1, "options", None))
    caught: list[BaseException] = []
    try:
        await run_worker(end, Broken(asyncio.get_running_loop()), SystemClock(), signals=False)
    except LookupError as error:
        caught.append(error)
    assert caught
    await hub.aclose()


def test_a_row_packed_without_numpy_is_the_same_row() -> None:
    result = ProbeResult(2**40, "rtsp", 1, "auth", 2, 1_750_000_000_000_000, 0.25, 401)  # type: ignore[arg-type]
    assert np.array([result.row()], RESULT_DTYPE).tobytes() == ROW.pack(*result.row())
    assert struct.calcsize(ROW.format) == RESULT_DTYPE.itemsize


def test_a_row_of_facts_is_the_numpy_row() -> None:
    facts = MediaFacts(SUB, "H265", 1_000_000, 90_000, 2_000_000, 704, 576)
    row = facts.row(7, 1_750_000_000_000_000)
    assert np.array([row], FACTS_DTYPE).tobytes() == FACTS_ROW.pack(*row)
    assert FACTS_ROW.size == FACTS_DTYPE.itemsize


async def test_a_hub_that_reads_nothing_does_not_fill_the_memory_of_its_prober() -> None:
    """Figures wait until the hub has read the last ones."""
    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    hub.send(Setup("prober-0", "options", POLICY))
    prober = ScriptProber(asyncio.get_running_loop())
    drained, told = asyncio.Event(), 0
    send = end.send

    def count(message: Message) -> None:
        nonlocal told
        told += isinstance(message, Stats)
        send(message)

    async def never() -> None:
        drained.set()
        await asyncio.Event().wait()

    end.send, end.drain = count, never  # type: ignore[method-assign]
    working = asyncio.ensure_future(run_worker(end, prober, SystemClock(), signals=False))
    async with asyncio.timeout(10):
        await drained.wait()
    assert told == 1
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await hub.aclose()


# --- references -------------------------------------------------------------------------------------------------------


class Lined(ScriptProber):
    """A line with one reference, 192.0.2.1: it answers while ``carries``, and only when ``ask`` lets it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.carries = True
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.tasks: set[asyncio.Task[None]] = set()

    def start(
        self, target: Target, probe: str, deadline_s: float, done: Callable[[ProbeResult], None]
    ) -> None:
        if target.host != "192.0.2.1":
            super().start(target, probe, deadline_s, done)
            return
        self.asked += 1
        task = asyncio.get_running_loop().create_task(self._answer(target, probe, done))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, target: Target, probe: str, done: Callable[[ProbeResult], None]) -> None:
        await self.may_answer.wait()
        reason = "refused" if self.carries else "timeout"
        done(ProbeResult(target.endpoint, probe, REASONS[reason].outcome, reason, 0, 1, 0.0))


LINE = Uplinks((Uplink("east", (), (Reference("tcp", "192.0.2.1", 80),)),))
SIGHTED = replace(POLICY, reference_s=1.0, reference_deadline_s=0.5)


@asynccontextmanager
async def lined() -> AsyncIterator[tuple[LocalEnd, Lined]]:
    left, right = socket.socketpair()
    hub, end = await open_end(left), await open_end(right)
    prober = Lined(asyncio.get_running_loop())
    hub.send(Setup("prober-0", "options", SIGHTED))
    hub.send(LINE)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run_worker(end, prober, SystemClock(), signals=False))
        yield hub, prober
        await hub.aclose()


async def sighting(hub: LocalEnd, sight: Sight) -> list[Message]:
    seen: list[Message] = []
    while not (seen and isinstance(seen[-1], Sighting) and seen[-1].sight == sight):
        seen += await until(hub, Sighting)
    return seen


async def seeing(hub: LocalEnd) -> None:
    """The first check has seen, and not just now: what is dialled from here on has begun after it."""
    await sighting(hub, Sight.SEES)
    await until(hub, Stats)
    await until(hub, Stats)


async def test_a_round_is_over_when_what_was_held_of_it_has_gone_on() -> None:
    async with lined() as (hub, prober):
        hub.send(Assign((target(1, "timeout"), target(2), target(3, "refused"))))
        await seeing(hub)
        prober.may_answer.clear()
        hub.send(Round(7, "rtsp", None))
        await prober.until_started(3)
        early = await until(hub, Stats)
        while not early[-1].values["results_held"]:  # type: ignore[union-attr]
            early += await until(hub, Stats)
        assert not any(isinstance(m, RoundDone) for m in early)
        assert set(rows(early)["endpoint"]) == {2}, "good ones wait for nobody"
        prober.may_answer.set()
        late = await until(hub, RoundDone)
    reasons = dict(zip(*(rows(late)[name].tolist() for name in ("endpoint", "reason")), strict=True))
    assert reasons == {1: REASON_CODES["timeout"], 3: REASON_CODES["refused"]}
    done = late[-1]
    assert isinstance(done, RoundDone)
    assert done.seq == max(m.seq for m in late if isinstance(m, Results)), "in batches that came before"


async def test_what_is_seen_through_a_cut_line_is_told_as_blind_and_its_end_as_well() -> None:
    async with lined() as (hub, prober):
        hub.send(Assign((target(1, "timeout"), target(2))))
        first = await sighting(hub, Sight.SEES)
        assert [m.sight for m in first if isinstance(m, Sighting)] == [Sight.UNKNOWN, Sight.SEES]
        prober.carries = False
        told = (await sighting(hub, Sight.BLIND))[-1]
        assert isinstance(told, Sighting)
        assert (told.worker, told.uplink, told.reason) == ("prober-0", "east", "references")
        hub.send(Round(1, "options", None))
        seen = rows(await until(hub, RoundDone))
        assert set(seen[seen["endpoint"] == 1]["reason"]) == {REASON_CODES["blind"]}
        assert set(seen[seen["endpoint"] == 2]["reason"]) == {REASON_CODES["ok"]}, "who answered was seen"
        prober.carries = True
        again = (await sighting(hub, Sight.SEES))[-1]
        assert isinstance(again, Sighting)
        assert again.at > told.at


async def test_a_drain_asks_once_more_for_what_is_held() -> None:
    async with lined() as (hub, _):
        hub.send(Assign((target(1, "timeout"),)))
        await seeing(hub)
        hub.send(Round(1, "rtsp", None))
        hub.send(Drain())
        seen = rows(await until(hub, Bye))
    assert set(seen["reason"]) <= {REASON_CODES["timeout"]}


async def test_a_drain_believes_nothing_that_nobody_confirms() -> None:
    async with lined() as (hub, prober):
        hub.send(Assign((target(1, "timeout"),)))
        await seeing(hub)
        prober.may_answer.clear()
        hub.send(Round(1, "rtsp", None))
        await prober.until_started(1)
        hub.send(Drain())
        seen = rows(await until(hub, Bye))
        prober.may_answer.set()
    assert set(seen["reason"]) == {REASON_CODES["blind"]}


def test_a_snapshot_leaves_the_facts_of_the_stream_alone() -> None:
    sent: list[Message] = []
    outbox = Outbox("prober-0", 1, FleetPolicy(), sent.append)
    facts = MediaFacts(codec="JPEG", received=9, shot=bytes(SHOT_DTYPE.itemsize))
    outbox.add(ProbeResult(1, "snapshot", Outcome.OK, "ok", 6, 5, 0.1, 200, 1, facts))
    outbox.add(ProbeResult(2, "snapshot", Outcome.FAULT, "timeout", 0, 5, 0.1, facts=MediaFacts()))
    outbox.flush()
    assert [type(message).__name__ for message in sent] == ["Results", "Shots"]
    assert isinstance(sent[1], Shots)
    assert len(np.frombuffer(sent[1].rows, SHOT_DTYPE)) == 1
