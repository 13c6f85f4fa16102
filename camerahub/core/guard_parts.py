"""What the guard is made of: a device and its keys, a group and its trial, a pace. Knows no rule."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from camerahub.core.guard_rows import SECOND


@dataclass(slots=True)
class Place:
    """One device address: the keys that lead to it, and the one that logs in now (0 = none)."""

    numbers: list[int] = field(default_factory=list)
    trying: int = 0


@dataclass(slots=True)
class Group:
    """One (user, password) over devices. ``waiting``: (not before, place in the seeded order, key) of the untried."""

    known: list[int] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    rank: dict[int, int] = field(default_factory=dict)
    waiting: list[tuple[int, int, int]] = field(default_factory=list)
    inside: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    current: int = 0
    opened: bool = False

    def put(self, number: int, due: int) -> None:
        """Try this one no sooner than ``due``; one that waits already keeps its time."""
        if number not in self.inside:
            self.inside.add(number)
            heapq.heappush(self.waiting, (due, self.rank[number], number))

    def pop(self, now: int) -> int:
        """The next that may be due, 0 = none."""
        if not self.waiting or self.waiting[0][0] > now:
            return 0
        number = heapq.heappop(self.waiting)[2]
        self.inside.discard(number)
        return number


class Bucket:
    """So many a second, at most two seconds' worth at once."""

    def __init__(self, rate: float) -> None:
        self._rate, self._tokens, self._at = rate, 1.0, 0

    def refill(self, now: int) -> None:
        """Time has passed (none when the clock went back)."""
        gained = max(0, now - self._at) / SECOND * self._rate
        self._tokens, self._at = min(max(1.0, 2 * self._rate), self._tokens + gained), now

    def take(self) -> bool:
        """One, if there is one."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
