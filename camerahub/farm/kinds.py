"""The kinds of cameras: how each behaves and what the truth about it is. A new kind is one line of ``KINDS``.

Behaviour is data or a small function that returns what to do; the socket loop does it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from camerahub.core.result import REASONS, SEEN, Signal
from camerahub.farm.model import Camera


class Do(NamedTuple):
    """What a camera does: send ``data`` after ``after_s`` seconds, then keep, close, reset, or flood with ``data``."""

    data: bytes = b""
    after_s: float = 0.0
    then: str = "keep"


class Truth(NamedTuple):
    """What an honest prober must say: 在线 answer, and per probe the reasons it may give, the expected one first.

    ``media`` and ``picture`` are of the probes L4 and L5–L6; what they say of 出流, 点亮 and 完好 follows from the
    reasons. ``snapshot``: where the register knows an address of one, what comes of it in place of the stream.
    """

    online: str
    tcp: tuple[str, ...]
    options: tuple[str, ...]
    rtsp: tuple[str, ...]
    media: tuple[str, ...]
    picture: tuple[str, ...]
    snapshot: tuple[str, ...] = ()

    def outcome(self, probe: str) -> str:
        """``ok``, ``fault`` or ``unknown``: what the expected reason of ``probe`` comes to."""
        reasons: tuple[str, ...] = getattr(self, probe)
        return REASONS[reasons[0]].outcome.name.lower()

    @property
    def flowing(self) -> str:
        """出流: up, down or unknown."""
        return _STATES[REASONS[self.media[0]].media]

    @property
    def lit(self) -> str:
        """点亮: up, down or unknown."""
        return _STATES[REASONS[self.picture[0]].lit]

    @property
    def intact(self) -> str:
        """完好: up, down or unknown."""
        reason = self.snapshot[0] if self.snapshot and self.snapshot[0] in SEEN else self.picture[0]
        return _STATES[REASONS[reason].picture]


_STATES = {Signal.UP: "up", Signal.DOWN: "down", Signal.UNKNOWN: "unknown", Signal.NONE: "unknown"}


def _told(
    online: str,
    *reasons: tuple[str, ...],
) -> Truth:
    """From the bottom up; where a probe is not named, it fares as the one below it."""
    filled = [*reasons, *[reasons[-1]] * (5 - len(reasons))]
    return Truth(online, filled[0], filled[1], filled[2], filled[3], filled[4])


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
    sort = GARBAGE[camera.device_number % len(GARBAGE)]
    return Do(sort.make(random.Random(camera.device_number)), then=sort.then)


def _garbage_truth(camera: Camera) -> Truth:
    reasons = GARBAGE[camera.device_number % len(GARBAGE)].reasons
    return _told("down", ("ok",), reasons)


def _full_at(camera: Camera) -> str:
    """Where a full camera says so: half of them at DESCRIBE, a quarter each at SETUP and PLAY."""
    return ("DESCRIBE", "SETUP", "DESCRIBE", "PLAY")[camera.variant // 3 % 4]


def _busy(camera: Camera) -> int:
    return (453, 503, 403)[camera.variant % 3] if _full_at(camera) == "DESCRIBE" else 200


def _busy_setup(camera: Camera) -> int:
    return 453 if _full_at(camera) == "SETUP" else 200


def _busy_play(camera: Camera) -> int:
    return 453 if _full_at(camera) == "PLAY" else 200


def _busy_truth(camera: Camera) -> Truth:
    return _told("up", _OK, _OK, _BUSY if _full_at(camera) == "DESCRIBE" else _OK, _BUSY)


def _card(camera: Camera) -> str:
    return ("card-blue", "card-grey", "card-bars")[camera.variant % 3]


def _minutes_off(camera: Camera) -> float:
    """3 to 42 minutes, fast or slow."""
    return (180 + camera.device_number % 2341) * (1 if camera.device_number % 2 else -1)


def _no_status(camera: Camera) -> int:
    return 200


def _no_delay(camera: Camera) -> float:
    return 0.0


def _slow(camera: Camera) -> float:
    """0.3 to 1.5 s, for the first answer of a conversation."""
    return 0.3 + camera.variant % 1201 / 1000


def _nearly_right(camera: Camera) -> float:
    """Up to 3 s off, as clocks are that somebody sets."""
    return camera.device_number % 7 - 3.0


class Kind(NamedTuple):
    """One way to be.

    ``port``: which door (see ``Ports``). ``whole_device``: an NVR has it for all its channels. ``accept``: what to
    do as soon as somebody connects. ``raw``: what to do with any first bytes, instead of RTSP. ``describe``,
    ``setup``, ``play``: the status of that request after a good login. ``delay``: seconds before the first answer.
    ``password_changed``: the camera has another password than the register. ``clip``: what it shows instead of a
    scene, ``later``: and what after a while (``world.TURNED_S``). ``spoilt``: what is wrong with its stream: nothing,
    ``silent``, ``no_key``, ``damaged`` or ``scrambled``. ``codec``, ``secure``: what its SDP says. ``udp``: no
    interleaved transport. ``tls``: rtsps only. ``shot``: what its snapshot address gives: what is ``seen`` now,
    always the same ``cached`` picture, a ``huge`` one, one that has ``moved`` to another host, or a ``page``. ``skew``:
    its clock, seconds ahead of the right time; None: it began in 1970 when it was switched on.
    """

    zh: str
    en: str
    truth: Truth
    whole_device: bool = True
    port: str = "serve"
    accept: Do | None = None
    raw: Callable[[Camera], Do] | None = None
    describe: Callable[[Camera], int] = _no_status
    setup: Callable[[Camera], int] = _no_status
    play: Callable[[Camera], int] = _no_status
    delay: Callable[[Camera], float] = _no_delay
    password_changed: bool = False
    later: str = ""
    truth_of: Callable[[Camera], Truth] | None = None
    clip: Callable[[Camera], str] | None = None
    spoilt: str = ""
    codec: str = ""
    secure: bool = False
    udp: bool = False
    tls: bool = False
    shot: str = "seen"
    skew: Callable[[Camera], float] | None = _nearly_right

    @property
    def plain_options(self) -> bool:
        """Whether OPTIONS is answered at once and as by a healthy camera."""
        return self.accept is None and self.raw is None and self.delay is _no_delay and not self.tls


_OK, _TIME, _BUSY = ("ok",), ("timeout",), ("busy",)
_WELL = _told("up", _OK)


def _picture_of(fault: str, zh: str, en: str, later: str = "") -> Kind:
    """A camera whose picture comes, and has this fault."""
    name = fault.replace("_", "-")
    seen = _told("up", _OK, _OK, _OK, _OK, (fault,))
    return Kind(zh, en, seen, whole_device=False, clip=lambda camera: name, later=later)


def _beside(shot: str, reason: str, zh: str, en: str) -> Kind:
    """A camera that sends by UDP only and has a snapshot address in the register."""
    told = _told("up", _OK, _OK, _OK, ("transport",))._replace(snapshot=(reason,))
    return Kind(zh, en, told, whole_device=False, udp=True, shot=shot)


KINDS: dict[str, Kind] = {
    "healthy": Kind("正常", "answers", _WELL, whole_device=False),
    "slow": Kind("应答慢", "answers late", _WELL, delay=_slow),
    "dead": Kind(
        "连上即断",
        "accepts, then resets",
        _told("down", ("ok", "reset"), ("reset",)),
        accept=Do(then="reset"),
    ),
    "refusing": Kind("端口关闭", "nobody listens", _told("down", ("refused",)), port="closed"),
    "black_holed": Kind("无任何回应", "packets vanish", _told("down", _TIME), port="hole"),
    "silent": Kind("连上不应答", "accepts, never answers", _told("down", _OK, _TIME), raw=_silence),
    "garbage": Kind(
        "应答非 RTSP",
        "answers something else",
        _told("down", _OK, ("protocol",)),
        raw=_garbage,
        truth_of=_garbage_truth,
    ),
    "wrong_password": Kind(
        "密码不符",
        "has another password",
        # Who goes on trying is locked out: 401 for ever, or 403, which may mean anything.
        _told("up", _OK, _OK, ("auth", "locked", "busy")),
        password_changed=True,
    ),
    "slots_full": Kind(
        "连接数已满",
        "all sessions taken",
        _told("up", _OK, _OK, _BUSY),
        describe=_busy,
        setup=_busy_setup,
        play=_busy_play,
        truth_of=_busy_truth,
    ),
    "wrong_path": Kind(
        "流地址不存在",
        "has no such stream",
        _told("up", _OK, _OK, ("not_found",)),
        whole_device=False,
        describe=lambda camera: 404,
    ),
    "tls": Kind("仅加密 RTSP", "speaks rtsps only", _WELL, tls=True),
    "udp_only": Kind(
        "仅支持 UDP", "has no interleaved transport", _told("up", _OK, _OK, _OK, ("transport",)), udp=True
    ),
    "snap_seen": _beside("seen", "ok", "仅 UDP, 抓图可用", "UDP only, gives snapshots"),
    "snap_cached": _beside(
        "cached", "stale", "仅 UDP, 抓图陈旧", "UDP only, gives one old snapshot for ever"
    ),
    "snap_huge": _beside("huge", "protocol", "仅 UDP, 抓图过大", "UDP only, gives a snapshot of 500 MB"),
    "snap_moved": _beside(
        "moved", "not_found", "仅 UDP, 抓图转向别处", "UDP only, sends elsewhere for snapshots"
    ),
    "snap_page": _beside("page", "protocol", "仅 UDP, 抓图是网页", "UDP only, gives a web page as snapshot"),
    "silent_play": Kind(
        "点播无码流",
        "plays nothing",
        _told("up", _OK, _OK, _OK, ("no_media",)),
        whole_device=False,
        spoilt="silent",
    ),
    "no_keyframe": Kind(
        "无关键帧",
        "never sends a key frame",
        _told("up", _OK, _OK, _OK, ("no_keyframe",)),
        whole_device=False,
        spoilt="no_key",
    ),
    "undecodable": Kind(
        "码流损坏",
        "sends damaged pictures",
        _told("up", _OK, _OK, _OK, _OK, ("undecodable",)),
        whole_device=False,
        spoilt="damaged",
    ),
    "encrypted": Kind(
        "码流加密",
        "sends SRTP",
        _told("up", _OK, _OK, _OK, ("encrypted",)),
        whole_device=False,
        spoilt="scrambled",
        secure=True,
    ),
    "svac": Kind(
        "SVAC 编码",
        "sends SVAC",
        _told("up", _OK, _OK, _OK, ("codec_unsupported",)),
        whole_device=False,
        spoilt="scrambled",
        codec="svac",
    ),
    "black": Kind(
        "黑屏",
        "sends black pictures",
        _told("up", _OK, _OK, _OK, _OK, ("black",)),
        whole_device=False,
        clip=lambda camera: "black",
    ),
    "no_signal": Kind(
        "信号丢失",
        "sends a no-signal card",
        _told("up", _OK, _OK, _OK, _OK, ("no_signal",)),
        whole_device=False,
        clip=_card,
    ),
    "blur": _picture_of("blur", "画面模糊", "shows a blurred picture"),
    "overexposed": _picture_of("overexposed", "画面过亮", "shows too bright a picture"),
    "underexposed": _picture_of("underexposed", "画面过暗", "shows too dark a picture"),
    "low_contrast": _picture_of("low_contrast", "画面蒙雾", "shows a picture behind a veil"),
    "colour_cast": _picture_of("colour_cast", "画面偏色", "shows a picture with a colour cast"),
    "snow_noise": _picture_of("snow_noise", "画面雪花", "shows a picture covered in noise"),
    "stripes": _picture_of("stripes", "画面条纹", "shows stripes across the picture"),
    "mosaic": _picture_of("mosaic", "画面花屏", "shows a picture broken into blocks"),
    "occlusion": _picture_of("occlusion", "画面被遮挡", "shows something before the lens"),
    "frozen": _picture_of("frozen", "画面冻结", "shows the same picture under a running clock"),
    "scene_change": _picture_of("scene_change", "场景变更", "is turned away after a minute", later="turned"),
    "shake": _picture_of("shake", "画面抖动", "shakes"),
    "clock_off": Kind("时钟不准", "clock minutes off", _WELL, skew=_minutes_off),
    "clock_zone": Kind("时区错误", "tells local time as UTC", _WELL, skew=lambda camera: 8 * 3600.0),
    "clock_1970": Kind("时钟未设置", "clock began in 1970", _WELL, skew=None),
}

#: Those whose picture is lit and has a fault.
PICTURE_KINDS = tuple(
    name for name, kind in KINDS.items() if kind.truth.intact == "down" and kind.truth.lit == "up"
)

#: Those whose snapshot address stands in the register.
SNAPSHOT_KINDS = tuple(name for name, kind in KINDS.items() if kind.truth.snapshot)

_NONE = ("no_address",)
NO_ADDRESS = _told("unknown", _NONE)


def truth(camera: Camera) -> Truth:
    """What an honest prober says of ``camera`` as it was built."""
    if not camera.host:
        return NO_ADDRESS
    kind = KINDS[camera.kind]
    return kind.truth_of(camera) if kind.truth_of else kind.truth
