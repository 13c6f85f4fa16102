"""What a scrape shows of the cameras: counts by (township, network), and how long ago each township was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camerahub.core.health import Answer
from camerahub.core.result import FAULT_KINDS, PROBE_KINDS, REASON_CODES, REASONS, Signal
from camerahub.services.roster import Roster

Counts = NDArray[np.int64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]
_NOBODY: I8 = np.zeros(0, np.int64)

#: By reason code: whether such a result means that somebody really looked.
_LOOKED = np.array([info.online in (Signal.UP, Signal.DOWN) for info in REASONS.values()])
#: By reason code: its place in FAULT_KINDS, -1 for a reason that is no kind of fault.
_KIND = np.full(256, -1, np.int64)
_KIND[[REASON_CODES[kind] for kind in FAULT_KINDS]] = np.arange(len(FAULT_KINDS))


@dataclass(frozen=True, slots=True)
class Tally:
    """Expected cameras counted by group: arrays (G,) and, by facet, (F, G). U + D + K = E in every cell.

    ``exempt_up`` (F, T): exempt cameras that are up, which the adjusted rate takes out of both ·
    ``faults`` (K, T): cameras whose picture is down, by the kind that is its reason and by township; ``held`` (T,)
    endpoints whose pictures are not judged because of the weather.
    """

    groups: tuple[tuple[str, str], ...]
    facets: tuple[str, ...]
    expected: Counts
    exempt: Counts
    up: Counts
    down: Counts
    unknown: Counts
    townships: tuple[str, ...]
    exempt_up: Counts
    faults: Counts
    held: Counts

    def totals(self) -> dict[str, int]:
        """Sums over all groups for the first facet."""
        words = {"up": self.up[0], "down": self.down[0], "unknown": self.unknown[0]}
        return {"expected": int(self.expected.sum())} | {word: int(n.sum()) for word, n in words.items()}


def tally_of(
    roster: Roster,
    facets: Sequence[str],
    answer: U1,
    faulty: I8 = _NOBODY,
    reason: U1 | None = None,
    held: I8 | None = None,
) -> Tally:
    """Count ``answer`` (F, C) of the cameras of a roster; ``faulty`` (D,) places of those whose picture is down,
    ``reason`` (D,) why; ``held`` (T,) of ``Tally``."""
    size = len(roster.groups)
    counted, group = roster.expected, roster.group
    cells = [
        np.bincount(group[counted] * 3 + row[counted], minlength=size * 3).reshape(size, 3) for row in answer
    ]
    by = np.stack(cells).astype(np.int64)
    return Tally(
        groups=roster.groups,
        facets=tuple(facets),
        expected=np.bincount(group[counted], minlength=size).astype(np.int64),
        exempt=np.bincount(group[counted & roster.exempt], minlength=size).astype(np.int64),
        up=by[:, :, Answer.UP],
        down=by[:, :, Answer.DOWN],
        unknown=by[:, :, Answer.UNKNOWN],
        townships=roster.townships,
        exempt_up=_exempt_up(roster, answer),
        faults=_faults(roster, faulty, np.zeros(0, np.uint8) if reason is None else reason),
        held=np.zeros(len(roster.townships), np.int64) if held is None else held,
    )


def _exempt_up(roster: Roster, answer: U1) -> Counts:
    """(F, T) int64."""
    width, out = len(roster.townships), roster.expected & roster.exempt
    rows = [
        np.bincount(roster.township[out & (row == Answer.UP)], minlength=width).astype(np.int64)
        for row in answer
    ]
    return np.stack(rows)


def _faults(roster: Roster, faulty: I8, reason: U1) -> Counts:
    """(K, T) int64."""
    kind = _KIND[reason]
    counted = (kind >= 0) & roster.expected[faulty]
    width = len(roster.townships)
    cell = kind[counted] * width + roster.township[faulty[counted]]
    size = len(FAULT_KINDS) * width
    return np.bincount(cell, minlength=size).reshape(len(FAULT_KINDS), width).astype(np.int64)


@dataclass(frozen=True, slots=True)
class RoundAges:
    """Seconds since the most overdue camera was looked at: (probes, townships)."""

    probes: tuple[str, ...]
    townships: tuple[str, ...]
    seconds: NDArray[np.float64]


class Rounds:
    """When each endpoint was last really looked at by each round probe, in monotonic seconds.

    Written by the writer thread, read at a scrape: single floats, so the worst is a figure one batch old.
    """

    def __init__(self, roster: Roster, probes: Sequence[str], looked: NDArray[np.float64]) -> None:
        self.probes, self.looked, self._endpoint = tuple(probes), looked, roster.endpoint
        self._row = np.full(256, -1, np.int64)
        for row, probe in enumerate(probes):
            self._row[PROBE_KINDS[probe].code] = row
        self._prepare(roster)

    def _prepare(self, roster: Roster) -> None:
        roads = roster.roads
        counted = roster.expected & (np.diff(roads.start) > 0)
        cameras = np.flatnonzero(counted)
        townships = np.array([township for township, _ in roster.groups], dtype=object)
        names = [str(township) for township in townships[roster.group[cameras]]]
        self.townships = tuple(sorted(set(names)))
        place = {name: i for i, name in enumerate(self.townships)}
        self._cameras = cameras
        self._township = np.array([place[name] for name in names], np.int64)
        self._order = roads.order
        self._nonempty = np.flatnonzero(np.diff(roads.start) > 0)
        self._start = roads.start[:-1][self._nonempty]
        self._count = len(roads.start) - 1

    def take(self, place: NDArray[np.int64], rows: NDArray[np.void], monotonic: float) -> None:
        """Endpoints at ``place`` (N,) were looked at, if these results (N,) say so."""
        probe = self._row[rows["probe"]]
        seen = (probe >= 0) & _LOOKED[rows["reason"]]
        self.looked[probe[seen], place[seen]] = monotonic

    def ages(self, monotonic: float) -> RoundAges | None:
        """The ages now; None while nobody is expected."""
        if not self.townships:
            return None
        oldest = np.full((len(self.probes), len(self.townships)), np.inf)
        for row, looked in enumerate(self.looked):
            newest = np.full(self._count, -np.inf)
            newest[self._nonempty] = np.maximum.reduceat(looked[self._order], self._start)
            np.minimum.at(oldest[row], self._township, newest[self._cameras])
        return RoundAges(self.probes, self.townships, np.maximum(monotonic - oldest, 0.0))

    def kept(self, roster: Roster, monotonic: float) -> NDArray[np.float64]:
        """``looked`` for a new roster: old endpoints keep their time, new ones begin now."""
        looked = np.full((len(self.probes), len(roster.endpoint)), monotonic)
        place, known = roster.find(self._endpoint)
        looked[:, place[known]] = self.looked[:, known]
        return looked
