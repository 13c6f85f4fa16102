"""The rule of the guard, case by case; docs/guard.md says why."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest

from camerahub.core.breaker import Brake
from camerahub.core.guard import Guard
from camerahub.core.guard_rows import DAY, SECOND, GuardPolicy, Held, Key, Live, Login, Permit
from camerahub.core.lending import LendingGuard

T0 = 1_800_000_000 * SECOND
MINUTE = 60 * SECOND


def guard(
    count: int = 8, *, group: str = "g", policy: GuardPolicy | None = None, address: str = "10.0.0.{}"
) -> LendingGuard:
    made = LendingGuard(policy)
    keys = [Key(n, address.format(n), "admin", group, T0) for n in range(1, count + 1)]
    made.watch([Live(n, f"net{n % 3}", f"maker{n % 2}") for n in range(1, count + 1)], T0, keys)
    return made


def once(made: Guard, now: int) -> list[tuple[int, int]]:
    return [(grant.number, grant.permit) for grant in made.tick(now).grants if grant.permit]


def standing(made: Guard, now: int) -> set[int]:
    return {grant.number for grant in made.tick(now).grants if not grant.permit}


def proven(count: int, policy: GuardPolicy | None = None) -> LendingGuard:
    made = guard(count, policy=policy)
    now = T0
    while any(key.state is not Login.PROVEN for key in made.keys.values()):
        now += SECOND
        for number, permit in once(made, now):
            made.answer(number, permit, "ok", True, now)
    made.tick(now + SECOND)
    return made


def restarted(made: Guard, now: int, *, clean: bool, live: bool = True) -> LendingGuard:
    again = LendingGuard(made.policy)
    again.breaker.restore(made.breaker.export())
    again.load([copy.copy(key) for key in made.keys.values()], now, clean=clean)
    if live:
        again.watch(made.live, now)
    return again


def test_five_devices_first_one_after_the_other_then_the_group_is_held() -> None:
    made, tried = guard(40), []
    for turn in range(200):
        now = T0 + turn * SECOND
        grants = once(made, now)
        assert len(grants) <= 1
        for number, permit in grants:
            tried.append(number)
            assert made.standing_of(number) is Login.TRYING
            made.answer(number, permit, "auth", True, now)
    assert len(set(tried)) == 5
    assert {made._live[n].subnet for n in tried[:3]} == {"net0", "net1", "net2"}
    assert made.verdict("g") == "failed"
    assert len(made.to_fix()) == 40
    assert {fix.state for fix in made.to_fix()} == {Login.REFUSED, Login.HELD}


def test_a_group_of_three_is_tried_on_three() -> None:
    made = guard(3)
    for turn in range(30):
        for number, permit in once(made, T0 + turn * SECOND):
            made.answer(number, permit, "auth", True, T0 + turn * SECOND)
    assert made.counts()["refused"] == 3
    assert made.verdict("g") == "failed"


def test_one_success_opens_the_group_at_a_pace() -> None:
    made = guard(100)
    ((first, permit),) = once(made, T0)
    assert once(made, T0 + SECOND) == []  # not before the answer
    made.answer(first, permit, "ok", True, T0 + SECOND)
    assert made.verdict("g") == "open"
    assert len(once(made, T0 + SECOND)) <= 10
    assert made.standing_of(first) is Login.PROVEN


def test_a_device_that_is_off_is_passed_over() -> None:
    made = guard(3)
    ((first, permit),) = once(made, T0)
    made.answer(first, permit, "timeout", False, T0)
    ((second, _),) = once(made, T0 + SECOND)
    assert second != first
    assert made.keys[first].bad == (0, 0, 0, 0)
    assert isinstance(made.may_login(first, T0 + 30 * SECOND), Held)


def test_an_answer_told_twice_or_by_nobody_asked_counts_once() -> None:
    made = guard(1)
    ((number, permit),) = once(made, T0)
    assert made.answer(number, permit, "auth", True, T0)
    assert not made.answer(number, permit, "auth", True, T0 + 1)
    assert not made.answer(number, 0, "auth", True, T0 + 1)
    assert not made.answer(99, 1, "auth", True, T0 + 1)
    assert made.keys[number].refused_before == 0


def test_one_retry_after_a_day_and_then_only_when_asked() -> None:
    made = guard(1)
    ((number, permit),) = once(made, T0)
    made.answer(number, permit, "auth", True, T0)
    made.check([number], T0 + MINUTE)
    assert once(made, T0 + DAY - 1) == []
    ((_, permit),) = once(made, T0 + DAY)
    made.answer(number, permit, "auth", True, T0 + DAY)
    assert once(made, T0 + 9 * DAY) == []
    made.check([number], T0 + 9 * DAY)
    assert len(once(made, T0 + 9 * DAY)) == 1


def test_a_new_password_begins_anew_and_the_old_refusal_stays() -> None:
    made = guard(1)
    ((number, permit),) = once(made, T0)
    made.answer(number, permit, "auth", True, T0)
    for nth, version in enumerate(("g2", "g3"), 2):
        made.watch(
            [Live(nth)], T0 + nth * MINUTE, [Key(nth, "10.0.0.1", "admin", version, T0 + nth * MINUTE)]
        )
        for tried, permit in once(made, T0 + nth * MINUTE):
            made.answer(tried, permit, "auth", True, T0 + nth * MINUTE)
    assert [made.keys[n].tries for n in (1, 2, 3)] == [1, 1, 0]  # the third within a day is held
    held = made.may_login(3, T0 + 5 * MINUTE)
    assert held == Held("locked", "day", T0 + DAY)
    made.watch([Live(2)], T0 + 6 * MINUTE)
    made.watch([Live(1)], T0 + 7 * MINUTE)  # the same password again is the same key
    assert made.standing_of(1) is Login.REFUSED


def test_a_reset_after_the_credential_counts_and_two_lock() -> None:
    made = guard(1)
    tries = []
    for turn in range(24 * 60):
        now = T0 + turn * MINUTE
        for number, permit in once(made, now):
            tries.append(now)
            made.answer(number, permit, "reset", True, now)
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 30 * MINUTE
    assert made.standing_of(1) is Login.LOCKED


def test_busy_backs_off_from_one_minute_to_thirty() -> None:
    made = guard(1)
    waits, asked = [], T0
    for _ in range(9):
        while not (grants := once(made, asked)):
            asked += 10 * SECOND
        waits.append(asked)
        made.answer(*grants[0], "busy", False, asked)
    gaps = [(b - a) / MINUTE for a, b in pairwise(waits)]
    assert [1 <= gaps[0] <= 1.5, 2 <= gaps[1] <= 2.7, 4 <= gaps[2] <= 5.2] == [True] * 3
    assert all(30 <= gap <= 38 for gap in gaps[5:])
    while not (grants := once(made, asked)):
        asked += 10 * SECOND
    made.answer(*grants[0], "ok", True, asked)
    assert made.keys[1].waits == 0


def test_a_login_nobody_told_of_counts_after_a_restart() -> None:
    made = guard(1)
    once(made, T0)
    again = restarted(made, T0 + MINUTE, clean=False)
    assert again.keys[1].suspect_at == T0 + MINUTE
    assert once(again, T0 + 2 * MINUTE) == []
    ((_, permit),) = once(again, T0 + 60 * MINUTE)
    again = restarted(again, T0 + 61 * MINUTE, clean=False)
    assert again.may_login(1, T0 + 3 * 60 * MINUTE) == Held("locked", "day", T0 + MINUTE + DAY)
    assert permit


def test_what_worked_is_in_doubt_after_a_crash_and_sure_after_one_success() -> None:
    made = proven(2)
    now = T0 + 60 * MINUTE
    sure = restarted(made, now, clean=True)
    assert standing(sure, now) == {1, 2}
    doubtful = restarted(made, now, clean=False)
    grants = doubtful.tick(now).grants
    assert all(grant.permit for grant in grants)
    for grant in grants:
        doubtful.answer(grant.number, grant.permit, "ok", True, now)
    assert len(standing(doubtful, now + SECOND) | standing(doubtful, now + 2 * SECOND)) >= 1
    assert all(
        not key.suspect_at for key in doubtful.keys.values() if key.number in {g.number for g in grants}
    )


def test_a_refusal_unheard_three_times_is_no_third_refusal() -> None:
    """The device's password changed; each life of the hub is killed between the refusal and its word of it."""
    made, now, refusals = proven(1), T0 + 60 * MINUTE, 0
    for _ in range(5):
        refusals += made.may_login(1, now) == Permit(standing=True)  # refused, unheard
        made = restarted(made, now, clean=False)
        for grant in made.tick(now).grants:
            refusals += grant.permit > 0
        now += MINUTE
    assert refusals <= 2


def test_the_last_try_of_a_device_is_kept_for_the_password_that_worked() -> None:
    made = proven(1)
    made.watch(
        [Live(1), Live(2), Live(3)], T0 + MINUTE, [Key(n, "10.0.0.1", "u", f"h{n}", T0) for n in (2, 3)]
    )
    grants = [g for turn in range(1, 9) for g in once(made, T0 + turn * MINUTE)]
    ((number, permit),) = grants
    made.answer(number, permit, "auth", True, T0 + 9 * MINUTE)
    other = 5 - number
    assert made.may_login(other, T0 + 10 * MINUTE) == Held("locked", "second", T0 + 9 * MINUTE + DAY)
    assert made.may_login(1, T0 + 10 * MINUTE) == Permit(standing=True)


def test_the_breaker_stops_all_tries_one_and_lets_go() -> None:
    made = proven(20)
    now = T0 + 60 * MINUTE
    for number in range(1, 6):
        assert made.breaker.state is Brake.CLOSED
        made.answer(number, 0, "auth", True, now)
    assert made.breaker.state is Brake.OPEN
    decision = made.tick(now)
    assert decision.everything
    assert decision.grants == []
    assert made.may_login(20, now) == Held("locked", "breaker", 2**62)
    again = restarted(made, now + MINUTE, clean=True)
    assert again.tick(now + 2 * MINUTE).grants == []
    now += 31 * MINUTE
    for _ in range(3):
        ((number, permit),) = once(again, now)
        assert once(again, now) == []
        again.answer(number, permit, "ok", True, now)
        now += SECOND
    assert again.breaker.state is Brake.CLOSED
    assert len(standing(again, now)) == 15


def test_a_few_refusals_among_many_logins_do_not_trip() -> None:
    made = proven(20)
    now = T0 + 60 * MINUTE
    made.heard(30, now)
    for number in range(1, 7):
        made.answer(number, 0, "auth", True, now)
    assert made.breaker.state is Brake.CLOSED


def test_passwords_that_never_worked_do_not_trip() -> None:
    made = Guard(GuardPolicy(pace_per_s=100))
    made.watch(
        [Live(n) for n in range(1, 31)], T0, [Key(n, f"10.0.0.{n}", "u", f"g{n}", T0) for n in range(1, 31)]
    )
    for turn in range(20):
        for number, permit in once(made, T0 + turn * SECOND):
            made.answer(number, permit, "auth", True, T0 + turn * SECOND)
    assert made.counts()["refused"] == 30
    assert made.breaker.state is Brake.CLOSED


def test_half_open_with_nobody_left_lets_go_by_itself() -> None:
    made = proven(5)
    now = T0 + 60 * MINUTE
    for number in range(1, 6):
        made.answer(number, 0, "auth", True, now)
    assert made.breaker.state is Brake.OPEN
    made.tick(now + 30 * MINUTE)
    assert made.breaker.state is Brake.HALF
    made.tick(now + 61 * MINUTE)
    assert made.breaker.state is Brake.CLOSED


def test_paused_devices_are_not_tried_and_come_back() -> None:
    made = guard(1)
    made.pause({1}, T0)
    assert once(made, T0 + MINUTE) == []
    assert made.may_login(1, T0) == Held("paused", "paused", 2**62)
    made.pause((), T0 + MINUTE)
    assert len(once(made, T0 + 2 * MINUTE)) == 1


def test_a_device_that_asks_for_no_password_proves_none() -> None:
    made = guard(10)
    ((number, permit),) = once(made, T0)
    made.answer(number, permit, "ok", False, T0)
    assert made.verdict("g") == "trial"
    assert number in standing(made, T0 + SECOND) | {number}
    assert made.keys[number].state is Login.PROVEN


def test_a_step_of_the_clock_ends_no_wait() -> None:
    made = guard(1)
    ((number, permit),) = once(made, T0)
    made.answer(number, permit, "auth", True, T0)
    made.shift(30 * DAY)
    assert once(made, T0 + 30 * DAY + MINUTE) == []
    assert len(once(made, T0 + 31 * DAY)) == 1


def test_two_lives_that_end_at_one_time_are_two_bad_times() -> None:
    """The clock was set back between the lives of a hub, and both ended at the same reading of it."""
    made, now = proven(1), T0 + 60 * MINUTE
    made = restarted(made, now, clean=False)  # its standing permit may have been refused unheard
    assert len(once(made, now)) == 1
    made = restarted(made, now, clean=False)  # and so may the single one
    assert made.may_login(1, now) == Held("locked", "day", now + DAY)


def test_one_crash_is_one_bad_time_for_all_keys_of_a_device() -> None:
    made, now = proven(1), T0 + 60 * MINUTE
    made.watch([Live(1), Live(2)], now, [Key(2, "10.0.0.1", "onvif", "g", now)])
    ((number, permit),) = once(made, now + MINUTE)
    made.answer(number, permit, "ok", True, now + MINUTE)
    made = restarted(made, now + 2 * MINUTE, clean=False)
    assert made.keys[1].suspect_at == made.keys[2].suspect_at
    assert len(once(made, now + 3 * MINUTE)) == 1


def test_a_refusal_at_the_time_of_another_is_a_bad_time_of_its_own() -> None:
    made, now = proven(1), T0 + 60 * MINUTE
    made.watch([Live(1), Live(2)], now, [Key(2, "10.0.0.1", "onvif", "g", now)])
    ((number, permit),) = once(made, now)
    made.answer(number, permit, "auth", True, now)
    made.tick(now)
    made.answer(1, 0, "auth", True, now)
    assert made.may_login(1, now) == Held("locked", "day", now + DAY)


@pytest.mark.parametrize("ends", ["unwatched", "paused", "breaker"])
def test_a_refusal_that_crosses_the_end_of_its_standing_permit_counts_once(ends: str) -> None:
    made, now = proven(8), T0 + 60 * MINUTE
    if ends == "unwatched":
        made.watch([Live(n) for n in range(1, 8)], now)
    elif ends == "paused":
        made.pause({8}, now)
    else:
        for number in range(1, 6):
            made.answer(number, 0, "auth", True, now)
        assert made.breaker.state is Brake.OPEN
    assert made.answer(8, 0, "auth", True, now + SECOND)
    assert made.keys[8].bad[:2] == (now + SECOND, 0)
    assert not made.answer(8, 0, "auth", True, now + 2 * SECOND)


@pytest.mark.parametrize("ends", ["unwatched", "paused"])
def test_a_prober_that_dies_before_it_heard_of_the_end_leaves_a_doubt(ends: str) -> None:
    made, now = proven(2), T0 + 60 * MINUTE
    if ends == "unwatched":
        made.watch([Live(1)], now)
    else:
        made.pause({2}, now)
    made.lost([2], now + SECOND)
    assert made.keys[2].suspect_at == now + SECOND
    made.left([2])
    made.lost([2], now + MINUTE)
    assert made.keys[2].suspect_before == 0


def test_a_device_that_asks_for_no_password_any_more_has_still_counted() -> None:
    made, now = proven(1), T0 + 60 * MINUTE
    made = restarted(made, now, clean=False)
    ((number, permit),) = once(made, now)
    made.answer(number, permit, "ok", False, now + MINUTE)  # somebody switched its passwords off
    assert made.may_login(1, now + MINUTE) == Permit(standing=True)
    made.tick(now + MINUTE)
    made.answer(1, 0, "auth", True, now + 2 * MINUTE)  # and on again, with another one
    assert made.may_login(1, now + 3 * MINUTE) == Held("locked", "day", now + DAY)
