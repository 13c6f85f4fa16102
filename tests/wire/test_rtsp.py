from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camerahub.wire.digest import Credential
from camerahub.wire.rtsp import (
    Denied,
    Interleaved,
    Limits,
    Redirected,
    Reply,
    Retry,
    RtspClient,
    ServerRequest,
    WireError,
)
from camerahub.wire.url import RtspUrl, UrlError
from tests.wire.feeding import bytewise, every_way, feed
from tests.wire.replies import CASES, GARBAGE, PUBLIC, Case, crlf

URL = RtspUrl("rtsp", "10.1.2.3", 554, "/Streaming/Channels/101")
SECRET = Credential("admin", "planted-Secret-1")
DIGEST = 'WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth"'


def described(credential: Credential | None = None) -> RtspClient:
    client = RtspClient(URL, credential)
    client.describe()
    return client


def ready() -> RtspClient:
    """A client that has logged in: DESCRIBE 401, answer, 200."""
    client = described(SECRET)
    client.receive(crlf("RTSP/1.0 401 Unauthorized", "CSeq: 1", DIGEST))
    client.receive(crlf("RTSP/1.0 200 OK", "CSeq: 2"))
    return client


def headers_of(request: bytes) -> dict[str, str]:
    head = request.decode().removesuffix("\r\n\r\n").split("\r\n")
    return dict(line.split(": ", 1) for line in head[1:])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replies_of_the_field_every_way(case: Case) -> None:
    events, error = every_way(described, case.data)
    assert error == ""
    last = events[-1]
    assert type(last).__name__ == case.kind
    assert isinstance(last, Reply | Denied | Redirected)
    assert last.status == case.status


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_one_documented_error_every_way(name: str) -> None:
    data, kind = GARBAGE[name]
    assert every_way(described, data) == ([], kind)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_credential_is_used_once_when_401(case: Case) -> None:
    client = described(SECRET)
    events = client.receive(case.data)
    if case.status in (401, 407):
        assert isinstance(events[-1], Retry)
        assert SECRET.password.encode() not in events[-1].data
        denied = Denied(case.status, events_schemes(case), tried=True, method="DESCRIBE")
        assert client.receive(case.data)[-1] == denied
    else:
        assert not any(isinstance(event, Retry) for event in events)


def events_schemes(case: Case) -> tuple[str, ...]:
    denied = described().receive(case.data)[-1]
    assert isinstance(denied, Denied)
    return denied.schemes


def test_requests_are_complete() -> None:
    client = RtspClient(URL)
    lines = client.describe().decode().split("\r\n")
    assert lines[0] == "DESCRIBE rtsp://10.1.2.3/Streaming/Channels/101 RTSP/1.0"
    assert lines[1] == "CSeq: 1"
    assert "Accept: application/sdp" in lines
    assert lines[-2:] == ["", ""]
    assert headers_of(client.options())["CSeq"] == "2"


def test_a_whole_session() -> None:
    client = described()
    client.options()
    client.receive(
        crlf("RTSP/1.0 200 OK", "CSeq: 1", "Content-Base: rtsp://10.1.2.3/x/")
        + crlf("RTSP/1.0 200 OK", "CSeq: 2", PUBLIC)
    )
    assert client.base_url == "rtsp://10.1.2.3/x/"
    request = client.setup("rtsp://10.1.2.3/x/trackID=1", 2)
    assert headers_of(request)["Transport"] == "RTP/AVP/TCP;unicast;interleaved=2-3"
    client.receive(
        crlf(
            "RTSP/1.0 200 OK",
            "CSeq: 3",
            "Session:  ABC123 ;timeout=90",
            "Transport: RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1",
        )
    )
    assert (client.session, client.session_timeout, client.channels) == ("ABC123", 90, [(4, 5)])
    play = client.play()
    assert play.startswith(b"PLAY rtsp://10.1.2.3/x/ RTSP/1.0\r\n")
    assert headers_of(play)["Session"] == "ABC123"
    events = client.receive(
        b"$\x04\x00\x02hi" + crlf("RTSP/1.0 200 OK", "CSeq: 4") + b"$\x05\x00\x00" + b"$\x04\x00\x01!"
    )
    assert events[0] == Interleaved(4, b"hi")
    assert isinstance(events[1], Reply)
    assert events[1].method == "PLAY"
    assert events[2:] == [Interleaved(5, b""), Interleaved(4, b"!")]
    assert client.keep_alive().startswith(b"GET_PARAMETER rtsp://10.1.2.3/x/ ")
    assert client.teardown().startswith(b"TEARDOWN rtsp://10.1.2.3/x/ ")
    assert client.closed() == []


@pytest.mark.parametrize(
    ("header", "session", "timeout"),
    [
        ("12345678", "12345678", 60),
        ("12345678;timeout=30", "12345678", 30),
        ('a-b_c;Timeout = "45"', "a-b_c", 45),
        ("x;foo=1;timeout=0", "x", 1),
        ("x;timeout=soon", "x", 60),
    ],
)
def test_session_header(header: str, session: str, timeout: int) -> None:
    client = RtspClient(URL)
    client.setup(str(URL))
    client.receive(crlf("RTSP/1.0 200 OK", "CSeq: 1", f"Session: {header}"))
    assert (client.session, client.session_timeout) == (session, timeout)


def test_keep_alive_is_options_unless_offered() -> None:
    assert RtspClient(URL).keep_alive().startswith(b"OPTIONS ")


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        (["Content-Base: rtsp://a/b/", "Content-Location: rtsp://c/d"], "rtsp://a/b/"),
        (["Content-Location: rtsp://c/d"], "rtsp://c/d"),
        (["Content-Base: rtsp://user:secret@a/b/"], "rtsp://a/b/"),
        (["Content-Base: nonsense here"], str(URL)),
        ([], str(URL)),
    ],
)
def test_base_of_controls(headers: list[str], base: str) -> None:
    client = described()
    client.receive(crlf("RTSP/1.0 200 OK", "CSeq: 1", *headers))
    assert client.base_url == base


def test_digest_signs_the_uri_as_sent_and_counts() -> None:
    client = ready()
    request = client.setup("rtsp://10.1.2.3/Streaming/Channels/101/trackID=1")
    login = headers_of(request)["Authorization"]
    assert 'uri="rtsp://10.1.2.3/Streaming/Channels/101/trackID=1"' in login
    assert "nc=00000002" in login


def test_stale_nonce_is_answered_once() -> None:
    client = described(SECRET)
    client.receive(crlf("RTSP/1.0 401 U", "CSeq: 1", DIGEST))
    stale = DIGEST.replace("n1", "n2") + ", stale=true"
    (retry,) = client.receive(crlf("RTSP/1.0 401 U", "CSeq: 2", stale))
    assert isinstance(retry, Retry)
    assert b'nonce="n2"' in retry.data
    again = crlf("RTSP/1.0 401 U", "CSeq: 3", stale.replace("n2", "n3"))
    assert client.receive(again) == [Denied(401, ("digest",), tried=True, method="DESCRIBE")]


def test_stale_with_the_same_nonce_is_a_refusal() -> None:
    client = described(SECRET)
    client.receive(crlf("RTSP/1.0 401 U", "CSeq: 1", DIGEST))
    reply = crlf("RTSP/1.0 401 U", "CSeq: 2", DIGEST + ", stale=true")
    assert client.receive(reply) == [Denied(401, ("digest",), tried=True, method="DESCRIBE")]


def test_a_renewed_nonce_is_answered_when_the_credential_is_proven() -> None:
    client = ready()
    client.setup(str(URL))
    (retry,) = client.receive(crlf("RTSP/1.0 401 U", "CSeq: 3", DIGEST.replace("n1", "n2")))
    assert isinstance(retry, Retry)
    (denied,) = client.receive(crlf("RTSP/1.0 401 U", "CSeq: 4", DIGEST.replace("n1", "n3")))
    assert isinstance(denied, Denied)


def test_a_refused_credential_is_never_sent_again() -> None:
    client = described(SECRET)
    refusal = crlf("RTSP/1.0 401 U", DIGEST)
    client.receive(refusal)
    assert client.receive(refusal) == [Denied(401, ("digest",), tried=True, method="DESCRIBE")]
    for request in (client.describe(), client.options(), client.teardown()):
        assert b"Authorization" not in request
    assert {type(event) for event in client.receive(refusal * 3)} == {Denied}


def test_nothing_usable_is_denied_untried() -> None:
    client = described(SECRET)
    reply = crlf("RTSP/1.0 401 U", "CSeq: 1", 'WWW-Authenticate: Negotiate, Digest algorithm=SM3, nonce="x"')
    assert client.receive(reply) == [Denied(401, ("negotiate", "digest"), tried=False, method="DESCRIBE")]


def test_redirects_are_told_without_secrets() -> None:
    (event,) = described(SECRET).receive(
        crlf("RTSP/1.0 302 F", "CSeq: 1", "Location: rtsp://u:pw@10.0.0.1/x")
    )
    assert event == Redirected(302, "rtsp://***@10.0.0.1/x", "DESCRIBE")


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 200), ("GET_PARAMETER", 200), ("REDIRECT", 501), ("RECORD", 501)]
)
def test_requests_of_the_camera_are_answered(method: str, status: int) -> None:
    (event,) = RtspClient(URL).receive(crlf(f"{method} rtsp://x/ RTSP/1.0", "CSeq: 41", body="ping\r\n"))
    assert isinstance(event, ServerRequest)
    assert event.data.startswith(f"RTSP/1.0 {status} ".encode())
    assert b"CSeq: 41\r\n" in event.data


def test_replies_in_the_wrong_order_find_their_requests() -> None:
    client = RtspClient(URL)
    client.options()
    client.describe()
    events = client.receive(crlf("RTSP/1.0 200 OK", "CSeq: 2") + crlf("RTSP/1.0 200 OK", "CSeq: 1"))
    assert [event.method for event in events if isinstance(event, Reply)] == ["DESCRIBE", "OPTIONS"]


def test_a_reply_nobody_asked_for_is_dropped() -> None:
    assert RtspClient(URL).receive(crlf("RTSP/1.0 200 OK", "CSeq: 1")) == []


def test_events_before_garbage_are_given_first() -> None:
    client = described()
    events = client.receive(crlf("RTSP/1.0 200 OK", "CSeq: 1") + b"\xff")
    assert len(events) == 1
    for _ in range(2):
        with pytest.raises(WireError):
            client.receive(b"more")
    with pytest.raises(WireError):
        client.closed()


@pytest.mark.parametrize(
    "data", [b"RTSP/1.0 200", b"RTSP/1.0 200 OK\r\n\r", b"$\0\0\4ab", CASES[0].data[:-1]]
)
def test_closed_inside_a_message(data: bytes) -> None:
    client = described()
    assert client.receive(data) == []
    with pytest.raises(WireError):
        client.closed()


@pytest.mark.parametrize(
    "control",
    ["x", "rtsp://a/b\r\nX: y", "rtsp://a/b c", "rtsp://a/浏", "http://a/b", "rtsp://a/" + "b" * 5000],
)
def test_no_injection_by_control_addresses(control: str) -> None:
    client = RtspClient(URL)
    for call in (client.setup, client.play, client.teardown):
        with pytest.raises(UrlError):
            call(control)


def test_too_many_open_requests_are_a_bug() -> None:
    client = RtspClient(URL)
    for _ in range(16):
        client.options()
    with pytest.raises(RuntimeError):
        client.options()
    with pytest.raises(ValueError, match="channel"):
        client.setup(str(URL), 255)


def test_reprs_hide_logins() -> None:
    client = described(SECRET)
    events = client.receive(crlf("RTSP/1.0 401 U", "CSeq: 1", 'WWW-Authenticate: Basic realm="x"'))
    assert repr(events) == "[<Retry DESCRIBE>]"
    assert "planted" not in repr(SECRET) + repr(client) + repr(described().receive(CASES[0].data))


# Pieces of dialogues, put together at random: more often meaningful than random bytes.
PIECES = [case.data for case in CASES] + [data for data, _ in GARBAGE.values() if len(data) < 400]
PIECES += [
    b"$\x00\x00\x02ab",
    b"\r\n",
    b"RTSP/1.0 ",
    b"200 OK",
    b"CSeq: 1\r\n",
    b"Content-Length: 5\r\n",
    b"\n\n",
]
STREAMS = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=6).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(STREAMS, st.lists(st.integers(1, 300), max_size=10), st.booleans())
@example(b"RTSP/1.0 200 OK\r\n\r\n\n\n$", [3], True)
def test_any_split_gives_the_same_events(data: bytes, cuts: list[int], with_login: bool) -> None:
    credential = SECRET if with_login else None
    whole = feed(described(credential), [data])
    parts, rest = [], data
    for cut in cuts:
        parts.append(rest[:cut])
        rest = rest[cut:]
    assert repr(feed(described(credential), [*parts, rest])) == repr(whole)
    assert repr(feed(described(credential), bytewise(data))) == repr(whole)


@settings(max_examples=200, deadline=None)
@given(st.lists(STREAMS, max_size=8), st.integers(0, 400), st.integers(0, 400))
def test_memory_is_bounded(parts: list[bytes], head: int, body: int) -> None:
    client = RtspClient(URL, limits=Limits(head=head, line=head, body=body, headers=4))
    for part in parts:
        try:
            client.receive(part)
        except WireError:
            break
        assert client.buffered <= max(head, body, 65539)
