"""Rows by key: insert with its id, insert or update, update many. What comes every second goes through ``bulk``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, insert, update

from camerahub.registry import bulk


def new_id(connection: Connection, table: Table, values: dict[str, object]) -> int:
    """Insert one row and return its id."""
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    if key is None:
        raise RuntimeError(f"{table.name}: no id")
    return int(key[0])


def upsert_one(connection: Connection, table: Table, values: dict[str, object]) -> None:
    """Set one row by its primary key, whether it was there or not."""
    key = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in key}
    where = [table.c[name] == values[name] for name in key]
    if not connection.execute(update(table).where(*where).values(**rest)).rowcount:
        connection.execute(insert(table).values(**values))


def update_many(connection: Connection, table: Table, changed: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Set columns by id; rows in which the same columns change go in one call."""
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for number, values in changed:
        groups.setdefault(tuple(values), []).append((*values.values(), number))
    for names, rows in groups.items():
        bulk.change(connection, table, names, rows)
