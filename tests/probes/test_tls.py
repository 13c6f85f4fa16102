"""rtsps against a real TLS server: any dialogue inside, and every way a handshake can fail."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camerahub.core.result import Outcome, ProbeResult, Target

from .conftest import OPTIONS_OK, Camera, Script, ask, replies, request, silent
from .test_probes import CHALLENGE, DESCRIBED

Make = Callable[[Script], Camera]
Wrap = Callable[[Script], Script]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A context with a certificate the camera signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("tls") / "camera.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def inside(server: ssl.SSLContext) -> Wrap:
    """``script`` behind the handshake."""

    def wrap(script: Script) -> Script:
        def play(connection: socket.socket) -> None:
            with server.wrap_socket(connection, server_side=True) as channel:
                script(channel)

        return play

    return wrap


async def ask_tls(one: Camera, probe: str, deadline_s: float = 5.0, **login: str) -> ProbeResult:
    target = Target(7, "127.0.0.1", one.port, f"rtsps://127.0.0.1:{one.port}/a", **login)
    return await ask(target, probe, deadline_s)


async def test_options_inside_tls(camera: Make, inside: Wrap) -> None:
    result = await ask_tls(camera(inside(replies(OPTIONS_OK))), "options")
    assert (result.outcome, result.reason, result.stage, result.status) == (Outcome.OK, "ok", 2, 200)


async def test_a_login_inside_tls(camera: Make, inside: Wrap) -> None:
    one = camera(inside(replies(CHALLENGE, DESCRIBED)))
    result = await ask_tls(one, "rtsp", username="admin", password="x")
    assert (result.reason, result.stage, result.status) == ("ok", 3, 200)


async def test_a_reply_longer_than_a_record(camera: Make, inside: Wrap) -> None:
    body = b"v=0\r\n" + b"a=x:y\r\n" * 8000
    reply = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert (await ask_tls(camera(inside(replies(reply))), "rtsp")).reason == "ok"


async def test_what_is_no_rtsp_inside_tls_is_protocol(camera: Make, inside: Wrap) -> None:
    result = await ask_tls(camera(inside(replies(b"HTTP/1.1 200 OK\r\n\r\n"))), "options")
    assert (result.reason, result.stage) == ("protocol", 1)


async def test_a_close_after_the_handshake_is_a_reset(camera: Make, inside: Wrap) -> None:
    result = await ask_tls(camera(inside(lambda channel: channel.close())), "options")
    assert (result.reason, result.stage) == ("reset", 1)


@pytest.mark.parametrize("probe", ["options", "rtsp", "media"])
async def test_a_goodbye_in_tls_ends_the_conversation(camera: Make, inside: Wrap, probe: str) -> None:
    """RFC 8446 6.1: close_notify says that nothing more will come; the connection itself stays open."""

    def farewell(channel: ssl.SSLSocket) -> None:
        request(channel)
        with suppress(OSError):
            channel.unwrap()

    result = await ask_tls(camera(inside(farewell)), probe)
    assert (result.reason, result.stage) == ("reset", 1)


def garbage(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"RTSP/1.0 400 Bad Request\r\n\r\n")
    connection.recv(1)


def hang_up(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


@pytest.mark.parametrize("script", [garbage, hang_up])
@pytest.mark.parametrize("probe", ["options", "rtsp"])
async def test_a_failed_handshake_is_tls(camera: Make, probe: str, script: Script) -> None:
    result = await ask_tls(camera(script), probe)
    assert (result.outcome, result.reason, result.stage) == (Outcome.FAULT, "tls", 1)


async def test_an_alert_in_the_handshake_is_tls(camera: Make) -> None:
    """A server without a certificate takes nothing that is offered."""
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def refuse(connection: socket.socket) -> None:
        with bare.wrap_socket(connection, server_side=True):
            pass

    result = await ask_tls(camera(refuse), "options")
    assert (result.reason, result.stage) == ("tls", 1)


async def test_silence_in_the_handshake_is_a_timeout(camera: Make) -> None:
    result = await ask_tls(camera(silent), "options", 0.3)
    assert (result.reason, result.stage) == ("timeout", 1)


async def test_a_camera_that_speaks_plain_rtsp_only_hears_no_request(camera: Make) -> None:
    heard: list[bytes] = []

    def note(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(OPTIONS_OK)
        request(connection)

    assert (await ask_tls(camera(note), "options")).reason == "tls"
    assert b"OPTIONS" not in heard[0]
