"""Logins that the guard lends to a command of people for one round: what it may use, and what it brings back.

What is lent stands in the register as any permit does, so a command that is killed leaves suspected logins, never
forgotten ones. Until they are back nobody else logs in at these devices. Pure; ``cli.gentle`` is the one that borrows.
``now``: µs since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from camerahub.core.breaker import Brake
from camerahub.core.guard import Guard
from camerahub.core.guard_parts import Place
from camerahub.core.guard_rows import DAY, HELD_BY_DEVICE, NEVER, Decision, Grant, Held, Permit


class Slip(NamedTuple):
    """One key. ``reason`` "": it may be used, else the reason and ``cause`` that hold it ``until`` (µs UTC).

    ``permit`` 0: the password works, any number of logins until the first bad answer; else one login, and more once
    that was let in. ``group``: version of the password that is still on trial, "" = none. ``worked``: it was right
    when the device last said anything of it. ``careful``: the device did not answer last time, so it is asked without
    the password first.
    """

    key: int
    permit: int = 0
    reason: str = ""
    cause: str = ""
    until: int = 0
    group: str = ""
    worked: bool = False
    careful: bool = False


class Told(NamedTuple):
    """What came of a login: as ``LoginEnded`` says it. Of one key in the order it happened."""

    key: int
    reason: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Loan:
    """``slips`` by key, ``keys`` endpoint -> key, ``rooms`` version -> devices its trial may still be refused at."""

    slips: dict[int, Slip] = field(default_factory=dict)
    keys: dict[int, int] = field(default_factory=dict)
    rooms: dict[str, int] = field(default_factory=dict)

    @property
    def lent(self) -> list[Slip]:
        """Those that may be used."""
        return [slip for slip in self.slips.values() if not slip.reason]

    def rows(self) -> dict[str, object]:
        """As JSON takes it."""
        return {"slips": list(self.slips.values()), "keys": list(self.keys.items()), "rooms": self.rooms}

    @classmethod
    def of_rows(
        cls, slips: Iterable[Iterable[object]], keys: Iterable[tuple[int, int]], rooms: dict[str, int]
    ) -> Loan:
        """What ``rows`` said. TypeError when it is none."""
        found = [Slip(*slip) for slip in slips]  # type: ignore[arg-type]
        return cls({slip.key: slip for slip in found}, dict(keys), rooms)


class LendingGuard(Guard):
    """The guard of a hub, which can also lend."""

    def lend(self, numbers: Iterable[int], now: int, *, asked: bool = False) -> list[Slip]:
        """Leave these keys to a command until ``take_back``: store what changed first, then tell it. The trial of a
        group is then the command's business.

        ``asked``: a person names one device, and only what the device itself said holds it. KeyError for a stranger.
        """
        chosen = [(n, self._when_asked(n, now) if asked else self._in_a_round(n, now)) for n in numbers]
        return [self._slip(number, allowed, now, asked) for number, allowed in chosen]

    def lend_one(self, number: int, now: int) -> Grant | Held:
        """One login now for somebody who is no prober; ``answer`` or ``lost`` must follow. KeyError for a stranger.

        A key that no prober tries (a camera known by its ONVIF address only) takes its turn in the trial of its group
        here: one device at a time, five at most, until one lets us in.
        """
        key = self.keys[number]
        place = self._places[key.address]
        allowed = (
            self._place_allows(key, place, now)
            or self._beside_probers(place, now)
            or self._key_allows(key, place, now)
        )
        if isinstance(allowed, Held) and allowed.cause == "trial" and number not in self._live:
            known = self._groups[key.version].known
            refused = sum(self.keys[other].refused_at > 0 for other in known)
            if refused >= self.policy.trial_devices:
                return Held("locked", "group", NEVER)
            if any(other in self._flying for other in known):
                return Held("locked", "trying", NEVER)
        elif isinstance(allowed, Held):
            return allowed
        self._stop_device(key)
        return self._grant(number, now)

    def _beside_probers(self, place: Place, now: int) -> Held | None:
        """The gate of a prober lets nothing follow a bad answer, but it cannot see who dials beside it. Where it may
        just use a standing permit, there must be room for two bad answers."""
        told = any(n in self._ending or (n in self._standing and n not in self._fit) for n in place.numbers)
        bad = self._bad(place, now)
        if told and bad and len(bad) + 1 >= self.policy.bad_most:
            return Held("locked", "second", bad[-1] + DAY)
        return None

    def _in_a_round(self, number: int, now: int) -> Permit | Held:
        if self.breaker.state is not Brake.CLOSED:
            return Held("locked", "breaker", NEVER)
        allowed = self.may_login(number, now)
        if not isinstance(allowed, Held) or allowed.cause not in ("trial", "wait"):
            return allowed
        key = self.keys[number]
        place = self._places[key.address]
        if allowed.cause == "wait" and not self._bad(
            place, now
        ):  # it was dead or full, and no password was wrong
            allowed = self._key_allows(key, place, now)
        failed = isinstance(allowed, Held) and allowed.cause != "trial"
        return allowed if failed else Permit(standing=False)

    def _when_asked(self, number: int, now: int) -> Permit | Held:
        key = self.keys[number]
        place = self._places[key.address]
        if place.trying:
            return Held("locked", "trying", NEVER)
        bad = self._bad(place, now)
        if len(bad) >= self.policy.bad_most:
            return Held("locked", "day", bad[-self.policy.bad_most] + DAY)
        for said in (
            self._device_allows(place, now),
            self._beside_probers(place, now),
            self._key_allows(key, place, now),
        ):
            if isinstance(said, Held) and said.cause in HELD_BY_DEVICE:
                return said
        return Permit(standing=False)

    def _slip(self, number: int, allowed: Permit | Held, now: int, asked: bool) -> Slip:
        if isinstance(allowed, Held):
            return Slip(number, 0, allowed.reason, allowed.cause, allowed.until)
        key = self.keys[number]
        careful = any(self.keys[n].wait_until > now for n in self._places[key.address].numbers)
        worked = key.proven_at > key.refused_at
        group = "" if worked or self._groups[key.version].opened else key.version
        if asked:  # while this one is under way the device has no other
            self._stop_device(key)
        permit = 0 if allowed.standing else self._grant(number, now).permit
        return Slip(number, permit, group=group, worked=worked, careful=careful)

    def ended(self) -> Decision:
        """The permits that have ended since the last tick; nothing is granted."""
        decision, self._decision = self._decision, Decision()
        return decision

    def room(self, version: str) -> int:
        """How many devices may still refuse this password before its trial has failed."""
        group = self._groups[version]
        return min(self.policy.trial_devices, len(group.members)) - len(group.refused)

    def take_back(self, slips: Iterable[Slip], told: Mapping[int, list[Told]], now: int) -> None:
        """The command has ended; a key without a word was not used. (Those of one that died are ``lost`` instead.)"""
        back = [self.keys[slip.key] for slip in slips if not slip.reason and self._returned(slip, told)]
        for key in back:
            for one in told.get(key.number, ()):
                self._judge(key, one.reason, one.sent, now)
            key.state = self._rest(key)
            self.changed.add(key.number)
        for key in back:
            self._reconsider(key, now)

    def _returned(self, slip: Slip, told: Mapping[int, list[Told]]) -> bool:
        """Whether there is anything to do: a standing permit without a word is as it was."""
        key = self.keys[slip.key]
        if not slip.permit:
            return slip.key in told
        if key.permit != slip.permit:
            return False
        self._flying.discard(slip.key)
        self._places[key.address].trying = key.permit = 0
        if slip.key not in told:
            self._undo(key)
        return True
