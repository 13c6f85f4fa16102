"""Camera codes and status words: what they hint at, and what spreadsheets do to them.

Hints only: real codes carry the prefix of a neighbouring county or type 131 for everything, so nothing here
rejects a camera for what its code says. Source: GB/T 28181 annex D, rule A.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


class Word(NamedTuple):
    """A name in both languages."""

    zh: str
    en: str


#: Digits 9-10. Below 40 the government side, from 40 on enterprises.
INDUSTRIES: dict[str, Word] = {
    "00": Word("社会治安路面接入", "public security: streets"),
    "01": Word("社会治安社区接入", "public security: communities"),
    "02": Word("社会治安内部接入", "public security: police premises"),
    "03": Word("社会治安其他接入", "public security: other"),
    "04": Word("交通路面接入", "traffic: roads"),
    "05": Word("交通卡口接入", "traffic: checkpoints"),
    "06": Word("交通内部接入", "traffic: premises"),
    "07": Word("交通其他接入", "traffic: other"),
    "08": Word("城市管理接入", "city management"),
    "09": Word("卫生环保接入", "health and environment"),
    "10": Word("商检海关接入", "inspection and customs"),
    "11": Word("教育部门接入", "education"),
    "12": Word("民航接入", "civil aviation"),
    "13": Word("铁路接入", "railways"),
    "14": Word("航运接入", "shipping"),
    "40": Word("农林牧渔业接入", "agriculture, forestry, fishing"),
    "41": Word("采矿企业接入", "mining"),
    "42": Word("制造企业接入", "manufacturing"),
    "43": Word("电力热力燃气及水接入", "power, heat, gas, water"),
    "44": Word("建筑业接入", "construction"),
    "45": Word("批发零售业接入", "wholesale and retail"),
}

#: Digits 11-13.
DEVICE_TYPES: dict[str, Word] = {
    "111": Word("DVR", "DVR"),
    "112": Word("视频服务器", "video server"),
    "113": Word("编码器", "encoder"),
    "114": Word("解码器", "decoder"),
    "118": Word("NVR", "NVR"),
    "120": Word("在线视频图像信息采集系统", "online image collection system"),
    "121": Word("视频卡口", "video checkpoint"),
    "122": Word("多目设备", "multi-lens device"),
    "130": Word("HVR", "HVR"),
    "131": Word("摄像机", "camera"),
    "132": Word("网络摄像机", "network camera"),
    "133": Word("显示器", "display"),
    "134": Word("报警输入设备", "alarm input"),
    "135": Word("报警输出设备", "alarm output"),
    "138": Word("移动传输设备", "mobile transmitter"),
    "200": Word("中心信令控制服务器", "central signalling server"),
    "209": Word("接入网关", "access gateway"),
    "215": Word("业务分组", "business group"),
    "216": Word("虚拟组织", "virtual organisation"),
    "500": Word("综合应用平台", "application platform"),
    "501": Word("视频图像信息运维管理平台", "video operations platform"),
}
CAMERA_TYPES = frozenset({"131", "132"})

#: Digit 14.
NETWORKS: dict[str, Word] = {
    "0": Word("公安视频传输网", "police video network"),
    "1": Word("公安视频传输网", "police video network"),
    "2": Word("行业专网", "industry network"),
    "3": Word("政法信息网", "political and legal network"),
    "4": Word("公安移动信息网", "police mobile network"),
    "5": Word("公安信息网", "police information network"),
    "6": Word("电子政务外网", "government extranet"),
    "7": Word("互联网", "internet"),
    "8": Word("专线", "leased line"),
    "9": Word("预留", "reserved"),
}


@dataclass(frozen=True, slots=True)
class CodeHints:
    """What the 20 digits of a code say; a word is None where the tables do not know the digits.

    ``centre`` 8 digits: province, city, county, grass-roots unit (00 none) · ``county`` the first six.
    """

    code: str
    centre: str
    industry: str
    device_type: str
    network: str
    serial: str
    industry_word: Word | None
    device_type_word: Word | None
    network_word: Word | None

    @property
    def county(self) -> str:
        """County code, 6 digits."""
        return self.centre[:6]


def parse_code(code: str) -> CodeHints | None:
    """Hints of a 20-digit code; None for anything else (18 digits are rule B, the rest is local)."""
    if len(code) != 20 or not (code.isascii() and code.isdecimal()):
        return None
    industry, device_type, network = code[8:10], code[10:13], code[13]
    return CodeHints(
        code,
        code[:8],
        industry,
        device_type,
        network,
        code[14:],
        INDUSTRIES.get(industry),
        DEVICE_TYPES.get(device_type),
        NETWORKS.get(network),
    )


def mismatches(code: str, area_code: str) -> tuple[str, ...]:
    """Remarks on a code, never a reason to reject: ``code_area`` (its county is not that of ``area_code``) and
    ``code_type`` (not a camera's type). Empty for codes without hints."""
    hints = parse_code(code)
    if hints is None:
        return ()
    width = min(6, len(area_code))
    remarks = []
    if width and hints.county[:width] != area_code[:width]:
        remarks.append("code_area")
    if hints.device_type not in CAMERA_TYPES:
        remarks.append("code_type")
    return tuple(remarks)


class CheckedCode(NamedTuple):
    """``problem`` is None and ``code`` clean, or ``problem`` is a word of ``CODE_PROBLEMS`` and ``code`` what was
    given, cut to 64 characters. ``remark``: accepted, but look at it."""

    code: str
    problem: str | None = None
    remark: str | None = None


#: ``code_excel`` a number with exponent or decimals: digits are lost · ``code_bad`` not a local code either. Remarks:
#: ``code_short`` 19 digits, one seems to be lost · ``code_rounded`` the last five of 20 digits are zero, as where Excel
#: kept 15 (a number 100000 is rare, but it exists: worth a look, no reason to refuse).
CODE_PROBLEMS: tuple[str, ...] = ("code_empty", "code_excel", "code_bad")

_LOCAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_EXCEL = re.compile(r"[0-9]+([.,][0-9]*)?[eE][+-]?[0-9]{1,3}|[0-9]+\.[0-9]*")
_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(0x5E)}
_EDGES = " \t\r\n\u00a0\u3000\ufeff\u200b"


def check_code(text: str) -> CheckedCode:
    """A code as typed into a table -> a clean one or what is wrong with it. Never raises.

    Full-width characters become plain, spaces around and a leading apostrophe go. 20 digits (rule A), 18 (rule B) or a
    local code: 1 to 64 of letters, digits and ``- _ . : /``, a letter or digit first.
    """
    code = text.translate(_FULL_WIDTH).strip(_EDGES).removeprefix("'").strip(_EDGES)
    if not code:
        return CheckedCode("", "code_empty")
    if _EXCEL.fullmatch(code):
        return CheckedCode(code[:64], "code_excel")
    if not _LOCAL.fullmatch(code):
        return CheckedCode(code[:64], "code_bad")
    return CheckedCode(code, None, _remark(code))


def _remark(code: str) -> str | None:
    if not code.isdecimal():
        return None
    return (
        "code_rounded"
        if len(code) == 20 and code.endswith("00000")
        else "code_short"
        if len(code) == 19
        else None
    )


#: Status words of registers -> must it count (应检). 在用 and 维修 count; what is gone or switched off does not.
STATUSES: dict[str, bool] = {
    "在用": True,
    "1": True,
    "维修": True,
    "2": True,
    "拆除": False,
    "3": False,
    "停用": False,
    "4": False,
    "废弃": False,
}


def expected_by_status(status: str) -> bool | None:
    """Whether a camera of this status counts; empty counts; None for a word nobody knows (say so, and count it)."""
    word = status.translate(_FULL_WIDTH).strip(_EDGES)
    return STATUSES.get(word) if word else True
