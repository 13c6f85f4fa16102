"""The workflow of a ticket: its table, the ways back, 挂起 by two persons, closing on proof, the clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.tickets import (
    ACTIONS,
    REOPEN_US,
    Event,
    Refusal,
    Refused,
    Result,
    Role,
    Stage,
    Ticket,
    after,
    allowed,
    begun,
    folded,
)

H = 3_600_000_000
LI, WANG, ZHAO, CUN = "li", "wang", "zhao", "cun"


def duty(action: str, at: int, actor: str = LI, **told: str) -> Event:
    return Event(action, at, actor, Role.DUTY, told)


def tech(action: str, at: int, actor: str = WANG, **told: str) -> Event:
    return Event(action, at, actor, Role.TECHNICIAN, told)


def machine(action: str, at: int, **told: str) -> Event:
    return Event(action, at, "camerahub", Role.SYSTEM, told)


DISPATCHED = (duty("triage", H), duty("dispatch", 2 * H, assignee=WANG))
WORKING = (*DISPATCHED, tech("take", 3 * H))
RETURNED = (*WORKING, tech("return", 5 * H, cause="power", solution="breaker reset"))


def at(*events: Event) -> Ticket:
    return folded(begun(0), events)


def why(ticket: Ticket, event: Event) -> Refusal | None:
    moved = after(ticket, event)
    return moved.why if isinstance(moved, Refused) else None


def test_the_whole_way_takes_six_steps_and_counts_the_hours() -> None:
    done = at(*RETURNED, duty("pass", 6 * H), Event("confirm", 8 * H, CUN, Role.LOCAL))
    assert (done.stage, done.result, done.elapsed_us(100 * H)) == (Stage.CLOSED, Result.REPAIRED, 8 * H)
    assert done.times[Stage.WORKING] == 3 * H


def test_a_ticket_that_was_not_repaired_goes_back_to_the_technician() -> None:
    back = at(*RETURNED, Event("not_repaired", 6 * H, CUN, Role.LOCAL, {"note": "还是黑的"}))
    assert (back.stage, back.assignee) == (Stage.WORKING, WANG)
    assert why(back, machine("proven", 7 * H, proof="3 looks")) is Refusal.DENIED, (
        "a person beats the machine"
    )
    again = folded(back, [tech("return", 9 * H, cause="lens", solution="cleaned")])
    assert why(again, machine("proven", 10 * H, proof="3 looks")) is None


def test_nobody_passes_what_he_repaired_and_nobody_approves_what_he_asked_for() -> None:
    returned = at(*WORKING, tech("return", 5 * H, cause="power", solution="x"))
    assert why(returned, duty("pass", 6 * H, actor=WANG)) is Refusal.SAME_PERSON
    asked = at(*WORKING, duty("ask_hold", 4 * H, reason="待件", until=str(90 * H)))
    assert why(asked, duty("approve_hold", 5 * H)) is Refusal.SAME_PERSON
    assert why(asked, duty("approve_hold", 5 * H, actor=ZHAO)) is None


def test_the_clock_stops_only_while_a_hold_is_approved() -> None:
    asked = at(*WORKING, tech("ask_hold", 4 * H, reason="停电", until=str(90 * H)))
    assert asked.elapsed_us(10 * H) == 10 * H
    held = folded(asked, [duty("approve_hold", 10 * H)])
    assert held.elapsed_us(50 * H) == 10 * H
    assert why(held, tech("return", 20 * H, cause="a", solution="b")) is Refusal.HELD
    on = folded(held, [machine("resume", 90 * H)])
    assert (on.elapsed_us(91 * H), on.asked_by) == (11 * H, "")


def test_only_who_has_it_works_on_it() -> None:
    assert why(at(*DISPATCHED), tech("take", 3 * H, actor=ZHAO)) is Refusal.NOT_ASSIGNEE
    moved = at(*WORKING, duty("reassign", 4 * H, assignee=ZHAO, note="在附近"))
    assert (moved.stage, moved.assignee) == (Stage.DISPATCHED, ZHAO)
    declined = at(*DISPATCHED, tech("decline", 3 * H, note="不属本公司"))
    assert (declined.stage, declined.assignee) == (Stage.TRIAGED, "")


def test_what_recovers_by_itself_is_closed_by_the_machine_with_its_proof() -> None:
    assert why(at(*WORKING), machine("proven", 4 * H)) is Refusal.FIELDS
    done = at(*WORKING, machine("proven", 4 * H, proof="12, 13, 14"))
    assert (done.stage, done.result) == (Stage.CLOSED, Result.RECOVERED)


def test_the_same_fault_within_seven_days_opens_the_same_ticket() -> None:
    done = at(*WORKING, machine("proven", 4 * H, proof="x"))
    assert why(done, machine("reopen", 4 * H + REOPEN_US + 1, note="又离线")) is Refusal.TOO_LATE
    again = folded(done, [machine("reopen", 24 * H, note="又离线")])
    assert (again.stage, again.opened, again.result) == (Stage.TRIAGED, 2, None)
    assert again.elapsed_us(25 * H) == 5 * H, "closed time does not count"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (duty("explode", 9 * H), Refusal.UNKNOWN),
        (duty("triage", 9 * H), Refusal.STAGE),
        (Event("reassign", 9 * H, CUN, Role.LOCAL, {"assignee": "x", "note": "y"}), Refusal.ROLE),
        (duty("reassign", 9 * H, assignee=ZHAO), Refusal.FIELDS),
        (duty("reassign", 9 * H, assignee=" ", note="x"), Refusal.FIELDS),
        (duty("note", H, note="x"), Refusal.BACKWARDS),
        (tech("ask_hold", 9 * H, reason="待件", until=str(H)), Refusal.BACKWARDS),
        (tech("ask_hold", 9 * H, reason="待件", until="明天"), Refusal.BACKWARDS),
        (duty("approve_hold", 9 * H), Refusal.NOT_ASKED),
        (tech("resume", 9 * H), Refusal.NOT_HELD),
    ],
)
def test_what_may_not_happen_is_refused_in_a_word(event: Event, expected: Refusal) -> None:
    assert why(at(*WORKING), event) is expected


def test_the_table_leads_from_every_stage_to_the_end() -> None:
    reached = {Stage.CLOSED}
    for _ in Stage:
        reached |= {stage for action in ACTIONS.values() if action.to in reached for stage in action.at}
    assert reached == set(Stage)
    assert all(action.roles and action.at for action in ACTIONS.values())


TOLD = dict.fromkeys(("assignee", "note", "cause", "solution", "other", "proof", "reason"), WANG)
EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(list(ACTIONS)),
        st.integers(0, 50).map(lambda hours: hours * H),
        st.sampled_from([LI, WANG, ZHAO]),
        st.sampled_from(list(Role)),
        st.just(TOLD | {"until": str(1000 * H)}),
    ),
    max_size=40,
)


@given(EVENTS)
def test_whatever_is_tried_a_ticket_stays_whole(events: list[Event]) -> None:
    ticket, taken = begun(0), []
    for event in sorted(events, key=lambda one: one.at):
        moved = after(ticket, event)
        assert (event.action in allowed(ticket, event.actor, event.role)) is not isinstance(moved, Refused)
        if isinstance(moved, Ticket):
            ticket = moved
            taken.append(event)
    assert folded(begun(0), taken) == ticket
    assert (ticket.stage is Stage.CLOSED) == (ticket.result is not None)
    assert not (ticket.held and not ticket.asked_by)
    assert (ticket.stage in (Stage.DISPATCHED, Stage.WORKING)) <= bool(ticket.assignee)
    assert 0 <= ticket.worked_us <= ticket.at


@given(EVENTS, st.integers(0, 100), st.integers(0, 100))
def test_the_clock_never_runs_backwards_and_never_faster_than_time(
    events: list[Event], sooner: int, later: int
) -> None:
    ticket = begun(0)
    for event in sorted(events, key=lambda one: one.at):
        moved = after(ticket, event)
        ticket = moved if isinstance(moved, Ticket) else ticket
    first, second = sorted((ticket.at + sooner * H, ticket.at + later * H))
    assert 0 <= ticket.elapsed_us(second) - ticket.elapsed_us(first) <= second - first
