"""The fleet of ``fleet_sim`` with its references and the fold behind it: what would be called dead, and why."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from camerahub.core.batch import pack
from camerahub.core.blindness import News, Ruling, Sight
from camerahub.core.health import Answer, States, expire, fold
from camerahub.core.messages import Assignment, FleetPolicy
from camerahub.core.result import REASONS, ProbeResult, Target
from camerahub.core.uplinks import Uplink
from camerahub.services.references import References
from tests.services.fleet_sim import Answer as Reply
from tests.services.fleet_sim import Sim

GRAIN_S = 0.1


class _Dials:
    """``services.ports.Prober`` for the references: answered by script, on the same clock."""

    in_flight = 0

    def __init__(self, sim: SightSim) -> None:
        self._sim = sim

    def start(
        self, target: Target, probe: str, deadline_s: float, done: Callable[[ProbeResult], None]
    ) -> None:
        self._sim.dial_reference(target, probe, deadline_s, done)

    async def aclose(self) -> None:
        return None


class SightSim(Sim):
    """``sees(host)``: what a reference says when dialled now. Endpoints are 1..``count``."""

    def __init__(
        self,
        policy: FleetPolicy,
        answer: Callable[[Target], Reply],
        uplinks: Iterable[Uplink],
        sees: Callable[[Target], Reply] = lambda _: Reply(0.01),
        count: int = 300,
    ) -> None:
        super().__init__(policy, answer)
        self._sees = sees
        self._serial = itertools.count()
        self._asked: list[tuple[float, int, Reply, Target, Any]] = []
        self.news: list[tuple[float, str, Sight, float, str]] = []  # heard at, uplink, sight, since, reason
        self.again: list[float] = []
        self.states = States.fresh(count + 1)
        self.flips: list[tuple[float, int, str, str]] = []
        self.references_asked: list[float] = []
        self.eyes = References(_Dials(self), self.clock, policy, self)
        self.eyes.configure(uplinks)

    def assign(self, *assignments: Assignment) -> None:
        self.eyes.watch((a.target.host for a in assignments), self.clock.monotonic())
        super().assign(*assignments)

    # --- references.Owner

    def settled(self, results: list[ProbeResult]) -> None:
        for result in results:
            self._deliver(result)

    def sighted(self, uplink: str, news: News, seeing_again: Callable[[str], bool] | None) -> None:
        self.news.append((self.now, uplink, news.sight, news.at - self.began, news.reason))
        if seeing_again is not None:
            self.again.append(self.now)
            self.fleet.look_again(seeing_again, self.clock.monotonic())

    def failed(self, error: BaseException) -> None:
        raise error

    # --- the road of a result

    def dial_reference(
        self, target: Target, probe: str, deadline_s: float, done: Callable[[ProbeResult], None]
    ) -> None:
        reply = self._sees(target)
        self.references_asked.append(self.now)
        at = self.now + min(reply.seconds, deadline_s)
        heapq.heappush(self._asked, (at, next(self._serial), reply, target, (probe, done)))

    def _deliver(self, result: ProbeResult) -> None:
        self.results.append((self.now, result))
        batch = pack([result])
        folded = fold(self.states, batch["endpoint"].astype(np.int64), batch, self.clock.wall_us())
        self._note(folded.flips)

    def _note(self, flips: Any) -> None:
        for endpoint, new, reason in zip(flips.index, flips.new, flips.reason, strict=True):
            name = list(REASONS)[reason]
            self.flips.append((self.now, int(endpoint), Answer(new).name.lower(), name))

    def run(self, until: float) -> None:
        """As the worker does: step, land what has ended, turn the eyes ten times a second, look for silence."""
        while self.now < until - 1e-9:
            self._step()
            self.clock.advance(min(GRAIN_S, until - self.now))
            self._land()
            self._answer_references()
            self.eyes.turn(self.clock.monotonic())
            self._note(expire(self.states, self.clock.wall_us(), self._zero_us()).flips)

    def _zero_us(self) -> int:
        return self.clock.wall_us() - round(self.now * 1e6)

    def _answer_references(self) -> None:
        while self._asked and self._asked[0][0] <= self.now + 1e-9:
            _, _, reply, target, (probe, done) = heapq.heappop(self._asked)
            wall = self.clock.wall_us()
            outcome = REASONS[reply.reason].outcome
            done(ProbeResult(target.endpoint, probe, outcome, reply.reason, 0, wall, reply.seconds))

    def _land(self) -> None:
        while self._flying and self._flying[0][0] <= self.now + 1e-9:
            _, _, flight, reason = heapq.heappop(self._flying)
            self._count(flight.target, -1)
            now = self.clock.monotonic()
            started = self.times(flight.target.endpoint)[-1]
            duration = self.now - started
            wall = self.clock.wall_us() - round(duration * 1e6)
            result = ProbeResult(
                flight.target.endpoint, flight.probe, REASONS[reason].outcome, reason, 0, wall, duration
            )
            ruling = Ruling.PASS
            if result.outcome or self.eyes.wary:
                ruling = self.eyes.rule(flight.target.host, result, now)
                if ruling is Ruling.BLIND:
                    result = self.eyes.doubt(result)
            if self.fleet.finished(flight, result, now):
                if ruling is Ruling.HOLD:
                    self.eyes.hold(flight.target.host, result, now)
                else:
                    self._deliver(result)

    # --- what came of it

    def down(self) -> dict[int, float]:
        """When each endpoint was called down first."""
        found: dict[int, float] = {}
        for at, endpoint, new, _ in self.flips:
            if new == "down":
                found.setdefault(endpoint, at)
        return found
