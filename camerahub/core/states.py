"""What is known of endpoints and what changed, as arrays; ``core.health`` is the only one that changes an answer.

Places in the arrays stand for endpoints; ids, names and time sources are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import REASON_CODES, Facet
from camerahub.core.transitions import ANSWER_OF, POLICIES, Policy, State

I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

#: Public answer by state code, shape (5,) uint8.
PUBLIC: U1 = np.array([ANSWER_OF[s] for s in State], dtype=np.uint8)

#: A result or a mark further ahead of ``now`` than this, in µs, comes from a broken clock and is not believed.
AHEAD_US = 10_000_000

BLIND = REASON_CODES["blind"]


def _times(shape: tuple[int, int]) -> I8:
    return np.zeros(shape, dtype=np.int64)


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
    _scratch: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    @classmethod
    def fresh(cls, n: int, policies: Sequence[Policy] = (POLICIES[Facet.ONLINE],)) -> States:
        """``n`` endpoints never looked at: unknown, reason ``blind``, all times 0."""
        shape = (len(policies), n)
        word = np.full(shape, BLIND << 24 | BLIND << 16, dtype="<u4")
        return cls(tuple(policies), word, _times(shape), _times(shape), _times(shape))

    def __len__(self) -> int:
        return int(self.word.shape[1])

    def row(self, facet: Facet) -> int:
        """The row of ``facet``. KeyError when it is not kept."""
        for row, policy in enumerate(self.policies):
            if policy.facet is facet:
                return row
        raise KeyError(facet)

    def _byte(self, place: int) -> U1:
        return self.word.view(np.uint8).reshape(*self.word.shape, 4)[:, :, place]

    def _all_times(self) -> tuple[I8, I8, I8]:
        return self.since, self.observed_at, self.seen_at

    @property
    def state(self) -> U1:
        """Writable view, shape (F, E)."""
        return self._byte(0)

    @property
    def history(self) -> U1:
        """Writable view, shape (F, E)."""
        return self._byte(1)

    @property
    def reason(self) -> U1:
        """Writable view, shape (F, E), codes of ``core.result.REASONS``."""
        return self._byte(2)

    @property
    def doubt(self) -> U1:
        """Writable view, shape (F, E), codes of ``core.result.REASONS``."""
        return self._byte(3)

    @property
    def answer(self) -> U1:
        """Public ``Answer`` codes, shape (F, E), a new array."""
        return PUBLIC[self.state]

    def grown(self, n: int) -> States:
        """A copy with room for ``n`` >= len(self) endpoints; the new ones are fresh."""
        if n < len(self):
            raise ValueError(f"{len(self)} endpoints do not fit into {n}")
        new = States.fresh(n, self.policies)
        new.word[:, : len(self)] = self.word
        for to, old in zip(new._all_times(), self._all_times(), strict=True):
            to[:, : len(self)] = old
        return new

    def copy(self) -> States:
        """An independent copy."""
        return self.grown(len(self))

    def __repr__(self) -> str:
        told = [
            f"{p.facet.name} {np.bincount(row, minlength=3).tolist()}"
            for p, row in zip(self.policies, self.answer, strict=True)
        ]
        return f"<States {len(self)} endpoints | {' | '.join(told)} (unknown, up, down)>"


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


NO_PLACES: I8 = np.zeros(0, dtype=np.int64)
_NO_CODES: U1 = np.zeros(0, dtype=np.uint8)
NO_FLIPS = Flips(NO_PLACES, _NO_CODES, NO_PLACES, _NO_CODES, _NO_CODES, _NO_CODES, NO_PLACES)


def joined(parts: Sequence[Flips]) -> Flips:
    """All flips in the order of the batch."""
    full = [p for p in parts if len(p)]
    if not full:
        return NO_FLIPS
    if len(full) == 1:
        return full[0]
    columns = {name: np.concatenate([getattr(p, name) for p in full]) for name in Flips.__slots__}
    order = np.argsort(columns["seq"], kind="stable")
    return Flips(**{name: column[order] for name, column in columns.items()})


def waves(index: I8) -> list[I8]:
    """Places of ``index`` so that each wave holds an endpoint once and the k-th result of one is in wave k."""
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    places = np.arange(len(index))
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    rank = np.empty(len(index), dtype=np.int64)
    rank[order] = places - np.maximum.accumulate(np.where(first, places, 0))
    by_rank = np.argsort(rank, kind="stable")
    return list(np.split(by_rank, np.cumsum(np.bincount(rank))[:-1]))


def after_last_flip(since: I8, at: I8, horizon: int) -> I8:
    """``at``, but never before the last flip ``since``, unless a broken clock wrote that one past ``horizon``."""
    times: I8 = np.where(since > horizon, at, np.maximum(since, at))
    return times
