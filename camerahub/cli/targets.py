"""Lists of targets as people write them: one `host:port`, `rtsp://` or `http://` address a line.

Lines that cannot be used are named and left out; a password in a line goes into the target and into nothing else.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from camerahub.core.result import Target
from camerahub.core.texts import Text, text
from camerahub.wire.url import HttpUrl, RtspUrl, UrlError, redact, split_credentials, split_http

_HOST_PORT = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}))):([0-9]{1,20})\Z"
)
_SECRETIVE = re.compile(r"@|pass|pwd", re.IGNORECASE)
#: Snapshot addresses hide secrets under many names (pwd, loginpas, token, key): such a query is not printed at all.
_SECRETIVE_QUERY = re.compile(r"@|pas|pwd|psw|token|key|auth|sign", re.IGNORECASE)
_RESOLVERS = 32


class BadLine(NamedTuple):
    """A refused line: its number from 1, and why. Nothing of the line itself: it may hold a password."""

    line: int
    why: Text


@dataclass(slots=True)
class TargetList:
    """``targets[i].endpoint == i``; ``names[i]`` is what may be printed of it."""

    targets: list[Target] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


class LineError(ValueError):
    """A line that is no target; ``why`` in both languages, without anything of the line."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def read_targets(lines: Iterable[str]) -> TargetList:
    """Every usable target of ``lines``; blank lines and lines that begin with # are passed over."""
    found = TargetList()
    for number, raw in enumerate(lines, 1):
        line = raw.strip().lstrip("\ufeff")
        if not line or line[0] == "#":
            continue
        try:
            target, name = parse_target(line, len(found.targets))
        except LineError as error:
            found.bad.append(BadLine(number, error.why))
            continue
        found.targets.append(target)
        found.names.append(name)
    return found


def parse_target(line: str, endpoint: int = 0) -> tuple[Target, str]:
    """(target, printable name). ``target.host`` may be a name still to be looked up. Raises ``LineError``."""
    plain = _HOST_PORT.match(line)
    if plain:
        host, port = plain[1] or plain[2], int(plain[3])
        if not 1 <= port <= 65535:
            raise LineError(text("probe.line.port"))
        return Target(endpoint, host, port), line
    split = _SPLITS.get(line.partition("://")[0].lower()) if "://" in line else None
    if split is None:
        raise LineError(text("probe.line.form"))
    try:
        address, user, password = split(line)
    except UrlError as error:
        raise LineError(text("probe.line.url", problem=error)) from None
    return rtsp_target(endpoint, address, user, password), printable(line, address)


#: How an address is split from its credentials, by scheme.
_SPLITS: dict[str, Callable[[str], tuple[RtspUrl | HttpUrl, str, str]]] = {
    "rtsp": split_credentials,
    "rtsps": split_credentials,
    "http": split_http,
    "https": split_http,
}


def rtsp_target(endpoint: int, address: RtspUrl | HttpUrl, user: str, password: str) -> Target:
    """The target at ``address``."""
    return Target(endpoint, address.host, address.port, str(address), user, password)


def printable(typed: str, address: RtspUrl | HttpUrl) -> str:
    """The address as it was typed, where that is certain to hold no secret; else without credentials."""
    if isinstance(address, HttpUrl) and _SECRETIVE_QUERY.search(typed):
        return redact(str(address).partition("?")[0])
    return redact(str(address)) if _SECRETIVE.search(typed) else typed


def is_address(host: str) -> bool:
    """True when ``host`` is an IP address, so that dialling it asks no name server."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return False
    return True


async def look_up(host: str, deadline_s: float) -> str | None:
    """The first address of ``host``, None when there is none before the deadline."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(deadline_s):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return None
    return str(found[0][4][0]) if found else None


async def resolve_all(targets: list[Target], deadline_s: float) -> None:
    """Replace names by addresses, in place. A name without an address becomes the host "": `no_address`."""
    names = {t.host for t in targets if not is_address(t.host)}
    if not names:
        return
    gate = asyncio.Semaphore(_RESOLVERS)

    async def one(name: str) -> tuple[str, str]:
        async with gate:
            return name, await look_up(name, deadline_s) or ""

    addresses = dict(await asyncio.gather(*map(one, names)))
    for i, target in enumerate(targets):
        if target.host in addresses:
            targets[i] = replace(target, host=addresses[target.host])
