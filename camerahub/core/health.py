"""The fold: results in, changed answers out, over arrays of all endpoints at once.

Only ``fold`` and ``expire`` change an answer. This file knows no clock (the caller passes ``now``, from a clock
that never steps: UTC at start plus monotonic time since), no database and no camera: it speaks of endpoints by
their place in the arrays. ``core.transitions`` holds the table, ``core.roads`` makes cameras of endpoints.

Still ugly: a result of a worker whose clock is behind looks late; whoever receives it must correct the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import Signal
from camerahub.core.states import (
    AHEAD_US,
    BLIND,
    NO_FLIPS,
    NO_PLACES,
    PUBLIC,
    Changed,
    Expired,
    Flips,
    Folded,
    States,
    after_last_flip,
    joined,
    waves,
)
from camerahub.core.transitions import (
    ANSWER_NAMES,
    HEALTH,
    POLICIES,
    RULE,
    Answer,
    Evidence,
    Policy,
    State,
    calm_history,
    diagram,
    signal_table,
    step_table,
    told_table,
)

__all__ = [
    "AHEAD_US", "ANSWER_NAMES", "HEALTH", "POLICIES", "PUBLIC", "RULE",
    "Answer", "Changed", "Expired", "Flips", "Folded", "Policy", "State", "States",
    "diagram", "expire", "fold", "replay",
]  # fmt: skip

I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

_UNKNOWN_SIGNAL = int(Signal.UNKNOWN)
_AFTER_SILENCE: U1 = np.array([HEALTH[s][Evidence.STALE] for s in State], dtype=np.uint8)
_STATE_BITS = np.uint32(0x7)
_CELL_BITS = np.uint32(0xFFFF)


class _Rules(NamedTuple):
    """One policy as look-up tables: ``signals`` and ``told`` (the reason it is explained with) by
    ``probe << 8 | reason``; ``calm`` by ``signal << 8 | reason`` is the word such a result leaves as it is;
    ``agrees`` by ``state << 2 | signal``: the reason of such a result explains the answer."""

    signals: U1
    told: U1
    steps: NDArray[np.uint16]
    calm: NDArray[np.uint32]
    agrees: NDArray[np.bool_]


def _calm_word(policy: Policy, signal: Signal, reason: int) -> int:
    if signal is Signal.UNKNOWN:
        return State.UNKNOWN | reason << 16 | reason << 24
    state, answer = (State.DOWN, Answer.DOWN) if signal is Signal.DOWN else (State.UP, Answer.UP)
    return state | calm_history(policy, answer) << 8 | reason << 16 | BLIND << 24


@lru_cache(maxsize=64)
def _rules(policy: Policy) -> _Rules:
    told_by = {Signal.UP: State.UP, Signal.DOWN: State.DOWN, Signal.UNKNOWN: State.UNKNOWN}
    calm = [_calm_word(policy, signal, reason) for signal in Signal for reason in range(256)]
    # A fault that is not yet enough explains why nothing is known better than silence does.
    explains = {(state, signal) for signal, state in told_by.items()} | {(State.UNKNOWN, Signal.DOWN)}
    agrees = [(state, signal) in explains for state in State for signal in Signal]
    return _Rules(
        signal_table(policy.facet),
        told_table(policy.facet),
        step_table(policy),
        np.array(calm, dtype=np.uint32),
        np.array(agrees),
    )


@dataclass(slots=True)
class _Part:
    """Results of one wave under one facet, each endpoint at most once; arrays of shape (n,)."""

    index: I8
    started: I8
    signal: U1
    reason: U1
    seq: I8

    def at(self, places: I8) -> _Part:
        return _Part(
            self.index[places],
            self.started[places],
            self.signal[places],
            self.reason[places],
            self.seq[places],
        )


class _Done(NamedTuple):
    """What one wave did: flips, endpoints to write, late places."""

    flips: Flips
    changed: I8
    late: I8


def _repeats(states: States, index: I8) -> bool:
    """Whether an endpoint stands in ``index`` twice: the last writer of a mark is not the first."""
    if len(states._scratch) != len(states):
        states._scratch = np.zeros(len(states), dtype=np.int32)
    places = np.arange(len(index), dtype=np.int32)
    states._scratch[index] = places
    return bool((states._scratch[index] != places).any())


def _spoken(part: _Part) -> _Part:
    """Only what says something of the facet."""
    return part if part.signal.all() else part.at(np.flatnonzero(part.signal))


def _split_late(states: States, row: int, part: _Part, horizon: int) -> tuple[_Part, I8]:
    known = states.observed_at[row][part.index]
    late = part.started < known
    if not late.any():
        return part, NO_PLACES
    late &= known <= horizon
    return part.at(np.flatnonzero(~late)), part.seq[late]


def _mark(states: States, row: int, part: _Part, horizon: int) -> I8:
    """Write both times; returns the endpoints whose marks a broken clock had put ahead of ``horizon``."""
    observed, seen = states.observed_at[row], states.seen_at[row]
    before, saw = observed[part.index], seen[part.index]
    broken = np.maximum(before, saw) > horizon
    started, definite = part.started, part.signal != _UNKNOWN_SIGNAL
    if not broken.any():
        observed[part.index] = started if definite.all() else np.where(definite, started, before)
        seen[part.index] = np.maximum(saw, started)
        return NO_PLACES
    observed[part.index] = np.where(definite | (before > horizon), started, before)
    seen[part.index] = np.where(saw > horizon, started, np.maximum(saw, started))
    touched: I8 = part.index[broken]
    return touched


def _turn(states: States, row: int, part: _Part, horizon: int) -> tuple[Flips, I8]:
    """Run the table over ``part`` and write words; returns flips and endpoints whose word changed."""
    rules, word = _rules(states.policies[row]), states.word[row]
    old = word[part.index]
    old_state = old & _STATE_BITS
    signal, reason = part.signal.astype(np.uint32), part.reason.astype(np.uint32)
    cell = rules.steps[((old & _CELL_BITS) >> 5 | old_state) << 2 | signal].astype(np.uint32)
    state = cell & _STATE_BITS
    told = np.where(rules.agrees[state << 2 | signal], reason, old >> 16 & 0xFF)
    doubt = np.where(signal == _UNKNOWN_SIGNAL, reason, np.uint32(BLIND))
    new = cell | told << 16 | doubt << 24
    word[part.index] = new
    before, after = PUBLIC[old_state], PUBLIC[state]
    k = np.flatnonzero(before != after)
    index = part.index[k]
    at = after_last_flip(states.since[row][index], part.started[k], horizon)
    states.since[row][index] = at
    facet = np.full(len(k), states.policies[row].facet, dtype=np.uint8)
    flips = Flips(index, facet, at, before[k], after[k], told[k].astype(np.uint8), part.seq[k])
    return flips, part.index[new != old]


def _fold_wave(states: States, row: int, part: _Part, horizon: int) -> _Done:
    """Fold a wave under one facet. Most results leave the word of their endpoint as it is: those are found by
    one comparison and cost no more than their times."""
    part, late = _split_late(states, row, _spoken(part), horizon)
    calm = _rules(states.policies[row]).calm[part.signal.astype(np.uint16) << 8 | part.reason]
    repaired = _mark(states, row, part, horizon)
    awake = np.flatnonzero(states.word[row][part.index] != calm)
    if not len(awake):
        return _Done(NO_FLIPS, repaired, late)
    flips, changed = _turn(states, row, part.at(awake), horizon)
    return _Done(flips, np.concatenate((repaired, changed)) if len(repaired) else changed, late)


def _to_write(rows: Sequence[int], indexes: Sequence[I8], n: int) -> Changed:
    """Each (row, endpoint) once, ascending."""
    flat = np.unique(
        np.concatenate([NO_PLACES, *(i + row * n for row, i in zip(rows, indexes, strict=True))])
    )
    return Changed(flat // max(n, 1), flat % max(n, 1))


def _checked(states: States, index: I8, batch: NDArray[np.void]) -> None:
    if len(index) != len(batch):
        raise ValueError(f"{len(index)} places for {len(batch)} results")
    if len(index) and (int(index.min()) < 0 or int(index.max()) >= len(states)):
        raise ValueError(f"a place outside 0..{len(states) - 1}")


def _started(batch: NDArray[np.void], now: int) -> I8:
    started: I8 = batch["started_at"].astype(np.int64)
    ahead = started > now + AHEAD_US
    return np.where(ahead, now, started) if ahead.any() else started


def _parts(states: States, index: I8, batch: NDArray[np.void], now: int) -> list[tuple[int, _Part]]:
    """The batch once for each facet kept: (row, results with what they say of it)."""
    code = batch["probe"].astype(np.uint16) << 8 | batch["reason"]
    started, seq = _started(batch, now), np.arange(len(index))
    return [
        (row, _Part(index, started, rules.signals[code], rules.told[code], seq))
        for row, rules in enumerate(map(_rules, states.policies))
    ]


def fold(states: States, index: I8, batch: NDArray[np.void], now: int) -> Folded:
    """Take a batch of results into ``states``, in place, and say what changed.

    ``index`` int64 (N,): place of each result's endpoint in ``states``; ``batch`` ``RESULT_DTYPE`` (N,);
    ``now`` int µs UTC. Results count in the order of the batch: the batch at once, one by one or in any split
    end the same. Late: an attempt started before the last definite one of its endpoint and facet touches
    nothing there. A start more than ``AHEAD_US`` ahead of ``now`` is taken as ``now``; a stored mark that far ahead
    makes nothing late. ValueError when an index is outside 0..E-1 or lengths differ.
    """
    _checked(states, index, batch)
    turns: list[I8 | None] = [*waves(index)] if _repeats(states, index) else [None]
    rows: list[int] = []
    done: list[_Done] = []
    for row, whole in _parts(states, index, batch, now):
        for places in turns:
            part = whole if places is None else whole.at(places)
            rows.append(row)
            done.append(_fold_wave(states, row, part, now + AHEAD_US))
    late = [d.late for d in done if len(d.late)]
    return Folded(
        joined([d.flips for d in done]),
        _to_write(rows, [d.changed for d in done], len(states)),
        np.unique(np.concatenate(late)) if late else NO_PLACES,
    )


def _repair_marks(states: States, row: int, now: int) -> I8:
    """Times ahead of every clock become ``now``, so that they age; returns the endpoints touched."""
    observed, seen = states.observed_at[row], states.seen_at[row]
    broken = np.flatnonzero(np.maximum(observed, seen) > now + AHEAD_US)
    observed[broken] = np.minimum(observed[broken], now)
    seen[broken] = np.minimum(seen[broken], now)
    return broken


def _expire_row(states: States, row: int, now: int, watching_since: int) -> tuple[Flips, I8]:
    policy, word = states.policies[row], states.word[row]
    repaired = _repair_marks(states, row, now)
    silent = now - np.maximum(states.observed_at[row], watching_since) > policy.stale_us
    index = np.flatnonzero(silent & (word & _CELL_BITS != State.UNKNOWN))
    old, doubt = word[index], word[index] >> 24
    state = _AFTER_SILENCE[old & _STATE_BITS]
    before, after = PUBLIC[old & _STATE_BITS], PUBLIC[state]
    flipped = before != after
    word[index] = state | doubt << 16 | doubt << 24
    k = index[flipped]
    at = after_last_flip(states.since[row][k], np.full(len(k), now), now + AHEAD_US)
    states.since[row][k] = at
    facet, seq = np.full(len(k), policy.facet, dtype=np.uint8), np.full(len(k), -1)
    flips = Flips(k, facet, at, before[flipped], after[flipped], doubt[flipped].astype(np.uint8), seq)
    return flips, np.concatenate((index, repaired))


def expire(states: States, now: int, watching_since: int = 0) -> Expired:
    """Make unknown, in place, what was not definitely observed for more than the policy's ``stale_us``.

    ``watching_since``: µs UTC at which the present watch began (start of the hub, end of a pause or gap): time
    when nobody looked is not counted. The reason is the last unknown one, else ``blind``; the evidence is
    forgotten. Call it before each fold, about once a second.
    """
    rows = range(len(states.policies))
    done = [_expire_row(states, row, now, watching_since) for row in rows]
    return Expired(joined([flips for flips, _ in done]), _to_write(rows, [c for _, c in done], len(states)))


def replay(states: States, index: I8, batch: NDArray[np.void], now: int) -> None:
    """Bring ``observed_at`` and ``seen_at`` forward, in place, by results that were folded at ``now`` before.

    For whoever loads stored rows and then reads the log of results: states stored at each change plus
    this equal the states that were live.
    """
    _checked(states, index, batch)
    for row, whole in _parts(states, index, batch, now):
        part = _spoken(whole)
        np.maximum.at(states.seen_at[row], part.index, part.started)
        sure = part.at(np.flatnonzero(part.signal != _UNKNOWN_SIGNAL))
        np.maximum.at(states.observed_at[row], sure.index, sure.started)
