"""What the hub and its probers tell each other of pictures: pasts and orders one way, pasts and evidence the other.

Bounded: what comes faster than the register takes it is dropped, oldest first, and counted; a past that is lost is
learned again, and a fault that lasts is shown again after a restart.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from camerahub.core.errors import EnvironmentFault
from camerahub.core.eyes import Lesson
from camerahub.core.messages import Learned, Message, Still, Teach
from camerahub.services.ports import Clock

_log = structlog.get_logger()
#: Endpoints taught in one message: 2 MB at most.
PART = 250
#: Pictures and pasts that may wait for the register: 3 MB at most.
MOST_WAITING = 64
#: Between two looks for what has expired, seconds.
EXPIRE_S = 60.0


class Book(Protocol):
    """The register as it is needed here; ``registry.store.Store`` fits. Called in the writer thread."""

    def keep_past(self, endpoint: int, at: int, past: bytes) -> None: ...
    def keep_still(self, endpoint: int, at: int, reason: str, jpeg: bytes, expires_at: int) -> bool: ...
    def expire_stills(self, now: int) -> int: ...


class Order(Protocol):
    """What people have said of a camera's pictures: ``registry.eyes.Order``."""

    @property
    def ignored(self) -> bytes: ...
    @property
    def private(self) -> bytes: ...
    @property
    def weights(self) -> bytes: ...
    @property
    def relearned(self) -> int: ...


class Reader(Protocol):
    """What the register knows, read in a thread."""

    def orders(self) -> Mapping[int, Order]: ...
    def lessons(self, endpoints: Sequence[int]) -> list[Lesson]: ...


class Exclusively(Protocol):
    """Runs work in the writer thread, between two commits."""

    async def __call__(self, work: Callable[[], object], /) -> None: ...


class Prober(Protocol):
    """Sends to one prober and waits until it keeps up: ``Supervisor.teach``."""

    async def __call__(self, worker: str, message: Message, /) -> bool: ...


class Teaching:
    """``run`` it; ``watched`` and ``heard`` come from the supervisor; ``look_again`` when the register has changed.

    ``explained``, asked in the writer thread: whether weather explains the fault, so that it is none to be shown.
    """

    def __init__(
        self,
        book: Book,
        reader: Reader,
        exclusively: Exclusively,
        teach: Prober,
        home_of: Callable[[int], str],
        clock: Clock,
        keep_s: float,
        explained: Callable[[int, str], bool] = lambda _endpoint, _reason: False,
    ) -> None:
        self._explained = explained
        self._book, self._reader, self._exclusively = book, reader, exclusively
        self._teach, self._home_of, self._clock = teach, home_of, clock
        self._keep_us = round(keep_s * 1e6)
        self._owed: deque[tuple[str, list[int]]] = deque()
        self._waiting: deque[Learned | Still] = deque(maxlen=MOST_WAITING)
        self._orders: dict[int, Order] = {}
        self._work = asyncio.Event()
        self._changed = False
        self._expired_at = clock.monotonic() - EXPIRE_S
        self.kept = 0
        self.dropped = 0

    def watched(self, worker: str, endpoints: Sequence[int]) -> None:
        """A prober watches these from now on."""
        self._owed += [(worker, list(endpoints[at : at + PART])) for at in range(0, len(endpoints), PART)]
        self._work.set()

    def heard(self, told: Learned | Still) -> None:
        """A prober brings what is to be kept."""
        self.dropped += len(self._waiting) == MOST_WAITING
        self._waiting.append(told)
        self._work.set()

    def look_again(self) -> None:
        """Masks or 误报 may have changed."""
        self._changed = True
        self._work.set()

    async def run(self) -> None:
        """Teach and keep, for ever."""
        while True:
            try:
                async with asyncio.timeout(EXPIRE_S):
                    await self._work.wait()
            except TimeoutError:
                pass
            self._work.clear()
            try:
                await self.step()
            except EnvironmentFault as fault:
                _log.warning("teaching_failed", key=fault.key, zh=fault.text.zh, en=fault.text.en)

    async def step(self) -> None:
        """Everything that is owed now. EnvironmentFault: the register cannot be read or written now."""
        if self._changed:
            self._changed = False
            await self._reorder()
        while self._owed:
            worker, endpoints = self._owed.popleft()
            lessons = await asyncio.to_thread(self._reader.lessons, endpoints)
            if lessons:
                await self._teach(worker, Teach(tuple(lessons)))
        while self._waiting:
            told = self._waiting.popleft()
            await self._exclusively(lambda told=told: self._keep(told))  # type: ignore[misc]
        if self._clock.monotonic() - self._expired_at >= EXPIRE_S:
            self._expired_at = self._clock.monotonic()
            now = self._clock.wall_us()
            await self._exclusively(lambda: self._book.expire_stills(now))

    def _keep(self, told: Learned | Still) -> None:
        if isinstance(told, Learned):
            self._book.keep_past(told.endpoint, told.at, told.past)
        elif not self._explained(told.endpoint, told.reason):
            until = self._clock.wall_us() + self._keep_us
            self.kept += self._book.keep_still(told.endpoint, told.at, told.reason, told.jpeg, until)

    async def _reorder(self) -> None:
        """Tell whom it concerns what people have changed."""
        orders = dict(await asyncio.to_thread(self._reader.orders))
        changed = [e for e in orders.keys() | self._orders.keys() if orders.get(e) != self._orders.get(e)]
        lessons: dict[str, list[Lesson]] = {}
        for endpoint in changed:
            lesson = _lesson(endpoint, self._orders.get(endpoint), orders.get(endpoint))
            lessons.setdefault(self._home_of(endpoint), []).append(lesson)
        self._orders = orders
        for worker, some in lessons.items():
            for at in range(0, len(some), PART):
                await self._teach(worker, Teach(tuple(some[at : at + PART])))


def _lesson(endpoint: int, old: Order | None, new: Order | None) -> Lesson:
    forget = new is not None and new.relearned > (0 if old is None else old.relearned)
    if new is None:
        return Lesson(endpoint)
    return Lesson(endpoint, b"" if forget else None, new.ignored, new.private, new.weights)
