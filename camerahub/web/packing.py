"""A list on its way to the process that makes an XLSX of it (``sheet``): columns, not cells, so that little is copied.

Words go over once each with a number a row, times as numbers. What no cell can hold is taken out here, once a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from camerahub.web.asking import readable

#: A cell holds at most 32,767 characters.
MOST_CELL = 32_000
#: What spreadsheets read as a coded character.
_CODED = re.compile("_x(?=[0-9A-Fa-f]{4}_)")


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
        words = "\0".join(map(_clean, column.words)).encode("utf-8", "replace")
        parts = (words, column.at or b"", column.times or b"")
        told = {"title": column.title, "width": column.width, "kind": column.kind, "words": len(column.words)}
        head.append(told | {"sizes": [len(part) for part in parts]})
        blobs += parts
    said = {
        "name": book.name,
        "about_name": book.about_name,
        "zone": book.zone,
        "about": [[_clean(word) for word in pair] for pair in book.about],
    }
    return json.dumps(said | {"columns": head}).encode() + b"\n" + b"".join(blobs)


def _clean(word: str) -> str:
    """What a cell can hold of a word: no control characters, and none that spreadsheets read out of ``_x0041_``."""
    plain = readable(word[:MOST_CELL])
    return _CODED.sub("_x005F_x", plain) if "_x" in plain else plain
