"""Messages of register."""

TEXTS: dict[str, tuple[str, str]] = {}
