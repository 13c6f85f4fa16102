"""The guard's arm in a prober: no credential leaves without a permit of the hub, and the first bad answer ends it.

Knows nothing of rules and waits: the hub has stored every permit before it came here, and decides what comes next.
A standing permit costs a look-up per probe. No numpy, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from camerahub.core.guard_rows import PASSED
from camerahub.core.messages import Assignment, LoginEnded, Permits
from camerahub.core.result import PROBE_KINDS, SENT, UNSENT, ProbeResult

#: Probes that may send the credential of their target.
LOGIN_PROBES = frozenset(name for name, kind in PROBE_KINDS.items() if kind.login)
_REFUSALS = ("auth", "locked")
_STANDING = 0
#: Statuses that say "full" and nothing of the login (RFC 2326 section 11.3.6, RFC 2068 section 10.5.4). A 403 to a
#: right password may also be how a device says that it has locked us out.
_FULL = (453, 503)


class _Permit(NamedTuple):
    number: int  # 0 = standing
    heard: int


class _Flight(NamedTuple):
    key: int
    permit: int


def credential_went_out(result: ProbeResult) -> bool:
    """Whether the device has seen the password; told by the probe, else judged on the safe side."""
    if result.flags & (SENT | UNSENT):
        return bool(result.flags & SENT)
    return result.reason in _REFUSALS or result.status == 401 or result.stage >= 3


class Gate:
    """Permits of one prober. ``tell`` sends to the hub, in order with everything else that is sent there."""

    def __init__(self, tell: Callable[[LoginEnded], None]) -> None:
        self._tell = tell
        self._permits: dict[int, _Permit] = {}
        self._flying: dict[str, _Flight] = {}  # device address -> the login it has now
        self._closed: dict[str, int] = {}  # device address -> number of its last bad answer
        self._seq = 0
        #: Logins that worked under standing permits; login probes not begun.
        self.logins = self.held = 0

    def __repr__(self) -> str:
        return f"<Gate {len(self._permits)} permits | {len(self._flying)} logins>"

    @property
    def permits(self) -> int:
        """Keys that may log in now."""
        return len(self._permits)

    # --- the hub's side -----------------------------------------------------------------------------------------

    def permit(self, message: Permits) -> None:
        """These may log in from now on. A permit that was there already is replaced."""
        for key in message.standing:
            self._put(key, _Permit(_STANDING, message.heard))
        for key, number in message.once:
            self._put(key, _Permit(number, message.heard))

    def _put(self, key: int, permit: _Permit) -> None:
        self._drop(key)
        self._permits[key] = permit

    def withdraw(self, keys: Iterable[int] | None) -> None:
        """These (None: all) may not. Logins under way end by themselves and are told of."""
        for key in list(self._permits if keys is None else keys):
            self._drop(key)

    def _drop(self, key: int) -> None:
        permit = self._permits.pop(key, None)
        if permit is not None and permit.number:
            self._say(key, permit.number, "", sent=False)

    def _say(self, key: int, permit: int, reason: str, *, sent: bool) -> None:
        self._seq += 1
        self._tell(LoginEnded(self._seq, key, permit, reason, sent))

    # --- the fleet's side ---------------------------------------------------------------------------------------

    def take(self, assignment: Assignment, probe: str) -> str:
        """Empty: ``probe`` may begin, and ``ended`` must follow; else the reason why it may not."""
        target = assignment.target
        if probe not in LOGIN_PROBES or not (target.username or target.password):
            return ""
        permit = self._permits.get(assignment.key)
        if permit is None:
            self.held += 1
            return "locked"
        if target.host in self._flying:
            self.held += 1
            return "no_seat"
        if self._closed and permit.heard < self._closed.get(target.host, 0):
            self._drop(assignment.key)
            self.held += 1
            return "locked"
        if permit.number:
            del self._permits[assignment.key]
        self._flying[target.host] = _Flight(assignment.key, permit.number)
        return ""

    def ended(self, key: int, host: str, result: ProbeResult) -> None:
        """What ``take`` let begin has ended; nothing for a probe that needed no permit."""
        flight = self._flying.get(host)
        if flight is None or flight.key != key or result.probe not in LOGIN_PROBES:
            return
        del self._flying[host]
        reason = result.reason
        sent = credential_went_out(result) and not (reason == "busy" and result.status in _FULL)
        if result.stage >= 3 and reason not in (*_REFUSALS, "busy"):
            reason = "ok"  # it was let in, whatever came after
        if reason in PASSED:
            self._went_well(flight, reason, sent=sent)
        elif flight.permit or sent or reason in (*_REFUSALS, "busy"):
            self._went_badly(flight, host, reason, sent=sent)

    def _went_well(self, flight: _Flight, reason: str, *, sent: bool) -> None:
        if flight.permit:
            self._say(flight.key, flight.permit, reason, sent=sent)
        elif sent:
            self.logins += 1

    def _went_badly(self, flight: _Flight, host: str, reason: str, *, sent: bool) -> None:
        """No login at this device, with whatever key, until the hub has heard of this and says so again."""
        self._say(flight.key, flight.permit, reason, sent=sent)
        self._closed[host] = self._seq
        if not flight.permit:
            self._permits.pop(flight.key, None)

    def abandon(self) -> None:
        """The prober ends: logins still under way will have no answer, permits not used go back."""
        for flight in self._flying.values():
            self._say(flight.key, flight.permit, "timeout", sent=True)
        self._flying.clear()
        self.withdraw(None)
