"""Folds the evidence log into ``camera_days`` and ``sightings``, so that it stays short and history stays small.

Must not know: when it is time (the hub says so) and what the figures are used for.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select

from camerahub.core.health import POLICIES
from camerahub.core.result import Facet
from camerahub.registry import bulk
from camerahub.registry.evidence import DAY_BYTES, HOUR_DTYPE, believed, fold_days, merge_hours
from camerahub.registry.one import upsert_one
from camerahub.registry.snapshot import I8, SPOKEN, TIMES, StoredFacet, log_rows, matrix, places
from camerahub.registry.tables import camera_days, endpoints, evidence_log, sightings

#: Results taken in one transaction: bounds memory when the log is long, for instance after a missed checkpoint.
MOST = 1_000_000

_DAY = np.dtype(f"V{DAY_BYTES}")
_DAY_ROW = np.dtype([("day", "i4"), ("facet", "u1"), ("camera_id", "i8"), ("data", _DAY)])


def fold_log(connection: Connection, zone: ZoneInfo) -> int:
    """Fold and delete the oldest rows of the log, about ``MOST`` results. Returns how many; 0 = the log is empty."""
    log = list(log_rows(connection, MOST))
    if not log:
        return 0
    ids, cameras = matrix(
        connection, select(endpoints.c.id, endpoints.c.camera_id).order_by(endpoints.c.id), 2
    )
    rows = np.concatenate([believed(rows, at) for _, at, rows in log])
    numbers = np.repeat([number for number, _, _ in log], [len(rows) for _, _, rows in log])
    place, found = places(ids, rows["endpoint"])
    if not found.all():
        rows, numbers = rows[found], numbers[found]
    newest = max(at for _, at, _ in log)
    for facet in SPOKEN:
        stored = StoredFacet.read(connection, ids, POLICIES[facet], TIMES)
        stored.replay(numbers, newest, place, rows)
        row = {"facet": int(facet), "log_id": log[-1][0], "data": stored.sightings()}
        upsert_one(connection, sightings, row)
        _fold_days(connection, facet, rows, cameras[place], zone)
    connection.execute(delete(evidence_log).where(evidence_log.c.id <= log[-1][0]))
    return len(found)


def _fold_days(
    connection: Connection, facet: Facet, rows: NDArray[np.void], cameras: I8, zone: ZoneInfo
) -> None:
    for day, ids, hours in fold_days(rows, cameras, facet, zone):
        table = np.zeros(len(ids), _DAY_ROW)
        table["day"], table["facet"], table["camera_id"] = day, int(facet), ids
        merged = merge_hours(read_day(connection, day, facet, ids), hours)
        table["data"] = merged.view(_DAY)[:, 0]
        bulk.upsert(connection, camera_days, table)


def waiting_days(
    connection: Connection, facet: Facet, zone: ZoneInfo
) -> tuple[dict[int, tuple[I8, NDArray[np.void]]], int]:
    """What the log holds and is not folded yet: by day (yyyymmdd) camera ids (K,), ascending, and their hours (K, 24)
    HOUR_DTYPE; and how many results of any facet wait."""
    log = list(log_rows(connection, MOST))
    if not log:
        return {}, 0
    ids, cameras = matrix(
        connection, select(endpoints.c.id, endpoints.c.camera_id).order_by(endpoints.c.id), 2
    )
    rows = np.concatenate([believed(rows, at) for _, at, rows in log])
    place, found = places(ids, rows["endpoint"])
    days = fold_days(rows[found], cameras[place], facet, zone)
    return {day: (who, hours) for day, who, hours in days}, len(rows)


def read_day(connection: Connection, day: int, facet: Facet, ids: I8) -> NDArray[np.void]:
    """Hours of ``day`` (yyyymmdd) of the cameras ``ids`` (K,), ascending: (K, 24) HOUR_DTYPE, zero where nothing is."""
    days = np.zeros(len(ids), _DAY)
    here = (camera_days.c.day == day) & (camera_days.c.facet == int(facet))
    query = select(camera_days.c.camera_id, camera_days.c.data).where(here)
    stored = connection.execute(query).cursor.fetchall()
    if stored:
        place, found = places(ids, np.array([row[0] for row in stored], dtype=np.int64))
        read = np.frombuffer(b"".join([row[1] for row in stored]), _DAY)
        days[place] = read if found.all() else read[found]
    return days.view(HOUR_DTYPE).reshape(-1, 24)
