"""Why a camera that never had an answer had none, out of the hours in which it was looked at.

A flip tells why an answer changed. A camera whose password never worked, or whose pictures are encrypted, is unknown
from its first day on and never flips: what its last look of each hour said is told by ``camera_days``, to the hour.
Such time is explained by it, not counted by it: the figures themselves stand on flips alone.
"""

from __future__ import annotations

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from camerahub.core import period
from camerahub.core.rates_past import Spans
from camerahub.core.result import PROBE_KINDS, Facet, Signal
from camerahub.core.transitions import signal_table
from camerahub.registry.checkpoint import read_day, waiting_days
from camerahub.registry.evidence import HOUR_DTYPE, merge_hours
from camerahub.registry.snapshot import places
from camerahub.registry.tables import settings

I8 = NDArray[np.int64]


def explained(connection: Connection, facet: Facet, ids: I8, never: Spans) -> Spans:
    """``never`` (of cameras at places of ``ids`` (C,), ascending; at most one span each, from one instant on) cut by
    the hours whose last look said why nobody can tell; the value of such a part is the code of that reason."""
    name = connection.scalar(select(settings.c.value).where(settings.c.key == "zone"))
    if name is None or not len(never):
        return never
    zone, start, end = ZoneInfo(name), int(never.start.min()), int(never.end.max())
    waiting, _ = waiting_days(connection, facet, zone)
    found = [(never.camera, never.start, never.value)]
    on, mine = period.local_day(start, zone), ids[never.camera]
    while on <= period.local_day(end - 1, zone):
        day = on.year * 10_000 + on.month * 100 + on.day
        hours = read_day(connection, day, facet, mine)
        if day in waiting:
            hours = _with(hours, mine, *waiting[day])
        which, hour = np.nonzero(_tells(facet)[hours["reason"]] & (hours["unknown"] > 0))
        begins = np.array([period.at_clock(on, time(h), zone) for h in range(24)], np.int64)
        at = np.maximum(begins[hour], start)
        found.append((never.camera[which], at, hours["reason"][which, hour].astype(np.int64)))
        on += timedelta(days=1)
    camera, at, value = (np.concatenate(column) for column in zip(*found, strict=True))
    return _spans(never, camera, at, value)


def _tells(facet: Facet) -> NDArray[np.bool_]:
    """By reason code: whether it is one for which nobody can tell, whoever looked."""
    probes = sorted({kind.code for kind in PROBE_KINDS.values()})
    table = signal_table(facet).reshape(256, 256)[probes]
    told: NDArray[np.bool_] = (table == Signal.UNKNOWN).any(axis=0) & ~(table == Signal.UP).any(axis=0)
    return told


def _with(hours: NDArray[np.void], mine: I8, who: I8, fresh: NDArray[np.void]) -> NDArray[np.void]:
    both = np.zeros((len(mine), 24), HOUR_DTYPE)
    place, known = places(mine, who)
    both[place] = fresh[known]
    return merge_hours(hours, both)


def _spans(never: Spans, camera: I8, at: I8, value: I8) -> Spans:
    """From each instant to the next of its camera, or to the end of its span; of equals the last counts."""
    order = np.lexsort((at, camera))
    camera, at, value = camera[order], at[order], value[order]
    last = np.zeros(int(camera.max()) + 1, np.int64)
    last[never.camera] = never.end
    until = last[camera]
    same = camera[1:] == camera[:-1]
    until[:-1][same] = np.minimum(until[:-1], at[1:])[same]
    some = at < until
    return Spans(camera[some], at[some], until[some], value[some])
