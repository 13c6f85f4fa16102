"""Kill the writer at any moment: no committed flip is lost, none invented, the next round is right.

``CAMERAHUB_KILLS`` sets how many times (20). The oracle is the same stream folded without any database.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from multiprocessing import reduction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import select

from camerahub.registry.engine import open_engine, reading
from camerahub.registry.snapshot import Snapshot, load
from camerahub.registry.store import Store
from camerahub.registry.tables import flips
from tests.contract.fleet import Hub, fill, same_states
from tests.contract.kill9_child import main, step

KILLS = int(os.environ.get("CAMERAHUB_KILLS", "20"))
CAMERAS = 300


class Oracle:
    """States and flips after any number of commits, from the fold alone."""

    def __init__(self, start: Snapshot) -> None:
        self.hub = Hub(start)
        self.seq = 0
        self.flips: list[tuple[int, ...]] = []

    def forward(self, seq: int) -> None:
        while self.seq < seq:
            self.seq += 1
            batch = step(self.hub, self.seq)
            for rows in (batch.flips, batch.camera_flips):
                self.flips += [(self.seq, *(int(v) for v in row)) for row in rows.tolist()]


def run_and_kill(url: str, luck: random.Random) -> int:
    """One life of the writer, ended after some lines and a moment more; the last number it said was committed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.contract.kill9_child"])
    ear, mouth = os.pipe()
    child = context.Process(target=_child, args=(url, reduction.DupFd(mouth)))
    child.start()
    os.close(mouth)
    with open(ear, "rb") as lines:
        told = [lines.readline() for _ in range(luck.randint(1, 12))]
        assert told[0].startswith(b"resumed"), "the child did not start"
        time.sleep(luck.uniform(0.0, 0.02))
        child.kill()
        told += lines.readlines()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    child.close()
    said = [int(line.split()[1]) for line in told if line.startswith(b"committed") and line.endswith(b"\n")]
    return max(said, default=0)


def _child(url: str, mouth: reduction.DupFd) -> None:
    main(url, mouth.detach())


def stored_flips(store: Store) -> list[tuple[int, ...]]:
    c = flips.c
    columns = (c.seq, c.at, c.endpoint_id, c.camera_id, c.facet, c.old, c.new, c.reason)
    with reading(store.engine) as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(c.seq, c.n))]


def check(url: str, oracle: Oracle, said: int) -> int:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        raw.close()
    engine = open_engine(url)
    with reading(engine) as connection:
        snapshot = load(connection)
    mark = max((seq for _, seq in snapshot.watermarks.values()), default=0)
    assert mark >= said
    oracle.forward(mark)
    store = Store(engine, zone=ZoneInfo("UTC"))
    assert stored_flips(store) == oracle.flips
    assert same_states(snapshot.states, oracle.hub.states)
    known = oracle.hub.cameras.since > 0
    assert (snapshot.camera_since[known] == oracle.hub.cameras.since[known]).all()
    engine.dispose()
    return mark


@pytest.mark.timeout(60 + 10 * KILLS)
def test_killed_at_any_moment(url: str, store: Store) -> None:
    fill(store, CAMERAS, second_road=60)
    oracle = Oracle(store.load())
    store.close()
    luck = random.Random(20250616)
    kills = KILLS if url.startswith("sqlite") else max(2, KILLS // 4)
    marks = [check(url, oracle, run_and_kill(url, luck)) for _ in range(kills)]
    assert marks == sorted(marks)
    assert marks[-1] > kills, "the child hardly got to work"
    assert len(np.unique(marks)) > kills // 3
