"""对比度异常 ``low_contrast``: a veil over the whole picture, near and far alike (fogged dome, failing sensor).

Fog is healthy: it thickens with distance, and what stands near still has its contrast.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, level, percentile, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_GREY = ("grey", 0.0, 255.0)
_FEW = "fewer than 12 cells count"

MEASURES: dict[str, Measure] = {
    "contrast_span": Measure(
        *_GREY,
        "never",
        "98th less 2nd percentile of the thumbnail's luma",
        "Peli 1990, span for Michelson contrast",
    ),
    "contrast_mid": Measure(*_GREY, "never", "its 75th less its 25th percentile", "own"),
    "contrast_rms": Measure("grey", 0, 128, "never", "its standard deviation", "Peli 1990"),
    "contrast_floor": Measure(
        *_GREY, "never", "grey that 0.5 % of the pixels do not exceed", "He 2009, dark channel"
    ),
    "contrast_cell": Measure(*_GREY, _FEW, "median of the cells' largest edge at level 3", "own"),
    "contrast_best": Measure(*_GREY, _FEW, "its 90th percentile", "own"),
    "contrast_most": Measure(*_GREY, _FEW, "its 98th percentile", "own"),
    "contrast_near": Measure(
        *_GREY,
        _FEW,
        "its 90th percentile in the lower half",
        "Koschmieder 1924: near things keep their contrast",
    ),
    "contrast_far": Measure(*_GREY, _FEW, "its 90th percentile in the upper half", "Koschmieder 1924"),
    "contrast_depth": Measure("ratio", 0, 64, _FEW, "contrast_near over contrast_far", "Koschmieder 1924"),
    "contrast_share": Measure("ratio", 0, 255, _FEW, "contrast_most over contrast_span", "own"),
}


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    half = np.arange(c.inner.shape[1]) >= c.inner.shape[1] // 2
    cell, best, most = quantiles(c.coarse, c.inner, [0.5, 0.9, 0.98])
    (near,) = quantiles(c.coarse, c.inner & half, [0.9])
    (far,) = quantiles(c.coarse, c.inner & ~half, [0.9])
    span = percentile(c.light, 0.98) - percentile(c.light, 0.02)
    return {
        "contrast_span": span,
        "contrast_mid": percentile(c.light, 0.75) - percentile(c.light, 0.25),
        "contrast_rms": c.light.std(axis=1),
        "contrast_floor": level(c.share, 0.005),
        "contrast_cell": cell,
        "contrast_best": best,
        "contrast_most": most,
        "contrast_near": near,
        "contrast_far": far,
        "contrast_depth": ratio(near, far, 4),
        "contrast_share": ratio(most, span, 1),
    }
