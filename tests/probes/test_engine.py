"""The socket loop: lateness, limits, leaks, bugs."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from camerahub.core.result import ProbeResult, Target
from camerahub.probes.engine import Brief, Engine, Verdict
from camerahub.probes.options import options
from camerahub.probes.table import Prober

from .conftest import OPTIONS_OK, Camera, Script, replies, request, silent

Make = Callable[[Script], Camera]


class Clock:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def start(engine: Engine, target: Target, deadline_s: float = 3.0) -> asyncio.Future[ProbeResult]:
    done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    engine.start(target, options(target), deadline_s, done.set_result)
    return done


async def test_an_answer_that_waits_in_the_kernel_is_read_before_the_deadline_is_believed(
    camera: Make,
) -> None:
    asked, go, answered = threading.Event(), threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        request(connection)
        asked.set()
        go.wait(10)
        connection.sendall(OPTIONS_OK)
        answered.set()
        connection.recv(1)

    clock = Clock()
    engine = Engine(asyncio.get_running_loop(), max_in_flight=4, monotonic=clock)
    done = await start(engine, camera(script).target())
    while not asked.is_set():  # noqa: ASYNC110 - set by the camera's thread
        await asyncio.sleep(0)
    go.set()
    assert answered.wait(10)  # the loop is stuck here; the answer lies in the kernel
    clock.now += 60
    assert (await asyncio.wait_for(done, 10)).reason == "ok"
    await engine.aclose()


async def test_a_loop_late_by_a_minute_gives_the_minute_back(camera: Make) -> None:
    accepted = threading.Event()

    def script(connection: socket.socket) -> None:
        accepted.set()
        request(connection)
        connection.sendall(OPTIONS_OK)
        connection.recv(1)

    clock = Clock()
    engine = Engine(asyncio.get_running_loop(), max_in_flight=4, monotonic=clock)
    done = await start(engine, camera(script).target())
    assert accepted.wait(10)  # the loop is stuck here; the camera waits for our request
    clock.now += 60
    result = await asyncio.wait_for(done, 10)
    assert result.reason == "ok"
    await engine.aclose()


async def test_the_time_given_back_ends_too(camera: Make) -> None:
    accepted = threading.Event()

    def script(connection: socket.socket) -> None:
        accepted.set()
        silent(connection)

    clock = Clock()
    engine = Engine(asyncio.get_running_loop(), max_in_flight=4, monotonic=clock)
    done = await start(engine, camera(script).target())
    assert accepted.wait(10)
    clock.now += 60
    for _ in range(20):
        await asyncio.sleep(0)
    assert not done.done()
    clock.now += 60
    result = await asyncio.wait_for(done, 10)
    assert (result.reason, result.stage) == ("timeout", 1)
    await engine.aclose()


async def test_no_more_in_flight_than_allowed_and_the_rest_waits_its_turn(camera: Make) -> None:
    loop = asyncio.get_running_loop()
    target = camera(replies(OPTIONS_OK)).target()
    prober = Prober(loop, max_in_flight=3)
    results: list[ProbeResult] = []
    most: list[int] = []
    finished = loop.create_future()

    def done(result: ProbeResult) -> None:
        results.append(result)
        most.append(prober.in_flight)
        if len(results) == 20:
            finished.set_result(None)

    for _ in range(20):
        prober.start(target, "options", 5.0, done)
    assert (prober.in_flight, prober.waiting) == (3, 17)
    await asyncio.wait_for(finished, 20)
    assert max(most) <= 3
    assert {r.reason for r in results} == {"ok"}
    assert prober.in_flight == 0
    await prober.aclose()


async def test_closing_frees_everything_and_reports_nothing(camera: Make) -> None:
    target = camera(silent).target()
    before = open_files()
    prober = Prober(asyncio.get_running_loop(), max_in_flight=5)
    results: list[ProbeResult] = []
    for _ in range(10):
        prober.start(target, "options", 5.0, results.append)
    prober.start(Target(1, "", 0), "options", 5.0, results.append)
    await asyncio.sleep(0)
    await prober.aclose()
    await prober.aclose()
    await asyncio.sleep(0)
    assert results == []
    assert (prober.in_flight, prober.waiting) == (0, 0)
    with pytest.raises(RuntimeError):
        prober.start(target, "options", 5.0, results.append)
    # The camera's own ends are still open in this process: five of them at the most.
    assert open_files() <= before + 5


async def test_out_of_descriptors_is_unknown(camera: Make) -> None:
    target = camera(silent).target()
    prober = Prober(asyncio.get_running_loop(), max_in_flight=5)
    done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        prober.start(target, "options", 5.0, done.set_result)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (await done).reason == "no_seat"
    await prober.aclose()


class Talker(Brief):
    """Sends far more than the socket takes at once."""

    probe = "options"
    stage = 0
    status = 0
    much = b"x" * 8_000_000

    def first(self) -> bytes:
        return self.much

    def received(self, data: bytes) -> Verdict:
        return Verdict("ok" if data == b"all" else "protocol", 2)

    def closed(self) -> Verdict:
        return Verdict("reset", 1)


async def test_what_the_socket_does_not_take_at_once_follows(camera: Make) -> None:
    def script(connection: socket.socket) -> None:
        left = len(Talker.much)
        while left:
            left -= len(connection.recv(65536))
        connection.sendall(b"all")
        connection.recv(1)

    engine = Engine(asyncio.get_running_loop(), max_in_flight=1)
    done: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    engine.start(camera(script).target(), Talker(), 10.0, done.set_result)
    assert (await asyncio.wait_for(done, 20)).reason == "ok"
    await engine.aclose()


class Buggy(Talker):
    def first(self) -> bytes:
        raise ZeroDivisionError


async def test_a_bug_of_ours_is_reported_and_never_a_fault_of_the_camera(camera: Make) -> None:
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    engine = Engine(loop, max_in_flight=2)
    done: asyncio.Future[ProbeResult] = loop.create_future()
    one = camera(replies(OPTIONS_OK))
    engine.start(one.target(), Buggy(), 5.0, done.set_result)
    other = await start(engine, one.target())
    assert (await done).reason == "blind"
    assert (await asyncio.wait_for(other, 10)).reason == "ok"
    assert isinstance(told[0]["exception"], ZeroDivisionError)
    await engine.aclose()


async def test_deadlines_of_different_length_end_in_their_own_time(camera: Make) -> None:
    target = camera(silent).target()
    engine = Engine(asyncio.get_running_loop(), max_in_flight=8)
    waits = [await start(engine, target, seconds) for seconds in (0.4, 0.1, 0.25)]
    results = await asyncio.wait_for(asyncio.gather(*waits), 20)
    assert [r.reason for r in results] == ["timeout"] * 3
    for result, seconds in zip(results, (0.4, 0.1, 0.25), strict=True):
        assert seconds <= result.duration_s < seconds + 0.5
    await engine.aclose()


async def test_when_it_began_is_the_wall_clock(camera: Make) -> None:
    engine = Engine(asyncio.get_running_loop(), max_in_flight=1, now_us=lambda: 1_700_000_000_000_001)
    done = await start(engine, camera(replies(OPTIONS_OK)).target())
    assert (await done).started_at == 1_700_000_000_000_001
    await engine.aclose()
