"""Words every room uses."""

TEXTS: dict[str, tuple[str, str]] = {
    "error.bug": (
        "程序内部错误 ({kind}), 请把日志交给维护者; 数据没有丢失",
        "internal error ({kind}): please give the log to the maintainers; no data was lost",
    ),
    "error.interrupted": ("已中断", "interrupted"),
}
