"""A copy holds every row, whatever the register is in; of one another can be made; none is lost by an upgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import URL, Engine, make_url

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import copies, retention
from camerahub.registry.engine import open_engine, sqlite_url
from camerahub.registry.migrate import upgrade
from camerahub.registry.store import Store
from camerahub.registry.tables import METADATA, SCHEMA_REVISION
from tests.contract.conftest import new_database
from tests.contract.fleet import MINUTE, T0, Hub, fill
from tests.contract.old_rows import fill as fill_old
from tests.contract.old_rows import revisions, told

Opened = Callable[..., Store]


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with engine.connect() as connection:
        return told(connection)


def busy(store: Store, rounds: int = 4) -> Hub:
    """A register with a little of everything that a day makes."""
    fill(store, 30, second_road=5)
    hub, rng = Hub(store.load()), np.random.default_rng(7)
    for _ in range(rounds):
        hub.now += MINUTE
        assert store.commit(hub.take(hub.results(rng)))
    store.checkpoint(hub.now)
    hub.now += MINUTE
    assert store.commit(hub.take(hub.results(rng)))
    store.open_gap("w1", "", T0, "blind")
    return hub


def test_a_copy_holds_every_row(store: Store, tmp_path: Path) -> None:
    busy(store)
    copied = copies.copy_out(store.engine, tmp_path / "copy.db")
    assert copied.schema == SCHEMA_REVISION
    engine = open_engine(sqlite_url(tmp_path / "copy.db"))
    there, here = rows(store.engine), rows(engine)
    engine.dispose()
    assert here == there
    assert dict(copied.counts) == {name: len(found) for name, found in there.items()}
    assert there["flips"]


def test_numbers_whose_rows_are_gone_are_not_given_again(store: Store, tmp_path: Path) -> None:
    """The log of evidence is folded away, and what is stored says how far: its numbers must go on."""
    hub = busy(store)
    store.checkpoint(hub.now)
    copies.copy_out(store.engine, tmp_path / "copy.db")
    copy = Store(open_engine(sqlite_url(tmp_path / "copy.db")), zone=store.zone)
    rng = np.random.default_rng(3)
    hub.now += MINUTE
    batch = hub.take(hub.results(rng))
    for one in (store, copy):
        assert one.commit(batch)
    assert rows(copy.engine) == rows(store.engine)
    copy.close()


@pytest.mark.parametrize("revision", revisions())
def test_no_upgrade_loses_a_row(revision: str, tmp_path: Path) -> None:
    upgraded_whole(sqlite_url(tmp_path / "hub.db"), revision, tmp_path)


@pytest.mark.parametrize("revision", [revisions()[0], revisions()[-2]])
def test_no_upgrade_loses_a_row_of_a_server(postgres_url: str, revision: str, tmp_path: Path) -> None:
    upgraded_whole(make_url(new_database(postgres_url)), revision, tmp_path)


def upgraded_whole(empty_url: URL, revision: str, tmp_path: Path) -> None:
    made = open_engine(empty_url, create=True, check=False)
    before = fill_old(made, revision)
    copied = copies.copy_out(made, tmp_path / "before.db")
    assert copied.schema == revision
    made.dispose()
    upgrade(empty_url)
    after_engine = open_engine(empty_url)
    after = rows(after_engine)
    after_engine.dispose()
    for name, kept in before.items():
        assert same_columns(after[name], kept) == kept, name
    copies.upgrade_copy(tmp_path / "before.db")
    engine = open_engine(sqlite_url(tmp_path / "before.db"))
    assert rows(engine) == after
    engine.dispose()


def same_columns(found: list[dict[str, Any]], like: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what came later; where a column went (0008: whom an exemption concerns), as it was."""
    told = [{name: row.get(name, kept[name]) for name in kept} for row, kept in zip(found, like, strict=True)]
    return sorted(told, key=lambda row: str(list(row.values())))


@pytest.mark.parametrize("revision", [revisions()[-2]])
def test_either_database_is_made_of_a_copy(postgres_url: str, revision: str, tmp_path: Path) -> None:
    source = open_engine(f"sqlite:///{tmp_path}/old.db", create=True, check=False)
    fill_old(source, revision)
    copies.copy_out(source, tmp_path / "copy.db")
    source.dispose()
    target = open_engine(new_database(postgres_url), check=False)
    with target.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        copies.load_into(connection, tmp_path / "copy.db")
    upgraded = f"sqlite:///{tmp_path}/old.db"
    upgrade(upgraded)
    engine = open_engine(upgraded)
    assert rows(target) == rows(engine)
    with target.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        assert copies.set_aside(connection, "before_restore_x") == len(METADATA.tables) + 1
        copies.load_into(connection, tmp_path / "copy.db")
        kept = connection.exec_driver_sql("SELECT count(*) FROM before_restore_x.cameras").scalar_one()
    assert kept == 2
    assert rows(target) == rows(engine)
    engine.dispose()
    target.dispose()


def test_a_damaged_copy_is_told(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    copies.copy_out(engine, tmp_path / "copy.db")
    engine.dispose()
    data = bytearray((tmp_path / "copy.db").read_bytes())
    data[8192:12288] = bytes(4096)
    (tmp_path / "copy.db").write_bytes(data)
    with pytest.raises(EnvironmentFault) as caught:
        copies.examine(tmp_path / "copy.db")
    assert caught.value.key == "register.corrupt"
    (tmp_path / "copy.db").write_bytes(b"no database")
    with pytest.raises(EnvironmentFault):
        copies.examine(tmp_path / "copy.db")


def test_a_copy_of_nothing_and_of_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    engine = open_engine(sqlite_url(path), create=True, check=False)
    with pytest.raises(EnvironmentFault) as caught:
        copies.copy_out(engine, tmp_path / "copy.db")
    assert caught.value.key == "register.no_schema"
    engine.dispose()
    upgrade(sqlite_url(path))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    engine = open_engine(sqlite_url(path), check=False)
    with pytest.raises(EnvironmentFault) as caught:
        copies.copy_out(engine, tmp_path / "copy.db")
    assert caught.value.key == "register.newer"
    engine.dispose()
    assert not (tmp_path / "copy.db").exists()


# --- what has had its time


def test_looks_go_by_days_and_the_newest_list_of_each_source_stays(store: Store) -> None:
    busy(store)
    day = retention.oldest_day(store.engine)
    assert day == 20250615
    now = T0 + 500 * 86_400_000_000
    limits = retention.limits(now, store.zone, 400, 400)
    tables, _ = retention.sizes(store.engine, limits)
    sized = {one.name: one for one in tables}
    assert set(sized) == set(METADATA.tables)
    assert sized["camera_days"].due == sized["camera_days"].rows > 0
    assert all(one.bytes > 0 for one in tables)
    assert store.forget_looks(day) == sized["camera_days"].rows
    assert retention.oldest_day(store.engine) == 0
    assert store.forget_claims(limits.claims_at) == 0
    for_ever = {one.name for one in tables if one.rule == "for_ever"}
    assert {"flips", "gaps", "corrections", "memberships", "exemptions", "rate_runs", "changes"} <= for_ever


def test_nothing_goes_when_all_is_kept_for_ever(store: Store) -> None:
    busy(store)
    limits = retention.limits(T0 + 10**17, store.zone, 0, 0)
    assert (limits.day, limits.claims_at) == (0, 0)
    tables, _ = retention.sizes(store.engine, limits)
    assert [one.name for one in tables if one.due] == []


def test_every_table_that_is_not_kept_for_ever_exists() -> None:
    assert set(retention.KEPT) <= set(METADATA.tables)
