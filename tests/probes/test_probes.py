"""Every step and reason against real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from camerahub.core.result import PROBE_KINDS, REASONS, Outcome, Target
from camerahub.probes.table import PROBES

from .conftest import OPTIONS_OK, Camera, Script, ask, replies, request, silent

Make = Callable[[Script], Camera]

CHALLENGE = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
CHALLENGE += b'WWW-Authenticate: Digest realm="r", nonce="abc", qop="auth"\r\n\r\n'
SDP = b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
DESCRIBED = (
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(SDP)
    + SDP
)


def status(code: int) -> bytes:
    return b"RTSP/1.0 %d Whatever\r\nCSeq: 1\r\n\r\n" % code


def test_the_table_has_every_kind_of_the_closed_list() -> None:
    assert PROBES.keys() == PROBE_KINDS.keys()


def test_every_kind_and_reason_stands_in_the_page_for_users() -> None:
    page = (Path(__file__).parents[2] / "docs" / "probes.md").read_text("utf-8")
    assert [kind for kind in PROBES if f"`{kind}`" not in page] == []
    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []


async def test_tcp_proves_the_port_and_sends_nothing(camera: Make) -> None:
    heard: list[bytes] = []
    gone = threading.Event()

    def listen(connection: socket.socket) -> None:
        heard.append(connection.recv(100))
        gone.set()

    result = await ask(camera(listen).target(), "tcp")
    assert (result.outcome, result.reason, result.stage, result.status) == (Outcome.OK, "ok", 1, 0)
    assert gone.wait(10)
    assert heard == [b""]


@pytest.mark.parametrize("code", [200, 401, 404, 453, 501])
async def test_any_reply_to_options_proves_life(camera: Make, code: int) -> None:
    result = await ask(camera(replies(status(code))).target(), "options")
    assert (result.outcome, result.reason, result.stage, result.status) == (Outcome.OK, "ok", 2, code)
    assert result.endpoint == 7
    assert result.probe == "options"
    assert 0 < result.duration_s < 5


async def test_options_carry_no_credentials(camera: Make) -> None:
    heard: list[bytes] = []

    def note(connection: socket.socket) -> None:
        heard.append(request(connection))
        connection.sendall(OPTIONS_OK)

    await ask(camera(note).target("/ch1", username="admin", password="geheim"), "options")
    assert heard[0].startswith(b"OPTIONS rtsp://127.0.0.1:")
    assert b"geheim" not in heard[0]
    assert b"uthorization" not in heard[0]


async def test_a_reply_byte_by_byte_is_the_same_reply(camera: Make) -> None:
    def dribble(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request(connection)
        for i in range(len(OPTIONS_OK)):
            connection.sendall(OPTIONS_OK[i : i + 1])
        connection.recv(1)

    assert (await ask(camera(dribble).target(), "options")).reason == "ok"


async def test_a_reply_before_the_close_counts(camera: Make) -> None:
    def answer_and_go(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(status(453))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    result = await ask(camera(answer_and_go).target(), "options")
    assert (result.reason, result.status) == ("ok", 453)


def reset(connection: socket.socket) -> None:
    request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def close_early(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"RTSP/1.0 200 O")
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.recv(4096)


def flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"RTSP/1.0 200 OK\r\n" + b"X-Header: more\r\n" * 1000)


@pytest.mark.parametrize("probe", ["options", "rtsp"])
@pytest.mark.parametrize(
    ("script", "reason"),
    [(reset, "reset"), (close_early, "reset"), (garbage, "protocol"), (flood, "protocol")],
)
async def test_what_a_broken_camera_does_has_a_name(
    camera: Make, probe: str, script: Script, reason: str
) -> None:
    result = await ask(camera(script).target(), probe)
    assert (result.outcome, result.reason, result.stage) == (Outcome.FAULT, reason, 1)


@pytest.mark.parametrize("probe", ["options", "rtsp"])
async def test_silence_is_a_timeout_after_the_deadline_and_not_before(camera: Make, probe: str) -> None:
    result = await ask(camera(silent).target(), probe, 0.3)
    assert (result.outcome, result.reason, result.stage) == (Outcome.FAULT, "timeout", 1)
    assert result.duration_s >= 0.3


async def test_a_black_hole_is_a_timeout_with_nothing_proven() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as hole:
        port = hole.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        result = await ask(Target(1, "127.0.0.1", port), "tcp", 0.3)
        for filler in fillers:
            filler.close()
    assert (result.reason, result.stage) == ("timeout", 0)


async def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = await ask(Target(1, "127.0.0.1", port), "options")
    assert (result.outcome, result.reason, result.stage) == (Outcome.FAULT, "refused", 0)


@pytest.mark.parametrize(
    "target",
    [
        Target(1, "", 554),
        Target(1, "camera.example", 554),
        Target(1, "10.0.0.1", 70000),
        Target(1, "127.0.0.1", 554, "http://127.0.0.1/"),
        Target(1, "127.0.0.1", 554, "rtsp://127.0.0.1/\r\nX: y"),
    ],
)
async def test_an_unusable_address_is_unknown_not_down(target: Target) -> None:
    result = await ask(target, "options")
    assert (result.outcome, result.reason, result.stage) == (Outcome.UNKNOWN, "no_address", 0)


@pytest.mark.parametrize(
    ("code", "reason", "stage"),
    [
        (200, "ok", 3),
        (404, "not_found", 2),
        (410, "not_found", 2),
        (302, "not_found", 2),
        (400, "not_found", 2),
        (403, "busy", 2),
        (453, "busy", 2),
        (500, "busy", 2),
        (503, "busy", 2),
        (551, "busy", 2),
        (461, "transport", 2),
    ],
)
async def test_describe_names_every_status(camera: Make, code: int, reason: str, stage: int) -> None:
    result = await ask(camera(replies(status(code))).target("/a"), "rtsp")
    assert (result.reason, result.stage, result.status) == (reason, stage, code)


async def test_a_challenge_is_answered_once_and_lets_us_in(camera: Make) -> None:
    one = camera(replies(CHALLENGE, DESCRIBED))
    result = await ask(one.target("/a", username="admin", password="x"), "rtsp")
    assert (result.reason, result.stage, result.status) == ("ok", 3, 200)


async def test_a_refused_password_is_never_sent_again(camera: Make) -> None:
    asked: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        while data := request(connection):
            asked.append(data)
            connection.sendall(CHALLENGE.replace(b"abc", b"n%d" % len(asked)))

    result = await ask(camera(refuse).target("/a", username="admin", password="x"), "rtsp")
    assert (result.reason, result.stage, result.status) == ("auth", 2, 401)
    assert [b"uthorization" in data for data in asked] == [False, True]


async def test_without_a_credential_a_challenge_is_the_answer(camera: Make) -> None:
    result = await ask(camera(replies(CHALLENGE)).target("/a"), "rtsp")
    assert (result.outcome, result.reason, result.stage, result.status) == (Outcome.FAULT, "auth", 2, 401)


async def test_silence_after_the_challenge_keeps_what_was_proven(camera: Make) -> None:
    def script(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(CHALLENGE)
        silent(connection)

    result = await ask(camera(script).target("/a", username="admin", password="x"), "rtsp", 0.3)
    assert (result.reason, result.stage, result.status) == ("timeout", 2, 401)
