"""What a profile is: the columns of one kind of table, their names, kinds and dictionaries.

Must not know files, rows or the database. A new profile is one file and one line in ``profiles.PROFILES``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from camerahub.registry.tablefile.cells import Words

#: Fields that are columns of the register; every other field of a profile is kept in ``extra``.
CAMERA_TEXTS = (
    "network",
    "source",
    "site",
    "pole",
    "vendor",
    "model",
    "point_class",
    "maintainer",
    "installed_on",
    "status",
    "device",
    "switch",
    "onu",
    "power",
    "keyboard_no",
)
#: Fields with a meaning of their own.
OWN_FIELDS = (
    "code",
    "name",
    "area_code",
    "rtsp_url",
    "rtsp_sub_url",
    "onvif_url",
    "snapshot_url",
    "ip",
    "port",
    "channel",
    "via",
    "username",
    "password",
    "lon",
    "lat",
    "crs",
    "extra",
)
#: What is no part of ``extra``.
STORED_FIELDS = frozenset((*CAMERA_TEXTS, *OWN_FIELDS))
#: Fields whose unusable value refuses the row whatever the kind of the cell says.
ADDRESS_FIELDS = ("rtsp_url", "rtsp_sub_url", "onvif_url", "snapshot_url", "ip", "port", "channel", "via")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: canonical ``field``, ``header`` as exported, other names people give it, kind of its cells."""

    field: str
    header: str
    aliases: tuple[str, ...] = ()
    kind: str = "text"
    words: Words | None = None
    needed: bool = False
    zh: str = ""
    example: str = ""

    @property
    def is_extra(self) -> bool:
        """Whether the value is kept in the ``extra`` JSON of the camera."""
        return self.field not in STORED_FIELDS


@dataclass(frozen=True)
class Profile:
    """One kind of table. ``also`` are columns understood on import but never exported."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    also: tuple[Column, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Normal form of every header and alias -> column."""
        found: dict[str, Column] = {}
        for column in (*self.columns, *self.also):
            for name in (column.header, column.field, *column.aliases):
                found.setdefault(normal(name), column)
        return found

    @cached_property
    def needed(self) -> tuple[Column, ...]:
        """Columns without which the table is not understood."""
        return tuple(column for column in self.columns if column.needed)


_UNIT = re.compile(r"[(\[【<].*?[)\]】>]")
_NOISE = re.compile(r"[\s*_\-:./、,;\"'`~!?#%&·★]+")


def normal(header: str) -> str:
    """A header without width, case, blanks, stars, punctuation and unit: ``＊经度（°）`` -> ``经度``."""
    text = unicodedata.normalize("NFKC", header[:200]).casefold()
    return _NOISE.sub("", _UNIT.sub("", text)) or _NOISE.sub("", text)
