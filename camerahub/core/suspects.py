"""What explains cameras that went down together: the fewest and most specific shared things, each failing as a whole.

A failing camera that nothing explains costs 1. Blaming a shared thing costs its ``price``, and 1 for each of its
cameras that still answers. Whoever saves most is blamed first, and what it explains is taken out before the next one
is looked for, so that a switch does not make suspects of its poles, and causes may overlap. The idea is minimum
description length (Rissanen 1978), found by lazy greedy selection (Minoux 1978), which is exact here in the sense that
savings only ever shrink. Arrays over places of cameras; names, ids and times are not known here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

I8 = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: What cameras share, from the most specific to the widest, and what blaming it costs, in failing cameras. Of two that
#: save the same the more specific is blamed. A pole with both of its cameras down is one cause (1.5 < 2); a township
#: is blamed only for what no switch, line or platform in it explains.
PRICES: Final[dict[str, float]] = {
    "pole": 1.5,
    "power": 1.75,
    "onu": 1.6,
    "switch": 1.9,
    "device": 1.7,
    "platform": 4.0,
    "subnet": 3.0,
    "village": 6.0,
    "firmware": 12.0,
    "township": 10.0,
    "network": 25.0,
    "worker": 8.0,
}
#: Of the cameras of a suspect that can be judged, at least this share fails.
LEAST_SHARE: Final = 0.6


class Shared(NamedTuple):
    """One way in which cameras hang together: ``kind`` of ``PRICES``; ``group`` (C,) place of the thing each camera
    hangs on, -1 = not known. A kind may come more than once (subnets of several lengths)."""

    kind: str
    group: I8


@dataclass(frozen=True, slots=True)
class Suspect:
    """One thing that explains ``cameras`` (n,), places of those that fail, ascending.

    ``kind`` of ``PRICES``, or ``camera`` for one nothing else explains · ``column`` place of the ``Shared``, -1 for
    a camera · ``group`` its thing, or the camera · ``judged`` how many of its cameras can be judged · ``inside``,
    ``outside`` shares 0..1 that fail of those it has and of all others.
    """

    kind: str
    column: int
    group: int
    cameras: I8
    judged: int
    inside: float
    outside: float


def explain(shared: Sequence[Shared], failing: Bools, judged: Bools) -> list[Suspect]:
    """Suspects for the cameras ``failing`` (C,), those that explain most first, single cameras last in ascending order.

    ``judged`` (C,): cameras whose failing would be known: expected, seen, and not down since before. Those failing are
    judged. Each failing camera is explained exactly once.
    """
    known = judged | failing
    index = _Index(shared, np.flatnonzero(failing), known)
    totals = int(failing.sum()), int(known.sum())
    found = [_suspect(shared, index, *blamed, totals) for blamed in _blamed(index)]
    return found + [_single(int(camera), totals) for camera in index.unexplained()]


class _Index:
    """Failing cameras by shared thing, and what each thing has of them and of others."""

    def __init__(self, shared: Sequence[Shared], failing: I8, known: Bools) -> None:
        self.failing = failing
        self.open = np.ones(len(failing), np.bool_)
        self._orders: list[I8] = []
        self._groups: list[I8] = []
        self._starts: list[I8] = []
        self._judged: list[I8] = []
        self.kinds = [one.kind for one in shared]
        for one in shared:
            self._add(one.group, known)

    def _add(self, group: I8, known: Bools) -> None:
        mine = group[self.failing]
        order = np.argsort(mine, kind="stable")
        order = order[np.searchsorted(mine[order], 0) :]  # without those whose thing is not known
        groups, starts = np.unique(mine[order], return_index=True)
        self._orders.append(order)
        self._groups.append(groups)
        self._starts.append(np.append(starts, len(order)))
        self._judged.append(_counts(group, known, groups))

    def candidates(self) -> Iterator[tuple[float, int, int]]:
        """(what it saves, column, place) of all that save anything and fail as a whole."""
        for column, kind in enumerate(self.kinds):
            failing, judged = np.diff(self._starts[column]), self._judged[column]
            saved = failing - PRICES[kind] - (judged - failing)
            worth = (saved > 0) & (failing >= LEAST_SHARE * judged)
            for place in np.flatnonzero(worth).tolist():
                yield float(saved[place]), column, place

    def members(self, column: int, place: int) -> I8:
        """Places in ``failing`` of all its failing cameras."""
        starts = self._starts[column]
        return self._orders[column][starts[place] : starts[place + 1]]

    def saves(self, column: int, place: int) -> float:
        """What it saves now."""
        members = self.members(column, place)
        survivors = self.judged(column, place) - len(members)
        return float(self.open[members].sum()) - PRICES[self.kinds[column]] - survivors

    def judged(self, column: int, place: int) -> int:
        """How many of its cameras can be judged."""
        return int(self._judged[column][place])

    def group(self, column: int, place: int) -> int:
        """The thing itself."""
        return int(self._groups[column][place])

    def take(self, column: int, place: int) -> I8:
        """Places, in ``failing``, of what it explains and nothing did before; from now on it is explained."""
        members = self.members(column, place)
        mine = np.sort(members[self.open[members]])
        self.open[mine] = False
        return mine

    def unexplained(self) -> I8:
        """Cameras that are left."""
        return self.failing[self.open]


def _counts(group: I8, known: Bools, groups: I8) -> I8:
    """Known cameras of each of ``groups``, (G,) ascending."""
    if not len(groups):
        return np.zeros(0, np.int64)
    mine = group[known]
    counts = np.bincount(mine[mine >= 0], minlength=int(groups[-1]) + 1)
    return counts[groups]


def _blamed(index: _Index) -> Iterator[tuple[int, int, I8]]:
    """(column, place, cameras explained), whoever saves most first. What one saves never grows while others are
    blamed, so only the one on top needs to be counted again."""
    heap = [(-saved, column, place) for saved, column, place in index.candidates()]
    heapq.heapify(heap)
    while heap:
        said, column, place = heapq.heappop(heap)
        saved = index.saves(column, place)
        if -said > saved > 0:
            heapq.heappush(heap, (-saved, column, place))
        elif saved > 0:
            yield column, place, index.take(column, place)


def _suspect(
    shared: Sequence[Shared], index: _Index, column: int, place: int, explained: I8, totals: tuple[int, int]
) -> Suspect:
    judged, failing = index.judged(column, place), len(index.members(column, place))
    return Suspect(
        shared[column].kind,
        column,
        index.group(column, place),
        index.failing[explained],
        judged,
        failing / judged,
        _outside(failing, judged, totals),
    )


def _single(camera: int, totals: tuple[int, int]) -> Suspect:
    return Suspect("camera", -1, camera, np.array([camera], np.int64), 1, 1.0, _outside(1, 1, totals))


def _outside(failing: int, judged: int, totals: tuple[int, int]) -> float:
    others = totals[1] - judged
    return (totals[0] - failing) / others if others else 0.0
