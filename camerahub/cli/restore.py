"""``restore``: a home folder made of a backup and its key. All is checked before anything is changed.

What will be there is first made whole in a folder inside the home. Then what is there is moved aside (with
``--replace`` only) and the new moved in, the configuration first out and last in: a home without a configuration is no
home, so a restore that is killed half way is seen, and repeated.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.attachments import FOLDER
from camerahub.cli.backups import free_name, stamp
from camerahub.cli.context import Context
from camerahub.cli.init import ENDS
from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.texts import text
from camerahub.home import CONFIG_NAME, DATABASE_NAME, LOCK_NAME, Home
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from camerahub.config import Settings
    from camerahub.registry.archive import Archive, Manifest
    from camerahub.registry.secrets import KeyRing

_STAGE = ".restore"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--key", type=_FILE, help="密钥文件 / the key file that belongs to the backup")
@click.option(
    "--config",
    type=_FILE,
    help="用这份配置, 不用备份里的 / this configuration instead of the one in the backup",
)
@click.option(
    "--replace", is_flag=True, help="已有的数据移到一旁, 不删除 / what is there is moved aside, never deleted"
)
@click.option("--json", "as_json", is_flag=True, help="一行 JSON / one JSON object")
@click.pass_obj
def command(
    context: Context, file: Path, key: Path | None, config: Path | None, replace: bool, as_json: bool
) -> int:
    """从备份恢复到空的工作目录. Make a home folder of a backup; an empty one, or with --replace."""
    from camerahub.registry.archive import Archive

    home = context.home_folder()
    archive = Archive(file)
    _check_schema(archive)
    with ExitStack() as stack:
        stage = stack.enter_context(_stage(home))
        archive.verify()
        plan = _staged(archive, home, stage, key, config)
        taken = [path for path in plan.places(home) if path.exists()]
        if (taken or _taken(plan)) and not replace:
            raise ConfigError("restore.taken", home=home.path, what=taken[0] if taken else plan.place)
        aside = plan.install(home, taken)
    home.keep_private()
    _say(home, archive, aside, as_json)
    return EXIT_OK


def _check_schema(archive: Archive) -> None:
    from camerahub.registry.tables import SCHEMA_REVISION

    found = archive.manifest.schema
    if found > SCHEMA_REVISION:
        raise EnvironmentFault("register.newer", where=archive.path, found=found, known=SCHEMA_REVISION)


@contextmanager
def _stage(home: Home) -> Iterator[Path]:
    """A folder inside the home, which is locked meanwhile; a home that was not there goes again when this fails."""
    new = not home.path.exists()
    stage = home.path / _STAGE
    try:
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with home.lock():
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir(mode=0o700)
            yield stage
    except OSError as error:
        raise EnvironmentFault("config.home_unwritable", home=home.path, error=error.strerror) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if new and not home.config_path.exists():
            (home.path / LOCK_NAME).unlink(missing_ok=True)
            with suppress(OSError):
                home.path.rmdir()


def _staged(archive: Archive, home: Home, stage: Path, key: Path | None, config: Path | None) -> Plan:
    """Everything of the archive in ``stage``, opened, tried and brought to this program's schema."""
    from camerahub.config import load
    from camerahub.registry import archive as parts
    from camerahub.registry.copies import examine

    _need_room(archive, stage)
    staged = stage / CONFIG_NAME
    if config is None:
        archive.extract(parts.CONFIG, staged)
    else:
        _take(config, staged)
    settings = load(staged)
    ring = _key(archive, stage, key)
    archive.extract(parts.REGISTER, stage / parts.REGISTER)
    if dict(examine(stage / parts.REGISTER).counts) != dict(archive.manifest.counts):
        raise EnvironmentFault("backup.damaged", file=archive.path, problem="counts")
    (stage / FOLDER).mkdir(mode=0o700)
    for name in archive.manifest.parts:
        if name.startswith(parts.ATTACHMENTS):
            archive.extract(name, stage / FOLDER / name.removeprefix(parts.ATTACHMENTS))
    plan = Plan(archive.manifest, settings, stage, home.database(settings).url, _url(home, settings))
    plan.try_key(ring)
    return plan


def _need_room(archive: Archive, stage: Path) -> None:
    from camerahub.registry.archive import room

    needed = sum(size for size, _ in archive.manifest.parts.values()) * 11 // 10
    if room(stage) < needed:
        raise EnvironmentFault("backup.no_room", folder=stage.parent, mb=needed // 1_000_000 + 1)


def _url(home: Home, settings: Settings) -> URL:
    from camerahub.registry.engine import parse_url

    address = home.database(settings)
    url = parse_url(address.url)
    return url.set(password=address.password) if address.password else url


def _take(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
        target.chmod(0o600)
    except OSError as error:
        raise ConfigError(
            "config.file_missing", file="restore", key="--config / --key", value=source
        ) from error


def _key(archive: Archive, stage: Path, key: Path | None) -> KeyRing:
    """The key that was named, or the one inside. EnvironmentFault when it is another register's."""
    from camerahub.registry import archive as parts
    from camerahub.registry.canary import mark_of
    from camerahub.registry.secrets import KeyRing

    target = stage / parts.KEY
    if key is not None:
        _take(key, target)
    elif parts.KEY in archive.manifest.parts:
        archive.extract(parts.KEY, target)
    else:
        raise ConfigError("restore.no_key", file=archive.path)
    ring = KeyRing.load(target)
    if archive.manifest.key not in ("", mark_of(ring)):
        raise EnvironmentFault("restore.wrong_key", key=key or archive.path, file=archive.path)
    return ring


@dataclass(frozen=True, slots=True)
class Plan:
    """A home that lies whole in ``stage``; ``place`` its database as people read it, ``url`` as it is opened."""

    manifest: Manifest
    settings: Settings
    stage: Path
    place: str
    url: URL

    @property
    def embedded(self) -> Path | None:
        """The file of the database, None for PostgreSQL."""
        return Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None

    @property
    def copy(self) -> Path:
        """The register as it came out of the archive."""
        from camerahub.registry.archive import REGISTER

        return self.stage / REGISTER

    def places(self, home: Home) -> list[Path]:
        """What this would take the place of, the configuration first."""
        files = [home.config_path, home.key_path(self.settings), home.path / FOLDER]
        database = self.embedded or home.path / DATABASE_NAME
        return [*files, *(database.with_name(database.name + end) for end in ENDS)]

    def try_key(self, ring: KeyRing) -> None:
        """Bring the copy up to date where it will be a file, and open a password. EnvironmentFault: another key."""
        from camerahub.registry import canary, copies
        from camerahub.registry.engine import open_engine, sqlite_url

        if self.embedded is not None:
            copies.upgrade_copy(self.copy)
        engine = open_engine(sqlite_url(self.copy), check=False)
        try:
            if canary.fits(engine, ring) is False:
                raise EnvironmentFault("restore.wrong_key", key=ring.path.name, file=self.manifest.site)
        finally:
            engine.dispose()

    def install(self, home: Home, taken: list[Path]) -> Path | None:
        """Put it in its place; where the old things are now, None when there were none."""
        from camerahub.registry.archive import KEY

        now = stamp(SystemClock().wall_us(), self.settings.site.zone)
        if self.embedded is None:
            self._load(f"before_restore_{now.replace('-', '_')}")
        aside = free_name(home.path, f"before-restore-{now}", "") if taken else None
        if aside is not None:
            aside.mkdir(mode=0o700)
            for path in taken:
                shutil.move(path, aside / path.name)
        if self.embedded is not None:
            shutil.move(self.copy, self.embedded)
            self.embedded.chmod(0o600)
        shutil.move(self.stage / KEY, home.key_path(self.settings))
        shutil.move(self.stage / FOLDER, home.path / FOLDER)
        (self.stage / CONFIG_NAME).replace(home.config_path)
        return aside

    def _load(self, aside: str) -> None:
        """All of it in one transaction of the server; a register that is there moves into a schema of its own."""
        from camerahub.registry import copies
        from camerahub.registry.engine import open_engine, schema_of
        from camerahub.registry.faults import storage_errors

        engine = open_engine(self.url, check=False)
        try:
            with storage_errors(engine), engine.connect() as plain:
                connection = plain.execution_options(camerahub_writes=True)
                with connection.begin():
                    if schema_of(connection) is not None:
                        copies.set_aside(connection, aside)
                    copies.load_into(connection, self.copy)
        finally:
            engine.dispose()


def _taken(plan: Plan) -> bool:
    """Whether a server has a register already."""
    from camerahub.registry.engine import open_engine, schema_of

    if plan.embedded is not None:
        return False
    engine: Engine = open_engine(plan.url, check=False)
    try:
        with engine.connect() as connection:
            return schema_of(connection) is not None
    finally:
        engine.dispose()


def _say(home: Home, archive: Archive, aside: Path | None, as_json: bool) -> None:
    told = archive.manifest
    if as_json:
        line = {
            "home": str(home.path),
            "file": str(archive.path),
            "schema": told.schema,
            "counts": dict(told.counts),
        }
        click.echo(json.dumps({**line, "aside": aside and str(aside)}, ensure_ascii=False))
    done = text(
        "restore.done",
        home=home.path,
        cameras=told.counts.get("cameras", 0),
        flips=told.counts.get("flips", 0),
    )
    click.echo(f"{done.zh}\n{done.en}", err=True)
    if aside is not None:
        kept = text("restore.aside", folder=aside)
        click.echo(f"{kept.zh}\n{kept.en}", err=True)
