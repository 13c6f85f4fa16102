"""The hub's own time line: UTC at the start plus monotonic time since, moved only when the wall clock steps.

States are compared on this line, so that a step of the wall clock makes nothing late and nothing stale.
"""

from __future__ import annotations

from camerahub.services.ports import Clock

#: Seconds by which wall and monotonic clock may drift apart before it is called a step.
STEP_S = 2.0


class Steady:
    """``now`` in µs UTC, never jumping by itself."""

    def __init__(self, clock: Clock, step_s: float = STEP_S) -> None:
        self._clock = clock
        self._limit = round(step_s * 1e6)
        self._base = clock.wall_us() - self._ticks()

    def _ticks(self) -> int:
        return round(self._clock.monotonic() * 1e6)

    def now(self) -> int:
        """µs UTC on the steady line."""
        return self._base + self._ticks()

    def stepped(self) -> int:
        """By how many µs the wall clock has jumped since last asked (0: not at all); ``now`` follows it from here."""
        off = self._clock.wall_us() - self.now()
        if abs(off) < self._limit:
            return 0
        self._base += off
        return off
