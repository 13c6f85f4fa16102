"""RFC 3550: what a packet is, and in which order packets are given on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.wire.rtp import MAX_LATE, Figures, Order, bounds, extension
from tests.wire.packing import Packet, numbered

PADDED = bytes(Packet(b"data", 1, padding=4))


class Seen:
    """Writes down what it is given: payloads, and "" for a hole."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def payload(self, rtp: bytes, start: int, end: int, timestamp: int, marker: int) -> bytes | None:
        self.said.append(rtp[start:end].decode("latin-1"))
        return None

    def hole(self) -> None:
        self.said.append("")

    def finish(self) -> bytes | None:
        return None


def order(packets: list[bytes], window: int = 4) -> tuple[list[str], Figures]:
    seen, figures = Seen(), Figures()
    machine = Order(seen, 96, figures, window)
    for packet in packets:
        machine.packet(packet)
    machine.finish()
    return seen.said, figures


def letters(text: str, first: int = 0, source: int = 1) -> list[bytes]:
    """One packet a letter: the letter is its number from ``first`` on."""
    return [bytes(Packet(c.encode(), 0, number=first + ord(c) - ord("a"), source=source)) for c in text]


@pytest.mark.parametrize(
    ("packet", "payload"),
    [
        (bytes(Packet(b"data", 1)), b"data"),
        (bytes(Packet(b"data", 1, csrc=3)), b"data"),
        (bytes(Packet(b"data", 1, extension=(0xBEDE, b"12345678"))), b"data"),
        (bytes(Packet(b"data", 1, extension=(0xABAC, b""), csrc=15, padding=9)), b"data"),
        (PADDED, b"data"),
        (bytes(Packet(b"", 1)), b""),
        (PADDED[:-1] + b"\0", None),  # a padding count of zero cannot be: it counts itself (5.1)
        (PADDED[:-1] + b"\x09", None),  # more padding than packet
        (bytes(Packet(b"", 1, csrc=1))[:-1], None),
        (bytes(Packet(b"", 1, extension=(1, b"1234")))[:-1], None),
        (bytes(Packet(b"", 1, extension=(1, b"")))[:-1], None),
        (b"\x40" + bytes(20), None),  # version 1
        (b"\x80" + bytes(10), None),
        (b"", None),
    ],
)
def test_where_the_payload_is(packet: bytes, payload: bytes | None) -> None:
    found = bounds(packet)
    assert (packet[found[0] : found[1]] if found else None) == payload


def test_the_header_extension() -> None:
    assert extension(bytes(Packet(b"x", 1, csrc=2, extension=(0xFFD8, b"12345678")))) == (
        0xFFD8,
        b"12345678",
    )
    assert extension(bytes(Packet(b"x", 1))) is None
    assert extension(b"\x90") is None


@pytest.mark.parametrize(
    ("sent", "given", "lost", "late"),
    [
        ("abcd", "abcd", 0, 0),
        ("acbd", "abcd", 0, 0),
        ("adcbe", "abcde", 0, 0),
        ("aabbc", "abc", 0, 2),
        ("acbcbd", "abcd", 0, 2),
        ("abde", "ab-de", 1, 0),
        ("aghi", "a-ghi", 5, 0),  # further ahead than the window: at once
        ("agb", "a-g", 5, 1),
        ("acdefg", "a-cdefg", 1, 0),
    ],
)
def test_order_within_a_window_of_four(sent: str, given: str, lost: int, late: int) -> None:
    for first in (0, 0xFFFE):  # across the wrap-around too
        said, figures = order(letters(sent, first))
        assert "".join(one or "-" for one in said) == given
        assert (figures.lost, figures.late, figures.packets) == (lost, late, len(sent))


def test_without_a_window_a_loss_is_known_at_the_next_packet() -> None:
    seen, figures = Seen(), Figures()
    machine = Order(seen, 96, figures, 0)
    for packet in letters("ac"):
        machine.packet(packet)
    assert seen.said == ["a", "", "c"]


def test_a_stray_packet_of_another_source_changes_nothing() -> None:
    a, x = letters("abcdef"), letters("xyz", 900, source=2)
    said, figures = order([*a[:2], x[0], *a[2:4], x[1], *a[4:], x[2]])
    assert "".join(said) == "abcdef"
    assert figures.strays == 3


def test_a_stray_packet_at_the_very_start() -> None:
    said, _ = order([*letters("x", 900, source=2), *letters("abcdef")])
    assert said == ["x", "", *"abcdef"]


def test_a_new_source_is_taken_with_its_first_packets() -> None:
    said, figures = order([*letters("abc"), *letters("xwyz", 40000, source=2)])
    assert said == [*"abc", "", *"wxyz"]
    assert figures.lost == 0


def test_numbers_that_begin_anew_without_a_new_source() -> None:
    said, _ = order([*letters("abc", 100), *letters("defg", 40000)])
    assert said == [*"abc", "", *"defg"]
    said, _ = order([*letters("ab", 100), *letters("x", 40000), *letters("cd", 100)])
    assert "".join(said) == "abcd"


def test_late_beyond_all_measure_is_no_new_stream_by_itself() -> None:
    old = letters("a", 0)
    many = numbered([Packet(b"m", 0, source=1)] * (MAX_LATE + 50), 0)
    said, figures = order([*many, *old])
    assert len(said) == len(many)
    assert figures.strays == 1


def test_other_payload_types_and_rtcp_are_counted_and_passed_over() -> None:
    audio, rtcp = bytes(Packet(b"x", 0, payload_type=8)), b"\x80\xc8" + bytes(26)
    said, figures = order([*letters("a"), audio, rtcp, b"$", b"\0" * 40, *letters("b")])
    assert said == ["a", "b"]
    assert (figures.packets, figures.ignored, figures.garbage) == (2, 2, 2)
    assert figures.bytes == 2


@given(st.data())
def test_any_order_within_the_window_and_any_duplicates(data: st.DataObject) -> None:
    count, window = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 16))
    first = data.draw(st.integers(0, 0xFFFF))
    packets = numbered([Packet(bytes((33 + i,)), 0) for i in range(count)], first)
    jitter = [0, *data.draw(st.lists(st.integers(0, window - 1), min_size=count - 1, max_size=count - 1))]
    arrival = [packets[i] for i in sorted(range(count), key=lambda i: (i + jitter[i], i))]
    for at in data.draw(st.lists(st.integers(0, count - 1), max_size=5)):
        arrival.insert(at + 1, arrival[at])
    said, figures = order(arrival, window)
    assert "".join(said) == "".join(chr(33 + i) for i in range(count))
    assert figures.lost == 0


@given(
    st.lists(
        st.binary(max_size=40) | st.builds(lambda b: b"\x80\x60" + b, st.binary(min_size=10, max_size=30))
    )
)
def test_any_bytes(packets: list[bytes]) -> None:
    _, figures = order(packets)
    assert figures.packets + figures.garbage + figures.ignored == len(packets)
