"""What the fleet itself costs: processor time per probe with cameras that answer at once, and memory per endpoint.

python benchmarks/bench_fleet.py [--endpoints 26000] [--rounds 3]

No sockets: a manual clock runs whole intervals of due queue, seats, second looks (3 % time out), packing and batches.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import sys
from pathlib import Path
from time import process_time

from camerahub.core.messages import Assignment, FleetPolicy, Message
from camerahub.core.result import Outcome, ProbeResult, Target
from camerahub.services.fleet import Fleet, Flight
from camerahub.services.worker import Outbox

TARGET_US = 15.0


def pss_mb() -> float:
    """Proportional memory of this process, MB."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise OSError("no Pss in smaps_rollup")


def endpoints(number: int) -> list[Assignment]:
    made = []
    for n in range(number):
        host = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        made.append(
            Assignment(Target(n + 1, host, 554, f"rtsp://{host}:554/Streaming/Channels/101"), device=n + 1)
        )
    return made


def run(number: int, rounds: int) -> tuple[float, int, int]:
    """(processor seconds, probes, steps) of ``rounds`` intervals over ``number`` endpoints."""
    policy = FleetPolicy(deadline_s=3.0, max_in_flight=2000)
    now, wall = 0.0, 1_750_000_000_000_000
    fleet = Fleet(policy, "options", now)
    fleet.assign(endpoints(number), now)
    sent: list[Message] = []
    outbox = Outbox("prober-0", 1, policy, sent.append)
    late: list[tuple[float, int, Flight]] = []
    probes = steps = 0
    began = process_time()
    end = rounds * policy.interval_s
    while now < end:
        step = fleet.step(now, wall)
        steps += 1
        for flight in step.starts:
            probes += 1
            if flight.target.endpoint % 33 == 0:
                heapq.heappush(late, (now + policy.deadline_s, probes, flight))
            else:
                land(fleet, outbox, flight, "ok", now, wall)
        while late and late[0][0] <= now:
            land(fleet, outbox, heapq.heappop(late)[2], "timeout", now, wall)
        outbox.ack(outbox.seq)
        sent.clear()
        # A loop wakes once a millisecond, as uvloop's does.
        now = max(now + 0.001, min(step.wake_at, late[0][0] if late else end))
    return process_time() - began, probes, steps


def land(fleet: Fleet, outbox: Outbox, flight: Flight, reason: str, now: float, wall: int) -> None:
    outcome = Outcome.OK if reason == "ok" else Outcome.FAULT
    result = ProbeResult(flight.target.endpoint, flight.probe, outcome, reason, 2, wall, 0.001, 200)
    if fleet.finished(flight, result, now):
        outbox.add(result)


def main() -> int:
    """1 when a probe costs more than TARGET_US."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--endpoints", type=int, default=26_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds, probes, steps = run(options.endpoints, options.rounds)
    each = seconds / probes * 1e6
    print(
        f"{options.endpoints} endpoints: {each:.1f} us a probe, {probes} probes in {steps} steps (at most {TARGET_US})"
    )
    gc.collect()
    before = pss_mb()
    fleet = Fleet(FleetPolicy(), "options", 0.0)
    fleet.assign(endpoints(100_000), 0.0)
    gc.collect()
    after = pss_mb()
    size = after - before
    print(
        f"100000 endpoints: {size:.0f} MB, {size * 10.48576:.0f} bytes each; numpy {'numpy' in sys.modules}"
    )
    print(fleet)
    return int(each > TARGET_US)


if __name__ == "__main__":
    sys.exit(main())
