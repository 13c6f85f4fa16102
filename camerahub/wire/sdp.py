"""Session descriptions of cameras (RFC 8866, RTSP use in RFC 2326 appendix C), read tolerantly and within bounds.

Cameras leave out lines, end them in LF alone, put GBK names into ``s=`` and write control addresses in every form.
Control addresses come out absolute and fit for a request line. This file knows no messages and no pictures.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from camerahub.wire.url import UrlError, safe_uri

MAX_SDP = 256 * 1024
MAX_LINES = 4096
MAX_LINE = 32 * 1024
MAX_MEDIAS = 64
MAX_FORMATS = 128

_LINE_END = re.compile(rb"\r\n|\n|\r")
_LINE = re.compile(rb"[A-Za-z]=")
_ABSOLUTE = re.compile(r"rtsps?://", re.IGNORECASE)
_RTPMAP = re.compile(r"\s*(\d{1,3})\s+([\w.+-]{1,64})(?:\s*/\s*(\d{1,9}))?", re.ASCII)
_PAYLOAD = re.compile(r"\s*(\d{1,3})(?:\s+|\Z)", re.ASCII)

#: Static payload types that cameras use without rtpmap (RFC 3551 section 6): codec, clock in Hz.
STATIC: dict[int, tuple[str, int]] = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    4: ("G723", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    14: ("MPA", 90000),
    18: ("G729", 8000),
    26: ("JPEG", 90000),
    31: ("H261", 90000),
    32: ("MPV", 90000),
    33: ("MP2T", 90000),
    34: ("H263", 90000),
}


class SdpError(ValueError):
    """This is no session description, or one beyond the bounds. The message repeats nothing the peer sent."""


@dataclass(frozen=True, slots=True)
class Media:
    """One ``m=`` block.

    ``kind`` lower-case ("video", "audio", "application", …); ``payload_types`` 0..127 in their order; ``codec``
    upper-case of the first payload type that has one ("" unknown) and its ``clock_rate`` in Hz (0 unknown);
    ``fmtp`` parameters of that payload type, names lower-case; ``control`` absolute. ``payload_type`` is the one that
    ``codec`` belongs to, 0..127 (-1 none); ``protocol`` the upper-case profile ("RTP/AVP"); ``encrypted`` says that
    the media comes as SRTP: a SAVP profile (RFC 3711, RFC 5124) or keys (``a=crypto`` RFC 4568, ``a=key-mgmt``
    RFC 4567).
    """

    kind: str
    payload_types: tuple[int, ...]
    codec: str
    clock_rate: int
    fmtp: Mapping[str, str]
    control: str
    payload_type: int = -1
    protocol: str = ""
    encrypted: bool = False

    def parameter_sets(self) -> tuple[bytes, ...]:
        """VPS, SPS and PPS of sprop-* parameters (RFC 6184, RFC 7798), decoded; unreadable ones left out."""
        names = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")
        texts = [text for name in names for text in self.fmtp.get(name, "").split(",")[:16] if text.strip()]
        return tuple(data for data in map(_base64, texts) if data)


@dataclass(frozen=True, slots=True)
class Session:
    """A description. ``name`` of ``s=`` in readable letters; ``control`` the absolute aggregate control."""

    name: str
    control: str
    medias: tuple[Media, ...]

    def first(self, kind: str) -> Media | None:
        """The first media of ``kind``, or None."""
        return next((media for media in self.medias if media.kind == kind), None)


@dataclass(slots=True)
class _Block:
    head: str = ""
    control: str = ""
    keys: bool = False
    rtpmaps: dict[int, tuple[str, int]] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)


def parse_sdp(data: bytes, base_url: str) -> Session:
    """Read a description; ``base_url`` is ``RtspClient.base_url`` after DESCRIBE.

    Bounds: 256 KiB, 4096 lines of 32 KiB, 64 medias. Raises ``SdpError``, also when ``base_url`` or a control
    address cannot stand in a request line.
    """
    session, blocks, name = _blocks(_lines(data))
    base = _aggregate(session.control, _safe(base_url))
    return Session(_readable(name), base, tuple(_media(block, base, session.keys) for block in blocks))


def _lines(data: bytes) -> list[bytes]:
    if len(data) > MAX_SDP:
        raise SdpError("the description is too large")
    lines = [line.strip(b" \t\0") for line in _LINE_END.split(data.removeprefix(b"\xef\xbb\xbf"))]
    lines = [line for line in lines if line]
    if not lines or not _LINE.match(lines[0]):
        raise SdpError("this is no session description")
    if len(lines) > MAX_LINES or len(max(lines, key=len)) > MAX_LINE:
        raise SdpError("the description has too many or too long lines")
    return lines


def _blocks(lines: list[bytes]) -> tuple[_Block, list[_Block], bytes]:
    session = current = _Block()
    medias: list[_Block] = []
    name, versions = b"", 0
    for line in lines:
        kind, value = line[:2], line[2:]
        if kind == b"m=":
            current = _Block(value.decode("latin-1").strip())
            medias.append(current)
        elif kind == b"a=":
            _attribute(current, value.decode("latin-1"))
        elif kind == b"s=" and not medias:
            name = name or value
        elif kind == b"v=":
            versions += 1
    if not medias and not versions:
        raise SdpError("this is no session description")
    if len(medias) > MAX_MEDIAS:
        raise SdpError("the description has too many medias")
    return session, medias, name


def _attribute(block: _Block, text: str) -> None:
    name, _, value = text.partition(":")
    name = name.strip().lower()
    if name == "control":
        block.control = block.control or value.strip()
    elif name == "rtpmap" and len(block.rtpmaps) < MAX_FORMATS:
        found = _RTPMAP.match(value)
        if found:
            block.rtpmaps.setdefault(int(found[1]), (found[2].upper(), int(found[3] or 0)))
    elif name in ("crypto", "key-mgmt"):
        block.keys = True
    elif name == "fmtp" and len(block.fmtps) < MAX_FORMATS:
        found = _PAYLOAD.match(value)
        if found:
            block.fmtps.setdefault(int(found[1]), value[found.end() :])


def _media(block: _Block, base: str, keys: bool) -> Media:
    words = block.head.split()
    if not words:
        raise SdpError("a media line is empty")
    types = tuple(int(w) for w in words[3 : 3 + MAX_FORMATS] if w.isascii() and w.isdigit() and len(w) <= 3)
    types = tuple(t for t in types if t < 128)
    payload = next((t for t in types if t in block.rtpmaps or t in STATIC), types[0] if types else -1)
    codec, clock = block.rtpmaps.get(payload) or STATIC.get(payload, ("", 0))
    parameters = _parameters(block.fmtps.get(payload, ""))
    protocol = words[2].upper()[:32] if len(words) > 2 else ""
    return Media(
        words[0].lower()[:32],
        types,
        codec,
        clock,
        parameters,
        _join(base, block.control),
        payload,
        protocol,
        keys or block.keys or "SAVP" in protocol,
    )


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";")[:MAX_FORMATS])
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _aggregate(control: str, base: str) -> str:
    return base if control in ("", "*") else _join(base, control)


def _join(base: str, control: str) -> str:
    """Absolute control address; relative ones are appended to the base as cameras expect it.

    live555 and FFmpeg append rather than resolve (RFC 3986 would drop the last segment and the query), and cameras
    are built against those two.
    """
    if control in ("", "*"):
        return base
    if _ABSOLUTE.match(control):
        return _safe(control)
    return _safe(base.removesuffix("/") + "/" + control.removeprefix("/"))


def _safe(uri: str) -> str:
    try:
        return safe_uri(uri)
    except UrlError as error:
        raise SdpError(str(error)) from None


def _readable(name: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding).strip()[:256]
        except UnicodeDecodeError:
            continue
    return name.decode("latin-1").strip()[:256]


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip() + "===", validate=False)
    except (binascii.Error, ValueError):
        return b""
