"""Late results against the fold itself, one result at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import POLICIES, States, expire, fold
from camerahub.core.rates_late import late_spans
from camerahub.core.result import PROBE_KINDS, REASON_CODES, Facet

POLICY = POLICIES[Facet.ONLINE]
T0 = 1_790_000_000_000_000
STEP = POLICY.stale_us // 4
REASONS = ["ok", "timeout", "refused", "auth", "no_seat"]
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.sampled_from(REASONS)), max_size=16)


def arrays(rows: list[tuple[int, int, str]]) -> list[np.ndarray]:
    endpoint = np.array([row[0] + 100 for row in rows], np.int64)
    at = np.array([T0 + row[1] * STEP for row in rows], np.int64)
    probe = np.full(len(rows), PROBE_KINDS["options"].code)
    return [endpoint, endpoint - 100, at, probe, np.array([REASON_CODES[row[2]] for row in rows])]


def folded(rows: list[tuple[int, int, str]], camera: int, at: int) -> int:
    """The answer of one endpoint at an instant, by the fold of its results up to then, and silence."""
    states = States.fresh(1, (POLICY,))
    for who, when, reason in sorted(rows, key=lambda row: row[1]):
        moment = T0 + when * STEP
        if who != camera or moment > at:
            continue
        result = np.zeros(1, RESULT_DTYPE)
        result["probe"], result["reason"] = PROBE_KINDS["options"].code, REASON_CODES[reason]
        result["started_at"] = moment
        expire(states, moment)
        fold(states, np.zeros(1, np.int64), result, moment)
    expire(states, at + 1)
    return int(states.answer[0, 0])


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_late_results_say_what_the_fold_would_have_said(rows: list[tuple[int, int, str]]) -> None:
    found = late_spans(POLICY, *arrays(rows))
    for camera in range(3):
        for tick in range(0, 36, 2):
            at = T0 + tick * STEP
            told = found.value[(found.camera == camera) & (found.start <= at) & (at < found.end)]
            assert (told.tolist() or [0]) == [folded(rows, camera, at)]


def test_what_says_nothing_of_the_facet_is_nothing() -> None:
    assert len(late_spans(POLICIES[Facet.LIT], *arrays([(0, 0, "ok"), (1, 3, "refused")]))) == 0
