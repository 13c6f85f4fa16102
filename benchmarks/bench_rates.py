"""What a month of figures costs: 26,000 cameras by township, out of a year of history.

    python -m benchmarks.bench_rates [--cameras 26000] [--days 365] [--only sqlite|postgresql] [--file DIR]

The year is made up, seeded, and written as the hub writes it: flips of cameras and of endpoints, gaps, moves between
townships, exemptions of cameras and areas, late results. Each month is computed over time and at two instants a day,
in a process that has read nothing of it before; beside it the same month without marks, which must be the same figure.
Exit code 1 when a bar is missed: any month by township within 2 s of wall clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import URL, Engine, delete, func, insert, select, update

from camerahub.core.period import instants, month, month_starts
from camerahub.core.result import PROBE_KINDS, REASON_CODES, Facet
from camerahub.core.transitions import Answer
from camerahub.registry import bulk
from camerahub.registry.engine import open_engine, sqlite_url
from camerahub.registry.figures import Figures, figures, write_marks
from camerahub.registry.migrate import upgrade
from camerahub.registry.past import Question
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store
from camerahub.registry.tables import (
    answer_marks,
    areas,
    camera_states,
    cameras,
    corrections,
    exemption_cameras,
    exemptions,
    flips,
    gaps,
    memberships,
)
from tests.contract.server import postgres

ZONE = ZoneInfo("Asia/Shanghai")
TOWNSHIPS, VILLAGES = 30, 10
#: Outages a day: most cameras have few, a tenth of them many.
CALM, RESTLESS = 0.05, 1.0
MOVES, LISTED, WIDE, GAPS, LATE = 2_000, 400, 60, 24, 20_000
BAR_S = 2.0
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
YEAR = date(2025, 1, 1)
_FLIP = np.dtype(
    [
        ("at", "i8"), ("worker_id", "i8"), ("epoch", "i8"), ("seq", "i8"), ("n", "i4"), ("recorded_at", "i8"),
        ("endpoint_id", "i8"), ("camera_id", "i8"), ("facet", "u1"), ("old", "u1"), ("new", "u1"), ("reason", "u1"),
        ("rule", "i2"), ("prev_at", "i8"),
    ]
)  # fmt: skip


def fill(store: Store, count: int, start: int) -> None:
    source = Source("bench", "bench")
    rows = [AreaRow("320585", "County", "county")]
    towns = [f"3205851{n:02d}" for n in range(TOWNSHIPS)]
    rows += [AreaRow(town, f"Town {town}", "township", "320585") for town in towns]
    places = [f"{town}{200 + n}" for town in towns for n in range(VILLAGES)]
    rows += [AreaRow(place, f"Village {place}", "village", place[:9]) for place in places]
    store.import_areas(rows, source, start)
    named = [
        CameraRow(
            f"C{n:06d}", "camera", places[n % len(places)], {"network": ("a", "b", "c")[n % 3]},
            [EndpointRow(host=f"198.18.{n >> 8 & 255}.{n & 255}", path=f"/{n}")],
        )
        for n in range(count)
    ]  # fmt: skip
    store.import_cameras(named, source, start)


def outages(rng: np.random.Generator, count: int, days: int, start: int) -> np.ndarray:
    """Flips of the cameras 1..count, _FLIP (N,) by time: up, then down or unknown, then up, and so on."""
    rate = np.where(rng.random(count) < 0.1, RESTLESS, CALM) * days
    number = rng.poisson(rate)
    camera = np.repeat(np.arange(1, count + 1), number)
    at = start + HOUR + rng.integers(0, days * DAY - 2 * HOUR, len(camera))
    order = np.lexsort((at, camera))
    camera, at = camera[order], at[order]
    last = rng.exponential(2 * HOUR, len(at)).astype(np.int64) + MINUTE
    room = np.full(len(at), 2 * HOUR)
    room[:-1] = np.where(camera[1:] == camera[:-1], at[1:] - at[:-1] - 1, room[:-1])
    keep = room > 2 * MINUTE
    camera, at, last = camera[keep], at[keep], np.minimum(last, room - 1)[keep]
    bad = np.where(rng.random(len(at)) < 0.2, int(Answer.UNKNOWN), int(Answer.DOWN))
    first = np.arange(1, count + 1)
    rows = np.zeros(len(at) * 2 + count, _FLIP)
    rows["camera_id"] = np.concatenate((first, camera, camera))
    rows["at"] = np.concatenate((np.full(count, start + MINUTE), at, at + last))
    up = np.full(len(at), int(Answer.UP))
    rows["old"] = np.concatenate((np.zeros(count), up, bad))
    rows["new"] = np.concatenate((np.full(count, int(Answer.UP)), bad, up))
    rows = rows[np.argsort(rows["at"], kind="stable")]
    rows["recorded_at"] = rows["at"] + rng.integers(MINUTE, 5 * MINUTE, len(rows))
    overdue = rng.random(len(rows)) < 0.0005
    rows["recorded_at"][overdue] += 2 * DAY
    rows["seq"], rows["worker_id"], rows["epoch"], rows["rule"] = np.arange(len(rows)), 1, 1, 1
    return rows


def write_flips(engine: Engine, rows: np.ndarray) -> None:
    """With the flips of the endpoints (ids as those of their cameras) among them, and the answers of today."""
    doubled = np.repeat(rows, 2)
    doubled["endpoint_id"][1::2], doubled["n"][1::2] = rows["camera_id"], 1
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        for part in np.array_split(doubled, max(1, len(doubled) // 500_000)):
            bulk.append(connection, flips, part)
        newest = {row["camera_id"]: row for row in rows}
        states = np.zeros(
            len(newest),
            [
                ("camera_id", "i8"),
                ("facet", "u1"),
                ("state", "u1"),
                ("reason", "u1"),
                ("since", "i8"),
                ("flip_at", "i8"),
            ],
        )
        for at, (camera, row) in enumerate(newest.items()):
            states[at] = (camera, 0, row["new"], 0, row["at"], row["at"])
        bulk.append(connection, camera_states, states)


def write_rest(engine: Engine, rng: np.random.Generator, count: int, days: int, start: int) -> None:
    """Moves, exemptions, gaps and late results."""
    end = start + days * DAY
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        villages = list(
            connection.scalars(select(areas.c.id).where(areas.c.level == "village").order_by(areas.c.id))
        )
        towns = list(
            connection.scalars(select(areas.c.id).where(areas.c.level == "township").order_by(areas.c.id))
        )
        ids = list(connection.scalars(select(cameras.c.id).order_by(cameras.c.id)))
        one = memberships.c
        for camera in rng.choice(ids, min(MOVES, count), replace=False).tolist():
            at = start + int(rng.integers(DAY, days * DAY))
            connection.execute(update(memberships).where(one.camera_id == camera).values(valid_to=at))
            status = "stopped" if rng.random() < 0.1 else "active"
            row = {
                "camera_id": camera,
                "valid_from": at,
                "area_id": int(rng.choice(villages)),
                "network": "a",
            }
            row |= {"status": status, "expected": status == "active", "recorded_at": at}
            connection.execute(insert(memberships).values(**row))
        for n in range(LISTED + WIDE):
            begin = start + int(rng.integers(0, days * DAY))
            row = {"scope": "camera" if n < LISTED else "area", "from_at": begin, "reason": "power_cut"}
            row |= {"to_at": begin + int(rng.integers(HOUR, 7 * DAY)), "applicant": "a", "applied_at": begin}
            row |= {"approver": "b", "approved_at": begin, "recorded_at": begin}
            if n >= LISTED:
                row["area_id"] = int(rng.choice(towns))
            number = connection.execute(insert(exemptions).values(**row)).inserted_primary_key[0]
            if n < LISTED:
                listed = [
                    {"exemption_id": number, "camera_id": int(c)} for c in rng.choice(ids, 20, replace=False)
                ]
                connection.execute(insert(exemption_cameras), listed)
        for _ in range(GAPS):
            begin = start + int(rng.integers(0, days * DAY))
            row = {"worker": "hub", "scope": "all", "from_at": begin, "to_at": begin + 10 * MINUTE}
            connection.execute(insert(gaps).values(**row, reason="hub_off", recorded_at=begin + 10 * MINUTE))
        bulk.append(connection, corrections, late_rows(rng, count, start, end))


def late_rows(rng: np.random.Generator, count: int, start: int, end: int) -> np.ndarray:
    """Results that came an hour late."""
    names = [
        ("at", "i8"),
        ("endpoint_id", "i8"),
        ("worker_id", "i8"),
        ("epoch", "i8"),
        ("seq", "i8"),
        ("n", "i4"),
    ]
    names += [
        ("recorded_at", "i8"),
        ("camera_id", "i8"),
        ("probe", "u1"),
        ("outcome", "u1"),
        ("reason", "u1"),
    ]
    rows = np.zeros(LATE, [*names, ("stage", "u1"), ("status", "i4"), ("duration_us", "i8"), ("rule", "i2")])
    rows["at"] = np.sort(rng.integers(start, end, LATE))
    rows["camera_id"] = rows["endpoint_id"] = rng.integers(1, count + 1, LATE)
    rows["recorded_at"], rows["seq"] = rows["at"] + HOUR, np.arange(LATE)
    rows["probe"] = PROBE_KINDS["options"].code
    rows["reason"] = np.where(rng.random(LATE) < 0.8, REASON_CODES["ok"], REASON_CODES["timeout"])
    return rows


def timed(engine: Engine, asked: Question) -> tuple[Figures, float, float]:
    """The figures, wall s and CPU s (with those of the database's process); every connection new, so that nothing is
    read already by us."""
    engine.dispose()
    wall, cpu = time.perf_counter(), time.process_time()
    found = figures(engine, asked)
    seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return found, seconds, cpu + _server_cpu(engine)


def _server_cpu(engine: Engine) -> float:
    """CPU s of the PostgreSQL process that has just served us, which serves nobody else."""
    if engine.dialect.name != "postgresql":
        return 0.0
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    spent = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def measure(engine: Engine, days: int, start: int) -> int:
    now = start + (days + 10) * DAY
    starts = [at for at in month_starts(start, start + days * DAY, ZONE) if at > start]
    wall = time.perf_counter()
    for at in starts:
        with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
            write_marks(connection, Facet.ONLINE, [at], at + 2 * DAY)
    print(f"marks: {len(starts)} months in {time.perf_counter() - wall:.1f} s")
    worst = 0.0
    for n in range(1, min(12, max(1, days // 30)) + 1):
        begin, end = month(f"{YEAR.year}-{n:02d}", ZONE)
        asked = Question(Facet.ONLINE, begin, end, now, by="township")
        found, seconds, cpu = timed(engine, asked)
        points = tuple(instants(begin, end, ("10:00", "15:00"), ZONE))
        _, point_s, _ = timed(engine, replace(asked, points=points))
        worst = max(worst, seconds, point_s)
        whole = sum(p.up for p in found.parts.values()), sum(p.expected for p in found.parts.values())
        print(
            f"month {n:2}: over time {seconds:.2f} s wall, {cpu:.2f} s CPU; at {len(points)} instants {point_s:.2f} s; "
            f"{len(found.parts)} groups, {whole[0] / whole[1]:.6f}, {found.corrections} late results, "
            f"input {found.digest[:12]}"
        )
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        connection.execute(delete(answer_marks))
    again, seconds, _ = timed(engine, asked)
    same = again.parts == found.parts and again.digest == found.digest
    print(f"without marks: {seconds:.2f} s wall, {'the same' if same else 'NOT THE SAME'} figure and hash")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    verdict = "pass" if worst <= BAR_S and same else "MISS"
    print(
        f"worst month {worst:.2f} s (bar {BAR_S} s): {verdict}; peak memory of this process {memory:.0f} MB"
    )
    return 0 if verdict == "pass" else 1


def made(url: str | URL, count: int, days: int, start: int) -> Engine:
    """The database of the year, filled unless it is there already."""
    upgrade(url)
    engine = open_engine(url)
    with engine.connect() as connection:
        if connection.scalar(select(func.count()).select_from(cameras)):
            return engine
    rng, wall = np.random.default_rng(20250101), time.perf_counter()
    fill(Store(engine, zone=ZONE), count, start)
    rows = outages(rng, count, days, start)
    write_flips(engine, rows)
    write_rest(engine, rng, count, days, start)
    if engine.dialect.name == "postgresql":  # as its own housekeeping would have done in a year
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            size = int(
                connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0
            )
    else:
        size = Path(str(engine.url.database)).stat().st_size
    print(f"{len(rows)} flips of cameras, as many of endpoints, in {time.perf_counter() - wall:.0f} s, "
          f"{size / 1e6:.0f} MB")  # fmt: skip
    return engine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cameras", type=int, default=26_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument(
        "--file", type=Path, help="keep the SQLite database in this folder, or use the one that is there"
    )
    chosen = parser.parse_args()
    start, missed = int(month(f"{YEAR.year}-01", ZONE)[0]), 0
    with tempfile.TemporaryDirectory() as scratch:
        if chosen.only != "postgresql":
            print("sqlite")
            url = sqlite_url((chosen.file or Path(scratch)) / "year.db")
            missed |= measure(made(url, chosen.cameras, chosen.days, start), chosen.days, start)
    if chosen.only != "sqlite":
        print("postgresql")
        with postgres() as address:
            engine = made(address, chosen.cameras, chosen.days, start)
            missed |= measure(engine, chosen.days, start)
            engine.dispose()
    return missed


if __name__ == "__main__":
    sys.exit(main())
