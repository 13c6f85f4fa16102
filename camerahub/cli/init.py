"""``init``: a home folder with its configuration, key and empty register."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

import click

from camerahub.cli.context import Context
from camerahub.core.texts import text
from camerahub.home import DATABASE_NAME

#: SQLite's own files beside the database.
ENDS = ("", "-journal", "-wal", "-shm")


@click.command()
@click.pass_obj
def command(context: Context) -> None:
    """建立工作目录: 配置, 密钥, 数据库. Create the home folder: configuration, key, database."""
    from camerahub.registry import canary
    from camerahub.registry.migrate import upgrade
    from camerahub.registry.secrets import KeyRing

    home = context.home_folder()
    with ExitStack() as undo:
        # A failed init must leave a folder in which the next one can succeed, and nothing half made.
        if not home.path.exists():
            undo.callback(_remove_empty, home.path)
        _unmake(undo, home.config_path, *(home.path / f"{DATABASE_NAME}{end}" for end in ENDS))
        home.create()
        settings = context.settings()
        key = home.key_path(settings)
        _unmake(undo, key)
        ring = KeyRing.create(key)
        upgrade(context.database_url())
        store = context.open_store()
        undo.callback(store.close)
        canary.remember(store.engine, ring)
        store.close()
        undo.pop_all()
    home.keep_private()
    done = text("config.init_done", home=home.path, key=settings.secrets.key_file)
    click.echo(f"{done.zh}\n{done.en}", err=True)


def _unmake(undo: ExitStack, *paths: Path) -> None:
    """Should it fail: remove of ``paths`` what is not there yet."""
    for path in paths:
        if not path.exists():
            undo.callback(path.unlink, missing_ok=True)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
