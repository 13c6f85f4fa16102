"""XLSX of a list, made in a process of its own: `python -m camerahub.web.sheet` reads columns and writes the file.

xlsxwriter is plain Python and would hold the hub's interpreter for seconds. What comes in is what ``packing`` wrote.
Every cell is text: nothing in a name is ever run as a formula.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

#: Lines a sheet has below its title.
MOST_ROWS = 1_048_575


def _unpack(source: BinaryIO) -> tuple[dict[str, Any], list[Iterator[str]]]:
    said = json.loads(source.readline())
    zone = ZoneInfo(said["zone"])
    cells = []
    for told in said["columns"]:
        words, at, times = (source.read(size) for size in told["sizes"])
        known = words.decode().split("\0") if told["words"] else []
        cells.append(_cells(told["kind"], known, at, times, zone))
    return said, cells


def _cells(kind: str, words: list[str], at: bytes, times: bytes, zone: ZoneInfo) -> Iterator[str]:
    if kind == "times":
        return map(_clock(zone), array("q", times))
    return map(words.__getitem__, array("i", at)) if kind == "at" else iter(words)


def _clock(zone: ZoneInfo) -> Callable[[int], str]:
    known: dict[int, str] = {}

    def told(at: int) -> str:
        second = at // 1_000_000
        if second not in known:
            local = datetime.fromtimestamp(second, UTC).astimezone(zone)
            known[second] = local.strftime("%Y-%m-%d %H:%M:%S") if at else ""
        return known[second]

    return told


def _plain_sheet(style: int) -> type[Worksheet]:
    """A sheet whose innermost step writes text and nothing else, in half the time; ``style`` of every cell of it.

    Text that looks like a piece of rich text stays text, too. Were the step named otherwise in some other version, the
    library's own would write the same cells.
    """
    letters = [xl_col_to_name(place) for place in range(64)]

    class Plain(Worksheet):  # type: ignore[misc]
        def _write_cell(self, row: int, col: int, cell: Any) -> None:
            if type(cell).__name__ != "String" or cell.format is not None:
                super()._write_cell(row, col, cell)
                return
            word = cell.string.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            self.fh.write(
                f'<c r="{letters[col]}{row + 1}" s="{style}" t="inlineStr"><is>'
                f'<t xml:space="preserve">{word}</t></is></c>'
            )

    return Plain


def write(source: BinaryIO) -> bytes:
    """The file made of what ``pack`` wrote."""
    said, cells = _unpack(source)
    into = BytesIO()
    # no word becomes a number, a link or a formula, whoever wrote it
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(into, {"constant_memory": True} | plain)
    bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    plain_sheet = _plain_sheet(as_text._get_xf_index())
    sheet = book.add_worksheet(said["name"], plain_sheet)
    for place, column in enumerate(said["columns"]):
        sheet.set_column(place, place, column["width"], as_text)
        sheet.write_string(0, place, column["title"], bold)
    number = 0
    put = sheet.write_string
    for number, row in enumerate(zip(*cells, strict=True), 1):
        if number > MOST_ROWS:
            break
        for place, cell in enumerate(row):
            put(number, place, cell)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, number, len(said["columns"]) - 1)
    about = book.add_worksheet(said["about_name"], plain_sheet)
    about.set_column(0, 1, 40, as_text)
    for place, pair in enumerate(said["about"]):
        about.write_string(place, 0, pair[0])
        about.write_string(place, 1, pair[1])
    book.close()
    return into.getvalue()


def main() -> int:
    """Standard input to standard output."""
    sys.stdout.buffer.write(write(sys.stdin.buffer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
