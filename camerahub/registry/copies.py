"""Copies of the whole register, and registers made of copies.

A copy is always one SQLite file, whatever database the register is in: from SQLite by its online backup, page by page;
from PostgreSQL row by row, as one REPEATABLE READ transaction sees it, into a file of the same schema. So one format is
checked by one code, a copy of either can become either, and none needs a tool of the server. The hub goes on writing
meanwhile: readers hold nobody up in either database. Must not know: archives, keys, home folders.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, Engine, MetaData, text

from camerahub.core.errors import EnvironmentFault
from camerahub.registry.engine import open_engine, reading, schema_of, sqlite_url
from camerahub.registry.faults import fault_of, storage_errors, where
from camerahub.registry.migrate import upgrade_connection
from camerahub.registry.tables import METADATA, SCHEMA_REVISION

#: Rows that are in memory at once.
PART = 5_000
_VERSION = "alembic_version"


class Copied(NamedTuple):
    """What a copy holds: its schema, and rows by table."""

    schema: str
    counts: Mapping[str, int]


def copy_out(engine: Engine, target: Path) -> Copied:
    """Copy the register into the new file ``target`` and look through what was written.

    EnvironmentFault: no register there, a newer one than this program knows, no room, or damaged pages.
    """
    with reading(engine) as connection:
        schema = _known(connection)
        if engine.dialect.name == "postgresql":
            counts = _rows_out(connection, schema, target)
        else:
            counts = None
            _pages_out(engine, target)
    copied = examine(target)
    if counts is not None and dict(copied.counts) != counts:
        raise EnvironmentFault("backup.incomplete", where=where(engine.url))
    return copied


def examine(file: Path) -> Copied:
    """Schema and rows of a copy, after SQLite has looked through every page. EnvironmentFault when it is damaged."""
    try:
        with closing(sqlite3.connect(f"file:{_quoted(file)}?mode=ro&immutable=1", uri=True)) as raw:
            if raw.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                raise EnvironmentFault("register.corrupt", where=file)
            names = [row[0] for row in raw.execute(_TABLES)]
            counts = {name: raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 - read from the schema
            version = raw.execute(f"SELECT version_num FROM {_VERSION}").fetchone()  # noqa: S608 - a constant
    except sqlite3.Error as error:
        raise fault_of(error, str(file)) or EnvironmentFault("register.corrupt", where=file) from error
    return Copied(str(version[0]), counts)


_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
    "AND name <> 'alembic_version' ORDER BY name"
)


def load_into(connection: Connection, file: Path) -> None:
    """Make a register of the copy ``file`` in an empty PostgreSQL database, within the transaction of ``connection``.

    The schema is the copy's, then this program's. EnvironmentFault when a row is missing afterwards.
    """
    copied, columns = examine(file), _columns(file)
    upgrade_connection(connection, copied.schema)
    with closing(sqlite3.connect(f"file:{_quoted(file)}?mode=ro&immutable=1", uri=True)) as raw:
        for table, names in columns:
            connection.execute(text(f'DELETE FROM "{table}"'))  # noqa: S608 - what a migration put there
            _rows_in(connection, table, names, raw)
            found = connection.scalar(text(f'SELECT count(*) FROM "{table}"'))  # noqa: S608 - read from the schema
            if found != copied.counts[table]:
                raise EnvironmentFault("backup.incomplete", where=where(connection.engine.url))
        for name, last in raw.execute("SELECT name, seq FROM sqlite_sequence"):
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"),
                {"name": name, "last": last},
            )
    upgrade_connection(connection)


def set_aside(connection: Connection, schema: str) -> int:
    """Move every table of a register in PostgreSQL into the new schema ``schema``; how many there were."""
    names = [name for name in (*METADATA.tables, _VERSION) if connection.dialect.has_table(connection, name)]
    connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    for name in names:
        connection.execute(text(f'ALTER TABLE "{name}" SET SCHEMA "{schema}"'))
    return len(names)


def upgrade_copy(file: Path) -> None:
    """Bring a copy to the schema of this program and leave it as one file."""
    engine = open_engine(sqlite_url(file), check=False)
    try:
        with storage_errors(engine), engine.connect() as plain:
            connection = plain.execution_options(camerahub_writes=True)
            with connection.begin():
                upgrade_connection(connection)
    finally:
        engine.dispose()
    _one_file(file)


def _known(connection: Connection) -> str:
    schema = schema_of(connection)
    place = where(connection.engine.url)
    if schema is None:
        raise EnvironmentFault("register.no_schema", where=place)
    if schema > SCHEMA_REVISION:
        raise EnvironmentFault("register.newer", where=place, found=schema, known=SCHEMA_REVISION)
    return schema


def _pages_out(engine: Engine, target: Path) -> None:
    """In one step: a copy in several begins anew whenever somebody writes, and a hub writes all the time."""
    source = Path(engine.url.database or "")
    try:
        with closing(sqlite3.connect(source)) as raw, closing(sqlite3.connect(target)) as new:
            raw.backup(new, pages=-1)
    except sqlite3.Error as error:
        raise fault_of(error, str(source)) or error from error
    _one_file(target)


def _one_file(file: Path) -> None:
    """Without a write-ahead file, which a copy must not depend on."""
    try:
        with closing(sqlite3.connect(file)) as raw:
            raw.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.Error as error:
        raise fault_of(error, str(file)) or error from error


def _rows_out(connection: Connection, schema: str, target: Path) -> dict[str, int]:
    engine = open_engine(sqlite_url(target), create=True, check=False)
    try:
        with storage_errors(engine), engine.connect() as plain, plain.begin():
            upgrade_connection(plain, schema)
    finally:
        engine.dispose()
    _one_file(target)
    counts = {}
    try:
        with closing(sqlite3.connect(target)) as raw:
            for table, names in _columns(target):
                raw.execute(f'DELETE FROM "{table}"')  # noqa: S608 - what a migration put there
                counts[table] = _fill(raw, connection, table, names)
            _numbers_out(raw, connection, list(counts))
            raw.commit()
    except sqlite3.Error as error:
        raise fault_of(error, str(target)) or error from error
    return counts


def _fill(raw: sqlite3.Connection, connection: Connection, table: str, names: list[str]) -> int:
    marks = ", ".join("?" * len(names))
    into = f'INSERT INTO "{table}" ({_list(names)}) VALUES ({marks})'  # noqa: S608 - read from the schema
    query = text(f'SELECT {_list(names)} FROM "{table}"')  # noqa: S608 - read from the schema
    found = connection.execution_options(stream_results=True, yield_per=PART).execute(query)
    total = 0
    for part in found.partitions():
        raw.executemany(into, [tuple(row) for row in part])
        total += len(part)
    return total


def _numbers_out(raw: sqlite3.Connection, connection: Connection, tables: list[str]) -> None:
    """Numbers that were given out, also those whose rows are gone: none is given out twice."""
    raw.execute("DELETE FROM sqlite_sequence")
    for table in tables:
        if not (name := _sequence(connection, table)):
            continue
        last, called = connection.execute(text(f"SELECT last_value, is_called FROM {name}")).one()  # noqa: S608 - told by the server
        if called:
            raw.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def _sequence(connection: Connection, table: str) -> str | None:
    query = (
        "SELECT pg_get_serial_sequence(table_name, column_name) FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = :table AND column_name = 'id'"
    )
    found: str | None = connection.scalar(text(query), {"table": table})
    return found


def _columns(file: Path) -> list[tuple[str, list[str]]]:
    """Tables of a copy and their columns, those that others point to first."""
    engine = open_engine(sqlite_url(file), check=False)
    try:
        found = MetaData()
        with engine.connect() as connection:
            found.reflect(connection)
    finally:
        engine.dispose()
    _one_file(file)
    tables = [table for table in found.sorted_tables if table.name != _VERSION]
    return [(table.name, [column.name for column in table.columns]) for table in tables]


def _rows_in(connection: Connection, table: str, names: list[str], raw: sqlite3.Connection) -> None:
    cursor: Any = connection.connection.cursor()
    rows = raw.execute(f'SELECT {_list(names)} FROM "{table}"')  # noqa: S608 - read from the schema
    try:
        with cursor.copy(f'COPY "{table}" ({_list(names)}) FROM STDIN') as copy:
            while part := rows.fetchmany(PART):
                for row in part:
                    copy.write_row(row)
    finally:
        cursor.close()


def _list(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _quoted(file: Path) -> str:
    return quote(str(file.resolve()))
