"""The sending side of RTP, written from the RFCs for the tests: NAL units and JPEG files into packets."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

MARKER = 0x80


@dataclass(frozen=True)
class Packet:
    """One RTP packet (RFC 3550 section 5.1)."""

    payload: bytes
    timestamp: int
    marker: bool = False
    number: int = 0
    source: int = 0x11223344
    payload_type: int = 96
    csrc: int = 0
    extension: tuple[int, bytes] | None = None
    padding: int = 0

    def __bytes__(self) -> bytes:
        first = 0x80 | self.csrc | (0x10 if self.extension else 0) | (0x20 if self.padding else 0)
        second = self.payload_type | (MARKER if self.marker else 0)
        head = struct.pack(
            ">BBHII", first, second, self.number & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.source
        )
        head += b"\0\0\0\7" * self.csrc
        if self.extension:
            head += struct.pack(">HH", self.extension[0], len(self.extension[1]) // 4) + self.extension[1]
        tail = bytes(self.padding - 1) + bytes((self.padding,)) if self.padding else b""
        return head + self.payload + tail


def numbered(packets: Sequence[Packet], first: int = 0) -> list[bytes]:
    """The packets as bytes, with numbers from ``first`` on."""
    return [bytes(replace(packet, number=first + index)) for index, packet in enumerate(packets)]


def units(annex_b: bytes) -> list[bytes]:
    """The NAL units of an Annex B stream."""
    return [nal for nal in (part.rstrip(b"\0") for part in annex_b.split(b"\0\0\1")) if nal]


def joined(nals: Sequence[bytes]) -> bytes:
    """Annex B with four-byte start codes."""
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def fragments(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    """``body`` cut in parts of ``sizes``, the last size again and again; at least two parts."""
    parts, at, index = [], 0, 0
    while at < len(body):
        size = min(sizes[min(index, len(sizes) - 1)], len(body) - 1 if not parts else len(body))
        parts.append(body[at : at + max(size, 1)])
        at += max(size, 1)
        index += 1
    return parts


def fu_a(nal: bytes, sizes: Sequence[int] = (1400,)) -> list[bytes]:
    """RFC 6184 section 5.8."""
    parts = fragments(nal[1:], sizes)
    return [
        bytes(
            (
                nal[0] & 0xE0 | 28,
                nal[0] & 31 | (0x80 if not i else 0) | (0x40 if i == len(parts) - 1 else 0),
            )
        )
        + part
        for i, part in enumerate(parts)
    ]


def stap_a(nals: Sequence[bytes]) -> bytes:
    """RFC 6184 section 5.7.1."""
    return bytes((max(nal[0] & 0x60 for nal in nals) | 24,)) + b"".join(
        struct.pack(">H", len(nal)) + nal for nal in nals
    )


def fu_265(nal: bytes, sizes: Sequence[int] = (1400,), donl: bytes = b"") -> list[bytes]:
    """RFC 7798 section 4.4.3; ``donl`` two bytes when sprop-max-don-diff is above 0."""
    parts = fragments(nal[2:], sizes)
    kind = nal[0] >> 1 & 63
    return [
        bytes(
            (
                nal[0] & 0x81 | 49 << 1,
                nal[1],
                kind | (0x80 if not i else 0) | (0x40 if i == len(parts) - 1 else 0),
            )
        )
        + (donl if not i else b"")
        + part
        for i, part in enumerate(parts)
    ]


def ap_265(nals: Sequence[bytes], donl: bytes = b"") -> bytes:
    """RFC 7798 section 4.4.2."""
    body = b"".join(
        (donl[: 1 if i else 2] if donl else b"") + struct.pack(">H", len(nal)) + nal
        for i, nal in enumerate(nals)
    )
    return bytes((48 << 1, 1)) + body


def single_265(nal: bytes, donl: bytes = b"") -> bytes:
    """RFC 7798 section 4.4.1."""
    return nal[:2] + donl + nal[2:]


def jpeg_packets(
    scan: bytes,
    *,
    kind: int = 1,
    q: int = 255,
    width: int = 0,
    height: int = 0,
    tables: bytes = b"",
    interval: int = 0,
    size: int = 1400,
) -> list[bytes]:
    """RFC 2435 section 3.1: payloads of one picture; ``width`` and ``height`` in pixels."""
    payloads = []
    for at in range(0, len(scan), size):
        head = struct.pack(">IBBBB", at, kind, q, width // 8, height // 8)
        if 64 <= kind < 128:
            head += struct.pack(">HH", interval, 0xFFFF)
        if not at and q >= 128:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        payloads.append(head + scan[at : at + size])
    return payloads


def picture(payloads: Sequence[bytes], timestamp: int) -> list[Packet]:
    """Packets of one picture, the marker on the last."""
    last = len(payloads) - 1
    return [Packet(payload, timestamp, i == last) for i, payload in enumerate(payloads)]
