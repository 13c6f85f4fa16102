"""Messages of probe."""

TEXTS: dict[str, tuple[str, str]] = {}
