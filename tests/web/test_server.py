"""The HTTP face: what it answers, whom it refuses, and that it says who holds its port."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.texts import Text
from camerahub.web.server import MAX_BODY, Binding, WebServer


@dataclass
class Trouble:
    code: str
    text: Text


class Hub:
    def __init__(self) -> None:
        self.troubles: list[Trouble] = []
        self.accepts: list[str] = []
        self.broken = False

    def render(self, accept: str, *, gzipped: bool) -> tuple[bytes, str]:
        if self.broken:
            raise RuntimeError("rtsp://admin:Planted-1@192.0.2.1/")
        self.accepts.append(accept)
        body = b"camerahub_build_info 1\n"
        return (gzip.compress(body) if gzipped else body), "text/plain; version=0.0.4; charset=utf-8"

    @asynccontextmanager
    async def served(self, binding: Binding | None = None) -> AsyncIterator[str]:
        server = WebServer(binding or Binding(), self.render, lambda: self.troubles)
        port = await server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await server.aclose()


Ask = Callable[..., Awaitable[aiohttp.ClientResponse]]


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
async def ask(hub: Hub) -> AsyncIterator[Ask]:
    async with hub.served() as url, aiohttp.ClientSession() as session:

        async def get(path: str, method: str = "GET", **kwargs: object) -> aiohttp.ClientResponse:
            return await session.request(method, url + path, **kwargs)  # type: ignore[arg-type]

        yield get


async def test_metrics_are_negotiated_and_packed(hub: Hub, ask: Ask) -> None:
    answer = await ask("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert await answer.text() == "camerahub_build_info 1\n"
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert hub.accepts == ["application/openmetrics-text"]
    plain = await ask("/metrics", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


async def test_alive_and_ready(hub: Hub, ask: Ask) -> None:
    assert (await (await ask("/healthz")).json())["alive"] is True
    answer = await ask("/readyz")
    assert (answer.status, await answer.json()) == (200, {"ready": True, "problems": []})
    hub.troubles = [Trouble("commit", Text("磁盘已满", "disk full"))]
    answer = await ask("/readyz")
    assert (answer.status, await answer.json()) == (
        503,
        {"ready": False, "problems": [{"code": "commit", "zh": "磁盘已满", "en": "disk full"}]},
    )
    assert (await ask("/healthz")).status == 200


async def test_the_index_names_the_endpoints_in_both_languages(ask: Ask) -> None:
    page = await (await ask("/")).text()
    for part in ("/metrics", "/healthz", "/readyz", "指标", "metrics"):
        assert part in page


async def test_answers_are_hardened_and_tell_no_version(ask: Ask) -> None:
    for path in ("/", "/metrics", "/none"):
        headers = (await ask(path)).headers
        assert headers["Server"] == "camerahub"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


async def test_unknown_paths_and_methods_have_one_shape(ask: Ask) -> None:
    missing = await ask("/admin")
    assert missing.status == 404
    assert (await missing.json()).keys() == {"error", "zh", "en"}
    assert (await ask("/metrics", method="POST", data=b"x")).status == 405
    assert (await ask("/metrics", method="POST", data=b"x" * (MAX_BODY * 2))).status in (405, 413)


async def test_a_bug_is_500_without_its_words(hub: Hub, ask: Ask) -> None:
    hub.broken = True
    answer = await ask("/metrics")
    assert answer.status == 500
    assert "Planted" not in await answer.text()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9320", "192.0.2.7", "127.0.0.1.evil.example", ""]
)
async def test_foreign_host_names_are_refused_on_loopback(ask: Ask, host: str) -> None:
    assert (await ask("/metrics", headers={"Host": host})).status in (400, 421)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9320", "127.0.0.1:1", "127.9.9.9", "[::1]:9320", "LOCALHOST."]
)
async def test_local_host_names_are_welcome(ask: Ask, host: str) -> None:
    assert (await ask("/healthz", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "raw", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000]
)
async def test_garbage_is_refused_and_the_server_lives(hub: Hub, raw: bytes) -> None:
    async with hub.served() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(raw)
        await writer.drain()
        said = await asyncio.wait_for(reader.read(1000), 5)
        assert b" 400 " in said.split(b"\r\n")[0]
        writer.close()
        async with aiohttp.ClientSession() as session, session.get(url + "/healthz") as answer:
            assert answer.status == 200


async def test_a_busy_port_names_the_port_and_the_remedy(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EnvironmentFault) as caught:
            await WebServer(Binding(port=port), hub.render, list).start()
    assert str(port) in caught.value.text.zh
    assert "web.port" in caught.value.text.en


async def test_an_address_that_is_not_ours_is_an_environment_fault(hub: Hub) -> None:
    binding = Binding(host="192.0.2.1", tls_cert="", tls_key="", token="t")
    with pytest.raises(ConfigError):
        WebServer(binding, hub.render, list)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "", "hub.example"])
def test_off_loopback_only_with_tls_and_a_token(hub: Hub, host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        WebServer(Binding(host=host, tls_cert="c", tls_key="k"), hub.render, list)
    assert "web.token_file" in caught.value.text.en
    with pytest.raises(ConfigError):
        WebServer(Binding(host=host, token="t"), hub.render, list)


def test_a_token_is_not_in_the_repr() -> None:
    assert "Planted" not in repr(Binding(token="Planted-2"))


async def test_an_unreadable_certificate_names_the_file(hub: Hub, tmp_path: Path) -> None:
    binding = Binding(tls_cert=str(tmp_path / "none.pem"), tls_key="k", token="t")
    with pytest.raises(EnvironmentFault) as caught:
        await WebServer(binding, hub.render, list).start()
    assert "none.pem" in caught.value.text.en


def make_certificate(tmp_path: Path) -> Path:
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=localhost"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert


async def test_tls_with_a_token(hub: Hub, tmp_path: Path) -> None:
    cert = make_certificate(tmp_path)
    binding = Binding(tls_cert=str(cert), tls_key=str(cert.with_name("k.pem")), token="Planted-3")
    trust = ssl.create_default_context(cafile=str(cert))
    trust.check_hostname = False
    async with hub.served(binding) as url, aiohttp.ClientSession() as session:
        url = url.replace("http", "https")
        for given, status in ((None, 401), ("Bearer wrong", 401), ("Bearer Planted-3", 200)):
            headers = {"Authorization": given} if given else {}
            async with session.get(url + "/metrics", headers=headers, ssl=trust) as answer:
                assert answer.status == status
        async with session.get(url + "/healthz", ssl=trust) as answer:
            assert answer.status == 200


async def test_what_is_no_request_names_no_software_and_leaves_no_traceback(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    async with hub.served() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n")
        said = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert b" 400 " in said
    assert b"aiohttp" not in said
    assert b"Python" not in said
    assert "Traceback" not in caplog.text


async def test_sentences_can_be_read_where_they_are_printed(ask: Ask) -> None:
    for path in ("/healthz", "/admin"):
        answer = await ask(path)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert "\\u" not in await answer.text()
