"""`options`: RTSP OPTIONS without credentials, the liveness probe.

Any well-formed RTSP reply proves L2, whatever its status: a camera that says 401 or 453 is there and speaks.
"""

from __future__ import annotations

from camerahub.core.result import Target
from camerahub.probes.address import address_of, options_request
from camerahub.probes.engine import Brief, Verdict
from camerahub.wire.rtsp import WireError, quick_options, quick_status

_CLOSED = Verdict("reset", 1)
_NOT_RTSP = Verdict("protocol", 1)
_OK = Verdict("ok", 2, 200)

#: A reply in more pieces than this is somebody wasting our time, not a camera.
MAX_PIECES = 1024


class Options(Brief):
    """One request, and the status line and headers of one reply."""

    __slots__ = ("_head", "_pieces", "_request")
    probe = "options"

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._head = b""
        self._pieces = 0

    def first(self) -> bytes:
        return self._request

    def received(self, data: bytes) -> Verdict | None:
        head = self._head + data if self._head else data
        try:
            status = quick_status(head)
        except WireError:
            return _NOT_RTSP
        if status is None:
            self._head = head
            self._pieces += 1
            return None if self._pieces < MAX_PIECES else _NOT_RTSP
        return _OK if status == 200 else Verdict("ok", 2, status)

    def closed(self) -> Verdict:
        return _CLOSED


def options(target: Target) -> Options:
    """The conversation for ``target``. Raises ``UrlError``."""
    return Options(options_request(target.url) if target.url else quick_options(address_of(target)))
