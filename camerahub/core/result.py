"""One measurement, and the closed list of reasons.

Codes are stored in databases and sent over the bus: append to the tables, never renumber.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Outcome(IntEnum):
    """What one attempt says: it worked, something is wrong, or we could not look."""

    OK = 0
    FAULT = 1
    UNKNOWN = 2


class Signal(IntEnum):
    """What a reason says of a facet."""

    NONE = 0
    UP = 1
    DOWN = 2
    UNKNOWN = 3


class Facet(IntEnum):
    """A question asked of a camera for ever. 在线, 出流, 点亮, 完好."""

    ONLINE = 0
    MEDIA = 1
    LIT = 2
    PICTURE = 3


class Stage(IntEnum):
    """The liveness ladder."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4
    L5 = 5
    L6 = 6
    L7 = 7


class ReasonInfo(NamedTuple):
    """What one reason means: outcome of the attempt, what it says of four facets, words."""

    code: int
    outcome: Outcome
    online: Signal
    media: Signal
    lit: Signal
    picture: Signal
    zh: str
    en: str


_OK, _FAULT, _UNKNOWN = Outcome.OK, Outcome.FAULT, Outcome.UNKNOWN
_U, _D, _Q = Signal.UP, Signal.DOWN, Signal.UNKNOWN

#: The closed list (design: reasons table). Order of the dict = order of the codes.
REASONS: dict[str, ReasonInfo] = {
    "ok": ReasonInfo(0, _OK, _U, _U, _U, _U, "正常", "works"),
    "timeout": ReasonInfo(1, _FAULT, _D, _D, _D, _D, "超时无应答", "no answer before the deadline"),
    "unreachable": ReasonInfo(2, _FAULT, _D, _D, _D, _D, "网络不可达", "host or network unreachable"),
    "refused": ReasonInfo(3, _FAULT, _D, _D, _D, _D, "端口拒绝连接", "connection refused"),
    "reset": ReasonInfo(4, _FAULT, _D, _D, _D, _D, "连接被中断", "connection reset or closed early"),
    "protocol": ReasonInfo(5, _FAULT, _D, _D, _D, _D, "应答不合协议", "answer is not the protocol"),
    "tls": ReasonInfo(6, _FAULT, _D, _Q, _Q, _Q, "TLS 握手失败", "TLS handshake failed"),
    "auth": ReasonInfo(7, _FAULT, _U, _Q, _Q, _Q, "用户名或密码错误", "credentials refused"),
    "locked": ReasonInfo(
        8, _UNKNOWN, Signal.NONE, _Q, _Q, _Q, "凭据待核, 暂停登录", "login paused: credentials to check"
    ),
    "busy": ReasonInfo(9, _UNKNOWN, _U, _Q, _Q, _Q, "连接数已满", "session slots full"),
    "transport": ReasonInfo(10, _UNKNOWN, _U, _Q, _Q, _Q, "仅支持 UDP 取流", "only UDP transport offered"),
    "not_found": ReasonInfo(11, _FAULT, _U, _D, _D, _D, "流地址不存在", "stream path not found"),
    "no_media": ReasonInfo(12, _FAULT, _U, _D, _D, _D, "无码流", "no media arrives"),
    "no_keyframe": ReasonInfo(13, _FAULT, _U, _D, _D, _D, "无关键帧", "no key frame arrives"),
    "undecodable": ReasonInfo(14, _FAULT, _U, _U, _D, _D, "解码失败", "picture cannot be decoded"),
    "encrypted": ReasonInfo(15, _UNKNOWN, _U, _U, _Q, _Q, "码流加密, 不可诊断", "stream is encrypted"),
    "codec_unsupported": ReasonInfo(16, _UNKNOWN, _U, _U, _Q, _Q, "编码格式不支持", "codec not supported"),
    "black": ReasonInfo(17, _FAULT, _U, _U, _D, _D, "黑屏", "picture is black"),
    "no_signal": ReasonInfo(18, _FAULT, _U, _U, _D, _D, "信号丢失", "no-signal card"),
    "no_address": ReasonInfo(19, _UNKNOWN, _Q, _Q, _Q, _Q, "未检测: 无地址", "not checked: no address"),
    "no_route": ReasonInfo(
        20, _UNKNOWN, _Q, _Q, _Q, _Q, "未检测: 探测机无路由", "not checked: prober has no route"
    ),
    "no_seat": ReasonInfo(21, _UNKNOWN, _Q, _Q, _Q, _Q, "未检测: 探测名额不足", "not checked: no seat"),
    "paused": ReasonInfo(22, _UNKNOWN, _Q, _Q, _Q, _Q, "未检测: 已暂停", "not checked: paused"),
    "blind": ReasonInfo(23, _UNKNOWN, _Q, _Q, _Q, _Q, "未检测: 探测机失明", "not checked: prober was blind"),
    "platform_down": ReasonInfo(
        24, _UNKNOWN, _Q, _Q, _Q, _Q, "未检测: 上级平台离线", "not checked: platform down"
    ),
    "blur": ReasonInfo(25, _FAULT, _U, _U, _U, _D, "清晰度异常", "picture is blurred"),
    "overexposed": ReasonInfo(26, _FAULT, _U, _U, _U, _D, "过亮", "picture is too bright"),
    "underexposed": ReasonInfo(27, _FAULT, _U, _U, _U, _D, "过暗", "picture is too dark"),
    "low_contrast": ReasonInfo(28, _FAULT, _U, _U, _U, _D, "对比度异常", "picture lacks contrast"),
    "colour_cast": ReasonInfo(29, _FAULT, _U, _U, _U, _D, "偏色", "picture has a colour cast"),
    "snow_noise": ReasonInfo(30, _FAULT, _U, _U, _U, _D, "雪花噪声", "picture is covered in noise"),
    "stripes": ReasonInfo(31, _FAULT, _U, _U, _U, _D, "条纹干扰", "stripes across the picture"),
    "mosaic": ReasonInfo(32, _FAULT, _U, _U, _U, _D, "花屏", "picture is broken into blocks"),
    "occlusion": ReasonInfo(33, _FAULT, _U, _U, _U, _D, "遮挡", "view is blocked"),
    "frozen": ReasonInfo(34, _FAULT, _U, _U, _U, _D, "画面冻结", "picture does not change"),
    "scene_change": ReasonInfo(35, _FAULT, _U, _U, _U, _D, "场景变更", "camera looks elsewhere"),
    "shake": ReasonInfo(36, _FAULT, _U, _U, _U, _D, "抖动", "picture shakes"),
    "unjudged": ReasonInfo(37, _UNKNOWN, _U, _U, _U, _Q, "画面无法判断", "picture cannot be judged"),
    "weather": ReasonInfo(
        38, _UNKNOWN, _U, _U, _U, _Q, "天气影响, 暂不判断", "township-wide weather: judgement held"
    ),
    "stale": ReasonInfo(
        39, _UNKNOWN, _Q, _Q, _Q, _Q, "抓图不是新的, 不作判断", "snapshot is an old picture: not judged"
    ),
}
REASON_NAMES: tuple[str, ...] = tuple(REASONS)
REASON_CODES: dict[str, int] = {name: info.code for name, info in REASONS.items()}

#: What can be wrong with a picture (closed list, in this order): each is a reason, too.
FAULT_KINDS: tuple[str, ...] = (
    "no_signal", "black", "blur", "overexposed", "underexposed", "low_contrast", "colour_cast", "snow_noise",
    "stripes", "mosaic", "occlusion", "frozen", "scene_change", "shake",
)  # fmt: skip
#: What is said by somebody who had a picture, whatever road it came by.
SEEN: frozenset[str] = frozenset(("ok", *FAULT_KINDS, "unjudged", "weather", "stale"))


class ProbeInfo(NamedTuple):
    """One kind of measurement: stored code, stage it proves, facets its results speak of.

    ``login``: it may send the credential of its target, so it needs a permit of the guard. ``seen_only``: it speaks by
    the picture it had (``SEEN``) and never by its road: that a snapshot does not come is no fault of the picture.
    """

    code: int
    stage: Stage
    facets: tuple[Facet, ...]
    zh: str
    en: str
    login: bool = False
    seen_only: bool = False


#: Kinds of probes. ``tcp`` proves L1 only: its faults count against 在线, its success proves nothing there.
PROBE_KINDS: dict[str, ProbeInfo] = {
    "tcp": ProbeInfo(0, Stage.L1, (Facet.ONLINE,), "端口探测", "TCP connect"),
    "options": ProbeInfo(1, Stage.L2, (Facet.ONLINE,), "在线探测", "RTSP OPTIONS without credentials"),
    "rtsp": ProbeInfo(2, Stage.L3, (Facet.ONLINE,), "登录探测", "RTSP DESCRIBE answered 200", login=True),
    "media": ProbeInfo(
        3, Stage.L4, (Facet.ONLINE, Facet.MEDIA), "出流探测", "first key frame arrives", login=True
    ),
    "picture": ProbeInfo(
        4,
        Stage.L6,
        (Facet.ONLINE, Facet.MEDIA, Facet.LIT, Facet.PICTURE),
        "画面探测",
        "key frame decodes, shows something and has no fault",
        login=True,
    ),
    "onvif_time": ProbeInfo(5, Stage.L2, (), "时钟探测", "ONVIF time without credentials"),
    "onvif_enrol": ProbeInfo(
        6, Stage.L3, (), "ONVIF 建档", "ONVIF identity, profiles and addresses", login=True
    ),
    # a snapshot comes by another road than the stream, or out of a cache: it never speaks of MEDIA and LIT
    "snapshot": ProbeInfo(
        7,
        Stage.L6,
        (Facet.PICTURE,),
        "抓图探测",
        "HTTP snapshot decodes, shows something and has no fault",
        login=True,
        seen_only=True,
    ),
}
PROBE_NAMES: tuple[str, ...] = tuple(PROBE_KINDS)


#: Bits of ``ProbeResult.flags``: a credential went out to the device; certainly none did. Neither: nobody said.
SENT, UNSENT = 1, 2


#: Streams of a camera, the one asked first at the front: the small one costs a third and proves the same.
SUB, MAIN = "sub", "main"
#: Codes are stored: append, never renumber; the last codec stands for all others.
STREAM_NAMES = (SUB, MAIN)
CODEC_NAMES = ("", "H264", "H265", "JPEG", "other")


def kinds_of(bits: int) -> tuple[str, ...]:
    """Kinds of fault of which ``bits`` has a bit, in the order of ``FAULT_KINDS``; other bits mean nothing."""
    return tuple(kind for place, kind in enumerate(FAULT_KINDS) if bits >> place & 1)


def speaks(probe: str, reason: str) -> bool:
    """Whether ``probe`` says anything by ``reason`` of the facets it speaks of. KeyError for an unknown probe."""
    return reason in SEEN or not PROBE_KINDS[probe].seen_only


class MediaFacts(NamedTuple):
    """What a conversation about media learned besides its verdict: cheap evidence, kept per endpoint.

    ``stream`` SUB or MAIN; ``codec`` as in session descriptions; ``received`` bytes of the whole conversation;
    ``key_bytes`` size of the key picture; ``bit_rate`` bit/s by the stream's own clock, 0 = too short to say;
    ``width``, ``height`` of the picture in pixels, 0 = not decoded; ``measures`` by name, of the decoded picture.
    ``fresh``: "fresh" or "stale" where a snapshot can be told to be (``wire.snapshot.freshness``), "" = nobody knows.
    ``faults``: kinds found in the picture (``FAULT_KINDS``), most severe first. ``past``: of the endpoint's pictures,
    when it is time to keep it; ``still``: a JPEG, where there is to be evidence; ``shot``: ``core.stand_in.SHOT_ROW``,
    of a snapshot in place of a stream. Neither these three nor ``measures`` nor ``fresh`` are in ``row``.
    """

    stream: str = MAIN
    codec: str = ""
    received: int = 0
    key_bytes: int = 0
    bit_rate: int = 0
    width: int = 0
    height: int = 0
    measures: tuple[tuple[str, float], ...] = ()
    fresh: str = ""
    faults: tuple[str, ...] = ()
    past: bytes = b""
    still: bytes = b""
    shot: bytes = b""

    def row(self, endpoint: int, at: int) -> tuple[int, ...]:
        """The fields in the order of ``core.batch.FACTS_DTYPE``; ``at`` µs UTC."""
        codec = CODEC_NAMES.index(self.codec) if self.codec in CODEC_NAMES else len(CODEC_NAMES) - 1
        counts = (min(n, 0xFFFFFFFF) for n in (self.received, self.key_bytes, self.bit_rate))
        return (
            endpoint,
            at,
            STREAM_NAMES.index(self.stream),
            codec,
            *counts,
            self.width & 0xFFFF,
            self.height & 0xFFFF,
            sum(1 << FAULT_KINDS.index(kind) for kind in set(self.faults)),
        )


class ProbeResult(NamedTuple):
    """One immutable measurement of one endpoint: one attempt, one deadline.

    ``started_at`` int µs since 1970 UTC; ``duration_s`` seconds on the monotonic clock; ``stage`` the highest
    stage proven (0 when nothing was); ``status`` the last RTSP/HTTP status seen, 0 when none; ``flags`` bits above;
    ``facts`` of a conversation about media.
    """

    endpoint: int
    probe: str
    outcome: Outcome
    reason: str
    stage: int
    started_at: int
    duration_s: float
    status: int = 0
    flags: int = 0
    facts: MediaFacts | None = None

    def row(self) -> tuple[int, int, int, int, int, int, int, int, int]:
        """The fields in the order of ``core.batch.RESULT_DTYPE``."""
        return (
            self.endpoint,
            self.started_at,
            min(int(self.duration_s * 1e6), 0xFFFFFFFF),
            self.status,
            PROBE_KINDS[self.probe].code,
            int(self.outcome),
            REASON_CODES[self.reason],
            self.stage,
            self.flags,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to dial. ``host`` is an IP address by the time a probe sees it; ``password`` never leaves in a repr.

    ``sub_url``: its sub-stream at the same host and port, "" for none; ``stream``: the one that gave a picture last.
    ``shot_url``: where the same host gives a snapshot that may stand in for the stream, "" for none.
    """

    endpoint: int
    host: str
    port: int
    url: str = ""
    username: str = ""
    password: str = ""
    sub_url: str = ""
    stream: str = ""
    shot_url: str = ""

    def __repr__(self) -> str:
        return f"<Target {self.endpoint} {self.host}:{self.port}>"
