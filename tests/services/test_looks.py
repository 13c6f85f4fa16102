"""The slow grid: due pictures, media seats, and each line's share of bandwidth, on a clock that is moved by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.services.looks import FIRST_GUESS, Looks

TICKS = 10_000


def looks(seats: int = 4, rates: list[float] | None = None) -> Looks:
    """Hosts "0", "1", … lie on the line of their number."""
    made = Looks(seats)
    made.configure(int, rates or [0.0])
    return made


def popped(one: Looks, tick: int, now: float = 0.0) -> list[int]:
    return list(one.pop(tick, now))


def test_the_oldest_comes_first_and_nobody_before_his_time() -> None:
    one = looks()
    for slot, due in ((1, 300), (2, 100), (3, 200), (4, 900)):
        one.add(slot, "0", due)
    assert popped(one, 99) == []
    assert popped(one, 300) == [2, 3, 1]


def test_who_has_no_seat_waits_and_is_first_when_one_is_free() -> None:
    one = looks(seats=2)
    for slot in (1, 2, 3):
        one.add(slot, "0", slot)
    assert popped(one, 10) == [1, 2]
    assert one.next_due(TICKS, 10) == math.inf, "a free seat is told by over()"
    one.over(1, 1000)
    assert one.next_due(TICKS, 10) <= 10
    assert popped(one, 10) == [3]
    assert one.overdue(10) == 0


def test_a_look_that_was_dropped_never_comes() -> None:
    one = looks()
    one.add(1, "0", 5)
    one.drop(1)
    assert popped(one, 10) == []
    assert 1 not in one


def test_only_the_last_time_said_counts() -> None:
    one = looks()
    one.add(1, "0", 5)
    one.arm(1, 50)
    assert popped(one, 10) == []
    assert popped(one, 50) == [1]


def test_a_full_line_holds_up_nobody_on_another() -> None:
    one = looks(seats=100, rates=[FIRST_GUESS / 10, 0.0])
    for slot in range(10):
        one.add(slot, "0", 0)
        one.add(100 + slot, "1", 0)
    taken = popped(one, 0, 0.0)
    assert [slot for slot in taken if slot >= 100] == [*range(100, 110)]
    assert len(taken) < 12


def test_a_bound_of_bandwidth_is_kept_over_time() -> None:
    """Pictures of 100 kB on a line of 1 MB/s: ten a second, after the first guess has been corrected."""
    one = looks(seats=1000, rates=[1e6])
    for slot in range(1000):
        one.add(slot, "0", 0)
    received = 0
    for second in range(60):
        for tenth in range(10):
            now = second + tenth / 10
            for slot in popped(one, int(now * TICKS), now):
                one.over(slot, 100_000)
                received += 100_000
    assert 45e6 <= received <= 61e6


def test_one_that_takes_far_more_than_guessed_is_paid_back() -> None:
    one = looks(seats=10, rates=[1e6])
    for slot in range(20):
        one.add(slot, "0", 0)
    popped(one, 0, 1.0)  # fills the bucket, takes what fits
    one.over(0, 10_000_000)
    assert popped(one, TICKS * 2, 2.0) == [], "ten seconds of the line are owed"
    assert popped(one, TICKS * 12, 12.0) != []


def test_a_look_that_was_not_dialled_costs_nothing() -> None:
    one = looks(seats=1, rates=[FIRST_GUESS])
    one.add(1, "0", 0)
    one.add(2, "0", 0)
    assert popped(one, 0, 1.0) == [1]
    one.over(1, None)
    assert popped(one, 0, 1.0) == [2]


@given(
    st.lists(st.tuples(st.sampled_from("apod"), st.integers(0, 5), st.integers(0, 40)), max_size=120),
    st.integers(1, 3),
)
def test_seats_are_never_exceeded_nor_lost(steps: list[tuple[str, int, int]], seats: int) -> None:
    one, flying, tick = looks(seats), set[int](), 0
    for what, slot, number in steps:
        if what == "a" and slot not in one and slot not in flying:
            one.add(slot, "0", tick + number)
        elif what == "p":
            tick += number
            got = popped(one, tick)
            assert not flying & set(got)
            flying |= set(got)
        elif what == "o" and slot in flying:
            flying.discard(slot)
            one.over(slot, number)
            if slot in one:
                one.arm(slot, tick + number)
        elif what == "d":
            one.drop(slot)
        assert one.taken == len(flying) <= seats


def test_next_due_tells_when_a_poor_line_can_pay() -> None:
    one = looks(seats=10, rates=[FIRST_GUESS])  # one a second
    for slot in range(2):
        one.add(slot, "0", 0)
    assert popped(one, 0, 1.0) == [0]
    assert one.next_due(TICKS, 0) == pytest.approx(TICKS, rel=0.01)
