"""Named tasks, and clocks."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from camerahub.services.clock import ManualClock, SystemClock
from camerahub.services.tasks import cancel, spawn


async def test_a_failure_is_logged_with_its_name_and_told_to_the_owner() -> None:
    heard: list[BaseException] = []

    async def fail() -> None:
        raise LookupError("nothing there")

    with capture_logs() as logs:
        task = spawn(fail(), "seeker", heard.append)
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert [type(error) for error in heard] == [LookupError]
    assert [(line["event"], line["task"], line["error"]) for line in logs] == [
        ("task_failed", "seeker", "LookupError")
    ]


async def test_cancelled_tasks_are_waited_for_and_say_nothing() -> None:
    with capture_logs() as logs:
        tasks = [spawn(asyncio.Event().wait(), f"waiter {n}") for n in range(3)]
        await cancel(*tasks)
    assert all(task.cancelled() for task in tasks)
    assert not logs


def test_the_manual_clock_moves_when_told() -> None:
    clock = ManualClock(10.0, 1_000_000)
    clock.advance(1.5)
    assert (clock.monotonic(), clock.wall_us(), clock.cpu()) == (11.5, 2_500_000, 0.0)
    clock.step_wall(-1)
    assert (clock.monotonic(), clock.wall_us()) == (11.5, 1_500_000)
    with pytest.raises(ValueError):
        clock.advance(-1)


def test_the_system_clock_is_in_seconds_and_microseconds() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.wall_us() > 1_700_000_000_000_000
    assert clock.cpu() > 0
