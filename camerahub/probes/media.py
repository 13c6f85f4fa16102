"""`media`: SETUP and PLAY over the same connection, until the first whole key picture stands; then TEARDOWN, always.

Proves L4. `picture` is the same conversation, whose picture then goes to a decoder (``probes.pictures``).

What it says when it fails: once the camera has spoken RTSP (L2), a stream that stays away, breaks off or makes no sense
is the media's fault (``no_media``, ``no_keyframe``), never 离线; before that the reasons are the liveness probe's.
"""

from __future__ import annotations

from camerahub.core.result import MAIN, SENT, SUB, UNSENT, MediaFacts, Target
from camerahub.probes.address import address_of, parsed
from camerahub.probes.engine import Answer, Linger, Redial, Verdict
from camerahub.probes.rtsp import reason_of
from camerahub.wire.digest import Credential
from camerahub.wire.interleaved import cut_frames
from camerahub.wire.keyframe import KeyFrame, KeyFrameReader, Limits, Unsupported
from camerahub.wire.rtsp import (
    Denied,
    Event,
    Interleaved,
    Redirected,
    Reply,
    Retry,
    RtspClient,
    ServerRequest,
    WireError,
)
from camerahub.wire.sdp import Media as SdpMedia
from camerahub.wire.sdp import SdpError, Session, parse_sdp
from camerahub.wire.url import RtspUrl

#: How long the answer to TEARDOWN is waited for, seconds: closing earlier could cut it off with a reset.
LINGER_S = 1.0
#: A camera at 16 Mbit/s sends so much in ten seconds, and some.
MAX_RECEIVED = 24 * 1024 * 1024
#: Shortest span of the stream's clock that says something of its bit rate, seconds.
SPAN_S = 0.5
#: Over TCP packets keep their order: a hole is known at once.
_IN_ORDER = Limits(window=0)
#: With these the other stream of the camera is asked at the next look.
_OTHER_STREAM = frozenset(
    {"not_found", "no_media", "no_keyframe", "codec_unsupported", "encrypted", "transport"}
)


class Media:
    """From DESCRIBE to TEARDOWN on one connection; see the module."""

    __slots__ = (
        "_again",
        "_channel",
        "_client",
        "_clock",
        "_credential",
        "_first_stamp",
        "_last_stamp",
        "_media",
        "_reader",
        "_received",
        "_roads",
        "_session",
        "_tail",
        "_verdict",
        "flags",
        "key_frame",
        "probe",
        "stage",
        "status",
    )
    #: Above malloc's mmap threshold (128 KiB) every read of a few bytes would cost 25 µs, not 1.
    read_size = 65536
    max_received = MAX_RECEIVED

    def __init__(self, probe: str, roads: list[tuple[str, RtspUrl]], credential: Credential | None) -> None:
        """``roads``: (stream, address) in the order to ask, at least one."""
        self.probe = probe
        self.stage = self.status = 0
        self.flags = UNSENT
        self.key_frame: KeyFrame | None = None
        self._roads = roads
        self._credential = credential
        self._client = RtspClient(roads[0][1], credential)
        self._session: Session | None = None
        self._media: SdpMedia | None = None
        self._reader: KeyFrameReader | None = None
        self._verdict: Verdict | None = None
        self._channel = 0
        self._again = b""
        self._tail = b""
        self._received = 0
        self._first_stamp = self._last_stamp = -1
        self._clock = 90_000

    # -- what the engine asks

    def first(self) -> bytes:
        if self._again:
            self._client.reconnected()
            self.flags = SENT
            return self._again
        return self._client.describe()

    def received(self, data: bytes) -> Answer:
        self._received += len(data)
        if self._reader is None or not self._client.channels or self._client.buffered:
            return self._carefully(data)
        if self._tail:
            data = self._tail + data
        packets, used = cut_frames(data, self._channel)
        self._tail = data[used:]
        answer = self._packets(packets)
        if answer is None and self._tail and self._tail[0] != 0x24:
            rest, self._tail = self._tail, b""
            return self._carefully(rest)
        return answer

    def closed(self) -> Verdict | Redial:
        if self._again and self._client.closing:
            return Redial()
        if self.key_frame is None and self._reader is not None:
            self._keep(self._reader.finish())
        if self.key_frame is not None:
            return Verdict("ok", 4, 200)
        return self._verdict or self._gone("reset")

    def expired(self) -> Verdict | Linger:
        if self._reader is not None:
            self._keep(self._reader.finish())
            reason = "ok" if self.key_frame is not None else self._reader.reason()
            return self._end(reason, self.status)
        return self._end_or(self._gone("timeout"))

    def cut_short(self) -> Verdict | Linger:
        """Nobody will look to the end: neither the camera's fault nor a picture."""
        return self._end("blind", self.status)

    @property
    def stream(self) -> str:
        """The stream that was asked last."""
        return self._roads[0][0]

    @property
    def other_next(self) -> bool:
        """Whether the camera's other stream should be asked at the next look."""
        return self._verdict is not None and self._verdict.reason in _OTHER_STREAM

    @property
    def facts(self) -> MediaFacts:
        """What was learned besides the verdict."""
        codec = self._media.codec if self._media is not None else ""
        size = len(self.key_frame.data) if self.key_frame is not None else 0
        return MediaFacts(self.stream, codec, self._received, size, self._bit_rate())

    # -- the dialogue

    def _carefully(self, data: bytes) -> Answer:
        try:
            events = self._client.receive(data)
        except WireError:
            return self._end_or(self._gone("protocol"))
        to_send = b""
        for event in events:
            answer = self._event(event)
            if isinstance(answer, bytes):
                to_send += answer
            elif answer is not None:
                return answer
        if self._reader is not None and self._client.channels:
            self._tail = self._client.frame_begun()  # the short way from here on
        return to_send or None

    def _event(self, event: Event) -> Answer:
        match event:
            case Interleaved(channel, data):
                return self._packets([data]) if channel == self._channel else None
            case Reply():
                return self._reply(event)
            case Retry() if self._client.closing:
                self.stage, self.status, self._again = max(2, self.stage), 401, event.data
                return None
            case Retry():
                self.stage, self.status, self.flags = max(2, self.stage), 401, SENT
                return event.data
            case Denied() | Redirected():
                self.stage = max(2, self.stage)
                return self._verdict or self._end(reason_of(event.status), event.status)
            case ServerRequest():
                return event.data

    def _reply(self, reply: Reply) -> Answer:
        if self._verdict is not None:
            return self._verdict if reply.method == "TEARDOWN" else None
        self.stage, self.status = max(2, self.stage), reply.status
        if reply.status >= 300:
            return self._refused(reply)
        if reply.method == "DESCRIBE":
            return self._described(reply)
        if reply.method == "SETUP":
            return self._set_up(reply)
        return None

    def _refused(self, reply: Reply) -> Answer:
        """Another stream of the camera may exist where this one does not."""
        reason = reason_of(reply.status)
        if reply.method == "DESCRIBE" and reason == "not_found" and len(self._roads) > 1:
            del self._roads[0]
            self._client.aim(self._roads[0][1])
            return self._client.describe()
        return self._end(reason, reply.status)

    def _described(self, reply: Reply) -> Answer:
        self.stage = 3
        try:
            self._session = parse_sdp(reply.body, self._client.base_url)
            self._media = self._session.first("video")
            if self._media is None:
                return self._end("no_media", 200)
            self._reader = KeyFrameReader(self._media, _IN_ORDER)
        except SdpError:
            return self._end("no_media", 200)
        except Unsupported as no:
            return self._end(no.reason, 200)
        self._clock = self._media.clock_rate or 90_000
        return self._client.setup(self._media.control)

    def _set_up(self, reply: Reply) -> Answer:
        if not self._client.channels:
            udp = "interleaved" not in reply.headers.get("transport").lower()
            return self._end("transport" if udp else "no_media", 200)
        self._channel = self._client.channels[0][0]
        return self._client.play(self._session.control if self._session else "")

    # -- the media

    def _packets(self, packets: list[bytes]) -> Answer:
        if self._reader is None or self.key_frame is not None or self._verdict is not None:
            return None
        reader = self._reader
        for packet in packets:
            picture = reader.packet(packet)
            if picture is not None:
                self._stamp(packets[0], packet)
                self._keep(picture)
                return self._end("ok", 200)
        if packets:
            self._stamp(packets[0], packets[-1])
        return None

    def _keep(self, picture: KeyFrame | None) -> None:
        if picture is not None:
            self.key_frame, self.stage = picture, 4

    def _stamp(self, first: bytes, last: bytes) -> None:
        """The stream's own clock at the first and the last packet (RFC 3550 section 5.1)."""
        if len(first) >= 12 <= len(last):
            if self._first_stamp < 0:
                self._first_stamp = int.from_bytes(first[4:8], "big")
            self._last_stamp = int.from_bytes(last[4:8], "big")

    def _bit_rate(self) -> int:
        if self._first_stamp < 0:
            return 0
        span = ((self._last_stamp - self._first_stamp) & 0xFFFFFFFF) / self._clock
        return round(self._received * 8 / span) if SPAN_S <= span <= 600 else 0

    # -- the end

    def _gone(self, reason: str) -> Verdict:
        """``reason`` of the line; once the camera has spoken, a stream that stays away is not a camera that does."""
        if self.stage < 2:
            return Verdict(reason, max(1, self.stage) if reason != "timeout" else self.stage, self.status)
        return Verdict("no_media", self.stage, self.status)

    def _end(self, reason: str, status: int) -> Verdict | Linger:
        return self._end_or(Verdict(reason, self.stage, status))

    def _end_or(self, verdict: Verdict) -> Verdict | Linger:
        """End; where the camera keeps a session for us, it is told that it need not any longer."""
        self._verdict = verdict
        if not self._client.session:
            return verdict
        control = self._session.control if self._session is not None else ""
        return Linger(self._client.teardown(control), verdict, LINGER_S)


def roads_of(target: Target) -> list[tuple[str, RtspUrl]]:
    """Streams of ``target`` in the order to ask: the one that gave a picture last, else the small one first.

    A sub-stream at another host or port is left to an endpoint of its own. Raises ``UrlError``.
    """
    main = address_of(target)
    roads = [(MAIN, main)]
    if target.sub_url:
        sub = parsed(target.sub_url)
        if (sub.scheme, sub.host, sub.port) == (main.scheme, main.host, main.port):
            roads.insert(0, (SUB, sub))
    if target.stream == MAIN:
        roads.reverse()
    return roads


def media(target: Target, probe: str = "media") -> Media:
    """The conversation for ``target``. Raises ``UrlError``."""
    login = Credential(target.username, target.password) if target.username or target.password else None
    return Media(probe, roads_of(target), login)


def picture(target: Target) -> Media:
    """The conversation of the `picture` probe."""
    return media(target, "picture")
