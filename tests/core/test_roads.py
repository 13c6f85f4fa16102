"""Cameras out of endpoints, against the definition said camera by camera."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import Answer, Flips, States, expire, fold
from camerahub.core.result import REASON_CODES, REASON_NAMES, Facet
from camerahub.core.roads import Cameras, Roads, answers

T0 = 1_790_000_000_000_000
S = 1_000_000
HOMES = np.array([0, 2, 0, 1, 0, 2])
N = 4


def batch_of(results):
    batch = np.zeros(len(results), dtype=RESULT_DTYPE)
    for row, (endpoint, reason, at) in zip(batch, results, strict=True):
        row["endpoint"], row["reason"], row["started_at"] = endpoint, REASON_CODES[reason], at
        row["probe"] = 1
    return batch["endpoint"].astype(np.int64), batch


def settle(states, *results):
    fold(states, *batch_of([(e, r, T0 + k) for e, r in results for k in range(3)]), T0 + S)


def told(states, camera):
    a = answers(states, Facet.ONLINE, Roads.build(HOMES, N), np.array([camera]))
    return Answer(a.answer[0]).name, REASON_NAMES[a.reason[0]]


def test_any_road_up_is_up_else_down_else_unknown():
    states = States.fresh(len(HOMES))
    assert told(states, 3) == ("UNKNOWN", "no_address")
    assert told(states, 0) == ("UNKNOWN", "blind")
    settle(states, (0, "protocol"))
    assert told(states, 0) == ("DOWN", "protocol")
    settle(states, (2, "timeout"))
    assert told(states, 0) == ("DOWN", "timeout")
    settle(states, (4, "auth"))
    assert told(states, 0) == ("UP", "auth")


def test_places_outside_are_refused_and_touched_cameras_found():
    with pytest.raises(ValueError):
        Roads.build(np.array([0, 4]), 4)
    roads = Roads.build(HOMES, N)
    assert roads.touched(np.array([1, 5, 3])).tolist() == [1, 2]
    endpoints, counts = roads.endpoints_of(np.array([2, 3, 0]))
    assert (endpoints.tolist(), counts.tolist()) == ([1, 5, 0, 2, 4], [2, 0, 3])


def by_hand(states):
    out = []
    for camera in range(N):
        mine = [(int(states.answer[0, e]), int(states.reason[0, e])) for e in np.flatnonzero(camera == HOMES)]
        answer = next((a for a in (1, 2, 0) if a in [m[0] for m in mine]), 0)
        out.append((answer, min((r for a, r in mine if a == answer), default=REASON_CODES["no_address"])))
    return out


ROUND = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["ok", "timeout", "refused", "no_seat"]), st.integers(0, 9)),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(ROUND, st.booleans()), max_size=8))
def test_running_answers_equal_derived_ones_in_any_split(rounds):
    roads = Roads.build(HOMES, N)
    states = States.fresh(len(HOMES))
    whole, single = Cameras.of(states, roads), Cameras.of(states, roads)
    now, seen, one_by_one = T0, [], []
    for results, pause in rounds:
        now += 400 * S if pause else 20 * S
        for flips in (
            expire(states, now).flips,
            fold(states, *batch_of([(e, r, now - (9 - a) * S) for e, r, a in results]), now).flips,
        ):
            seen += rows(whole.apply(states, roads, flips, now))
            for k in range(len(flips)):
                one = Flips(**{n: getattr(flips, n)[k : k + 1] for n in Flips.__slots__})
                one_by_one += rows(single.apply(states, roads, one))
        derived = answers(states, Facet.ONLINE, roads)
        assert list(zip(derived.answer.tolist(), derived.reason.tolist(), strict=True)) == by_hand(states)
        assert whole.answer[0].tolist() == derived.answer.tolist()
        again = Cameras.of(states, roads)
        assert (again.ups == whole.ups).all()
        assert (again.downs == whole.downs).all()
    assert sorted(seen) == sorted(one_by_one)
    assert whole.since.tolist() == single.since.tolist()
    for camera in range(N):
        mine = [r for r in seen if r[0] == camera]
        assert [r[1] for r in mine] == sorted(r[1] for r in mine)
        assert all(a[3] == b[2] for a, b in pairwise(mine))


def rows(flips):
    columns = (flips.index, flips.at, flips.old, flips.new, flips.reason)
    return list(zip(*(c.tolist() for c in columns), strict=True))


def test_a_mark_of_a_broken_clock_does_not_date_later_flips():
    roads, states = Roads.build(HOMES, N), States.fresh(len(HOMES))
    cameras = Cameras.of(states, roads)
    cameras.since[0, 0] = T0 + 10_000 * S
    flips = fold(states, *batch_of([(0, "ok", T0)]), T0).flips
    assert cameras.apply(states, roads, flips, T0).at.tolist() == [T0]
