"""The slow grid of pictures beside liveness, on a manual clock: pace, seats, second looks, the guard, whole rounds."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from camerahub.core.messages import Assignment, FleetPolicy, Permits
from camerahub.core.result import REASONS, MediaFacts, Outcome, ProbeResult, Target
from camerahub.core.stand_in import STANDS_IN
from camerahub.core.uplinks import Uplink
from camerahub.services.flights import Flight
from tests.services.fleet_sim import Answer, Sim, camera

POLICY = FleetPolicy(
    interval_s=60.0,
    deadline_s=5.0,
    dials_per_s=1000.0,
    subnet_seats=1000,
    picture_interval_s=600.0,
    picture_confirm_s=30.0,
    jitter=0.0,
)


def pictures(sim: Sim, endpoint: int | None = None) -> list[float]:
    return [at for at, who, probe in sim.starts if probe == "picture" and endpoint in (None, who)]


def test_each_camera_has_its_picture_once_an_interval_and_liveness_goes_on() -> None:
    sim = Sim(POLICY)
    sim.assign(*(camera(n) for n in range(1, 101)))
    sim.run(3 * 600.0)
    for n in range(1, 101):
        times = pictures(sim, n)
        assert len(times) in (2, 3)
        assert all(590 <= later - sooner <= 615 for sooner, later in itertools.pairwise(times))
        every = sim.times(n)
        assert max(later - sooner for sooner, later in itertools.pairwise(every)) <= 121


def test_first_pictures_are_spread_over_the_interval() -> None:
    sim = Sim(POLICY)
    sim.assign(*(camera(n) for n in range(1, 601)))
    sim.run(700.0)
    first = sorted(pictures(sim, n)[0] for n in range(1, 601))
    for tenth in range(10):
        share = sum(60 * tenth <= at - 30 < 60 * (tenth + 1) for at in first)
        assert 30 <= share <= 95


def test_seats_for_media_are_kept() -> None:
    policy = replace(POLICY, picture_seats=3, picture_interval_s=60.0)
    sim = Sim(policy, lambda _: Answer(2.0))
    sim.assign(*(camera(n) for n in range(1, 61)))
    most = 0
    for second in range(1, 240):
        sim.run(float(second))
        most = max(most, sum(1 for _, _, flight, _ in sim._flying if flight.probe == "picture"))
    assert most == 3
    assert sim.fleet.stats()["media_seats_in_use"] <= 3


def test_one_that_goes_dark_is_looked_at_again_soon_and_not_for_ever() -> None:
    sim = Sim(POLICY, lambda _: Answer(0.1, "black"))
    sim.assign(camera(1))
    sim.run(2000.0)
    times = pictures(sim, 1)
    assert times[1] - times[0] == pytest.approx(30, abs=2), "a second look after the first dark picture"
    assert all(gap >= 590 for gap in (b - a for a, b in itertools.pairwise(times[1:])))


def test_a_picture_is_the_liveness_answer_as_well() -> None:
    """One whose turn is near is left out: a conversation about media has proven more."""
    sim = Sim(replace(POLICY, picture_interval_s=60.0))
    sim.assign(camera(1))
    sim.run(1800.0)
    dialled = len(sim.times(1))
    assert len(pictures(sim)) == pytest.approx(30, abs=2)
    assert dialled <= 48


def test_an_endpoint_without_a_stream_address_has_no_pictures() -> None:
    sim = Sim(replace(POLICY, picture_interval_s=10.0))
    sim.assign(Assignment(Target(1, "10.0.0.1", 554)))
    sim.run(120.0)
    assert pictures(sim) == []
    assert sim.times(1) != []


def test_who_is_unassigned_has_none_and_leaves_no_seat_taken() -> None:
    sim = Sim(replace(POLICY, picture_interval_s=20.0), lambda _: Answer(1.0))
    sim.assign(*(camera(n) for n in range(1, 21)))
    sim.run(15.0)
    sim.fleet.unassign(range(1, 21))
    sim.run(100.0)
    assert sim.fleet.stats()["media_seats_in_use"] == 0
    assert all(at <= 15.0 for at in pictures(sim))


def test_paused_cameras_are_not_looked_at_and_come_back() -> None:
    sim = Sim(replace(POLICY, picture_interval_s=20.0))
    sim.assign(*(camera(n) for n in range(1, 11)))
    sim.fleet.pause(True, None)
    sim.run(100.0)
    assert pictures(sim) == []
    sim.fleet.pause(False, None)
    sim.run(160.0)
    assert {who for _, who, probe in sim.starts if probe == "picture"} == set(range(1, 11))
    assert sim.fleet.stats()["media_seats_in_use"] == 0


def locked_out(sim: Sim, number: int, key: int) -> Assignment:
    target = Target(number, f"10.1.0.{number}", 554, f"rtsp://10.1.0.{number}/1", "admin", "planted")
    return Assignment(target, key=key)


def test_without_a_permit_the_picture_is_asked_for_without_the_login() -> None:
    """Dead cameras, and those that want no login, need not wait for the guard; the password stays here."""
    sim = Sim(replace(POLICY, picture_interval_s=20.0), lambda _: Answer(0.1, "ok"))
    sim.assign(locked_out(sim, 1, 5))
    sent: list[tuple[str, str]] = []
    start = sim._start

    def seen(flight: Flight) -> None:
        if flight.probe == "picture":
            sent.append((flight.target.username, flight.target.password))
        start(flight)

    sim._start = seen  # type: ignore[method-assign]
    sim.run(120.0)
    assert len(sent) >= 2
    assert set(sent) == {("", "")}


def test_a_camera_that_asks_for_the_login_we_hold_has_refused_nobody() -> None:
    sim = Sim(replace(POLICY, picture_interval_s=20.0))
    sim.assign(locked_out(sim, 1, 5))
    while True:
        step = sim.fleet.step(sim.clock.monotonic(), 0)
        found = [flight for flight in step.starts if flight.probe == "picture"]
        for flight in step.starts:
            if flight.probe != "picture":
                sim.fleet.finished(flight, ok(flight.probe), sim.clock.monotonic())
        if found:
            break
        sim.clock.advance(1.0)
    (flight,) = found
    asked = ProbeResult(1, "picture", Outcome.FAULT, "auth", 2, 0, 0.1, 401)
    told = flight.told(asked)
    assert (told.reason, told.outcome) == ("locked", Outcome.UNKNOWN)
    assert sim.fleet.finished(flight, told, sim.clock.monotonic())


def ok(probe: str) -> ProbeResult:
    return ProbeResult(1, probe, Outcome.OK, "ok", 2, 0, 0.01)


def test_a_permit_brings_the_held_picture_soon() -> None:
    sim = Sim(POLICY, lambda target: Answer(0.1, "ok" if target.password else "locked"))
    sim.assign(locked_out(sim, 1, 5))
    sim.run(700.0)
    held = pictures(sim)
    sim.fleet.gate.permit(Permits(0, standing=(5,)))
    sim.fleet.permitted((5,), sim.clock.monotonic())
    sim.run(720.0)
    (after,) = [at for at in pictures(sim) if at > held[-1]]
    assert after <= 706.0


def test_each_line_has_its_own_bound() -> None:
    """A line of 2 Mbit/s takes one guess of 256 KiB a second; the other is not held up by it."""
    sim = Sim(replace(POLICY, picture_interval_s=10.0, picture_seats=1000), lambda _: Answer(0.1))
    poor = Uplink("poor", ("10.0.1.0/24",), mbps=2.0)
    sim.fleet.configure((poor, Uplink("default")))
    sim.assign(*(camera(256 + n) for n in range(200)), *(camera(1024 + n) for n in range(200)))
    sim.run(60.0)
    slow = sum(1 for _, who, probe in sim.starts if probe == "picture" and who < 1024)
    quick = sum(1 for _, who, probe in sim.starts if probe == "picture" and who >= 1024)
    assert quick >= 500
    assert 20 <= slow <= 62


@pytest.mark.parametrize("cameras", [16, 60])
def test_where_seats_are_scarce_each_camera_still_has_its_picture(cameras: int) -> None:
    """Turns take longer than liveness is patient: a picture that was put off for want of a seat is still owed."""
    policy = replace(POLICY, interval_s=5.0, deadline_s=2.5, picture_interval_s=20.0, subnet_seats=2)
    sim = Sim(policy, lambda _: Answer(2.4))
    sim.assign(*(camera(n, f"10.0.0.{n}") for n in range(1, cameras + 1)))
    sim.run(400.0)
    for n in range(1, cameras + 1):
        assert len(pictures(sim, n)) >= 240 // cameras
    assert sim.fleet.stats()["media_seats_in_use"] <= cameras


def test_a_picture_without_a_seat_is_said_once_an_interval_and_liveness_each_time() -> None:
    policy = replace(POLICY, interval_s=5.0, deadline_s=2.5, picture_interval_s=20.0, subnet_seats=1)
    sim = Sim(policy, lambda _: Answer(2.4))
    sim.assign(*(camera(n, f"10.0.0.{n}") for n in range(1, 41)))
    sim.run(400.0)
    for n in range(1, 41):
        unseen = Counter(r.probe for _, r in sim.results if r.endpoint == n and r.reason == "no_seat")
        assert 1 <= unseen["picture"] <= 20
        assert unseen["options"] >= 40


def test_dead_cameras_that_wait_for_each_other_are_dead_for_pictures_too() -> None:
    policy = replace(POLICY, interval_s=5.0, deadline_s=2.5, picture_interval_s=20.0, subnet_seats=16)
    sim = Sim(policy, lambda _: Answer(2.5, "timeout"))
    landed, told = sim.fleet.finished, Counter[int]()

    def finished(flight: Flight, result: ProbeResult, now: float) -> bool:
        known = landed(flight, result, now)
        told[flight.target.endpoint] += flight.echo or flight.probe == "picture"
        return known

    sim.fleet.finished = finished  # type: ignore[method-assign]
    sim.assign(*(camera(n, f"10.0.0.{n}") for n in range(1, 201)))
    sim.run(400.0)
    assert min(told[n] for n in range(1, 201)) >= 8


# -- snapshots in place of streams

SNAPPING = replace(POLICY, snapshot_s=5.0)


def beside(number: int, key: int = 0) -> Assignment:
    """A camera whose register knows a snapshot address."""
    login = ("admin", "planted") if key else ("", "")
    host = f"10.1.0.{number}"
    target = Target(number, host, 554, f"rtsp://{host}/1", *login, shot_url=f"http://{host}/snap.jpg")
    return Assignment(target, key=key)


class Shooting(Sim):
    """Streams end as ``stream``, snapshots as the next of ``shots`` (reason, fresh), the last one for ever."""

    def __init__(self, stream: str, *shots: tuple[str, str], policy: FleetPolicy = SNAPPING) -> None:
        super().__init__(policy)
        self.stream, self.shots = stream, list(shots)
        self.asked: list[tuple[float, str, str]] = []  # when, probe, password
        landed = self.fleet.finished

        def finished(flight: Flight, result: ProbeResult, now: float) -> bool:
            if flight.probe == "snapshot":
                fresh = self.shots[0][1]
                del self.shots[: len(self.shots) > 1]
                shot = b"row" if fresh != "-" else b""
                facts = MediaFacts(received=80_000, fresh=fresh.strip("-"), shot=shot)
                result = result._replace(facts=facts)
            return landed(flight, result, now)

        self.fleet.finished = finished  # type: ignore[method-assign]

    def _start(self, flight: Flight) -> None:
        self.asked.append((self.now, flight.probe, flight.target.password))
        ends = {"picture": self.stream, "snapshot": self.shots[0][0]}.get(flight.probe, "ok")
        self.answer = lambda _: Answer(0.1, ends)
        super()._start(flight)

    def times_of(self, probe: str) -> list[float]:
        return [at for at, asked, _ in self.asked if asked == probe]


@pytest.mark.parametrize("reason", REASONS)
def test_a_snapshot_follows_what_says_nothing_of_the_picture_and_nothing_else(reason: str) -> None:
    sim = Shooting(reason, ("ok", "fresh"))
    sim.assign(beside(1), camera(2))
    sim.run(700.0)
    shots = sim.times_of("snapshot")
    assert bool(shots) is (reason in STANDS_IN)
    if shots:
        after = 60.0 if reason == "busy" else 5.0
        asked = [at for at, who, probe in sim.starts if probe == "picture" and who == 1]
        wait = max(after, SNAPPING.picture_confirm_s) if reason == "busy" else after
        assert shots[0] - asked[0] == pytest.approx(min(wait, 30.0), abs=1.0)
        assert {who for _, who, probe in sim.starts if probe == "snapshot"} == {1}, "the other has no address"


def test_it_is_a_look_as_any_other_one_stream_and_one_snapshot_an_interval() -> None:
    sim = Shooting("transport", ("ok", "fresh"))
    sim.assign(beside(1))
    sim.run(6000.0)
    assert len(sim.times_of("picture")) == pytest.approx(10, abs=1)
    assert abs(len(sim.times_of("snapshot")) - len(sim.times_of("picture"))) <= 1
    assert sim.fleet.stats()["media_seats_in_use"] == 0


def test_without_a_wait_there_is_none() -> None:
    sim = Shooting("transport", ("ok", "fresh"), policy=POLICY)
    sim.assign(beside(1))
    sim.run(1500.0)
    assert sim.times_of("snapshot") == []


def test_a_first_one_that_nobody_can_date_is_taken_again_once() -> None:
    sim = Shooting("transport", ("unjudged", ""), ("unjudged", ""), ("stale", "stale"))
    sim.assign(beside(1))
    sim.run(1300.0)
    first, second, third, *_ = sim.times_of("snapshot")
    assert second - first == pytest.approx(30.0, abs=1.0)
    assert third - second > 500.0, "then at the next round, after the stream"


def test_a_fault_in_it_is_looked_at_again_soon_by_another_snapshot() -> None:
    sim = Shooting("transport", ("blur", "fresh"))
    sim.assign(beside(1))
    sim.run(600.0 + 500.0)
    first, second, *_ = sim.times_of("snapshot")
    between = [at for at in sim.times_of("picture") if first < at < second]
    assert (second - first, between) == (pytest.approx(200.0, abs=2.0), [])


def test_a_snapshot_that_does_not_come_says_nothing_of_the_camera() -> None:
    """Neither of its liveness, nor of its subnet, nor of its device: another port was silent."""
    sim = Shooting("transport", ("timeout", "-"))
    sim.assign(*(beside(n) for n in range(1, 40)))
    sim.run(1300.0)
    assert len(sim.times_of("snapshot")) >= 39
    stats = sim.fleet.stats()
    assert (stats["confirmations_total"], stats["subnets_dark"]) == (0, 0)


def test_a_login_that_was_refused_there_is_not_shown_there_again() -> None:
    sim = Shooting("transport", ("auth", "-"))
    sim.fleet.gate.permit(Permits(0, standing=(5,)))
    sim.assign(beside(1, key=5))
    sim.run(700.0)
    assert len(sim.times_of("snapshot")) == 1
    sim.fleet.gate.permit(Permits(9, standing=(5,)))
    sim.fleet.permitted((5,), sim.clock.monotonic())
    sim.run(3000.0)
    assert len(sim.times_of("picture")) >= 3
    assert len(sim.times_of("snapshot")) == 1
    sim.fleet.gate.permit(Permits(9, standing=(6,)))
    sim.assign(beside(1, key=6))  # another password
    sim.run(4500.0)
    assert len(sim.times_of("snapshot")) == 2


def test_what_the_guard_holds_is_not_sent_bare_and_is_taken_when_it_lets_go() -> None:
    sim = Shooting("busy", ("ok", "fresh"))
    sim.fleet.gate.permit(Permits(0, standing=(5,)))
    sim.assign(beside(1, key=5))
    sim.run(700.0)
    assert sim.times_of("picture") != []
    assert sim.times_of("snapshot") == [], "full: the permit is gone until the hub says so again"
    streams = len(sim.times_of("picture"))
    sim.fleet.gate.permit(Permits(9, standing=(5,)))
    sim.fleet.permitted((5,), sim.clock.monotonic())
    sim.run(710.0)
    assert [password for _, probe, password in sim.asked if probe == "snapshot"] == ["planted"]
    assert len(sim.times_of("picture")) == streams, "the stream has been asked"
