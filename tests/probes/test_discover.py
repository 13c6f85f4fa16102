"""WS-Discovery on loopback: who is asked, who is believed, and the bounds on both."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator

import pytest

from camerahub.probes.discover import MOST_ADDRESSES, Discovery, Found, own_address

from .discovering import Answer, Device, answering, free_port, match

Make = Callable[[str, Answer], Device]
ID = "urn:uuid:00000000-0000-0000-0000-000000000001"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def device(port: int) -> Iterator[Make]:
    made: list[Device] = []

    def make(host: str, answer: Answer) -> Device:
        made.append(Device(host, port, answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


def search(port: int, *networks: str, **options: float) -> tuple[Discovery, list[Found]]:
    found: list[Found] = []
    nets = [ipaddress.ip_network(network) for network in networks]
    return Discovery(nets, found.append, ID, port, **{"rate": 2000, "wait_s": 0.2, **options}), found


async def test_every_address_is_asked_once_and_both_kinds_of_answer_are_read(device: Make, port: int) -> None:
    plain = device("127.0.0.2", answering(match("127.0.0.2:8080", "a")))
    single = device("127.0.0.5", answering(match("192.0.2.7", "b"), wrapped=False))
    outside = device("127.0.0.9", answering(match("127.0.0.9")))
    discovery, found = search(port, "127.0.0.0/29")
    tally = await discovery.run()
    assert (tally.asked, tally.found, tally.strangers, tally.unreadable) == (6, 2, 0, 0)
    told = {one.host: (str(one.url), one.match.scope("name")) for one in found}
    assert told == {
        "127.0.0.2": ("http://127.0.0.2:8080/onvif/device_service", "a"),
        "127.0.0.5": ("http://127.0.0.5/onvif/device_service", "b"),
    }
    assert (len(plain.heard), len(single.heard), len(outside.heard)) == (1, 1, 0)
    assert b"NetworkVideoTransmitter" in plain.heard[0]


async def test_a_device_is_told_once_however_often_it_answers(device: Make, port: int) -> None:
    device("127.0.0.2", lambda datagram: answering(match("127.0.0.2"))(datagram) * 5)
    device(
        "127.0.0.3",
        answering(match("127.0.0.3", endpoint="urn:uuid:1"), match("127.0.0.3", endpoint="urn:uuid:2")),
    )
    discovery, found = search(port, "127.0.0.2", "127.0.0.3", "127.0.0.2/31")
    tally = await discovery.run()
    assert tally.asked == 2
    assert sorted((one.host, one.match.endpoint) for one in found) == [
        ("127.0.0.2", "urn:uuid:1"),
        ("127.0.0.3", "urn:uuid:1"),
        ("127.0.0.3", "urn:uuid:2"),
    ]


async def test_noise_and_answers_to_others_are_counted_and_passed_over(device: Make, port: int) -> None:
    device("127.0.0.2", lambda datagram: [b"\x00noise", datagram, b"<!DOCTYPE x><x/>"])
    device("127.0.0.3", answering(match("127.0.0.3"), relates_to="urn:uuid:another"))
    discovery, found = search(port, "127.0.0.2", "127.0.0.3")
    tally = await discovery.run()
    assert found == []
    assert (tally.unreadable, tally.strangers) == (3, 1)


def test_who_was_not_asked_is_not_believed() -> None:
    discovery, found = search(3702, "127.0.0.2")
    answer = answering(match("127.0.0.2"))(b"<a:MessageID>" + ID.encode() + b"</a:MessageID>")[0]
    for host in ("127.0.0.3", "nobody", ""):
        discovery.heard(answer, host)
    assert (discovery.tally.strangers, found) == (3, [])
    discovery.heard(answer, "127.0.0.2")
    assert len(found) == 1


def test_a_flood_of_answers_is_bounded() -> None:
    discovery, _ = search(3702, "127.0.0.2")
    for i in range(4 * MOST_ADDRESSES + 100):
        discovery.heard(b"", "127.0.0.2")
        if not i % 5000:
            discovery.heard(
                answering(match("x", endpoint=f"urn:{i}"))(b"<a:MessageID>x</a:MessageID>")[0], "127.0.0.2"
            )
    assert discovery.tally.unreadable <= 4 * MOST_ADDRESSES
    assert discovery.tally.strangers >= 100


async def test_the_rate_is_kept(device: Make, port: int) -> None:
    device("127.0.0.2", answering(match("127.0.0.2")))
    discovery, _ = search(port, "127.0.0.0/26", rate=200, wait_s=0.05)
    began = time.monotonic()
    tally = await discovery.run()
    assert tally.asked == 62
    assert time.monotonic() - began >= 60 / 200


def test_too_many_addresses_are_refused() -> None:
    for network in ("10.0.0.0/19", "2001:db8::/64"):
        with pytest.raises(ValueError, match="too many"):
            search(3702, network)


def test_our_own_address() -> None:
    assert own_address(ipaddress.ip_network("127.0.0.0/8")) == "127.0.0.1"
    assert own_address(ipaddress.ip_network("203.0.113.0/24")) is None
