"""Messages of fleet."""

TEXTS: dict[str, tuple[str, str]] = {}
