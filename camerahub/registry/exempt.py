"""Approved exemptions (报备) as spans of cameras: who leaves the adjusted rate when. The raw rate never asks.

An exemption of an area or a network means whoever belongs to it at each instant; one of cameras or of a device means
the cameras listed when it was asked for. Must not know: figures, and how exemptions are asked for and decided.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from camerahub.core.rates_past import Spans
from camerahub.registry import bulk, traits
from camerahub.registry.snapshot import places
from camerahub.registry.tables import areas, exemption_cameras, exemptions, memberships

I8 = NDArray[np.int64]
_FAR = int(np.iinfo(np.int64).max)


def spans(connection: Connection, start: int, end: int, as_of: int, ids: I8) -> Spans:
    """Spans within [start, end) of the cameras ``ids`` (C,), ascending, that were approved by ``as_of``; what was
    revoked by then ends where it was revoked. They may overlap."""
    windows = _windows(connection, start, end, as_of)
    if not windows:
        return Spans()
    found = [_listed(connection, windows, ids), *_belonging(connection, windows, as_of, ids)]
    both = [
        np.concatenate([getattr(one, name) for one in found]) for name in ("camera", "start", "end", "value")
    ]
    return Spans(*both).within(start, end)


def in_force(connection: Connection, now: int, ids: I8) -> tuple[NDArray[np.bool_], int]:
    """Who of the cameras ``ids`` (C,), ascending, is exempt at ``now``, bool (C,); and the next instant, µs UTC, at
    which that changes though nobody decides anything: a window begins or ends."""
    out = np.zeros(len(ids), np.bool_)
    out[spans(connection, now, now + 1, now, ids).camera] = True
    edges = (edge for row in _windows(connection, now, _FAR, now) for edge in row[4:6])
    return out, min((edge for edge in edges if edge > now), default=_FAR)


def _windows(connection: Connection, start: int, end: int, as_of: int) -> list[Any]:
    one = exemptions.c
    query = (
        select(one.id, one.scope, areas.c.code, one.network, one.from_at, one.to_at, one.revoked_at)
        .outerjoin_from(exemptions, areas, one.area_id == areas.c.id)
        .where(one.approved_at <= as_of, one.from_at < end, one.to_at > start)
        .order_by(one.id)
    )
    rows = connection.execute(query).all()
    return [
        (number, scope, code, network, begin, min(until, revoked if revoked and revoked <= as_of else until))
        for number, scope, code, network, begin, until, revoked in rows
    ]


def _listed(connection: Connection, windows: list[Any], ids: I8) -> Spans:
    mine = np.array([row[0] for row in windows if row[1] in ("camera", "device")], np.int64)
    columns = ("exemption_id", "camera_id")
    which, camera = bulk.among(connection, exemption_cameras, columns, "exemption_id", mine)
    place, found = places(ids, camera)
    times = {row[0]: row[4:6] for row in windows}
    begin, until = np.array([times[one] for one in which[found].tolist()], np.int64).reshape(-1, 2).T
    return Spans(place, begin, until, np.zeros(len(place), np.int64))


def _belonging(connection: Connection, windows: list[Any], as_of: int, ids: I8) -> list[Spans]:
    wide = [row for row in windows if row[1] in ("area", "network")]
    if not wide:
        return []
    one, tree = memberships.c, traits.tree_at(connection, as_of)
    query = select(one.camera_id, one.valid_from, one.valid_to, one.area_id, one.network)
    rows = bulk.fetch(connection, query.where(one.recorded_at <= as_of))
    camera = np.array([row[0] for row in rows], np.int64)
    begin = np.array([row[1] for row in rows], np.int64)
    until = np.array([_FAR if row[2] is None else row[2] for row in rows], np.int64)
    place, known = places(ids, camera)
    area = np.array([row[3] for row in rows], np.int64)
    network = np.array([row[4] for row in rows], object)
    found = []
    for _, scope, code, name, from_at, to_at in wide:
        if scope == "area":
            inside = np.isin(area, np.fromiter(traits.below(tree, code), np.int64))
        else:
            inside = (network == name).astype(np.bool_)
        some = inside & known
        where = place[inside[known]]
        found.append(
            Spans(
                where,
                np.maximum(begin[some], from_at),
                np.minimum(until[some], to_at),
                np.zeros(len(where), np.int64),
            )
        )
    return found
