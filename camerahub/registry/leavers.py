"""Who left the denominator, when, and by whose file: memberships that ended in a status that need not count.

A camera found dead and then put out of use is the oldest way to a good rate: many at once are an alarm. Must not know:
who is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from camerahub.core.leaving import Leaving
from camerahub.registry.engine import reading
from camerahub.registry.tables import areas, cameras, imports, memberships


@dataclass(frozen=True, slots=True)
class Move:
    """One camera that entered or left a denominator, or changed it; ``at`` µs UTC. ``before`` and ``after``: area code,
    network and status, None outside of the register; ``counts`` whether it counted before and after."""

    at: int
    code: str
    before: tuple[str, str, str] | None
    after: tuple[str, str, str] | None
    counts: tuple[bool, bool]
    who: str
    file: str


def moves(engine: Engine, start: int, end: int) -> list[Move]:
    """Every change of who counts where within [start, end), by time and code."""
    old, new = memberships.alias("old"), memberships.alias("new")
    old_area, new_area = areas.alias("old_area"), areas.alias("new_area")
    before = (
        (old.c.camera_id == new.c.camera_id) & (old.c.valid_to == new.c.valid_from) & (old.c.id < new.c.id)
    )
    query = (
        select(
            new.c.valid_from, cameras.c.code, old_area.c.code, old.c.network, old.c.status, old.c.expected,
            new_area.c.code, new.c.network, new.c.status, new.c.expected,
        )
        .join_from(new, cameras, new.c.camera_id == cameras.c.id)
        .join(new_area, new.c.area_id == new_area.c.id)
        .outerjoin(old, before)
        .outerjoin(old_area, old.c.area_id == old_area.c.id)
        .where(new.c.valid_from >= start, new.c.valid_from < end)
        .order_by(new.c.valid_from, cameras.c.code)
    )  # fmt: skip
    with reading(engine) as connection:
        files = {row[0]: (row[1], row[2]) for row in connection.execute(
            select(imports.c.at, imports.c.who, imports.c.file).where(imports.c.at >= start, imports.c.at < end)
        )}  # fmt: skip
        rows = connection.execute(query).all()
    return [
        Move(
            at, code, None if status is None else (area, network, status), (area2, network2, status2),
            (bool(counted), bool(counts)), *files.get(at, ("", "")),
        )
        for at, code, area, network, status, counted, area2, network2, status2, counts in rows
    ]  # fmt: skip


def leaving(engine: Engine, start: int, end: int) -> list[Leaving]:
    """Cameras that counted and were put out of use within [start, end), added up by instant and person, by time."""
    counted: Counter[tuple[int, str, str]] = Counter()
    for move in moves(engine, start, end):
        if move.counts == (True, False):
            counted[move.at, move.who, move.file] += 1
    return [Leaving(at, count, who, file) for (at, who, file), count in sorted(counted.items())]


def expected_now(engine: Engine) -> int:
    """How many cameras count."""
    one = memberships.c
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).where(one.valid_to.is_(None), one.expected)) or 0)


def expected_at(engine: Engine, at: int) -> int:
    """How many counted just before ``at`` (µs UTC)."""
    one = memberships.c
    then = (one.valid_from < at) & (one.valid_to.is_(None) | (one.valid_to >= at))
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).where(then, one.expected)) or 0)


def names(found: Sequence[Leaving]) -> str:
    """By whom and with which files, for one line."""
    return ", ".join(dict.fromkeys(f"{one.who} ({one.file})" for one in found))
