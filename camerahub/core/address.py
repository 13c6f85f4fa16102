"""Addresses as people write them into tables: split from their passwords, checked, and put into one form.

Why here: the register may not know the wire, and both must agree that no address ever carries a password.
Must not know who dials, nor which maker uses which path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

MAX_LENGTH = 2048
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
#: What stands in a stored path where some makers want the credential itself (XMeye, some NVRs).
USER_FIELD, PASSWORD_FIELD = "{username}", "{password}"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,15})://")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_END = r"(?=&|;|/|\?|#|_channel=|_stream=|_password=|$)"
_PATH_PASSWORD = re.compile(r"(?i)(?<=[/?&;_])(password|passwd|passwort|pwd|pass|loginpas)=([^&]*?)" + _END)
_PATH_USER = re.compile(r"(?i)(?<=[/?&;_])(username|user|usr|loginuse)=([^&]*?)" + _END)


class AddressError(ValueError):
    """The one documented error. ``reason`` is one of ``bad_url``, ``bad_scheme``, ``bad_host``, ``bad_port``.

    The message never quotes the address: it may hold a password.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """One address without its credential. ``host`` without brackets, ``path`` with query, starting with ``/``."""

    scheme: str
    host: str
    port: int
    path: str
    username: str = ""
    password: str = ""

    def __str__(self) -> str:
        """The address as it is stored: no credential, the port only when it is not the default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def __repr__(self) -> str:
        return f"<Address {self.scheme}://{self.host}:{self.port}>"


def parse_address(text: str, schemes: tuple[str, ...] = ("rtsp", "rtsps")) -> Address:
    """Split ``text`` into an address and its credential; at most 2048 characters.

    Tolerated: ``@``, ``#``, ``/`` and ``:`` in a password that nobody percent-encoded (the last ``@`` that leaves a
    sound host and port wins), a credential inside the path (``/user=…&password=…``), which becomes ``{username}``
    and ``{password}``. Raises AddressError.
    """
    text = text.strip()
    found = _SCHEME.match(text)
    if len(text) > MAX_LENGTH or found is None or _UNSAFE.search(text):
        raise AddressError("bad_url")
    scheme = found.group(1).lower()
    if scheme not in schemes or scheme not in DEFAULT_PORTS:
        raise AddressError("bad_scheme")
    userinfo, host, port, path = _split(text[found.end() :], DEFAULT_PORTS[scheme])
    username, _, password = userinfo.partition(":")
    path, path_user, path_password = _path_credential(path)
    return Address(
        scheme, host, port, path, unquote(username) or path_user, unquote(password) or path_password
    )


def parse_ip(text: str) -> str:
    """One unicast IPv4 or IPv6 address in its short form; ``010.001.002.003`` is read as decimal. AddressError."""
    text = text.strip()
    if _DOTTED.fullmatch(text):
        return _ipv4(text)
    try:
        ip: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        raise AddressError("bad_host") from None
    if ip.is_unspecified or ip.is_multicast or "%" in text:
        raise AddressError("bad_host")
    return str(ip)


def _ipv4(text: str) -> str:
    """Dotted digits, by hand: this runs several times for every row of a table."""
    one, two, three, four = map(int, text.split("."))
    unicast = one < 224 or 240 <= one <= 255
    if max(one, two, three, four) > 255 or not unicast or one + two + three + four in (0, 4 * 255):
        raise AddressError("bad_host")
    return f"{one}.{two}.{three}.{four}"


def parse_port(text: str) -> int:
    """A port 1..65535. AddressError."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise AddressError("bad_port")
    return int(text)


def _split(rest: str, default_port: int) -> tuple[str, str, int, str]:
    """(userinfo, host, port, path). The last ``@`` before the path wins, unless only a later one leaves an IP."""
    if "@" not in rest:
        return "", *_host_port_path(rest, default_port)
    cuts = dict.fromkeys((rest.rfind("@", 0, _path_start(rest)), rest.rfind("@")))
    found: list[tuple[str, str, int, str]] = []
    error = AddressError("bad_host")
    for cut in cuts:
        try:
            found.append((rest[: max(cut, 0)], *_host_port_path(rest[cut + 1 :], default_port)))
        except AddressError as wrong:
            error = wrong
    if not found:
        raise error
    # rtsp://admin:12/34@192.0.2.1/ reads as host "admin" first
    by_ip = [one for one in found if _is_ip(one[1])]
    return (by_ip or found)[0]


def _is_ip(host: str) -> bool:
    try:
        return bool(parse_ip(host))
    except AddressError:
        return False


def _path_start(rest: str) -> int:
    starts = [at for at in (rest.find("/"), rest.find("?")) if at >= 0]
    return min(starts, default=len(rest))


def _host_port_path(rest: str, default_port: int) -> tuple[str, int, str]:
    end = _path_start(rest)
    authority, path = rest[:end], rest[end:].split("#", 1)[0]
    host, port = _host_port(authority, default_port)
    return host, port, path if path.startswith("/") else f"/{path}"


def _host_port(authority: str, default_port: int) -> tuple[str, int]:
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        if not bracket or ":" not in host or (port and not port.startswith(":")):
            raise AddressError("bad_host")
        return parse_ip(host), parse_port(port[1:]) if port[1:] else default_port
    host, _, port = authority.partition(":")
    return _host(host), parse_port(port) if port else default_port


def _host(host: str) -> str:
    if re.fullmatch(r"[0-9.]+", host):
        return parse_ip(host)
    labels = host.rstrip(".").split(".")
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError("bad_host")
    return ".".join(labels).lower()


def _path_credential(path: str) -> tuple[str, str, str]:
    """The path with placeholders, and the credential that stood in it (empty strings when none did)."""
    password = _PATH_PASSWORD.search(path)
    if password is None:
        return path, "", ""
    user = _PATH_USER.search(path)
    plain = "" if password.group(2) == PASSWORD_FIELD else unquote(password.group(2))
    name = "" if user is None or user.group(2) == USER_FIELD else unquote(user.group(2))
    path = _PATH_PASSWORD.sub(lambda hit: f"{hit.group(1)}={PASSWORD_FIELD}", path)
    return _PATH_USER.sub(lambda hit: f"{hit.group(1)}={USER_FIELD}", path), name, plain


_TEXT_USERINFO = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,15}://)[^\s/@]*(?:/[^\s@]*)?@(?:[^\s]*@)?")


def without_secrets(text: str) -> str:
    """``text`` with every ``user:password@`` of an address and every ``password=…`` taken out. Linear in its length."""
    if "@" in text and "://" in text:
        text = _TEXT_USERINFO.sub(r"\1", text)
    if "=" in text:
        text = _PATH_PASSWORD.sub(lambda hit: f"{hit.group(1)}={PASSWORD_FIELD}", text)
    return text


def device_address(host: str) -> str:
    """One form for one address, so that a device has one key however its address is written."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()
