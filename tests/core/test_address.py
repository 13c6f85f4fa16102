from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.address import AddressError, parse_address, parse_ip, without_secrets

REASONS = {"bad_url", "bad_scheme", "bad_host", "bad_port"}


@pytest.mark.parametrize(
    ("text", "plain", "user", "password"),
    [
        ("rtsp://192.0.2.1", "rtsp://192.0.2.1/", "", ""),
        ("RTSP://192.0.2.001:554/a?b=c", "rtsp://192.0.2.1/a?b=c", "", ""),
        ("rtsp://u:p%40%23@192.0.2.1:8554/x", "rtsp://192.0.2.1:8554/x", "u", "p@#"),
        ("rtsp://u:p@ss#w/o:rd@192.0.2.1/x", "rtsp://192.0.2.1/x", "u", "p@ss#w/o:rd"),
        ("rtsp://u:12/34@192.0.2.1/x", "rtsp://192.0.2.1/x", "u", "12/34"),
        ("rtsp://192.0.2.1/live@main", "rtsp://192.0.2.1/live@main", "", ""),
        ("rtsp://u:p@[2001:db8::1]:8554/x", "rtsp://[2001:db8::1]:8554/x", "u", "p"),
        ("rtsp://cam.example/user=a_password=b_channel=1_stream=0.sdp",
         "rtsp://cam.example/user={username}_password={password}_channel=1_stream=0.sdp", "a", "b"),
        ("rtsp://192.0.2.1/?x=1&user=a&pwd=b%20c&z", "rtsp://192.0.2.1/?x=1&user={username}&pwd={password}&z",
         "a", "b c"),
    ],
)  # fmt: skip
def test_split(text: str, plain: str, user: str, password: str) -> None:
    found = parse_address(text)
    assert (str(found), found.username, found.password) == (plain, user, password)
    again = parse_address(str(found))
    assert (str(again), again.username, again.password) == (plain, "", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("192.0.2.1", "bad_url"),
        ("rtsp://192.0.2.1/a b", "bad_url"),
        ("rtsp://" + "a" * 3000, "bad_url"),
        ("ftp://192.0.2.1/", "bad_scheme"),
        ("http://192.0.2.1/", "bad_scheme"),
        ("rtsp://", "bad_host"),
        ("rtsp://192.0.2.256/", "bad_host"),
        ("rtsp://u:p@/x", "bad_host"),
        ("rtsp://[::1/", "bad_host"),
        ("rtsp://192.0.2.1:0/", "bad_port"),
        ("rtsp://192.0.2.1:port/", "bad_port"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert caught.value.reason == reason


@given(st.text(max_size=60))
def test_only_the_documented_error(rest: str) -> None:
    try:
        found = parse_address("rtsp://" + rest)
    except AddressError as error:
        known = error.reason in REASONS and str(error) == error.reason
    else:
        known = True
        again = parse_address(str(found))
        assert (str(again), again.username, again.password) == (str(found), "", "")
        assert found.password not in repr(found) or len(found.password) < 8
    assert known


@given(st.text(alphabet="abcXYZ019@#/:?&=%+!$", min_size=1, max_size=20))
def test_a_password_never_stays_in_the_address(noise: str) -> None:
    secret = f"S3cr3t{noise}".replace("%", "")
    try:
        found = parse_address(f"rtsp://admin:{secret}@192.0.2.7:554/x")
    except AddressError:
        return
    if found.host == "192.0.2.7":
        assert "S3cr3t" not in str(found)
        assert "S3cr3t" not in repr(found)
    assert "S3cr3t" not in without_secrets(f"x rtsp://admin:{secret}@192.0.2.7:554/x y")


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_ip_by_hand_is_the_library(one: int, two: int, three: int, four: int) -> None:
    from ipaddress import ip_address

    text = f"{one}.{two}.{three}.{four}"
    ip = ip_address(text)
    sound = not (ip.is_unspecified or ip.is_multicast or text == "255.255.255.255")
    try:
        assert parse_ip(text) == text
    except AddressError:
        assert not sound
    else:
        assert sound
