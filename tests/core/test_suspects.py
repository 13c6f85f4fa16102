"""Which shared thing explains cameras that went down together: a plain twin, scenes of a county, size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from camerahub.core.suspects import LEAST_SHARE, PRICES, Shared, Suspect, explain

I8 = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: Widest last, as a caller gives them.
KINDS = ("pole", "power", "onu", "switch", "device", "platform", "subnet", "village", "township")


class County(NamedTuple):
    """Cameras on poles of two, poles on ONUs of five and at power points of two poles, ONUs on switches of ten, 20 to a
    village, 10 of those to a township; every third camera also behind a recorder of 16."""

    shared: tuple[Shared, ...]

    def of(self, kind: str, group: int) -> Bools:
        (one,) = [shared for shared in self.shared if shared.kind == kind]
        return np.asarray(one.group == group)

    @property
    def size(self) -> int:
        return len(self.shared[0].group)


def county(cameras: int = 26_000) -> County:
    place = np.arange(cameras)
    recorder = np.where(place % 3 == 0, place // 3 // 16, -1)
    sizes = {
        "pole": 2,
        "power": 4,
        "onu": 10,
        "switch": 100,
        "subnet": 200,
        "village": 20 * 9,
        "township": 1800,
    }
    columns = {kind: place // size for kind, size in sizes.items()}
    columns |= {"device": recorder, "platform": place % 5}
    return County(tuple(Shared(kind, columns[kind].astype(np.int64)) for kind in KINDS))


def blamed(found: list[Suspect]) -> list[tuple[str, int]]:
    return [(one.kind, one.group) for one in found]


def told(place: County, failing: Bools, judged: Bools | None = None) -> list[Suspect]:
    return explain(place.shared, failing, np.ones(place.size, np.bool_) if judged is None else judged)


def test_a_switch_five_poles_and_thirty_cameras_are_thirty_six_causes() -> None:
    rng = np.random.default_rng(1)
    place = county()
    behind = np.arange(place.size) < 2000
    switches = [
        one if one.kind != "switch" else Shared("switch", np.where(behind, 0, one.group))
        for one in place.shared
    ]
    place = County(tuple(switches))
    poles = rng.choice(np.arange(1000, 13_000), 5, replace=False)
    failing = behind | np.isin(place.shared[0].group, poles)
    failing[rng.choice(np.flatnonzero(~failing), 30, replace=False)] = True
    found = told(place, failing)
    assert len(found) == 36
    assert blamed(found)[0] == ("switch", 0)
    assert set(blamed(found)[1:6]) == {("pole", int(pole)) for pole in poles}
    assert {one.kind for one in found[6:]} == {"camera"}
    assert found[0].inside == 1.0
    assert found[0].outside == pytest.approx(40 / 24_000)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_thing_is_found_when_it_fails_alone(kind: str) -> None:
    place = county()
    group = 3
    failing = place.of(kind, group)
    (found,) = told(place, failing)
    assert (found.kind, found.group) == (kind, group)
    assert found.cameras.tolist() == np.flatnonzero(failing).tolist()


def test_a_power_cut_across_two_switches_is_neither_switch() -> None:
    place = county()
    power = np.where(np.isin(np.arange(place.size), np.arange(80, 120)), 99_999, place.shared[1].group)
    place = County((place.shared[0], Shared("power", power), *place.shared[2:]))
    assert blamed(told(place, place.of("power", 99_999))) == [("power", 99_999)]


def test_two_switches_at_once_are_two_causes_and_one_survivor_does_not_clear_them() -> None:
    place = county()
    failing = place.of("switch", 7) | place.of("switch", 140)
    failing[705] = False
    assert set(blamed(told(place, failing))) == {("switch", 7), ("switch", 140)}


def test_cameras_that_were_down_before_say_nothing_of_their_switch() -> None:
    place = county()
    judged = np.ones(place.size, np.bool_)
    judged[700:760] = False
    failing = place.of("switch", 7) & judged
    (found,) = told(place, failing, judged)
    assert (found.kind, found.judged, found.inside) == ("switch", 40, 1.0)


def test_the_most_specific_of_two_that_explain_the_same_is_blamed() -> None:
    group = np.array([0, 0, 0, 0, 1, 1], np.int64)
    shared = [Shared("pole", group), Shared("switch", group), Shared("village", group)]
    failing = group == 0
    assert blamed(explain(shared, failing, np.ones(6, np.bool_))) == [("pole", 0)]


def test_unrelated_cameras_stay_single_however_many() -> None:
    rng = np.random.default_rng(2)
    place = county()
    failing = np.zeros(place.size, np.bool_)
    failing[rng.choice(place.size // 2, 200, replace=False) * 2] = True  # one of each pole at most
    found = told(place, failing)
    assert [one.kind for one in found].count("camera") >= 190


def test_nothing_failing_and_nothing_known_is_nothing() -> None:
    place = county(100)
    assert told(place, np.zeros(100, np.bool_)) == []
    nobody = [Shared("pole", np.full(3, -1, np.int64))]
    found = explain(nobody, np.array([True, False, True]), np.ones(3, np.bool_))
    assert blamed(found) == [("camera", 0), ("camera", 2)]


Case = tuple[list[Shared], Bools, Bools]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(1, 30))
    kinds = draw(st.lists(st.sampled_from(list(PRICES)), min_size=1, max_size=4))
    column = st.lists(st.integers(-1, 5), min_size=size, max_size=size)
    flags = st.lists(st.booleans(), min_size=size, max_size=size)
    shared = [Shared(kind, np.array(draw(column), np.int64)) for kind in kinds]
    return shared, np.array(draw(flags), np.bool_), np.array(draw(flags), np.bool_)


def plainly(shared: list[Shared], failing: Bools, judged: Bools) -> list[tuple[str, int, int, list[int]]]:
    """The same without arrays, heaps or laziness: look at everything again after each blame."""
    left = set(np.flatnonzero(failing).tolist())
    known = left | set(np.flatnonzero(judged).tolist())
    everything = set(left)
    out = []
    while True:
        best: tuple[float, int, int] | None = None
        for column, one in enumerate(shared):
            for group in sorted(set(one.group.tolist()) - {-1}):
                members = set(np.flatnonzero(one.group == group).tolist()) & known
                down = members & everything
                saved = len(down & left) - PRICES[one.kind] - len(members - down)
                if (
                    down
                    and len(down) >= LEAST_SHARE * len(members)
                    and saved > 0
                    and (best is None or saved > best[0])
                ):
                    best = saved, column, group
        if best is None:
            return out + [("camera", -1, camera, [camera]) for camera in sorted(left)]
        _, column, group = best
        mine = sorted(left & set(np.flatnonzero(shared[column].group == group).tolist()))
        out.append((shared[column].kind, column, group, mine))
        left -= set(mine)


@given(cases())
def test_equals_the_plain_twin(case: Case) -> None:
    shared, failing, judged = case
    found = explain(shared, failing, judged)
    assert [(one.kind, one.column, one.group, one.cameras.tolist()) for one in found] == plainly(
        shared, failing, judged
    )


@given(cases())
def test_every_failing_camera_is_explained_exactly_once(case: Case) -> None:
    shared, failing, judged = case
    explained = [place for one in explain(shared, failing, judged) for place in one.cameras.tolist()]
    assert sorted(explained) == np.flatnonzero(failing).tolist()
