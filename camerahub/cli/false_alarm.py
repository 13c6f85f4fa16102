"""`camerahub false-alarm` (误报): at this camera, what was told was no fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from camerahub.cli.mask import code_of
from camerahub.cli.table import moment, render
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.eyes import FULL, weight_of
from camerahub.core.rates import rfc3339
from camerahub.core.result import REASONS
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context

_HEADERS = ("kind", "at", "by", "why")


def _list(context: Context, code: str, as_lines: bool) -> None:
    from camerahub.registry import eyes

    store, zone = context.open_store(), context.settings().site.zone
    try:
        found = eyes.alarms(store.engine, code)
    finally:
        store.close()
    if as_lines:
        for one in found:
            line = {
                "code": code,
                "kind": one.kind,
                "at": rfc3339(one.at, zone),
                "by": one.who,
                "why": one.why,
            }
            click.echo(json.dumps(line, ensure_ascii=False))
        return
    rows = [[f"{REASONS[one.kind].zh} {one.kind}", moment(one.at, zone), one.who, one.why] for one in found]
    click.echo("\n".join(render([f"eyes.col_{name}" for name in _HEADERS], rows)))


@click.command("false-alarm")
@click.argument("code")
@click.argument("kind", required=False)
@click.option("--by", "name", default="", help="何人. By whom.")
@click.option("--why", default="", help="为何不是故障. Why it was none.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, code: str, kind: str | None, name: str, why: str, as_lines: bool) -> int:
    """误报: 降低这路摄像机对此类故障的灵敏度. Trust this kind less at this camera; without KIND: list."""
    context: Context = ctx.find_root().obj
    code = code_of(context, code)
    if kind is None:
        _list(context, code, as_lines)
        return EXIT_OK
    if not name.strip() or not why.strip():
        raise ConfigError("eyes.alarm_needs")
    with context.writing_store() as store:
        count = store.add_alarm(code, kind, name.strip(), why.strip(), SystemClock().wall_us())
    needed = FULL / 2 / weight_of(count)
    key = "eyes.alarm_kept" if needed <= 1 else "eyes.alarm_silent"
    said = text(key, code=code, kind=kind, name=REASONS[kind].zh, count=count, needed=f"{min(needed, 1):.2f}")
    if as_lines:
        click.echo(json.dumps({"code": code, "kind": kind, "count": count}))
    click.echo(f"{said.zh}\n{said.en}", err=as_lines)
    return EXIT_OK
