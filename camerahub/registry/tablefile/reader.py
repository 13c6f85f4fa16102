"""A table file as rows of text under known columns: finds format, sheet and header row.

Must not know what is in the cells, nor the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, pairwise, zip_longest
from pathlib import Path

from camerahub.registry.tablefile.csvfile import read_csv
from camerahub.registry.tablefile.files import check_readable
from camerahub.registry.tablefile.limits import HEADER_WITHIN, MAX_COLUMNS, MAX_KEPT_COLUMNS, MAX_ROWS
from camerahub.registry.tablefile.profile import Column, Profile, normal
from camerahub.registry.tablefile.verdicts import TableFileError
from camerahub.registry.tablefile.xlsxfile import OLE_MAGIC, ZIP_MAGIC, read_xlsx

_SECRETIVE = ("密码", "口令", "passw", "pwd", "secret", "令牌", "token", "密钥")


@dataclass(frozen=True)
class Layout:
    """Where which column stands: ``known`` index -> column, ``kept`` unknown header by index, ``dropped`` headers."""

    headers: tuple[str, ...]
    known: dict[int, Column]
    kept: dict[int, str]
    dropped: tuple[str, ...]
    fields: frozenset[str] = frozenset()

    def header_of(self, field: str) -> str:
        """The header as the user wrote it, '' when the column is not there."""
        return self._by_field.get(field, "")

    @cached_property
    def _by_field(self) -> dict[str, str]:
        return {column.field: self.headers[at] for at, column in self.known.items()}


@dataclass(frozen=True, slots=True)
class TableFile:
    """An opened table: its layout and its rows, numbered as Excel numbers them."""

    path: Path
    layout: Layout
    rows: Iterator[tuple[int, list[str]]]


def open_table(path: Path, profile: Profile, *, two_rows: bool = False) -> TableFile:
    """Open a CSV or XLSX file under ``profile``. TableFileError when it cannot be used at all.

    ``two_rows``: a header may stand in two rows, of which merged cells leave one empty.
    """
    best: tuple[int, list[str]] = (-1, [])
    for sheet in _sheets(path):
        head = list(islice(sheet, HEADER_WITHIN))
        scored = [_score(cells, profile) for cells in head]
        for at, cells in enumerate(_pairs(head, profile, max(scored, default=0)) if two_rows else []):
            if cells:
                layout = make_layout(path, cells, profile)
                rows = chain(enumerate(head[at + 2 :], start=at + 3), enumerate(sheet, start=len(head) + 1))
                return TableFile(path, layout, _data_rows(path, rows))
        for at, score in enumerate(scored):
            if score == max(scored) and _complete(head[at], profile):
                layout = make_layout(path, head[at], profile)
                rows = chain(enumerate(head[at + 1 :], start=at + 2), enumerate(sheet, start=len(head) + 1))
                return TableFile(path, layout, _data_rows(path, rows))
        # of rows without a known header the one with the most cells is what was meant as one
        best = max([best, *zip(scored, head, strict=True)], key=lambda one: (one[0], _filled(one[1])))
    raise _no_header(path, best[1], profile)


def _sheets(path: Path) -> list[Iterator[list[str]]]:
    check_readable(path)
    try:
        with path.open("rb") as file:
            magic = file.read(8)
    except OSError as error:
        raise TableFileError("tablefile.unreadable", file=path, why=error.strerror) from error
    if magic.startswith((ZIP_MAGIC, OLE_MAGIC)):
        return read_xlsx(path)
    return [read_csv(path)]


def _pairs(head: list[list[str]], profile: Profile, best: int) -> Iterator[list[str]]:
    """Of every two rows the header they make together, [] where they make none: it is complete only with both, and
    names as many columns as any single row does."""
    for upper, lower in pairwise(head):
        cells = _merged(upper, lower)
        both = _complete(cells, profile) and not _complete(lower, profile)
        yield cells if both and _score(lower, profile) and _score(cells, profile) >= best else []


def _merged(upper: list[str], lower: list[str]) -> list[str]:
    """One header out of two rows: the lower cell, or where it is empty the upper one."""
    both = zip_longest(upper[:MAX_COLUMNS], lower[:MAX_COLUMNS], fillvalue="")
    return [below if below.strip() else above for above, below in both]


def _filled(cells: list[str]) -> int:
    return sum(1 for cell in cells[:MAX_COLUMNS] if cell.strip())


def _score(cells: list[str], profile: Profile) -> int:
    return len(
        {column.field for cell in cells[:MAX_COLUMNS] if (column := profile.by_name.get(normal(cell)))}
    )


def _complete(cells: list[str], profile: Profile) -> bool:
    return not _missing(cells, profile)


def _missing(cells: list[str], profile: Profile) -> list[Column]:
    found = {column.field for cell in cells[:MAX_COLUMNS] if (column := profile.by_name.get(normal(cell)))}
    return [column for column in profile.needed if column.field not in found]


def _no_header(path: Path, cells: list[str], profile: Profile) -> TableFileError:
    found = ", ".join(cell.strip()[:30] for cell in cells[:40] if cell.strip()) or "-"
    return TableFileError(
        "tablefile.no_header",
        file=path,
        profile=profile.name,
        missing=", ".join(column.header for column in _missing(cells, profile)) or "-",
        found=found,
        needed=", ".join(column.header for column in profile.needed),
    )


def make_layout(path: Path, headers: list[str], profile: Profile) -> Layout:
    """Match headers to columns. TableFileError when two headers mean the same column."""
    known: dict[int, Column] = {}
    unknown: dict[int, str] = {}
    at_of: dict[str, int] = {}
    for at, header in enumerate(headers[:MAX_COLUMNS]):
        column = profile.by_name.get(normal(header))
        if column is None:
            if header.strip():
                unknown[at] = header.strip()[:60]
        elif column.field in at_of:
            one = at_of[column.field] + 1
            raise TableFileError("tablefile.column_twice", file=path, column=header, one=one, two=at + 1)
        else:
            at_of[column.field] = at
            known[at] = column
    return Layout(tuple(header.strip() for header in headers), known, *_keep(unknown), frozenset(at_of))


def _keep(unknown: dict[int, str]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Unknown columns to keep aside, and those that look like passwords and are not stored in clear."""
    secretive = {
        at for at, header in unknown.items() if any(mark in header.casefold() for mark in _SECRETIVE)
    }
    kept = {at: header for at, header in unknown.items() if at not in secretive}
    return dict(islice(kept.items(), MAX_KEPT_COLUMNS)), tuple(unknown[at] for at in sorted(secretive))


def _data_rows(path: Path, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for row, cells in rows:
        if row > MAX_ROWS:
            raise TableFileError("tablefile.too_many_rows", file=path, limit=MAX_ROWS)
        if any(cells) and "".join(cells).strip():
            yield row, cells
