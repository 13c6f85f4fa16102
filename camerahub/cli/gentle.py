"""Logins of a command that dials many: one at a device at a time, none where one was refused, trials before many.

Stands between a round and its prober. What the guard lent (``core.lending``) says which logins there are; targets of a
file have none, and of the rule only that nothing is shown again where it was refused. Whose login is held is asked
without a password: dead and open cameras need none. Whom nobody may dial is answered for here. It knows no socket and
stores nothing; ``told`` is what goes back to the guard.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, Protocol

from camerahub.core.breaker import Breaker
from camerahub.core.guard_rows import PASSED, GuardPolicy
from camerahub.core.lending import Loan, Slip, Told
from camerahub.core.result import PROBE_KINDS, REASONS, UNSENT, ProbeResult, Target
from camerahub.services.clock import SystemClock
from camerahub.services.gate import credential_went_out

Done = Callable[[ProbeResult], None]
#: A password that never worked is shown to a device that says "full" so many times in one round.
MOST_BUSY = 3
_DEAD = frozenset({"timeout", "unreachable"})
_REFUSALS = frozenset({"auth", "locked"})


class Dialler(Protocol):
    """``probes.table.Prober`` fits."""

    def start(self, target: Target, probe: str, deadline_s: float, done: Done) -> None:
        """One attempt; ``done`` once, never from within."""


def told_of(key: int, result: ProbeResult) -> Told:
    """What the guard must know of a login; "" = the password was not used and nothing was proven."""
    sent, reason = credential_went_out(result), result.reason
    if result.stage >= 3 and reason not in (*_REFUSALS, "busy"):
        reason = "ok"  # it was let in, whatever came after
    return Told(key, reason if sent or reason in PASSED else "", sent)


@dataclass(slots=True)
class _Device:
    """Where one login at a time is under way. ``closed``: why there is none any more; ``shown``: the keys, and the
    ports they were shown at, that this is known of."""

    closed: str = ""
    shown: set[tuple[int, int]] = field(default_factory=set)
    trying: bool = False
    dead: bool = False
    waiting: deque[_Wish] = field(default_factory=deque)


@dataclass(slots=True)
class _Key:
    slip: Slip
    sure: bool
    busy: int = 0
    flying: int = 0
    let_in: bool = False
    told: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class _Trial:
    """A password that never worked: shown to no more devices at once than may refuse it."""

    room: int
    flying: int = 0
    opened: bool = False
    waiting: deque[_Wish] = field(default_factory=deque)


class _Wish(NamedTuple):
    target: Target
    probe: str
    deadline_s: float
    done: Done
    key: _Key
    device: _Device
    bare: ProbeResult | None = None  # what it said without the password


class Gentle:
    """A ``Dialler`` that obeys. ``never``: endpoint -> reason why it is not dialled at all."""

    def __init__(
        self,
        dialler: Dialler,
        loan: Loan | None,
        never: Mapping[int, str] | None = None,
        policy: GuardPolicy | None = None,
    ) -> None:
        """``loan`` None: the targets are the user's own."""
        self._dialler, self._loan, self._never = dialler, loan, never or {}
        self._loop = asyncio.get_running_loop()
        self._clock = SystemClock()
        self._breaker = Breaker(policy or GuardPolicy())
        self._braked = self._stopped = False
        self._devices: dict[Hashable, _Device] = {}
        self._keys: dict[Hashable, _Key] = {}
        self._trials = {version: _Trial(room) for version, room in (loan.rooms if loan else {}).items()}
        #: Logins with passwords that had worked before, and did.
        self.passed = 0

    def start(self, target: Target, probe: str, deadline_s: float, done: Done) -> None:
        """As a prober's; what may not be dialled is answered for soon."""
        if (reason := self._never.get(target.endpoint)) is not None:
            self._answer(target, probe, done, reason)
        elif not PROBE_KINDS[probe].login or not (target.username or target.password) or not target.host:
            self._dialler.start(target, probe, deadline_s, done)
        else:
            key, device = self._place(target)
            wish = _Wish(target, probe, deadline_s, done, key, device)
            if key.slip.cause == "paused":
                self._answer(target, probe, done, "paused")
            elif device.closed and (key.slip.key, target.port) in device.shown:
                self._answer(target, probe, done, device.closed)
            elif self._held(wish) or device.dead or self._unsure(key):
                self._ask_without(wish)
            else:
                self._log_in(wish)

    def stop(self) -> None:
        """No further login: what waits for its turn ends without a result."""
        self._stopped = True

    def told(self) -> list[Told]:
        """What came of the logins; of one still under way nobody will hear."""
        for key in self._keys.values():
            if key.flying:
                key.told.append(Told(key.slip.key, "timeout", sent=True))
                key.flying = 0
        return [one for key in self._keys.values() for one in key.told]

    # -- who and where

    def _place(self, target: Target) -> tuple[_Key, _Device]:
        if self._loan is None:
            # the very same login: another password of the user's own is his to show
            name: Hashable = (target.host, target.port, target.username, target.password)
            device = self._devices.setdefault(name, _Device())
            return self._keys.setdefault(name, _Key(Slip(0), sure=False)), device
        number = self._loan.keys.get(target.endpoint, 0)
        if (key := self._keys.get(number)) is None:
            slip = self._loan.slips.get(number) or Slip(number, 0, "locked")
            key = self._keys[number] = _Key(slip, sure=not slip.permit)
        return key, self._devices.setdefault(target.host, _Device())

    def _held(self, wish: _Wish) -> str:
        """Why this login may not be; "" when it may."""
        trial = self._on_trial(wish.key)
        failed = trial is not None and trial.room <= 0 and not trial.flying
        stopped = "locked" if self._braked or failed or wish.key.slip.reason else ""
        return wish.device.closed or stopped

    def _unsure(self, key: _Key) -> bool:
        """Whether the device is asked without the password first, which may show that none need be shown."""
        return self._on_trial(key) is not None or (key.slip.careful and not key.let_in)

    def _on_trial(self, key: _Key) -> _Trial | None:
        trial = self._trials.get(key.slip.group) if key.slip.group else None
        return trial if trial is not None and not trial.opened and not key.let_in else None

    def _answer(self, target: Target, probe: str, done: Done, reason: str) -> None:
        outcome = REASONS[reason].outcome
        result = ProbeResult(
            target.endpoint, probe, outcome, reason, 0, self._clock.wall_us(), 0.0, flags=UNSENT
        )
        self._loop.call_soon(done, result)

    # -- dialling

    def _ask_without(self, wish: _Wish) -> None:
        """Who is dead, or asks nobody for a password, need not be shown one."""
        bare = replace(wish.target, username="", password="")
        self._dialler.start(bare, wish.probe, wish.deadline_s, partial(self._answered, wish))

    def _answered(self, wish: _Wish, result: ProbeResult) -> None:
        wish.device.dead = result.stage == 0 and result.reason in _DEAD
        if result.reason != "auth":
            wish.done(result)
        else:
            self._log_in(wish._replace(bare=result))

    def _log_in(self, wish: _Wish) -> None:
        """Now, or when the device is free and the trial has room."""
        if self._stopped:
            return
        if (held := self._held(wish)) != "":
            if wish.bare is None:
                self._ask_without(wish)
            else:
                wish.done(wish.bare._replace(reason=held, outcome=REASONS[held].outcome))
            return
        trial = self._on_trial(wish.key)
        if wish.device.trying:
            wish.device.waiting.append(wish)
        elif trial is not None and trial.room <= 0:
            trial.waiting.append(wish)
        else:
            if trial is not None:
                trial.room, trial.flying = trial.room - 1, trial.flying + 1
            wish.device.trying = True
            wish.key.flying += 1
            self._dialler.start(wish.target, wish.probe, wish.deadline_s, partial(self._ended, wish, trial))

    def _ended(self, wish: _Wish, trial: _Trial | None, result: ProbeResult) -> None:
        key, device = wish.key, wish.device
        key.flying, device.trying = key.flying - 1, False
        device.dead = result.stage == 0 and result.reason in _DEAD
        _, reason, sent = told_of(0, result)
        self._judge(wish, reason, sent)
        if trial is not None:
            trial.flying -= 1
            trial.room += not sent or reason in PASSED or reason == "busy"
            trial.opened |= sent and reason in PASSED
        wish.done(result)
        self._go_on(device.waiting)
        if trial is not None:
            self._go_on(trial.waiting)

    def _go_on(self, waiting: deque[_Wish]) -> None:
        """Each again: one that must wait on stands in line again."""
        for wish in [waiting.popleft() for _ in range(len(waiting))]:
            self._log_in(wish)

    # -- what it means

    def _judge(self, wish: _Wish, reason: str, sent: bool) -> None:
        key = wish.key
        if reason in PASSED:
            self._let_in(key, reason, sent)
        elif reason == "busy" and sent:
            self._full(wish)
        elif sent and (self._loan is not None or reason in _REFUSALS):
            key.told.append(Told(key.slip.key, reason, sent))
            self._close(wish, "locked")
            worked = key.slip.worked or key.let_in
            self._braked |= worked and self._breaker.refused(wish.target.host, self._clock.wall_us())

    def _let_in(self, key: _Key, reason: str, sent: bool) -> None:
        if key.slip.worked and sent:
            self.passed += not key.slip.permit or key.let_in
            self._breaker.passed(1, self._clock.wall_us())
        if key.slip.permit and not key.let_in and (sent or not key.told):
            key.told.append(Told(key.slip.key, reason, sent))
        key.let_in |= sent
        key.sure |= sent

    def _close(self, wish: _Wish, reason: str) -> None:
        wish.device.closed = reason
        wish.device.shown.add((wish.key.slip.key, wish.target.port))

    def _full(self, wish: _Wish) -> None:
        """It may be full, or the channel empty, or this its way to refuse. No worry of one that works."""
        key = wish.key
        if key.sure or self._loan is None:
            return
        key.busy += 1
        if key.busy == 1:
            key.told.append(Told(key.slip.key, "busy", sent=True))
        if key.busy >= MOST_BUSY:
            self._close(wish, "busy")
