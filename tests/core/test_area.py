from __future__ import annotations

import numpy as np
import pytest

from camerahub.core.area import (
    LEVELS,
    UNASSIGNED,
    Area,
    ancestors,
    level_of,
    parent_code,
    short_code,
    township_of,
    townships_of,
)

TREE = {
    "32": "",
    "3205": "32",
    "320585": "3205",
    "320585100": "320585",
    "320585100001": "320585100",
    "G-7": "320585100001",
    "320585X9": "320585",
}


@pytest.mark.parametrize(
    ("code", "level", "parent"),
    [
        ("32", "province", ""),
        ("320000", "province", ""),
        ("3205", "city", "32"),
        ("320500", "city", "32"),
        ("320585", "county", "3205"),
        ("32058501", "township", "320585"),
        ("320585100", "township", "320585"),
        ("320585100001", "village", "320585100"),
        ("320585100001003", "grid", "320585100001"),
    ],
)
def test_levels_and_parents_by_width(code, level, parent):
    assert (level_of(code), parent_code(code)) == (level, parent)
    assert level_of(code) in LEVELS
    assert short_code("320585") == "320585"


@pytest.mark.parametrize(
    ("code", "township"),
    [
        ("320585100001", "320585100"),
        ("320585100", "320585100"),
        ("G-7", "320585100"),
        ("320585100009", "320585100"),  # a village nobody listed
        ("320585", "320585"),  # straight under the county
        ("320585777", "320585"),  # a township nobody listed
        ("3205", UNASSIGNED),
        ("", UNASSIGNED),
        ("nowhere", UNASSIGNED),
    ],
)
def test_where_a_camera_is_counted(code, township):
    assert township_of(code, TREE) == township


def test_a_written_level_beats_the_width():
    tree = {"441900": "", "441901": "441900"}
    assert township_of("441901", tree) == "441901"
    levels = {"441900": "county", "441901": "township"}
    assert ancestors("441901", tree) == ["441901", "441900"]
    assert township_of("441901", tree, levels) == "441901"
    assert township_of("441900", tree, levels) == "441900"


def test_circles_end():
    assert township_of("a", {"a": "b", "b": "a"}) in {"a", "b", UNASSIGNED}
    assert sorted(ancestors("a", {"a": "b", "b": "a"})) == ["a", "b"]


def test_many_at_once():
    codes = np.array(["320585100001", "3205", "320585100001", "320585"])
    assert townships_of(codes, TREE).tolist() == ["320585100", UNASSIGNED, "320585100", "320585"]
    assert townships_of([], TREE).tolist() == []
    assert Area("32", "某省", "province").parent_code == ""
