"""Messages of what people say of pictures: masks, 误报, evidence."""

TEXTS: dict[str, tuple[str, str]] = {
    "eyes.no_camera": ("登记表里没有编码为 {code} 的摄像机", "the register has no camera with code {code}"),
    "eyes.no_kind": (
        "没有这种画面故障: {kind}; 可用: {kinds}",
        "no such picture fault: {kind}; use one of: {kinds}",
    ),
}
