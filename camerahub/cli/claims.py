"""`camerahub claims`: status lists of platforms and upper levels, kept apart from what was seen."""

from __future__ import annotations

import json
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.import_ import Report
from camerahub.cli.pause import who
from camerahub.cli.table import moment, render
from camerahub.core import period
from camerahub.core.claims import KINDS, STATUS_LIST
from camerahub.core.errors import EXIT_OK, EXIT_REFUSED, ConfigError
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.claims import ClaimList
    from camerahub.registry.tablefile.importer import Summary

_HEADERS = ("source", "kind", "said_at", "rows", "refused", "file", "who", "recorded")
_MOST_SOURCE = 60
_WANTED = "2026-11-05T08:00"


@click.group("claims")
def command() -> None:
    """他方状态: 平台导出的状态清单, 上级的离线清单. What others say of our cameras; see `differences`."""


def said_at(word: str | None, zone: tzinfo, now: int) -> int:
    """The instant a list speaks of. ConfigError."""
    if word is None:
        return now
    try:
        at = period.instant(word, zone)
    except (ValueError, OverflowError):
        raise ConfigError("figures.bad_time", option="--at", value=word, wanted=_WANTED) from None
    if at > now:
        raise ConfigError("claims.ahead", at=moment(at, zone))
    return at


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, metavar="NAME", help="来源: 平台或上级单位. Who says so.")
@click.option(
    "--kind", type=click.Choice(tuple(KINDS)), default=STATUS_LIST, show_default=True, help="清单种类."
)
@click.option("--at", metavar="TIME", help="清单所说的时间, 默认现在. The instant it speaks of; else now.")
@click.option("--area", metavar="CODE", help="离线清单只说这个区划. The area an offline list is limited to.")
@click.option("--dry-run", is_flag=True, help="只检查, 不写入. Same verdicts, nothing written.")
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON. One JSON object a row.")
@click.pass_context
def import_(
    ctx: click.Context,
    file: Path,
    source: str,
    kind: str,
    at: str | None,
    area: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """导入清单 (CSV 或 XLSX), 逐行给结论. Import a list; states are never changed by it."""
    from camerahub.registry import queries
    from camerahub.registry.tablefile.claims import Told, import_claims
    from camerahub.registry.tablefile.files import check_readable

    context: Context = ctx.find_root().obj
    zone, now = context.settings().site.zone, SystemClock().wall_us()
    if not 0 < len(source.strip()) <= _MOST_SOURCE:
        raise ConfigError("claims.no_source")
    told = Told(source.strip(), kind, said_at(at, zone, now), area)
    check_readable(file)
    report = Report(as_json)
    with context.writing_store() as store:
        if area is not None and area not in queries.area_codes(store.engine):
            raise ConfigError("web.no_area", area=area)
        summary = import_claims(
            store, store.engine, file, told, who=who(), now=now, zone=zone, dry_run=dry_run,
            on_row=lambda verdict: report.on_row(verdict, []),
        )  # fmt: skip
    report.say(summary)
    _say(summary, told.source, kind, told.at, zone, as_json)
    return EXIT_REFUSED if summary.refused else EXIT_OK


def _say(summary: Summary, source: str, kind: str, at: int, zone: tzinfo, as_json: bool) -> None:
    counts = {name: summary.verdicts[name] for name in ("added", "changed", "unchanged", "refused")}
    for place, word in enumerate(KINDS[kind]):
        fields = {"kind": word, "source": source, "at": moment(at, zone), "rows": summary.rows, **counts}
        click.echo(text("claims.summary", **fields)[place], err=as_json)


def _line(one: ClaimList, zone: tzinfo) -> dict[str, object]:
    return {
        "id": one.id, "source": one.source, "kind": one.kind, "said_at": rfc3339(one.said_at, zone), "area": one.area,
        "rows": one.rows, "refused": one.refused, "file": one.file, "sha256": one.sha256, "who": one.who,
        "recorded_at": rfc3339(one.recorded_at, zone),
    }  # fmt: skip


@command.command("list")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def list_(ctx: click.Context, as_lines: bool) -> int:
    """已导入的清单. The lists imported so far, newest first."""
    from camerahub.registry import claims

    context: Context = ctx.find_root().obj
    zone = context.settings().site.zone
    store = context.open_store()
    try:
        found = claims.lists(store.engine)
    finally:
        store.close()
    if as_lines:
        for one in found:
            click.echo(json.dumps(_line(one, zone), ensure_ascii=False))
        return EXIT_OK
    rows = [
        [
            one.source, " ".join(KINDS[one.kind]), moment(one.said_at, zone), str(one.rows), str(one.refused), one.file,
            one.who, moment(one.recorded_at, zone),
        ]
        for one in found
    ]  # fmt: skip
    click.echo("\n".join(render([f"claims.col_{name}" for name in _HEADERS], rows, right=(3, 4))))
    return EXIT_OK
