"""Whether many cameras have left the rates at once: asked now and then, and whenever the register changes.

It changes no figure: an alarm is for people. Must not know: what leaving is, and where it is read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import structlog

from camerahub.core.errors import EnvironmentFault
from camerahub.core.leaving import Alarm
from camerahub.services.ports import Clock

_log = structlog.get_logger()
#: An alarm ends by the calendar as well, seconds.
LOOK_S = 60.0
Told = Mapping[str, tuple[int, Alarm | None]]


class Leaving:
    """``run`` it. ``read``: by way how many left, and the alarm if it is one, at an instant (µs UTC); in a thread.

    ``told`` is what was read last: for the scrape.
    """

    def __init__(self, read: Callable[[int], Told], clock: Clock) -> None:
        self._read, self._clock = read, clock
        self.told: Told = {}
        self._changed = asyncio.Event()

    def look_again(self) -> None:
        """The register has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._changed.clear()
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()

    async def look(self) -> None:
        """Read once; what became an alarm is told in the log, once."""
        try:
            told = await asyncio.to_thread(self._read, self._clock.wall_us())
        except EnvironmentFault as fault:
            _log.warning("leaving_unknown", key=fault.key)
            return
        before, self.told = self.told, told
        for way, (count, alarm) in told.items():
            if alarm is not None and before.get(way, (0, None))[1] is None:
                _log.warning(
                    "cameras_left", way=way, count=count, of=alarm.of, sampling=str(alarm.sampling or "")
                )
