"""`camerahub rates --published`: what was said before, and whether it still comes out to the last digit."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from camerahub.cli.table import moment
from camerahub.core.errors import EXIT_OK
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.figures import Check

#: So many runs are computed again at once.
LATEST = 50


def _line(check: Check, zone: tzinfo) -> dict[str, object]:
    run = check.run
    return {
        "id": run.id,
        "stage": run.stage,
        "facet": run.facet.name.lower(),
        "kind": run.kind,
        "from": rfc3339(run.start, zone),
        "to": rfc3339(run.end, zone),
        "as_of": rfc3339(run.as_of, zone),
        "rule": run.rule,
        "scope": json.loads(run.scope),
        "who": run.who,
        "recorded_at": rfc3339(run.recorded_at, zone),
        "input_hash": run.input_hash,
        "same": check.same,
        "same_input": check.same_input,
    }


def _said(check: Check, zone: tzinfo) -> list[str]:
    run = check.run
    stage = text(f"figures.stage_{run.stage}")
    fields = {
        "id": run.id,
        "stage": f"{stage.zh} {stage.en}",
        "facet": run.facet.name.lower(),
        "kind": run.kind,
        "who": run.who,
    }
    span = {"start": moment(run.start, zone), "end": moment(run.end, zone), "as_of": moment(run.as_of, zone)}
    told = text("figures.run", rule=run.rule, digest=run.input_hash[:16], **fields, **span)
    word = "same" if check.same and check.same_input else "digits" if check.same else "other"
    verdict = text(f"figures.verified_{word}")
    return [f"{told.zh}: {verdict.zh}", f"  {told.en}: {verdict.en}"]


def show_published(context: Context, as_lines: bool) -> int:
    """The runs published last, newest first, each computed again."""
    from camerahub.registry import figures, runs

    zone = context.settings().site.zone
    store = context.open_store()
    try:
        checks = figures.verify(store.engine, runs.newest(store.engine, LATEST))
    finally:
        store.close()
    for check in checks:
        if as_lines:
            click.echo(json.dumps(_line(check, zone), ensure_ascii=False))
        else:
            click.echo("\n".join(_said(check, zone)))
    if not checks:
        said = text("figures.none_published")
        click.echo(f"{said.zh} / {said.en}", err=True)
    return EXIT_OK
