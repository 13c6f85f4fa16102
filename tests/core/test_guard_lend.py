"""Logins lent to commands that dial by themselves: the same bounds, one at a time."""

from __future__ import annotations

from camerahub.core.guard_rows import SECOND, Grant, Held, Key, Login
from camerahub.core.lending import LendingGuard

from .test_guard import T0, guard, once, proven, restarted


def lent(made: LendingGuard, number: int, now: int) -> int:
    got = made.lend_one(number, now)
    assert isinstance(got, Grant)
    return got.permit


def cause(made: LendingGuard, number: int, now: int) -> str:
    got = made.lend_one(number, now)
    assert isinstance(got, Held)
    return got.cause


def strangers(count: int) -> LendingGuard:
    """Keys that no prober tries, all of one group."""
    made = LendingGuard()
    made.watch([], T0, [Key(n, f"10.0.0.{n}", "admin", "g", T0) for n in range(1, count + 1)])
    return made


def test_a_key_that_works_is_lent_and_the_device_waits() -> None:
    made = proven(6)
    permit = lent(made, 3, T0)
    assert made.keys[3].permit == permit
    assert 3 in made.changed
    assert cause(made, 3, T0) == "trying"
    assert made.answer(3, permit, "ok", True, T0 + SECOND)
    assert made.keys[3].state is Login.PROVEN
    lent(made, 3, T0 + 2 * SECOND)


def test_a_lent_login_nobody_tells_of_is_suspected() -> None:
    made = proven(6)
    lent(made, 3, T0)
    made.lost([3], T0 + SECOND)
    assert made.keys[3].suspect_at == T0 + SECOND


def test_a_key_that_probers_try_is_not_lent_before_its_group_is_proven() -> None:
    made = guard(8)
    trying = once(made, T0)[0][0]
    other = next(n for n in made.keys if n != trying)
    assert cause(made, other, T0) == "trial"


def test_strangers_are_tried_one_after_the_other_and_five_at_most() -> None:
    made = strangers(9)
    for number in range(1, 6):
        permit = lent(made, number, T0)
        assert cause(made, number + 1, T0) == "trying"
        made.answer(number, permit, "auth", True, T0)
        assert made.keys[number].state is Login.REFUSED
    assert cause(made, 6, T0) == "group"
    assert cause(made, 1, T0) == "refused"


def test_the_first_success_opens_the_group() -> None:
    made = strangers(9)
    made.answer(1, lent(made, 1, T0), "ok", True, T0)
    for number in range(2, 10):
        lent(made, number, T0)
    assert not made.is_live(1)


def test_no_bound_of_the_device_moves() -> None:
    made = proven(6)
    made.answer(2, lent(made, 2, T0), "protocol", True, T0)
    assert made.keys[2].suspect_at == T0
    assert cause(made, 2, T0 + SECOND) == "wait"
    made.pause([4], T0)
    assert cause(made, 4, T0) == "paused"


def test_a_lent_login_beside_a_prober_needs_room_for_both() -> None:
    made = proven(6)
    lent(made, 3, T0)
    assert 3 in made.tick(T0).withdraw  # the device is the borrower's
    assert made.answer(3, 0, "auth", True, T0 + SECOND)  # the prober was faster: the device may count two
    made.lost([3], T0 + 2 * SECOND)
    assert cause(made, 3, T0 + 3 * SECOND) == "day"
    made = proven(6)
    made.watch(made.live, T0, [Key(9, "10.0.0.3", "onvif", "h", T0)])
    made.pause((), T0)
    made.answer(9, lent(made, 9, T0), "auth", True, T0 + SECOND)
    made.tick(T0 + 2 * SECOND)
    assert cause(made, 3, T0 + 2 * SECOND) == "second"  # the last try is the prober's that may be under way


def test_where_no_prober_was_told_the_last_try_is_lent() -> None:
    made = proven(6)
    made.watch(made.live, T0, [Key(9, "10.0.0.3", "onvif", "h", T0)])
    made = restarted(made, T0 + SECOND, clean=True)
    made.answer(9, lent(made, 9, T0 + SECOND), "auth", True, T0 + SECOND)
    lent(made, 3, T0 + 2 * SECOND)
