"""The alarm of those who leave at once: read now and then, told once, gone when it is over."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from camerahub.core.errors import EnvironmentFault
from camerahub.core.leaving import Alarm
from camerahub.services.clock import ManualClock
from camerahub.services.leaving import Leaving, Told

QUIET: Told = {"stopped": (3, None), "exempt": (0, None)}
MANY: Told = {"stopped": (30, Alarm(30, 100, None, ())), "exempt": (0, None)}


async def test_an_alarm_is_told_once_and_again_when_it_comes_again() -> None:
    said: list[Told | None] = [QUIET, MANY, MANY, None, MANY, QUIET, MANY]
    reads = iter(said)

    def read(now: int) -> Told:
        assert now == clock.wall_us()
        told = next(reads)
        if told is None:
            raise EnvironmentFault("register.missing", where="x")
        return told

    clock = ManualClock()
    watch, seen = Leaving(read, clock), []
    with capture_logs() as logs:
        for _ in said:
            await watch.look()
            seen.append(watch.told["stopped"][0])
    assert seen == [3, 30, 30, 30, 30, 3, 30]
    assert [entry["event"] for entry in logs] == ["cameras_left", "leaving_unknown", "cameras_left"]
    assert logs[0]["count"] == 30


async def test_a_changed_register_is_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = asyncio.Queue[int]()
    loop = asyncio.get_running_loop()

    def told(now: int) -> Told:
        loop.call_soon_threadsafe(read.put_nowait, now)
        return QUIET

    watch = Leaving(told, ManualClock())
    running = asyncio.ensure_future(watch.run())
    async with asyncio.timeout(10):
        await read.get()
        watch.look_again()
        await read.get()
    running.cancel()
