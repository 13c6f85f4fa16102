"""The fleet against a manual clock: pace, seats, fairness, second looks, rounds, changes, drain."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.health import Policy
from camerahub.core.messages import Assignment, FleetPolicy, LoginEnded, Permits
from camerahub.core.result import SENT, Facet, Outcome, ProbeResult, Signal, Target
from camerahub.core.schedule import confirm
from camerahub.services.fleet import MAX_SLOTS, Fleet
from camerahub.services.flights import STATS, remember
from camerahub.services.gate import Gate

sys.path.insert(0, str(Path(__file__).parent))
from fleet_sim import Answer, Sim, camera

EVEN = FleetPolicy(interval_s=60, jitter=0.1, deadline_s=3, confirm_s=5)


def test_first_dials_are_spread_over_the_interval_never_a_burst() -> None:
    sim = Sim(EVEN)
    sim.assign(*(camera(n) for n in range(1, 6001)))
    sim.run(60)
    times = [at for at, _, _ in sim.starts]
    assert len({who for _, who, _ in sim.starts}) == 6000
    per_second = [sum(second <= at < second + 1 for at in times) for second in range(60)]
    assert min(per_second) >= 90
    assert max(per_second) <= 115
    tick = 0.01  # 6000 a minute is one every 10 ms
    assert max(sum(start <= at < start + tick for at in times) for start in times[::50]) <= 4


def test_each_endpoint_is_looked_at_once_an_interval_with_jitter() -> None:
    sim = Sim(EVEN)
    sim.assign(*(camera(n) for n in range(1, 101)))
    sim.run(60 * 20)
    for endpoint in range(1, 101):
        times = sim.times(endpoint)
        gaps = [b - a for a, b in itertools.pairwise(times)]
        assert 19 <= len(times) <= 20
        assert all(53.9 <= gap <= 66.1 for gap in gaps)


def test_a_dead_subnet_does_not_starve_the_others() -> None:
    policy = replace(EVEN, max_in_flight=64, subnet_seats=32)
    dead = [camera(n, f"10.9.0.{n}") for n in range(1, 255)]
    live = [camera(1000 + n) for n in range(2000)]
    sim = Sim(policy, lambda t: Answer(9, "timeout") if t.host.startswith("10.9.0.") else Answer(0.05))
    sim.assign(*dead, *live)
    sim.run(600)
    for assignment in live:
        times = sim.times(assignment.target.endpoint)
        assert max(b - a for a, b in itertools.pairwise(times)) <= 66.2
    for assignment in dead:
        times = sim.times(assignment.target.endpoint)
        assert max(b - a for a, b in itertools.pairwise(times)) <= 75
    assert not any(result.reason == "no_seat" for _, result in sim.results)


def test_many_dead_subnets_leave_the_living_half_of_the_seats() -> None:
    policy = replace(EVEN, max_in_flight=40, subnet_seats=16)
    dead = [camera(n * 300 + m, f"10.{n}.0.{m}") for n in range(1, 9) for m in range(1, 201)]
    live = [camera(100_000 + n, f"10.200.{n >> 7}.{n & 127}") for n in range(600)]
    sim = Sim(policy, lambda t: Answer(0.05) if t.endpoint >= 100_000 else Answer(9, "timeout"))
    sim.assign(*dead, *live)
    sim.run(900)
    late = [at for at, who, _ in sim.starts if who >= 100_000 and at > 300]
    assert len(late) >= 600 * 9.9
    worst = 0.0
    for assignment in live:
        times = [at for at in sim.times(assignment.target.endpoint) if at > 300]
        worst = max(worst, *(b - a for a, b in itertools.pairwise(times)))
    assert worst <= 67
    assert any(result.reason == "no_seat" for _, result in sim.results)  # the dead ones are told honestly
    dialled_late = {who for at, who, _ in sim.starts if who < 100_000 and at > 600}
    assert len(dialled_late) >= 1500  # and all keep their turn


def test_one_conversation_at_a_time_with_a_recorder_of_many_channels() -> None:
    sim = Sim(EVEN, lambda _: Answer(1.0))
    sim.assign(*(camera(n, "10.0.0.9", device=7) for n in range(1, 33)))
    sim.run(600)
    for endpoint in range(1, 33):
        assert len(sim.times(endpoint)) >= 9
    assert not any(result.reason == "no_seat" for _, result in sim.results)


def test_two_endpoints_of_one_camera_are_never_dialled_together() -> None:
    sim = Sim(replace(EVEN, device_seats=8), lambda _: Answer(2.9))
    sim.assign(camera(1, camera=5), camera(2, camera=5))
    open_until = 0.0
    for _ in range(6):
        sim.fleet.ask(_ + 1, "options", None)
        sim.run(sim.now + 20)
    for at, _, _ in sim.starts:
        assert at >= open_until - 1e-6
        open_until = at + 2.9


def test_an_endpoint_without_a_seat_for_an_interval_is_unknown_and_keeps_its_turn() -> None:
    policy = replace(EVEN, interval_s=10, deadline_s=8)
    sim = Sim(policy, lambda _: Answer(8))
    sim.assign(*(camera(n, "10.0.0.9") for n in range(1, 5)))
    sim.run(200)
    for endpoint in range(1, 5):
        assert "no_seat" in sim.reasons(endpoint)
        assert len(sim.times(endpoint)) >= 4
    unseen = [result for _, result in sim.results if result.reason == "no_seat"]
    assert all(result.outcome == 2 and result.probe == "options" for result in unseen)


def test_the_channels_of_a_silent_recorder_do_not_wait_for_each_other() -> None:
    """Nobody answers at its port, so there is no session to take; the first answer of any kind ends that."""
    policy = replace(EVEN, interval_s=60, deadline_s=5)
    away = {"10.0.0.9"}
    sim = Sim(policy, lambda t: Answer(5, "timeout") if t.host in away else Answer(1.0))
    sim.assign(*(camera(n, "10.0.0.9") for n in range(1, 33)))
    sim.run(400)
    assert not any(result.reason == "no_seat" for _, result in sim.results if _ > 100)
    away.clear()
    sim.run(460)
    open_now = []
    for at in range(470, 700):
        sim.run(float(at))
        open_now.append(len(sim._flying))
    assert max(open_now) == 1


def test_a_first_fault_is_looked_at_again_after_the_confirmation_time() -> None:
    sim = Sim(EVEN, lambda _: Answer(0.0, "refused"))
    sim.assign(camera(1))
    sim.run(400)
    times = sim.times(1)
    assert times[1] - times[0] == pytest.approx(5, abs=0.01)
    assert all(gap > 50 for gap in (b - a for a, b in itertools.pairwise(times[1:])))
    assert sim.fleet.stats()["confirmations_total"] == 1


def test_a_first_good_answer_of_one_that_is_down_is_looked_at_again() -> None:
    answers = iter(["refused"] * 4 + ["ok"] * 50)
    sim = Sim(EVEN, lambda _: Answer(0.0, next(answers)))
    sim.assign(camera(1))
    sim.run(600)
    times, reasons = sim.times(1), sim.reasons(1)
    first = reasons.index("ok")
    assert times[first + 1] - times[first] == pytest.approx(5, abs=0.01)
    assert times[first + 2] - times[first + 1] > 40


D, U, N = Signal.DOWN, Signal.UP, Signal.UNKNOWN


@pytest.mark.parametrize(
    ("signals", "again"),
    [
        ([D, D, D, D], [True, False, False, False]),
        ([U, D, U, D], [False, True, False, True]),
        ([D, D, D, U, U, U], [True, False, False, True, False, False]),
        ([D, D, D, U, D, U], [True, False, False, True, False, True]),
        ([D, N, D, N], [True, False, False, False]),
        ([N, N], [False, False]),
    ],
)
def test_what_outcomes_amount_to(signals: list[Signal], again: list[bool]) -> None:
    memory, seen = 0, []
    for signal in signals:
        memory, more = remember(memory, signal, 3)
        seen.append(more)
    assert seen == again


@given(st.lists(st.sampled_from(Signal), max_size=30), st.integers(2, 5))
def test_second_looks_follow_the_rule_of_the_fold(signals: list[Signal], down_n: int) -> None:
    policy = Policy(Facet.ONLINE, down_n, down_n, 2, 2, 300_000_000)
    ours = theirs = 0
    for signal in signals:
        ours, again = remember(ours, signal, down_n)
        theirs, expected = confirm(theirs, signal, policy)
        assert again == expected


def test_a_round_is_answered_by_all_and_said_to_be_done_once() -> None:
    sim = Sim(replace(EVEN, dials_per_s=2000))
    sim.assign(*(camera(n) for n in range(1, 2001)))
    sim.run(30)
    before = len(sim.starts)
    sim.fleet.ask(77, "rtsp", None)
    sim.run(35)
    assert [round_id for _, round_id in sim.rounds] == [77]
    asked = [(at, who) for at, who, probe in sim.starts[before:] if probe == "rtsp"]
    assert len(asked) == len({who for _, who in asked}) == 2000
    assert sim.rounds[0][0] - 30 <= 2000 / 2000 + 0.3
    sim.run(200)
    assert len(sim.rounds) == 1


def test_rounds_that_overlap_share_one_dial() -> None:
    sim = Sim(EVEN, lambda _: Answer(1))
    sim.assign(camera(1), camera(2))
    sim.fleet.ask(1, "rtsp", [1])
    sim.fleet.ask(2, "rtsp", [1, 2, 404])
    sim.fleet.ask(3, "tcp", [1])
    sim.fleet.ask(4, "options", [])
    sim.run(3.9)
    assert sorted(round_id for _, round_id in sim.rounds) == [1, 2, 3, 4]
    assert [probe for _, who, probe in sim.starts if who == 1 and probe != "options"] == ["rtsp", "tcp"]


def test_paused_endpoints_say_so_and_are_not_dialled() -> None:
    sim = Sim(EVEN)
    sim.assign(camera(1), camera(2))
    sim.fleet.pause(True, [1])
    sim.fleet.ask(9, "rtsp", None)
    sim.run(200)
    assert set(sim.reasons(1)) == {"paused"}
    assert "paused" not in sim.reasons(2)
    assert [round_id for _, round_id in sim.rounds] == [9]
    sim.fleet.pause(False, [1])
    sim.run(300)
    assert sim.reasons(1)[-1] == "ok"
    sim.fleet.pause(True, None)
    seen = len(sim.starts)
    sim.run(400)
    assert len(sim.starts) == seen
    sim.fleet.pause(False, None)
    sim.run(500)
    assert len(sim.starts) > seen


def test_the_brake_stops_those_that_already_wait_for_a_seat() -> None:
    sim = Sim(EVEN, lambda _: Answer(3, "timeout"))
    sim.assign(*(camera(n, "10.0.0.9") for n in range(1, 9)))
    sim.fleet.ask(1, "options", None)
    sim.run(1)
    assert len(sim.starts) == 1
    sim.fleet.pause(True, None)
    sim.run(120)
    assert len(sim.starts) == 1
    assert [round_id for _, round_id in sim.rounds] == [1]


def test_a_changed_address_takes_effect_and_a_new_password_keeps_what_was_learned() -> None:
    hosts: list[str] = []

    def answer(target: Target) -> Answer:
        hosts.append(target.host)
        return Answer(0, "refused")

    sim = Sim(EVEN, answer)
    sim.assign(camera(1, "10.0.0.1"))
    sim.run(130)
    known = camera(1, "10.0.0.1")
    sim.assign(known)  # nothing new: nothing happens
    sim.assign(replace(known, target=Target(1, "10.0.0.1", 554, known.target.url, "admin", "new-secret")))
    dials = len(hosts)
    sim.run(195)
    assert len(hosts) == dials + 1  # already known to be down: no second look
    sim.assign(camera(1, "10.0.0.2"))
    sim.run(270)
    assert hosts[dials + 1 :] == ["10.0.0.2"] * 2  # a new address: the first fault is confirmed
    assert sim.fleet.stats()["endpoints"] == 1


def test_what_was_unassigned_in_flight_says_nothing_and_its_round_ends() -> None:
    sim = Sim(EVEN, lambda _: Answer(2))
    sim.assign(camera(1), camera(2, "10.0.0.1"), camera(3))
    sim.fleet.ask(5, "options", [1, 2, 3])
    sim.run(1)
    sim.fleet.unassign([1, 2, 404])
    sim.run(10)
    assert not sim.reasons(1)
    assert not sim.reasons(2)
    assert sim.reasons(3)
    assert [round_id for _, round_id in sim.rounds] == [5]
    sim.assign(camera(1), camera(2))
    sim.run(80)
    assert sim.reasons(1)
    assert sim.reasons(2)


def test_an_endpoint_changed_in_flight_answers_for_its_new_address() -> None:
    sim = Sim(EVEN, lambda t: Answer(2, "ok" if t.host == "10.0.0.2" else "refused"))
    sim.assign(camera(1, "10.0.0.1"))
    sim.fleet.ask(5, "rtsp", [1])
    sim.run(1)
    sim.assign(camera(1, "10.0.0.2"))
    sim.run(10)
    assert sim.reasons(1) == ["ok", "ok"] or sim.reasons(1) == ["ok"]
    assert [round_id for _, round_id in sim.rounds] == [5]


def test_nothing_begins_after_drain_and_what_flies_lands() -> None:
    sim = Sim(EVEN, lambda _: Answer(2))
    sim.assign(*(camera(n) for n in range(1, 601)))
    sim.run(10)
    sim.fleet.drain()
    begun = len(sim.starts)
    assert sim.fleet.in_flight > 0
    sim.run(13)
    assert (len(sim.starts), sim.fleet.in_flight) == (begun, 0)


def test_dialling_holds_while_results_are_not_taken() -> None:
    sim = Sim(EVEN)
    sim.assign(*(camera(n) for n in range(1, 601)))
    sim.fleet.held = True
    sim.run(20)
    assert not sim.starts
    sim.fleet.held = False
    sim.run(25)
    assert sim.starts


def test_the_dial_budget_holds_in_a_round() -> None:
    sim = Sim(replace(EVEN, dials_per_s=500))
    sim.assign(*(camera(n) for n in range(1, 3001)))
    sim.fleet.ask(1, "options", None)
    sim.run(4)
    assert 1900 <= len(sim.starts) <= 2003
    times = [at for at, _, _ in sim.starts]
    assert max(b - a for a, b in zip(times, times[20:], strict=False)) < 0.06
    assert min(b - a for a, b in zip(times, times[20:], strict=False)) > 0.03


def test_every_figure_is_named() -> None:
    fleet = Fleet(EVEN, "options", 0.0)
    assert fleet.stats().keys() <= STATS.keys()


def test_slots_are_used_again() -> None:
    sim = Sim(EVEN)
    for turn in range(20):
        sim.assign(*(camera(turn * 1000 + n) for n in range(500)))
        sim.run(sim.now + 5)
        sim.fleet.unassign(range(turn * 1000, turn * 1000 + 500))
    assert len(sim.fleet._assignments) <= 1000 < MAX_SLOTS
    assert len(sim.fleet._heap) <= 4 * 1000


POLICIES = st.builds(
    FleetPolicy,
    interval_s=st.sampled_from([5.0, 20.0]),
    jitter=st.sampled_from([0.0, 0.3]),
    deadline_s=st.sampled_from([0.5, 4.0]),
    max_in_flight=st.integers(1, 8),
    dials_per_s=st.sampled_from([0.0, 3.0, 50.0]),
    device_seats=st.integers(1, 2),
    subnet_seats=st.integers(1, 4),
)
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["run", "assign", "unassign", "round", "pause", "resume"]),
        st.integers(1, 12),
        st.integers(0, 3),
    ),
    max_size=40,
)
WAYS = [Answer(0.0), Answer(0.2, "refused"), Answer(99, "timeout"), Answer(1.0, "auth")]


@settings(max_examples=150, deadline=None)
@given(POLICIES, DEEDS)
def test_seats_hold_and_rounds_end_whatever_happens(
    policy: FleetPolicy, deeds: list[tuple[str, int, int]]
) -> None:
    """Sim asserts seats, budget of flights and single conversations at each start."""
    sim = Sim(policy, lambda t: WAYS[t.endpoint % 4])
    rounds = 0
    for deed, endpoint, net in deeds:
        match deed:
            case "run":
                sim.run(sim.now + endpoint)
            case "assign":
                sim.assign(camera(endpoint, f"10.0.{net}.{endpoint // 3}"))
            case "unassign":
                sim.fleet.unassign([endpoint])
            case "round":
                rounds += 1
                sim.fleet.ask(rounds, "rtsp", None if net == 0 else [endpoint, endpoint + 1])
            case "pause":
                sim.fleet.pause(True, None if net == 0 else [endpoint])
            case _:
                sim.fleet.pause(False, None if net == 0 else [endpoint])
    sim.run(sim.now + 400)
    assert sorted(round_id for _, round_id in sim.rounds) == list(range(1, rounds + 1))
    sim.fleet.drain()
    sim.run(sim.now + 5)
    figures = sim.fleet.stats()
    assert figures["seats_in_use"] == figures["subnet_seats_in_use"] == 0
    assert figures["started_total"] == figures["finished_total"]


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 10**9), min_size=1, max_size=120), st.floats(0.0, 2.0))
def test_with_seats_enough_nobody_is_late(endpoints: set[int], seconds: float) -> None:
    policy = FleetPolicy(interval_s=10, jitter=0.1, deadline_s=2, max_in_flight=500, subnet_seats=500)
    sim = Sim(policy, lambda _: Answer(seconds, "ok"))
    sim.assign(*(camera(n, f"h{n}") for n in endpoints))
    sim.run(31)
    for endpoint in endpoints:
        times = [0.0, *sim.times(endpoint), 31.0]
        assert max(b - a for a, b in itertools.pairwise(times)) <= 11.3


@pytest.mark.parametrize("paused", [False, True])
def test_a_long_hold_piles_up_nothing(paused: bool) -> None:
    """A hub whose disk is full for hours takes no results: what could not be looked at must not fill the memory."""
    sim = Sim(EVEN)
    sim.assign(*(camera(n) for n in range(1, 101)))
    sim.fleet.held = True
    sim.fleet.pause(paused, None)
    sim.run(3600)
    assert not sim.results
    sim.fleet.held = False
    sim.fleet.pause(False, None)
    sim.run(3600 + 130)
    assert {result.endpoint for _, result in sim.results} == set(range(1, 101))


def test_a_login_without_a_permit_is_not_dialled_and_costs_no_seat() -> None:
    """docs/guard.md: a held login probe says nothing of 在线, its round ends, the next conversation begins."""
    told: list[LoginEnded] = []
    gate = Gate(told.append)
    fleet = Fleet(FleetPolicy(interval_s=10.0, dials_per_s=1000.0), "options", 0.0, gate)
    target = Target(1, "10.0.0.1", 554, "", "admin", "x")
    fleet.assign([Assignment(target, key=5), Assignment(Target(2, "10.0.0.1", 554), key=0)], 0.0)
    fleet.ask(9, "rtsp", [1])
    step = fleet.step(0.1, 0)
    assert [flight.probe for flight in step.starts] == []
    assert [(one.reason, one.stage) for one in step.unseen] == [("locked", 0)]
    assert fleet.rounds_done == [9]
    assert fleet.in_flight == 0
    assert gate.held == 1
    fleet.rounds_done.clear()
    gate.permit(Permits(0, (), ((5, 3),)))
    fleet.ask(10, "rtsp", [1])
    (flight,) = fleet.step(0.2, 0).starts
    assert (flight.probe, flight.key) == ("rtsp", 5)
    result = ProbeResult(1, "rtsp", Outcome.OK, "ok", 3, 0, 0.01, 200, SENT)
    assert fleet.finished(flight, result, 0.3)
    assert told == [LoginEnded(1, 5, 3, "ok", True)]
    assert fleet.rounds_done == [10]
    for n in range(1, 12):  # both are still looked at without credentials
        for other in fleet.step(float(n), 0).starts:
            assert other.probe == "options"
            fleet.finished(
                other, ProbeResult(other.target.endpoint, "options", Outcome.OK, "ok", 2, 0, 0.01), n + 0.01
            )
    assert fleet.stats()["started_total"] >= 3
