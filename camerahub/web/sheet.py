"""XLSX of a list, made in a process of its own: `python -m camerahub.web.sheet` reads columns and writes the file.

xlsxwriter is plain Python and would hold the hub's interpreter for seconds. What goes over is columns, not cells: words
once each with a number a row, times as numbers. Every cell is text: nothing in a name is ever run as a formula.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

#: A cell holds at most 32,767 characters; a sheet so many lines below its title.
MOST_CELL, MOST_ROWS = 32_000, 1_048_575


@dataclass(frozen=True, slots=True)
class Column:
    """One column of N cells. ``words`` with ``at`` (int32 bytes, N): a word each; ``words`` alone: N cells as they are;
    ``times``: int64 bytes, µs UTC, 0 = never."""

    title: str
    width: int
    words: Sequence[str] = ()
    at: bytes | None = None
    times: bytes | None = None

    @property
    def kind(self) -> str:
        """Which of the three it is."""
        return "times" if self.times is not None else "words" if self.at is None else "at"


@dataclass(frozen=True, slots=True)
class Book:
    """A list and, on a second sheet, what it is: pairs of words. ``zone``: in which times are written."""

    name: str
    about_name: str
    zone: str
    columns: Sequence[Column]
    about: Sequence[tuple[str, str]]


def pack(book: Book) -> bytes:
    """The bytes ``main`` reads: a line of JSON, then the blobs it tells the lengths of."""
    head: list[dict[str, object]] = []
    blobs: list[bytes] = []
    for column in book.columns:
        words = "\0".join(word.replace("\0", " ") for word in column.words).encode("utf-8", "replace")
        parts = (words, column.at or b"", column.times or b"")
        told = {"title": column.title, "width": column.width, "kind": column.kind, "words": len(column.words)}
        head.append(told | {"sizes": [len(part) for part in parts]})
        blobs += parts
    said = {"name": book.name, "about_name": book.about_name, "zone": book.zone, "about": list(book.about)}
    return json.dumps(said | {"columns": head}).encode() + b"\n" + b"".join(blobs)


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


def write(source: BinaryIO) -> bytes:
    """The file made of what ``pack`` wrote."""
    import xlsxwriter  # type: ignore[import-untyped]

    said, cells = _unpack(source)
    into = BytesIO()
    # no word becomes a number, a link or a formula, whoever wrote it
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(into, {"constant_memory": True} | plain)
    bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(said["name"])
    for place, column in enumerate(said["columns"]):
        sheet.set_column(place, place, column["width"], as_text)
        sheet.write_string(0, place, column["title"], bold)
    number = 0
    put = sheet.write_string
    for number, row in enumerate(zip(*cells, strict=True), 1):
        if number > MOST_ROWS:
            break
        for place, cell in enumerate(row):
            put(number, place, cell[:MOST_CELL], as_text)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, number, len(said["columns"]) - 1)
    about = book.add_worksheet(said["about_name"])
    about.set_column(0, 1, 40, as_text)
    for place, pair in enumerate(said["about"]):
        about.write_string(place, 0, pair[0][:MOST_CELL], bold)
        about.write_string(place, 1, pair[1][:MOST_CELL], as_text)
    book.close()
    return into.getvalue()


def main() -> int:
    """Standard input to standard output."""
    sys.stdout.buffer.write(write(sys.stdin.buffer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
