"""What one more piece of evidence does to an answer: the table, and the N-of-M rules around it.

All states of a camera facet live here; ``core.health`` only runs this table over arrays. This file knows no
time source, no endpoint and no array of endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import PROBE_KINDS, REASONS, Facet, Signal, Stage, speaks

#: Version of these definitions; stands on every flip and published figure. Changelog: docs/health.md.
RULE = 1


class State(IntEnum):
    """What is kept per endpoint and facet. Codes are stored: append, never renumber."""

    UNKNOWN = 0
    UP = 1
    SUSPECT = 2
    DOWN = 3
    RECOVERING = 4


class Answer(IntEnum):
    """What the world is told. Codes are stored: append, never renumber."""

    UNKNOWN = 0
    UP = 1
    DOWN = 2


ANSWER_NAMES: tuple[str, ...] = ("unknown", "up", "down")
ANSWER_OF: dict[State, Answer] = {
    State.UNKNOWN: Answer.UNKNOWN,
    State.UP: Answer.UP,
    State.SUSPECT: Answer.UP,
    State.DOWN: Answer.DOWN,
    State.RECOVERING: Answer.DOWN,
}


class Evidence(IntEnum):
    """A definite signal, and whether it completes the N of M that its side needs; or too long a silence."""

    GOOD = 0
    GOOD_ENOUGH = 1
    BAD = 2
    BAD_ENOUGH = 3
    STALE = 4


_S, _E = State, Evidence

#: state -> evidence -> next state. Total: a test walks every pair; the diagram in docs/health.md is drawn from it.
#: UNKNOWN goes up on one good signal because nothing contradicts it; down always needs the full N of M.
HEALTH: dict[State, dict[Evidence, State]] = {
    _S.UNKNOWN: {
        _E.GOOD: _S.UP,
        _E.GOOD_ENOUGH: _S.UP,
        _E.BAD: _S.UNKNOWN,
        _E.BAD_ENOUGH: _S.DOWN,
        _E.STALE: _S.UNKNOWN,
    },
    _S.UP: {
        _E.GOOD: _S.UP,
        _E.GOOD_ENOUGH: _S.UP,
        _E.BAD: _S.SUSPECT,
        _E.BAD_ENOUGH: _S.DOWN,
        _E.STALE: _S.UNKNOWN,
    },
    _S.SUSPECT: {
        _E.GOOD: _S.UP,
        _E.GOOD_ENOUGH: _S.UP,
        _E.BAD: _S.SUSPECT,
        _E.BAD_ENOUGH: _S.DOWN,
        _E.STALE: _S.UNKNOWN,
    },
    _S.DOWN: {
        _E.GOOD: _S.RECOVERING,
        _E.GOOD_ENOUGH: _S.UP,
        _E.BAD: _S.DOWN,
        _E.BAD_ENOUGH: _S.DOWN,
        _E.STALE: _S.UNKNOWN,
    },
    _S.RECOVERING: {
        _E.GOOD: _S.RECOVERING,
        _E.GOOD_ENOUGH: _S.UP,
        _E.BAD: _S.DOWN,
        _E.BAD_ENOUGH: _S.DOWN,
        _E.STALE: _S.UNKNOWN,
    },
}

_MINUTE_US = 60_000_000
_WINDOW_MAX = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """When one facet changes its answer.

    Down when ``down_n`` of the last ``down_m`` definite signals are bad, up when ``up_n`` of the last ``up_m``
    are good, windows counted from the last change of answer on. Unknown when nothing definite was observed for
    more than ``stale_us`` microseconds. 1 <= n <= m <= 8, else ValueError.
    """

    facet: Facet
    down_n: int
    down_m: int
    up_n: int
    up_m: int
    stale_us: int

    def __post_init__(self) -> None:
        if not (
            1 <= self.down_n <= self.down_m <= _WINDOW_MAX and 1 <= self.up_n <= self.up_m <= _WINDOW_MAX
        ):
            raise ValueError(f"need 1 <= n <= m <= {_WINDOW_MAX}: {self}")
        if self.stale_us <= 0:
            raise ValueError(f"stale_us must be positive: {self}")

    @property
    def window(self) -> int:
        """Bits of history that matter: the wider of both windows."""
        return max(self.down_m, self.up_m)

    def with_round(self, round_us: int, rounds: int = 3) -> Policy:
        """The same policy, stale after ``rounds`` rounds of ``round_us`` microseconds each."""
        return replace(self, stale_us=rounds * round_us)


#: The defaults. online: down 3 of 3, up 2 of 2, stale after 5 min. The others: down 2 of 3, up 1 of 1, stale
#: after 3 rounds of 15 min until ``with_round`` is told the real round; media follows lit, its design gap.
POLICIES: dict[Facet, Policy] = {
    Facet.ONLINE: Policy(Facet.ONLINE, 3, 3, 2, 2, 5 * _MINUTE_US),
    Facet.MEDIA: Policy(Facet.MEDIA, 2, 3, 1, 1, 45 * _MINUTE_US),
    Facet.LIT: Policy(Facet.LIT, 2, 3, 1, 1, 45 * _MINUTE_US),
    Facet.PICTURE: Policy(Facet.PICTURE, 2, 3, 1, 1, 45 * _MINUTE_US),
}

#: The stage a probe must prove before its good result speaks for the facet (a bad one always does).
PROVEN_BY: dict[Facet, Stage] = {
    Facet.ONLINE: Stage.L2,
    Facet.MEDIA: Stage.L4,
    Facet.LIT: Stage.L5,
    Facet.PICTURE: Stage.L6,
}


def signal_of(facet: Facet, probe: str, reason: str) -> Signal:
    """What a result of ``probe`` with ``reason`` says of ``facet``. KeyError for a word outside the tables.

    A picture that cannot be seen is not intact: what is down for LIT is down for PICTURE.
    """
    kind, info = PROBE_KINDS[probe], REASONS[reason]
    if facet not in kind.facets or not speaks(probe, reason):
        return Signal.NONE
    column: Signal = getattr(info, facet.name.lower())
    if column is Signal.UP and kind.stage < PROVEN_BY[facet]:
        return Signal.NONE
    return column


def signal_table(facet: Facet) -> NDArray[np.uint8]:
    """Signals by ``probe << 8 | reason``, shape (65536,) uint8; codes outside the tables say nothing."""
    table = np.zeros(1 << 16, dtype=np.uint8)
    for probe, kind in PROBE_KINDS.items():
        for reason, info in REASONS.items():
            table[kind.code << 8 | info.code] = signal_of(facet, probe, reason)
    return table


def told_table(facet: Facet) -> NDArray[np.uint8]:
    """The reason a result explains ``facet`` with, by ``probe << 8 | reason``, shape (65536,) uint8.

    Its own; but a conversation about media that speaks well of a facet says ``ok`` of it: a camera with a black
    picture is 在线, and not because of that.
    """
    table = np.tile(np.arange(256, dtype=np.uint8), 256)
    for probe, kind in PROBE_KINDS.items():
        for reason, info in REASONS.items():
            if kind.stage >= Stage.L4 and signal_of(facet, probe, reason) is Signal.UP:
                table[kind.code << 8 | info.code] = REASONS["ok"].code
    return table


def weigh(policy: Policy, history: int, signal: Signal) -> tuple[int, Evidence]:
    """History with the definite ``signal`` taken in, and what it amounts to.

    ``history``: the last ``policy.window`` definite signals as bits, newest lowest, 1 = bad.
    """
    bad = signal is Signal.DOWN
    history = (history << 1 | bad) & ((1 << policy.window) - 1)
    if bad:
        bads = (history & ((1 << policy.down_m) - 1)).bit_count()
        return history, Evidence.BAD_ENOUGH if bads >= policy.down_n else Evidence.BAD
    goods = policy.up_m - (history & ((1 << policy.up_m) - 1)).bit_count()
    return history, Evidence.GOOD_ENOUGH if goods >= policy.up_n else Evidence.GOOD


def calm_history(policy: Policy, answer: Answer) -> int:
    """The history an answer starts with: unanimous, so that evidence is never counted for two answers."""
    return (1 << policy.window) - 1 if answer is Answer.DOWN else 0


def step(policy: Policy, state: State, history: int, signal: Signal) -> tuple[State, int]:
    """State and history after one signal. NONE and UNKNOWN change neither: not looking proves nothing."""
    if signal in (Signal.NONE, Signal.UNKNOWN):
        return state, history
    history, evidence = weigh(policy, history, signal)
    new = HEALTH[state][evidence]
    if ANSWER_OF[new] is not ANSWER_OF[state]:
        history = calm_history(policy, ANSWER_OF[new])
    return new, history


def step_table(policy: Policy) -> NDArray[np.uint16]:
    """``step`` for every case: ``table[(history << 3 | state) << 2 | signal]`` = new ``history << 8 | state``."""
    table = np.zeros(256 << 5, dtype=np.uint16)
    for history in range(1 << policy.window):
        for state in State:
            for signal in Signal:
                new, bits = step(policy, state, history, signal)
                table[(history << 3 | state) << 2 | signal] = bits << 8 | new
    return table


def diagram(table: Mapping[State, Mapping[Evidence, State]] = HEALTH) -> str:
    """The table as a Mermaid state diagram, one arrow a pair of states; loops are left out."""
    lines = ["stateDiagram-v2", "    [*] --> UNKNOWN"]
    for state, row in table.items():
        arrows: dict[State, list[str]] = {}
        for evidence, new in row.items():
            if new is not state:
                arrows.setdefault(new, []).append(evidence.name.lower())
        lines += [f"    {state.name} --> {new.name}: {', '.join(words)}" for new, words in arrows.items()]
    return "\n".join(lines)
