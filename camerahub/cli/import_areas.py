"""`camerahub import-areas`: area codes from a table, or the ones that ship with the product."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.import_ import Report
from camerahub.core.errors import EXIT_OK, EXIT_REFUSED
from camerahub.registry.tablefile.areas import import_areas, import_builtin
from camerahub.registry.tablefile.files import check_readable
from camerahub.registry.tablefile.importer import Summary
from camerahub.registry.tablefile.verdicts import RowVerdict, TableFileError
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.store import Store


def _run(store: Store, file: Path | None, builtin: str, dry_run: bool, report: Report) -> Summary:
    def on_row(verdict: RowVerdict) -> None:
        report.on_row(verdict, [])

    who, now = getpass.getuser(), SystemClock().wall_us()
    if file is not None:
        return import_areas(store, store.engine, file, who=who, now=now, dry_run=dry_run, on_row=on_row)
    counties = [county.strip() for county in builtin.split(",") if county.strip()]
    return import_builtin(store, counties, who=who, now=now, dry_run=dry_run, on_row=on_row)


@click.command("import-areas")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--builtin", default="", help="内置区县, 如 320585,511702,341702. Shipped counties.")
@click.option("--dry-run", is_flag=True, help="只检查, 不写入. Same verdicts, nothing written.")
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON. One JSON object a row.")
@click.pass_context
def command(ctx: click.Context, file: Path | None, builtin: str, dry_run: bool, as_json: bool) -> int:
    """导入行政区划代码 (code,name[,level][,parent]). Import area codes."""
    if (file is None) == (not builtin):
        raise TableFileError("tablefile.areas_what")
    context: Context = ctx.find_root().obj
    if file is not None:
        check_readable(file)
    report = Report(as_json)
    with context.writing_store() as store:
        summary = _run(store, file, builtin, dry_run, report)
    report.say(summary)
    return EXIT_REFUSED if summary.refused else EXIT_OK
