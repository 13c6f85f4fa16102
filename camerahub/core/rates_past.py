"""Figures of a period out of what was recorded: answers, memberships, exemptions, gaps and late evidence as steps.

One sum serves both kinds of figure: a ruler says how much of a span counts, microseconds for ``time``, fixed instants
within it for ``point``. Whatever the order of the rows and however a period is cut, the same whole numbers come out.
This file knows no clock, no area and no database: cameras and groups are places in arrays. All spans are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camerahub.core.rates import Parts
from camerahub.core.transitions import Answer

I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_KINDS = len(Answer)
#: Whole numbers are added as floats in two halves of this many bits: exact up to 2^26 rows, and fast.
_HALF = 26


def _none() -> I8:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Spans:
    """N spans: of the camera at place ``camera``, from ``start`` to before ``end`` (µs UTC), ``value`` holds."""

    camera: I8 = field(default_factory=_none)
    start: I8 = field(default_factory=_none)
    end: I8 = field(default_factory=_none)
    value: I8 = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.camera)

    def within(self, start: int, end: int) -> Spans:
        """What of them lies in [start, end)."""
        a, b = np.maximum(self.start, start), np.minimum(self.end, end)
        some = a < b
        return Spans(self.camera[some], a[some], b[some], self.value[some])


@dataclass(frozen=True, slots=True)
class Turns:
    """N changes of answers: of the camera at place ``camera``, at ``at`` (µs UTC), from ``old`` to ``new``; ``reason``
    codes of why, None where nobody asks."""

    camera: I8 = field(default_factory=_none)
    at: I8 = field(default_factory=_none)
    old: U1 = field(default_factory=lambda: np.zeros(0, np.uint8))
    new: U1 = field(default_factory=lambda: np.zeros(0, np.uint8))
    reason: U1 | None = None

    def __len__(self) -> int:
        return len(self.camera)

    def at_places(self, places: I8 | Bools) -> Turns:
        """Some of them."""
        why = None if self.reason is None else self.reason[places]
        return Turns(self.camera[places], self.at[places], self.old[places], self.new[places], why)

    def __add__(self, other: Turns) -> Turns:
        why = None
        if self.reason is not None and other.reason is not None:
            why = np.concatenate((self.reason, other.reason))
        return Turns(
            np.concatenate((self.camera, other.camera)),
            np.concatenate((self.at, other.at)),
            np.concatenate((self.old, other.old)),
            np.concatenate((self.new, other.new)),
            why,
        )


def settled(turns: Turns) -> Turns:
    """At most one change of a camera an instant, ordered by camera and time: where several share an instant, what they
    amount to, in whatever order they come; none where that is nothing.

    A chain of changes leads from the answer before to the one after: the one it enters once more than it leaves.
    """
    order = np.lexsort((turns.at, turns.camera))
    turns = turns.at_places(order)
    if len(turns) < 2:
        return turns
    first = np.ones(len(turns), np.bool_)
    first[1:] = (turns.camera[1:] != turns.camera[:-1]) | (turns.at[1:] != turns.at[:-1])
    if first.all():
        return turns
    begins = np.flatnonzero(first)
    net = np.stack(
        [np.add.reduceat((turns.new == k).astype(np.int64) - (turns.old == k), begins) for k in range(_KINDS)]
    )
    moved = (net != 0).any(axis=0)
    old, new = net.argmin(axis=0).astype(np.uint8), net.argmax(axis=0).astype(np.uint8)
    why = None
    if turns.reason is not None:
        ends = turns.new == new[np.cumsum(first) - 1]
        why = np.maximum.reduceat(np.where(ends, turns.reason, 0), begins)
    return Turns(turns.camera[begins], turns.at[begins], old, new, why).at_places(moved)


def answer_at(answer: U1, turns: Turns, at: int) -> U1:
    """The answers (C,) at the instant ``at``, out of those before all ``turns``; a turn holds from its instant on."""
    known = settled(turns.at_places(turns.at <= at))
    now = answer.copy()
    now[known.camera] = known.new  # ordered by time within a camera: the last one stays
    return now


def reason_at(reason: U1, turns: Turns, at: int) -> U1:
    """The same for the reasons (C,) of the answers. ValueError for turns without reasons."""
    known = settled(turns.at_places(turns.at <= at))
    if known.reason is None:
        raise ValueError("turns without reasons")
    now = reason.copy()
    now[known.camera] = known.reason
    return now


def reason_spans(reason: U1, turns: Turns, start: int, end: int) -> Spans:
    """Spans within [start, end) in which each reason holds: ``reason`` (C,) at ``start``, then those of ``turns``."""
    known = settled(turns.at_places((turns.at > start) & (turns.at < end)))
    if known.reason is None:
        raise ValueError("turns without reasons")
    camera = np.concatenate((np.arange(len(reason)), known.camera))
    at = np.concatenate((np.full(len(reason), start, np.int64), known.at))
    value = np.concatenate((reason, known.reason)).astype(np.int64)
    order = np.lexsort((at, camera))
    camera, at, value = camera[order], at[order], value[order]
    until = np.full(len(at), end, np.int64)
    same = camera[1:] == camera[:-1]
    until[:-1][same] = at[1:][same]
    return Spans(camera, at, until, value)


@dataclass(frozen=True, slots=True)
class Past:
    """What was known of C cameras in [start, end), µs UTC.

    ``answer`` uint8 (C,): answers at ``start`` · ``turns`` changes after ``start`` · ``member`` spans in which a camera
    counts, value = its group; never two at once of one camera · ``trait`` spans of a second grouping, or None ·
    ``exempt`` spans (value unused), may overlap · ``late`` what late evidence says (value = answer up or down), may
    overlap, up tells before down · ``gaps`` (G, 2) when nobody looked at all, ordered and disjoint.
    """

    start: int
    end: int
    answer: U1
    turns: Turns
    member: Spans
    trait: Spans | None = None
    exempt: Spans = field(default_factory=Spans)
    late: Spans = field(default_factory=Spans)
    gaps: I8 = field(default_factory=lambda: np.zeros((0, 2), np.int64))


@dataclass(frozen=True, slots=True)
class Ruler:
    """How much counts between two instants, in all and within gaps. ``points`` None: microseconds; else instants."""

    start: int
    gaps: I8
    points: I8 | None = None

    def whole(self, at: I8) -> I8:
        """How much counts before ``at`` (N,)."""
        if self.points is None:
            return at - self.start
        return np.searchsorted(self.points, at, "left").astype(np.int64)

    def blind(self, at: I8) -> I8:
        """How much of it lies within gaps."""
        if not len(self.gaps):
            return np.zeros(len(at), np.int64)
        begins, ends = self.gaps[:, 0], self.gaps[:, 1]
        if self.points is None:
            before = np.concatenate(([0], np.cumsum(ends - begins)))
            place = np.searchsorted(begins, at, "right")
            over = np.where(place > 0, np.maximum(ends[place - 1] - at, 0), 0)
            return before[place] - over
        place = np.searchsorted(begins, self.points, "right")
        inside = (place > 0) & (self.points < ends[np.maximum(place - 1, 0)])
        return np.searchsorted(self.points[inside], at, "left").astype(np.int64)


def disjoint(gaps: I8, start: int, end: int) -> I8:
    """Gaps (G, 2) cut to [start, end), ordered, those that touch joined."""
    cut = np.clip(gaps.reshape(-1, 2), start, end)
    cut = cut[cut[:, 0] < cut[:, 1]]
    cut = cut[np.argsort(cut[:, 0], kind="stable")]
    if len(cut) < 2:
        return cut
    reach = np.maximum.accumulate(cut[:, 1])
    begins = np.concatenate(([True], cut[1:, 0] > reach[:-1]))
    places = np.flatnonzero(begins)
    return np.stack((cut[places, 0], np.maximum.reduceat(cut[:, 1], places)), axis=1)


def sum_parts(past: Past, n_groups: int, n_traits: int = 1, points: I8 | None = None) -> list[Parts]:
    """Parts of each group x trait (row-major) over the period: camera-microseconds, or with ``points`` (P,) int64
    µs UTC within [start, end), cameras counted at each of these instants.

    Time within a gap is unknown, whatever was answered before it; where nothing is known, late evidence tells.
    ValueError for a group or trait outside.
    """
    _check(past, n_groups, n_traits)
    gaps = disjoint(past.gaps, past.start, past.end)
    ruler = Ruler(past.start, gaps, None if points is None else np.sort(points))
    line = _Line.of(past)
    whole, blind = (line.lengths(measure, past.end) for measure in (ruler.whole, ruler.blind))
    member = line.held(_MEMBER)
    counted = (member >= 0) & (whole > 0)
    group = member * n_traits + (line.held(_TRAIT) if past.trait is not None else 0)
    told = line.late()
    answer = line.held(_ANSWER)
    seen = np.where(answer == Answer.UNKNOWN, told, answer)
    cell = (group * 2 + (line.depth(_EXEMPT) > 0)) * _KINDS
    size = n_groups * n_traits * 2 * _KINDS
    sums = _sum((cell + seen)[counted], (whole - blind)[counted], size)
    dark = counted & (blind > 0)
    in_gaps = _sum((cell + told)[dark], blind[dark], size)
    both = [a + b for a, b in zip(sums, in_gaps, strict=True)]
    return [_parts(both[at : at + 2 * _KINDS]) for at in range(0, size, 2 * _KINDS)]


def _check(past: Past, n_groups: int, n_traits: int) -> None:
    for spans, bound in ((past.member, n_groups), (past.trait, n_traits)):
        if spans is not None and len(spans) and (spans.value.min() < 0 or spans.value.max() >= bound):
            raise ValueError(f"a group outside 0..{bound - 1}")


def _sum(cell: I8, amount: I8, size: int) -> list[int]:
    low = np.bincount(cell, amount & ((1 << _HALF) - 1), minlength=size)
    high = np.bincount(cell, amount >> _HALF, minlength=size)
    return [(int(a) << _HALF) + int(b) for a, b in zip(high.tolist(), low.tolist(), strict=True)]


def _parts(cells: list[int]) -> Parts:
    inside, out = cells[:_KINDS], cells[_KINDS:]
    both = [a + b for a, b in zip(inside, out, strict=True)]
    return Parts(
        sum(both), both[Answer.UP], both[Answer.DOWN], both[Answer.UNKNOWN], sum(out), out[Answer.UP]
    )


_ANSWER, _MEMBER, _TRAIT, _EXEMPT, _LATE_UP, _LATE_DOWN = range(6)


@dataclass(frozen=True, slots=True)
class _Line:
    """All steps of all cameras, ordered by camera and time: (E,) each. ``kind`` what changes, ``value`` what it is
    then, or by how much a depth grows."""

    camera: I8
    at: I8
    kind: U1
    value: I8

    @classmethod
    def of(cls, past: Past) -> _Line:
        start, end = past.start, past.end
        everyone = np.arange(len(past.answer))
        turns = settled(past.turns.at_places((past.turns.at > start) & (past.turns.at < end)))
        steps = [
            _steps(everyone, start, _ANSWER, past.answer),
            _steps(turns.camera, turns.at, _ANSWER, turns.new),
        ]
        steps += _held(past.member.within(start, end), everyone, start, _MEMBER, -1)
        if past.trait is not None:
            steps += _held(past.trait.within(start, end), everyone, start, _TRAIT, 0)
        late = past.late.within(start, end)
        up = late.value == Answer.UP
        for kind, spans, some in (
            (_EXEMPT, past.exempt.within(start, end), None),
            (_LATE_UP, late, up),
            (_LATE_DOWN, late, ~up),
        ):
            steps += _depths(spans, kind, some)
        camera, at, kinds, value = (np.concatenate(column) for column in zip(*steps, strict=True))
        order = np.lexsort((at, camera))
        return cls(camera[order], at[order], kinds[order], value[order])

    def lengths(self, measure: object, end: int) -> I8:
        """How much counts from each step to the next of its camera, or to ``end``."""
        until = np.full(len(self.at), end, np.int64)
        same = self.camera[1:] == self.camera[:-1]
        until[:-1][same] = self.at[1:][same]
        length: I8 = measure(until) - measure(self.at)  # type: ignore[operator]
        return length

    def held(self, kind: int) -> I8:
        """The value of ``kind`` after each step; every camera begins with one."""
        place = np.where(self.kind == kind, np.arange(len(self.kind)), 0)
        return self.value[np.maximum.accumulate(place)]

    def depth(self, kind: int) -> I8:
        """How many spans of ``kind`` are open after each step; all of a camera are closed at its last."""
        return np.cumsum(np.where(self.kind == kind, self.value, 0))

    def late(self) -> I8:
        """What late evidence says after each step."""
        if not (self.kind >= _LATE_UP).any():
            return np.full(len(self.kind), int(Answer.UNKNOWN), np.int64)
        down = np.where(self.depth(_LATE_DOWN) > 0, int(Answer.DOWN), int(Answer.UNKNOWN))
        return np.where(self.depth(_LATE_UP) > 0, int(Answer.UP), down)


_Steps = tuple[I8, I8, U1, I8]


def _steps(camera: I8, at: I8 | int, kind: int, value: NDArray[np.integer] | int) -> _Steps:
    count = len(camera)
    times = np.full(count, at, np.int64) if isinstance(at, int) else at
    values = np.full(count, value, np.int64) if isinstance(value, int) else value.astype(np.int64)
    return camera, times, np.full(count, kind, np.uint8), values


def _held(spans: Spans, everyone: I8, start: int, kind: int, outside: int) -> list[_Steps]:
    # endings before beginnings: where a span follows on another at once, the later one stays
    return [
        _steps(everyone, start, kind, outside),
        _steps(spans.camera, spans.end, kind, outside),
        _steps(spans.camera, spans.start, kind, spans.value),
    ]


def _depths(spans: Spans, kind: int, some: Bools | None) -> list[_Steps]:
    if some is not None:
        spans = Spans(spans.camera[some], spans.start[some], spans.end[some], spans.value[some])
    return [_steps(spans.camera, spans.start, kind, 1), _steps(spans.camera, spans.end, kind, -1)]
