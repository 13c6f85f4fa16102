"""偏色 ``colour_cast``: one colour over everything, the greys and the shadows too.

A green meadow, a blue dusk and an autumn wood are one colour as well, but something in them is another one, and their
greys are grey.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, Measuring, ratio
from camerahub.frames.measures import Measure

_SIGNED = ("grey", -128.0, 127.0, "never")
_CHROMA = ("grey", 0.0, 182.0, "never")
_SHARE = ("share", 0.0, 1.0, "never")

MEASURES: dict[str, Measure] = {
    "colour_cb": Measure(*_SIGNED, "median Cb of the thumbnail, from neutral", "Buchsbaum 1980, grey world"),
    "colour_cr": Measure(*_SIGNED, "median Cr", "Buchsbaum 1980, grey world"),
    "colour_shift": Measure(*_CHROMA, "length of the mean of (Cb, Cr)", "Buchsbaum 1980, grey world"),
    "colour_least": Measure(*_CHROMA, "10th percentile of the chroma", "own"),
    "colour_mid": Measure(*_CHROMA, "its median", "own"),
    "colour_most": Measure(*_CHROMA, "its 98th percentile", "ffmpeg signalstats, SATHIGH"),
    "colour_inner": Measure(
        *_CHROMA,
        "the same of the middle three quarters of the height: coloured text is above or below",
        "own",
    ),
    "colour_spread": Measure(
        *_CHROMA, "root of the variances of Cb and Cr", "Gasparini 2004, cast detection by spread"
    ),
    "colour_factor": Measure("ratio", 0, 182, "never", "colour_shift over colour_spread", "Gasparini 2004"),
    "colour_purity": Measure(*_SHARE, "colour_shift over mean chroma: 1 = one hue everywhere", "own"),
    "colour_neutral": Measure(*_SHARE, "thumbnail's pixels of chroma below 6", "own"),
    "colour_bright": Measure(
        *_CHROMA, "chroma of the mean colour of the brightest tenth", "Land 1977, white patch"
    ),
    "colour_dark": Measure(*_CHROMA, "that of the darkest fifth", "own"),
    "colour_bright_cb": Measure(*_SIGNED, "Cb of the brightest tenth", "Land 1977, white patch"),
    "colour_bright_cr": Measure(*_SIGNED, "Cr of the brightest tenth", "Land 1977, white patch"),
    "colour_dark_cb": Measure(*_SIGNED, "Cb of the darkest fifth", "own"),
    "colour_dark_cr": Measure(*_SIGNED, "Cr of the darkest fifth", "own"),
    "colour_green": Measure(*_CHROMA, "how far the median lies towards green (Cb and Cr both low)", "own"),
    "colour_cb_low": Measure(*_SIGNED, "5th percentile of Cb", "own"),
    "colour_cb_high": Measure(*_SIGNED, "95th percentile of Cb", "own"),
    "colour_cr_low": Measure(*_SIGNED, "5th percentile of Cr", "own"),
    "colour_cr_high": Measure(*_SIGNED, "95th percentile of Cr", "own"),
}


def measure(c: Cells) -> Measuring:
    """Each measure (N,)."""
    yield []
    light, cb, cr, chroma = c.ordered.transpose(1, 0, 2)
    last = chroma.shape[1] - 1
    inner = np.sort(c.thumb[:, 3, last // 8 : last * 7 // 8], axis=1)
    tone = c.thumb[:, :1]
    ends = np.concatenate(
        (tone >= light[:, None, last * 9 // 10, None], tone <= light[:, None, last // 5, None]), axis=1
    ).astype(np.float32)
    # (N, cb and cr, bright and dark); whole numbers, so that any order of adding gives the same
    colours = c.thumb[:, 1:3] @ ends.transpose(0, 2, 1) / ends.sum(axis=2)[:, None]
    (bright_cb, dark_cb), (bright_cr, dark_cr) = colours.transpose(1, 2, 0)
    lengths = np.sqrt((colours**2).sum(axis=1))
    shift = np.hypot(c.means[:, 1], c.means[:, 2])
    spread = np.sqrt(c.variances[:, 1] + c.variances[:, 2])
    return {
        "colour_cb": cb[:, last // 2],
        "colour_cr": cr[:, last // 2],
        "colour_shift": shift,
        "colour_least": chroma[:, last // 10],
        "colour_mid": chroma[:, last // 2],
        "colour_most": chroma[:, last * 98 // 100],
        "colour_inner": inner[:, inner.shape[1] * 98 // 100],
        "colour_spread": spread,
        "colour_factor": ratio(shift, spread, 1),
        "colour_purity": ratio(shift, c.means[:, 3], 1),
        "colour_neutral": np.count_nonzero(chroma < 6, axis=1) / np.float32(last + 1),
        "colour_bright": lengths[:, 0],
        "colour_dark": lengths[:, 1],
        "colour_bright_cb": bright_cb,
        "colour_bright_cr": bright_cr,
        "colour_dark_cb": dark_cb,
        "colour_dark_cr": dark_cr,
        "colour_green": np.maximum(0, -np.maximum(cb[:, last // 2], cr[:, last // 2])),
        "colour_cb_low": cb[:, last // 20],
        "colour_cb_high": cb[:, last * 19 // 20],
        "colour_cr_low": cr[:, last // 20],
        "colour_cr_high": cr[:, last * 19 // 20],
    }
