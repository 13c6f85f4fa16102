"""The same register on both databases. PostgreSQL is never skipped: without its wheel these tests fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from camerahub.registry.engine import open_engine
from camerahub.registry.migrate import upgrade
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from tests.contract.server import postgres

SHANGHAI = ZoneInfo("Asia/Shanghai")
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


def new_database(server: str) -> str:
    name = f"t{next(_numbers)}"
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.rsplit("/", 1)[0] + "/" + name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/hub.db"
    return new_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def url(empty_url: str) -> str:
    """Address of a database with tables."""
    upgrade(empty_url)
    return empty_url


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "hub.key")


@pytest.fixture
def opened(url: str, keys: KeyRing) -> Iterator[Callable[..., Store]]:
    """Opens stores on the one database, as a restart would."""
    stores: list[Store] = []

    def start(zone: ZoneInfo = SHANGHAI) -> Store:
        stores.append(Store(open_engine(url), zone=zone, keys=keys))
        return stores[-1]

    yield start
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    return opened()
