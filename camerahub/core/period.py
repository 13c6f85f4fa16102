"""Periods as people name them: days and months of the configured zone, half-open, as µs UTC.

``to`` is never part of a period: 2026-11-01 to 2026-12-01 is November. Pure; the caller passes ``now``.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\Z")
#: No period reaches further: years outside are typing errors.
_YEARS = range(1971, 2201)

Period = tuple[int, int]


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICRO


def instant(word: str, zone: tzinfo) -> int:
    """µs UTC of ``2026-11-01`` (its beginning in ``zone``) or ``2026-11-01T08:00`` (in ``zone`` unless it has an
    offset). ValueError for anything else."""
    at = datetime.fromisoformat(word.strip())
    if at.year not in _YEARS:
        raise ValueError(word)
    return _us(at if at.tzinfo else at.replace(tzinfo=zone))


def day(word: str, zone: tzinfo) -> Period:
    """The local day ``2026-11-05``. ValueError."""
    return days_from(date.fromisoformat(word.strip()), 1, zone)


def days_from(first: date, count: int, zone: tzinfo) -> Period:
    """``count`` local days from ``first`` on. ValueError for a year out of reach."""
    if first.year not in _YEARS:
        raise ValueError(first)
    last = first + timedelta(days=count)
    return _midnight(first, zone), _midnight(last, zone)


def month(word: str, zone: tzinfo) -> Period:
    """The local month ``2026-11``. ValueError."""
    found = _MONTH.match(word.strip())
    if found is None or int(found[1]) not in _YEARS:
        raise ValueError(word)
    first = date(int(found[1]), int(found[2]), 1)
    return _midnight(first, zone), _midnight(_month_after(first), zone)


def _month_after(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _midnight(on: date, zone: tzinfo) -> int:
    return _us(datetime.combine(on, time(), zone))


def at_clock(on: date, clock: time, zone: tzinfo) -> int:
    """µs UTC of a local time of day; one that is skipped as clocks go forward is the one an hour later."""
    return _us(datetime.combine(on, clock, zone))


def local_day(at: int, zone: tzinfo) -> date:
    """The local day in which ``at`` (µs UTC) lies."""
    return (_EPOCH + at * _MICRO).astimezone(zone).date()


def month_starts(start: int, end: int, zone: tzinfo) -> list[int]:
    """Beginnings of the local months within [start, end), µs UTC, ascending."""
    first, found = local_day(start, zone).replace(day=1), []
    while (at := _midnight(first, zone)) < end:
        if at >= start:
            found.append(at)
        first = _month_after(first)
    return found


def before(start: int, end: int, zone: tzinfo) -> Period:
    """The period before [start, end), for 环比: as many whole months before whole months, days before days, else as
    long."""
    first, last = local_day(start, zone), local_day(end, zone)
    if (_midnight(first, zone), _midnight(last, zone)) != (start, end):
        return start - (end - start), start
    if first.day == 1 == last.day:
        count = (last.year - first.year) * 12 + last.month - first.month
        for _ in range(count):
            first = _month_before(first)
        return _midnight(first, zone), start
    return _midnight(first - (last - first), zone), start


def instants(start: int, end: int, clocks: tuple[str, ...], zone: tzinfo) -> list[int]:
    """The local times of day ``clocks`` (``10:00``) of every day within [start, end), ascending. ValueError."""
    times = [clock_of(word) for word in clocks]
    on, last, points = local_day(start, zone), local_day(end, zone), set[int]()
    while on <= last:
        points |= {at_clock(on, at, zone) for at in times}
        on += timedelta(days=1)
    return sorted(at for at in points if start <= at < end)


def clock_of(word: str) -> time:
    """A time of day, ``07:30``. ValueError."""
    found = _CLOCK.match(word.strip())
    if found is None:
        raise ValueError(word)
    return time(int(found[1]), int(found[2]))


def last_clock(now: int, clock: str, zone: tzinfo, day: int | None = None) -> int:
    """The latest instant up to ``now`` (µs UTC) at which it was ``clock`` (``08:30``) in ``zone``, with ``day`` (1..28)
    of that day of the month. ValueError."""
    at, on = clock_of(clock), local_day(now, zone)
    if not 1 <= (day or 1) <= 28:
        raise ValueError(day)
    if day is not None:
        on = on.replace(day=day)
    while (when := _us(datetime.combine(on, at, zone))) > now:
        on = on - timedelta(days=1) if day is None else _month_before(on.replace(day=1)).replace(day=day)
    return when
