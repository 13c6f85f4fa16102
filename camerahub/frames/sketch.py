"""One reduction of each picture that every check shares: OpenCV reads the pixels once, numpy works on what is left.

It exists because pixels are dear and numbers are cheap: a whole set of checks that each read the picture takes four
times as long, and stacking pictures takes longer still, because the temporaries leave the cache. So each picture is
reduced alone to small vectors, and only those are stacked.

The planes of one level lie side by side in one sheet, so that a reduction to cells is one pass and not one call a
plane. Level 0 is the working luma, level 1 is 320x180 (180x320 for tall pictures) whatever the source, levels 2 and 3
halve it again: lengths mean the same share of the view everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames.picture import Picture, Plane

Floats = NDArray[np.float32]

#: Level 1, long and short side; a smaller picture is enlarged to it, one below LEAST is not judged.
LONG, SHORT = 320, 180
LEAST = (160, 90)
#: Cells along the long and the short side: 16 x 12 pixels of level 1 each.
CELLS_LONG, CELLS_SHORT = 20, 15
#: Profiles are taken over this many strips of the picture: text lies on one or two of them.
STRIPS = 5
#: Edges of broken blocks are short.
EDGE_STRIPS = 7
#: A thumbnail for percentiles of light and colour.
THUMB_LONG, THUMB_SHORT = 40, 30
#: The middle of level 2 (long and short side) in which slanted waves are looked for.
WINDOW = (128, 64)
#: Above this many grey levels a neighbour differs visibly.
_BUSY = 3
#: An edge is straight when so many pixels at level 1 share it.
_RUN = 5
_UPRIGHT, _LEVEL = np.ones((_RUN, 1), np.uint8), np.ones((1, _RUN), np.uint8)


class Sketch(NamedTuple):
    """N pictures of one orientation, reduced; R x C cells (15 x 20, or 20 x 15 for tall pictures).

    uint8 (N, R, C), means over cells: ``light`` luma; ``u``, ``v`` chroma (128 = none). Likewise, but in quarters of a
    grey level and cut at 63 levels, so that a letter weighs no more than an edge: ``dx1`` .. ``dx3`` and ``dy1`` ..
    ``dy3`` absolute differences of neighbours at each level; ``grain1``, ``grain2`` absolute difference from the median
    of 3 x 3; ``run_x``, ``run_y`` like ``dx1`` and ``dy1``, of what five rows (columns) share: straight edges; ``du``,
    ``dv`` of chroma neighbours at level 2. ``busy``: share, 255 = all, of neighbours that differ by more than 3.
    Largest in each cell: ``px1`` .. ``py3`` difference, ``pg1`` grain, ``prx``, ``pry`` straight edge.

    float32: ``columns`` (N, 5, W1) and ``rows`` (N, 5, H1) luma averaged over a fifth of the picture, at level 1;
    ``colour_columns`` (N, 2, 5, W2) and ``colour_rows`` (N, 2, 5, H2) chroma, likewise, at level 2; ``edge_columns``
    (N, 7, W0 - 1) and ``edge_rows`` (N, 7, H0 - 1) differences of neighbours at level 0, over sevenths. ``histogram``
    (N, 256): counts of luma at level 1. ``slant`` (N, 3): power of the strongest slanted wave at level 2 over the mean,
    both weighted by frequency squared; mean square of that power over its squared mean; cycles of that wave over the
    picture. ``thumb`` uint8 (N, 3, 30, 40): luma, u, v, small. ``valid`` bool (N, R, C): cells that count. ``source``
    int32 (N, 2): width and height of the source in pixels.
    """

    light: Plane
    u: Plane
    v: Plane
    dx1: Plane
    dy1: Plane
    grain1: Plane
    run_x: Plane
    run_y: Plane
    busy: Plane
    dx2: Plane
    dy2: Plane
    grain2: Plane
    du: Plane
    dv: Plane
    dx3: Plane
    dy3: Plane
    px1: Plane
    py1: Plane
    pg1: Plane
    prx: Plane
    pry: Plane
    px2: Plane
    py2: Plane
    px3: Plane
    py3: Plane
    columns: Floats
    rows: Floats
    colour_columns: Floats
    colour_rows: Floats
    edge_columns: Floats
    edge_rows: Floats
    histogram: Floats
    slant: Floats
    thumb: Plane
    valid: NDArray[np.bool_]
    source: NDArray[np.int32]


def too_small(picture: Picture) -> bool:
    """Whether so little is left of a picture that its checks would measure the enlargement."""
    height, width = picture.luma.shape
    return bool(max(height, width) < LEAST[0] or min(height, width) < LEAST[1])


def sketch(pictures: Sequence[Picture], masks: Sequence[Plane | None] | None = None) -> Sketch:
    """Reduce N >= 1 pictures of one working size; about 0.35 ms each at 640x360.

    ``masks``: for each picture None or uint8 (H, W) at its working size, 0 = ignore: every cell that holds an ignored
    pixel is not valid. ValueError when sizes differ or a mask does not fit.
    """
    shapes = {picture.luma.shape for picture in pictures}
    if len(shapes) != 1:
        raise ValueError(f"pictures of sizes {sorted(shapes)}: expected one size")
    height, width = shapes.pop()
    bench = _Bench(height > width)
    reduced = [bench.reduce(picture) for picture in pictures]
    valid = [_valid(mask, (height, width), bench.cells) for mask in masks or [None] * len(pictures)]
    source = np.array([(p.source_width, p.source_height) for p in pictures], np.int32)
    fields = [np.stack(parts) for parts in zip(*reduced, strict=True)]
    return Sketch(*fields, np.stack(valid), source)  # type: ignore[call-arg]


def _valid(mask: Plane | None, shape: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(cells, np.bool_)
    if mask.dtype != np.uint8 or mask.shape != shape:
        raise ValueError(f"mask is {mask.dtype} {mask.shape}, expected uint8 {shape}")
    rows, columns = (
        [length * part // parts for part in range(parts)] for length, parts in zip(shape, cells, strict=True)
    )
    seen = np.minimum.reduceat(np.minimum.reduceat(mask, rows, axis=0), columns, axis=1)
    return np.asarray(seen > 0)


def _area(plane: Plane, size: tuple[int, int]) -> Plane:
    """``plane`` at (width, height) ``size``: averaged when smaller, interpolated where it is larger."""
    if plane.shape == size[::-1]:
        return plane
    smaller = plane.shape[0] >= size[1] and plane.shape[1] >= size[0]
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)  # type: ignore[return-value]


def _strips(plane: Plane, along: int, count: int = STRIPS) -> Floats:
    """(count, length): ``plane`` averaged over strips, ``along`` 0: of rows, 1: of columns."""
    size = plane.shape[along] // count
    parts = (slice(strip * size, (strip + 1) * size) for strip in range(count))
    strips = (plane[part] if along == 0 else plane[:, part] for part in parts)
    sums = [cv2.reduce(strip, along, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for strip in strips]
    return np.array(sums, np.float32) * np.float32(1 / size)


def _colour_strips(u: Plane, v: Plane) -> list[Floats]:
    """colour_columns (2, 5, W), colour_rows (2, 5, H)."""
    planes = np.stack((u, v)).astype(np.float32)
    _, height, width = planes.shape
    down, across = height // STRIPS, width // STRIPS
    columns = planes.reshape(2, STRIPS, down, width).sum(axis=2) * np.float32(1 / down)
    rows = planes.reshape(2, height, STRIPS, across) @ np.full(across, 1 / across, np.float32)
    return [columns, rows.transpose(0, 2, 1)]


def _differences(plane: Plane, across: Plane, down: Plane) -> None:
    """Absolute differences of neighbours into two planes of the same size; the last column and row repeat."""
    cv2.absdiff(plane[:, 1:], plane[:, :-1], across[:, :-1])
    across[:, -1] = across[:, -2]
    cv2.absdiff(plane[1:], plane[:-1], down[:-1])
    down[-1] = down[-2]


class _Sheet:
    """Planes of one size side by side, uint8 (H, count * W): what is done to all of them is one call."""

    def __init__(self, count: int, size: tuple[int, int], cells: tuple[int, int]) -> None:
        self.width, self.height = size
        self.rows, self.columns = cells
        self.pixels: Plane = np.empty((self.height, count * self.width), np.uint8)

    def planes(self, first: int, count: int = 1) -> Plane:
        return self.pixels[:, first * self.width : (first + count) * self.width]

    def largest(self, first: int, count: int) -> Plane:
        """(count, R, C): the largest value in each cell of ``count`` planes from ``first`` on."""
        part = self.planes(first, count)
        high = part.reshape(self.rows, -1, part.shape[1]).max(axis=1)
        wide = self.width // self.columns
        while wide % 2 == 0:
            high, wide = np.maximum(high[:, ::2], high[:, 1::2]), wide // 2
        if wide > 1:
            high = high.reshape(self.rows, -1, wide).max(axis=2)
        return np.asarray(high.reshape(self.rows, count, self.columns).transpose(1, 0, 2), np.uint8)

    def quadruple(self, first: int, count: int) -> None:
        """In quarters of a grey level from here on; what is above 63 is cut."""
        part = self.planes(first, count)
        cv2.add(part, part, part)
        cv2.add(part, part, part)

    def halved(self, into: _Sheet) -> None:
        """Averages of 2 x 2 into the first planes of the next sheet."""
        width = self.pixels.shape[1] // 2
        cv2.resize(self.pixels, (width, into.height), into.pixels[:, :width], interpolation=cv2.INTER_AREA)


class _Bench:
    """The sheets for pictures of one orientation, and the road of one picture through them."""

    def __init__(self, tall: bool) -> None:
        self.cells = (CELLS_LONG, CELLS_SHORT) if tall else (CELLS_SHORT, CELLS_LONG)
        size = (SHORT, LONG) if tall else (LONG, SHORT)
        self.sizes = [(size[0] >> level, size[1] >> level) for level in range(3)]
        self.thumb = (THUMB_SHORT, THUMB_LONG) if tall else (THUMB_LONG, THUMB_SHORT)
        self.weights = _weights(WINDOW[::-1] if tall else WINDOW)
        self.sheets = [_Sheet(*each, self.cells) for each in zip((9, 14, 16), self.sizes, strict=True)]

    def reduce(self, picture: Picture) -> list[NDArray[np.generic]]:
        """Every field of ``Sketch`` of one picture but the last two, in their order."""
        luma, u, v = (_area(plane, self.sizes[0]) for plane in (picture.luma, picture.u, picture.v))
        first = self._first(luma, u, v)
        luma2, u2, v2 = (_area(plane, self.sizes[1]) for plane in (luma, u, v))
        second = self._second(luma2, u2, v2)
        small = [_area(plane, self.sizes[2]) for plane in (luma2, u2, v2)]
        third = self._third(small[0])
        profiles = [_strips(luma, 0), _strips(luma, 1)]
        profiles += _colour_strips(u2, v2)
        profiles += _edges(picture.luma)
        histogram = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()
        thumb = np.stack([_area(plane, self.thumb) for plane in small])
        slant = _slant(luma2, self.weights)
        return [*self._cells(), *first, *second, *third, *profiles, histogram, slant, thumb]

    def _first(self, luma: Plane, u: Plane, v: Plane) -> Plane:
        """Planes light, u, v, dx1, dy1, grain1, run_x, run_y, busy; largest of dx1 to run_y."""
        sheet = self.sheets[0]
        for index, plane in enumerate((luma, u, v)):
            sheet.planes(index)[:] = plane
        _differences(luma, sheet.planes(3), sheet.planes(4))
        cv2.absdiff(luma, cv2.medianBlur(luma, 3), sheet.planes(5))
        cv2.erode(sheet.planes(3), _UPRIGHT, sheet.planes(6))
        cv2.erode(sheet.planes(4), _LEVEL, sheet.planes(7))
        steep = cv2.max(sheet.planes(3), sheet.planes(4))
        cv2.threshold(steep, _BUSY, 255, cv2.THRESH_BINARY, sheet.planes(8))
        largest = sheet.largest(3, 5)
        sheet.quadruple(3, 5)
        sheet.halved(self.sheets[1])
        return largest

    def _second(self, luma: Plane, u: Plane, v: Plane) -> Plane:
        """Planes dx2, dy2, grain2, du, dv; largest dx2, dy2."""
        sheet = self.sheets[1]
        _differences(luma, sheet.planes(9), sheet.planes(10))
        cv2.absdiff(luma, cv2.medianBlur(luma, 3), sheet.planes(11))
        for index, plane in ((12, u), (13, v)):
            cv2.absdiff(plane[:, 1:], plane[:, :-1], sheet.planes(index)[:, :-1])
            sheet.planes(index)[:, -1] = 0
        largest = sheet.largest(9, 2)
        sheet.quadruple(9, 5)
        sheet.halved(self.sheets[2])
        return largest

    def _third(self, luma: Plane) -> Plane:
        """Planes dx3, dy3; largest of both."""
        sheet = self.sheets[2]
        _differences(luma, sheet.planes(14), sheet.planes(15))
        largest = sheet.largest(14, 2)
        sheet.quadruple(14, 2)
        return largest

    def _cells(self) -> Plane:
        """(16, R, C): every plane of every sheet; the third sheet holds the halves of the others."""
        rows, columns = self.cells
        small = cv2.resize(self.sheets[2].pixels, (16 * columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(small.reshape(rows, 16, columns).transpose(1, 0, 2), np.uint8)


def _edges(luma: Plane) -> list[Floats]:
    """edge_columns, edge_rows."""
    across, down = cv2.absdiff(luma[:, 1:], luma[:, :-1]), cv2.absdiff(luma[1:], luma[:-1])
    return [_strips(across, 0, EDGE_STRIPS), _strips(down, 1, EDGE_STRIPS)]  # type: ignore[arg-type]


def _weights(size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Weights of the frequencies of OpenCV's packed spectrum without its first and last column, and their cycles.

    A natural picture's power falls with the square of the frequency; slow waves, level and upright ones weigh nothing.
    """
    width, height = size
    down = np.minimum(np.arange(height), height - np.arange(height)).astype(np.float32)[:, None] / height
    across = np.arange(1, width // 2, dtype=np.float32)[None] / width
    cycles = np.hypot(down, across) * LONG / 2
    slanted = (cycles > 4) & (down * height >= 2) & (across * width >= 2)
    return np.where(slanted, cycles**2, 0).astype(np.float32), cycles.astype(np.float32)


def _slant(luma: Plane, weights: tuple[Floats, Floats]) -> Floats:
    """(3,): see ``Sketch.slant``; of the middle of the picture, whose sides are powers of two."""
    height, width = weights[0].shape[0], 2 * weights[0].shape[1] + 2
    top, left = (luma.shape[0] - height) // 2, (luma.shape[1] - width) // 2
    packed = cv2.dft(luma[top : top + height, left : left + width].astype(np.float32))
    power = cv2.mulSpectrums(packed, packed, 0, conjB=True)[:, 1:-1:2] * weights[0]
    mean = max(cv2.mean(power)[0], 1e-3)
    _, peak, _, at = cv2.minMaxLoc(cv2.blur(power, (3, 3)))
    uneven = cv2.norm(power, cv2.NORM_L2SQR) / power.size / mean**2
    return np.array((peak / mean, uneven, weights[1][at[1], at[0]]), np.float32)
