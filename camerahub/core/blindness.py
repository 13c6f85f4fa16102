"""Whether a prober could see: bad results wait here until a reference answered before and after them.

One ``Eye`` for each uplink of each prober. It is told what was dialled and what the references said, with the time,
and answers what may be believed. It opens nothing, reads no clock and knows no camera: what it holds back is an item
its owner understands. A share of bad results, however high, says nothing here: a county that is dead behind a living
gateway is dead. No numpy: a prober process imports this and stays small.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Generic, NamedTuple, TypeVar

from camerahub.core.result import REASONS, Outcome, Signal

T = TypeVar("T")

#: Reasons that prove nothing unless the line carried: nobody or nothing definite answered, or media stopped coming.
DOUBTFUL: Final = frozenset(
    [name for name, info in REASONS.items() if info.online is Signal.DOWN] + ["no_media", "no_keyframe"]
)
#: Reasons of a dial that never left this machine -> why nothing is seen.
LOCAL: Final = {"no_seat": "files", "no_route": "no_route"}
_DEAF: Final = frozenset(("timeout", "unreachable"))


def answered(reason: str) -> bool:
    """Whether a reference that ended with ``reason`` proves that the line carries: refused or rude is an answer."""
    info = REASONS[reason]
    if info.online is Signal.UP:
        return True
    return info.outcome is not Outcome.UNKNOWN and reason not in _DEAF


class Sight(IntEnum):
    """What is known of an eye. UNKNOWN: no reference has spoken, because none is configured or it is too early."""

    SEES = 0
    BLIND = 1
    UNKNOWN = 2


class Ruling(IntEnum):
    """What becomes of a bad result."""

    PASS = 0  # no reference to wait for
    HOLD = 1  # it waits for the next check
    BLIND = 2  # it says nothing of the camera


@dataclass(frozen=True, slots=True)
class SightRules:
    """How references are asked. Seconds; ``confirm_n`` checks in a row make blind, or make seeing again.

    ``cluster``: so many held results hurry the next check; ``stall_s``: a loop that stood still for longer saw
    nothing meanwhile; ``local_n``: so many dials in a row that never left the machine blind an uplink without
    references; ``most_held``: results held at once, the oldest become unknown beyond it.
    """

    check_s: float = 5.0
    confirm_s: float = 1.0
    confirm_n: int = 2
    deadline_s: float = 2.0
    cluster: int = 8
    stall_s: float = 2.0
    local_n: int = 3
    most_held: int = 10_000


class News(NamedTuple):
    """The eye's sight, which was ``was``, is another since ``at`` (monotonic seconds, may lie in the past)."""

    was: Sight
    sight: Sight
    at: float
    reason: str


class Held(NamedTuple, Generic[T]):
    """A bad result of an attempt from ``started`` to ``ended``, monotonic seconds."""

    started: float
    ended: float
    item: T


class Turn(NamedTuple, Generic[T]):
    """What follows: ``believed`` may count, ``doubted`` may not, both in the order they came; then the news."""

    believed: list[T]
    doubted: list[T]
    news: list[News]


class Eye(Generic[T]):
    """One uplink as one prober sees it. ``now``, ``started``, ``ended``: monotonic seconds, never falling.

    The rule: a bad result is believed only if a check of the references that saw had ended before its attempt began,
    every check since saw, and one that began after its end saw.
    """

    def __init__(self, rules: SightRules, references: bool, now: float) -> None:
        self.rules = rules
        self.references = references
        self.sight = Sight.UNKNOWN
        self._run_from: float | None = None  # end of the first check of the unbroken run that saw
        self._saw_at = now  # start of the last check that saw; the birth before
        self._asked_at: float | None = None  # start of the check under way
        self._last_asked = -math.inf
        self._due = now if references else math.inf
        self._seen = self._failed = 0
        self._not_before = -math.inf  # attempts begun before are not believed
        self._local = 0
        #: Checks that have ended.
        self.checks = 0
        self._held: deque[Held[T]] = deque()

    def __repr__(self) -> str:
        return f"<Eye {self.sight.name.lower()} | {len(self._held)} held>"

    @property
    def held(self) -> int:
        """Results that wait."""
        return len(self._held)

    @property
    def oldest(self) -> T | None:
        """What has waited longest."""
        return self._held[0].item if self._held else None

    @property
    def wary(self) -> bool:
        """Whether ``got_out`` wants to hear of results that left the machine."""
        return self._local > 0

    # --- bad results ------------------------------------------------------------------------------------------

    def rule(self, started: float) -> Ruling:
        """What becomes of a bad result whose attempt began at ``started`` and ends now; HOLD: ``hold`` it."""
        if started < self._not_before:
            return Ruling.BLIND
        if not self.references:
            return Ruling.BLIND if self.sight is Sight.BLIND else Ruling.PASS
        return Ruling.BLIND if self._run_from is None or started < self._run_from else Ruling.HOLD

    def hold(self, started: float, ended: float, item: T) -> list[T]:
        """Keep ``item`` until the next check; what is given up for want of room, oldest first."""
        self._held.append(Held(started, ended, item))
        if len(self._held) == self.rules.cluster:
            self.hurry(ended)
        return [self._held.popleft().item] if len(self._held) > self.rules.most_held else []

    def forget(self, unwanted: Callable[[T], bool]) -> None:
        """Drop what is held and unwanted."""
        if self._held:
            self._held = deque(held for held in self._held if not unwanted(held.item))

    def give_up(self) -> list[T]:
        """Everything held, none of it believed: nobody will ask any more."""
        items = [held.item for held in self._held]
        self._held.clear()
        return items

    # --- references -------------------------------------------------------------------------------------------

    @property
    def due(self) -> float:
        """When to begin the next check; infinity while one is under way, and without references."""
        return math.inf if self._asked_at is not None else self._due

    def hurry(self, now: float) -> None:
        """Check as soon as may be: somebody waits. Checks begin ``confirm_s`` apart at least."""
        if self.references:
            self._due = min(self._due, max(now, self._last_asked + self.rules.confirm_s))

    def asked(self, now: float) -> None:
        """A check of all references begins."""
        self._asked_at = self._last_asked = now

    def told(self, saw: bool, now: float, reason: str = "references") -> Turn[T]:
        """The check under way has ended: whether enough references answered; ``reason`` when not."""
        asked_at, self._asked_at = self._asked_at, None
        if asked_at is None:
            raise ValueError("no check is under way")
        self.checks += 1
        if asked_at < self._not_before:  # we stood still in its middle: it says nothing
            self._due = now
            return Turn([], [], [])
        return self._saw(asked_at, now) if saw else self._missed(now, reason)

    def _saw(self, asked_at: float, now: float) -> Turn[T]:
        self._failed = 0
        self._seen += 1
        self._local = 0
        if self._run_from is None:
            self._run_from = now
        self._saw_at = asked_at
        believed = []
        while self._held and self._held[0].ended <= asked_at:
            believed.append(self._held.popleft().item)
        news: list[News] = []
        if self.sight is Sight.UNKNOWN or (self.sight is Sight.BLIND and self._seen >= self.rules.confirm_n):
            news = self._turn(Sight.SEES, self._run_from, "references")
        hasty = self.sight is Sight.BLIND or len(self._held) >= self.rules.cluster
        self._due = asked_at + self.rules.confirm_s if hasty else asked_at + self.rules.check_s
        return Turn(believed, [], news)

    def _missed(self, now: float, reason: str) -> Turn[T]:
        self._failed += 1
        self._seen = 0
        self._run_from = None
        confirmed = self._failed >= self.rules.confirm_n and self.sight is not Sight.BLIND
        news = self._turn(Sight.BLIND, self._saw_at, reason) if confirmed else []
        self._due = now + self.rules.confirm_s
        return Turn([], self.give_up(), news)

    def _turn(self, sight: Sight, at: float, reason: str) -> list[News]:
        was, self.sight = self.sight, sight
        return [News(was, sight, at, reason)]

    # --- this machine -----------------------------------------------------------------------------------------

    def stalled(self, start: float, end: float) -> Turn[T]:
        """Our own loop stood still from ``start`` to ``end``: what was under way meanwhile proves nothing."""
        self._not_before = end
        self._run_from = None
        self._seen = self._failed = 0
        news: list[News] = []
        if self.sight is not Sight.BLIND:
            news = self._turn(Sight.BLIND, start, "loop_stalled")
            if not self.references:  # nobody to ask: it turns again, that is all there is to know
                news += self._turn(Sight.UNKNOWN, end, "loop_stalled")
        if self.references:
            self._due = end
        return Turn([], self.give_up(), news)

    def stayed(self, now: float, reason: str) -> list[News]:
        """A dial never left this machine (``reason`` of ``LOCAL``): no files, no route, the interface is down."""
        self._local += 1
        if self._local < self.rules.local_n:
            return []
        if self.references:
            self.hurry(now)
        elif self.sight is not Sight.BLIND:
            return self._turn(Sight.BLIND, now, LOCAL[reason])
        return []

    def got_out(self, now: float) -> list[News]:
        """A dial left this machine, whatever came of it."""
        self._local = 0
        if not self.references and self.sight is Sight.BLIND:
            return self._turn(Sight.UNKNOWN, now, "local")
        return []
