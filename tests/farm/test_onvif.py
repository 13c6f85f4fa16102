"""The ONVIF service of the served county, asked over plain HTTP by the standard library's client."""

from __future__ import annotations

import http.client
import re
import urllib.request
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.farm.county import County
from camerahub.farm.files import truth_rows
from camerahub.farm.kinds import Do
from camerahub.farm.onvif import MAX_BODY, OnvifTalk
from camerahub.farm.seats import devices

HOSTS, _ = devices(County.make(cameras=100, townships=2).cameras)


def call(
    url: str, name: str, inside: str = "", login: tuple[str, str] | None = None
) -> tuple[int, ET.Element]:
    """One SOAP call; HTTP Digest when asked for it."""
    body = f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><{name}>{inside}</{name}></s:Body></s:Envelope>'
    status, data = fetch(url, body.encode(), login)
    return status, ET.fromstring(data)


def fetch(url: str, body: bytes | None, login: tuple[str, str] | None) -> tuple[int, bytes]:
    opener = urllib.request.build_opener()
    if login is not None:
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, url, *login)
        opener = urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(known))
    try:
        with opener.open(urllib.request.Request(url, body), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.request.HTTPError as error:
        with error:
            return error.code, error.read()


def words(tree: ET.Element) -> dict[str, str]:
    return {element.tag.rpartition("}")[2]: element.text or "" for element in tree.iter()}


def told(pictured):
    """Cameras whose service answers and lets Digest in, with their truth."""
    truth = {row["code"]: row for row in truth_rows(pictured.county)}
    return [
        (camera, pictured.county.onvif_url(camera), truth[camera.code]["onvif"])
        for camera in pictured.county.cameras
        if camera.expected and truth[camera.code]["onvif"] and camera.kind != "wrong_password"
    ]


def test_every_clock_shows_what_the_truth_says(pictured):
    seen = set()
    for camera, url, facts in told(pictured):
        status, tree = call(url, "GetSystemDateAndTime")
        utc = next(element for element in tree.iter() if element.tag.endswith("}UTCDateTime"))
        fields = [int(words(utc)[name]) for name in ("Year", "Month", "Day", "Hour", "Minute", "Second")]
        at = datetime(*fields, tzinfo=UTC)
        assert status == 200
        if facts["offset_s"] is None:
            assert at.year == 1970
        else:
            assert abs((at - datetime.now(UTC)).total_seconds() - facts["offset_s"]) < 5
        seen.add(camera.kind)
    assert {"healthy", "clock_off", "clock_zone", "clock_1970", "slow", "tls"} <= seen


def test_every_device_says_who_it_is(pictured):
    asked = [
        (c, url, facts) for c, url, facts in told(pictured) if "digest" in facts["login"] and c.kind != "slow"
    ]
    for camera, url, facts in asked[:40]:
        status, tree = call(url, "GetDeviceInformation", login=(camera.username, camera.password))
        said = words(tree)
        assert status == 200
        assert {
            "maker": said["Manufacturer"],
            "model": said["Model"],
            "firmware": said["FirmwareVersion"],
            "serial": said["SerialNumber"],
        } == {key: facts[key] for key in ("maker", "model", "firmware", "serial")}


def test_without_a_login_the_door_is_shut(pictured):
    for camera, url, facts in told(pictured)[:30]:
        status, tree = call(url, "GetDeviceInformation")
        if camera.username:
            assert status == (401 if "digest" in facts["login"] else 400)
            assert "NotAuthorized" in str(words(tree))
        else:
            assert status == 200


def test_each_channel_has_two_profiles_with_the_addresses_of_the_register(pictured):
    channels = [(c, url, f) for c, url, f in told(pictured) if c.device and "digest" in f["login"]]
    camera, url, _ = channels[0]
    login = (camera.username, camera.password)
    media = url.replace("device_service", "media_service")
    same = [c for c in pictured.county.cameras if c.host == camera.host]
    _, tree = call(media, "GetProfiles", login=login)
    tokens = [e.get("token") for e in tree.iter() if e.tag.endswith("}Profiles")]
    assert tokens == [f"ch{n}_{name}" for n in range(1, len(same) + 1) for name in ("main", "sub")]
    for number, channel in enumerate(same, 1):
        for name, path in (("main", channel.path), ("sub", channel.sub_path)):
            inside = f"<ProfileToken>ch{number}_{name}</ProfileToken>"
            _, tree = call(media, "GetStreamUri", inside, login)
            assert words(tree)["Uri"] == pictured.county.url(channel, path)
    status, _ = call(media, "GetStreamUri", "<ProfileToken>ch99_main</ProfileToken>", login)
    assert status == 400


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("healthy", 40, 200), ("black", 0, 16), ("no_signal", 30, 150)]
)
def test_the_snapshot_is_a_picture_of_the_scene(pictured, kind, low, high):
    camera, url, _ = next(
        t for t in told(pictured) if t[0].kind == kind and "digest" in t[2]["login"] and not t[0].device
    )
    login = (camera.username, camera.password)
    _, tree = call(url, "GetSnapshotUri", "<ProfileToken>ch1_main</ProfileToken>", login)
    before = pictured.cameras()[camera.code]["snapshots"]
    status, data = fetch(words(tree)["Uri"], None, login)
    assert status == 200
    assert fetch(words(tree)["Uri"], None, None)[0] == 401
    assert pictured.cameras()[camera.code]["snapshots"] == before + 1
    frame = av.CodecContext.create("mjpeg", "r").decode(av.Packet(data))[0]
    assert (frame.width, frame.height) == (704, 576)
    assert low <= frame.to_ndarray(format="gray").mean() <= high


def test_several_calls_on_one_connection(pictured):
    _, url, _ = told(pictured)[0]
    host = re.search(r"//([^/]+)", url)[1]
    line = http.client.HTTPConnection(host, timeout=10)
    for _ in range(3):
        line.request("POST", "/onvif/device_service", "<e:Body><t:GetServices/>")
        answer = line.getresponse()
        assert answer.status == 200
        assert b"media_service" in answer.read()
    line.request("GET", "/nowhere")
    assert line.getresponse().status == 404
    line.close()


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_nothing_a_caller_sends_raises(chunks):
    for device in list(HOSTS.values())[:3]:
        talk = OnvifTalk(device, 1)
        for chunk in chunks:
            assert isinstance(talk.received(b"POST /onvif/device_service HTTP/1.1\r\n" + chunk), Do)


def test_an_endless_request_is_cut_off():
    device = next(d for d in HOSTS.values() if d.kind.plain_options)
    head = b"POST /onvif/device_service HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    assert OnvifTalk(device, 1).received(head % (MAX_BODY + 1)).then == "close"
    assert OnvifTalk(device, 1).received(b"x" * 20_000).then == "close"
