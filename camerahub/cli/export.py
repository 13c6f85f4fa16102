"""`camerahub export`: the register as a table that can be imported again. Passwords never leave."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.core.errors import EXIT_OK
from camerahub.core.texts import text
from camerahub.registry.tablefile.exporter import export_csv, export_xlsx
from camerahub.registry.tablefile.files import writing
from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tablefile.verdicts import TableFileError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from camerahub.cli.context import Context


def _csv_file(engine: Engine, profile: str, path: Path) -> int:
    with writing(path), path.open("w", encoding="utf-8-sig", newline="") as file:
        return export_csv(engine, profile, file)


def _csv_stdout(engine: Engine, profile: str) -> int:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8-sig", newline="", write_through=True)
    try:
        return export_csv(engine, profile, out)
    finally:
        out.detach()


@click.command("export")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="native", show_default=True)
@click.option(
    "--csv", "to_csv", type=click.Path(dir_okay=False, path_type=Path), help="写入 CSV 文件. To a CSV file."
)
@click.option(
    "--xlsx", "to_xlsx", type=click.Path(dir_okay=False, path_type=Path), help="写入 XLSX 文件. To XLSX."
)
@click.pass_context
def command(ctx: click.Context, profile: str, to_csv: Path | None, to_xlsx: Path | None) -> int:
    """导出登记表, 不含密码; 不指定文件时 CSV 写到标准输出. Export; CSV on stdout by default."""
    if to_csv and to_xlsx:
        raise TableFileError("tablefile.one_output")
    context: Context = ctx.find_root().obj
    store = context.open_store()
    try:
        if to_xlsx:
            count = export_xlsx(store.engine, profile, to_xlsx)
        else:
            count = _csv_file(store.engine, profile, to_csv) if to_csv else _csv_stdout(store.engine, profile)
    finally:
        store.close()
    said = text("tablefile.exported", count=count, file=to_xlsx or to_csv or "-")
    click.echo(f"{said.zh} / {said.en}", err=True)
    return EXIT_OK
