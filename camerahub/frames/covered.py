"""Which cells of a picture something before the lens covers: a learned map, from which ``occlusion`` takes measures.

Sky, road and wall are plain as a hand is plain. What tells them apart is how plain, in what light, beside what, how
sharply bordered and where in the picture, all at once; so a small net (40 and 12 units) weighs what each cell and its
surroundings show. ``benchmarks/eye/learn.py`` writes ``covered.npz`` from generated covers, whose every cell is known.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from camerahub.frames.cells import Cells, Flags, patches
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

#: What is known of a cell: ``Shown``. Its last place is used for surroundings only.
CHANNELS = 14
_LIGHT, _SQUARE = 8, 13
#: Surroundings: means over so many cells each way.
NEAR, WIDE = 3, 7
#: Shares at which the cells of the whole picture are asked, and of which channels: fine and coarse edges, grain. Of the
#: light only the median: what says too much of a picture lets a net know it again.
_SHARES = (0.1, 0.5, 0.9)
_ASKED = (0, 2, 6)
#: OpenCV blurs no more channels than this at once.
_MOST = 128 // CHANNELS

_OF = "share", 0.0, 1.0, "no cell counts"
MEASURES: dict[str, Measure] = {
    "map_share": Measure(*_OF, "mean chance of a cell to be covered, by the learned map", "own"),
    "map_cells": Measure(*_OF, "cells that are likelier covered than not", "own"),
    "map_patch": Measure(*_OF, "largest connected patch of them", "own"),
    "map_sure": Measure(*_OF, "cells covered with a chance of 90 %", "own"),
    "map_doubt": Measure(*_OF, "mean doubt: 1 where covered is as likely as not", "own"),
    "map_top": Measure(*_OF, "mean chance in the upper third", "own: sky lies there"),
    "map_bottom": Measure(*_OF, "mean chance in the lower third", "own"),
    "map_most": Measure("log-odds", -20, 20, "no cell counts", "95th percentile over the cells", "own"),
    "map_high": Measure("log-odds", -20, 20, "no cell counts", "their 75th percentile", "own"),
    "map_mid": Measure("log-odds", -20, 20, "no cell counts", "their median", "own"),
}


class Net(NamedTuple):
    """Weights: of a cell, its near and wide surroundings, and the whole picture, to 40 units, to 12, to one answer."""

    first: Floats
    whole: Floats
    bias: Floats
    second: Floats
    second_bias: Floats
    last: Floats
    last_bias: Floats


class Shown(NamedTuple):
    """``cells`` (K, N, 14) of N pictures: doublings of the largest edge at three levels, of mean detail at three, of
    grain at two; light / 64, Cb / 16, Cr / 16 from neutral, their length, doublings of chroma detail; light squared.
    ``whole`` (N, 10): over the picture, the median of light, and three quantiles each of edges and grain."""

    cells: Floats
    whole: Floats


def shown(c: Cells) -> Shown:
    """What the net is told of each picture."""
    p = c.planes
    n, k = c.every.shape
    cells = np.empty((k, n, CHANNELS), np.float32)
    raw = np.array(
        (c.fine + 2, c.middle + 2, c.coarse + 2, c.detail1 + 0.5, c.detail2 + 0.5, p.dx3 + p.dy3 + 0.5,
         p.grain1 + 0.25, p.grain2 + 0.25, p.du + p.dv + 0.5)
    )  # fmt: skip
    octaves = np.log2(raw, dtype=np.float32).transpose(2, 1, 0)
    cells[:, :, :8] = octaves[:, :, :8]
    cells[:, :, 12] = octaves[:, :, 8]
    light = p.light.T / np.float32(64)
    u, v = ((plane.T - 128) / np.float32(16) for plane in (p.u, p.v))
    cells[:, :, 8], cells[:, :, 9], cells[:, :, 10] = light, u, v
    cells[:, :, 11] = np.sqrt(u * u + v * v)
    cells[:, :, _SQUARE] = light * light
    ordered = np.sort(cells[:, :, (*_ASKED, _LIGHT)], axis=0)
    quantiles = [ordered[int(share * (k - 1)), :, :-1] for share in _SHARES]
    whole = np.concatenate((ordered[(k - 1) // 2, :, -1:], *quantiles), axis=1)
    return Shown(cells, whole)


@lru_cache(maxsize=2)
def _place(shape: tuple[int, int]) -> Floats:
    """(K, 3): height of a cell and its square, distance from the middle column."""
    rows, columns = shape
    down, across = np.divmod(np.arange(rows * columns), columns)
    y, x = down / (rows - 1) - 0.5, np.abs(across / (columns - 1) - 0.5)
    return np.stack((y, y * y, x), axis=1).astype(np.float32)


def inputs(cells: Floats, shape: tuple[int, int]) -> Floats:
    """(K, N, 46) of cells (K, N, 14) on a grid: the cell, the means and the spread of light around it, by how much
    its colour is another one than around it, its place."""
    k, n = cells.shape[:2]
    out = np.empty((k, n, 3 * _SQUARE + 7), np.float32)
    out[:, :, :_SQUARE] = cells[:, :, :_SQUARE]
    for at, size in enumerate((NEAR, WIDE), 1):
        around = _around(cells, shape, size)
        out[:, :, at * _SQUARE : (at + 1) * _SQUARE] = around[:, :, :_SQUARE]
        spread = around[:, :, _SQUARE] - around[:, :, _LIGHT] ** 2
        out[:, :, 3 * _SQUARE + at - 1] = np.sqrt(np.maximum(spread, 0))
    out[:, :, -5:-3] = np.abs(cells[:, :, 9:11] - around[:, :, 9:11])
    out[:, :, -3:] = _place(shape)[:, None]
    return out


def _around(cells: Floats, shape: tuple[int, int], size: int) -> Floats:
    k, n = cells.shape[:2]
    parts = [
        cv2.blur(
            np.ascontiguousarray(cells[:, first : first + _MOST]).reshape(*shape, -1),
            (size, size),
            borderType=cv2.BORDER_REPLICATE,
        ).reshape(k, -1, CHANNELS)
        for first in range(0, n, _MOST)
    ]
    return np.asarray(np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0], np.float32)


def answered(net: Net, told: Floats, whole: Floats) -> Floats:
    """Log-odds (K, N) that each cell is covered, of ``inputs`` (K, N, 46) and ``Shown.whole`` (N, 10)."""
    first = told @ net.first
    first += whole @ net.whole + net.bias
    np.maximum(first, 0, out=first)
    second = first @ net.second
    second += net.second_bias
    np.maximum(second, 0, out=second)
    return np.clip(second @ net.last + net.last_bias, -20, 20)


def loaded(path: Path) -> Net:
    """The net that ``learn.py`` wrote. KeyError or ValueError when the file is not one."""
    with np.load(path, allow_pickle=False) as raw:
        return Net(*(raw[name].astype(np.float32) for name in Net._fields))


#: Read once, with the module: a decoder process may open no file later.
NET = loaded(Path(__file__).with_name("covered.npz"))


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    told = shown(c)
    return summary(answered(NET, inputs(told.cells, c.shape), told.whole).T, c.every, c.shape)


def summary(odds: Floats, every: Flags, shape: tuple[int, int]) -> dict[str, Floats]:
    """The measures of log-odds (N, K) among the cells that count."""
    rows, columns = shape
    chance: Floats = np.asarray(1 / (1 + np.exp(-odds)), np.float32)
    likely = every & (odds > 0)
    third = rows // 3 * columns
    ordered = np.sort(np.where(every, odds, np.float32(np.inf)), axis=1)
    count = every.sum(axis=1)
    at = np.arange(len(odds))
    quantile = [
        ordered[at, (share * np.maximum(count - 1, 0)).astype(np.intp)] for share in (0.95, 0.75, 0.5)
    ]
    found = {
        "map_share": _mean(chance, every),
        "map_cells": _mean(likely, every),
        "map_patch": patches(likely, shape)[0],
        "map_sure": _mean(odds > 2.2, every),
        "map_doubt": _mean(4 * chance * (1 - chance), every),
        "map_top": _mean(chance[:, :third], every[:, :third]),
        "map_bottom": _mean(chance[:, -third:], every[:, -third:]),
        "map_most": quantile[0],
        "map_high": quantile[1],
        "map_mid": quantile[2],
    }
    return {name: np.where(count > 0, values, np.nan).astype(np.float32) for name, values in found.items()}


def _mean(values: Floats | Flags, among: Flags) -> Floats:
    return np.asarray((values * among).sum(axis=1) / np.maximum(among.sum(axis=1), 1), np.float32)
