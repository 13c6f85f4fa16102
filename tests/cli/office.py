"""A home whose register knows scripted recorders on loopback, for the commands that log in."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from camerahub.cli.context import Context
from camerahub.cli.main import run
from camerahub.core.guard_rows import Login
from camerahub.registry import guards
from camerahub.registry.rows import CameraRow, EndpointRow, Source
from tests.probes.conftest import OPTIONS_OK, Camera, request
from tests.probes.test_media import KEY, SDP, stream
from tests.services.county import AREAS

Make = Callable[..., Camera]
ASKS = b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'


class Recorder:
    """Counts wrong passwords over all its channels; streams a key picture to whom it lets in."""

    def __init__(self, password: str = "right") -> None:
        self.right = base64.b64encode(f"admin:{password}".encode())
        self.wrong = self.conversations = 0
        self.playing, self.torn_down = threading.Event(), threading.Event()
        self.media = stream(KEY)
        self.hold = False

    def __call__(self, connection: socket.socket) -> None:
        self.conversations += 1
        while asked := request(connection):
            connection.sendall(self._answer(asked))

    def _answer(self, asked: bytes) -> bytes:
        method, url, *_ = asked.decode().split()
        if method == "OPTIONS":
            return OPTIONS_OK
        if b"Basic " + self.right not in asked:
            self.wrong += b"Basic " in asked
            while self.hold and b"Basic " in asked:  # says nothing until it is killed
                threading.Event().wait(0.05)
            return ASKS
        sdp = SDP.format(profile="RTP/AVP", codec="H264").encode()
        cseq = next(line for line in asked.split(b"\r\n") if line.startswith(b"CSeq"))
        head = b"RTSP/1.0 200 OK\r\n" + cseq + b"\r\n"
        if method == "DESCRIBE":
            head += f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n".encode()
            return head + b"\r\n" + sdp
        if method == "SETUP":
            head += b"Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        if method == "PLAY":
            self.playing.set()
            return head + b"\r\n" + self.media
        if method == "TEARDOWN":
            self.torn_down.set()
        return head + b"\r\n"


class Office:
    """A home whose register knows the channels of some recorders."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.context, self.capsys = Context(home=folder / "home"), capsys
        assert run(["--home", str(folder / "home"), "init"]) == 0
        store = self.context.open_store()
        store.import_areas(AREAS, Source("test", "areas.csv"), 1)
        store.close()
        self.cameras = self.code = 0

    def register(
        self, peer: Camera, channels: int, password: str, area: str = "320585100", **values: str
    ) -> list[str]:
        """Codes of the new cameras, each a channel of ``peer``."""
        rows = []
        for channel in range(channels):
            self.cameras += 1
            road = EndpointRow(
                host=peer.host, port=peer.port, path=f"/{channel}", username="admin", password=password
            )
            rows.append(CameraRow(f"3205850000131{self.cameras:07d}", "相机", area, values, [road]))
        store = self.context.open_store(keys=True)
        store.import_cameras(rows, Source("test", "cameras.csv"), 1)
        store.close()
        return [row.code for row in rows]

    def call(self, *words: str) -> list[dict[str, Any]]:
        self.capsys.readouterr()
        assert run(["--home", str(self.context.home), *words, "--json"]) == 0
        return [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]

    def says(self, *words: str) -> str:
        """What people are told: both streams."""
        self.capsys.readouterr()
        self.code = run(["--home", str(self.context.home), *words])
        said = self.capsys.readouterr()
        return said.out + said.err

    def reasons(self, probe: str) -> dict[str, int]:
        found: dict[str, int] = self.call("sweep", "--probe", probe)[-1]["summary"]["reasons"]
        return found

    def logins(self) -> list[tuple[Login, int, int, int]]:
        """(state, permit, refused, suspected) of every key, refused and suspected as 0 or 1."""
        store = self.context.open_store()
        keys, _, clean = guards.stored(store.engine)
        store.close()
        assert clean or any(key.permit for key in keys)
        return [
            (key.state, min(key.permit, 1), min(key.refused_at, 1), min(key.suspect_at, 1)) for key in keys
        ]

    def rows(self, *columns: Any) -> list[tuple[Any, ...]]:
        store = self.context.open_store()
        with store.engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(select(*columns))]
        store.close()
        return found


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Office]:
    yield Office(tmp_path, capsys)
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()
