"""A small report made by hand, for the tests of its writers."""

from __future__ import annotations

from camerahub.core.report import Cell, Column, Report, Source, Table
from camerahub.core.texts import text

#: 2026-11-24 in Shanghai, µs UTC.
DAY = 1_795_449_600_000_000
HOUR = 3_600_000_000
COLUMNS = (
    Column("rank", "rank", 6), Column("group", "text", 20, title="report.col_township"),
    Column("code", "text", 14, sheet_only=True), Column("cameras", "count"), Column("up", "hours", 12, sheet_only=True),
    Column("raw", "rate"), Column("change", "points"), Column("since", "moment", 17), Column("passed", "yes"),
)  # fmt: skip
ROWS: tuple[tuple[Cell, ...], ...] = (
    (1, "石桥镇", "990121101", 1_204, 28_896 * HOUR, 0.999999, 0.0123, DAY, True),
    (2, '=HYPERLINK("http://192.0.2.1","x")', "@SUM(1)", 3, HOUR // 3, 0.97345, -0.2, None, False),
    (3, "a\x00b\x1b<script>&amp;", "-1+1", 0, 0, None, None, 0, None),
    (4, "末镇", "+1", 1, 1, 0.000001, 0.0, DAY + 1, False),
)


def table(rows: tuple[tuple[Cell, ...], ...] = ROWS, key: str = "township") -> Table:
    """A ranking with everything that is hard to write."""
    total = ("", "合计", "", 1_208, 28_897 * HOUR, 0.9, 0.0, None, True)
    source = Source("camerahub rates --by township", "ab" * 32)
    return Table(
        key, COLUMNS, rows, total, frozenset({3}), (text("report.note_sources"),), (source,), wide=True
    )


def report(**changes: object) -> Report:
    """A daily report of two tables."""
    fields: dict[str, object] = {
        "kind": "daily", "site": "临溪县", "subject": "2026-11-24", "start": DAY, "end": DAY + 24 * HOUR,
        "as_of": DAY + 32 * HOUR, "rules": (1,), "stage": text("report.stage_preliminary"),
        "headlines": (text("report.head_logins", count=3),),
        "tables": (table(key="overview"), table()),
    }  # fmt: skip
    return Report(**(fields | changes))  # type: ignore[arg-type]
