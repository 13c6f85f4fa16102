"""``demo`` told to end while it is still building; a demo that runs is in tests/acceptance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from camerahub.cli.demo import PID_NAME, PREFIX, sweep_up
from camerahub.core.errors import EXIT_INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_demo_that_is_stopped_while_it_builds_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "camerahub", "demo", "--cameras", "2000", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as demo:
        assert demo.stderr is not None
        assert demo.stderr.readline()
        assert list(tmp_path.iterdir())
        demo.send_signal(number)
        assert demo.wait(30) == EXIT_INTERRUPTED
        assert "Traceback" not in demo.stderr.read()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_demo_left_is_swept_up_and_nothing_else(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait(10)
    for name, pid in (("dead", str(gone.pid)), ("alive", str(os.getpid())), ("odd", "x"), ("new", None)):
        folder = tmp_path / f"{PREFIX}{name}"
        (folder / "home").mkdir(parents=True)
        if pid is not None:
            (folder / PID_NAME).write_text(pid, "ascii")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / f"{PREFIX}dead", target_is_directory=True)
    sweep_up(tmp_path)
    left = {path.name.removeprefix(PREFIX) for path in tmp_path.iterdir()}
    assert left == {"alive", "odd", "new", "link"}
