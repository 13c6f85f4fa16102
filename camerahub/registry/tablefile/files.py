"""Files people name: what cannot be read or written is said before and while it is tried, in one sentence.

Must not know what is in them.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camerahub.core.errors import EnvironmentFault
from camerahub.registry.tablefile.verdicts import TableFileError

#: The path is right, the disk behind it is not.
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG})


def check_readable(path: Path) -> None:
    """TableFileError unless ``path`` is a regular file. Opens nothing: a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise TableFileError("tablefile.no_file", file=path) from error
    except (OSError, ValueError) as error:
        raise TableFileError("tablefile.unreadable", file=path, why=_why(error)) from error
    if not stat.S_ISREG(mode):
        raise TableFileError("tablefile.not_regular", file=path)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What goes wrong with writing ``path`` within: EnvironmentFault for the disk, TableFileError for the path."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK:
            raise EnvironmentFault("tablefile.disk", file=path, why=_why(error)) from error
        raise TableFileError("tablefile.cannot_write", file=path, why=_why(error)) from error


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
