"""What must hold for any RTP packets of a camera: no exception, bounded memory, nothing that is no key picture."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from camerahub.wire.keyframe import KeyFrame, KeyFrameReader, Limits
from camerahub.wire.rtp import Order
from camerahub.wire.sdp import parse_sdp

LIMITS = Limits(picture=3000, parameter_set=200, sets=3, window=4, patience=2)
#: What a machine may keep in bytes: a picture, parameter sets of three kinds, an SEI, and packets out of order.
MOST = 3000 + 3 * 3 * 200 + 200 + 64
FORMATS = (
    "a=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=Z0LAHsAR,aOAS",
    "a=rtpmap:96 H265/90000",
    "a=rtpmap:96 H265/90000\na=fmtp:96 sprop-max-don-diff=1",
    "a=rtpmap:96 JPEG/90000",
)
MEDIAS = [
    parse_sdp(f"v=0\nm=video 0 RTP/AVP 96\n{text}".encode(), "rtsp://h/a").medias[0] for text in FORMATS
]
_STARTS = {"H264": b"\0\0\0\1\x67", "H265": b"\0\0\0\1\x40", "JPEG": b"\xff\xd8"}


def packets(data: bytes) -> list[bytes]:
    """Packets out of fuzz bytes: length, what kind, payload.

    Kind: 1 marker, 2 a new timestamp, 4 a number is left out, 8 one number back, 16 another source, 32 raw bytes
    instead of a packet, 64 with padding, 128 with an extension.
    """
    out: list[bytes] = []
    at, number, timestamp = 0, 0xFFF0, 0
    while at + 2 <= len(data):
        size, kind = data[at], data[at + 1]
        body, at = data[at + 2 : at + 2 + size], at + 2 + size
        if kind & 32:
            out.append(body)
            continue
        number += 2 if kind & 4 else -1 if kind & 8 else 1
        timestamp += 3600 if kind & 2 else 0
        first = 0x80 | (0x20 if kind & 64 else 0) | (0x10 if kind & 128 else 0)
        head = struct.pack(">BBHII", first, 96 | (kind & 1) << 7, number & 0xFFFF, timestamp, kind >> 4 & 1)
        out.append(head + (b"\xff\xd8\0\1abcd" if kind & 128 else b"") + body)
    return out


def kept(order: Order) -> int:
    """Bytes that the machine behind ``order`` keeps of the peer, packets out of order not counted."""
    reader: Any = order._reader
    size = sum(map(len, reader._parts))
    if hasattr(reader, "_sets"):
        size += sum(len(nal) for kind in reader._sets._kept.values() for nal, _ in kind.values())
        size += len(reader._recovery) + len(reader._stub) + sum(map(len, reader._lead))
        assert all(len(kind) <= LIMITS.sets for kind in reader._sets._kept.values())
        assert len(reader._used) <= LIMITS.sets + 1
    else:
        size += sum(len(luma) + len(chroma) for luma, chroma in reader._tables.values())
        assert len(reader._tables) <= 127
    return size


def judge(found: KeyFrame | None, reader: KeyFrameReader) -> None:
    """A key picture is what it says, and the figures fit."""
    figures = reader.figures
    assert figures.broken + figures.without_sets <= figures.pictures
    if found is not None:
        assert found.intact
        assert found.codec == reader.codec
        assert len(found.data) <= MOST + 1024
        if found.codec != "JPEG":
            assert found.data[4] & 31 == 7 or found.data[4] >> 1 & 63 == 32
        assert found.data.startswith(_STARTS[found.codec][:2])
    assert reader.reason() in ("no_media", "no_keyframe", "undecodable", "codec_unsupported")


def heard(data: bytes, checked: bool) -> list[KeyFrame | None]:
    """What a reader says of each packet and of the end."""
    reader = KeyFrameReader(MEDIAS[data[0] & 3], LIMITS)
    order = reader._order
    most = MOST + (127 * 256 if reader.codec == "JPEG" else 0)
    said = []
    for packet in packets(data[1:]):
        said.append(reader.packet(packet))
        if checked:
            judge(said[-1], reader)
            assert kept(order) <= most
            assert len(order._held) <= LIMITS.window
            assert len(order._candidates) < 3
    said.append(reader.finish())
    judge(said[-1], reader)
    return said


def rtp(data: bytes) -> None:
    """The first byte says which codec; the same packets twice give the same, tried with one input of eight."""
    if not data:
        return
    said = heard(data, checked=True)
    if not zlib.crc32(data) & 7:
        assert heard(data, checked=False) == said
