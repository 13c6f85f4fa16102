"""The seven calls: what is sent, and answers as makers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from camerahub.wire import onvif
from camerahub.wire.onvif import DeviceInfo, Profile, Service
from camerahub.wire.onvif_clock import DeviceTime
from camerahub.wire.soap import Fault, OnvifError
from camerahub.wire.url import HttpUrl

from .onvif_double import DEVICE_BODY, SOAP_11, enveloped, fault, time_body

URL = HttpUrl("http", "10.1.2.3", 80, "/onvif/device_service")


@pytest.mark.parametrize(
    "call",
    [
        onvif.GET_TIME,
        onvif.GET_DEVICE,
        onvif.GET_SERVICES,
        onvif.GET_CAPABILITIES,
        onvif.GET_PROFILES,
        onvif.get_stream_uri("a&<b>\"'"),
        onvif.get_snapshot_uri("东门\r\n"),
    ],
)
def test_requests_are_soap_12_with_their_action(call: onvif.Call) -> None:
    head, _, body = onvif.onvif_request(URL, call, authorization="Digest x").partition(b"\r\n\r\n")
    assert head.startswith(b"POST /onvif/device_service HTTP/1.1\r\nHost: 10.1.2.3\r\n")
    assert f'action="{call.service}/{call.name}"'.encode() in head
    assert b"\r\nAuthorization: Digest x" in head
    assert f"Content-Length: {len(body)}".encode() in head
    asked = etree.fromstring(body).find("{http://www.w3.org/2003/05/soap-envelope}Body")
    assert asked is not None
    assert asked[0].tag == f"{{{call.service}}}{call.name}"


def test_a_token_with_anything_in_it_comes_back_as_it_was() -> None:
    for token in ("a&<b>\"'", "东门\r\n\t1"):
        body = onvif.onvif_request(URL, onvif.get_stream_uri(token)).partition(b"\r\n\r\n")[2]
        assert next(etree.fromstring(body).iter("{*}ProfileToken")).text == token


def test_time() -> None:
    told = onvif.parse_time(enveloped(time_body(datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC))), "")
    assert told == DeviceTime(1_772_323_198_000, "CST-8", "NTP", False)


def moment(year: str, month: str, day: str, hour: str, minute: str, second: str) -> bytes:
    return enveloped(
        "<GetSystemDateAndTimeResponse><SystemDateAndTime><DaylightSavings>true</DaylightSavings><UTCDateTime><Time>"
        f"<Hour>{hour}</Hour><Minute>{minute}</Minute><Second>{second}</Second></Time><Date><Year>{year}</Year>"
        f"<Month>{month}</Month><Day>{day}</Day></Date></UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>",
        soap=SOAP_11,
    )


@pytest.mark.parametrize(
    ("fields", "utc_ms"),
    [
        (("1970", "1", "1", "0", "0", "0"), 0),
        (("2000", "02", "29", "08", "00", "00"), 951_811_200_000),
        (("2016", "12", "31", "23", "59", "60"), 1_483_228_799_000),
        (("2026", "2", "29", "0", "0", "0"), None),
        (("0", "1", "1", "0", "0", "0"), None),
        (("2026", "13", "1", "0", "0", "0"), None),
        (("2026", "1", "1", "24", "0", "0"), None),
        (("2026", "1", "1", "", "0", "0"), None),
        (("99999999999999999999", "1", "1", "0", "0", "0"), None),
        (("٢٠٢٦", "1", "1", "0", "0", "0"), None),
    ],
)
def test_moments(fields: tuple[str, str, str, str, str, str], utc_ms: int | None) -> None:
    told = onvif.parse_time(moment(*fields), "")
    assert told == DeviceTime(utc_ms, "", "", True)


def test_a_time_without_utc_is_untold_and_one_without_anything_is_no_answer() -> None:
    empty = "<GetSystemDateAndTimeResponse><SystemDateAndTime/></GetSystemDateAndTimeResponse>"
    assert onvif.parse_time(enveloped(empty), "") == DeviceTime(None)
    with pytest.raises(OnvifError):
        onvif.parse_time(enveloped("<GetSystemDateAndTimeResponse/>"), "")


def test_device_information() -> None:
    assert onvif.parse_device(enveloped(DEVICE_BODY), "") == DeviceInfo(
        "Invented", "东门 X1", "V1.2 build 3", "SN0001", "88"
    )
    some = enveloped("<GetDeviceInformationResponse><Model> a\n b </Model></GetDeviceInformationResponse>")
    assert onvif.parse_device(some, "") == DeviceInfo("", "a b", "", "", "")
    assert isinstance(onvif.parse_device(fault("ter:NotAuthorized"), ""), Fault)


def test_services_and_capabilities() -> None:
    listed = enveloped(
        "<tds:GetServicesResponse><tds:Service><tds:Namespace>urn:n</tds:Namespace>"
        "<tds:XAddr> http://h/x?a=1&amp;b </tds:XAddr>"
        "<tds:Version><tt:Major>21</tt:Major><tt:Minor>6</tt:Minor></tds:Version></tds:Service>"
        "<tds:Service/></tds:GetServicesResponse>"
    )
    assert onvif.parse_services(listed, "") == (
        Service("urn:n", "http://h/x?a=1&b", "21.06"),
        Service("", ""),
    )
    told = enveloped(
        "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:PTZ><tt:XAddr>http://h/p</tt:XAddr></tt:PTZ><tt:Media>"
        "<tt:XAddr>http://h/m</tt:XAddr></tt:Media><tt:Extension/></tds:Capabilities></tds:GetCapabilitiesResponse>"
    )
    found = onvif.parse_capabilities(told, "")
    assert found == (
        Service(onvif.MEDIA, "http://h/m"),
        Service("http://www.onvif.org/ver20/ptz/wsdl", "http://h/p"),
    )
    with pytest.raises(OnvifError):
        onvif.parse_capabilities(enveloped("<GetCapabilitiesResponse/>"), "")


def test_profiles() -> None:
    told = enveloped(
        '<trt:GetProfilesResponse><trt:Profiles token="a"><tt:Name>主码流</tt:Name><tt:VideoSourceConfiguration>'
        "<tt:SourceToken>VS</tt:SourceToken></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration><tt:Encoding>H264"
        "</tt:Encoding><tt:Resolution><tt:Width>2560</tt:Width><tt:Height>1440</tt:Height></tt:Resolution><tt:RateControl>"
        "<tt:FrameRateLimit>25.0</tt:FrameRateLimit><tt:BitrateLimit>x</tt:BitrateLimit></tt:RateControl>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
        '<trt:Profiles token="b"/><trt:Profiles/></trt:GetProfilesResponse>'
    )
    assert onvif.parse_profiles(told, "") == (
        Profile("a", "主码流", "VS", "H264", 2560, 1440, 25, None),
        Profile("b", "", "", "", None, None, None, None),
    )
    assert onvif.parse_profiles(enveloped("<GetProfilesResponse/>"), "") == ()


def test_lists_are_bounded() -> None:
    many = "<Profiles token='a'/>" * (onvif.MAX_PROFILES + 1)
    with pytest.raises(OnvifError) as caught:
        onvif.parse_profiles(enveloped(f"<GetProfilesResponse>{many}</GetProfilesResponse>"), "")
    assert caught.value.kind == "too_large"
    with pytest.raises(OnvifError):
        onvif.parse_services(enveloped(f"<GetServicesResponse>{'<Service/>' * 65}</GetServicesResponse>"), "")


@pytest.mark.parametrize(
    ("parse", "name"),
    [(onvif.parse_stream_uri, "GetStreamUri"), (onvif.parse_snapshot_uri, "GetSnapshotUri")],
)
def test_addresses_of_media(parse: object, name: str) -> None:
    assert callable(parse)
    told = enveloped(
        f"<{name}Response><MediaUri><Uri><![CDATA[rtsp://h/a?b&c]]></Uri></MediaUri></{name}Response>"
    )
    assert parse(told, "") == "rtsp://h/a?b&c"
    for empty in (
        f"<{name}Response/>",
        f"<{name}Response><MediaUri><Uri/></MediaUri></{name}Response>",
        "<Other/>",
    ):
        with pytest.raises(OnvifError):
            parse(enveloped(empty), "")
