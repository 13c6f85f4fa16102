"""Who lends `camerahub enrol` its logins, and takes its findings: the hub that runs, or this process in its place.

Either way the same guard decides, each login is stored before it is made, and the device's other keys wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from camerahub.app import Passwords, use_of
from camerahub.cli.line import Line, line_to_hub
from camerahub.core.guard_rows import Grant, GuardPolicy, Held
from camerahub.core.lending import LendingGuard
from camerahub.core.messages import Message
from camerahub.names import resolve
from camerahub.registry import pauses
from camerahub.registry.store import Store
from camerahub.services.clock import SystemClock
from camerahub.services.guarding import Guarding

if TYPE_CHECKING:
    from camerahub.home import Home

_ALONE = "alone"
#: The door takes lines of 64 KiB.
IN_ONE_LINE = 4000


class Desk(Protocol):
    """Lends one login at a time for each device; whoever got a number gives it back with what came of it."""

    async def borrow(self, host: str, user: str, version: str) -> int | Held:
        """The number of the login that may be made now, or what holds it."""

    async def give_back(self, number: int, reason: str, sent: bool) -> None:
        """How it ended, as ``Guarding.give_back``."""


class HubDesk:
    """The guard of the hub that runs, through its control door."""

    def __init__(self, line: Line) -> None:
        self._line, self._turn = line, asyncio.Lock()

    async def borrow(self, host: str, user: str, version: str) -> int | Held:
        """As ``Desk``."""
        answer = await self._ask(borrow=[host, user, version])
        if "held" in answer:
            return Held("locked", answer["held"], answer["until"])
        return int(answer["number"])

    async def give_back(self, number: int, reason: str, sent: bool) -> None:
        """As ``Desk``."""
        await self._ask(ended=[number, reason, sent])

    async def _ask(self, **said: object) -> dict[str, Any]:
        async with self._turn:
            return await asyncio.to_thread(lambda: self._line.ask(**said))


class OwnDesk:
    """A guard of our own, where no hub runs."""

    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding
        self._permits: dict[int, int] = {}

    async def borrow(self, host: str, user: str, version: str) -> int | Held:
        """As ``Desk``."""
        lent = await self._guarding.borrow(host, user, version)
        if isinstance(lent, Grant):
            self._permits[lent.number] = lent.permit
            return lent.number
        return lent

    async def give_back(self, number: int, reason: str, sent: bool) -> None:
        """As ``Desk``."""
        self._guarding.give_back(number, self._permits.pop(number), reason, sent)


class _NoLine:
    """``services.guarding.Line`` of a guard without probers."""

    stats: dict[str, dict[str, float]] = {}  # noqa: RUF012 - never filled

    def home_of(self, endpoint: int) -> str:
        """All of them are ours."""
        return _ALONE if endpoint else ""

    def tell(self, worker: str, messages: Iterable[Message]) -> bool:
        """Nobody is there to be told."""
        del worker, messages
        return False

    async def round(self, probe: str, endpoints: Iterable[int] | None = None) -> int:
        """Nobody looks."""
        del probe, endpoints
        return 0


@asynccontextmanager
async def own_desk(store: Store, policy: GuardPolicy) -> AsyncIterator[OwnDesk]:
    """The guard as stored, knowing which logins probers would use; it ends clean."""

    async def write(work: Callable[[], object]) -> None:
        work()  # one thread, and it is the writer

    guarding = Guarding(LendingGuard(policy), store, write, _NoLine(), SystemClock())
    await guarding.start()
    try:
        rows = Passwords(store).open()
        hosts = await resolve({row.host for row in rows})
        uses = [use_of(row, hosts[row.host]) for row in rows]
        await guarding.enrol(uses)
        guarding.follow(uses)
        guarding.pause(pauses.paused(store.engine))
        yield OwnDesk(guarding)
    finally:
        guarding.ended(_ALONE, "drained")
        await guarding.aclose()


@asynccontextmanager
async def hub_desk(home: Home) -> AsyncIterator[HubDesk]:
    """The hub's guard, for as long as this lasts."""
    with line_to_hub(home) as line:
        line.ask(do="logins")
        yield HubDesk(line)
        line.done()


@contextmanager
def left_alone(home: Home | None, endpoints: list[int]) -> Iterator[None]:
    """The hub of ``home`` (None: none runs) does not dial these for as long as this lasts."""
    with ExitStack() as stack:
        for start in range(0, len(endpoints) if home else 0, IN_ONE_LINE):
            if home is not None:
                line = stack.enter_context(line_to_hub(home))
                line.ask(do="camera", endpoints=endpoints[start : start + IN_ONE_LINE])
        yield


@contextmanager
def pen(home: Home | None) -> Iterator[None]:
    """The right to write: of the hub's writer, or (``home`` None) ours anyway."""
    if home is None:
        yield
        return
    with line_to_hub(home) as line:
        line.ask(do="pen")
        yield
        line.done()
