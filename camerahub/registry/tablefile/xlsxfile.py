"""XLSX: the container is proven harmless before calamine opens it.

calamine unpacks members whole and holds a dense sheet, so sizes, ratios and the farthest cell are checked first, on
what the members really unpack to. Must not know what the columns mean.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from python_calamine import CalamineError, CalamineWorkbook

from camerahub.registry.tablefile.limits import (
    MAX_XLSX_BYTES,
    MAX_XLSX_COLUMNS,
    MAX_XLSX_MEMBERS,
    MAX_XLSX_RATIO,
    MAX_XLSX_ROWS,
    MAX_XLSX_UNPACKED,
)
from camerahub.registry.tablefile.verdicts import TableFileError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGIC = b"PK\x03\x04"
_ENCRYPTED_MARK = "EncryptedPackage".encode("utf-16-le")
_MAX_SHEETS = 10
#: A cell reference right of column CZ, or below row 199,999.
_FAR_CELL = rb"(?:[D-Zd-z][A-Za-z]|[A-Za-z]{3,})\$?\d|[A-Za-z]{0,3}\$?0*(?:[2-9]\d{5}|[1-9]\d{6})"
#: As every writer writes it (a literal prefix halves the search), and as XML would allow it.
_FAR = re.compile(rb' r="(?:' + _FAR_CELL + rb")")
_FAR_ODD = re.compile(rb"""(?<![:\w])r\s*=\s*["']\s*\$?(?:""" + _FAR_CELL + rb")")
#: Marks of the odd ways, by the byte without which none of them is there: looking for one byte costs next to nothing.
_ODD = {
    b"'": (b"r='", b"'r="),
    b"\t": (b"\tr", b"r\t", b"=\t"),
    b"\n": (b"\nr", b"r\n", b"=\n"),
    b"\r": (b"\rr", b"r\r"),
    b"$": (b'r="$',),
    b"=": (b"r =", b"r= ", b'"r=', b'r=" '),
}
_ROW = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?row[\s/>]")
_CELL = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?c[\s/>]")
_LOCAL_HEADER = 30


def read_xlsx(path: Path) -> list[Iterator[list[str]]]:
    """The rows of each sheet (at most ten), cells as text. TableFileError."""
    data = _bytes_of(path)
    check_container(path, data)
    with _calamine_faults(path):
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        names = book.sheet_names[:_MAX_SHEETS]
    return [_sheet(path, book, name) for name in names]


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_XLSX_BYTES:
            raise TableFileError("tablefile.too_big", file=path, limit=MAX_XLSX_BYTES >> 20)
        return path.read_bytes()
    except OSError as error:
        raise TableFileError("tablefile.unreadable", file=path, why=error.strerror) from error


def check_container(path: Path, data: bytes) -> None:
    """TableFileError unless ``data`` is a ZIP whose members really unpack to what they declare, within the bounds."""
    if data.startswith(OLE_MAGIC):
        kind = "encrypted" if _ENCRYPTED_MARK in data else "old"
        raise TableFileError(f"tablefile.xlsx_{kind}", file=path)
    try:
        with ZipFile(BytesIO(data)) as container:
            members = container.infolist()
    except (BadZipFile, LargeZipFile, NotImplementedError, OSError, ValueError, OverflowError) as error:
        raise TableFileError("tablefile.xlsx_broken", file=path, why="ZIP") from error
    if len(members) > MAX_XLSX_MEMBERS:
        raise TableFileError("tablefile.xlsx_bomb", file=path, why=f"{len(members)} members")
    left = MAX_XLSX_UNPACKED
    for member in members:
        left -= _check_member(path, data, member, left)


def _check_member(path: Path, data: bytes, member: ZipInfo, left: int) -> int:
    """Bytes ``member`` unpacks to."""
    if member.flag_bits & 1:
        raise TableFileError("tablefile.xlsx_encrypted", file=path)
    allowed = min(left, max(member.compress_size * MAX_XLSX_RATIO, 1 << 20))
    if member.file_size > allowed:
        raise TableFileError("tablefile.xlsx_bomb", file=path, why=f"{member.file_size >> 20} MB")
    content = _unpack(data, member, allowed)
    if content is None:
        raise TableFileError("tablefile.xlsx_broken", file=path, why="member")
    if len(content) > allowed:
        raise TableFileError("tablefile.xlsx_bomb", file=path, why=f"> {allowed >> 20} MB")
    if len(content) != member.file_size:
        raise TableFileError("tablefile.xlsx_broken", file=path, why="size")
    if "worksheets" in member.filename.replace("\\", "/").lower() and _too_far(content):
        why = f"> {MAX_XLSX_COLUMNS} columns or > {MAX_XLSX_ROWS} rows"
        raise TableFileError("tablefile.xlsx_bomb", file=path, why=why)
    return len(content)


def _unpack(data: bytes, member: ZipInfo, allowed: int) -> bytes | None:
    """Real content of a member, one byte over ``allowed`` at most; None when it is no sound member.

    zipfile stops at the declared size, calamine does not: so the stream itself is followed to its end.
    """
    header = data[member.header_offset : member.header_offset + _LOCAL_HEADER]
    if len(header) < _LOCAL_HEADER or not header.startswith(ZIP_MAGIC):
        return None
    start = member.header_offset + _LOCAL_HEADER + int.from_bytes(header[26:28], "little")
    start += int.from_bytes(header[28:30], "little")
    packed = data[start : start + member.compress_size]
    if len(packed) != member.compress_size:
        return None
    if member.compress_type == 0:
        return packed
    if member.compress_type != 8:
        return None
    try:
        return zlib.decompressobj(-15).decompress(packed, allowed + 1)
    except zlib.error:
        return None


def _too_far(content: bytes) -> bool:
    """Whether a sheet would make calamine hold a matrix beyond the bounds."""
    odd = any(byte in content and any(mark in content for mark in marks) for byte, marks in _ODD.items())
    if (_FAR_ODD if odd else _FAR).search(content):
        return True
    starts = [hit.start() for hit in _ROW.finditer(content)]
    if len(starts) > MAX_XLSX_ROWS:
        return True
    if content.count(b"<c") + content.count(b":c") <= MAX_XLSX_COLUMNS:
        return False
    bounds = [*(starts or [0]), len(content)]  # cells outside any row are looked at as one
    return any(_crowded(content, one, two) for one, two in pairwise(bounds))


def _crowded(content: bytes, start: int, end: int) -> bool:
    """Cells may leave out their reference and then count on from the left."""
    if end - start < 4 * MAX_XLSX_COLUMNS:
        return False
    if content.count(b"<c", start, end) + content.count(b":c", start, end) <= MAX_XLSX_COLUMNS:
        return False
    return sum(1 for _ in _CELL.finditer(content, start, end)) > MAX_XLSX_COLUMNS


@contextmanager
def _calamine_faults(path: Path) -> Iterator[None]:
    """calamine's errors, and a panic of its parser (which derives from BaseException), as TableFileError."""
    try:
        yield
    except (CalamineError, ValueError, KeyError, OSError, OverflowError, UnicodeError) as error:
        raise TableFileError("tablefile.xlsx_broken", file=path, why=type(error).__name__) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise TableFileError("tablefile.xlsx_broken", file=path, why="XML") from error


def _sheet(path: Path, book: CalamineWorkbook, name: str) -> Iterator[list[str]]:
    with _calamine_faults(path):
        sheet = book.get_sheet_by_name(name)
        first = sheet.start[0] if sheet.start else 0
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=True)
        left = sheet.start[1] if sheet.start else 0
    for _ in range(first):
        yield []
    pad = [""] * left
    for row in rows:
        yield pad + [cell if type(cell) is str else cell_text(cell) for cell in row]


def cell_text(cell: Any) -> str:
    """What a cell means as text: whole numbers without point, dates as 2023-05-01, booleans as words."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, int):
        return str(cell) if abs(cell) < 10**15 else repr(float(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
