"""The hub's side of gentle logins: what the guard decides is stored first and sent then, never the other way round.

The guard is the rule, the book makes it survive, the line reaches the probers. A login that may be made is a row in the
register before the prober hears of it; standing permits of passwords that work cost nothing until they fail.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from camerahub.core.address import device_address
from camerahub.core.errors import EnvironmentFault
from camerahub.core.guard_rows import SECOND, Decision, Grant, Held, Key, Live
from camerahub.core.lending import LendingGuard, Loan, Slip, Told
from camerahub.core.messages import LoginEnded, Message, Permits, Withdraw
from camerahub.services.ports import Clock
from camerahub.services.steady import Steady
from camerahub.services.tasks import spawn

_log = structlog.get_logger()
TURN_S = 0.5
#: Logins are counted by standing this often, µs.
FIGURES_US = 5_000_000
#: Keys named in one message.
PART = 500
#: kind of endpoint -> the probe that shows whether its login works. A kind without one waits for other roads.
TRIALS: dict[str, str] = {"rtsp": "rtsp"}


class Book(Protocol):
    """The register as the guard needs it: ``registry.store.Store`` fits."""

    def guard_begin(self) -> tuple[list[Key], dict[str, int], bool]: ...
    def guard_enrol(self, wanted: Sequence[tuple[str, str, str]], now: int, /) -> list[Key]: ...
    def guard_write(self, keys: Sequence[Key], brake: dict[str, int], /) -> None: ...
    def guard_end(self) -> None: ...


class Line(Protocol):
    """The probers: ``services.supervisor.Supervisor`` fits. ``stats``: their latest figures by worker."""

    stats: dict[str, dict[str, float]]

    def home_of(self, endpoint: int) -> str: ...
    def tell(self, worker: str, messages: Iterable[Message]) -> bool: ...
    async def round(self, probe: str, endpoints: Iterable[int] | None = None) -> int: ...


class Use(NamedTuple):
    """One endpoint that is dialled with a credential; ``host`` the address it is dialled at."""

    endpoint: int
    host: str
    kind: str
    user: str
    version: str
    subnet: str = ""
    vendor: str = ""


@dataclass(slots=True)
class _Road:
    """Where a key is used: its prober, and the endpoint and probe of its trial (0 = none that can be tried)."""

    worker: str = ""
    endpoint: int = 0
    probe: str = ""


class Guarding:
    """``start`` it, ``enrol`` and ``follow`` the register, let ``run`` turn, tell it what probers say, ``aclose`` it.

    ``write``: runs work in the writer thread and waits for it (``Ingest.exclusively``).
    """

    def __init__(
        self,
        guard: LendingGuard,
        book: Book,
        write: Callable[[Callable[[], object]], Awaitable[None]],
        line: Line,
        clock: Clock,
    ) -> None:
        self.guard, self._book, self._write, self._line = guard, book, write, line
        self._steady = Steady(clock)
        self._numbers: dict[tuple[str, str], int] = {}
        self._roads: dict[int, _Road] = {}
        self._keys_of: dict[int, int] = {}  # endpoint -> key
        self._heard: dict[str, int] = {}
        self._logins: dict[str, float] = {}
        self._paused: frozenset[int] = frozenset()
        self._trials: set[asyncio.Task[None]] = set()
        self._turning = asyncio.Lock()
        self._news = asyncio.Event()
        self._fault = ""
        self._brake = guard.breaker.state
        self._stored_brake: dict[str, int] = {}
        self._awake = self._away = False
        self._figures: dict[str, int] = {}
        self._figures_at = 0

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Remember. EnvironmentFault when the register cannot be read or written."""
        found: list[tuple[list[Key], dict[str, int], bool]] = []
        await self._write(lambda: found.append(self._book.guard_begin()))
        keys, brake, clean = found[0]
        self.guard.breaker.restore(brake)
        self._brake = self.guard.breaker.state
        self.guard.load(keys, self._steady.now(), clean=clean)
        self._numbers = {(key.address, key.version): key.number for key in keys}
        self._awake = True
        if not clean:
            _log.warning("guard_unclean", doubted=len(self.guard.changed))

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TURN_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            await asyncio.shield(spawn(self.step(), "guard-turn"))

    async def aclose(self) -> None:
        """The probers have ended: store what they told, and whether they told everything."""
        async with self._turning:
            awake, self._awake = self._awake, False
            if awake and await self._store():
                await self._quietly(self._book.guard_end)

    # --- the register -----------------------------------------------------------------------------------------

    async def enrol(self, uses: Sequence[Use]) -> dict[int, int]:
        """Endpoint -> number of its key, for the assignments. New keys are stored before this returns."""
        names = {(device_address(use.host), use.version): use.user for use in uses}
        wanted = [
            (address, user, v) for (address, v), user in names.items() if (address, v) not in self._numbers
        ]
        if wanted:
            fresh: list[Key] = []
            now = self._steady.now()
            await self._write(lambda: fresh.extend(self._book.guard_enrol(wanted, now)))
            self.guard.watch(self.guard.live, now, fresh)
            self._numbers |= {(key.address, key.version): key.number for key in fresh}
        return {use.endpoint: self._numbers[device_address(use.host), use.version] for use in uses}

    def follow(self, uses: Sequence[Use]) -> None:
        """Exactly these are watched now: call it when the probers have been told of them."""
        live: dict[int, Live] = {}
        roads: dict[int, _Road] = {}
        self._keys_of = {}
        for use in uses:
            number = self._numbers[device_address(use.host), use.version]
            self._keys_of[use.endpoint] = number
            road = roads.setdefault(number, _Road(self._line.home_of(use.endpoint)))
            if not road.endpoint and use.kind in TRIALS:
                road.endpoint, road.probe = use.endpoint, TRIALS[use.kind]
                live[number] = Live(number, use.subnet, use.vendor)
        moved = [n for n, road in roads.items() if n in self._roads and self._roads[n].worker != road.worker]
        for number in moved:
            self._line.tell(self._roads[number].worker, [Withdraw((number,))])
        now = self._steady.now()
        self.guard.lost(moved, now)
        gone = {n: road for n, road in self._roads.items() if n not in roads and self.guard.is_out(n)}
        self._roads = gone | roads  # whose last word is still to come, from the prober that had it
        self.guard.watch(live.values(), now)
        self._pause(now)
        self._news.set()

    def pause(self, endpoints: Iterable[int]) -> None:
        """Exactly these endpoints are paused now."""
        self._paused = frozenset(endpoints)
        self._pause(self._steady.now())

    def _pause(self, now: int) -> None:
        """A key is paused when any endpoint of its is: a device is dialled wholly or not at all."""
        self.guard.pause({self._keys_of[e] for e in self._paused if e in self._keys_of}, now)

    # --- what probers say -------------------------------------------------------------------------------------

    def told(self, worker: str, said: LoginEnded) -> None:
        """A prober tells of a login."""
        self._heard[worker] = said.seq
        now = self._steady.now()
        if not self.guard.answer(said.key, said.permit, said.reason, said.sent, now):
            return
        key = self.guard.keys[said.key]
        if said.reason in ("auth", "locked"):
            _log.warning(
                "login_refused", address=key.address, user=key.user, reason=said.reason, state=key.state.name
            )
        self._news.set()

    # --- logins of somebody who is no prober ----------------------------------------------------------------------

    async def borrow(self, host: str, user: str, version: str) -> Grant | Held:
        """One login at ``host``, for a command that dials by itself: stored before this returns. ``give_back`` it."""
        number = (await self.enrol([Use(0, host, "", user, version)]))[0]
        async with self._turning:
            now = self._steady.now()
            lent = self.guard.lend_one(number, now)
            if isinstance(lent, Grant) and not await self._store():
                self.guard.answer(number, lent.permit, "", False, now)
                return Held("busy", "wait", now + SECOND)
            return lent

    def give_back(self, number: int, permit: int, reason: str, sent: bool) -> None:
        """What came of it, as ``Guard.answer``.

        Many devices keep ONVIF users apart from all others. So a refusal there is a bad time of the device, which may
        have counted it, but no proof against a password that a prober can try over RTSP: that one is only suspected.
        """
        if reason in ("auth", "locked") and self.guard.is_live(number):
            reason = "protocol"
        self.guard.answer(number, permit, reason, sent, self._steady.now())
        self._news.set()

    def abandon(self, numbers: Iterable[int]) -> None:
        """Who borrowed these has gone without a word."""
        self.guard.lost(numbers, self._steady.now())
        self._news.set()

    def ended(self, worker: str, reason: str) -> None:
        """A prober's life is over; ``reason`` "drained": it told everything."""
        mine = [number for number, road in self._roads.items() if road.worker == worker]
        self._heard.pop(worker, None)
        if reason == "drained":
            self.guard.left(mine)
            return
        self.guard.lost(mine, self._steady.now())
        self._news.set()

    def _count(self) -> None:
        """Logins that worked without a word of ours, by the counters of the probers; a new life counts from 0."""
        for worker, values in self._line.stats.items():
            logins, before = values.get("logins_total", 0.0), self._logins.get(worker, 0.0)
            self._logins[worker] = logins
            self.guard.heard(int(logins - before if logins >= before else logins), self._steady.now())

    # --- one turn ---------------------------------------------------------------------------------------------

    async def step(self) -> None:
        """What is due: decide, store, send."""
        async with self._turning:
            if not self._awake or self._away:
                return
            if (step := self._steady.stepped()) != 0:
                self.guard.shift(step)
            self._count()
            heard = dict(self._heard)
            if self.guard.changed and not await self._store():
                return  # nothing new is decided while the register does not take what was
            decision = self.guard.tick(self._steady.now())
            if not await self._store():
                self.guard.unsent(decision.grants, self._steady.now())
                decision.grants = []
            self._send(decision, heard)
            self._tell_brake()
            if self._steady.now() >= self._figures_at:
                self._figures = self.guard.counts()
                self._figures_at = self._steady.now() + FIGURES_US

    async def _store(self) -> bool:
        """What changed is in the register. False: not now; it stays to be stored."""
        keys = [copy.copy(key) for key in self.guard.take_changed()]
        brake = self.guard.breaker.export()
        if not keys and brake == self._stored_brake:
            return True
        if await self._quietly(lambda: self._book.guard_write(keys, brake)):
            self._stored_brake = brake
            return True
        self.guard.changed.update(key.number for key in keys)
        return False

    async def _quietly(self, work: Callable[[], object]) -> bool:
        try:
            await self._write(work)
        except EnvironmentFault as fault:
            if self._fault != fault.key:
                _log.error("guard_not_stored", key=fault.key, zh=fault.text.zh, en=fault.text.en)
            self._fault = fault.key
            return False
        self._fault = ""
        return True

    def _send(self, decision: Decision, heard: dict[str, int]) -> None:
        if decision.everything:
            for worker in {road.worker for road in self._roads.values()}:
                self._line.tell(worker, [Withdraw(None)])
        for worker, numbers in self._by_worker(decision.withdraw).items():
            self._line.tell(worker, [Withdraw(tuple(part)) for part in _parts(numbers)])
        grants = {grant.number: grant for grant in decision.grants}
        for worker, numbers in self._by_worker(grants).items():
            for part in _parts(numbers):
                self._permit(worker, [grants[number] for number in part], heard.get(worker, 0))

    def _by_worker(self, numbers: Iterable[int]) -> dict[str, list[int]]:
        shares: dict[str, list[int]] = {}
        for number in numbers:
            shares.setdefault(self._road(number).worker, []).append(number)
        return shares

    def _road(self, number: int) -> _Road:
        return self._roads.get(number) or _Road()

    def _permit(self, worker: str, grants: list[Grant], heard: int) -> None:
        standing = tuple(grant.number for grant in grants if not grant.permit)
        once = tuple((grant.number, grant.permit) for grant in grants if grant.permit)
        if not self._line.tell(worker, [Permits(heard, standing, once)]):
            self.guard.unsent(grants, self._steady.now())
            return
        for number, permit in once:
            task = spawn(self._try(worker, number, permit), "login-trial")
            self._trials.add(task)
            task.add_done_callback(self._trials.discard)

    async def _try(self, worker: str, number: int, permit: int) -> None:
        """Look now at one endpoint of the key; a permit that came to no use goes back."""
        road = self._road(number)
        await self._line.round(road.probe, [road.endpoint])
        if self.guard.keys[number].permit == permit and self._road(number).worker == worker:
            self._line.tell(worker, [Withdraw((number,))])

    def _tell_brake(self) -> None:
        brake = self.guard.breaker
        if brake.state is self._brake:
            return
        self._brake = brake.state
        _log.warning("login_breaker", state=brake.state.name.lower(), trips=brake.trips)

    # --- lent to a command of people --------------------------------------------------------------------------

    def stand_back(self, away: bool) -> None:
        """While ``away`` nothing is permitted: a command dials everybody."""
        self._away = away
        self._news.set()

    async def lend(self, use: Use | None = None) -> Loan:
        """Every login, or the one of ``use``, which a person asked for. What is lent is stored when this returns."""
        keys = self._keys_of if use is None else await self.enrol([use])
        async with self._turning:
            now = self._steady.now()
            slips = self.guard.lend(sorted(set(keys.values())), now, asked=use is not None)
            if not await self._store():
                self.guard.take_back(slips, {}, now)
                slips = [slip if slip.reason else Slip(slip.key, 0, "locked", "unwatched") for slip in slips]
            self._send(self.guard.ended(), dict(self._heard))
        rooms = {slip.group: self.guard.room(slip.group) for slip in slips if slip.group}
        return Loan({slip.key: slip for slip in slips}, dict(keys), rooms)

    async def take_back(self, loan: Loan, told: Sequence[Told] | None, passed: int) -> None:
        """What came of it; None: the command has died. ``passed``: logins under standing permits that worked."""
        async with self._turning:
            now, by_key = self._steady.now(), dict[int, list[Told]]()
            for one in told or ():
                by_key.setdefault(one.key, []).append(one)
            self.guard.heard(passed, now)
            if told is None:
                self._send(Decision(withdraw=[slip.key for slip in loan.lent if not slip.permit]), {})
                self.guard.lost([slip.key for slip in loan.lent], now)
            else:
                self.guard.take_back(loan.lent, by_key, now)
            await self._store()
            self._send(self.guard.ended(), dict(self._heard))
        self._news.set()

    # --- what people ask --------------------------------------------------------------------------------------

    def check(self, endpoints: Iterable[int] | None = None) -> None:
        """A person asks for a try of these (None: all) now."""
        chosen = self._keys_of.keys() if endpoints is None else set(endpoints) & self._keys_of.keys()
        self.guard.check(sorted({self._keys_of[endpoint] for endpoint in chosen}), self._steady.now())
        self._news.set()

    def busy(self, endpoints: Iterable[int] | None = None) -> int:
        """Keys of these endpoints (None: all) that are being tried, or wait only for their turn."""
        chosen = self._keys_of.keys() if endpoints is None else set(endpoints) & self._keys_of.keys()
        return self.guard.unfinished({self._keys_of[endpoint] for endpoint in chosen}, self._steady.now())

    def counts(self) -> dict[str, int]:
        """Logins by standing, as of a few seconds ago; any thread may ask."""
        return self._figures


def _parts(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + PART] for start in range(0, len(numbers), PART))
