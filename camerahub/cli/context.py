"""What every command can ask for: the home folder. Opened only when asked, so that `sweep --targets` needs none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Context:
    """State of one command line. ``home`` is what ``--home`` or ``CAMERAHUB_HOME`` said, if anything."""

    home: Path | None = None
