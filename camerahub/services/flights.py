"""The words of the fleet: one dial, one step, what is counted, and when an outcome asks for a second look."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from camerahub.core.result import PROBE_KINDS, Outcome, ProbeResult, Signal, Stage, Target

TICKS_PER_S: Final = 10_000
_GOLDEN: Final = 0x9E3779B97F4A7C15
#: The probe of the slow grid.
PICTURE: Final = "picture"

#: What ``Fleet.stats`` and ``Worker`` count, in the words of a reader of metrics.
STATS: Final[dict[str, str]] = {
    "endpoints": "endpoints assigned",
    "paused": "endpoints paused",
    "seats": "conversations allowed at once",
    "seats_in_use": "conversations open now",
    "device_seats_in_use": "device seats taken",
    "subnet_seats_in_use": "subnet seats taken",
    "waiting_subnet": "due endpoints that wait for a seat of their subnet, a global seat or the dial budget",
    "waiting_device": "due endpoints that wait for another conversation with the same device or camera",
    "media_seats": "conversations about media allowed at once",
    "media_seats_in_use": "conversations about media open now",
    "pictures_late_s": "how long the oldest due picture has waited for a seat or bandwidth, seconds",
    "subnets_dark": "subnets that only time out",
    "dials_per_s": "dial budget",
    "due_lag_s": "largest delay between falling due and being dialled since the last report, seconds",
    "started_total": "dials begun",
    "finished_total": "dials ended",
    "confirmations_total": "second looks after a first contradiction",
    "no_seat_total": "endpoints that found no seat within their patience",
    "paused_total": "looks left out because paused",
    "logins_total": "logins under a standing permit that worked",
    "logins_held_total": "login probes not begun because the guard holds them",
    "permits": "logins that may be used now",
    "rounds_open": "rounds not yet finished",
    "unacked_batches": "batches sent and not yet committed",
    "unacked_batches_limit": "batches that may be under way before dialling holds",
    "held_total": "times dialling was held because batches were not taken",
    "results_held": "bad results that wait for the next check of their uplink",
    "results_doubted_total": "bad results not believed because the prober could not see",
    "references_asked_total": "checks of the references of an uplink",
    "uplinks_blind": "uplinks through which nothing is seen",
    "loop_lag_s": "largest lateness of the event loop since the last report, seconds",
    "cpu_s": "processor time used by this prober, seconds",
    "pictures_decoding": "pictures that wait for a decoder or are with one",
    "decoding_cpu_s": "processor time its decoders spent on pictures, seconds",
}


def place_of(endpoint: int, seed: int, width: int) -> int:
    """A fixed place in 0..width-1: multiples of the golden ratio lie evenly for ids in any order."""
    return int(((endpoint + seed) * _GOLDEN & (2**64 - 1)) / 2**64 * width)


def is_media(probe: str) -> bool:
    """Whether ``probe`` makes media flow: longer deadline, media seat, bandwidth."""
    return PROBE_KINDS[probe].stage >= Stage.L4


@dataclass(slots=True, eq=False)
class Flight:
    """One dial that was begun; handed back with its result. ``bare``: without the login, which the guard holds.

    ``echo``: what it met is also the answer to a picture that was due: who does not answer shows none.
    """

    slot: int
    target: Target
    probe: str
    rounds: tuple[int, ...] = ()
    dark: bool = False
    key: int = 0
    bare: bool = False
    echo: bool = False

    @property
    def snapshot_login(self) -> int:
        """A number for the login a snapshot in place of this look would use: the guard's, or one of the endpoint where
        it has none; 0 where no snapshot is to be had."""
        return (self.key or ~self.target.endpoint) if self.target.shot_url else 0

    def told(self, result: ProbeResult) -> ProbeResult:
        """``result`` as it counts: a camera that asks for the login we hold back has refused nobody."""
        if self.bare and result.reason == "auth":
            return result._replace(reason="locked", outcome=Outcome.UNKNOWN)
        return result


@dataclass(slots=True)
class Step:
    """What to do now. ``wake_at``: monotonic seconds of the next step, infinity = only when something happens."""

    starts: list[Flight] = field(default_factory=list)
    unseen: list[ProbeResult] = field(default_factory=list)
    wake_at: float = math.inf
    wall_us: int = 0


def remember(memory: int, signal: Signal, down_n: int) -> tuple[int, bool]:
    """What an endpoint's outcomes amount to, and whether to look a second time soon.

    ``memory`` 0: nothing against it; below ``down_n``: faults in a row; ``down_n``: down; above: down with one good
    answer. The first fault of one that is not down, and the first good answer of one that is, are confirmed.
    The rule is ``core.schedule.confirm`` for N of N, said again because that one needs numpy, which costs a prober
    half its memory; a test compares the two.
    """
    if signal is Signal.DOWN:
        new = down_n if memory >= down_n else memory + 1
        return new, memory == 0 and new < down_n
    if signal is Signal.UP:
        return (down_n + 1, True) if memory == down_n else (0, False)
    return memory, False
