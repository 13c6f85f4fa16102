"""Addresses that a camera tells of itself, made fit for use: nobody is ever dialled but the camera itself.

Behind NAT cameras tell addresses of their own network; a broken or hostile one tells anything. The rules:

* A host other than the one dialled is replaced by the one dialled. Path and query are kept as told.
* ``http(s)``: with a replaced host, scheme and port are those dialled as well (behind NAT the camera does not know
  its outer port); with the host dialled, they are kept as told.
* ``rtsp(s)``: the port is kept as told (554 when none), since no dialled port says anything of it.
* Further calls go to the host and port dialled in any case; only the path of a service's address is taken.
* ``user:password@`` is split off. What then is no address is refused: ``OnvifError("address")``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace

from camerahub.wire.digest import Credential
from camerahub.wire.soap import OnvifError
from camerahub.wire.url import HttpUrl, RtspUrl, UrlError, split_credentials, split_http


@dataclass(frozen=True, slots=True)
class Address:
    """An address as told, repaired. ``url`` may hold secrets in its path or query: print it through ``redact``.

    ``replaced``: another host stood there. ``login``: what stood before an @, None without.
    """

    url: str = field(repr=False)
    replaced: bool = False
    login: Credential | None = field(default=None, repr=False)


def repair_http(told: str, dialled: HttpUrl) -> Address:
    """The address of a picture or a service. Raises ``OnvifError`` ("address")."""
    try:
        url, user, password = split_http(told)
        login = Credential(user, password) if user or password else None
    except UrlError:
        raise OnvifError("address") from None
    if same_host(url.host, dialled.host):
        return Address(str(url), login=login)
    return Address(str(replace(dialled, path=url.path)), True, login)


def repair_rtsp(told: str, dialled: HttpUrl) -> Address:
    """The address of a stream. Raises ``OnvifError`` ("address")."""
    try:
        url, user, password = split_credentials(told)
        login = Credential(user, password) if user or password else None
    except UrlError:
        raise OnvifError("address") from None
    if same_host(url.host, dialled.host):
        return Address(str(url), login=login)
    return Address(str(RtspUrl(url.scheme, dialled.host, url.port, url.path)), True, login)


def service_at(told: str, dialled: HttpUrl) -> HttpUrl:
    """Where the calls of a service go: its path at the host and port dialled. Raises ``OnvifError`` ("address")."""
    try:
        return replace(dialled, path=split_http(told)[0].path)
    except UrlError:
        raise OnvifError("address") from None


def same_host(one: str, other: str) -> bool:
    """Whether two hosts are written for the same: names without regard to case, addresses by value."""
    if one.lower() == other.lower():
        return True
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False
