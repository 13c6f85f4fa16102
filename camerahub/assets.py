"""Files that ship with the product. A wheel carries ``configs/`` inside the package; a checkout has it beside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def config_asset(name: str) -> Path:
    """Path of ``configs/<name>`` as shipped. FileNotFoundError when the installation is incomplete."""
    for folder in (_PACKAGE / "_configs", _PACKAGE.parent / "configs"):
        path = folder / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"configs/{name} is missing from this installation")
