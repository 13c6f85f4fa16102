"""WS-Discovery: the question every ONVIF camera of a network answers, and its answers read.

Sources: WS-Discovery 2005/04 (Probe and ProbeMatches, sections 5.2 and 5.3), ONVIF Core (types and scopes). Cameras
answer with ProbeMatches as they should, or with a single ProbeMatch right in the Body; both are read. A datagram comes
from anybody: at most 16 matches of bounded texts are taken, and an address of another host is never believed. This
file knows no sockets, no clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from camerahub.wire.onvif import DEVICE_PATH
from camerahub.wire.onvif_address import same_host
from camerahub.wire.soap import (
    SOAP_12,
    Fault,
    OnvifError,
    child,
    children,
    decoded,
    escape,
    open_envelope,
    text_of,
)
from camerahub.wire.url import HttpUrl, UrlError, split_http

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

PORT = 3702
GROUP = "239.255.255.250"
GROUP_6 = "ff02::c"
MAX_DATAGRAM = 16 * 1024
MAX_MATCHES = 16
MAX_WORDS = 64
_LIST = 8192

_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_NETWORK = "http://www.onvif.org/ver10/network/wsdl"
_SCOPE = re.compile(r"onvif://www\.onvif\.org/([A-Za-z_-]{1,32})/(.*)", re.IGNORECASE | re.DOTALL)


def probe_message(message_id: str) -> bytes:
    """The question, one datagram. ``message_id`` "urn:uuid:…", new for each search; answers repeat it."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP_12}" xmlns:a="{_ADDRESSING}" '
        f'xmlns:d="{_DISCOVERY}" xmlns:n="{_NETWORK}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{_DISCOVERY}/Probe</a:Action><a:MessageID>{escape(message_id)}</a:MessageID>'
        f"<a:ReplyTo><a:Address>{_ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>"
        f'<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>'
        "<s:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>"
    ).encode()


@dataclass(frozen=True, slots=True)
class Match:
    """One device that answered, as it told it: nothing here is checked.

    ``endpoint`` its lasting name (urn:uuid:…); ``types`` local names; ``xaddrs`` its service addresses, which may be
    anybody's: use ``address_at``.
    """

    endpoint: str
    types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    xaddrs: tuple[str, ...] = field(default=(), repr=False)

    def scope(self, category: str) -> str:
        """The value of ``onvif://www.onvif.org/<category>/…``, as text; several are joined by blanks; "" without."""
        found = (_SCOPE.match(scope) for scope in self.scopes)
        return " ".join(_unquoted(one[2]) for one in found if one and one[1].lower() == category)

    def address_at(self, host: str) -> HttpUrl:
        """The device service at ``host``, where the datagram came from.

        An address of that host as told; else the path of the first that is one, at ``host`` (scheme and port as
        told); else the path every device has. Raises ``UrlError`` when ``host`` is none.
        """
        told = [url for url in map(_http, self.xaddrs) if url is not None]
        for url in told:
            if same_host(url.host, host):
                return url
        if told:
            return HttpUrl(told[0].scheme, host, told[0].port, told[0].path)
        return HttpUrl("http", host, 80, DEVICE_PATH)


@dataclass(frozen=True, slots=True)
class Matches:
    """One answer: to which question (``relates_to``, "" when it does not say), and the devices in it."""

    relates_to: str
    found: tuple[Match, ...]


def parse_matches(datagram: bytes) -> Matches:
    """The matches of one datagram. Raises ``OnvifError`` for anything else: Hello, Bye, a Probe, a fault, noise."""
    if len(datagram) > MAX_DATAGRAM:
        raise OnvifError("too_large")
    root, body = open_envelope(datagram)
    if isinstance(body, Fault):
        raise OnvifError("answer")
    inner = child(body, "ProbeMatches")
    found = children(body if inner is None else inner, "ProbeMatch", MAX_MATCHES)
    if inner is None and not found:
        raise OnvifError("answer")
    return Matches(text_of(root, "Header", "RelatesTo"), tuple(_match(one) for one in found))


def _match(one: Element) -> Match:
    return Match(
        text_of(one, "EndpointReference", "Address"),
        tuple(word.rpartition(":")[2] for word in _words(one, "Types")),
        _words(one, "Scopes"),
        _words(one, "XAddrs"),
    )


def _words(one: Element, name: str) -> tuple[str, ...]:
    return tuple(text_of(one, name, most=_LIST).split(" ")[:MAX_WORDS]) if text_of(one, name) else ()


def _unquoted(value: str) -> str:
    return " ".join(decoded(unquote_to_bytes(value.strip("/"))).split())


def _http(told: str) -> HttpUrl | None:
    try:
        return split_http(told)[0]
    except UrlError:
        return None
