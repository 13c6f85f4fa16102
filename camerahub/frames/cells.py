"""What the measures have in common: the cells that count, their percentiles, light and colour of the thumbnail.

Measures work on quantiles over cells, never on means over pixels: a camera name fills a few cells and moves no
quantile. Where the letters usually stand (the upper and lower eighth) cells count for light and cover, not for
sharpness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames.picture import Plane
from camerahub.frames.sketch import Floats, Sketch

Flags = NDArray[np.bool_]
#: Rows of cells at the top and at the bottom where names and clocks are written.
TEXT_ROWS = 2
#: Fewer cells than this say nothing of a picture.
LEAST_CELLS = 12


class Cells(NamedTuple):
    """A sketch and what several checks derive from it, computed once; N pictures, K cells in a row, grey levels.

    ``every`` and ``inner`` bool (N, K): cells that count, with and without the rows of text. ``fine``, ``middle``,
    ``coarse`` (N, K): largest difference of neighbours in a cell at levels 1, 2 and 3. ``detail1``, ``detail2`` (N, K):
    mean difference at levels 1 and 2. ``grain`` (N, K): ``grain1``. Of the thumbnail's 1,200 pixels (N, 1200):
    ``light`` luma, in order; ``tone`` luma, ``cb`` and ``cr`` chroma from neutral, ``chroma`` its length, in place.
    ``share`` (N, 256): cumulated histogram, 0..1.
    """

    sketch: Sketch
    every: Flags
    inner: Flags
    fine: Floats
    middle: Floats
    coarse: Floats
    detail1: Floats
    detail2: Floats
    grain: Floats
    light: Floats
    tone: Floats
    cb: Floats
    cr: Floats
    chroma: Floats
    share: Floats


def flat(plane: Plane, unit: float = 1.0) -> Floats:
    """uint8 (N, R, C) as float32 (N, K), in units of ``unit``."""
    return plane.reshape(plane.shape[0], -1).astype(np.float32) * np.float32(unit)


def cells(sketch: Sketch) -> Cells:
    """The shared part of every measure of N sketched pictures."""
    inner = sketch.valid.copy()
    inner[:, :TEXT_ROWS] = False
    inner[:, -TEXT_ROWS:] = False
    n = len(inner)
    thumb = sketch.thumb.reshape(n, 3, -1)
    tone, colour = thumb[:, 0], thumb[:, 1:].astype(np.float32) - 128
    cumulated = sketch.histogram.cumsum(axis=1)
    return Cells(
        sketch=sketch,
        every=sketch.valid.reshape(n, -1),
        inner=inner.reshape(n, -1),
        fine=flat(np.maximum(sketch.px1, sketch.py1)),
        middle=flat(np.maximum(sketch.px2, sketch.py2)),
        coarse=flat(np.maximum(sketch.px3, sketch.py3)),
        detail1=(flat(sketch.dx1, 0.25) + flat(sketch.dy1, 0.25)),
        detail2=(flat(sketch.dx2, 0.25) + flat(sketch.dy2, 0.25)),
        grain=flat(sketch.grain1, 0.25),
        light=np.sort(tone, axis=1).astype(np.float32),
        tone=tone.astype(np.float32),
        cb=colour[:, 0],
        cr=colour[:, 1],
        chroma=np.hypot(colour[:, 0], colour[:, 1]),
        share=cumulated / cumulated[:, -1:],
    )


def quantiles(values: Floats, among: Flags, shares: Sequence[float]) -> list[Floats]:
    """For each share 0..1 that quantile (N,) of ``values`` (N, K) among the flagged cells; NaN where too few are."""
    ordered = np.sort(np.where(among, values, np.float32(np.inf)), axis=1)
    count = np.count_nonzero(among, axis=1)
    every = np.arange(len(values))
    found = []
    for share in shares:
        at = np.maximum((share * (count - 1)).astype(np.intp), 0)
        found.append(np.where(count >= LEAST_CELLS, ordered[every, at], np.float32(np.nan)))
    return found


def portion(flags: Flags, among: Flags) -> Floats:
    """Share (N,) of the flagged cells among those that count; NaN where none does."""
    count = np.count_nonzero(among, axis=1).astype(np.float32)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.count_nonzero(flags & among, axis=1) / count, np.float32)


def percentile(ordered: Floats, share: float) -> Floats:
    """That quantile (N,) of rows already in order."""
    return ordered[:, int(share * (ordered.shape[1] - 1))]


def level(share: Floats, portion: float) -> Floats:
    """The grey level (N,) that ``portion`` of the pixels of a cumulated histogram (N, 256) do not exceed."""
    return np.asarray((share < portion).sum(axis=1), np.float32)


def ratio(part: Floats, whole: Floats, least: float) -> Floats:
    """``part / whole`` with ``whole`` at least ``least``: no division by nothing, and noise over noise stays small."""
    return np.asarray(part / np.maximum(whole, np.float32(least)), np.float32)


def agreed(strips: Floats) -> Floats:
    """(N, L): the median of five strips (N, 5, L): what one strip alone shows is not in it."""
    a, b, c, d, e = (strips[:, at] for at in range(5))
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.asarray(np.maximum(np.minimum(low, high), np.minimum(e, np.maximum(low, high))))


def patches(part: Flags, shape: tuple[int, ...]) -> tuple[Floats, Flags]:
    """For each picture the largest connected patch of flagged cells (N, K) of a grid ``shape``: share (N,), flags."""
    share, flags = np.zeros(len(part), np.float32), np.zeros(part.shape, np.bool_)
    for at, plane in enumerate(part.reshape(-1, *shape).astype(np.uint8)):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(plane, connectivity=4)
        if count > 1:
            best = int(stats[1:, cv2.CC_STAT_AREA].argmax()) + 1
            share[at] = stats[best, cv2.CC_STAT_AREA] / plane.size
            flags[at] = (labels == best).ravel()
    return share, flags


def unanimous(strips: Floats) -> Floats:
    """(N, L): how far four of the five strips (N, 5, L) go the same way: signed, 0 where they do not.

    The second lowest where that is positive, the second highest where that is negative.
    """
    least = most = strips[:, 0]
    second, third = np.full_like(least, np.inf), np.full_like(least, -np.inf)
    for at in range(1, strips.shape[1]):
        strip = strips[:, at]
        second = np.minimum(second, np.maximum(least, strip))
        third = np.maximum(third, np.minimum(most, strip))
        least, most = np.minimum(least, strip), np.maximum(most, strip)
    return np.asarray(np.maximum(second, 0) + np.minimum(third, 0), np.float32)
