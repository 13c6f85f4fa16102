"""`camerahub rates`: figures with all their parts, from the same states as the scrape and the list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import numpy as np

from camerahub.cli.cameras import check_facet
from camerahub.cli.table import moment, percent, render
from camerahub.core.area import UNASSIGNED, ancestors, level_of, township_of
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.health import RULE
from camerahub.core.rates import Parts, Rate, count_parts, total
from camerahub.core.result import Facet
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.census import Census

#: ``area`` of a line that speaks of the whole register.
ALL = "all"
LEVELS = ("county", "township", "village")
#: A hub silent for longer is not running: the figure is as of its last sign of life.
SILENT_US = 120_000_000
_COLUMNS = ("network", "source", "maintainer", "point_class", "vendor", "site", "status", "unit")
_HEADERS = (
    "group", "expected", "up", "down", "unknown", "raw", "measured", "upper", "coverage", "exempt", "adjusted",
)  # fmt: skip


class Tree:
    """The civil tree of a census."""

    def __init__(self, census: Census) -> None:
        self.parents = {area.code: area.parent_code for area in census.areas}
        self.levels = {area.code: area.level for area in census.areas}
        self.names = {area.code: area.name for area in census.areas}

    def above(self, code: str) -> list[str]:
        """``code`` and all above it."""
        return ancestors(code, self.parents)

    def at(self, level: str, code: str) -> str:
        """Under which code of ``level`` an area is counted: the nearest above it, else as near as there is."""
        if level == "township":
            return township_of(code, self.parents, self.levels)
        for above in self.above(code):
            if (self.levels.get(above) or level_of(above)) == level:
                return above
        return self.at("township", code) if level == "village" else UNASSIGNED


def _label_of(by: str | None, census: Census, tree: Tree) -> Callable[[int], str]:
    if by is None:
        return lambda _place: ""
    if by in LEVELS:
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
    tree = Tree(census)
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


def _rates(
    found: dict[str, Parts], area: str | None, by: str | None, facet: str, at: int, now: int
) -> list[Rate]:
    lines = []
    for name, parts in found.items():
        place = name if by in LEVELS else area or ALL
        extra = ((by, name),) if by is not None and by not in LEVELS else ()
        lines.append(Rate(place, facet, "point", at, at, RULE, now, parts, extra))
    return lines


def _named(name: str, by: str | None, names: dict[str, str]) -> str:
    if name == UNASSIGNED or (name == "" and by is not None):
        said = text("web.unassigned")
        return f"{said.zh} {said.en}"
    if by == "status":
        return _standing(name)
    return f"{name} {names[name]}" if name in names else name


def _standing(name: str) -> str:
    """A status of the register in people's words."""
    from camerahub.registry.tables import STATUSES

    _, zh, en = STATUSES.get(name, (True, "", ""))
    return f"{zh} {en}" if zh else name


def _cells(name: str, parts: Parts) -> list[str]:
    counts = (parts.expected, parts.up, parts.down, parts.unknown)
    ratios = (parts.raw, parts.measured, parts.upper, parts.detection)
    return [name, *map(str, counts), *map(percent, ratios), str(parts.exempt), percent(parts.adjusted)]


def _table(found: dict[str, Parts], by: str | None, facet: str, names: dict[str, str]) -> list[str]:
    rows = [_cells(_named(name, by, names), parts) for name, parts in found.items()] if by else []
    said = text("web.total")
    rows.append(_cells(f"{said.zh} {said.en}", total(list(found.values()))))
    own = {state: f"web.state_{facet}_{state}" for state in ("up", "down", "unknown")} | {
        "raw": f"web.rate_{facet}"
    }
    titles = [own.get(name, f"web.col_{name}") for name in _HEADERS]
    return render(titles, rows, right=range(1, len(_HEADERS)))


def _read(context: Context, facet: str, by: str | None) -> Census:
    from camerahub.registry.census import census

    store = context.open_store()
    try:
        return census(store.engine, Facet[facet.upper()], by if by in _COLUMNS else None)
    finally:
        store.close()


@click.command("rates")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--by", type=click.Choice((*LEVELS, *_COLUMNS)), help="按什么分组. One line a group.")
@click.option("--facet", default="online", show_default=True, help="哪一问. Which question.")
@click.option("--kind", type=click.Choice(("point", "time")), default="point", show_default=True)
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(
    ctx: click.Context, area: str | None, by: str | None, facet: str, kind: str, as_lines: bool
) -> int:
    """在线率及其全部组成: 未知不算在线. Rates with all their parts; unknown counts against the headline."""
    if kind == "time":
        raise ConfigError("web.no_time_kind")
    check_facet(facet)
    context: Context = ctx.find_root().obj
    zone = context.settings().site.zone
    census = _read(context, facet, by)
    now = SystemClock().wall_us()
    silent = 0 < census.alive_at < now - SILENT_US
    at = census.alive_at if silent else now
    found = counted(census, area, by) or ({} if by else {"": Parts()})
    if as_lines:
        for rate in _rates(found, area, by, facet, at, now):
            click.echo(json.dumps(rate.as_json(zone), ensure_ascii=False))
    else:
        click.echo("\n".join(_table(found, by, facet, Tree(census).names)))
    whole = total(list(found.values()))
    parts = {"expected": whole.expected, "up": whole.up, "down": whole.down, "unknown": whole.unknown}
    said = text(
        f"web.rates_summary_{facet}", as_of=moment(at, zone), rule=RULE, raw=percent(whole.raw), **parts
    )
    click.echo(f"{said.zh}\n{said.en}", err=True)
    if silent:
        said = text("web.hub_silent", at=moment(at, zone))
        click.echo(f"{said.zh} / {said.en}", err=True)
    return EXIT_OK
