"""What others say of cameras (claimed), and how it compares with what we saw: two answers, never merged. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from camerahub.core.transitions import Answer

#: A platform's list says of every camera how it is; an upper level's list names those that were offline.
STATUS_LIST, OFFLINE_LIST = "platform", "upper"
KINDS: dict[str, tuple[str, str]] = {
    STATUS_LIST: ("平台状态清单", "status list of a platform"),
    OFFLINE_LIST: ("上级离线清单", "offline list of an upper level"),
}
#: Words for a state, the first is written out. 1, 2 and 9 as GA/T 1400 has IsOnline; 0 as most platforms have it.
WORDS: dict[Answer, tuple[str, ...]] = {
    Answer.UP: ("在线", "正常", "on", "online", "1", "true", "是", "up", "上线", "ok"),
    Answer.DOWN: (
        "离线", "不在线", "掉线", "异常", "故障", "off", "offline", "0", "2", "false", "否", "down", "下线", "断线",
        "巡检离线",
    ),
    Answer.UNKNOWN: ("未知", "未检测", "9", "unknown", "-", "--"),
}  # fmt: skip

#: How a claim and what was seen stand to each other: word -> (Chinese, English).
OUTCOMES: dict[str, tuple[str, str]] = {
    "agree": ("一致", "agree"),
    "said_up": ("称在线, 实测离线", "said up, seen down"),
    "said_down": ("称离线, 实测在线", "said down, seen up"),
    "not_seen": ("我方未知", "not known to us"),
    "not_said": ("对方未知", "not known to them"),
    "unlisted": ("对方未列", "not in their list"),
    "stranger": ("登记表没有", "not in the register"),
}
AGREE, SAID_UP, SAID_DOWN, NOT_SEEN, NOT_SAID, UNLISTED, STRANGER = OUTCOMES
#: These two are disagreement; only they and ``agree`` enter the rate of agreement.
DISAGREE = (SAID_UP, SAID_DOWN)


def outcome(said: int, seen: int) -> str:
    """A word of ``OUTCOMES`` for two ``Answer`` codes."""
    if seen == Answer.UNKNOWN:
        return NOT_SEEN
    if said == Answer.UNKNOWN:
        return NOT_SAID
    if said == seen:
        return AGREE
    return SAID_UP if said == Answer.UP else SAID_DOWN


@dataclass(frozen=True, slots=True)
class Tally:
    """How often which outcome, of one group."""

    counts: Mapping[str, int]

    @property
    def compared(self) -> int:
        """Cameras of which both sides knew an answer."""
        return sum(self.counts.get(word, 0) for word in (AGREE, *DISAGREE))

    @property
    def agreement(self) -> float | None:
        """Share of them that agree, to 6 digits; None where nothing could be compared."""
        return round(self.counts.get(AGREE, 0) / self.compared, 6) if self.compared else None
