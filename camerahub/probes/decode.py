"""The pool of decoder processes of one prober: pictures in, one answer each out.

Pictures come from strangers and decoders are large C libraries: they run in caged children (``decoder_cage``), are
killed when they take too long, and a picture that brings one down is tried once more, alone, before it is blamed. The
rules of blame are the point of this file:

* Only the picture a child was decoding can be to blame; those before and behind it move to another child. What ends it
  while it judges several together makes all of them suspects: each is tried alone.
* Time is the child's own processor time, or sleep: a child the machine did not let run gets up to ``PATIENCE`` times
  its limit, and a picture lost to that is ``blind``, ours, never the camera's.
* An answer that has arrived counts, however late we were to read it.

It imports neither numpy nor PyAV: the prober stays small.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from camerahub.probes.decode_job import Decoded, DecodeLimits, Done, Job
from camerahub.probes.decode_line import CODECS, Answer
from camerahub.probes.decoder_process import DecoderProcess

__all__ = ["DecodeLimits", "Decoded", "Decoders", "KeyFrameLike"]

_log = structlog.get_logger()
ENTRY = ("-m", "camerahub.probes.decoder_child")
#: A child that is not let run is waited for so many times its limit.
PATIENCE = 10.0
#: Moves of a picture between children that end without its doing.
MOST_MOVES = 5
#: Pauses before the next child after so many that could not be started, seconds.
BACKOFF_S = (0.0, 0.5, 2.0, 5.0, 15.0, 30.0)
#: So many failed starts in a row, and what waits is answered ``blind``.
HOPELESS = 3


class KeyFrameLike(Protocol):
    """A key frame: ``codec`` H264 or H265 (Annex B, with its parameter sets) or JPEG (a JFIF image)."""

    @property
    def codec(self) -> str: ...
    @property
    def data(self) -> bytes: ...


@dataclass(slots=True)
class Counts:
    """Totals since the start, for metrics."""

    pictures: int = 0
    cpu_s: float = 0.0
    killed: int = 0
    died: int = 0
    retired: int = 0
    started: int = 0
    refused: int = 0
    quarantined: int = 0
    bugs: int = 0


@dataclass(slots=True)
class Quarantine:
    """Pictures that brought two children down, by content."""

    size: int
    keep_s: float
    _until: OrderedDict[bytes, float] = field(default_factory=OrderedDict)

    def add(self, data: bytes, now: float) -> None:
        """Remember ``data``; the oldest is forgotten when there are too many."""
        self._until[hashlib.sha256(data).digest()] = now + self.keep_s
        while len(self._until) > self.size:
            self._until.popitem(last=False)

    def holds(self, data: bytes, now: float) -> bool:
        """Whether ``data`` is to be left alone."""
        while self._until and next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)
        return bool(self._until) and hashlib.sha256(data).digest() in self._until


class Decoders:
    """``processes`` children and one spare. ``submit`` never raises for a bad picture; each is answered exactly once
    unless the pool is closed first.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        processes: int = 1,
        limits: DecodeLimits | None = None,
        entry: Sequence[str] = ENTRY,
    ) -> None:
        self._loop, self._processes, self._entry = loop, processes, tuple(entry)
        self._limits = limits or DecodeLimits()
        self._queue: deque[Job] = deque()
        self._culprits: deque[Job] = deque()
        self._bytes = 0
        self._children: list[DecoderProcess] = []  # those at work, the spare, and those still starting
        self._ending: list[DecoderProcess] = []
        self._failures = 0
        self._again: asyncio.TimerHandle | None = None
        self._settled = loop.create_future()
        self._closed = False
        self._quarantine = Quarantine(self._limits.quarantine_pictures, self._limits.quarantine_s)
        #: How the children are caged: ``seccomp``, ``limits``, or empty before the first one was ready.
        self.cage = ""
        self.counts = Counts()

    # --- the face ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start all children; returns when ``processes`` of them can decode, or when none can be started."""
        self._staff()
        await self._settled

    @property
    def waiting(self) -> int:
        """Pictures submitted and not yet answered."""
        return len(self._queue) + len(self._culprits) + sum(len(child.jobs) for child in self._children)

    @property
    def has_room(self) -> bool:
        """Whether the next picture will be taken, not refused as ``blind``."""
        return len(self._queue) < self._limits.queue_pictures and self._bytes < self._limits.queue_bytes

    @property
    def pids(self) -> list[int]:
        """Process ids of the children that live."""
        return [child.pid for child in self._children]

    def submit(self, picture: KeyFrameLike, done: Done, context: bytes = b"") -> None:
        """Look at one picture, given its packed ``decode_line.Context``; ``done`` is called from the loop, not in here.

        Without a child: a codec that is not known is ``codec_unsupported``; a picture larger than ``picture_bytes``, or
        quarantined, ``undecodable``; one for which there is no room ``blind``.
        """
        job = Job(picture.codec, picture.data, done, context)
        refusal = self._refusal(job)
        if refusal is not None:
            self._loop.call_soon(self._answer, job, refusal)
            return
        self._bytes += len(job.data)
        self._queue.append(job)
        self._feed()

    async def aclose(self) -> None:
        """Give up what waits, without answers; end all children and wait until they are gone."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        for child in self._children:
            child.close()
        ending = self._ending + self._children
        self._children, self._ending = [], []
        self._queue.clear()
        self._culprits.clear()
        for child in ending:
            await child.reaped()
        if not self._settled.done():
            self._settled.set_result(None)

    # --- pictures ---------------------------------------------------------------------------------------------

    def _refusal(self, job: Job) -> Decoded | None:
        if self._closed or self._hopeless:
            return _blind("no_decoder")
        if job.codec not in CODECS:
            return Decoded("codec_unsupported", 0, 0, {}, 0.0, "codec")
        if not job.data or len(job.data) > self._limits.picture_bytes:
            return Decoded("undecodable", 0, 0, {}, 0.0, "bytes")
        if not self.has_room:
            self.counts.refused += 1
            return _blind("no_room")
        if self._quarantine.holds(job.data, self._loop.time()):
            self.counts.quarantined += 1
            return Decoded("undecodable", 0, 0, {}, 0.0, "quarantined")
        return None

    def _feed(self) -> None:
        """Give what waits to the child at work that has least: culprits to fresh ones only, and alone."""
        at_work = [child for child in self._children if child.ready][: self._processes]
        while (self._queue or self._culprits) and (free := [child for child in at_work if child.has_room]):
            fresh = next((child for child in free if child.fresh), None)
            if fresh and self._culprits:
                fresh.alone = True
                self._give(fresh, self._culprits.popleft())
            elif self._queue:
                job = self._queue.popleft()
                self._bytes -= len(job.data)
                self._give(min(free, key=lambda child: len(child.jobs)), job)
            else:
                break

    def _give(self, child: DecoderProcess, job: Job) -> None:
        child.give(job)
        if len(child.jobs) == 1:
            self._watch(child)

    def _answer(self, job: Job, decoded: Decoded) -> None:
        if self._closed:
            return
        try:
            job.done(decoded)
        except Exception as error:  # noqa: BLE001 - the caller's bug is the loop's to tell; the pool goes on
            self._loop.call_exception_handler({"message": "decode: done() failed", "exception": error})

    @property
    def _hopeless(self) -> bool:
        return self._failures >= HOPELESS and not any(child.ready for child in self._children)

    # --- time -------------------------------------------------------------------------------------------------

    def _limit(self, child: DecoderProcess) -> float:
        largest = max(len(job.data) for job in child.jobs)
        return self._limits.wall_s + self._limits.wall_per_mib_s * largest / (1 << 20)

    def _watch(self, child: DecoderProcess) -> None:
        if child.timer is not None:
            child.timer.cancel()
        if child.jobs:
            began, step = self._loop.time(), (child.answered, *child.progress)
            child.timer = self._loop.call_at(began + self._limit(child), self._overdue, child, step, began)

    def _overdue(self, child: DecoderProcess, step: tuple[int, int, int], began: float) -> None:
        child.read()
        if child.gone or not child.jobs or child.answered != step[0]:
            return
        used, wants = child.usage()
        if (child.answered, *child.progress) != step:  # one more picture is decoded, none is answered
            child.cpu_s = used
            self._watch(child)
            return
        limit, now = self._limit(child), self._loop.time()
        starved = wants and used - child.cpu_s < limit
        if starved and now - began < PATIENCE * limit:
            child.timer = self._loop.call_later(limit / 4, self._overdue, child, step, began)
            return
        for job in child.jobs:
            job.starved |= starved
        self.counts.killed += 1
        child.end("slow")

    # --- children ---------------------------------------------------------------------------------------------

    def _staff(self) -> None:
        """Start what is missing: as many as work, and one spare."""
        self._again = None
        while not self._closed and len(self._children) <= self._processes:
            try:
                child = DecoderProcess(self._loop, self._entry, self._limits, self._heard, self._ended)
            except OSError as error:
                self._failed(error.strerror or type(error).__name__)
                return
            self.counts.started += 1
            self._children.append(child)
            child.timer = self._loop.call_later(self._limits.start_s, child.end, "start")

    def _heard(self, child: DecoderProcess, answer: Answer) -> None:
        child.cpu_s = answer.total_cpu_s
        if answer.reason == "ready":
            self._began(child, answer)
        elif not child.jobs:
            child.end("garbled")
        else:
            self._looked(child, answer)
        self._feed()

    def _began(self, child: DecoderProcess, answer: Answer) -> None:
        if child.ready:
            child.end("garbled")
            return
        child.ready, self._failures = True, 0
        self._children.remove(child)  # those that are ready stand first, in the order in which they became so
        self._children.insert(sum(other.ready for other in self._children), child)
        if child.timer is not None:
            child.timer.cancel()
        if not self.cage:
            self.cage = answer.detail
            if self.cage != "seccomp":
                _log.warning("decoder_cage_weak", cage=self.cage)
        if not self._settled.done() and sum(c.ready for c in self._children) >= self._processes:
            self._settled.set_result(None)

    def _looked(self, child: DecoderProcess, answer: Answer) -> None:
        job = child.jobs.popleft()
        was_alone, child.alone = child.alone, False
        self._watch(child)
        self.counts.pictures += 1
        self.counts.cpu_s += answer.cpu_s
        if answer.reason == "bug":
            self.counts.bugs += 1
            _log.error("decoder_bug", traceback=answer.bug)
            decoded = _blind("bug")
        else:
            decoded = Decoded(
                answer.reason,
                answer.width,
                answer.height,
                answer.measures,
                answer.cpu_s,
                answer.detail,
                answer.faults,
                answer.past,
                answer.still,
            )
        self._answer(job, decoded)
        self._retire(child, answer.rss, was_alone and bool(self._culprits))

    def _retire(self, child: DecoderProcess, rss: int, is_used: bool) -> None:
        """``is_used``: it was fresh, and the next culprit wants a fresh one."""
        limits = self._limits
        if child.gone or not (
            is_used
            or child.taken >= limits.retire_pictures
            or rss > limits.retire_rss
            or child.cpu_s > limits.life_cpu_s / 2
        ):
            return
        child.retiring = True
        if not child.jobs:
            self.counts.retired += 1
            child.close()
            self._lost(child)

    def _ended(self, child: DecoderProcess, why: str) -> None:
        """A child is gone without having been sent home: who is to blame, and what becomes of its pictures."""
        self.counts.died += 1
        if child.ready:
            _log.warning(
                "decoder_lost", pid=child.pid, why=why, codec=child.jobs[0].codec if child.jobs else ""
            )
            self._share_out(child, why)
        self._lost(child, None if child.ready else why)

    def _share_out(self, child: DecoderProcess, why: str) -> None:
        jobs = list(child.jobs)
        child.jobs.clear()
        for job in reversed(jobs):
            if job in child.suspected:
                self._blame(job, why)
            else:
                self._move(job)

    def _blame(self, job: Job, why: str) -> None:
        job.tries += 1
        if job.tries < 2:
            self._culprits.append(job)
        elif job.starved:
            self._loop.call_soon(self._answer, job, _blind("starved"))
        else:
            self._quarantine.add(job.data, self._loop.time())
            self._loop.call_soon(self._answer, job, Decoded("undecodable", 0, 0, {}, 0.0, why))

    def _move(self, job: Job) -> None:
        job.moves += 1
        if job.moves > MOST_MOVES:
            self._loop.call_soon(self._answer, job, _blind("moved"))
            return
        self._bytes += len(job.data)
        self._queue.appendleft(job)

    def _lost(self, child: DecoderProcess, failed: str | None = None) -> None:
        self._children.remove(child)
        self._ending = [c for c in self._ending if not c.is_reaped] + [child]
        if self._closed:
            return
        if failed is not None:
            self._failed(failed)
        elif self._again is None:
            self._staff()
        self._feed()

    def _failed(self, why: str) -> None:
        """A child could not be started. Tried again for ever, ever more slowly; what waits meanwhile is ``blind``."""
        self._failures += 1
        pause_s = BACKOFF_S[min(self._failures, len(BACKOFF_S)) - 1]
        _log.error("decoder_start_failed", why=why, again_in_s=pause_s)
        if self._again is None:
            self._again = self._loop.call_later(pause_s, self._staff)
        if not self._hopeless:
            return
        if not self._settled.done():
            self._settled.set_result(None)
        waiting, self._bytes = [*self._culprits, *self._queue], 0
        self._culprits.clear()
        self._queue.clear()
        for job in waiting:
            self._loop.call_soon(self._answer, job, _blind("no_decoder"))


def _blind(detail: str) -> Decoded:
    return Decoded("blind", 0, 0, {}, 0.0, detail)
