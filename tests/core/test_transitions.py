"""The table is total, the page shows it as it is, and signals follow the table of reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from camerahub.core.result import PROBE_KINDS, REASONS, Facet, Signal
from camerahub.core.transitions import (
    ANSWER_NAMES,
    ANSWER_OF,
    HEALTH,
    POLICIES,
    RULE,
    Answer,
    Evidence,
    Policy,
    State,
    diagram,
    signal_of,
    signal_table,
    step,
    step_table,
)

PAGE = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")


def test_every_pair_has_a_next_state():
    assert set(HEALTH) == set(State) == set(ANSWER_OF)
    assert all(set(row) == set(Evidence) for row in HEALTH.values())
    assert len(ANSWER_NAMES) == len(Answer)


def test_the_page_shows_the_table_the_diagram_the_policies_and_the_rule():
    assert f"```mermaid\n{diagram()}\n```" in PAGE
    for state, row in HEALTH.items():
        assert f"| `{state.name}` | " + " | ".join(f"`{row[e].name}`" for e in Evidence) + " |" in PAGE
    for p in POLICIES.values():
        numbers = f"{p.down_n} of {p.down_m} | {p.up_n} of {p.up_m} | {p.stale_us // 60_000_000} min"
        assert f"| {p.facet.name.lower()} | {numbers} |" in PAGE
    assert f"\n| {RULE} | " in PAGE


def test_down_never_comes_from_less_than_enough():
    for state, row in HEALTH.items():
        if ANSWER_OF[state] is not Answer.DOWN:
            assert [e for e, new in row.items() if ANSWER_OF[new] is Answer.DOWN] == [Evidence.BAD_ENOUGH]


def test_every_facet_has_a_policy():
    assert set(POLICIES) == set(Facet)
    assert POLICIES[Facet.LIT].with_round(60).stale_us == 180


@pytest.mark.parametrize("numbers", [(0, 3, 1, 1), (4, 3, 1, 1), (1, 1, 2, 1), (1, 9, 1, 1)])
def test_impossible_policies_are_refused(numbers):
    with pytest.raises(ValueError):
        Policy(Facet.ONLINE, *numbers, 1)
    with pytest.raises(ValueError):
        Policy(Facet.ONLINE, 1, 1, 1, 1, 0)


def test_signals_are_the_columns_of_the_reasons():
    for reason, info in REASONS.items():
        assert signal_of(Facet.ONLINE, "options", reason) is info.online
        assert signal_of(Facet.LIT, "options", reason) is Signal.NONE
        expected = Signal.NONE if info.online is Signal.UP else info.online
        assert signal_of(Facet.ONLINE, "tcp", reason) is expected
    table = signal_table(Facet.ONLINE)
    assert table[PROBE_KINDS["options"].code << 8 | REASONS["timeout"].code] == Signal.DOWN
    assert table[255 << 8] == table[255] == Signal.NONE


@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda p: p.facet.name)
def test_the_step_table_is_the_step(policy):
    table = step_table(policy)
    for history in range(1 << policy.window):
        for state in State:
            for signal in Signal:
                new, bits = step(policy, state, history, signal)
                assert table[(history << 3 | state) << 2 | signal] == bits << 8 | new
