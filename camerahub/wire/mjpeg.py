"""JPEG over RTP (RFC 2435): the headers that were left out on the way are written again, as JFIF.

Types 0 and 1 (4:2:2 and 4:2:0) and the same with restart markers (64, 65); quantisation tables by Q or in band.
Pictures wider or higher than 2040 have no size in RFC 2435: it is taken from the headers that ONVIF cameras put into
the header extension (ONVIF Streaming Specification 5.1.3). Some cameras send whole JPEG files as the scan; those pass
as they are.
"""

from __future__ import annotations

import struct

from camerahub.wire.picture import FRAGMENT_COST, Limits
from camerahub.wire.rtp import Figures, extension

ONVIF_JPEG = 0xFFD8  # profile of the header extension
_HEADER = struct.Struct(">IBBBB").unpack_from
_SOI, _EOI, _SOF0, _DQT, _DHT, _SOS, _DRI, _APP0 = (
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xc0",
    b"\xff\xdb",
    b"\xff\xc4",
    b"\xff\xda",
    b"\xff\xdd",
    b"\xff\xe0",
)
_SOF = range(0xC0, 0xC3)

#: Tables K.1 and K.2 of ITU-T T.81 in the zigzag order they are sent in (RFC 2435 appendix A).
_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738506d515"
    "75f626768673e4d71797064785c656763"
)
_CHROMA = bytes.fromhex("1112121815182f1a1a2f634238426363" + "63" * 48)

#: Tables K.3 to K.6 of ITU-T T.81: class and id, how many codes of each length 1..16, the symbols.
_DC_SYMBOLS = bytes(range(12))
_HUFFMAN = (
    (0x00, bytes.fromhex("00010501010101010100000000000000"), _DC_SYMBOLS),
    (
        0x10,
        bytes.fromhex("0002010303020403050504040000017d"),
        bytes.fromhex(
            "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728"
            "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a83848586878889"
            "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2"
            "e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
        ),
    ),
    (0x01, bytes.fromhex("00030101010101010101010000000000"), _DC_SYMBOLS),
    (
        0x11,
        bytes.fromhex("00020102040403040705040400010277"),
        bytes.fromhex(
            "0001020311040521310612415107617113223281081442 91a1b1c109233352f0156272d10a162434e125f11718191a26"
            "2728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a828384858687"
            "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da"
            "e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
        ),
    ),
)
#: The bytes a segment of 0..65533 bytes begins with.
_LENGTH = struct.Struct(">H").pack


def _segment(marker: bytes, body: bytes) -> bytes:
    return marker + _LENGTH(len(body) + 2) + body


_TAIL = b"".join(
    _segment(_DHT, bytes((place,)) + counts + symbols) for place, counts, symbols in _HUFFMAN
) + _segment(_SOS, bytes.fromhex("0301000211031100 3f00"))
_FRONT = _SOI + _segment(_APP0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


def tables_of(q: int) -> tuple[bytes, bytes]:
    """Luma and chroma tables for Q 1..99 (RFC 2435 section 4.2 and appendix A)."""
    factor = 5000 // q if q < 50 else 200 - 2 * q
    luma, chroma = (
        bytes(min(max((value * factor + 50) // 100, 1), 255) for value in table) for table in (_LUMA, _CHROMA)
    )
    return luma, chroma


def jfif_header(kind: int, width: int, height: int, tables: tuple[bytes, bytes], interval: int) -> bytes:
    """Everything before the scan.

    ``kind`` 0 (4:2:2) or 1 (4:2:0); ``width``, ``height`` in pixels, 1..65535; ``tables`` of 64 bytes (8 bit) or
    128 (16 bit) each; ``interval`` MCUs between restart markers, 0 none.
    """
    quantisation = b"".join(
        _segment(_DQT, bytes((place | (len(table) > 64) << 4,)) + table) for place, table in enumerate(tables)
    )
    restart = _segment(_DRI, _LENGTH(interval)) if interval else b""
    sampling = 0x22 if kind else 0x21
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes((1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1))
    return _FRONT + quantisation + restart + _segment(_SOF0, frame) + _TAIL


def size_in_headers(data: bytes) -> tuple[int, int]:
    """Width and height of the frame header among JPEG segments, with or without the SOI; (0, 0) when there is none."""
    at = 2 if data.startswith(_SOI) else 0
    for _ in range(64):
        if at + 9 > len(data) or data[at] != 0xFF:
            break
        if data[at + 1] in _SOF:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + (data[at + 2] << 8 | data[at + 3])
    return 0, 0


class MjpegReader:
    """Payloads of RFC 2435 in order; whole JPEG files out."""

    def __init__(self, figures: Figures, limits: Limits) -> None:
        self._figures = figures
        self._limits = limits
        self._tables: dict[int, tuple[bytes, bytes]] = {}  # by Q 128..254
        self._front: bytes | None = None  # the headers; None = the picture is passed over
        self._parts: list[bytes] = []
        self._size = 0
        self._room = 0
        self._timestamp = -1

    def hole(self) -> None:
        """Packets are missing: a picture being kept cannot be whole any more."""
        self._drop()

    def finish(self) -> bytes | None:
        """A picture without its marker is not known to be whole."""
        return None

    def _drop(self) -> None:
        if self._front is not None:
            self._figures.broken += 1
        self._front, self._parts = None, []

    def payload(self, rtp: bytes, start: int, end: int, timestamp: int, marker: int) -> bytes | None:
        """See ``rtp.PayloadReader``; the main header is that of section 3.1."""
        if end < start + 8:
            self._figures.unread += 1
            return None
        place, kind, q, width, height = _HEADER(rtp, start)
        place &= 0xFFFFFF
        start += 8
        interval = 0
        if 64 <= kind < 128:
            if end < start + 4:
                self._figures.unread += 1
                return None
            interval = rtp[start] << 8 | rtp[start + 1]
            start += 4
        done = None
        if not place:
            done = self._end() if self._front is not None else None
            start = self._begin(rtp, start, end, (kind, q, 8 * width, 8 * height, interval))
            self._timestamp = timestamp
        elif self._front is None:
            return None
        elif place != self._size or timestamp != self._timestamp:
            self._drop()
            return None
        if self._front is not None:
            self._add(rtp[start:end])
        return (self._end() if marker and self._front is not None else None) or done

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        self._room -= len(part) + FRAGMENT_COST
        if self._room < 0:
            self._figures.too_large += 1
            self._front, self._parts = None, []
        else:
            self._parts.append(part)

    def _end(self) -> bytes:
        front, scan = self._front or b"", b"".join(self._parts)
        self._front, self._parts = None, []
        if scan.startswith(_SOI):
            return scan
        return front + scan + (b"" if scan.endswith(_EOI) else _EOI)

    def _begin(self, rtp: bytes, start: int, end: int, header: tuple[int, int, int, int, int]) -> int:
        """The first packet of a picture; where its scan begins."""
        kind, q, width, height, interval = header
        self._figures.pictures += 1
        self._parts, self._size, self._room = [], 0, self._limits.picture
        tables = None
        if q >= 128:
            tables, start = self._in_band(rtp, start, end, q)
        elif 1 <= q <= 99:
            tables = tables_of(q)
        if not (width and height):
            found = extension(rtp)
            width, height = size_in_headers(found[1]) if found and found[0] == ONVIF_JPEG else (0, 0)
        known = kind & 63 <= 1 and kind < 128
        if rtp[start : start + 2] == _SOI and start < end:
            self._front = b""
        elif not known or tables is None or not width or not height:
            self._front = None
            self._figures.unread += 1
        else:
            self._front = jfif_header(kind & 1, width, height, tables, interval)
        return start

    def _in_band(self, rtp: bytes, start: int, end: int, q: int) -> tuple[tuple[bytes, bytes] | None, int]:
        """The tables of a Q of 128..255 (section 3.1.8), and where the scan begins."""
        if end < start + 4:
            return None, end
        precision, size = rtp[start + 1], rtp[start + 2] << 8 | rtp[start + 3]
        start += 4
        if not size:
            return self._tables.get(q), start
        found = _cut(rtp[start : min(end, start + size)], precision)
        if found is None:
            return None, min(end, start + size)
        if q < 255:
            self._tables[q] = found
        return found, start + size


def _cut(data: bytes, precision: int) -> tuple[bytes, bytes] | None:
    """Luma and chroma of the tables in ``data``; a single one serves both."""
    sizes = [128 if precision >> place & 1 else 64 for place in range(2)]
    luma, chroma = data[: sizes[0]], data[sizes[0] : sum(sizes)]
    if len(luma) < sizes[0]:
        return None
    return luma, chroma if len(chroma) == sizes[1] else luma
