"""One JPEG over HTTP: RFC 9112 messages, RFC 7616 logins, RFC 9110 redirects and dates; Exif times by JEITA CP-3451."""

from __future__ import annotations

import hashlib
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.wire.digest import Credential
from camerahub.wire.exif import Taken, taken_at
from camerahub.wire.http import Limits
from camerahub.wire.snapshot import CHANGED_S, Seen, Shot, SnapshotSession, freshness, http_date, reason_of
from camerahub.wire.url import HttpUrl

URL = HttpUrl("http", "192.0.2.10", 80, "/snap.jpg")
TLS = HttpUrl("https", "192.0.2.10", 443, "/snap.jpg")
LOGIN = Credential("admin", "planted")
JPEG = b"\xff\xd8\xff\xdb" + bytes(40) + b"\xff\xd9"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
DIGEST = f'WWW-Authenticate: Digest realm="r", nonce="{NONCE}", qop="auth", algorithm=MD5'
BASIC = 'WWW-Authenticate: Basic realm="r"'


def answer(status: int = 200, body: bytes = JPEG, *headers: str, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} -", *headers, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def session(url: HttpUrl = URL, login: Credential | None = LOGIN, **options: object) -> SnapshotSession:
    one = SnapshotSession(url, login, cnonce=lambda: "0a4f113b", **options)  # type: ignore[arg-type]
    assert one.request().startswith(b"GET /snap.jpg HTTP/1.1\r\nHost: 192.0.2.10\r\n")
    return one


def told(one: SnapshotSession) -> tuple[str, int, int]:
    return one.reason, one.stage, one.status


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_picture_in_any_split(step: int) -> None:
    one, data = session(login=None), answer(200, JPEG, "Content-Type: image/jpeg")
    for at in range(0, len(data), step):
        assert one.received(data[at : at + step]) is None
    assert told(one) == ("ok", 4, 200)
    assert one.shot is not None
    assert one.shot.data == JPEG
    assert (one.taken, one.sent) == (len(data), False)


def test_in_chunks_and_until_the_camera_closes() -> None:
    one = session()
    one.received(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(JPEG), JPEG)
    )
    assert told(one) == ("ok", 4, 200)
    one = session()
    one.received(answer(200, JPEG, length=False))
    assert one.reason == ""
    assert not one.closed()
    assert told(one) == ("ok", 4, 200)


def test_one_challenge_is_answered_as_rfc_7616_says() -> None:
    one = session()
    sent = one.received(answer(401, b"no", BASIC, DIGEST))
    assert sent is not None
    found = re.search(r"\r\nAuthorization: Digest ([^\r]+)\r\n", sent.decode())
    assert found
    said = dict(re.findall(r'(\w+)="?([^",]*)', found[1]))
    secret, request = md5("admin:r:planted"), md5("GET:/snap.jpg")
    assert said["response"] == md5(f"{secret}:{NONCE}:00000001:0a4f113b:auth:{request}")
    assert b"planted" not in sent
    assert one.sent
    assert one.received(answer()) is None
    assert told(one) == ("ok", 4, 200)


def test_a_refusal_ends_it() -> None:
    one = session()
    assert one.received(answer(401, b"", DIGEST))
    assert one.received(answer(401, b"", DIGEST.replace("dcd9", "eeee"))) is None
    assert told(one) == ("auth", 2, 401)
    assert one.received(answer(401, b"", DIGEST)) is None


def test_basic_goes_over_tls_only_or_where_the_caller_says_so() -> None:
    one = session()
    assert one.received(answer(401, b"", BASIC)) is None
    assert (told(one), one.sent) == (("auth", 2, 401), False)
    for allowed in (session(TLS), session(basic_in_clear=True)):
        sent = allowed.received(answer(401, b"", BASIC))
        assert sent is not None
        assert b"\r\nAuthorization: Basic YWRtaW46cGxhbnRlZA==\r\n" in sent


def test_without_a_login_there_is_no_second_request() -> None:
    one = session(login=None)
    assert one.received(answer(401, b"", DIGEST)) is None
    assert told(one) == ("auth", 2, 401)


@pytest.mark.parametrize(
    "challenge",
    [answer(401, b"x", DIGEST, "Connection: close"), answer(401, b"x", DIGEST, length=False)],
    ids=["said", "until_close"],
)
def test_a_camera_that_closes_after_its_challenge_is_dialled_anew(challenge: bytes) -> None:
    one = session()
    assert one.received(challenge) is None
    assert one.reason == ""
    assert one.closed()
    assert b"Authorization: Digest" in one.request()
    one.received(answer())
    assert told(one) == ("ok", 4, 200)


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/now.jpg?channel=1", b"/now.jpg?channel=1"),
        ("http://192.0.2.10/now.jpg", b"/now.jpg"),
        ("http://192.0.2.10:80/now.jpg", b"/now.jpg"),
        ("http://192.0.2.11/now.jpg", b""),
        ("//192.0.2.11/now.jpg", b""),
        ("http://192.0.2.10:8080/now.jpg", b""),
        ("https://192.0.2.10/now.jpg", b""),
        ("http://192.0.2.10@192.0.2.11/now.jpg", b""),
        ("/snap.jpg", b""),
        ("/a b", b""),
        ("", b""),
    ],
)
def test_a_redirect_is_followed_to_the_same_server_only(location: str, leads: bytes) -> None:
    one = session()
    sent = one.received(answer(302, b"", f"Location: {location}"))
    if not leads:
        assert sent is None
        assert told(one) == ("not_found", 2, 302)
        return
    assert sent is not None
    assert sent.startswith(b"GET " + leads + b" HTTP/1.1\r\n")
    assert one.received(answer(302, b"", "Location: /again.jpg")) is None
    assert told(one) == ("not_found", 2, 302)


def test_after_a_redirect_the_login_is_for_the_new_path() -> None:
    one = session()
    one.received(answer(401, b"", DIGEST))
    sent = one.received(answer(307, b"", "Location: /now.jpg"))
    assert sent is not None
    assert b'uri="/now.jpg"' in sent
    assert b"nc=00000002" in sent
    one.received(answer())
    assert told(one) == ("ok", 4, 200)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (answer(404, b""), ("not_found", 2, 404)),
        (answer(400, b""), ("not_found", 2, 400)),
        (answer(403, b""), ("busy", 2, 403)),
        (answer(503, b""), ("busy", 2, 503)),
        (answer(407, b""), ("auth", 2, 407)),
        (b"HTTP/1.1 204 -\r\n\r\n", ("no_media", 3, 204)),
        (answer(200, b""), ("no_media", 3, 200)),
        (answer(200, b"<html>login</html>", "Content-Type: text/html"), ("protocol", 3, 200)),
        (answer(200, b"\x89PNG", "Content-Type: image/png"), ("codec_unsupported", 3, 200)),
        (
            answer(200, b"", "Content-Type: multipart/x-mixed-replace;boundary=b", length=False),
            ("codec_unsupported", 3, 200),
        ),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", ("protocol", 1, 0)),
        (b"SSH-2.0-x\r\n", ("protocol", 1, 0)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n", ("protocol", 3, 200)),
        (b"HTTP/1.1 503 -\r\nContent-Length: 500000000\r\n\r\n", ("busy", 2, 503)),
    ],
)
def test_what_is_no_picture(data: bytes, wanted: tuple[str, int, int]) -> None:
    one = session()
    assert one.received(data) is None
    assert told(one) == wanted


def test_500_mb_are_refused_at_the_head_and_an_endless_body_at_the_bound() -> None:
    one = session(limits=Limits(body=1000))
    one.received(answer(200, bytes(990), length=False))
    assert one.reason == ""
    one.received(bytes(20))
    assert told(one) == ("protocol", 3, 200)


def test_cut_short() -> None:
    one = session()
    one.received(answer()[:-3])
    assert not one.closed()
    assert told(one) == ("reset", 3, 200)
    one = session()
    assert not one.closed()
    assert told(one) == ("reset", 1, 0)


@given(st.lists(st.binary(max_size=60), max_size=8), st.booleans())
def test_whatever_a_camera_sends_nothing_is_raised(pieces: list[bytes], login: bool) -> None:
    one = session(login=LOGIN if login else None, limits=Limits(body=2000))
    for piece in [b"HTTP/1.1 ", *pieces]:
        one.received(piece)
    one.closed()
    assert 1 <= one.stage <= 4


def test_every_status_has_a_reason() -> None:
    assert {reason_of(status) for status in range(201, 600)} == {"no_media", "not_found", "auth", "busy"}


# --- freshness -------------------------------------------------------------------------------------------------------

NOW = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 section 5.6.7


@pytest.mark.parametrize(
    "value",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_three_forms_of_a_date(value: str) -> None:
    assert http_date(value) == NOW


@given(st.text(max_size=80))
def test_strange_dates_are_none(value: str) -> None:
    assert http_date(value) >= 0
    assert http_date("x" + value.replace(",", "")) >= 0


def shot(date: int = NOW, modified: int = 0, taken: Taken | None = None, data: bytes = JPEG) -> Shot:
    return Shot(data, date, modified, taken)


@pytest.mark.parametrize(
    ("picture", "wanted"),
    [
        (shot(), ""),
        (shot(modified=NOW - 300), "fresh"),
        (shot(modified=NOW - 301), "stale"),
        (shot(modified=NOW + 9000), ""),
        (shot(date=0, modified=NOW - 9000), ""),
        (shot(taken=Taken(NOW - 20, True)), "fresh"),
        (shot(taken=Taken(NOW - 301, True)), "stale"),
        (shot(modified=NOW, taken=Taken(NOW - 301, True)), "stale"),
        (shot(taken=Taken(NOW + 8 * 3600 - 20, False)), ""),  # a clock in Shanghai without its zone
        (shot(taken=Taken(NOW - 12 * 3600 - 301, False)), "stale"),
    ],
)
def test_a_first_look(picture: Shot, wanted: str) -> None:
    assert freshness(picture, picture.digest, NOW, None) == wanted


@pytest.mark.parametrize(
    ("same", "date", "before_date", "before_at", "wanted"),
    [
        (True, NOW, NOW - 60, NOW - 60, "stale"),
        (True, NOW, NOW, NOW - 60, ""),  # the same answer, out of a cache of HTTP: its Date says so
        (True, 0, 0, NOW - 60, "stale"),
        (True, 0, 0, NOW, ""),
        (True, NOW, 0, NOW - 60, "stale"),
        (False, NOW, NOW - 60, NOW - 60, "fresh"),
        (False, 0, 0, NOW - 60, "fresh"),
    ],
)
def test_a_second_look(same: bool, date: int, before_date: int, before_at: int, wanted: str) -> None:
    picture = shot(date)
    before = Seen(picture.digest if same else b"other", before_date, before_at)
    assert freshness(picture, picture.digest, NOW, before) == wanted


def test_changed_bytes_do_not_excuse_an_old_time() -> None:
    picture = shot(modified=NOW - 9000)
    assert freshness(picture, picture.digest, NOW, Seen(b"other", NOW - 60, NOW - 60)) == "stale"


# --- Exif ------------------------------------------------------------------------------------------------------------


def entry(order: str, tag: int, kind: int, count: int, value: int | bytes) -> bytes:
    tail = value.ljust(4, b"\0") if isinstance(value, bytes) else struct.pack(order + "I", value)
    return struct.pack(order + "HHI", tag, kind, count) + tail


def exif(order: str, original: bytes = b"", modified: bytes = b"", zone: bytes = b"") -> bytes:
    """A JPEG with IFD0 (DateTime, pointer) and an Exif IFD (DateTimeOriginal, OffsetTimeOriginal)."""
    texts = [(0x0132, modified, False), (0x9003, original, True), (0x9011, zone, True)]
    outer = [(tag, text) for tag, text, inner in texts if text and not inner]
    inner = [(tag, text) for tag, text, is_inner in texts if text and is_inner]
    outer_at = 8
    inner_at = outer_at + 2 + 12 * (len(outer) + 1) + 4
    text_at = inner_at + 2 + 12 * len(inner) + 4
    heap, entries = b"", {}
    for tag, text in outer + inner:
        entries[tag] = entry(order, tag, 2, len(text) + 1, text_at + len(heap))
        heap += text + b"\0"
    mark = b"II*\0" if order == "<" else b"MM\0*"
    tiff = mark + struct.pack(order + "IH", outer_at, len(outer) + 1)
    tiff += b"".join(entries[tag] for tag, _ in outer) + entry(order, 0x8769, 4, 1, inner_at) + bytes(4)
    tiff += (
        struct.pack(order + "H", len(inner)) + b"".join(entries[tag] for tag, _ in inner) + bytes(4) + heap
    )
    body = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe0\0\x04ab\xff\xe1" + struct.pack(">H", len(body) + 2) + body + b"\xff\xda\0\x02"


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_time_a_picture_was_taken(order: str) -> None:
    assert taken_at(exif(order, b"1994:11:06 08:49:37")) == Taken(NOW, False)
    assert taken_at(exif(order, modified=b"1994:11:06 08:49:37")) == Taken(NOW, False)
    assert taken_at(exif(order, b"1994:11:06 16:49:37", b"2001:01:01 00:00:00", b"+08:00")) == Taken(
        NOW, True
    )
    assert taken_at(exif(order, b"1994:11:06 05:19:37", zone=b"-03:30")) == Taken(NOW, True)
    assert taken_at(exif(order, b"0000:00:00 00:00:00")) is None
    assert taken_at(exif(order)) is None


def test_pictures_without_exif() -> None:
    assert taken_at(JPEG) is None
    assert taken_at(b"\xff\xd8") is None
    assert taken_at(b"\xff\xd8" + b"\xff\xe0\0\0" * 100_000) is None


@given(st.data())
def test_a_broken_exif_raises_nothing(data: st.DataObject) -> None:
    whole = bytearray(exif("<", b"1994:11:06 08:49:37", b"1994:11:06 08:49:37", b"+08:00"))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    taken_at(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


TIMES = st.integers(0, 2**33)
BEFORE = st.builds(Seen, st.sampled_from([bytes(32), hashlib.sha256(JPEG).digest()]), TIMES, TIMES)


@given(TIMES, TIMES, TIMES, st.booleans(), st.none() | BEFORE)
def test_judged_strictly_only_a_change_acquits(
    date: int, modified: int, at: int, zoned: bool, before: Seen | None
) -> None:
    shot = Shot(JPEG, date, modified, Taken(at, zoned))
    said = freshness(shot, shot.digest, at, before, strict=True)
    if said == "fresh":
        assert before is not None
        assert before.digest != shot.digest
        assert 0 <= at - before.at <= CHANGED_S
    assert (said == "stale") == (freshness(shot, shot.digest, at, before) == "stale"), "it convicts the same"
