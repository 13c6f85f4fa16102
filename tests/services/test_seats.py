"""Seats and queues, by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.services.seats import DARK_AFTER, Gates, Lanes, subnet_of


@pytest.mark.parametrize(
    ("host", "subnet"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("2001:db8:1:2::77", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nvr.example", "nvr.example"),
        ("::garbage::", "::garbage::"),
        ("", ""),
    ],
)
def test_the_subnet_of_an_address(host: str, subnet: str) -> None:
    assert subnet_of(host) == subnet


def test_a_seat_is_handed_over_in_order() -> None:
    gates = Gates(1)
    assert gates.take("nvr", 1)
    assert not gates.take("nvr", 2)
    assert not gates.take("nvr", 3)
    assert gates.take("other", 4)
    assert (gates.used, gates.waiting) == (2, 2)
    assert [gates.give("nvr"), gates.give("nvr"), gates.give("nvr")] == [2, 3, -1]
    assert (gates.used, gates.waiting) == (1, 0)


@given(st.lists(st.integers(0, 3), max_size=200), st.integers(1, 3))
def test_gates_never_exceed_their_seats(keys: list[int], seats: int) -> None:
    gates = Gates(seats)
    holding: dict[int, int] = {}
    waiting: dict[int, int] = {}
    for slot, key in enumerate(keys):
        if slot % 3 == 2 and holding.get(key):
            handed = gates.give(key) >= 0
            holding[key] -= not handed
            waiting[key] = waiting.get(key, 0) - handed
        elif gates.take(key, slot):
            holding[key] = holding.get(key, 0) + 1
        else:
            waiting[key] = waiting.get(key, 0) + 1
        assert holding.get(key, 0) <= seats
        assert not waiting.get(key) or holding[key] == seats
    assert gates.used == sum(holding.values())
    assert gates.waiting == sum(waiting.values())


def _drain(lanes: Lanes) -> list[int]:
    served = []
    while (next_one := lanes.pop()) is not None:
        served.append(next_one.slot)
    return served


def test_lanes_are_served_in_turn_and_urgent_ones_first() -> None:
    lanes = Lanes(seats=2, dark_seats=10)
    for slot in (10, 11, 12):
        lanes.put("a", slot, urgent=False)
    lanes.put("b", 20, urgent=False)
    lanes.put("a", 13, urgent=True)
    assert _drain(lanes) == [13, 10, 20]  # lane a has two seats only
    lanes.give("a", dark=False)
    assert _drain(lanes) == [11]
    assert (lanes.waiting, lanes.used) == (1, 3)


def test_a_seat_is_taken_at_once_only_when_nobody_is_overtaken() -> None:
    lanes = Lanes(seats=1, dark_seats=10)
    assert lanes.take("a")
    assert not lanes.take("a")
    lanes.put("a", 1, urgent=False)
    assert lanes.take("b")
    lanes.give("a", dark=False)
    assert not lanes.take("c")
    assert _drain(lanes) == [1]


def test_dark_lanes_share_what_is_left_to_them_and_come_back_with_the_first_answer() -> None:
    lanes = Lanes(seats=4, dark_seats=3)
    for lane in ("x", "y"):
        for _ in range(DARK_AFTER):
            lanes.heard(lane, silent=True)
        for slot in range(6):
            lanes.put(lane, slot, urgent=False)
    assert lanes.dark == 2
    assert len(_drain(lanes)) == 3
    lanes.put("bright", 99, urgent=False)
    assert _drain(lanes) == [99]
    lanes.give("x", dark=True)
    assert len(_drain(lanes)) == 1
    lanes.heard("y", silent=False)
    lanes.give("y", dark=True)
    assert lanes.dark == 1
    assert len(_drain(lanes)) >= 2
