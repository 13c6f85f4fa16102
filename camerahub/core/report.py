"""A report as tables of plain values: what is printed stands here once, whoever writes it to a file.

Values stay what they are (ratios, microseconds, instants); how they look is decided by their kind, in ``shown`` for
paper and in the writer of sheets for numbers that can be counted on. Pure; no clock, no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from camerahub.core.rates import Parts, percentage
from camerahub.core.texts import Text, text

Cell = str | int | float | bool | None

#: Kinds of values: word -> whether it is a number, which stands at the right.
KINDS: dict[str, bool] = {
    "text": False,  # as it is
    "count": True,  # cameras, whole
    "hours": True,  # camera-microseconds, shown as camera-hours
    "rate": True,  # 0..1, None = nothing to count
    "points": True,  # a difference of two rates, -1..1
    "rank": True,  # whole, 1 = best
    "days": True,  # microseconds, shown as days
    "moment": False,  # microseconds UTC, None or 0 = never
    "yes": False,  # whether a target is reached, None = nothing to count
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000
#: Tables that are read first, together: on the page that is signed, on the first sheet.
FIRST = ("overview", "moment", "items", "places")
#: Kinds of reports.
REPORTS = ("daily", "monthly", "precheck")


class Column(NamedTuple):
    """One column: ``key`` its name in JSON and, as ``report.col_<key>``, in the catalogue unless ``title`` says another
    key; ``wide`` its width in characters of half a Chinese one; ``sheet_only``: too much for paper."""

    key: str
    kind: str = "text"
    wide: int = 10
    sheet_only: bool = False
    title: str = ""

    @property
    def words(self) -> Text:
        """Its heading in both languages."""
        return text(self.title or f"report.col_{self.key}")

    @property
    def marked(self) -> bool:
        """Whether it is red in a row that somebody should look at first: one or two cells, not the whole row."""
        return self.kind in ("rank", "days") or self.key in ("group", "item")


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures of a table come from: ``command`` gives the same figures, ``digest`` SHA-256 of its input."""

    command: str
    digest: str


@dataclass(frozen=True, slots=True)
class Table:
    """One section. ``rows`` in the order of ``columns``; ``total`` a last row in bold; ``red`` numbers of rows that
    somebody should look at first; ``notes`` said below; ``wide``: paper is turned."""

    key: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    red: frozenset[int] = frozenset()
    notes: tuple[Text, ...] = ()
    sources: tuple[Source, ...] = ()
    wide: bool = False

    @property
    def title(self) -> Text:
        """Its heading in both languages."""
        return text(f"report.title_{self.key}")

    @property
    def digest(self) -> str:
        """One SHA-256 for all its figures: that of the only source, or over those of all; '' without figures."""
        return digest_of(source.digest for source in self.sources)

    def lines(self, zone: tzinfo) -> Iterator[dict[str, object]]:
        """One object a row."""
        for row in self.rows:
            cells = zip(self.columns, row, strict=True)
            yield {"table": self.key} | {column.key: plain(column.kind, cell, zone) for column, cell in cells}


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``kind`` a word of ``REPORTS``; ``site`` who reports; ``start`` to ``end`` what was counted and
    ``as_of``, µs UTC; ``subject`` as the period is named in file names; ``headlines`` a sentence each."""

    kind: str
    site: str
    subject: str
    start: int
    end: int
    as_of: int
    rules: tuple[int, ...]
    stage: Text
    headlines: tuple[Text, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def title(self) -> Text:
        """Its heading in both languages, with the site."""
        return text(f"report.report_{self.kind}", site=self.site, subject=self.subject)

    @property
    def digest(self) -> str:
        """One SHA-256 over the inputs of all its figures, '' where it has none."""
        return digest_of(source.digest for table in self.tables for source in table.sources)

    def named(self, key: str) -> Table:
        """The table of that name. StopIteration when it has none."""
        return next(table for table in self.tables if table.key == key)


@dataclass(frozen=True, slots=True)
class Told:
    """Figures as they were computed: parts by group, and where they come from."""

    parts: Mapping[str, Parts] = field(default_factory=dict)
    source: Source = field(default_factory=lambda: Source("", ""))


def digest_of(digests: Iterable[str]) -> str:
    """One SHA-256 (hex) for several: of one itself, of more that of their sorted lines; '' for none."""
    told = sorted(set(digests))
    return hashlib.sha256("\n".join(told).encode()).hexdigest() if len(told) > 1 else "".join(told)


def local(at: int, zone: tzinfo) -> datetime:
    """µs UTC as local time."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def plain(kind: str, cell: Cell, zone: tzinfo) -> object:
    """A value for JSON: instants as RFC 3339, spans as seconds."""
    if cell is None or (kind == "moment" and not cell):
        return None
    if kind == "moment" and isinstance(cell, int):
        return local(cell, zone).isoformat()
    if kind in ("hours", "days") and isinstance(cell, int):
        return cell / 1_000_000
    return cell


def number(kind: str, cell: Cell) -> float | int | None:
    """The number a sheet holds of a value of this kind, None where it holds words or nothing. ``points`` are
    percentage points there."""
    if cell is None or isinstance(cell, str) or not KINDS[kind]:
        return None
    scale = {"hours": _HOUR_US, "days": _DAY_US}.get(kind)
    if scale is not None:
        return cell / scale
    return round(cell * 100, 4) if kind == "points" else cell


def shown(kind: str, cell: Cell, zone: tzinfo) -> str:
    """A value on paper. Less than all is never 100 %, more than nothing never 0 %."""
    if cell is None or (kind == "moment" and not cell):
        return "–"
    if isinstance(cell, str):
        return cell
    if kind == "rate":
        return percentage(float(cell))
    if kind == "points":
        arrow = "↑" if cell > 0 else "↓" if cell < 0 else ""
        return f"{_rounded(number(kind, cell) or 0.0, '0.01'):+}{arrow}"
    if kind == "moment":
        return f"{local(int(cell), zone):%Y-%m-%d %H:%M}"
    if kind == "yes":
        return text("figures.yes" if cell else "figures.no").zh
    value = number(kind, cell)
    return f"{_rounded(value or 0.0, '0.1'):,}" if kind in ("hours", "days") else f"{value:,}"


def _rounded(value: float, unit: str) -> Decimal:
    """Halves away from nothing, as spreadsheets show them."""
    return Decimal(repr(float(value))).quantize(Decimal(unit), ROUND_HALF_UP)
