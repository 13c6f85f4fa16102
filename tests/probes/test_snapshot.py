"""`snapshot` against real sockets: every way to be handed a picture, or none, and pictures out of a cache."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
from collections.abc import Callable
from email.utils import formatdate

import pytest

from camerahub.core.eyes import Lesson
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import PROBE_KINDS, SENT, UNSENT, Facet, Outcome, ProbeResult, Signal, Target
from camerahub.core.stand_in import SHOT_ROW, LastShot, mark_of
from camerahub.core.transitions import signal_of
from camerahub.farm.handle import start_county
from camerahub.probes.pictures import Pictures
from camerahub.probes.snapshot import Shots, snapshot
from camerahub.probes.table import Prober
from camerahub.services.clock import SystemClock
from camerahub.services.gate import LOGIN_PROBES
from camerahub.wire.snapshot import Shot
from camerahub.wire.url import UrlError
from tests.frames import draw

from .conftest import Camera, Script, ask, request, silent
from .streams import encode, photograph
from .test_tls import inside, server

__all__ = ["inside", "server"]  # fixtures

Make = Callable[[Script], Camera]
PHOTO = encode("JPEG", photograph(320, 240, 1))
OTHER = encode("JPEG", photograph(320, 240, 2))
DIGEST = 'WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth"'
START = 784_111_777


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} -", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def jpeg(body: bytes = PHOTO, *headers: str) -> bytes:
    return http(200, body, "Content-Type: image/jpeg", *headers)


class Album:
    """Answers one request after the other, over any number of connections; keeps what it was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, connection: socket.socket) -> None:
        while asked := request(connection):
            self.asked.append(asked.decode())
            answer = self.answers.pop(0)
            connection.sendall(answer)
            if b"Connection: close" in answer:
                return

    @property
    def logins(self) -> list[str]:
        return [name for asked in self.asked for name in re.findall(r"Authorization: (\w+)", asked)]


def at(one: Camera, scheme: str = "http", **credentials: str) -> Target:
    return Target(7, "127.0.0.1", one.port, f"{scheme}://127.0.0.1:{one.port}/snap.jpg", **credentials)


async def looks(targets: list[Target], *, decoders: int = 1, deadline_s: float = 20.0) -> list[ProbeResult]:
    """One attempt after the other, by one prober with its decoders."""
    loop = asyncio.get_running_loop()
    prober = Prober(loop, max_in_flight=4, decoders=decoders)
    found = []
    try:
        await prober.ready()
        for target in targets:
            done: asyncio.Future[ProbeResult] = loop.create_future()
            prober.start(target, "snapshot", deadline_s, done.set_result)
            found.append(await asyncio.wait_for(done, 30))
    finally:
        await prober.aclose()
    return found


def told(result: ProbeResult) -> tuple[str, int, int]:
    return result.reason, result.stage, result.status


def test_it_speaks_of_the_picture_only_and_needs_a_permit() -> None:
    assert PROBE_KINDS["snapshot"].code == 7
    spoken = {facet for facet in Facet if signal_of(facet, "snapshot", "ok") is not Signal.NONE}
    assert spoken == {Facet.PICTURE}
    assert "snapshot" in LOGIN_PROBES


async def test_a_picture_is_decoded_and_told(camera: Make) -> None:
    album = Album(http(401, b"", DIGEST), jpeg())
    (result,) = await looks([at(camera(album), username="admin", password="planted")])
    assert told(result) == ("ok", 6, 200)
    assert (result.outcome, result.flags) == (Outcome.OK, SENT)
    facts = result.facts
    assert facts is not None
    assert (facts.codec, facts.key_bytes, facts.width, facts.height) == ("JPEG", len(PHOTO), 320, 240)
    assert facts.received > len(PHOTO)
    assert facts.fresh == ""
    assert dict(facts.measures)
    assert album.logins == ["Digest"]
    assert "planted" not in "".join(album.asked)


async def test_black_no_signal_and_broken_pictures(camera: Make) -> None:
    black = encode("JPEG", draw.black(320, 240, 2, 0.5))
    pictures = [black, PHOTO[:400], b"\xff\xd8 is all that is right about it"]
    album = Album(*(jpeg(picture) for picture in pictures))
    one = at(camera(album))
    results = await looks([one] * 3)
    assert [told(result) for result in results] == [
        ("black", 4, 200), ("undecodable", 4, 200), ("undecodable", 4, 200),
    ]  # fmt: skip
    assert {result.flags for result in results} == {UNSENT}


async def test_a_cached_picture_is_stale_and_a_new_one_fresh(camera: Make) -> None:
    def dated(picture: bytes, date: int, *more: str) -> bytes:
        return jpeg(picture, f"Date: {formatdate(date, usegmt=True)}", *more)

    old = f"Last-Modified: {formatdate(START - 9000, usegmt=True)}"
    album = Album(
        dated(PHOTO, START), dated(PHOTO, START + 60), dated(OTHER, START + 120), dated(PHOTO, START + 180, old)
    )  # fmt: skip
    results = await looks([at(camera(album))] * 4)
    assert [result.reason for result in results] == ["ok"] * 4
    assert [result.facts.fresh for result in results if result.facts] == ["", "stale", "fresh", "stale"]


async def test_without_decoders_nobody_saw_it(camera: Make) -> None:
    (result,) = await looks([at(camera(Album(jpeg())))], decoders=0)
    assert told(result) == ("blind", 4, 200)


@pytest.mark.parametrize(
    ("answers", "wanted", "logins"),
    [
        ([http(401, b"", DIGEST)] * 2, ("auth", 2, 401), ["Digest"]),
        ([http(401, b"", 'WWW-Authenticate: Basic realm="r"')], ("auth", 2, 401), []),
        ([http(503)], ("busy", 2, 503), []),
        ([http(404)], ("not_found", 2, 404), []),
        ([http(302, b"", "Location: http://192.0.2.1/x.jpg")], ("not_found", 2, 302), []),
        ([http(200, b"<html>", "Content-Type: text/html")], ("protocol", 3, 200), []),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n" + bytes(99)], ("protocol", 3, 200), []),
        ([jpeg()[:-9]], ("timeout", 3, 200), []),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n1"], ("reset", 3, 200), []),
        ([b"RTSP/1.0 400 Bad\r\n\r\n"], ("protocol", 1, 0), []),
    ],
)
async def test_no_picture(
    camera: Make, answers: list[bytes], wanted: tuple[str, int, int], logins: list[str]
) -> None:
    album = Album(*answers)
    target = at(camera(album), username="admin", password="planted")
    result = await ask(target, "snapshot", 0.4 if wanted[0] == "timeout" else 8.0)
    assert told(result) == wanted
    assert album.logins == logins
    assert result.flags == (SENT if logins else UNSENT)


async def test_silence_and_nobody(camera: Make) -> None:
    assert told(await ask(at(camera(silent)), "snapshot", 0.3)) == ("timeout", 1, 0)
    gone = camera(silent)
    gone.close()
    assert told(await ask(at(gone), "snapshot")) == ("refused", 0, 0)


async def test_a_camera_that_closes_after_its_challenge_is_dialled_once_more(camera: Make) -> None:
    album = Album(http(401, b"", DIGEST, "Connection: close"), jpeg())
    result = await ask(at(camera(album), username="admin", password="planted"), "snapshot")
    assert told(result) == ("blind", 4, 200)  # the picture came; this prober has no decoder
    assert album.logins == ["Digest"]


async def test_over_tls_also_by_basic(camera: Make, inside: Callable[[Script], Script]) -> None:
    album = Album(http(401, b"", 'WWW-Authenticate: Basic realm="r"'), jpeg())
    result = await ask(at(camera(inside(album)), "https", username="admin", password="planted"), "snapshot")
    assert told(result) == ("blind", 4, 200)
    assert album.logins == ["Basic"]
    plain = camera(lambda connection: connection.sendall(http(400)))
    assert (await ask(at(plain, "https"), "snapshot")).reason == "tls"


@pytest.mark.parametrize("url", ["", "rtsp://127.0.0.1/main", "ftp://127.0.0.1/"])
async def test_an_address_that_is_no_picture(url: str) -> None:
    target = Target(7, "127.0.0.1", 9, url)
    with pytest.raises(UrlError):
        snapshot(target)
    assert (await ask(target, "snapshot")).reason == "no_address"


def test_what_is_remembered_is_bounded() -> None:
    shots = Shots(most=2)
    picture = Shot(PHOTO, 0, 0, None)
    assert [shots.judge(n, picture, 0) for n in (1, 2, 1, 3)] == [""] * 4
    assert shots.judge(1, picture, 5_000_000) == "stale"
    assert shots.judge(2, picture, 5_000_000) == ""  # forgotten
    assert shots.judge(2, None, 6_000_000) == ""


async def test_a_snapshot_moves_no_stream_of_the_endpoint() -> None:
    pictures = Pictures(asyncio.get_running_loop(), 0)
    target = Target(7, "127.0.0.1", 9, "http://127.0.0.1:9/snap.jpg")
    results: list[ProbeResult] = []
    talk = snapshot(target)
    pictures.ended(talk, results.append, ProbeResult(7, "snapshot", Outcome.FAULT, "busy", 2, 0, 0.1, 503))
    assert results[0].facts is not None
    assert (results[0].facts.codec, pictures.aimed(target)) == ("", target)


# -- in place of a stream


def beside_stream(one: Camera, path: str = "/snap.jpg", **credentials: str) -> Target:
    """A target whose stream is at another port, with a snapshot address at a host that is not the camera's."""
    url = f"http://192.0.2.1:{one.port}{path}"
    return Target(7, "127.0.0.1", 554, "rtsp://127.0.0.1/main", **credentials, shot_url=url)


async def standing_in(
    targets: list[Target],
    policy: FleetPolicy | None = None,
    lessons: tuple[Lesson, ...] = (),
    decoders: int = 1,
) -> list[ProbeResult]:
    loop = asyncio.get_running_loop()
    prober = Prober(loop, max_in_flight=4, decoders=decoders)
    found = []
    try:
        prober.configure(policy or FleetPolicy())
        prober.teach(lessons)
        await prober.ready()
        for target in targets:
            done: asyncio.Future[ProbeResult] = loop.create_future()
            prober.start(target, "snapshot", 20.0, done.set_result)
            found.append(await asyncio.wait_for(done, 30))
    finally:
        await prober.aclose()
    return found


def kept(result: ProbeResult) -> tuple[int, int]:
    """Freshness code and whether the login was refused, as the register is told."""
    assert result.facts is not None
    endpoint, at, _, fresh, refused, _, _ = SHOT_ROW.unpack(result.facts.shot)
    assert (endpoint, at) == (7, result.started_at)
    return fresh, refused


async def test_only_one_that_was_seen_to_change_is_judged_and_at_the_cameras_own_host(camera: Make) -> None:
    black = encode("JPEG", draw.black(320, 240, 2, 0.5))
    first, then = (f"Date: {formatdate(START + after, usegmt=True)}" for after in (0, 60))
    new = f"Last-Modified: {formatdate(START, usegmt=True)}"
    album = Album(jpeg(PHOTO, first, new), jpeg(OTHER, first), jpeg(OTHER, then), jpeg(black))
    results = await standing_in([beside_stream(camera(album))] * 4)
    assert [told(result) for result in results] == [
        ("unjudged", 4, 200), ("ok", 6, 200), ("stale", 4, 200), ("black", 4, 200),
    ]  # fmt: skip
    assert [kept(result) for result in results] == [(0, 0), (1, 0), (2, 0), (1, 0)]
    assert [result.outcome for result in results[:3]] == [Outcome.UNKNOWN, Outcome.OK, Outcome.UNKNOWN]
    assert {bool(result.facts and result.facts.width) for result in results[:1]} == {False}, (
        "nobody decoded it"
    )
    assert all("Host: 127.0.0.1" in asked for asked in album.asked), "whatever the address says"


async def test_what_the_register_knows_tells_at_the_first_look(camera: Make) -> None:
    one = camera(Album(jpeg(), jpeg(), jpeg()))
    target, digest = beside_stream(one), hashlib.sha256(PHOTO).digest()
    address = mark_of(f"http://127.0.0.1:{one.port}/snap.jpg")

    def lesson(address: int, digest: bytes, ago_s: int = 600) -> tuple[Lesson, ...]:
        at = SystemClock().wall_us() // 1_000_000 - ago_s
        return (Lesson(7, shot=LastShot(at, 0, address, digest).pack()),)

    wanted = [
        (lesson(address, digest), "stale"),
        (lesson(address + 1, digest), "unjudged"),  # it came from another address
        (lesson(address, bytes(31) + b"x", ago_s=2 * 86_400), "unjudged"),  # changed, but since when?
    ]
    for lessons, reason in wanted:
        (result,) = await standing_in([target], lessons=lessons)
        assert result.reason == reason


@pytest.mark.parametrize(
    ("answers", "reason", "logins", "refused"),
    [
        ([http(401, b"", DIGEST)] * 2, "auth", ["Digest"], True),
        ([http(401, b"", 'WWW-Authenticate: Basic realm="r"')], "auth", [], False),
        ([http(302, b"", "Location: http://192.0.2.1/x.jpg")], "not_found", [], False),
        ([http(200, b"<html>", "Content-Type: text/html")], "protocol", [], False),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n" + bytes(99)], "protocol", [], False),
        ([http(503)], "busy", [], False),
    ],
)
async def test_none_says_nothing_of_the_picture(
    camera: Make, answers: list[bytes], reason: str, logins: list[str], refused: bool
) -> None:
    album = Album(*answers)
    target = beside_stream(camera(album), username="admin", password="planted")
    (result,) = await standing_in([target], decoders=0)
    assert result.reason == reason
    assert signal_of(Facet.PICTURE, "snapshot", result.reason) is Signal.NONE
    assert album.logins == logins
    assert result.facts is not None
    assert bool(result.facts.shot) is refused
    assert not refused or kept(result) == (0, 1)


async def test_basic_in_clear_only_where_it_is_configured(camera: Make) -> None:
    album = Album(http(401, b"", 'WWW-Authenticate: Basic realm="r"'), jpeg())
    target = beside_stream(camera(album), username="admin", password="planted")
    (result,) = await standing_in([target], FleetPolicy(snapshot_basic=1), decoders=0)
    assert (result.reason, album.logins) == ("unjudged", ["Basic"])


async def test_an_address_that_is_none_is_never_dialled() -> None:
    target = Target(7, "127.0.0.1", 554, "rtsp://127.0.0.1/main", shot_url="ftp://127.0.0.1/snap.jpg")
    (result,) = await standing_in([target], decoders=0)
    assert told(result) == ("no_address", 0, 0)


async def test_the_farm_hands_out_pictures_of_its_scenes() -> None:
    with start_county(cameras=60, townships=2, mix={"healthy": 1.0, "black": 1.0}, media=True) as farm:
        targets = []
        for kind in ("healthy", "black"):
            served = (
                c for c in farm.county.cameras if farm.county.onvif_url(c) and not c.device and c.username
            )
            one = next(c for c in served if c.kind == kind)
            address = farm.county.onvif_url(one).replace("/device_service", "/snapshot?channel=1")
            port = int(address.rpartition(":")[2].partition("/")[0])
            targets.append(Target(len(targets), one.host, port, address, one.username, one.password))
        results = await looks(targets)
    assert [told(result) for result in results] == [("ok", 6, 200), ("black", 4, 200)]
    assert {result.flags for result in results} == {SENT}
