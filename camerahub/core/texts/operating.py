"""Messages of ``backup``, ``restore``, ``migrate`` and ``prune``."""

TEXTS: dict[str, tuple[str, str]] = {
    "backup.made": (
        "备份完成并已核对: {file} ({mb} MB; {cameras} 路摄像机, {flips} 次状态变化, 结构 {schema})",
        "backed up and verified: {file} ({mb} MB; {cameras} cameras, {flips} changes of state, schema {schema})",
    ),
    "backup.checked": (
        "备份完好: {file} ({mb} MB; {cameras} 路摄像机, {flips} 次状态变化, 结构 {schema})",
        "the backup is sound: {file} ({mb} MB; {cameras} cameras, {flips} changes of state, schema {schema})",
    ),
    "backup.key_apart": (
        "密钥不在备份里, 没有它摄像机口令打不开: 用 --key-to 目录 另存一份, 与备份分开保管",
        "the key is not in it, and without the key no camera password opens: copy it apart with --key-to FOLDER",
    ),
    "backup.key_at": (
        "密钥另存于 {file}, 请与备份分开保管",
        "the key is at {file}: keep it apart from the backup",
    ),
    "backup.key_beside": (
        "--key-to 与备份是同一目录: 密钥要与备份分开; 确要放在一起请用 --with-key",
        "--key-to is the folder of the backups: the key belongs apart from them; to put it in, say --with-key",
    ),
    "backup.before": (
        "升级前已备份到 {file} (结构 {schema})",
        "backed up before the upgrade: {file} (schema {schema})",
    ),
    "backup.no_folder": (
        "没有说备份到哪里: camerahub backup 目录, 或在 camerahub.toml 写 backup.folder",
        "no folder for backups: camerahub backup FOLDER, or set backup.folder in camerahub.toml",
    ),
    "backup.no_room": (
        "{folder} 空间不足: 至少需要 {mb} MB; 什么也没有改动",
        "not enough room in {folder}: {mb} MB are needed; nothing was changed",
    ),
    "backup.unwritable": (
        "写不进 {folder} ({error}); 没有留下不完整的备份",
        "cannot write to {folder} ({error}); no half backup was left",
    ),
    "backup.unreadable": ("读不了备份 {file}: {error}", "cannot read the backup {file}: {error}"),
    "backup.busy": (
        "另一个备份正在写 {folder}; 稍后再试",
        "another backup is writing to {folder}; try again later",
    ),
    "backup.damaged": (
        "{file} 不是完好的 camerahub 备份 ({problem}); 请换一份",
        "{file} is not a sound backup of camerahub ({problem}); take another one",
    ),
    "backup.incomplete": (
        "从 {where} 复制的行数与原来不符; 没有留下备份, 什么也没有改动",
        "the rows copied from or to {where} are not all there; nothing was kept or changed",
    ),
    "restore.taken": (
        "{home} 已有数据 ({what}); 什么也没有改动. 换一个空目录, 或加 --replace (旧数据移到一旁, 不删除)",
        "{home} is in use ({what}); nothing was changed. Take an empty folder, or --replace (the old is moved aside)",
    ),
    "restore.no_key": (
        "{file} 里没有密钥: 用 --key 文件 给出与它同时保存的密钥; 什么也没有改动",
        "{file} holds no key: give the key file that belongs to it with --key; nothing was changed",
    ),
    "restore.wrong_key": (
        "密钥 {key} 不是这份备份 ({file}) 的密钥; 什么也没有改动. 每个登记册只有一份自己的密钥, 请找到当时另存的那份",
        "{key} is not the key of this backup ({file}); nothing was changed. A register has a key of its own: find the "
        "copy that was made with it",
    ),
    "restore.done": (
        "已恢复到 {home}: {cameras} 路摄像机, {flips} 次状态变化. 下一步: doctor, 然后 run",
        "restored to {home}: {cameras} cameras, {flips} changes of state. Next: doctor, then run",
    ),
    "restore.aside": ("原有数据在 {folder}", "what was there before is in {folder}"),
    "prune.table": ("表", "table"),
    "prune.rows": ("行数", "rows"),
    "prune.size": ("大小", "size"),
    "prune.kept": ("保留", "kept"),
    "prune.goes": ("可删行数", "rows to go"),
    "prune.for_ever": ("永久", "for ever"),
    "prune.days": ("{days} 天", "{days} days"),
    "prune.until": ("到期为止", "until they expire"),
    "prune.bounded": ("有上限", "bounded"),
    "prune.would": (
        "到期可删 {rows} 行; 数据库 {total}, 其中空闲可再用 {free}; 磁盘还剩 {disk}. 中心进程每日自动执行",
        "{rows} rows may go; the database takes {total}, {free} of it free for use; {disk} left on the disk. The hub "
        "does it daily",
    ),
    "prune.done": (
        "已删除 {rows} 行; 数据库 {total}, 其中空闲可再用 {free}; 磁盘还剩 {disk}",
        "{rows} rows deleted; the database takes {total}, {free} of it free for use; {disk} left on the disk",
    ),
}
