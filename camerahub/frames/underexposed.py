"""过暗 ``underexposed``: the picture of a lit scene is too dark to be of use. A night with its lamps is no fault."""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, level, percentile, portion, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_GREY = ("grey", 0.0, 255.0, "never")
_SHARE = ("share", 0.0, 1.0, "never")
_CELLS = ("share", 0.0, 1.0, "no cell counts")
_FEW = "fewer than 12 cells count"

MEASURES: dict[str, Measure] = {
    "under_black": Measure(*_SHARE, "pixels below 16", "ffmpeg blackframe"),
    "under_dark": Measure(*_SHARE, "pixels below 40", "own"),
    "under_floor": Measure(*_GREY, "grey that 2 % of the pixels do not exceed", "own"),
    "light_most": Measure(*_GREY, "98th percentile of the thumbnail's luma", "own"),
    "under_lamps": Measure(*_CELLS, "cells with an edge of more than 70 at level 1", "own"),
    "under_glow": Measure(*_CELLS, "cells more than four times, and 24, above the median of light", "own"),
    "under_edge": Measure(
        "grey", 0, 255, _FEW, "95th percentile of the cells' largest edge, text rows left out", "own"
    ),
    "under_lift": Measure(
        "ratio", 0, 255, "never", "98th percentile over median of the thumbnail's luma", "own"
    ),
    "under_noise": Measure("ratio", 0, 64, _FEW, "median grain over median luma", "own"),
}


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    light = c.sketch.light.reshape(len(c.every), -1).astype(np.float32)
    middle = percentile(c.light, 0.5)
    most = percentile(c.light, 0.98)
    (edge,) = quantiles(c.middle, c.inner, [0.95])
    (grain,) = quantiles(c.grain, c.inner, [0.5])
    return {
        "under_black": c.share[:, 15],
        "under_dark": c.share[:, 39],
        "under_floor": level(c.share, 0.02),
        "light_most": most,
        "under_lamps": portion(c.fine > 70, c.inner),
        "under_glow": portion(light > np.maximum(4 * middle, middle + 24)[:, None], c.inner),
        "under_edge": edge,
        "under_lift": ratio(most, middle, 1),
        "under_noise": ratio(grain, middle, 4),
    }
