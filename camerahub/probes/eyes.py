"""What a prober knows of each endpoint's pictures: past, masks, how often it was bad, the size of its key frames.

It says which pictures are decoded, what their decoder is told, of which there is to be evidence, and when a past is
worth keeping. Bounded: beyond ``MOST_BYTES`` of pasts those looked at longest ago are forgotten, and begin anew.
Standard library only, no picture is ever looked into.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from camerahub.core.eyes import Lesson
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import REASONS, Signal
from camerahub.probes.decode_job import Decoded
from camerahub.probes.decode_line import OF_FAULT, OF_OK, Context

#: 26,000 pasts of 8 kB in one prober.
MOST_BYTES: Final = 256 << 20
#: A past is handed to the hub after so many decoded pictures, and then every so many: a quarter of a day at 15 min.
FIRST_KEPT, THEN_KEPT = 4, 24
#: A key frame is as large as usual within this factor of the mean of those before.
USUAL: Final = 1.25
_NEWEST: Final = 0.25


@dataclass(slots=True)
class Eye:
    """One endpoint. ``bad``: pictures with a fault in a row; ``shown``: evidence of them was taken; ``size``: mean of
    its key frames, bytes, 0 = the next one is decoded whatever its size; ``skipped``: pictures since one was decoded;
    ``looks``: pictures decoded since the past was last kept."""

    past: bytes = b""
    ignored: bytes = b""
    private: bytes = b""
    weights: bytes = b""
    bad: int = 0
    shown: bool = False
    size: float = 0.0
    skipped: int = 0
    looks: int = 0
    due: int = FIRST_KEPT


class Eyes:
    """By endpoint. Nothing is known of one that was never taught: it is judged by its picture alone."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._eyes: OrderedDict[int, Eye] = OrderedDict()
        self._every = 1
        self._still_bytes = 0

    def configure(self, policy: FleetPolicy) -> None:
        """Which pictures are decoded, and how large evidence may be."""
        self._every = max(1, round(1 / policy.picture_share)) if policy.picture_share > 0 else 1
        self._still_bytes = policy.still_bytes

    def teach(self, lessons: Iterable[Lesson]) -> None:
        """Take what the hub knows."""
        for lesson in lessons:
            eye = self._eye(lesson.endpoint)
            eye.ignored, eye.private, eye.weights = lesson.ignored, lesson.private, lesson.weights
            if lesson.past == b"" and (beside := self._eyes.get(~lesson.endpoint)) is not None:
                self._remember(beside, b"")
            if lesson.past is not None and not (lesson.past and eye.past):  # ours is the newer one
                self._remember(eye, lesson.past)
                eye.due = THEN_KEPT if lesson.past else FIRST_KEPT

    def forget(self, endpoints: Iterable[int]) -> None:
        """These are looked at by another prober, or by none."""
        for endpoint in endpoints:
            for number in (endpoint, ~endpoint):
                eye = self._eyes.pop(number, None)
                if eye is not None:
                    self._held -= len(eye.past)

    @property
    def held(self) -> int:
        """Bytes of pasts."""
        return self._held

    def usual(self, endpoint: int, key_bytes: int) -> bool:
        """Whether this picture may go undecoded: nothing is held against the endpoint, its key frame has the usual
        size, and it is not its turn."""
        eye = self._eyes.get(endpoint)
        if self._every == 1 or eye is None or eye.bad or not eye.size:
            return False
        if not eye.size / USUAL < key_bytes < eye.size * USUAL or eye.skipped + 1 >= self._every:
            return False
        eye.skipped += 1
        return True

    def context(self, endpoint: int, at: int) -> bytes:
        """What the decoder of its picture is told (``decode_line.Context``, packed)."""
        return self._context(endpoint, self._eye(endpoint), at)

    def context_beside(self, endpoint: int, at: int) -> bytes:
        """The same for a snapshot in place of its stream: another picture, so a past of its own, kept here only, under
        ``~endpoint``; what people have said of the camera's picture holds for both."""
        eye, told = self._eye(~endpoint), self._eye(endpoint)
        eye.ignored, eye.private, eye.weights = told.ignored, told.private, told.weights
        return self._context(~endpoint, eye, at)

    def _context(self, number: int, eye: Eye, at: int) -> bytes:
        self._eyes.move_to_end(number)
        wanted = 0
        if (
            self._still_bytes
        ):  # a first fault may be nothing; what is confirmed, and its end, are worth showing
            wanted = OF_OK if eye.shown else OF_FAULT if eye.bad else 0
        past, masks = eye.past, (eye.ignored, eye.private, eye.weights)
        return Context(at, self._still_bytes, wanted, past, *masks).pack()

    def missed(self, endpoint: int) -> None:
        """No picture came: the next one is decoded."""
        eye = self._eyes.get(endpoint)
        if eye is not None:
            eye.size = 0.0

    def took(self, endpoint: int, seen: Decoded, key_bytes: int) -> bytes:
        """A picture was decoded: its past when it is time to keep it, else b""."""
        eye = self._eye(endpoint)
        signal = REASONS[seen.reason].picture
        if signal is Signal.DOWN:
            eye.bad, eye.size = eye.bad + 1, 0.0
        elif signal is Signal.UP:
            eye.size += (key_bytes - eye.size) * (_NEWEST if eye.size else 1.0)
            eye.bad = 0
        if seen.still:
            eye.shown = signal is Signal.DOWN
        elif signal is Signal.UP:
            eye.shown = False
        eye.skipped = 0
        return self._learned(eye, seen.past)

    def _learned(self, eye: Eye, past: bytes) -> bytes:
        if not past:
            return b""
        self._remember(eye, past)
        eye.looks += 1
        if eye.looks < eye.due:
            return b""
        eye.looks, eye.due = 0, THEN_KEPT
        return past

    def _eye(self, endpoint: int) -> Eye:
        eye = self._eyes.get(endpoint)
        if eye is None:
            eye = self._eyes[endpoint] = Eye()
        return eye

    def _remember(self, eye: Eye, past: bytes) -> None:
        self._held += len(past) - len(eye.past)
        eye.past = past
        if self._held > self._most:
            for other in self._eyes.values():  # oldest look first
                if other is not eye and other.past:
                    self._held -= len(other.past)
                    other.past = b""
                if self._held <= self._most:
                    return
