"""`onvif_time` and `onvif_enrol` against real sockets: every reason they can give, and what they learn."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

import pytest

from camerahub.core.result import Outcome, ProbeResult, Target
from camerahub.probes.enrol import enrol
from camerahub.probes.onvif import OnvifTime
from camerahub.probes.table import Prober
from camerahub.wire.onvif_clock import Clock
from camerahub.wire.onvif_session import OnvifFacts
from camerahub.wire.url import HttpUrl, UrlError
from tests.wire.onvif_double import PASSWORD, USER, enveloped, fault, http, time_body

from .conftest import Camera, Script, ask, silent
from .onvif_camera import once, playing, real_double, request_with_body
from .test_tls import server

__all__ = ["server"]  # the fixture

Make = Callable[[Script], Camera]
LOGIN = {"username": USER, "password": PASSWORD}


def target(camera: Camera, path: str = "", scheme: str = "http", **login: str) -> Target:
    return Target(7, "127.0.0.1", camera.port, f"{scheme}://127.0.0.1:{camera.port}{path}", **login)


async def learned(aim: Target, probe: str, deadline_s: float = 5.0) -> tuple[ProbeResult, object]:
    prober = Prober(asyncio.get_running_loop(), max_in_flight=4)
    done: asyncio.Future[tuple[ProbeResult, object]] = asyncio.get_running_loop().create_future()
    try:
        prober.learn(aim, probe, deadline_s, lambda result, facts: done.set_result((result, facts)))
        return await asyncio.wait_for(done, 20)
    finally:
        await prober.aclose()


async def enrolled(aim: Target, deadline_s: float = 5.0) -> tuple[ProbeResult, OnvifFacts]:
    prober = Prober(asyncio.get_running_loop(), max_in_flight=4)
    try:
        return await enrol(prober, aim, deadline_s)
    finally:
        await prober.aclose()


# -- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skew_s", "finding"),
    [(0, "right"), (7200, "zone"), (-8 * 3600, "zone"), (90, "off"), (-900_000_000, "reset")],
)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_the_clock_of_a_camera(camera: Make, skew_s: int, finding: str, framing: str) -> None:
    double = real_double(skew_s=skew_s, framing=framing)
    result, clock = await learned(target(camera(playing(double)), **LOGIN), "onvif_time")
    assert (result.probe, result.outcome, result.reason, result.stage, result.status) == (
        "onvif_time",
        Outcome.OK,
        "ok",
        2,
        200,
    )
    assert isinstance(clock, Clock)
    assert clock.finding == finding
    assert clock.offset_ms is not None
    late_ms = clock.late_ms + 1000
    assert skew_s * 1000 - late_ms <= clock.offset_ms <= skew_s * 1000 + clock.late_ms
    assert double.heard == ["GetSystemDateAndTime"]
    assert double.paths == ["/onvif/device_service"]
    assert USER.encode() not in double.requests[0]


def test_the_clock_reads_ours_when_it_asks_and_when_it_is_answered() -> None:
    from datetime import UTC, datetime

    moments = iter([1_800_000_000_000, 1_800_000_004_000])
    talk = OnvifTime(HttpUrl("http", "10.1.2.3", 80, "/x"), lambda: next(moments))
    assert talk.first().startswith(b"POST /x HTTP/1.1\r\n")
    told = http(200, enveloped(time_body(datetime.fromtimestamp(1_800_000_002, UTC))))
    assert talk.received(told[:50]) is None
    assert talk.received(told[50:]) is not None
    assert talk.facts == Clock(0, 2000, "right", 0, "CST-8", "NTP")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


BAD: dict[str, tuple[Script, str, int, int]] = {
    "silent": (silent, "timeout", 1, 0),
    "closes before the answer": (once(then=lambda connection: None), "reset", 1, 0),
    "closes within the answer": (
        once(http(200, b"x" * 100)[:120], then=lambda connection: None),
        "reset",
        1,
        200,
    ),
    "resets": (once(then=reset), "reset", 1, 0),
    "a web page": (once(http(200, b"<html><br></html>")), "protocol", 1, 200),
    "no such page": (once(http(404, b"")), "not_found", 1, 404),
    "elsewhere": (once(http(302, b"", "Location: http://127.0.0.2/onvif")), "not_found", 1, 302),
    "another protocol": (once(b"RTSP/1.0 400 Bad Request\r\n\r\n"), "protocol", 1, 0),
    "busy": (once(http(503, b"")), "busy", 1, 503),
    "guards its time": (once(http(401, fault("ter:NotAuthorized"))), "auth", 2, 401),
    "a fault": (once(http(500, fault("ter:X", "Receiver"))), "busy", 2, 500),
    "half a gigabyte": (once(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n"), "protocol", 1, 200),
    "a bomb": (once(http(200, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")), "protocol", 1, 200),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_cameras(camera: Make, name: str) -> None:
    script, reason, stage, status = BAD[name]
    deadline_s = 0.3 if reason == "timeout" else 5.0
    result, facts = await learned(target(camera(script)), "onvif_time", deadline_s)
    assert (result.reason, result.stage, result.status) == (reason, stage, status)
    assert facts is None
    if stage == 1:
        enrolled_too, _ = await enrolled(target(camera(script), **LOGIN), deadline_s)
        assert (enrolled_too.reason, enrolled_too.stage) == (reason, stage)


async def test_a_slow_drip_ends_at_the_deadline(camera: Make) -> None:
    def drip(connection: socket.socket) -> None:
        request_with_body(connection)
        connection.settimeout(0.01)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: y\r\n")
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    result, _ = await learned(target(camera(drip)), "onvif_time", 0.4)
    assert result.reason == "timeout"
    assert 0.35 < result.duration_s < 2


async def test_nobody_is_dialled_where_a_redirect_points(camera: Make) -> None:
    elsewhere = camera(silent)
    here = camera(once(http(302, b"", f"Location: http://127.0.0.1:{elsewhere.port}/onvif")))
    await learned(target(here), "onvif_time")
    await enrolled(target(here, **LOGIN))
    assert elsewhere._connections == []


async def test_the_plain_face_gives_the_same_results(camera: Make) -> None:
    aim = target(camera(playing(real_double(), closes=True)), **LOGIN)
    for probe, stage in (("onvif_time", 2), ("onvif_enrol", 3)):
        result = await ask(aim, probe)
        assert (result.probe, result.endpoint, result.reason, result.stage) == (probe, 7, "ok", stage)


@pytest.mark.parametrize("url", ["rtsp://127.0.0.1/x", "http://", "nonsense"])
async def test_an_address_that_is_none(url: str) -> None:
    for probe in ("onvif_time", "onvif_enrol"):
        aim = Target(7, "127.0.0.1", 80, url)
        assert (await ask(aim, probe)).reason == "no_address"
        assert (await learned(aim, probe))[1] is None
    with pytest.raises(UrlError):
        await enrolled(Target(7, "127.0.0.1", 80, url))


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result, facts = await enrolled(Target(7, "127.0.0.1", port, **LOGIN))
    assert (result.reason, result.stage, facts) == ("refused", 0, OnvifFacts(scheme="token"))


# -- enrolment --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("login", ["token", "digest"])
async def test_enrolment(camera: Make, login: str, closes: bool) -> None:
    double = real_double(login=login, skew_s=7200)
    here = camera(playing(double, closes=closes))
    result, facts = await enrolled(target(here, **LOGIN))
    assert (result.reason, result.stage, result.endpoint) == ("ok", 3, 7)
    assert double.failures == 0
    assert facts.device is not None
    assert facts.device.maker == "Invented"
    assert [one.stream.url for one in facts.profiles if one.stream] == [
        "rtsp://127.0.0.1/live/P1",
        "rtsp://127.0.0.1/live/P&2",
    ]
    # a login that is not proven has a connection of its own; at a camera that closes, every request has
    used = {"token": 2, "digest": 3}[login]
    assert len(here._connections) == (len(double.heard) if closes else used)
    assert sum(call.took_ms for call in facts.calls) / 1000 <= result.duration_s + 0.01 * len(facts.calls)


async def test_a_wrong_password_is_tried_once(camera: Make) -> None:
    double = real_double()
    result, facts = await enrolled(target(camera(playing(double)), username=USER, password="wrong"))
    assert (result.outcome, result.reason, result.stage, double.failures) == (Outcome.FAULT, "auth", 2, 1)
    assert facts.clock is not None


async def test_a_login_that_met_silence_is_not_sent_again(camera: Make) -> None:
    """Some cameras answer a caller they have locked out by closing."""
    signed: list[bytes] = []
    double = real_double()

    def script(connection: socket.socket) -> None:
        while asked := request_with_body(connection):
            if b"UsernameToken" in asked:
                signed.append(asked)
                return
            connection.sendall(double.answer(asked))

    result, _ = await enrolled(target(camera(script), **LOGIN))
    assert (result.reason, result.stage, len(signed)) == ("reset", 2, 1)


async def test_one_deadline_for_all_connections(camera: Make) -> None:
    double = real_double()

    def script(connection: socket.socket) -> None:
        """Answers on each connection once, but the profiles never."""
        asked = request_with_body(connection)
        if b"GetProfiles" in asked:
            silent(connection)
            return
        connection.sendall(double.answer(asked))

    result, facts = await enrolled(target(camera(script), **LOGIN), 0.5)
    assert (result.reason, result.stage) == ("timeout", 3)
    assert 0.45 < result.duration_s < 3
    assert facts.device is not None
    assert facts.profiles == ()


async def test_a_large_recorder_is_read_over_several_connections(camera: Make) -> None:
    many = tuple((f"P{i}" + "x" * 150, "H264", 1920, 1080) for i in range(300))
    double = real_double(profiles=many)
    here = camera(playing(double))
    result, facts = await enrolled(target(here, **LOGIN))
    assert (result.reason, facts.profiles_total) == ("ok", 300)
    assert len(here._connections) == 3


@pytest.mark.parametrize("closes", [False, True])
async def test_https_and_basic_within_it(camera: Make, server: ssl.SSLContext, closes: bool) -> None:
    double = real_double(login="basic")
    play = playing(double, closes=closes)

    def script(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as inner:
            play(inner)

    result, facts = await enrolled(target(camera(script), scheme="https", **LOGIN))
    assert (result.reason, facts.scheme) == ("ok", "basic")
    timed, _ = await learned(target(camera(script), scheme="https"), "onvif_time")
    assert timed.reason == "ok"
