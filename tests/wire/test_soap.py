"""Envelopes in and out: encodings, versions, prefixes, faults, and what a camera may not make us do."""

from __future__ import annotations

import base64
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from camerahub.wire.digest import Credential
from camerahub.wire.soap import (
    MAX_BODY,
    SOAP_FAULTS,
    Fault,
    OnvifError,
    answer_of,
    attribute,
    child,
    decoded,
    envelope,
    escape,
    number_of,
    open_envelope,
    parse_xml,
    text_of,
    username_token,
)

from .onvif_double import SOAP_11, SOAP_12, enveloped, fault


def test_the_digest_of_the_onvif_programmers_guide() -> None:
    """ONVIF Application Programmer's Guide, section 6.1.1.3: the worked example."""
    token = username_token(
        Credential("user", "userpassword"),
        base64.b64decode("LKqI6G/AikKCQrN0zqZFlg=="),
        "2010-09-16T07:50:45Z",
    )
    assert ">tuOSpGlFlIXsozq4HFNeeGeFLEI=<" in token
    assert ">LKqI6G/AikKCQrN0zqZFlg==<" in token
    assert "userpassword" not in token


@given(st.text(max_size=40))
def test_any_text_is_escaped_into_xml_and_comes_back(text: str) -> None:
    sent = envelope(
        "<x/>", username_token(Credential("u", "p"), b"n", "c").replace(">u<", f">{escape(text)}<")
    )
    root = etree.fromstring(sent)
    user = next(root.iter("{*}Username"))
    kept = (user.text or "").replace("?", "")
    assert kept == "".join(c for c in text if c != "?" and escape(c) != "?")


PREFIXES = [("SOAP-ENV", SOAP_12), ("s", SOAP_11), ("env", SOAP_12), ("_-.x", SOAP_11)]


@pytest.mark.parametrize(("prefix", "version"), PREFIXES)
def test_any_prefix_and_both_versions(prefix: str, version: str) -> None:
    found = answer_of(enveloped("<q:A xmlns:q='urn:x'>1</q:A>", soap=version, prefix=prefix), "A")
    assert not isinstance(found, Fault)
    assert found.text == "1"
    assert not isinstance(
        answer_of(f"<Envelope xmlns='{version}'><Body><A/></Body></Envelope>".encode(), "A"), Fault
    )


NAME = "浏河镇东门"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (f'<?xml version="1.0" encoding="GB2312"?><a>{NAME}</a>'.encode("gb18030"), ""),
        (
            f"<?xml version='1.0' encoding='gbk' standalone='yes'?>\n<a>{NAME}</a>".encode("gb18030"),
            "x; charset=utf-8",
        ),
        (f"<a>{NAME}</a>".encode("gb18030"), 'text/xml; charset="GBK"'),
        (f"<a>{NAME}</a>".encode("gb18030"), ""),
        (f'<?xml version="1.0" encoding="UTF-8"?><a>{NAME}</a>'.encode("gb18030"), ""),
        (f'<?xml version="1.0" encoding="GB2312"?><a>{NAME}</a>'.encode(), ""),
        (f'<?xml version="1.0" encoding="GB2312"?><a>{NAME}</a>'.encode("utf-8-sig"), ""),
        (f'<?xml version="1.0" encoding="UTF-16"?><a>{NAME}</a>'.encode("utf-16"), ""),
        (f" \r\n<?xml version='1.0'?><a>{NAME}</a>\r\n\0".encode(), ""),
        (f"<?xml version='1.0' encoding='punycode'?><a>{NAME}</a>".encode(), "x; charset=idna"),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    assert parse_xml(body, content_type).text == NAME


@given(st.binary(max_size=200), st.text(max_size=30))
def test_anything_is_decoded(body: bytes, content_type: str) -> None:
    assert isinstance(decoded(body, content_type), str)


BOMB = b"<!DOCTYPE l [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><l>&b;</l>"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "xml"),
        (b"<a>", "xml"),
        (b"<a>&undefined;</a>", "xml"),
        (b"\x00\x01", "xml"),
        (b"<html><br></html>", "xml"),
        (b"<a/>", "soap"),
        (b"<Envelope/>", "soap"),
        (b"<Envelope><Body/></Envelope>", "answer"),
        (b"<Envelope><Body><B/></Body></Envelope>", "answer"),
        (BOMB, "dtd"),
        (BOMB.decode().encode("utf-16"), "dtd"),
        (b"<?xml version='1.0'?><!DOCTYPE a SYSTEM 'http://198.51.100.1/x'><a/>", "dtd"),
        (b"<a>" * 100 + b"</a>" * 100, "too_large"),
        (b"<a>" * 300 + b"</a>" * 300, "xml"),
        (b"<a>" + b"<b/>" * 50_000 + b"</a>", "too_large"),
        (b"<a>" + b"x" * MAX_BODY + b"</a>", "too_large"),
    ],
)
def test_refused(body: bytes, kind: str) -> None:
    with pytest.raises(OnvifError) as caught:
        answer_of(body, "A")
    assert caught.value.kind == kind
    assert str(caught.value) == SOAP_FAULTS[kind]


def test_faults_of_soap_12() -> None:
    told = answer_of(fault("ter:NotAuthorized", text="The action requested requires\n authorization"), "A")
    assert told == Fault("Sender", ("NotAuthorized",), "The action requested requires authorization")
    assert told.not_authorized


@pytest.mark.parametrize(
    ("inner", "code", "refused"),
    [
        ("<faultcode>s:Client</faultcode><faultstring>ter:NotAuthorized</faultstring>", "Sender", True),
        ("<faultcode>SOAP-ENV:Server</faultcode><faultstring>busy</faultstring>", "Receiver", False),
        ("<faultcode>wsse:FailedAuthentication</faultcode>", "FailedAuthentication", True),
        ("<faultcode>s:Client.NotAuthorized</faultcode>", "Sender", True),
        (
            "<Code><Value>s:Receiver</Value></Code><Reason><Text>Sender not authorized</Text></Reason>",
            "Receiver",
            True,
        ),
        ("", "", False),
    ],
)
def test_faults_as_cameras_write_them(inner: str, code: str, refused: bool) -> None:
    told = answer_of(enveloped(f"<SOAP-ENV:Fault>{inner}</SOAP-ENV:Fault>", soap=SOAP_11), "A")
    assert isinstance(told, Fault)
    assert (told.code, told.not_authorized) == (code, refused)


def test_nested_subcodes_are_bounded() -> None:
    inner = ""
    for i in range(20):
        inner = f"<Subcode><Value>ter:C{19 - i}</Value>{inner}</Subcode>"
    told = answer_of(enveloped(f"<SOAP-ENV:Fault><Code><Value>x</Value>{inner}</Code></SOAP-ENV:Fault>"), "A")
    assert isinstance(told, Fault)
    assert told.subcodes == ("C0", "C1", "C2", "C3")


def test_texts_numbers_and_attributes_are_bounded() -> None:
    root = parse_xml(
        b"<a t='"
        + b"y" * 999
        + b"'><b> 1 <!--c-->  2 </b><c>"
        + b"x" * 999
        + b"</c><n>25.0</n><m>1e9</m></a>"
    )
    assert text_of(root, "b") == "1 2"
    assert len(text_of(root, "c")) == 256
    assert text_of(root, "c", "d") == ""
    assert number_of(root, "n") == 25
    assert number_of(root, "m") is None
    assert number_of(root, "c") is None
    assert len(attribute(root, "t")) == 256
    assert attribute(root, "u") == ""
    assert child(root, "b", "x") is None


def worst(body: bytes) -> float:
    """CPU seconds to read ``body`` as an answer, whatever comes of it."""
    began = time.process_time()
    with contextlib.suppress(OnvifError):
        answer_of(body, "A")
    return time.process_time() - began


LONG = b"u" * 150_000
HOSTILE = {
    "a long namespace over many elements": b"<Envelope xmlns='%b'><Body><A>%b</A></Body></Envelope>"
    % (LONG, b"<b/>" * 20_000),
    "many attributes": b"<Envelope %b/>" % b" ".join(b'a%d=""' % i for i in range(30_000)),
    "many namespaces": b"<Envelope %b/>" % b" ".join(b'xmlns:a%d="u"' % i for i in range(20_000)),
    "many references": b"<Envelope><Body>" + b"&amp;" * 70_000 + b"</Body></Envelope>",
    "many sections": b"<Envelope><Body>" + b"<![CDATA[x]]>" * 25_000 + b"</Body></Envelope>",
    "a declaration that never ends": b"<?xml " + b"encoding=" * 40_000,
    "nothing but openings": b"<a" * 39_000,
    "blanks": b" " * 380_000 + b"<",
    "a tower of faults": b"<Envelope><Body><Fault><Code>"
    + b"<Subcode>" * 200
    + b"</Subcode>" * 200
    + b"</Code></Fault></Body></Envelope>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_answer_costs_more_than_its_length_deserves(name: str) -> None:
    """Where it is quadratic, 384 KB take ten seconds; linear, some milliseconds."""
    assert len(HOSTILE[name]) <= MAX_BODY
    assert worst(HOSTILE[name]) < 1.0


def test_the_body_of_an_envelope() -> None:
    root, body = open_envelope(enveloped("<x/>"))
    assert not isinstance(body, Fault)
    assert child(root, "Body") is body
