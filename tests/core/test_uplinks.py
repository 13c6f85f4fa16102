"""Which line an address belongs to, and what a reference may be."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.uplinks import DEFAULT, Reference, Uplink, UplinkMap, reference_of

LINES = (
    Uplink("county", ("10.0.0.0/8",)),
    Uplink("east", ("10.20.0.0/16", "fd00:20::/32")),
    Uplink("pole", ("10.20.3.7/32",)),
)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("10.20.3.7", "pole"),
        ("10.20.3.8", "east"),
        ("10.21.0.1", "county"),
        ("192.0.2.1", DEFAULT),
        ("fd00:20::1", "east"),
        ("fd00:21::1", DEFAULT),
        ("camera.example", DEFAULT),
        ("", DEFAULT),
    ],
)
def test_the_longest_prefix_owns_it(host: str, name: str) -> None:
    lines = UplinkMap(LINES)
    assert lines.uplinks[lines.of(host)].name == name


def test_one_without_subnets_takes_the_rest_and_none_is_made() -> None:
    lines = UplinkMap((Uplink("west"), *LINES))
    assert len(lines.uplinks) == 4
    assert lines.uplinks[lines.of("192.0.2.1")].name == "west"
    assert [line.name for line in UplinkMap().uplinks] == [DEFAULT]


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), min_size=1, max_size=8),
    st.integers(0, 2**32 - 1),
)
def test_it_agrees_with_a_search_through_all(nets: list[tuple[int, int]], number: int) -> None:
    subnets = list({str(ipaddress.ip_network((start, size), strict=False)) for start, size in nets})
    lines = UplinkMap(Uplink(f"u{n}", (subnet,)) for n, subnet in enumerate(subnets))
    address = ipaddress.ip_address(number)
    around = [
        (net.prefixlen, n) for n, s in enumerate(subnets) if address in (net := ipaddress.ip_network(s))
    ]
    wanted = f"u{max(around)[1]}" if around else DEFAULT
    assert lines.uplinks[lines.of(str(address))].name == wanted


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("tcp://192.0.2.1:554", Reference("tcp", "192.0.2.1", 554)),
        ("rtsp://192.0.2.1", Reference("options", "192.0.2.1", 554)),
        ("rtsp://192.0.2.1:8554", Reference("options", "192.0.2.1", 8554)),
        ("tcp://[2001:db8::1]:80", Reference("tcp", "2001:db8::1", 80)),
        ("rtsp://[2001:db8::1]", Reference("options", "2001:db8::1", 554)),
    ],
)
def test_references(text: str, reference: Reference) -> None:
    assert reference_of(text) == reference


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.1", "tcp://", "tcp://192.0.2.1", "tcp://192.0.2.1:0", "tcp://192.0.2.1:65536", "icmp://192.0.2.1",
     "tcp://gateway.example:80", "rtsp://admin:secret@192.0.2.1:554", "rtsp://192.0.2.1:554/path", "tcp://[192.0.2.1]:80",
     "tcp://2001:db8::1:80", "tcp://192.0.2.1:-1", "tcp://192.0.2.1:٣", "rtsp://[2001:db8::1", "tcp://192.0.2.1:1e3"],
)  # fmt: skip
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError):
        reference_of(text)


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_a_value_error(text: str) -> None:
    for scheme in ("", "tcp://", "rtsp://"):
        try:
            found = reference_of(scheme + text)
        except ValueError:
            continue
        ipaddress.ip_address(found.host)
        assert 1 <= found.port <= 65535
