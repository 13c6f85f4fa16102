from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.area import Area, Tree
from camerahub.core.rates import Parts
from camerahub.core.rates_rank import MEASURES, change, fraction, passed, ranking, target_of, villages_passed


def parts(up: int, expected: int) -> Parts:
    return Parts(expected, up, expected - up)


def test_equals_share_a_place_and_nothing_to_count_has_none() -> None:
    found = ranking({"a": parts(1, 3), "b": parts(2, 2), "c": parts(2, 6), "d": Parts(), "e": parts(0, 1)})
    assert {name: place.rank for name, place in found.items()} == {"b": 1, "a": 2, "c": 2, "e": 4}
    assert {place.of for place in found.values()} == {4}


def test_rates_that_look_equal_are_told_apart() -> None:
    """Both show 0.999999: whole numbers decide."""
    found = ranking({"more": parts(9_999_999, 10_000_000), "less": parts(9_999_998, 10_000_000)})
    assert (found["more"].rank, found["less"].rank) == (1, 2)


def test_98_percent_of_50_is_reached_by_49() -> None:
    assert passed(parts(49, 50), target_of("0.98")) is True
    assert passed(parts(48, 50), target_of("98%")) is False
    assert passed(Parts(), target_of("98")) is None


@pytest.mark.parametrize("word", ["0", "-1", "101", "x", "", "nan", "1e400%", "100.1%"])
def test_what_is_no_target(word: str) -> None:
    with pytest.raises(ValueError):
        target_of(word)


def test_targets_as_people_write_them() -> None:
    assert {target_of(word) for word in ("0.98", "98%", "98", " 98.0% ")} == {Fraction(98, 100)}
    assert target_of("1") == target_of("100%") == 1


def test_villages_are_counted_below_their_township() -> None:
    places = [
        ("320585", "county", ""),
        ("320585101", "township", "320585"),
        ("320585102", "township", "320585"),
    ]
    places += [(f"320585101{n}", "village", "320585101") for n in (200, 201, 202)]
    tree = Tree(
        [
            Area(id=n, code=code, name=code, level=level, parent_code=above)
            for n, (code, level, above) in enumerate(places, 1)
        ]
    )
    found = {"320585101200": parts(19, 20), "320585101201": parts(18, 20), "320585101202": Parts()}
    found["320585102"] = parts(1, 1)  # cameras that hang at the township itself are no village
    target = target_of("95%")
    assert villages_passed(found, tree, "township", target) == {"320585101": (1, 2)}
    assert villages_passed(found, tree, "county", target) == {"320585": (1, 2)}


def test_growth() -> None:
    assert change(parts(9, 10), parts(8, 10)) == 0.1
    assert change(parts(9, 10), Parts()) is None


COUNT = st.integers(0, 40)


@given(COUNT, COUNT, COUNT, st.data())
def test_fractions_are_the_rates_shown(up: int, down: int, unknown: int, data: st.DataObject) -> None:
    exempt_up = data.draw(st.integers(0, up))
    exempt = data.draw(st.integers(exempt_up, exempt_up + down + unknown))
    one = Parts(up + down + unknown, up, down, unknown, exempt, exempt_up)
    for name in MEASURES:
        exact = fraction(one, name)
        shown = getattr(one, name)
        assert (exact is None) == (shown is None)
        assert exact is None or shown == pytest.approx(float(exact), abs=1e-6)
