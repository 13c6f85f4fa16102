"""A prober process: the line to its hub, the sockets, and nothing else. It imports neither numpy nor the register."""

from __future__ import annotations

import asyncio
import gc

from camerahub.bus.local import inherited_end
from camerahub.probes.table import Prober, open_files_allow
from camerahub.services.clock import SystemClock
from camerahub.services.tasks import cancel, spawn
from camerahub.services.worker import run_worker

#: More than any setting allows in flight is queued by the fleet, never by the engine.
MOST_IN_FLIGHT = 4_000
#: Young objects before the collector looks: a probe leaves a dozen and no circles.
YOUNG = 50_000


async def prober_main(fd: int, decoders: int = 0) -> None:
    """The life of a prober on its inherited line ``fd``: until the hub drains it or goes away."""
    gc.set_threshold(YOUNG)
    bus = await inherited_end(fd)
    allowed = open_files_allow(MOST_IN_FLIGHT)
    prober = Prober(asyncio.get_running_loop(), max_in_flight=allowed, decoders=decoders)
    starting = spawn(prober.ready(), "decoders")  # liveness need not wait for them
    try:
        await run_worker(bus, prober, SystemClock())
    finally:
        await cancel(starting)
