"""A shelf of a few cameras for the tests of the pages: hostile names, every state, evidence that is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np

from camerahub.core.area import Area
from camerahub.core.errors import EnvironmentFault
from camerahub.core.result import REASON_CODES, REASON_NAMES
from camerahub.core.roll import FACETS, Named, Names, Roll, line_at, place_of_code
from camerahub.registry.cards import Card, Proof
from camerahub.registry.dialled import Attempt, Dialled, DialledRoad, LoginAtDevice, Silence
from camerahub.registry.queries import Flip
from camerahub.web.ports import Sheet

NOW = 1_800_000_000_000_000
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
HOSTILE = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://192.0.2.1/","看")'
#: Codes as other people's files hold them.
ODD_CODES = ("a/b", "50%", "问?号", "x y", 'q"uote', "z&amp;#")
AREAS = [
    Area("320585", "太仓市", "county", "", 1),
    Area("320585100", "城厢镇", "township", "320585", 2),
    Area("320585100201", "东村", "village", "320585100", 3),
    Area("320585101", "沙溪<镇>", "township", "320585", 4),
]
JPEG = b"\xff\xd8\xff\xe0 no real picture"


def roll_of(count: int = 120) -> Roll:
    """``count`` cameras with plain codes and some with odd ones, all kinds of answers."""
    codes = [f"3205850000131{n:07d}" for n in range(count)] + list(ODD_CODES)
    hostile = {0: HOSTILE, 1: FORMULA, 2: "+1", 3: "@x", 4: "-1", 5: "123456789012345678901234"}
    named = [
        Named(
            n + 1,
            code,
            hostile.get(n, f"路口 {n}"),
            AREAS[n % 4].code,
            ("雪亮", "天网", "")[n % 3],
            n % 10 != 9,
        )
        for n, code in enumerate(codes)
    ]
    names = Names.of(named, AREAS)
    shape = (len(FACETS), len(codes))
    places = np.arange(len(codes))
    answer = np.broadcast_to(places % 3, shape).astype(np.uint8)
    words = np.array([REASON_CODES[word] for word in ("blind", "ok", "timeout")], np.uint8)
    since = np.broadcast_to(NOW - places * 7 * HOUR, shape).copy()
    observed = np.broadcast_to(np.where(places % 3 == 0, 0, NOW - MINUTE), shape).copy()
    return Roll(names, NOW, answer, words[answer], since, observed)


def _card(code: str) -> Card:
    return Card(
        code, HOSTILE, "320585100", "雪亮", "active", True, "城厢派出所", "平台甲", "", "", "海康威视", HOSTILE, "1",
        "甲队", "", "", "", "007",
    )  # fmt: skip


def _dialled(code: str) -> Dialled:
    roads = (DialledRoad(1, "rtsp", "main", "direct", "2001:db8::7", 554, True, False),)
    attempts = tuple(
        Attempt(NOW - n * MINUTE, NOW, 1, "prober-0", "options", "fault", "timeout") for n in range(3)
    )
    login = LoginAtDevice("2001:db8::7", "admin<b>", "refused", 2, NOW, 0, NOW - DAY, 0)
    silences = (Silence(NOW - HOUR, None, "pause", "all", "施工", "乙"),)
    return Dialled(code, HOSTILE, NOW - DAY, None, NOW - HOUR, 4, roads, attempts, (), (login,), silences, ())


@dataclass
class FakeShelf:
    """``web.ports.Shelf`` in memory."""

    the_roll: Roll = field(default_factory=roll_of)
    site: str = "测试县 <视频>"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    looks: list[tuple[str, int, str]] = field(default_factory=list)
    fault: EnvironmentFault | None = None
    alarms: Mapping[str, int] = field(default_factory=lambda: {"blur": 3})

    async def roll(self) -> Roll:
        if self.fault is not None:
            raise self.fault
        return self.the_roll

    async def sheet(self, code: str) -> Sheet | None:
        place = place_of_code(self.the_roll, code)
        if place is None:
            return None
        flips = tuple(
            Flip(NOW - n * HOUR, NOW, facet, "unknown", "down", reason, 1)
            for n, (facet, reason) in enumerate(zip(FACETS * 10, REASON_NAMES, strict=False))
        )
        proofs = (Proof(12, NOW - HOUR, "blur", NOW + DAY), Proof(11, NOW - DAY, "black", NOW + HOUR))
        line = line_at(self.the_roll, place)
        return Sheet(line, _card(code), flips, _dialled(code), proofs, self.alarms)

    async def look(self, code: str, number: int, who: str) -> bytes | None:
        self.looks.append((code, number, who))
        return JPEG if number == 12 else None
