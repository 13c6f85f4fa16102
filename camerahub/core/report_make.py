"""A daily or monthly report put together: title, sentences, tables, in the order in which they are read."""

from __future__ import annotations

from datetime import tzinfo

from camerahub.core import period
from camerahub.core.report import Report, local
from camerahub.core.report_figures import (
    RANKED,
    Measured,
    Spans,
    faults,
    moment,
    overview,
    ranked,
    unknowns,
)
from camerahub.core.report_lists import Lists, exemptions, headlines, logins, outages, stopped
from camerahub.core.texts import Text, text
from camerahub.core.transitions import RULE

#: Days after its end from which a report is final: late results have come by then (as for published figures).
FINAL_DAYS = 2


def stage(wanted: int, as_of: int, zone: tzinfo) -> Text:
    """初报, 终报 or not over, of a period that ends at ``wanted``; µs UTC."""
    if as_of < wanted:
        return text("report.stage_cut")
    final = period.days_from(period.local_day(wanted, zone), FINAL_DAYS, zone)[1]
    return text("report.stage_final" if as_of >= final else "report.stage_preliminary")


def assembled(
    kind: str, site: str, subject: str, spans: Spans, wanted: int, as_of: int, figures: Measured,
    rules: tuple[int, ...], lists: Lists, zone: tzinfo,
) -> Report:  # fmt: skip
    """The report of ``subject`` (a day or a month) that was to end at ``wanted``; µs UTC."""
    at = f"{local(spans.moment, zone):%Y-%m-%d %H:%M:%S}"
    tables = (
        overview(figures), moment(figures, at), *(ranked(figures, by) for by in RANKED), faults(figures),
        unknowns(figures), outages(lists.outages, spans.moment), exemptions(lists.exemptions, as_of, figures.names),
        stopped(lists.stopped), logins(lists.logins),
    )  # fmt: skip
    return Report(
        kind, site, subject, *spans.period, as_of, rules or (RULE,), stage(wanted, as_of, zone),
        headlines(figures, lists, spans.moment), tables,
    )  # fmt: skip


def has_data(figures: Measured) -> bool:
    """Whether anybody counted and was looked at within the period."""
    return any(parts.up + parts.down > 0 for parts in map(figures.whole, figures.facets))
