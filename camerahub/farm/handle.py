"""A running county in the hands of a test, a benchmark or the demo.

    with start_county(Spec(cameras=200, townships=5)) as farm:
        farm.write(folder)                  # register.csv, areas.csv, truth.jsonl
        farm.set(farm.county.cameras[0].code, "dead")

In asyncio: `async with`; the methods answer within milliseconds and may be called through `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from camerahub.core.errors import CamerahubError, EnvironmentFault
from camerahub.farm.county import County
from camerahub.farm.files import write_areas, write_register, write_truth
from camerahub.farm.model import Ports, Spec

_STOP_S = 5.0


class Farm:
    """A county served by processes of its own. They end with ``stop``, with this object's owner, or by themselves."""

    def __init__(self, spec: Spec) -> None:
        self._lock = threading.Lock()
        self.process = _started(spec)
        self.last: dict[str, Any] = {}
        try:
            # Both build the same county at the same time.
            county = County.build(spec)
            ready = self._read()
        except CamerahubError:
            self.stop()
            raise
        except BaseException:  # interrupted: a farm that still builds hears nothing
            self.process.kill()
            self.stop()
            raise
        self.ports = Ports(**ready["ports"])
        self.wildcard: bool = ready["wildcard"]
        self.pids: tuple[int, ...] = (ready["pid"], *ready["workers"])
        self.county = replace(county, ports=self.ports)

    def _read(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else b""
        if not line:
            raise EnvironmentFault("farm.start", why=f"exit {self.process.wait()}")
        return cast(dict[str, Any], json.loads(line))

    def ask(self, command: str) -> Any:
        """The answer to one control line: ``stats``, ``cameras``, ``camera CODE``, ``set CODE KIND``."""
        with self._lock:
            cast(IO[bytes], self.process.stdin).write(command.encode() + b"\n")
            cast(IO[bytes], self.process.stdin).flush()
            return self._read()

    def stats(self) -> dict[str, Any]:
        """Totals since the start, and the CPU seconds of the servers."""
        return cast(dict[str, Any], self.ask("stats"))

    def cameras(self) -> dict[str, dict[str, Any]]:
        """code -> what was asked of that camera: conversations, requests, logins, bad_logins, peak at one time."""
        return {row["code"]: row for row in self.ask("cameras")}

    def set(self, code: str, kind: str) -> dict[str, Any]:
        """Break or heal one camera. Raises ValueError when the farm refuses."""
        said = cast(dict[str, Any], self.ask(f"set {code} {kind}"))
        if "error" in said:
            raise ValueError(said["en"])
        return said

    def write(self, folder: Path) -> None:
        """register.csv, areas.csv and truth.jsonl of the county as it was built."""
        write_register(self.county, folder / "register.csv")
        write_areas(self.county, folder / "areas.csv")
        write_truth(self.county, folder / "truth.jsonl")

    def stop(self) -> dict[str, Any]:
        """End every process of the farm; its last figures. Twice is the same as once."""
        if self.process.stdin is None or self.process.stdin.closed:
            return self.last
        # Said aloud: a child forked by our owner may still hold the other end of this pipe open.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(b"stop\n")
            self.process.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            lines = self.process.stdout.read().splitlines()
            self.last = json.loads(lines[-1]) if lines else {}
            self.process.stdout.close()
        return self.last

    def __enter__(self) -> Farm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Farm:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _started(spec: Spec) -> subprocess.Popen[bytes]:
    """The farm's process. What the terminal tells us must not reach it before it has learnt to take no notice."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        return subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-m", "camerahub.farm", json.dumps(spec.to_json())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_county(spec: Spec | None = None, **fields: Any) -> Farm:
    """Start a county, ready to answer when this returns: ``start_county(cameras=200, townships=4)`` or a whole Spec.

    Raises ConfigError for an impossible spec, EnvironmentFault when it cannot be served here.
    """
    return Farm(replace(spec or Spec(), **fields))
