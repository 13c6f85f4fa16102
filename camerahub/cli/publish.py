"""`camerahub publish`: the figures that are due and not published yet. The hub runs it by itself each morning."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from datetime import tzinfo
from itertools import islice
from typing import TYPE_CHECKING

import click
import structlog

from camerahub.cli.rates_period import said_of_run
from camerahub.cli.rates_runs import line_of_run
from camerahub.cli.table import moment
from camerahub.core.errors import EXIT_OK
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.publishing import Due, Published

_log = structlog.get_logger()
#: So many are computed before the register is asked for the pen once.
_AT_ONCE = 32


@click.command("publish")
@click.option("--dry-run", is_flag=True, help="只列出应发布的. Only say what is due.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, dry_run: bool, as_lines: bool) -> int:
    """发布到期的数字: 日、月的初报和终报. Publish what is due: preliminary and final figures of days and months."""
    context: Context = ctx.find_root().obj
    zone, now = context.settings().site.zone, SystemClock().wall_us()
    if dry_run:
        due = _due(context, now)
        for one in due:
            said = json.dumps(_due_line(one, zone)) if as_lines else "\n".join(_said_of_due(one, zone))
            click.echo(said)
        _say("figures.publish_due", count=len(due))
        return EXIT_OK
    count = 0
    for run, before in publish_due(context, now):
        count += 1
        _log.info("figures_published", run=run.id, stage=run.stage, hash=run.input_hash)
        if as_lines:
            click.echo(json.dumps(line_of_run(run, before, zone), ensure_ascii=False))
        else:
            click.echo("\n".join(said_of_run(run, before, zone)))
    _say("figures.publish_done", count=count)
    return EXIT_OK


def _due(context: Context, now: int) -> list[Due]:
    from camerahub.plan import figures_due

    store = context.open_store()
    try:
        return figures_due(context.settings(), store.engine, now)
    finally:
        store.close()


def publish_due(context: Context, now: int) -> Iterator[Published]:
    """Publish everything that is due ``now`` (µs UTC) and was not, oldest first; what is killed in the middle goes on
    where it was, for each run is kept at once and none twice."""
    from camerahub.registry import publishing
    from camerahub.registry.figures import figures

    zone, who = context.settings().site.zone, getpass.getuser()
    waiting = iter(_due(context, now))
    while part := list(islice(waiting, _AT_ONCE)):
        store = context.open_store()
        try:
            found = [(one, figures(store.engine, one.asked)) for one in part]
        finally:
            store.close()
        with context.writing_store() as store:
            for one, computed in found:
                if publishing.wanting(store.engine, one):  # somebody may have been quicker
                    yield publishing.publish(store, computed, one.stage, who, now, zone)


def _due_line(one: Due, zone: tzinfo) -> dict[str, object]:
    return {
        "stage": one.stage,
        "facet": one.asked.facet.name.lower(),
        "by": one.asked.by,
        "from": rfc3339(one.asked.start, zone),
        "to": rfc3339(one.asked.end, zone),
    }


def _said_of_due(one: Due, zone: tzinfo) -> list[str]:
    stage, asked = text(f"figures.stage_{one.stage}"), one.asked
    span = {"start": moment(asked.start, zone), "end": moment(asked.end, zone)}
    fields = {"stage": f"{stage.zh} {stage.en}", "facet": asked.facet.name.lower(), "by": asked.by or "-"}
    return [*text("figures.due", **fields, **span)]


def _say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh} / {said.en}", err=True)
