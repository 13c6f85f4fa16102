"""`camerahub members`: who entered or left a denominator, when, by whose file; and the alarm of many at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from camerahub.cli.exempt import _instant
from camerahub.cli.leaving import alarms, said_of
from camerahub.cli.looks import day_of
from camerahub.cli.table import moment, render
from camerahub.core import period
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.leaving import Alarm
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.leavers import Move
    from camerahub.registry.presence import Member

_HEADERS = ("at", "value", "before", "after", "counts", "who", "file")
_MEMBER_HEADERS = ("code", "name", "area", "network", "status", "from", "to", "hours", "exempt_hours")
_HOUR_US = 3_600_000_000


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


def _member_line(one: Member, zone: tzinfo) -> dict[str, object]:
    return {
        "code": one.code, "name": one.name, "area_code": one.area_code, "network": one.network, "status": one.status,
        "from": rfc3339(one.start, zone), "to": rfc3339(one.end, zone), "seconds": (one.end - one.start) / 1e6,
        "exempt_seconds": one.exempt_us / 1e6,
    }  # fmt: skip


def _member_cells(one: Member, zone: tzinfo) -> list[str]:
    hours = f"{(one.end - one.start) / _HOUR_US:.2f}", f"{one.exempt_us / _HOUR_US:.2f}"
    span = moment(one.start, zone), moment(one.end, zone)
    return [one.code, one.name, one.area_code, one.network, one.status, *span, *hours]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is shown of a period: everybody who counted (of a day only), and who entered or left."""

    members: list[Member]
    moves: list[Move]
    expected: int
    alarms: list[Alarm]


def _read(context: Context, span: period.Period, whole: bool, area: str | None, now: int) -> _Told:
    from camerahub.registry import leavers, presence

    store = context.open_store()
    try:
        found = presence.members(store.engine, *span, now, area) if whole else []
        moves, expected = leavers.moves(store.engine, *span), leavers.expected_at(store.engine, span[1])
        return _Told(found, moves, expected, alarms(store, context.settings(), now))
    except KeyError:
        raise ConfigError("web.no_area", area=area) from None
    finally:
        store.close()


def _print(told: _Told, moves: list[Move], as_lines: bool, zone: tzinfo) -> None:
    if as_lines:
        for member in told.members:
            click.echo(json.dumps({"kind": "member"} | _member_line(member, zone), ensure_ascii=False))
        for move in moves:
            click.echo(json.dumps({"kind": "move"} | _line(move, zone), ensure_ascii=False))
        return
    if told.members:
        titles = [f"exempt.col_{name}" for name in _MEMBER_HEADERS]
        click.echo(
            "\n".join(render(titles, [_member_cells(one, zone) for one in told.members], right=(7, 8)))
        )
        click.echo()
    headers = [f"exempt.col_{name}" for name in _HEADERS]
    click.echo("\n".join(render(headers, [_cells(move, zone) for move in moves])))


@click.command("members")
@click.option("--day", metavar="DATE", help="这一天谁应检, 谁进谁出. Everybody who counted on a day.")
@click.option("--from", "start", metavar="TIME", help="起: 2026-11-01. Changes from this instant on.")
@click.option(
    "--to", "end", metavar="TIME", help="止 (不含), 默认现在. The instant after the last; else now."
)
@click.option("--area", metavar="CODE", help="应检清单只列此区划. Everybody of this area.")
@click.option("--left", is_flag=True, help="变动只列退出应检的. Of the changes those who ceased to count.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(
    ctx: click.Context,
    day: str | None,
    start: str | None,
    end: str | None,
    area: str | None,
    left: bool,
    as_lines: bool,
) -> int:
    """应检清单与变动: 谁在其中, 谁进谁出, 经谁的手. Who was in the denominator, who entered or left, by whom."""
    context: Context = ctx.find_root().obj
    settings, now = context.settings(), SystemClock().wall_us()
    zone = settings.site.zone
    if (day is None) == (start is None):
        raise ConfigError("exempt.one_period")
    if day is not None:
        begin, until = day_of(day, zone, now)
    else:
        begin = _instant("--from", start or "", zone)
        until = now if end is None else _instant("--to", end, zone)
    if begin >= until:
        raise ConfigError("figures.backwards", start=moment(begin, zone), end=moment(until, zone))
    told = _read(context, (begin, until), day is not None, area, now)
    gone = [move for move in told.moves if move.counts == (True, False)]
    _print(told, gone if left else told.moves, as_lines, zone)
    entered = sum(move.counts == (False, True) for move in told.moves)
    counts = {"count": len(told.moves), "entered": entered, "left": len(gone), "expected": told.expected}
    said = [text("exempt.moves_summary", **counts)]
    if day is not None:
        span = {"start": moment(begin, zone), "end": moment(until, zone)}
        part = sum((one.start, one.end) != (begin, until) for one in told.members)
        said.insert(
            0, text("exempt.members_summary", count=len({m.code for m in told.members}), part=part, **span)
        )
    said += [said_of(one, settings) for one in told.alarms]
    for one in said:
        click.echo(f"{one.zh}\n{one.en}", err=True)
    return EXIT_OK
