"""WS-Discovery 2005/04, sections 5.2 and 5.3, and what cameras make of it."""

from __future__ import annotations

import pytest
from lxml import etree

from camerahub.wire.soap import OnvifError
from camerahub.wire.url import UrlError
from camerahub.wire.wsdiscovery import MAX_DATAGRAM, Match, parse_matches, probe_message

SCOPES = (
    "onvif://www.onvif.org/name/%E6%B5%8F%E6%B2%B3%20A",
    "onvif://www.onvif.org/hardware/X1",
    "onvif://www.onvif.org/location/a",
    "onvif://www.onvif.org/location/b/",
)
ONE = (
    "<d:ProbeMatch><d:EndpointReference><a:Address>urn:uuid:1</a:Address></d:EndpointReference>"
    f"<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>{' '.join(SCOPES)}</d:Scopes>"
    "<d:XAddrs>http://192.0.2.10:8080/onvif/device_service http://10.1.2.3/odd</d:XAddrs></d:ProbeMatch>"
)


def answer(body: str, relates_to: str = "urn:uuid:q") -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
        f"<a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def test_the_question() -> None:
    root = etree.fromstring(probe_message("urn:uuid:<q>"))
    assert next(root.iter("{*}MessageID")).text == "urn:uuid:<q>"
    assert next(root.iter("{*}Action")).text == "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe"
    assert next(root.iter("{*}Types")).text == "n:NetworkVideoTransmitter"
    assert next(root.iter("{*}Types")).nsmap["n"] == "http://www.onvif.org/ver10/network/wsdl"


@pytest.mark.parametrize("body", [f"<d:ProbeMatches>{ONE}</d:ProbeMatches>", ONE])
def test_matches_as_the_standard_has_them_and_a_single_one(body: str) -> None:
    told = parse_matches(answer(body))
    assert told.relates_to == "urn:uuid:q"
    (match,) = told.found
    assert (match.endpoint, match.types) == ("urn:uuid:1", ("NetworkVideoTransmitter", "Device"))
    assert (match.scope("name"), match.scope("hardware"), match.scope("location")) == ("浏河 A", "X1", "a b")
    assert match.scope("profile") == ""


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("192.0.2.10", "http://192.0.2.10:8080/onvif/device_service"),
        ("10.1.2.3", "http://10.1.2.3/odd"),
        ("10.9.9.9", "http://10.9.9.9:8080/onvif/device_service"),
    ],
)
def test_only_the_host_that_answered_is_believed(host: str, url: str) -> None:
    assert str(parse_matches(answer(ONE)).found[0].address_at(host)) == url


def test_without_an_address_it_is_the_one_every_device_has() -> None:
    assert str(Match("e").address_at("10.1.2.3")) == "http://10.1.2.3/onvif/device_service"
    assert (
        str(Match("e", xaddrs=("ftp://x", "http://")).address_at("::1"))
        == "http://[::1]/onvif/device_service"
    )
    with pytest.raises(UrlError):
        Match("e").address_at("no host")


def test_names_in_gbk() -> None:
    scope = "onvif://www.onvif.org/name/" + "".join(f"%{byte:02X}" for byte in "浏河镇".encode("gb18030"))
    assert Match("e", scopes=(scope,)).scope("name") == "浏河镇"


def test_several_in_one_and_none_in_one() -> None:
    assert len(parse_matches(answer(f"<d:ProbeMatches>{ONE * 3}</d:ProbeMatches>")).found) == 3
    assert parse_matches(answer("<d:ProbeMatches/>")).found == ()


@pytest.mark.parametrize(
    ("datagram", "kind"),
    [
        (b"", "xml"),
        (b"\xff" * 100, "xml"),
        (probe_message("urn:uuid:q"), "answer"),
        (answer("<d:Hello/>"), "answer"),
        (answer("<s:Fault/>"), "answer"),
        (answer(f"<d:ProbeMatches>{'<d:ProbeMatch/>' * 17}</d:ProbeMatches>"), "too_large"),
        (b"<!DOCTYPE x><x/>", "dtd"),
        (b" " * (MAX_DATAGRAM + 1), "too_large"),
    ],
)
def test_everything_else_is_refused(datagram: bytes, kind: str) -> None:
    with pytest.raises(OnvifError) as caught:
        parse_matches(datagram)
    assert caught.value.kind == kind


def test_long_lists_are_cut() -> None:
    words = " ".join(f"http://192.0.2.1/{i}" for i in range(200))
    told = parse_matches(answer(f"<d:ProbeMatch><d:XAddrs>{words}</d:XAddrs></d:ProbeMatch>"))
    assert len(told.found[0].xaddrs) == 64
