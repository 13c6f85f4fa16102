"""``demo`` told to end while it is still building; a demo that runs is in tests/acceptance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from camerahub.core.errors import EXIT_INTERRUPTED


def test_a_demo_that_is_stopped_while_it_builds_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "camerahub", "demo", "--cameras", "2000", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as demo:
        assert demo.stderr is not None
        assert demo.stderr.readline()
        assert list(tmp_path.iterdir())
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(30) == EXIT_INTERRUPTED
    assert list(tmp_path.iterdir()) == []
