"""Messages of config."""

TEXTS: dict[str, tuple[str, str]] = {}
