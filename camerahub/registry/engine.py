"""Opens a database so that everything above can rely on it: safe settings, known schema, clear errors.

SQLite: WAL, synchronous=FULL (a committed flip survives a power cut), foreign keys, busy timeout. PostgreSQL through
psycopg 3. Must not know: what the tables are for.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.registry.faults import storage_errors, where
from camerahub.registry.tables import SCHEMA_REVISION

BUSY_MS = 5_000
CONNECT_S = 5
#: After a checkpoint the write-ahead file shrinks back to this.
WAL_BYTES = 64 << 20
CACHE_KIB = 16_000


def open_engine(
    url: str | URL, *, password: str | None = None, create: bool = False, check: bool = True
) -> Engine:
    """Engine for ``url`` (``sqlite:////file`` or ``postgresql://user@host/name``), proven to answer.

    ``password``: of the database user, kept out of the address. ``create``: a missing SQLite file is made (migrate).
    ``check``: the schema must be the one this program knows.
    ConfigError for an address it does not understand; EnvironmentFault for everything the world did wrong.
    """
    parsed = parse_url(url)
    if password:
        parsed = parsed.set(password=password)
    if parsed.get_backend_name() == "sqlite":
        _check_file(parsed, create=create)
        engine = _sqlite(parsed)
    else:
        engine = _postgres(parsed)
    try:
        with storage_errors(engine), engine.connect() as connection:
            found = schema_of(connection)
        if check:
            check_schema(found, where(parsed))
    except BaseException:
        engine.dispose()
        raise
    return engine


def sqlite_url(path: Path) -> URL:
    """Address of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def parse_url(url: str | URL) -> URL:
    """The address with the driver we use. ConfigError; the address itself is never quoted (it may hold a password)."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("register.url") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database:
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigError("register.url")


def schema_of(connection: Connection) -> str | None:
    """Revision the database says it has; None when it has no camerahub tables."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def check_schema(found: str | None, place: str) -> None:
    """EnvironmentFault unless the schema is exactly the one this program knows."""
    if found is None:
        raise EnvironmentFault("register.no_schema", where=place)
    if found != SCHEMA_REVISION:
        key = "register.newer" if found > SCHEMA_REVISION else "register.older"
        raise EnvironmentFault(key, where=place, found=found, known=SCHEMA_REVISION)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one instant of the database, whatever the writer does meanwhile."""
    with storage_errors(engine), engine.connect() as plain:
        if engine.dialect.name == "postgresql":
            options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            yield plain.execution_options(**options)
        else:
            yield plain


def _check_file(url: URL, *, create: bool) -> None:
    path = Path(url.database or "")
    try:
        present = path.exists()
    except OSError as error:
        raise EnvironmentFault("register.no_permission", where=path) from error
    if not present and not create:
        raise EnvironmentFault("register.missing", where=path)
    if not present and not os.access(path.parent, os.W_OK):
        key = "register.readonly" if path.parent.is_dir() else "register.missing"
        raise EnvironmentFault(key, where=path)
    if present and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise EnvironmentFault("register.readonly", where=path)


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _sqlite_settings)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_settings(raw: sqlite3.Connection, _record: object) -> None:
    # the driver's own transaction handling starts no transaction for reads and DDL; ours is explicit
    raw.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"journal_size_limit={WAL_BYTES}",
        f"cache_size=-{CACHE_KIB}",
    ):
        raw.execute(f"PRAGMA {pragma}").close()


def _sqlite_begin(connection: Connection) -> None:
    # a writer that begins as a reader can find the database changed under it and must fail
    writes = connection.get_execution_options().get("camerahub_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S, "application_name": "camerahub"},
        )
    except ModuleNotFoundError as error:
        raise EnvironmentFault("register.no_driver") from error
