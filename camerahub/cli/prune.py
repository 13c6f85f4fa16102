"""``prune``: how large everything is, and what has had its time goes. The hub does it once a day."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from camerahub.cli.context import Context
from camerahub.cli.table import render
from camerahub.core.errors import EXIT_OK
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.config import Retention
    from camerahub.registry.retention import Limits, TableSize

_HEADERS = ("prune.table", "prune.rows", "prune.size", "prune.kept", "prune.goes")


@click.command()
@click.option("--dry-run", is_flag=True, help="只说明, 不删除 / tell, delete nothing")
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON / one JSON object a line")
@click.pass_obj
def command(context: Context, dry_run: bool, as_json: bool) -> int:
    """各表大小与保留期, 删除已到期的. Sizes, how long rows stay; what has had its time is deleted."""
    from camerahub.registry import queries, retention

    settings = context.settings()
    kept = settings.retention
    store = context.open_store()
    try:
        limits = retention.limits(
            SystemClock().wall_us(), settings.site.zone, kept.looks_days, kept.claims_days
        )
        tables, free = retention.sizes(store.engine, limits)
        total, first = queries.database_bytes(store.engine), retention.oldest_day(store.engine)
    finally:
        store.close()
    room = os.statvfs(context.home_folder().path)
    due = sum(one.due for one in tables)
    _show(tables, kept, as_json)
    gone = 0 if dry_run or not due else _drop(context, limits, first)
    told = {
        "rows": due if dry_run else gone,
        "total": total,
        "free": free,
        "disk": room.f_bavail * room.f_frsize,
    }
    if as_json:
        click.echo(json.dumps({"summary": {"dry_run": dry_run, **told}}))
    sizes = {name: mb(told[name]) for name in ("total", "free", "disk")}
    done = text("prune.would" if dry_run else "prune.done", rows=told["rows"], **sizes)
    click.echo(f"{done.zh}\n{done.en}", err=True)
    return EXIT_OK


def _drop(context: Context, limits: Limits, first: int) -> int:
    """A day at a time: between two of them the hub commits what has come meanwhile."""
    from camerahub.registry import retention

    gone = 0
    while 0 < first < limits.day:
        with context.writing_store() as store:
            gone += store.forget_looks(first)
            first = retention.oldest_day(store.engine)
    with context.writing_store() as store:
        return gone + store.forget_claims(limits.claims_at) + store.expire_stills(limits.now)


def _show(tables: list[TableSize], kept: Retention, as_json: bool) -> None:
    if as_json:
        for one in tables:
            click.echo(
                json.dumps(
                    {
                        "table": one.name,
                        "rows": one.rows,
                        "bytes": one.bytes,
                        "kept": one.rule,
                        "due": one.due,
                    }
                )
            )
        return
    days = {"looks": kept.looks_days, "claims": kept.claims_days}
    words = {"for_ever": "prune.for_ever", "expires": "prune.until", "bounded": "prune.bounded"}

    def stays(rule: str) -> str:
        said = (
            text("prune.days", days=days[rule]) if days.get(rule) else text(words.get(rule, "prune.for_ever"))
        )
        return f"{said.zh} {said.en}"

    rows = [
        (one.name, str(one.rows), mb(one.bytes), stays(one.rule), str(one.due)) for one in tables if one.rows
    ]
    for line in render(_HEADERS, rows, right=(1, 2, 4)):
        click.echo(line)


def mb(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"
