"""The alarm of cameras that leave the rates at once, for the commands that tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerahub.core import period
from camerahub.core.leaving import Alarm
from camerahub.core.texts import Text, text

if TYPE_CHECKING:
    from camerahub.config import Settings
    from camerahub.registry.store import Store


def alarms(store: Store, settings: Settings, now: int) -> list[Alarm]:
    """The alarms of cameras that left the rates within the days that are looked at: put out of use, and exempted."""
    from camerahub.registry import leavers

    told = leavers.left(store.engine, settings.figures.leaving(), settings.site.zone, now)
    return [alarm for _, alarm in told.values() if alarm is not None]


def said_of(one: Alarm, settings: Settings) -> Text:
    """The alarm in both languages."""
    from camerahub.registry.leavers import names

    key = f"exempt.alarm_{one.way}" + ("" if one.sampling is None else "_sampling")
    since = period.local_day(one.leaving[0].at, settings.site.zone)
    days = settings.figures.stopped_within_days
    who = names(one.leaving)
    return text(key, days=days, count=one.count, of=one.of, who=who, since=since, day=one.sampling)
