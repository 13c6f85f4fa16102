"""One conversation from the camera's side, and what a camera counts of its callers. Bytes in, deeds out; no socket.

What may be asked of a camera is counted here, so that a test can prove that a prober was gentle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from camerahub.farm.dialogue import (
    PLAIN,
    PUBLIC,
    BadRequest,
    Request,
    answer,
    challenges,
    description,
    login,
    server_header,
    take,
)
from camerahub.farm.kinds import KINDS, Do, Kind
from camerahub.farm.makers import MAKERS, SCHEMES
from camerahub.farm.model import Camera

NOTHING = Do()
#: A whole OPTIONS and nothing else, as liveness probes send it by the thousand.
_QUICK = re.compile(rb"OPTIONS \S+ RTSP/1\.0\r\nCSeq: (\d{1,10})\r\n(?:User-Agent: [^\r\n]*\r\n)?\r\n")


class Seat:
    """One channel at run time: its camera, its kind of the moment and its counts."""

    __slots__ = ("bad_logins", "camera", "conversations", "device", "kind", "logins", "requests")

    def __init__(self, camera: Camera, device: Device) -> None:
        self.camera, self.device, self.kind = camera, device, KINDS[camera.kind]
        self.conversations = self.requests = self.logins = self.bad_logins = 0

    def counts(self) -> dict[str, int | str]:
        """What its callers did to it, ``peak``: conversations at one time with its whole device."""
        return {
            "code": self.camera.code,
            "kind": next(name for name, kind in KINDS.items() if kind is self.kind),
            "conversations": self.conversations,
            "requests": self.requests,
            "logins": self.logins,
            "bad_logins": self.bad_logins,
            "device_conversations": self.device.conversations,
            "peak": self.device.peak,
        }


class Device:
    """One address at run time: a camera of its own or an NVR with channels by path."""

    __slots__ = ("_options", "conversations", "host", "kind", "only", "open", "paths", "peak", "port")

    def __init__(self, host: str, port: str) -> None:
        self.host, self.port = host, port
        self.kind: Kind = KINDS["healthy"]
        self.paths: dict[str, Seat] = {}
        self.only: Seat | None = None
        self.conversations = self.open = self.peak = 0
        self._options = b""

    def add(self, camera: Camera) -> Seat:
        """A further channel; a kind of whole devices becomes the kind of this one."""
        seat = Seat(camera, self)
        self.only = seat if not self.paths else None
        self.paths[camera.path] = self.paths[camera.sub_path] = seat
        if seat.kind.whole_device:
            self.kind = seat.kind
        if not self._options and not MAKERS[camera.maker].options_login:
            self._options = answer(200, "?", *server_header(camera), f"Public: {PUBLIC}").partition(b"?")[2]
        return seat

    def quick(self, data: bytes) -> bytes | None:
        """The answer to a plain OPTIONS on a lone camera in good health, None for anything else: the hot road.

        Must say and count the same as a ``Talk``.
        """
        seat = self.only
        if seat is None or not self._options or not self.kind.plain_options:
            return None
        found = _QUICK.fullmatch(data)
        if found is None:
            return None
        seat.requests += 1
        return b"RTSP/1.0 200 OK\r\nCSeq: " + found[1] + self._options

    def become(self, seat: Seat, kind: Kind) -> None:
        """Break or heal: a kind of whole devices befalls every channel, another one ends what the device had."""
        if kind.whole_device:
            self.kind = kind
            for other in self.paths.values():
                other.kind = kind
            return
        if self.kind.whole_device:
            for other in self.paths.values():
                other.kind = KINDS["healthy"]
        self.kind = KINDS["healthy"]
        seat.kind = kind

    def find(self, path: str) -> Seat | None:
        """The channel of a path, with or without a track behind it."""
        return (
            self.paths.get(path)
            or self.paths.get(path.rstrip("/"))
            or self.paths.get(path.rpartition("/")[0])
        )

    def opened(self) -> None:
        """Somebody connected."""
        self.conversations += 1
        self.open += 1
        if self.open > self.peak:
            self.peak = self.open
        if self.only is not None:
            self.only.conversations += 1


def devices(cameras: Iterable[Camera]) -> tuple[dict[str, Device], dict[str, Seat]]:
    """Devices by address and seats by camera code; cameras without an address have neither."""
    by_host: dict[str, Device] = {}
    seats: dict[str, Seat] = {}
    for camera in cameras:
        if camera.host:
            device = by_host.get(camera.host)
            if device is None:
                device = by_host[camera.host] = Device(camera.host, KINDS[camera.kind].port)
            seats[camera.code] = device.add(camera)
    return by_host, seats


class Talk:
    """One conversation. Feed it with ``received``; do what it returns."""

    __slots__ = ("_seen", "_stale_sent", "buffer", "device", "nonce", "requests")

    def __init__(self, device: Device, serial: int) -> None:
        self.device, self.nonce = device, f"{serial:016x}"
        self.buffer = b""
        self.requests = 0
        self._stale_sent = False
        self._seen: set[Seat] | None = None

    def received(self, data: bytes) -> Do:
        """What the camera does on ``data``. Never raises; never keeps more than one request."""
        kind = self.device.kind
        if kind.raw is not None:
            self.requests += 1
            return kind.raw(self._anybody(None).camera) if self.requests == 1 else NOTHING
        self.buffer += data
        try:
            return self._answers()
        except BadRequest:
            return Do(answer(400, "0"), then="close")

    def _answers(self) -> Do:
        out, delay = b"", 0.0
        while self.buffer:
            request, self.buffer = take(self.buffer)
            if request is None:
                break
            seat = self.device.only or self.device.find(request.path)
            if not self.requests:
                delay = (seat or self.device).kind.delay(self._anybody(seat).camera)
            self.requests += 1
            out += self._answer(request, seat)
        return Do(out, delay)

    def _anybody(self, seat: Seat | None) -> Seat:
        """The channel asked for, or the first one: it speaks for the device."""
        return seat or next(iter(self.device.paths.values()))

    def _count(self, seat: Seat) -> None:
        """An NVR's channel is talked to once it is named; a lone camera was when somebody connected."""
        seat.requests += 1
        if self.device.only is None:
            self._seen = self._seen or set()
            if seat not in self._seen:
                self._seen.add(seat)
                seat.conversations += 1

    def _answer(self, request: Request, seat: Seat | None) -> bytes:
        if seat is not None:
            self._count(seat)
        anybody = self._anybody(seat)
        camera = anybody.camera
        server = server_header(camera)
        if request.method == "OPTIONS" and not MAKERS[camera.maker].options_login:
            return answer(200, request.cseq, *server, f"Public: {PUBLIC}")
        refused = self._refused(request, anybody)
        if refused is not None:
            return answer(401, request.cseq, *server, *refused)
        if request.method == "OPTIONS":
            return answer(200, request.cseq, *server, f"Public: {PUBLIC}")
        return self._let_in(request, seat, server)

    def _refused(self, request: Request, seat: Seat) -> tuple[str, ...] | None:
        """The challenges of a 401, or None: come in."""
        camera, scheme = seat.camera, SCHEMES[seat.camera.scheme]
        if not (scheme.digests or scheme.basic):
            return () if seat.kind.password_changed else None
        password = camera.password + ("#changed" if seat.kind.password_changed else "")
        worth = login(camera, request, self.nonce, password)
        if worth == "ok" and scheme.stale and not self._stale_sent:
            self._stale_sent, worth = True, "stale"
            self.nonce += "f"
        if worth == "ok":
            seat.logins += 1
            return None
        seat.bad_logins += worth == "bad"
        return challenges(camera, self.nonce, worth == "stale")

    def _let_in(self, request: Request, seat: Seat | None, server: tuple[str, ...]) -> bytes:
        if seat is None:
            return answer(404, request.cseq, *server)
        if request.method == "DESCRIBE":
            status = seat.kind.describe(seat.camera)
            if status == 200 and self.device.find(request.path) is not seat:
                status = 404
            if status != 200:
                return answer(status, request.cseq, *server)
            headers, body = description(seat.camera, request.uri)
            return answer(200, request.cseq, *server, *headers, body=body)
        if request.method in PLAIN:
            return answer(200, request.cseq, *server, *PLAIN[request.method](request))
        return answer(501, request.cseq, *server)
