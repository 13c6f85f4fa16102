"""Words of ``diagnose``: faults as an operator and a technician know them, and what is wrong with a file."""

#: What every kind is called, and in one sentence what it looks like and what to check.
_KINDS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "no_signal": (
        ("信号丢失", "no signal"),
        (
            "画面是录像机或编码器的提示画面 (蓝屏、灰屏或彩条), 摄像机没有送来图像: 查摄像机供电和视频线",
            "a card of the recorder or encoder (blue, grey, colour bars), no picture from the camera: check its power "
            "and its video cable",
        ),
    ),
    "black": (
        ("黑屏", "black"),
        (
            "画面全黑, 一盏灯也看不到: 查镜头盖、光圈和传感器, 夜间再查补光灯",
            "all black, not one lamp in sight: check lens cap, iris and sensor, and at night the illuminator",
        ),
    ),
    "blur": (
        ("清晰度异常", "blur"),
        (
            "景物边缘发虚, 字幕可能仍清楚: 查对焦、护罩水汽和污渍",
            "edges of the scene are soft though its caption may be sharp: check focus, and the dome for mist and dirt",
        ),
    ),
    "overexposed": (
        ("过亮", "overexposed"),
        (
            "大面积发白, 细节丢失: 查光圈、曝光和补光设置, 夜间查近处反光",
            "large parts are white and without detail: check iris, exposure and illuminator, at night what reflects",
        ),
    ),
    "underexposed": (
        ("过暗", "underexposed"),
        (
            "有图像但太暗, 认不清景物: 查光圈、曝光和补光灯",
            "there is a picture but too dark to see by: check iris, exposure and illuminator",
        ),
    ),
    "low_contrast": (
        ("对比度异常", "low contrast"),
        (
            "整幅画面蒙了一层灰, 不像雾那样远浓近淡: 查护罩起雾、污垢和传感器老化",
            "a grey veil over near and far alike, as fog is not: check the dome for mist and dirt, then the sensor",
        ),
    ),
    "colour_cast": (
        ("偏色", "colour cast"),
        (
            "整幅画面偏向一种颜色: 查白平衡和红外滤光片切换",
            "the whole picture leans to one colour: check white balance and the infrared cut filter",
        ),
    ),
    "snow_noise": (
        ("雪花噪声", "snow noise"),
        (
            "布满雪花或噪点, 盖过细节: 查视频线接头、干扰和增益",
            "noise all over, stronger than the detail: check video connectors, interference and gain",
        ),
    ),
    "stripes": (
        ("条纹干扰", "stripes"),
        (
            "规则的横纹、竖纹或斜纹, 不属于景物: 查接地、电源和线缆屏蔽",
            "regular bars that are not part of the scene: check earthing, power supply and cable shield",
        ),
    ),
    "mosaic": (
        ("花屏", "mosaic"),
        (
            "画面碎成方块、错位或带状色块: 查网络丢包、编码器和存储",
            "broken into blocks, bands or displaced parts: check packet loss, encoder and recorder",
        ),
    ),
    "occlusion": (
        ("遮挡", "occlusion"),
        (
            "一部分视野被近处物体挡住: 清理树叶、蛛网或异物, 查人为遮挡",
            "something close to the lens hides part of the view: clear leaves, webs or objects, look for tampering",
        ),
    ),
    "frozen": (
        ("画面冻结", "frozen"),
        (
            "前后画面完全相同, 连噪点都不变 (时钟走动不算): 重启摄像机或编码器, 查平台转发",
            "nothing changes between the pictures, not even the noise (a running clock does not count): restart camera "
            "or encoder, check what relays the stream",
        ),
    ),
    "scene_change": (
        ("场景变更", "scene change"),
        (
            "视野与之前不同: 摄像机被转动、碰歪或云台未回预置位",
            "it looks elsewhere than before: turned, knocked aside, or not back at its preset",
        ),
    ),
    "shake": (
        ("抖动", "shake"),
        (
            "画面来回晃动: 紧固支架和立杆, 查大风和附近振动",
            "the view moves to and fro: fasten bracket and pole, look for wind and vibration",
        ),
    ),
}

#: Why an item could not be judged; the command ends with exit code 3.
_PROBLEMS: dict[str, tuple[str, str]] = {
    "missing": ("文件不存在: {what}", "no such file: {what}"),
    "not_file": ("不是普通文件: {what}", "not a regular file: {what}"),
    "unreadable": ("文件无法读取: {what}", "cannot be read: {what}"),
    "empty_file": ("文件是空的: {what}", "the file is empty: {what}"),
    "no_pictures": ("没有图片可判: {what}", "no picture to judge: {what}"),
    "not_picture": (
        "不是图片或视频 (支持 JPEG、PNG、BMP、WebP、MP4、AVI、MKV): {what}",
        "neither a picture nor a clip (JPEG, PNG, BMP, WebP, MP4, AVI, MKV): {what}",
    ),
    "damaged": (
        "文件残缺或损坏, 解不出完整画面: {what}",
        "cut off or damaged, no whole picture in it: {what}",
    ),
    "too_large": ("文件过大: {what}", "the file is too large: {what}"),
    "size": ("画面尺寸过小或过大: {what}", "too few or too many pixels: {what}"),
    "sizes_differ": (
        "同一组图片尺寸不一致: {what}",
        "pictures of one item differ in size: {what}",
    ),
    "mixed": (
        "视频本身就是一组画面, 不能与其他文件放在一组: {what}",
        "a clip is a sequence of its own and cannot stand among other files: {what}",
    ),
    "bad_line": ("第 {line} 行不是有效的条目: {why}", "line {line} is no item: {why}"),
    "poison": (
        "解码时进程崩溃或超时, 已隔离: {what}",
        "brought its decoder down or took too long, twice: {what}",
    ),
    "memory": ("解码所需内存超限: {what}", "needs more memory than a decoder may have: {what}"),
    "codec": ("编码格式不支持: {what}", "a codec that is not known here: {what}"),
    "bug": ("程序内部错误, 未能判断: {what}", "not judged because of an internal error: {what}"),
}

#: What the frames drawn over a picture stand around.
_WHERE: dict[str, tuple[str, str]] = {
    "blur": ("没有一条清晰边缘的区域", "cells without one sharp edge"),
    "overexposed": ("一片发白的区域", "cells that are mostly white"),
    "underexposed": ("过暗的区域", "cells that are too dark"),
    "low_contrast": ("明暗几乎没有差别的区域", "cells nearly without contrast"),
    "colour_cast": ("偏离灰色的区域", "cells away from grey"),
    "snow_noise": ("噪点最多的区域", "cells with most noise"),
    "stripes": ("条纹经过的区域", "cells the stripes cross"),
    "mosaic": ("成块的区域", "cells broken into blocks"),
    "occlusion": ("没有细节的区域", "cells without detail"),
    "frozen": ("毫无变化的区域", "cells without any change"),
    "scene_change": ("与之前不同的区域", "cells that differ from before"),
}

TEXTS: dict[str, tuple[str, str]] = {
    **{f"diagnose.kind.{kind}": name for kind, (name, _) in _KINDS.items()},
    **{f"diagnose.why.{kind}": why for kind, (_, why) in _KINDS.items()},
    **{f"diagnose.where.{kind}": what for kind, what in _WHERE.items()},
    **{f"diagnose.problem.{name}": said for name, said in _PROBLEMS.items()},
    "diagnose.verdict.ok": ("正常", "ok"),
    "diagnose.verdict.fault": ("异常", "fault"),
    "diagnose.verdict.unknown": ("未知", "unknown"),
    "diagnose.mode.day": ("白天", "day"),
    "diagnose.mode.night": ("夜间", "night"),
    "diagnose.mode.infrared": ("红外", "infrared"),
    "diagnose.level.warn": ("预警", "warning"),
    "diagnose.level.fault": ("故障", "fault"),
    "diagnose.head.verdict": ("结论", "verdict"),
    "diagnose.head.mode": ("模式", "mode"),
    "diagnose.head.findings": ("问题 (严重度 0–1)", "findings (severity 0–1)"),
    "diagnose.head.item": ("对象", "item"),
    "diagnose.reason.small": (
        "画面太小, 看不清问题, 未作判断",
        "too small a picture to see faults in; not judged",
    ),
    "diagnose.reason.masked": (
        "遮罩几乎盖住整幅画面, 未作判断",
        "the mask leaves too little of the picture; not judged",
    ),
    "diagnose.unjudged": ("画面无法判断: {reason}", "the picture cannot be judged: {reason}"),
    "diagnose.summary": (
        "共 {items} 项: 正常 {ok}, 异常 {fault}, 未知 {unknown} (其中 {refused} 项无法读取); 未判 {not_tried}; "
        "略过 {skipped} 个其他文件; 用时 {wall} 秒, CPU {cpu} 秒",
        "{items} items: ok {ok}, fault {fault}, unknown {unknown} ({refused} of them unusable); not tried {not_tried}; "
        "{skipped} other files passed over; {wall} s, CPU {cpu} s",
    ),
    "diagnose.progress": ("正在判断", "judging"),
    "diagnose.newest_only": (
        "{what}: 共 {count} 张, 只看最新的 {most} 张",
        "{what}: {count} pictures, only the newest {most} are looked at",
    ),
    "diagnose.nothing_named": (
        "请给出图片、视频、文件夹, 或 --items 文件",
        "name pictures, clips or folders, or a file with --items",
    ),
    "diagnose.items_unreadable": (
        "条目文件无法读取: {path}: {problem}",
        "items cannot be read: {path}: {problem}",
    ),
    "diagnose.cannot_draw": (
        "图片无法写到 {path}: {problem}",
        "the picture cannot be written to {path}: {problem}",
    ),
    "diagnose.draw_png": (
        "--picture 只写 PNG 文件, 不能是 {path}",
        "--picture writes a PNG file, not {path}",
    ),
    "diagnose.no_child": ("解码进程无法启动: {problem}", "no decoder process can be started: {problem}"),
    "diagnose.drawn": ("已画到 {path}", "drawn to {path}"),
    "diagnose.line.json": ("不是 JSON 对象", "not a JSON object"),
    "diagnose.line.long": ("超过 {most} 字节", "longer than {most} bytes"),
    "diagnose.line.id": ("缺少 id (非空文字)", "id is missing (a text that is not empty)"),
    "diagnose.line.images": (
        "images 应为 1 到 {most} 个路径",
        "images must be 1 to {most} paths",
    ),
    "diagnose.line.gap": (
        "gap_s 应为不小于 0 的秒数",
        "gap_s must be seconds, 0 or more",
    ),
    "diagnose.draw.wall": (
        "画面诊断  {items} 项  正常 {ok}  异常 {fault}  未知 {unknown}",
        "Picture diagnosis  {items} items  ok {ok}  fault {fault}  unknown {unknown}",
    ),
    "diagnose.draw.shown": ("图中 {shown} 项", "{shown} shown"),
    "diagnose.draw.nothing": ("未发现问题", "nothing found"),
    "diagnose.draw.measures": ("测量值", "measures"),
    "diagnose.draw.earlier": ("之前的画面", "earlier"),
    "diagnose.draw.marked": ("框出: {what}", "marked: {what}"),
    "diagnose.draw.pictures": ("{count} 张画面", "{count} pictures"),
    "diagnose.draw.more": ("另有 {count} 个测量值见 --json", "{count} more measures with --json"),
    "diagnose.draw.gap": ("间隔 {gap} 秒", "{gap} s apart"),
}
