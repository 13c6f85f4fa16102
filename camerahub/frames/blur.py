"""清晰度异常 ``blur``: no edge is as steep as its height allows.

The height of an edge is seen at half size, where a blur of a few pixels has gone; how much of it one pixel of the finer
level climbs says how sharp it is. That does not depend on contrast, and little on noise. Some part of every healthy
picture is sharp; sky and walls have no edges and say nothing.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from camerahub.frames.cells import Cells, Flags, Measuring, Portion, Quantiles, ratio
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


def measure(c: Cells) -> Measuring:
    """Each measure (N,)."""
    p = c.planes
    has, has_coarse = c.inner & (c.middle >= _EDGE), c.inner & (c.coarse >= _EDGE)
    detail3 = p.dx3 + p.dy3
    answers = yield [
        Quantiles(c.steep, (0.25, 0.5, 0.9), has),
        Quantiles(ratio(c.middle, c.coarse, 1), (0.25, 0.5, 0.9), has_coarse),
        *(
            Quantiles(ratio(fine, middle, 1), (0.75,), c.inner & (middle >= _EDGE))
            for fine, middle in ((p.px1, p.px2), (p.py1, p.py2))
        ),
        Quantiles(ratio(c.detail1 - p.grain1, c.detail2, 0.5), (0.5, 0.9)),
        Quantiles(ratio(c.detail2, detail3, 0.5), (0.5,)),
        Quantiles(c.fine, (0.98, 0.5)),
        *(Quantiles(c.steep, (0.5,), part) for part in has & _parts(c.shape)),
        Portion(has),
        Portion(has_coarse),
    ]
    low, mid, high, coarse_low, coarse_mid, coarse_high, across, down = answers[:8]
    detail, detail_high, detail_coarse, top, steepest = answers[8:13]
    parts = np.array(answers[13:19])
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
        "blur_edges": answers[19],
        "blur_coarse_edges": answers[20],
        "blur_detail": detail,
        "blur_detail_high": detail_high,
        "blur_detail_coarse": detail_coarse,
        "blur_top": top,
        "blur_mid": steepest,
        "blur_finest": _finest(c),
        "blur_best_part": np.fmax.reduce(parts),
        "blur_worst_part": np.fmin.reduce(parts),
    }


@lru_cache(maxsize=2)
def _parts(shape: tuple[int, int]) -> Flags:
    """(6, 1, K): two rows of three parts of the grid."""
    rows, columns = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
    part = rows * 2 // shape[0] * 3 + columns * 3 // shape[1]
    return np.asarray(part == np.arange(6)[:, None, None])


def _finest(c: Cells) -> Floats:
    columns, rows = c.edge_means
    fine = (columns[:, 1:6].sum(axis=1) + rows[:, 1:6].sum(axis=1)) / 5
    return ratio(fine, c.detail1.sum(axis=1) * np.float32(1 / c.detail1.shape[1]), 0.5)
