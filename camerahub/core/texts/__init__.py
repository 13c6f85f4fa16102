"""The one catalogue of user-visible text: key -> (Chinese, English), with ``str.format`` fields.

Each room keeps its part in a file of its own here; a key may stand only once.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

PARTS = (
    "common",
    "config",
    "register",
    "tablefile",
    "probe",
    "onvif",
    "enrol",
    "fleet",
    "cli",
    "farm",
    "guard",
    "dialled",
    "diagnose",
    "web",
    "figures",
    "exempt",
    "claims",
    "eyes",
    "operating",
    "doctor",
    "pages",
    "report",
)


class Text(NamedTuple):
    """One message in both languages."""

    zh: str
    en: str


def _merge() -> dict[str, tuple[str, str]]:
    merged: dict[str, tuple[str, str]] = {}
    for part in PARTS:
        texts: dict[str, tuple[str, str]] = import_module(f"{__name__}.{part}").TEXTS
        twice = merged.keys() & texts.keys()
        if twice:
            raise ValueError(f"text keys defined twice: {sorted(twice)}")
        merged |= texts
    return merged


CATALOGUE: dict[str, tuple[str, str]] = _merge()


def text(key: str, /, **fields: object) -> Text:
    """The message ``key`` filled with ``fields``. KeyError for an unknown key or a missing field: a bug."""
    zh, en = CATALOGUE[key]
    return Text(zh.format(**fields), en.format(**fields))
