"""Messages of the ONVIF steps of `camerahub probe`, and of `camerahub discover`."""

TEXTS: dict[str, tuple[str, str]] = {
    "probe.did.onvif_time": ("询问 ONVIF 时间 (不带密码)", "ask the ONVIF time (no credentials)"),
    "probe.did.onvif_login": ("ONVIF 登录并询问型号", "log in over ONVIF and ask what it is"),
    "probe.did.onvif_profiles": ("询问码流配置 (ONVIF)", "ask for the media profiles (ONVIF)"),
    "probe.did.onvif_streams": ("询问取流地址 (ONVIF)", "ask for the stream addresses (ONVIF)"),
    "probe.came.no_onvif": (
        "未检测 (没有 ONVIF 地址)",
        "not tried (no ONVIF address is known)",
    ),
    "probe.came.onvif_time.ok": ("摄像机应答, ONVIF 可用", "the camera answers: ONVIF works"),
    "probe.came.onvif_time.auth": (
        "ONVIF 有应答, 但连时间也要登录 (状态 {status}); 少数设备如此, 无法事先校准时钟",
        "ONVIF answers, but guards even its time (status {status}); some devices do, their clock stays unknown",
    ),
    "probe.came.onvif_time.not_found": (
        "有网页服务, 但此路径没有 ONVIF (状态 {status})。请在设备上开启 ONVIF, 核对端口和路径",
        "a web server, but no ONVIF at this path (status {status}). Switch ONVIF on, check port and path",
    ),
    "probe.came.onvif_time.protocol": (
        "有应答但不是 ONVIF。请检查端口是否属于其他服务",
        "something answers, but not ONVIF. Check whether the port belongs to another service",
    ),
    "probe.came.onvif_login.ok": ("登录通过", "logged in"),
    "probe.came.onvif_login.auth": (
        "ONVIF 用户名或密码被拒 (状态 {status})。很多设备的 ONVIF 用户要在网页上另建; 不要反复尝试, 设备会锁定来访地址",
        "ONVIF user or password refused (status {status}). Many devices keep ONVIF users of their own; do not keep "
        "trying, devices lock the caller",
    ),
    "probe.came.onvif_login.auth_missing": (
        "ONVIF 需要登录 (状态 {status})。请加 --user 用户名",
        "ONVIF needs a login (status {status}). Add --user NAME",
    ),
    "probe.came.onvif_profiles.auth": (
        "登录有效, 但此用户无权查看码流 (状态 {status})。请提高该 ONVIF 用户的权限",
        "the login is good, but may not see the media (status {status}). Give this ONVIF user more rights",
    ),
    "probe.came.onvif_profiles.not_found": (
        "设备没有码流配置服务 (状态 {status})",
        "the device has no media service (status {status})",
    ),
    "probe.came.onvif_streams.not_found": (
        "设备没有给出取流地址 (状态 {status})",
        "the device tells no stream address (status {status})",
    ),
    "probe.came.onvif_streams.no_media": ("设备没有任何码流配置", "the device has no media profile at all"),
    "probe.onvif.device": (
        "厂商 {maker}, 型号 {model}, 固件 {firmware}, 序列号 {serial}",
        "maker {maker}, model {model}, firmware {firmware}, serial {serial}",
    ),
    "probe.onvif.profiles": ("{total} 个码流: {listed}", "{total} profiles: {listed}"),
    "probe.onvif.streams": ("{listed}", "{listed}"),
    "probe.onvif.replaced": (
        "设备报的是别的主机 (多为 NAT 或网卡配置), 已改用所连地址: {listed}",
        "the device told another host (NAT, or a wrong setting); the address dialled was put in its place: {listed}",
    ),
    # -- clocks -------------------------------------------------------------------------------------------------------
    "probe.clock.right": ("时钟准确 (偏差 {offset} 秒)", "the clock is right (off by {offset} s)"),
    "probe.clock.off": (
        "时钟偏差 {offset} 秒, 请检查 NTP 校时",
        "the clock is off by {offset} s: check its NTP",
    ),
    "probe.clock.zone": (
        "时区错误: 时钟偏差 {hours} 小时 ({offset} 秒), 多为把本地时间当作 UTC, 或时区设错",
        "wrong time zone: the clock is off by {hours} h ({offset} s), mostly local time told as UTC",
    ),
    "probe.clock.reset": (
        "时钟已复位 (偏差 {offset} 秒), 多为断电且电池失效、没有校时",
        "the clock was reset (off by {offset} s): mostly a power cut with a dead battery and no NTP",
    ),
    "probe.clock.untold": ("设备没有给出可读的 UTC 时间", "the device tells no readable UTC time"),
    # -- discover -----------------------------------------------------------------------------------------------------
    "discover.bad_network": (
        "无法识别 {word}: 请写网段 (如 10.1.2.0/24) 或 IP 地址",
        "cannot read {word}: write a subnet such as 10.1.2.0/24, or an IP address",
    ),
    "discover.too_many": (
        "共 {count} 个地址, 一次最多 {most} 个; 请分批",
        "{count} addresses; at most {most} at once: do it in parts",
    ),
    "discover.no_socket": (
        "本机无法发送发现报文: {problem}",
        "this machine cannot send discovery messages: {problem}",
    ),
    "discover.summary": (
        "询问 {asked} 个地址, 发现 {found} 台; 不可达 {unreachable}, 无关应答 {strangers}, 不可读 {unreadable}; "
        "用时 {wall} 秒",
        "{asked} addresses asked, {found} found; {unreachable} unreachable, {strangers} answers not asked for, "
        "{unreadable} unreadable; {wall} s",
    ),
}

#: What any ONVIF step may come to, where it has no words of its own.
_COMMON: dict[str, tuple[str, str]] = {
    "protocol": (
        "ONVIF 应答不合规范 (状态 {status})。请升级设备固件",
        "the ONVIF answer is not what the standard says (status {status}). Update the device's firmware",
    ),
    "not_found": (
        "设备不支持此项 ONVIF 查询 (状态 {status})",
        "the device does not know this ONVIF question (status {status})",
    ),
    "busy": (
        "在线, 但 ONVIF 此刻不服务 (状态 {status})。请稍后再试, 或重启设备",
        "online, but ONVIF does not serve now (status {status}). Try later, or restart the device",
    ),
    "auth": (
        "此用户无权询问 (状态 {status})。请提高该 ONVIF 用户的权限",
        "this user may not ask that (status {status}). Give the ONVIF user more rights",
    ),
}
TEXTS |= {
    key: said
    for step in ("onvif_time", "onvif_login", "onvif_profiles", "onvif_streams")
    for reason, said in _COMMON.items()
    if (key := f"probe.came.{step}.{reason}") not in TEXTS
}
