"""What hub and prober say to each other, and how gently a fleet dials.

Words only: how they become bytes is known to ``bus.envelope``, what follows from them to the services. No numpy
here: a prober process imports this and stays small.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from camerahub.core.eyes import Lesson
from camerahub.core.result import Target
from camerahub.core.uplinks import Uplink


@dataclass(frozen=True, slots=True)
class FleetPolicy:
    """How often and how gently one prober dials. Seconds; ``jitter`` a share of the interval.

    ``dials_per_s`` 0 = twice the even pace of the endpoints assigned, 200 at least. ``dark_share``: what subnets that
    answer nothing may together hold of ``max_in_flight``. ``round_patience_s``: how long an endpoint asked for by a
    round waits for a seat before the round hears ``no_seat`` (a regular one waits one interval).
    ``reference_s``: between two checks that an uplink carries, each of ``reference_deadline_s`` at most.
    ``picture_interval_s`` 0 = no pictures; ``picture_confirm_s``: until the second look at one that went dark;
    ``picture_seats``: conversations about media at once; ``picture_share``: of the pictures whose key frame has the
    usual size, so many are decoded; ``still_bytes``: largest picture kept as evidence, 0 = none. ``snapshot_s``:
    until a snapshot is taken in place of a stream that says nothing of the picture, 0 = never; ``snapshot_basic`` 1: it
    may send its login by Basic in clear.
    """

    interval_s: float = 60.0
    jitter: float = 0.1
    deadline_s: float = 5.0
    confirm_s: float = 5.0
    max_in_flight: int = 1000
    dials_per_s: float = 0.0
    device_seats: int = 1
    subnet_seats: int = 32
    dark_share: float = 0.5
    round_patience_s: float = 60.0
    batch_size: int = 500
    batch_s: float = 0.25
    unacked_batches: int = 64
    down_n: int = 3
    seed: int = 0
    reference_s: float = 5.0
    reference_deadline_s: float = 2.0
    picture_interval_s: float = 0.0
    picture_deadline_s: float = 10.0
    picture_confirm_s: float = 60.0
    picture_seats: int = 64
    lit_down_n: int = 2
    picture_share: float = 1.0
    still_bytes: int = 0
    snapshot_s: float = 0.0
    snapshot_basic: int = 0


#: Longest texts of an assignment, in characters; ids are signed 64-bit.
MAX_URL, MAX_HOST, MAX_USER, MAX_PASSWORD, MAX_SUBNET = 4096, 255, 256, 256, 64


@dataclass(frozen=True, slots=True)
class Assignment:
    """One endpoint to be watched by one prober.

    ``device`` 0 = the address is the device; ``camera`` 0 = a camera of its own (no second endpoint);
    ``subnet`` "" = the /24 (IPv6: /64) of the address; ``key`` the guard's number of its login (address, user,
    version of the password; 0 = no login): another password is another key, so no permit outlives one.
    ValueError, without any of the texts, for one that is too long to travel: one bad row must not cost a prober.
    """

    target: Target
    device: int = 0
    camera: int = 0
    subnet: str = ""
    key: int = 0

    def __post_init__(self) -> None:
        t = self.target
        if (
            len(t.url) > MAX_URL
            or len(t.sub_url) > MAX_URL
            or len(t.shot_url) > MAX_URL
            or len(t.host) > MAX_HOST
            or len(t.username) > MAX_USER
            or len(t.password) > MAX_PASSWORD
            or len(self.subnet) > MAX_SUBNET
            or not 0 <= t.port <= 65535
        ):
            raise ValueError(f"endpoint {t.endpoint}: address, user or password too long, or no such port")


@dataclass(frozen=True, slots=True)
class Setup:
    """First word of the hub: who you are, what you probe with, and how gently."""

    worker: str
    probe: str
    policy: FleetPolicy


@dataclass(frozen=True, slots=True)
class Uplinks:
    """The lines to the cameras and their references; comes before the first ``Assign``."""

    uplinks: tuple[Uplink, ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """Watch these as well; those already watched are changed in place and keep their memory."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Teach:
    """What judging the pictures of these endpoints needs."""

    lessons: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True)
class Unassign:
    """Watch these no longer."""

    endpoints: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    """Every batch up to ``seq`` is committed."""

    seq: int


@dataclass(frozen=True, slots=True)
class Round:
    """Look now, with ``probe``, at ``endpoints`` (None: at all assigned); ``RoundDone`` follows the last result."""

    round: int
    probe: str
    endpoints: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop (or resume) dialling ``endpoints`` (None: everything). Paused ones answer ``unknown``/``paused``."""

    paused: bool
    endpoints: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Permits:
    """Logins that are allowed, stored before they were sent. ``standing``: keys that may log in until the first answer
    that is no success; ``once``: (key, number of the permit), one login each. ``heard``: number of the last
    ``LoginEnded`` of this prober that was known when this was decided; what it says of a device that has answered
    badly since is void.
    """

    heard: int
    standing: tuple[int, ...] = ()
    once: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The permits of ``keys`` (None: of all) end. One-login permits not yet used are told of as such."""

    keys: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Drain:
    """No new dials; finish or give up what is in flight, send what is left, say ``Bye``."""


@dataclass(frozen=True, slots=True)
class Results:
    """One batch. ``epoch`` names one life of the worker (µs UTC of its start), ``seq`` counts from 1 without holes.

    ``rows``: whole rows of ``core.batch.RESULT_DTYPE`` (``numpy.frombuffer(rows, RESULT_DTYPE)``).
    """

    worker: str
    epoch: int
    seq: int
    rows: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Findings:
    """What conversations about media learned; a lost one is learned again. ``rows``: ``core.batch.FACTS_DTYPE``."""

    worker: str
    rows: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shots:
    """What snapshots told of their age; a lost one is learned again. ``rows``: ``core.batch.SHOT_DTYPE``."""

    worker: str
    rows: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Learned:
    """The past of an endpoint's pictures as of ``at`` (µs UTC), to be kept; a lost one is learned again."""

    worker: str
    endpoint: int
    at: int
    past: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Still:
    """A reduced JPEG that shows why an endpoint's result at ``at`` (µs UTC) says ``reason``: a fault or its end."""

    worker: str
    endpoint: int
    at: int
    reason: str
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoundDone:
    """Every endpoint of the round has answered in batches up to and including ``seq``."""

    round: int
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the prober sees through ``uplink`` is another since ``at`` (µs UTC); ``sight``: ``core.blindness.Sight``."""

    worker: str
    uplink: str
    sight: int
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters and gauges of one prober, by name (``services.flights.STATS`` lists and explains them)."""

    worker: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class LoginEnded:
    """What came of a one-login permit (``reason`` "": not used), or of a standing one (``permit`` 0) that was not a
    success. ``sent``: the credential went out. ``seq`` counts from 1 in one life of the prober.
    """

    seq: int
    key: int
    permit: int
    reason: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Bye:
    """The prober has said everything; ``seq`` is its last batch."""

    epoch: int
    seq: int


Message = (
    Setup
    | Uplinks
    | Assign
    | Teach
    | Unassign
    | Ack
    | Round
    | Pause
    | Permits
    | Withdraw
    | Drain
    | Results
    | Findings
    | Shots
    | Learned
    | Still
    | RoundDone
    | Sighting
    | Stats
    | LoginEnded
    | Bye
)
