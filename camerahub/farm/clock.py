"""What time it is in the county. The clocks of cameras belong to the world that is watched, not to the program that
watches: they are read here, or turned by hand in tests.
"""

from __future__ import annotations

import time


class Clock:
    """Real time."""

    def now(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, UTC: the right time."""
        return time.clock_gettime(time.CLOCK_REALTIME)


class ManualClock(Clock):
    """Time that passes when told to."""

    def __init__(self, wall: float = 1_767_225_600.0) -> None:
        self._now, self._wall = 0.0, wall

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._wall + self._now

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass. They are never negative."""
        self._now += max(0.0, seconds)
