"""过亮 ``overexposed``: so much of the picture is white that what happens there cannot be seen.

Snow, fog and white sky are bright, too; they keep something dark, or texture within the bright.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, level, percentile, portion, quantiles
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_GREY = ("grey", 0.0, 255.0, "never")
_SHARE = ("share", 0.0, 1.0, "never")

MEASURES: dict[str, Measure] = {
    "over_clipped": Measure(*_SHARE, "pixels of at least 250", "ffmpeg signalstats, YHIGH"),
    "over_white": Measure(*_SHARE, "pixels of at least 230", "own"),
    "light_low": Measure(*_GREY, "10th percentile of the thumbnail's luma", "ffmpeg signalstats, YLOW"),
    "light_mid": Measure(*_GREY, "its median", "own"),
    "light_high": Measure(*_GREY, "its 90th percentile", "ffmpeg signalstats, YHIGH"),
    "light_top": Measure(*_GREY, "grey that 99.5 % of the pixels do not exceed", "own"),
    "over_blank": Measure(
        "share", 0, 1, "no cell counts", "cells brighter than 215 without an edge of 12", "own"
    ),
    "over_texture": Measure(
        "grey", 0, 255, "fewer than 12 cells are that bright", "median edge of cells brighter than 190", "own"
    ),
}


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    light = c.sketch.light.reshape(len(c.every), -1)
    (texture,) = quantiles(c.middle, c.inner & (light > 190), [0.5])
    return {
        "over_clipped": 1 - c.share[:, 249],
        "over_white": 1 - c.share[:, 229],
        "light_low": percentile(c.light, 0.1),
        "light_mid": percentile(c.light, 0.5),
        "light_high": percentile(c.light, 0.9),
        "light_top": level(c.share, 0.995),
        "over_blank": portion((light > 215) & (c.middle < 12), c.every),
        "over_texture": np.asarray(texture),
    }
