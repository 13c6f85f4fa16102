"""Many rows at once, by the driver's own bulk call: executemany on SQLite, COPY on PostgreSQL.

Rows are numpy structured arrays, fields named as the columns, or tuples where there is text in them. SQLAlchemy's
per-row path costs three to seven times as much. Must not know: what the rows mean.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, CursorResult, Integer, LargeBinary, Select, SmallInteger, Table

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


def fetch(connection: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
    """All rows of ``query`` as the driver gives them: plain tuples, booleans 0 and 1 on SQLite."""
    result = connection.execute(query)
    rows = list[tuple[Any, ...]](result.cursor.fetchall())
    result.close()
    return rows


def picker(places: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """``operator.itemgetter`` that gives a tuple for one place too."""
    if len(places) == 1:
        place = places[0]
        return lambda row: (row[place],)
    return itemgetter(*places)


def new_ids(connection: Connection, table: Table, count: int) -> range | list[int]:
    """``count`` ids for new rows of ``table``, ascending and never used before. Only within a writing transaction."""
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        return sorted(connection.exec_driver_sql(sequence, (table.name, count)).scalars())
    last = connection.exec_driver_sql(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
    ).scalar()
    start = int(last or 0) + 1
    return range(start, start + count)


def add(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert ``rows`` of plain values, in the order of ``names``; integrity errors are bugs of the caller."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(_insert(table, names), rows)
        return
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {table.name} ({_list(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def change(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Set the columns ``names`` by id; each row holds their values and then the id."""
    if rows:
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        connection.exec_driver_sql(_update(table, names, mark), list(rows))


@functools.cache
def _update(table: Table, names: tuple[str, ...], mark: str) -> str:
    sets = ", ".join(f'"{name}" = {mark}' for name in names)
    return f"UPDATE {table.name} SET {sets} WHERE id = {mark}"  # noqa: S608 - names of our own tables


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
