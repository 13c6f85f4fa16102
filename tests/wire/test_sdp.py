from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.wire.sdp import SdpError, Session, parse_sdp
from tests.wire.replies import SDPS

BASE = "rtsp://10.1.2.3/live/"


def test_in_the_style_of_hikvision() -> None:
    session = parse_sdp(SDPS["in the style of Hikvision"], "rtsp://10.1.2.3/Streaming/Channels/101")
    video, audio = session.medias
    assert session.control == "rtsp://10.1.2.3:554/Streaming/Channels/101/"
    assert (video.kind, video.payload_types, video.codec, video.clock_rate) == ("video", (96,), "H264", 90000)
    assert video.control == "rtsp://10.1.2.3:554/Streaming/Channels/101/trackID=1"
    assert video.fmtp["packetization-mode"] == "1"
    assert [data[0] & 31 for data in video.parameter_sets()] == [7, 8]
    assert (audio.codec, audio.clock_rate) == ("PCMA", 8000)
    assert session.first("audio") is audio
    assert session.first("text") is None


def test_in_the_style_of_dahua() -> None:
    base = "rtsp://10.1.2.3/cam/realmonitor?channel=1&subtype=0"
    session = parse_sdp(SDPS["in the style of Dahua"], base)
    assert session.control == base
    assert [m.control for m in session.medias] == [f"{base}/trackID={i}" for i in (0, 1, 4)]
    assert [m.codec for m in session.medias] == ["H265", "MPEG4-GENERIC", "VND.ONVIF.METADATA"]
    assert [data[0] >> 1 for data in session.medias[0].parameter_sets()] == [32, 33, 34]


def test_gbk_name_and_static_payload() -> None:
    session = parse_sdp(SDPS["GBK name, LF only, blank lines, static payload"], BASE)
    assert session.name == "浏河镇 东门口"
    assert (session.medias[0].codec, session.medias[0].clock_rate) == ("JPEG", 90000)


@pytest.mark.parametrize(
    ("aggregate", "control", "session_url", "media_url"),
    [
        ("*", "*", "rtsp://h/a", "rtsp://h/a"),
        ("", "", "rtsp://h/a", "rtsp://h/a"),
        ("*", "trackID=1", "rtsp://h/a", "rtsp://h/a/trackID=1"),
        ("", "/trackID=1", "rtsp://h/a", "rtsp://h/a/trackID=1"),
        ("rtsp://g/b/", "t", "rtsp://g/b/", "rtsp://g/b/t"),
        ("sub", "t", "rtsp://h/a/sub", "rtsp://h/a/sub/t"),
        ("*", "RTSP://u:p@h:554/a/t", "rtsp://h/a", "RTSP://h:554/a/t"),
    ],
)
def test_controls(aggregate: str, control: str, session_url: str, media_url: str) -> None:
    lines = ["v=0", f"a=control:{aggregate}", "m=video 0 RTP/AVP 96", f"a=control:{control}"]
    session = parse_sdp("\n".join(line for line in lines if not line.endswith(":")).encode(), "rtsp://h/a")
    assert (session.control, session.medias[0].control) == (session_url, media_url)


@pytest.mark.parametrize("control", ["rtsp://h/a b", "a b", "é", "x\0y", "rtsp://h/" + "a" * 5000])
def test_controls_that_would_break_a_request(control: str) -> None:
    with pytest.raises(SdpError):
        parse_sdp(f"v=0\nm=video 0 RTP/AVP 96\na=control:{control}\n".encode("latin-1"), BASE)


def test_a_cr_ends_a_line_so_nothing_can_be_smuggled() -> None:
    session = parse_sdp(b"v=0\rm=video 0 RTP/AVP 96\ra=control:t\rX: y\r", BASE)
    assert session.medias[0].control == BASE + "t"


@pytest.mark.parametrize(
    ("text", "codec", "rate"),
    [
        ("m=video 0 RTP/AVP 96", "", 0),
        ("m=video 0 RTP/AVP 96 97\na=rtpmap:97 h265/90000", "H265", 90000),
        ("m=video 0 RTP/AVP 96\na=rtpmap: 96  H264", "H264", 0),
        ("m=audio 0 RTP/AVP 0", "PCMU", 8000),
        ("m=audio 0 RTP/AVP 0\na=rtpmap:0 PCMA/16000/1", "PCMA", 16000),
        ("m=video", "", 0),
        ("m=video 0 RTP/AVP x 999 ²", "", 0),
    ],
)
def test_codecs(text: str, codec: str, rate: int) -> None:
    media = parse_sdp(text.encode("latin-1"), BASE).medias[0]
    assert (media.codec, media.clock_rate) == (codec, rate)


def test_broken_parameter_sets_are_left_out() -> None:
    text = b"m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=A,,aO48gA==,\xff; =x; flag"
    media = parse_sdp(text, BASE).medias[0]
    assert media.parameter_sets() == (b"\x68\xee\x3c\x80",)
    assert media.fmtp["flag"] == ""


def test_a_description_without_medias() -> None:
    assert parse_sdp(b"\xef\xbb\xbfv=0\r\n", BASE) == Session("", BASE, ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"<html>not here</html>",
        b"s=only a name",
        b"m=\r\n",
        b"v=0\n" * 5000,
        b"v=0\n" + b"m=video 0 RTP/AVP 96\n" * 65,
        b"v=0\ns=" + b"x" * 33000,
        b"v=0\n" + b"x" * 262144,
    ],
)
def test_what_is_no_description(data: bytes) -> None:
    with pytest.raises(SdpError):
        parse_sdp(data, BASE)


def test_a_base_that_cannot_be_sent() -> None:
    with pytest.raises(SdpError):
        parse_sdp(b"v=0", "rtsp://h/\r\n")


LINES = st.sampled_from([line for data in SDPS.values() for line in data.splitlines(keepends=True)])


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES | st.binary(max_size=20), max_size=20).map(b"".join))
def test_any_bytes_are_a_description_or_the_one_error(data: bytes) -> None:
    try:
        session = parse_sdp(data, BASE)
    except SdpError:
        return
    for uri in (session.control, *(media.control for media in session.medias)):
        assert uri.isascii()
        assert uri.isprintable()
        assert " " not in uri
    for media in session.medias:
        media.parameter_sets()
