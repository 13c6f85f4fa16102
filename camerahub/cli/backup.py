"""``backup``: the register in one file that is checked before it has a name; the key apart from it."""

from __future__ import annotations

import json
import os
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.context import Context
from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text

if TYPE_CHECKING:
    from camerahub.registry.archive import Manifest

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", required=False, type=_FOLDER)
@click.option(
    "--key-to",
    type=_FOLDER,
    help="密钥另存到此目录 / copy the key file into this folder, apart from the backup",
)
@click.option(
    "--with-key",
    is_flag=True,
    help="密钥也放进备份 (谁拿到备份就能读口令) / put the key into the backup, too",
)
@click.option(
    "--keep", type=click.IntRange(0, 10_000), help="只留最新几份, 0 = 全留 / keep the newest N, 0 = all"
)
@click.option(
    "--check",
    "checked",
    type=click.Path(dir_okay=False, path_type=Path),
    help="核对一份备份 / verify a backup",
)
@click.option("--json", "as_json", is_flag=True, help="一行 JSON / one JSON object")
@click.pass_obj
def command(
    context: Context,
    folder: Path | None,
    key_to: Path | None,
    with_key: bool,
    keep: int | None,
    checked: Path | None,
    as_json: bool,
) -> int:
    """备份数据库, 配置, 附件 (中心进程可照常运行). Back up register, configuration, attachments; the hub may run."""
    from camerahub.cli.backups import make
    from camerahub.registry.archive import Archive, drop_oldest

    if checked is not None:
        _say(checked, Archive(checked).verify(), as_json, "backup.checked")
        return EXIT_OK
    settings = context.settings()
    where = folder or _configured(context)
    key = _copy_key(context, key_to, where) if key_to else None
    path, manifest = make(context, where, with_key=with_key)
    gone = drop_oldest(where, settings.backup.keep if keep is None else keep)
    _say(path, manifest, as_json, "backup.made", key=key, removed=[one.name for one in gone])
    return EXIT_OK


def _configured(context: Context) -> Path:
    folder = context.settings().backup.folder
    if not folder:
        raise ConfigError("backup.no_folder")
    return context.home_folder().path / folder


def _copy_key(context: Context, folder: Path, backups: Path) -> Path:
    """Once: the same key is not written again. EnvironmentFault, ConfigError: nothing was written."""
    from camerahub.registry.canary import mark_of

    if folder.resolve() == backups.resolve():
        raise ConfigError("backup.key_beside")
    ring = context.keyring()
    target = folder / f"camerahub-{mark_of(ring)[:8]}-{ring.current}.key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = ring.path.read_bytes()
        if target.exists() and target.read_bytes() == data:
            return target
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise EnvironmentFault("backup.unwritable", folder=folder, error=error.strerror) from error
    return target


def _say(
    path: Path,
    manifest: Manifest,
    as_json: bool,
    said: str,
    *,
    key: Path | None = None,
    removed: list[str] | None = None,
) -> None:
    size = path.stat().st_size
    if as_json:
        told = {
            "file": str(path), "bytes": size, "made_at": rfc3339(manifest.made_at, UTC), "schema": manifest.schema,
            "backend": manifest.backend, "key": manifest.key, "key_file": key and str(key),
            "with_key": "camerahub.key" in manifest.parts, "removed": removed or [], "counts": dict(manifest.counts),
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
    cameras, flips = manifest.counts.get("cameras", 0), manifest.counts.get("flips", 0)
    done = text(said, file=path, mb=f"{size / 1e6:.1f}", cameras=cameras, flips=flips, schema=manifest.schema)
    click.echo(f"{done.zh}\n{done.en}", err=True)
    if said == "backup.made" and "camerahub.key" not in manifest.parts:
        apart = text("backup.key_at", file=key) if key else text("backup.key_apart")
        click.echo(f"{apart.zh}\n{apart.en}", err=True)
