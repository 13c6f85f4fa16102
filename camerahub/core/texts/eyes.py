"""Messages of what people say of pictures: masks, 误报, evidence."""

TEXTS: dict[str, tuple[str, str]] = {
    "eyes.no_camera": ("登记表里没有编码为 {code} 的摄像机", "the register has no camera with code {code}"),
    "eyes.no_kind": (
        "没有这种画面故障: {kind}; 可用: {kinds}",
        "no such picture fault: {kind}; use one of: {kinds}",
    ),
    "eyes.bad_rect": (
        "矩形 “{rect}” 无效: 请写 x,y,w,h, 均为画面的百分比, 不超出画面",
        "“{rect}” is no rectangle: write x,y,w,h in percent of the picture, within it",
    ),
    "eyes.bad_image": (
        "{file} 不能用作遮罩: 须为 64x36 到 8192x8192 的图片, 不超过 8 MiB",
        "{file} cannot be a mask: an image from 64x36 to 8192x8192 of at most 8 MiB is needed",
    ),
    "eyes.unreadable": ("无法读取 {file}: {problem}", "cannot read {file}: {problem}"),
    "eyes.unwritable": ("无法写入 {file}: {problem}", "cannot write {file}: {problem}"),
    "eyes.mask_one": (
        "请给出图片或 --rect, 或 --clear; --only 与 --private 不能同用",
        "give an image or --rect, or --clear; --only and --private exclude each other",
    ),
    "eyes.mask_set": ("{code} 的遮罩已更新", "the mask of {code} is set"),
    "eyes.mask_same": ("{code} 的遮罩本来就是这样", "the mask of {code} was so already"),
    "eyes.mask_shown": ("不判断 {ignored}, 隐私区 {private}", "{ignored} not judged, {private} private"),
    "eyes.alarm_needs": (
        "误报须写明 --by 何人 和 --why 原因",
        "a false alarm needs --by NAME and --why TEXT",
    ),
    "eyes.alarm_kept": (
        "{code} {name} ({kind}): 第 {count} 次误报已记录; 今后严重度达到 {needed} 才算故障 (原为 0.50)",
        "{code} {kind} ({name}): false alarm {count} is kept; a fault needs severity {needed} now (0.50 at first)",
    ),
    "eyes.alarm_silent": (
        "{code} {name} ({kind}): 第 {count} 次误报已记录; 此类故障在这路摄像机上不再报",
        "{code} {kind} ({name}): false alarm {count} is kept; this kind is not told at this camera any more",
    ),
    "eyes.look_needs": ("查看证据须写明 --by 何人", "who looks at evidence must say so: --by NAME"),
    "eyes.look_done": (
        "已写入 {file}, 查看人 {name} 已记录",
        "{file} written; that {name} looked is on record",
    ),
    "eyes.no_still": (
        "{code} 没有这张证据图, 或已过期删除",
        "{code} has no such evidence, or it has expired",
    ),
    "eyes.col_kind": ("故障", "fault"),
    "eyes.col_at": ("时间", "at"),
    "eyes.col_by": ("何人", "by"),
    "eyes.col_why": ("原因", "why"),
    "eyes.col_number": ("编号", "number"),
    "eyes.col_expires": ("删除", "deleted"),
    "eyes.col_size": ("大小", "size"),
}
