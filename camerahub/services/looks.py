"""When each endpoint's picture is due, and how much of a line pictures may take: the slow grid beside liveness.

Pure bookkeeping over slots; knows neither time sources nor sockets. A look waits here, not in the lanes, until its line
has bandwidth to spare and a media seat is free, so that pictures never stand in the way of liveness.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

#: What a picture takes of a line until the line has shown it, bytes: two seconds of a sub-stream at 1 Mbit/s.
FIRST_GUESS: Final = 256 * 1024
#: Weight of the newest conversation in the mean of its line.
_NEWEST: Final = 0.05
#: Unused bandwidth is saved up for so long, seconds.
BURST_S: Final = 1.0


@dataclass(slots=True)
class Line:
    """One uplink: what may still be taken of it, and whose looks wait for it.

    ``rate`` bytes per second, 0 = without a bound; ``tokens`` bytes; ``mean`` bytes a picture takes.
    """

    rate: float
    tokens: float = 0.0
    mean: float = FIRST_GUESS
    heap: list[tuple[int, int]] = field(default_factory=list)

    def refill(self, seconds: float) -> None:
        """Time has passed."""
        self.tokens = min(self.tokens + seconds * self.rate, max(self.rate * BURST_S, self.mean))

    @property
    def open(self) -> bool:
        """Whether one more picture may be taken now."""
        return not self.rate or self.tokens >= self.mean

    def wait_s(self) -> float:
        """Seconds until one more may be taken."""
        return max(0.0, (self.mean - self.tokens) / self.rate) if self.rate else 0.0


class Looks:
    """Due pictures by line. ``seats``: conversations about media at once; times in ticks of the fleet."""

    def __init__(self, seats: int, line_of: Callable[[str], int] = lambda _host: 0) -> None:
        self.seats = seats
        self.taken = 0
        self._line_of = line_of
        self._lines: dict[int, Line] = {0: Line(0.0)}
        self._due: dict[int, int] = {}
        self._line: dict[int, int] = {}
        self._charged: dict[int, float] = {}
        self._refilled = 0.0

    def configure(self, line_of: Callable[[str], int], rates: list[float]) -> None:
        """The lines and their bytes per second; who waits keeps its time."""
        self._line_of = line_of
        self._lines = {n: Line(rate) for n, rate in enumerate(rates)} or {0: Line(0.0)}

    def add(self, slot: int, host: str, due: int) -> None:
        """``slot`` is looked at, first at ``due``."""
        self._line[slot] = self._line_of(host)
        self.arm(slot, due)

    def drop(self, slot: int) -> None:
        """``slot`` is looked at no longer."""
        self._due.pop(slot, None)
        self._line.pop(slot, None)

    def __contains__(self, slot: object) -> bool:
        return slot in self._line

    def __len__(self) -> int:
        return len(self._line)

    def arm(self, slot: int, due: int) -> None:
        """The next look at ``slot``; only the last time said counts."""
        line = self._lines.get(self._line[slot]) or self._lines[0]
        self._due[slot] = due
        heapq.heappush(line.heap, (due, slot))
        if len(line.heap) > 2 * len(self._due) + 1024:
            line.heap = [entry for entry in line.heap if self._due.get(entry[1]) == entry[0]]
            heapq.heapify(line.heap)

    def pop(self, tick: int, now: float) -> Iterator[int]:
        """Slots whose picture is due at ``tick`` and may be taken now, each line's oldest first."""
        seconds, self._refilled = now - self._refilled, now
        for line in self._lines.values():
            if line.rate:
                line.refill(seconds)
            while self.taken < self.seats and line.open and (slot := self._head(line, tick)) >= 0:
                heapq.heappop(line.heap)
                del self._due[slot]
                self.taken += 1
                self._charged[slot] = line.mean if line.rate else 0.0
                line.tokens -= self._charged[slot]
                yield slot

    def _head(self, line: Line, tick: int) -> int:
        heap = line.heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][1] if heap and heap[0][0] <= tick else -1

    def over(self, slot: int, received: int | None) -> None:
        """A look that was popped has ended, with so many bytes taken of its line (None: it was not dialled)."""
        charged = self._charged.pop(slot, None)
        if charged is None:
            return
        self.taken -= 1
        line = self._lines.get(self._line.get(slot, 0))
        if line is None:
            return
        if received is not None:
            line.mean += (received - line.mean) * _NEWEST
        if line.rate:
            line.tokens += charged - (received or 0)

    def next_due(self, ticks_per_s: int, tick: int) -> float:
        """Ticks until which nothing here can begin; infinity for nothing. A free seat is told by ``over``."""
        if self.taken >= self.seats:
            return float("inf")
        found = float("inf")
        for line in self._lines.values():
            heap = line.heap
            while heap and self._due.get(heap[0][1]) != heap[0][0]:
                heapq.heappop(heap)
            if heap:
                found = min(found, max(heap[0][0], tick + int(line.wait_s() * ticks_per_s)))
        return found

    def overdue(self, tick: int) -> int:
        """Ticks by which the oldest look that waits is late."""
        oldest = min((line.heap[0][0] for line in self._lines.values() if line.heap), default=tick)
        return max(0, tick - oldest)
