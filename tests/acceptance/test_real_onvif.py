"""An ONVIF device nobody here wrote (ipycam), asked by us and by a client nobody here wrote: the same answers.

Both peers live in environments of their own, made once per cache folder: ipycam would bring a second OpenCV, and every
ONVIF client of the index installs a module of the same name.
"""

from __future__ import annotations

import asyncio
import calendar
import ipaddress
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from camerahub.core.result import Target
from camerahub.probes.discover import Discovery, Found
from camerahub.probes.enrol import enrol
from camerahub.probes.table import Prober
from camerahub.wire import onvif
from camerahub.wire.http import HttpReader
from camerahub.wire.url import HttpUrl

from .test_real_rtsp import camerahub, free_port, served

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

HERE = Path(__file__).parent / "peers"
USER, PASSWORD = "operator", "Right&<one>"
UV = Path(sys.executable).with_name("uv")
PEERS = {
    "ipycam": (["--no-deps", "ipycam==1.3.0", "numpy>=2,<3", "opencv-python-headless>=4.10"], "ipycam"),
    "zeep": (["onvif-zeep-async>=4,<5"], "onvif"),
}


@pytest.fixture(scope="module")
def peers(pytestconfig: pytest.Config) -> dict[str, str]:
    """name -> the Python of its environment."""
    assert pytestconfig.cache is not None
    made = {}
    for name, (wanted, module) in PEERS.items():
        folder = pytestconfig.cache.mkdir(f"onvif-{name}") / f"v{sys.version_info.minor}"
        python = str(folder / "bin" / "python")
        if (
            subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
            if Path(python).exists()
            else 1
        ):
            subprocess.run(
                [UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True, timeout=60
            )
            subprocess.run(
                [UV, "pip", "install", "--quiet", "--python", python, *wanted], check=True, timeout=240
            )
        made[name] = python
    return made


@pytest.fixture(scope="module", params=[(), (USER, PASSWORD)], ids=["open", "token"])
def device(request: pytest.FixtureRequest, peers: dict[str, str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    port, login = free_port(), request.param
    for ready in served([peers["ipycam"], str(HERE / "ipycam_server.py"), str(port), *login], port):
        yield ready, login


def ours(port: int, login: tuple[str, ...]) -> Any:
    async def ask() -> Any:
        prober = Prober(asyncio.get_running_loop(), max_in_flight=2)
        try:
            user, password = login or ("", "")
            return await enrol(prober, Target(1, "127.0.0.1", port, "", user, password), 20.0)
        finally:
            await prober.aclose()

    return asyncio.run(ask())


def test_the_same_answers(device: tuple[int, tuple[str, ...]], peers: dict[str, str]) -> None:
    port, login = device
    done = subprocess.run(
        [peers["zeep"], str(HERE / "zeep_oracle.py"), str(port), *login],
        capture_output=True,
        check=True,
        timeout=60,
    )
    told = json.loads(done.stdout)
    result, facts = ours(port, login)
    assert (result.reason, result.stage, facts.scheme) == ("ok", 3, "token" if login else "none")
    info = facts.device
    assert told["device"] == [info.maker, info.model, info.firmware, info.serial, info.hardware]
    assert told["services"] == [[s.namespace, s.address, s.version] for s in facts.services]
    assert told["profiles"] == [
        [
            one.profile.token,
            one.profile.name,
            one.profile.source,
            one.profile.codec,
            one.profile.width,
            one.profile.height,
            one.profile.fps,
            one.profile.kbps,
            one.stream.url,
            one.snapshot.url,
        ]
        for one in facts.profiles
    ]
    if login:
        assert facts.clock is None  # ipycam guards even its time
        return
    assert (facts.clock.zone, facts.clock.source, facts.clock.finding) == (
        told["zone"],
        told["source"],
        "right",
    )
    theirs = calendar.timegm((*told["time"], 0, 0, 0)) * 1000 + facts.clock.offset_ms
    assert abs(theirs - result.started_at // 1000) < 60_000


def test_capabilities_as_the_oracle_reads_them(
    device: tuple[int, tuple[str, ...]], peers: dict[str, str]
) -> None:
    port, login = device
    if login:
        done = subprocess.run(
            [peers["zeep"], str(HERE / "zeep_oracle.py"), str(port), USER, "wrong"], capture_output=True
        )
        assert done.returncode
        result, facts = ours(port, (USER, "wrong"))
        assert (result.reason, result.status, facts.device) == ("auth", 401, None)
        return
    done = subprocess.run(
        [peers["zeep"], str(HERE / "zeep_oracle.py"), str(port)], capture_output=True, check=True, timeout=60
    )
    import socket

    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(
            onvif.onvif_request(HttpUrl("http", "127.0.0.1", port, onvif.DEVICE_PATH), onvif.GET_CAPABILITIES)
        )
        reader, response = HttpReader(), None
        while response is None:
            data = sock.recv(4096)
            response = reader.receive(data) if data else reader.closed()
    services = onvif.parse_capabilities(response.body, "")
    assert isinstance(services, tuple)
    told = {service.namespace: service.address for service in services}
    assert told[onvif.MEDIA] == json.loads(done.stdout)["media"]


def test_by_probe(device: tuple[int, tuple[str, ...]]) -> None:
    port, login = device
    args = ["--user", USER] if login else []
    code, lines = camerahub(
        "probe", f"http://127.0.0.1:{port}", *args, CAMERAHUB_PASSWORD=PASSWORD if login else ""
    )
    assert code == 0
    assert [line["reason"] for line in lines[:-1]] == ["ok"] * 6
    assert len(lines[5]["facts"]["streams"]) == 2


async def test_its_single_probe_match_is_found(device: tuple[int, tuple[str, ...]]) -> None:
    port, _ = device
    found: list[Found] = []
    networks: list[Any] = [ipaddress.ip_network("127.0.0.1")]
    tally = await Discovery(networks, found.append, uuid.uuid4().urn, port, wait_s=1.0).run()
    assert (tally.found, tally.unreadable) == (1, 0)
    assert str(found[0].url) == f"http://127.0.0.1:{port}/onvif/device_service"
    assert found[0].match.scope("type") == "video_encoder"
