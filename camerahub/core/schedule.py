"""When to look: spread, rounds, confirmation, backoff. Times in, times out; no clock and no randomness of its own.

Everything is seeded, so that a sampling plan can be recomputed. Scalars for the loop that dials, arrays for the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import Signal
from camerahub.core.transitions import ANSWER_OF, Answer, Policy, State, step

I8 = NDArray[np.int64]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_ODD, _MIX1, _MIX2 = 0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB


def hash64(value: int, seed: int = 0) -> int:
    """Even 64-bit hash of an integer (splitmix64, Steele, Lea and Flood 2014); 0 <= result < 2**64."""
    x = (value + (seed + 1) * _ODD) & _MASK
    x = ((x ^ x >> 30) * _MIX1) & _MASK
    x = ((x ^ x >> 27) * _MIX2) & _MASK
    return x ^ x >> 31


def hashes64(values: I8, seed: int = 0) -> NDArray[np.uint64]:
    """``hash64`` of int64 values, shape (N,) uint64."""
    x = np.asarray(values, dtype=np.int64).astype(np.uint64) + np.uint64((seed + 1) * _ODD & _MASK)
    x = (x ^ x >> np.uint64(30)) * np.uint64(_MIX1)
    x = (x ^ x >> np.uint64(27)) * np.uint64(_MIX2)
    told: NDArray[np.uint64] = x ^ x >> np.uint64(31)
    return told


def spread(endpoints: I8, interval_us: int, seed: int = 0) -> I8:
    """First due offsets, int64 (N,) in [0, interval_us): evenly one after another in an order made by hash.

    The same ids, interval and seed give the same offsets, in whatever order they come; neighbours in the register
    are no neighbours in time. One id more moves the others by less than ``interval_us / N`` plus 1.
    """
    order = np.lexsort((endpoints, hashes64(endpoints, seed)))
    offsets = np.empty(len(order), dtype=np.int64)
    offsets[order] = np.arange(len(order), dtype=np.int64) * interval_us // max(len(order), 1)
    return offsets


def next_due(
    due: int, now: int, interval: int, jitter: float = 0.0, key: int = 0, seed: int = 0
) -> tuple[int, int]:
    """(next due on the grid, when to dial): the first round of ``due + k * interval``, k >= 1, after ``now``.

    Rounds missed meanwhile are left out, never made up for. The dial lies up to ``jitter`` (0..1) of the interval
    behind the grid, by hash of ``key`` and that round, so that jitter never adds up. Any integer unit of time.
    """
    base = due + max((now - due) // interval + 1, 1) * interval
    if jitter <= 0:
        return base, base
    return base, base + _part(hash64(key, seed ^ base), int(interval * jitter))


def _part(word: int, span: int) -> int:
    """A 64-bit word scaled to 0..span-1."""
    return word * span >> 64


@lru_cache(maxsize=16)
def _moves(policy: Policy) -> tuple[int, ...]:
    """By ``memory << 2 | signal``: next memory ``<< 1 | look again``. Memory = ``history << 3 | state``."""
    moves = [0] * (1 << policy.window + 5)
    for history in range(1 << policy.window):
        for state in State:
            for signal in Signal:
                new, bits = step(policy, state, history, signal)
                again = _contradicts(state, history, signal) and ANSWER_OF[new] is ANSWER_OF[state]
                moves[(history << 3 | state) << 2 | signal] = (bits << 3 | new) << 1 | again
    return tuple(moves)


def _contradicts(state: State, history: int, signal: Signal) -> bool:
    """First fault of one not down, or first good answer of one that is down."""
    if ANSWER_OF[state] is Answer.DOWN:
        return signal is Signal.UP and state is State.DOWN
    return signal is Signal.DOWN and not history & 1


def confirm(memory: int, signal: Signal, policy: Policy) -> tuple[int, bool]:
    """What an endpoint's outcomes amount to, and whether to look again soon (confirmation, 5 s by default).

    ``memory``: 0 at the start, then what the last call returned; it is the state the fold would have. Again after
    the first fault of an endpoint not yet down and after the first good answer of one that is down, unless that one
    result already changed the answer. NONE and UNKNOWN change nothing. About 1 us a call.
    """
    move = _moves(policy)[memory << 2 | signal]
    return move >> 1, bool(move & 1)


def backoff(failures: int, steps: Sequence[float], jitter: float = 0.0, key: int = 0) -> float:
    """Seconds to wait after ``failures`` >= 1 in a row: one of ``steps``, the last for ever, up to ``jitter`` longer.

    0.0 for no failure.
    """
    if failures <= 0:
        return 0.0
    wait = steps[min(failures, len(steps)) - 1]
    return wait * (1.0 + jitter * (hash64(key, failures) / 2**64))
