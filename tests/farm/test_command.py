"""`camerahub farm`, as a person starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from camerahub.cli.farm import parse_mix
from camerahub.core.errors import ConfigError

RUN = "import sys; from camerahub.cli.farm import command; sys.exit(command.main(sys.argv[1:], standalone_mode=False))"


def test_it_writes_its_files_serves_and_ends_with_stdin(tmp_path):
    outs = {name: tmp_path / name for name in ("register", "areas", "truth", "targets")}
    words = [word for name, path in outs.items() for word in (f"--{name}-out", str(path))]
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            RUN,
            "--cameras",
            "50",
            "--townships",
            "3",
            "--mix",
            "healthy=9,dead=1",
            "--no-media",
            *words,
        ],
        input=b"stats\n",
        capture_output=True,
        timeout=30,
        check=True,
    )
    ready, stats, last = (json.loads(line) for line in run.stdout.splitlines())
    assert ready["ready"]
    assert stats["accepted"] == 0
    assert last["stopped"]
    assert str(ready["ports"]["serve"]).encode() in run.stderr
    assert len(outs["targets"].read_text().splitlines()) == 50
    assert len(outs["truth"].read_text().splitlines()) == 50
    assert outs["targets"].read_text().splitlines()[0].endswith(f":{ready['ports']['serve']}")


def test_ctrl_c_ends_it():
    words = ["--cameras", "20", "--townships", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as farm:
        assert json.loads(farm.stdout.readline())["ready"]
        farm.send_signal(signal.SIGINT)
        assert json.loads(farm.stdout.readline())["stopped"]
        assert farm.wait(5) == 130


def test_the_mix_is_read_or_refused():
    assert parse_mix("healthy=97, black_holed=3") == {"healthy": 97.0, "black_holed": 3.0}
    assert parse_mix("") == {}
    for wrong in ("healthy", "healthy=much", "a=b=c"):
        with pytest.raises(ConfigError):
            parse_mix(wrong)
