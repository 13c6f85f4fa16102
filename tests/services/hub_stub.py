"""A hub process for tests: two scripted probers; prints their process ids once both have answered; then lives on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from camerahub.bus.local import spawn_child
from camerahub.core.messages import Assignment, FleetPolicy, Results
from camerahub.core.result import Target
from camerahub.services.clock import SystemClock
from camerahub.services.supervisor import Gap, Supervisor

PROBER = [sys.executable, str(Path(__file__).with_name("prober_stub.py")), "--script"]


async def main() -> None:
    heard: set[str] = set()
    both = asyncio.Event()

    async def on_batch(batch: Results) -> None:
        heard.add(batch.worker)
        if len(heard) == 2:
            both.set()

    async def on_gap(gap: Gap) -> None:
        del gap

    supervisor = Supervisor(
        spawner=lambda _: spawn_child(PROBER),
        probers=2,
        probe="options",
        policy=FleetPolicy(interval_s=0.2, deadline_s=0.2, batch_s=0.05),
        clock=SystemClock(),
        on_batch=on_batch,
        on_gap=on_gap,
    )
    supervisor.assign(Assignment(Target(n, f"10.{n}.0.1", 1)) for n in range(1, 21))
    await supervisor.start()
    await both.wait()
    sys.stdout.write(" ".join(str(pid) for pid in supervisor.pids.values()) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
