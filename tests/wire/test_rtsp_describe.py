from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.wire.digest import Authenticator, Credential, parse_challenges, plain_answer, plain_challenge
from camerahub.wire.rtsp import Denied, Redirected, Reply, Retry, RtspClient, WireError
from camerahub.wire.rtsp_describe import quick_answer, quick_describe, quick_final
from camerahub.wire.url import RtspUrl
from tests.wire.feeding import bytewise
from tests.wire.replies import CASES, GARBAGE, Case, crlf
from tests.wire.test_rtsp import STREAMS

URL = RtspUrl("rtsp", "10.1.2.3", 8554, "/a?b=c")
LOGIN = Credential('ad"m\\in', "planted-Secret-1")
CNONCE = re.compile(rb'cnonce="[0-9a-f]{16}"|response="[0-9a-f]+"')
PLAIN = 'Digest realm="cam", nonce="n1", algorithm=MD5, qop="auth", stale=FALSE'


def cnonce() -> str:
    return "0123456789abcdef"


# -- challenges ---------------------------------------------------------------------------------------------------

NAMES = [
    "realm",
    "nonce",
    "qop",
    "opaque",
    "algorithm",
    "stale",
    "domain",
    "userhash",
    "Realm",
    "NONCE",
    "a_b",
    "",
]
TEXTS = [
    "",
    "cam",
    "auth",
    "auth,auth-int",
    "auth-int",
    "MD5",
    "SHA-256",
    "md5",
    "MD5-sess",
    "true",
    "x=y, z=1",
    "=",
    " ",
]
VALUES = st.sampled_from(TEXTS) | st.text(st.sampled_from('abZ09-=,. "\\\t\xe9'), max_size=8)
PARAMS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(NAMES),
    st.sampled_from(["=", "=", "=", " = ", ""]),
    VALUES.map('"{}"'.format) | VALUES,
    st.sampled_from([", ", ", ", ",", " ", ",  ", ""]),
)
CHALLENGES = st.builds(
    lambda scheme, params: scheme + " " + "".join(params),
    st.sampled_from(["Digest", "Digest", "digest", "DIGEST", "Basic", "basic", "Digest  "]),
    st.lists(PARAMS, max_size=6),
)


@settings(max_examples=1000, deadline=None)
@given(CHALLENGES | st.sampled_from([PLAIN, PLAIN + ",", PLAIN.lower(), f"{PLAIN}, {PLAIN}"]))
def test_a_plain_challenge_reads_like_a_careful_one(value: str) -> None:
    plain = plain_challenge(value)
    assert plain is None or [plain] == parse_challenges([value])


@settings(max_examples=1000, deadline=None)
@given(st.lists(CHALLENGES | st.sampled_from([PLAIN, 'Basic realm="cam"']), max_size=4))
def test_a_plain_answer_is_the_careful_answer(values: list[str]) -> None:
    plain = plain_answer(values, LOGIN, "DESCRIBE", str(URL), cnonce)
    if plain is not None:
        careful = Authenticator(LOGIN, cnonce=cnonce)
        assert plain == careful.answer(parse_challenges(values), "DESCRIBE", str(URL))


@pytest.mark.parametrize(
    "value",
    [
        PLAIN,
        'Digest realm="IP Camera(12345)", nonce="4e6d", stale="FALSE"',
        'Digest realm="Login to 3H0", qop="auth", nonce="1", opaque="2", algorithm="SHA-256"',
        'Digest realm="",nonce="1",opaque="",',
    ],
)
def test_what_most_cameras_send_is_plain(value: str) -> None:
    assert plain_challenge(value) is not None
    assert plain_answer(['Basic realm="x"', value], LOGIN, "DESCRIBE", str(URL), cnonce)


# -- the dialogue -------------------------------------------------------------------------------------------------


def careful(login: Credential | None, parts: list[bytes]) -> list[bytes | int | str]:
    """What the full machine sends and ends with."""
    client = RtspClient(URL, login)
    client.describe()
    said: list[bytes | int | str] = []
    try:
        for part in parts:
            for event in client.receive(part):
                if isinstance(event, Reply | Denied | Redirected):
                    return [*said, event.status]
                if isinstance(event, Retry):
                    said.append(CNONCE.sub(b"", event.data))
        client.receive(b"")
    except WireError as error:
        said.append(error.kind)
    return said


def quick(login: Credential | None, parts: list[bytes]) -> list[bytes | int | str] | None:
    """The same by the short way; None = it was left for the long way."""
    said: list[bytes | int | str] = []
    for part in parts:
        answer = quick_answer(part, login, quick_describe(URL)) if login and not said else None
        if answer is not None:
            said.append(CNONCE.sub(b"", answer))
            continue
        status = quick_final(part)
        return None if status is None else [*said, status]
    return said


def agree(parts: list[bytes]) -> None:
    for login in (LOGIN, None):
        said = quick(login, parts)
        assert said is None or said == careful(login, parts)


ASKED = crlf("RTSP/1.0 401 Unauthorized", "CSeq: 1", f"WWW-Authenticate: {PLAIN}")
FINAL = crlf("RTSP/1.0 200 OK", "CSeq: 2", "Content-Type: application/sdp", "Content-Length: 4") + b"v=0\n"


def test_the_request_is_that_of_the_machine() -> None:
    assert quick_describe(URL) == RtspClient(URL).describe()


def test_the_common_dialogue_takes_the_short_way() -> None:
    said = quick(LOGIN, [ASKED, FINAL])
    assert said is not None
    assert said[1:] == [200]
    assert said == careful(LOGIN, [ASKED, FINAL])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replies_of_the_field(case: Case) -> None:
    agree([case.data])
    agree([ASKED, case.data])
    agree([case.data, FINAL])


def test_most_replies_of_the_field_take_the_short_way() -> None:
    short = [case for case in CASES if quick(LOGIN, [case.data]) is not None]
    assert len(short) >= len(CASES) // 2


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_never_takes_the_short_way(name: str) -> None:
    assert quick(LOGIN, [GARBAGE[name][0]]) is None


@pytest.mark.parametrize("data", [ASKED, FINAL])
def test_what_is_not_whole_never_takes_the_short_way(data: bytes) -> None:
    seen = b""
    for byte in bytewise(data)[:-1]:
        seen += byte
        assert quick(LOGIN, [seen]) is None


DAMAGED = st.builds(
    lambda data, at, damage: data[: at % len(data)] + damage + data[at % len(data) + 1 :],
    st.sampled_from([ASKED, FINAL, *(case.data for case in CASES)]),
    st.integers(0, 2000),
    st.binary(max_size=3)
    | st.sampled_from([b"\r\n", b"\r\n\r\n", b"Content-Length: 0\r\n", b"\n ", b'"', b"\\"]),
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(DAMAGED | st.sampled_from([ASKED, FINAL]) | STREAMS, min_size=1, max_size=3))
def test_it_agrees_with_the_machine(parts: list[bytes]) -> None:
    agree(parts)
