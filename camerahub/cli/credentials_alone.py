"""`credentials check` without a hub: this process is guard, gate and prober for as long as it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from camerahub.app import Passwords, use_of
from camerahub.core.guard_rows import GuardPolicy
from camerahub.core.lending import LendingGuard
from camerahub.core.messages import Assignment, LoginEnded, Message, Permits, Withdraw
from camerahub.core.result import ProbeResult
from camerahub.names import resolve
from camerahub.plan import guard_policy, target_of
from camerahub.probes.table import Prober
from camerahub.registry import pauses, queries
from camerahub.registry.store import Store
from camerahub.services import loop
from camerahub.services.clock import SystemClock
from camerahub.services.gate import Gate
from camerahub.services.guarding import Guarding
from camerahub.telemetry.logs import set_up

if TYPE_CHECKING:
    from camerahub.cli.context import Context

DEADLINE_S = 5.0
TURN_S = 0.2
_ALONE = "alone"


class OneProber:
    """``services.guarding.Line``: a prober without a process of its own."""

    def __init__(self, told: Callable[[str, LoginEnded], None]) -> None:
        self.stats: dict[str, dict[str, float]] = {}
        self.watched: dict[int, Assignment] = {}
        self.gate = Gate(lambda said: told(_ALONE, said))
        self._prober = Prober(asyncio.get_running_loop())

    def home_of(self, endpoint: int) -> str:
        """Everything is here."""
        return _ALONE if endpoint in self.watched else ""

    def tell(self, worker: str, messages: Iterable[Message]) -> bool:
        """As a prober process obeys."""
        for message in messages:
            if isinstance(message, Permits):
                self.gate.permit(message)
            elif isinstance(message, Withdraw):
                self.gate.withdraw(message.keys)
        return worker == _ALONE

    async def round(self, probe: str, endpoints: Iterable[int] | None = None) -> int:
        """One look at each of these."""
        chosen = [self.watched[endpoint] for endpoint in endpoints or () if endpoint in self.watched]
        await asyncio.gather(*(self._look(assignment, probe) for assignment in chosen))
        return len(chosen)

    async def _look(self, assignment: Assignment, probe: str) -> None:
        if self.gate.take(assignment, probe):
            return
        landed: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
        self._prober.start(assignment.target, probe, DEADLINE_S, landed.set_result)
        self.gate.ended(assignment.key, assignment.target.host, await landed)

    async def aclose(self) -> None:
        """No login is under way any more."""
        self.gate.abandon()
        await self._prober.aclose()


def check_alone(
    context: Context, within: Callable[[Store], set[int] | None], waiting: Callable[[int], None]
) -> None:
    """Try the logins of the endpoints ``within`` names (None: all) as far as the rule allows now; returns when none
    is left."""
    set_up(level="error")  # stdout is for results
    home = context.home_folder()
    store = context.open_store(keys=True)
    try:
        with home.lock():
            wanted = within(store)
            policy = guard_policy(context.settings())
            loop.run(lambda: _check(store, policy, wanted, waiting))
    finally:
        store.close()


async def _check(
    store: Store, policy: GuardPolicy, wanted: set[int] | None, waiting: Callable[[int], None]
) -> None:
    async def write(work: Callable[[], object]) -> None:
        work()  # one thread, and it is the writer

    guarding: Guarding
    line = OneProber(lambda worker, said: guarding.told(worker, said))
    guarding = Guarding(LendingGuard(policy), store, write, line, SystemClock())
    await guarding.start()
    await _follow(store, guarding, line, wanted)
    guarding.check()
    try:
        while busy := guarding.busy():
            waiting(busy)
            await guarding.step()
            await asyncio.sleep(TURN_S)
    finally:
        await line.aclose()
        guarding.ended(_ALONE, "drained")
        await guarding.aclose()


async def _follow(store: Store, guarding: Guarding, line: OneProber, wanted: set[int] | None) -> None:
    passwords = Passwords(store)
    logins = {row.endpoint: row for row in passwords.open() if wanted is None or row.endpoint in wanted}
    hosts = await resolve({row.host for row in logins.values()})
    uses = [use_of(row, hosts[row.host]) for row in logins.values()]
    keys = await guarding.enrol(uses)
    for road in queries.targets(store.engine):
        if (row := logins.get(road.endpoint)) is not None and road.host in hosts:
            target = target_of(road, hosts[road.host], row.username, passwords[row])
            line.watched[road.endpoint] = Assignment(
                target, road.device_id, road.camera, key=keys[road.endpoint]
            )
    guarding.follow(uses)
    guarding.pause(pauses.paused(store.engine))
