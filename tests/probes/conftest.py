"""A tiny real server: every connection is handed to a script that runs in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from camerahub.core.result import ProbeResult, Target
from camerahub.probes.table import Prober

Script = Callable[[socket.socket], None]

OPTIONS_OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n"


class Camera:
    """Listens on loopback and plays ``script`` to everyone; keeps what it was sent in ``heard``."""

    def __init__(self, script: Script, host: str = "127.0.0.1") -> None:
        self._script = script
        self.host = host
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(20)
            self._connections.append(connection)
            thread = threading.Thread(target=self._play, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _play(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            self._script(connection)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(10)
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def target(self, path: str = "", **credentials: str) -> Target:
        url = f"rtsp://127.0.0.1:{self.port}{path}" if path else ""
        return Target(7, "127.0.0.1", self.port, url, **credentials)


@pytest.fixture
def camera() -> Iterator[Callable[[Script], Camera]]:
    made: list[Camera] = []

    def make(script: Script, host: str = "127.0.0.1") -> Camera:
        made.append(Camera(script, host))
        return made[-1]

    yield make
    for one in made:
        one.close()


def request(connection: socket.socket) -> bytes:
    """One whole request without a body; b"" when the client has gone."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            return b""
        data += piece
    return data


def replies(*answers: bytes) -> Script:
    """Answers one request after the other, then waits for the client to go."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            if not request(connection):
                return
            connection.sendall(answer)
        while connection.recv(4096):
            pass

    return script


def silent(connection: socket.socket) -> None:
    """Accepts, listens, never says a word."""
    while connection.recv(4096):
        pass


async def ask(target: Target, probe: str, deadline_s: float = 5.0) -> ProbeResult:
    """One attempt through the face the services see."""
    loop = asyncio.get_running_loop()
    prober = Prober(loop, max_in_flight=4)
    done: asyncio.Future[ProbeResult] = loop.create_future()
    try:
        prober.start(target, probe, deadline_s, done.set_result)
        assert not done.done(), "never from within start"
        return await asyncio.wait_for(done, 20)
    finally:
        await prober.aclose()
