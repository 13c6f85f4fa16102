"""Messages of farm."""

TEXTS: dict[str, tuple[str, str]] = {}
