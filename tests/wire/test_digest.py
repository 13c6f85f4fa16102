from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.wire.digest import MAX_CHALLENGES, Authenticator, Credential, parse_challenges
from camerahub.wire.url import UrlError

MUFASA = Credential("Mufasa", "Circle of Life")
RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answer(
    value: str, credential: Credential = MUFASA, cnonce: str = CNONCE, uri: str = "/dir/index.html"
) -> str:
    given_ = Authenticator(credential, cnonce=lambda: cnonce).answer(parse_challenges([value]), "GET", uri)
    assert given_ is not None
    return given_


def fields(header: str) -> dict[str, str]:
    return {k: v.strip('"') for k, v in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s,]+)', header)}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    seen = fields(answer(RFC7616.format(algorithm)))
    assert seen["response"] == response
    assert (seen["nc"], seen["qop"], seen["algorithm"]) == ("00000001", "auth", algorithm)
    assert seen["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_rfc_2617_section_3_5() -> None:
    value = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    seen = fields(answer(value, Credential("Mufasa", "Circle Of Life"), "0a4f113b"))
    assert seen["response"] == "6629fae49393a05397450978507c4ef1"


def test_rfc_2069_without_qop() -> None:
    """RFC 2069 section 2.4 with the response of its erratum 749."""
    value = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    seen = fields(answer(value, Credential("Mufasa", "CircleOfLife")))
    assert seen["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert "cnonce" not in seen


@pytest.mark.parametrize(("name", "hash_"), [("MD5-sess", hashlib.md5), ("SHA-256-sess", hashlib.sha256)])
def test_session_keys(name: str, hash_: type) -> None:
    def h(text: str) -> str:
        return hash_(text.encode()).hexdigest()

    seen = fields(answer(f'Digest realm="r", nonce="n", qop=auth, algorithm={name}', cnonce="c"))
    a1 = h(f"{h('Mufasa:r:Circle of Life')}:n:c")
    assert seen["response"] == h(f"{a1}:n:00000001:c:auth:{h('GET:/dir/index.html')}")
    seen = fields(answer(f'Digest realm="r", nonce="n", algorithm={name}', cnonce="c"))
    assert seen["response"] == h(f"{a1}:n:{h('GET:/dir/index.html')}")
    assert seen["cnonce"] == "c"


def test_userhash() -> None:
    seen = fields(answer('Digest realm="r", nonce="n", userhash=true'))
    assert seen["username"] == hashlib.md5(b"Mufasa:r").hexdigest()
    assert seen["userhash"] == "true"


def test_basic_in_utf_8() -> None:
    assert answer('Basic realm="x"', Credential("用户", "密:码")) == "Basic 55So5oi3OuWvhjrnoIE="


def test_basic_cannot_carry_a_colon_in_the_user() -> None:
    login = Authenticator(Credential("a:b", "c"))
    assert login.answer(parse_challenges(['Basic realm="x"']), "GET", "/") is None
    assert not login.refused


BEST = [
    (['Basic realm="x"', 'Digest nonce="a"', 'Digest nonce="b", algorithm=SHA-256'], "SHA-256"),
    (
        ['Basic realm="x", Digest realm="y", nonce="a", algorithm=MD5, Digest nonce="b",algorithm="sha-256"'],
        "sha-256",
    ),
    (['Digest nonce="a", algorithm=SM3', 'Digest nonce="b", algorithm=MD5'], "MD5"),
    (
        ['Digest nonce="a", qop="auth-int", algorithm=SHA-256', 'Digest nonce="b", algorithm="MD5-sess"'],
        "MD5-sess",
    ),
    (["Digest algorithm=SHA-256", 'Digest nonce="b", algorithm=MD5'], "MD5"),
]


@pytest.mark.parametrize(("values", "algorithm"), BEST)
def test_the_best_of_several_is_taken(values: list[str], algorithm: str) -> None:
    header = Authenticator(MUFASA).answer(parse_challenges(values), "GET", "/")
    assert header is not None
    assert fields(header)["algorithm"] == algorithm


def test_basic_is_the_last_resort() -> None:
    offers = parse_challenges(['Negotiate abc==, Basic realm="x", Digest nonce="a", algorithm=SM3'])
    assert [c.scheme for c in offers] == ["basic", "negotiate", "digest"]
    assert (Authenticator(MUFASA).answer(offers, "GET", "/") or "").startswith("Basic ")


def test_a_refused_basic_or_sha_256_never_falls_back() -> None:
    for first in ('Basic realm="x"', 'Digest nonce="a", algorithm=SHA-256'):
        login = Authenticator(MUFASA)
        assert login.answer(parse_challenges([first]), "GET", "/")
        second = parse_challenges([first, 'Digest nonce="b", algorithm=MD5', 'Basic realm="x"'])
        assert login.answer(second, "GET", "/") is None
        assert login.refused
        assert login.authorize("GET", "/") is None


def test_counting_and_renewal() -> None:
    login = Authenticator(MUFASA)
    assert login.authorize("GET", "/") is None
    first = fields(login.answer(parse_challenges(['Digest nonce="a", qop=auth']), "GET", "/") or "")
    second = fields(login.authorize("GET", "/x") or "")
    assert (first["nc"], second["nc"]) == ("00000001", "00000002")
    assert first["cnonce"] == second["cnonce"]
    login.accepted()
    third = fields(login.answer(parse_challenges(['Digest nonce="b", qop=auth']), "GET", "/") or "")
    assert (third["nonce"], third["nc"]) == ("b", "00000001")
    assert third["cnonce"] != first["cnonce"]


def test_quotes_and_bytes_of_the_realm_come_back_as_they_were() -> None:
    realm = "东门".encode("gb18030").decode("latin-1")
    header = answer(f'Digest realm="{realm} \\"1\\"", nonce="n"', Credential('ad"min', "x"))
    assert f'realm="{realm} \\"1\\""' in header
    assert 'username="ad\\"min"' in header
    assert header.encode("latin-1")


@pytest.mark.parametrize("user", ["a\r\nX: y", "a\nb", "a\0", "\x7f"])
def test_no_injection_by_user_names(user: str) -> None:
    with pytest.raises(UrlError):
        Credential(user, "x")


def test_repr_hides_the_password() -> None:
    assert "Circle" not in repr(MUFASA) + repr(Authenticator(MUFASA))


def test_no_more_than_sixteen() -> None:
    assert len(parse_challenges(["Basic, " * 100])) == MAX_CHALLENGES


@settings(deadline=None)
@given(
    st.lists(st.text('Digestbasic realmnonceqop="\\, \t\r\n\x80é,', max_size=80), max_size=4),
    st.text(max_size=9),
)
def test_any_header_is_answered_safely(values: list[str], password: str) -> None:
    offers = parse_challenges(values)
    header = Authenticator(Credential("u", password)).answer(offers, "GET", "/")
    if header is not None:
        assert header.encode("latin-1", "strict")
        assert not re.search(r"[\r\n\0]", header)
