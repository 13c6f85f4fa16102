"""`camerahub rates`: figures with all their parts, of now from the same states as the scrape and the list, of a period
from what is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from camerahub.cli.cameras import check_facet
from camerahub.cli.rates_choices import show_choices
from camerahub.cli.rates_lines import ALL, LEVELS, Group, Sheet
from camerahub.cli.rates_period import Asked, echo, passes, publish, question, sheet, summary
from camerahub.cli.rates_runs import show_published
from camerahub.cli.table import moment, percent
from camerahub.core.area import Tree
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.health import RULE
from camerahub.core.rates import Parts, count_parts
from camerahub.core.rates_rank import ranking, target_of, villages_passed
from camerahub.core.result import Facet
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.census import Census

__all__ = ["ALL", "command", "counted"]

#: A hub silent for longer is not running: the figure is as of its last sign of life.
SILENT_US = 120_000_000
_BY_TREE = (*LEVELS, "urban_rural")
_COLUMNS = ("network", "source", "maintainer", "point_class", "vendor", "site", "status", "unit")


def _label_of(by: str | None, census: Census, tree: Tree) -> Callable[[int], str]:
    if by is None:
        return lambda _place: ""
    if by in _BY_TREE:
        at = {code: tree.at(by, code) for code in set(census.area)}
        return lambda place: at[census.area[place]]
    return lambda place: census.value[place]


def _within(census: Census, tree: Tree, area: str | None) -> np.ndarray:
    if area is None:
        return np.ones(len(census.area), np.bool_)
    inside = {code: area in tree.above(code) for code in set(census.area)}
    return np.array([inside[code] for code in census.area], np.bool_)


def counted(census: Census, area: str | None, by: str | None) -> dict[str, Parts]:
    """Parts by group of the expected cameras in ``area``; groups in which nobody is expected are left out."""
    tree = Tree(census.areas)
    if area is not None and area not in tree.parents:
        raise ConfigError("web.no_area", area=area)
    label = _label_of(by, census, tree)
    counts = census.expected & _within(census, tree, area)
    places = np.flatnonzero(counts).tolist()
    labels = [label(place) for place in places]
    groups = sorted(set(labels))
    number = {name: i for i, name in enumerate(groups)}
    group = np.array([number[name] for name in labels], np.int64)
    picked = (census.answer[places], np.ones(len(places), np.bool_), census.exempt[places])
    return dict(zip(groups, count_parts(*picked, group, len(groups)), strict=True))


def _read(context: Context, facet: str, by: str | None, now: int) -> Census:
    from camerahub.registry.census import census

    store = context.open_store()
    try:
        return census(store.engine, Facet[facet.upper()], by if by in _COLUMNS else None, now)
    finally:
        store.close()


def _now(context: Context, asked: Asked, as_lines: bool) -> int:
    """Figures of this instant, out of the states of the last commit."""
    zone, now = context.settings().site.zone, SystemClock().wall_us()
    census = _read(context, asked.facet, asked.by, now)
    silent = 0 < census.alive_at < now - SILENT_US
    at = census.alive_at if silent else now
    found = counted(census, asked.area, asked.by) or ({} if asked.by else {"": Parts()})
    places = ranking(found) if asked.rank and asked.by else {}
    met = {}
    if asked.target is not None and asked.by in ("township", "county"):
        by_village = counted(census, asked.area, "village")
        met = villages_passed(by_village, Tree(census.areas), asked.by, asked.target)
        met = {name: met.get(name, (0, 0)) for name in found}
    groups = [Group(name, parts, None, places.get(name), met.get(name)) for name, parts in found.items()]
    if asked.rank:
        groups.sort(key=lambda group: (group.place.rank if group.place else 1 << 40, group.name))
    names = Tree(census.areas).names
    shown = Sheet(groups, asked.facet, "point", at, at, now, RULE, asked.area, asked.by, names, asked.target)
    _print(shown, as_lines, context)
    whole = shown.whole
    parts = {"expected": whole.expected, "up": whole.up, "down": whole.down, "unknown": whole.unknown}
    raw = percent(whole.raw)
    echo([*text(f"web.rates_summary_{asked.facet}", as_of=moment(at, zone), rule=RULE, raw=raw, **parts)])
    if shown.target is not None:
        echo([*passes(shown, shown.target)])
    if silent:
        said = text("web.hub_silent", at=moment(at, zone))
        echo([f"{said.zh} / {said.en}"])
    return EXIT_OK


def _print(shown: Sheet, as_lines: bool, context: Context) -> None:
    if as_lines:
        for line in shown.lines(context.settings().site.zone):
            click.echo(json.dumps(line, ensure_ascii=False))
    else:
        click.echo("\n".join(shown.table()))


def _of_period(context: Context, asked: Asked, as_lines: bool, stage: str | None) -> int:
    if stage and asked.by == "reason":
        raise ConfigError("figures.reason_not_published")
    zone, now = context.settings().site.zone, SystemClock().wall_us()
    of, wanted = question(asked, zone, now)
    store = context.open_store()
    try:
        shown, found, earlier = sheet(store, asked, of, wanted, zone)
    finally:
        store.close()
    told = publish(context, found, wanted, stage, zone, now) if stage else []
    _print(shown, as_lines, context)
    echo(summary(shown, found, earlier, wanted, zone) + told)
    return EXIT_OK


def _target(word: str | None) -> Any:
    try:
        return None if word is None else target_of(word)
    except (ValueError, ZeroDivisionError):
        raise ConfigError("figures.bad_target", value=word) from None


@click.command("rates")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option(
    "--by", type=click.Choice((*_BY_TREE, *_COLUMNS, "reason")), help="按什么分组. One line a group."
)
@click.option("--facet", default="online", show_default=True, help="哪一问. Which question.")
@click.option(
    "--kind", type=click.Choice(("point", "time")), help="时点或时长口径. At instants or over time."
)
@click.option("--from", "start", metavar="TIME", help="起 (含): 2026-11-01, 2026-11-01T08:00. First instant.")
@click.option("--to", "end", metavar="TIME", help="止 (不含). The instant after the last.")
@click.option("--day", metavar="DATE", help="一天: 2026-11-05. One local day.")
@click.option("--month", metavar="MONTH", help="一月: 2026-11. One local month.")
@click.option("--at", "clocks", metavar="HH:MM", multiple=True, help="每天的取样时刻. Instants of each day.")
@click.option("--as-of", metavar="TIME", help="按当时所知计算. As it was known then.")
@click.option("--compare", is_flag=True, help="环比. Beside the period before.")
@click.option("--rank", is_flag=True, help="排名. Ranked, with the arithmetic.")
@click.option("--target", metavar="RATE", help="达标线: 0.98, 98%; 排名时默认 figures.target. Pass or fail.")
@click.option(
    "--publish", "stage", type=click.Choice(("preliminary", "final")), help="发布存档. Publish and keep."
)
@click.option("--choices", is_flag=True, help="各口径名次. Does the rank survive the other choice?")
@click.option(
    "--published", is_flag=True, help="已发布的数字, 逐个重算核对. What was published, computed again."
)
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(
    ctx: click.Context, /, as_lines: bool, stage: str | None, published: bool, choices: bool, **words: Any
) -> int:
    """在线率及其全部组成: 未知不算在线. Rates with all their parts; unknown counts against the headline."""
    context: Context = ctx.find_root().obj
    # a day or a month without instants can only mean all the time
    spans = words["day"] or words["month"] or (words["start"] and words["end"])
    kind = words.pop("kind") or ("time" if spans and not words["clocks"] else "point")
    at, target = words.pop("clocks"), _target(words.pop("target"))
    if target is None and words["rank"] and words["by"] in LEVELS:
        target = target_of(str(context.settings().figures.target))
    asked = Asked(kind=kind, at=at, target=target, **words)
    check_facet(asked.facet)
    if published:
        return show_published(context, asked, as_lines)
    if asked.of_period and choices:
        return show_choices(context, asked, as_lines)
    if asked.of_period:
        return _of_period(context, asked, as_lines, stage)
    if stage or asked.compare:
        raise ConfigError("figures.compare_needs_period")
    if choices or asked.by == "reason":
        raise ConfigError("figures.period_only")
    return _now(context, asked, as_lines)
