"""WS-Discovery on demand: asks given addresses and subnets for ONVIF cameras, bounded in time, number and rate.

Nothing is ever searched that was not named. Each address gets one datagram; a subnet this machine is in also gets one
multicast, since some cameras answer only that. Answers count only from addresses that were asked. No login is sent,
nobody is dialled. The protocol is in ``wire.wsdiscovery``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from camerahub.wire.soap import OnvifError
from camerahub.wire.url import HttpUrl, UrlError
from camerahub.wire.wsdiscovery import GROUP, MAX_DATAGRAM, PORT, Match, parse_matches, probe_message

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_ADDRESSES = 4096
"""A /20. More is no question of one network any more."""
RATE = 200
"""Datagrams a second: some 150 kB/s with their answers, little on any uplink."""
WAIT_S = 3.0
"""How long answers are waited for after the last question. Devices wait up to 500 ms at random (section 5.3.1)."""
_BURST_S = 0.05
_ANSWERS_AN_ADDRESS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One camera: the address its answer came from, its service there, and what it told of itself."""

    host: str
    url: HttpUrl
    match: Match


@dataclass(slots=True)
class Tally:
    """``asked`` addresses, ``found`` cameras, ``strangers`` answers not asked for, ``unreadable`` datagrams.

    ``unreachable`` questions that could not be sent, or that came back: nobody listens there.
    """

    asked: int = 0
    found: int = 0
    strangers: int = 0
    unreadable: int = 0
    unreachable: int = 0


@dataclass(slots=True)
class Discovery:
    """One search of at most ``MOST_ADDRESSES`` addresses (ValueError for more).

    ``found`` is called for each camera once, as it answers, from the loop.
    """

    networks: list[Network]
    found: Callable[[Found], None]
    message_id: str
    port: int = PORT
    rate: float = RATE
    wait_s: float = WAIT_S
    tally: Tally = field(default_factory=Tally)
    _hosts: dict[str, None] = field(init=False)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _heard: int = 0

    def __post_init__(self) -> None:
        if sum(network.num_addresses for network in self.networks) > MOST_ADDRESSES:
            raise ValueError("too many addresses")
        self._hosts = dict.fromkeys(str(host) for network in self.networks for host in _hosts(network))

    async def run(self) -> Tally:
        """Ask everybody, wait, and tell what came of it. Ends after addresses / rate + wait_s seconds."""
        loop = asyncio.get_running_loop()
        transports: dict[int, asyncio.DatagramTransport] = {}
        try:
            for family in {_family(network) for network in self.networks}:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Ear(self), local_addr=(self._own_side(family), 0), family=family
                )
                transports[family] = transport
            await self._ask(transports)
            await asyncio.sleep(self.wait_s)
        finally:
            for transport in transports.values():
                transport.close()
        return self.tally

    def _own_side(self, family: int) -> str:
        """Where answers come in: loopback stays on loopback."""
        inside = all(network.is_loopback for network in self.networks)
        if family == socket.AF_INET:
            return "127.0.0.1" if inside else "0.0.0.0"  # noqa: S104 - cameras answer to any of our addresses
        return "::1" if inside else "::"

    async def _ask(self, transports: dict[int, asyncio.DatagramTransport]) -> None:
        question = probe_message(self.message_id)
        for network in self.networks:
            self._ask_group(transports[_family(network)], network, question)
        everyone = iter(self._hosts)
        burst = max(1, round(self.rate * _BURST_S))
        while hosts := list(islice(everyone, burst)):
            for host in hosts:
                self.tally.asked += 1
                transports[socket.AF_INET6 if ":" in host else socket.AF_INET].sendto(
                    question, (host, self.port)
                )
            await asyncio.sleep(burst / self.rate)

    def _send(self, transport: asyncio.DatagramTransport, question: bytes, host: str) -> None:
        self.tally.asked += 1
        try:
            transport.sendto(question, (host, self.port))
        except OSError:
            self.tally.unreachable += 1

    def _ask_group(self, transport: asyncio.DatagramTransport, network: Network, question: bytes) -> None:
        """Multicast out of our own interface in ``network``, if we have one."""
        own = own_address(network)
        if own is None or network.version != 4 or network.num_addresses < 4 or network.is_loopback:
            return
        sock = transport.get_extra_info("socket")
        with suppress(OSError):  # an interface without multicast: the single questions go out all the same
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            transport.sendto(question, (GROUP, self.port))

    def heard(self, datagram: bytes, host: str) -> None:
        """Take one datagram from ``host``."""
        self._heard += 1
        if host not in self._hosts or self._heard > _ANSWERS_AN_ADDRESS * MOST_ADDRESSES:
            self.tally.strangers += 1
            return
        try:
            answer = parse_matches(datagram[: MAX_DATAGRAM + 1])
            found = [Found(host, match.address_at(host), match) for match in answer.found]
        except (OnvifError, UrlError):
            self.tally.unreadable += 1
            return
        if answer.relates_to and self.message_id not in answer.relates_to:
            self.tally.strangers += 1
            return
        for one in found:
            self._take(one)

    def _take(self, one: Found) -> None:
        key = (one.host, one.match.endpoint)
        if key not in self._seen and len(self._seen) < MOST_ADDRESSES:
            self._seen.add(key)
            self.tally.found += 1
            self.found(one)


class _Ear(asyncio.DatagramProtocol):
    """Hands datagrams on; asynchronous errors (a port nobody listens on) say nothing of others."""

    def __init__(self, discovery: Discovery) -> None:
        self._discovery = discovery

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self._discovery.heard(data, str(addr[0]))

    def error_received(self, exc: Exception) -> None:
        del exc
        self._discovery.tally.unreachable += 1


def own_address(network: Network) -> str | None:
    """Our own address in ``network``, None when we are not in it. Sends nothing."""
    with socket.socket(_family(network), socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(next(iter(network.hosts()), network.network_address)), PORT))
            own = str(sock.getsockname()[0])
        except OSError:
            return None
    return own if ipaddress.ip_address(own) in network else None


def _hosts(network: Network) -> Iterable[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return network.hosts() if network.num_addresses > 2 else network


def _family(network: Network) -> int:
    return socket.AF_INET if network.version == 4 else socket.AF_INET6
