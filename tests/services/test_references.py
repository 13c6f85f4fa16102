"""Honest probing on a manual clock: cut lines, dead counties, stalls, lost files; who is called dead, and when."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from camerahub.core.blindness import Sight
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import Target
from camerahub.core.uplinks import Reference, Uplink
from tests.services.fleet_sim import Answer, camera
from tests.services.sight_sim import SightSim

DAY = FleetPolicy(interval_s=60, jitter=0.1, deadline_s=5, confirm_s=5)
EAST = Uplink("east", ("10.1.0.0/16",), (Reference("tcp", "10.1.255.1", 80),))
WEST = Uplink(
    "west", ("10.2.0.0/16",), (Reference("tcp", "10.2.255.1", 80), Reference("options", "10.2.255.2", 554))
)
SILENT = Answer(9, "timeout")
COUNT = 300


def fleet() -> list:
    """150 cameras behind each line."""
    return [camera(n, f"10.{1 + n % 2}.{n >> 5}.{n & 31}") for n in range(1, COUNT + 1)]


def east(target: Target) -> bool:
    return target.host.startswith("10.1.")


class Net:
    """Which lines carry, and which cameras live."""

    def __init__(self) -> None:
        self.cut: set[str] = set()
        self.dead: set[str] = set()
        self.broken = ""

    def camera(self, target: Target) -> Answer:
        if self.broken:
            return Answer(0.0, self.broken)
        prefix = target.host[:5]
        return SILENT if prefix in self.cut | self.dead else Answer(0.05)

    def reference(self, target: Target) -> Answer:
        if self.broken:
            return Answer(0.0, self.broken)
        return SILENT if target.host[:5] in self.cut else Answer(0.01, "refused")


def sim(net: Net, policy: FleetPolicy = DAY, lines: tuple[Uplink, ...] = (EAST, WEST)) -> SightSim:
    made = SightSim(policy, net.camera, lines, net.reference, COUNT)
    made.assign(*fleet())
    return made


def blind(s: SightSim, uplink: str) -> list[tuple[float, float]]:
    """(from, to) of each time the uplink was blind; to infinity when it still is."""
    spans: list[tuple[float, float]] = []
    for _, name, sight, at, _ in s.news:
        if name == uplink and sight is Sight.BLIND:
            spans.append((at, float("inf")))
        elif name == uplink and spans and spans[-1][1] == float("inf"):
            spans[-1] = (spans[-1][0], at)
    return spans


def test_a_dead_county_behind_a_living_gateway_is_dead_within_three_minutes() -> None:
    net = Net()
    s = sim(net)
    s.run(130)
    net.dead.add("10.1.")
    s.run(130 + 180)
    assert set(s.down()) == {n for n in range(1, COUNT + 1) if n % 2 == 0}
    assert max(s.down().values()) <= 130 + 180
    assert not blind(s, "east")
    assert not blind(s, "west")
    assert {r.reason for _, r in s.results} == {"ok", "timeout"}


def test_a_cut_line_makes_nobody_dead_and_everybody_is_looked_at_soon_after() -> None:
    net = Net()
    s = sim(net)
    s.run(130)
    net.cut.add("10.1.")
    s.run(130 + 600)
    assert not s.down()
    net.cut.clear()
    s.run(130 + 600 + 60)
    assert not s.down()
    ((start, end),) = blind(s, "east")
    assert 130 - 5.2 <= start <= 130
    assert 730 <= end <= 733.5
    assert not blind(s, "west")
    states = {endpoint: new for _, endpoint, new, _ in s.flips}
    assert set(states.values()) == {"up"}
    back = [at for at, who, _ in s.starts if who % 2 == 0 and end < at <= end + 35]
    assert len({who for at, who, _ in s.starts if who % 2 == 0 and end < at <= end + 35}) == 150, "soon"
    per_second = Counter(int(at) for at in back)
    assert max(per_second.values()) <= 12, "150 in 30 s are 5 a second: spread"


def test_while_it_lasts_the_answer_goes_stale_to_unknown_never_down() -> None:
    net = Net()
    s = sim(net)
    s.run(130)
    net.cut.add("10.1.")
    s.run(130 + 500)
    unknown = {who: (at, reason) for at, who, new, reason in s.flips if new == "unknown"}
    assert set(unknown) == {n for n in range(1, COUNT + 1) if n % 2 == 0}
    assert {reason for _, reason in unknown.values()} == {"blind"}
    assert min(at for at, _ in unknown.values()) >= 130 + 300 - 66, "not before the rule of silence"
    assert not s.down()


def test_dead_cameras_are_told_behind_a_line_that_was_cut_and_mended() -> None:
    net = Net()
    s = sim(net)
    s.run(130)
    net.cut.add("10.1.")
    s.run(300)
    net.cut.clear()
    net.dead.add("10.1.")
    s.run(300 + 185)
    assert len(s.down()) == 150
    assert min(s.down().values()) > 300


def test_one_of_two_references_is_enough_or_not_as_configured() -> None:
    for need, spans in ((1, 0), (2, 1)):
        net = Net()
        line = replace(WEST, need=need)
        s = SightSim(
            DAY,
            net.camera,
            (EAST, line),
            lambda t: SILENT if t.host == "10.2.255.2" else Answer(0.01),
            COUNT,
        )
        s.assign(*fleet())
        s.run(60)
        assert len(blind(s, "west")) == spans


def test_a_line_that_flaps_makes_nobody_dead() -> None:
    """Every 20 s the line is cut for 12: two of three looks of a camera can fall into the cuts."""
    net = Net()
    s = sim(net, replace(DAY, interval_s=20))
    for n in range(40):
        s.run(20 * n + 8)
        net.cut.add("10.1.")
        s.run(20 * n + 20)
        net.cut.clear()
    assert not s.down()
    assert len(blind(s, "east")) >= 30


def test_a_loop_that_stood_still_makes_nobody_dead_and_is_a_gap() -> None:
    net = Net()
    s = sim(net)
    s.run(130)
    net.dead = {"10.1.", "10.2."}  # whatever is under way or dialled when the loop wakes up fails
    s.run(134)
    s.clock.advance(40)
    s._land()
    net.dead.clear()
    s.run(300)
    assert not s.down()
    for uplink in ("east", "west"):
        ((start, end),) = blind(s, uplink)
        assert 133.8 <= start <= 134.1
        assert 174 <= end <= 175.2
    assert "blind" in {r.reason for at, r in s.results if at <= 175}


@pytest.mark.parametrize(("reason", "why"), [("no_seat", "files"), ("no_route", "no_route")])
@pytest.mark.parametrize("lines", [(EAST, WEST), ()], ids=["references", "none"])
def test_a_machine_without_files_or_route_makes_nobody_dead(
    reason: str, why: str, lines: tuple[Uplink, ...]
) -> None:
    net = Net()
    s = sim(net, lines=lines)
    s.run(130)
    net.broken = reason
    s.run(250)
    net.broken = ""
    s.run(300)
    assert not s.down()
    for uplink in [line.name for line in lines] or ["default"]:
        ((start, end),) = blind(s, uplink)
        assert 124 <= start <= 135
        assert 250 <= end <= 253
        reasons = {r for _, name, sight, _, r in s.news if name == uplink and sight is Sight.BLIND}
        assert reasons == {why}
    assert {r.reason for at, r in s.results if 140 < at < 250} == {"blind"}


def test_without_references_bad_results_pass_at_once_and_the_sight_is_unknown() -> None:
    net = Net()
    s = sim(net, lines=())
    assert [(name, sight) for _, name, sight, _, _ in s.news] == [("default", Sight.UNKNOWN)]
    net.dead.add("10.1.")
    s.run(250)
    assert len(s.down()) == 150
    assert s.eyes.asked_total == 0
    assert s.eyes.mark == 0


def test_references_are_asked_gently() -> None:
    """Every 5 s, at most once a second when bad results wait; only of lines with cameras here."""
    net = Net()
    north = Uplink("north", ("10.3.0.0/16",), (Reference("tcp", "10.3.0.1", 80),))
    s = SightSim(DAY, net.camera, (EAST, north), net.reference, COUNT)
    s.assign(*(c for c in fleet() if c.target.host.startswith("10.1.")))
    s.run(100)
    assert 18 <= len(s.references_asked) <= 21
    net.dead.add("10.1.")
    s.run(200)
    times = s.references_asked
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.99


def test_what_is_held_of_a_changed_address_is_dropped() -> None:
    net = Net()
    net.dead.add("10.1.")
    s = sim(net)
    while not s.eyes.held:
        s.run(s.now + 0.1)
    s.eyes.forget(range(1, COUNT + 1))
    assert s.eyes.held == 0
    assert s.eyes.is_settled(s.eyes.mark)
