"""A farm, a home and a hub, run by the commands a person would type. For acceptance tests."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camerahub.farm.handle import Farm, start_county

FAST = "[web]\nport = 0\n[fleet]\ninterval_s = 2.0\ndeadline_s = 1.8\nconfirm_s = 1.0\nsubnet_seats = 64\nprobers = 2\n"


@dataclass
class Office:
    """One home, and what its commands said: everything they printed is kept for the search for secrets."""

    home: Path
    farm: Farm
    said: list[str] = field(default_factory=list)

    def call(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "camerahub", "--home", str(self.home), *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        self.said += [done.stdout, done.stderr]
        return done

    def ok(self, *words: str) -> str:
        done = self.call(*words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def lines(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ok(*words, "--json").splitlines()]

    def truth(self) -> dict[str, dict[str, Any]]:
        text = (self.home.parent / "truth.jsonl").read_text("utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        return {row["code"]: row for row in rows if row["expected"]}

    def online(self) -> dict[str, str]:
        return {row["code"]: row["facets"]["online"]["state"] for row in self.lines("cameras")}

    @contextmanager
    def hub(self, entry: tuple[str, ...] = ("-m", "camerahub")) -> Iterator[Hub]:
        process = subprocess.Popen(
            [sys.executable, *entry, "--home", str(self.home), "run"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        hub = Hub(process)
        try:
            hub.wait_ready()
            yield hub
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            self.said.append(hub.rest())


@dataclass
class Hub:
    process: subprocess.Popen[str]
    url: str = ""
    heard: list[str] = field(default_factory=list)

    def wait_ready(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.heard.append(line)
            if "/metrics" in line:
                self.url = line.split("/metrics")[0].split()[-1]
                return
        raise AssertionError("".join(self.heard))

    def rest(self) -> str:
        assert self.process.stderr is not None
        text = "".join(self.heard) + self.process.stderr.read()
        self.process.stderr.close()
        self.process.wait(30)
        return text

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def children(self) -> list[int]:
        told = subprocess.run(
            ["ps", "-o", "pid=", "-s", str(self.process.pid)], capture_output=True, check=False
        )
        return [int(pid) for pid in told.stdout.split()]

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def until(true: Callable[[], bool], seconds: float) -> None:
    """Ask again and again; AssertionError when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        select.select([], [], [], 0.5)


def wait(seconds: float) -> None:
    """Let the hub live on for so long."""
    select.select([], [], [], seconds)


@contextmanager
def office(folder: Path, **county: Any) -> Iterator[Office]:
    """A county being served, its tables written, and a home that `init` made. Fast intervals."""
    with start_county(**county) as farm:
        farm.write(folder)
        place = Office(folder / "home", farm)
        place.ok("init")
        (place.home / "camerahub.toml").write_text(FAST, "utf-8")
        place.ok("import-areas", str(folder / "areas.csv"))
        place.ok("import", str(folder / "register.csv"))
        yield place
