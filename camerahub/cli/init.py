"""``init``: a home folder with its configuration, key and empty register."""

from __future__ import annotations

from contextlib import ExitStack

import click

from camerahub.cli.context import Context
from camerahub.core.texts import text


@click.command()
@click.pass_obj
def command(context: Context) -> None:
    """建立工作目录: 配置, 密钥, 数据库. Create the home folder: configuration, key, database."""
    from camerahub.registry.migrate import upgrade
    from camerahub.registry.secrets import KeyRing

    home = context.home_folder()
    home.create()
    settings = context.settings()
    key = home.key_path(settings)
    with ExitStack() as undo:
        # A failed init must leave a folder in which the next one can succeed.
        undo.callback(home.config_path.unlink)
        KeyRing.create(key)
        undo.callback(key.unlink)
        upgrade(context.database_url())
        undo.pop_all()
    home.keep_private()
    done = text("config.init_done", home=home.path, key=settings.secrets.key_file)
    click.echo(f"{done.zh}\n{done.en}", err=True)
