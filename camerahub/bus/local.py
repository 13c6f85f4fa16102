"""The line between the hub and a prober process on the same machine: one socket pair, an end on each side.

Knows processes and file descriptors, not what the messages mean. The descriptor is inherited: no name in the file
system, nothing in argv or environment, and the kernel closes it when either side dies in whatever way.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections import deque
from collections.abc import Sequence

import structlog

from camerahub.bus.envelope import Decoder, EnvelopeError, encode
from camerahub.core.messages import Message

_log = structlog.get_logger()
_READ = 1 << 18
#: Bytes waiting for the peer above which ``drain`` waits.
HIGH_WATER = 1 << 20
#: Seconds a closing end waits for the peer to take what was sent.
CLOSE_S = 2.0


class LocalEnd:
    """One end (``services.ports.BusEnd``)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._arrived: deque[Message] = deque()
        self._gone = False

    def send(self, message: Message) -> None:
        """Queue ``message`` for the peer; nothing when the peer is gone."""
        if not self._gone and not self._writer.is_closing():
            self._writer.write(encode(message))

    async def drain(self) -> None:
        """Wait while more than HIGH_WATER bytes wait for the peer."""
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def receive(self) -> Message | None:
        """The next message; None when the peer is gone or does not speak our version."""
        while not self._arrived:
            if self._gone or not await self._read():
                return None
        return self._arrived.popleft()

    async def _read(self) -> bool:
        try:
            data = await self._reader.read(_READ)
            self._arrived.extend(self._decoder.feed(data))
        except ConnectionError:
            data = b""
        except EnvelopeError as error:
            _log.error("bus_garbled", error=str(error))
            data = b""
        if not data:
            self._gone = True
        return bool(data)

    async def aclose(self) -> None:
        """Close after what was sent has left, or after CLOSE_S seconds."""
        self._gone = True
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()


async def open_end(line: socket.socket) -> LocalEnd:
    """An end on ``line`` (a connected stream socket, which it then owns)."""
    line.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=line, limit=_READ)
    writer.transport.set_write_buffer_limits(high=HIGH_WATER)
    return LocalEnd(reader, writer)


async def inherited_end(fd: int) -> LocalEnd:
    """The end a child finds at the descriptor ``fd`` it was started with. OSError when that is no socket."""
    return await open_end(socket.socket(fileno=fd))


class LocalChild:
    """A prober process and the hub's end of its line (``services.ports.Child``)."""

    def __init__(self, process: asyncio.subprocess.Process, bus: LocalEnd) -> None:
        self._process = process
        self.bus = bus

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Its exit status once it has ended; negative = killed by that signal."""
        return await self._process.wait()

    def terminate(self) -> None:
        """SIGTERM, unless it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


async def spawn_child(argv: Sequence[str]) -> LocalChild:
    """Start ``argv`` with ``--fd N`` appended, N its inherited end of the line. OSError when it cannot be started.

    Its standard output is closed off (the hub's carries answers to users), its standard error is the hub's.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            "--fd",
            str(theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
    except BaseException:  # given up, too: what has started then finds its line closed and ends
        ours.close()
        raise
    finally:
        theirs.close()
    return LocalChild(process, await open_end(ours))
