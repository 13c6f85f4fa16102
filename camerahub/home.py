"""The home folder: configuration, key, database, lock and control socket of one camerahub. Opens no database."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camerahub.assets import config_asset
from camerahub.config import Settings, load
from camerahub.core.errors import ConfigError, EnvironmentFault

CONFIG_NAME = "camerahub.toml"
DATABASE_NAME = "camerahub.db"
LOCK_NAME = "hub.lock"
SOCKET_NAME = "hub.sock"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """SQLAlchemy URL without its password, and the password apart from it, so that neither is logged with the other."""

    url: str
    password: str | None = None

    def __repr__(self) -> str:
        return f"<DatabaseAddress {self.url}>"


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one home folder; nothing is checked until it is asked for."""

    path: Path

    @property
    def config_path(self) -> Path:
        """The configuration file."""
        return self.path / CONFIG_NAME

    @property
    def socket_path(self) -> Path:
        """Where a running hub listens for the commands of this home."""
        return self.path / SOCKET_NAME

    def settings(self) -> Settings:
        """The configuration. ConfigError when the home was never initialised or the file is wrong."""
        if not self.config_path.exists():
            raise ConfigError("config.home_missing", home=self.path)
        return load(self.config_path)

    def key_path(self, settings: Settings) -> Path:
        """The key file; a relative name lies in the home."""
        return self.path / settings.secrets.key_file

    def database(self, settings: Settings) -> DatabaseAddress:
        """Where the register lives. EnvironmentFault when the password file cannot be read."""
        url = settings.database.url or f"sqlite:///{(self.path / DATABASE_NAME).resolve()}"
        if not settings.database.password_file:
            return DatabaseAddress(url)
        return DatabaseAddress(url, _read_password(self.path / settings.database.password_file))

    def create(self) -> None:
        """Make the folder (0700) with the commented example. ConfigError when there is a configuration already."""
        if self.config_path.exists():
            raise ConfigError("config.home_taken", home=self.path)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(config_asset(CONFIG_NAME), self.config_path)
        except OSError as error:
            raise EnvironmentFault("config.home_unwritable", home=self.path, error=error.strerror) from error

    def keep_private(self) -> None:
        """Nobody else reads the embedded database; SQLite gives its side files the same mode."""
        database = self.path / DATABASE_NAME
        if database.exists():
            database.chmod(0o600)

    def sizes(self, settings: Settings, now_s: float) -> tuple[int | None, int, float | None]:
        """Bytes of the embedded database (None: on a server), bytes free beside it, and seconds since the newest backup
        (None: there is none). OSError when the disk does not answer. Cheap enough for every scrape."""
        files = [self.path / f"{DATABASE_NAME}{end}" for end in ("", "-wal")]
        database = None if settings.database.url else sum(f.stat().st_size for f in files if f.exists())
        room = os.statvfs(self.path)
        folder = settings.backup.folder
        made = [f.stat().st_mtime for f in (self.path / folder).glob("camerahub-*.zip")] if folder else []
        return database, room.f_bavail * room.f_frsize, max(0.0, now_s - max(made)) if made else None

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one hub of this home. EnvironmentFault naming the pid of the other one."""
        try:
            handle = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EnvironmentFault("config.home_unwritable", home=self.path, error=error.strerror) from error
        try:
            self._take(handle)
            yield
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        try:
            _lock_exclusively(handle)
        except BlockingIOError as error:
            raise EnvironmentFault("config.hub_running", home=self.path, pid=self.hub_pid() or "?") from error
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)

    def hub_pid(self) -> int | None:
        """Process id of the hub that runs on this home, None when none does."""
        try:
            handle = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.read(handle, 32) or 0)
        finally:
            os.close(handle)
        return None


def _lock_exclusively(handle: int) -> None:
    """Another command that only asks who runs holds the lock for an instant: try a few times."""
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.01)
    return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read_password(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise EnvironmentFault("config.password_file", file=path, error="mode must be 0600")
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise EnvironmentFault("config.password_file", file=path, error=reason) from error
