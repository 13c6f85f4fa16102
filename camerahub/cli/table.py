"""Tables for people: columns that line up although Chinese characters are two cells wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from camerahub.core.rates import percentage
from camerahub.core.texts import text

_WIDE = ("W", "F")


def width(word: str) -> int:
    """Cells a word takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in word
    )


def pad(word: str, cells: int, *, right: bool = False) -> str:
    """``word`` filled up with blanks to ``cells``."""
    blanks = " " * max(0, cells - width(word))
    return blanks + word if right else word + blanks


def plain(word: str) -> str:
    """``word`` without control characters: names come from other people's files."""
    return "".join(c if c.isprintable() else " " for c in word)


def render(headers: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Lines of a table; ``headers`` are catalogue keys, shown as 中文 over English; ``right``: columns of numbers."""
    titles = [text(key) for key in headers]
    body = [[plain(cell) for cell in row] for row in rows]
    table = [[title.zh for title in titles], [title.en for title in titles], *body]
    cells = [max(width(row[i]) for row in table) for i in range(len(headers))]
    numbers = set(right)
    return [
        "  ".join(pad(cell, cells[i], right=i in numbers) for i, cell in enumerate(row)).rstrip()
        for row in table
    ]


def moment(at: int, zone: tzinfo) -> str:
    """µs UTC as local time to the second, - for never."""
    if not at:
        return "-"
    return datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def percent(ratio: float | None) -> str:
    """A ratio as a percentage with two decimals, - when there was nothing to count; never 100 for less than all."""
    return "-" if ratio is None else percentage(ratio)
