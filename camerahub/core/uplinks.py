"""The lines by which a prober reaches its cameras, and what is asked to know that a line carries.

An uplink owns subnets; an address belongs to the one whose subnet is the longest around it, the rest to the uplink
without subnets. No numpy here: a prober process imports this and stays small.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

#: Name of the uplink that owns what no other does, when none was configured for it.
DEFAULT: Final = "default"
#: A gap of this scope and a name after it: a worker looked through that uplink and could not see.
UPLINK_SCOPE: Final = "uplink:"
#: Most uplinks, and most references and subnets of one: each of them is dialled or searched all the time.
MOST_UPLINKS, MOST_REFERENCES, MOST_SUBNETS = 64, 8, 1024
_SCHEMES: Final = {"tcp": ("tcp", 0), "rtsp": ("options", 554)}


@dataclass(frozen=True, slots=True)
class Reference:
    """Something beyond the line that answers whenever the line carries: ``probe`` ``tcp`` or ``options``."""

    probe: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Uplink:
    """One line. ``subnets`` CIDR texts, empty = the rest; ``need``: how many references must answer, 1 at least;
    ``mbps``: what pictures may take of it, Mbit/s, 0 = no bound."""

    name: str
    subnets: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    need: int = 1
    mbps: float = 0.0


def reference_of(text: str) -> Reference:
    """The reference ``tcp://ADDRESS:PORT`` or ``rtsp://ADDRESS[:554]`` names.

    ValueError for anything else. An IP address only (IPv6 in brackets, RFC 3986 section 3.2.2): a name would ask
    the name server, whose silence would then look like that of the line.
    """
    scheme, separator, rest = text.partition("://")
    probe, port = _SCHEMES.get(scheme, ("", 0))
    host, colon, number = rest.rpartition(":") if not rest.endswith("]") else (rest, "", "")
    if not separator or not probe or (not colon and not port):
        raise ValueError("not tcp://ADDRESS:PORT or rtsp://ADDRESS[:PORT]")
    if not colon:
        host = host or rest
    elif not (number.isascii() and number.isdigit() and len(number) <= 5):
        raise ValueError("no such port")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address = ipaddress.ip_address(bare)
    if (address.version == 6) != (bare != host):
        raise ValueError("an IPv6 address stands in brackets, an IPv4 address does not")
    port = int(number) if colon else port
    if not 1 <= port <= 65535:
        raise ValueError("no such port")
    return Reference(probe, bare, port)


class UplinkMap:
    """Which of ``uplinks`` an address belongs to. One without subnets is made (``DEFAULT``) where none was given."""

    def __init__(self, uplinks: Iterable[Uplink] = ()) -> None:
        found = tuple(uplinks)
        if all(uplink.subnets for uplink in found):
            found = (*found, Uplink(DEFAULT))
        self.uplinks: Sequence[Uplink] = found
        self._rest = next(n for n, uplink in enumerate(found) if not uplink.subnets)
        nets: dict[tuple[int, int], dict[int, int]] = {}
        for n, uplink in enumerate(found):
            for subnet in uplink.subnets:
                net = ipaddress.ip_network(subnet)
                shift = net.max_prefixlen - net.prefixlen
                nets.setdefault((net.version, shift), {})[int(net.network_address) >> shift] = n
        self._nets = sorted(nets.items(), key=lambda item: item[0][1])  # longest prefix first

    def of(self, host: str) -> int:
        """Place in ``uplinks`` of the one ``host`` belongs to; a name that is no address belongs to the rest."""
        if not self._nets:
            return self._rest
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return self._rest
        number = int(address)
        for (version, shift), owners in self._nets:
            if version == address.version and (owner := owners.get(number >> shift)) is not None:
                return owner
        return self._rest
