"""`camerahub members`: who entered or left a denominator, when, by whose file; and the alarm of many at once."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from camerahub.cli.exempt import _instant
from camerahub.cli.table import moment, render
from camerahub.core import period
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.leaving import Alarm, alarm, next_sampling
from camerahub.core.rates import rfc3339
from camerahub.core.texts import Text, text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.config import Settings
    from camerahub.registry.leavers import Move
    from camerahub.registry.store import Store

_HEADERS = ("at", "value", "before", "after", "counts", "who", "file")
_DAY_US = 86_400_000_000


def stopped_alarm(store: Store, settings: Settings, now: int) -> Alarm | None:
    """The alarm of cameras put out of use within the days that are looked at, if there is one."""
    from camerahub.registry import leavers

    told = settings.figures
    found = leavers.leaving(store.engine, now - told.stopped_within_days * _DAY_US, now + 1)
    today = period.local_day(now, settings.site.zone)
    sampling = (
        next_sampling(today, told.sampling_days, told.sampling_within_days) if told.sampling_days else None
    )
    expected = leavers.expected_now(store.engine)
    return alarm(found, expected, sampling, at_least=told.stopped_at_least, share=told.stopped_share)


def said_of(one: Alarm, settings: Settings) -> Text:
    """The alarm in both languages."""
    from camerahub.registry.leavers import names

    key = "exempt.alarm" if one.sampling is None else "exempt.alarm_sampling"
    since = period.local_day(one.leaving[0].at, settings.site.zone)
    days = settings.figures.stopped_within_days
    who = names(one.leaving)
    return text(key, days=days, count=one.count, of=one.of, who=who, since=since, day=one.sampling)


def _line(move: Move, zone: tzinfo) -> dict[str, object]:
    def side(told: tuple[str, str, str] | None, counts: bool) -> dict[str, object] | None:
        if told is None:
            return None
        return {"area_code": told[0], "network": told[1], "status": told[2], "expected": counts}

    return {
        "at": rfc3339(move.at, zone),
        "code": move.code,
        "before": side(move.before, move.counts[0]),
        "after": side(move.after, move.counts[1]),
        "who": move.who,
        "file": move.file,
    }


def _cells(move: Move, zone: tzinfo) -> list[str]:
    word = {(False, True): "in", (True, False): "out"}.get(move.counts, "stays")
    said = text(f"exempt.{word}")
    sides = [" ".join(part for part in side if part) if side else "-" for side in (move.before, move.after)]
    return [moment(move.at, zone), move.code, *sides, f"{said.zh} {said.en}", move.who, move.file]


@click.command("members")
@click.option("--from", "start", required=True, metavar="TIME", help="起: 2026-11-01. First instant.")
@click.option(
    "--to", "end", metavar="TIME", help="止 (不含), 默认现在. The instant after the last; else now."
)
@click.option("--left", is_flag=True, help="只看退出应检的. Only those who ceased to count.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, start: str, end: str | None, left: bool, as_lines: bool) -> int:
    """应检变动: 谁进谁出, 何时, 经谁的手. Who entered or left the denominator, when, by whom."""
    from camerahub.registry import leavers

    context: Context = ctx.find_root().obj
    settings, now = context.settings(), SystemClock().wall_us()
    zone = settings.site.zone
    begin = _instant("--from", start, zone)
    until = now if end is None else _instant("--to", end, zone)
    if begin >= until:
        raise ConfigError("figures.backwards", start=moment(begin, zone), end=moment(until, zone))
    store = context.open_store()
    try:
        found = leavers.moves(store.engine, begin, until)
        expected = leavers.expected_at(store.engine, until)
        alarmed = stopped_alarm(store, settings, now)
    finally:
        store.close()
    entered = sum(move.counts == (False, True) for move in found)
    gone = [move for move in found if move.counts == (True, False)]
    shown = gone if left else found
    if as_lines:
        for move in shown:
            click.echo(json.dumps(_line(move, zone), ensure_ascii=False))
    else:
        headers = [f"exempt.col_{name}" for name in _HEADERS]
        click.echo("\n".join(render(headers, [_cells(move, zone) for move in shown])))
    counts = {"count": len(found), "entered": entered, "left": len(gone), "expected": expected}
    said = [text("exempt.moves_summary", **counts)] + ([said_of(alarmed, settings)] if alarmed else [])
    for one in said:
        click.echo(f"{one.zh}\n{one.en}", err=True)
    return EXIT_OK
