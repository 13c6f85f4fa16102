"""A plain blocking RTSP caller, stdlib only, that shares no code with the farm or with the prober."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from camerahub.farm.county import County
from camerahub.farm.handle import Farm, start_county
from camerahub.farm.kinds import KINDS, truth
from camerahub.farm.model import Camera

STATUS = {200: "ok", 401: "auth", 403: "busy", 453: "busy", 503: "busy", 404: "not_found"}


def exchange(sock: socket.socket, request: str) -> bytes:
    """The answer to ``request``, head and body; what came so far when the peer closes."""
    sock.sendall(request.encode())
    data = b""
    while len(data) < 100_000:
        head, mark, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if data and not data.startswith(b"RTSP/1.0 "[: len(data)]):
            break
        if mark and len(body) >= (int(length[1]) if length else 0):
            break
        more = sock.recv(65536)
        if not more:
            break
        data += more
    return data


def status_of(data: bytes) -> int:
    found = re.match(rb"RTSP/1\.0 (\d{3}) [^\r\n]*\r\n(?s:.*)\r\n\r\n", data)
    return int(found[1]) if found else 0


def authorization(answer: str, method: str, url: str, user: str, password: str) -> str:
    """Basic or Digest (RFC 7616), from the first challenge of a 401."""
    challenge = re.findall(r"WWW-Authenticate: (\w+) ?([^\r\n]*)", answer)[0]
    if challenge[0] == "Basic":
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    fields = {
        key: quoted or bare
        for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', challenge[1])
    }
    name = "sha256" if fields.get("algorithm") == "SHA-256" else "md5"

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    middle = fields["nonce"] + (":00000001:abcd:auth" if "qop" in fields else "")
    secret = digest(f"{user}:{fields['realm']}:{password}")
    response = digest(f"{secret}:{middle}:{digest(f'{method}:{url}')}")
    said = f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{url}"'
    said += f", algorithm={fields['algorithm']}" if "algorithm" in fields else ""
    said += ', qop=auth, nc=00000001, cnonce="abcd"' if "qop" in fields else ""
    return f'{said}, response="{response}"'


def talk(sock: socket.socket, probe: str, url: str, user: str, password: str) -> str:
    if probe == "tcp":
        return "ok"
    if probe == "options":
        status = status_of(data := exchange(sock, f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
        return ("ok" if status else "protocol") if data else "reset"
    login, data = "", b""
    for cseq in (1, 2, 3):
        data = exchange(
            sock, f"DESCRIBE {url} RTSP/1.0\r\nCSeq: {cseq}\r\nAccept: application/sdp\r\n{login}\r\n"
        )
        if status_of(data) != 401 or (login and b"stale=true" not in data):
            break
        login = f"Authorization: {authorization(data.decode(), 'DESCRIBE', url, user, password)}\r\n"
    if status_of(data) == 200:
        assert b"m=video" in data
    return STATUS.get(status_of(data), "protocol") if data else "reset"


def reason(county: County, camera: Camera, probe: str, deadline_s: float) -> str:
    """What one attempt at ``camera`` comes to."""
    address = (camera.host, county.port(camera))
    try:
        with socket.create_connection(address, deadline_s) as sock:
            return talk(sock, probe, county.url(camera), camera.username, camera.password)
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"


def deadline(camera: Camera, probe: str) -> float:
    """Short only where the truth is silence."""
    return 0.4 if "timeout" in getattr(truth(camera), probe) else 4.0


@pytest.fixture(scope="session")
def ask() -> Callable[[County, Camera, str], str]:
    return lambda county, camera, probe: reason(county, camera, probe, deadline(camera, probe))


@pytest.fixture(scope="session")
def survey(ask: Callable[[County, Camera, str], str]) -> Callable[[County, str], dict[str, str]]:
    """Ask every camera at once: code -> reason."""

    def everybody(county: County, probe: str) -> dict[str, str]:
        dialled = [camera for camera in county.cameras if camera.host]
        with ThreadPoolExecutor(64) as pool:
            return dict(
                zip(
                    (c.code for c in dialled), pool.map(lambda c: ask(county, c, probe), dialled), strict=True
                )
            )

    return everybody


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    """Every kind a few times, NVRs too."""
    with start_county(
        cameras=300, townships=4, mix=dict.fromkeys(KINDS, 1.0) | {"healthy": 6.0}, extras=True
    ) as running:
        yield running
