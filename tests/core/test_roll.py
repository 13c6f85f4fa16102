"""The list in memory: the same answers as a slow plain loop over the cameras, whatever is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.area import Area
from camerahub.core.result import REASON_NAMES
from camerahub.core.roll import (
    FACETS,
    PAGE_ROWS,
    SORTS,
    Asked,
    Line,
    Named,
    Names,
    Roll,
    by_township,
    find,
    line_at,
    lines,
    page_of,
    pinyin_like,
    place_of_code,
)
from camerahub.core.transitions import ANSWER_NAMES

AREAS = [
    Area("320585", "太仓市", "county", "", 1),
    Area("320585100", "城厢镇", "township", "320585", 2),
    Area("320585100201", "东村", "village", "320585100", 3),
    Area("320585100202", "西村", "village", "320585100", 4),
    Area("320585101", "沙溪镇", "township", "320585", 5),
    Area("32058510020101", "一组", "grid", "320585100201", 6),
]
NAMES = ("东村大桥", "沙溪桥头", "Gate A", "gate b", "STRASSE ß", "=1+1", "东村\0大桥", "")
WORDS = ("down", "unknown", "up")


def county(rng: np.random.Generator, count: int) -> Roll:
    """Random cameras; the codes partly share their beginning, the names repeat."""
    named = [
        Named(
            100 + n,
            f"{('A', 'AB', '3205')[n % 3]}{n:03d}",
            NAMES[int(rng.integers(len(NAMES)))],
            AREAS[int(rng.integers(len(AREAS)))].code,
            ("", "雪亮", "天网")[int(rng.integers(3))],
            bool(rng.random() < 0.8),
        )
        for n in rng.permutation(count).tolist()
    ]
    shape = (len(FACETS), count)
    return Roll(
        Names.of(named, AREAS),
        1_800_000_000_000_000,
        rng.integers(0, 3, shape).astype(np.uint8),
        rng.integers(0, len(REASON_NAMES), shape).astype(np.uint8),
        rng.integers(0, 5, shape) * 1_000_000,
        rng.integers(0, 5, shape) * 1_000_000,
    )


ROLLS = {
    seed: county(np.random.default_rng(seed), count) for seed, count in ((1, 0), (2, 1), (3, 7), (4, 170))
}


def order_of(asked: Asked) -> Callable[[Line], object]:
    """By what a list is sorted."""
    row = FACETS.index(asked.facet)
    return {
        "code": lambda line: line.code,
        "name": lambda line: pinyin_like(line.name),
        "area": lambda line: (line.township.code, line.village.code if line.village else ""),
        "network": lambda line: line.network,
        "state": lambda line: WORDS.index(line.told[row].state),
        "reason": lambda line: REASON_NAMES.index(line.told[row].reason),
        "since": lambda line: line.told[row].since,
    }[asked.sort.removeprefix("-")]


def slow(roll: Roll, asked: Asked) -> tuple[list[Line], list[Line]]:
    """(cameras the question is about, those of them it finds in order), one by one."""
    everyone = [line_at(roll, place) for place in range(len(roll))]
    about = [
        line
        for line in everyone
        if (asked.everyone or line.expected)
        and (not asked.township or line.township.code == asked.township)
        and (not asked.village or (line.village is not None and line.village.code == asked.village))
        and (asked.network is None or line.network == asked.network)
        and (line.code.startswith(asked.q) or asked.q.casefold() in line.name.casefold())
    ]
    row = FACETS.index(asked.facet)
    found = [
        line
        for line in about
        if (not asked.state or line.told[row].state == asked.state)
        and (not asked.reason or line.told[row].reason == asked.reason)
    ]
    key = order_of(asked)
    found.sort(key=key, reverse=asked.sort.startswith("-"))
    return about, found


questions = st.builds(
    Asked,
    township=st.sampled_from(["", "320585100", "320585101", "320585", "999"]),
    village=st.sampled_from(["", "", "320585100201", "320585100202"]),
    network=st.sampled_from([None, None, "", "雪亮", "天网", "慧眼"]),
    facet=st.sampled_from(FACETS),
    state=st.sampled_from(["", *WORDS]),
    reason=st.sampled_from(["", "", *REASON_NAMES[:4]]),
    q=st.one_of(
        st.sampled_from(["", "", "A", "3205", "AB01", "gate", "桥", "ss", "=1", "大桥东村"]),
        st.text(max_size=3),
    ),
    sort=st.sampled_from([*SORTS, *(f"-{word}" for word in SORTS)]),
    page=st.integers(1, 6),
    everyone=st.booleans(),
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(ROLLS)), questions)
def test_the_list_is_what_a_plain_loop_finds(seed: int, asked: Asked) -> None:
    roll = ROLLS[seed]
    about, wanted = slow(roll, asked)
    found = find(roll, asked)
    told = lines(roll, found.places.tolist())
    order = order_of(asked)
    assert [order(line) for line in told] == [order(line) for line in wanted]
    assert sorted(line.code for line in told) == sorted(line.code for line in wanted)
    assert found.within == len(about)
    for at, facet in enumerate(FACETS):
        counted = Counter(line.told[at].state for line in about)
        assert found.counts[facet] == {state: counted[state] for state in ANSWER_NAMES}
    assert sum(found.counts[asked.facet].values()) == found.within


@given(st.sampled_from(sorted(ROLLS)), questions)
def test_pages_laid_together_are_the_list(seed: int, asked: Asked) -> None:
    roll = ROLLS[seed]
    found = find(roll, asked)
    whole = lines(roll, found.places.tolist())
    start = (found.page - 1) * PAGE_ROWS
    assert page_of(roll, found) == whole[start : start + PAGE_ROWS]
    assert found.page == min(asked.page, found.pages)
    assert (found.pages - 1) * PAGE_ROWS <= len(whole) <= found.pages * PAGE_ROWS


def test_equal_cameras_stand_by_code_from_either_end() -> None:
    roll = ROLLS[4]
    for sort in ("state", "-state"):
        told = lines(roll, find(roll, Asked(sort=sort)).places.tolist())
        for one, other in pairwise(told):
            if one.told[0].state == other.told[0].state:
                assert one.code < other.code


def test_reasons_are_counted_within_the_state_asked_for() -> None:
    roll = ROLLS[4]
    found = find(roll, Asked(state="down", reason="timeout"))
    told = dict(find(roll, Asked(state="down")).reasons)
    assert dict(found.reasons) == told
    assert len(found.places) == told.get("timeout", 0)
    assert list(told.values()) == sorted(told.values(), reverse=True)


def test_places_are_those_of_metrics_and_known_ones_without_cameras_are_there() -> None:
    roll = ROLLS[2]
    assert {place.code for place in roll.names.townships} >= {"320585100", "320585101"}
    assert {place.code: place.parent for place in roll.names.villages} == {
        "320585100201": "320585100",
        "320585100202": "320585100",
    }
    nobody = Names.of([Named(1, "X", "x", "99", "", True)], [])
    assert nobody.townships[0].code == "unassigned"


def test_townships_add_up_to_the_whole() -> None:
    roll = ROLLS[4]
    told = by_township(roll)
    everywhere = find(roll, Asked())
    assert sum(expected for _, expected, _ in told) == everywhere.within
    for facet in FACETS:
        for state in ANSWER_NAMES:
            assert sum(counts[facet][state] for *_, counts in told) == everywhere.counts[facet][state]
    for place, expected, counts in told:
        there = find(roll, Asked(township=place.code))
        assert (there.within, there.counts) == (expected, counts)


def test_a_camera_is_found_by_its_code() -> None:
    roll = ROLLS[4]
    for place, code in enumerate(roll.names.code):
        assert place_of_code(roll, code) == place
    assert place_of_code(roll, "nobody") is None
    assert place_of_code(ROLLS[1], "") is None


def test_chinese_names_stand_by_pinyin() -> None:
    names = ["镇江", "安吉", "北京", "上海"]
    assert sorted(names, key=pinyin_like) == ["安吉", "北京", "上海", "镇江"]


@pytest.mark.parametrize("wrong", [{"facet": "colour"}, {"sort": "age"}])
def test_what_does_not_exist_is_a_key_error(wrong: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        find(ROLLS[4], Asked(**wrong))
