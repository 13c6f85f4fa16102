"""The time a picture says it was taken at, out of the Exif segment of a JPEG file.

Sources: JEITA CP-3451 (Exif 2.x) for the tags, TIFF 6.0 for the directories, ITU-T T.81 annex B for the segments. No
library: two tags are all that is wanted, and whatever a camera writes here is answered by None within fixed bounds.
"""

from __future__ import annotations

import calendar
import re
import struct
from typing import NamedTuple

#: Segments before the picture, and entries of a directory, that are looked at.
MAX_SEGMENTS, MAX_ENTRIES = 64, 256

_DATE_TIME, _EXIF_IFD, _ORIGINAL, _OFFSET, _OFFSET_ORIGINAL = 0x0132, 0x8769, 0x9003, 0x9010, 0x9011
_ASCII, _LONG = 2, 4
_STAMP = re.compile(rb"([12]\d{3}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(rb"([+-])(\d\d):(\d\d)")


class Taken(NamedTuple):
    """``at`` s since 1970: UTC where ``zoned``, else what the camera's local clock showed, read as if it were UTC."""

    at: int
    zoned: bool


def taken_at(jpeg: bytes) -> Taken | None:
    """When the picture says it was taken (DateTimeOriginal, else DateTime); None where it does not. Never raises."""
    tiff = _exif(jpeg)
    if tiff is None:
        return None
    try:
        return _read(tiff)
    except struct.error:  # an offset that leads out of the segment
        return None


def _exif(jpeg: bytes) -> bytes | None:
    """The TIFF part of the first Exif segment before the picture begins."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        head = jpeg[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):
            return None
        size = int.from_bytes(head[2:], "big")
        if head[1] == 0xE1 and jpeg[at + 4 : at + 10] == b"Exif\0\0":
            return jpeg[at + 10 : at + 2 + size]
        at += 2 + size
    return None


def _read(tiff: bytes) -> Taken | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    tags = _directory(tiff, order, *struct.unpack_from(order + "I", tiff, 4))
    inner = tags.get(_EXIF_IFD)
    if isinstance(inner, int):
        tags = _directory(tiff, order, inner) | {_DATE_TIME: tags.get(_DATE_TIME, b"")}
    for stamp, zone in ((_ORIGINAL, _OFFSET_ORIGINAL), (_DATE_TIME, _OFFSET)):
        taken = _moment(tags.get(stamp), tags.get(zone))
        if taken is not None:
            return taken
    return None


def _directory(tiff: bytes, order: str, at: int) -> dict[int, bytes | int]:
    """Texts and single numbers of one directory, by tag. ``struct.error`` when it is not whole."""
    (count,) = struct.unpack_from(order + "H", tiff, at)
    found: dict[int, bytes | int] = {}
    for n in range(min(count, MAX_ENTRIES)):
        place = at + 2 + 12 * n
        tag, kind, size, value = struct.unpack_from(order + "HHII", tiff, place)
        if kind == _ASCII:
            begin = place + 8 if size <= 4 else value
            found[tag] = tiff[begin : begin + min(size, 64)]
        elif kind == _LONG and size == 1:
            found[tag] = value
    return found


def _moment(stamp: bytes | int | None, zone: bytes | int | None) -> Taken | None:
    found = _STAMP.match(stamp) if isinstance(stamp, bytes) else None
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    at = calendar.timegm((year, month, day, hour, minute, second))
    offset = _ZONE.match(zone) if isinstance(zone, bytes) else None
    if not offset:
        return Taken(at, False)
    ahead = int(offset[2]) * 3600 + int(offset[3]) * 60
    return Taken(at - ahead if offset[1] == b"+" else at + ahead, True)
