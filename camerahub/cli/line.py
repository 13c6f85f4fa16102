"""The command line's end of the hub's control socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from camerahub.core.errors import EnvironmentFault
from camerahub.home import Home
from camerahub.web.control import reachable

#: A hub that does not answer a request for so long is stuck; a round over a large register takes its time.
PATIENCE_S = 600.0


class Line:
    """One request to the running hub, and what it granted, held until the end of the ``with``."""

    def __init__(self, home: Home, line: socket.socket) -> None:
        self._home, self._file = home, line.makefile("rwb")

    def close(self) -> None:
        """Hang up: what was granted goes back, whatever still refers to this line."""
        with suppress(OSError):
            self._file.close()

    def ask(self, **request: object) -> dict[str, Any]:
        """The hub's answer. EnvironmentFault when it is gone or refuses."""
        return self._exchange(json.dumps(request))

    def done(self) -> None:
        """Give back what was granted, and wait until the hub has taken notice."""
        self._exchange("done")

    def _exchange(self, line: str) -> dict[str, Any]:
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise EnvironmentFault(
                "config.hub_silent", home=self._home.path, error=error.strerror or error
            ) from error
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next thing the hub says. EnvironmentFault when it is gone or refuses."""
        try:
            answer: dict[str, Any] = json.loads(self._file.readline() or b'{"error": "hung up"}')
        except OSError as error:
            raise EnvironmentFault(
                "config.hub_silent", home=self._home.path, error=error.strerror or error
            ) from error
        if "error" in answer:
            raise EnvironmentFault("config.hub_silent", home=self._home.path, error=answer["error"])
        return answer


@contextmanager
def line_to_hub(home: Home) -> Iterator[Line]:
    """A line to the hub of ``home``, which must be running."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plug:
        plug.settimeout(PATIENCE_S)
        try:
            with reachable(home.socket_path) as name:
                plug.connect(name)
        except OSError as error:
            raise EnvironmentFault("config.hub_silent", home=home.path, error=error.strerror) from error
        with closing(Line(home, plug)) as line:
            yield line
