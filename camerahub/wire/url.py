"""Addresses of streams and of ONVIF services: split, checked, and printed without credentials.

Technicians type ``rtsp://admin:p@ss#1@10.1.2.3/Streaming/Channels/101`` into tables; from here on the address
and the secret go separate ways. This file knows neither headers nor sockets. What it lets through can stand in
a request line: visible ASCII only, so no CR, LF or blank ever reaches the wire from an address.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

MAX_URL = 4096
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
HTTP_PORTS = {"http": 80, "https": 443}

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?\Z")
_PATH = re.compile(r"/[!-~]*\Z")
_VISIBLE = re.compile(r"[!-~]+\Z")
#: What a register holds: no credentials, nothing to decode, encode or turn into lower case.
_SETTLED = re.compile(
    r"(rtsps?)://([a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?)(?::(\d{1,5}))?(/[!-?A-~]{0,4000})\Z", re.ASCII
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"(rtsps?)://", re.IGNORECASE)
_HTTP_SCHEME = re.compile(r"(https?)://", re.IGNORECASE)
_PLAIN_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?"
_USERINFO = re.compile(rf"://(?!{_PLAIN_HOST}(?:[/?#\s]|\Z))\S{{0,{MAX_URL}}}@")
_SECRET_FIELD = re.compile(r"(pass(?:word|wd)?|pwd)=[^\s&\"'<>]*", re.IGNORECASE)


#: What can be wrong with an address.
URL_FAULTS = {
    "scheme": "the address must begin with rtsp:// or rtsps://",
    "http_scheme": "the address must begin with http:// or https://",
    "host": "the host is neither a name nor an address",
    "port": "the port must be a number from 1 to 65535",
    "path": "the path must begin with / and hold visible ASCII only",
    "too_long": "the address is longer than 4096 characters",
    "control": "there are blanks or control characters where none may be",
    "slash": "there is an @ after the first /: write / in a password as %2F",
}


class UrlError(ValueError):
    """The address cannot be used. The message names what is wrong and repeats nothing of the address.

    ``kind`` is one of ``URL_FAULTS``, for words in other languages.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(URL_FAULTS[kind])
        self.kind = kind


@dataclass(frozen=True, slots=True)
class RtspUrl:
    """A stream address without credentials.

    ``scheme`` "rtsp" or "rtsps"; ``host`` a name, an IPv4 or an IPv6 address (no brackets); ``port`` 1..65535;
    ``path`` begins with "/" and holds the query, visible ASCII. Raises ``UrlError`` for anything else.
    ``str()`` is the request-URI; the default port is left out.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"

    def __post_init__(self) -> None:
        if self.scheme not in DEFAULT_PORTS:
            raise UrlError("scheme")
        _check(self.host, self.port, self.path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """The address of an HTTP service without credentials; fields and errors as in ``RtspUrl``.

    ``scheme`` "http" or "https"; ``str()`` leaves the default port out.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"

    def __post_init__(self) -> None:
        if self.scheme not in HTTP_PORTS:
            raise UrlError("http_scheme")
        _check(self.host, self.port, self.path)

    @property
    def authority(self) -> str:
        """``host[:port]`` as it stands in a Host header (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTP_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def _check(host: str, port: int, path: str) -> None:
    if not _HOST.match(host):
        _check_ipv6(host)
    if not 1 <= port <= 65535:
        raise UrlError("port")
    if not _PATH.match(path):
        raise UrlError("path")
    if len(path) > MAX_URL:
        raise UrlError("too_long")


def _check_ipv6(host: str) -> None:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        raise UrlError("host") from None
    if "%" in host:
        raise UrlError("host")


def split_credentials(url: str) -> tuple[RtspUrl, str, str]:
    """Split a typed address into (address, user, password); "" where there is none.

    User and password are percent-decoded; a stray "%" stays. "@", "#", "?" and ":" may stand unescaped in the
    password: the last "@" before the first "/" ends it. A "/" in a password must be written %2F. Blanks and
    non-ASCII letters in the path are percent-encoded as UTF-8. Raises ``UrlError``.
    """
    if settled := _SETTLED.match(url):
        name, host, port, path = settled.groups()
        return RtspUrl(name, host, int(port) if port else DEFAULT_PORTS[name], path), "", ""
    (scheme, host, port, path), user, password = _split(url, _SCHEME, DEFAULT_PORTS, "scheme")
    return RtspUrl(scheme, host, port, path), user, password


def request_uri(url: str) -> str:
    """What stands in a request line for a typed address: without credentials, without a default port.

    The same as printing what ``split_credentials`` finds; quick for what a register holds. Raises ``UrlError``.
    """
    if settled := _SETTLED.match(url):
        port = settled[3]
        if port is None or (port[0] != "0" and int(port) <= 65535 and int(port) != DEFAULT_PORTS[settled[1]]):
            return url
    return str(split_credentials(url)[0])


def split_http(url: str) -> tuple[HttpUrl, str, str]:
    """As ``split_credentials``, for ``http://`` and ``https://``. Raises ``UrlError``."""
    (scheme, host, port, path), user, password = _split(url, _HTTP_SCHEME, HTTP_PORTS, "http_scheme")
    return HttpUrl(scheme, host, port, path), user, password


def _split(
    url: str, schemes: re.Pattern[str], ports: dict[str, int], wrong: str
) -> tuple[tuple[str, str, int, str], str, str]:
    url = url.strip()
    if len(url) > MAX_URL:
        raise UrlError("too_long")
    if _CONTROL.search(url):
        raise UrlError("control")
    scheme = schemes.match(url)
    if not scheme:
        raise UrlError(wrong)
    rest = url[scheme.end() :]
    slash = rest.find("/")
    authority, path = (rest, "") if slash < 0 else (rest[:slash], rest[slash:])
    userinfo, _, hostport = authority.rpartition("@")
    hostport, path = _split_query(hostport, path)
    name = scheme[1].lower()
    host, port = _host_port(hostport, ports[name])
    if "@" in path and "." not in host and ":" not in host:
        raise UrlError("slash")
    user, _, password = userinfo.partition(":")
    parts = (name, host, port, quote(path or "/", safe=_PATH_SAFE))
    return parts, _decoded(user), _decoded(password)


_PATH_SAFE = "".join(map(chr, range(0x21, 0x7F)))


def _split_query(hostport: str, path: str) -> tuple[str, str]:
    """``host?query`` without a slash: the query belongs to the path."""
    cut = re.search(r"[?#]", hostport)
    if not cut:
        return hostport, path
    return hostport[: cut.start()], "/" + hostport[cut.start() :] + path


def _host_port(hostport: str, default: int) -> tuple[str, int]:
    if hostport.startswith("["):
        host, bracket, tail = hostport[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise UrlError("host")
        port = tail[1:]
    else:
        host, _, port = hostport.partition(":")
    if not port:
        return host.lower(), default
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise UrlError("port")
    return host.lower(), int(port)


def _decoded(text: str) -> str:
    if "%" in text:
        raw = unquote_to_bytes(text)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    if _CONTROL.search(text):
        raise UrlError("control")
    return text


def safe_uri(text: str) -> str:
    """An absolute rtsp(s) URI as a peer wrote it, fit for a request line: unchanged but for stripped credentials.

    Cameras compare their control URLs literally, so nothing else is normalised. Raises ``UrlError`` when it is
    not absolute, longer than 4096 characters, or holds anything but visible ASCII.
    """
    scheme = _SCHEME.match(text)
    if not scheme:
        raise UrlError("scheme")
    if len(text) > MAX_URL:
        raise UrlError("too_long")
    if not _VISIBLE.match(text):
        raise UrlError("control")
    rest = text[scheme.end() :]
    authority, slash, path = rest.partition("/")
    return scheme[0] + authority.rpartition("@")[2] + slash + path


def redact(text: str) -> str:
    """Mask ``user:password@`` of any address in ``text``, and ``password=…`` fields of queries.

    Rather masks too much than too little: where it is unclear where a password ends, everything up to the last
    "@" of the word goes.
    """
    return _SECRET_FIELD.sub(r"\1=***", _USERINFO.sub("://***@", text))
