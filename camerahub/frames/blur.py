"""清晰度异常 ``blur``: no edge is as steep as its height allows.

The height of an edge is seen at half size, where a blur of a few pixels has gone; how much of it one pixel of the finer
level climbs says how sharp it is. That does not depend on contrast, and little on noise. Some part of every healthy
picture is sharp; sky and walls have no edges and say nothing.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, Flags, flat, portion, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_FEW = "fewer than 12 cells have an edge of 14"
_RATIO = ("ratio", 0.0, 32.0, _FEW)
_EDGE = 14

MEASURES: dict[str, Measure] = {
    "blur_steep_low": Measure(
        *_RATIO,
        "25th percentile over cells with an edge of steepest at level 1 over steepest at level 2",
        "Crete 2007, turned round: halving instead of blurring",
    ),
    "blur_steep_mid": Measure(*_RATIO, "its median", "Crete 2007"),
    "blur_steep_high": Measure(*_RATIO, "its 90th percentile", "Crete 2007"),
    "blur_coarse_low": Measure(*_RATIO, "25th percentile of level 2 over level 3", "Crete 2007"),
    "blur_coarse_mid": Measure(*_RATIO, "its median", "Crete 2007"),
    "blur_coarse_high": Measure(*_RATIO, "its 90th percentile", "Crete 2007"),
    "blur_across": Measure(
        *_RATIO,
        "75th percentile of level 1 over level 2, differences of columns only",
        "own: motion blurs one way",
    ),
    "blur_down": Measure(*_RATIO, "the same of rows", "own: motion blurs one way"),
    "blur_worse": Measure(*_RATIO, "the smaller of the two", "own"),
    "blur_edges": Measure("share", 0, 1, "no cell counts", "cells with an edge of 14 at level 2", "own"),
    "blur_coarse_edges": Measure(
        "share", 0, 1, "no cell counts", "cells with an edge of 14 at level 3", "own"
    ),
    "blur_detail": Measure(
        "ratio",
        0,
        64,
        "fewer than 12 cells count",
        "median of mean detail at level 1 less grain over that at level 2",
        "Pertuz 2013, energy of gradients",
    ),
    "blur_detail_high": Measure(
        "ratio", 0, 64, "fewer than 12 cells count", "its 90th percentile", "Pertuz 2013"
    ),
    "blur_detail_coarse": Measure(
        "ratio",
        0,
        64,
        "fewer than 12 cells count",
        "median of mean detail at level 2 over level 3",
        "Pertuz 2013",
    ),
    "blur_top": Measure(
        "grey",
        0,
        255,
        "fewer than 12 cells count",
        "98th percentile of the steepest difference at level 1",
        "own",
    ),
    "blur_mid": Measure("grey", 0, 255, "fewer than 12 cells count", "its median", "own"),
    "blur_finest": Measure(
        "ratio", 0, 64, "never", "mean difference at level 0 over that at level 1, middle strips", "own"
    ),
    "blur_best_part": Measure(
        *_RATIO,
        "largest median of level 1 over level 2 among six parts of the picture",
        "own: shallow depth of field keeps one part sharp",
    ),
    "blur_worst_part": Measure(*_RATIO, "the smallest among the parts", "own"),
}


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    s = c.sketch
    has, has_coarse = c.inner & (c.middle >= _EDGE), c.inner & (c.coarse >= _EDGE)
    steep = ratio(c.fine, c.middle, 1)
    low, mid, high = quantiles(steep, has, [0.25, 0.5, 0.9])
    coarse_low, coarse_mid, coarse_high = quantiles(
        ratio(c.middle, c.coarse, 1), has_coarse, [0.25, 0.5, 0.9]
    )
    across, down = _one_way(s.px1, s.px2, c.inner), _one_way(s.py1, s.py2, c.inner)
    detail3 = flat(s.dx3, 0.25) + flat(s.dy3, 0.25)
    detail, detail_high = quantiles(ratio(c.detail1 - c.grain, c.detail2, 0.5), c.inner, [0.5, 0.9])
    top, steepest = quantiles(c.fine, c.inner, [0.98, 0.5])
    parts = _parts(steep, has, s.light.shape[1:])
    return {
        "blur_steep_low": low,
        "blur_steep_mid": mid,
        "blur_steep_high": high,
        "blur_coarse_low": coarse_low,
        "blur_coarse_mid": coarse_mid,
        "blur_coarse_high": coarse_high,
        "blur_across": across,
        "blur_down": down,
        "blur_worse": np.fmin(across, down),
        "blur_edges": portion(has, c.inner),
        "blur_coarse_edges": portion(has_coarse, c.inner),
        "blur_detail": detail,
        "blur_detail_high": detail_high,
        "blur_detail_coarse": quantiles(ratio(c.detail2, detail3, 0.5), c.inner, [0.5])[0],
        "blur_top": top,
        "blur_mid": steepest,
        "blur_finest": _finest(c),
        "blur_best_part": np.fmax.reduce(parts),
        "blur_worst_part": np.fmin.reduce(parts),
    }


def _one_way(fine: np.ndarray, middle: np.ndarray, inner: Flags) -> Floats:
    height = flat(middle)
    return quantiles(ratio(flat(fine), height, 1), inner & (height >= _EDGE), [0.75])[0]


def _parts(steep: Floats, has: Flags, shape: tuple[int, ...]) -> list[Floats]:
    """Medians over two rows of three parts."""
    rows, columns = np.divmod(np.arange(has.shape[1]), shape[1])
    part = rows * 2 // shape[0] * 3 + columns * 3 // shape[1]
    return [quantiles(steep, has & (part == at), [0.5])[0] for at in range(6)]


def _finest(c: Cells) -> Floats:
    s = c.sketch
    fine = s.edge_columns[:, 1:6].mean(axis=(1, 2)) + s.edge_rows[:, 1:6].mean(axis=(1, 2))
    return ratio(fine, np.asarray(c.detail1.mean(axis=1), np.float32), 0.5)
