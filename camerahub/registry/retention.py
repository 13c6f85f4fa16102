"""How large each table is, how long its rows stay, and what has had its time.

What figures are made of (flips, gaps, corrections, memberships, exemptions, published runs, who changed what) stays for
ever: a figure of any year is computed again to the last digit. What may go is how often each camera was looked at,
lists of others, and pictures of faults, each after its own time. Must not know: when it is asked and what the
configuration is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, select, text

from camerahub.registry.engine import reading
from camerahub.registry.tables import METADATA, camera_days, claim_lists, claims, stills

Rule = Literal["for_ever", "looks", "claims", "expires", "bounded"]

#: Table -> how long its rows stay. ``bounded``: rows replace each other or are folded away, so it does not grow.
KEPT: dict[str, Rule] = {
    "camera_days": "looks",
    "claim_lists": "claims",
    "claims": "claims",
    "stills": "expires",
    **dict.fromkeys(
        (
            "camera_states", "evidence_log", "guards", "media_facts", "onvif_clocks", "onvif_failures",
            "onvif_identities", "picture_masks", "picture_pasts", "settings", "sightings", "states", "watermarks",
            "workers",
        ),
        "bounded",
    ),
}  # fmt: skip


class TableSize(NamedTuple):
    """``bytes`` with its indexes; ``due`` rows that may go now."""

    name: str
    rows: int
    bytes: int
    rule: Rule
    due: int


class Limits(NamedTuple):
    """What lies before may go: ``day`` yyyymmdd of looks, ``claims_at`` µs UTC; 0 = nothing may. ``now`` µs UTC."""

    day: int
    claims_at: int
    now: int


def limits(now: int, zone: tzinfo, looks_days: int, claims_days: int) -> Limits:
    """``now`` µs UTC; days are those of ``zone``; 0 days = for ever."""
    today = datetime.fromtimestamp(now // 1_000_000, UTC).astimezone(zone).date()
    first = today - timedelta(days=looks_days)
    day = first.year * 10_000 + first.month * 100 + first.day if looks_days else 0
    return Limits(day, now - claims_days * 86_400_000_000 if claims_days else 0, now)


def sizes(engine: Engine, limits: Limits) -> tuple[list[TableSize], int]:
    """Every table, largest first, and the bytes inside the database that are free to be used again.

    Reads the whole of a SQLite file once.
    """
    with reading(engine) as connection:
        taken = _bytes(connection)
        due = {
            "camera_days": _count(connection, select(func.count()).where(camera_days.c.day < limits.day)),
            "claim_lists": len(lists := old_lists(connection, limits.claims_at)),
            "claims": _count(connection, select(func.count()).where(claims.c.list_id.in_(lists))),
            "stills": _count(connection, select(func.count()).where(stills.c.expires_at <= limits.now)),
        }
        found = [
            TableSize(
                name, _count(connection, select(func.count()).select_from(table)), taken.get(name, 0),
                KEPT.get(name, "for_ever"), due.get(name, 0),
            )
            for name, table in METADATA.tables.items()
        ]  # fmt: skip
        return sorted(found, key=lambda one: -one.bytes), _free(connection)


def oldest_day(engine: Engine) -> int:
    """The first day (yyyymmdd) of which looks are kept, 0 when none is."""
    with reading(engine) as connection:
        return connection.scalar(select(func.min(camera_days.c.day))) or 0


def old_lists(connection: Connection, before: int) -> list[int]:
    """Lists that speak of instants before ``before`` (µs UTC), but for the newest of each source."""
    one = claim_lists.c
    rank = func.row_number().over(partition_by=one.source, order_by=(one.said_at.desc(), one.id.desc()))
    ranked = select(one.id, one.said_at, rank.label("place")).subquery()
    query = select(ranked.c.id).where(ranked.c.said_at < before, ranked.c.place > 1)
    return list(connection.scalars(query))


def drop_day(connection: Connection, day: int) -> int:
    """Forget how often cameras were looked at on ``day`` (yyyymmdd); the rows."""
    return connection.execute(delete(camera_days).where(camera_days.c.day == day)).rowcount


def drop_lists(connection: Connection, numbers: Sequence[int]) -> int:
    """Forget these lists of others; the rows, of the lists and of what they say."""
    rows = connection.execute(delete(claims).where(claims.c.list_id.in_(numbers))).rowcount
    return rows + connection.execute(delete(claim_lists).where(claim_lists.c.id.in_(numbers))).rowcount


def _bytes(connection: Connection) -> dict[str, int]:
    if connection.dialect.name == "postgresql":
        names = ", ".join(f"('{name}')" for name in METADATA.tables)
        query = f"SELECT name, pg_total_relation_size(name::regclass) FROM (VALUES {names}) AS t(name)"  # noqa: S608 - names of our own tables
    else:
        query = (
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name "
            "WHERE s.aggregate = TRUE GROUP BY m.tbl_name"
        )
    return {str(name): int(size) for name, size in connection.execute(text(query))}


def _free(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return 0
    pages, page = (
        connection.exec_driver_sql(f"PRAGMA {word}").scalar_one() for word in ("freelist_count", "page_size")
    )
    return int(pages) * int(page)


def _count(connection: Connection, query: object) -> int:
    return int(connection.scalar(query) or 0)  # type: ignore[call-overload]
