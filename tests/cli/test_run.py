"""``run`` as a process: it starts on what there is, ends when told, and leaves neither process nor socket nor lock."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from camerahub.cli.context import Context
from camerahub.cli.main import run
from camerahub.core.errors import EXIT_OK
from camerahub.home import Home
from camerahub.registry.rows import CameraRow, EndpointRow, Source
from tests.services.county import AREAS

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    assert run(["--home", str(made.path), "init"]) == EXIT_OK
    made.config_path.write_text("[web]\nport = 0\n[fleet]\nprobers = 2\ndeadline_s = 1.0\n", "utf-8")
    return made


@contextmanager
def started(home: Home, python: str = "") -> Iterator[subprocess.Popen[str]]:
    words = ["-c", python] if python else ["-m", "camerahub"]
    hub = subprocess.Popen(
        [sys.executable, *words, "--home", str(home.path), "run"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield hub
    finally:
        if hub.poll() is None:
            hub.kill()
        hub.wait(10)
        assert hub.stderr is not None
        hub.stderr.close()


def heard(hub: subprocess.Popen[str], word: str) -> str:
    """The line with ``word``, which must come."""
    assert hub.stderr is not None
    lines = []
    for line in hub.stderr:
        lines.append(line)
        if word in line:
            return line
    raise AssertionError("".join(lines))


def family(hub: subprocess.Popen[str]) -> list[str]:
    """The processes of its session."""
    told = subprocess.run(
        ["ps", "-o", "args=", "-s", str(hub.pid)], capture_output=True, check=False, text=True
    )
    return told.stdout.splitlines()


def left(home: Home) -> list[str]:
    return [name for name in ("hub.sock", "camerahub.db-wal") if (home.path / name).exists()]


def ready(url: str) -> int:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            said = json.loads(error.read())
        assert said["problems"]
        return error.code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_empty_register_is_watched_until_it_is_told_to_stop(home: Home, number: signal.Signals) -> None:
    with started(home) as hub:
        line = heard(hub, "/metrics")
        url = line.split("/metrics")[0].split()[-1]
        assert ready(url) in (200, 503)
        assert home.hub_pid() == hub.pid
        os.kill(hub.pid, number)
        assert hub.wait(20) == EXIT_OK
        assert family(hub) == []
    assert left(home) == []
    assert home.hub_pid() is None


def test_a_terminal_that_goes_away_ends_it_cleanly(home: Home) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "camerahub", "--home", str(home.path), "run"])
    said = b""
    while b"/metrics" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == EXIT_OK
    assert left(home) == []


def test_a_stop_while_it_is_still_starting_ends_it_as_cleanly(home: Home) -> None:
    """A name server that says nothing keeps the start waiting; SIGTERM does not wait for it."""
    store = Context(home=home.path).open_store(keys=True)
    store.import_areas(AREAS, Source("test", "areas.csv"), 1)
    camera = CameraRow("C1", "门口", "320585100", {}, [EndpointRow(stream="main", host="cam.example")])
    store.import_cameras([camera], Source("test", "cameras.csv"), 1)
    store.close()
    silent = (
        "import socket, sys, threading\n"
        "def never(*_, **__):\n"
        "    sys.stderr.write('asked a name\\n'); sys.stderr.flush()\n"
        "    threading.Event().wait(4)\n"
        "    raise socket.gaierror(-3, 'nobody there')\n"
        "socket.getaddrinfo = never\n"
        "from camerahub.cli.main import main\n"
        "main()\n"
    )
    with started(home, silent) as hub:
        heard(hub, "asked a name")
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(20) == EXIT_OK
        assert family(hub) == []
        assert hub.stderr is not None
        assert "/metrics" not in hub.stderr.read()
    assert left(home) == []


def test_a_murdered_hub_does_not_keep_the_next_one_out(home: Home) -> None:
    with started(home) as hub:
        heard(hub, "/metrics")
        hub.kill()
        hub.wait(10)
    assert (home.path / "hub.sock").exists()
    with started(home) as hub:
        heard(hub, "/metrics")
        hub.terminate()
        assert hub.wait(20) == EXIT_OK
    assert left(home) == []
