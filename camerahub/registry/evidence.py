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
    quarter, place = np.unique(at // _QUARTER_US, return_inverse=True)
    # offsets of every zone in use since 1972 are whole quarters of an hour
    offsets = [_offset_us(int(q) * _QUARTER_US, zone) for q in quarter]
    local = at + np.array(offsets, dtype=np.int64)[place]
    days = (local // (24 * _HOUR_US)).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year, month = np.divmod(months.astype(np.int64), 12)
    number = (year + 1970) * 10_000 + (month + 1) * 100 + (days - months).astype(np.int64) + 1
    return number, local // _HOUR_US % 24, local % _HOUR_US // _TICK_US + 1


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
    said = np.flatnonzero(signal)
    rows, camera, signal = rows[said], camera[said], signal[said]
    day, hour, tick = local_hours(rows["started_at"], zone)
    for number in np.unique(day):
        today = np.flatnonzero(day == number)
        ids, place = np.unique(camera[today], return_inverse=True)
        cell = place * 24 + hour[today]
        counted = _count(cell, len(ids) * 24, signal[today], tick[today], rows["reason"][today])
        yield int(number), ids, counted.reshape(len(ids), 24)


def _count(
    cell: I8, size: int, signal: NDArray[np.uint8], tick: I8, reason: NDArray[np.uint8]
) -> NDArray[np.void]:
    hours = np.zeros(size, HOUR_DTYPE)
    for name, value in _COUNTS.items():
        hours[name] = np.minimum(np.bincount(cell[signal == value], minlength=size), 0xFFFF)
    # the newest wins, of equals the later one in the log: numpy keeps the last of repeated assignments
    order = np.argsort(tick, kind="stable")
    hours["last"][cell[order]] = tick[order]
    hours["reason"][cell[order]] = reason[order]
    return hours


def merge_hours(old: NDArray[np.void], new: NDArray[np.void]) -> NDArray[np.void]:
    """Both together; ``new`` stands later in the log. Counts stay at 65535 once there."""
    merged = old.copy()
    for name in _COUNTS:
        merged[name] = np.minimum(old[name].astype(np.uint32) + new[name], 0xFFFF)
    newer = (new["last"] >= old["last"]) & (new["last"] > 0)
    for name in ("last", "reason"):
        merged[name] = np.where(newer, new[name], old[name])
    return merged
