"""`media` against real sockets: the dialogue of RFC 2326, key pictures of RFC 6184, and every way to be left alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from camerahub.core.result import MAIN, SENT, SUB, Outcome, ProbeResult, Target
from camerahub.probes.media import media, roads_of
from camerahub.wire.keyframe import KeyFrame
from tests.wire.nals import pps, slice_264, sps
from tests.wire.packing import numbered, picture

from .conftest import Camera, Script, ask, request

Make = Callable[[Script], Camera]

SDP = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=control:*\r\nm=video 0 {profile} 96\r\n"
SDP += "a=rtpmap:96 {codec}/90000\r\na=control:track1\r\n"
KEY = [sps(), pps(), slice_264(0, 7, 5)]
DELTA = [slice_264(0, 5, 1)]


def framed(packets: list[bytes], channel: int = 0) -> bytes:
    return b"".join(b"$%c%b%b" % (channel, len(p).to_bytes(2, "big"), p) for p in packets)


def stream(*pictures: list[bytes], gap: int = 3600) -> bytes:
    packets = [p for n, nals in enumerate(pictures) for p in picture(nals, 1000 + n * gap)]
    return framed(numbered(packets))


class Recorder:
    """A scripted camera: answers by method; ``media`` follows PLAY. Keeps what it was asked."""

    def __init__(self, media: bytes = b"", *, sdp: str = "", **statuses: int) -> None:
        self.media, self.statuses = media, statuses
        self.sdp = sdp or SDP.format(profile="RTP/AVP", codec="H264")
        self.transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
        self.missing: tuple[str, ...] = ()
        self.asked: list[str] = []
        self.playing, self.tore_down = threading.Event(), threading.Event()
        self.closes_after_play = self.mute_teardown = False

    def __call__(self, connection: socket.socket) -> None:
        while (asked := request(connection)) and self._answer(connection, asked.decode()):
            pass

    def _answer(self, connection: socket.socket, asked: str) -> bool:
        method, url, *_ = asked.split()
        self.asked.append(f"{method} {url.partition('//')[2].partition('/')[2]}")
        status = 404 if any(url.endswith(path) for path in self.missing) else self.statuses.get(method, 200)
        cseq = next(line for line in asked.split("\r\n") if line.startswith("CSeq"))
        head = f"RTSP/1.0 {status} -\r\n{cseq}\r\n"
        if method == "DESCRIBE" and status == 200:
            head += f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(self.sdp)}\r\n"
        if method == "SETUP" and status == 200:
            head += f"Session: 4711;timeout=60\r\nTransport: {self.transport}\r\n"
        if method == "TEARDOWN":
            self.tore_down.set()
            if self.mute_teardown:
                return True
        body = self.sdp if method == "DESCRIBE" and status == 200 else ""
        connection.sendall((head + "\r\n" + body).encode())
        if method == "PLAY":
            self.playing.set()
            connection.sendall(self.media)
            return not self.closes_after_play
        return True


async def looked(make: Make, peer: Script, deadline_s: float = 5.0) -> ProbeResult:
    return await ask(make(peer).target("/main"), "media", deadline_s)


async def test_the_first_key_picture_ends_it_and_the_session_is_torn_down(camera: Make) -> None:
    peer = Recorder(stream(DELTA, DELTA, KEY, DELTA))
    result = await looked(camera, peer)
    assert (result.outcome, result.reason, result.stage, result.status) == (Outcome.OK, "ok", 4, 200)
    assert peer.asked == ["DESCRIBE main", "SETUP main/track1", "PLAY main/", "TEARDOWN main/"]


async def test_facts_tell_stream_codec_and_sizes(camera: Make) -> None:
    peer = Recorder(stream(*[DELTA] * 30, KEY))
    result = await looked(camera, peer)
    facts = result.facts
    assert facts is not None
    assert (facts.stream, facts.codec) == (MAIN, "H264")
    assert facts.key_bytes == sum(len(nal) + 4 for nal in KEY)
    assert facts.received > len(peer.media)
    # 30 pictures at 25 a second by the stream's own clock of 90 kHz
    assert facts.bit_rate == pytest.approx(facts.received * 8 / (30 * 3600 / 90000), rel=1e-3)


@pytest.mark.parametrize(
    ("media", "reason"), [(b"", "no_media"), (stream(DELTA, DELTA, DELTA), "no_keyframe")]
)
async def test_at_the_deadline_the_session_is_torn_down_and_the_media_is_at_fault(
    camera: Make, media: bytes, reason: str
) -> None:
    peer = Recorder(media)
    result = await looked(camera, peer, 0.4)
    assert (result.reason, result.stage, result.status) == (reason, 3, 200)
    assert peer.tore_down.wait(10)


async def test_a_camera_that_does_not_answer_teardown_costs_a_moment_not_the_verdict(camera: Make) -> None:
    peer = Recorder(stream(KEY))
    peer.mute_teardown = True
    result = await looked(camera, peer)
    assert result.reason == "ok"
    assert result.duration_s < 4


@pytest.mark.parametrize(
    ("statuses", "reason", "stage"),
    [
        ({"DESCRIBE": 404}, "not_found", 2),
        ({"DESCRIBE": 453}, "busy", 2),
        ({"DESCRIBE": 401}, "auth", 2),
        ({"SETUP": 461}, "transport", 3),
        ({"SETUP": 453}, "busy", 3),
        ({"PLAY": 453}, "busy", 3),
        ({"PLAY": 404}, "not_found", 3),
    ],
)
async def test_each_refusal_has_its_reason(
    camera: Make, statuses: dict[str, int], reason: str, stage: int
) -> None:
    peer = Recorder(**statuses)
    result = await looked(camera, peer)
    assert (result.reason, result.stage, result.status) == (reason, stage, next(iter(statuses.values())))
    assert peer.tore_down.is_set() == ("PLAY" in statuses), "a session that was made is ended"


@pytest.mark.parametrize(
    ("profile", "codec", "reason"),
    [("RTP/SAVP", "H264", "encrypted"), ("RTP/AVP", "SVAC", "codec_unsupported")],
)
async def test_what_cannot_be_read_is_not_asked_for(
    camera: Make, profile: str, codec: str, reason: str
) -> None:
    peer = Recorder(sdp=SDP.format(profile=profile, codec=codec))
    result = await looked(camera, peer)
    assert (result.reason, result.stage) == (reason, 3)
    assert peer.asked == ["DESCRIBE main"]


@pytest.mark.parametrize("sdp", ["v=0\r\nm=audio 0 RTP/AVP 0\r\n", "<html>hello</html>"])
async def test_no_video_is_no_media(camera: Make, sdp: str) -> None:
    result = await looked(camera, Recorder(sdp=sdp))
    assert (result.reason, result.stage) == ("no_media", 3)


async def test_a_grant_of_udp_only_is_transport_and_torn_down(camera: Make) -> None:
    peer = Recorder()
    peer.transport = "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001"
    result = await looked(camera, peer)
    assert result.reason == "transport"
    assert peer.tore_down.wait(10)


async def test_a_stream_that_breaks_off_is_not_a_camera_that_is_away(camera: Make) -> None:
    peer = Recorder(stream(DELTA))
    peer.closes_after_play = True
    result = await looked(camera, peer)
    assert (result.reason, result.stage) == ("no_media", 3)


async def test_a_camera_that_never_speaks_is_a_timeout(camera: Make) -> None:
    result = await looked(camera, lambda connection: connection.recv(1 << 16) and request(connection), 0.3)
    assert (result.reason, result.stage) == ("timeout", 1)


def sub_of(target: Target, path: str) -> Target:
    return Target(
        target.endpoint, target.host, target.port, target.url, sub_url=f"rtsp://127.0.0.1:{target.port}{path}"
    )


async def test_the_sub_stream_is_asked_first(camera: Make) -> None:
    peer = Recorder(stream(KEY))
    result = await ask(sub_of(camera(peer).target("/main"), "/sub"), "media")
    assert result.facts is not None
    assert (result.reason, result.facts.stream) == ("ok", SUB)
    assert peer.asked[0] == "DESCRIBE sub"


async def test_a_missing_sub_stream_leads_to_the_main_one_on_the_same_connection(camera: Make) -> None:
    peer = Recorder(stream(KEY))
    peer.missing = ("/sub",)
    result = await ask(sub_of(camera(peer).target("/main"), "/sub"), "media")
    assert result.facts is not None
    assert (result.reason, result.facts.stream) == ("ok", MAIN)
    assert peer.asked[:3] == ["DESCRIBE sub", "DESCRIBE main", "SETUP main/track1"]


def test_a_sub_stream_elsewhere_is_left_alone() -> None:
    target = Target(1, "192.0.2.1", 554, "rtsp://192.0.2.1/main", sub_url="rtsp://192.0.2.2/sub")
    assert [stream for stream, _ in roads_of(target)] == [MAIN]


def test_what_worked_last_is_asked_first() -> None:
    target = Target(1, "192.0.2.1", 554, "rtsp://192.0.2.1/main", sub_url="rtsp://192.0.2.1/sub", stream=MAIN)
    assert [stream for stream, _ in roads_of(target)] == [MAIN, SUB]


CLOSING = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nConnection: close\r\n"
CLOSING += b'WWW-Authenticate: Digest realm="r", nonce="abc", qop="auth"\r\n\r\n'


@pytest.mark.parametrize("probe", ["rtsp", "media"])
async def test_a_camera_that_closes_with_its_401_is_answered_on_a_new_connection(
    camera: Make, probe: str
) -> None:
    peer, turns = Recorder(stream(KEY)), iter((True, False))

    def script(connection: socket.socket) -> None:
        if next(turns):
            request(connection)
            connection.sendall(CLOSING)
        else:
            peer(connection)

    target = camera(script).target("/main", username="admin", password="planted")
    result = await ask(target, probe)
    assert (result.reason, result.flags) == ("ok", SENT)


async def test_a_camera_that_closes_every_time_is_dialled_twice_and_no_more(camera: Make) -> None:
    dialled = iter(range(9))

    def script(connection: socket.socket) -> None:
        next(dialled)
        request(connection)
        connection.sendall(CLOSING)

    result = await ask(camera(script).target("/main", username="admin", password="planted"), "media")
    assert next(dialled) == 2
    assert result.reason in ("auth", "no_media")


def fed(pieces: Iterator[bytes]) -> KeyFrame | None:
    """The key picture out of a conversation that is fed by hand, past PLAY."""
    talk = media(Target(1, "192.0.2.1", 554, "rtsp://192.0.2.1/main"))
    talk.first()
    sdp = SDP.format(profile="RTP/AVP", codec="H264").encode()
    talk.received(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n%b" % (len(sdp), sdp))
    talk.received(
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"
    )
    for piece in pieces:
        talk.received(piece)
    return talk.key_frame


@pytest.mark.parametrize("size", [1, 3, 7, 100, 10_000])
def test_pieces_of_any_size_give_the_same_picture(size: int) -> None:
    said = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"
    asks = b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    flow = said + stream(DELTA) + asks + framed([b"rtcp"], 1) + stream(DELTA, KEY)
    found = fed(flow[i : i + size] for i in range(0, len(flow), size))
    assert found is not None
    assert found.data == b"".join(b"\0\0\0\1" + nal for nal in KEY)
