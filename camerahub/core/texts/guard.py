"""Messages of the guard of logins and of pauses."""

TEXTS: dict[str, tuple[str, str]] = {
    "guard.state_untried": ("待试", "untried"),
    "guard.state_held": ("等待试点", "held"),
    "guard.state_trying": ("登录中", "trying"),
    "guard.state_proven": ("已验证", "proven"),
    "guard.state_refused": ("密码被拒", "refused"),
    "guard.state_locked": ("设备锁定", "locked"),
    "guard.group_untried": ("尚未试点", "untried"),
    "guard.group_trial": ("试点中", "on trial"),
    "guard.group_open": ("密码有效", "works"),
    "guard.group_failed": ("试点全部被拒", "refused everywhere it was tried"),
    "guard.col_address": ("设备地址", "address"),
    "guard.col_user": ("用户", "user"),
    "guard.col_state": ("状态", "state"),
    "guard.col_since": ("起始时间", "since"),
    "guard.col_tries": ("已试次数", "tries"),
    "guard.col_vendor": ("厂家", "maker"),
    "guard.col_group": ("密码组", "password group"),
    "guard.col_cameras": ("摄像机", "cameras"),
    "guard.col_devices": ("设备数", "devices"),
    "guard.col_proven": ("已验证", "proven"),
    "guard.col_refused": ("被拒", "refused"),
    "guard.col_left": ("未试", "not tried"),
    "guard.fix_title": ("需要核对密码的设备", "devices whose password must be put right"),
    "guard.groups_title": ("密码组", "password groups"),
    "guard.summary": (
        "登录 {total}: 已验证 {proven}, 被拒 {refused}, 锁定 {locked}, 待试 {left}",
        "logins {total}: proven {proven}, refused {refused}, locked {locked}, not tried yet {left}",
    ),
    "guard.waiting": ("正在逐台试登录, 还有 {busy} 台 …", "trying logins one by one, {busy} to come …"),
    "guard.breaker_open": (
        "熔断: 多台设备同时拒绝原本有效的密码, 已停止全部登录 (在线探测继续)",
        "breaker open: many devices refuse passwords that worked; all logins are stopped (liveness goes on)",
    ),
    "guard.scope_one": (
        "请指定一个范围: --area, --vendor, --platform 或 --all",
        "name one scope: --area, --vendor, --platform or --all",
    ),
    "guard.scope_unknown": (
        "登记表里没有 {scope} “{value}”: 请核对代码或名称",
        "the register knows no {scope} '{value}': check the code or the name",
    ),
    "guard.paused": (
        "已暂停探测 {endpoints} 路 ({scope} {value})",
        "paused: {endpoints} endpoints are dialled no more ({scope} {value})",
    ),
    "guard.paused_before": ("此前已暂停 ({scope} {value})", "it was paused already ({scope} {value})"),
    "guard.resumed": (
        "已恢复探测 {endpoints} 路 ({scope} {value})",
        "resumed: {endpoints} endpoints are dialled again ({scope} {value})",
    ),
    "guard.resumed_none": (
        "没有这样的暂停 ({scope} {value})",
        "there was no such pause ({scope} {value})",
    ),
    "guard.still_paused": (
        "仍在暂停: {scope} {value}, 自 {since} 起, {who}: {reason}",
        "still paused: {scope} {value}, since {since}, by {who}: {reason}",
    ),
}
