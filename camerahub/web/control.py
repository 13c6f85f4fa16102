"""The hub's own door: a Unix socket in the home folder, for the commands of this machine's user.

Commands that change the register or dial cameras come here while a hub runs, so that there is one writer and one who
knows which cameras are being dialled. One request a connection, one JSON object a line. What is granted (the pen, a
camera) is held until the other side hangs up, so that a command that dies gives it back. The mode of the home folder
(0700) is the access control.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import structlog

from camerahub.core.errors import EnvironmentFault

log = structlog.get_logger()
_MAX_LINE = 64 * 1024


class Controls(Protocol):
    """What a running hub lets itself be asked."""

    async def reload(self) -> None:
        """Take the changed register."""

    async def exclusively(self, work: Callable[[], object]) -> None:
        """Run ``work`` in the writer thread, between two commits."""

    async def hold(self, endpoints: list[int] | None, held: bool) -> None:
        """Leave these cameras (None: all) to somebody else, once no conversation is open; or take them back."""

    async def take(self, worker: str, epoch: int, seq: int, rows: bytes) -> None:
        """Fold and commit one batch of results somebody else brings."""


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name for the socket ``path`` that fits the 107 bytes of the kernel, however deep the home lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class ControlDoor:
    """Listens on ``path`` while the hub runs."""

    def __init__(self, path: Path, controls: Controls) -> None:
        self._path, self._controls = path, controls
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen. EnvironmentFault when the socket cannot be made."""
        self._path.unlink(missing_ok=True)
        try:
            with reachable(self._path) as name:
                self._server = await asyncio.start_unix_server(self._call, name, limit=_MAX_LINE)
            self._path.chmod(0o600)
        except OSError as error:
            raise EnvironmentFault(
                "config.home_unwritable", home=self._path.parent, error=error.strerror
            ) from error

    async def aclose(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for caller in list(self._callers):
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream callback runs in a task
        self._callers.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, ValueError, KeyError, TypeError) as error:
            log.warning("control_refused", error=type(error).__name__)
        finally:
            self._callers.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline() or b"{}")
        answer = self._answers().get(str(asked.get("do")) if isinstance(asked, dict) else "")
        if answer is None:
            return await _say(writer, error="unknown request")
        return await answer(asked, reader, writer)

    def _answers(
        self,
    ) -> dict[str, Callable[[Any, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]]:
        return {"pen": self._pen, "camera": self._camera, "sweep": self._sweep}

    async def _pen(self, _asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The right to write: the hub's writer waits until the caller says ``done`` or hangs up."""
        granted, given_back = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            loop.call_soon_threadsafe(granted.set)
            given_back.wait()

        holding = asyncio.ensure_future(self._controls.exclusively(wait))
        try:
            await granted.wait()
            await _say(writer, granted=True)
            await reader.readline()
        finally:
            given_back.set()
            await holding
        await self._controls.reload()
        await _say(writer, done=True)

    async def _camera(self, asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Some endpoints, left alone by the fleet until the caller hangs up."""
        endpoints = [int(endpoint) for endpoint in asked.get("endpoints", [])]
        async with self._held(endpoints):
            await _say(writer, granted=True)
            await reader.readline()

    async def _sweep(self, _asked: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All cameras; the caller dials them once and brings the results, which are committed like any others."""
        epoch, seq = time.time_ns() // 1000, 0
        async with self._held(None):
            await _say(writer, granted=True)
            while (line := await reader.readline()) not in (b"", b"done\n"):
                seq += 1
                rows = base64.b64decode(json.loads(line)["rows"], validate=True)
                await self._controls.take("sweep", epoch, seq, rows)
                await _say(writer, taken=seq)
        await _say(writer, done=True)

    @contextlib.asynccontextmanager
    async def _held(self, endpoints: list[int] | None) -> AsyncIterator[None]:
        try:
            await self._controls.hold(endpoints, True)
            yield
        finally:
            await self._controls.hold(endpoints, False)


async def _say(writer: asyncio.StreamWriter, **answer: object) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()
