"""A sweep keeps what it may believe: bad results only between two checks that its own process could see.

What is printed is what each dial met; what is stored moves states, so it obeys the rule of the probers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from camerahub.core.blindness import News, Ruling, Sight
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import ProbeResult, Target
from camerahub.core.uplinks import Uplink
from camerahub.services.clock import SystemClock
from camerahub.services.ports import Prober
from camerahub.services.references import SLACK_S, References
from camerahub.services.tasks import cancel, spawn

_TURN_S = 0.1
#: Nobody was asked, so nothing is learned of the line.
_NOT_DIALLED = frozenset({"paused", "locked"})


class Bracket:
    """``async with bracket.around(prober)`` dials between the checks; ``take`` each result, ``keep`` hears of them."""

    def __init__(
        self,
        uplinks: Iterable[Uplink],
        policy: FleetPolicy,
        targets: Sequence[Target],
        keep: Callable[[ProbeResult], None],
    ) -> None:
        self._uplinks, self._policy, self._targets, self._keep = tuple(uplinks), policy, targets, keep
        self._clock = SystemClock()
        self._eyes: References
        self._turning: asyncio.Task[None]
        self._told = asyncio.Event()
        self._error: BaseException | None = None

    def around(self, prober: Prober) -> Bracket:
        """Checks and cameras are dialled by the same prober."""
        self._eyes = References(prober, self._clock, self._policy, self)
        self._eyes.configure(self._uplinks)
        return self

    async def __aenter__(self) -> None:
        """Returns when every line that has references was checked once, whatever it said."""
        self._eyes.watch((target.host for target in self._targets), self._clock.monotonic())
        self._turning = spawn(self._turn(), "references", self.failed)
        await self._until(lambda: self._eyes.checked)
        if self._eyes.asked_total:
            await asyncio.sleep(2 * SLACK_S)  # so that what begins now has begun after it

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._eyes.hurry(self._clock.monotonic())
                await self._until(lambda: not self._eyes.held)
            self._eyes.give_up()
        finally:
            await cancel(self._turning)
        if self._error is not None:
            raise self._error

    async def _until(self, true: Callable[[], bool]) -> None:
        """Wait for two checks at most: after a miss nothing is held any more."""
        patience = 2 * (self._policy.reference_s + self._policy.reference_deadline_s)
        try:
            async with asyncio.timeout(patience):
                while not true() and self._error is None:
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            return

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(_TURN_S)
            self._eyes.turn(self._clock.monotonic())

    def take(self, result: ProbeResult) -> None:
        """One result of the sweep; ``endpoint`` is its place in the targets."""
        if not result.outcome and not self._eyes.wary:
            self._keep(result)
            return
        now, host = self._clock.monotonic(), self._targets[result.endpoint].host
        if result.reason in _NOT_DIALLED:
            self._keep(result)
            return
        ruling = self._eyes.rule(host, result, now)
        if ruling is Ruling.HOLD:
            self._eyes.hold(host, result, now)
        else:
            self._keep(self._eyes.doubt(result) if ruling is Ruling.BLIND else result)

    # --- services.references.Owner

    def settled(self, results: list[ProbeResult]) -> None:
        """These have waited long enough."""
        for result in results:
            self._keep(result)
        self._told.set()

    def sighted(self, uplink: str, news: News, seeing_again: Callable[[str], bool] | None) -> None:
        """Nobody is looked at twice in a sweep, so there is nothing to do."""
        del uplink, seeing_again
        if news.sight is not Sight.UNKNOWN:
            self._told.set()

    def failed(self, error: BaseException) -> None:
        """A bug: the sweep ends with it."""
        self._error = self._error or error
        self._told.set()
