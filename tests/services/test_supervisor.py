"""The hub's side, with real prober processes (their cameras by script, once over real sockets)."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.bus.local import LocalChild, spawn_child
from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.blindness import Sight
from camerahub.core.eyes import Lesson
from camerahub.core.messages import (
    Assignment,
    FleetPolicy,
    Learned,
    Message,
    Results,
    Sighting,
    Still,
    Teach,
    Uplinks,
)
from camerahub.core.result import REASON_CODES, Target
from camerahub.core.uplinks import Reference, Uplink
from camerahub.services.clock import SystemClock
from camerahub.services.seats import subnet_of
from camerahub.services.supervisor import Gap, Shards, Supervisor

HERE = Path(__file__).parent
STUB = [sys.executable, str(HERE / "prober_stub.py")]
POLICY = FleetPolicy(interval_s=60, deadline_s=1, dials_per_s=2000, batch_s=0.05)


def at(endpoint: int, host: str = "", *, device: int = 0, reason: str = "", ms: int = 1) -> Assignment:
    return Assignment(Target(endpoint, host or f"10.{endpoint & 63}.0.1", ms, reason), device)


class Hub:
    """What the supervisor's callbacks heard."""

    def __init__(self) -> None:
        self.batches: list[Results] = []
        self.gaps: list[Gap] = []
        self.news = asyncio.Condition()
        self.refuse = False

    async def on_batch(self, batch: Results) -> None:
        if self.refuse:
            self.refuse = False
            raise OSError("disk full")
        async with self.news:
            self.batches.append(batch)
            self.news.notify_all()

    async def on_gap(self, gap: Gap) -> None:
        async with self.news:
            self.gaps.append(gap)
            self.news.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(true)

    @property
    def rows(self) -> np.ndarray:
        return np.frombuffer(b"".join(batch.rows for batch in self.batches), RESULT_DTYPE)


@asynccontextmanager
async def running(
    assignments: list[Assignment],
    probers: int = 2,
    policy: FleetPolicy = POLICY,
    argv: list[str] | None = None,
) -> AsyncIterator[tuple[Supervisor, Hub]]:
    hub = Hub()
    command = argv or [*STUB, "--script"]

    async def spawner(_worker: str) -> LocalChild:
        return await spawn_child(command)

    supervisor = Supervisor(
        spawner=spawner,
        probers=probers,
        probe="options",
        policy=policy,
        clock=SystemClock(),
        on_batch=hub.on_batch,
        on_gap=hub.on_gap,
    )
    supervisor.assign(assignments)
    await supervisor.start()
    try:
        yield supervisor, hub
    finally:
        pids = list(supervisor.pids.values())
        await supervisor.stop(10)
        assert not supervisor.pids
        assert all(_ended(pid, 0) for pid in pids)


async def test_a_round_over_two_processes_returns_once_all_is_committed() -> None:
    cameras = [at(n, reason="refused" if n % 10 == 0 else "") for n in range(1, 1201)]
    async with running(cameras) as (supervisor, hub):
        async with asyncio.timeout(20):
            assert await supervisor.round("rtsp") == 1200
        got = hub.rows
        asked = got[got["probe"] == 2]
        assert sorted(asked["endpoint"]) == list(range(1, 1201))
        assert (asked["reason"] == REASON_CODES["refused"]).sum() == 120
        async with asyncio.timeout(20):
            assert await supervisor.round("tcp", [5, 6, 9999]) == 2
        assert len({batch.worker for batch in hub.batches}) == 2
    for worker in {batch.worker for batch in hub.batches}:
        seqs = [batch.seq for batch in hub.batches if batch.worker == worker]
        assert seqs == list(range(1, len(seqs) + 1))
    assert not hub.gaps


async def test_a_killed_prober_is_replaced_its_gap_told_and_its_round_finished() -> None:
    cameras = [at(n, f"10.{n}.0.1", ms=300) for n in range(1, 61)]
    async with running(cameras) as (supervisor, hub):
        await hub.until(lambda: any(batch.worker == "prober-0" for batch in hub.batches))
        asking = asyncio.ensure_future(supervisor.round("rtsp"))
        await asyncio.sleep(0)
        os.kill(supervisor.pids["prober-0"], signal.SIGKILL)
        async with asyncio.timeout(20):
            assert await asking == 60
        asked = hub.rows[hub.rows["probe"] == 2]
        assert set(asked["endpoint"]) == set(range(1, 61))
        opened, closed = hub.gaps
        assert (opened.worker, opened.end) == ("prober-0", None)
        assert closed == replace(opened, end=closed.end)
        assert closed.end is not None
        assert closed.end > opened.start
        assert len({batch.epoch for batch in hub.batches if batch.worker == "prober-0"}) == 2


async def test_a_batch_that_cannot_be_committed_is_never_acknowledged_and_the_prober_starts_anew() -> None:
    async with running([at(n) for n in range(1, 11)], probers=1) as (supervisor, hub):
        hub.refuse = True
        async with asyncio.timeout(20):
            await supervisor.round("rtsp")
        assert [gap.reason for gap in hub.gaps] == ["commit: OSError"] * 2
        assert set(hub.rows[hub.rows["probe"] == 2]["endpoint"]) == set(range(1, 11))


async def test_changes_and_pauses_reach_running_probers() -> None:
    async with running([at(n) for n in range(1, 11)]) as (supervisor, hub):
        supervisor.assign([at(n) for n in range(6, 21)])
        supervisor.pause(True, [20])
        async with asyncio.timeout(20):
            assert await supervisor.round("rtsp") == 15
        asked = hub.rows[hub.rows["probe"] == 2]
        assert sorted(asked["endpoint"]) == list(range(6, 21))
        assert list(asked[asked["reason"] == REASON_CODES["paused"]]["endpoint"]) == [20]
        supervisor.pause(True)
        async with asyncio.timeout(20):
            await supervisor.round("tcp")
        assert (hub.rows[hub.rows["probe"] == 0]["reason"] == REASON_CODES["paused"]).all()
        supervisor.pause(False)
        supervisor.assign([])
        async with asyncio.timeout(20):
            assert await supervisor.round("tcp") == 0
        assert set(supervisor.stats) <= {"prober-0", "prober-1"}


async def test_a_command_that_cannot_be_started_is_a_gap_not_an_end() -> None:
    async with running([at(1)], probers=1, argv=["/nonexistent/prober"]) as (supervisor, hub):
        await hub.until(lambda: len(hub.gaps) > 0)
        assert hub.gaps[0].reason.startswith("start: ")
        assert not supervisor.pids


async def test_passwords_are_in_no_argument_and_no_environment_of_a_prober() -> None:
    secret = Assignment(Target(1, "10.0.0.1", 1, "", "", "planted-secret-77"))
    async with running([secret], probers=1) as (supervisor, _):
        async with asyncio.timeout(20):
            await supervisor.round("rtsp")
        proc = Path(f"/proc/{supervisor.pids['prober-0']}")
        assert b"planted-secret" not in (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()


def _ended(pid: int, seconds: float) -> bool:
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(fd)


def test_no_prober_outlives_a_hub_that_was_killed() -> None:
    hub = subprocess.Popen([sys.executable, str(HERE / "hub_stub.py")], stdout=subprocess.PIPE, text=True)
    assert hub.stdout is not None
    with hub:
        pids = [int(pid) for pid in hub.stdout.readline().split()]
        assert len(pids) == 2
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        hub.kill()
    assert all(_ended(pid, 10) for pid in pids)


async def test_real_probes_over_real_sockets() -> None:
    async def camera(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(camera, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    free = await asyncio.start_server(camera, "127.0.0.1", 0)
    closed = free.sockets[0].getsockname()[1]
    free.close()
    await free.wait_closed()
    cameras = [
        Assignment(Target(n, "127.0.0.1", p, f"rtsp://127.0.0.1:{p}/"), device=n)
        for n, p in ((1, port), (2, closed), (3, port))
    ]
    async with running(cameras, probers=1, argv=STUB) as (supervisor, hub):
        async with asyncio.timeout(20):
            await supervisor.round("options")
        reasons = {row["endpoint"]: row["reason"] for row in hub.rows}
    server.close()
    await server.wait_closed()
    assert reasons == {1: REASON_CODES["ok"], 2: REASON_CODES["refused"], 3: REASON_CODES["ok"]}


GROUPS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=80)


@given(GROUPS, st.integers(1, 4))
def test_a_device_and_a_subnet_live_in_one_prober_and_stay_there(
    pairs: list[tuple[int, int]], probers: int
) -> None:
    cameras = [at(n, f"10.0.{net}.{n}", device=device) for n, (net, device) in enumerate(pairs)]
    shards = Shards(probers)
    shares = shards.place(cameras)
    assert sorted(e for share in shares for e in share) == list(range(len(pairs)))
    wide = {d for _, d in pairs if d and len({n for n, other in pairs if other == d}) > 1}
    homes: dict[object, set[int]] = {}
    for number, share in enumerate(shares):
        for a in share.values():
            key = a.device if a.device in wide else subnet_of(a.target.host)
            homes.setdefault(key, set()).add(number)
    assert all(len(home) == 1 for home in homes.values())
    assert shards.place(cameras) == shares


@pytest.mark.parametrize("probers", [1, 2, 4])
def test_shares_are_even(probers: int) -> None:
    shares = Shards(probers).place([at(n, f"10.{n >> 8}.{n & 255}.1") for n in range(4000)])
    assert {len(share) for share in shares} == {4000 // probers}


# --- what the probers see ---------------------------------------------------------------------------------------------


class Told:
    """A prober by script: it says what it is given, and dies when that ends."""

    pid = 1

    def __init__(self, says: list[Message]) -> None:
        self.heard: list[Message] = []
        self.bus = self
        self._says = asyncio.Queue[Message | None]()
        for message in says:
            self._says.put_nowait(message)
        self._gone = asyncio.Event()

    def send(self, message: Message) -> None:
        self.heard.append(message)

    async def receive(self) -> Message | None:
        return await self._says.get()

    def say(self, message: Message | None) -> None:
        self._says.put_nowait(message)

    async def drain(self) -> None: ...
    async def aclose(self) -> None: ...

    async def wait(self) -> int:
        return 0

    def terminate(self) -> None: ...
    def kill(self) -> None: ...


async def test_whom_a_prober_watches_is_told_whenever_it_begins_and_what_it_shows_is_heard() -> None:
    hub, children = Hub(), []
    watched: list[tuple[str, list[int]]] = []
    shown: list[Message] = []
    said = [Learned("prober-0", 1, 2, b"past"), Still("prober-0", 1, 2, "blur", b"jpeg")]

    async def spawner(_worker: str) -> Told:
        children.append(Told([*said, Sighting("prober-0", "east", Sight.BLIND, 1, "references")]))
        return children[-1]

    supervisor = Supervisor(
        spawner=spawner,
        probers=1,
        probe="options",
        policy=POLICY,
        clock=SystemClock(),
        on_batch=hub.on_batch,
        on_gap=hub.on_gap,
        on_watch=lambda worker, endpoints: watched.append((worker, list(endpoints))),
        on_picture=shown.append,
    )
    supervisor.assign([at(1), at(2)])
    assert not await supervisor.teach("prober-0", Teach(()))
    await supervisor.start()
    await hub.until(lambda: len(hub.gaps) >= 1)
    assert await supervisor.teach("prober-0", Teach((Lesson(1),)))
    assert children[0].heard[-1] == Teach((Lesson(1),))
    supervisor.assign([at(1), at(2), at(3)])
    assert [(worker, sorted(endpoints)) for worker, endpoints in watched] == [
        ("prober-0", [1, 2]),
        ("prober-0", [1, 2]),
        ("prober-0", [3]),
    ]
    assert shown == said
    for child in children:
        child.say(None)
    await supervisor.stop(1)


async def test_a_blind_uplink_is_a_gap_until_it_is_seen_through_or_its_prober_is_gone() -> None:
    hub, children = Hub(), []
    line = Uplink("east", (), (Reference("tcp", "192.0.2.1", 80),))

    async def spawner(_worker: str) -> Told:
        told = [(Sight.UNKNOWN, 5), (Sight.SEES, 6), (Sight.BLIND, 7)]
        children.append(Told([Sighting("prober-0", "east", sight, at, "references") for sight, at in told]))
        return children[-1]

    supervisor = Supervisor(
        spawner=spawner,
        probers=1,
        probe="options",
        policy=POLICY,
        clock=SystemClock(),
        on_batch=hub.on_batch,
        on_gap=hub.on_gap,
        uplinks=(line,),
    )
    await supervisor.start()
    await hub.until(lambda: len(hub.gaps) >= 1)
    child = children[0]
    assert child.heard[1] == Uplinks((line,))
    assert supervisor.sights == {("prober-0", "east"): Sight.BLIND}
    child.say(Sighting("prober-0", "east", Sight.BLIND, 8, "files"))
    child.say(Sighting("prober-0", "east", Sight.SEES, 9, "references"))
    await hub.until(lambda: len(hub.gaps) >= 3)
    blind = Gap("prober-0", 7, None, "references", "east")
    assert hub.gaps == [blind, blind, replace(blind, end=9)]
    child.say(Sighting("prober-0", "east", Sight.BLIND, 10, "no_route"))
    child.say(None)
    await hub.until(lambda: len(hub.gaps) >= 6)
    lost, closed, gap = hub.gaps[3:6]
    assert (lost.start, lost.end, closed.start, closed.uplink) == (10, None, 10, "east")
    assert closed.end is not None
    assert (gap.uplink, gap.end) == ("", None), "from here on nobody looks at all"
    assert gap.start == closed.end
    for child in children:
        child.say(None)
    await supervisor.stop(1)
