"""Devices that lock, a hub that may be killed at any moment, and the real guard and gate between them, in virtual time.

What is durable is a table of copies; whatever else the hub and its prober knew is gone when they are killed.
"""

from __future__ import annotations

import copy
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from camerahub.core.guard import Guard
from camerahub.core.guard_rows import DAY, SECOND, GuardPolicy, Key, Live
from camerahub.core.messages import Assignment, LoginEnded, Permits
from camerahub.core.result import REASONS, SENT, UNSENT, ProbeResult, Target
from camerahub.services.gate import Gate

START = 1_800_000_000 * SECOND
LOCK = 30 * 60 * SECOND
LOCKS_AFTER = 3


class Manner(Enum):
    """How a device behaves. RUDE hangs up on a wrong password; OPEN asks nobody for one."""

    FINE = 0
    RUDE = 1
    OPEN = 2
    OFF = 3


@dataclass
class Device:
    """Counts wrong logins over all its users, channels and protocols, forgets each after a day or at a right one, and
    locks for 30 min after three.

    ``refusals`` is stricter than the device: a right login ends only those of the same user and password that the hub
    never stored as refused (``unheard``: somebody changed the device's password and changed it back).
    """

    address: str
    password: str
    manner: Manner = Manner.FINE
    busy: Callable[[int], bool] = lambda _now: False
    wrong: list[int] = field(default_factory=list)
    locked_until: int = 0
    locks: int = 0
    refusals: list[int] = field(default_factory=list)
    unheard: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    talking: bool = False

    def login(self, endpoint: int, user: str, password: str, now: int) -> ProbeResult:
        """One DESCRIBE with one answer to one challenge."""
        assert not self.talking, "two logins at one device at once"
        self.talking = True
        reason, stage, flags = self._judge(user, password, now)
        return ProbeResult(
            endpoint,
            "rtsp",
            REASONS[reason].outcome,
            reason,
            stage,
            now,
            0.1,
            401 if stage == 2 else 0,
            flags,
        )

    def _judge(self, user: str, password: str, now: int) -> tuple[str, int, int]:
        if self.manner is Manner.OFF:
            return "timeout", 0, UNSENT
        if self.busy(now):
            return "busy", 2, UNSENT
        if self.manner is Manner.OPEN:
            return "ok", 3, UNSENT
        if password == self.password and now >= self.locked_until:
            self.wrong.clear()
            for at in self.unheard.pop((user, password), ()):
                self.refusals.remove(at)
            return "ok", 3, SENT
        self.refusals.append(now)
        self.unheard.setdefault((user, password), []).append(now)
        self.wrong = [at for at in self.wrong if at > now - DAY] + [now]
        if len(self.wrong) >= LOCKS_AFTER:
            self.locks, self.locked_until = self.locks + 1, now + LOCK
            self.wrong.clear()
        return ("reset" if self.manner is Manner.RUDE else "auth"), 2, SENT

    def worst_day(self) -> int:
        """Most refusals within any 24 h."""
        return max(
            (sum(at <= other < at + DAY for other in self.refusals) for at in self.refusals), default=0
        )


@dataclass(frozen=True)
class Login:
    """What the register says: endpoints of one device with one password."""

    address: str
    password: str
    endpoints: tuple[int, ...]
    user: str = "admin"
    subnet: str = ""
    vendor: str = ""

    @property
    def version(self) -> str:
        return f"{self.user}/{self.password}"


class World:
    """Register, devices, a hub and one prober. ``tell`` sends through lines that lose what is in them at a kill."""

    def __init__(self, devices: Iterable[Device], policy: GuardPolicy | None = None, seed: int = 0) -> None:
        self.devices = {device.address: device for device in devices}
        self.policy, self.seed = policy or GuardPolicy(), seed
        self.now = START
        self.random = Random(seed)
        self.register: dict[tuple[str, str], Login] = {}
        self.stored: dict[int, Key] = {}
        self.brake: dict[str, int] = {}
        self.clean = True
        self.paused: set[int] = set()
        self.flights: deque[tuple[Login, int, Device, ProbeResult]] = deque()
        self.begun = Counter[str]()
        self.start()

    # --- lives

    def start(self) -> None:
        """A hub starts on what is stored."""
        self.guard = Guard(self.policy, self.seed)
        self.guard.breaker.restore(self.brake)
        rows = [copy.copy(key) for _, key in sorted(self.stored.items())]
        self.guard.load(rows, self.now, clean=self.clean)
        self.clean = False
        self.start_prober()
        self.use(self.register.values())

    def start_prober(self) -> None:
        self.line: deque[LoginEnded] = deque()
        self.gate = Gate(self.line.append)
        self.heard = 0
        for _, _, device, _ in self.flights:
            device.talking = False
        self.flights.clear()

    def kill_hub(self) -> None:
        """kill -9, its prober with it."""
        self.start()

    def kill_prober(self) -> None:
        """kill -9; what it sent last is lost, too."""
        self.start_prober()
        self.guard.lost(list(self.guard.keys), self.now)
        self.store()

    def restart(self) -> None:
        """Ended in order: every login is told of."""
        self.land()
        self.gate.abandon()
        self.hear()
        self.guard.left(list(self.guard.keys))
        self.store()
        self.clean = True
        self.start()

    # --- the register

    def use(self, logins: Iterable[Login]) -> None:
        """Exactly these logins from now on."""
        self.register = {(one.address, one.version): one for one in logins}
        known = {(key.address, key.version): key for key in self.guard.keys.values()}
        fresh = []
        for address, version in self.register:
            if (address, version) not in known:
                user = self.register[address, version].user
                key = Key(len(self.stored) + 1, address, user, version, self.now)
                self.stored[key.number] = copy.copy(key)
                known[address, version] = key
                fresh.append(key)
        self.number = {name: known[name].number for name in self.register}
        self.by_number = {number: self.register[name] for name, number in self.number.items()}
        live = [
            Live(n, self.register[name].subnet, self.register[name].vendor) for name, n in self.number.items()
        ]
        self.guard.watch(live, self.now, fresh)

    # --- turns

    def store(self) -> None:
        for key in self.guard.take_changed():
            self.stored[key.number] = copy.copy(key)
            if key.refused_at > key.proven_at:
                password = key.version.partition("/")[2]
                self.devices[key.address].unheard.pop((key.user, password), None)
        self.brake = self.guard.breaker.export()

    def turn(self, *, die: str = "") -> None:
        """What came in, what is due, what goes out. ``die``: the hub is killed "decided", "stored" or "sent"."""
        self.hear()
        heard, decision = self.heard, self.guard.tick(self.now)
        if die != "decided":
            self.store()
        if die in ("decided", "stored"):
            self.kill_hub()
            return
        if decision.everything or decision.withdraw:
            self.gate.withdraw(None if decision.everything else decision.withdraw)
        standing = tuple(grant.number for grant in decision.grants if not grant.permit)
        once = tuple((grant.number, grant.permit) for grant in decision.grants if grant.permit)
        if standing or once:
            self.gate.permit(Permits(heard, standing, once))
        for number, _permit in once:
            login = self.by_number[number]
            if not self.begin(login, self.random.choice(login.endpoints)):
                self.gate.withdraw([number])
        if die == "sent":
            self.kill_hub()

    def hear(self) -> None:
        """What the prober sent."""
        while self.line:
            said = self.line.popleft()
            self.heard = said.seq
            self.guard.answer(said.key, said.permit, said.reason, said.sent, self.now)

    def begin(self, login: Login, endpoint: int) -> bool:
        """The fleet launches a login probe; whether the gate let it."""
        number = self.number[login.address, login.version]
        target = Target(endpoint, login.address, 554, "", login.user, login.password)
        if number in self.paused or self.gate.take(Assignment(target, key=number), "rtsp"):
            return False
        device = self.devices[login.address]
        self.begun[login.address] += 1
        self.flights.append(
            (login, number, device, device.login(endpoint, login.user, login.password, self.now))
        )
        return True

    def land(self) -> None:
        """Conversations end."""
        while self.flights:
            login, number, device, result = self.flights.popleft()
            device.talking = False
            self.gate.ended(number, login.address, result)

    def shift(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)
