"""A backup as one file: a zip that any PC opens, with a manifest of what is in it and a SHA-256 of every part.

It is written beside its place under a name that no reader takes for a backup, read again from the disk part by part,
and only then given its name; whoever is killed in between leaves no half file that looks whole. Read, nothing in it is
believed: names are those we write, sizes those the manifest tells, and a part that is not the one that was written is
not handed out. Must not know: databases, keys, home folders.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from camerahub.core.errors import EnvironmentFault

FORMAT = 1
MANIFEST = "manifest.json"
REGISTER = "register.db"
CONFIG = "camerahub.toml"
KEY = "camerahub.key"
ATTACHMENTS = "attachments/"
NAME = re.compile(r"camerahub-\d{8}-\d{6}(-\d+)?\.zip")
#: What a backup writes before it has its name; of one that was killed, the next removes it.
PARTIAL = ".camerahub-partial-"
_LOCK = ".camerahub-backup.lock"
_PART = re.compile(rf"{REGISTER}|{re.escape(CONFIG)}|{re.escape(KEY)}|{ATTACHMENTS}(?!\.)[^/\\\x00]{{1,160}}")
_MANIFEST_BYTES = 4 << 20
_CHUNK = 1 << 20
#: A year of history is mostly small numbers: level 1 takes away as much as level 6, in a third of the time.
_LEVEL = 1
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError,
    NotImplementedError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """``made_at`` µs UTC; ``key`` tells which key file belongs to it and nothing about it, "" = unknown.

    ``parts``: name -> (bytes, SHA-256); ``counts``: rows by table of the register.
    """

    made_at: int
    program: str
    schema: str
    backend: str
    site: str
    key: str
    counts: Mapping[str, int]
    parts: Mapping[str, tuple[int, str]]

    def dump(self) -> bytes:
        """As it stands in the archive."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "parts"}
        parts = {name: {"bytes": size, "sha256": digest} for name, (size, digest) in self.parts.items()}
        return json.dumps({"format": FORMAT, **told, "parts": parts}, ensure_ascii=False, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """What ``dump`` wrote. ValueError, KeyError or TypeError when it is not that."""
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise ValueError("format")
        parts = {str(n): (int(part["bytes"]), str(part["sha256"])) for n, part in told["parts"].items()}
        if not all(_PART.fullmatch(name) for name in parts) or any(size < 0 for size, _ in parts.values()):
            raise ValueError("parts")
        counts = {str(name): int(number) for name, number in told["counts"].items()}
        words = {name: str(told[name]) for name in ("program", "schema", "backend", "site", "key")}
        return cls(made_at=int(told["made_at"]), counts=counts, parts=parts, **words)


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Be the one who makes backups in ``folder``, which is made (0700) when missing; what a killed one left is removed.

    EnvironmentFault when another is at it, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EnvironmentFault("backup.unwritable", folder=folder, error=error.strerror) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EnvironmentFault("backup.busy", folder=folder) from error
        _sweep(folder)
        yield
    finally:
        with contextlib.suppress(OSError):
            _sweep(folder)
        os.close(handle)


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{PARTIAL}*"):
        left.unlink(missing_ok=True)


def write(target: Path, parts: Mapping[str, Path], about: Manifest) -> Manifest:
    """Make the archive ``target`` (0600) of the files ``parts``; ``about`` without its parts. What was written.

    EnvironmentFault when it cannot be written, or is not on the disk what was to be written; then it is not there.
    """
    partial = target.with_name(f"{PARTIAL}{target.name}")
    try:
        with _private(partial) as file:
            manifest = _write(file, parts, about)
            file.flush()
            os.fsync(file.fileno())
        if Archive(partial).verify() != manifest:
            raise EnvironmentFault("backup.damaged", file=target, problem="SHA-256")
        partial.rename(target)
        _settle(target.parent)
    except OSError as error:
        raise EnvironmentFault("backup.unwritable", folder=target.parent, error=error.strerror) from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _private(path: Path) -> IO[bytes]:
    """A new file that nobody else reads."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _settle(folder: Path) -> None:
    """The new name is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(file: IO[bytes], parts: Mapping[str, Path], about: Manifest) -> Manifest:
    written = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, path in parts.items():
            with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as sink:
                written[name] = _copy(source, sink)
        kept = {name: getattr(about, name) for name in about.__slots__ if name != "parts"}
        manifest = Manifest(parts=written, **kept)
        archive.writestr(MANIFEST, manifest.dump())
    return manifest


def _copy(source: IO[bytes], sink: IO[bytes] | None, most: int = 1 << 62) -> tuple[int, str]:
    """Bytes and SHA-256 of what was copied; ValueError for more than ``most`` bytes."""
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise ValueError("longer than told")
        digest.update(chunk)
        if sink is not None:
            sink.write(chunk)
    return size, digest.hexdigest()


class Archive:
    """An archive as somebody hands it to us."""

    def __init__(self, path: Path) -> None:
        """EnvironmentFault when it cannot be read or is no backup of ours."""
        self.path = path
        with self._open() as archive:
            if archive.getinfo(MANIFEST).file_size > _MANIFEST_BYTES:
                raise ValueError(MANIFEST)
            self.manifest = Manifest.parse(archive.read(MANIFEST))
            if sorted(archive.namelist()) != sorted([MANIFEST, *self.manifest.parts]):
                raise ValueError("names")

    @contextlib.contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        except _BROKEN as error:
            raise EnvironmentFault("backup.damaged", file=self.path, problem=type(error).__name__) from error
        except OSError as error:
            raise EnvironmentFault(
                "backup.unreadable", file=self.path, error=error.strerror or error
            ) from error

    def verify(self) -> Manifest:
        """Read every part. EnvironmentFault unless each is what the manifest says."""
        for name in self.manifest.parts:
            self._read(name, None)
        return self.manifest

    def extract(self, name: str, target: Path) -> None:
        """Write one part to the new file ``target`` (0600). EnvironmentFault when it is damaged or there is no room."""
        try:
            with _private(target) as sink:
                self._read(name, sink)
                sink.flush()
                os.fsync(sink.fileno())
        except OSError as error:
            raise EnvironmentFault("backup.unwritable", folder=target.parent, error=error.strerror) from error

    def _read(self, name: str, sink: IO[bytes] | None) -> None:
        size, digest = self.manifest.parts[name]
        with self._open() as archive, archive.open(name) as source:
            if _copy(source, sink, size) != (size, digest):
                raise ValueError(name)


def made(folder: Path) -> list[Path]:
    """The backups in a folder, oldest first; empty when there is no such folder."""
    try:
        found = [path for path in folder.iterdir() if NAME.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=lambda path: (path.stem[:25], len(path.stem), path.stem))


def drop_oldest(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` backups; those removed."""
    old = made(folder)[:-keep] if keep else []
    for path in old:
        path.unlink(missing_ok=True)
    return old


def room(folder: Path) -> int:
    """Bytes that may still be written there."""
    return shutil.disk_usage(folder).free


def about(**facts: Any) -> Manifest:
    """A manifest whose parts are not written yet."""
    return Manifest(parts={}, **facts)
