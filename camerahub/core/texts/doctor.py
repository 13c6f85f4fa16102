"""Messages of ``doctor``: what each check found, and what to do about it."""

TEXTS: dict[str, tuple[str, str]] = {
    "doctor.summary": (
        "正常 {ok}, 注意 {warn}, 不行 {fail}, 未知 {unknown}",
        "{ok} ok, {warn} to look at, {fail} failed, {unknown} unknown",
    ),
    "doctor.stumbled": ("没能检查: {error}", "could not be checked: {error}"),
    "doctor.config.ok": ("配置 {file} 正确", "configuration {file} is right"),
    "doctor.config.remedy": (
        "对照 configs/camerahub.toml 修改, 再运行 check-config",
        "compare it with configs/camerahub.toml, then run check-config",
    ),
    "doctor.home.ok": ("工作目录 {home} 可写, 权限 {mode}", "home {home} can be written, mode {mode}"),
    "doctor.home.unwritable": ("工作目录 {home} 不可写", "home {home} cannot be written"),
    "doctor.home.owner": (
        "工作目录 {home} 属于另一个用户",
        "home {home} belongs to another user than the one who asks",
    ),
    "doctor.home.open": (
        "工作目录 {home} 权限 {mode}, 其他用户可进入",
        "home {home} has mode {mode}: other users can enter",
    ),
    "doctor.home.remedy": (
        "chown -R camerahub: 目录; chmod 700 目录; 并用同一个用户运行所有命令",
        "chown -R camerahub: FOLDER; chmod 700 FOLDER; run every command as that user",
    ),
    "doctor.disk.ok": ("磁盘还有 {free} GB", "{free} GB are free on the disk"),
    "doctor.disk.low": (
        "磁盘只剩 {free} GB; 备份和升级需要 {needed} GB",
        "only {free} GB are free; a backup or an upgrade may need {needed} GB",
    ),
    "doctor.disk.full": (
        "磁盘几乎已满: 剩 {free} GB ({home})",
        "the disk is nearly full: {free} GB left ({home})",
    ),
    "doctor.disk.remedy": (
        "腾出空间或换更大的盘; camerahub prune 列出各表大小; 备份放到另一块盘 (backup.folder)",
        "free some space or take a larger disk; camerahub prune lists the sizes; put backups elsewhere (backup.folder)",
    ),
    "doctor.database.ok": (
        "数据库完好: {cameras} 路摄像机, {mb} MB, 结构 {schema}",
        "the database is sound: {cameras} cameras, {mb} MB, schema {schema}",
    ),
    "doctor.database.damaged": ("数据库有损坏: {problem}", "the database is damaged: {problem}"),
    "doctor.database.remedy": (
        "结构旧: camerahub migrate; 损坏: 停止中心进程, 用 restore --replace 从备份恢复",
        "an older schema: camerahub migrate; damage: stop the hub and restore a backup with restore --replace",
    ),
    "doctor.key.ok": ("密钥 {file} 与数据库相符", "the key {file} belongs to this database"),
    "doctor.key.other": (
        "密钥 {file} 不是这个数据库的密钥: 摄像机口令打不开",
        "the key {file} is not the one of this database: no camera password opens",
    ),
    "doctor.key.untold": (
        "密钥 {file} 可读; 数据库里还没有可供核对的东西 (migrate 会写入标记)",
        "the key {file} can be read; nothing in the database tells whether it belongs to it (migrate writes a mark)",
    ),
    "doctor.key.remedy": (
        "放回原来的密钥文件, 权限 0600 (备份时用 --key-to 另存的那份)",
        "put the right key file back, mode 0600 (the copy that backup --key-to made)",
    ),
    "doctor.zone.ok": ("时区 {zone}, 现在 {now}", "time zone {zone}, now {now}"),
    "doctor.zone.differs": (
        "本机时区 {machine} 与 site.timezone {zone} 不同; 报表按后者 (现在 {now}), 系统日志按前者",
        "the machine's zone {machine} is not site.timezone {zone}; figures go by the latter (now {now}), logs do not",
    ),
    "doctor.zone.remedy": (
        "timedatectl set-timezone Asia/Shanghai",
        "timedatectl set-timezone Asia/Shanghai",
    ),
    "doctor.clock.ok": ("时钟已与 NTP 同步", "the clock is synchronised"),
    "doctor.clock.adrift": ("时钟没有同步", "the clock is not synchronised"),
    "doctor.clock.untold": (
        "问不到时钟是否同步 (容器里常见); 请在宿主机上查看",
        "nobody can say whether the clock is synchronised (usual in a container): ask the host",
    ),
    "doctor.clock.remedy": (
        "安装 chrony 并指向专网内的时间服务器; 不准的时钟会让状态变化记错时刻",
        "install chrony and point it to a time server of your network; a wrong clock dates every change wrongly",
    ),
    "doctor.files.ok": (
        "可打开文件数 {limit}, 需要 {needed}",
        "{limit} open files are allowed, {needed} are needed",
    ),
    "doctor.files.few": (
        "可打开文件数只有 {limit}, 需要 {needed}: 同时进行的会话会被减少",
        "only {limit} open files are allowed, {needed} are needed: fewer conversations will go on at once",
    ),
    "doctor.files.remedy": (
        "systemd 单元里 LimitNOFILE=65536, 或 /etc/security/limits.conf",
        "LimitNOFILE=65536 in the systemd unit, or /etc/security/limits.conf",
    ),
    "doctor.port.ok": ("端口 {host}:{port} 可用", "port {host}:{port} is free"),
    "doctor.port.hub": (
        "中心进程 (pid {pid}) 正在运行, 端口 {host}:{port}",
        "the hub (pid {pid}) runs, port {host}:{port}",
    ),
    "doctor.port.taken": (
        "端口 {host}:{port} 被别的程序占用",
        "port {host}:{port} is taken by another program",
    ),
    "doctor.port.unusable": (
        "端口 {host}:{port} 不能用: {error}",
        "port {host}:{port} cannot be used: {error}",
    ),
    "doctor.port.remedy": (
        "用 ss -ltnp 找到占用者, 或改 web.host / web.port",
        "find who has it with ss -ltnp, or change web.host or web.port",
    ),
    "doctor.certificate.none": (
        "未配置 TLS 证书 (只在本机监听)",
        "no TLS certificate configured (loopback only)",
    ),
    "doctor.certificate.ok": ("证书 {file} 有效至 {until}", "certificate {file} is valid until {until}"),
    "doctor.certificate.soon": ("证书 {file} 将于 {until} 到期", "certificate {file} ends on {until}"),
    "doctor.certificate.over": ("证书 {file} 已于 {until} 过期", "certificate {file} ended on {until}"),
    "doctor.certificate.remedy": ("换新证书后重启 camerahub", "take a new certificate and restart camerahub"),
    "doctor.decoders.ok": (
        "解码库齐全 (PyAV {av}, OpenCV {cv2})",
        "decoders are there (PyAV {av}, OpenCV {cv2})",
    ),
    "doctor.decoders.missing": ("缺少解码所需: {what}", "decoding lacks: {what}"),
    "doctor.decoders.remedy": (
        "重新运行安装包里的 install.sh; 或不取图: fleet.picture_interval_s = 0",
        "run install.sh of the bundle again; or take no pictures: fleet.picture_interval_s = 0",
    ),
    "doctor.fonts.ok": ("有中文字体 ({name})", "a Chinese font is there ({name})"),
    "doctor.fonts.none": (
        "没有中文字体: PDF 报告会缺字",
        "no Chinese font: PDF reports will lack characters",
    ),
    "doctor.fonts.remedy": (
        "apt-get install fonts-noto-cjk (或把字体放进 /usr/local/share/fonts)",
        "apt-get install fonts-noto-cjk, or put a font into /usr/local/share/fonts",
    ),
    "doctor.pdf.ok": ("可以出 PDF 报告", "PDF reports can be made"),
    "doctor.pdf.missing": (
        "不能出 PDF 报告 (XLSX 不受影响): 缺 {what}",
        "no PDF reports (XLSX can be made): {what} missing",
    ),
    "doctor.pdf.remedy": (
        "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; weasyprint 在安装包里",
        "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; weasyprint is in the bundle",
    ),
    "doctor.references.ok": ("{lines} 条线路都有参照", "all {lines} uplinks have references"),
    "doctor.references.none": (
        "线路 {bare} 没有参照: 线路断了会被算作摄像机离线",
        "uplink {bare} has no references: a broken line will look like dead cameras",
    ),
    "doctor.references.remedy": (
        "在 camerahub.toml 的 [[uplinks]] 写上 references (网关, 平台)",
        "give it references in camerahub.toml, [[uplinks]]: its gateway, a platform",
    ),
    "doctor.backup.ok": (
        "最近一次备份 {hours} 小时前: {file}",
        "the last backup is {hours} hours old: {file}",
    ),
    "doctor.backup.none": ("没有配置自动备份", "no automatic backup is configured"),
    "doctor.backup.empty": ("{folder} 里还没有备份", "there is no backup in {folder} yet"),
    "doctor.backup.old": (
        "最近一次备份是 {hours} 小时前: {file}",
        "the last backup is {hours} hours old: {file}",
    ),
    "doctor.backup.same_disk": (
        "最近一次备份 {hours} 小时前, 但与数据库在同一块盘上: {file}",
        "the last backup is {hours} hours old, but on the disk of the database: {file}",
    ),
    "doctor.backup.remedy": (
        "backup.folder 指向另一块盘或网络盘; 密钥用 backup --key-to 另存",
        "let backup.folder be on another disk or share; copy the key apart with backup --key-to",
    ),
    "doctor.prometheus.none": ("未配置 Prometheus 地址, 不查", "no Prometheus configured, not asked"),
    "doctor.prometheus.ok": ("Prometheus {url} 正在抓取本机", "Prometheus {url} scrapes this hub"),
    "doctor.prometheus.down": (
        "Prometheus {url} 抓取本机失败",
        "Prometheus {url} tries to scrape this hub and fails",
    ),
    "doctor.prometheus.silent": (
        "Prometheus {url} 没有应答 ({error})",
        "Prometheus {url} does not answer ({error})",
    ),
    "doctor.prometheus.status": ("Prometheus {url} 答复 {status}", "Prometheus {url} answers {status}"),
    "doctor.prometheus.not_scraping": (
        "Prometheus {url} 没有抓取端口 {port}",
        "Prometheus {url} scrapes no target on port {port}",
    ),
    "doctor.prometheus.remedy": (
        "在 prometheus.yml 的 scrape_configs 里加上本机 (见 docs/guide), 再 systemctl reload prometheus",
        "add this hub to scrape_configs of prometheus.yml (docs/guide), then systemctl reload prometheus",
    ),
}
