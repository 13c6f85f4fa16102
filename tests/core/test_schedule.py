from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.health import POLICIES, Answer, State
from camerahub.core.result import Facet, Signal
from camerahub.core.schedule import backoff, confirm, hash64, hashes64, next_due, spread
from camerahub.core.transitions import ANSWER_OF, Policy, step

ONLINE = POLICIES[Facet.ONLINE]
MINUTE = 60_000_000
BAD, GOOD = Signal.DOWN, Signal.UP


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), st.integers(0, 2**64 - 1))
def test_hash_of_arrays_and_scalars_agree(values, seed):
    assert hashes64(np.array(values, dtype=np.int64), seed).tolist() == [hash64(v, seed) for v in values]


def test_spread_is_even_seeded_and_not_in_register_order():
    ids = np.arange(1000)
    offsets = spread(ids, MINUTE, 1)
    assert np.array_equal(np.sort(offsets), np.arange(1000) * MINUTE // 1000)
    assert np.array_equal(spread(ids[::-1], MINUTE, 1)[::-1], offsets)
    assert not np.array_equal(spread(ids, MINUTE, 2), offsets)
    in_subnet = np.sort(offsets[:100]) // (MINUTE // 10)
    assert np.bincount(in_subnet, minlength=10).max() < 25
    assert len(spread(ids[:0], MINUTE)) == 0


def test_one_more_endpoint_moves_the_others_little():
    before, after = spread(np.arange(1000), MINUTE), spread(np.arange(1001), MINUTE)[:1000]
    assert np.abs(after - before).max() <= MINUTE // 1000 + 1


@given(
    st.integers(0, 10**6),
    st.integers(-(10**4), 10**7),
    st.integers(1, 10**5),
    st.sampled_from([0.0, 0.1, 0.5]),
)
def test_next_due_keeps_its_grid_and_leaves_missed_rounds_out(due, now, interval, jitter):
    base, dial = next_due(due, now, interval, jitter, key=7, seed=3)
    assert (base - due) % interval == 0
    assert base > max(now, due)
    assert base - interval <= max(now, due)
    assert base <= dial <= base + jitter * interval
    assert next_due(due, now, interval, jitter, key=7, seed=3) == (base, dial)


def run(policy, *signals):
    memory, told = 0, []
    for signal in signals:
        memory, again = confirm(memory, signal, policy)
        told.append(again)
    return told


def test_the_first_fault_and_the_first_good_answer_after_down_are_confirmed():
    assert run(ONLINE, GOOD, BAD, BAD, BAD, BAD) == [False, True, False, False, False]
    assert run(ONLINE, BAD, BAD, BAD, GOOD, GOOD) == [True, False, False, True, False]
    assert run(ONLINE, GOOD, BAD, GOOD, BAD) == [False, True, False, True]
    assert run(ONLINE, BAD, BAD, BAD, GOOD, BAD, GOOD) == [True, False, False, True, False, True]
    assert run(ONLINE, GOOD, Signal.UNKNOWN, Signal.NONE) == [False] * 3


def test_nothing_is_confirmed_when_one_result_decides():
    assert run(Policy(Facet.ONLINE, 1, 1, 1, 1, 1), GOOD, BAD, GOOD) == [False] * 3
    assert run(POLICIES[Facet.LIT], BAD, BAD, GOOD) == [True, False, False]


@given(st.lists(st.sampled_from(list(Signal)), max_size=30), st.sampled_from(list(POLICIES.values())))
def test_memory_is_the_state_the_fold_has(signals, policy):
    memory, state, history = 0, State.UNKNOWN, 0
    for signal in signals:
        memory, again = confirm(memory, signal, policy)
        before = state
        state, history = step(policy, state, history, signal)
        assert memory == history << 3 | state
        if again:
            assert ANSWER_OF[before] is ANSWER_OF[state]
            assert signal is (GOOD if ANSWER_OF[before] is Answer.DOWN else BAD)


@pytest.mark.parametrize(("failures", "wait"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 5.0), (99, 5.0)])
def test_backoff_climbs_and_stays(failures, wait):
    assert backoff(failures, (0.5, 1.0, 5.0)) == wait
    assert wait <= backoff(failures, (0.5, 1.0, 5.0), 0.2, key=3) <= wait * 1.2
