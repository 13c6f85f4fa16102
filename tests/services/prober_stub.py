"""A prober process for tests: the real worker, bus and probes; ``--script`` replaces the probes by instant answers."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable

from camerahub.bus.local import inherited_end
from camerahub.core.eyes import Lesson
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import REASONS, ProbeResult, Target
from camerahub.services.clock import SystemClock
from camerahub.services.worker import run_worker


class ScriptProber:
    """``services.ports.Prober``: the address of a target says its reason, its port the milliseconds it takes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.in_flight = 0
        self.started: list[Target] = []
        self.closed = self.hurried = False
        self.decoding_s = 0.0
        self.decoding = 0
        self.taught: list[Lesson] = []
        self._news = asyncio.Event()

    def begin(self, target: Target) -> None:
        self.started.append(target)
        self._news.set()

    async def until_started(self, number: int) -> None:
        while len(self.started) < number:
            self._news.clear()
            await self._news.wait()

    def start(
        self, target: Target, probe: str, deadline_s: float, done: Callable[[ProbeResult], None]
    ) -> None:
        self.in_flight += 1
        self.begin(target)
        self._loop.call_later(min(target.port / 1000, deadline_s), self._end, target, probe, done)

    def _end(self, target: Target, probe: str, done: Callable[[ProbeResult], None]) -> None:
        self.in_flight -= 1
        reason = target.url or "ok"
        result = ProbeResult(
            target.endpoint, probe, REASONS[reason].outcome, reason, 2, SystemClock().wall_us(), 0.001, 200
        )
        if not self.closed:
            done(result)

    def configure(self, policy: FleetPolicy) -> None:
        self.policy = policy

    def teach(self, lessons: Iterable[Lesson]) -> None:
        self.taught += lessons

    def forget(self, endpoints: Iterable[int]) -> None:
        gone = set(endpoints)
        self.taught = [lesson for lesson in self.taught if lesson.endpoint not in gone]

    def hurry(self) -> None:
        self.hurried = True

    async def aclose(self) -> None:
        self.closed = True


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", action="store_true")
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args()
    loop = asyncio.get_running_loop()
    if options.script:
        prober = ScriptProber(loop)
    else:
        from camerahub.probes.table import Prober

        prober = Prober(loop)
    await run_worker(await inherited_end(options.fd), prober, SystemClock())


if __name__ == "__main__":
    asyncio.run(main())
