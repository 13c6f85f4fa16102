"""How often we looked and what we saw: one blob per commit, folded into one small row per camera, facet and day.

Raw results keyed by camera make a database crawl; appended in time order they cost nothing. Pure: arrays in, arrays
and bytes out. Must not know: connections and SQL.

Sources of the numbers: a result speaks of a facet as ``core.transitions.signal_table`` says.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from camerahub.core.health import AHEAD_US
from camerahub.core.result import Facet, Signal
from camerahub.core.transitions import signal_table

I8 = NDArray[np.int64]

_FIELDS = [("probe", "u1"), ("outcome", "u1"), ("reason", "u1")]
#: What is kept of a result. Names as in RESULT_DTYPE, so that the fold can replay it.
EVIDENCE_DTYPE = np.dtype([("endpoint", "<i8"), ("started_at", "<i8"), *_FIELDS])
#: The same on disk when all starts lie within 35 min of the commit (always, but for late results): 11 bytes.
_NEAR = np.dtype([("endpoint", "<u4"), ("started_at", "<i4"), *_FIELDS])
_NEAR_MARK, _FAR_MARK = b"E\x01", b"E\x02"

#: When an endpoint was last observed and seen (``core.health.States``), one facet.
SIGHTING_DTYPE = np.dtype([("endpoint", "<i8"), ("observed_at", "<i8"), ("seen_at", "<i8")])

#: One local hour of one camera and facet. ``last``: when the reason was seen, in 1/16 s of the hour, plus 1.
HOUR_DTYPE = np.dtype(
    [("ok", "<u2"), ("fault", "<u2"), ("unknown", "<u2"), ("last", "<u2"), ("reason", "u1")]
)
DAY_BYTES = 24 * HOUR_DTYPE.itemsize

_HOUR_US = 3_600_000_000
_QUARTER_US = 900_000_000
_TICK_US = 62_500
_COUNTS = {"ok": Signal.UP, "fault": Signal.DOWN, "unknown": Signal.UNKNOWN}
_SIGNALS = {facet: signal_table(facet) for facet in Facet}


def encode(results: NDArray[np.void], base: int) -> bytes:
    """RESULT_DTYPE rows (N,) as a blob; ``base`` µs UTC the commit's time."""
    if not len(results):
        return _FAR_MARK
    offset = results["started_at"] - base
    ids = results["endpoint"]
    near = np.abs(offset).max() < 2**31 and ids.min() >= 0 and ids.max() < 2**32
    rows = np.empty(len(results), _NEAR if near else EVIDENCE_DTYPE)
    for name, _ in [("endpoint", ""), *_FIELDS]:
        rows[name] = results[name]
    rows["started_at"] = offset if near else results["started_at"]
    return (_NEAR_MARK if near else _FAR_MARK) + rows.tobytes()


def decode(data: bytes, base: int) -> NDArray[np.void]:
    """EVIDENCE_DTYPE rows of a blob. ValueError when it is not one."""
    mark, body = data[:2], data[2:]
    if mark == _FAR_MARK:
        return np.frombuffer(body, EVIDENCE_DTYPE)
    if mark != _NEAR_MARK:
        raise ValueError("not an evidence blob")
    near = np.frombuffer(body, _NEAR)
    rows = np.empty(len(near), EVIDENCE_DTYPE)
    for name in ("endpoint", "started_at", "probe", "outcome", "reason"):
        rows[name] = near[name]
    rows["started_at"] += base
    return rows


def believed(rows: NDArray[np.void], now: int) -> NDArray[np.void]:
    """The rows with starts from a broken clock taken as ``now``, as the fold takes them."""
    ahead = rows["started_at"] > now + AHEAD_US
    if not ahead.any():
        return rows
    rows = rows.copy()
    rows["started_at"][ahead] = now
    return rows


def local_hours(at: I8, zone: ZoneInfo) -> tuple[I8, I8, I8]:
    """Day (yyyymmdd), hour 0..23 and ``last`` tick of each instant in ``zone``; arrays of the shape of ``at``."""
    # offsets of every zone in use since 1972 are whole quarters of an hour: the calendar is asked once for each
    quarter, place = _distinct(at // _QUARTER_US)
    utc = quarter * _QUARTER_US
    local = utc + np.array([_offset_us(one, zone) for one in utc.tolist()], dtype=np.int64)
    days = (local // (24 * _HOUR_US)).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year, month = np.divmod(months.astype(np.int64), 12)
    number = (year + 1970) * 10_000 + (month + 1) * 100 + (days - months).astype(np.int64) + 1
    began = utc - local % _HOUR_US
    return number[place], (local // _HOUR_US % 24)[place], (at - began[place]) // _TICK_US + 1


def _distinct(values: I8) -> tuple[I8, I8]:
    """``np.unique`` with the inverse, without its sort where the values lie close together."""
    low = int(values.min(initial=2**63 - 1))
    span = int(values.max(initial=low)) - low + 1
    if span > 4 * len(values) + 1024:
        found, place = np.unique(values, return_inverse=True)
        return found, place
    there = np.zeros(span, np.bool_)
    there[values - low] = True
    return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[values - low]


def _offset_us(at: int, zone: ZoneInfo) -> int:
    moment = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zone)
    return int((moment.utcoffset() or timedelta()) / timedelta(microseconds=1))


def fold_days(
    rows: NDArray[np.void], camera: I8, facet: Facet, zone: ZoneInfo
) -> Iterable[tuple[int, I8, NDArray[np.void]]]:
    """What ``rows`` (EVIDENCE_DTYPE, log order) add: per day (yyyymmdd, camera ids (K,), hours (K, 24) HOUR_DTYPE).

    ``camera`` (N,) id of the camera of each row. Days ascending, cameras ascending.
    """
    signal = _SIGNALS[facet][rows["probe"].astype(np.uint16) << 8 | rows["reason"]]
    said = signal > 0
    started, reason = rows["started_at"][said], rows["reason"][said]
    camera, signal = camera[said], signal[said]
    day, hour, tick = local_hours(started, zone)
    for number in _distinct(day)[0]:
        today = day == number
        ids, place = _distinct(camera[today])
        hours, column = _distinct(hour[today])
        cell = place * len(hours) + column
        counted = _count(cell, len(ids) * len(hours), signal[today], tick[today], reason[today])
        whole = np.zeros((len(ids), 24), HOUR_DTYPE)
        whole[:, hours] = counted.reshape(len(ids), len(hours))
        yield int(number), ids, whole


def _count(
    cell: I8, size: int, signal: NDArray[np.uint8], tick: I8, reason: NDArray[np.uint8]
) -> NDArray[np.void]:
    hours = np.zeros(size, HOUR_DTYPE)
    for name, value in _COUNTS.items():
        hours[name] = np.minimum(np.bincount(cell[signal == value], minlength=size), 0xFFFF)
    # the newest wins, of equals the later one in the log: numpy keeps the last of repeated assignments
    order = np.argsort(tick.astype(np.uint16), kind="stable")
    hours["last"][cell[order]] = tick[order]
    hours["reason"][cell[order]] = reason[order]
    return hours


def merge_hours(old: NDArray[np.void], new: NDArray[np.void]) -> NDArray[np.void]:
    """Both together; ``new`` stands later in the log. Counts stay at 65535 once there."""
    merged = old.copy()
    # mostly an hour or two of the day
    for hour in np.flatnonzero(new["last"].reshape(-1, new.shape[-1]).any(axis=0)):
        one, other, to = old[..., hour], new[..., hour], merged[..., hour]
        for name in _COUNTS:
            to[name] = np.minimum(one[name].astype(np.uint32) + other[name], 0xFFFF)
        newer = (other["last"] >= one["last"]) & (other["last"] > 0)
        for name in ("last", "reason"):
            to[name] = np.where(newer, other[name], one[name])
    return merged
