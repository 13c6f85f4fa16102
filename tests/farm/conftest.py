"""A plain blocking RTSP caller, stdlib and PyAV, that shares no code with the farm or with the prober."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import av
import pytest

from camerahub.farm.county import County
from camerahub.farm.handle import Farm, start_county
from camerahub.farm.kinds import KINDS, truth
from camerahub.farm.model import Camera

STATUS = {
    200: "ok", 401: "auth", 403: "busy", 404: "not_found", 453: "busy", 461: "transport", 503: "busy",
}  # fmt: skip
NO_MEDIA_S, NO_KEY_S = 2.5, 6.0


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


class Caller:
    """One conversation: answers one challenge of a kind, never a second one."""

    def __init__(self, sock: socket.socket, url: str, user: str, password: str) -> None:
        self.sock, self.url, self.user, self.password = sock, url, user, password
        self.challenge, self.session, self.cseq = "", "", 0

    def ask(self, method: str, url: str, extra: str = "") -> bytes:
        data = b""
        for _ in range(3):
            self.cseq += 1
            login = ""
            if self.challenge:
                login = f"Authorization: {authorization(self.challenge, method, url, self.user, self.password)}\r\n"
            head = f"{method} {url} RTSP/1.0\r\nCSeq: {self.cseq}\r\n{login}{self.session}{extra}\r\n"
            data = exchange(self.sock, head)
            if (
                status_of(data) != 401
                or (self.challenge and b"stale=true" not in data)
                or b"WWW-" not in data
            ):
                break
            self.challenge = data.decode()
        found = re.search(rb"\r\nSession: ([^;\r]+)", data)
        if found:
            self.session = f"Session: {found[1].decode()}\r\n"
        return data


def talk(sock: socket.socket, probe: str, url: str, user: str, password: str) -> str:
    if probe == "tcp":
        return "ok"
    if probe == "options":
        status = status_of(data := exchange(sock, f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
        return ("ok" if status else "protocol") if data else "reset"
    caller = Caller(sock, url, user, password)
    data = caller.ask("DESCRIBE", url, "Accept: application/sdp\r\n")
    if status_of(data) == 200:
        assert b"m=video" in data
        return "ok" if probe == "rtsp" else watch(caller, data.decode(), probe)
    return STATUS.get(status_of(data), "protocol") if data else "reset"


def watch(caller: Caller, described: str, probe: str) -> str:
    """SETUP over TCP, PLAY, the first whole key picture, TEARDOWN."""
    base = re.search(r"Content-Base: (\S+)", described)[1]
    if "RTP/SAVP" in described:
        return "encrypted"
    if "SVAC" in described:
        return "codec_unsupported"
    data = caller.ask("SETUP", base + "trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
    if status_of(data) != 200:
        return STATUS[status_of(data)]
    data = caller.ask("PLAY", base)
    if status_of(data) != 200:
        return STATUS[status_of(data)]
    codec = "hevc" if "H265/" in described else "mjpeg" if "JPEG/" in described else "h264"
    found = re.search(r"sprop-parameter-sets=([^;\r]+)", described)
    sets = [base64.b64decode(text) for text in found[1].split(",")] if found else []
    for name in ("vps", "sps", "pps"):
        sets += [base64.b64decode(b) for b in re.findall(rf"sprop-{name}=([\w+/=]+)", described)]
    said, picture = key_picture(caller.sock, data.partition(b"\r\n\r\n")[2], codec)
    caller.sock.sendall(f"TEARDOWN {base} RTSP/1.0\r\nCSeq: 99\r\n{caller.session}\r\n".encode())
    if said != "ok" or probe == "media":
        return said
    return judged(codec, picture if codec == "mjpeg" else sets + picture)


def packets(sock: socket.socket, rest: bytes) -> Iterator[bytes]:
    """RTP packets of channel 0 (RFC 2326 section 10.12) as long as they come."""
    sock.settimeout(NO_MEDIA_S)
    while True:
        while len(rest) < 4 or len(rest) < 4 + int.from_bytes(rest[2:4], "big"):
            more = sock.recv(65536)
            if not more:
                return
            rest += more
        assert rest[:1] == b"$"
        end = 4 + int.from_bytes(rest[2:4], "big")
        if rest[1] == 0:
            yield rest[4:end]
        rest = rest[end:]


def key_picture(sock: socket.socket, rest: bytes, codec: str) -> tuple[str, list[bytes]]:
    """What comes of waiting for a key picture, and its NAL units (JPEG: RTP payloads)."""
    until, last, units, key = time.monotonic() + NO_KEY_S, None, [], False
    try:
        for packet in packets(sock, rest):
            number = int.from_bytes(packet[2:4], "big")
            assert last is None or number == (last + 1) % 65536
            assert packet[0] == 0x80
            last = number
            collect(units, packet[12:], codec)
            if packet[1] & 0x80:
                key = codec == "mjpeg" or any(is_key(unit, codec) for unit in units)
                if key:
                    return "ok", units
                units.clear()
            if time.monotonic() > until:
                return "no_keyframe", []
    except TimeoutError:
        pass
    return "no_media", []


def is_key(unit: bytes, codec: str) -> bool:
    return unit[0] & 31 == 5 if codec == "h264" else 16 <= unit[0] >> 1 & 63 <= 21


def collect(units: list[bytes], payload: bytes, codec: str) -> None:
    """RFC 6184 and 7798, the parts that cameras use."""
    kind = payload[0] & 31 if codec == "h264" else payload[0] >> 1 & 63
    if codec == "mjpeg" or (kind < 24 if codec == "h264" else kind < 48):
        units.append(payload)
    elif kind in (24, 48):
        at = 1 if kind == 24 else 2
        while at < len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            units.append(payload[at + 2 : at + 2 + size])
            at += 2 + size
    else:
        size = 2 if codec == "h264" else 3
        edge, inner = payload[size - 1] & 0xC0, payload[size - 1]
        if edge & 0x80:
            head = (
                bytes((payload[0] & 0xE0 | inner & 31,))
                if size == 2
                else bytes((payload[0] & 0x81 | (inner & 63) << 1, payload[1]))
            )
            units.append(head + payload[size:])
        else:
            units[-1] += payload[size:]


def judged(codec: str, units: list[bytes]) -> str:
    """Decode one picture; black is dark, a card has no noise."""
    if codec == "mjpeg":
        return "ok"  # pictures in packets of RFC 2435 are decoded by FFmpeg's own reader, in another test
    decoder = av.CodecContext.create(codec, "r")
    try:
        packet = av.Packet(b"".join(b"\0\0\0\1" + unit for unit in units))
        frames = [*decoder.decode(packet), *decoder.decode(None)]
    except av.FFmpegError:
        frames = []
    if not frames or frames[0].is_corrupt:
        return "undecodable"
    grey = frames[0].to_ndarray(format="gray").astype(int)
    flat = (abs(grey[:, 1:] - grey[:, :-1]) <= 1).mean()
    return "black" if grey.mean() < 16 else "no_signal" if flat > 0.93 else "ok"


def inside(sock: socket.socket, url: str) -> socket.socket:
    """The conversation itself: inside TLS for rtsps; cameras sign for themselves."""
    if not url.startswith("rtsps"):
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(sock)


def reason(county: County, camera: Camera, probe: str, deadline_s: float) -> str:
    """What one attempt at ``camera`` comes to."""
    address = (camera.host, county.port(camera))
    url = county.url(camera, camera.sub_path if probe in ("media", "picture") else None)
    try:
        with socket.create_connection(address, deadline_s) as plain, inside(plain, url) as sock:
            return talk(sock, probe, url, camera.username, camera.password)
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"


def deadline(camera: Camera, probe: str) -> float:
    """Short only where the truth is silence."""
    return 0.4 if "timeout" in getattr(truth(camera), probe) else 8.0


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


MIX = dict.fromkeys(KINDS, 1.0) | {"healthy": 6.0}


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    """Every kind a few times, NVRs too; to break and to heal."""
    with start_county(cameras=400, townships=4, mix=MIX, extras=True) as running:
        yield running


@pytest.fixture(scope="session")
def pictured() -> Iterator[Farm]:
    """The same with pictures, for tests that only look."""
    with start_county(cameras=400, townships=4, mix=MIX, extras=True, media=True) as running:
        yield running
