"""One caged child of `diagnose` as its parent holds it: a socket, a process, and how it ends. It knows no items."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from camerahub.cli.diagnose_line import LENGTH, MOST_ANSWER, LineError, pack, parse

ENTRY = ("-m", "camerahub.cli.diagnose_child")
#: On top of the libraries: a 64 Mpx picture, its copy while it is reduced, and the pictures of a chunk.
MEMORY, PIXELS = 1 << 30, 8192 * 8192
#: Processor seconds of a life; a child is replaced long before.
LIFE_CPU_S = 100_000
START_S = 60.0
#: All libraries that would start threads are told not to; memory of a picture is kept for the next one.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(PIXELS),
}
_INHERITED = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "TZ")


class ChildLost(Exception):
    """The child is gone, silent for too long, or talks nonsense."""


class ChildProcess:
    """Made by ``started``; ``taken`` items it was given so far."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self.taken = 0

    async def send(self, order: dict[str, Any], blobs: Sequence[bytes]) -> None:
        """One order and the bytes that belong to it. ChildLost when it is gone."""
        try:
            self._writer.writelines([pack({**order, "sizes": [len(blob) for blob in blobs]}), *blobs])
            await self._writer.drain()
        except OSError:
            raise ChildLost from None

    async def send_raw(self, data: bytes) -> None:
        """A part of a clip it asked for."""
        try:
            self._writer.writelines([LENGTH.pack(len(data)), data])
            await self._writer.drain()
        except OSError:
            raise ChildLost from None

    async def hear(self) -> dict[str, Any]:
        """The next message. ChildLost when it is gone or talks nonsense."""
        (length,) = LENGTH.unpack(await self.hear_raw(LENGTH.size))
        if length > MOST_ANSWER:
            raise ChildLost
        try:
            return parse(await self.hear_raw(length))
        except LineError:
            raise ChildLost from None

    async def hear_raw(self, size: int) -> bytes:
        """``size`` bytes."""
        try:
            return await self._reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError):
            raise ChildLost from None

    def cpu_s(self) -> float:
        """Processor seconds it has used, by the kernel's account."""
        with suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{self._process.pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def close(self) -> None:
        """Kill it, by its own pid, and wait until the kernel has nothing left of it."""
        self._writer.close()
        self._process.kill()
        self._process.wait()


async def started(entry: Sequence[str] = ENTRY) -> ChildProcess:
    """A child that has proven inside its cage that it can judge. OSError or ChildLost when none can be had."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = _popen(entry, theirs.fileno())
        except OSError:
            ours.close()
            raise
    reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
    child = ChildProcess(process, reader, writer)
    try:
        async with asyncio.timeout(START_S):
            if "ready" not in await child.hear():
                raise ChildLost
    except (TimeoutError, ChildLost):
        child.close()
        raise ChildLost from None
    except BaseException:
        child.close()
        raise
    return child


def _popen(entry: Sequence[str], fd: int) -> subprocess.Popen[bytes]:
    numbers = (fd, os.getpid(), MEMORY, LIFE_CPU_S, PIXELS)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, *entry, *map(str, numbers)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(fd,),
        env=inherited | _ENVIRONMENT,
        close_fds=True,
    )
