"""The fold: results in, changed answers out, over arrays of all endpoints at once.

Only ``fold`` and ``expire`` change an answer. This file knows no clock (the caller passes ``now``, from a clock
that never steps: UTC at start plus monotonic time since), no database and no camera: it speaks of endpoints by
their place in the arrays. ``core.transitions`` holds the table, ``core.roads`` makes cameras of endpoints.

Still ugly: a result of a worker whose clock is behind looks late; whoever receives it must correct the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import REASON_CODES, Facet, Signal
from camerahub.core.transitions import (
    ANSWER_NAMES,
    ANSWER_OF,
    HEALTH,
    POLICIES,
    RULE,
    Answer,
    Policy,
    State,
    calm_history,
    diagram,
    signal_table,
    step_table,
)

__all__ = [
    "AHEAD_US", "ANSWER_NAMES", "HEALTH", "POLICIES", "PUBLIC", "RULE",
    "Answer", "Changed", "Expired", "Flips", "Folded", "Policy", "State", "States",
    "diagram", "expire", "fold", "replay",
]  # fmt: skip

I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

#: A result or a mark further ahead of ``now`` than this, in µs, comes from a broken clock and is not believed.
AHEAD_US = 10_000_000

#: Public answer by state code, shape (5,) uint8.
PUBLIC: U1 = np.array([ANSWER_OF[s] for s in State], dtype=np.uint8)

_BLIND = REASON_CODES["blind"]


@dataclass(slots=True, repr=False)
class States:
    """What is known of E endpoints under F facets, as arrays of shape (F, E); row r belongs to ``policies[r]``.

    ``state`` ``State`` codes · ``history`` last definite signals as bits · ``reason`` why the answer is what it
    is · ``doubt`` the reason of an unknown signal since the last definite one, else ``blind`` (all uint8 views)
    · ``since`` when the answer last changed · ``observed_at`` start of the last definite attempt · ``seen_at``
    start of the last attempt that said anything (int64 µs UTC, 0 = never). Stored columns: all seven.
    """

    policies: tuple[Policy, ...]
    word: NDArray[np.uint32]
    since: I8
    observed_at: I8
    seen_at: I8
    rules: tuple[_Rules, ...] = field(default=())
    scratch: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    @classmethod
    def fresh(cls, n: int, policies: Sequence[Policy] = (POLICIES[Facet.ONLINE],)) -> States:
        """``n`` endpoints never looked at: unknown, reason ``blind``, all times 0."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.word.shape[1]

    def row(self, facet: Facet) -> int:
        """The row of ``facet``. KeyError when it is not kept."""
        raise NotImplementedError

    @property
    def state(self) -> U1:
        """Writable view, shape (F, E)."""
        raise NotImplementedError

    @property
    def history(self) -> U1:
        """Writable view, shape (F, E)."""
        raise NotImplementedError

    @property
    def reason(self) -> U1:
        """Writable view, shape (F, E), codes of ``core.result.REASONS``."""
        raise NotImplementedError

    @property
    def doubt(self) -> U1:
        """Writable view, shape (F, E), codes of ``core.result.REASONS``."""
        raise NotImplementedError

    @property
    def answer(self) -> U1:
        """Public ``Answer`` codes, shape (F, E), a new array."""
        return PUBLIC[self.state]

    def grown(self, n: int) -> States:
        """A copy with room for ``n`` >= len(self) endpoints; the new ones are fresh."""
        raise NotImplementedError

    def copy(self) -> States:
        """An independent copy."""
        return self.grown(len(self))


@dataclass(frozen=True, slots=True)
class Flips:
    """Changes of public answers, in the order of the results that decided them; arrays of shape (K,).

    ``index`` endpoint (or camera) place int64 · ``facet`` ``Facet`` codes uint8 · ``at`` int64 µs UTC, start of the
    deciding attempt (``now`` for staleness) · ``old``, ``new`` ``Answer`` codes uint8 · ``reason`` codes uint8 ·
    ``seq`` place of the deciding result in the batch int64, -1 for staleness.
    """

    index: I8
    facet: U1
    at: I8
    old: U1
    new: U1
    reason: U1
    seq: I8

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, slots=True)
class Changed:
    """Which (row, endpoint) need writing, each once: arrays of shape (C,).

    Anything but ``observed_at`` and ``seen_at`` differs there; those two come back by ``replay``.
    """

    row: I8
    index: I8


@dataclass(frozen=True, slots=True)
class Folded:
    """What a batch did. ``late``: places in the batch, ascending int64, of results older than what is known."""

    flips: Flips
    changed: Changed
    late: I8


@dataclass(frozen=True, slots=True)
class Expired:
    """What the passing of time did."""

    flips: Flips
    changed: Changed


def fold(states: States, index: I8, batch: NDArray[np.void], now: int) -> Folded:
    """Take a batch of results into ``states``, in place, and say what changed.

    ``index`` int64 (N,): place of each result's endpoint in ``states``; ``batch`` ``RESULT_DTYPE`` (N,);
    ``now`` int µs UTC. Results count in the order of the batch: the batch at once, one by one or in any split
    end the same. Late: an attempt started before the last definite one of its endpoint and facet touches
    nothing there. A start more than ``AHEAD_US`` ahead of ``now`` is taken as ``now``; a stored mark that far ahead
    makes nothing late. ValueError when an index is outside 0..E-1 or lengths differ.
    """
    raise NotImplementedError


def expire(states: States, now: int, watching_since: int = 0) -> Expired:
    """Make unknown, in place, what was not definitely observed for more than the policy's ``stale_us``.

    ``watching_since``: µs UTC at which the present watch began (start of the hub, end of a pause or gap): time
    when nobody looked is not counted. The reason is the last unknown one, else ``blind``; the evidence is
    forgotten. Call it before each fold, about once a second.
    """
    raise NotImplementedError


def replay(states: States, index: I8, batch: NDArray[np.void], now: int) -> None:
    """Bring ``observed_at`` and ``seen_at`` forward, in place, by results that were folded at ``now`` before.

    For whoever loads stored rows and then reads the log of results: states stored at each change plus
    this equal the states that were live.
    """
    raise NotImplementedError
