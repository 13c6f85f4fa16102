"""One caged child of `diagnose` as its parent holds it: a socket, a process, and how it ends. It knows no items."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Sequence
from typing import Any

from camerahub.cli.diagnose_line import LENGTH, MOST_ANSWER, LineError, pack, parse
from camerahub.probes import decoder_process
from camerahub.probes.decode_job import DecodeLimits

#: -P: not from the folder it is called in, which may be a stranger's folder of pictures.
ENTRY = ("-P", "-m", "camerahub.cli.diagnose_child")
#: Memory on top of the libraries: a 64 Mpx picture, its copy while it is reduced, and the pictures of a chunk. A child
#: is replaced long before its processor time ends.
LIMITS = DecodeLimits(memory_bytes=1 << 30, life_cpu_s=100_000)
START_S = 60.0


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
        return decoder_process.usage_of(self._process.pid)[0]

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
            process = decoder_process.started(entry, theirs.fileno(), LIMITS)
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
