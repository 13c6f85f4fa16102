"""Messages of the register: database and key."""

TEXTS: dict[str, tuple[str, str]] = {
    "register.missing": (
        "数据库不存在: {where}; 请先运行 camerahub migrate",
        "no database at {where}: run `camerahub migrate` first",
    ),
    "register.no_schema": (
        "数据库 {where} 里没有 camerahub 的表; 请先运行 camerahub migrate",
        "database {where} has no camerahub tables: run `camerahub migrate` first",
    ),
    "register.older": (
        "数据库 {where} 的结构是 {found}, 本程序需要 {known}; 请运行 camerahub migrate",
        "database {where} has schema {found}, this program needs {known}: run `camerahub migrate`",
    ),
    "register.newer": (
        "数据库 {where} 的结构 {found} 比本程序 ({known}) 新; 请升级 camerahub, 数据未改动",
        "database {where} has schema {found}, newer than this program ({known}): upgrade camerahub; nothing changed",
    ),
    "register.locked": (
        "数据库 {where} 正被另一个程序占用; 请确认没有第二个 camerahub 在运行, 稍后再试",
        "database {where} is locked by another program: make sure no second camerahub runs, then try again",
    ),
    "register.full": (
        "磁盘已满, 写不进数据库 {where}; 已提交的数据完好, 腾出空间后会继续",
        "disk full, cannot write database {where}: what was committed is safe; free some space and it goes on",
    ),
    "register.readonly": (
        "数据库 {where} 或其目录只读; 请检查权限和挂载方式",
        "database {where} or its folder is read-only: check permissions and mount",
    ),
    "register.no_permission": (
        "没有权限打开数据库 {where}; 请检查文件和目录的所有者与权限",
        "no permission to open database {where}: check owner and mode of file and folder",
    ),
    "register.not_database": (
        "{where} 不是数据库文件; 请检查路径, 或从备份恢复",
        "{where} is not a database: check the path, or restore a backup",
    ),
    "register.corrupt": (
        "数据库 {where} 已损坏; 请停止使用并从备份恢复",
        "database {where} is damaged: stop using it and restore a backup",
    ),
    "register.io": (
        "读写数据库 {where} 时磁盘出错 ({detail}); 已提交的数据完好, 请检查磁盘",
        "disk error on database {where} ({detail}): what was committed is safe; check the disk",
    ),
    "register.url": (
        "数据库地址写法不对; 应为 sqlite:////路径/camerahub.db 或 postgresql://用户@主机/库名",
        "database address not understood: use sqlite:////path/camerahub.db or postgresql://user@host/name",
    ),
    "register.no_driver": (
        "缺少 PostgreSQL 驱动; 请安装 camerahub[postgres]",
        "the PostgreSQL driver is missing: install camerahub[postgres]",
    ),
    "register.unreachable": (
        "连不上数据库 {where}; 请检查地址, 端口, 数据库服务是否在运行",
        "cannot reach database {where}: check address and port, and that the server runs",
    ),
    "register.refused": (
        "数据库 {where} 拒绝登录; 请检查用户名和密码",
        "database {where} refused the login: check user and password",
    ),
    "register.server": (
        "数据库服务器 {where} 报错 ({detail}); 已提交的数据完好, 稍后再试",
        "database server {where} reports {detail}: what was committed is safe; try again later",
    ),
    "register.zone_changed": (
        "登记库按时区 {stored} 记日, 配置却是 {configured}; 请改回时区, 已有的日统计不能换算",
        "the register counts days in zone {stored}, the configuration says {configured}: set it back; "
        "stored days cannot be converted",
    ),
    "register.key_missing": (
        "密钥文件不存在: {path}; 请从备份取回, 新系统请运行 camerahub init",
        "no key file at {path}: get it back from the backup, or run `camerahub init` for a new system",
    ),
    "register.key_exists": (
        "密钥文件已存在: {path}; 不会覆盖",
        "key file {path} exists already and is not overwritten",
    ),
    "register.key_mode": (
        "密钥文件 {path} 的权限是 {mode}, 别人也能读; 请运行 chmod 600",
        "key file {path} has mode {mode}, others can read it: run chmod 600",
    ),
    "register.key_corrupt": (
        "密钥文件 {path} 已损坏或不是密钥文件; 请从备份取回",
        "key file {path} is damaged or no key file: get it back from the backup",
    ),
    "register.key_unreadable": ("读不了密钥文件 {path}: {detail}", "cannot read key file {path}: {detail}"),
    "register.key_unwritable": ("写不了密钥文件 {path}: {detail}", "cannot write key file {path}: {detail}"),
    "register.key_needed": (
        "有密码要保存, 但没有密钥; 请先运行 camerahub init",
        "there are passwords to store but no key: run `camerahub init` first",
    ),
    "register.secret_closed": (
        "凭据 {id} 打不开: 密钥文件 {path} 与数据库不是一套, 或数据被改动",
        "credential {id} does not open: key file {path} does not belong to this database, or the row was altered",
    ),
}
