"""What `camerahub report` reads: the period that was asked for, figures, lists; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta, tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING

from camerahub.cli.table import moment
from camerahub.core import period
from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.report import Report
from camerahub.core.report_figures import spans_of
from camerahub.core.report_lists import BadLogin, Lists
from camerahub.core.report_make import assembled, has_data
from camerahub.core.result import Facet

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.config import Settings
    from camerahub.registry.store import Store

_SECOND_US = 1_000_000


def whole_second(word: str | None, zone: tzinfo, now: int) -> int:
    """``--as-of``, or now; to the second, so that it can be typed again. ConfigError."""
    if word is None:
        return now - now % _SECOND_US
    try:
        at = period.instant(word, zone)
    except (ValueError, OverflowError):
        raise ConfigError(
            "figures.bad_time", option="--as-of", value=word, wanted="2026-11-05T08:30"
        ) from None
    if at > now:
        raise ConfigError("figures.as_of_ahead", as_of=moment(at, zone))
    return at


def subject_of(kind: str, word: str | None, as_of: int, zone: tzinfo) -> tuple[str, period.Period]:
    """The day or month asked for, else the last one that is over. ConfigError for what is none."""
    today = period.local_day(as_of, zone)
    try:
        if kind == "daily":
            day = today - timedelta(days=1) if word is None else date.fromisoformat(word.strip())
            return day.isoformat(), period.days_from(day, 1, zone)
        last = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m") if word is None else word.strip()
        return last, period.month(last, zone)
    except (ValueError, OverflowError):
        option, example = ("--date", "2026-11-24") if kind == "daily" else ("--month", "2026-10")
        raise ConfigError("figures.bad_time", option=option, value=word, wanted=example) from None


def facets_of(settings: Settings) -> tuple[Facet, ...]:
    """The facets this hub measures."""
    return tuple(Facet) if settings.fleet.picture_interval_s else (Facet.ONLINE,)


@contextmanager
def opened(context: Context) -> Iterator[Store]:
    """The register, closed at the end."""
    store = context.open_store()
    try:
        yield store
    finally:
        store.close()


def bad_logins(store: Store, settings: Settings) -> list[BadLogin]:
    """Logins somebody must put right, as `credentials list` tells them."""
    from camerahub.cli.credentials import remembered
    from camerahub.core.guard_rows import GuardPolicy

    _, lines = remembered(store, None, GuardPolicy(**settings.guard.model_dump()))
    return [
        BadLogin(one.address, one.user, one.state, one.since, one.tries, one.vendor, tuple(one.cameras))
        for one in lines
        if one.to_fix
    ]


def of_period(context: Context, kind: str, word: str | None, as_of: int) -> Report:
    """The report of a day or a month, as known at ``as_of``. EnvironmentFault where there is nothing to report."""
    from camerahub.registry import report

    settings = context.settings()
    zone = settings.site.zone
    subject, (start, wanted) = subject_of(kind, word, as_of, zone)
    try:
        spans = spans_of(start, wanted, as_of, zone)
    except ValueError:
        raise EnvironmentFault("report.not_begun", subject=subject) from None
    target = Fraction(str(settings.figures.target))
    with opened(context) as store:
        engine = store.engine
        figures, rules, long = report.measured(engine, facets_of(settings), spans, as_of, target, zone)
        if not has_data(figures):
            raise EnvironmentFault("report.no_data", subject=subject)
        lists = Lists(
            long,
            report.windows(engine, *spans.period, as_of),
            report.stopped(engine, *spans.period, figures.names),
            bad_logins(store, settings),
        )
    return assembled(kind, settings.site.name, subject, spans, wanted, as_of, figures, rules, lists, zone)
