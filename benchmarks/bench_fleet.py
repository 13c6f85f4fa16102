"""What the fleet itself costs: processor time per probe with cameras that answer at once, and memory per endpoint.

python benchmarks/bench_fleet.py [--endpoints 26000] [--rounds 3]

Beside it the plain way: a task a probe and three semaphores. No sockets: a manual clock runs whole intervals of due
queue, seats, second looks (3 % time out), packing and batches.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import heapq
import sys
from pathlib import Path
from time import process_time

from camerahub.core.messages import Assignment, FleetPolicy, Message
from camerahub.core.result import Outcome, ProbeResult, Target
from camerahub.services.fleet import Fleet
from camerahub.services.flights import Flight
from camerahub.services.worker import Outbox

#: On a quiet machine; the bound that fails the run is the ratio, which a busy one does not move.
TARGET_US = 15.0
RATIO = 0.5


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
    good = [ProbeResult(n, "options", Outcome.OK, "ok", 2, wall, 0.001, 200) for n in range(number + 1)]
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
                land(fleet, outbox, flight, good[flight.target.endpoint], now)
        while late and late[0][0] <= now:
            flight = heapq.heappop(late)[2]
            bad = ProbeResult(flight.target.endpoint, "options", Outcome.FAULT, "timeout", 0, wall, 3.0)
            land(fleet, outbox, flight, bad, now)
        outbox.ack(outbox.seq)
        sent.clear()
        # A loop wakes once a millisecond, as uvloop's does.
        now = max(now + 0.001, min(step.wake_at, late[0][0] if late else end))
    return process_time() - began, probes, steps


def land(fleet: Fleet, outbox: Outbox, flight: Flight, result: ProbeResult, now: float) -> None:
    if fleet.finished(flight, result, now):
        outbox.add(result)


async def plain(number: int) -> float:
    """Processor seconds of one round the plain way: a task a probe, a timer, semaphores for fleet, subnet, device."""
    everything = asyncio.Semaphore(2000)
    subnets = [asyncio.Semaphore(32) for _ in range(number // 256 + 1)]
    devices = [asyncio.Semaphore(1) for _ in range(number)]

    async def one(n: int) -> None:
        await asyncio.sleep(0.001)
        async with devices[n], subnets[n // 256], everything:
            await asyncio.sleep(0)

    began = process_time()
    async with asyncio.TaskGroup() as group:
        for n in range(number):
            group.create_task(one(n))
    return process_time() - began


def main() -> int:
    """1 when a probe costs more than RATIO of the plain way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--endpoints", type=int, default=26_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds, probes, steps = run(options.endpoints, options.rounds)
    each = seconds / probes * 1e6
    beside = asyncio.run(plain(options.endpoints)) / options.endpoints * 1e6
    print(
        f"{options.endpoints} endpoints: {each:.1f} us a probe (target {TARGET_US} on a quiet machine), {steps} steps"
    )
    print(f"a task a probe and semaphores: {beside:.1f} us; ratio {each / beside:.2f} (at most {RATIO})")
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
    return int(each > RATIO * beside)


if __name__ == "__main__":
    sys.exit(main())
