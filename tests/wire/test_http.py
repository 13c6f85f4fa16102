"""One response, whole, byte by byte and with something behind it; RFC 9112 by section."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.wire.http import HTTP_LIMITS, HttpReader, HttpResponse, Limits, WireError, http_request
from camerahub.wire.url import HttpUrl

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(*parts: bytes, limits: Limits = HTTP_LIMITS) -> HttpResponse | None:
    """What the parts give; the peer closes after the last."""
    reader = HttpReader(limits)
    for part in parts:
        response = reader.receive(part)
        if response is not None:
            return response
    return reader.closed()


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize(
    ("data", "status", "body", "reusable"),
    [
        (OK + b"Content-Length: 3\r\n\r\nabc", 200, b"abc", True),
        (OK + b"content-length :3\n\nabc".replace(b" :", b": "), 200, b"abc", True),
        (b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 500, b"", True),
        (b"HTTP/1.1 401 Unauthorized\nContent-Length: 1\n\nx", 401, b"x", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True),
        (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False),
        (OK + b"\r\nuntil it closes", 200, b"until it closes", False),
        (b"HTTP/1.1 204 Nothing\r\n\r\n", 204, b"", True),
        (CHUNKED + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", 200, b"abc0123456789", True),
        (CHUNKED + b"3\nabc\n0\nTrailer: x\n\n", 200, b"abc", True),
        (
            OK + b"Transfer-Encoding: Chunked\r\nContent-Length: 2\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            200,
            b"x",
            False,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", 200, b"x", True),
        (b"HTTP/1.1 302 Go\r\nLocation: http://198.51.100.1/\r\nContent-Length: 0\r\n\r\n", 302, b"", True),
        (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 200, b"ab", True),
        (OK + b"X-Folded: a\r\n b\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True),
    ],
)
def test_responses(data: bytes, status: int, body: bytes, reusable: bool) -> None:
    whole = read(data)
    assert whole is not None
    assert (whole.status, whole.body, whole.reusable) == (status, body, reusable)
    assert read(*bytewise(data)) == whole


def test_what_comes_behind_is_dropped_and_the_connection_not_used_again() -> None:
    for data in (OK + b"Content-Length: 3\r\n\r\nabc", CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"):
        response = read(data + b"HTTP/1.1 200 OK\r\n")
        assert response is not None
        assert (response.body, response.reusable) == (b"abc", False)


@pytest.mark.parametrize(
    "data", [b"", b"HTT", OK, OK + b"Content-Length: 3\r\n\r\nab", CHUNKED + b"3\r\nab", CHUNKED + b"0\r\n"]
)
def test_what_was_cut_short_is_no_response(data: bytes) -> None:
    assert read(data) is None
    assert read(*bytewise(data)) is None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"RTSP/1.0 200 OK\r\n\r\n", "protocol"),
        (b"SSH-2.0-dropbear\r\n", "protocol"),
        (b"HTTP/2 200\r\n\r\n", "protocol"),
        (b"HTTP/1.1 600 Odd\r\n\r\n", "protocol"),
        (b"HTTP/1.1 2 00\r\n\r\n", "protocol"),
        (OK + b"X: \x00\r\n\r\n", "protocol"),
        (OK + b"Content-Length: 500000000\r\n\r\n", "too_large"),
        (OK + b"Content-Length: +3\r\n\r\nabc", "protocol"),
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "protocol"),
        (OK + b"Transfer-Encoding: gzip, chunked, gzip\r\n\r\n", "protocol"),
        (CHUNKED + b"xyz\r\n", "protocol"),
        (CHUNKED + b"-1\r\n", "protocol"),
        (CHUNKED + b"3\r\nabcd\r\n", "protocol"),
        (CHUNKED + b"FFFFFFF\r\n", "too_large"),
        (CHUNKED + b"1" * 2000, "protocol"),
        (CHUNKED + b"0\r\nX: " + b"y" * 9000, "too_large"),
        (OK + b"X: y\r\n" * 200 + b"\r\n", "too_large"),
        (OK + b"X: " + b"y" * 9000 + b"\r\n\r\n", "too_large"),
        (b"HTTP/1.1 200 " + b"y" * 9000, "too_large"),
        (OK + b"X: y\r\n" * 3000, "too_large"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, "too_large"),
        (OK + b"\r\n" + b"x" * (HTTP_LIMITS.body + 1), "too_large"),
    ],
)
def test_refused(data: bytes, kind: str) -> None:
    with pytest.raises(WireError) as caught:
        read(data)
    assert caught.value.kind == kind
    if len(data) < 20_000:
        with pytest.raises(WireError):
            read(*bytewise(data))


def test_tiny_chunks_cost_no_more_than_a_large_body() -> None:
    limits = Limits(head=512, body=1000)
    padded = b"1;" + b"x" * 500 + b"\r\ny\r\n"
    with pytest.raises(WireError) as caught:
        read(CHUNKED + padded * 20, limits=limits)
    assert caught.value.kind == "too_large"


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_any_split_of_anything_gives_the_same(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start in (b"", OK + b"Content-Length: 9\r\n\r\n", CHUNKED, CHUNKED + b"5\r\n"):
        outcomes = []
        for parts in (
            [start + data],
            [start, *(data[a:b] for a, b in pairwise(places))],
        ):
            try:
                response = read(*parts)
                outcomes.append((response.status, response.body) if response else None)
            except WireError as error:
                outcomes.append(error.kind)  # type: ignore[arg-type]
        assert outcomes[0] == outcomes[1]


def test_a_request() -> None:
    sent = http_request(
        HttpUrl("http", "2001:db8::1", 8080, "/x?y"), b"<a/>", "text/xml", (("Authorization", "Z"),)
    )
    assert sent == (
        b"POST /x?y HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nUser-Agent: camerahub\r\nContent-Type: text/xml\r\n"
        b"Content-Length: 4\r\nAuthorization: Z\r\n\r\n<a/>"
    )
    with pytest.raises(ValueError):
        http_request(HttpUrl("http", "h", 80), b"", "x", (("A", "b\r\nC: d"),))


def test_bodies_are_not_printed() -> None:
    response = read(OK + b"Content-Length: 6\r\n\r\nsecret")
    assert "secret" not in repr(response)
