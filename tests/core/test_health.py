"""The fold against a slow twin, in any split, with duplicates, late results and broken clocks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import (
    AHEAD_US,
    ANSWER_NAMES,
    POLICIES,
    Answer,
    Policy,
    State,
    States,
    expire,
    fold,
    replay,
)
from camerahub.core.result import PROBE_KINDS, REASON_CODES, REASON_NAMES, REASONS, Facet, Signal

ONLINE = POLICIES[Facet.ONLINE]
LOOSE = Policy(Facet.ONLINE, 2, 3, 1, 1, 60_000_000)
WIDE = Policy(Facet.ONLINE, 3, 5, 3, 4, 60_000_000)
T0 = 1_790_000_000_000_000
S = 1_000_000


def rows(*results):
    """(endpoint, probe, reason, started_at) -> index, batch."""
    batch = np.zeros(len(results), dtype=RESULT_DTYPE)
    for row, (endpoint, probe, reason, at) in zip(batch, results, strict=True):
        row["endpoint"], row["started_at"] = endpoint, at
        row["probe"], row["reason"] = PROBE_KINDS[probe].code, REASON_CODES[reason]
    return batch["endpoint"].astype(np.int64), batch


def feed(states, *reasons, at=T0, endpoint=0, probe="options"):
    """One result a second, each a batch of its own; returns all flips as (at - T0, old, new, reason)."""
    out = []
    for i, reason in enumerate(reasons):
        when = at + i * S
        out += flips_of(fold(states, *rows((endpoint, probe, reason, when)), when + S).flips)
    return [(at - T0, old, new, reason) for _, _, at, old, new, reason, _ in out]


def flips_of(flips):
    return [
        (int(i), int(f), int(t), ANSWER_NAMES[o], ANSWER_NAMES[n], REASON_NAMES[r], int(s))
        for i, f, t, o, n, r, s in zip(
            flips.index, flips.facet, flips.at, flips.old, flips.new, flips.reason, flips.seq, strict=True
        )
    ]


def as_tuple(states):
    return tuple(a.tolist() for a in (states.word, states.since, states.observed_at, states.seen_at))


def test_cold_start_goes_up_on_one_good_result_and_down_only_on_three():
    states = States.fresh(2)
    assert feed(states, "ok") == [(0, "unknown", "up", "ok")]
    assert feed(states, "timeout", "timeout", endpoint=1) == []
    assert states.answer[0].tolist() == [Answer.UP, Answer.UNKNOWN]
    assert feed(states, "timeout", at=T0 + 2 * S, endpoint=1) == [(2 * S, "unknown", "down", "timeout")]


def test_suspect_keeps_the_public_answer_and_one_good_result_clears_it():
    states = States.fresh(1)
    feed(states, "ok", "timeout", "refused")
    assert states.state[0, 0] == State.SUSPECT
    assert states.answer[0, 0] == Answer.UP
    assert REASON_NAMES[states.reason[0, 0]] == "ok"
    feed(states, "ok", at=T0 + 3 * S)
    assert states.state[0, 0] == State.UP
    assert feed(states, "timeout", "timeout", at=T0 + 4 * S) == []


def test_down_needs_two_good_results_to_come_up():
    states = States.fresh(1)
    feed(states, "timeout", "timeout", "refused")
    assert REASON_NAMES[states.reason[0, 0]] == "refused"
    assert feed(states, "ok", "timeout", "ok", at=T0 + 3 * S) == []
    assert states.state[0, 0] == State.RECOVERING
    assert feed(states, "auth", at=T0 + 6 * S) == [(6 * S, "down", "up", "auth")]


def test_two_of_three_counts_evidence_for_one_answer_only():
    states = States.fresh(1, [LOOSE])
    assert feed(states, "ok", "timeout", "ok", "timeout") == [
        (0, "unknown", "up", "ok"),
        (3 * S, "up", "down", "timeout"),
    ]
    assert feed(states, "ok", "timeout", at=T0 + 4 * S) == [(4 * S, "down", "up", "ok")]


def test_tcp_proves_no_camera_online_but_its_faults_count():
    states = States.fresh(1)
    assert feed(states, "ok", "ok", probe="tcp") == []
    assert states.seen_at[0, 0] == 0
    assert len(feed(states, "refused", "refused", "refused", at=T0 + 2 * S, probe="tcp")) == 1


def test_a_black_picture_is_dark_and_the_camera_online_and_each_says_why():
    states = States.fresh(1, [POLICIES[facet] for facet in (Facet.ONLINE, Facet.MEDIA, Facet.LIT)])
    feed(states, "black", "black", probe="picture")
    told = [
        (ANSWER_NAMES[answer], REASON_NAMES[reason])
        for answer, reason in zip(states.answer[:, 0], states.reason[:, 0], strict=True)
    ]
    assert told == [("up", "ok"), ("up", "ok"), ("down", "black")]


def test_media_without_a_look_at_the_picture_never_moves_lit():
    states = States.fresh(1, [POLICIES[facet] for facet in (Facet.ONLINE, Facet.MEDIA, Facet.LIT)])
    feed(states, "ok", "ok", "ok", probe="media")
    assert [ANSWER_NAMES[answer] for answer in states.answer[:, 0]] == ["up", "up", "unknown"]


def test_not_looking_changes_no_answer_but_is_remembered_for_staleness():
    states = States.fresh(1)
    feed(states, "ok", "no_seat", "paused", "no_seat")
    assert (states.answer[0, 0], REASON_NAMES[states.reason[0, 0]]) == (Answer.UP, "ok")
    assert (states.observed_at[0, 0], states.seen_at[0, 0]) == (T0, T0 + 3 * S)
    done = expire(states, T0 + 300 * S + 1)
    assert flips_of(done.flips) == [(0, 0, T0 + 300 * S + 1, "up", "unknown", "no_seat", -1)]
    assert done.changed.index.tolist() == [0]


def test_stale_exactly_after_five_minutes_and_not_while_nobody_watched():
    states = States.fresh(1)
    feed(states, "ok")
    assert len(expire(states, T0 + 300 * S).flips) == 0
    assert len(expire(states, T0 + 9000 * S, watching_since=T0 + 8700 * S).flips) == 0
    assert len(expire(states, T0 + 9000 * S + 1, watching_since=T0 + 8700 * S).flips) == 1


def test_silence_forgets_half_made_evidence():
    states = States.fresh(1)
    feed(states, "timeout", "timeout")
    done = expire(states, T0 + 400 * S)
    assert (len(done.flips), done.changed.index.tolist()) == (0, [0])
    assert feed(states, "timeout", "timeout", at=T0 + 401 * S) == []


def test_late_results_are_returned_and_touch_nothing():
    states = States.fresh(1)
    feed(states, "ok", at=T0 + 10 * S)
    before = as_tuple(states)
    done = fold(
        states,
        *rows(*[(0, "options", r, T0 + k) for k, r in enumerate(["timeout", "no_seat", "reset"])]),
        T0 + 20 * S,
    )
    assert done.late.tolist() == [0, 1, 2]
    assert as_tuple(states) == before
    assert (len(done.flips), len(done.changed.index)) == (0, 0)


def test_one_result_from_the_future_delays_nothing():
    states = States.fresh(1)
    fold(states, *rows((0, "options", "ok", T0 + 5 * 3600 * S)), T0)
    assert states.observed_at[0, 0] == T0
    done = fold(states, *rows((0, "options", "timeout", T0 + S)), T0 + 2 * S)
    assert len(done.late) == 0


def test_marks_left_by_a_clock_that_was_set_back_make_nobody_late_or_fresh_for_ever():
    states = States.fresh(2)
    hours = 3 * 3600 * S
    for endpoint in (0, 1):
        feed(states, "ok", at=T0 + hours, endpoint=endpoint)
    done = fold(states, *rows((0, "options", "timeout", T0)), T0 + S)
    assert (len(done.late), states.observed_at[0, 0]) == (0, T0)
    assert done.changed.index.tolist() == [0]
    assert len(expire(states, T0 + S).flips) == 0
    assert states.observed_at[0, 1] == T0 + S
    assert flips_of(expire(states, T0 + 302 * S).flips)[1][2] == T0 + 302 * S


def test_a_mark_set_right_is_written_also_when_others_change_their_answer():
    states = States.fresh(2)
    feed(states, "ok", at=T0 + 9000 * S)
    done = fold(states, *rows((0, "options", "ok", T0), (1, "options", "ok", T0)), T0)
    assert done.changed.index.tolist() == [0, 1]


def test_a_flip_is_never_dated_before_the_one_before_it():
    states = States.fresh(1)
    feed(states, "ok")
    expire(states, T0 + 301 * S)
    done = fold(states, *rows((0, "options", "ok", T0 + 299 * S)), T0 + 302 * S)
    assert done.flips.at.tolist() == [T0 + 301 * S]


def test_repeats_of_one_endpoint_fold_in_order():
    states = States.fresh(3)
    batch = [
        (1, "options", r, T0 + k) for k, r in enumerate(["ok", "timeout", "timeout", "timeout", "ok", "ok"])
    ]
    done = fold(states, *rows(*batch, (2, "options", "ok", T0)), T0 + S)
    assert [(f[0], f[3], f[4], f[6]) for f in flips_of(done.flips)] == [
        (1, "unknown", "up", 0),
        (1, "up", "down", 3),
        (1, "down", "up", 5),
        (2, "unknown", "up", 6),
    ]
    assert done.changed.index.tolist() == [1, 2]


@pytest.mark.parametrize("index", [[-1], [2], [0, 1]])
def test_places_outside_and_unequal_lengths_are_bugs(index):
    with pytest.raises(ValueError):
        fold(States.fresh(2), np.array(index), rows((0, "options", "ok", T0))[1], T0)


def test_empty_batches_and_empty_fleets():
    nothing = rows()
    done = fold(States.fresh(0), *nothing, T0)
    assert (len(done.flips), len(done.changed.row), len(done.late)) == (0, 0, 0)
    assert len(expire(States.fresh(0), T0).flips) == 0


def test_codes_outside_the_tables_say_nothing():
    states = States.fresh(1)
    index, batch = rows((0, "options", "ok", T0), (0, "options", "ok", T0))
    batch["reason"][0], batch["probe"][1] = 250, 200
    before = as_tuple(states)
    fold(states, index, batch, T0)
    assert as_tuple(states) == before


def test_grown_states_keep_what_they_know():
    states = States.fresh(2)
    feed(states, "ok", endpoint=1)
    more = states.grown(5)
    assert more.answer[0].tolist() == [0, 1, 0, 0, 0]
    assert "5 endpoints | ONLINE [4, 1, 0]" in repr(more)
    with pytest.raises(ValueError):
        more.grown(4)
    with pytest.raises(KeyError):
        more.row(Facet.LIT)


# The fold once more, one result at a time, from the written rules; shares only the tables of reasons and probes.

AHEAD = 10_000_000
LEAST_STAGE = {Facet.ONLINE: 2, Facet.MEDIA: 4, Facet.LIT: 5, Facet.PICTURE: 6}


def test_one_fault_of_three_is_the_reason_told_until_it_is_forgotten():
    states = States.fresh(1)
    assert feed(states, "refused") == []
    assert REASON_NAMES[states.reason[0, 0]] == "refused"
    expire(states, T0 + 301 * S)
    assert REASON_NAMES[states.reason[0, 0]] == "blind"


@dataclass
class Rule:
    facet: Facet
    down: tuple[int, int]
    up: tuple[int, int]
    stale: int


@dataclass
class Endpoint:
    answer: str = "unknown"
    reason: str = "blind"
    doubt: str = "blind"
    since: int = 0
    observed_at: int = 0
    seen_at: int = 0
    signals: list[bool] = field(default_factory=list)  # since the last change of answer, True = good

    @property
    def state(self) -> str:
        if self.answer == "up" and self.signals and not self.signals[-1]:
            return "suspect"
        if self.answer == "down" and self.signals and self.signals[-1]:
            return "recovering"
        return self.answer


def said(facet, probe, reason):
    kind = next(k for k in PROBE_KINDS.values() if k.code == probe)
    info = REASONS[REASON_NAMES[reason]]
    if facet not in kind.facets:
        return None
    column = (info.online, info.media, info.lit, info.picture)[facet]
    if column == Signal.UP and kind.stage < LEAST_STAGE[facet]:
        return None
    return {Signal.UP: "good", Signal.DOWN: "bad", Signal.UNKNOWN: "unknown"}.get(column)


def fold_one(endpoint: Endpoint, rule: Rule, row, now: int):
    """Returns ("late",), ("silent",) or ("taken", flip or None)."""
    word = said(rule.facet, int(row["probe"]), int(row["reason"]))
    if word is None:
        return ("silent",)
    at, reason = int(row["started_at"]), REASON_NAMES[row["reason"]]
    if at > now + AHEAD:
        at = now
    if at < endpoint.observed_at <= now + AHEAD:
        return ("late",)
    broken_observed = endpoint.observed_at > now + AHEAD
    endpoint.seen_at = at if endpoint.seen_at > now + AHEAD else max(at, endpoint.seen_at)
    if broken_observed or word != "unknown":
        endpoint.observed_at = at
    if word == "unknown":
        endpoint.doubt = reason
        if endpoint.answer == "unknown":
            endpoint.reason = reason
        return ("taken", None)
    endpoint.doubt = "blind"
    endpoint.signals.append(word == "good")
    return ("taken", _judge(endpoint, rule, word, reason, at, now))


def _judge(endpoint, rule, word, reason, at, now):
    last = lambda m: endpoint.signals[-m:]  # noqa: E731
    down = last(rule.down[1]).count(False) >= rule.down[0]
    up = last(rule.up[1]).count(True) >= rule.up[0]
    new = endpoint.answer
    if endpoint.answer != "down" and word == "bad" and down:
        new = "down"
    elif (endpoint.answer == "unknown" and word == "good") or (
        endpoint.answer == "down" and word == "good" and up
    ):
        new = "up"
    if {"up": "good", "down": "bad"}.get(new) == word:
        endpoint.reason = reason
    if new == "unknown":
        endpoint.reason = reason
    if new == endpoint.answer:
        return None
    when = at if endpoint.since > now + AHEAD else max(at, endpoint.since)
    flip = (int(rule.facet), when, endpoint.answer, new, endpoint.reason)
    endpoint.answer, endpoint.since, endpoint.signals = new, when, []
    return flip


def expire_one(endpoint: Endpoint, rule: Rule, now: int, watching_since: int):
    """Returns the flip or None."""
    if max(endpoint.observed_at, endpoint.seen_at) > now + AHEAD:
        endpoint.observed_at, endpoint.seen_at = min(endpoint.observed_at, now), min(endpoint.seen_at, now)
    if now - max(endpoint.observed_at, watching_since) <= rule.stale:
        return None
    half_made, endpoint.signals = bool(endpoint.signals), []
    if endpoint.answer == "unknown":
        endpoint.reason = endpoint.doubt if half_made else endpoint.reason
        return None
    when = now if endpoint.since > now + AHEAD else max(now, endpoint.since)
    flip = (int(rule.facet), when, endpoint.answer, "unknown", endpoint.doubt)
    endpoint.answer, endpoint.reason, endpoint.since = "unknown", endpoint.doubt, when
    return flip


RESULT = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["options", "options", "rtsp", "tcp"]),
    st.sampled_from(
        ["ok", "ok", "timeout", "timeout", "refused", "auth", "no_seat", "paused", "tls", "busy"]
    ),
    st.one_of(st.integers(0, 40), st.integers(-1000, 100_000)),
)
CHUNK = st.tuples(
    st.lists(RESULT, max_size=14),
    st.one_of(st.integers(0, 20), st.integers(-5000, 5000)),
    st.booleans(),
)
FACETS = [ONLINE, LOOSE, WIDE, Policy(Facet.LIT, 2, 3, 1, 1, 60 * S)]


def compare(states, policy, twins):
    bits = policy.window
    for i, twin in enumerate(twins):
        history = [twin.answer == "down"] * bits + [not good for good in twin.signals]
        told = sum(bad << k for k, bad in enumerate(reversed(history[-bits:])))
        assert State(states.state[0, i]).name.lower() == twin.state
        assert states.history[0, i] == told
        assert REASON_NAMES[states.reason[0, i]] == twin.reason
        assert REASON_NAMES[states.doubt[0, i]] == twin.doubt
        assert (states.since[0, i], states.observed_at[0, i], states.seen_at[0, i]) == (
            twin.since,
            twin.observed_at,
            twin.seen_at,
        )


@settings(max_examples=150, deadline=None)
@given(st.lists(CHUNK, max_size=10), st.sampled_from(FACETS), st.randoms(use_true_random=False))
def test_batch_equals_one_by_one_equals_any_split_equals_the_slow_twin(chunks, policy, random):
    whole, split = States.fresh(4, [policy]), States.fresh(4, [policy])
    twins = [Endpoint() for _ in range(4)]
    rule = Rule(policy.facet, (policy.down_n, policy.down_m), (policy.up_n, policy.up_m), policy.stale_us)
    now = T0
    for results, step, silent in chunks:
        now += step * S
        if silent:
            watch = now - 30 * S
            expected = [(i, *f, -1) for i, t in enumerate(twins) if (f := expire_one(t, rule, now, watch))]
            assert flips_of(expire(whole, now, watch).flips) == expected
            expire(split, now, watch)
        index, batch = rows(*[(e, p, r, now + (a - 20) * S) for e, p, r, a in results])
        told = [fold_one(twins[e], rule, row, now) for e, row in zip(index, batch, strict=True)]
        before = whole.copy()
        done = fold(whole, index, batch, now)
        assert flips_of(done.flips) == [
            (int(index[k]), *t[1], k) for k, t in enumerate(told) if t[0] == "taken" and t[1]
        ]
        assert done.late.tolist() == [k for k, t in enumerate(told) if t[0] == "late"]
        differs = (whole.word != before.word) | (whole.since != before.since)
        assert set(np.flatnonzero(differs[0])) <= set(done.changed.index.tolist())
        cuts = sorted(random.choices(range(len(index) + 1), k=3))
        for a, b in zip([0, *cuts], [*cuts, len(index)], strict=True):
            fold(split, index[a:b], batch[a:b], now)
        assert as_tuple(split) == as_tuple(whole)
        compare(whole, policy, twins)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(RESULT.filter(lambda r: 0 <= r[3] <= 40), max_size=12), max_size=8))
def test_rows_written_at_each_change_plus_replay_equal_the_live_states(batches):
    live, stored, log = States.fresh(4), States.fresh(4), []
    now = T0
    for results in batches:
        now += 10 * S
        index, batch = rows(*[(e, p, r, now - (40 - a) * S // 4) for e, p, r, a in results])
        gone = expire(live, now).changed
        done = fold(live, index, batch, now)
        for changed in (gone, done.changed):
            for mine, theirs in zip((stored.word, stored.since), (live.word, live.since), strict=True):
                mine[changed.row, changed.index] = theirs[changed.row, changed.index]
        log.append((index, batch, now))
    for entry in log:
        replay(stored, *entry)
    assert as_tuple(stored) == as_tuple(live)


def test_several_facets_at_once_equal_each_alone():
    together = States.fresh(3, list(POLICIES.values()))
    alone = States.fresh(3)
    index, batch = rows(*[(k % 3, "options", r, T0 + k) for k, r in enumerate(["ok", "timeout"] * 5)])
    both, one = fold(together, index, batch, T0 + S), fold(alone, index, batch, T0 + S)
    assert flips_of(both.flips) == flips_of(one.flips)
    assert together.word[0].tolist() == alone.word[0].tolist()
    assert (together.answer[1:] == Answer.UNKNOWN).all()
    assert AHEAD_US == AHEAD
