"""Attachments of exemptions: the file a user names is copied into the home folder under its hash, bounded in size."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.texts import Text, text

FOLDER = "attachments"
MOST_MB = 20
_ODD = re.compile(r"[^\w.-]+")


def keep(home: Path, source: Path) -> tuple[str, str, int]:
    """Copy ``source``; name of the copy in the home, SHA-256, bytes. ConfigError for what is no such file,
    EnvironmentFault when the home cannot be written. The same file again is stored once."""
    data = _read(source)
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"{sha256[:16]}_{_ODD.sub('_', source.name)[-80:]}"
    folder = home / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / name
        if not target.exists():
            part = folder / f".{name}.{os.getpid()}"
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            part.replace(target)
    except OSError as error:
        raise EnvironmentFault("config.home_unwritable", home=folder, error=error.strerror) from error
    return name, sha256, len(data)


def _read(source: Path) -> bytes:
    try:
        found = source.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _refused(source, text("exempt.attachment_kind"))
        with source.open("rb") as file:
            data = file.read((MOST_MB << 20) + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError("exempt.bad_attachment", file=source, problem=why) from error
    if not 0 < len(data) <= MOST_MB << 20:
        raise _refused(source, text("exempt.attachment_size", most=MOST_MB))
    return data


def _refused(source: Path, why: Text) -> ConfigError:
    return ConfigError("exempt.bad_attachment", file=source, problem=f"{why.zh} / {why.en}")
