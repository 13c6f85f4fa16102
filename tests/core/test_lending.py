"""What the guard lends to a command of people, and that a device never counts more for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest

from camerahub.core.breaker import Brake
from camerahub.core.guard_rows import DAY, NEVER, SECOND, Decision, GuardPolicy, Key, Live, Login
from camerahub.core.lending import LendingGuard, Loan, Slip, Told

START = 1_800_000_000 * SECOND
HOUR = 3_600 * SECOND


def guard_of(*keys: Key, policy: GuardPolicy | None = None) -> LendingGuard:
    guard = LendingGuard(policy)
    guard.load(keys, START, clean=True)
    guard.watch((Live(key.number) for key in keys), START)
    return guard


def key(number: int, address: str = "", version: str = "v", **fields: int) -> Key:
    made = Key(number, address or f"192.0.2.{number}", "admin", version, START - DAY)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def proven(number: int, **where: str) -> Key:
    made = key(number, **where, proven_at=START - HOUR)
    made.state = Login.PROVEN
    return made


def back(guard: LendingGuard, slips: Iterable[Slip], *told: Told, at: int = START) -> None:
    by_key: dict[int, list[Told]] = defaultdict(list)
    for one in told:
        by_key[one.key].append(one)
    guard.take_back(slips, by_key, at)


def test_what_is_lent_is_to_be_stored_and_what_was_not_used_was_not_tried() -> None:
    guard = guard_of(key(1))
    [slip] = guard.lend([1], START)
    assert (slip.reason, slip.permit > 0, slip.group) == ("", True, "v")
    [row] = guard.take_changed()
    assert (row.permit, row.state, row.tries) == (slip.permit, Login.TRYING, 1)
    assert guard.lend([1], START)[0].cause == "trying"
    back(guard, [slip])
    [row] = guard.take_changed()
    assert (row.permit, row.state, row.tries, row.bad) == (0, Login.UNTRIED, 0, (0, 0, 0, 0))


def test_a_password_that_works_is_lent_for_any_number_of_logins_and_costs_no_row() -> None:
    guard = guard_of(proven(1))
    [slip] = guard.lend([1], START)
    assert slip == Slip(1, 0, worked=True)
    back(guard, [slip])
    assert guard.take_changed() == []


def test_what_the_command_saw_is_known() -> None:
    guard = guard_of(key(1), key(2), key(3), proven(4))
    slips = guard.lend([1, 2, 3, 4], START)
    told = [Told(1, "ok", True), Told(2, "auth", True), Told(3, "ok", True), Told(3, "timeout", True)]
    back(guard, slips, *told, Told(4, "auth", True))
    assert [guard.keys[n].state for n in (1, 2, 3, 4)] == [
        Login.PROVEN, Login.REFUSED, Login.PROVEN, Login.REFUSED,
    ]  # fmt: skip
    assert guard.keys[3].suspect_at == START
    assert guard.verdict("v") == "open"
    assert {row.number for row in guard.take_changed()} == {1, 2, 3, 4}


def test_of_a_command_that_died_every_login_is_suspected() -> None:
    guard = guard_of(key(1), proven(2))
    slips = guard.lend([1, 2], START)
    guard.tick(START)
    guard.lost([slip.key for slip in slips], START)
    assert [guard.keys[n].suspect_at for n in (1, 2)] == [START, START]
    assert guard.keys[1].permit == 0
    later = guard.lend([1, 2], START + 60 * SECOND)
    assert [(slip.reason, slip.cause) for slip in later] == [("locked", "suspect"), ("", "")]
    assert later[1].permit, "in doubt: one login at a time"


def test_after_a_kill_what_was_lent_is_suspected_by_its_row() -> None:
    guard = guard_of(key(1))
    guard.lend([1], START)
    guard.take_changed()
    again = LendingGuard()
    again.load(guard.keys.values(), START + SECOND, clean=False)
    again.watch([Live(1)], START + SECOND)
    assert again.keys[1].suspect_at == START + SECOND
    assert again.lend([1], START + SECOND)[0].cause == "suspect"


@pytest.mark.parametrize("minutes", [1, 45, 300])
@pytest.mark.parametrize("reason", ["auth", "timeout"])
def test_ten_sweeps_never_add_up_to_a_lock(minutes: int, reason: str) -> None:
    """One wrong password, two users at one device; each sweep shows what it may, killed every third time."""
    guard = guard_of(key(1, "192.0.2.1", "a"), key(2, "192.0.2.1", "b"))
    shown: list[int] = []
    for sweep in range(10):
        now = START + sweep * minutes * 60 * SECOND
        slips = guard.lend([1, 2], now)
        usable = [slip for slip in slips if not slip.reason][:1]
        shown += [now] * len(usable)
        if sweep % 3 == 2:
            guard.lost([slip.key for slip in slips if not slip.reason], now)
        else:
            back(guard, slips, *(Told(slip.key, reason, True) for slip in usable), at=now)
    assert shown
    assert max(sum(at <= other < at + DAY for other in shown) for at in shown) <= 2


def test_a_trial_goes_on_from_where_it_stands_and_a_failed_one_is_over() -> None:
    refused = [key(n, refused_at=START - HOUR) for n in range(1, 4)]
    guard = guard_of(*refused, *[key(n) for n in range(4, 20)])
    slips = guard.lend(range(1, 20), START)
    assert {slip.cause for slip in slips[:3]} == {"refused"}
    assert {(slip.reason, slip.group) for slip in slips[3:]} == {("", "v")}
    assert guard.room("v") == 2
    back(guard, slips, Told(4, "auth", True), Told(5, "auth", True))
    assert {slip.cause for slip in guard.lend(range(6, 20), START)} == {"group"}


def test_while_the_brake_is_on_nothing_is_lent_but_to_a_person_who_names_one_device() -> None:
    guard = guard_of(proven(1))
    guard.breaker.state, guard.breaker.until = Brake.OPEN, NEVER
    assert guard.lend([1], START)[0].cause == "breaker"
    assert guard.lend([1], START, asked=True)[0].reason == ""


def test_a_person_is_not_held_by_a_trial_a_wait_or_a_pause() -> None:
    guard = guard_of(key(1), key(2), *[key(n, refused_at=START - HOUR) for n in range(3, 8)])
    guard.pause([1], START)
    guard.keys[2].wait_until = START + HOUR
    assert [slip.cause for slip in guard.lend([1, 2], START)] == ["paused", "group"]
    assert [slip.reason for slip in guard.lend([1, 2], START, asked=True)] == ["", ""]


def test_a_device_that_was_dead_is_lent_with_care_one_that_may_have_refused_is_not() -> None:
    guard = guard_of(
        key(1, wait_until=START + HOUR), key(2, wait_until=START + HOUR, suspect_at=START - HOUR)
    )
    slips = guard.lend([1, 2], START)
    assert (slips[0].reason, slips[0].careful, slips[0].permit > 0) == ("", True, True)
    assert (slips[1].reason, slips[1].cause) == ("busy", "wait")


@pytest.mark.parametrize(
    ("fields", "cause", "until"),
    [
        ({"refused_at": START - HOUR}, "refused", START - HOUR + DAY),
        ({"locked_until": START + HOUR}, "locked", START + HOUR),
        ({"suspect_at": START - 60 * SECOND}, "suspect", START + 2340 * SECOND),
        ({"refused_at": START - HOUR, "refused_before": START - 2 * HOUR}, "day", START - 2 * HOUR + DAY),
    ],
)
def test_a_person_is_held_by_what_the_device_said(fields: dict[str, int], cause: str, until: int) -> None:
    guard = guard_of(key(1, **fields))
    assert guard.lend([1], START, asked=True) == [Slip(1, 0, "locked", cause, until)]


def test_while_a_person_logs_in_the_device_has_no_other_login() -> None:
    guard = guard_of(proven(1, address="192.0.2.1"), proven(2, address="192.0.2.1", version="w"))
    assert {grant.number for grant in guard.tick(START).grants} == {1, 2}
    slips = guard.lend([1], START, asked=True)
    assert guard.ended() == Decision(withdraw=[1, 2])
    assert guard.tick(START + SECOND).grants == []
    back(guard, slips, Told(1, "ok", True), at=START + 2 * SECOND)
    assert {(grant.number, grant.permit) for grant in guard.tick(START + 2 * SECOND).grants} == {
        (1, 0),
        (2, 0),
    }


def test_a_loan_survives_the_line() -> None:
    loan = Loan(
        {1: Slip(1, 7, group="v"), 2: Slip(2, 0, "locked", "day", 5)}, {10: 1, 11: 1, 12: 2}, {"v": 3}
    )
    rows = loan.rows()
    assert Loan.of_rows(rows["slips"], rows["keys"], rows["rooms"]) == loan  # type: ignore[arg-type]
    assert loan.lent == [Slip(1, 7, group="v")]
