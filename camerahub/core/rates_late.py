"""What results that came late say of a time in which nobody else could: the fold once more, of them alone.

They overturn nothing: a figure takes this only where the record says unknown (``rates_past``). Pure; cameras are
places. Source of the rules: ``core.transitions``, with its own defaults, so that no setting changes an old figure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from camerahub.core.rates_past import Spans
from camerahub.core.result import Signal
from camerahub.core.states import PUBLIC
from camerahub.core.transitions import Answer, Policy, State, signal_table, step_table

I8 = NDArray[np.int64]


def late_spans(
    policy: Policy, endpoint: I8, camera: I8, at: I8, probe: NDArray[np.integer], reason: NDArray[np.integer]
) -> Spans:
    """Answers up and down out of N late results: ``endpoint`` any ids, ``camera`` places, ``at`` µs UTC the start of
    each attempt, ``probe`` and ``reason`` codes. Rows of one endpoint and instant count in their order.

    From unknown: one good result is up, down needs the full count; an answer holds until the next result, or until
    ``policy.stale_us`` of silence.
    """
    signal = signal_table(policy.facet)[probe.astype(np.int64) << 8 | reason.astype(np.int64)]
    said = (signal == Signal.UP) | (signal == Signal.DOWN)
    endpoint, camera, at, signal = endpoint[said], camera[said], at[said], signal[said]
    if not len(at):
        return Spans()
    order = np.lexsort((at, endpoint))
    endpoint, camera, at, signal = endpoint[order], camera[order], at[order], signal[order]
    first = np.concatenate(([True], endpoint[1:] != endpoint[:-1]))
    answer = _fold(policy, first, at, signal)
    until = at + policy.stale_us
    until[:-1] = np.where(first[1:], until[:-1], np.minimum(until[:-1], at[1:]))
    told = answer != Answer.UNKNOWN
    return Spans(camera[told], at[told], until[told], answer[told])


def _fold(policy: Policy, first: NDArray[np.bool_], at: I8, signal: NDArray[np.uint8]) -> I8:
    """Answer after each result; wave k takes the k-th result of every endpoint."""
    steps = step_table(policy)
    begins = np.flatnonzero(first)
    run = np.cumsum(first) - 1
    rank = np.arange(len(at)) - begins[run]
    state = np.full(len(begins), int(State.UNKNOWN), np.int64)
    history = np.zeros(len(begins), np.int64)
    seen = at[begins]
    answer = np.zeros(len(at), np.int64)
    by_rank = np.argsort(rank, kind="stable")
    for wave in np.split(by_rank, np.flatnonzero(np.diff(rank[by_rank])) + 1):
        who = run[wave]
        silent = at[wave] - seen[who] > policy.stale_us
        state[who[silent]], history[who[silent]] = int(State.UNKNOWN), 0
        cell = steps[(history[who] << 3 | state[who]) << 2 | signal[wave]].astype(np.int64)
        state[who], history[who], seen[who] = cell & 0xFF, cell >> 8, at[wave]
        answer[wave] = PUBLIC[state[who]]
    return answer
