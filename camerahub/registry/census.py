"""Every camera with its answer and what it can be counted by: the input of ``rates``, read in one transaction.

Answers are those of the last commit, as the hub itself would start. Must not know: how figures are made or shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, func, select

from camerahub.core.health import POLICIES
from camerahub.core.result import Facet
from camerahub.core.roads import Roads, answers
from camerahub.registry import exempt
from camerahub.registry.engine import reading
from camerahub.registry.queries import Area
from camerahub.registry.snapshot import last_alive, load
from camerahub.registry.tables import areas, cameras

#: What cameras can be counted by, beside the levels of the civil tree -> column.
COLUMNS: dict[str, ColumnElement[str]] = {
    "network": cameras.c.network,
    "source": cameras.c.source,
    "maintainer": cameras.c.maintainer,
    "point_class": cameras.c.point_class,
    "vendor": cameras.c.vendor,
    "site": cameras.c.site,
    "status": cameras.c.status,
    "unit": func.coalesce(
        select(areas.c.code).where(areas.c.id == cameras.c.unit_id).scalar_subquery().correlate(cameras), ""
    ),
}


@dataclass(frozen=True, slots=True)
class Census:
    """C cameras: ``area`` code of each, ``value`` of the column asked for, ``answer`` ``Answer`` codes uint8,
    ``expected`` and ``exempt`` bool, all (C,). ``areas``: the civil tree. ``alive_at``: last sign of life of the
    hub, µs UTC, 0 = never."""

    area: list[str]
    value: list[str]
    answer: NDArray[np.uint8]
    expected: NDArray[np.bool_]
    exempt: NDArray[np.bool_]
    areas: list[Area]
    alive_at: int


def census(engine: Engine, facet: Facet, column: str | None = None, now: int = 0) -> Census:
    """The census for ``facet``; ``column`` a key of ``COLUMNS``, None for empty values. KeyError for another.

    ``now`` µs UTC: exempt is who is so at that instant; 0 = nobody asks.
    """
    wanted: ColumnElement[Any] = cameras.c.code if column is None else COLUMNS[column]
    with reading(engine) as connection:
        snapshot = load(connection, [POLICIES[facet]])
        tree = _tree(connection)
        alive = last_alive(connection)
        found = connection.execute(select(cameras.c.id, wanted)).all()
        windows = exempt.spans(connection, now, now + 1, now, snapshot.camera_ids)
    values = {} if column is None else {number: value or "" for number, value in found}
    codes = {area.id: area.code for area in tree}
    out = np.zeros(len(snapshot.camera_ids), np.bool_)
    out[windows.camera] = True
    told = answers(snapshot.states, facet, Roads.build(snapshot.camera, len(snapshot.camera_ids)))
    return Census(
        area=[codes.get(number, "") for number in snapshot.area_id.tolist()],
        value=[values.get(number, "") for number in snapshot.camera_ids.tolist()],
        answer=told.answer,
        expected=snapshot.expected,
        exempt=out,
        areas=tree,
        alive_at=alive,
    )


def _tree(connection: Any) -> list[Area]:
    parent = areas.alias()
    node = areas.c
    columns = (node.id, node.tree, node.code, node.name, node.level, func.coalesce(parent.c.code, ""))
    query = select(*columns).outerjoin_from(areas, parent, node.parent_id == parent.c.id)
    return [Area(*row) for row in connection.execute(query.where(node.tree == "civil").order_by(node.code))]
