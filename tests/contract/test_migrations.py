"""Migrated and created fresh are the same; a newer schema is left alone."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import exemptions
from camerahub.registry.engine import open_engine
from camerahub.registry.migrate import scripts, upgrade
from camerahub.registry.tables import METADATA, SCHEMA_REVISION


def test_the_newest_migration_is_the_one_the_program_knows() -> None:
    assert ScriptDirectory.from_config(scripts()).get_heads() == [SCHEMA_REVISION]


def test_migrated_equals_created_from_the_tables(empty_url: str) -> None:
    assert upgrade(empty_url) == (None, SCHEMA_REVISION)
    assert upgrade(empty_url) == (SCHEMA_REVISION, SCHEMA_REVISION)
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []
    migrated = described(engine)
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
    assert described(engine) == migrated
    engine.dispose()


def described(engine: object) -> dict[str, object]:
    """Everything the database says of its tables, comparable."""
    eye = inspect(engine)
    told: dict[str, object] = {}
    for table in sorted(METADATA.tables):
        columns = [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in eye.get_columns(table)]
        checks = sorted((str(c["name"]), c["sqltext"]) for c in eye.get_check_constraints(table))
        indexes = sorted(_index(dict(i)) for i in eye.get_indexes(table))
        uniques = sorted(str(u) for u in eye.get_unique_constraints(table))
        keys = sorted(str(f) for f in eye.get_foreign_keys(table))
        told[table] = (columns, eye.get_pk_constraint(table), checks, indexes, uniques, keys)
    return told


def _index(found: dict[str, object]) -> str:
    options = found.pop("dialect_options", {})
    told = {name: str(value) for name, value in options.items()}  # type: ignore[attr-defined]
    return f"{sorted(found.items(), key=str)} {sorted(told.items())}"


def test_exemptions_of_the_first_schema_are_kept(empty_url: str) -> None:
    """Migration 8 makes the table anew: rows, ids and their order stay, and the next id is a new one."""
    engine = open_engine(empty_url, create=True, check=False)
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        config = scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        area = "(id, tree, code, name, level, created_at) VALUES (1, 'civil', '32', 'x', 'province', 1)"
        connection.exec_driver_sql(f"INSERT INTO areas {area}")
        camera = "(id, code, name, area_id, created_at, changed_at) VALUES (7, 'C', 'c', 1, 1, 1)"
        connection.exec_driver_sql(f"INSERT INTO cameras {camera}")
        columns = "from_at, to_at, reason, applicant, applied_at, approver, approved_at, recorded_at"
        for number, subject in ((3, "camera_id"), (5, "area_id")):
            of = 7 if subject == "camera_id" else 1
            values = f"({number}, {of}, 1, 9, 'other', 'a', 1, 'b', 2, 1)"
            connection.exec_driver_sql(f"INSERT INTO exemptions (id, {subject}, {columns}) VALUES {values}")
    engine.dispose()
    assert upgrade(empty_url) == ("0005", SCHEMA_REVISION)
    engine = open_engine(empty_url)
    first, second = exemptions.listed(engine)
    assert (first.id, first.scope, exemptions.codes_of(engine, 3)) == (3, "camera", ["C"])
    assert (second.id, second.scope, second.value, second.approver) == (5, "area", "32", "b")
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        asked = exemptions.Request("camera", ("C",), 20, 30, "other", "", "a")
        assert exemptions.request(connection, asked, 20) == (6, 1)
    engine.dispose()


def test_a_newer_schema_is_refused_and_untouched(url: str) -> None:
    engine = open_engine(url)
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for act in (upgrade, open_engine):
        with pytest.raises(EnvironmentFault) as refused:
            act(url)
        assert refused.value.key == "register.newer"


def test_without_tables_it_says_migrate(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        open_engine(empty_url, create=True, check=False).dispose()
    with pytest.raises(EnvironmentFault, match="camerahub migrate") as refused:
        open_engine(empty_url)
    assert refused.value.key == "register.no_schema"


def test_every_index_says_whom_it_serves() -> None:
    indexes = [index for table in METADATA.tables.values() for index in table.indexes]
    assert indexes
    assert all(index.info.get("serves") for index in indexes)
