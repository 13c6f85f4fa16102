"""``migrate``: bring the database to the schema of this program, after a backup of what is there."""

from __future__ import annotations

import click

from camerahub.cli.context import Context
from camerahub.core.errors import EnvironmentFault
from camerahub.core.texts import text


@click.command()
@click.option(
    "--no-backup", is_flag=True, help="不先备份 (已另有备份时) / make no backup first; you have one"
)
@click.pass_obj
def command(context: Context, no_backup: bool) -> None:
    """升级数据库结构 (先自动备份; 可重复运行). Bring the schema up to date after a backup; safe to repeat."""
    from camerahub.registry.migrate import upgrade

    home = context.home_folder()
    url = context.database_url()
    with home.lock():
        if not no_backup and _is_older(context):
            _back_up(context)
        before, after = upgrade(url)
        _remember_key(context)
    change = "" if before == after else f", {before or '0'} -> {after}"
    done = text("config.migrated", revision=after, change=change)
    click.echo(f"{done.zh}\n{done.en}", err=True)


def _is_older(context: Context) -> bool:
    """There is a register, and it will be changed."""
    from camerahub.registry.engine import open_engine, schema_of
    from camerahub.registry.tables import SCHEMA_REVISION

    try:
        engine = open_engine(context.database_url(), check=False)
    except EnvironmentFault as fault:
        if fault.key == "register.missing":
            return False
        raise
    try:
        with engine.connect() as connection:
            found = schema_of(connection)
    finally:
        engine.dispose()
    return found is not None and found < SCHEMA_REVISION


def _back_up(context: Context) -> None:
    """Without the key, which an upgrade does not change."""
    from camerahub.cli.backups import BEFORE, make

    path, manifest = make(context, context.home_folder().path / BEFORE)
    made = text("backup.before", file=path, schema=manifest.schema)
    click.echo(f"{made.zh}\n{made.en}", err=True)


def _remember_key(context: Context) -> None:
    from camerahub.registry import canary

    try:
        ring = context.keyring()
    except EnvironmentFault:  # doctor says so; the schema does not need it
        return
    store = context.open_store()
    try:
        canary.remember(store.engine, ring)
    finally:
        store.close()
