"""Messages of figures that stand: rates of a period, publishing, exemptions, claims."""

TEXTS: dict[str, tuple[str, str]] = {
    "figures.need_period": (
        "时长口径 (--kind time) 须给时段: --day 2026-11-05、--month 2026-11, 或 --from 与 --to (含首不含尾)",
        "figures over time (--kind time) need a period: --day 2026-11-05, --month 2026-11, or --from and --to (--to is "
        "not part of it)",
    ),
    "figures.need_points": (
        "时点口径须给时刻: --at 10:00 (每天, 可多次), 或只给 --from 2026-11-05T10:00",
        "figures at fixed instants need them: --at 10:00 (each day; may be repeated), or --from 2026-11-05T10:00 alone",
    ),
    "figures.bad_time": (
        "{option} 无法识别 “{value}”: 请写 {wanted}",
        "{option} cannot read “{value}”: write {wanted}",
    ),
    "figures.two_periods": (
        "--day、--month 与 --from/--to 只能用一种",
        "use one of --day, --month, and --from with --to",
    ),
    "figures.backwards": (
        "时段首尾颠倒或为空: {start} 至 {end}",
        "the period ends before it begins, or is empty: {start} to {end}",
    ),
    "figures.not_begun": (
        "时段 {start} 起, 在 {as_of} 时还没有开始",
        "the period begins at {start}: it had not begun at {as_of}",
    ),
    "figures.as_of_ahead": ("--as-of {as_of} 在将来", "--as-of {as_of} lies ahead of now"),
    "figures.no_points": (
        "时段内没有一个 --at 时刻: {start} 至 {end}",
        "no instant of --at lies within the period {start} to {end}",
    ),
    "figures.cut": (
        "时段还没有结束, 只算到 {end}",
        "the period is not over: counted up to {end}",
    ),
    "figures.compare_needs_period": (
        "--compare 与 --publish 须给时段 (--day、--month 或 --from --to)",
        "--compare and --publish need a period (--day, --month, or --from with --to)",
    ),
    "figures.bad_target": (
        "--target 无法识别 “{value}”: 请写 0.98 或 98%",
        "--target cannot read “{value}”: write 0.98 or 98%",
    ),
    "figures.summary_time": (
        "{start} 至 {end}, 截至 {as_of}, 规则 {rule}, 时长口径 (路·小时): 应检 {expected} = 正常 {up} + 异常 {down} + "
        "未知 {unknown}; {name} {raw}",
        "{start} to {end}, as of {as_of}, rule {rule}, over time (camera-hours): expected {expected} = {up} up + "
        "{down} down + {unknown} unknown; raw rate ({name}) {raw}",
    ),
    "figures.summary_point": (
        "{start} 至 {end} 内 {points} 个时刻, 截至 {as_of}, 规则 {rule}, 时点口径 (路次): 应检 {expected} = 正常 {up} "
        "+ 异常 {down} + 未知 {unknown}; {name} {raw}",
        "{points} instants within {start} to {end}, as of {as_of}, rule {rule}: expected {expected} = {up} up + "
        "{down} down + {unknown} unknown; raw rate ({name}) {raw}",
    ),
    "figures.one_rule": (
        "时段内状态变化全部按规则 {rules} 判定",
        "every change of the period was decided by rule {rules}",
    ),
    "figures.rules": (
        "注意: 时段内状态变化按不同规则判定: {rules}; 见 docs/health.md",
        "note: changes of the period were decided by different rules: {rules}; see docs/health.md",
    ),
    "figures.choices": (
        "各口径名次: 未知计入离线 (raw)、未知不计 (measured)、未知全算正常 (upper)、扣除报备 (adjusted)",
        "ranks under each choice: unknown counts against (raw), is left out (measured), counts as working (upper), "
        "exemptions out (adjusted)",
    ),
    "figures.choices_hold": (
        "{held}/{counted} 组在各口径下名次不变",
        "{held} of {counted} groups keep their rank under every choice",
    ),
    "figures.reasons_follow": (
        "按原因 (未知且原因为 “正常” = 中心停运, 无人在看)",
        "by reason (unknown with reason ok = the hub was off, nobody looked)",
    ),
    "figures.period_only": (
        "--by reason 和 --choices 须给时段 (--day、--month 或 --from --to)",
        "--by reason and --choices need a period (--day, --month, or --from with --to)",
    ),
    "figures.reason_not_published": (
        "按原因分组只作说明 (从未有过结论的时段按小时取原因), 不能发布: 请换一种 --by",
        "figures by reason explain and are not published (time without any answer is explained to the hour): choose "
        "another --by",
    ),
    "figures.choices_by": ("--choices 须给 --by", "--choices needs --by"),
    "figures.looks_cameras": ("应检", "cameras"),
    "figures.looks_ok": ("正常次数", "ok"),
    "figures.looks_fault": ("异常次数", "fault"),
    "figures.looks_unknown": ("未能检测", "could not look"),
    "figures.looks_never": ("从未检测", "never"),
    "figures.looks_median": ("每路中位", "median"),
    "figures.looks_least": ("每路最少", "least"),
    "figures.looks_blank_hours": ("空白路时", "hours without"),
    "figures.looks_summary": (
        "{day} 前 {hours} 小时: 从未检测 {never} 路 (含尚未归档的 {waiting} 条结果)",
        "{day}, its first {hours} hours: {never} cameras were never looked at ({waiting} results not folded into days "
        "yet are counted too)",
    ),
    "figures.late": (
        "时段内有 {count} 条迟到结果 (已列为更正); 只补未知时段, 不推翻已有结论",
        "{count} late results lie in the period (kept as corrections): they fill unknown time and overturn no answer",
    ),
    "figures.before": (
        "环比时段 {start} 至 {end}: {raw}",
        "the period before, {start} to {end}: {raw}",
    ),
    "figures.passes": (
        "达标线 {target}: 达标 {passed}/{counted} (达标率 {share})",
        "target {target}: {passed} of {counted} reach it ({share})",
    ),
    "figures.arithmetic": (
        "名次按 {name} = 正常 ÷ 应检, 以整数之比比较, 同率同名次",
        "ranked by the raw rate ({name}) = up / expected, compared as fractions of whole numbers; equals share a place",
    ),
    "figures.col_rank": ("名次", "rank"),
    "figures.col_sum": ("算式", "up / expected"),
    "figures.col_before": ("上期", "before"),
    "figures.col_change": ("环比", "change"),
    "figures.col_passed": ("达标", "target met"),
    "figures.col_villages": ("达标村", "villages"),
    "figures.yes": ("达标", "yes"),
    "figures.no": ("未达标", "no"),
    "figures.urban": ("城区", "urban"),
    "figures.rural": ("农村", "rural"),
    "figures.published": (
        "已发布 第 {id} 号 ({stage}): {start} 至 {end}, 截至 {as_of}, 输入摘要 {digest}",
        "published as no. {id} ({stage}): {start} to {end}, as of {as_of}, input hash {digest}",
    ),
    "figures.too_early": (
        "{stage}数字最早可在 {earliest} 发布: 初报在时段结束后, 终报在结束两天后 (D+3)",
        "{stage} figures can be published from {earliest} on: preliminary ones when the period is over, final ones two "
        "days after it (D+3)",
    ),
    "figures.already_final": (
        "该时段的终报已发布 (第 {id} 号, {at}), 不可再改; 去掉 --publish 可查看今天的数字",
        "this period was published as final already (no. {id}, {at}) and stays as it is; without --publish the figures "
        "of today are shown",
    ),
    "figures.stage_preliminary": ("初报", "preliminary"),
    "figures.stage_final": ("终报", "final"),
    "figures.corrected": (
        "与初报 (第 {id} 号) 相比有更正: {count} 组",
        "corrected since the preliminary figures (no. {id}): {count} groups",
    ),
    "figures.corrected_none": (
        "与初报 (第 {id} 号) 完全一致",
        "the same as the preliminary figures (no. {id}), to the last digit",
    ),
    "figures.correction": (
        "  {group}: 正常 {old_up} -> {new_up}, 应检 {old_expected} -> {new_expected}, {old} -> {new}",
        "  {group}: up {old_up} -> {new_up}, expected {old_expected} -> {new_expected}, {old} -> {new}",
    ),
    "figures.none_published": ("还没有发布过数字", "nothing was published yet"),
    "figures.status_published": ("最近一次发布", "figures published last"),
    "figures.verified": (
        "共核对 {count} 次发布: 一致 {same}, 不一致 {differ}",
        "{count} published runs computed again: {same} the same, {differ} not",
    ),
    "figures.blanks": (
        "无人检测或看不见的时间 {count} 段: 全体 {all} 小时 (计未知), 局部 {others} 小时",
        "{count} gaps: {all} hours in which nobody looked at all (unknown), {others} hours of one prober, line or "
        "place",
    ),
    "figures.blank_from": ("起", "from"),
    "figures.blank_to": ("止", "to"),
    "figures.blank_seconds": ("秒", "seconds"),
    "figures.blank_scope": ("范围", "of"),
    "figures.blank_worker": ("进程", "worker"),
    "figures.blank_reason": ("原因", "reason"),
    "figures.blank_counts": ("如何计算", "counts as"),
    "figures.blank_unknown": ("全体未知", "unknown, everybody"),
    "figures.blank_silence": ("沿用前值, 超时后未知", "the answer before, unknown after the time of silence"),
    "figures.blank_unjudged": ("画面不判故障", "pictures are not judged"),
    "figures.nobody_counted": (
        "该时段没有应检的摄像机: 没有可算的数字",
        "no camera counted in this period: there is nothing to compute",
    ),
    "figures.nobody_looked": (
        "该时段没有任何检测结果: 全部未知",
        "nobody looked in this period: everything is unknown",
    ),
    "figures.before_first": (
        "{start} 至 {end} 在首次检测之前, 没有数据, 不能发布",
        "{start} to {end} lies before the first look at any camera: there are no data, nothing is published",
    ),
    "figures.due": (
        "应发布 {stage} {facet} {start} 至 {end}, 按 {by}",
        "due: {stage} {facet} {start} to {end}, by {by}",
    ),
    "figures.publish_due": ("应发布而未发布: {count}", "due and not published: {count}"),
    "figures.publish_done": ("已发布 {count} 份", "{count} published"),
    "figures.verified_same": (
        "重算一致: 数字到最后一位相同, 输入摘要相同",
        "computed again: the same to the last digit, the same input",
    ),
    "figures.verified_digits": (
        "数字一致, 但输入摘要不同",
        "the same figures, but not the same input",
    ),
    "figures.verified_other": (
        "不一致: 重算得到不同数字",
        "not the same: computed again, the figures differ",
    ),
    "figures.run": (
        "第 {id} 号 {stage} {facet} {kind} {start} 至 {end}, 截至 {as_of}, 规则 {rule}, {who} 发布, 摘要 {digest}",
        "no. {id} {stage} {facet} {kind} {start} to {end}, as of {as_of}, rule {rule}, published by {who}, "
        "hash {digest}",
    ),
}
