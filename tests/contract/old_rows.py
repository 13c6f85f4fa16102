"""Rows for every table of any schema, old ones too, made from what the database says of itself."""

from __future__ import annotations

from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    select,
)

from camerahub.registry.migrate import scripts, upgrade_connection

#: Where a CHECK asks for a word, or two columns depend on each other.
WORDS: dict[str, Any] = {
    "areas.tree": "civil",
    "endpoints.kind": "rtsp",
    "picture_masks.kind": "private",
    "claim_lists.kind": "upper",
    "cameras.status": "repair",
    "cameras.extra": "{}",
    "pauses.scope": "vendor",
    "exemptions.scope": "camera",
    "exemptions.area_id": None,
    "exemptions.network": "",
    "exemptions.rejected_at": None,
    "exemptions.reason": "other",
}
ENDS = ("to_at", "valid_to")


def revisions() -> list[str]:
    """Every schema there was, oldest first."""
    walked = ScriptDirectory.from_config(scripts()).walk_revisions()
    return [script.revision for script in walked][::-1]


def fill(engine: Engine, revision: str) -> dict[str, list[dict[str, Any]]]:
    """Two rows in every table of an empty database at ``revision``; what stands there then."""
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        upgrade_connection(connection, revision)
        for table in _tables(connection):
            rows = [{c.name: _value(table, c, k) for c in table.columns} for k in (1, 2)]
            connection.execute(table.insert(), rows)
        return told(connection)


def told(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    found = {}
    for table in _tables(connection):
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        found[table.name] = sorted(rows, key=lambda row: str(list(row.values())))
    return found


def _tables(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _value(table: Table, column: Column[Any], k: int) -> Any:
    name = f"{table.name}.{column.name}"
    if name in WORDS:
        return WORDS[name]
    if isinstance(column.type, Boolean):
        return k == 1
    if isinstance(column.type, Float):
        return k + 0.25
    if isinstance(column.type, LargeBinary):
        return bytes([0, k, 255]) * 70
    if isinstance(column.type, Integer):
        return 9_000 + k if column.name in ENDS else k
    return f"{column.name} 字 '{k}'\\\n"
