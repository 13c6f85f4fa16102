"""CSV as Excel and people write it: UTF-8 with and without BOM, GBK/GB18030, UTF-16; comma, semicolon or tab.

Must not know what the columns mean.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from camerahub.registry.tablefile.limits import HEADER_WITHIN, MAX_CSV_BYTES
from camerahub.registry.tablefile.verdicts import TableFileError

_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DELIMITERS = (",", ";", "\t")


def read_csv(path: Path) -> Iterator[list[str]]:
    """The rows of a CSV file, cells as text, blank lines as empty lists. TableFileError."""
    try:
        encoding = find_encoding(path)
        with path.open(encoding=encoding, newline="") as file:
            sample = file.read(1 << 16)
        with path.open(encoding=encoding, newline="") as file:
            yield from _rows(path, csv.reader(file, delimiter=find_delimiter(sample), strict=True))
    except OSError as error:
        raise TableFileError("tablefile.unreadable", file=path, why=error.strerror) from error


def _rows(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    row = 0
    try:
        for row, cells in enumerate(reader, start=1):  # noqa: B007 - the row of a failure is told below
            yield cells
    except csv.Error as error:
        raise TableFileError("tablefile.csv_broken", file=path, row=row + 1) from error
    except UnicodeError as error:
        raise TableFileError("tablefile.encoding", file=path, row=row + 1, offset=0) from error


def find_encoding(path: Path) -> str:
    """utf-8-sig, utf-16, utf-8 or gb18030, proven on the whole file. TableFileError names byte offset and line."""
    size = path.stat().st_size
    if size > MAX_CSV_BYTES:
        raise TableFileError("tablefile.too_big", file=path, limit=MAX_CSV_BYTES >> 20)
    if size == 0:
        raise TableFileError("tablefile.empty", file=path)
    with path.open("rb") as file:
        head = file.read(4)
    named = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    candidates = [named] if named else ["utf-8", "gb18030"]
    failed_at = 0
    for encoding in candidates:
        fault = _first_fault(path, encoding)
        if fault is None:
            return encoding
        failed_at = max(failed_at, fault)
    raise TableFileError("tablefile.encoding", file=path, row=_line_of(path, failed_at), offset=failed_at)


def _first_fault(path: Path, encoding: str) -> int | None:
    """Byte offset of the first thing that is not ``encoding``; None when all is. A NUL raises TableFileError."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            held = len(decoder.getstate()[0])
            if encoding != "utf-16" and b"\0" in chunk:
                raise TableFileError("tablefile.nul", file=path, offset=done + chunk.index(b"\0"))
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return max(0, done - held + error.start)
            if encoding == "utf-16" and "\0" in text:
                raise TableFileError("tablefile.nul", file=path, offset=done + 2 * text.index("\0"))
            if not chunk:
                return None
            done += len(chunk)


def _line_of(path: Path, offset: int) -> int:
    line = 1
    with path.open("rb") as file:
        while offset > 0 and (chunk := file.read(min(_CHUNK, offset))):
            line += chunk.count(b"\n")
            offset -= len(chunk)
    return line


def find_delimiter(sample: str) -> str:
    """The delimiter under which the first rows have the most columns; comma wins a tie."""
    return max(DELIMITERS, key=lambda mark: _widest(sample, mark))


def _widest(sample: str, delimiter: str) -> int:
    widest = 0
    try:
        for row, cells in enumerate(csv.reader(StringIO(sample, newline=""), delimiter=delimiter)):
            widest = max(widest, len(cells))
            if row >= HEADER_WITHIN:
                break
    except csv.Error:
        return widest
    return widest
