"""A report as a workbook: a sheet a table, numbers as numbers, words as words (never a formula), ready to print.

Rates stay ratios under a format of per cent, so that who sums or sorts has the digits of ``rates --json``.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from camerahub.core.cells import as_words
from camerahub.core.report import FIRST, KINDS, Cell, Column, Report, Table, local, number, shown
from camerahub.core.texts import Text, text
from camerahub.reports.words import below, clean, notes, said, section

FONT = "微软雅黑"
_RED, _GREY, _FILL, _LINE = "#B3261E", "#5F6368", "#E8EDF2", "#B0B7BF"
#: Formats of numbers by kind. A rate short of all is never shown as 100.00%, one above nothing never as 0.00%.
_FORMATS = {
    "count": "#,##0", "hours": "#,##0.0", "rate": "0.00%", "points": "+0.00;-0.00;0.00", "rank": "0",
    "days": "#,##0.0", "moment": "yyyy-mm-dd hh:mm", "text": "@", "yes": "@",
}  # fmt: skip
_CENTRED = ("rank", "moment", "yes")
_ALMOST_ALL, _ALMOST_NOTHING = '"99.99%"', '"0.01%"'
_A4 = 9
#: Height of a row, points.
_HIGH = 18
#: Columns of a sheet of sentences alone.
_ALONE = 10
#: Paper is turned where the columns are wider together, in characters.
_PORTRAIT = 96
#: Longest word of a cell.
_LONGEST = 32_000
_SOURCES = (Column("table", wide=22), Column("digest", wide=68), Column("command", wide=150))


def workbook(report: Report, zone: tzinfo, *, english: bool = False) -> bytes:
    """The bytes of an XLSX file: the same for the same report."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False})
    title = said(report.title, english)
    created = local(report.as_of, zone).replace(tzinfo=None)
    book.set_properties({"title": title, "author": clean(report.site), "created": created})
    writer = _Writer(book, report, zone, english)
    first = [table for table in report.tables if table.key in FIRST]
    writer.page(section(text("report.summary")), first, report.headlines)
    for table in report.tables:
        if table not in first:
            writer.page(section(table.title), [table], ())
    if sources := _sources(report):
        writer.page(section(sources.title), [sources], ())
    book.close()
    return made.getvalue()


def _sources(report: Report) -> Table | None:
    rows: list[tuple[Cell, ...]] = [
        (section(table.title), source.digest, source.command)
        for table in report.tables
        for source in dict.fromkeys(table.sources)
    ]
    note = text("report.note_sources")
    return Table("sources", _SOURCES, tuple(rows), notes=(note,)) if rows else None


class _Writer:
    """One workbook, made in memory: a process that is killed leaves no file of it anywhere."""

    def __init__(self, book: Any, report: Report, zone: tzinfo, english: bool) -> None:
        self._book, self._report, self._zone, self._english = book, report, zone, english
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}

    def _format(self, **words: object) -> Any:
        key = tuple(sorted(words.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(
                {"font_name": FONT, "font_size": 10, "valign": "vcenter"} | words
            )
        return self._formats[key]

    def page(self, name: str, tables: Sequence[Table], headlines: Sequence[Text]) -> None:
        """One sheet: title, what it is of, sentences, tables one below the other."""
        sheet = self._book.add_worksheet(name)
        tables = [_printed_first(table) for table in tables]
        width = max((_printed(table) for table in tables), default=_ALONE)
        self._shape(sheet, tables, width)
        big = self._format(font_size=16, bold=True, align="center")
        self._merged(sheet, 0, width, said(self._report.title, self._english), big, 30)
        grey = self._format(font_size=9, font_color=_GREY, align="center")
        self._merged(sheet, 1, width, said(below(self._report, self._zone), self._english), grey, 18)
        row = 2
        for line in headlines:
            self._merged(sheet, row, width, "· " + said(line, self._english), self._format(font_size=11), 20)
            row += 1
        if not headlines and len(tables) == 1:
            sheet.freeze_panes(row + 2, 0)
            sheet.repeat_rows(row + 1)
            if rows := len(tables[0].rows):
                sheet.autofilter(row + 1, 0, row + 1 + rows, len(tables[0].columns) - 1)
        for table in tables:
            row = self._table(sheet, row, width, table)
        sheet.print_area(0, 0, row - 1, width - 1)

    def _shape(self, sheet: Any, tables: Sequence[Table], width: int) -> None:
        """Widths, paper, margins, page numbers."""
        total = 0
        for place in range(max((len(table.columns) for table in tables), default=0)):
            wide = max(table.columns[place].wide for table in tables if place < len(table.columns))
            sheet.set_column(place, place, wide + 1)
            total += wide if place < width else 0
        if total > _PORTRAIT:
            sheet.set_landscape()
        sheet.set_default_row(_HIGH)
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        sheet.center_horizontally()
        sheet.fit_to_pages(1, 0)
        sheet.hide_gridlines(2)
        digest = self._report.digest[:16]
        page = text("report.page", page="&P", pages="&N").zh
        hashed = text("report.hash", digest=digest).zh if digest else ""
        sheet.set_footer(f"&L&8{hashed}&C&9{page}&R&8 {self._report.subject}")

    def _merged(self, sheet: Any, row: int, width: int, words: str, form: Any, high: float) -> None:
        sheet.set_row(row, high)
        sheet.merge_range(row, 0, row, max(width - 1, 1), "", form)
        sheet.write_string(row, 0, as_words(clean(words)[:_LONGEST]), form)

    def _table(self, sheet: Any, row: int, width: int, table: Table) -> int:
        """The table from ``row`` on; the first row below it."""
        heading = self._format(font_size=12, bold=True)
        self._merged(sheet, row, width, said(table.title, self._english), heading, 24)
        row += 1
        head = self._format(
            bold=True, bg_color=_FILL, border=1, border_color=_LINE, align="center", text_wrap=True
        )
        sheet.set_row(row, 32 if self._english else 20)
        for place, column in enumerate(table.columns):
            zh, en = column.words
            sheet.write_string(row, place, f"{zh}\n{en}" if self._english else zh, head)
        row += 1
        for at, cells in enumerate(table.rows):
            self._row(sheet, row, table.columns, cells, red=at in table.red)
            row += 1
        if table.total is not None:
            self._row(sheet, row, table.columns, table.total, bold=True)
            row += 1
        small = self._format(font_size=9, font_color=_GREY, text_wrap=True)
        for line in notes(table):
            words = said(line, self._english)
            self._merged(sheet, row, width, words, small, 14 * (1 + len(words) // 70))
            row += 1
        return row + 1

    def _row(
        self,
        sheet: Any,
        row: int,
        columns: Sequence[Column],
        cells: Sequence[Cell],
        *,
        red: bool = False,
        bold: bool = False,
    ) -> None:
        for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            words: dict[str, object] = {
                "border": 1,
                "border_color": _LINE,
                "num_format": _number_format(column.kind, cell),
            }
            if red and column.marked:
                words["font_color"] = _RED
            if bold:
                words |= {"bold": True, "bg_color": _FILL}
            if column.kind == "text":
                words["indent"] = 1
            if column.kind in _CENTRED:
                words["align"] = "center"
            self._cell(sheet, row, place, column.kind, cell, words)

    def _cell(
        self, sheet: Any, row: int, place: int, kind: str, cell: Cell, words: dict[str, object]
    ) -> None:
        value = number(kind, cell)
        if value is not None:
            sheet.write_number(row, place, value, self._format(**words))
        elif kind == "moment" and cell:
            at = local(int(cell), self._zone).replace(tzinfo=None)
            sheet.write_datetime(row, place, at, self._format(**words))
        else:
            if KINDS[kind]:
                words["align"] = "right"
            said = as_words(clean(shown(kind, cell, self._zone))[:_LONGEST])
            sheet.write_string(row, place, said, self._format(**words))


def _printed(table: Table) -> int:
    """How many columns are printed."""
    return sum(not column.sheet_only for column in table.columns)


def _printed_first(table: Table) -> Table:
    """The same table, columns that are not for paper at its right, beyond what is printed."""
    order = sorted(range(len(table.columns)), key=lambda place: table.columns[place].sheet_only)

    def moved(cells: Sequence[Cell]) -> tuple[Cell, ...]:
        return tuple(cells[place] for place in order)

    return replace(
        table,
        columns=tuple(table.columns[place] for place in order),
        rows=tuple(map(moved, table.rows)),
        total=None if table.total is None else moved(table.total),
    )


def _number_format(kind: str, cell: Cell) -> str:
    if kind == "rate" and isinstance(cell, float):
        if 0.99995 <= cell < 1:
            return _ALMOST_ALL
        if 0 < cell < 0.00005:
            return _ALMOST_NOTHING
    return _FORMATS[kind]


__all__ = ["FONT", "workbook"]
