"""The one place where services read the time; tests bring their own."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def wall_us(self) -> int:
        """µs since 1970 UTC."""
        return time.time_ns() // 1000

    def cpu(self) -> float:
        """Processor seconds this process has used."""
        return time.process_time()


class ManualClock:
    """A clock that moves only when told to; its wall can jump."""

    def __init__(self, monotonic: float = 1000.0, wall_us: int = 1_750_000_000_000_000) -> None:
        self._monotonic = monotonic
        self._wall_us = wall_us

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return self._monotonic

    def wall_us(self) -> int:
        """µs since 1970 UTC."""
        return self._wall_us

    def cpu(self) -> float:
        """Processor seconds this process has used: none."""
        return 0.0

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on both clocks."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use step_wall for a clock step")
        self._monotonic += seconds
        self._wall_us += round(seconds * 1e6)

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back; the monotonic clock does not notice."""
        self._wall_us += round(seconds * 1e6)
