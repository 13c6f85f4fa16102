"""画面故障: which of the fourteen faults, where, since when; and of how many pictures we cannot say."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.parts import (
    AMBER,
    FAULTS,
    RATE,
    RED,
    AnyPanel,
    Box,
    Column,
    Query,
    bars,
    board,
    late,
    lines,
    more_is,
    number,
    rows,
    steps,
    to_list,
)
from dashboards.promql import PLACE, cameras, expected, named, raw

_COLOURS = dict(
    zip(
        FAULTS,
        (
            "red", "dark-red", "orange", "yellow", "purple", "super-light-orange", "light-purple",
            "light-blue", "blue", "dark-orange", "semi-dark-green", "dark-blue", "light-green", "dark-purple",
        ),
        strict=True,
    )
)  # fmt: skip
_ONE_EACH = f"sum by (kind) (camerahub_picture_faults{{{PLACE}}})"
_WORK = f"topk(100, sum by (township, kind) (camerahub_picture_faults{{{PLACE}}}) > 0)"


def made() -> Dashboard:
    """The dashboard."""
    return board(
        "camerahub-pictures",
        "画面故障 Picture faults",
        "14 类画面故障各有多少, 在哪里; 多少画面没有判断. Which faults, where, and what was not judged.",
        [*_figures(), *_kinds(), *_where()],
    )


def _figures() -> list[AnyPanel]:
    return [
        number(
            Box(0, 0, 4, 4),
            "点亮率 lit",
            "能解码, 不黑屏, 不是无信号画面. 原始率, 未判计入分母. 点击打开不亮清单.",
            raw("lit"),
            unit="percentunit",
            decimals=2,
            thresholds=RATE,
            links=[to_list("lit", "down")],
            line=False,
        ),
        number(
            Box(4, 0, 4, 4),
            "完好率 intact",
            "没有任何一类故障. 原始率, 未判计入分母. 点击打开故障清单.",
            raw("picture"),
            unit="percentunit",
            decimals=2,
            thresholds=RATE,
            links=[to_list("picture", "down")],
            line=False,
        ),
        number(
            Box(8, 0, 4, 4),
            "画面不好 (路) down",
            "取不到图的和有故障的都在内. 点击打开清单.",
            cameras("down", "picture"),
            thresholds=more_is(RED),
            links=[to_list("picture", "down")],
            line=False,
        ),
        number(
            Box(12, 0, 4, 4),
            "画面未判 (路) unknown",
            "没有看到画面或无法判断 (密码、加密、编码、掉线未确认 …). 不算好, 也不算坏.",
            cameras("unknown", "picture"),
            thresholds=more_is(AMBER),
            links=[to_list("picture", "unknown")],
            line=False,
        ),
        number(
            Box(16, 0, 4, 4),
            "天气暂缓 (路) weather",
            "同一乡镇一半画面同时变暗、变白或变糊: 是天气, 暂不算故障. Held back: half a township turned dim at once.",
            f"sum(camerahub_pictures_held{{{PLACE}}})",
            thresholds=more_is(AMBER),
            line=False,
        ),
        number(
            Box(20, 0, 4, 4),
            "取图最久等待 late",
            "到期而未取的画面里最久的一张等了多久. 变橙变红: 席位、带宽或解码不够.",
            "round(max(camerahub_pictures_late_seconds))",
            unit="s",
            thresholds=late(300, 900),
            line=False,
        ),
    ]


def _kinds() -> list[AnyPanel]:
    return [
        bars(
            Box(0, 4, 8, 10),
            "各类故障 (路) by kind",
            "每路摄像机只计最严重的一种. 点击打开该类故障清单. One fault a camera: the most severe.",
            Query(f"sort_desc({_ONE_EACH})", "{{kind}}"),
            names=FAULTS,
            thresholds=steps((None, "text"), (1, AMBER)),
            link=to_list("picture", "down", reason="${__field.labels.kind}"),
        ),
        lines(
            Box(8, 4, 16, 10),
            "故障走势 (路) over time",
            "某一类突然增多: 先看是不是同一乡镇、同一批设备、同一场天气.",
            [Query(_ONE_EACH, "{{kind}}")],
            decimals=0,
            lowest=0,
            stacked=True,
            names=FAULTS,
            colours=_COLOURS,
        ),
    ]


def _where() -> list[AnyPanel]:
    code = "${__data.fields.代码}"
    fault = f'label_replace({named(_WORK)}, "fault", "$1", "kind", "(.*)")'
    return [
        rows(
            Box(0, 14, 11, 8),
            "哪个乡镇, 哪一类 worklist",
            "多的在前; 点击打开那些摄像机. Most first; click for the cameras.",
            [
                Column("乡镇", "name", link=to_list("picture", "down", code, reason="${__data.fields.类别}")),
                Column("故障", "fault", mappings=FAULTS),
                Column("路数", expr=fault, width=80, look="text", thresholds=more_is(AMBER)),
                Column("类别", "kind", width=120),
                Column("代码", "township", width=110),
            ],
            rank="路数",
            nothing="没有画面故障",
        ),
        rows(
            Box(11, 14, 13, 8),
            "各乡镇画面 by township",
            "完好率低的在前. 未判多的乡镇, 完好率不可信.",
            [
                Column("乡镇", "name", link=to_list("picture", "", code)),
                Column("应检", expr=named(expected("township")), width=65),
                Column(
                    "不好",
                    expr=cameras("down", "picture", "township"),
                    width=65,
                    look="text",
                    thresholds=more_is(RED),
                    link=to_list("picture", "down", code),
                ),
                Column(
                    "未判",
                    expr=cameras("unknown", "picture", "township"),
                    width=65,
                    look="text",
                    thresholds=more_is(AMBER),
                    link=to_list("picture", "unknown", code),
                ),
                Column(
                    "天气暂缓",
                    expr=f"sum by (township) (camerahub_pictures_held{{{PLACE}}})",
                    width=85,
                    look="text",
                    thresholds=more_is(AMBER),
                ),
                Column(
                    "点亮率",
                    expr=raw("lit", "township"),
                    unit="percentunit",
                    decimals=1,
                    width=80,
                    look="text",
                    thresholds=RATE,
                ),
                Column(
                    "完好率",
                    expr=raw("picture", "township"),
                    unit="percentunit",
                    decimals=1,
                    width=80,
                    look="text",
                    thresholds=RATE,
                ),
                Column("代码", "township", width=110),
            ],
            rank="完好率",
            worst_first=True,
        ),
    ]
