"""`tcp`: the connection stands. Proves L1 and nothing of RTSP."""

from __future__ import annotations

from camerahub.core.result import Target
from camerahub.probes.engine import Brief, Verdict

_STANDS = Verdict("ok", 1)


class Tcp(Brief):
    """Ends as soon as the connection is there; nothing is sent."""

    __slots__ = ()
    probe = "tcp"

    def first(self) -> Verdict:
        return _STANDS

    def received(self, data: bytes) -> Verdict:
        del data
        return _STANDS

    def closed(self) -> Verdict:
        return _STANDS


_TCP = Tcp()


def tcp(target: Target) -> Tcp:
    """The conversation for ``target``: it has no state, so all share one."""
    del target
    return _TCP
