"""When cameras that leave the rates at once are an alarm: many, within days, and before the upper level samples all the
more. Put out of use they leave the denominator, exempted they leave the adjusted rate.

Source of the habit: "省厅巡检离线, 自查离线改停用". A single camera may be out of use for a good reason; a hundred on
the eve of a sampling day need to be explained. Pure; the caller knows the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

#: How a camera leaves a rate: put out of use (停用) it leaves every one, exempted (报备) the adjusted one.
STOPPED, EXEMPT = "stopped", "exempt"
WAYS = (STOPPED, EXEMPT)


@dataclass(frozen=True, slots=True)
class Rule:
    """When it is an alarm: ``within_days`` at least ``at_least`` cameras and ``share`` of those that counted; half of
    both at most ``sampling_within_days`` before one of ``sampling_days`` (days of the month)."""

    within_days: int
    at_least: int
    share: float
    sampling_days: tuple[int, ...]
    sampling_within_days: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """``count`` cameras left a rate at ``at`` (µs UTC), by ``who`` and his ``file`` (or exemption)."""

    at: int
    count: int
    who: str
    file: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """``count`` of ``of`` cameras left within the days looked at; ``sampling`` the sampling day ahead, None for none
    near; ``way`` of ``WAYS``."""

    count: int
    of: int
    sampling: date | None
    leaving: tuple[Leaving, ...]
    way: str = STOPPED


def alarm(found: Sequence[Leaving], of: int, today: date, rule: Rule, way: str = STOPPED) -> Alarm | None:
    """An alarm when those who left are so many, and so great a share of those who counted before (``of``)."""
    count = sum(one.count for one in found)
    sampling = next_sampling(today, rule.sampling_days, rule.sampling_within_days)
    ease = 2 if sampling is not None else 1
    if not count or count * ease < rule.at_least or count * ease < rule.share * of:
        return None
    return Alarm(count, of, sampling, tuple(found), way)


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
