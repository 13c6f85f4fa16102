"""Devices that answer WS-Discovery on loopback: each on an address of its own, all on one port."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Answer = Callable[[bytes], list[bytes]]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Device:
    """Listens on ``host`` and answers every datagram with ``answer``; keeps what it heard."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self.heard: list[bytes] = []
        self._answer = answer
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((host, port))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            datagram, client = self._sock.recvfrom(65535)
            if datagram == b"stop":
                return
            self.heard.append(datagram)
            for answer in self._answer(datagram):
                with suppress(OSError):
                    self._sock.sendto(answer, client)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"stop", self._sock.getsockname())
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._sock.close()


def message_id(datagram: bytes) -> str:
    found = re.search(rb"<a:MessageID>(.*?)</a:MessageID>", datagram)
    assert found
    return found[1].decode()


def match(host: str, name: str = "cam", endpoint: str = "urn:uuid:1") -> str:
    """One ProbeMatch."""
    return (
        f"<d:ProbeMatch><a:EndpointReference><a:Address>{endpoint}</a:Address></a:EndpointReference>"
        f"<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/{name}</d:Scopes>"
        f"<d:XAddrs>http://{host}/onvif/device_service</d:XAddrs></d:ProbeMatch>"
    )


def answering(*matches: str, wrapped: bool = True, relates_to: str | None = None) -> Answer:
    """Answers with these matches, in ProbeMatches or right in the Body."""

    def answer(datagram: bytes) -> list[bytes]:
        inner = "".join(matches)
        body = f"<d:ProbeMatches>{inner}</d:ProbeMatches>" if wrapped else inner
        related = message_id(datagram) if relates_to is None else relates_to
        text = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
            f"<a:RelatesTo>{related}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        return [text.encode()]

    return answer
