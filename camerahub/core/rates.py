"""Rates with all their parts. Parts are added, ratios never: a total is made of sums, not of means.

For one facet: E expected, U up, D down, K unknown, U + D + K = E; X of the expected are exempt (报备).
Source of the definitions: GA/T practice as gathered in the design; unknown counts against the headline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from camerahub.core.transitions import Answer

Bools = NDArray[np.bool_]
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Parts:
    """Counts of one group: cameras at an instant, summed over instants, or camera-microseconds over a span.

    ``exempt`` are those of the expected inside an approved exemption, ``exempt_up`` those of them that are up.
    """

    expected: int = 0
    up: int = 0
    down: int = 0
    unknown: int = 0
    exempt: int = 0
    exempt_up: int = 0

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, n) + getattr(other, n) for n in self.__slots__))

    @property
    def raw(self) -> float | None:
        """U / E, the headline."""
        return ratio(self.up, self.expected)

    @property
    def measured(self) -> float | None:
        """U / (U + D): of those that could be looked at."""
        return ratio(self.up, self.up + self.down)

    @property
    def upper(self) -> float | None:
        """(U + K) / E: what it would be if all unknown ones worked."""
        return ratio(self.up + self.unknown, self.expected)

    @property
    def detection(self) -> float | None:
        """检测率, (U + D) / E."""
        return ratio(self.up + self.down, self.expected)

    @property
    def adjusted(self) -> float | None:
        """U / E with exempt cameras out of both."""
        return ratio(self.up - self.exempt_up, self.expected - self.exempt)


def ratio(part: int, whole: int) -> float | None:
    """``part / whole`` to 6 digits; None when ``whole`` is 0.

    Only nothing shows 0 and only everything shows 1: in between it is kept within 0.000001..0.999999.
    """
    if whole == 0:
        return None
    if part in (0, whole):
        return float(part == whole)
    return min(max(round(part / whole, 6), 0.000001), 0.999999)


def percentage(share: float) -> str:
    """A ratio of ``ratio`` as per cent with two decimals; 0.00% and 100.00% only where that is so.

    Halves go up, as every spreadsheet shows the same number: paper, screen and sheet must not differ by a hundredth.
    """
    shown = (Decimal(repr(share)) * 100).quantize(_HUNDREDTH, ROUND_HALF_UP)
    if 0 < share < 1:
        shown = min(max(shown, _HUNDREDTH), 100 - _HUNDREDTH)
    return f"{shown}%"


def count_parts(
    answer: NDArray[np.uint8], expected: Bools, exempt: Bools, group: NDArray[np.int64], n_groups: int
) -> list[Parts]:
    """Parts of each group from C cameras: ``answer`` ``Answer`` codes, ``group`` in 0..n_groups-1, all (C,).

    Cameras that are not expected count nowhere. ValueError for a group outside.
    """
    if len(group) and not (int(group.min()) >= 0 and int(group.max()) < n_groups):
        raise ValueError(f"a group outside 0..{n_groups - 1}")
    kinds = len(Answer)
    cell = (group * 2 + exempt) * kinds + answer
    counts = np.bincount(cell[expected], minlength=n_groups * 2 * kinds).reshape(n_groups, 2, kinds)
    both, out = counts.sum(axis=1), counts[:, 1]
    columns = (
        both.sum(axis=1),
        both[:, Answer.UP],
        both[:, Answer.DOWN],
        both[:, Answer.UNKNOWN],
        out.sum(axis=1),
        out[:, Answer.UP],
    )
    return [Parts(*row) for row in np.stack(columns, axis=1).tolist()]


def total(parts: list[Parts]) -> Parts:
    """The sum of all groups."""
    return sum(parts, Parts())


@dataclass(frozen=True, slots=True)
class Rate:
    """One published line. ``kind``: ``point`` (``start`` = ``end`` = the instant, or instants within) or ``time`` over
    [start, end): then parts are camera-microseconds, and shown as camera-seconds.

    Times int µs UTC; ``as_of``: what was known when the figure was made; ``by`` extra keys, such as the network.
    """

    area: str
    facet: str
    kind: str
    start: int
    end: int
    rule: int
    as_of: int
    parts: Parts
    by: tuple[tuple[str, str], ...] = ()

    def as_json(self, zone: tzinfo) -> dict[str, object]:
        """The line of the contract, times as RFC 3339 in ``zone``, ratios null where nothing was to count."""
        p = self.parts
        return {
            "area": self.area,
            **dict(self.by),
            "facet": self.facet,
            "kind": self.kind,
            "from": rfc3339(self.start, zone),
            "to": rfc3339(self.end, zone),
            "rule": self.rule,
            "as_of": rfc3339(self.as_of, zone),
            **{name: self._shown(getattr(p, name)) for name in _SHOWN},
            "raw": p.raw,
            "measured": p.measured,
            "upper": p.upper,
            "adjusted": p.adjusted,
            "detection": p.detection,
        }

    def _shown(self, amount: int) -> int | float:
        """A part as it is shown: cameras, or camera-seconds."""
        if self.kind != "time":
            return amount
        seconds, rest = divmod(amount, 1_000_000)
        return amount / 1_000_000 if rest else seconds


_SHOWN = ("expected", "up", "down", "unknown", "exempt")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at: int, zone: tzinfo) -> str:
    """int µs UTC -> ``2026-09-21T20:53:20+08:00``; a fraction only where there is one."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone).isoformat()
