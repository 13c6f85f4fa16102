"""Messages of tablefile."""

TEXTS: dict[str, tuple[str, str]] = {}
