"""Permission to dial: seats per camera, per device and per subnet, and the queues of those who wait for one.

Pure bookkeeping over small integers (slots) and keys; knows neither time nor sockets. Every call is O(1).
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

#: Timeouts in a row, with no answer of any kind between, after which a subnet counts as dark.
DARK_AFTER = 16
URGENT, REGULAR = 0, 1


def subnet_of(host: str) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 one; a name is a subnet of its own."""
    head, dot, last = host.rpartition(".")
    if dot and last.isdigit():
        return f"{head}.0/24"
    if ":" not in host:
        return host
    try:
        return str(ipaddress.IPv6Network((host.partition("%")[0], 64), strict=False))
    except ValueError:
        return host


class Gates:
    """``seats`` per key; who comes too late waits in line for a seat that is then handed over."""

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._used: dict[Hashable, int] = {}
        self._lines: dict[Hashable, deque[int]] = {}
        self._wide: dict[Hashable, int] = {}
        self.waiting = 0

    def take(self, key: Hashable, slot: int) -> bool:
        """True: ``slot`` has a seat. False: it stands in line, and ``give`` will name it one day."""
        used = self._used.get(key, 0)
        if used < self._seats or (self._wide and used < self._wide.get(key, 0)):
            self._used[key] = used + 1
            return True
        self._lines.setdefault(key, deque()).append(slot)
        self.waiting += 1
        return False

    def give(self, key: Hashable) -> int:
        """Give a seat back; the slot that holds it from now on, or -1."""
        line = self._lines.get(key)
        if line and self._used[key] <= max(self._seats, self._wide.get(key, 0)):
            return self._next(key, line)
        used = self._used[key] - 1
        if used:
            self._used[key] = used
        else:
            del self._used[key]
        return -1

    def _next(self, key: Hashable, line: deque[int]) -> int:
        slot = line.popleft()
        self.waiting -= 1
        if not line:
            del self._lines[key]
        return slot

    def widen(self, key: Hashable, seats: int) -> list[int]:
        """``key`` has so many seats until ``narrow``; the slots of its line that hold one from now on."""
        self._wide[key] = seats
        found: list[int] = []
        while (line := self._lines.get(key)) and self._used[key] < seats:
            self._used[key] += 1
            found.append(self._next(key, line))
        return found

    @property
    def wide(self) -> bool:
        """Whether any key has more seats than the others."""
        return bool(self._wide)

    def narrow(self, key: Hashable) -> None:
        """``key`` has the seats of all others again; who holds one more keeps it to the end."""
        self._wide.pop(key, None)

    @property
    def used(self) -> int:
        """Seats taken, over all keys."""
        return sum(self._used.values())


class Served(NamedTuple):
    """A slot whose turn has come; ``dark`` is to be given back with its seat."""

    slot: int
    dark: bool


class _Level:
    """Who waits, by lane, and the lanes that may be served in turn."""

    def __init__(self) -> None:
        self.lines: dict[str, deque[int]] = {}
        self.ring: deque[str] = deque()
        self.in_ring: set[str] = set()

    def wake(self, lane: str) -> None:
        if lane in self.lines and lane not in self.in_ring:
            self.in_ring.add(lane)
            self.ring.append(lane)


class Lanes:
    """Fair queues: one lane a subnet, served in turn, ``seats`` each; urgent ones before regular ones.

    Lanes that only ever time out are dark: together they hold ``dark_seats`` at most, so that subnets that are
    off, each dial of which keeps its seat until the deadline, leave the rest of the seats to those that answer.
    """

    def __init__(self, seats: int, dark_seats: int) -> None:
        self._seats = seats
        self._dark_seats = dark_seats
        self._levels = (_Level(), _Level())
        self._used: dict[str, int] = {}
        self._silent: dict[str, int] = {}
        self._parked: dict[str, None] = {}
        self.dark_used = 0
        self.waiting = 0

    def put(self, lane: str, slot: int, urgent: bool) -> None:
        """``slot`` waits for its turn in ``lane``."""
        self._levels[URGENT if urgent else REGULAR].lines.setdefault(lane, deque()).append(slot)
        self.waiting += 1
        if self._used.get(lane, 0) < self._seats:
            self._wake(lane)

    def take(self, lane: str) -> bool:
        """A seat at once, when nobody anywhere would be overtaken."""
        if self._levels[URGENT].ring or self._levels[REGULAR].ring or self.is_dark(lane):
            return False
        used = self._used.get(lane, 0)
        if used >= self._seats or lane in self._levels[REGULAR].lines or lane in self._levels[URGENT].lines:
            return False
        self._used[lane] = used + 1
        return True

    def pop(self) -> Served | None:
        """The slot whose turn it is, with a seat of its lane; None when nobody may be served now."""
        while True:
            for level in self._levels:
                while level.ring:
                    lane = level.ring.popleft()
                    level.in_ring.discard(lane)
                    if self._may_serve(lane):
                        return self._serve(level, lane)
            if not self._parked or self.dark_used >= self._dark_seats:
                return None
            lane = next(iter(self._parked))
            del self._parked[lane]
            for level in self._levels:
                level.wake(lane)

    def _may_serve(self, lane: str) -> bool:
        if self._used.get(lane, 0) >= self._seats:
            return False
        if self.dark_used >= self._dark_seats and self.is_dark(lane):
            self._parked[lane] = None
            return False
        return True

    def _serve(self, level: _Level, lane: str) -> Served:
        line = level.lines[lane]
        slot = line.popleft()
        if not line:
            del level.lines[lane]
        dark = self.is_dark(lane)
        self.waiting -= 1
        self._used[lane] = self._used.get(lane, 0) + 1
        self.dark_used += dark
        self._wake(lane)
        return Served(slot, dark)

    def _wake(self, lane: str) -> None:
        """``lane`` takes its turn again, a dark one behind the dark ones that wait for theirs."""
        if self._parked and self.is_dark(lane):
            self._parked[lane] = None
            return
        for level in self._levels:
            level.wake(lane)

    def give(self, lane: str, dark: bool) -> None:
        """Give a seat back."""
        used = self._used[lane] - 1
        if used:
            self._used[lane] = used
        else:
            del self._used[lane]
        self.dark_used -= dark
        self._wake(lane)

    def heard(self, lane: str, silent: bool) -> None:
        """A conversation in ``lane`` ended; ``silent``: in a timeout."""
        if silent:
            self._silent[lane] = min(self._silent.get(lane, 0) + 1, DARK_AFTER)
        elif self._silent.pop(lane, 0) == DARK_AFTER:
            self._parked.pop(lane, None)
            self._wake(lane)

    def is_dark(self, lane: str) -> bool:
        """Whether ``lane`` has only timed out of late."""
        return self._silent.get(lane, 0) >= DARK_AFTER

    @property
    def servable(self) -> bool:
        """Whether ``pop`` might find somebody."""
        if self._levels[URGENT].ring or self._levels[REGULAR].ring:
            return True
        return bool(self._parked) and self.dark_used < self._dark_seats

    @property
    def used(self) -> int:
        """Seats taken, over all lanes."""
        return sum(self._used.values())

    @property
    def dark(self) -> int:
        """Lanes that are dark now."""
        return sum(count >= DARK_AFTER for count in self._silent.values())
