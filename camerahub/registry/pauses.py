"""The emergency brake of people: whom nobody dials now, since when, by whose order and why. Survives every restart.

Writes are for the one writer (``Store`` calls them within its transaction). A pause is never deleted: it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, false, func, or_, select, true, update

from camerahub.registry.engine import reading
from camerahub.registry.one import new_id
from camerahub.registry.queries import area_subtree
from camerahub.registry.tables import areas as areas_table
from camerahub.registry.tables import cameras as cameras_table
from camerahub.registry.tables import changes, devices, endpoints, pauses


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause that lasts; ``from_at`` µs UTC."""

    scope: str
    value: str
    from_at: int
    who: str
    reason: str


def begin(connection: Connection, scope: str, value: str, who: str, reason: str, now: int) -> bool:
    """Begin a pause and say so in ``changes``. False: one of this scope lasts already."""
    same = (pauses.c.scope == scope) & (pauses.c.value == value) & pauses.c.to_at.is_(None)
    if connection.scalar(select(func.count()).where(same)):
        return False
    row: dict[str, object] = {"scope": scope, "value": value, "from_at": now, "who": who, "reason": reason}
    new_id(connection, pauses, row)
    _note(connection, scope, value, who, now, None, reason or "paused")
    return True


def end(connection: Connection, scope: str, value: str, who: str, now: int) -> int:
    """End the pause of this scope ("all": every pause there is); how many ended."""
    wanted: ColumnElement[bool] = pauses.c.to_at.is_(None)
    if scope != "all":
        wanted = wanted & (pauses.c.scope == scope) & (pauses.c.value == value)
    found = connection.execute(select(pauses.c.scope, pauses.c.value, pauses.c.reason).where(wanted)).all()
    for one, its, reason in found:
        _note(connection, one, its, who, now, reason or "paused", None)
    later = (
        func.max(pauses.c.from_at, now)
        if connection.dialect.name == "sqlite"
        else func.greatest(pauses.c.from_at, now)
    )
    connection.execute(update(pauses).where(wanted).values(to_at=later, ended_by=who))
    return len(found)


def _note(
    connection: Connection, scope: str, value: str, who: str, now: int, old: str | None, new: str | None
) -> None:
    row = {"at": now, "who": who, "import_id": None, "entity": "pause", "key": value, "field": scope}
    new_id(connection, changes, row | {"old": old, "new": new})


def lasting(engine: Engine) -> list[Pause]:
    """The pauses that last, oldest first."""
    with reading(engine) as connection:
        return _lasting(connection)


def _lasting(connection: Connection) -> list[Pause]:
    column = pauses.c
    query = select(column.scope, column.value, column.from_at, column.who, column.reason)
    rows = connection.execute(query.where(column.to_at.is_(None)).order_by(column.from_at, column.id))
    return [Pause(*row) for row in rows]


def endpoints_of(engine: Engine, scope: str, value: str) -> list[int]:
    """Probed endpoints within a scope, ascending id."""
    with reading(engine) as connection:
        return list(connection.scalars(_query([SCOPES[scope](value)])))


def paused(engine: Engine) -> list[int]:
    """Endpoints that are paused now, ascending id."""
    with reading(engine) as connection:
        return list(
            connection.scalars(_query([SCOPES[one.scope](one.value) for one in _lasting(connection)]))
        )


def paused_cameras(engine: Engine) -> set[int]:
    """Cameras of which any endpoint, probed or not, is paused now."""
    column = endpoints.c.camera_id
    with reading(engine) as connection:
        clauses = [SCOPES[one.scope](one.value) for one in _lasting(connection)]
        return set(connection.scalars(_within(select(column), clauses)))


def _query(clauses: list[ColumnElement[bool]]) -> Select[Any]:
    return _within(select(endpoints.c.id), clauses).where(endpoints.c.probed).order_by(endpoints.c.id)


def _within(query: Select[Any], clauses: list[ColumnElement[bool]]) -> Select[Any]:
    return (
        query.join_from(endpoints, cameras_table)
        .outerjoin(devices, endpoints.c.device_id == devices.c.id)
        .where(endpoints.c.retired_at.is_(None), or_(false(), *clauses))
    )


def _area(code: str) -> ColumnElement[bool]:
    return cameras_table.c.area_id.in_(area_subtree(code))


def _vendor(name: str) -> ColumnElement[bool]:
    return (cameras_table.c.vendor == name) | (devices.c.vendor == name)


def _platform(code: str) -> ColumnElement[bool]:
    top = select(devices.c.id).where(devices.c.code == code).cte("hangs_on", recursive=True)
    below = devices.alias("below")
    tree = top.union(select(below.c.id).join_from(below, top, below.c.parent_id == top.c.id))
    return endpoints.c.device_id.in_(select(tree.c.id))


#: scope -> which endpoints it means.
SCOPES: dict[str, Callable[[str], ColumnElement[bool]]] = {
    "all": lambda _value: true(),
    "area": _area,
    "vendor": _vendor,
    "platform": _platform,
}


def known(engine: Engine, scope: str, value: str) -> bool:
    """Whether the register knows the area, the maker or the platform."""
    table: dict[str, tuple[Any, ...]] = {
        "area": (areas_table.c.code,),
        "vendor": (cameras_table.c.vendor, devices.c.vendor),
        "platform": (devices.c.code,),
    }
    with reading(engine) as connection:
        return scope == "all" or any(
            connection.scalar(select(func.count()).where(column == value)) for column in table[scope]
        )
