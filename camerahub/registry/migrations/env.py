"""Run by Alembic for every command: migrate over the connection that ``registry.migrate`` hands in."""

from __future__ import annotations

from alembic import context

from camerahub.registry.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # our connections begin explicitly, so DDL is transactional on SQLite too
    transactional_ddl=True,
    render_as_batch=True,
    compare_server_default=True,
)
context.run_migrations()
