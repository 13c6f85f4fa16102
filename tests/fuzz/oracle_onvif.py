"""What must hold for any answer of an ONVIF camera: HTTP, SOAP, the seven calls, WS-Discovery, the session."""

from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path

from camerahub.core.result import REASONS
from camerahub.wire import onvif
from camerahub.wire.digest import Credential
from camerahub.wire.http import HttpReader, Limits, WireError
from camerahub.wire.onvif_session import OnvifSession
from camerahub.wire.soap import MAX_TEXT, Fault, OnvifError
from camerahub.wire.url import HttpUrl, UrlError
from camerahub.wire.wsdiscovery import parse_matches
from tests.wire.onvif_double import DEVICE_BODY, NS, Double, enveloped, fault, http, profile

CORPUS = Path(__file__).resolve().parent / "corpus" / "onvif"
URL = HttpUrl("http", "10.1.2.3", 80, "/onvif/device_service")
SECRET = "planted-Secret-1"
LIMITS = Limits(head=768, line=256, body=512, headers=16)
#: CPU seconds one input may cost; an honest one takes a thousandth.
MOST_S = 1.0

PARSERS = (
    onvif.parse_time,
    onvif.parse_device,
    onvif.parse_services,
    onvif.parse_capabilities,
    onvif.parse_profiles,
    onvif.parse_stream_uri,
    onvif.parse_snapshot_uri,
)
NAMES = (
    "GetSystemDateAndTimeResponse",
    "GetDeviceInformationResponse",
    "GetServicesResponse",
    "GetCapabilitiesResponse",
    "GetProfilesResponse",
    "GetStreamUriResponse",
    "GetSnapshotUriResponse",
)


def run(data: bytes) -> None:
    """The first byte says which of five, and which call; nothing may take long."""
    if not data:
        return
    mode, data = data[0], data[1:]
    began = time.process_time()
    (soap, wrapped, matches, response, session)[mode % 8 % 5](data, mode >> 3)
    assert time.process_time() - began < MOST_S


def soap(data: bytes, which: int) -> None:
    """Any body is a value, a fault, or ``OnvifError``."""
    for parse in PARSERS if which == 6 else (PARSERS[which % 7],):
        try:
            told = parse(data, "")
        except OnvifError:
            continue
        if isinstance(told, Fault):
            assert len(told.subcodes) <= 4
            assert len(told.text) <= MAX_TEXT
        elif isinstance(told, onvif.DeviceInfo):
            assert all(len(text) <= MAX_TEXT for text in (told.maker, told.model, told.serial))


def wrapped(data: bytes, which: int) -> None:
    """The inside of an answer, so that the fuzzer need not find the envelope."""
    name = NAMES[which % 7].encode()
    start = b"<E:Envelope xmlns:E='e' %b><E:Body><%b>" % (NS.encode(), name)
    soap(start + data + b"</%b></E:Body></E:Envelope>" % name, which)


def matches(data: bytes, which: int) -> None:
    """Any datagram is matches at the host it came from, or ``OnvifError``."""
    del which
    with contextlib.suppress(OnvifError, UrlError):
        for match in parse_matches(data).found:
            assert len(match.scopes) <= 64
            match.scope("name")
            assert match.address_at("10.1.2.3").host == "10.1.2.3"


def _read(data: bytes, step: int) -> str:
    reader = HttpReader(LIMITS)
    try:
        for at in range(0, len(data), step):
            told = reader.receive(data[at : at + step])
            assert reader.buffered <= LIMITS.head + LIMITS.body + len(data)
            if told is not None:
                return f"{told.status} {told.body!r} {told.headers!r}"
        ended = reader.closed()
        return f"{ended.status} {ended.body!r}" if ended else ""
    except WireError as error:
        return error.kind


def response(data: bytes, which: int) -> None:
    """Any bytes are a response, none, or ``WireError``, alike in any split."""
    whole = _read(data, len(data) or 1)
    for step in (1, 7 + which):
        assert _read(data, step) == whole


def session(data: bytes, which: int) -> None:
    """Any answer to call number ``which``: the session ends with a reason, dials nobody else, tells no secret."""
    double = Double("open")
    machine = OnvifSession(URL, Credential("admin", SECRET), lambda: 1_800_000_000_000, most_profiles=2)
    fresh, sent = True, 0
    while (request := machine.next_request(fresh=fresh)) is not None:
        sent += 1
        assert sent <= 24
        assert SECRET.encode() not in request
        head = request.partition(b"\r\n\r\n")[0]
        assert head.count(b"\r") == head.count(b"\n")
        assert b"\r\nHost: 10.1.2.3\r\n" in head
        answer = data if sent == 1 + which % 7 else double.answer(request)
        if not machine.received(answer) and not machine.lost():
            return
        fresh = not machine.reusable
    reason, stage, _, facts = machine.result()
    assert reason in REASONS
    assert 1 <= stage <= 3
    assert SECRET not in repr(facts)


def seeds() -> list[bytes]:
    """Inputs of every kind: honest answers of the double, and hostile ones."""
    double = Double("open")
    found: list[bytes] = []
    bodies = [DEVICE_BODY, profile("P1", "H264", 1, 2), "<tt:Uri>rtsp://a:b@h/x</tt:Uri>"]
    bodies += [
        double._body(name.removesuffix("Response"), "<o:ProfileToken>P1</o:ProfileToken>") for name in NAMES
    ]
    for i, body in enumerate(bodies):
        found.append(bytes([0 | i % 7 << 3]) + enveloped(body))
        found.append(bytes([1 | i % 7 << 3]) + body.encode())
        found.append(
            bytes([4 | i % 7 << 3])
            + http(200, enveloped(body), framing=("length", "chunked", "close")[i % 3])
        )
    for subcode in ("ter:NotAuthorized", "ter:ActionNotSupported"):
        found.append(bytes([0]) + fault(subcode))
        found.append(bytes([4 | 1 << 3]) + http(400, fault(subcode)))
    challenge = 'WWW-Authenticate: Digest realm="cam", nonce="n", qop="auth"'
    found.append(bytes([4 | 1 << 3]) + http(401, b"", challenge))
    found.append(bytes([3]) + http(200, b"abcdef", framing="chunked"))
    found.append(bytes([3]) + b"HTTP/1.1 100 Continue\r\n\r\n" + http(301, b"x", "Location: http://h/"))
    found.append(bytes([0]) + b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    found.append(bytes([0]) + "<?xml version='1.0' encoding='GB2312'?><a>东门</a>".encode("gb18030"))
    match = (
        "<s:Envelope xmlns:s='s' xmlns:d='d'><s:Header><d:RelatesTo>q</d:RelatesTo></s:Header><s:Body><d:ProbeMatch>"
        "<d:Scopes>onvif://www.onvif.org/name/%E4 x</d:Scopes><d:XAddrs>http://h:1/x ftp://</d:XAddrs></d:ProbeMatch>"
        "</s:Body></s:Envelope>"
    )
    found.append(bytes([2]) + match.encode())
    return found


def write() -> None:
    """One file an input, named by its hash, as libFuzzer does."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    for data in seeds():
        (CORPUS / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    write()
