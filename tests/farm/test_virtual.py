"""The county on a manual clock: locks, slots, late answers and pictures, and a day of 5,000 cameras in seconds."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from camerahub.farm.clips import Clip, Library
from camerahub.farm.county import County
from camerahub.farm.model import Camera
from camerahub.farm.virtual import VirtualCounty, VirtualLine
from tests.farm.conftest import authorization, status_of
from tests.farm.tiny import NAMES

NAL_SPS, NAL_PPS, NAL_KEY, NAL_P = (
    b"\x67\x42\x00\x1f" + b"s" * 8,
    b"\x68" + b"p" * 4,
    b"\x65" + b"k" * 3000,
    b"\x41" + b"p" * 90,
)
CLIP = Clip("sub-h264", "h264", 704, 576, 25, ((NAL_SPS, NAL_PPS, NAL_KEY), *[(NAL_P,)] * 49))  # fmt: skip
LIBRARY = Library([CLIP._replace(name=name) for name in NAMES])


def county(**wanted: object) -> VirtualCounty:
    made = County.make(**{"cameras": 60, "townships": 2, "mix": {"healthy": 1}} | wanted)
    return VirtualCounty(made, LIBRARY)


def pick(virtual: VirtualCounty, **wanted: object) -> Camera:
    return next(
        camera
        for camera in virtual.county.cameras
        if camera.host and all(getattr(camera, key) == value for key, value in wanted.items())
    )


def dial(virtual: VirtualCounty, camera: Camera) -> VirtualLine:
    line = virtual.dial(camera.host, virtual.county.port(camera))
    assert isinstance(line, VirtualLine)
    return line


def request(line: VirtualLine, method: str, url: str, *headers: str) -> bytes:
    line.send("\r\n".join((f"{method} {url} RTSP/1.0", "CSeq: 1", *headers, "\r\n")).encode())
    return line.receive()


def login(virtual: VirtualCounty, camera: Camera, password: str) -> int:
    """DESCRIBE, the challenge, DESCRIBE again; the last status."""
    line, url = dial(virtual, camera), virtual.county.url(camera)
    answer = request(line, "DESCRIBE", url)
    said = authorization(answer.decode(), "DESCRIBE", url, camera.username, password)
    answer = request(line, "DESCRIBE", url, f"Authorization: {said}")
    line.close()
    return status_of(answer)


def setup(line: VirtualLine, url: str) -> bytes:
    return request(line, "SETUP", f"{url}/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")


def session(answer: bytes) -> str:
    return re.search(r"Session: \d+", answer.decode())[0]


@pytest.mark.parametrize(("maker", "locked"), [("hikvision", 401), ("dahua", 403), ("uniview", 401)])
def test_three_bad_logins_lock_a_device_for_half_an_hour(maker, locked):
    virtual = county(cameras=200)
    camera = pick(virtual, maker=maker, scheme="md5")
    assert [login(virtual, camera, "wrong") for _ in range(3)] == [401] * 3
    assert login(virtual, camera, camera.password) == locked
    virtual.advance(1799)
    assert login(virtual, camera, camera.password) == locked
    virtual.advance(2)
    assert login(virtual, camera, camera.password) == 200
    counts = virtual.cameras()[camera.code]
    assert (counts["locks"], counts["bad_logins"], counts["locked_logins"], counts["logins"]) == (1, 3, 2, 1)


def test_a_good_login_between_forgives_the_bad_ones():
    virtual = county()
    camera = pick(virtual, scheme="md5")
    for _ in range(4):
        assert [login(virtual, camera, "wrong") for _ in range(2)] == [401] * 2
        assert login(virtual, camera, camera.password) == 200
    assert virtual.cameras()[camera.code]["locks"] == 0


def test_all_channels_and_both_protocols_share_one_lock():
    virtual = VirtualCounty(County.make(cameras=2000), LIBRARY)
    first = next(
        c
        for c in virtual.county.cameras
        if c.device and c.scheme == "md5" and c.maker == "dahua" and c.kind == "healthy"
    )
    second = next(c for c in virtual.county.cameras if c.host == first.host and c is not first)
    assert login(virtual, first, "wrong") == 401
    assert login(virtual, second, "wrong") == 401
    assert b"HTTP/1.1 400" in information(virtual, first, "wrong")
    assert login(virtual, second, second.password) == 403
    assert b"HTTP/1.1 403" in information(virtual, first, first.password)
    assert virtual.cameras()[first.code]["locks"] == virtual.cameras()[second.code]["locks"] == 1
    # Without credentials it is asked for them, as ever.
    line = dial(virtual, first)
    assert status_of(request(line, "OPTIONS", virtual.county.url(first))) == 200


def information(virtual: VirtualCounty, camera: Camera, password: str, late_s: float = 0.0) -> bytes:
    """GetDeviceInformation with a WS-UsernameToken of the right time, ``late_s`` later."""
    when = datetime.fromtimestamp(virtual.clock.wall() + late_s, UTC)
    nonce, created = b"0123456789abcdef", when.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    token = (
        f"<w:UsernameToken><w:Username>{camera.username}</w:Username><w:Password>{digest}</w:Password>"
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created></w:UsernameToken>"
    )
    body = f"<s:Envelope><s:Header>{token}</s:Header><s:Body><t:GetDeviceInformation/></s:Body></s:Envelope>"
    line = virtual.dial(camera.host, virtual.county.ports.onvif)
    assert isinstance(line, VirtualLine)
    head = f"POST /onvif/device_service HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    line.send(head.encode() + body.encode())
    answer = line.receive()
    line.close()
    return answer


@pytest.mark.parametrize("late_s", [-40.0, 40.0])
def test_a_right_password_at_a_wrong_time_is_refused(late_s):
    virtual = county(cameras=200)
    camera = pick(virtual, maker="dahua", scheme="md5")
    assert b"NotAuthorized" in information(virtual, camera, camera.password, late_s)
    assert b"200 OK" in information(virtual, camera, camera.password)


def test_the_session_after_the_last_slot_is_refused():
    virtual = county(cameras=200)
    camera = pick(virtual, maker="hikvision", scheme="open")
    url = virtual.county.url(camera)
    lines = [dial(virtual, camera) for _ in range(7)]
    said = [setup(line, url) for line in lines]
    assert [status_of(answer) for answer in said] == [200] * 6 + [453]
    assert status_of(request(lines[0], "TEARDOWN", url, session(said[0]))) == 200
    assert status_of(setup(lines[6], url)) == 200
    for line in lines:
        line.close()
    counts = virtual.cameras()[camera.code]
    assert (counts["teardowns"], counts["sessions_left"], counts["sessions_peak"], counts["peak"]) == (
        1,
        6,
        6,
        7,
    )
    assert virtual.seats[camera.code].device.sessions == 0


def test_a_session_is_kept_by_its_caller_or_ends():
    virtual = county()
    camera = pick(virtual, scheme="open")
    url, line = virtual.county.url(camera), dial(virtual, camera)
    name = session(setup(line, url))
    for _ in range(5):
        virtual.advance(50)
        assert status_of(request(line, "GET_PARAMETER", url, name)) == 200
    assert status_of(request(line, "GET_PARAMETER", url, "Session: 1")) == 454
    virtual.advance(61)
    assert line.ended == "closed"
    assert virtual.cameras()[camera.code]["sessions_left"] == 1


def packets(data: bytes) -> list[tuple[int, bytes]]:
    """(channel, packet) of an interleaved stream (RFC 2326 section 10.12)."""
    found = []
    while data:
        assert data[0] == 0x24
        end = 4 + int.from_bytes(data[2:4], "big")
        found.append((data[1], data[4:end]))
        data = data[end:]
    return found


def test_pictures_come_when_their_time_has_come():
    virtual = county(cameras=200)
    camera = pick(virtual, scheme="open", maker="uniview")
    url, line = virtual.county.url(camera), dial(virtual, camera)
    name = session(setup(line, url))
    answer = request(line, "PLAY", url, name)
    assert status_of(answer) == 200
    first = re.search(r"seq=(\d+);rtptime=(\d+)", answer.decode())
    assert line.receive() == b""
    virtual.advance(10)
    rtp = [p for channel, p in packets(line.receive()) if channel == 0]
    assert [int.from_bytes(p[2:4], "big") for p in rtp] == [
        (int(first[1]) + i) % 65536 for i in range(len(rtp))
    ]
    stamps = list(dict.fromkeys(int.from_bytes(p[4:8], "big") for p in rtp))
    assert stamps[0] == int(first[2])
    assert {(b - a) % 2**32 for a, b in pairwise(stamps)} == {3600}
    assert len(stamps) in (250, 251)
    assert sum(p[1] >> 7 for p in rtp) == len(stamps)
    assert max(map(len, rtp)) <= 1412
    assert status_of(request(line, "TEARDOWN", url, name)) == 200
    virtual.advance(10)
    assert line.receive() == b""
    assert virtual.cameras()[camera.code]["plays"] == 1


def test_sender_reports_come_now_and_then():
    virtual = county()
    camera = pick(virtual, scheme="open")
    url, line = virtual.county.url(camera), dial(virtual, camera)
    request(line, "PLAY", url, session(setup(line, url)))
    virtual.advance(20)
    reports = [p for channel, p in packets(line.receive()) if channel == 1]
    assert 3 <= len(reports) <= 5
    for report in reports:
        assert report[0] == 0x80
        assert report[1] == 200  # sender report, RFC 3550 section 6.4.1
        words = int.from_bytes(report[2:4], "big")
        assert report[4 * words + 4 :][:2] == b"\x81\xca"  # followed by the source description
        assert (
            len(report)
            == 4 * words + 4 + 4 * int.from_bytes(report[4 * words + 6 : 4 * words + 8], "big") + 4
        )


def test_who_does_not_read_loses_whole_pictures_up_to_the_next_key():
    virtual = county(cameras=200)
    camera = pick(virtual, scheme="open", maker="uniview")
    url, line = virtual.county.url(camera), dial(virtual, camera)
    request(line, "PLAY", url, session(setup(line, url)))
    for _ in range(60 * 30):
        virtual.advance(1)
        line.last = virtual.clock.now()
    rtp = [p for channel, p in packets(line.receive()) if channel == 0]
    numbers = [int.from_bytes(p[2:4], "big") for p in rtp]
    assert all((b - a) % 65536 == 1 for a, b in pairwise(numbers))
    virtual.advance(3)
    after = [p for channel, p in packets(line.receive()) if channel == 0]
    assert after[0][12] & 31 in (24, 7)  # begins with the parameter sets of a key picture


def test_what_comes_late_comes_when_time_has_passed():
    virtual = county(mix={"slow": 1})
    camera = pick(virtual, maker="hikvision")
    line = dial(virtual, camera)
    assert request(line, "OPTIONS", "*") == b""
    virtual.advance(1.6)
    assert status_of(line.receive()) == 200


@pytest.mark.parametrize(("kind", "said"), [("refusing", "refused"), ("black_holed", "timeout")])
def test_nobody_there(kind, said):
    virtual = county(mix={kind: 1})
    camera = virtual.county.cameras[0]
    assert virtual.dial(camera.host, virtual.county.port(camera)) == said
    assert virtual.dial(camera.host, 1) == "refused"


def test_a_connection_reset_is_told():
    virtual = county(mix={"dead": 1})
    assert dial(virtual, virtual.county.cameras[0]).ended == "reset"


@pytest.mark.slow
def test_five_thousand_cameras_for_a_day_of_hourly_logins():
    began = time.process_time()
    virtual = VirtualCounty(County.make(cameras=5000, townships=20))
    asked = [c for c in virtual.county.cameras if c.kind == "healthy" and c.username and c.scheme == "md5"]
    asked += [
        c for c in virtual.county.cameras if c.kind == "healthy" and c.username and c.scheme == "md5_old"
    ]
    others = [c for c in virtual.county.cameras if c.host and c not in set(asked)]
    for _ in range(24):
        for camera in asked:
            assert login(virtual, camera, camera.password) == 200
        for camera in others:
            line = virtual.dial(camera.host, virtual.county.port(camera))
            if isinstance(line, VirtualLine):
                request(line, "OPTIONS", "*")
                line.close()
        virtual.advance(3600)
    rows = virtual.cameras()
    assert {rows[c.code]["logins"] for c in asked} == {24}
    assert sum(row["locks"] for row in rows.values()) == 0
    assert max(row["peak"] for row in rows.values()) == 1
    assert time.process_time() - began < 60
