"""A dead subnet slows nobody else: round ages of the others, with it dead against with it alive, in the same fleet."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pytest

from camerahub.core.messages import FleetPolicy
from camerahub.core.result import Target
from tests.services.fleet_sim import Answer, Sim, camera

DEAD = [camera(n, f"10.9.0.{n}") for n in range(1, 251)]
SECONDS = 600
SETTLED = 120


def ages(sim: Sim, endpoints: range) -> np.ndarray:
    """Seconds since each endpoint was last looked at to the end, every 5 s: the round age, endpoint by endpoint."""
    looked: dict[int, list[float]] = {endpoint: [] for endpoint in endpoints}
    for at, result in sim.results:
        if result.endpoint in looked and result.reason not in ("no_seat", "paused"):
            looked[result.endpoint].append(at)
    return np.array(
        [
            at - times[bisect_right(times, at) - 1]
            for at in range(SETTLED, SECONDS, 5)
            for times in looked.values()
        ]
    )


def p99(policy: FleetPolicy, others: range, spread: int, *, dead: bool) -> tuple[float, Sim]:
    def answer(target: Target) -> Answer:
        return Answer(99, "timeout") if dead and target.endpoint <= 250 else Answer(0.05)

    sim = Sim(policy, answer)
    sim.assign(*DEAD, *(camera(n, f"10.{20 + n % spread}.{n >> 8 & 255}.{n & 255}") for n in others))
    sim.run(SECONDS)
    return float(np.quantile(ages(sim, others), 0.99)), sim


@pytest.mark.parametrize(
    ("policy", "count"),
    [
        (FleetPolicy(), 2000),
        (FleetPolicy(interval_s=60, deadline_s=5, max_in_flight=40), 1500),
        (FleetPolicy(interval_s=60, deadline_s=5, max_in_flight=64, dials_per_s=60), 2000),
        (FleetPolicy(interval_s=30, deadline_s=5, max_in_flight=24, subnet_seats=24), 1000),
    ],
    ids=["defaults", "few-seats", "tight-budget", "subnet-may-take-all"],
)
def test_250_dead_cameras_in_one_subnet_slow_nobody_else(policy: FleetPolicy, count: int) -> None:
    others = range(1001, 1001 + count)
    alive, _ = p99(policy, others, 4, dead=False)
    dead, sim = p99(policy, others, 4, dead=True)
    assert dead <= 1.1 * alive, (dead, alive)
    assert alive <= 1.2 * policy.interval_s, "or there is nothing to compare"
    looked = {r.endpoint for at, r in sim.results if at > SECONDS / 2 and r.reason == "timeout"}
    assert looked >= set(range(1, 251)), "and the dead are still looked at, every one"
