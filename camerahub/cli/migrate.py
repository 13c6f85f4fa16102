"""``migrate``: bring the database to the schema of this program."""

from __future__ import annotations

import click

from camerahub.cli.context import Context
from camerahub.core.texts import text


@click.command()
@click.pass_obj
def command(context: Context) -> None:
    """升级数据库结构 (可重复运行). Bring the database schema up to date; safe to repeat."""
    from camerahub.registry.migrate import upgrade

    home = context.home_folder()
    url = context.database_url()
    with home.lock():
        before, after = upgrade(url)
    change = "" if before == after else f", {before or '0'} -> {after}"
    done = text("config.migrated", revision=after, change=change)
    click.echo(f"{done.zh}\n{done.en}", err=True)
