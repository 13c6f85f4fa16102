"""`camerahub rates --published`: what was said before, and whether it still comes out to the last digit."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from camerahub.cli.rates_period import Asked, corrected, published_span
from camerahub.cli.table import moment
from camerahub.core.errors import EXIT_OK
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.figures import Check
    from camerahub.registry.runs import Run

#: So many runs are computed again at once.
LATEST = 50


def line_of_run(run: Run, before: Run | None, zone: tzinfo) -> dict[str, object]:
    """One published run; ``corrections``: what a final one differs in from the preliminary one ``before``, by group."""
    line: dict[str, object] = {
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
    }
    if before is not None:
        line |= {"follows": before.id, "corrections": _corrections(before, run)}
    return line


def _corrections(before: Run, run: Run) -> list[dict[str, object]]:
    from camerahub.registry.figures import corrections

    return [
        {"group": name, "before": asdict(old), "after": asdict(new), "raw": [old.raw, new.raw]}
        for name, (old, new) in corrections(before, run).items()
    ]


def _said(check: Check, before: Run | None, zone: tzinfo) -> list[str]:
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
    said = [f"{told.zh}: {verdict.zh}", f"  {told.en}: {verdict.en}"]
    return said + ([] if before is None else [f"  {line}" for line in corrected(before, run)])


def show_published(context: Context, asked: Asked, as_lines: bool) -> int:
    """The runs published last, newest first, or those of the period asked for; each computed again."""
    from camerahub.registry import figures, publishing, runs

    zone = context.settings().site.zone
    span = published_span(asked, zone)
    store = context.open_store()
    try:
        found = runs.newest(store.engine, LATEST) if span is None else runs.of_span(store.engine, *span)
        checks = figures.verify(store.engine, found)
        before = {run.id: publishing.before_final(store.engine, run) for run in found}
    finally:
        store.close()
    for check in checks:
        earlier = before[check.run.id]
        if as_lines:
            verdict = {"same": check.same, "same_input": check.same_input}
            line = line_of_run(check.run, earlier, zone) | verdict
            click.echo(json.dumps(line, ensure_ascii=False))
        else:
            click.echo("\n".join(_said(check, earlier, zone)))
    differ = sum(not (check.same and check.same_input) for check in checks)
    key = "figures.verified" if checks else "figures.none_published"
    said = text(key, count=len(checks), same=len(checks) - differ, differ=differ)
    click.echo(f"{said.zh} / {said.en}", err=True)
    return EXIT_OK
