"""A camera's ONVIF service: HTTP requests in, answers out, the login really checked against the camera's own clock.

Written apart from camerahub.wire on purpose, as dialogue.py is. No socket. Requests are read as small devices read
them: by looking for what is needed, never by building a tree.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from camerahub.farm import soap
from camerahub.farm.dialogue import Request, challenges, login
from camerahub.farm.kinds import Do
from camerahub.farm.makers import MAKERS
from camerahub.farm.model import Camera
from camerahub.farm.seats import Device, Seat
from camerahub.farm.stream import Stream
from camerahub.farm.world import snapshot_of

MAX_HEAD, MAX_BODY = 16 * 1024, 64 * 1024
TOLERANCE_S = 30.0
SERVICES = ("/onvif/device_service", "/onvif/media_service")
SNAPSHOT = "/onvif/snapshot"
#: What a camera may announce a picture to be, bytes.
HUGE = 500_000_000
_FIRST = re.compile(rb"(GET|POST) (\S+) HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,6})\r", re.I)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close\r", re.I)
_CALL = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")
_TOKEN = re.compile(rb"<(?:\w+:)?ProfileToken[^>]*>\s*ch(\d{1,3})_(main|sub)\s*<")
_CHANNEL = re.compile(r"[?&]channel=(\d{1,3})")
_PHRASES = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    503: "Not Now",
}


class Http(NamedTuple):
    """One request; ``head`` ends after its last header line."""

    method: str
    path: str
    head: bytes
    body: bytes


class Reply(NamedTuple):
    """One answer; ``size``: the one it announces, 0 = its own."""

    status: int
    body: bytes = b""
    kind: str = "application/soap+xml; charset=utf-8"
    headers: tuple[str, ...] = ()
    size: int = 0


class BadHttp(Exception):
    """Not HTTP, or too large: answered 400 and hung up on."""


def take(data: bytes) -> tuple[Http | None, bytes]:
    """The first whole request of ``data`` and the rest; (None, data) when more is needed. Raises BadHttp."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > MAX_HEAD:
            raise BadHttp
        return None, data
    head = data[: end + 2]
    first, length = _FIRST.match(head), _LENGTH.search(head)
    wanted = int(length[1]) if length else 0
    if first is None or end > MAX_HEAD or wanted > MAX_BODY:
        raise BadHttp
    if len(data) < end + 4 + wanted:
        return None, data
    whole = Http(first[1].decode(), first[2].decode("latin-1"), head, data[end + 4 : end + 4 + wanted])
    return whole, data[end + 4 + wanted :]


class OnvifTalk:
    """One HTTP connection to a device. Feed it with ``received``; do what it returns."""

    __slots__ = ("_device", "_heard", "buffer")
    stream: Stream | None = None

    def __init__(self, device: Device, serial: int) -> None:
        self._device, self._heard, self.buffer = device, False, b""

    def closed(self) -> None:
        """Nothing is kept between requests."""

    def received(self, data: bytes) -> Do:
        """What the camera does on ``data``. Never raises; never keeps more than one request."""
        kind, first = self._device.kind, not self._heard
        self._heard = True
        camera = self._device.first.camera
        if kind.raw is not None:
            return kind.raw(camera) if first else Do()
        self.buffer += data
        out, then = b"", "keep"
        try:
            while self.buffer and then == "keep":
                request, self.buffer = take(self.buffer)
                if request is None:
                    break
                out += _written(self._answer(request))
                then = "close" if _CLOSE.search(request.head) else "keep"
        except BadHttp:
            out, then = out + _written(Reply(400)), "close"
        return Do(out, kind.delay(camera) if first and out else 0.0, then)

    def _answer(self, request: Http) -> Reply:
        path = request.path.partition("?")[0]
        if request.method == "POST" and path in SERVICES:
            return self._soap(request)
        if request.method == "GET" and path == SNAPSHOT:
            return self._snapshot(request)
        return Reply(404)

    def _soap(self, request: Http) -> Reply:
        device, call = self._device, _CALL.search(request.body)
        name = call[1].decode() if call else ""
        token = _TOKEN.search(request.body)
        seat = device.channel(int(token[1])) if token else device.first
        if seat is None:
            return Reply(400, soap.fault("ter:NoProfile", "no such profile"))
        seat.onvif_calls += 1
        make = _CALLS.get(name)
        if name not in _OPEN:
            refused = self._refused(request, seat, SOAP_LOGINS[device.first.camera.maker])
            if refused is not None:
                return refused
        if make is None:
            return Reply(400, soap.fault("ter:ActionNotSupported", "not here"))
        return Reply(200, soap.envelope(make(_Ask(device, seat, token[2] == b"sub" if token else False))))

    def _snapshot(self, request: Http) -> Reply:
        named = _CHANNEL.search(request.path)
        seat = self._device.channel(int(named[1]) if named else 1)
        if seat is None:
            return Reply(404)
        refused = self._refused(request, seat, ("digest",))
        if refused is not None:
            return refused
        library = self._device.world.library(True)
        if library is None:
            return Reply(503, headers=("Retry-After: 1",))
        seat.snapshots += 1
        units = library.clips[snapshot_of(seat.camera, seat.kind)].units
        number = 0 if seat.kind.shot == "cached" else seat.snapshots
        return _SHOTS[seat.kind.shot](_numbered(units[number % len(units)][0], number))

    def _refused(self, request: Http, seat: Seat, ways: tuple[str, ...]) -> Reply | None:
        """None: come in. Otherwise what a device says to nobody in particular, or to somebody else."""
        device, camera = self._device, seat.camera
        if not camera.username:
            return None
        password = camera.password + ("#changed" if seat.kind.password_changed else "")
        now = device.world.time_of(device.first.camera, device.kind)
        worth = _worth(request, camera, password, now, ways, self._nonce())
        if worth != "none" and device.locked:
            device.locked_logins += 1
            return self._unauthorized(camera, ways, MAKERS[camera.maker].locked)
        if worth == "ok":
            seat.logins += 1
            device.logged_in(good=True)
            return None
        if worth == "bad":
            seat.bad_logins += 1
            device.logged_in(good=False)
        return self._unauthorized(camera, ways, 401 if "digest" in ways else 400)

    def _unauthorized(self, camera: Camera, ways: tuple[str, ...], status: int) -> Reply:
        lines = challenges(_by_digest(camera), self._nonce()) if status == 401 else ()
        return Reply(status, soap.fault("ter:NotAuthorized", "sender not authorized"), headers=lines)

    def _nonce(self) -> str:
        """One for all connections: HTTP clients may well come back on another one."""
        return hashlib.md5(self._device.host.encode(), usedforsecurity=False).hexdigest()


def _numbered(jpeg: bytes, number: int) -> bytes:
    """No sensor gives the same picture twice, and a camera writes into each when it was taken: a comment (COM)."""
    told = b"shot %d" % number
    return jpeg[:2] + b"\xff\xfe" + (len(told) + 2).to_bytes(2, "big") + told + jpeg[2:]


def _image(jpeg: bytes) -> Reply:
    return Reply(200, jpeg, "image/jpeg")


#: What a snapshot address gives (``kinds.Kind.shot``). Nobody listens at the documentation address it may send to.
_SHOTS: dict[str, Callable[[bytes], Reply]] = {
    "seen": _image,
    "cached": _image,
    "huge": lambda jpeg: Reply(200, jpeg, "image/jpeg", size=HUGE),
    "moved": lambda jpeg: Reply(302, headers=("Location: http://192.0.2.1/snapshot.jpg",)),
    "page": lambda jpeg: Reply(200, b"<html><body>Login</body></html>", "text/html"),
}


def _by_digest(camera: Camera) -> Camera:
    """Over HTTP every maker asks for Digest with MD5 and qop, whatever its RTSP does."""
    return replace(camera, scheme="md5")


def _worth(
    request: Http, camera: Camera, password: str, now: float, ways: tuple[str, ...], nonce: str
) -> str:
    """What the credentials of a request are worth: ``ok``, ``none``, ``bad`` or ``stale``."""
    if "digest" in ways:
        as_rtsp = Request(request.method, request.path, request.path, "0", request.head)
        worth = login(_by_digest(camera), as_rtsp, nonce, password)
        if worth != "none":
            return worth
    return _token_worth(request.body, camera, password, now) if "token" in ways else "none"


def _token_worth(body: bytes, camera: Camera, password: str, now: float) -> str:
    """WS-UsernameToken profile 1.0: Base64(SHA-1(nonce + created + password)), created near the device's own time."""
    fields = {name: _element(body, name) for name in ("Username", "Password", "Nonce", "Created")}
    if not fields["Username"]:
        return "none"
    try:
        created = datetime.fromisoformat(fields["Created"])
        nonce = base64.b64decode(fields["Nonce"])
    except ValueError:
        return "bad"
    said = created.replace(tzinfo=created.tzinfo or UTC).timestamp()
    digest = hashlib.sha1(
        nonce + fields["Created"].encode() + password.encode(), usedforsecurity=False
    ).digest()
    good = hmac.compare_digest(base64.b64encode(digest), fields["Password"].encode())
    return (
        "ok" if good and fields["Username"] == camera.username and abs(said - now) <= TOLERANCE_S else "bad"
    )


def _element(body: bytes, name: str) -> str:
    found = re.search(rb"<(?:\w+:)?" + name.encode() + rb"(?:\s[^>]*)?>\s*([^<]{0,256}?)\s*<", body)
    return found[1].decode("utf-8", "replace") if found else ""


def _written(reply: Reply) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {_PHRASES[reply.status]}",
        f"Content-Length: {reply.size or len(reply.body)}",
    ]
    if reply.body:
        lines.append(f"Content-Type: {reply.kind}")
    return "\r\n".join((*lines, *reply.headers, "\r\n")).encode() + reply.body


class _Ask(NamedTuple):
    """Whom a call is for."""

    device: Device
    seat: Seat
    sub: bool


def _date_and_time(ask: _Ask) -> str:
    device = ask.device
    return soap.date_and_time(device.world.time_of(device.first.camera, device.kind))


def _information(ask: _Ask) -> str:
    return soap.information(ask.device.first.camera)


def _capabilities(ask: _Ask) -> str:
    return soap.capabilities(_base(ask), *SERVICES)


def _services(ask: _Ask) -> str:
    return soap.services(_base(ask), *SERVICES)


def _profiles(ask: _Ask) -> str:
    return soap.profiles([seat.camera for seat in ask.device.seats])


def _video_sources(ask: _Ask) -> str:
    return soap.video_sources(len(ask.device.seats))


def _stream_uri(ask: _Ask) -> str:
    device, camera = ask.device, ask.seat.camera
    scheme = "rtsps" if device.kind.tls else "rtsp"
    port: int = getattr(device.world.ports, device.door)
    path = camera.sub_path if ask.sub else camera.path
    return soap.media_uri("GetStreamUri", f"{scheme}://{device.host}:{port}{path}")


def _snapshot_uri(ask: _Ask) -> str:
    channel = ask.device.seats.index(ask.seat) + 1
    return soap.media_uri("GetSnapshotUri", f"{_base(ask)}{SNAPSHOT}?channel={channel}")


def _base(ask: _Ask) -> str:
    return f"http://{ask.device.host}:{ask.device.world.ports.onvif}"


_CALLS = {
    "GetSystemDateAndTime": _date_and_time,
    "GetDeviceInformation": _information,
    "GetCapabilities": _capabilities,
    "GetServices": _services,
    "GetProfiles": _profiles,
    "GetVideoSources": _video_sources,
    "GetStreamUri": _stream_uri,
    "GetSnapshotUri": _snapshot_uri,
}
#: What anybody may ask (ONVIF Core, access class PRE_AUTH).
_OPEN = ("GetSystemDateAndTime", "GetCapabilities", "GetServices")
#: How the makers let callers of the service in.
SOAP_LOGINS: dict[str, tuple[str, ...]] = {
    "hikvision": ("digest", "token"),
    "dahua": ("token",),
    "uniview": ("digest",),
}
