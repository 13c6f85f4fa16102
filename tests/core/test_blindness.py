"""A bad result counts only between two checks that saw: any interleaving, and the cases by name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.core.batch import pack
from camerahub.core.blindness import (
    DOUBTFUL,
    LOCAL,
    Eye,
    News,
    Ruling,
    Sight,
    SightRules,
    answered,
)
from camerahub.core.health import Answer, States, fold
from camerahub.core.result import REASONS, Outcome, ProbeResult

RULES = SightRules()
SEES, BLIND, UNKNOWN = Sight.SEES, Sight.BLIND, Sight.UNKNOWN


def seeing(now: float = 0.0) -> Eye[str]:
    """An eye whose first check saw, from ``now`` - 0.1 to ``now``."""
    eye: Eye[str] = Eye(RULES, True, now - 0.1)
    eye.asked(now - 0.1)
    eye.told(True, now)
    return eye


def check(eye: Eye[str], at: float, saw: bool, took: float = 0.1) -> tuple[list[str], list[str], list[News]]:
    eye.asked(at)
    turn = eye.told(saw, at + took)
    return turn.believed, turn.doubted, turn.news


# --- what may be believed: any interleaving ---------------------------------------------------------------------------


@dataclass
class Past:
    """What really happened, kept apart from the machine: the judge of what it believes."""

    checks: list[tuple[float, float, bool]] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)

    def bracketed(self, started: float, ended: float, now: float) -> bool:
        """Saw before the attempt began, saw after it ended, nothing else between, and no stall under way."""
        before = [c for c in self.checks if c[1] <= started]
        after = [c for c in self.checks if c[0] >= ended and c[1] <= now]
        if not before or not after or not before[-1][2] or not after[0][2]:
            return False
        between = [c for c in self.checks if before[-1][1] < c[1] <= after[0][1]]
        still = any(start < now and end > started for start, end in self.stalls)
        return all(saw for _, _, saw in between) and not still


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("negative"), st.integers(1, 3), st.sampled_from([0.0, 0.3, 5.0])),
        st.tuples(st.just("negative"), st.integers(1, 3), st.floats(0.0, 1.0)),
        st.tuples(st.just("positive"), st.integers(1, 3), st.floats(0.0, 1.0)),
        st.tuples(st.just("ask"), st.just(0), st.just(0.0)),
        st.tuples(st.just("ask"), st.just(0), st.just(0.0)),
        st.tuples(st.just("tell"), st.sampled_from([1, 1, 0]), st.just(0.0)),
        st.tuples(st.just("tell"), st.just(1), st.just(0.0)),
        st.tuples(st.just("stall"), st.just(0), st.floats(2.1, 30.0)),
        st.tuples(st.just("local"), st.just(0), st.just(0.0)),
    ),
    min_size=20,
    max_size=60,
)


class Run:
    """An eye, the judge, and the fold behind it; µs are made of seconds after an hour."""

    def __init__(self) -> None:
        self.now = 100.0
        self.eye: Eye[ProbeResult] = Eye(RULES, True, self.now)
        self.past = Past()
        self.asked: float | None = None
        self.states = States.fresh(4)
        self.given = self.taken = 0
        self.bad: list[tuple[int, float]] = []  # bad results folded: endpoint, started

    def fold(self, result: ProbeResult) -> None:
        batch = pack([result])
        folded = fold(self.states, batch["endpoint"].astype(np.int64), batch, round(self.now * 1e6))
        for new in folded.flips.new:
            assert new != Answer.DOWN or result.reason == "timeout"

    def believe(self, results: list[ProbeResult]) -> None:
        for result in results:
            self.taken += 1
            started = result.started_at / 1e6
            assert self.past.bracketed(started, started + result.duration_s, self.now), (result, self.past)
            self.fold(result)

    def result(self, endpoint: int, reason: str, seconds: float) -> ProbeResult:
        started = self.now - seconds
        return ProbeResult(
            endpoint, "options", REASONS[reason].outcome, reason, 0, round(started * 1e6), seconds
        )

    def act(self, kind: str, value: int, seconds: float) -> None:
        if kind == "positive":
            self.fold(self.result(value, "ok", seconds))
        elif kind == "negative":
            self.given += 1
            result = self.result(value, "timeout", seconds)
            started = result.started_at / 1e6
            ruling = self.eye.rule(started)
            assert ruling is not Ruling.PASS, "an eye with references lets nothing pass"
            if ruling is Ruling.HOLD:
                self.taken += len(self.eye.hold(started, self.now, result))
            else:
                self.taken += 1
        elif kind == "ask" and self.asked is None:
            self.asked = self.now
            self.eye.asked(self.now)
        elif kind == "tell" and self.asked is not None:
            self.past.checks.append((self.asked, self.now, bool(value)))
            self.asked = None
            turn = self.eye.told(bool(value), self.now)
            self.taken += len(turn.doubted)
            self.believe(turn.believed)
        elif kind == "stall":
            self.past.stalls.append((self.now, self.now + seconds))
            before, self.now = self.now, self.now + seconds
            self.taken += len(self.eye.stalled(before, self.now).doubted)
        elif kind == "local":
            self.eye.stayed(self.now, "no_route")


@given(STEPS, st.lists(st.sampled_from([0.001, 0.2, 1.0, 4.0]), min_size=60, max_size=60))
@settings(max_examples=200)
def test_no_down_flip_rests_on_a_negative_that_is_not_between_two_checks_that_saw(
    steps: list[tuple[str, int, float]], waits: list[float]
) -> None:
    """Every bad result that is ever folded is judged against what really happened, so every flip is."""
    run = Run()
    run.act("ask", 0, 0.0)
    for (kind, value, seconds), wait in zip(steps, waits, strict=False):
        run.now = round(run.now + wait, 6)
        run.act(kind, value, round(seconds, 6))
        assert run.taken + run.eye.held == run.given, "lost or made up"
    for _ in range(3):  # one check may be under way, one begun before the end; the third settles all
        for kind in ("tell", "ask", "tell"):
            run.now = round(run.now + 0.5, 6)
            run.act(kind, 1, 0.0)
    assert run.eye.held == 0, "something waits for ever"
    assert run.taken == run.given


@given(STEPS)
def test_an_eye_without_references_keeps_nothing(steps: list[tuple[str, int, float]]) -> None:
    eye: Eye[int] = Eye(RULES, False, 0.0)
    now = 0.0
    for kind, _, seconds in steps:
        now += 1.0
        if kind == "stall":
            eye.stalled(now, now + seconds)
            now += seconds
        elif kind == "local":
            eye.stayed(now, "no_seat")
        elif kind == "positive":
            eye.got_out(now)
        elif kind == "negative":
            assert eye.rule(now - 0.01) is (Ruling.BLIND if eye.sight is BLIND else Ruling.PASS)
        assert eye.due == math.inf
        assert eye.held == 0


# --- by name ----------------------------------------------------------------------------------------------------------


def test_a_negative_waits_for_the_check_that_begins_after_it() -> None:
    eye = seeing()
    eye.asked(5.0)
    assert eye.rule(1.0) is Ruling.HOLD
    eye.hold(1.0, 5.01, "camera")  # it ends while a check is under way: that one began too early
    assert eye.told(True, 5.1).believed == []
    assert check(eye, 10.0, True) == (["camera"], [], [])


def test_a_negative_begun_before_the_first_check_saw_says_nothing() -> None:
    eye: Eye[str] = Eye(RULES, True, 0.0)
    assert eye.rule(0.5) is Ruling.BLIND
    check(eye, 0.0, True, took=1.0)
    assert eye.rule(0.5) is Ruling.BLIND
    assert eye.rule(1.0) is Ruling.HOLD


def test_one_missed_check_doubts_what_waits_and_two_are_blind() -> None:
    eye = seeing()
    eye.hold(1.0, 4.0, "a")
    believed, doubted, news = check(eye, 5.0, False)
    assert (believed, doubted, news) == ([], ["a"], [])
    assert eye.sight is SEES
    assert eye.due == pytest.approx(5.1 + RULES.confirm_s), "confirmed quickly"
    assert check(eye, 6.1, False)[2] == [News(SEES, BLIND, -0.1, "references")]  # not seen since that check
    assert eye.rule(6.2) is Ruling.BLIND


def test_a_missed_check_that_is_not_confirmed_is_no_news() -> None:
    eye = seeing()
    check(eye, 5.0, False)
    assert check(eye, 6.0, True)[2] == []
    assert eye.rule(5.5) is Ruling.BLIND, "begun before it was seen again"
    assert eye.rule(6.1) is Ruling.HOLD


def test_seeing_again_takes_two_checks_and_counts_from_the_first() -> None:
    eye = seeing()
    for at in (5.0, 6.0, 7.0):
        check(eye, at, False)
    assert check(eye, 20.0, True)[2] == []
    assert eye.sight is BLIND
    eye.hold(20.5, 20.6, "dead")
    assert check(eye, 21.0, True) == (["dead"], [], [News(BLIND, SEES, 20.1, "references")])


def test_many_negatives_hurry_the_check_but_a_second_lies_between_two() -> None:
    eye = seeing()
    assert eye.due == pytest.approx(-0.1 + RULES.check_s)
    for n in range(RULES.cluster):
        eye.hold(0.1, 0.2, str(n))
    assert eye.due == pytest.approx(0.9)


def test_room_is_bounded_and_the_oldest_goes_first() -> None:
    eye: Eye[int] = Eye(SightRules(most_held=3), True, 0.0)
    eye.asked(0.0)
    eye.told(True, 0.1)
    dropped = [gone for n in range(5) for gone in eye.hold(0.2, 0.3, n)]
    assert (dropped, eye.held) == ([0, 1], 3)


def test_forgotten_ones_do_not_come_back() -> None:
    eye = seeing()
    for name in "abc":
        eye.hold(0.1, 0.2, name)
    eye.forget(lambda name: name == "b")
    assert check(eye, 1.0, True)[0] == ["a", "c"]


def test_a_stall_doubts_what_was_under_way_and_is_seen_through_by_two_checks() -> None:
    eye = seeing()
    eye.hold(1.0, 2.0, "held")
    turn = eye.stalled(3.0, 33.0)
    assert (turn.doubted, turn.news) == (["held"], [News(SEES, BLIND, 3.0, "loop_stalled")])
    assert eye.rule(32.9) is Ruling.BLIND
    check(eye, 33.0, True)
    assert check(eye, 34.0, True)[2] == [News(BLIND, SEES, 33.1, "references")]


def test_a_check_that_was_under_way_in_a_stall_says_nothing() -> None:
    eye = seeing()
    eye.asked(5.0)
    eye.stalled(5.0, 15.0)
    assert eye.told(True, 15.1) == ([], [], [])
    assert eye.rule(15.2) is Ruling.BLIND
    assert eye.due == 15.1


def test_without_references_a_stall_is_over_when_it_is_noticed() -> None:
    eye: Eye[str] = Eye(RULES, False, 0.0)
    assert eye.stalled(3.0, 9.0).news == [
        News(UNKNOWN, BLIND, 3.0, "loop_stalled"),
        News(BLIND, UNKNOWN, 9.0, "loop_stalled"),
    ]
    assert eye.rule(8.9) is Ruling.BLIND
    assert eye.rule(9.0) is Ruling.PASS


@pytest.mark.parametrize(("reason", "why"), LOCAL.items())
def test_without_references_three_dials_that_never_left_are_blind_until_one_does(
    reason: str, why: str
) -> None:
    eye: Eye[str] = Eye(RULES, False, 0.0)
    assert eye.stayed(1.0, reason) == eye.stayed(2.0, reason) == []
    assert eye.stayed(3.0, reason) == [News(UNKNOWN, BLIND, 3.0, why)]
    assert eye.stayed(4.0, reason) == []
    assert eye.wary
    assert eye.got_out(5.0) == [News(BLIND, UNKNOWN, 5.0, "local")]
    assert not eye.wary


def test_one_that_got_out_between_makes_it_no_blindness() -> None:
    eye: Eye[str] = Eye(RULES, False, 0.0)
    for at in range(9):
        assert eye.stayed(at, "no_route") == []
        if at % 2:
            eye.got_out(at)


def test_with_references_dials_that_never_left_ask_them_at_once() -> None:
    eye = seeing()
    for at in (1.0, 1.1, 1.2):
        assert eye.stayed(at, "no_seat") == []
    assert eye.due == pytest.approx(1.2)


def test_a_verdict_nobody_asked_for_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no check"):
        seeing().told(True, 1.0)


@pytest.mark.parametrize("reason", REASONS)
def test_which_reasons_are_doubtful_follows_the_table(reason: str) -> None:
    """Design, section 2: five say down "only while the prober sees"; tls is down for 在线, too."""
    lonely = {"timeout", "unreachable", "refused", "reset", "protocol", "tls", "no_media", "no_keyframe"}
    assert (reason in DOUBTFUL) == (reason in lonely)
    if answered(reason):
        assert reason not in {"timeout", "unreachable"}
        assert REASONS[reason].outcome is not Outcome.UNKNOWN or reason in {
            "locked", "busy", "transport", "encrypted", "codec_unsupported", "unjudged", "weather",
        }  # fmt: skip


def test_refused_is_an_answer() -> None:
    """RFC 9293 3.5.2: a reset in answer to a SYN comes from somebody: the packet went there and back."""
    assert answered("refused")
    assert not answered("timeout")
    assert not answered("no_seat")
