from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from camerahub.registry.engine import open_engine, sqlite_url
from camerahub.registry.migrate import upgrade
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from camerahub.registry.tablefile.areas import import_builtin
from camerahub.registry.tablefile.importer import Summary, import_file
from camerahub.registry.tablefile.verdicts import RowVerdict

NOW = 1_767_225_600_000_000
Write = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new SQLite register with the area codes of 太仓市."""
    url = sqlite_url(tmp_path / "hub.db")
    upgrade(url)
    store = Store(open_engine(url), zone=ZoneInfo("Asia/Shanghai"), keys=KeyRing.create(tmp_path / "key"))
    import_builtin(store, ["320585"], who="test", now=NOW)
    yield store
    store.close()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as CSV and return the path."""

    def to_csv(
        rows: list[list[str]], *, name: str = "t.csv", encoding: str = "utf-8", delimiter: str = ","
    ) -> Path:
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)
        return path

    return to_csv


def load(
    store: Store, path: Path, profile: str = "native", *, dry_run: bool = False
) -> tuple[Summary, list[RowVerdict]]:
    """Import and collect the verdicts."""
    told: list[RowVerdict] = []
    summary = import_file(
        store,
        store.engine,
        path,
        profile,
        who="test",
        now=NOW,
        dry_run=dry_run,
        on_row=lambda verdict, _cells: told.append(verdict),
    )
    return summary, told


def reasons(verdict: RowVerdict) -> list[str]:
    """What was said of a row."""
    return [one.reason for one in verdict.problems]
