"""Where the clips come from and where they lie: an anonymous file in memory that all servers share.

They are encoded once by a process of its own (studio.py), at the start or when the first caller asks for pictures.
The file has no name: nothing is left behind, whoever dies first.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from camerahub.core.errors import EnvironmentFault
from camerahub.farm.clips import Library

_PATIENCE_S = 120.0


class Shelf:
    """A server's view: the finished clips, and a bell to ask for them. With ``never`` it stays empty."""

    def __init__(self, file: int, bell: int, never: bool) -> None:
        self._file, self._bell, self._never = file, bell, never
        self._library: Library | None = None
        self._rung = False

    @property
    def fds(self) -> tuple[int, int]:
        """What must stay open for it."""
        return self._file, self._bell

    def library(self, wanted: bool) -> Library | None:
        """The clips, None while there are none; ``wanted``: have them made."""
        if self._library is None and not self._never:
            self._library = Library.read(self._file)
            if self._library is None and wanted and not self._rung:
                self._rung = True
                with contextlib.suppress(BlockingIOError):
                    os.write(self._bell, b"!")
        return self._library


class Pictures:
    """The farm's view: owns the file, runs the studio. ``when`` as ``Spec.media``."""

    def __init__(self, when: bool | None) -> None:
        self._file = os.memfd_create("camerahub-farm-clips")
        self.bell, ring = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.shelf = Shelf(self._file, ring, never=when is False)
        self._studio: subprocess.Popen[bytes] | None = None
        if when:
            self._start()

    def _start(self) -> None:
        self._studio = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-m", "camerahub.farm.studio", str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[self._file],
        )

    def wait(self) -> None:
        """Until the clips are there, if they are being made. Raises EnvironmentFault when that fails."""
        if self._studio is not None and self._studio.wait(_PATIENCE_S) != 0:
            raise EnvironmentFault("farm.start", why=f"studio: exit {self._studio.returncode}")

    def wanted(self) -> None:
        """Somebody rang: have the clips made, once."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.bell, 64)
        if self._studio is None:
            self._start()

    def close(self) -> None:
        """Stop the studio if it still works; give the file back."""
        if self._studio is not None:
            self._studio.kill()
            self._studio.wait()
        for fd in (self._file, self.bell, self.shelf.fds[1]):
            os.close(fd)
