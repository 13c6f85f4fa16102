"""雪花噪声 ``snow_noise``: grain that covers the picture, on its plainest places as well.

Grass and gravel are grainy, too, but not everywhere; a night is noisy, but faintly.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, flat, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_FEW = "fewer than 12 cells count"
_GRAIN = ("grey", 0.0, 64.0, _FEW)
_SHARE = ("share", 0.0, 1.0, _FEW)
_RATIO = ("ratio", 0.0, 64.0, _FEW)

MEASURES: dict[str, Measure] = {
    "snow_floor": Measure(
        *_GRAIN,
        "10th percentile over the cells of the difference from the median of 3 x 3, level 1",
        "Immerkaer 1996; a median instead of a Laplacian",
    ),
    "snow_mid": Measure(*_GRAIN, "its median", "own"),
    "snow_high": Measure(*_GRAIN, "its 90th percentile", "own"),
    "snow_coarse_floor": Measure(*_GRAIN, "10th percentile at level 2", "own"),
    "snow_coarse_mid": Measure(*_GRAIN, "median at level 2", "own"),
    "snow_even": Measure(
        "share", 0, 1, _FEW, "snow_floor over snow_high: noise is even, texture is not", "own"
    ),
    "snow_octave": Measure(*_RATIO, "25th percentile of the grain at level 1 over that at level 2", "own"),
    "snow_part": Measure(*_RATIO, "median over the cells of grain over detail at level 1", "own"),
    "snow_busy": Measure(
        *_SHARE, "10th percentile of the pixels that differ from a neighbour by more than 3", "own"
    ),
    "snow_busy_mid": Measure(*_SHARE, "its median", "own"),
    "snow_chroma": Measure(
        "grey", 0, 128, _FEW, "10th percentile of the difference of chroma neighbours, level 2", "own"
    ),
    "snow_chroma_mid": Measure("grey", 0, 128, _FEW, "its median", "own"),
    "snow_slope": Measure(
        *_RATIO,
        "median of detail at level 1 over detail at level 2: white noise doubles, edges do not",
        "own",
    ),
}


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    s = c.sketch
    coarse = flat(s.grain2, 0.25)
    chroma = flat(s.du, 0.25) + flat(s.dv, 0.25)
    floor, quarter, mid, high = quantiles(c.grain, c.inner, [0.1, 0.25, 0.5, 0.9])
    floor2, quarter2, mid2 = quantiles(coarse, c.inner, [0.1, 0.25, 0.5])
    (part,) = quantiles(ratio(c.grain, c.detail1, 0.5), c.inner, [0.5])
    busy, busy_mid = quantiles(flat(s.busy, 1 / 255), c.inner, [0.1, 0.5])
    chroma_floor, chroma_mid = quantiles(chroma, c.inner, [0.1, 0.5])
    (slope,) = quantiles(ratio(c.detail1, c.detail2, 0.5), c.inner, [0.5])
    return {
        "snow_floor": floor,
        "snow_mid": mid,
        "snow_high": high,
        "snow_coarse_floor": floor2,
        "snow_coarse_mid": mid2,
        "snow_even": np.minimum(ratio(floor, high, 0.25), 1),
        "snow_octave": ratio(quarter, quarter2, 0.25),
        "snow_part": part,
        "snow_busy": busy,
        "snow_busy_mid": busy_mid,
        "snow_chroma": chroma_floor,
        "snow_chroma_mid": chroma_mid,
        "snow_slope": slope,
    }
