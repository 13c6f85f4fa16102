"""花屏 ``mosaic``: blocks of a broken stream: their edges are straight, upright or level, and nothing lies beside them.

Buildings have straight edges, too; seldom in both directions in one place, seldom with nothing between them, and not on
the grid on which a codec cuts its picture.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camerahub.frames.cells import Cells, Measuring, Portion, Quantiles, patches, ratio
from camerahub.frames.measures import Measure
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


def measure(c: Cells) -> Measuring:
    """Each measure (N,)."""
    s, p = c.sketch, c.planes
    both = np.minimum(p.prx, p.pry)
    quiet = p.busy < 100
    across, down = p.dx1, p.dy1
    smeared = (across > 1) & (across > 4 * down)
    void = (c.fine <= 1) & (p.light > 30) & (p.light < 236)
    corner = both >= _EDGE
    answers = yield [
        Quantiles(p.run_x, (0.9,)),
        Quantiles(p.run_y, (0.9,)),
        Quantiles(both, (0.5, 0.9, 0.97)),
        Quantiles(ratio(p.run_x + p.run_y, c.detail1, 0.5), (0.5, 0.9)),
        Quantiles(ratio(c.fine, c.detail1, 0.5), (0.5, 0.9)),
        Quantiles(ratio(across, down, 0.25), (0.9, 0.98), c.inner & (across > 0.75)),
        Quantiles(ratio(both, c.fine, 6), (0.9,)),
        Quantiles(p.du + p.dv, (0.95,)),
        Portion(corner),
        Portion(corner & quiet),
        Portion((both >= 4) & quiet),
        Portion(smeared | ((down > 1) & (down > 4 * across)), inner=False),
        Portion(void, inner=False),
    ]
    upright, level, both_mid, both_high, both_most, straight_mid, straight_high = answers[:7]
    sparse_mid, sparse_high, one_way, one_way_most, part, colour = answers[7:13]
    corners, tiles, faint_tiles, smear, voids = answers[13:]
    smear_patch, void_patch = patches(np.concatenate((smeared & c.every, void & c.every)), c.shape)[
        0
    ].reshape(2, -1)
    high_v, grid_v, lone_v = _lone(s.edge_columns, s.source[:, 0])
    high_h, grid_h, lone_h = _lone(s.edge_rows, s.source[:, 1])
    return {
        "mosaic_upright": upright,
        "mosaic_level": level,
        "mosaic_both": both_high,
        "mosaic_both_mid": both_mid,
        "mosaic_both_most": both_most,
        "mosaic_corners": corners,
        "mosaic_tiles": tiles,
        "mosaic_faint_tiles": faint_tiles,
        "mosaic_straight": straight_high,
        "mosaic_straight_mid": straight_mid,
        "mosaic_part": part,
        "mosaic_sparse": sparse_high,
        "mosaic_sparse_mid": sparse_mid,
        "mosaic_one_way": one_way,
        "mosaic_one_way_most": one_way_most,
        "mosaic_smear": smear,
        "mosaic_smear_patch": smear_patch,
        "mosaic_void": voids,
        "mosaic_void_patch": void_patch,
        "mosaic_lone_v": ratio(high_v, c.edge_means[0].sum(axis=1) / 7, 0.5),
        "mosaic_lone_h": ratio(high_h, c.edge_means[1].sum(axis=1) / 7, 0.5),
        "mosaic_lone_v_grey": high_v,
        "mosaic_lone_h_grey": high_h,
        "mosaic_grid_v": grid_v,
        "mosaic_grid_h": grid_h,
        "mosaic_grid": np.minimum(grid_v, grid_h),
        "mosaic_grid_part": ratio(grid_v + grid_h, lone_v + lone_h, 0.25),
        "mosaic_leap": _leap(p.light.reshape(-1, *c.shape)),
        "mosaic_colour": colour,
    }


def _lone(edges: Floats, source: NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
    """Edges (N, strips, L) that stand alone; a codec's edge lies on one or two lines of the working picture.

    Root mean square over each strip and how much stronger they are on the best grid from the picture's corner, of each
    the second largest strip, for text lies on one; and their mean. ``source`` (N,): pixels along this side.
    """
    lone = edges[:, :, 1:-2] + edges[:, :, 2:-1]
    beside = np.maximum(edges[:, :, :-3], edges[:, :, 3:])
    beside *= 2
    lone -= beside
    np.maximum(lone, 0, out=lone)
    length = lone.shape[2]
    squares = np.einsum("nsl,nsl->ns", lone, lone)
    sizes = set(source.tolist())
    if len(sizes) == 1:
        found = (lone @ _combs(sizes.pop(), length)).max(axis=2)
    else:
        found = np.array(
            [
                (one @ _combs(size, length)).max(axis=1)
                for one, size in zip(lone, source.tolist(), strict=True)
            ]
        )
    return (
        np.sqrt(np.sort(squares, axis=1)[:, -2] / length),
        np.sort(found, axis=1)[:, -2],
        lone.sum(axis=(1, 2)) / (length * lone.shape[1]),
    )


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


def _leap(light: Floats) -> Floats:
    """How unlike the four around it a cell is."""
    a, b, c, d = light[:, :-2, 1:-1], light[:, 2:, 1:-1], light[:, 1:-1, :-2], light[:, 1:-1, 2:]
    high, low = np.maximum(a, b), np.minimum(a, b)
    high2, low2 = np.maximum(c, d), np.minimum(c, d)
    middle = (a + b + c + d - np.maximum(high, high2) - np.minimum(low, low2)) / 2
    leap = np.abs(light[:, 1:-1, 1:-1] - middle).reshape(len(light), -1)
    leap.sort(axis=1)
    return leap[:, leap.shape[1] * 9 // 10]
