"""The strict ONVIF double of the wire tests on a real socket, and cameras that are rude."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from tests.wire.onvif_double import Double

from .conftest import Script


def request_with_body(connection: socket.socket) -> bytes:
    """One whole request; b"" when the client has gone."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            if len(body) >= length:
                return data
        piece = connection.recv(4096)
        if not piece:
            return b""
        data += piece


def playing(double: Double, *, closes: bool = False) -> Script:
    """The double on a connection. ``closes``: after each response, without saying so before."""

    def script(connection: socket.socket) -> None:
        while asked := request_with_body(connection):
            answer = double.answer(asked)
            connection.sendall(answer)
            if closes or double.framing == "close":
                return

    return script


def once(*pieces: bytes, then: Callable[[socket.socket], None] | None = None) -> Script:
    """Hears one request, says ``pieces``, then waits for the client to go (or does ``then``)."""

    def script(connection: socket.socket) -> None:
        request_with_body(connection)
        for piece in pieces:
            connection.sendall(piece)
        if then is not None:
            then(connection)
            return
        while connection.recv(4096):
            pass

    return script


def real_double(**options: object) -> Double:
    """A double whose clock is the machine's own."""
    return Double(now=lambda: time.time_ns() // 1_000_000, **options)  # type: ignore[arg-type]
