"""Where a command that dials gets the register's logins from, and where it tells what came of them.

From the hub, through its door, where one runs; else this process is the hub's guard for as long as it lasts. Either way
what is lent is stored before it is used, and a command that is killed leaves suspected logins behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from camerahub.app import use_of
from camerahub.cli.line import Line
from camerahub.core.guard_rows import GuardPolicy
from camerahub.core.lending import LendingGuard, Loan, Told
from camerahub.core.messages import Message
from camerahub.names import resolve
from camerahub.registry import guards, pauses
from camerahub.registry.store import Store
from camerahub.services.clock import SystemClock
from camerahub.services.guarding import Guarding

#: Logins told of in one line to the hub.
PART = 500
_ALONE = "alone"


class Lender(Protocol):
    """Ask once, tell once."""

    async def lend(self) -> Loan:
        """What may be used."""

    async def take_back(self, loan: Loan, told: Sequence[Told], passed: int) -> None:
        """What came of it."""


class FromHub:
    """``granted``: what the hub answered to the request that ``line`` began with."""

    def __init__(self, line: Line, granted: Mapping[str, object]) -> None:
        self._line, self._granted = line, granted

    async def lend(self) -> Loan:
        """It was lent with the first answer."""
        rows = self._granted
        return Loan.of_rows(rows["slips"], rows["keys"], rows["rooms"])  # type: ignore[arg-type]

    async def take_back(self, loan: Loan, told: Sequence[Told], passed: int) -> None:
        """The hub takes it as whole when the line ends with ``done``."""
        del loan
        for start in range(0, len(told), PART):
            self._line.ask(logins=told[start : start + PART])
        self._line.ask(passed=passed)


class _Nobody:
    """``services.guarding.Line`` without a prober."""

    def __init__(self) -> None:
        self.stats: dict[str, dict[str, float]] = {}

    def home_of(self, endpoint: int) -> str:
        """All logins are here."""
        del endpoint
        return _ALONE

    def tell(self, worker: str, messages: Iterable[Message]) -> bool:
        """There is nobody who could keep a permit."""
        del messages
        return worker == _ALONE

    async def round(self, probe: str, endpoints: Iterable[int] | None = None) -> int:
        """Nobody looks."""
        del probe, endpoints
        return 0


class Alone:
    """This process has the lock of the home. ``endpoint``: lend this one login to a person; None: all, to a sweep."""

    def __init__(self, store: Store, policy: GuardPolicy, endpoint: int | None = None) -> None:
        async def write(work: Callable[[], object]) -> None:
            work()  # one thread, and it is the writer

        self._store, self._endpoint = store, endpoint
        self._guarding = Guarding(LendingGuard(policy), store, write, _Nobody(), SystemClock())

    async def lend(self) -> Loan:
        """As a hub that has just started."""
        await self._guarding.start()
        rows = guards.login_rows(self._store.engine, self._endpoint)
        hosts = await resolve({row.host for row in rows})
        uses = [use_of(row, hosts[row.host]) for row in rows]
        if self._endpoint is not None:
            return await self._guarding.lend(uses[0]) if uses else Loan()
        await self._guarding.enrol(uses)
        self._guarding.follow(uses)
        self._guarding.pause(pauses.paused(self._store.engine))
        return await self._guarding.lend()

    async def take_back(self, loan: Loan, told: Sequence[Told], passed: int) -> None:
        """And end in order: nothing is in doubt."""
        await self._guarding.take_back(loan, told, passed)
        await self._guarding.aclose()
