"""Which figures are due: preliminary ones the morning after a day or a month, final ones two days later. Pure.

Figures are computed as of the instant they are due, not of the instant somebody came to it: a hub that was off, or
killed in the middle, publishes the same digits later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta, tzinfo

from camerahub.core import period

PRELIMINARY, FINAL = "preliminary", "final"
#: Days after its end from which a period may be published.
EARLIEST_DAYS = {PRELIMINARY: 0, FINAL: 2}
#: What a hub did not publish in its time is made up for, so many days and months back.
BACK_DAYS, BACK_MONTHS = 31, 2
#: What was taken before an instant may be written a little after it.
SETTLE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Slot:
    """A period whose figures are due as ``stage``; ``at`` since when, and as of when they are computed. µs UTC."""

    stage: str
    start: int
    end: int
    at: int


def earliest(stage: str, end: int, zone: tzinfo) -> int:
    """The first instant at which a period that ends at ``end`` may be published as ``stage``, µs UTC."""
    days = EARLIEST_DAYS[stage]
    return period.days_from(period.local_day(end, zone), days, zone)[1] if days else end


def due(now: int, clock: time, zone: tzinfo, since: int) -> list[Slot]:
    """What ought to be published ``now`` (µs UTC), oldest first, days before months; ``clock`` local time of day at
    which figures come out; ``since`` when the first camera was looked at: periods before it have no figures.

    A period that is final by now has no preliminary figures any more.
    """
    slots = (_slot(start, end, now, clock, zone) for start, end in _periods(now, zone) if end > since)
    return [slot for slot in slots if slot is not None]


def _periods(now: int, zone: tzinfo) -> Iterator[period.Period]:
    today = period.local_day(now, zone)
    for ago in range(BACK_DAYS, 0, -1):
        yield period.days_from(today - timedelta(days=ago), 1, zone)
    first, months = today.replace(day=1), list[date]()
    for _ in range(BACK_MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    for first in reversed(months):
        yield period.month(f"{first:%Y-%m}", zone)


def _slot(start: int, end: int, now: int, clock: time, zone: tzinfo) -> Slot | None:
    for stage in (FINAL, PRELIMINARY):
        on = period.local_day(end, zone) + timedelta(days=EARLIEST_DAYS[stage])
        at = period.at_clock(on, clock, zone)
        if now >= at + SETTLE_US:
            return Slot(stage, start, end, at)
    return None
