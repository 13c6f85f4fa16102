"""``check-config``: is the configuration right, and are the files it names there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from camerahub.cli.context import Context
from camerahub.config import Settings, keys
from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.texts import text

if TYPE_CHECKING:
    from camerahub.home import Home


@click.command()
@click.pass_obj
def command(context: Context) -> None:
    """检查 camerahub.toml, 密钥和它提到的文件. Check camerahub.toml, the key and the files it names."""
    home = context.home_folder()
    settings = context.settings()
    for key, value in _named_files(settings):
        if value and not (home.path / value).is_file():
            raise ConfigError("config.file_missing", file=home.config_path, key=key, value=home.path / value)
    check_binding(home, settings)
    context.keyring()
    home.database(settings)
    ok = text("config.ok", file=home.config_path, count=_count(settings))
    click.echo(f"{ok.zh}\n{ok.en}", err=True)


def check_binding(home: Home, settings: Settings) -> None:
    """ConfigError or EnvironmentFault unless the hub may listen as configured, with this certificate and token."""
    from camerahub.web.server import Binding

    web = settings.web
    cert, key = (str(home.path / name) if name else "" for name in (web.tls_cert, web.tls_key))
    binding = Binding(web.host, web.port, cert, key, _token(home, web.token_file))
    binding.check()
    binding.ssl_context()


def _named_files(settings: Settings) -> list[tuple[str, str]]:
    return [
        ("database.password_file", settings.database.password_file),
        ("web.tls_cert", settings.web.tls_cert),
        ("web.tls_key", settings.web.tls_key),
        ("web.token_file", settings.web.token_file),
    ]


def _token(home: Home, name: str) -> str:
    if not name:
        return ""
    path = home.path / name
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise EnvironmentFault("config.unreadable", file=path, error=why) from None
    if not token:
        raise EnvironmentFault("config.unreadable", file=path, error="empty")
    return token


def _count(settings: Settings) -> int:
    sections = {name.rsplit(".", 1)[0] for name in keys(type(settings)) if "." in name}
    return sum(1 for name in keys(type(settings)) if name not in sections)
