"""The fleet-wide brake: passwords that were right yesterday are refused on many devices at once.

Then it is not the passwords: somebody changed them all, a platform fails, or the fault is ours. All logins stop before
devices lock their owners out; liveness needs none and goes on. Only refusals of credentials that have worked count.
Pure: takes ``now`` (µs UTC).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from camerahub.core.guard_rows import SECOND, GuardPolicy

_BUCKET = 60 * SECOND


class Brake(IntEnum):
    """CLOSED: logins go on. OPEN: none until ``until``. HALF: one at a time, to see."""

    CLOSED = 0
    OPEN = 1
    HALF = 2


@dataclass(slots=True)
class Breaker:
    """``trips``: openings in a row, which double the pause. ``proofs``: successes since it is half open."""

    policy: GuardPolicy
    state: Brake = Brake.CLOSED
    opened_at: int = 0
    until: int = 0
    trips: int = 0
    proofs: int = 0
    _refused: dict[str, int] = field(default_factory=dict)  # device -> when
    _passed: dict[int, int] = field(default_factory=dict)  # minute -> logins

    def passed(self, logins: int, now: int) -> None:
        """So many logins with proven credentials worked."""
        minute = now // _BUCKET
        self._passed[minute] = self._passed.get(minute, 0) + logins

    def proof(self) -> bool:
        """The one login of a half-open brake worked. Whether the brake is released by it."""
        if self.state is not Brake.HALF:
            return False
        self.proofs += 1
        if self.proofs < self.policy.breaker_proofs:
            return False
        self.state, self.trips, self.proofs = Brake.CLOSED, 0, 0
        self._refused.clear()
        return True

    def refused(self, address: str, now: int) -> bool:
        """A proven credential was refused at ``address``. Whether all logins must stop now."""
        self._forget(now)
        self._refused[address] = now
        if self.state is Brake.HALF:
            self._open(now)
            return True
        if self.state is Brake.OPEN or not self._too_many():
            return False
        self._open(now)
        return True

    def _too_many(self) -> bool:
        devices = len(self._refused)
        share = devices / (devices + sum(self._passed.values()))
        return devices >= self.policy.breaker_devices and share >= self.policy.breaker_share

    def _forget(self, now: int) -> None:
        since = now - round(self.policy.breaker_window_s * SECOND)
        self._refused = {address: at for address, at in self._refused.items() if at > since}
        self._passed = {minute: n for minute, n in self._passed.items() if (minute + 1) * _BUCKET > since}

    def _open(self, now: int) -> None:
        self.trips += 1
        pause = min(
            self.policy.breaker_pause_s * 2 ** min(self.trips - 1, 16), self.policy.breaker_pause_most_s
        )
        self.state, self.opened_at, self.until, self.proofs = (
            Brake.OPEN,
            now,
            now + round(pause * SECOND),
            0,
        )

    def tick(self, now: int) -> bool:
        """Whether the brake has just let go: half when its pause is over; wholly when nobody was left to show within
        another pause that logins work again (every password that worked is refused now, each held by itself)."""
        if self.state is Brake.OPEN and now >= self.until:
            self.state, self.proofs = Brake.HALF, 0
            return True
        if self.state is Brake.HALF and now >= self.until + round(self.policy.breaker_pause_s * SECOND):
            self.state, self.trips = Brake.CLOSED, 0
            self._refused.clear()
            return True
        return False

    def shift(self, step: int) -> None:
        """The wall clock jumped by ``step`` µs."""
        self.opened_at += step if self.opened_at else 0
        self.until += step if self.until else 0
        self._refused = {address: at + step for address, at in self._refused.items()}

    def export(self) -> dict[str, int]:
        """What a restart must know."""
        return {
            "state": int(self.state),
            "opened_at": self.opened_at,
            "until": self.until,
            "trips": self.trips,
        }

    def restore(self, brake: dict[str, int]) -> None:
        """Be as ``export`` said; {} = closed."""
        self.state = Brake(brake.get("state", 0))
        self.opened_at, self.until = brake.get("opened_at", 0), brake.get("until", 0)
        self.trips = brake.get("trips", 0)
