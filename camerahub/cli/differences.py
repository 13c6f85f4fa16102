"""`camerahub differences`: what others say beside what we saw at that instant, per camera, platform and township."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.cameras import check_facet, write_xlsx
from camerahub.cli.table import moment, percent, render
from camerahub.core.claims import AGREE, OUTCOMES, Tally
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.rates import rfc3339
from camerahub.core.result import Facet
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.claims import Difference

_BY = ("source", "township", "network", "outcome")
_HEADERS = (
    "source",
    "kind",
    "code",
    "name",
    "area",
    "network",
    "said",
    "seen",
    "outcome",
    "said_at",
    "since",
)
_GROUPED = ("group", "compared", "agree", "agreement", *(word for word in OUTCOMES if word != AGREE))
_WIDE = (16, 12, 24, 28, 16, 10, 10, 10, 20, 20, 20)


def _read(context: Context, source: str | None, area: str | None, facet: str, now: int) -> list[Difference]:
    from camerahub.registry import claims, queries

    store = context.open_store()
    try:
        known = list(dict.fromkeys(one.source for one in claims.lists(store.engine)))
        if not known:
            raise ConfigError("claims.none")
        if source is not None and source not in known:
            raise ConfigError("claims.no_such_source", source=source, known=", ".join(known[:20]))
        if area is not None and area not in queries.area_codes(store.engine):
            raise ConfigError("web.no_area", area=area)
        return claims.differences(store.engine, now, source=source, area=area, facet=Facet[facet.upper()])
    finally:
        store.close()


def _line(one: Difference, zone: tzinfo) -> dict[str, object]:
    agree = {AGREE: True, "said_up": False, "said_down": False}.get(one.outcome)
    return {
        "code": one.code, "name": one.name, "area_code": one.area_code, "township": one.township,
        "network": one.network, "source": one.source, "kind": one.kind, "said": one.said or None,
        "seen": one.seen or None, "said_at": rfc3339(one.said_at, zone),
        "since": rfc3339(one.since, zone) if one.since else None, "outcome": one.outcome, "agree": agree,
    }  # fmt: skip


def _state(word: str) -> str:
    if not word:
        return "-"
    said = text(f"claims.state_{word}")
    return f"{said.zh} {said.en}"


def _cells(one: Difference, zone: tzinfo) -> list[str]:
    return [
        one.source, one.kind, one.code, one.name, one.area_code, one.network, _state(one.said), _state(one.seen),
        " ".join(OUTCOMES[one.outcome]), moment(one.said_at, zone), moment(one.since or 0, zone),
    ]  # fmt: skip


def tallies(found: Iterable[Difference], by: str) -> dict[str, Tally]:
    """Outcomes counted by group, by name."""
    counts: dict[str, Counter[str]] = {}
    for one in found:
        counts.setdefault(getattr(one, by), Counter())[one.outcome] += 1
    return {name: Tally(counted) for name, counted in sorted(counts.items())}


def _tally_line(by: str, name: str, tally: Tally) -> dict[str, object]:
    counts = {word: tally.counts.get(word, 0) for word in OUTCOMES}
    return {by: name, "compared": tally.compared, "agreement": tally.agreement, **counts}


def _tally_cells(name: str, tally: Tally) -> list[str]:
    first = [name or "-", str(tally.compared), str(tally.counts.get(AGREE, 0)), percent(tally.agreement)]
    return first + [str(tally.counts.get(word, 0)) for word in OUTCOMES if word != AGREE]


def _summary(found: Sequence[Difference]) -> None:
    whole = Tally(Counter(one.outcome for one in found))
    counts = {word: whole.counts.get(word, 0) for word in OUTCOMES}
    fields = {"compared": whole.compared, "agreement": percent(whole.agreement), **counts}
    said = text("claims.differences_summary", **fields)
    click.echo(f"{said.zh}\n{said.en}", err=True)


@click.command("differences")
@click.option("--source", metavar="NAME", help="只看这个来源. Of one source only.")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--by", type=click.Choice(_BY), help="按什么汇总. Counted by.")
@click.option(
    "--outcome", type=click.Choice(tuple(OUTCOMES)), multiple=True, help="只看这些结论. These only."
)
@click.option("--everything", is_flag=True, help="含一致的. Also those that agree.")
@click.option(
    "--facet", default="online", show_default=True, help="与哪一问比. Compared with which question."
)
@click.option("--limit", type=click.IntRange(1), help="最多显示几行. At most so many lines.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), help="写成表格. Write a table.")
@click.pass_context
def command(
    ctx: click.Context,
    source: str | None,
    area: str | None,
    by: str | None,
    outcome: tuple[str, ...],
    everything: bool,
    facet: str,
    limit: int | None,
    as_lines: bool,
    xlsx: Path | None,
) -> int:
    """他方所称与我方所测是否一致 (同一时刻). What others say beside what we saw, at the same instant."""
    context: Context = ctx.find_root().obj
    check_facet(facet)
    zone = context.settings().site.zone
    found = _read(context, source, area, facet, SystemClock().wall_us())
    if by is not None:
        groups = tallies(found, by)
        if as_lines:
            for name, tally in groups.items():
                click.echo(json.dumps(_tally_line(by, name, tally), ensure_ascii=False))
        else:
            rows = [_tally_cells(name, tally) for name, tally in groups.items()]
            titles = [f"claims.col_{name}" for name in _GROUPED]
            click.echo("\n".join(render(titles, rows, right=range(1, len(titles)))))
    else:
        wanted = outcome or [word for word in OUTCOMES if everything or word != AGREE]
        _show([one for one in found if one.outcome in wanted], zone, limit, as_lines, xlsx)
    _summary(found)
    return EXIT_OK


def _show(
    listed: list[Difference], zone: tzinfo, limit: int | None, as_lines: bool, xlsx: Path | None
) -> None:
    shown = listed[:limit]
    titles = [f"claims.col_{name}" for name in _HEADERS]
    if as_lines:
        for one in shown:
            click.echo(json.dumps(_line(one, zone), ensure_ascii=False))
    elif xlsx is None:
        click.echo("\n".join(render(titles, [_cells(one, zone) for one in shown])))
    if xlsx is not None:
        write_xlsx(xlsx, [_cells(one, zone) for one in shown], titles, _WIDE, "differences")
        said = text("web.xlsx_done", rows=len(shown), file=xlsx)
        click.echo(f"{said.zh} / {said.en}", err=True)
    if len(shown) < len(listed):
        said = text("claims.cut", shown=len(shown))
        click.echo(f"{said.zh} / {said.en}", err=True)
