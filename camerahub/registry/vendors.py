"""Stream addresses by maker, read from ``configs/vendors.toml``.

Why: most tables hold a maker and an IP address, and no stream address. Must not know tables or the database.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from camerahub.core.address import PASSWORD_FIELD, USER_FIELD
from camerahub.core.errors import ConfigError

CERTAINTIES = ("documented", "seen", "guess")
_PATHS = ("main", "sub", "snapshot", "nvr_main", "nvr_sub")
#: Filled in when a camera is dialled, never before.
_KEPT = {"username": USER_FIELD, "password": PASSWORD_FIELD}
_PLACEHOLDERS = {"channel", "channel0", "username", "password"}
_PLACES = (
    Path(__file__).parents[1] / "_configs" / "vendors.toml",
    Path(__file__).parents[2] / "configs" / "vendors.toml",
)


@dataclass(frozen=True, slots=True)
class Vendor:
    """One maker: names, default RTSP port, path templates ('' when not known; ``nvr_*`` '' = same as IPC)."""

    key: str
    zh: str
    en: str
    certainty: str
    main: str
    sub: str
    rtsp_port: int = 554
    aliases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    snapshot: str = ""
    nvr_main: str = ""
    nvr_sub: str = ""

    def path(self, stream: str, channel: int | None) -> str:
        """The path of ``stream`` (main, sub, snapshot); ``channel`` 1.. of an NVR, None for a camera itself."""
        template: str = getattr(self, stream)
        if channel is not None and stream != "snapshot":
            template = getattr(self, f"nvr_{stream}") or template
        number = channel or 1
        return template.format_map({"channel": number, "channel0": number - 1, **_KEPT})


@dataclass(frozen=True, slots=True)
class Vendors:
    """All makers; ``find`` takes what people write into a table."""

    by_key: Mapping[str, Vendor]
    names: Mapping[str, Vendor]
    codes: Mapping[str, Vendor]

    def find(self, text: str) -> Vendor | None:
        """The maker ``text`` names: exactly (any alias, code), else the first of which a name occurs in it."""
        wanted = _norm(text)
        exact = self.names.get(wanted) or self.codes.get(wanted)
        if exact or not wanted:
            return exact
        inside = (v for name, v in self.names.items() if _occurs(name, wanted))
        return next(inside, None)


def _occurs(name: str, text: str) -> bool:
    """A Chinese name anywhere in ``text``; a Latin one only as a word of three letters or more."""
    if not name.isascii():
        return name in text
    return len(name) >= 3 and re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", text) is not None


def _norm(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def load_vendors(path: Path | None = None) -> Vendors:
    """Read and check the file (the shipped one by default). ConfigError names file, key and remedy."""
    path = path or next((place for place in _PLACES if place.is_file()), _PLACES[-1])
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("tablefile.vendors_unreadable", file=path, why=error) from error
    return _index({key: _vendor(path, key, value) for key, value in table.items()}, path)


@cache
def shipped_vendors() -> Vendors:
    """The shipped file, read once."""
    return load_vendors()


def _index(by_key: dict[str, Vendor], path: Path) -> Vendors:
    names: dict[str, Vendor] = {}
    codes: dict[str, Vendor] = {}
    for vendor in by_key.values():
        for name in {_norm(n): None for n in (vendor.key, vendor.zh, vendor.en, *vendor.aliases)}:
            _claim(names, name, vendor, path)
        for code in vendor.codes:
            _claim(codes, code, vendor, path)
    return Vendors(by_key, names, codes)


def _claim(table: dict[str, Vendor], name: str, vendor: Vendor, path: Path) -> None:
    if name in table:
        raise ConfigError(
            "tablefile.vendors_twice", file=path, name=name, one=table[name].key, two=vendor.key
        )
    table[name] = vendor


def _vendor(path: Path, key: str, value: Any) -> Vendor:
    def wrong(what: str) -> ConfigError:
        return ConfigError("tablefile.vendors_bad", file=path, vendor=key, what=what)

    if not isinstance(value, dict):
        raise wrong("[table] expected")
    known = {field.name: str(field.type) for field in fields(Vendor) if field.name != "key"}
    for name, item in value.items():
        if name not in known or not _has_type(item, known[name]):
            raise wrong(name)
    missing = {"zh", "en", "certainty", "main", "sub"} - value.keys()
    if missing:
        raise wrong(", ".join(sorted(missing)))
    if value["certainty"] not in CERTAINTIES:
        raise wrong("certainty: " + " | ".join(CERTAINTIES))
    if not 1 <= value.get("rtsp_port", 554) <= 65535:
        raise wrong("rtsp_port: 1..65535")
    for name in _PATHS:
        if not _sound_path(value.get(name, "")):
            raise wrong(name)
    lists = {name: tuple(value.get(name, ())) for name in ("aliases", "codes")}
    return Vendor(key=key, **{**value, **lists})


def _has_type(item: Any, declared: str) -> bool:
    if declared.startswith("tuple"):
        return isinstance(item, list) and all(isinstance(part, str) and part for part in item)
    return (
        isinstance(item, int) and not isinstance(item, bool) if declared == "int" else isinstance(item, str)
    )


def _sound_path(template: str) -> bool:
    if not template:
        return True
    try:
        used = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        template.format_map({"channel": 1, "channel0": 0, **_KEPT})
    except (ValueError, KeyError, IndexError, AttributeError):
        return False
    return template.startswith("/") and used <= _PLACEHOLDERS and " " not in template
