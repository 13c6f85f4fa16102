"""docs/import.md and the samples keep pace with the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from camerahub.core.texts import CATALOGUE
from camerahub.registry.store import Store
from camerahub.registry.tablefile.areas import import_areas
from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tablefile.verdicts import PROBLEMS
from camerahub.registry.vendors import shipped_vendors
from tests.registry.tablefile.conftest import NOW, load

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
SAMPLES = ROOT / "configs" / "samples"


def test_every_problem_column_and_maker_stands_in_the_page() -> None:
    for reason in PROBLEMS:
        assert f"| `{reason}` |" in PAGE
        assert CATALOGUE[f"tablefile.row.{reason}"][0] in PAGE
    for profile in PROFILES.values():
        assert f"`{profile.name}`" in PAGE
        for column in profile.columns:
            assert f"| `{column.header}`" in PAGE
    for vendor in shipped_vendors().by_key.values():
        assert f"| {vendor.zh} {vendor.en} |" in PAGE


@pytest.mark.parametrize("profile", list(PROFILES))
def test_samples_go_in(store: Store, profile: str) -> None:
    summary, told = load(store, SAMPLES / f"{profile}.csv", profile)
    assert summary.refused == 0, told
    assert summary.verdicts["added"] == summary.rows
    assert set(summary.problems) <= {"no_address", "via_no_address"}


def test_the_sample_of_areas_goes_in(store: Store) -> None:
    assert import_areas(store, store.engine, SAMPLES / "areas.csv", who="t", now=NOW).verdicts["added"] == 3
