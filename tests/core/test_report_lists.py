"""Lists of a report: who stands in them, in which order, and what is said of nobody."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.exemptions import Exemption
from camerahub.core.rates import Parts
from camerahub.core.report import Table
from camerahub.core.report_lists import (
    DAY_US,
    BadLogin,
    Outage,
    Stopped,
    exemptions,
    logins,
    outages,
    stopped,
)
from camerahub.core.report_precheck import PROBLEMS, Found, Ill, assembled, problem_of

NOW = 1_800_000_000_000_000


def column(table: Table, key: str) -> list[object]:
    place = [one.key for one in table.columns].index(key)
    return [row[place] for row in table.rows]


def gone(code: str, days: float, *, never: bool = False) -> Outage:
    since = NOW - round(days * DAY_US)
    return Outage(code, "n", "a", "t", "x", "m", since, "timeout", never, False)


def test_the_longest_first_and_the_long_ones_red() -> None:
    table = outages([gone("b", 8), gone("a", 31), gone("c", 30), gone("d", 90, never=True)], NOW)
    assert column(table, "code") == ["d", "a", "c", "b"]
    assert table.red == {0, 1, 2}
    assert column(table, "why") == ["从未在线", "超时无应答", "超时无应答", "超时无应答"]
    assert "4" in table.notes[0].zh
    assert outages([], NOW).rows == ()


def window(number: int, *, approved: bool, scope: str = "area", value: str = "990121101") -> Exemption:
    return Exemption(
        number, scope, value, NOW - DAY_US, NOW + DAY_US, "power_cut", "note", "甲", NOW - DAY_US // 2,
        "乙" if approved else "", NOW - 1 if approved else None, None, None, "", "", "",
    )  # fmt: skip


def test_exemptions_with_both_people_and_what_was_asked_too_late() -> None:
    table = exemptions([window(1, approved=True), window(2, approved=False)], NOW, {"990121101": "石桥镇"})
    assert column(table, "subject") == ["石桥镇 990121101"] * 2
    assert column(table, "standing") == ["生效中", "待审批"]
    assert column(table, "approver") == ["乙", ""]
    assert all("补报" in str(note) for note in column(table, "note"))
    assert exemptions([], NOW, {}).notes[0].en == "no exemptions."


def test_who_was_put_out_of_use_and_whose_password_is_wrong() -> None:
    table = stopped([Stopped(2, "b", "t", "停用", "甲", "f"), Stopped(1, "a", "t", "停用", "甲", "f")])
    assert column(table, "code") == ["a", "b"]
    many = BadLogin("192.0.2.1", "admin", "refused", NOW, 1, "", tuple("abcde"))
    assert column(logins([many]), "codes") == ["a, b, c +2"]
    assert column(logins([many]), "channels") == [5]
    assert "password" not in str(logins([many]).rows)


answers = st.fixed_dictionaries({
    facet: st.sampled_from(["up", "down", "unknown"]) for facet in ("online", "media", "lit", "picture")
})  # fmt: skip


@given(answers)
def test_a_camera_has_a_problem_unless_all_is_up(told: dict[str, str]) -> None:
    problem = problem_of(told)
    assert (problem is None) == (set(told.values()) == {"up"})
    assert problem is None or problem in PROBLEMS
    assert (problem == "down") == (told["online"] == "down")
    assert problem != "unknown" or "down" not in told.values()


def test_the_list_before_a_sampling_day() -> None:
    ills = [
        Ill("unknown", "乙镇", "3", "n", "m", 0, "blind", True, False),
        Ill("down", "甲镇", "1", "n", "m", NOW, "timeout", False, True),
        Ill("down", "乙镇", "2", "n", "m", NOW, "timeout", False, False),
    ]  # fmt: skip
    found = Found(
        {"online": Parts(10, 8, 2)}, ills, [], [], [window(1, approved=True), window(2, approved=False)], 4, 0,
        date(2026, 11, 28), NOW + 2 * DAY_US, {},
    )  # fmt: skip
    report = assembled("县", found, NOW, date(2026, 11, 25))
    items = dict(zip(*(column(report.named("items"), key) for key in ("item", "count")), strict=True))
    assert items == {
        "离线": 2, "在线不亮": 0, "画面异常": 0, "未能判定": 1, "须核对密码的设备": 0, "时钟不准 (最近核对)": 4,
        "与上级或平台清单不一致": 0, "报备待审批": 1, "报备在抽检前到期": 1, "近期停用 (预警)": 0,
    }  # fmt: skip
    assert column(report.named("cameras"), "code") == ["2", "1", "3"]
    assert column(report.named("cameras"), "why")[-1] == "从未检测"
    assert report.named("places").total == ("合计", 2, 0, 0, 1, 3)
    assert "3" in report.headlines[0].zh  # days until then
    assert "3" in report.headlines[1].zh
