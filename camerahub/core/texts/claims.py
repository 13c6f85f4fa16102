"""Messages of claims: what others say of cameras, and how it compares with what was seen."""

TEXTS: dict[str, tuple[str, str]] = {
    "claims.no_state": (
        "{file} 没有状态列: 平台清单须有 “在线状态” 一列; 只列离线设备的清单请加 --kind upper",
        "{file} has no column of states: a platform's list needs one (在线状态, state); for a list of offline cameras "
        "only add --kind upper",
    ),
    "claims.no_source": ("请写明来源 (--source), 1 到 60 字", "name the source (--source), 1 to 60 letters"),
    "claims.ahead": ("清单时间 {at} 在将来", "the list speaks of {at}, which lies ahead of now"),
    "claims.none": (
        "还没有导入过清单: camerahub claims import 文件 --source 名称",
        "no list was imported yet: camerahub claims import FILE --source NAME",
    ),
    "claims.no_such_source": (
        "没有来源 {source}; 已有: {known}",
        "no list of {source} was imported; there are: {known}",
    ),
    "claims.summary": (
        "{kind} {source}, 时间 {at}: {rows} 行, 新增 {added}, 变化 {changed}, 未变 {unchanged}, 拒收 {refused}; "
        "与实测分开保存, 用 camerahub differences 比对",
        "{kind} of {source}, of {at}: {rows} rows, {added} new, {changed} changed, {unchanged} unchanged, {refused} "
        "refused; kept apart from what was seen: camerahub differences compares them",
    ),
    "claims.differences_summary": (
        "可比 {compared} 路, 一致 {agree} ({agreement}); 称在线实测离线 {said_up}, 称离线实测在线 {said_down}, "
        "我方未知 {not_seen}, 对方未列 {unlisted}, 登记表没有 {stranger}",
        "{compared} can be compared, {agree} agree ({agreement}); said up seen down {said_up}, said down seen up "
        "{said_down}, not known to us {not_seen}, not listed {unlisted}, not registered {stranger}",
    ),
    "claims.cut": ("只显示前 {shown} 行 (--limit)", "only the first {shown} lines are shown (--limit)"),
    "claims.col_source": ("来源", "source"),
    "claims.col_kind": ("清单", "list"),
    "claims.col_code": ("编码", "code"),
    "claims.col_name": ("名称", "name"),
    "claims.col_area": ("区划", "area"),
    "claims.col_network": ("网络", "network"),
    "claims.col_said": ("对方称", "said"),
    "claims.col_seen": ("实测", "seen"),
    "claims.col_said_at": ("时间", "at"),
    "claims.col_since": ("对方称起始", "since, as said"),
    "claims.col_outcome": ("结论", "outcome"),
    "claims.col_group": ("分组", "group"),
    "claims.col_compared": ("可比", "compared"),
    "claims.col_agree": ("一致", "agree"),
    "claims.col_agreement": ("一致率", "agreement"),
    "claims.col_said_up": ("称在线实离线", "said up"),
    "claims.col_said_down": ("称离线实在线", "said down"),
    "claims.col_not_seen": ("我方未知", "not seen"),
    "claims.col_not_said": ("对方未知", "not said"),
    "claims.col_unlisted": ("对方未列", "unlisted"),
    "claims.col_stranger": ("登记表没有", "stranger"),
    "claims.col_rows": ("行数", "rows"),
    "claims.col_refused": ("拒收", "refused"),
    "claims.col_file": ("文件", "file"),
    "claims.col_who": ("经手", "by"),
    "claims.col_recorded": ("导入时间", "imported"),
    "claims.state_up": ("在线", "up"),
    "claims.state_down": ("离线", "down"),
    "claims.state_unknown": ("未知", "unknown"),
}
