from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camerahub.wire.url import URL_FAULTS, RtspUrl, UrlError, redact, request_uri, safe_uri, split_credentials


@pytest.mark.parametrize(
    ("typed", "address", "user", "password"),
    [
        ("rtsp://10.1.2.3/a/b", "rtsp://10.1.2.3/a/b", "", ""),
        (" RTSP://10.1.2.3:554 ", "rtsp://10.1.2.3/", "", ""),
        ("rtsps://cam:322/x", "rtsps://cam/x", "", ""),
        ("rtsp://10.1.2.3:8554/x?channel=1&subtype=0", "rtsp://10.1.2.3:8554/x?channel=1&subtype=0", "", ""),
        ("rtsp://admin:pw@h.cn/x", "rtsp://h.cn/x", "admin", "pw"),
        ("rtsp://admin:p@ss#1?:x@10.1.2.3:554/x", "rtsp://10.1.2.3/x", "admin", "p@ss#1?:x"),
        ("rtsp://a%40b:%E5%AF%86%2F1@h/x", "rtsp://h/x", "a@b", "密/1"),
        ("rtsp://admin:100%@h/x", "rtsp://h/x", "admin", "100%"),
        ("rtsp://admin:%C3%C0@h/", "rtsp://h/", "admin", "ÃÀ"),
        ("rtsp://admin@h/", "rtsp://h/", "admin", ""),
        ("rtsp://u:p@[2001:DB8::1]:8554/x", "rtsp://[2001:db8::1]:8554/x", "u", "p"),
        ("rtsp://h?x=1", "rtsp://h/?x=1", "", ""),
        ("rtsp://10.1.2.3/东门 1", "rtsp://10.1.2.3/%E4%B8%9C%E9%97%A8%201", "", ""),
        ("rtsp://10.1.2.3/a%20b@c", "rtsp://10.1.2.3/a%20b@c", "", ""),
    ],
)
def test_split(typed: str, address: str, user: str, password: str) -> None:
    split = split_credentials(typed)
    assert (str(split[0]), split[1], split[2]) == (address, user, password)
    assert split_credentials(str(split[0])) == (split[0], "", "")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("", "scheme"),
        ("http://h/", "scheme"),
        ("rtsp:/h", "scheme"),
        ("rtsp://", "host"),
        ("rtsp:///x", "host"),
        ("rtsp://[::1/x", "host"),
        ("rtsp://[::1]8/x", "host"),
        ("rtsp://[fe80::1%eth0]/x", "host"),
        ("rtsp://东门/x", "host"),
        ("rtsp://a b/x", "host"),
        ("rtsp://h:0/x", "port"),
        ("rtsp://h:65536/x", "port"),
        ("rtsp://h:٣/x", "port"),
        ("rtsp://h:5.5/x", "port"),
        ("rtsp://h/a\r\nX: y", "control"),
        ("rtsp://u%0d%0a:p@h/", "control"),
        ("rtsp://u:p%00@h/", "control"),
        ("rtsp://h/" + "a" * 5000, "too_long"),
        ("rtsp://h.cn/" + "东" * 1000, "too_long"),
        ("rtsp://admin:12/34@10.1.2.3/x", "slash"),
        ("rtsp://admin:secret/34@10.1.2.3/x", "port"),
        ("rtsp://admin:p@ss/wd@10.1.2.3/x", "slash"),
    ],
)
def test_refused(typed: str, kind: str) -> None:
    with pytest.raises(UrlError) as caught:
        split_credentials(typed)
    assert caught.value.kind == kind
    assert str(caught.value) == URL_FAULTS[kind]


@pytest.mark.parametrize(
    "fields",
    [
        ("http", "h", 1, "/"),
        ("rtsp", "h\r\n", 1, "/"),
        ("rtsp", "h", 1, "/a\n"),
        ("rtsp", "h", 1, "a"),
        ("rtsp", "", 1, "/"),
    ],
)
def test_no_address_is_built_that_could_break_a_request(fields: tuple[str, str, int, str]) -> None:
    with pytest.raises(UrlError):
        RtspUrl(*fields)


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("rtsp:/@#?%[]. \r\n1a", max_size=40).map(lambda t: "rtsp://" + t))
def test_any_text_is_an_address_or_the_one_error(text: str) -> None:
    try:
        address, user, password = split_credentials(text)
    except UrlError:
        return
    assert str(address).isascii()
    assert not any(c <= " " or c == "\x7f" for c in str(address))
    assert split_credentials(str(address))[0] == address
    assert "\r" not in user + password


@settings(deadline=None)
@given(st.text("rtsp:/@#?%[]. \r\n1aA054322", max_size=40).map(lambda t: "rtsp://" + t))
@example("rtsp://10.1.2.3/a")
@example("rtsp://10.1.2.3:554/a")
@example("rtsp://10.1.2.3:0554/a")
@example("rtsps://10.1.2.3:322/a")
@example("rtsps://10.1.2.3:554/a")
@example("rtsp://10.1.2.3:8554/a?b=c")
@example("rtsp://10.1.2.3:65536/a")
@example("rtsp://10.1.2.3:0/a")
@example("rtsp://10.1.2.3:00000/a")
def test_the_quick_road_to_a_request_line_says_what_the_long_one_does(text: str) -> None:
    assert _said(lambda: request_uri(text)) == _said(lambda: str(split_credentials(text)[0]))


def _said(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except UrlError as error:
        return error.kind


@settings(deadline=None)
@given(st.text("aB1@:#?=&!$.", min_size=1, max_size=20))
def test_passwords_round_trip_and_are_masked(password: str) -> None:
    typed = f"rtsp://admin:{password}@10.1.2.3/x"
    assert split_credentials(typed)[1:] == ("admin", password)
    assert redact(f"dial {typed} failed") == "dial rtsp://***@10.1.2.3/x failed"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("rtsp://10.1.2.3:554/cam@1", "rtsp://10.1.2.3:554/cam@1"),
        ("rtsp://u:p/w@10.1.2.3/x", "rtsp://***@10.1.2.3/x"),
        ("rtsp://u:p@a/x and http://v:q@b/y", "rtsp://***@a/x and http://***@b/y"),
        ("/user=admin&password=secret&channel=1", "/user=admin&password=***&channel=1"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_redact(text: str, masked: str) -> None:
    assert redact(text) == masked


@pytest.mark.parametrize(
    ("uri", "safe"),
    [
        ("rtsp://10.1.2.3:554/a/trackID=1", "rtsp://10.1.2.3:554/a/trackID=1"),
        ("RTSP://u:p@h/x?y=a@b", "RTSP://h/x?y=a@b"),
        ("rtsp://u:p@h", "rtsp://h"),
    ],
)
def test_safe_uri(uri: str, safe: str) -> None:
    assert safe_uri(uri) == safe
