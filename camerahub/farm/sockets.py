"""Doors of the county: listeners that only loopback can reach, a closed port, a port full for ever.

One listener on all addresses serves every 127.x.y.z; it is tied to the device `lo` (Linux 5.7 and later allow that
to everybody). Where that is refused, every address gets a listener of its own. Nothing ever listens off loopback.
"""

from __future__ import annotations

import contextlib
import resource
import select
import socket

from camerahub.core.errors import EnvironmentFault

BACKLOG = 4096
LOOPBACK = "127."
_ANY = "0.0.0.0"  # noqa: S104  only together with SO_BINDTODEVICE lo
_FILL_WAIT_S = 0.05


def raise_file_limit(need: int) -> None:
    """Allow as many open files as the system lets us. Raises EnvironmentFault when ``need`` is more than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if need > hard:
        raise EnvironmentFault("farm.files", need=need, limit=hard)


def can_bind_to_loopback() -> bool:
    """Whether a wildcard listener may be tied to `lo` here."""
    with socket.socket() as trial:
        try:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        except OSError:
            return False
    return True


def bound(host: str, port: int) -> socket.socket:
    """A socket bound on loopback, not listening: its port refuses. ``host`` empty = every 127.x.y.z address.

    Raises EnvironmentFault when the port is taken or the host is not a loopback address.
    """
    if host and not host.startswith(LOOPBACK):
        raise EnvironmentFault("farm.port", port=port, why=f"{host} is not on loopback")
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # So that one camera can get a listener of its own, beside the one for all: the exact address wins.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        if not host:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        sock.bind((host or _ANY, port))
    except OSError as error:
        sock.close()
        raise EnvironmentFault("farm.port", port=port, why=error.strerror) from error
    return sock


def taken(port: int) -> bool:
    """Whether somebody listens there already; SO_REUSEPORT would let the same user share it unnoticed."""
    with socket.socket() as trial:
        trial.settimeout(1.0)
        return trial.connect_ex(("127.0.0.1", port)) == 0


def listener(host: str, port: int) -> socket.socket:
    """A listening socket on loopback. Raises EnvironmentFault as ``bound`` does."""
    sock = bound(host, port)
    sock.listen(BACKLOG)
    return sock


class Hole:
    """A port that swallows connection attempts: the smallest backlog, filled by ourselves, never accepted."""

    def __init__(self, host: str, port: int) -> None:
        self.listener = bound(host, port)
        self.listener.listen(0)
        self.port: int = self.listener.getsockname()[1]
        self._fill = [self._knock(host or "127.0.0.1")]
        while self._through(self._fill[-1]):
            self._fill.append(self._knock(host or "127.0.0.1"))
        # The last knock is the one that was swallowed: the kernel need not go on trying.
        self._fill.pop().close()

    def _knock(self, host: str) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect((host, self.port))
        return sock

    def _through(self, sock: socket.socket) -> bool:
        _, writable, _ = select.select([], [sock], [], _FILL_WAIT_S)
        return bool(writable)

    def close(self) -> None:
        """Give the port back."""
        for sock in (*self._fill, self.listener):
            sock.close()
