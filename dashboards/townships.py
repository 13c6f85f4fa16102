"""乡镇排名: one table that can be argued over: every part of every rate, and how it was before."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.parts import (
    AMBER,
    FACETS,
    LOOKED,
    RATE,
    RED,
    TARGET,
    AnyPanel,
    Box,
    Column,
    Query,
    bars,
    board,
    lines,
    more_is,
    rows,
    steps,
    to_list,
)
from dashboards.promql import HERE, PLACE, cameras, expected, looked_at, named, raw

_BY, _FACET = "township", "$facet"
_MEASURED = f"{cameras('up', _FACET, _BY)} / ({cameras('up', _FACET, _BY)} + {cameras('down', _FACET, _BY)})"
_UPPER = f"1 - {cameras('down', _FACET, _BY)} / {expected(_BY)}"
#: Exempt cameras that are up are counted per township, so the adjusted rate is of all networks.
_ADJUSTED = (
    f"({cameras('up', _FACET, _BY, PLACE)}"
    f' - sum by (township) (camerahub_cameras_exempt_up{{facet="$facet",{PLACE}}}))'
    f" / ({expected(_BY, PLACE)} - sum by (township) (camerahub_cameras_exempt{{{PLACE}}}))"
)
_BEFORE = (
    f'{raw(_FACET, _BY)} - sum by (township) (camerahub_cameras_up{{facet="$facet",{HERE}}} offset $ago)'
    f" / sum by (township) (camerahub_cameras_expected{{{HERE}}} offset $ago)"
)
_LAST = f'camerahub_cameras_up{{facet="$facet",{HERE}}} @ end()'
_ALL_LAST = f"camerahub_cameras_expected{{{HERE}}} @ end()"
_LOWEST = f"bottomk(5, sum by (township) ({_LAST}) / sum by (township) ({_ALL_LAST}))"


def made() -> dashboard.Dashboard:
    """The dashboard."""
    found = board(
        "camerahub-townships",
        "乡镇排名 Township ranking",
        "每个乡镇的应检、掉线、未检测和各种口径的率并列. Every part of every rate, side by side.",
        [_table(), _trend(), _unseen()],
    )
    return found.with_variable(_facet()).with_variable(_ago())


def _facet() -> dashboard.CustomVariable:
    options = [
        model.VariableOption(text=zh, value=facet, selected=facet == "online") for facet, zh in FACETS.items()
    ]
    choice = (
        dashboard.CustomVariable("facet")
        .label("指标")
        .values(",".join(f"{zh} : {facet}" for facet, zh in FACETS.items()))
    )
    return choice.options(options).current(options[0])


def _ago() -> dashboard.CustomVariable:
    words = {"昨天此时": "1d", "一小时前": "1h", "上周此时": "7d"}
    options = [
        model.VariableOption(text=zh, value=value, selected=value == "1d") for zh, value in words.items()
    ]
    choice = (
        dashboard.CustomVariable("ago")
        .label("与之比较")
        .values(",".join(f"{zh} : {value}" for zh, value in words.items()))
    )
    return choice.options(options).current(options[0])


def _share(
    title: str,
    expr: str,
    look: str = "",
    width: int = 85,
    thresholds: Builder[model.ThresholdsConfig] | None = None,
) -> Column:
    return Column(
        title, expr=expr, unit="percentunit", decimals=1, look=look, width=width, thresholds=thresholds
    )


def _table() -> AnyPanel:
    code = "${__data.fields.代码}"
    return rows(
        Box(0, 0, 17, 22),
        "乡镇排名",
        "原始率 = 正常 ÷ 应检 (排名依据, 未检测计入分母); "
        "实测率 = 正常 ÷ 看过的; 上限 = 未检测全算正常; 核减率 = 扣除报备 (全部网络). "
        "变化: 与所选时刻相比. 正式排名以 camerahub rates 发布的数字为准. 点击乡镇或数字打开清单.",
        [
            Column("乡镇", "name", link=to_list(_FACET, "", code)),
            Column("应检", expr=named(expected(_BY)), width=60),
            Column(
                "掉线/异常",
                expr=cameras("down", _FACET, _BY),
                width=85,
                look="text",
                thresholds=more_is(RED),
                link=to_list(_FACET, "down", code),
            ),
            Column(
                "未检测",
                expr=cameras("unknown", _FACET, _BY),
                width=75,
                look="text",
                thresholds=more_is(AMBER),
                link=to_list(_FACET, "unknown", code),
            ),
            Column("报备", expr=f"sum by (township) (camerahub_cameras_exempt{{{HERE}}})", width=60),
            _share("原始率", raw(_FACET, _BY), "bar", 160, RATE),
            _share("变化", _BEFORE, "text", 75, steps((None, RED), (-0.005, "text"), (0.005, "green"))),
            _share("实测率", _MEASURED),
            _share("上限", _UPPER),
            _share("核减率", _ADJUSTED),
            _share("检测率", looked_at(_FACET, _BY), "text", 85, LOOKED),
            Column("代码", "township", width=105),
        ],
        rank="原始率",
    )


def _trend() -> AnyPanel:
    return lines(
        Box(17, 0, 7, 11),
        "最低 5 个乡镇的走势",
        "此刻原始率最低的五个乡镇, 在所选时段里怎么走到这里. 虚线为达标线.",
        [Query(named(f"({raw(_FACET, _BY)}) and on (township) {_LOWEST}"), "{{name}}")],
        unit="percentunit",
        decimals=1,
        highest=1,
        below=steps((None, RED), (TARGET, "green")),
    )


def _unseen() -> AnyPanel:
    return bars(
        Box(17, 11, 7, 11),
        "检测率最低的 10 个乡镇",
        "看得最少的乡镇: 数字在这里最不可靠. 先补地址、密码和线路, 再谈排名. "
        "Where the figure rests on the fewest looks.",
        Query(f"sort(bottomk(10, {named(looked_at(_FACET, _BY))}))", "{{name}}"),
        unit="percentunit",
        decimals=1,
        highest=1,
        thresholds=LOOKED,
        link=to_list(_FACET, "unknown", "${__field.labels.township}"),
    )
