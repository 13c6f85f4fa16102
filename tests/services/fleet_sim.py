"""A fleet, a manual clock and cameras by script: runs minutes of a fleet in milliseconds and checks every seat."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from camerahub.core.messages import Assignment, FleetPolicy
from camerahub.core.result import REASONS, MediaFacts, ProbeResult, Target
from camerahub.services.clock import ManualClock
from camerahub.services.fleet import Fleet
from camerahub.services.flights import Flight
from camerahub.services.seats import subnet_of


class Answer(NamedTuple):
    """How long a camera takes and what comes of it."""

    seconds: float
    reason: str = "ok"


def camera(
    endpoint: int, host: str | None = None, *, device: int = 0, camera: int = 0, subnet: str = ""
) -> Assignment:
    host = host or f"10.{endpoint >> 16 & 255}.{endpoint >> 8 & 255}.{endpoint & 255}"
    return Assignment(Target(endpoint, host, 554, f"rtsp://{host}/1"), device, camera, subnet)


class Sim:
    def __init__(self, policy: FleetPolicy, answer: Callable[[Target], Answer] = lambda _: Answer(0.01)):
        self.clock = ManualClock()
        self.policy = policy
        self.answer = answer
        self.fleet = Fleet(policy, "options", self.clock.monotonic())
        self.began = self.clock.monotonic()
        self.starts: list[tuple[float, int, str]] = []
        self._times: defaultdict[int, list[float]] = defaultdict(list)
        self.results: list[tuple[float, ProbeResult]] = []
        self.rounds: list[tuple[float, int]] = []
        self._flying: list[tuple[float, int, Flight, str]] = []
        self._number = itertools.count()
        self._by_endpoint: Counter[int] = Counter()
        self._by_host: Counter[str] = Counter()
        self.silent: set[str] = set()  # hosts whose last word was none: no session of theirs is taken
        self._by_subnet: Counter[str] = Counter()

    @property
    def now(self) -> float:
        return self.clock.monotonic() - self.began

    def assign(self, *assignments: Assignment) -> None:
        self.fleet.assign(assignments, self.clock.monotonic())

    def run(self, until: float) -> None:
        """Let the fleet live until ``until`` seconds after its beginning."""
        while True:
            wake = self._step()
            at = min(wake, self._flying[0][0] if self._flying else until, until)
            self.clock.advance(max(0.0, at - self.now))
            if self.now >= until - 1e-9:
                return
            self._land()

    def _step(self) -> float:
        while True:
            step = self.fleet.step(self.clock.monotonic(), self.clock.wall_us())
            self.results += [(self.now, result) for result in step.unseen]
            for flight in step.starts:
                self._start(flight)
            self._rounds_done()
            if step.wake_at > self.clock.monotonic() + 1e-9:
                return step.wake_at - self.began

    def _start(self, flight: Flight) -> None:
        target = flight.target
        self.starts.append((self.now, target.endpoint, flight.probe))
        self._times[target.endpoint].append(self.now)
        self._count(target, 1)
        assert self._by_endpoint[target.endpoint] == 1, "two conversations with one endpoint"
        if target.host not in self.silent:
            assert self._by_host[target.host] <= self.policy.device_seats
        assert self._by_subnet[subnet_of(target.host)] <= self.policy.subnet_seats
        assert self.fleet.in_flight <= self.policy.max_in_flight
        seconds, reason = self.answer(target)
        seconds = min(seconds, self.policy.deadline_s)
        heapq.heappush(self._flying, (self.now + seconds, next(self._number), flight, reason))

    def _count(self, target: Target, change: int) -> None:
        self._by_endpoint[target.endpoint] += change
        self._by_host[target.host] += change
        self._by_subnet[subnet_of(target.host)] += change

    def _land(self) -> None:
        while self._flying and self._flying[0][0] <= self.now + 1e-9:
            _, _, flight, reason = heapq.heappop(self._flying)
            self._count(flight.target, -1)
            dead = reason in ("timeout", "unreachable")
            (self.silent.add if dead else self.silent.discard)(flight.target.host)
            result = ProbeResult(
                flight.target.endpoint,
                flight.probe,
                REASONS[reason].outcome,
                reason,
                0 if dead else 2,
                self.clock.wall_us(),
                0.01,
                facts=MediaFacts(received=256 * 1024) if flight.probe == "picture" else None,
            )
            if self.fleet.finished(flight, result, self.clock.monotonic()):
                self.results.append((self.now, result))
            self._rounds_done()

    def _rounds_done(self) -> None:
        self.rounds += [(self.now, round_id) for round_id in self.fleet.rounds_done]
        self.fleet.rounds_done.clear()

    def times(self, endpoint: int) -> list[float]:
        return self._times[endpoint]

    def reasons(self, endpoint: int) -> list[str]:
        return [result.reason for _, result in self.results if result.endpoint == endpoint]
