"""What storing one round costs: 26,000 results with 3 % flips, as the hub stores them.

    python -m benchmarks.bench_commit [--rounds 250] [--only sqlite|postgresql]

Beside it, in the same run, the plain way: SQLAlchemy Core executemany of the same results and states as rows. CPU is
that of this process, and of the PostgreSQL backend where there is one; medians of the first and the last ten rounds,
the checkpoint apart and spread over the 15 rounds between two of them. Both databases sync to disk. Exit code 1 when
a bar is missed. Beside the wall clock of a commit stands that of the disk alone: the same bytes written and synced.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import psutil
from sqlalchemy import BigInteger, Column, Engine, Integer, MetaData, Table, bindparam, insert, update

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.commit import FLIP_DTYPE, STATE_DTYPE, Commit
from camerahub.registry.engine import open_engine
from camerahub.registry.migrate import upgrade
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store
from tests.contract.server import postgres

CAMERAS = 26_000
FLIPS = 0.03
EVERY = 15
#: A commit: CPU-s on SQLite, wall s on PostgreSQL; last ten rounds over the first ten, in CPU everywhere.
SQLITE_CPU_S, POSTGRES_WALL_S, GROWTH = 0.15, 0.2, 1.5
#: A checkpoint of 15 rounds, CPU-s on SQLite: the longest transaction there is.
CHECKPOINT_CPU_S = 0.5
DISK_BYTES = 2 << 20
MINUTE = 60_000_000
T0 = 1_750_000_000_000_000
Cost = tuple[float, float]


def fill(store: Store) -> None:
    source = Source("bench", "bench")
    store.import_areas([AreaRow("320585", "County", "county")], source, T0)
    roads = [EndpointRow(host=f"198.18.{i >> 8}.{i & 255}", path="/1") for i in range(CAMERAS)]
    rows = [CameraRow(f"C{i:06d}", "camera", "320585", {}, [road]) for i, road in enumerate(roads)]
    store.import_cameras(rows, source, T0)


def batch(
    rng: np.random.Generator, ids: np.ndarray, cameras: np.ndarray, seq: int, share: float = FLIPS
) -> Commit:
    """A round: every endpoint looked at once, ``share`` of them flip, camera flips beside."""
    now = T0 + seq * MINUTE
    results = np.zeros(len(ids), RESULT_DTYPE)
    results["endpoint"], results["probe"] = rng.permutation(ids), 1
    results["started_at"] = now - MINUTE + np.sort(rng.integers(0, MINUTE, len(ids)))
    results["reason"] = results["outcome"] = rng.random(len(ids)) < 0.05
    k = np.sort(rng.choice(len(ids), int(len(ids) * share), replace=False))
    states, flips = np.zeros(len(k), STATE_DTYPE), np.zeros(len(k), FLIP_DTYPE)
    states["endpoint"] = flips["endpoint"] = ids[k]
    states["state"], states["since"], states["observed_at"], states["seen_at"] = (
        1 + seq % 2 * 2,
        now,
        now,
        now,
    )
    flips["camera"], flips["new"], flips["at"] = (
        cameras[k],
        1 + seq % 2,
        now - np.sort(rng.integers(0, MINUTE, len(k)))[::-1],
    )
    of_cameras = flips.copy()
    of_cameras["endpoint"] = 0
    return Commit("bench", 1, seq, now, results, states, flips, of_cameras)


def backends(engine: Engine) -> list[psutil.Process]:
    """Server processes of our connections."""
    if engine.dialect.name != "postgresql":
        return []
    with engine.connect() as connection:
        pids = connection.exec_driver_sql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'camerahub'"
        )
        return [psutil.Process(row[0]) for row in pids]


def measured(work: Callable[[], object], servers: list[psutil.Process]) -> Cost:
    def cpu() -> float:
        mine = resource.getrusage(resource.RUSAGE_SELF)
        return mine.ru_utime + mine.ru_stime + sum(sum(p.cpu_times()[:2]) for p in servers)

    wall, used = time.perf_counter(), cpu()
    work()
    return cpu() - used, time.perf_counter() - wall


def rounds(store: Store, count: int) -> tuple[list[Cost], list[Cost]]:
    snapshot = store.load()
    ids, cameras = snapshot.endpoint, snapshot.camera_ids[snapshot.camera]
    servers = backends(store.engine)
    rng, commits, checkpoints = np.random.default_rng(7), [], []
    # a fleet settles once: every camera flips from unknown, and every state gets its row
    store.commit(batch(rng, ids, cameras, 0, share=1.0))
    store.checkpoint(T0)
    for seq in range(1, count + 1):
        round_ = batch(rng, ids, cameras, seq)
        commits.append(measured(lambda r=round_: store.commit(r), servers))
        if seq % EVERY == 0:
            checkpoints.append(measured(lambda s=seq: store.checkpoint(T0 + s * MINUTE), servers))
    return commits, checkpoints


def plain_way(engine: Engine, repeats: int = 7) -> list[Cost]:
    """26,000 result rows inserted and 26,000 state rows updated by SQLAlchemy Core."""
    meta = MetaData()
    result = Table(
        "plain_results", meta, *(Column(n, BigInteger) for n in ("endpoint", "at", "outcome", "reason"))
    )
    state = Table(
        "plain_states",
        meta,
        Column("id", Integer, primary_key=True),
        Column("state", BigInteger),
        Column("seen", BigInteger),
    )
    ids = range(1, CAMERAS + 1)
    with engine.connect().execution_options(camerahub_writes=True) as connection:
        with connection.begin():
            meta.create_all(connection)
            connection.execute(insert(state), [{"id": i, "state": 0, "seen": 0} for i in ids])
        servers = backends(engine)

        def once(at: int) -> None:
            with connection.begin():
                rows = [{"endpoint": i, "at": at, "outcome": 0, "reason": 0} for i in ids]
                connection.execute(insert(result), rows)
                change = update(state).where(state.c.id == bindparam("of"))
                change = change.values(state=bindparam("to"), seen=bindparam("when"))
                connection.execute(change, [{"of": i, "to": 1, "when": at} for i in ids])

        costs = [measured(lambda k=k: once(T0 + k), servers) for k in range(repeats)]
        with connection.begin():
            meta.drop_all(connection)
    return costs


def middle(costs: list[Cost]) -> Cost:
    return statistics.median(c for c, _ in costs), statistics.median(w for _, w in costs)


def _times(one: Cost, other: Cost) -> str:
    return f"x {one[0] / other[0]:.2f} CPU, x {one[1] / other[1]:.2f} wall"


def disk_alone(folder: Path, repeats: int = 11) -> float:
    """Seconds to append and sync about what one commit writes to the log of SQLite."""
    data, took = os.urandom(DISK_BYTES), []
    with open(folder / "sync", "wb") as file:
        for _ in range(repeats):
            began = time.perf_counter()
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took)


def judged(what: str, value: float, bar: float) -> bool:
    print(f"  {'pass' if value <= bar else 'MISS'}  {what}: {value:.3f} <= {bar:g}")
    return value <= bar


def bars(name: str, first: Cost, last: Cost, once: Cost | None) -> bool:
    told = [judged("CPU, last 10 / first 10", last[0] / first[0], GROWTH)]
    if name == "sqlite":
        told.append(judged("CPU-s of a commit", max(first[0], last[0]), SQLITE_CPU_S))
        if once is not None:
            told.append(judged(f"CPU-s of a checkpoint of {EVERY} rounds", once[0], CHECKPOINT_CPU_S))
    else:
        told.append(judged("seconds of a commit, last 10", last[1], POSTGRES_WALL_S))
    return all(told)


def report(url: str, count: int) -> bool:
    upgrade(url)
    store = Store(open_engine(url), zone=ZoneInfo("Asia/Shanghai"))
    fill(store)
    commits, checkpoints = rounds(store, count)
    plain = middle(plain_way(store.engine))
    first, last = middle(commits[:10]), middle(commits[-10:])
    name = store.engine.dialect.name
    print(f"{name}: {CAMERAS} results, {int(CAMERAS * FLIPS)} flips (and as many of cameras), {count} rounds")
    print(f"  commit, first 10   {first[0]:.3f} CPU-s  {first[1]:.3f} s")
    print(f"  commit, last 10    {last[0]:.3f} CPU-s  {last[1]:.3f} s   {_times(last, first)} the first")
    once = middle(checkpoints) if checkpoints else None
    if once is not None:
        print(
            f"  checkpoint         {once[0]:.3f} CPU-s  {once[1]:.3f} s   a round: {once[0] / EVERY:.3f} CPU-s"
        )
    print(f"  Core executemany   {plain[0]:.3f} CPU-s  {plain[1]:.3f} s   ours {_times(last, plain)} that")
    print(f"  longest transaction {max(wall for _, wall in commits + checkpoints):.3f} s")
    store.close()
    return bars(name, first, last, once)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=250)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    asked = parser.parse_args()
    passed = True
    if asked.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            passed &= report(f"sqlite:///{Path(folder)}/hub.db", asked.rounds)
            print(f"  the disk alone, {DISK_BYTES >> 20} MiB and a sync: {disk_alone(Path(folder)):.3f} s")
    if asked.only != "sqlite":
        with postgres(fsync=True) as url:
            passed &= report(url, asked.rounds)
    print(f"  load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
