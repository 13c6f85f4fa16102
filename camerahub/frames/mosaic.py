"""花屏 ``mosaic``: blocks of a broken stream: their edges are straight, upright or level, and nothing lies beside them.

Buildings have straight edges, too; seldom in both directions in one place, seldom with nothing between them, and not on
the grid on which a codec cuts its picture.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camerahub.frames.cells import Cells, flat, patches, portion, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.picture import Plane
from camerahub.frames.sketch import Floats

_FEW = "fewer than 12 cells count"
_GREY = ("grey", 0.0, 255.0)
_RATIO = ("ratio", 0.0, 255.0, _FEW)
_CELLS = ("share", 0.0, 1.0, "no cell counts")
#: Pitches of blocks that are looked for, pixels of the source; each against the lines half way between.
_BLOCKS = (16, 24, 32, 40, 48, 64)
#: A block's edge is at least so high.
_EDGE = 10

MEASURES: dict[str, Measure] = {
    "mosaic_upright": Measure(
        "grey", 0, 64, _FEW, "90th percentile over the cells of differences that five rows share", "own"
    ),
    "mosaic_level": Measure("grey", 0, 64, _FEW, "90th percentile of those that five columns share", "own"),
    "mosaic_both": Measure(
        *_GREY,
        _FEW,
        "90th percentile of the lower of a cell's highest straight edges in both directions",
        "own",
    ),
    "mosaic_both_mid": Measure(*_GREY, _FEW, "its median", "own"),
    "mosaic_both_most": Measure(*_GREY, _FEW, "its 97th percentile", "own"),
    "mosaic_corners": Measure(*_CELLS, "cells with a straight edge of 10 in both directions", "own"),
    "mosaic_tiles": Measure(*_CELLS, "of these, cells in which most neighbours differ by 3 at most", "own"),
    "mosaic_faint_tiles": Measure(*_CELLS, "the same with a straight edge of 4", "own"),
    "mosaic_straight": Measure(*_RATIO, "90th percentile of straight over all detail of a cell", "own"),
    "mosaic_straight_mid": Measure(*_RATIO, "its median", "own"),
    "mosaic_part": Measure(
        "ratio", 0, 255, _FEW, "90th percentile of mosaic_both over the highest edge of a cell", "own"
    ),
    "mosaic_sparse": Measure(*_RATIO, "90th percentile of largest edge over mean detail in a cell", "own"),
    "mosaic_sparse_mid": Measure(*_RATIO, "its median", "own"),
    "mosaic_one_way": Measure(
        *_RATIO, "90th percentile over the cells of detail across over detail down", "own"
    ),
    "mosaic_one_way_most": Measure(*_RATIO, "its 98th percentile", "own"),
    "mosaic_smear": Measure(*_CELLS, "cells with detail across but next to none down, or the reverse", "own"),
    "mosaic_smear_patch": Measure(*_CELLS, "largest connected patch of those with none down", "own"),
    "mosaic_void": Measure(*_CELLS, "cells without any difference, neither black nor white", "own"),
    "mosaic_void_patch": Measure(*_CELLS, "largest connected patch of them", "own"),
    "mosaic_lone_v": Measure(
        "ratio",
        0,
        64,
        "never",
        "root mean square of columns' edges beyond their neighbours', over the mean edge, level 0",
        "Wang 2000, blockiness",
    ),
    "mosaic_lone_h": Measure("ratio", 0, 64, "never", "the same of rows", "Wang 2000, blockiness"),
    "mosaic_lone_v_grey": Measure("grey", 0, 255, "never", "that root mean square in grey levels", "own"),
    "mosaic_lone_h_grey": Measure("grey", 0, 255, "never", "the same of rows", "own"),
    "mosaic_grid_v": Measure(
        "grey",
        -255,
        255,
        "never",
        "lone edges on a grid of 16 to 64 source pixels less those half way between: best grid, second best strip",
        "ffmpeg blockdetect",
    ),
    "mosaic_grid_h": Measure("grey", -255, 255, "never", "the same of rows", "ffmpeg blockdetect"),
    "mosaic_grid": Measure("grey", -255, 255, "never", "the lower of the two", "ffmpeg blockdetect"),
    "mosaic_grid_part": Measure(
        "ratio", -64, 64, "never", "the sum of the two over the mean lone edge", "ffmpeg blockdetect"
    ),
    "mosaic_leap": Measure(
        "grey",
        0,
        255,
        "never",
        "90th percentile of the difference of a cell's light from the median of its neighbours",
        "own",
    ),
    "mosaic_colour": Measure(
        "grey", 0, 128, _FEW, "95th percentile of the difference of chroma neighbours, level 2", "own"
    ),
}


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    s = c.sketch
    upright, lying = flat(s.run_x, 0.25), flat(s.run_y, 0.25)
    both = np.minimum(flat(s.prx), flat(s.pry))
    corner = both >= _EDGE
    quiet = flat(s.busy) < 100
    across, down = flat(s.dx1, 0.25), flat(s.dy1, 0.25)
    one_way, one_way_most = quantiles(ratio(across, down, 0.25), c.inner & (across > 0.75), [0.9, 0.98])
    smeared = (across > 1) & (across > 4 * down)
    void = (c.fine <= 1) & (flat(s.light) > 30) & (flat(s.light) < 236)
    lone_v, lone_h = _lone(s.edge_columns), _lone(s.edge_rows)
    high_v, high_h = _high(lone_v), _high(lone_h)
    grid_v, grid_h = _grid(lone_v, s.source[:, 0]), _grid(lone_h, s.source[:, 1])
    both_mid, both_high, both_most = quantiles(both, c.inner, [0.5, 0.9, 0.97])
    straight_mid, straight_high = quantiles(ratio(upright + lying, c.detail1, 0.5), c.inner, [0.5, 0.9])
    sparse_mid, sparse_high = quantiles(ratio(c.fine, c.detail1, 0.5), c.inner, [0.5, 0.9])
    return {
        "mosaic_upright": quantiles(upright, c.inner, [0.9])[0],
        "mosaic_level": quantiles(lying, c.inner, [0.9])[0],
        "mosaic_both": both_high,
        "mosaic_both_mid": both_mid,
        "mosaic_both_most": both_most,
        "mosaic_corners": portion(corner, c.inner),
        "mosaic_tiles": portion(corner & quiet, c.inner),
        "mosaic_faint_tiles": portion((both >= 4) & quiet, c.inner),
        "mosaic_straight": straight_high,
        "mosaic_straight_mid": straight_mid,
        "mosaic_part": quantiles(ratio(both, c.fine, 6), c.inner, [0.9])[0],
        "mosaic_sparse": sparse_high,
        "mosaic_sparse_mid": sparse_mid,
        "mosaic_one_way": one_way,
        "mosaic_one_way_most": one_way_most,
        "mosaic_smear": portion(smeared | ((down > 1) & (down > 4 * across)), c.every),
        "mosaic_smear_patch": patches(smeared & c.every, s.light.shape[1:])[0],
        "mosaic_void": portion(void, c.every),
        "mosaic_void_patch": patches(void & c.every, s.light.shape[1:])[0],
        "mosaic_lone_v": ratio(high_v, s.edge_columns.mean(axis=(1, 2)), 0.5),
        "mosaic_lone_h": ratio(high_h, s.edge_rows.mean(axis=(1, 2)), 0.5),
        "mosaic_lone_v_grey": high_v,
        "mosaic_lone_h_grey": high_h,
        "mosaic_grid_v": grid_v,
        "mosaic_grid_h": grid_h,
        "mosaic_grid": np.minimum(grid_v, grid_h),
        "mosaic_grid_part": ratio(grid_v + grid_h, lone_v.mean(axis=(1, 2)) + lone_h.mean(axis=(1, 2)), 0.25),
        "mosaic_leap": _leap(s.light),
        "mosaic_colour": quantiles((flat(s.du, 0.25) + flat(s.dv, 0.25)), c.inner, [0.95])[0],
    }


def _lone(edges: Floats) -> Floats:
    """(N, strips, L - 3): edges that stand alone; a codec's edge lies on one or two columns of the working picture."""
    pair = edges[:, :, 1:-2] + edges[:, :, 2:-1]
    beside = np.maximum(edges[:, :, :-3], edges[:, :, 3:])
    return np.asarray(np.maximum(pair - 2 * beside, 0), np.float32)


def _high(lone: Floats) -> Floats:
    """Root mean square over each strip; the second largest strip counts, for text lies on one."""
    return np.asarray(
        np.sqrt(np.sort(np.einsum("nsl,nsl->ns", lone, lone), axis=1)[:, -2] / lone.shape[2]), np.float32
    )


def _grid(lone: Floats, source: NDArray[np.int32]) -> Floats:
    """How much stronger lone edges are on the best grid from the picture's corner; ``source`` (N,) pixels this side."""
    out = np.empty(len(lone), np.float32)
    for size in np.unique(source):
        rows = source == size
        found = lone[rows] @ _combs(int(size), lone.shape[2])
        out[rows] = np.sort(found.max(axis=2), axis=1)[:, -2]
    return out


@lru_cache(maxsize=64)
def _combs(source: int, length: int) -> Floats:
    """(L, blocks): weights that average the lines of a grid and subtract those half way between."""
    scale = (length + 4) / source
    combs = np.zeros((length, len(_BLOCKS)), np.float32)
    for column, block in enumerate(_BLOCKS):
        for half in (0, 1):
            lines = (np.arange(1, source // block) + half / 2) * block * scale - 2
            at = np.unique(np.floor(lines).astype(np.intp))
            at = at[(at >= 0) & (at < length)]
            if at.size:
                combs[at, column] += (-1 if half else 1) / at.size
    return combs


def _leap(light: Plane) -> Floats:
    """How unlike the four around it a cell is."""
    at = light.astype(np.float32)
    a, b, c, d = at[:, :-2, 1:-1], at[:, 2:, 1:-1], at[:, 1:-1, :-2], at[:, 1:-1, 2:]
    middle = (
        a
        + b
        + c
        + d
        - np.maximum(np.maximum(a, b), np.maximum(c, d))
        - np.minimum(np.minimum(a, b), np.minimum(c, d))
    ) / 2
    leap = np.abs(at[:, 1:-1, 1:-1] - middle).reshape(len(at), -1)
    return np.asarray(np.sort(leap, axis=1)[:, leap.shape[1] * 9 // 10], np.float32)
