"""Addresses a camera tells are repaired, or refused; nobody else is ever dialled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.wire.digest import Credential
from camerahub.wire.onvif_address import repair_http, repair_rtsp, service_at
from camerahub.wire.soap import OnvifError
from camerahub.wire.url import HttpUrl

DIALLED = HttpUrl("http", "10.1.2.3", 8080, "/onvif/device_service")


@pytest.mark.parametrize(
    ("told", "url", "replaced"),
    [
        ("http://10.1.2.3/pic?a=b", "http://10.1.2.3/pic?a=b", False),
        ("http://10.1.2.3:81/pic", "http://10.1.2.3:81/pic", False),
        ("HTTPS://10.1.2.3/pic", "https://10.1.2.3/pic", False),
        ("http://192.168.1.64/pic?a=b", "http://10.1.2.3:8080/pic?a=b", True),
        ("https://192.168.1.64:443/pic", "http://10.1.2.3:8080/pic", True),
        ("http://127.0.0.1/x", "http://10.1.2.3:8080/x", True),
        ("http://cam.example/x", "http://10.1.2.3:8080/x", True),
        ("http://[fe80::1]/x", "http://10.1.2.3:8080/x", True),
        (" http://10.1.2.3/a b ", "http://10.1.2.3/a%20b", False),
    ],
)
def test_http(told: str, url: str, replaced: bool) -> None:
    address = repair_http(told, DIALLED)
    assert (address.url, address.replaced, address.login) == (url, replaced, None)


@pytest.mark.parametrize(
    ("told", "url", "replaced"),
    [
        ("rtsp://10.1.2.3:554/a?b=c", "rtsp://10.1.2.3/a?b=c", False),
        ("rtsp://192.168.1.64:8554/a?b=c&d", "rtsp://10.1.2.3:8554/a?b=c&d", True),
        ("rtsp://192.168.1.64/a", "rtsp://10.1.2.3/a", True),
        ("rtsps://0.0.0.0:322/a", "rtsps://10.1.2.3/a", True),
        (
            "rtsp://10.1.2.3:554/user=admin_password=x_channel=1.sdp",
            "rtsp://10.1.2.3/user=admin_password=x_channel=1.sdp",
            False,
        ),
    ],
)
def test_rtsp(told: str, url: str, replaced: bool) -> None:
    address = repair_rtsp(told, DIALLED)
    assert (address.url, address.replaced) == (url, replaced)


def test_a_login_in_an_address_is_split_off_and_not_printed() -> None:
    for repaired in (
        repair_rtsp("rtsp://a:geheim@1.1.1.1/x", DIALLED),
        repair_http("http://a:geheim@1.1.1.1/x", DIALLED),
    ):
        assert repaired.login == Credential("a", "geheim")
        assert "geheim" not in repaired.url + repr(repaired)


def test_services_are_asked_where_the_device_was_dialled() -> None:
    assert (
        str(service_at("https://192.168.1.64:81/onvif/Media?x", DIALLED))
        == "http://10.1.2.3:8080/onvif/Media?x"
    )
    assert str(service_at("http://10.1.2.3:22/m", DIALLED)) == "http://10.1.2.3:8080/m"


@pytest.mark.parametrize(
    "told", ["", "/onvif/Media", "file:///etc/passwd", "http://", "rtsp://[::1", "http://h/" + "a" * 5000]
)
def test_refused(told: str) -> None:
    for repair in (repair_http, repair_rtsp, service_at):
        with pytest.raises(OnvifError) as caught:
            repair(told, DIALLED)
        assert caught.value.kind == "address"


def test_addresses_are_compared_by_value() -> None:
    dialled = HttpUrl("http", "2001:db8::1", 80)
    assert not repair_rtsp("rtsp://[2001:DB8:0::1]/x", dialled).replaced
    assert not repair_http("http://CAM.example/x", HttpUrl("http", "cam.example", 80)).replaced


@given(st.text(max_size=60))
def test_whatever_is_told_the_host_is_the_one_dialled(words: str) -> None:
    for told in (words, "http://" + words, "rtsp://" + words):
        for repair in (repair_http, repair_rtsp):
            try:
                url = repair(told, DIALLED).url
            except OnvifError:
                continue
            assert url.partition("://")[2].startswith(("10.1.2.3/", "10.1.2.3:"))
            assert all("!" <= letter <= "~" for letter in url)
