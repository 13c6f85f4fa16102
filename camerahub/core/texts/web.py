"""Messages of web."""

TEXTS: dict[str, tuple[str, str]] = {}
