"""The camera's half of the dialogue: pieces or whole, garbage or not, always the same and never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.farm.county import County
from camerahub.farm.dialogue import MAX_REQUEST
from camerahub.farm.kinds import Do
from camerahub.farm.seats import Device, devices
from camerahub.farm.talk import Talk

COUNTY = County.make(cameras=200, townships=4)
HOSTS, SEATS = devices(COUNTY.cameras)
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER", "DANCE")


def alone(maker: str) -> Device:
    return next(d for d in HOSTS.values() if d.only and d.kind.plain_options and d.only.camera.maker == maker)


def text(method: str, uri: str, cseq: int, extra: str = "") -> bytes:
    return f"{method} {uri} RTSP/1.0\r\nCSeq: {cseq}\r\n{extra}\r\n".encode()


@given(
    st.lists(st.tuples(st.sampled_from(METHODS), st.integers(0, 9)), min_size=1, max_size=4),
    st.integers(1, 40),
)
def test_pieces_say_the_same_as_the_whole(requests, size):
    data = b"".join(text(method, "rtsp://127.0.0.2:9/x", cseq) for method, cseq in requests)
    for device in list(HOSTS.values())[:6]:
        whole = Talk(device, 1).received(data)
        talk = Talk(device, 1)
        pieces = [talk.received(data[i : i + size]) for i in range(0, len(data), size)]
        assert b"".join(do.data for do in pieces) == whole.data


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_nothing_a_caller_sends_raises(chunks):
    for device in list(HOSTS.values())[:4]:
        talk = Talk(device, 1)
        for chunk in chunks:
            assert isinstance(talk.received(chunk), Do)


def test_an_endless_request_is_cut_off():
    talk = Talk(alone("hikvision"), 1)
    last = Do()
    for _ in range(40):
        last = talk.received(b"x" * 1000)
        if last.then == "close":
            break
    assert last.then == "close"
    assert len(talk.buffer) <= MAX_REQUEST + 1000


@pytest.mark.parametrize("maker", ["hikvision", "dahua", "uniview"])
@pytest.mark.parametrize("extra", ["", "User-Agent: x\r\n", "Accept: */*\r\n"])
def test_the_quick_road_says_what_the_long_one_says(maker, extra):
    device = alone(maker)
    seat = device.only
    data = text("OPTIONS", "rtsp://127.0.0.2:9/x", 31, extra)
    before = seat.requests
    quick = device.quick(data)
    counted = seat.requests - before
    long = Talk(device, 1).received(data)
    assert quick in (None, long.data)
    assert counted == (quick is not None)
    assert (quick is None) == (maker == "uniview" or extra.startswith("Accept"))


def test_the_quick_road_leaves_everything_else_alone():
    device = alone("hikvision")
    good = text("OPTIONS", "*", 1)
    for data in (good + good, good[:-1], b"x" + good, text("DESCRIBE", "*", 1)):
        assert device.quick(data) is None


def test_a_nonce_gone_stale_is_said_so():
    camera = next(c for c in COUNTY.cameras if c.scheme == "stale" and c.kind == "healthy" and c.host)
    answer = Talk(HOSTS[camera.host], 1).received(text("DESCRIBE", COUNTY.url(camera), 1)).data
    assert b"401" in answer
    assert b"stale" not in answer
