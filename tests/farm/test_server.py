"""The running farm: many at once, break and heal, counts, and only on loopback."""

from __future__ import annotations

import select
import socket

import pytest

from camerahub.core.errors import EnvironmentFault
from camerahub.farm.handle import start_county
from camerahub.farm.sockets import bound

OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n"


def one(farm, kind, **wanted):
    return next(
        c
        for c in farm.county.cameras
        if c.kind == kind
        and c.expected
        and c.host
        and not c.device
        and all(getattr(c, k) == v for k, v in wanted.items())
    )


def test_two_thousand_cameras_at_one_time():
    with start_county(cameras=2000, townships=20, mix={"healthy": 1}) as farm:
        socks = [socket.create_connection((c.host, farm.county.port(c)), 5) for c in farm.county.cameras]
        for sock in socks:
            sock.sendall(OPTIONS)
        heads = {sock.recv(4096)[:12] for sock in socks}
        stats = farm.stats()
        for sock in socks:
            sock.close()
    assert heads == {b"RTSP/1.0 200", b"RTSP/1.0 401"}
    assert stats["open"] == stats["accepted"] == stats["requests"] == 2000
    assert stats["peak"] == 1
    assert stats["foreign"] == stats["shed"] == 0


def test_two_processes_share_the_work_and_add_up(survey):
    with start_county(cameras=300, townships=3, mix={"healthy": 1}, processes=2) as farm:
        assert set(survey(farm.county, "rtsp").values()) == {"ok"}
        assert farm.stats()["accepted"] == 300
        assert {row["conversations"] for row in farm.cameras().values()} == {1}


def test_break_and_heal_while_it_runs(farm, ask):
    camera = one(farm, "healthy", maker="hikvision")
    for kind, reason in (("dead", "reset"), ("garbage", "protocol"), ("wrong_path", "ok"), ("healthy", "ok")):
        farm.set(camera.code, kind)
        assert ask(farm.county, camera, "options") == reason or kind == "garbage"
    farm.set(camera.code, "black_holed")
    with pytest.raises(TimeoutError):
        socket.create_connection((camera.host, farm.county.port(camera)), 0.4)
    farm.set(camera.code, "healthy")
    assert ask(farm.county, camera, "rtsp") == "ok"


@pytest.mark.parametrize("born", ["refusing", "black_holed", "dead", "silent", "wrong_password"])
def test_heal_what_was_born_broken(farm, ask, born):
    camera = one(farm, born)
    farm.set(camera.code, "healthy")
    with socket.create_connection((camera.host, farm.county.port(camera)), 3) as sock:
        sock.sendall(OPTIONS)
        assert sock.recv(4096).startswith(b"RTSP/1.0 ")
    farm.set(camera.code, born)
    assert ask(farm.county, camera, "options") in {"refused", "timeout", "reset", "ok"}


def test_what_cannot_be_done_is_said(farm):
    code = one(farm, "healthy").code
    with pytest.raises(ValueError, match="shares its listener"):
        farm.set(code, "refusing")
    with pytest.raises(ValueError, match="no kind"):
        farm.set(code, "haunted")
    with pytest.raises(ValueError, match="no virtual camera"):
        farm.set("123", "dead")
    assert farm.ask("dance")["error"] == "farm.unknown_command"


def test_logins_are_counted(farm, ask):
    good, bad = one(farm, "healthy", scheme="md5"), one(farm, "wrong_password")
    before = farm.cameras()
    ask(farm.county, good, "rtsp")
    ask(farm.county, bad, "rtsp")
    after = farm.cameras()
    assert after[good.code]["logins"] == before[good.code]["logins"] + 1
    assert after[good.code]["bad_logins"] == before[good.code]["bad_logins"]
    assert after[bad.code]["bad_logins"] == before[bad.code]["bad_logins"] + 1
    assert after[bad.code]["conversations"] == before[bad.code]["conversations"] + 1


def test_channels_of_one_nvr_share_their_conversations(farm):
    channels = [c for c in farm.county.cameras if c.device and c.kind == "healthy"]
    first = next(c for c in channels)
    with socket.create_connection((first.host, farm.county.port(first)), 3) as sock:
        sock.sendall(f"OPTIONS {farm.county.url(first)} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert sock.recv(4096).startswith(b"RTSP/1.0 ")
        rows = farm.cameras()
    same = [rows[c.code] for c in farm.county.cameras if c.host == first.host]
    assert len(same) >= 4
    assert len({row["device_conversations"] for row in same}) == 1


def test_a_mute_caller_is_hung_up():
    with start_county(cameras=10, townships=2, mix={"silent": 1}, idle_s=0.5) as farm:
        camera = farm.county.cameras[0]
        with socket.create_connection((camera.host, farm.county.port(camera)), 5) as sock:
            sock.sendall(OPTIONS)
            assert sock.recv(100) == b""
        assert farm.stats()["open"] == 0


def test_nobody_off_loopback_is_answered(farm):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
        try:
            outward.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no other address than loopback")
        own = outward.getsockname()[0]
    assert heard(own, farm.ports.serve) == b""


def heard(host: str, port: int) -> bytes:
    """What anybody at that address answers to OPTIONS, nothing if nobody does."""
    try:
        with socket.create_connection((host, port), 1) as sock:
            sock.sendall(OPTIONS)
            return sock.recv(100)
    except (ConnectionError, TimeoutError):
        return b""


def test_the_wildcard_is_tied_to_the_loopback_device():
    with bound("", 0) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"


@pytest.mark.parametrize("host", ["192.0.2.7", "0.0.0.0"])
def test_other_addresses_are_refused(host):
    with pytest.raises(EnvironmentFault):
        bound(host, 0)


def test_a_flood_ends_when_the_caller_has_enough(farm):
    camera = next(
        c for c in farm.county.cameras if c.kind == "garbage" and c.device_number % 7 == 3 and c.host
    )
    with socket.create_connection((camera.host, farm.county.port(camera)), 5) as sock:
        sock.sendall(OPTIONS)
        seen = 0
        while seen < 1 << 20:
            seen += len(sock.recv(65536))
        peek = sock.recv(10)
    assert peek == b"x" * len(peek)
    quiet = one(farm, "healthy")
    with socket.create_connection((quiet.host, farm.county.port(quiet)), 5) as sock:
        sock.sendall(OPTIONS)
        assert select.select([sock], [], [], 5)[0]
