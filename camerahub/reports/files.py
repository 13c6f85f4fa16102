"""Reports in a folder: each written whole or not at all, and old ones removed.

A process that is killed leaves either the report of before or the new one, never half of one; what it had begun lies
under a name of its own that the next one removes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from camerahub.core.errors import EnvironmentFault

#: Reports may be read by the group that sends them on; they name cameras and devices.
FILE_MODE, FOLDER_MODE = 0o640, 0o750
_NAME = re.compile(r"camerahub-(daily|monthly|precheck)-(\d{4}-\d{2}(?:-\d{2})?)\.(xlsx|pdf)\Z")
_PART = re.compile(r"\.camerahub-(?:daily|monthly|precheck)-[\d-]+\.(?:xlsx|pdf)\.(\d+)\.part\Z")


def name_of(kind: str, subject: str, form: str) -> str:
    """The name of a report's file."""
    return f"camerahub-{kind}-{subject}.{form}"


def prepare(folder: Path) -> None:
    """Make the folder where it is missing and see that it can be written. EnvironmentFault; nothing stays behind."""
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        probe = folder / f".camerahub-daily-0.xlsx.{os.getpid()}.part"
        os.close(_create(probe))
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from None


def keep(folder: Path, made: Mapping[str, bytes]) -> list[Path]:
    """Write all files (name -> bytes): every one complete on the disk before the first takes its name.
    EnvironmentFault: none of them was touched, or the folder failed between two names."""
    _sweep(folder)
    parts: list[tuple[Path, Path]] = []
    try:
        for name, data in made.items():
            part = folder / f".{name}.{os.getpid()}.part"
            parts.append((part, folder / name))
            _write(part, data)
        for part, target in parts:
            part.replace(target)
        _sync(folder)
    except OSError as error:
        for part, _ in parts:
            part.unlink(missing_ok=True)
        raise _unwritable(folder, error) from None
    return [target for _, target in parts]


def _create(path: Path) -> int:
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(_create(path), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what processes that are no more had begun."""
    for path in folder.iterdir():
        found = _PART.match(path.name)
        if found and int(found[1]) != os.getpid() and not Path(f"/proc/{found[1]}").exists():
            path.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault("report.unwritable", path=error.filename or path, problem=error.strerror or error)


def prune(folder: Path, kind: str, oldest: date) -> list[Path]:
    """Remove reports of ``kind`` whose subject lies before ``oldest``; those removed. Other files stay."""
    gone = []
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        found = _NAME.match(path.name)
        if found and found[1] == kind and _day(found[2]) < oldest:
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone


def _day(subject: str) -> date:
    """The first day of a subject; one that is no day is never old."""
    try:
        return date.fromisoformat(subject if subject.count("-") == 2 else f"{subject}-01")
    except ValueError:
        return date.max
