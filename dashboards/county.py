"""县级总览: what a 值班 operator sees on the wall: how many, how good, what fell just now, how fresh."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.parts import (
    AMBER,
    BLUE,
    FACETS,
    GREEN,
    LOOKED,
    NETWORKS,
    RATE,
    RED,
    TARGET,
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
from dashboards.promql import HERE, cameras, expected, looked_at, named, raw

#: Fewer up and more down than at the best moment of an hour; the smaller of both, so that neither a hub that starts
#: nor cameras that become unknown count as fallen.
_FEWER = (
    f'sum by (township) (max_over_time(camerahub_cameras_up{{facet="online",{HERE}}}[1h])'
    f' - camerahub_cameras_up{{facet="online",{HERE}}})'
)
_MORE = (
    f'sum by (township) (camerahub_cameras_down{{facet="online",{HERE}}}'
    f' - min_over_time(camerahub_cameras_down{{facet="online",{HERE}}}[1h]))'
)
_LOST = f"({_FEWER} < {_MORE} or {_MORE}) > 0"
_COLOURS = {"在线": GREEN, "出流": "purple", "点亮": "yellow", "完好": BLUE}


def made() -> Dashboard:
    """The dashboard."""
    return board(
        "camerahub-county",
        "县级总览 County overview",
        "在线、点亮、完好各是多少, 刚才哪里掉了, 数字新不新鲜. How many, how good, what fell just now.",
        [*_figures(), *_history(), *_places()],
    )


def _rate(x: int, facet: str, meaning: str) -> AnyPanel:
    return number(
        Box(x, 0, 3, 4),
        f"{FACETS[facet]}率",
        f"{meaning} 原始率 = {FACETS[facet]} ÷ 应检; 未检测不算{FACETS[facet]}. "
        f"低于 {TARGET:.0%} 变橙, 低于 {TARGET - 0.05:.0%} 变红. "
        "Raw rate: up over expected; unknown counts against. 点击打开异常清单.",
        raw(facet),
        unit="percentunit",
        decimals=2,
        thresholds=RATE,
        links=[to_list(facet, "down")],
        line=False,
    )


def _figures() -> list[AnyPanel]:
    return [
        _rate(0, "online", "摄像机应答 RTSP (OPTIONS)."),
        _rate(3, "lit", "取到关键帧, 能解码, 不黑屏, 不是无信号画面."),
        _rate(6, "picture", "画面没有 14 类故障中的任何一种."),
        number(
            Box(9, 0, 3, 4),
            "检测率 looked at",
            "真正看过的占应检的多少: (在线 + 掉线) ÷ 应检. 缺的部分是“未检测”, 不是掉线.",
            looked_at(),
            unit="percentunit",
            decimals=2,
            thresholds=LOOKED,
            links=[to_list("online", "unknown")],
            line=False,
        ),
        number(Box(12, 0, 3, 4), "应检 expected", "按归属记录此刻必须计数的摄像机.", expected(), line=False),
        number(
            Box(15, 0, 3, 4),
            "掉线 down",
            "连续 3 次探测异常 (其中一次数秒内复核) 才算掉线; 看不见时不算. 点击打开清单.",
            cameras("down"),
            thresholds=more_is(RED),
            links=[to_list("online", "down")],
            line=False,
        ),
        number(
            Box(18, 0, 3, 4),
            "未检测 unknown",
            "没有地址、线路看不见、暂停或尚未看到: 我们不知道, 既不算在线也不算掉线. 点击打开清单.",
            cameras("unknown"),
            thresholds=more_is(AMBER),
            links=[to_list("online", "unknown")],
            line=False,
        ),
        number(
            Box(21, 0, 3, 4),
            "数据年龄 data age",
            "距上一批结果入库多久. 变红说明中心停了: 别的数字都是旧的. Nobody refreshes the figures when this is red.",
            "round(max(camerahub_ingest_age_seconds))",
            unit="s",
            thresholds=late(60, 180),
            nothing="中心未抓取",
            line=False,
        ),
    ]


def _history() -> list[AnyPanel]:
    return [
        lines(
            Box(0, 4, 13, 9),
            "四项比率 rates",
            "在线、出流、点亮、完好的原始率. 虚线为达标线.",
            [Query(raw(facet), zh) for facet, zh in FACETS.items()],
            unit="percentunit",
            decimals=2,
            colours=_COLOURS,
            highest=1,
            below=steps((None, RED), (TARGET, GREEN)),
        ),
        lines(
            Box(13, 4, 11, 9),
            "掉线与未检测 (路) down and unknown",
            "红: 掉线; 橙: 未检测. 橙色突增多半是线路或中心的问题, 不是摄像机的问题.",
            [Query(cameras("down"), "掉线"), Query(cameras("unknown"), "未检测")],
            decimals=0,
            colours={"掉线": RED, "未检测": AMBER},
            stacked=True,
            lowest=0,
        ),
    ]


def _places() -> list[AnyPanel]:
    return [
        bars(
            Box(0, 13, 8, 9),
            "在线率最低的 10 个乡镇",
            "原始率, 未检测计入分母. 点击打开该乡镇掉线清单; 全部乡镇见“乡镇排名”.",
            Query(f"sort(bottomk(10, {named(raw(by='township'))}))", "{{name}}"),
            unit="percentunit",
            decimals=1,
            highest=1,
            thresholds=RATE,
            link=to_list("online", "down", "${__field.labels.township}"),
        ),
        rows(
            Box(8, 13, 6, 9),
            "一小时内新掉线",
            "比一小时内最好的时候多掉了多少路. 一个乡镇一次掉一片, 先查交换机、光路和供电.",
            [
                Column("乡镇", "name", link=to_list("online", "down", "${__data.fields.代码}")),
                Column(
                    "多掉 (路)",
                    expr=f"topk(20, {named(_LOST)})",
                    look="text",
                    thresholds=more_is(RED),
                    width=100,
                ),
                Column("代码", "township", width=110),
            ],
            rank="多掉 (路)",
            nothing="一小时内没有新掉线",
        ),
        rows(
            Box(14, 13, 10, 9),
            "各网络 networks",
            "雪亮、天网、慧眼等网络各自的数字. 报备: 在批准的窗口内, 只影响核减率, 原始率不变.",
            [
                Column("网络", "network", mappings=NETWORKS, width=90),
                Column("应检", expr=expected("network"), width=65),
                Column("报备", expr=f"sum by (network) (camerahub_cameras_exempt{{{HERE}}})", width=60),
                Column(
                    "掉线", expr=cameras("down", by="network"), look="text", thresholds=more_is(RED), width=70
                ),
                Column(
                    "未检测",
                    expr=cameras("unknown", by="network"),
                    look="text",
                    thresholds=more_is(AMBER),
                    width=80,
                ),
                *(
                    Column(
                        f"{FACETS[facet]}率",
                        expr=raw(facet, "network"),
                        unit="percentunit",
                        decimals=1,
                        look="text",
                        thresholds=RATE,
                        width=78,
                    )
                    for facet in ("online", "lit", "picture")
                ),
            ],
        ),
    ]
