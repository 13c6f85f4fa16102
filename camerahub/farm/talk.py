"""One conversation from the camera's side. Bytes in, deeds out; no socket."""

from __future__ import annotations

from camerahub.farm.dialogue import (
    PUBLIC,
    SESSION_METHODS,
    BadRequest,
    Request,
    answer,
    challenges,
    description,
    login,
    server_header,
    take,
)
from camerahub.farm.kinds import Do
from camerahub.farm.makers import MAKERS, SCHEMES
from camerahub.farm.seats import Device, Seat
from camerahub.farm.session import Sessions
from camerahub.farm.stream import Stream
from camerahub.farm.world import clip_of, codec_of, track_of

NOTHING = Do()


class Talk:
    """One conversation. Feed it with ``received``; do what it returns; send what ``stream`` gives; say ``closed``."""

    __slots__ = ("_seen", "_sessions", "_stale_sent", "buffer", "device", "nonce", "requests", "serial")

    def __init__(self, device: Device, serial: int) -> None:
        self.device, self.serial, self.nonce = device, serial, f"{serial:016x}"
        self.buffer = b""
        self.requests = 0
        self._stale_sent = False
        self._seen: set[Seat] | None = None
        self._sessions: Sessions | None = None

    @property
    def stream(self) -> Stream | None:
        """What plays now."""
        return self._sessions.stream if self._sessions is not None else None

    def closed(self) -> None:
        """The caller, or we, hung up."""
        if self._sessions is not None:
            self._sessions.closed()
        for seat in self._seen or ():
            seat.open -= 1
        self._seen = self._sessions = None

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
        return seat or self.device.first

    def _count(self, seat: Seat) -> None:
        """An NVR's channel is talked to once it is named; a lone camera was when somebody connected."""
        seat.requests += 1
        if self.device.only is None:
            self._seen = self._seen or set()
            if seat not in self._seen:
                self._seen.add(seat)
                seat.named()

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
            status, lines = refused
            return answer(status, request.cseq, *server, *lines)
        if request.method == "OPTIONS":
            return answer(200, request.cseq, *server, f"Public: {PUBLIC}")
        return self._let_in(request, seat, server)

    def _refused(self, request: Request, seat: Seat) -> tuple[int, tuple[str, ...]] | None:
        """Status and challenges of a refusal, or None: come in."""
        camera, scheme, device = seat.camera, SCHEMES[seat.camera.scheme], self.device
        if not (scheme.digests or scheme.basic):
            return (401, ()) if seat.kind.password_changed else None
        password = camera.password + ("#changed" if seat.kind.password_changed else "")
        worth = login(camera, request, self.nonce, password)
        if worth != "none" and device.locked:
            device.locked_logins += 1
            status = MAKERS[camera.maker].locked
            return status, challenges(camera, self.nonce) if status == 401 else ()
        if worth == "ok" and scheme.stale and not self._stale_sent:
            self._stale_sent, worth = True, "stale"
            self.nonce += "f"
        if worth == "ok":
            seat.logins += 1
            device.logged_in(good=True)
            return None
        if worth == "bad":
            seat.bad_logins += 1
            device.logged_in(good=False)
        return 401, challenges(camera, self.nonce, worth == "stale")

    def _let_in(self, request: Request, seat: Seat | None, server: tuple[str, ...]) -> bytes:
        if seat is None and request.method == "SETUP" and self._sessions is not None:
            seat = self._sessions.described_seat
        if seat is None and request.method in ("DESCRIBE", "SETUP"):
            return answer(404, request.cseq, *server)
        if request.method == "DESCRIBE":
            return self._describe(request, self._anybody(seat), server)
        if request.method not in SESSION_METHODS:
            return answer(501 if seat else 404, request.cseq, *server)
        self._sessions = self._sessions or Sessions(self.serial)
        channel = self._sessions.channel or self._anybody(seat)
        if request.method == "SETUP":
            channel = self._anybody(seat)
        said = self._sessions.answer(request, channel, self._is_sub(request, channel))
        return answer(said.status, request.cseq, *server, *said.headers)

    def _is_sub(self, request: Request, seat: Seat) -> bool:
        """Clients join ``trackID=1`` to an address with a query in several ways: then it is what was described last."""
        if request.path.startswith((seat.camera.path, seat.camera.sub_path)) or self._sessions is None:
            return request.path.startswith(seat.camera.sub_path)
        return self._sessions.described_sub

    def _describe(self, request: Request, seat: Seat, server: tuple[str, ...]) -> bytes:
        status = seat.kind.describe(seat.camera)
        if status == 200 and self.device.find(request.path) is not seat:
            status = 404
        if status != 200:
            return answer(status, request.cseq, *server)
        sub = self._is_sub(request, seat)
        codec = seat.kind.codec or codec_of(clip_of(seat.camera, seat.kind, sub))
        library = self.device.world.library(False)
        maps = ""
        if library is not None and not seat.kind.codec:
            maps = track_of(library, seat.camera, seat.kind, sub, in_band=False).sdp
        self._sessions = self._sessions or Sessions(self.serial)
        self._sessions.described(seat, sub, bool(maps))
        headers, body = description(seat.camera, request.uri, codec, maps, seat.kind.secure)
        return answer(200, request.cseq, *server, *headers, body=body)
