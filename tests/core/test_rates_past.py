"""Figures of a period against a slow plain twin that looks at every instant of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.rates import Parts, total
from camerahub.core.rates_past import Past, Spans, Turns, answer_at, disjoint, settled, sum_parts
from camerahub.core.transitions import Answer

END = 24
SPAN = st.tuples(st.integers(-3, END + 3), st.integers(0, 12)).map(lambda t: (t[0], t[0] + t[1]))
Row = tuple[int, int, int, int]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    """A few cameras with chains of turns (some at one instant), memberships one after another, and the rest."""
    cameras = draw(st.integers(1, 3))
    start = draw(st.integers(0, 6))
    answers = draw(st.lists(st.integers(0, 2), min_size=cameras, max_size=cameras))
    turns: list[Row] = []
    member: list[Row] = []
    trait: list[Row] = []
    for camera in range(cameras):
        now = answers[camera]
        for at in sorted(draw(st.lists(st.integers(start + 1, END + 2), max_size=6))):
            new = draw(st.sampled_from([answer for answer in range(3) if answer != now]))
            turns.append((camera, at, now, new))
            now = new
        for rows, groups in ((member, 3), (trait, 2)):
            edges = sorted(draw(st.lists(st.integers(-2, END + 4), max_size=5)))
            for a, b in itertools.pairwise(edges):
                if draw(st.booleans()):
                    rows.append((camera, a, b, draw(st.integers(0, groups - 1))))
    some = st.lists(st.tuples(st.integers(0, cameras - 1), SPAN), max_size=4)
    exempt = [(camera, a, b, 0) for camera, (a, b) in draw(some)]
    late = [(camera, a, b, draw(st.sampled_from([1, 2]))) for camera, (a, b) in draw(some)]
    gaps = draw(st.lists(SPAN, max_size=3))
    return {"start": start, "answer": answers, "turns": turns, "member": member, "trait": trait,
            "exempt": exempt, "late": late, "gaps": gaps}  # fmt: skip


def spans(rows: list[Row]) -> Spans:
    return Spans(*np.array(rows, np.int64).reshape(-1, 4).T)


def past_of(told: dict[str, Any], *, by_trait: bool = False) -> Past:
    camera, at, old, new = np.array(told["turns"], np.int64).reshape(-1, 4).T
    return Past(
        told["start"],
        END,
        np.array(told["answer"], np.uint8),
        Turns(camera, at, old.astype(np.uint8), new.astype(np.uint8)),
        spans(told["member"]),
        spans(told["trait"]) if by_trait else None,
        spans(told["exempt"]),
        spans(told["late"]),
        np.array(told["gaps"], np.int64).reshape(-1, 2),
    )


def _in(at: int, rows: list[Row], camera: int) -> list[int]:
    return [value for who, a, b, value in rows if who == camera and a <= at < b]


def _answer(told: dict[str, Any], camera: int, at: int) -> int:
    """What is known of a camera at an instant: the record, but not in a gap; else late evidence; else nothing."""
    answer = told["answer"][camera]
    for who, when, _, new in told["turns"]:  # a chain, in its own order
        if who == camera and when <= at:
            answer = new
    if any(a <= at < b for a, b in told["gaps"]):
        answer = 0
    if answer:
        return int(answer)
    late = _in(at, told["late"], camera)
    return 1 if 1 in late else 2 if 2 in late else 0


def slowly(told: dict[str, Any], instants: list[int], traits: int = 1) -> list[Parts]:
    found = [Parts() for _ in range(3 * traits)]
    for at in instants:
        for camera in range(len(told["answer"])):
            groups = _in(at, told["member"], camera)
            if not groups:
                continue
            answer, out = _answer(told, camera, at), bool(_in(at, told["exempt"], camera))
            trait = (_in(at, told["trait"], camera) or [0])[0] if traits > 1 else 0
            one = Parts(1, answer == 1, answer == 2, answer == 0, out, out and answer == 1)
            place = groups[0] * traits + trait
            found[place] = found[place] + one
    return found


@given(histories(), st.randoms(use_true_random=False))
def test_time_is_the_sum_of_all_instants(told: dict[str, Any], random: Any) -> None:
    every = list(range(told["start"], END))
    assert sum_parts(past_of(told), 3) == slowly(told, every)
    assert sum_parts(past_of(told, by_trait=True), 3, 2) == slowly(told, every, 2)
    shuffled = {
        name: random.sample(rows, len(rows))
        if name in ("turns", "member", "trait", "exempt", "late", "gaps")
        else rows
        for name, rows in told.items()
    }
    assert sum_parts(past_of(shuffled, by_trait=True), 3, 2) == slowly(told, every, 2)


@given(histories(), st.sets(st.integers(0, END - 1), max_size=6))
def test_points_are_counts_at_their_instants(told: dict[str, Any], chosen: set[int]) -> None:
    points = sorted(at for at in chosen if at >= told["start"])
    assert sum_parts(past_of(told), 3, points=np.array(points, np.int64)) == slowly(told, points)


@given(histories(), st.integers(1, END - 1))
def test_a_period_is_the_sum_of_its_halves(told: dict[str, Any], cut: int) -> None:
    whole = past_of(told)
    if not whole.start < cut < END:
        return
    later = replace(whole, start=cut, answer=answer_at(whole.answer, whole.turns, cut))
    halves = zip(sum_parts(replace(whole, end=cut), 3), sum_parts(later, 3), strict=True)
    assert [a + b for a, b in halves] == sum_parts(whole, 3)


@given(histories())
def test_parts_of_every_group_add_up(told: dict[str, Any]) -> None:
    found = sum_parts(past_of(told), 3)
    assert all(p.up + p.down + p.unknown == p.expected for p in found)
    assert all(0 <= p.exempt_up <= min(p.up, p.exempt) <= p.expected for p in found)
    together = past_of(told | {"member": [(c, a, b, 0) for c, a, b, _ in told["member"]]})
    assert sum_parts(together, 1) == [total(found)]


def test_several_turns_at_one_instant_are_one() -> None:
    def turns(*rows: tuple[int, int, int]) -> Turns:
        at, old, new = np.array(rows).T
        return Turns(np.zeros(len(rows), np.int64), at, old.astype(np.uint8), new.astype(np.uint8))

    up, down, unknown = int(Answer.UP), int(Answer.DOWN), int(Answer.UNKNOWN)
    one = settled(turns((5, unknown, down), (5, up, unknown)))
    assert (one.at.tolist(), one.old.tolist(), one.new.tolist()) == ([5], [up], [down])
    none = settled(turns((5, unknown, up), (5, up, unknown), (7, up, down)))
    assert none.at.tolist() == [7]


def test_camera_time_beyond_what_a_float_can_count() -> None:
    """400,000 cameras for a year: more microseconds than fit in 64 bits."""
    year, many = 365 * 86_400_000_000, 400_000
    everyone = np.arange(many)
    member = Spans(everyone, np.zeros(many, np.int64), np.full(many, year), np.zeros(many, np.int64))
    up = np.full(many, int(Answer.UP), np.uint8)
    (parts,) = sum_parts(Past(0, year, up, Turns(), member), 1)
    assert parts == Parts(many * year, many * year, 0, 0, 0, 0)


def test_gaps_that_touch_or_overlap_are_one() -> None:
    gaps = np.array([[5, 9], [1, 3], [3, 4], [6, 7], [9, 20], [30, 40]], np.int64)
    assert disjoint(gaps, 2, 12).tolist() == [[2, 4], [5, 12]]
    assert disjoint(gaps[:0], 2, 12).tolist() == []


def test_groups_outside_are_a_bug() -> None:
    member = Spans(*(np.array([n]) for n in (0, 0, 5, 3)))
    with pytest.raises(ValueError):
        sum_parts(Past(0, 9, np.zeros(1, np.uint8), Turns(), member), 3)
