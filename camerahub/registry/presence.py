"""Who was in the denominator of a day, and how often each of them was looked at.

Counted from memberships, exemptions and ``camera_days``, as figures are. Must not know: how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select

from camerahub.core.area import Tree
from camerahub.core.result import Facet
from camerahub.registry import bulk, exempt, traits
from camerahub.registry.checkpoint import read_day, waiting_days
from camerahub.registry.engine import reading
from camerahub.registry.evidence import merge_hours
from camerahub.registry.past import SILENCE_US, Question, member_rows
from camerahub.registry.snapshot import last_alive, places
from camerahub.registry.tables import cameras, gaps

I8 = NDArray[np.int64]
_SHOWN = ("ok", "fault", "unknown")


@dataclass(frozen=True, slots=True)
class Member:
    """One camera in one denominator: from ``start`` to ``end`` within the period, µs UTC; ``exempt_us`` of that it was
    exempt."""

    code: str
    name: str
    area_code: str
    network: str
    status: str
    start: int
    end: int
    exempt_us: int


def members(engine: Engine, start: int, end: int, as_of: int, area: str | None = None) -> list[Member]:
    """Everybody who counted within [start, end), as known at ``as_of``, by code and time. KeyError for an area that is
    not known."""
    asked = Question(Facet.ONLINE, start, end, as_of, area)
    with reading(engine) as connection:
        tree = traits.tree_at(connection, as_of)
        codes, inside = {one.id: one.code for one in tree}, traits.below(tree, area)
        query = select(cameras.c.id, cameras.c.code, cameras.c.name).order_by(cameras.c.id)
        named = bulk.fetch(connection, query)
        ids = np.array([row[0] for row in named], np.int64)
        rows = [row for row in member_rows(connection, asked, ids) if row[3] in inside]
        out = _exempt(connection, asked, ids)
    found = []
    for place, begin, until, area_id, network, status in rows:
        a, b = max(begin, start), end if until is None else min(until, end)
        spans = out.get(place, [])
        exempt_us = sum(max(0, min(b, until_) - max(a, from_)) for from_, until_ in spans)
        _, code, name = named[place]
        found.append(Member(code, name, codes.get(area_id, ""), network, status, a, b, exempt_us))
    return sorted(found, key=lambda one: (one.code, one.start))


def _exempt(connection: Connection, asked: Question, ids: I8) -> dict[int, list[tuple[int, int]]]:
    """Disjoint exempt spans by place of the camera."""
    spans = exempt.spans(connection, asked.start, asked.end, asked.as_of, ids)
    found: dict[int, list[tuple[int, int]]] = {}
    rows = zip(spans.camera.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True)
    for place, begin, until in sorted(rows):
        line = found.setdefault(place, [])
        if line and begin <= line[-1][1]:
            line[-1] = (line[-1][0], max(line[-1][1], until))
        else:
            line.append((begin, until))
    return found


@dataclass(frozen=True, slots=True)
class Blank:
    """Time within a period in which a ``worker`` did not look, or could not see, at ``scope`` ("all": nobody looked at
    anything; "" whatever it watches). µs UTC."""

    worker: str
    scope: str
    reason: str
    start: int
    end: int


def blanks(engine: Engine, start: int, end: int, as_of: int) -> list[Blank]:
    """Gaps within [start, end) as known at ``as_of``, by time: those that are written, and the one of a hub that is
    off, as figures count them."""
    one = gaps.c
    query = select(one.worker, one.scope, one.reason, one.from_at, one.to_at, one.recorded_at)
    with reading(engine) as connection:
        rows = connection.execute(query.where(one.from_at < end)).all()
        alive = last_alive(connection)
    found = [("hub", "all", "hub_off", alive, as_of)] if 0 < alive < as_of - SILENCE_US else []
    for worker, scope, reason, begin, until, written in rows:
        silent = reason == "hub_off" and begin < as_of - SILENCE_US
        if written <= as_of or silent:
            found.append((worker, scope, reason, begin, min(as_of, as_of if until is None else until)))
    cut = [
        Blank(worker, scope, reason, max(begin, start), min(until, end))
        for worker, scope, reason, begin, until in found
    ]
    return sorted((one for one in cut if one.start < one.end), key=lambda one: (one.start, one.scope))


@dataclass(frozen=True, slots=True)
class Looks:
    """How often the cameras of a group were looked at on a day: ``looks`` by what came of them, ``never`` cameras
    without any, ``median`` and ``least`` looks of a camera, ``blank_hours`` camera-hours without a look."""

    cameras: int
    ok: int
    fault: int
    unknown: int
    never: int
    median: float
    least: int
    blank_hours: int


def looks(
    engine: Engine, day: int, asked: Question, hours: int, by: str, zone: ZoneInfo
) -> tuple[dict[str, Looks], int]:
    """By group, of everybody who counted on ``day`` (yyyymmdd) in ``zone``; ``hours`` of it have passed. And how many
    results wait to be folded into days; they count as well. ``asked``: the day as a period. KeyError for an area that
    is not known."""
    with reading(engine) as connection:
        areas = traits.tree_at(connection, asked.as_of)
        tree, codes = Tree(areas), {one.id: one.code for one in areas}
        inside = traits.below(areas, asked.area)
        ids = bulk.integers(connection.execute(select(cameras.c.id).order_by(cameras.c.id)), 1)[0]
        rows = [row for row in member_rows(connection, asked, ids) if row[3] in inside]
        table = read_day(connection, day, asked.facet, ids)
        days, waiting = waiting_days(connection, asked.facet, zone)
        if day in days:
            seen, fresh = days[day]
            here, known = places(ids, seen)
            table[here] = merge_hours(table[here], fresh[known])
    last = {row[0]: row[4] if by == "network" else tree.at(by, codes.get(row[3], "")) for row in rows}
    groups: dict[str, list[int]] = {}
    for place, name in last.items():
        groups.setdefault(name, []).append(place)
    return {name: _looks(table[np.array(found)], hours) for name, found in sorted(groups.items())}, waiting


def _looks(table: NDArray[np.void], hours: int) -> Looks:
    counts = np.stack([table[name].astype(np.int64) for name in _SHOWN])
    definite = counts[0] + counts[1]
    each = definite.sum(axis=1)
    ok, fault, unknown = (int(one.sum()) for one in counts)
    blank = int((definite[:, :hours] == 0).sum())
    return Looks(
        len(table), ok, fault, unknown, int((each == 0).sum()), float(np.median(each)), int(each.min()), blank
    )
