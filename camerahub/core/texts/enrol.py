"""Messages of `camerahub enrol` and `camerahub clocks`."""

TEXTS: dict[str, tuple[str, str]] = {
    "enrol.no_camera": (
        "登记表里没有摄像机 {codes}: 请核对编码",
        "the register knows no camera {codes}: check the code",
    ),
    "enrol.told": (
        "厂商 {maker}, 型号 {model}, 固件 {firmware}, 序列号 {serial}",
        "maker {maker}, model {model}, firmware {firmware}, serial {serial}",
    ),
    "enrol.filled": ("登记表空项已补: {fields}", "filled in the register: {fields}"),
    "enrol.drift": (
        "设备已变化, {field} 由 {old} 变为 {new} (换机或升级), 已记录",
        "the device changed: {field} was {old}, is {new} (replaced or updated); noted",
    ),
    "enrol.differs": (
        "与登记表不一致, 未改动: {field} 登记为 {old}, 设备报 {new}",
        "differs from the register, which stays: {field} is {old} there, {new} at the device",
    ),
    "enrol.added": ("新增地址: {roads}", "addresses added: {roads}"),
    "enrol.no_streams": (
        "无法判断哪个码流属于此路 (请在登记表填通道号)",
        "nothing says which stream is this camera's (put its channel number into the register)",
    ),
    "enrol.no_media": (
        "设备没有给出取流地址 (或此用户无权查看码流)",
        "the device tells no stream address (or this user may not see the media)",
    ),
    "enrol.no_login": (
        "ONVIF 需要登录, 登记表里没有用户名和密码",
        "ONVIF needs a login, and the register has none",
    ),
    "enrol.refused": (
        "ONVIF 拒绝用户 {user} (状态 {status}); 很多设备的 ONVIF 用户要在网页上另建。一天内不再尝试",
        "ONVIF refused the user {user} (status {status}); many devices keep ONVIF users of their own. Not tried again "
        "within a day",
    ),
    "enrol.refused_before": (
        "ONVIF 此前已拒绝同一用户名和密码, {until} 之前不再尝试",
        "ONVIF refused this login before; it is not tried again before {until}",
    ),
    "enrol.paused": ("已暂停探测, 未询问", "paused: not asked"),
    "enrol.failed": ("未能询问 (状态 {status})", "could not be asked (status {status})"),
    "enrol.held_unwatched": ("登录暂不允许", "the login is not permitted now"),
    "enrol.held_paused": ("已暂停探测, 未登录", "paused: not logged in"),
    "enrol.held_breaker": (
        "熔断中, 全部登录已停止, 未登录",
        "the breaker is open and all logins are stopped: not logged in",
    ),
    "enrol.held_trying": (
        "此设备正在进行另一次登录, 请稍后再试",
        "another login at this device is under way: try again later",
    ),
    "enrol.held_wait": (
        "设备此前没有应答或没有空位, {until} 之前不登录",
        "the device did not answer or was full: no login before {until}",
    ),
    "enrol.held_locked": ("设备锁定, {until} 之前不登录", "the device is locked: no login before {until}"),
    "enrol.held_refused": (
        "密码已被此设备拒绝, 未再尝试; 请先核对密码",
        "this device refused the password: not tried again; put the password right first",
    ),
    "enrol.held_day": (
        "24 小时内错误登录已到上限, {until} 之前不登录",
        "two logins failed within 24 h: none before {until}",
    ),
    "enrol.held_second": (
        "此设备已有一次错误登录, {until} 之前不再用未验证的密码",
        "one login failed at this device: no unproven password before {until}",
    ),
    "enrol.held_suspect": (
        "上次登录没有应答, {until} 之前不登录",
        "the last login had no answer: none before {until}",
    ),
    "enrol.held_trial": (
        "此密码尚未验证; 请先运行 camerahub credentials check",
        "this password is not proven yet: run `camerahub credentials check` first",
    ),
    "enrol.held_group": (
        "此密码在试点设备上全部被拒, 未尝试; 请先核对密码",
        "this password was refused wherever it was tried: put it right first",
    ),
    "enrol.summary": (
        "{cameras} 路 ({devices} 台设备): 新登记 {added}, 有变化 {changed}, 无变化 {unchanged}, 密码被拒 {refused}, "
        "暂不登录 {held}, 未能询问 {failed}; 新增地址 {roads} 个",
        "{cameras} cameras ({devices} devices): enrolled {added}, changed {changed}, unchanged {unchanged}, "
        "refused {refused}, held {held}, failed {failed}; {roads} addresses added",
    ),
    "clocks.col_code": ("编码", "code"),
    "clocks.col_name": ("名称", "name"),
    "clocks.col_address": ("地址", "address"),
    "clocks.col_offset": ("偏差(秒)", "off by (s)"),
    "clocks.col_verdict": ("结论", "verdict"),
    "clocks.summary": (
        "{cameras} 路: 准确 {right}, 偏差 {off}, 时区错误 {zone}, 已复位 {reset}, 未给时间 {untold}, "
        "无应答 {unanswered}",
        "{cameras} cameras: right {right}, off {off}, wrong zone {zone}, reset {reset}, untold {untold}, "
        "no answer {unanswered}",
    ),
}
