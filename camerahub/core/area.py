"""The civil tree (行政区划): levels, parents, and the township under which a camera is counted.

Widths of codes are a habit, not a law: prefecture cities without counties number their towns with six digits, and
tables hold eight. A level or parent that is written down always beats one guessed from the width.
Source of the widths: GB/T 2260 (2+2+2), GB/T 10114 (+3), statistical code book (+3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LEVELS: tuple[str, ...] = ("province", "city", "county", "township", "village", "grid")

#: Label of a camera that hangs nowhere in the tree.
UNASSIGNED = "unassigned"

#: Greatest width of each level; anything wider is a grid or a unit of its own numbering.
_WIDEST: tuple[tuple[int, str], ...] = (
    (2, "province"),
    (4, "city"),
    (6, "county"),
    (9, "township"),
    (12, "village"),
)
_PARENT_WIDTHS: tuple[int, ...] = (12, 9, 6, 4, 2)


@dataclass(frozen=True, slots=True)
class Area:
    """One node; ``level`` a word of ``LEVELS``, ``parent_code`` empty at the top, ``id`` 0 until it is stored."""

    code: str
    name: str
    level: str
    parent_code: str = ""
    id: int = 0


def short_code(code: str) -> str:
    """Without the zeros that fill a province or city code up to six digits: ``320500`` -> ``3205``."""
    if len(code) == 6 and code.isdecimal():
        return code[:2] if code.endswith("0000") else code.removesuffix("00")
    return code


def level_of(code: str) -> str:
    """The level a code has by its width; a guess for the odd ones (8 digits: township), see the preface."""
    width = len(short_code(code))
    return next((level for widest, level in _WIDEST if width <= widest), "grid")


def parent_code(code: str) -> str:
    """The code one level up by width, empty for a province: ``320585103`` -> ``320585`` -> ``3205`` -> ``32``."""
    code = short_code(code)
    return next((code[:width] for width in _PARENT_WIDTHS if width < len(code)), "")


def ancestors(code: str, parents: Mapping[str, str]) -> list[str]:
    """``code`` and what is above it, as far as the tree ``parents`` (code -> parent code, empty at a top) knows it.

    An unknown code or parent is looked for by width. Bounded: a circle ends where it would close.
    """
    found: list[str] = []
    seen: set[str] = set()
    while code and code not in seen:
        seen.add(code)
        if code in parents:
            found.append(code)
        code = parents.get(code, "") or parent_code(code)
    return found


def township_of(code: str, parents: Mapping[str, str], levels: Mapping[str, str] | None = None) -> str:
    """Under which code a camera in area ``code`` is counted: nearest ancestor (itself included) of level township,
    else its county, else ``unassigned``.

    ``parents``: code -> parent code, of every area known; ``levels``: code -> level where it is written down.
    """
    known = levels or {}
    line = {known.get(c) or level_of(c): c for c in reversed(ancestors(code, parents))}
    return line.get("township") or line.get("county") or UNASSIGNED


def townships_of(
    codes: Sequence[str] | NDArray[np.str_],
    parents: Mapping[str, str],
    levels: Mapping[str, str] | None = None,
) -> NDArray[np.str_]:
    """``township_of`` for each camera's area code, shape (N,); each distinct code is climbed once."""
    if not len(codes):
        return np.zeros(0, dtype=np.str_)
    distinct, place = np.unique(np.asarray(codes, dtype=np.str_), return_inverse=True)
    told = np.array([township_of(str(code), parents, levels) for code in distinct], dtype=np.str_)
    answer: NDArray[np.str_] = told[place]
    return answer


#: Third group of a village code below 200: 居委会, else 村委会; of a township below 100: 街道, from 400: 开发区.
_URBAN_VILLAGE, _STREET, _ZONE = 200, 100, 400


def urban_rural(code: str) -> str:
    """``urban`` or ``rural`` by the numbering of villages and townships, empty where the code does not tell.

    Source: statistical code book (001-199 居委会, 200-399 村委会), GB/T 10114 (001-099 街道, 100-199 镇, 200-299 乡,
    400-599 开发区). A habit, like all widths: a town seat counts as rural unless its 居委会 is known.
    """
    if len(code) >= 12 and code[9:12].isdecimal() and code[9:12] != "000":
        return "urban" if int(code[9:12]) < _URBAN_VILLAGE else "rural"
    if len(code) >= 9 and code[6:9].isdecimal() and code[6:9] != "000":
        number = int(code[6:9])
        return "urban" if number < _STREET or number >= _ZONE else "rural"
    return ""


class AreaLike(Protocol):
    """A node as the register or a file gives it."""

    @property
    def code(self) -> str:
        """Its code."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def level(self) -> str:
        """A word of ``LEVELS``."""
        ...

    @property
    def parent_code(self) -> str:
        """Code of the area above, empty at the top."""
        ...


class Tree:
    """The civil tree, to count by: whom a camera in an area belongs to at each level."""

    def __init__(self, areas: Iterable[AreaLike]) -> None:
        nodes = list(areas)
        self.parents = {area.code: area.parent_code for area in nodes}
        self.levels = {area.code: area.level for area in nodes}
        self.names = {area.code: area.name for area in nodes}

    def above(self, code: str) -> list[str]:
        """``code`` and all above it."""
        return ancestors(code, self.parents)

    def at(self, level: str, code: str) -> str:
        """Under which code of ``level`` an area is counted: the nearest above it, else as near as there is.

        ``urban_rural`` is a level too: its groups are ``urban``, ``rural`` and the empty one.
        """
        if level == "urban_rural":
            return urban_rural(code)
        if level == "township":
            return township_of(code, self.parents, self.levels)
        for above in self.above(code):
            if (self.levels.get(above) or level_of(above)) == level:
                return above
        return self.at("township", code) if level == "village" else UNASSIGNED
