"""One round over a list of targets: whom to dial next, and never one device twice at once.

It knows neither files nor how lines are printed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from camerahub.cli.gentle import Dialler
from camerahub.core.result import ProbeResult, Target

#: Starts in one go of the loop: answers of cameras dialled before are read in between.
BURST = 64
#: A port that nothing answers on has no session slots to take: its other channels may be dialled this many at once.
DEAD_SEATS = 8
_DEAD = frozenset({"timeout", "unreachable"})


class _Device:
    """Channels behind one host and port: one conversation at a time."""

    __slots__ = ("running", "seats", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[int] = deque()
        self.running = 0
        self.seats = 1


class Round:
    """Every target once, at most ``concurrency`` at a time; ``each`` gets every result as it comes."""

    def __init__(
        self,
        prober: Dialler,
        targets: list[Target],
        *,
        probe: str,
        deadline_s: float,
        concurrency: int,
        each: Callable[[ProbeResult], None],
        by_host: bool = False,
    ) -> None:
        """``by_host``: a device is an address, whatever the port; it counts logins over all of them."""
        self._prober = prober
        self._targets = targets
        self._probe = probe
        self._deadline_s = deadline_s
        self._concurrency = concurrency
        self._each = each
        self._by_host = by_host
        self._device_of: dict[int, _Device] = {}
        self._order: Iterator[int] = iter(self._arranged())
        self._active = 0
        self._left = len(targets)
        self._stopped = False
        self._refilling = False
        self._loop = asyncio.get_running_loop()
        self._finished, self._idle = asyncio.Event(), asyncio.Event()

    @property
    def left(self) -> int:
        """Targets without a result."""
        return self._left

    async def run(self) -> None:
        """Until every target has its result or ``stop`` was called."""
        if self._left:
            self._refill()
            await self._finished.wait()

    async def landed(self) -> None:
        """After ``stop``: until nothing that was begun is under way."""
        if self._active:
            await self._idle.wait()

    def stop(self) -> None:
        """Start no more and let ``run`` return; what is under way is left to the prober's ``aclose``. What it still
        answers by then counts, save that it was cut short."""
        self._stopped = True
        self._order = iter(())
        self._device_of.clear()
        self._finished.set()

    def _arranged(self) -> list[int]:
        """First targets of every device in the order given; the others wait behind them."""
        first: dict[tuple[str, int], int] = {}
        heads: list[int] = []
        for i, target in enumerate(self._targets):
            head = first.setdefault((target.host, 0 if self._by_host else target.port), i)
            if head == i or not target.host:
                heads.append(i)
                continue
            device = self._device_of.get(head)
            if device is None:
                device = self._device_of[head] = _Device()
                device.running = 1
            device.waiting.append(i)
            self._device_of[i] = device
        return heads

    def _start(self, i: int) -> None:
        self._active += 1
        self._prober.start(self._targets[i], self._probe, self._deadline_s, self._done)

    def _done(self, result: ProbeResult) -> None:
        self._active -= 1
        if self._stopped and not self._active:
            self._idle.set()
        if self._stopped and result.reason == "blind":
            return
        self._left -= 1
        self._each(result)
        device = self._device_of.get(result.endpoint)
        if device is not None:
            self._next_of(device, result)
        if self._left == 0:
            self._finished.set()
        elif not self._refilling and self._active < self._concurrency:
            following = next(self._order, None)
            if following is not None:
                self._start(following)

    def _next_of(self, device: _Device, result: ProbeResult) -> None:
        device.running -= 1
        dead = result.stage == 0 and result.reason in _DEAD
        device.seats = min(DEAD_SEATS, device.seats * 2) if dead else 1
        while device.waiting and device.running < device.seats:
            device.running += 1
            self._start(device.waiting.popleft())

    def _refill(self) -> None:
        """The opening: up to ``concurrency`` starts, a few at a time."""
        self._refilling = False
        for _ in range(min(BURST, self._concurrency - self._active)):
            following = next(self._order, None)
            if following is None:
                return
            self._start(following)
        if self._active < self._concurrency:
            self._refilling = True
            self._loop.call_soon(self._refill)
