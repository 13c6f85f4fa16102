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
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames.picture import LONG_SIDE, SHORT_SIDE, Picture, Plane

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


class Planes(NamedTuple):
    """The planes of a sketch in their order, as numbers of N pictures; what they are says ``Sketch``."""

    light: Floats
    u: Floats
    v: Floats
    dx1: Floats
    dy1: Floats
    grain1: Floats
    run_x: Floats
    run_y: Floats
    busy: Floats
    dx2: Floats
    dy2: Floats
    grain2: Floats
    du: Floats
    dv: Floats
    dx3: Floats
    dy3: Floats
    px1: Floats
    py1: Floats
    pg1: Floats
    prx: Floats
    pry: Floats
    px2: Floats
    py2: Floats
    px3: Floats
    py3: Floats


PLANES = Planes._fields
#: Those in whole grey levels, or of their own; the others count quarters.
WHOLE = frozenset(("light", "u", "v", "busy", "px1", "py1", "pg1", "prx", "pry", "px2", "py2", "px3", "py3"))
_AT = {name: at for at, name in enumerate(PLANES)}


class Sketch(NamedTuple):
    """N pictures of one orientation, reduced; R x C cells (15 x 20, or 20 x 15 for tall pictures).

    ``planes`` uint8 (N, 25, R, C), each an attribute by its name in ``Planes``. Means over cells: ``light`` luma;
    ``u``, ``v`` chroma (128 = none). Likewise, but in quarters of a grey level and cut at 63 levels, so that a letter
    weighs no more than an edge: ``dx1`` .. ``dx3`` and ``dy1`` .. ``dy3`` absolute differences of neighbours at each
    level; ``grain1``, ``grain2`` absolute difference from the median of 3 x 3; ``run_x``, ``run_y`` like ``dx1`` and
    ``dy1``, of what five rows (columns) share: straight edges; ``du``, ``dv`` of chroma neighbours at level 2.
    ``busy``: share, 255 = all, of neighbours that differ by more than 3. Largest in each cell: ``px1`` .. ``py3``
    difference, ``pg1`` grain, ``prx``, ``pry`` straight edge.

    float32: ``columns`` (N, 5, W1) and ``rows`` (N, 5, H1) luma averaged over a fifth of the picture, at level 1;
    ``colour_columns`` (N, 2, 5, W2) and ``colour_rows`` (N, 2, 5, H2) chroma, likewise, at level 2; ``edge_columns``
    (N, 7, W0 - 1) and ``edge_rows`` (N, 7, H0 - 1) differences of neighbours at level 0, over sevenths. ``histogram``
    (N, 256): counts of luma at level 1. ``slant`` (N, 3): power of the strongest slanted wave at level 2 over the mean,
    both weighted by frequency squared; mean square of that power over its squared mean; cycles of that wave over the
    picture. ``thumb`` uint8 (N, 3, 30, 40): luma, u, v, small. ``valid`` bool (N, R, C): cells that count. ``source``
    int32 (N, 2): width and height of the source in pixels.
    """

    planes: Plane
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

    def __getattr__(self, name: str) -> Plane:
        """(N, R, C): a plane by name."""
        if name in _AT:
            return self.planes[:, _AT[name]]
        raise AttributeError(name)


def too_small(picture: Picture) -> bool:
    """Whether so little is left of a picture that its checks would measure the enlargement."""
    height, width = picture.luma.shape
    return bool(max(height, width) < LEAST[0] or min(height, width) < LEAST[1])


def sketch(pictures: Sequence[Picture], masks: Sequence[Plane | None] | None = None) -> Sketch:
    """Reduce N >= 1 pictures of one working size; about 0.65 ms each at 640x360.

    ``masks``: for each picture None or uint8 (H, W) at its working size, 0 = ignore: every cell that holds an ignored
    pixel is not valid. ValueError when sizes differ or a mask does not fit.
    """
    shapes = {picture.luma.shape for picture in pictures}
    if len(shapes) != 1:
        raise ValueError(f"pictures of sizes {sorted(shapes)}: expected one size")
    height, width = shapes.pop()
    tall = height > width
    try:
        bench = _FREE[tall].pop()
    except IndexError:
        bench = _Bench(tall)
    reduced = [bench.reduce(picture) for picture in pictures]
    _FREE[tall].append(bench)
    valid = np.ones((len(pictures), *bench.cells), np.bool_)
    for at, mask in enumerate(masks or ()):
        if mask is not None:
            valid[at] = _valid(mask, (height, width), bench.cells)
    source = np.array([(p.source_width, p.source_height) for p in pictures], np.int32)
    fields = [np.array(parts) for parts in zip(*reduced, strict=True)]
    return Sketch(*fields, valid, source)  # type: ignore[call-arg]


def _valid(mask: Plane, shape: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.bool_]:
    if mask.dtype != np.uint8 or mask.shape != shape:
        raise ValueError(f"mask is {mask.dtype} {mask.shape}, expected uint8 {shape}")
    rows, columns = (
        [length * part // parts for part in range(parts)] for length, parts in zip(shape, cells, strict=True)
    )
    seen = np.minimum.reduceat(np.minimum.reduceat(mask, rows, axis=0), columns, axis=1)
    return np.asarray(seen > 0)


def _area(plane: Plane, into: Plane) -> None:
    """``plane`` at the size of ``into``: averaged when smaller, interpolated where it is larger."""
    if plane.shape == into.shape:
        into[:] = plane
        return
    smaller = plane.shape[0] >= into.shape[0] and plane.shape[1] >= into.shape[1]
    cv2.resize(plane, into.shape[::-1], into, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _strips(plane: Plane, along: int) -> Floats:
    """(7, length): ``plane`` averaged over strips, ``along`` 0: of rows, 1: of columns."""
    size = plane.shape[along] // EDGE_STRIPS
    parts = (slice(strip * size, (strip + 1) * size) for strip in range(EDGE_STRIPS))
    strips = (plane[part] if along == 0 else plane[:, part] for part in parts)
    sums = [cv2.reduce(strip, along, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for strip in strips]
    return np.array(sums, np.float32) * np.float32(1 / size)


@lru_cache(maxsize=8)
def _adders(length: int) -> Floats:
    """(length, 5): ones that add up the fifths of a side; sums of grey levels are exact in float32."""
    return np.repeat(np.eye(STRIPS, dtype=np.float32), length // STRIPS, axis=0)


def _profiles(planes: Floats) -> list[Floats]:
    """Columns (..., 5, W) and rows (..., 5, H) of planes (..., H, W), averaged over fifths."""
    height, width = planes.shape[-2:]
    columns = (_adders(height).T @ planes) * np.float32(STRIPS / height)
    rows = (planes @ _adders(width)) * np.float32(STRIPS / width)
    return [columns, rows.swapaxes(-1, -2)]


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
        # Turned first: the largest of many rows is found many columns at a time.
        turned = np.ascontiguousarray(high.reshape(-1, self.width // self.columns).T)
        wide = turned.max(axis=0).reshape(self.rows, count, self.columns)
        return np.asarray(wide.transpose(1, 0, 2), np.uint8)

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
        self.scratch: Plane = np.empty(LONG_SIDE * SHORT_SIDE, np.uint8)
        self.sheets = [_Sheet(*each, self.cells) for each in zip((9, 14, 16), self.sizes, strict=True)]

    def reduce(self, picture: Picture) -> list[NDArray[np.generic]]:
        """Every field of ``Sketch`` of one picture but the last two, in their order."""
        light, middle, small = self.sheets
        for at, plane in enumerate((picture.luma, picture.u, picture.v)):
            _area(plane, light.planes(at))
        luma = light.planes(0)
        largest = [self._first(luma), self._second(), self._third()]
        planes = np.concatenate((self._cells(), *largest))
        colours = np.array((middle.planes(1), middle.planes(2)), np.float32)
        profiles = _profiles(luma.astype(np.float32)) + _profiles(colours) + self._edges(picture.luma)
        histogram = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()
        width, height = self.thumb
        thumbs = cv2.resize(small.planes(0, 3), (3 * width, height), interpolation=cv2.INTER_AREA)
        thumb = thumbs.reshape(height, 3, width).transpose(1, 0, 2)
        slant = _slant(middle.planes(0), self.weights)
        return [planes, *profiles, histogram, slant, thumb]

    def _first(self, luma: Plane) -> Plane:
        """Planes light, u, v, dx1, dy1, grain1, run_x, run_y, busy; largest of dx1 to run_y."""
        sheet = self.sheets[0]
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

    def _second(self) -> Plane:
        """Planes dx2, dy2, grain2, du, dv; largest dx2, dy2."""
        sheet = self.sheets[1]
        luma, u, v = (sheet.planes(at) for at in range(3))
        _differences(luma, sheet.planes(9), sheet.planes(10))
        cv2.absdiff(luma, cv2.medianBlur(luma, 3), sheet.planes(11))
        for index, plane in ((12, u), (13, v)):
            cv2.absdiff(plane[:, 1:], plane[:, :-1], sheet.planes(index)[:, :-1])
            sheet.planes(index)[:, -1] = 0
        largest = sheet.largest(9, 2)
        sheet.quadruple(9, 5)
        sheet.halved(self.sheets[2])
        return largest

    def _third(self) -> Plane:
        """Planes dx3, dy3; largest of both."""
        sheet = self.sheets[2]
        luma = sheet.planes(0)
        _differences(luma, sheet.planes(14), sheet.planes(15))
        largest = sheet.largest(14, 2)
        sheet.quadruple(14, 2)
        return largest

    def _edges(self, luma: Plane) -> list[Floats]:
        """edge_columns, edge_rows."""
        height, width = luma.shape
        across = self.scratch[: height * (width - 1)].reshape(height, width - 1)
        columns = _strips(cv2.absdiff(luma[:, 1:], luma[:, :-1], across), 0)  # type: ignore[arg-type]
        down = self.scratch[: (height - 1) * width].reshape(height - 1, width)
        return [columns, _strips(cv2.absdiff(luma[1:], luma[:-1], down), 1)]  # type: ignore[arg-type]

    def _cells(self) -> Plane:
        """(16, R, C): every plane of every sheet; the third sheet holds the halves of the others."""
        rows, columns = self.cells
        small = cv2.resize(self.sheets[2].pixels, (16 * columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(small.reshape(rows, 16, columns).transpose(1, 0, 2), np.uint8)


@lru_cache(maxsize=2)
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
    power = packed[:, 1:-1:2] ** 2 + packed[:, 2::2] ** 2
    power *= weights[0]
    mean = max(cv2.mean(power)[0], 1e-3)
    _, peak, _, at = cv2.minMaxLoc(cv2.blur(power, (3, 3)))
    uneven = cv2.norm(power, cv2.NORM_L2SQR) / power.size / mean**2
    return np.array((peak / mean, uneven, weights[1][at[1], at[0]]), np.float32)


#: Benches that nobody uses, upright and tall: memory that is taken and given back for each picture costs more than its
#: pixels. A thread takes one out, so that no two ever share one.
_FREE: tuple[list[_Bench], list[_Bench]] = ([], [])
