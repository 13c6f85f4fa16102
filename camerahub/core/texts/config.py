"""Messages about the home folder and its configuration."""

TEXTS: dict[str, tuple[str, str]] = {
    "config.no_home": (
        "没有指定工作目录: 用 camerahub --home 目录 … 或环境变量 CAMERAHUB_HOME",
        "no home folder: use camerahub --home DIR … or set CAMERAHUB_HOME",
    ),
    "config.home_missing": (
        "工作目录 {home} 不存在或没有 camerahub.toml; 先运行 camerahub --home {home} init",
        "home {home} does not exist or has no camerahub.toml; first run camerahub --home {home} init",
    ),
    "config.home_unwritable": (
        "工作目录 {home} 不可写 ({error}); 请检查权限或磁盘",
        "home {home} cannot be written ({error}); check its permissions and the disk",
    ),
    "config.home_taken": (
        "{home} 中已有 camerahub.toml; init 不会覆盖. 换一个目录, 或直接修改该文件",
        "{home} already has a camerahub.toml; init never overwrites. Use another folder or edit that file",
    ),
    "config.missing": (
        "找不到配置文件 {file}; 先运行 camerahub --home 目录 init",
        "configuration file {file} not found; run camerahub --home DIR init first",
    ),
    "config.unreadable": ("读不了 {file}: {error}", "cannot read {file}: {error}"),
    "config.encoding": (
        "{file} 不是 UTF-8 文本 (第 {offset} 字节); 用记事本另存为 UTF-8",
        "{file} is not UTF-8 text (byte {offset}); save it as UTF-8",
    ),
    "config.syntax": ("{file} 不是合法的 TOML: {error}", "{file} is not valid TOML: {error}"),
    "config.invalid": (
        "{file} 有误, 什么也没有改动:\n{zh}\n  对照 configs/camerahub.toml 修改后再运行 check-config",
        "{file} is wrong, nothing was changed:\n{en}\n  compare with configs/camerahub.toml, then run check-config",
    ),
    # -- config.bad.<pydantic's name of the mistake, or our own> ---------------------------------------------------
    "config.bad.clock": (
        '应为当地时刻, 如 "08:30"; 空 = 不自动做',
        'should be a local time of day such as "08:30"; empty = never by itself',
    ),
    "config.bad.int_type": ("应为整数", "should be a whole number"),
    "config.bad.float_type": ("应为数字", "should be a number"),
    "config.bad.bool_type": ("应为 true 或 false", "should be true or false"),
    "config.bad.string_type": ("应为引号中的文字", "should be text in quotes"),
    "config.bad.model_type": ("应为一节, 如 [fleet]", "should be a section such as [fleet]"),
    "config.bad.finite_number": ("应为有限的数字", "should be a finite number"),
    "config.bad.greater_than": ("应大于 {gt}", "should be greater than {gt}"),
    "config.bad.greater_than_equal": ("不能小于 {ge}", "should be {ge} or more"),
    "config.bad.less_than": ("应小于 {lt}", "should be less than {lt}"),
    "config.bad.less_than_equal": ("不能大于 {le}", "should be {le} or less"),
    "config.bad.literal_error": ("可用的值: {expected}", "should be {expected}"),
    "config.bad.timezone": (
        "不是 IANA 时区名, 应如 Asia/Shanghai",
        "not an IANA time zone such as Asia/Shanghai",
    ),
    "config.bad.url": (
        "应为 sqlite:///文件 或 postgresql://用户@主机:端口/库名",
        "expected sqlite:///FILE or postgresql://user@host:port/name",
    ),
    "config.bad.password_in_url": (
        "地址里写了密码: 请移到 database.password_file 所指的文件",
        "a password stands in the address: move it to database.password_file",
    ),
    "config.bad.deadline": (
        "deadline_s 不能大于 interval_s",
        "deadline_s must not be longer than interval_s",
    ),
    "config.bad.list_type": ("应为方括号中的列表", "should be a list in square brackets"),
    "config.bad.missing": ("缺少这一项", "is missing"),
    "config.bad.too_long": ("最多 {max_length} 项", "should have {max_length} items at most"),
    "config.bad.reference_deadline": (
        "reference_deadline_s 不能大于 reference_s",
        "reference_deadline_s must not be longer than reference_s",
    ),
    "config.bad.uplink_name": (
        "线路名只用小写字母, 数字, - 和 _, 最多 32 个字符, 如 east (它出现在指标里, 不要写地名)",
        "an uplink is named with a-z, 0-9, - and _, 32 characters at most, as east is (metrics show it: no place)",
    ),
    "config.bad.uplink_default": (
        "名为 default 的线路管其余所有地址, 不能写 subnets: 换一个名字, 或删去 subnets",
        "the uplink named default takes all other addresses and has no subnets: rename it or remove its subnets",
    ),
    "config.bad.uplink_twice": (
        "有两条线路都叫 {name}: 改其中一个",
        "two uplinks are named {name}: rename one",
    ),
    "config.bad.uplink_rest": (
        "没有 subnets 的线路管其余所有地址, 只能有一条: 给其他的写上 subnets",
        "an uplink without subnets takes all other addresses, so there can be one: give the others their subnets",
    ),
    "config.bad.uplink_need": (
        "need 不能大于 references 的个数",
        "need must not be larger than the number of references",
    ),
    "config.bad.subnet": (
        "{subnet} 不是网段, 应如 10.20.0.0/16 (主机位为零)",
        "{subnet} is not a subnet such as 10.20.0.0/16 (host bits zero)",
    ),
    "config.bad.subnet_twice": (
        "网段 {subnet} 写了两次: 一个网段只属于一条线路",
        "subnet {subnet} stands twice: a subnet belongs to one uplink",
    ),
    "config.bad.reference": (
        "第 {place} 个参照应为 tcp://IP:端口 或 rtsp://IP[:554], 只用 IP 地址 (域名解析本身也会失效), 不带用户名和密码",
        "reference {place}: expected tcp://IP:PORT or rtsp://IP[:554], IP addresses only (name servers fail, too), "
        "no user or password",
    ),
    "config.bad.below": ("不能小于 {name}", "must be at least {name}"),
    "config.bad.stale": (
        "health.online.stale_s 不能小于 {longest}: fleet.interval_s 加上它的 jitter 和 deadline_s",
        "health.online.stale_s must be at least {longest}: fleet.interval_s, its jitter and deadline_s",
    ),
    "config.bad.stale_picture": (
        "health.media, lit, picture 的 stale_s 不能小于 {longest}: fleet.picture_interval_s 加上 jitter 和 "
        "fleet.picture_deadline_s",
        "stale_s of health.media, lit and picture must be at least {longest}: fleet.picture_interval_s, its jitter "
        "and fleet.picture_deadline_s",
    ),
    "config.file_missing": (
        "{file} 里的 {key} 指向不存在或不可读的文件 {value}",
        "{key} in {file} names a file that is missing or unreadable: {value}",
    ),
    "config.ok": ("{file} 正确 ({count} 项)", "{file} is right ({count} settings)"),
    "config.init_done": (
        "已建立 {home}: camerahub.toml (配置), {key} (密钥, 请另行备份), 数据库. 下一步: import-areas, import, run",
        "created {home}: camerahub.toml, {key} (the key: back it up apart), database. Next: import-areas, import, run",
    ),
    "config.migrated": (
        "数据库结构已是最新 (版本 {revision}{change})",
        "database schema is up to date (revision {revision}{change})",
    ),
    "config.password_file": (
        "读不了 PostgreSQL 密码文件 {file}: {error}; 应为权限 0600 的文本文件",
        "cannot read the PostgreSQL password file {file}: {error}; expected a text file of mode 0600",
    ),
    "config.hub_running": (
        "中心进程 (pid {pid}) 正在使用 {home}; 请先停止它",
        "a hub (pid {pid}) is using {home}; stop it first",
    ),
    "config.hub_silent": (
        "{home} 的中心进程没有应答 ({error}); 稍后再试, 或查看它的日志",
        "the hub of {home} does not answer ({error}); try again or look at its log",
    ),
    "config.hub_died": (
        "中心进程意外停止, 数据已保存到最后一次提交; 请查看日志后重新运行",
        "the hub stopped unexpectedly; everything committed is safe. See the log, then run it again",
    ),
    "config.no_references": (
        "没有参照: 线路断了也会被算作摄像机离线; 请在 camerahub.toml 的 [[uplinks]] 里写上 references",
        "no references: a broken line will look like dead cameras; give it references in camerahub.toml, [[uplinks]]",
    ),
    "config.serving": (
        "监测中: {cameras} 路摄像机, {probers} 个探测进程. 指标 {url}/metrics  就绪 {url}/readyz  停止: Ctrl-C",
        "watching {cameras} cameras with {probers} probers. metrics {url}/metrics  ready {url}/readyz  stop: Ctrl-C",
    ),
    "config.stopping": ("正在停止, 保存数据 …", "stopping, saving …"),
}
