"""What the RTSP client tells its owner. Values only; made by ``rtsp``, which re-exports them."""

from __future__ import annotations

from dataclasses import dataclass

from camerahub.wire.rtsp_reader import Headers


@dataclass(frozen=True, slots=True)
class Reply:
    """The final answer to ``method``; ``status`` 200..599 but 3xx, 401, 407. ``body`` at most 256 KiB."""

    method: str
    status: int
    reason: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Retry:
    """The server asked who we are and the machine answers: send ``data``. Holds a login: ``repr`` hides it."""

    data: bytes
    method: str = ""

    def __repr__(self) -> str:
        return f"<Retry {self.method}>"


@dataclass(frozen=True, slots=True)
class Denied:
    """401 or 407 for good. ``schemes``: what was offered, lower-case, best first.

    ``tried`` True: a credential was refused (count it towards the lock-out). False: none was given to this client,
    or nothing offered can be answered, and none was sent.
    """

    status: int
    schemes: tuple[str, ...]
    tried: bool
    method: str = ""


@dataclass(frozen=True, slots=True)
class Redirected:
    """A 3xx, not followed. ``location`` at most 512 characters, without credentials."""

    status: int
    location: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Interleaved:
    """One RTP or RTCP packet: ``channel`` 0..255, ``data`` 0..65535 bytes."""

    channel: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """The peer asked ``method`` of us; send ``data``, the answer."""

    method: str
    data: bytes


Event = Reply | Retry | Denied | Redirected | Interleaved | ServerRequest
