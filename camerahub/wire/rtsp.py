"""The RTSP client as a machine without sockets: requests out as bytes, bytes of the peer in, events out.

Rules of the dialogue, RFC 2326 as cameras live it:

* One request at a time is the rule, above all until logged in (each open one costs a login); up to 16 may be open.
  A reply belongs to the open request with its CSeq; with a CSeq we have not open, or none (some cameras count
  wrongly or leave it out), to the oldest open one, since TCP keeps the order. A reply while nothing is open is
  dropped.
* 401 and 407 are answered by the machine itself, at most once per nonce; a refused credential is never sent again.
* Redirects are told, never followed: a credential goes to nobody but the camera it belongs to.
* 1xx replies are passed over. Requests of the peer are answered, so that cameras which ask keep the session.

Whatever the peer sends, ``receive`` and ``closed`` raise ``WireError`` or nothing, and keep at most one message.
This file knows no sockets, no clock, no reasons of the register.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from camerahub.wire.digest import Authenticator, Challenge, Credential, parse_challenges
from camerahub.wire.rtsp_events import Denied, Event, Interleaved, Redirected, Reply, Retry, ServerRequest
from camerahub.wire.rtsp_quick import quick_options, quick_status
from camerahub.wire.rtsp_reader import (
    DEFAULT,
    Frame,
    Headers,
    Limits,
    Message,
    Reader,
    RequestMessage,
    StatusMessage,
    WireError,
)
from camerahub.wire.url import RtspUrl, UrlError, redact, safe_uri

__all__ = [
    "DEFAULT",
    "Denied",
    "Event",
    "Headers",
    "Interleaved",
    "Limits",
    "Redirected",
    "Reply",
    "Retry",
    "RtspClient",
    "ServerRequest",
    "WireError",
    "quick_options",
    "quick_status",
]

MAX_OPEN = 16
DEFAULT_SESSION_TIMEOUT_S = 60
USER_AGENT = "camerahub"


@dataclass(frozen=True, slots=True)
class _Open:
    method: str
    uri: str
    extra: tuple[str, ...]
    signed: bool


_SESSION = re.compile(r"([^;\s]{1,512})\s*(?:;.*?timeout\s*=\s*\"?(\d{1,6}))?", re.IGNORECASE | re.ASCII)
_CHANNELS = re.compile(r"interleaved\s*=\s*(\d{1,3})(?:-(\d{1,3}))?", re.IGNORECASE | re.ASCII)
_CSEQ = re.compile(r"\d{1,10}\Z", re.ASCII)
_METHOD = re.compile(r"[A-Z_]{1,32}")
_ANSWERED_OK = frozenset({"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE"})
_CHALLENGE_HEADERS = {
    401: ("www-authenticate", "Authorization"),
    407: ("proxy-authenticate", "Proxy-Authorization"),
}


class RtspClient:
    """One dialogue on one connection. Methods that make a request return the bytes to send.

    Raises ``UrlError`` for a control address that cannot stand in a request line, and ``RuntimeError`` (a bug of
    the caller) for more than 16 open requests.
    """

    def __init__(
        self, url: RtspUrl, credential: Credential | None = None, *, limits: Limits = DEFAULT
    ) -> None:
        self.url = str(url)
        #: What relative control addresses and PLAY refer to: Content-Base, Content-Location or the address.
        self.base_url = self.url
        #: Methods the server named in Public.
        self.public: frozenset[str] = frozenset()
        #: Session id ("" before SETUP) and how long the server keeps it without a word, seconds 1..999999.
        self.session = ""
        self.session_timeout = DEFAULT_SESSION_TIMEOUT_S
        #: The peer said that it closes after its last reply: what is to be sent goes over a new connection.
        self.closing = False
        #: Interleaved channel pairs granted by SETUP replies, in their order.
        self.channels: list[tuple[int, int]] = []
        self._login = Authenticator(credential) if credential else None
        self._login_header = "Authorization"
        self._limits = limits
        self._reader = Reader(limits)
        self._open: dict[int, _Open] = {}
        self._cseq = 0
        self._error: WireError | None = None

    @property
    def buffered(self) -> int:
        """Bytes of the peer kept; at most one message or frame within the limits."""
        return self._reader.buffered

    def frame_begun(self) -> bytes:
        """The beginning of an interleaved frame whose rest has not come, given away for ``interleaved.cut_frames``."""
        return self._reader.frame_begun()

    def options(self) -> bytes:
        """Ask what the server can do; needs no credential on nearly every camera."""
        return self._request("OPTIONS", self.url)

    def aim(self, url: RtspUrl) -> None:
        """Speak of another stream of the same camera from now on; what was learned of the login stays."""
        self.url = self.base_url = str(url)

    def reconnected(self) -> None:
        """The dialogue goes on over a new connection; a request that was made and not sent goes out there."""
        self.closing = False
        self._reader = Reader(self._limits)

    def describe(self) -> bytes:
        """Ask for the session description; the reply's body goes to ``wire.sdp.parse_sdp`` with ``base_url``."""
        return self._request("DESCRIBE", self.url, ("Accept: application/sdp",))

    def setup(self, control_url: str, channel: int = 0) -> bytes:
        """Open one media over this connection: RTP on ``channel`` (even, 0..254), RTCP on the next."""
        if not 0 <= channel <= 254:
            raise ValueError("the channel must be 0 to 254")
        transport = f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        return self._request("SETUP", safe_uri(control_url), (transport,))

    def play(self, control_url: str = "") -> bytes:
        """Start all media; ``control_url`` is the aggregate control of the SDP (default: ``base_url``)."""
        return self._request("PLAY", self._aggregate(control_url), ("Range: npt=0.000-",))

    def teardown(self, control_url: str = "") -> bytes:
        """End the session; send it always, cameras keep a lost session for a minute."""
        return self._request("TEARDOWN", self._aggregate(control_url))

    def keep_alive(self) -> bytes:
        """Keep the session: GET_PARAMETER when the server named it in Public, else OPTIONS."""
        return self._request("GET_PARAMETER" if "GET_PARAMETER" in self.public else "OPTIONS", self.base_url)

    def _aggregate(self, control_url: str) -> str:
        return safe_uri(control_url) if control_url else self.base_url

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes of the peer; give what they complete, in order.

        Feeding them whole, byte by byte or in any split gives the same events. Raises ``WireError``; after events
        of the same call have been given, at the next call. After an error every call raises it again.
        """
        if self._error is None:
            self._reader.feed(data)
        events: list[Event] = []
        while self._error is None:
            try:
                message = self._reader.next()
                if message is None:
                    break
                event = self._event(message)
            except WireError as error:
                self._error = error
                self._reader = Reader()
                break
            if event is not None:
                events.append(event)
        if self._error is not None and not events:
            raise self._error
        return events

    def closed(self) -> list[Event]:
        """The peer closed. Raises ``WireError`` when that cuts a message or an earlier error is still due."""
        if self._error is None and self._reader.inside:
            self._error = WireError("the connection closed inside a message")
        if self._error is not None:
            raise self._error
        return []

    def _request(self, method: str, uri: str, extra: tuple[str, ...] = ()) -> bytes:
        login = self._login.authorize(method, uri) if self._login else None
        return self._send(_Open(method, uri, extra, login is not None), login)

    def _send(self, request: _Open, login: str | None) -> bytes:
        if len(self._open) >= MAX_OPEN:
            raise RuntimeError("too many requests without an answer")
        self._cseq += 1
        self._open[self._cseq] = request
        lines = [
            f"{request.method} {request.uri} RTSP/1.0",
            f"CSeq: {self._cseq}",
            f"User-Agent: {USER_AGENT}",
        ]
        lines += request.extra
        if self.session:
            lines.append(f"Session: {self.session}")
        if login:
            lines.append(f"{self._login_header}: {login}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _event(self, message: Message | Frame) -> Event | None:
        if isinstance(message, Frame):
            return Interleaved(message.channel, message.data)
        if isinstance(message, RequestMessage):
            return ServerRequest(message.method, _answer(message))
        if message.status < 200:
            return None
        if message.headers.get("connection").lower() == "close":
            self.closing = True
        request = self._take(message.headers.get("cseq"))
        return self._settle(request, message) if request else None

    def _take(self, cseq: str) -> _Open | None:
        number = int(cseq) if _CSEQ.match(cseq) else 0
        if number not in self._open:
            number = next(iter(self._open), 0)
        return self._open.pop(number, None)

    def _settle(self, request: _Open, reply: StatusMessage) -> Event:
        if reply.status in _CHALLENGE_HEADERS:
            return self._challenged(request, reply)
        if 300 <= reply.status < 400:
            location = redact(reply.headers.get("location"))[:512]
            return Redirected(reply.status, location, request.method)
        if reply.status < 300:
            if self._login and request.signed:
                self._login.accepted()
            self._learn(request, reply.headers)
        return Reply(request.method, reply.status, reply.reason, reply.headers, reply.body)

    def _challenged(self, request: _Open, reply: StatusMessage) -> Event:
        asked, answered = _CHALLENGE_HEADERS[reply.status]
        challenges = parse_challenges(reply.headers.all(asked))
        login = self._login_for(request, challenges)
        if login is not None:
            self._login_header = answered
            again = _Open(request.method, request.uri, request.extra, signed=True)
            return Retry(self._send(again, login), request.method)
        tried = self._login is not None and self._login.refused
        return Denied(reply.status, tuple(c.scheme for c in challenges), tried, request.method)

    def _login_for(self, request: _Open, challenges: list[Challenge]) -> str | None:
        if self._login is None:
            return None
        if self._login.started and not request.signed:
            return self._login.authorize(request.method, request.uri)
        return self._login.answer(challenges, request.method, request.uri)

    def _learn(self, request: _Open, headers: Headers) -> None:
        """Keep what a good reply says of the server, the base and the session."""
        public = headers.get("public")
        if public:
            self.public = frozenset(_METHOD.findall(public.upper()))
        if request.method == "DESCRIBE":
            self.base_url = _base(headers, self.url)
        if request.method == "SETUP":
            self._learn_session(headers)

    def _learn_session(self, headers: Headers) -> None:
        session = _SESSION.match(headers.get("session"))
        if session:
            self.session = session[1]
            self.session_timeout = max(1, int(session[2] or DEFAULT_SESSION_TIMEOUT_S))
        channels = _CHANNELS.search(headers.get("transport"))
        if channels:
            first = int(channels[1])
            self.channels.append((first, int(channels[2] or first + 1)))


def _base(headers: Headers, default: str) -> str:
    for name in ("content-base", "content-location"):
        value = headers.get(name)
        if value:
            try:
                return safe_uri(value)
            except UrlError:
                continue
    return default


def _answer(request: RequestMessage) -> bytes:
    """What we say to a request of the peer: yes to a sign of life, no to everything else."""
    status = "200 OK" if request.method in _ANSWERED_OK else "501 Not Implemented"
    cseq = request.headers.get("cseq")
    line = f"CSeq: {cseq}\r\n" if _CSEQ.match(cseq) else ""
    return f"RTSP/1.0 {status}\r\n{line}\r\n".encode("latin-1")
