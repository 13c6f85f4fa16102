"""Brings a database to the schema of this program: Alembic run from the package, no ini file, no network.

A migration happens whole or not at all, on SQLite too. Must not know: what the tables are for.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine

from camerahub.core.errors import EnvironmentFault
from camerahub.registry.engine import open_engine, schema_of
from camerahub.registry.faults import storage_errors, where
from camerahub.registry.tables import SCHEMA_REVISION

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str | URL, *, password: str | None = None) -> tuple[str | None, str]:
    """Create or upgrade the database at ``url``. Returns (revision before or None, revision after).

    EnvironmentFault when the schema is newer than this program, or the database cannot be written.
    """
    engine = open_engine(url, password=password, create=True, check=False)
    try:
        return upgrade_engine(engine)
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine) -> tuple[str | None, str]:
    """The same for an open engine."""
    with storage_errors(engine), engine.connect() as plain:
        connection = plain.execution_options(camerahub_writes=True)
        with connection.begin():
            before = schema_of(connection)
            upgrade_connection(connection)
    return before, SCHEMA_REVISION


def upgrade_connection(connection: Connection, revision: str = SCHEMA_REVISION) -> None:
    """The same within a transaction that writes, up to ``revision``; nothing when the schema is there already."""
    before = schema_of(connection)
    if before is not None and before > SCHEMA_REVISION:
        place = where(connection.engine.url)
        raise EnvironmentFault("register.newer", where=place, found=before, known=SCHEMA_REVISION)
    if before is None or before < revision:
        config = scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def scripts() -> Config:
    """Alembic's view of the migrations inside the package."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
