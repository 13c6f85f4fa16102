"""The map of covered cells learned again: the part of ``learn`` that fits ``camerahub/frames/covered.npz``.

Every cell of a generated cover is known (``covered`` in ``truth.jsonl``), every cell of all other pictures is open. A
net of two small layers is fitted by Adam (Kingma and Ba 2015) in plain numpy, from a seed. For the trees that are
fitted afterwards each item's map is drawn by a net that never saw its source: a map of what it was taught with would
promise too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from camerahub.frames import covered
from camerahub.frames.covered import CHANNELS, Net, Shown
from camerahub.frames.sketch import CELLS_LONG, CELLS_SHORT

Values = NDArray[np.float32]
WIDE = (CELLS_SHORT, CELLS_LONG)
CELLS = CELLS_SHORT * CELLS_LONG
UNITS = (40, 12)
#: Cells drawn of an item: of one with a cover, of any other one.
DRAWN, DRAWN_OPEN = 200, 40
#: Kinds of which no cell is drawn: nothing of the scene is left in them.
VOID = ("black", "no_signal")
STEPS, BATCH, RATE, DECAY = 4000, 1024, 4e-3, 1e-5


class Maps(NamedTuple):
    """``cells`` float16 (items, K, 14) and ``whole`` (items, 10): ``covered.Shown`` of items; ``truth`` (items, K):
    share of each cell that is covered, NaN where not to be learned; ``tall`` (items,): 20 x 15 cells, not 15 x 20."""

    cells: NDArray[np.float16]
    whole: Values
    truth: Values
    tall: NDArray[np.bool_]


def empty(items: int) -> Maps:
    return Maps(
        np.empty((items, CELLS, CHANNELS), np.float16),
        np.empty((items, covered.NET.whole.shape[0]), np.float32),
        np.zeros((items, CELLS), np.float32),
        np.zeros(items, np.bool_),
    )


def truth_of(row: dict[str, Any]) -> Values:
    """(K,) share of each cell that is covered, by a line of ``truth.jsonl``; NaN where it is not known."""
    kind = (row["faults"] or [""])[0]
    if kind == "occlusion" and "covered" in row:
        return np.array([int(digit, 16) / 15 for digit in row["covered"]], np.float32)
    return np.full(CELLS, np.nan if kind in (*VOID, "occlusion") else 0.0, np.float32)


def _rows(maps: Maps, items: NDArray[np.intp], random: np.random.Generator) -> tuple[Values, Values, Values]:
    """Cells drawn of these items: inputs, whole and truth, one row a cell."""
    told, whole, truth = [], [], []
    for at in items.tolist():
        known = maps.truth[at]
        if np.isnan(known[0]):
            continue
        drawn = random.choice(CELLS, DRAWN if known.any() else DRAWN_OPEN, replace=False)
        told.append(_told(maps, at)[drawn])
        whole.append(np.broadcast_to(maps.whole[at], (len(drawn), maps.whole.shape[1])))
        truth.append(known[drawn])
    return np.concatenate(told), np.concatenate(whole), np.concatenate(truth)


def _told(maps: Maps, at: int) -> Values:
    cells = maps.cells[at].astype(np.float32)[:, None]
    return covered.inputs(cells, WIDE[::-1] if maps.tall[at] else WIDE)[:, 0]


def fit(maps: Maps, items: NDArray[np.intp], seed: int) -> Net:
    """A net of these items' cells."""
    random = np.random.default_rng(seed)
    told, whole, truth = _rows(maps, items, random)
    both = np.concatenate((told, whole), axis=1)
    middle, spread = both.mean(axis=0), both.std(axis=0) + np.float32(1e-3)
    both -= middle
    both /= spread
    sizes = (both.shape[1], *UNITS, 1)
    weights = [random.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32) for a, b in pairwise(sizes)]
    weights += [np.zeros(size, np.float32) for size in sizes[1:]]
    _adam(weights, both, truth, random)
    first = weights[0] / spread[:, None]
    parts = told.shape[1]
    bias = weights[3] - middle @ first
    return Net(first[:parts], first[parts:], bias, weights[1], weights[4], weights[2][:, 0], weights[5][0])


def _adam(weights: list[Values], rows: Values, truth: Values, random: np.random.Generator) -> None:
    """Fit in place; the rate falls to nothing along a half cosine."""
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for step in range(1, STEPS + 1):
        at = random.integers(0, len(rows), BATCH)
        rate = np.float32(RATE * 0.5 * (1 + np.cos(np.pi * step / STEPS)))
        for number, slope in enumerate(_slopes(weights, rows[at], truth[at])):
            slope += np.float32(DECAY) * weights[number]
            first[number] += np.float32(0.1) * (slope - first[number])
            second[number] += np.float32(0.001) * (slope * slope - second[number])
            mean = first[number] / np.float32(1 - 0.9**step)
            square = second[number] / np.float32(1 - 0.999**step)
            weights[number] -= rate * mean / (np.sqrt(square) + np.float32(1e-8))


def _slopes(weights: list[Values], rows: Values, truth: Values) -> list[Values]:
    """How the cross entropy grows with each weight."""
    w1, w2, w3, b1, b2, b3 = weights
    one = np.maximum(rows @ w1 + b1, 0)
    two = np.maximum(one @ w2 + b2, 0)
    odds = np.clip(two @ w3 + b3, -20, 20)[:, 0]
    away = ((1 / (1 + np.exp(-odds)) - truth) / np.float32(len(rows)))[:, None].astype(np.float32)
    of_two = (away @ w3.T) * (two > 0)
    of_one = (of_two @ w2.T) * (one > 0)
    return [
        rows.T @ of_one, one.T @ of_two, two.T @ away, of_one.sum(axis=0), of_two.sum(axis=0), away.sum(axis=0)
    ]  # fmt: skip


def drawn(net: Net, maps: Maps, items: NDArray[np.intp]) -> dict[str, Values]:
    """The map's measures (items,) of these items."""
    odds = np.empty((len(items), CELLS), np.float32)
    for tall in (False, True):
        shape = WIDE[::-1] if tall else WIDE
        some = np.flatnonzero(maps.tall[items] == tall)
        for start in range(0, len(some), 32):
            part = some[start : start + 32]
            cells = np.ascontiguousarray(maps.cells[items[part]].transpose(1, 0, 2).astype(np.float32))
            odds[part] = covered.answered(net, covered.inputs(cells, shape), maps.whole[items[part]]).T
    every = np.ones(odds.shape, np.bool_)
    found = {name: np.empty(len(items), np.float32) for name in covered.MEASURES}
    for tall in (False, True):
        some = maps.tall[items] == tall
        if some.any():
            summed = covered.summary(odds[some], every[some], WIDE[::-1] if tall else WIDE)
            for name, values in summed.items():
                found[name][some] = values
    return found


def put(maps: Maps, at: Sequence[int], told: Shown, tall: bool) -> None:
    """Keep what is shown of some items."""
    maps.cells[list(at)] = told.cells.transpose(1, 0, 2)
    maps.whole[list(at)] = told.whole
    maps.tall[list(at)] = tall


def write(net: Net, out: Path) -> None:
    np.savez(out, **net._asdict())
