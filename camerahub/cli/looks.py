"""`camerahub looks`: how often the cameras of a day were looked at, by group, and who never was."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from camerahub.cli.blanks import blank_line, blank_table, blank_words
from camerahub.cli.cameras import check_facet
from camerahub.cli.rates_lines import group_name
from camerahub.cli.table import moment, render
from camerahub.core import period
from camerahub.core.area import Tree
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.result import Facet
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.presence import Looks

_BY = ("township", "village", "county", "network")
_HEADERS = ("cameras", "ok", "fault", "unknown", "never", "median", "least", "blank_hours")
_HOUR_US = 3_600_000_000


def day_of(word: str, zone: tzinfo, now: int) -> period.Period:
    """A local day that has begun. ConfigError."""
    try:
        start, end = period.day(word, zone)
    except (ValueError, OverflowError):
        raise ConfigError("figures.bad_time", option="--day", value=word, wanted="2026-11-05") from None
    if start >= now:
        raise ConfigError("figures.not_begun", start=moment(start, zone), as_of=moment(now, zone))
    return start, min(end, now)


def _line(by: str, name: str, one: Looks) -> dict[str, object]:
    return {
        "kind": "looks",
        by if by == "network" else "area": name,
        **{key: getattr(one, key) for key in _HEADERS},
    }


@click.command("looks")
@click.option("--day", required=True, metavar="DATE", help="哪一天: 2026-11-05. Which local day.")
@click.option("--by", type=click.Choice(_BY), default="township", show_default=True, help="按什么分组.")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--facet", default="online", show_default=True, help="哪一问. Which question.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, day: str, by: str, area: str | None, facet: str, as_lines: bool) -> int:
    """这一天每路检测了多少次, 有谁从未检测. How often each camera was looked at on a day."""
    from camerahub.registry import presence, queries
    from camerahub.registry.past import Question

    context: Context = ctx.find_root().obj
    check_facet(facet)
    zone, now = context.settings().site.zone, SystemClock().wall_us()
    start, end = day_of(day, zone, now)
    on = period.local_day(start, zone)
    asked = Question(Facet[facet.upper()], start, end, now, area)
    hours = min(24, (end - start) // _HOUR_US)
    store = context.open_store()
    try:
        names = Tree(queries.areas(store.engine)).names
        number = on.year * 10_000 + on.month * 100 + on.day
        found, waiting = presence.looks(store.engine, number, asked, hours, by, zone)
        blank = presence.blanks(store.engine, start, end, now)
    except KeyError:
        raise ConfigError("web.no_area", area=area) from None
    finally:
        store.close()
    if as_lines:
        for name, one in found.items():
            click.echo(json.dumps(_line(by, name, one), ensure_ascii=False))
        for gap in blank:
            click.echo(json.dumps(blank_line(gap, zone), ensure_ascii=False))
    else:
        titles = ["web.col_group", *(f"figures.looks_{name}" for name in _HEADERS)]
        rows = [
            [group_name(name, by, names), *(f"{getattr(one, key):g}" for key in _HEADERS)]
            for name, one in found.items()
        ]
        click.echo("\n".join(render(titles, rows, right=range(1, len(titles)))))
        if blank:
            click.echo("\n".join(["", *blank_table(blank, zone)]))
    fields = {"day": on, "hours": hours, "waiting": waiting}
    said = text("figures.looks_summary", never=sum(one.never for one in found.values()), **fields)
    click.echo("\n".join([*said, *blank_words(blank)]), err=True)
    return EXIT_OK
