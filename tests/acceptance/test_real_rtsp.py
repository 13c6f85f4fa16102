"""RTSP servers nobody here wrote: every step and reason named rightly, by `probe` and by `sweep`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

GST = [
    os.environ.get("CAMERAHUB_SYSTEM_PYTHON", "/usr/bin/python3"),
    str(Path(__file__).parent / "peers" / "gst_server.py"),
]
USER, PASSWORD = "admin", "right one"
STEPS = ["resolve", "tcp", "options", "describe", "media", "picture"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until ``port`` accepts, 30 s at the most."""
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as sock:
            sock.settimeout(1)
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
            time.sleep(0.1)  # another program starts: there is nothing to wait on but its port
    raise AssertionError("the peer did not start")


def served(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_listening(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module", params=["open", "basic", "digest"])
def gst(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    port = free_port()
    for ready in served([*GST, str(port), request.param], port):
        yield request.param, ready


def tools(folder: Path) -> Path:
    """The toolkit's own environment, made once per cache folder; its path."""
    if not (folder / "bin" / "rtsp-server").exists():
        venv.create(folder, with_pip=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "aio-rtsp-toolkit[server]==0.1.4"], check=True, timeout=240)
    return folder


@pytest.fixture(scope="module")
def toolkit(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    assert pytestconfig.cache is not None
    where = tools(pytestconfig.cache.mkdir("aio-rtsp-toolkit") / f"v{sys.version_info.minor}")
    media = tmp_path_factory.mktemp("media")
    subprocess.run([*GST, "clip", str(media / "cam.mp4")], check=True, timeout=60)
    port = free_port()
    yield from served(
        [str(where / "bin" / "rtsp-server"), "-d", str(media), "-H", "127.0.0.1", "-p", str(port)], port
    )


def camerahub(*args: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and JSON lines of one command line."""
    done = subprocess.run(
        [sys.executable, "-m", "camerahub", *args, "--json"],
        capture_output=True,
        env={**os.environ, **environment},
        timeout=60,
    )
    assert PASSWORD.encode() not in done.stdout + done.stderr
    assert done.stderr == b""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def climbed(port: int, path: str, password: str | None) -> list[tuple[str, str, int | None]]:
    """(step, reason, status) of every step of one `probe`."""
    login = ["--user", USER] if password is not None else []
    code, lines = camerahub(
        "probe",
        f"rtsp://127.0.0.1:{port}{path}",
        *login,
        CAMERAHUB_PASSWORD=password if password is not None else "",
    )
    assert code == 0
    assert [line["step"] for line in lines[:-1]] == STEPS
    tried = [line for line in lines[:-1] if line["outcome"] is not None]
    assert lines[-1]["summary"]["reason"] == tried[-1]["reason"]
    found = [(line["step"], line["reason"], line["status"]) for line in lines[:-1]]
    assert found[4][1] == ("ok" if found[3][1] == "ok" else None), "media flows where the login works"
    return found[:4]


BEFORE = [("resolve", "ok", None), ("tcp", "ok", None), ("options", "ok", 200)]


@pytest.mark.parametrize(
    ("path", "password", "login", "guarded"),
    [
        ("/cam", PASSWORD, ("ok", 200), ("ok", 200)),
        ("/cam", "wrong", ("ok", 200), ("auth", 401)),
        ("/cam", None, ("ok", 200), ("auth", 401)),
        ("/nowhere", PASSWORD, ("not_found", 404), ("not_found", 404)),
    ],
)
def test_gstreamer_by_probe(
    gst: tuple[str, int], path: str, password: str | None, login: tuple[str, int], guarded: tuple[str, int]
) -> None:
    kind, port = gst
    assert climbed(port, path, password) == [*BEFORE, ("describe", *(login if kind == "open" else guarded))]


@pytest.mark.parametrize(("path", "login"), [("/cam.mp4", ("ok", 200)), ("/nowhere", ("not_found", 404))])
def test_the_toolkit_by_probe(toolkit: int, path: str, login: tuple[str, int]) -> None:
    assert climbed(toolkit, path, None) == [*BEFORE, ("describe", *login)]


def test_gstreamer_by_sweep(gst: tuple[str, int], tmp_path: Path) -> None:
    kind, port = gst
    base = f"127.0.0.1:{port}"
    escaped = PASSWORD.replace(" ", "%20")
    listed = {
        f"rtsp://{USER}:{escaped}@{base}/cam": "ok",
        f"rtsp://{USER}:wrong@{base}/cam": "ok" if kind == "open" else "auth",
        f"rtsp://{base}/cam": "ok" if kind == "open" else "auth",
        f"rtsp://{USER}:{escaped}@{base}/nowhere": "not_found",
    }
    targets = tmp_path / "targets.txt"
    targets.write_text("\n".join(listed) + "\n", "utf-8")
    code, lines = camerahub("sweep", "--probe", "rtsp", "--targets", str(targets))
    assert code == 0
    assert [line["reason"] for line in lines[:-1]] == list(
        listed.values()
    )  # one device: one after the other, in order
    assert all(USER not in line["target"] for line in lines[:-1])
    code, lines = camerahub("sweep", "--targets", str(targets))
    assert [(line["outcome"], line["stage"]) for line in lines[:-1]] == [("ok", 2)] * 4


def test_the_toolkit_by_sweep(toolkit: int, tmp_path: Path) -> None:
    targets = tmp_path / "targets.txt"
    targets.write_text(f"rtsp://127.0.0.1:{toolkit}/cam.mp4\nrtsp://127.0.0.1:{toolkit}/nowhere\n", "utf-8")
    _, lines = camerahub("sweep", "--probe", "rtsp", "--targets", str(targets))
    assert [line["reason"] for line in lines[:-1]] == ["ok", "not_found"]
    assert lines[-1]["summary"]["outcomes"] == {"ok": 1, "fault": 1, "unknown": 0}
