"""Encoded pictures at rest: a library file shared by all servers, and clips cut into RTP packets once for all cameras.

Written apart from camerahub.wire on purpose: a reader under test must agree with the farm through RFC 3550, 6184,
7798 and 2435, not by sharing code. No socket, no clock, no encoder here.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MTU = 1400
CLOCK_RATE = 90_000
_SIZE = struct.Struct("<Q")
#: Interleaved frame (RFC 2326 section 10.12) and RTP header (RFC 3550 section 5.1) with everything to patch left zero.
_HEADER = struct.Struct(">cBHBBHII")
PAYLOAD_TYPES = {"h264": 96, "h265": 96, "mjpeg": 26}


class Clip(NamedTuple):
    """A loop of groups of pictures: ``units`` are access units of NAL units (or one JPEG); the first is a key."""

    name: str
    codec: str
    width: int
    height: int
    fps: int
    units: tuple[tuple[bytes, ...], ...]


class Style(NamedTuple):
    """How a maker packetises: parameter sets in the stream too, or in the SDP only; aggregated (STAP-A, AP) or not."""

    in_band: bool
    aggregate: bool


class Frame(NamedTuple):
    """All packets of one picture, one after the other; ``starts``: where each begins."""

    data: bytes
    starts: tuple[int, ...]
    key: bool


class Track(NamedTuple):
    """A clip ready to be sent, and what its SDP says."""

    frames: tuple[Frame, ...]
    fps: int
    payload_type: int
    sdp: str

    def before_key(self, turn: int, phase: float) -> int:
        """A place in the group of pictures, ``phase`` 0 to 1 of the way back, that ends with key picture ``turn``,
        counted round and round: callers that come one after the other see one after the other."""
        keys = [number for number, frame in enumerate(self.frames) if frame.key]
        turn %= len(keys)
        group = (keys[turn] - keys[turn - 1]) % len(self.frames) or len(self.frames)
        return (keys[turn] - int(phase * group)) % len(self.frames)


def write_library(fd: int, clips: Sequence[Clip]) -> None:
    """Write ``clips`` to the open file ``fd``. The size at the head comes last: until then the file reads as empty."""
    index = [
        clip._asdict() | {"units": [[len(nal) for nal in unit] for unit in clip.units]} for clip in clips
    ]
    head = json.dumps(index).encode()
    body = b"".join(nal for clip in clips for unit in clip.units for nal in unit)
    os.pwrite(fd, bytes(_SIZE.size) + head + b"\n" + body, 0)
    os.pwrite(fd, _SIZE.pack(len(head)), 0)


class Library:
    """Clips by name, read from what ``write_library`` wrote, cut into packets when first asked for."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = {clip.name: clip for clip in clips}
        self._tracks: dict[tuple[str, Style, str], Track] = {}

    @classmethod
    def read(cls, fd: int) -> Library | None:
        """The library in the open file ``fd``, None while it is not finished."""
        if os.fstat(fd).st_size <= _SIZE.size or not (size := _SIZE.unpack(os.pread(fd, _SIZE.size, 0))[0]):
            return None
        with mmap.mmap(fd, 0, access=mmap.ACCESS_READ) as data:
            at = _SIZE.size + size + 1
            clips = []
            for row in json.loads(data[_SIZE.size : at]):
                units = []
                for lengths in row["units"]:
                    units.append(
                        tuple(
                            data[at + sum(lengths[:i]) : at + sum(lengths[: i + 1])]
                            for i in range(len(lengths))
                        )
                    )
                    at += sum(lengths)
                clips.append(
                    Clip(row["name"], row["codec"], row["width"], row["height"], row["fps"], tuple(units))
                )
        return cls(clips)

    def track(self, name: str, style: Style, spoilt: str = "") -> Track:
        """Clip ``name`` in packets; ``spoilt``: ``damaged`` (slices of rubbish) or ``scrambled`` (only noise)."""
        key = (name, style, spoilt)
        if key not in self._tracks:
            self._tracks[key] = packetised(self.clips[name], style, spoilt)
        return self._tracks[key]


def packetised(clip: Clip, style: Style, spoilt: str = "") -> Track:
    """``clip`` cut into packets of at most ``MTU`` bytes of payload."""
    codec, frames = clip.codec, []
    cut = {"h264": _h264, "h265": _h265, "mjpeg": _mjpeg}[codec]
    for number, unit in enumerate(clip.units):
        payloads = cut([_spoil(nal, codec, spoilt) for nal in unit], style)
        frames.append(_frame(payloads, codec, number == 0 or _is_key(unit, codec)))
    return Track(tuple(frames), clip.fps, PAYLOAD_TYPES[clip.codec], _sdp(clip))


def _frame(payloads: Iterator[bytes], codec: str, key: bool) -> Frame:
    whole, starts, at = list(payloads), [], 0
    out = bytearray()
    for number, payload in enumerate(whole):
        starts.append(at)
        marker = 0x80 if number == len(whole) - 1 else 0
        out += (
            _HEADER.pack(b"$", 0, len(payload) + 12, 0x80, PAYLOAD_TYPES[codec] | marker, 0, 0, 0) + payload
        )
        at = len(out)
    return Frame(bytes(out), tuple(starts), key)


def _is_parameters(nal: bytes, codec: str) -> bool:
    if codec == "h264":
        return nal[0] & 0x1F in (7, 8)
    return codec == "h265" and nal[0] >> 1 & 0x3F in (32, 33, 34)


def _is_key(unit: Sequence[bytes], codec: str) -> bool:
    if codec == "h264":
        return any(nal[0] & 0x1F == 5 for nal in unit)
    return codec == "mjpeg" or any(16 <= nal[0] >> 1 & 0x3F <= 23 for nal in unit)


def _is_slice(nal: bytes, codec: str) -> bool:
    return nal[0] & 0x1F in (1, 5) if codec == "h264" else nal[0] >> 1 & 0x3F < 32


#: How a slice header begins that names a picture parameter set nobody sent: H.264 number 200 (first macroblock 0, an I
#: slice), H.265 number 50 in a key picture and in another one. A decoder has nothing to guess from.
_NO_SUCH_SET = {"h264": b"\x88\x01\x93", "h265": b"\xc1\x9f"}
_NO_SUCH_SET_P = b"\x83\x3f"


def _spoil(nal: bytes, codec: str, spoilt: str) -> bytes:
    """Rubbish behind the NAL header, never a start code."""
    if spoilt == "scrambled":
        return nal[:2] + bytes(0x80 | (17 * i + 91 * (i >> 3)) & 0x7F for i in range(len(nal) - 2))
    if spoilt == "damaged" and _is_slice(nal, codec):
        head = 1 if codec == "h264" else 2
        key = codec == "h264" or nal[0] >> 1 & 0x3F >= 16
        body = _NO_SUCH_SET[codec] if key else _NO_SUCH_SET_P
        return (nal[:head] + body + b"\xff" * len(nal))[: len(nal)]
    return nal


def _wanted(nals: Sequence[bytes], codec: str, style: Style) -> list[bytes]:
    """SEI out (it only names the encoder); parameter sets as the maker does."""
    kept = [nal for nal in nals if _is_slice(nal, codec) or (style.in_band and _is_parameters(nal, codec))]
    return kept or list(nals)


def _h264(nals: Sequence[bytes], style: Style) -> Iterator[bytes]:
    """RFC 6184: single NAL unit, STAP-A (section 5.7.1), FU-A (5.8)."""
    small: list[bytes] = []
    for nal in _wanted(nals, "h264", style):
        if style.aggregate and _is_parameters(nal, "h264"):
            small.append(nal)
            continue
        if small:
            yield b"\x78" + b"".join(len(s).to_bytes(2, "big") + s for s in small)
            small = []
        if len(nal) <= MTU:
            yield nal
            continue
        indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
        yield from (bytes((indicator, kind | edge)) + part for edge, part in _fragments(nal[1:]))


def _h265(nals: Sequence[bytes], style: Style) -> Iterator[bytes]:
    """RFC 7798: single NAL unit, aggregation packet (section 4.4.2), fragmentation unit (4.4.3)."""
    small: list[bytes] = []
    for nal in _wanted(nals, "h265", style):
        if style.aggregate and _is_parameters(nal, "h265"):
            small.append(nal)
            continue
        if small:
            yield b"\x60\x01" + b"".join(len(s).to_bytes(2, "big") + s for s in small)
            small = []
        if len(nal) <= MTU:
            yield nal
            continue
        header, kind = bytes((nal[0] & 0x81 | 49 << 1, nal[1])), nal[0] >> 1 & 0x3F
        yield from (header + bytes((kind | edge,)) + part for edge, part in _fragments(nal[2:]))


def _fragments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Start bit 0x80, end bit 0x40, and the part."""
    step = MTU - 3
    for at in range(0, len(body), step):
        yield (0x80 if at == 0 else 0) | (0x40 if at + step >= len(body) else 0), body[at : at + step]


def _mjpeg(nals: Sequence[bytes], style: Style) -> Iterator[bytes]:
    """RFC 2435 sections 3.1 and 3.1.8: type 1 (4:2:0), quantisation tables in the first packet of each picture."""
    tables, width, height, scan = _jpeg_parts(nals[0])
    quantisation = struct.pack(">BBH", 0, 0, len(tables)) + tables
    at = 0
    while at < len(scan):
        head = (
            struct.pack(">I", at)
            + bytes((1, 255, width // 8, height // 8))
            + (quantisation if at == 0 else b"")
        )
        part = scan[at : at + MTU - len(head)]
        yield head + part
        at += len(part)


def _jpeg_parts(data: bytes) -> tuple[bytes, int, int, bytes]:
    """Quantisation tables in a row, width, height, entropy-coded bytes of a baseline JPEG."""
    tables, width, height, at = b"", 0, 0, 2
    while True:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if kind == 0xDB:
            tables += b"".join(body[i + 1 : i + 65] for i in range(0, len(body), 65))
        elif kind == 0xC0:
            height, width = struct.unpack(">HH", body[1:5])
        elif kind == 0xDA:
            return tables, width, height, data[at + 2 + length : -2]
        at += 2 + length


def _sdp(clip: Clip) -> str:
    """rtpmap and fmtp lines of a clip (RFC 6184 section 8.2.1, RFC 7798 section 7.2.1)."""
    if clip.codec == "mjpeg":
        return "a=rtpmap:26 JPEG/90000\r\n"
    sets = [base64.b64encode(nal).decode() for nal in clip.units[0] if _is_parameters(nal, clip.codec)]
    if clip.codec == "h265":
        names = ";".join(
            f"sprop-{name}={text}" for name, text in zip(("vps", "sps", "pps"), sets, strict=True)
        )
        return f"a=rtpmap:96 H265/90000\r\na=fmtp:96 {names}\r\n"
    profile = next(nal for nal in clip.units[0] if nal[0] & 0x1F == 7)[1:4].hex().upper()
    fmtp = f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(sets)}"
    return f"a=rtpmap:96 H264/90000\r\na=fmtp:96 {fmtp}\r\n"
