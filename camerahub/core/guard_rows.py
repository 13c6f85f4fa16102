"""What is remembered of one login: the row of the guard that a restart brings back, and the numbers of its rule.

Times are int µs since 1970 UTC, 0 = never. A *bad* time is one at which the device may have counted a wrong login
against us: certain ones (it refused) and suspected ones (no answer after the credential went out, a prober or hub
that died before it told us). No numpy, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
#: Later than any time: nothing but a person, or another password, ends the wait.
NEVER: Final = 2**62


#: Reasons that a device tells only to whom it has let in (once its challenge was answered).
PASSED: Final = frozenset(
    ("ok", "transport", "not_found", "no_media", "no_keyframe", "undecodable", "encrypted", "codec_unsupported",
     "black", "no_signal")
)  # fmt: skip


class Login(IntEnum):
    """Standing of one guard key. HELD is derived (its group is not proven yet) and never stored."""

    UNTRIED = 0
    HELD = 1
    TRYING = 2
    PROVEN = 3
    REFUSED = 4
    LOCKED = 5


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """The rule. Seconds, counts, shares; see docs/guard.md for the why of each number.

    ``bad_most``: logins in any 24 h that a device may count against us, over all its credentials.
    """

    trial_devices: int = 5
    bad_most: int = 2
    suspect_pause_s: float = 2400.0
    wait_s: float = 60.0
    wait_most_s: float = 1800.0
    wait_jitter: float = 0.25
    busy_most: int = 6
    at_once: int = 32
    pace_per_s: float = 5.0
    verify_per_s: float = 50.0
    breaker_devices: int = 5
    breaker_share: float = 0.2
    breaker_window_s: float = 600.0
    breaker_pause_s: float = 1800.0
    breaker_pause_most_s: float = 14400.0
    breaker_proofs: int = 3


@dataclass(slots=True)
class Key:
    """One (device address, user, credential version): every protocol and channel of the address shares it.

    ``version``: keyed fingerprint of user and password. ``permit``: number of the login that was allowed and not yet
    told of, 0 = none. ``retries``: logins allowed after a refusal. ``waits``: answers in a row that meant "not now".
    ``asked_at``: when a person last asked for a try.
    """

    number: int
    address: str
    user: str
    version: str
    known_at: int
    state: Login = Login.UNTRIED
    permit: int = 0
    tried_at: int = 0
    proven_at: int = 0
    refused_at: int = 0
    refused_before: int = 0
    suspect_at: int = 0
    suspect_before: int = 0
    locked_until: int = 0
    waits: int = 0
    wait_until: int = 0
    retries: int = 0
    asked_at: int = 0
    tries: int = 0

    @property
    def bad(self) -> tuple[int, int, int, int]:
        """When the device may have counted a wrong login; 0 where it did not."""
        return (self.refused_at, self.refused_before, self.suspect_at, self.suspect_before)

    def refuse(self, now: int) -> None:
        """The device said no."""
        self.refused_before, self.refused_at = max(self.refused_before, self.refused_at), now

    def suspect(self, now: int) -> None:
        """A credential went out, or may have, and nobody knows what came of it."""
        if self.suspect_at != now:
            self.suspect_before, self.suspect_at = self.suspect_at, now

    def clear(self, now: int) -> None:
        """The device let us in: what was suspected was no refusal."""
        self.suspect_at = self.suspect_before = self.locked_until = 0
        self.waits = self.wait_until = self.retries = 0
        self.proven_at = now

    def settle(self) -> None:
        """The device asked for no password: it is no doubt any more, but what may have been counted stays counted."""
        self.refused_before = max(self.refused_before, self.suspect_at, self.suspect_before)
        self.waits = self.wait_until = self.suspect_at = self.suspect_before = 0

    def shift(self, step: int) -> None:
        """The wall clock jumped by ``step`` µs: every time moves with it."""
        for name in TIMES:
            if getattr(self, name):
                setattr(self, name, getattr(self, name) + step)


TIMES: Final = (
    "known_at", "tried_at", "proven_at", "refused_at", "refused_before", "suspect_at", "suspect_before",
    "locked_until", "wait_until", "asked_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Live:
    """A key that some endpoint of the register uses now; ``subnet`` and ``vendor`` spread the trial."""

    number: int
    subnet: str = ""
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    """A login is allowed: ``standing`` ones until the first answer that is no success, others once."""

    standing: bool


@dataclass(frozen=True, slots=True)
class Held:
    """No login before ``until``. ``reason`` as a probe reports it; ``cause`` one of CAUSES."""

    reason: str
    cause: str
    until: int


#: Why a login is held.
CAUSES: Final = (
    "unwatched", "paused", "breaker", "trying", "wait", "locked", "refused", "day", "second", "suspect", "trial",
    "group",
)  # fmt: skip
#: Those that follow from what the device itself has answered.
HELD_BY_DEVICE: Final = ("locked", "refused", "day", "second", "suspect")


@dataclass(frozen=True, slots=True)
class Grant:
    """To be stored, then told to the prober. ``permit`` 0: a standing one."""

    number: int
    permit: int


@dataclass(frozen=True, slots=True)
class Fix:
    """One line of the table of devices to fix; names and codes come from the register. ``group``: one of VERDICTS."""

    number: int
    address: str
    user: str
    state: Login
    since: int
    tries: int
    vendor: str
    group: str


#: What is known of a (user, password) group: nobody tried it, its trial goes on, it opens devices, none of its trial.
VERDICTS: Final = ("untried", "trial", "open", "failed")


@dataclass(slots=True)
class Decision:
    """What follows from a tick: keys whose permits end (``everything``: all of them), then permits to give."""

    grants: list[Grant] = field(default_factory=list)
    withdraw: list[int] = field(default_factory=list)
    everything: bool = False
