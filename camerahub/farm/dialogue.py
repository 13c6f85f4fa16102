"""The camera's half of RTSP: requests in, answers out, the login really checked.

Written apart from camerahub.wire on purpose: client and farm must agree through the protocol, not by sharing code.
No socket and no clock here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

from camerahub.farm.makers import MAKERS, SCHEMES
from camerahub.farm.model import Camera

MAX_REQUEST = 16 * 1024
PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
#: What belongs to a session; DESCRIBE and OPTIONS do not.
SESSION_METHODS = ("SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")
_LINE = re.compile(rb"([A-Z_]+) (\S+) RTSP/1\.0\r\n")
_CSEQ = re.compile(rb"\r\ncseq:[ \t]*(\d{1,10})", re.I)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,6})", re.I)
_LOGIN = re.compile(rb"\r\nauthorization:[ \t]*([^\r\n]+)", re.I)
_TRANSPORT = re.compile(rb"\r\ntransport:[ \t]*([^\r\n]+)", re.I)
_SESSION = re.compile(rb"\r\nsession:[ \t]*([^\r\n; \t]+)", re.I)
_NUMBERS = re.compile(r"interleaved=(\d{1,3})")
_PARAM = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_AUTHORITY = re.compile(r"rtsps?://[^/?]*")

PHRASES = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Stream Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class Request(NamedTuple):
    """One request of a prober. ``path`` is the URI without scheme and host."""

    method: str
    uri: str
    path: str
    cseq: str
    head: bytes


class BadRequest(Exception):
    """What came is not RTSP, or too large: the camera says 400 and hangs up."""


def take(data: bytes) -> tuple[Request | None, bytes]:
    """The first whole request of ``data`` and the rest; (None, data) when more is needed. Raises BadRequest."""
    while data[:1] == b"$" and len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[2:4], "big"):
        data = data[4 + int.from_bytes(data[2:4], "big") :]
    end = data.find(b"\r\n\r\n")
    if end < 0 or data[:1] == b"$":
        if len(data) > MAX_REQUEST:
            raise BadRequest
        return None, data
    head, rest = data[: end + 2], data[end + 4 :]
    line, cseq, length = _LINE.match(head), _CSEQ.search(head), _LENGTH.search(head)
    if line is None or cseq is None or end > MAX_REQUEST:
        raise BadRequest
    wanted = int(length[1]) if length else 0
    if wanted > MAX_REQUEST:
        raise BadRequest
    if len(rest) < wanted:
        return None, data
    uri = line[2].decode("utf-8", "replace")
    found = Request(line[1].decode(), uri, _AUTHORITY.sub("", uri, count=1), cseq[1].decode(), head)
    return found, rest[wanted:]


def answer(status: int, cseq: str, *headers: str, body: str = "") -> bytes:
    """One answer; ``headers`` are whole lines."""
    lines = [f"RTSP/1.0 {status} {PHRASES[status]}", f"CSeq: {cseq}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def server_header(camera: Camera) -> tuple[str, ...]:
    """The Server line of the maker, if it sends one."""
    server = MAKERS[camera.maker].server
    return (f"Server: {server}",) if server else ()


def challenges(camera: Camera, nonce: str, stale: bool = False) -> tuple[str, ...]:
    """The WWW-Authenticate lines of a camera, strongest first where it has several."""
    scheme, realm = SCHEMES[camera.scheme], MAKERS[camera.maker].realm
    lines = []
    for algorithm in scheme.digests:
        line = f'WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}"'
        line += f", algorithm={algorithm}" if algorithm else ""
        line += ', qop="auth"' if scheme.qop else ""
        lines.append(line + (", stale=true" if stale else ""))
    if scheme.basic:
        lines.append(f'WWW-Authenticate: Basic realm="{realm}"')
    return tuple(lines)


def login(camera: Camera, request: Request, nonce: str, password: str) -> str:
    """What the request's Authorization is worth: ``ok``, ``none``, ``bad``, or ``stale`` (right, but an old nonce)."""
    found = _LOGIN.search(request.head)
    if found is None:
        return "none"
    kind, _, rest = found[1].decode("utf-8", "replace").partition(" ")
    scheme = SCHEMES[camera.scheme]
    if kind.lower() == "basic" and scheme.basic:
        good = base64.b64encode(f"{camera.username}:{password}".encode()).decode()
        return "ok" if rest.strip() == good else "bad"
    if kind.lower() == "digest" and scheme.digests:
        fields = {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PARAM.finditer(rest)}
        return _digest(camera, request, nonce, password, fields)
    return "bad"


def _digest(camera: Camera, request: Request, nonce: str, password: str, fields: dict[str, str]) -> str:
    """RFC 7616 sections 3.4.1 to 3.4.3, from the server's side."""
    algorithm = fields.get("algorithm", "").upper()
    offered = [name.upper() or "MD5" for name in SCHEMES[camera.scheme].digests]
    if (algorithm or "MD5") not in offered or fields.get("uri") != request.uri:
        return "bad"
    if fields.get("username") != camera.username or fields.get("realm") != MAKERS[camera.maker].realm:
        return "bad"
    h = _sha256 if algorithm == "SHA-256" else _md5
    middle = fields.get("nonce", "")
    if "qop" in fields:
        middle += f":{fields.get('nc', '')}:{fields.get('cnonce', '')}:{fields['qop']}"
    secret = h(f"{camera.username}:{fields['realm']}:{password}")
    if fields.get("response") != h(f"{secret}:{middle}:{h(f'{request.method}:{request.uri}')}"):
        return "bad"
    return "ok" if fields.get("nonce") == nonce else "stale"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


#: What is said of the parameter sets while nobody has asked for pictures yet and none are encoded: nothing.
_PLAIN_MAPS = {
    "h264": "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=4D001F\r\n",
    "h265": "a=rtpmap:96 H265/90000\r\n",
    "mjpeg": "a=rtpmap:26 JPEG/90000\r\n",
    "svac": "a=rtpmap:96 SVAC/90000\r\n",
}
_AUDIO = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:trackID=2\r\na=recvonly\r\n"
_CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"


def has_sound(camera: Camera) -> bool:
    """Whether its description offers sound beside the picture."""
    return camera.variant % 4 == 0


def description(
    camera: Camera, uri: str, codec: str, maps: str = "", secure: bool = False
) -> tuple[tuple[str, ...], str]:
    """Headers and body of a good DESCRIBE answer: one video, sometimes with sound.

    ``maps``: rtpmap and fmtp lines with the parameter sets, empty while they are not known.
    """
    sdp = (
        "v=0\r\no=- 1109162014219182 1 IN IP4 0.0.0.0\r\ns=Media Presentation\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
        f"a=control:*\r\na=range:npt=0-\r\nm=video 0 RTP/{'SAVP' if secure else 'AVP'} "
        f"{26 if codec == 'mjpeg' else 96}\r\nb=AS:2048\r\n"
        + (maps or _PLAIN_MAPS[codec])
        + (_CRYPTO if secure else "")
        + "a=control:trackID=1\r\na=recvonly\r\n"
        + (_AUDIO if has_sound(camera) else "")
    )
    return ("Content-Type: application/sdp", f"Content-Base: {uri.rstrip('/')}/"), sdp


class Transport(NamedTuple):
    """What a SETUP asks for, and the line that grants it. ``channel``: of RTP when interleaved, -1 for UDP."""

    channel: int
    granted: str


def transport(request: Request, free: int, udp: bool) -> Transport | None:
    """The first transport of ``request`` that this camera has (RFC 2326 section 12.39), or None: 461.

    ``free``: the channel to use when none is named. ``udp``: it has UDP and nothing else.
    """
    found = _TRANSPORT.search(request.head)
    for offer in found[1].decode("latin-1").split(",") if found else ():
        words = [word.strip() for word in offer.split(";")]
        interleaved = words[0].upper() in ("RTP/AVP/TCP", "RTP/SAVP/TCP")
        if interleaved and not udp:
            named = _NUMBERS.search(offer)
            channel = min(int(named[1]), 254) if named else free
            return Transport(
                channel, f"{words[0]};unicast;interleaved={channel}-{channel + 1};ssrc={{ssrc:08X}}"
            )
        if udp and not interleaved and words[0].upper().startswith("RTP/"):
            ports = next((word for word in words if word.startswith("client_port=")), "client_port=0-0")
            return Transport(-1, f"{words[0]};unicast;{ports};server_port=40000-40001;ssrc={{ssrc:08X}}")
    return None


def session_of(request: Request) -> str | None:
    """The session a request names, without its parameters."""
    found = _SESSION.search(request.head)
    return found[1].decode("latin-1") if found else None
