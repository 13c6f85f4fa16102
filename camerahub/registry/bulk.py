"""Many rows at once, by the driver's own bulk call: executemany on SQLite, binary COPY on PostgreSQL.

Rows are numpy structured arrays, fields named as the columns. SQLAlchemy's per-row path costs three to seven times
as much. Must not know: what the rows mean.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, CursorResult, Integer, LargeBinary, SmallInteger, Table

_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TAIL = b"\xff\xff"


def append(connection: Connection, table: Table, rows: NDArray[np.void]) -> None:
    """Insert ``rows``; integrity errors are bugs of the caller."""
    if not len(rows):
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, table.name, rows)
    else:
        connection.exec_driver_sql(_insert(table, _names(rows)), rows.tolist())


def upsert(connection: Connection, table: Table, rows: NDArray[np.void]) -> None:
    """Insert ``rows`` or, where the primary key is there, set every other column. Keys must be unique in ``rows``."""
    if not len(rows):
        return
    names = _names(rows)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_temporary(table))
        connection.exec_driver_sql(f"DELETE FROM new_{table.name}")  # noqa: S608 - a second call in one transaction
        _copy(connection, table, f"new_{table.name}", rows)
        connection.exec_driver_sql(_merge(table, names))
    else:
        connection.exec_driver_sql(_insert(table, names) + _conflict(table, names), rows.tolist())


def among(
    connection: Connection, table: Table, columns: Sequence[str], key: str, ids: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Integer ``columns`` of the rows whose column ``key`` is one of ``ids`` (K,), shape (columns, N), in no order."""
    postgres = connection.dialect.name == "postgresql"
    given = "= ANY(%s::bigint[])" if postgres else "IN (SELECT value FROM json_each(?))"
    wanted = ids.tolist()
    found = connection.exec_driver_sql(
        f"SELECT {_list(columns)} FROM {table.name} WHERE {key} {given}",  # noqa: S608 - names of our own tables
        (wanted if postgres else json.dumps(wanted),),
    )
    return integers(found, len(columns))


def integers(found: CursorResult[Any], width: int) -> NDArray[np.int64]:
    """All rows of a result of ``width`` integer columns, shape (width, N), straight from the driver."""
    rows = found.cursor.fetchall()
    values = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width)
    found.close()
    return values.reshape(-1, width).T.copy()


def _names(rows: NDArray[np.void]) -> tuple[str, ...]:
    names = rows.dtype.names
    if names is None:
        raise TypeError("rows must be a structured array")
    return names


@functools.cache
def _insert(table: Table, names: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({_list(names)}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@functools.cache
def _conflict(table: Table, names: tuple[str, ...]) -> str:
    key = [column.name for column in table.primary_key]
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    return f" ON CONFLICT ({_list(key)}) DO UPDATE SET {sets}"


@functools.cache
def _temporary(table: Table) -> str:
    return (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS new_{table.name} (LIKE {table.name} INCLUDING DEFAULTS) "
        "ON COMMIT DELETE ROWS"
    )


@functools.cache
def _merge(table: Table, names: tuple[str, ...]) -> str:
    columns = _list(names)
    source = f"SELECT {columns} FROM new_{table.name}"  # noqa: S608 - names of our own tables
    return f"INSERT INTO {table.name} ({columns}) {source}{_conflict(table, names)}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _copy(connection: Connection, table: Table, into: str, rows: NDArray[np.void]) -> None:
    names = _names(rows)
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {into} ({_list(names)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(copy_bytes(table, rows))
    finally:
        cursor.close()


def copy_bytes(table: Table, rows: NDArray[np.void]) -> bytes:
    """``rows`` in PostgreSQL's binary COPY format: per row a count, per field its length and big-endian value."""
    names = _names(rows)
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for name in names:
        fields += [(f"length_{name}", ">i4"), (name, _wire_type(table, name, rows.dtype[name]))]
    wire = np.zeros(len(rows), np.dtype(fields))
    wire["count"] = len(names)
    for name in names:
        wire[f"length_{name}"] = wire.dtype[name].itemsize
        wire[name] = rows[name]
    return _COPY_HEAD + wire.tobytes() + _COPY_TAIL


def _wire_type(table: Table, name: str, stored: np.dtype[np.generic]) -> str:
    kind = table.c[name].type
    if isinstance(kind, LargeBinary):
        return f"V{stored.itemsize}"
    for sort, wire in ((SmallInteger, ">i2"), (BigInteger, ">i8"), (Integer, ">i4")):
        if isinstance(kind, sort):
            return wire
    raise TypeError(f"{table.name}.{name}: no bulk form")
