"""Tables of figures of a daily or monthly report: overview, rankings, faults; and which questions they are made of.

Figures are handed in as computed (``registry.figures``); here they are only put into rows. Source of the layout: the
运维月报 of a county as gathered in the design: ① 总体情况 ② 乡镇排名 ③ 运维单位排名 ④ 故障分类.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from fractions import Fraction
from typing import NamedTuple

from camerahub.core import period
from camerahub.core.area import UNASSIGNED
from camerahub.core.rates import Parts, ratio, rfc3339, total
from camerahub.core.rates_rank import Place, change, passed, ranking
from camerahub.core.report import Cell, Column, Source, Table, Told, shown
from camerahub.core.result import FAULT_KINDS, REASONS, Facet, Signal
from camerahub.core.texts import Text, text

#: Spans of a question: all the time of the period, of the one before it, and the last second of the period.
PERIOD, BEFORE, MOMENT = "period", "before", "moment"
#: What is ranked: the group of ``rates --by`` -> how many columns of names there are on paper.
RANKED = ("township", "maintainer", "unit")
_SECOND_US = 1_000_000
#: So many at the end of a ranking are shown in red, where more than twice as many are ranked.
LAST = 3
#: Time nobody looked, whatever was answered before; time before the first answer.
HUB_OFF, NEVER = "hub_off", "never"


class Wanted(NamedTuple):
    """One question of ``camerahub rates``."""

    facet: Facet
    by: str
    span: str


class Spans(NamedTuple):
    """[start, end) of the period as far as it is over, of the one before, and the instant of the moment; µs UTC."""

    period: tuple[int, int]
    before: tuple[int, int]
    moment: int


def spans_of(start: int, wanted: int, as_of: int, zone: tzinfo) -> Spans:
    """Of the period [start, wanted), as far as it is over at ``as_of``: of one that is not, the same part of the one
    before. ValueError for a period that had not begun a second before ``as_of``."""
    end = min(wanted, as_of)
    if end - _SECOND_US < start:
        raise ValueError("not begun")
    first, last = period.before(start, wanted, zone)
    if wanted > end:
        last = min(last, first + (end - start))
    return Spans((start, end), (first, last), end - _SECOND_US)


def wanted(facets: Sequence[Facet]) -> tuple[Wanted, ...]:
    """The questions of a report over ``facets``, the first of which is ranked by."""
    first, last = facets[0], facets[-1]
    asked = [Wanted(facet, "township", span) for span in (PERIOD, BEFORE, MOMENT) for facet in facets]
    for by in RANKED[1:]:
        asked += [Wanted(first, by, span) for span in (PERIOD, BEFORE, MOMENT)]
        asked += [Wanted(facet, by, PERIOD) for facet in facets[1:] if facet is not Facet.MEDIA]
    why = [
        Wanted(facet, "reason", span) for facet in dict.fromkeys((first, last)) for span in (PERIOD, MOMENT)
    ]
    return (*asked, *why)


def command_of(asked: Wanted, spans: Spans, as_of: int, zone: tzinfo) -> str:
    """The command that gives the same figures."""
    words = ["camerahub rates", f"--facet {asked.facet.name.lower()}", f"--by {asked.by}"]
    if asked.span == MOMENT:
        words += ["--kind point", f"--from {rfc3339(spans.moment, zone)}"]
    else:
        start, end = spans.period if asked.span == PERIOD else spans.before
        words += ["--kind time", f"--from {rfc3339(start, zone)}", f"--to {rfc3339(end, zone)}"]
    return " ".join([*words, f"--as-of {rfc3339(as_of, zone)}"])


@dataclass(frozen=True, slots=True)
class Measured:
    """All that figures are shown of: ``told`` by question; ``names`` of areas and units by code; ``registered``
    cameras of the register; ``corrections`` late results of the period."""

    facets: tuple[Facet, ...]
    told: Mapping[Wanted, Told]
    names: Mapping[str, str] = field(default_factory=dict)
    registered: int = 0
    corrections: int = 0
    target: Fraction = Fraction(95, 100)

    def of(self, facet: Facet, by: str, span: str) -> Mapping[str, Parts]:
        """Parts by group."""
        return self.told[Wanted(facet, by, span)].parts

    def whole(self, facet: Facet, span: str = PERIOD) -> Parts:
        """Everybody."""
        return total(list(self.of(facet, "township", span).values()))

    def sources(self, *asked: Wanted) -> tuple[Source, ...]:
        """Where figures of these questions come from."""
        return tuple(self.told[one].source for one in asked)

    @property
    def first(self) -> Facet:
        """The facet that is ranked by."""
        return self.facets[0]

    def name(self, code: str) -> str:
        """A group as people call it."""
        if code in ("", UNASSIGNED):
            return text("web.unassigned").zh
        return self.names.get(code) or code


# --- ① overview

_OVERVIEW = (
    Column("facet", wide=12), Column("expected", "hours", 13, True), Column("up", "hours", 13, True),
    Column("down", "hours", 13, True), Column("unknown", "hours", 13, True), Column("raw", "rate", 11),
    Column("before", "rate", 11), Column("change", "points", 11), Column("adjusted", "rate", 11),
    Column("exempt", "hours", 13), Column("measured", "rate", 11), Column("detection", "rate", 11),
    Column("passed", "yes", 10),
)  # fmt: skip
_MOMENT = (
    Column("facet", wide=12), Column("cameras", "count", 11), Column("up_cameras", "count", 11),
    Column("down_cameras", "count", 11), Column("unknown_cameras", "count", 11),
    Column("exempt_cameras", "count", 11), Column("raw", "rate", 11), Column("adjusted", "rate", 11),
)  # fmt: skip


def rate_name(facet: Facet) -> str:
    """在线率, 出流率, 点亮率, 完好率."""
    return text(f"web.rate_{facet.name.lower()}").zh


def overview(figures: Measured) -> Table:
    """A row a facet: over time, with the period before, raw and adjusted side by side."""
    rows: list[tuple[Cell, ...]] = []
    for facet in figures.facets:
        now, then = figures.whole(facet), figures.whole(facet, BEFORE)
        rows.append((
            rate_name(facet), now.expected, now.up, now.down, now.unknown, now.raw, then.raw, change(now, then),
            now.adjusted, now.exempt, now.measured, now.detection, passed(now, figures.target),
        ))  # fmt: skip
    asked = [Wanted(facet, "township", span) for facet in figures.facets for span in (PERIOD, BEFORE)]
    notes = [text("report.note_overview", target=shown("rate", float(figures.target), _NO_ZONE))]
    if figures.corrections:
        notes.append(text("figures.late", count=figures.corrections))
    return Table("overview", _OVERVIEW, tuple(rows), notes=tuple(notes), sources=figures.sources(*asked))


def moment(figures: Measured, at: str) -> Table:
    """A row a facet: cameras counted at the last second of the period."""
    rows: list[tuple[Cell, ...]] = []
    for facet in figures.facets:
        now = figures.whole(facet, MOMENT)
        rows.append((
            rate_name(facet), now.expected, now.up, now.down, now.unknown, now.exempt, now.raw, now.adjusted
        ))  # fmt: skip
    asked = [Wanted(facet, "township", MOMENT) for facet in figures.facets]
    note = text("report.note_moment", at=at, registered=figures.registered)
    return Table("moment", _MOMENT, tuple(rows), notes=(note,), sources=figures.sources(*asked))


# --- ② ③ rankings


def _rank_columns(figures: Measured, by: str) -> tuple[Column, ...]:
    more = [
        Column(f"raw_{facet.name.lower()}", "rate", 10, facet is Facet.MEDIA)
        for facet in _others(figures, by)
    ]
    return (
        Column("rank", "rank", 7), Column("group", "text", 22, title=f"report.col_{by}"),
        Column("code", "text", 14, True), Column("cameras", "count", 10),
        Column("expected", "hours", 14, True), Column("up", "hours", 14, True),
        Column("down", "hours", 14, True), Column("unknown", "hours", 14, True),
        Column("raw", "rate", 10, title=f"report.col_raw_{figures.first.name.lower()}"),
        Column("before", "rate", 10), Column("change", "points", 11), Column("adjusted", "rate", 10),
        Column("exempt", "hours", 13), Column("detection", "rate", 12), *more, Column("passed", "yes", 8),
    )  # fmt: skip


def _others(figures: Measured, by: str) -> list[Facet]:
    """The facets whose rate stands beside the one that is ranked by."""
    return [facet for facet in figures.facets[1:] if Wanted(facet, by, PERIOD) in figures.told]


def _rank_row(figures: Measured, by: str, name: str, place: Place | None) -> tuple[Cell, ...]:
    first = figures.first
    now = figures.of(first, by, PERIOD)[name]
    cells = _rate_cells(figures, by, now, figures.of(first, by, BEFORE).get(name, Parts()))
    cameras = figures.of(first, by, MOMENT).get(name, Parts()).expected
    more = [figures.of(facet, by, PERIOD).get(name, Parts()).raw for facet in _others(figures, by)]
    known = "" if name == UNASSIGNED or by == "maintainer" else name
    rank = place.rank if place else None
    return rank, figures.name(name), known, cameras, *cells, *more, passed(now, figures.target)


def _rate_cells(figures: Measured, by: str, now: Parts, then: Parts) -> tuple[Cell, ...]:
    return (
        now.expected, now.up, now.down, now.unknown, now.raw, then.raw, change(now, then), now.adjusted, now.exempt,
        now.detection,
    )  # fmt: skip


def ranked(figures: Measured, by: str) -> Table:
    """A row a group, by its place; compared as fractions, equals share a place."""
    first = figures.first
    found = figures.of(first, by, PERIOD)
    named = any(name not in ("", UNASSIGNED) for name in found)
    columns = _rank_columns(figures, by)
    if not named:
        return Table(by, columns, (), notes=(text(f"report.none_{by}"),))
    places = ranking(found)
    order = sorted(found, key=lambda name: (places[name].rank if name in places else 1 << 40, name))
    rows = tuple(_rank_row(figures, by, name, places.get(name)) for name in order)
    red = range(len(rows) - LAST, len(rows)) if len(places) > 2 * LAST else ()
    asked = [Wanted(first, by, span) for span in (PERIOD, BEFORE, MOMENT)]
    asked += [Wanted(facet, by, PERIOD) for facet in _others(figures, by)]
    return Table(
        by, columns, rows, _rank_total(figures, by), frozenset(red),
        (text("report.note_rank", name=rate_name(first)),), figures.sources(*asked),
    )  # fmt: skip


def _rank_total(figures: Measured, by: str) -> tuple[Cell, ...]:
    first = figures.first

    def whole(facet: Facet, span: str) -> Parts:
        return total(list(figures.of(facet, by, span).values()))

    now = whole(first, PERIOD)
    more = [whole(facet, PERIOD).raw for facet in _others(figures, by)]
    cells = _rate_cells(figures, by, now, whole(first, BEFORE))
    said = text("web.total").zh
    return "", said, "", whole(first, MOMENT).expected, *cells, *more, passed(now, figures.target)


# --- ④ faults

_FAULTS = (
    Column("class", "text", 14), Column("fault", "text", 26), Column("reason", "text", 18, True),
    Column("cameras_then", "count", 14), Column("down", "hours", 16, title="report.col_fault_hours"),
    Column("share", "rate", 10),
)  # fmt: skip
_UNKNOWNS = (
    Column("fault", "text", 30, title="report.col_why_unknown"), Column("reason", "text", 18, True),
    Column("cameras_then", "count", 14), Column("unknown", "hours", 16, title="report.col_unknown_hours"),
    Column("share", "rate", 10),
)  # fmt: skip


def fault_class(reason: str) -> str:
    """``picture``, ``stream`` or ``line``: who has to look at it."""
    if reason in FAULT_KINDS:
        return "picture"
    return "stream" if REASONS[reason].online is Signal.UP else "line"


def _down_by_reason(figures: Measured, span: str) -> dict[str, int]:
    """What was down: who does not answer, by why; of the last facet what is wrong with stream or picture."""
    found: dict[str, int] = {}
    for facet in (figures.first, figures.facets[-1]):
        for reason, parts in figures.of(facet, "reason", span).items():
            line = reason in REASONS and fault_class(reason) == "line"
            if reason in REASONS and line == (facet is figures.first):
                found[reason] = found.get(reason, 0) + parts.down
    return found


def faults(figures: Measured) -> Table:
    """What was wrong, by reason: cameras at the last second, and camera-hours."""
    time, then = _down_by_reason(figures, PERIOD), _down_by_reason(figures, MOMENT)
    whole = sum(time.values())
    rows: list[tuple[Cell, ...]] = [
        (
            text(f"report.class_{fault_class(reason)}").zh, REASONS[reason].zh, reason, then.get(reason, 0), amount,
            ratio(amount, whole),
        )
        for reason, amount in time.items() if amount
    ]  # fmt: skip
    rows.sort(key=lambda row: (-int(row[4] or 0), str(row[2])))
    said = text("web.total").zh
    last = said, "", "", sum(int(row[3] or 0) for row in rows), whole, ratio(whole, whole)
    facets = dict.fromkeys((figures.first, figures.facets[-1]))
    asked = [Wanted(facet, "reason", span) for facet in facets for span in (PERIOD, MOMENT)]
    return Table(
        "faults", _FAULTS, tuple(rows), last if rows else None, sources=figures.sources(*asked),
        notes=(text("report.note_faults" if rows else "report.none_faults"),),
    )  # fmt: skip


def unknowns(figures: Measured) -> Table:
    """Why nobody can say: by reason, with the time in which the hub was off as one."""
    facet = figures.facets[-1]
    time, then = _by_why(figures, PERIOD), _by_why(figures, MOMENT)
    whole = total(list(figures.of(facet, "reason", PERIOD).values())).expected
    rows: list[tuple[Cell, ...]] = [
        (_why(why), why, then.get(why, 0), amount, ratio(amount, whole))
        for why, amount in time.items()
        if amount
    ]
    rows.sort(key=lambda row: (-int(row[3] or 0), str(row[1])))
    amounts = sum(time.values())
    last = text("web.total").zh, "", sum(int(row[2] or 0) for row in rows), amounts, ratio(amounts, whole)
    asked = Wanted(facet, "reason", PERIOD), Wanted(facet, "reason", MOMENT)
    notes: tuple[Text, ...] = (text("report.note_unknown"),) if rows else (text("report.none_unknown"),)
    return Table(
        "unknowns",
        _UNKNOWNS,
        tuple(rows),
        last if rows else None,
        sources=figures.sources(*asked),
        notes=notes,
    )


def _by_why(figures: Measured, span: str) -> dict[str, int]:
    facet = figures.facets[-1]
    found: dict[str, int] = {}
    for reason, parts in figures.of(facet, "reason", span).items():
        info = REASONS.get(reason)
        said = getattr(info, facet.name.lower()) if info else Signal.UNKNOWN
        # an answer that is none is the last one before the hub was off
        why = HUB_OFF if said in (Signal.UP, Signal.DOWN) else reason
        found[why] = found.get(why, 0) + parts.unknown
    return found


def _why(why: str) -> str:
    if why in REASONS:
        return REASONS[why].zh
    return text(f"report.why_{why}").zh


_NO_ZONE: tzinfo = UTC  # rates have no zone
