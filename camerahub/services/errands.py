"""Slow rounds that the hub has done for it now and then: each a command of its own process, one at a time.

Clocks and enrolments change slowly; a daily or weekly look is the command a person would type, with its pace, its
pauses of the probers and its borrowed logins. What began is stored first: a hub that is killed in the middle does not
begin again at once, and one that starts does not begin with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import structlog

from camerahub.core.errors import EnvironmentFault
from camerahub.services.ports import Clock

_log = structlog.get_logger()
#: A hub that has just started has other things to do, seconds.
FIRST_S = 600.0
#: How often it is asked what is due, seconds. By the wall clock, for days pass while a hub is off.
TURN_S = 30.0


class Errand(NamedTuple):
    """``words`` of the command; again after ``every_s`` seconds, 0 = never; or at a time of day: ``fell`` gives the
    last instant at which it fell due by a time, µs UTC."""

    name: str
    words: tuple[str, ...]
    every_s: float = 0.0
    fell: Callable[[int], int] | None = None

    def late(self, last: int, started: int, now: int) -> int:
        """For how long it has been due, µs, below 0 = not yet; it began at ``last``, 0 = never.

        One at a time of day that was missed is made up for; one that never ran waits for the first such time after
        ``started``: a new hub has nothing to tell of yesterday.
        """
        if self.fell is not None:
            at = self.fell(now)
            return now - at if at > (last or started) else -1
        return now - last - round(self.every_s * 1e6) if self.every_s else -1


class Book(Protocol):
    """The register as errands need it: ``registry.store.Store`` fits. Times are µs UTC."""

    def errands_begun(self) -> Mapping[str, int]: ...
    def errand_begins(self, name: str, now: int, /) -> None: ...


def waiting(errands: Iterable[Errand], begun: Mapping[str, int], started: int, now: int) -> list[Errand]:
    """The errands whose time has come, who has waited longest first. Times are µs UTC.

    One that never ran is due ``FIRST_S`` after the hub's start, and so is one whose beginning lies in the future: the
    clock was set back.
    """
    if now < started + FIRST_S * 1e6:
        return []
    late: dict[Errand, int] = {}
    for errand in errands:
        last = begun.get(errand.name, 0)
        late[errand] = errand.late(last if last <= now else 0, started, now)
    return sorted((one for one in late if late[one] >= 0), key=lambda one: late[one], reverse=True)


class Errands:
    """``run`` it. ``start`` runs the words as a command to its end and gives the exit status; cancelled, it ends it.

    ``wanted``: errands by name that are begun only when there is something to do; asked in a thread, with µs UTC.
    ``write``: runs work in the writer thread and waits for it (``Ingest.exclusively``).
    """

    def __init__(
        self,
        errands: Iterable[Errand],
        book: Book,
        write: Callable[[Callable[[], object]], Awaitable[None]],
        start: Callable[[tuple[str, ...]], Awaitable[int]],
        clock: Clock,
        wanted: Mapping[str, Callable[[int], bool]] | None = None,
    ) -> None:
        self._errands, self._book, self._write = tuple(errands), book, write
        self._start, self._clock = start, clock
        self._started = clock.wall_us()
        self._begun: dict[str, int] = {}
        self._wanted = wanted or {}

    async def run(self) -> None:
        """Until cancelled."""
        await self._write(lambda: self._begun.update(self._book.errands_begun()))
        while True:
            await self.turn()
            await asyncio.sleep(TURN_S)

    async def turn(self) -> None:
        """Do what is due, if anything is; its failure is told in the log and is nobody's end."""
        now = self._clock.wall_us()
        errand = await self._next(now)
        if errand is None:
            return
        self._begun[errand.name] = now
        try:
            await self._write(lambda: self._book.errand_begins(errand.name, now))
            status = await self._start(errand.words)
        except (EnvironmentFault, OSError) as error:
            _log.warning("errand_failed", errand=errand.name, error=type(error).__name__)
            return
        seconds = round((self._clock.wall_us() - now) / 1e6)
        _log.info("errand_ended", errand=errand.name, status=status, seconds=seconds)

    async def _next(self, now: int) -> Errand | None:
        for errand in waiting(self._errands, self._begun, self._started, now):
            wanted = self._wanted.get(errand.name)
            try:
                if wanted is None or await asyncio.to_thread(wanted, now):
                    return errand
            except EnvironmentFault as fault:
                _log.warning("errand_unknown", errand=errand.name, key=fault.key)
        return None
