"""探测健康与诚实: may the other dashboards be believed? Unknown, blind, age of a round, logins, late pictures."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from camerahub.core.result import REASONS
from dashboards.parts import (
    AMBER,
    BLUE,
    FACETS,
    GREEN,
    GREY,
    LOGINS,
    PROBES,
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
from dashboards.promql import PLACE, cameras, expected, named

_LINES = {"online": AMBER, "media": "purple", "lit": "yellow", "picture": BLUE}
_PROBES = {"options": GREEN, "rtsp": "purple", "media": "light-blue", "picture": BLUE, "snapshot": "yellow"}
_OWN = ", ".join(f"{name} {REASONS[name].zh}" for name in ("paused", "blind", "no_seat", "no_route"))


def made() -> Dashboard:
    """The dashboard."""
    return board(
        "camerahub-probes",
        "探测健康与诚实 Probes and honesty",
        "其他面板的数字可不可信: 未检测、盲区、轮次年龄、登录闸、积压. May the figures be believed?",
        [*_figures(), _small(), *_history(), *_bottom()],
    )


def _figures() -> list[AnyPanel]:
    return [
        number(
            Box(0, 0, 3, 4),
            "数据年龄 data age",
            "距上一批结果入库多久. 180 秒以上: 中心或数据库停了, 全部数字是旧的.",
            "round(max(camerahub_ingest_age_seconds))",
            unit="s",
            thresholds=late(60, 180),
            nothing="中心未抓取",
        ),
        number(
            Box(3, 0, 3, 4),
            "缺少的探测进程",
            "配置的减去已连上的. 缺一个, 它那一份摄像机就没人看. Probers configured and not connected.",
            'sum(camerahub_probers{state="configured"}) - sum(camerahub_probers{state="connected"})',
            thresholds=more_is(RED),
            mappings={"0": ("齐全", GREEN)},
            line=False,
        ),
        number(
            Box(6, 0, 3, 4),
            "看不见的线路 blind",
            "参照不应答的线路: 其后摄像机的坏结果不算数, 状态保持. Lines whose references do not answer.",
            "sum(camerahub_prober_blind == bool 1)",
            thresholds=more_is(RED),
            mappings={"0": ("无", GREEN)},
        ),
        number(
            Box(9, 0, 3, 4),
            "没有参照的线路",
            "线路没有配置参照 ([[uplinks]] references): 断线会被当成摄像机掉线. "
            "A broken line cannot be told from dead cameras.",
            "sum(camerahub_uplink_references == bool 0)",
            thresholds=more_is(AMBER),
            mappings={"0": ("无", GREEN)},
            line=False,
        ),
        number(
            Box(12, 0, 3, 4),
            "登录闸 breaker",
            "多台设备突然拒绝原本有效的密码时, 全部登录停 30 分钟, 以免锁死设备. 停止期间取不到新画面.",
            "max(camerahub_login_breaker)",
            thresholds=more_is(RED),
            mappings={"0": ("正常", GREEN), "1": ("已停登录", RED), "2": ("试探中", AMBER)},
            line=False,
        ),
        number(
            Box(15, 0, 3, 4),
            "取图最久等待 late",
            "到期未取的画面里最久的一张. 持续超过 15 分钟: 席位、带宽或解码不够.",
            "round(max(camerahub_pictures_late_seconds))",
            unit="s",
            thresholds=late(300, 900),
        ),
        number(
            Box(18, 0, 3, 4),
            "入库积压 queue",
            "等待入库的结果占上限的比例. 满了探测就被拦住.",
            "max(camerahub_ingest_queue_results / camerahub_ingest_queue_limit_results)",
            unit="percentunit",
            decimals=1,
            thresholds=steps((None, GREEN), (0.5, AMBER), (0.8, RED)),
        ),
        number(
            Box(21, 0, 3, 4),
            "入库失败 (1 小时)",
            "数据库写入失败后重试的次数: 磁盘满、库被锁、连不上. Failed transactions, tried again.",
            "sum(increase(camerahub_commit_failures_total[1h]))",
            thresholds=more_is(RED),
            mappings={"0": ("无", GREEN)},
            line=False,
        ),
    ]


def _small() -> AnyPanel:
    return number(
        Box(0, 4, 24, 3),
        "中心自检 the hub itself",
        "迟到结果只作更正, 不动现状; 事件循环慢会把活的看成死的, 所以要看它; 席位用满时新探测要等.",
        [
            Query("sum(increase(camerahub_late_results_total[1h]))", "迟到结果/时"),
            Query("sum(increase(camerahub_dropped_results_total[1h]))", "丢弃结果/时"),
            Query("sum(increase(camerahub_clock_steps_total[1h]))", "时钟跳变/时"),
            Query("sum(camerahub_names_unanswered)", "域名无应答"),
            Query("sum(camerahub_pictures_decoding)", "等待解码"),
            Query('sum(increase(camerahub_picture_evidence_total{outcome="dropped"}[1h]))', "证据丢弃/时"),
            Query("1 - min(camerahub_config_last_reload_successful)", "重载失败"),
            Query("max(camerahub_figures_due)", "未发布数字"),
            Query("100 * sum(camerahub_seats_in_use) / sum(camerahub_seats)", "席位占用 %"),
            Query(
                "1000 * histogram_quantile(0.99, sum by (le)"
                " (rate(camerahub_loop_lag_seconds_bucket[$__rate_interval])))",
                "循环延迟 ms",
            ),
        ],
        thresholds=steps((None, "text")),
        line=False,
    )


def _history() -> list[AnyPanel]:
    return [
        lines(
            Box(0, 7, 8, 8),
            "未检测占应检 unknown share",
            f"我们说不出好坏的份额. 突增先看线路、登录闸和暂停 ({_OWN}), 不是摄像机坏了.",
            [Query(f"{cameras('unknown', facet)} / {expected()}", zh) for facet, zh in FACETS.items()],
            unit="percentunit",
            decimals=1,
            lowest=0,
            colours={FACETS[facet]: shade for facet, shade in _LINES.items()},
        ),
        lines(
            Box(8, 7, 8, 8),
            "轮次年龄 round age",
            "在线探测: 最久没有真正看过的那一路, 距上次多久 (暂停、没席位、没路由的尝试不算看过), 应小于几个周期. "
            "取图等待: 到期未取的画面里最久的一张. 密码不对而不去取图的不在此列, 见“登录”.",
            [
                Query(f'max(camerahub_round_age_seconds{{probe="options",{PLACE}}})', "在线探测"),
                Query("max(camerahub_pictures_late_seconds)", "取图等待"),
            ],
            unit="s",
            lowest=0,
            colours={"在线探测": GREEN, "取图等待": BLUE},
        ),
        lines(
            Box(16, 7, 8, 8),
            "探测结果 (次/秒) results",
            "绿: 正常; 红: 异常; 橙: 没能看成. 三条线一起降到零: 中心停了.",
            [
                Query(
                    "sum by (outcome) (rate(camerahub_probe_results_total[$__rate_interval]))", "{{outcome}}"
                )
            ],
            decimals=1,
            lowest=0,
            stacked=True,
            names={"ok": "正常", "fault": "异常", "unknown": "没能看成"},
            colours={"ok": GREEN, "fault": RED, "unknown": AMBER},
        ),
    ]


def _bottom() -> list[AnyPanel]:
    return [
        rows(
            Box(0, 15, 6, 7),
            "线路与参照 uplinks",
            "每个探测进程看每条线路: 看得见、看不见, 或没有参照、说不清.",
            [
                Column("探测进程", "worker", width=110),
                Column("线路", "uplink"),
                Column(
                    "此刻",
                    expr="max by (worker, uplink) (camerahub_prober_blind)",
                    look="text",
                    thresholds=steps((None, AMBER), (0, GREEN), (1, RED)),
                    mappings={"-1": ("说不清", AMBER), "0": ("看得见", GREEN), "1": ("看不见", RED)},
                    width=90,
                ),
            ],
        ),
        bars(
            Box(6, 15, 6, 7),
            "最久没看的乡镇",
            "在线探测轮次年龄最大的 7 个乡镇. 点击打开该乡镇未检测清单.",
            Query(
                "sort_desc(topk(7, "
                + named(f'max by (township) (camerahub_round_age_seconds{{probe="options",{PLACE}}})')
                + "))",
                "{{name}}",
            ),
            unit="s",
            thresholds=late(180, 300),
            link=to_list("online", "unknown", "${__field.labels.township}"),
        ),
        bars(
            Box(12, 15, 6, 7),
            "登录 (设备地址) logins",
            "密码被拒、设备锁定的要到现场核对; 明细见 camerahub credentials list. Logins by how they stand.",
            Query("sum by (state) (camerahub_credentials)", "{{state}}"),
            names=LOGINS,
            colours={
                "proven": GREEN,
                "refused": RED,
                "locked": RED,
                "held": AMBER,
                "untried": GREY,
                "trying": BLUE,
            },
        ),
        lines(
            Box(18, 15, 6, 7),
            "探测耗时 p95 duration",
            "一次尝试从拨号到结论, 95% 在此以内. 变长: 网络拥塞或设备忙.",
            [
                Query(
                    "histogram_quantile(0.95, sum by (le, probe)"
                    " (rate(camerahub_probe_duration_seconds_bucket[$__rate_interval])))",
                    "{{probe}}",
                )
            ],
            unit="s",
            lowest=0,
            names=PROBES,
            colours=_PROBES,
        ),
    ]
