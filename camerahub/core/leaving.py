"""When cameras put out of use at once are an alarm: many, within days, and before the upper level samples all the more.

Source of the habit: "省厅巡检离线, 自查离线改停用". A single camera may be out of use for a good reason; a hundred on
the eve of a sampling day need to be explained. Pure; the caller knows the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Leaving:
    """``count`` cameras left the denominator at ``at`` (µs UTC), by ``who`` and his ``file``."""

    at: int
    count: int
    who: str
    file: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """``count`` of ``of`` cameras left within the days looked at; ``sampling`` the sampling day ahead, None for none
    near."""

    count: int
    of: int
    sampling: date | None
    leaving: tuple[Leaving, ...]


def alarm(
    found: Sequence[Leaving], expected: int, sampling: date | None, *, at_least: int, share: float
) -> Alarm | None:
    """An alarm when those who left are ``at_least`` so many and so great a ``share`` of those who counted before.

    ``expected``: cameras that count now. Before a sampling day half of both is enough.
    """
    count = sum(one.count for one in found)
    before = expected + count
    ease = 2 if sampling is not None else 1
    if not count or count * ease < at_least or count * ease < share * before:
        return None
    return Alarm(count, before, sampling, tuple(found))


def next_sampling(today: date, days: Iterable[int], within: int) -> date | None:
    """The first sampling day (day of the month; one that a month lacks is its last day) from ``today`` on, at most
    ``within`` days ahead; None when there is none."""
    wanted = set(days)
    for ahead in range(within + 1):
        on = today + timedelta(days=ahead)
        last = (on + timedelta(days=1)).day == 1
        if on.day in wanted or (last and any(day > on.day for day in wanted)):
            return on
    return None
