"""Batches of results in, one commit after another, and only then the world sees them.

One writer thread owns the register and the working states (``services.desk``). Batches that arrive while it is busy
are merged into the next commit, bounded in number; a full queue holds the probers back. A commit the world prevents
(disk full, database locked) is kept and tried again: nothing is lost while the process lives, and ``problems`` says
why.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from camerahub.core.batch import FACTS_DTYPE, RESULT_DTYPE, SHOT_DTYPE
from camerahub.core.errors import EnvironmentFault
from camerahub.core.health import ANSWER_NAMES
from camerahub.core.messages import Results
from camerahub.core.result import PROBE_KINDS, REASONS, Facet, Outcome
from camerahub.core.texts import Text, text
from camerahub.services.desk import Desk, Picture, Prepared
from camerahub.services.figures import RoundAges, Tally
from camerahub.services.ports import Clock
from camerahub.services.steady import Steady
from camerahub.services.tasks import spawn

log = structlog.get_logger(__name__)
T = TypeVar("T")

CHECKPOINT_US = 15 * 60 * 1_000_000
_TICK_S = 1.0
#: Gaps that wait to be written while the register takes nothing; the oldest are forgotten first.
MOST_OWED = 256
#: Largest code of each column that is a code: they index tables.
_CODES = {
    "probe": max(kind.code for kind in PROBE_KINDS.values()),
    "outcome": max(Outcome),
    "reason": max(info.code for info in REASONS.values()),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the ingest; seconds and results. Each is a named setting."""

    turn_s: float = 0.25  # how often to look for what is due when nothing arrives
    group_results: int = 5_000  # how many results one transaction carries at most (a larger batch goes alone)
    queue_results: int = 200_000  # how many may wait before probers are held back
    expire_s: float = 2.0
    heartbeat_s: float = 5.0
    retry_s: float = 0.5
    retry_max_s: float = 30.0
    stall_s: float = 60.0  # a hub that could not write or run for longer was not watching: a gap
    age_s: float = 180.0  # no commit for longer is a problem


class Meter(Protocol):
    """Where things are counted: ``telemetry.board.Board`` fits."""

    def publish(self, tally: Tally, /) -> None: ...
    def name_places(self, places: Sequence[tuple[str, str, str]], /) -> None: ...
    def count(self, batch: NDArray[np.void], /) -> None: ...
    def late(self, probes: NDArray[np.uint8], /) -> None: ...
    def dropped(self, cause: str, number: int, /) -> None: ...
    def flipped(self, facet: str, to: str, number: int, /) -> None: ...
    def committed(self, seconds: float, /) -> None: ...
    def commit_failed(self) -> None: ...
    def lagged(self, seconds: float, /) -> None: ...
    def clock_stepped(self) -> None: ...
    def reloaded(self, successful: bool, /) -> None: ...


class Problem(NamedTuple):
    """One reason why the hub is not ready."""

    code: str
    text: Text


@dataclass(slots=True)
class _Batch:
    worker: str
    epoch: int
    seq: int
    rows: NDArray[np.void]
    done: Callable[[], None]


@dataclass(slots=True)
class _Job:
    """A preparation and whoever waits for it."""

    prepared: Prepared
    batches: list[_Batch] = field(default_factory=list)
    size: int = 0
    tries: int = 0


def _nothing() -> None:
    return None


def _because(key: str, fault: EnvironmentFault, **fields: object) -> Text:
    zh, en = (text(key, problem=problem, **fields) for problem in fault.text)
    return Text(zh.zh, en.en)


def rows_of(data: bytes) -> NDArray[np.void]:
    """Results as they travelled, RESULT_DTYPE (N,). ValueError for anything that is none: it comes from outside."""
    rows = np.frombuffer(data, RESULT_DTYPE)
    for column, largest in _CODES.items():
        if len(rows) and rows[column].max() > largest:
            raise ValueError(f"no such {column} code: {rows[column].max()}")
    return rows


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call


class Ingest:
    """``start`` it, ``submit`` batches, let ``run`` turn (or call ``step``), ``aclose`` it."""

    def __init__(self, desk: Desk, clock: Clock, meter: Meter, limits: Limits | None = None) -> None:
        self.desk, self._clock, self._meter = desk, clock, meter
        self.limits = limits or Limits()
        self.steady = Steady(clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._queue: deque[_Batch] = deque()
        self._waiting = 0
        self._work, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._accepted: dict[str, tuple[int, int]] = {}  # worker -> epoch, seq
        self._lives: dict[str, tuple[int, int]] = {}  # worker -> its epoch, the epoch it is stored under
        self._strangers_told = False
        self._picture: Picture | None = None
        self._pending: _Job | None = None
        self._folding: list[_Batch] = []
        self._owed: deque[Callable[[], None]] = deque(maxlen=MOST_OWED)
        self._fault: EnvironmentFault | None = None
        self._reload_fault: EnvironmentFault | None = None
        self._failures, self._retry_at = 0, 0.0
        self._stalled_since: int | None = None
        self._reload_wanted = self._stopping = False
        start = clock.monotonic()
        self._committed_at = self._expired_at = self._beat_at = self._turned_at = start
        self._checkpoint_at = 0
        self._stepping, self._writing_gaps = asyncio.Lock(), asyncio.Lock()

    # -- what others ask

    def age(self) -> float:
        """Seconds since the last commit of results."""
        return max(0.0, self._clock.monotonic() - self._committed_at)

    def queue(self) -> tuple[int, int]:
        """(results that wait, results that may)."""
        return self._waiting, self.limits.queue_results

    def round_ages(self) -> RoundAges | None:
        """How overdue each township is; for the scrape."""
        picture = self._picture
        return None if picture is None else picture.rounds.ages(self._clock.monotonic())

    def tally(self) -> Tally | None:
        """The counts as last committed."""
        return None if self._picture is None else self._picture.tally

    def settled(self) -> bool:
        """Whether the desk's states may be shown: they are in the register, as far as we know."""
        return self._picture is not None and self._fault is None and not self._stopping

    def problems(self) -> list[Problem]:
        """Why the hub is not ready, as far as storing results goes."""
        found = []
        if self._stopping:
            found.append(Problem("stopping", text("web.ready_stopping")))
        if self._picture is None:
            return [*found, Problem("starting", text("web.ready_starting"))]
        if (fault := self._fault) is not None:
            fields = {"times": self._failures, "waiting": self._waiting}
            found.append(Problem("commit", _because("web.ready_commit", fault, **fields)))
        if not self._room.is_set():
            found.append(
                Problem("queue", text("web.ready_queue", waiting=self._waiting, limit=self.queue()[1]))
            )
        if (fault := self._reload_fault) is not None:
            found.append(Problem("reload", _because("web.ready_reload", fault)))
        if len(self.desk.roster.endpoint) and self.age() > self.limits.age_s:
            found.append(Problem("age", text("web.ready_age", seconds=round(self.age()))))
        return found

    # -- life

    async def start(self) -> None:
        """Load the states and show them. EnvironmentFault when the register cannot be read."""
        now, monotonic = self.steady.now(), self._clock.monotonic()
        self._accepted, mended = await self._in_thread(lambda: self.desk.open(now, monotonic))
        self._checkpoint_at = self._next_checkpoint(now)
        if mended is not None:
            self._pending = _Job(mended)
        await self._show()

    async def run(self) -> None:
        """Turn until cancelled. A turn that has begun is finished: half a commit would look like none."""
        measuring = spawn(self._measure_lag(), "loop-lag")
        try:
            while True:
                await self._pause()
                await asyncio.shield(spawn(self.step(), "ingest-turn"))
        finally:
            measuring.cancel()

    async def _measure_lag(self) -> None:
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(_TICK_S)
            self._meter.lagged(max(0.0, self._clock.monotonic() - before - _TICK_S))

    async def _pause(self) -> None:
        """Until something arrives or ``turn_s`` has passed."""
        if self._pending is not None:
            self._work.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.limits.turn_s):
                await self._work.wait()
        self._work.clear()

    async def aclose(self) -> None:
        """Write what waits, checkpoint, end the thread. Raises EnvironmentFault when what waits cannot be written."""
        self._stopping = True
        if self._picture is None:
            self._thread.shutdown(wait=True)
            return
        try:
            self._retry_at = 0.0
            await self.step()
            if self._fault is not None:
                raise self._fault
            now = self.steady.now()
            await self._in_thread(lambda: self.desk.checkpoint(now))
        finally:
            self._thread.shutdown(wait=True)

    def reload(self) -> None:
        """The register has changed: take the new roster at the next turn."""
        self._reload_wanted = True

    # -- taking batches

    async def submit(
        self,
        worker: str,
        epoch: int,
        seq: int,
        rows: NDArray[np.void],
        done: Callable[[], None] = _nothing,
    ) -> None:
        """Queue a batch, RESULT_DTYPE (N,); waits while the queue is full. ``done`` is called after its commit.

        A batch that was taken before, by worker, epoch and seq, is not taken twice; its ``done`` is called at once
        when it is committed, else with the first copy's commit left to tell.
        """
        await self._room.wait()
        epoch = self._life(worker, epoch, seq)
        if (epoch, seq) <= self._accepted.get(worker, (-1, -1)):
            self._meter.dropped("duplicate", len(rows))
            self._after(worker, epoch, seq, done)
            return
        self._accepted[worker] = (epoch, seq)
        self._queue.append(_Batch(worker, epoch, seq, rows, done))
        self._resize(len(rows))
        self._work.set()

    async def take(self, results: Results) -> None:
        """One batch as it came from a prober; returns once it is committed. ValueError when it is none."""
        rows = rows_of(results.rows)
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done() -> None:
            if not committed.done():
                committed.set_result(None)

        await self.submit(results.worker, results.epoch, results.seq, rows, done)
        await committed

    async def gap(self, worker: str, start: int, end: int | None, reason: str, scope: str = "") -> None:
        """Nobody looks at what ``worker`` watches (there, at ``scope``), from ``start`` µs UTC (``end`` None: on)."""
        self._owed.append(lambda: self.desk.gap(worker, start, end, reason, scope))
        await self._write_gaps()

    async def find(self, data: bytes) -> None:
        """Keep what conversations about media learned; ValueError when it is none."""
        rows = np.frombuffer(data, FACTS_DTYPE)
        self._owed.append(lambda: self.desk.find(rows))
        await self._write_gaps()

    async def keep_shots(self, data: bytes) -> None:
        """Keep what snapshots told of their age; ValueError when it is none."""
        rows = np.frombuffer(data, SHOT_DTYPE)
        self._owed.append(lambda: self.desk.keep_shots(rows))
        await self._write_gaps()

    async def _write_gaps(self) -> None:
        """In their order; what the register does not take now is tried again in a later turn."""
        async with self._writing_gaps:
            while self._owed and await self._quietly("gap", owed := self._owed[0]):
                if self._owed and self._owed[0] is owed:
                    self._owed.popleft()

    def _life(self, worker: str, epoch: int, seq: int) -> int:
        """The epoch a life of a worker is stored under: its own, or a later one when its clock was set back."""
        theirs, ours = self._lives.get(worker, (-1, -1))
        if theirs == epoch:
            return ours
        last = self._accepted.get(worker, (-1, -1))[0]
        if epoch < last and seq != 1:
            return epoch
        if epoch < last:
            log.warning("worker_clock_behind", worker=worker, seconds=round((last - epoch) / 1e6, 3))
        self._lives[worker] = (epoch, epoch if epoch >= last else last + 1)
        return self._lives[worker][1]

    def _after(self, worker: str, epoch: int, seq: int, done: Callable[[], None]) -> None:
        """``done`` with the commit of the copy that waits, or now."""
        waiting = [*self._queue, *self._folding, *(self._pending.batches if self._pending else ())]
        first = next((b for b in waiting if (b.worker, b.epoch, b.seq) == (worker, epoch, seq)), None)
        if first is None:
            done()
        else:
            first.done = _both(first.done, done)

    def _resize(self, by: int) -> None:
        self._waiting += by
        if self._waiting >= self.limits.queue_results:
            self._room.clear()
        else:
            self._room.set()

    async def exclusively(self, work: Callable[[], object]) -> None:
        """Run ``work`` in the writer thread, between two commits; batches wait meanwhile."""
        async with self._stepping:
            began = self._clock.monotonic()
            await self._in_thread(work)
            self._turned_at = self._clock.monotonic()
            held = self._turned_at - began
            if held > self.limits.stall_s and self._stalled_since is None:
                self._stalled_since = self.steady.now() - round(held * 1e6)

    # -- one turn

    async def step(self) -> None:
        """One turn: clock, retry, commits of all that waits, staleness, roster, checkpoint, heartbeat."""
        async with self._stepping:
            await self._watch_clock()
            if not await self._retry():
                return
            while self._queue and self._pending is None:
                await self._write_group()
            if self._pending is None:
                await self._housekeeping()

    async def _watch_clock(self) -> None:
        turned, self._turned_at = self._turned_at, self._clock.monotonic()
        if (step := self.steady.stepped()) != 0:
            log.warning("clock_stepped", seconds=round(step / 1e6, 3))
            self._meter.clock_stepped()
            self._checkpoint_at += step
            await self._in_thread(lambda: self.desk.shift(step))
        slept = self._turned_at - turned
        if slept > self.limits.stall_s and self._stalled_since is None:
            log.warning("hub_stood_still", seconds=round(slept, 1))
            self._stalled_since = self.steady.now() - round(slept * 1e6)

    async def _retry(self) -> bool:
        """Settle what could not be settled before. False: it still cannot."""
        if self._pending is None:
            return True
        if self._clock.monotonic() < self._retry_at:
            return False
        return await self._settle(self._pending)

    async def _write_group(self) -> None:
        batches = self._folding = self._next_group()
        first, last = batches[0], batches[-1]
        rows = first.rows if len(batches) == 1 else np.concatenate([b.rows for b in batches])
        now, monotonic = self.steady.now(), self._clock.monotonic()
        prepared = await self._in_thread(
            lambda: self.desk.prepare(first.worker, last.epoch, last.seq, rows, now, monotonic)
        )
        job = self._pending = _Job(prepared, batches, len(rows))
        self._folding = []
        await self._settle(job)

    def _next_group(self) -> list[_Batch]:
        """The first batch and the batches of its worker that follow it, up to the bound."""
        first = self._queue.popleft()
        group, size, others = [first], len(first.rows), deque[_Batch]()
        while self._queue:
            batch = self._queue.popleft()
            same = batch.worker == first.worker and batch.epoch == first.epoch
            if same and size + len(batch.rows) <= self.limits.group_results:
                group.append(batch)
                size += len(batch.rows)
            else:
                others.append(batch)
                if same:
                    break
        self._queue.extendleft(reversed(others))
        return group

    async def _settle(self, job: _Job) -> bool:
        """Store a preparation and show it; False when the world prevents it, and the job is kept."""
        before = self._clock.monotonic()
        self._pending = job
        job.tries += 1
        try:
            stored = await self._in_thread(lambda: self.desk.settle(job.prepared))
        except EnvironmentFault as fault:
            self._failed(fault)
            return False
        await self._recovered()
        self._pending = None
        self._meter.committed(self._clock.monotonic() - before)
        # A try that failed may have been stored all the same: the answer was lost, not the commit.
        await self._settled(job, stored or job.tries > 1)
        return True

    def _failed(self, fault: EnvironmentFault) -> None:
        self._meter.commit_failed()
        self._failures += 1
        if self._fault is None or self._fault.key != fault.key:
            log.error("commit_failed", key=fault.key, zh=fault.text.zh, en=fault.text.en)
        self._fault = fault
        if self._stalled_since is None:
            self._stalled_since = self.steady.now()
        wait = min(self.limits.retry_s * 2 ** min(self._failures - 1, 16), self.limits.retry_max_s)
        self._retry_at = self._clock.monotonic() + wait

    async def _recovered(self) -> None:
        """The register takes commits (again): a long stall becomes a gap, so that it makes nothing stale."""
        since, now = self._stalled_since, self.steady.now()
        if self._fault is not None:
            log.info("commit_recovered", failures=self._failures, waiting=self._waiting)
        self._fault, self._failures, self._stalled_since = None, 0, None
        if since is not None and now - since > self.limits.stall_s * 1e6:
            await self._quietly("gap", lambda: self.desk.write_gap(since, now, "hub_stalled"))

    async def _settled(self, job: _Job, stored: bool) -> None:
        prepared = job.prepared
        self._beat_at = self._clock.monotonic()
        if job.batches:
            self._committed_at = self._beat_at
            self._count(prepared, stored)
        if stored:
            self._count_flips(prepared.commit.camera_flips)
        else:
            log.error("commit_was_there", worker=prepared.commit.worker, seq=prepared.commit.seq)
            await self._reload(keep=False)
        await self._show()
        self._resize(-job.size)
        for batch in job.batches:
            batch.done()

    def _count(self, prepared: Prepared, stored: bool) -> None:
        if not stored:
            self._meter.dropped("duplicate", len(prepared.taken))
            return
        self._meter.count(prepared.taken)
        if len(prepared.late):
            self._meter.late(prepared.late)
        if prepared.strangers:
            self._meter.dropped("unknown_endpoint", prepared.strangers)
            if not self._strangers_told:
                log.warning("unknown_endpoints", worker=prepared.commit.worker, results=prepared.strangers)
            self._strangers_told = True

    def _count_flips(self, flips: NDArray[np.void]) -> None:
        pairs, numbers = np.unique(flips[["facet", "new"]], return_counts=True)
        for (facet, new), number in zip(pairs.tolist(), numbers.tolist(), strict=True):
            self._meter.flipped(Facet(facet).name.lower(), ANSWER_NAMES[new], number)

    async def _show(self) -> None:
        places = self._picture.places if self._picture is not None else None
        self._picture = await self._in_thread(self.desk.picture)
        self._meter.publish(self._picture.tally)
        if self._picture.places is not places:
            self._meter.name_places(self._picture.places)

    # -- what is due by itself

    async def _housekeeping(self) -> None:
        if self._stalled_since is not None:
            await self._recovered()
        if self._reload_wanted:
            await self._reload()
        if self._pending is not None:
            return  # one preparation at a time waits for the register: a second would push it out
        await self._write_gaps()
        monotonic, now = self._clock.monotonic(), self.steady.now()
        if monotonic - self._expired_at >= self.limits.expire_s:
            self._expired_at = monotonic
            await self._renew(now)
            await self._expire(now)
        if now >= self._checkpoint_at and self._pending is None:
            self._checkpoint_at = self._next_checkpoint(now)
            await self._quietly("checkpoint", lambda: self.desk.checkpoint(now))
        if monotonic - self._beat_at >= self.limits.heartbeat_s and self._pending is None:
            self._beat_at = monotonic
            await self._quietly("heartbeat", lambda: self.desk.heartbeat(now))

    async def _renew(self, now: int) -> None:
        """Exemptions begin and end by the clock."""
        begun: list[bool] = []
        if await self._quietly("renew", lambda: begun.append(self.desk.renew(now))) and begun[0]:
            await self._show()

    async def _expire(self, now: int) -> None:
        prepared = await self._in_thread(lambda: self.desk.expire(now))
        if prepared is not None:
            await self._settle(_Job(prepared))

    async def _reload(self, *, keep: bool = True) -> None:
        now, monotonic = self.steady.now(), self._clock.monotonic()
        try:
            mended = await self._in_thread(lambda: self.desk.reload(now, monotonic, keep=keep))
        except EnvironmentFault as fault:
            if self._reload_fault is None:
                log.error("reload_failed", key=fault.key, zh=fault.text.zh, en=fault.text.en)
            self._reload_fault = fault
            self._meter.reloaded(False)
            return
        self._reload_wanted, self._reload_fault, self._strangers_told = False, None, False
        self._meter.reloaded(True)
        if mended is not None:
            await self._settle(_Job(mended))
        else:
            await self._show()

    async def _quietly(self, what: str, work: Callable[[], object]) -> bool:
        """Work that may fail now and come again later; whether it was done."""
        try:
            await self._in_thread(work)
        except EnvironmentFault as fault:
            log.warning(f"{what}_failed", key=fault.key, zh=fault.text.zh, en=fault.text.en)
            return False
        return True

    @staticmethod
    def _next_checkpoint(now: int) -> int:
        """The next quarter of an hour: hour ends are among them."""
        return (now // CHECKPOINT_US + 1) * CHECKPOINT_US

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
