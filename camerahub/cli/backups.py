"""What ``backup``, ``migrate`` and ``restore`` share: from a home folder to an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from camerahub import __version__
from camerahub.cli.attachments import FOLDER
from camerahub.core.errors import EnvironmentFault
from camerahub.home import CONFIG_NAME
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from camerahub.cli.context import Context
    from camerahub.registry.archive import Manifest

#: Where ``migrate`` puts the copy it makes before it changes anything.
BEFORE = "before-upgrade"
#: Besides the copy and the archive, this share of the register must stay free.
SPARE = 0.1


def stamp(now: int, zone: tzinfo) -> str:
    """µs UTC as it stands in names of files."""
    return datetime.fromtimestamp(now // 1_000_000, UTC).astimezone(zone).strftime("%Y%m%d-%H%M%S")


def free_name(folder: Path, stem: str, end: str) -> Path:
    """``stem`` with ``end``; with a number above those there are when it is taken: older ones may be gone by now."""
    found = [path.name.removesuffix(end).removeprefix(stem) for path in folder.glob(f"{stem}*{end}")]
    last = max((int(said[1:]) if said[1:].isdigit() else 1 for said in found), default=0)
    return folder / (f"{stem}-{last + 1}{end}" if last else f"{stem}{end}")


def make(context: Context, folder: Path, *, with_key: bool = False) -> tuple[Path, Manifest]:
    """A new archive of the home in ``folder``: where it is, and what is in it. EnvironmentFault: none was made."""
    from camerahub.registry import archive

    now = SystemClock().wall_us()
    with archive.one_at_a_time(folder), _opened(context) as engine:
        _need_room(folder, _bytes(engine))
        name = free_name(folder, f"camerahub-{stamp(now, context.settings().site.zone)}", ".zip")
        copy = folder / f"{archive.PARTIAL}{name.stem}.db"
        facts = _facts(context, engine, copy, now)
        parts = {archive.REGISTER: copy, **_files(context, with_key=with_key)}
        return name, archive.write(name, parts, facts)


def _facts(context: Context, engine: Engine, copy: Path, now: int) -> Manifest:
    from camerahub.registry import archive, canary, copies

    copied = copies.copy_out(engine, copy)
    copy.chmod(0o600)
    try:
        key = canary.mark_of(context.keyring())
    except EnvironmentFault:  # a register without its key is worth a backup all the more
        key = ""
    return archive.about(
        made_at=now, program=__version__, schema=copied.schema, backend=engine.dialect.name,
        site=context.settings().site.name, key=key, counts=copied.counts,
    )  # fmt: skip


def _files(context: Context, *, with_key: bool) -> dict[str, Path]:
    from camerahub.registry import archive

    home = context.home_folder()
    files = {archive.CONFIG: home.path / CONFIG_NAME}
    if with_key:
        files[archive.KEY] = context.keyring().path
    kept = home.path / FOLDER
    if kept.is_dir():
        named = (path for path in sorted(kept.iterdir()) if path.is_file() and path.name[0] != ".")
        files |= {f"{archive.ATTACHMENTS}{path.name}": path for path in named}
    return files


@contextmanager
def _opened(context: Context) -> Iterator[Engine]:
    """The register of whatever schema: ``migrate`` copies an old one."""
    from camerahub.registry.engine import open_engine

    engine = open_engine(context.database_url(), check=False)
    try:
        yield engine
    finally:
        engine.dispose()


def _bytes(engine: Engine) -> int:
    from camerahub.registry.queries import database_bytes

    return database_bytes(engine)


def _need_room(folder: Path, size: int) -> None:
    """The copy and the archive lie side by side for a while; the archive is never the larger one."""
    from camerahub.registry.archive import room

    needed = round(size * (2 + SPARE))
    if room(folder) < needed:
        raise EnvironmentFault("backup.no_room", folder=folder, mb=needed // 1_000_000 + 1)
