"""What cameras are counted by beside their membership, and the civil tree, as they were: the columns of today and the
log of changes, read backwards.

Must not know: figures. Sources: ``cameras``, ``areas``, and what ``Ledger`` wrote in ``changes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from camerahub.core.area import ancestors
from camerahub.core.rates_past import Spans
from camerahub.registry import bulk
from camerahub.registry.queries import Area, areas_of
from camerahub.registry.tables import areas, cameras, changes

I8 = NDArray[np.int64]
_FAR = int(np.iinfo(np.int64).max)

#: What cameras can be counted by -> its column, as ``changes`` names it.
COLUMNS: dict[str, str] = {
    "source": "source",
    "maintainer": "maintainer",
    "point_class": "point_class",
    "vendor": "vendor",
    "site": "site",
    "unit": "unit_id",
}


def spans(connection: Connection, by: str, as_of: int, ids: I8) -> tuple[Spans, list[str]]:
    """The value of ``by`` of each camera of ``ids`` (C,), ascending, at every time, as known at ``as_of``: spans whose
    value is a place in the list of names. KeyError for something nobody can be counted by."""
    column = COLUMNS[by]
    rows = connection.execute(select(cameras.c.id, cameras.c.code, cameras.c[column])).all()
    place = {row[1]: int(np.searchsorted(ids, row[0])) for row in rows}
    now = {place[row[1]]: _word(row[2]) for row in rows}
    found: list[tuple[int, int, int, str]] = []
    for camera, line in _changed(connection, column, place).items():
        known = [one for one in line if one[0] <= as_of]
        ahead = line[len(known)][1] if len(known) < len(line) else now[camera]
        now[camera] = ahead
        starts = [-_FAR, *(at for at, _, _ in known)]
        words = [known[0][1] if known else ahead, *(new for _, _, new in known)]
        words[-1] = ahead if known else words[-1]
        ends = [*starts[1:], _FAR]
        found += [(camera, a, b, word) for a, b, word in zip(starts, ends, words, strict=True)]
    moved = {camera for camera, *_ in found}
    found += [(camera, -_FAR, _FAR, word) for camera, word in now.items() if camera not in moved]
    names, number = _numbered([word for *_, word in found], _unit_codes(connection) if by == "unit" else {})
    table = np.array([(c, a, b, number[word]) for c, a, b, word in found], np.int64).reshape(-1, 4).T
    return Spans(*table), names


def _word(value: object) -> str:
    return "" if value is None else str(value)


def _numbered(words: list[str], codes: Mapping[str, str]) -> tuple[list[str], dict[str, int]]:
    said = {word: codes.get(word, word) for word in set(words)}
    names = sorted(set(said.values())) or [""]
    at = {name: place for place, name in enumerate(names)}
    return names, {word: at[name] for word, name in said.items()}


def _unit_codes(connection: Connection) -> dict[str, str]:
    return {str(row[0]): row[1] for row in connection.execute(select(areas.c.id, areas.c.code))}


def _changed(
    connection: Connection, column: str, place: Mapping[str, int]
) -> dict[int, list[tuple[int, str, str]]]:
    """Per camera (at, old, new), oldest first."""
    one = changes.c
    query = select(one.key, one.at, one.old, one.new).where(one.entity == "camera", one.field == column)
    lines: dict[int, list[tuple[int, str, str]]] = {}
    for key, at, old, new in bulk.fetch(connection, query.order_by(one.at, one.id)):
        if key in place:
            lines.setdefault(place[key], []).append((at, _word(old), _word(new)))
    return lines


def tree_at(connection: Connection, as_of: int) -> list[Area]:
    """The civil tree as it stood at ``as_of`` (µs UTC), ordered by code; areas that came later stand in it too."""
    one = changes.c
    query = select(one.key, one.field, one.old).where(one.entity == "area", one.at > as_of, one.field != "")
    undone: dict[str, dict[str, Any]] = {}
    for key, name, old in connection.execute(query.order_by(one.at, one.id)):
        undone.setdefault(key, {}).setdefault(name, old)  # the first change after it tells what was before
    tree = areas_of(connection)
    if not undone:
        return tree
    codes = {str(area.id): area.code for area in tree}
    return [_as_it_was(area, undone.get(area.code, {}), codes) for area in tree]


def _as_it_was(area: Area, old: Mapping[str, Any], codes: Mapping[str, str]) -> Area:
    parent = codes.get(str(old["parent_id"]), "") if "parent_id" in old else area.parent_code
    name, level = old.get("name", area.name), old.get("level", area.level)
    return replace(area, name=name, level=level, parent_code=parent)


def below(tree: Sequence[Area], code: str | None) -> set[int]:
    """Ids of the areas at and below ``code``, of all for None. KeyError for a code that is not in the tree."""
    if code is None:
        return {area.id for area in tree}
    parents = {area.code: area.parent_code for area in tree}
    if code not in parents:
        raise KeyError(code)
    return {area.id for area in tree if code in ancestors(area.code, parents)}
