"""The kinds of cameras: how each behaves and what the truth about it is. A new kind is one line of ``KINDS``.

Behaviour is data or a small function that returns what to do; the socket loop does it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from camerahub.core.result import REASONS
from camerahub.farm.model import Camera


class Do(NamedTuple):
    """What a camera does: send ``data`` after ``after_s`` seconds, then keep, close, reset, or flood with ``data``."""

    data: bytes = b""
    after_s: float = 0.0
    then: str = "keep"


class Truth(NamedTuple):
    """What an honest prober must say: 在线 answer, and per probe the reasons it may give, the expected one first."""

    online: str
    tcp: tuple[str, ...]
    options: tuple[str, ...]
    rtsp: tuple[str, ...]

    def outcome(self, probe: str) -> str:
        """``ok``, ``fault`` or ``unknown``: what the expected reason of ``probe`` comes to."""
        reasons: tuple[str, ...] = getattr(self, probe)
        return REASONS[reasons[0]].outcome.name.lower()


def _silence(camera: Camera) -> Do:
    return Do()


class Garbage(NamedTuple):
    """One sort of bytes that are not RTSP, and the reasons that may be given for them."""

    make: Callable[[random.Random], bytes]
    then: str
    reasons: tuple[str, ...]


def _noise(rng: random.Random) -> bytes:
    """Bytes above 0x7f: never a letter, a line end or an interleaved frame."""
    return bytes(rng.randrange(0x80, 0x100) for _ in range(rng.randrange(16, 400)))


_PAGE = (
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 42\r\n\r\n"
    b"<html><body>400 Bad Request</body></html>\n"
)
_HALF = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPubl"

#: Sorts of garbage. Half a head is a promise not kept: a lost connection or a timeout, or not the protocol.
GARBAGE: tuple[Garbage, ...] = (
    Garbage(lambda rng: _PAGE, "close", ("protocol",)),
    Garbage(lambda rng: b"\x15\x03\x01\x00\x02\x02\x46", "close", ("protocol",)),
    Garbage(_noise, "keep", ("protocol",)),
    Garbage(lambda rng: b"x" * 32768, "flood", ("protocol",)),
    Garbage(lambda rng: b"RTSP/1.0 OK\r\nCSeq: one\r\n\r\n", "keep", ("protocol",)),
    Garbage(lambda rng: _HALF, "close", ("reset", "protocol")),
    Garbage(lambda rng: _HALF, "keep", ("timeout", "protocol")),
)


def _garbage(camera: Camera) -> Do:
    sort = GARBAGE[camera.variant % len(GARBAGE)]
    return Do(sort.make(random.Random(camera.variant)), then=sort.then)


def _garbage_truth(camera: Camera) -> Truth:
    reasons = GARBAGE[camera.variant % len(GARBAGE)].reasons
    return Truth("down", ("ok",), reasons, reasons)


def _busy(camera: Camera) -> int:
    return (453, 503, 403)[camera.variant % 3]


def _no_status(camera: Camera) -> int:
    return 200


def _no_delay(camera: Camera) -> float:
    return 0.0


def _slow(camera: Camera) -> float:
    """0.3 to 1.5 s, for the first answer of a conversation."""
    return 0.3 + camera.variant % 1201 / 1000


class Kind(NamedTuple):
    """One way to be.

    ``port``: which door (see ``Ports``). ``whole_device``: an NVR has it for all its channels. ``accept``: what to
    do as soon as somebody connects. ``raw``: what to do with any first bytes, instead of RTSP. ``describe``: the
    status of DESCRIBE after a good login. ``delay``: seconds before the first answer. ``password_changed``: the
    camera has another password than the register.
    """

    zh: str
    en: str
    truth: Truth
    whole_device: bool = True
    port: str = "serve"
    accept: Do | None = None
    raw: Callable[[Camera], Do] | None = None
    describe: Callable[[Camera], int] = _no_status
    delay: Callable[[Camera], float] = _no_delay
    password_changed: bool = False
    truth_of: Callable[[Camera], Truth] | None = None

    @property
    def plain_options(self) -> bool:
        """Whether OPTIONS is answered at once and as by a healthy camera."""
        return self.accept is None and self.raw is None and self.delay is _no_delay


_OK, _TIME = ("ok",), ("timeout",)

KINDS: dict[str, Kind] = {
    "healthy": Kind("正常", "answers", Truth("up", _OK, _OK, _OK), whole_device=False),
    "slow": Kind("应答慢", "answers late", Truth("up", _OK, _OK, _OK), delay=_slow),
    "dead": Kind(
        "连上即断",
        "accepts, then resets",
        Truth("down", ("ok", "reset"), ("reset",), ("reset",)),
        accept=Do(then="reset"),
    ),
    "refusing": Kind(
        "端口关闭", "nobody listens", Truth("down", ("refused",), ("refused",), ("refused",)), port="closed"
    ),
    "black_holed": Kind("无任何回应", "packets vanish", Truth("down", _TIME, _TIME, _TIME), port="hole"),
    "silent": Kind("连上不应答", "accepts, never answers", Truth("down", _OK, _TIME, _TIME), raw=_silence),
    "garbage": Kind(
        "应答非 RTSP",
        "answers something else",
        Truth("down", _OK, ("protocol",), ("protocol",)),
        raw=_garbage,
        truth_of=_garbage_truth,
    ),
    "wrong_password": Kind(
        "密码不符", "has another password", Truth("up", _OK, _OK, ("auth",)), password_changed=True
    ),
    "slots_full": Kind(
        "连接数已满",
        "all sessions taken",
        Truth("up", _OK, _OK, ("busy",)),
        whole_device=False,
        describe=_busy,
    ),
    "wrong_path": Kind(
        "流地址不存在",
        "has no such stream",
        Truth("up", _OK, _OK, ("not_found",)),
        whole_device=False,
        describe=lambda camera: 404,
    ),
}

_NONE = ("no_address",)
NO_ADDRESS = Truth("unknown", _NONE, _NONE, _NONE)


def truth(camera: Camera) -> Truth:
    """What an honest prober says of ``camera`` as it was built."""
    if not camera.host:
        return NO_ADDRESS
    kind = KINDS[camera.kind]
    return kind.truth_of(camera) if kind.truth_of else kind.truth
