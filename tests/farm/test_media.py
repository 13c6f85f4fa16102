"""Sessions of the served county: what is counted, who reads slowly, when the pictures are made."""

from __future__ import annotations

import re
import select
import socket
import time
from itertools import pairwise

import pytest

from camerahub.farm.handle import Farm, start_county
from camerahub.farm.kinds import KINDS
from camerahub.farm.model import Camera
from camerahub.farm.world import clip_of
from tests.farm.conftest import NO_KEY_S, Caller, inside, is_key, key_picture, packets, status_of

TCP = "Transport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n"


def lone(farm: Farm, kind: str = "healthy") -> Camera:
    """A camera with an address of its own and a loop of H.264 on its main stream."""
    return next(
        c
        for c in farm.county.cameras
        if c.kind == kind and c.expected and c.host and not c.device and c.variant % 3
    )


def calling(farm: Farm, camera: Camera) -> tuple[Caller, str]:
    """A conversation that has asked what there is, and the address to play."""
    sock = socket.create_connection((camera.host, farm.county.port(camera)), 10)
    url = farm.county.url(camera)
    caller = Caller(inside(sock, url), url, camera.username, camera.password)
    described = caller.ask("DESCRIBE", url)
    return caller, re.search(rb"Content-Base: (\S+)", described)[1].decode()


def playing(farm: Farm, camera: Camera, transport: str = TCP) -> tuple[Caller, str, bytes]:
    caller, base = calling(farm, camera)
    assert status_of(caller.ask("SETUP", base + "trackID=1", transport)) == 200
    answer = caller.ask("PLAY", base)
    assert status_of(answer) == 200
    return caller, base, answer.partition(b"\r\n\r\n")[2]


def until(farm: Farm, key: str, value: int) -> None:
    end = time.monotonic() + 5
    while farm.stats()[key] != value:
        assert time.monotonic() < end
        select.select([], [], [], 0.05)


def test_plays_teardowns_and_sessions_left_behind_are_counted(pictured):
    camera = lone(pictured)
    before = pictured.cameras()[camera.code]
    caller, base, _ = playing(pictured, camera)
    caller.sock.sendall(f"TEARDOWN {base} RTSP/1.0\r\nCSeq: 9\r\n{caller.session}\r\n".encode())
    caller.sock.close()
    caller, _, _ = playing(pictured, camera)
    caller.sock.close()
    until(pictured, "sessions", 0)
    after = pictured.cameras()[camera.code]
    gained = {key: after[key] - before[key] for key in ("plays", "sessions_left", "conversations")}
    assert gained == {"plays": 2, "sessions_left": 2 if camera.username else 1, "conversations": 2}


def test_the_channels_asked_for_are_the_channels_sent_on(pictured):
    caller, _, rest = playing(pictured, lone(pictured))
    with caller.sock as sock:
        while len(rest) < 4:
            rest += sock.recv(4096)
    assert rest[1] in (4, 5)


def test_udp_alone_is_refused_and_a_list_is_read_to_its_end(pictured):
    camera = lone(pictured)
    caller, base = calling(pictured, camera)
    with caller.sock:
        udp = "RTP/AVP;unicast;client_port=5000-5001"
        assert status_of(caller.ask("SETUP", base + "trackID=1", f"Transport: {udp}\r\n")) == 461
        both = caller.ask("SETUP", base + "trackID=1", f"Transport: {udp},RTP/AVP/TCP;unicast\r\n")
        assert status_of(both) == 200
        assert b"interleaved=0-1" in both


def test_states_are_kept(pictured):
    caller, base = calling(pictured, lone(pictured))
    with caller.sock:
        assert status_of(caller.ask("PLAY", base)) == 455
        caller.session = "Session: 123\r\n"
        assert status_of(caller.ask("TEARDOWN", base)) == 454


def test_a_slow_reader_loses_whole_pictures_and_nothing_else(pictured):
    camera = next(
        c
        for c in pictured.county.cameras
        if c.kind == "healthy"
        and c.expected
        and c.host
        and clip_of(c, KINDS[c.kind], sub=True) == "sub-mjpeg"
    )
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect((camera.host, pictured.county.port(camera)))
    url = pictured.county.url(camera, camera.sub_path)
    caller = Caller(sock, url, camera.username, camera.password)
    base = re.search(rb"Content-Base: (\S+)", caller.ask("DESCRIBE", url))[1].decode()
    caller.ask("SETUP", base + "trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
    rest = caller.ask("PLAY", base).partition(b"\r\n\r\n")[2]
    before, end = pictured.stats()["dropped"], time.monotonic() + 60
    while pictured.stats()["dropped"] < before + 5:
        assert time.monotonic() < end
        select.select([], [], [], 0.2)
    numbers = []
    for packet in packets(sock, rest):
        numbers.append(int.from_bytes(packet[2:4], "big"))
        if len(numbers) > 300 and pictured.stats()["dropped"] >= before + 5:
            break
    sock.close()
    assert {(b - a) % 65536 for a, b in pairwise(numbers)} == {1}


def test_without_media_the_first_caller_waits_for_the_pictures():
    with start_county(cameras=20, townships=2, mix={"healthy": 1}, processes=2) as farm:
        caller, base = calling(farm, lone(farm))
        url = base + "trackID=1"
        assert (
            status_of(caller.ask("SETUP", url, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")) == 200
        )
        rest = caller.ask("PLAY", base).partition(b"\r\n\r\n")[2]
        caller.sock.settimeout(60)
        end = time.monotonic() + 60
        while not rest and time.monotonic() < end:
            rest += caller.sock.recv(4096)
        said, units = key_picture(caller.sock, rest, "h264")
        # Nobody could name the parameter sets before: they must be in the stream, whatever the maker does.
        assert said == "ok"
        assert {7, 8, 5} <= {unit[0] & 31 for unit in units}
        assert any(is_key(unit, "h264") for unit in units)
        caller.sock.close()


def test_a_county_without_pictures_plays_nothing():
    with start_county(cameras=20, townships=2, mix={"healthy": 1}, media=False) as farm:
        caller, _, rest = playing(farm, lone(farm))
        with caller.sock as sock:
            sock.settimeout(1.0)
            assert rest == b""
            with pytest.raises(TimeoutError):
                sock.recv(10)
        assert farm.stats()["plays"] == 1


def test_bad_logins_lock_a_served_camera_and_are_told(farm):
    camera = next(
        c for c in farm.county.cameras if c.kind == "wrong_password" and not c.device and c.scheme == "md5"
    )
    for _ in range(3):
        caller = calling_badly(farm, camera)
        assert caller == 401
    before = farm.stats()
    assert calling_badly(farm, camera) in (401, 403)
    after, row = farm.stats(), farm.cameras()[camera.code]
    assert row["locks"] == 1
    assert after["locked_logins"] == before["locked_logins"] + 1
    assert after["bad_logins"] == before["bad_logins"]


def calling_badly(farm: Farm, camera: Camera) -> int:
    with socket.create_connection((camera.host, farm.county.port(camera)), NO_KEY_S) as sock:
        caller = Caller(sock, farm.county.url(camera), camera.username, camera.password)
        return status_of(caller.ask("DESCRIBE", farm.county.url(camera)))
