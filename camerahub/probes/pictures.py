"""What becomes of a conversation about media: which stream to ask next time, and the picture on its way to a decoder.

One instance a prober. It imports neither numpy nor PyAV: decoding happens in children (``probes.decode``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from camerahub.core.eyes import Lesson
from camerahub.core.result import (
    MAIN,
    PROBE_KINDS,
    REASONS,
    SENT,
    SUB,
    MediaFacts,
    ProbeResult,
    Signal,
    Target,
)
from camerahub.core.stand_in import NOT_JUDGED
from camerahub.probes.eyes import Eyes
from camerahub.probes.media import Media
from camerahub.probes.snapshot import Shots, Snapshot, refused_row
from camerahub.wire.keyframe import KeyFrame

if TYPE_CHECKING:  # it brings what a prober without decoders does without
    from camerahub.probes.decode import Decoded, Decoders

Done = Callable[[ProbeResult], None]


class _Waiting(NamedTuple):
    key_frame: KeyFrame
    result: ProbeResult
    done: Done
    context: bytes


class Pictures:
    """Give it every conversation that has ended; it calls ``done`` once each, from the loop.

    ``processes`` decoders; 0 = none, then `picture` and `snapshot` end as ``blind``.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, processes: int) -> None:
        self._decoders: Decoders | None = None
        if processes:
            from camerahub.probes.decode import Decoders

            self._decoders = Decoders(loop, processes=processes)
        self._queue: deque[_Waiting] = deque()
        self._streams: dict[int, str] = {}
        self._shots = Shots()
        self._decoding = 0
        self.eyes = Eyes()

    async def start(self) -> None:
        """Decoders before they are needed."""
        if self._decoders is not None:
            await self._decoders.start()

    async def aclose(self) -> None:
        """End the decoders; what waits ends without a result."""
        self._queue.clear()
        if self._decoders is not None:
            await self._decoders.aclose()

    def teach(self, lessons: Iterable[Lesson]) -> None:
        """What judging the pictures of these endpoints needs."""
        lessons = list(lessons)
        self.eyes.teach(lessons)
        for lesson in lessons:
            if lesson.shot:
                self._shots.learn(lesson.endpoint, lesson.shot)

    def forget(self, endpoints: Iterable[int]) -> None:
        """Their pictures are judged here no longer."""
        endpoints = list(endpoints)
        self.eyes.forget(endpoints)
        for endpoint in endpoints:
            self._shots.forget(endpoint)

    @property
    def in_flight(self) -> int:
        """Pictures that wait for a decoder or are with one."""
        return len(self._queue) + self._decoding

    @property
    def cpu_s(self) -> float:
        """Processor seconds the decoders have spent on pictures."""
        return self._decoders.counts.cpu_s if self._decoders is not None else 0.0

    def aimed(self, target: Target) -> Target:
        """``target`` with the stream that gave a picture last."""
        stream = self._streams.get(target.endpoint, "")
        return replace(target, stream=stream) if stream and stream != target.stream else target

    def ended(self, talk: Media | Snapshot, done: Done, result: ProbeResult) -> None:
        """A conversation has ended: learn from it, hand its picture on, or its result."""
        if isinstance(talk, Media):
            self._learn(talk, result)
            result = result._replace(facts=talk.facts)
        else:
            result = self._aged(talk, result)
        if talk.probe == "picture" and result.reason != "ok":
            self.eyes.missed(result.endpoint)
        if talk.probe == "media" or result.reason != "ok" or talk.key_frame is None:
            done(result)
        elif self._decoders is None:
            done(_judged(result, "blind", 4))
        elif talk.probe == "picture" and self.eyes.usual(result.endpoint, len(talk.key_frame.data)):
            done(result._replace(probe="media"))  # media flows; what it shows was not looked at
        else:
            self._queue.append(_Waiting(talk.key_frame, result, done, self._context(result)))
            self._feed()

    def _aged(self, talk: Snapshot, result: ProbeResult) -> ProbeResult:
        """With what is known of the picture's age. One that stands in for a stream is judged only if it is known to be
        new: else that is the result, and no decoder is bothered."""
        endpoint, at, facts = result.endpoint, result.started_at, talk.facts
        fresh = self._shots.judge(endpoint, talk.shot, at, talk.address)
        if not talk.address:
            return result._replace(facts=facts._replace(fresh=fresh))
        row = b""
        if talk.shot is not None:
            row = self._shots.row(endpoint, at, fresh)
        elif result.reason == "auth" and result.flags & SENT:
            row = refused_row(endpoint, at, talk.address)
        result = result._replace(facts=facts._replace(fresh=fresh, shot=row))
        if result.reason == "ok" and fresh in NOT_JUDGED:
            return _judged(result, NOT_JUDGED[fresh], 4)
        return result

    def _context(self, result: ProbeResult) -> bytes:
        if result.probe == "picture":
            return self.eyes.context(result.endpoint, result.started_at)
        if result.facts is not None and result.facts.shot:
            return self.eyes.context_beside(result.endpoint, result.started_at)
        return b""

    def _learn(self, talk: Media, result: ProbeResult) -> None:
        if result.reason == "ok":
            self._streams[result.endpoint] = talk.stream
        elif talk.other_next:
            self._streams[result.endpoint] = _other(talk.stream)

    def _feed(self) -> None:
        decoders = self._decoders
        while decoders is not None and self._queue and decoders.has_room:
            one = self._queue.popleft()
            self._decoding += 1
            decoders.submit(one.key_frame, partial(self._decoded, one.result, one.done), one.context)

    def _decoded(self, result: ProbeResult, done: Done, seen: Decoded) -> None:
        self._decoding -= 1
        facts = result.facts or MediaFacts()
        facts = facts._replace(
            width=seen.width, height=seen.height, measures=tuple(seen.measures.items()), faults=seen.faults
        )
        if result.probe == "picture":
            past = self.eyes.took(result.endpoint, seen, facts.key_bytes)
            facts = facts._replace(past=past, still=seen.still)
        elif facts.shot:
            self.eyes.took(~result.endpoint, seen, facts.key_bytes)
            facts = facts._replace(still=seen.still)
        if seen.reason == "undecodable" and result.probe == "picture":
            self._streams[result.endpoint] = _other(facts.stream)
        done(_judged(result, seen.reason, _stage_of(result.probe, seen.reason))._replace(facts=facts))
        self._feed()


def _stage_of(probe: str, reason: str) -> int:
    """Proven by what a decoder says: what shows nothing has decoded, yet proves no L5; what has a fault no L6."""
    if REASONS[reason].lit is not Signal.UP:
        return 4
    return int(min(PROBE_KINDS[probe].stage, 6 if reason == "ok" else 5))


def _other(stream: str) -> str:
    return SUB if stream == MAIN else MAIN


def _judged(result: ProbeResult, reason: str, stage: int) -> ProbeResult:
    return result._replace(reason=reason, outcome=REASONS[reason].outcome, stage=stage)
