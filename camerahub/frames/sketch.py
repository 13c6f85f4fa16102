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
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames import lit
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

    dx1: Floats
    dy1: Floats
    grain1: Floats
    run_x: Floats
    run_y: Floats
    busy: Floats
    light: Floats
    u: Floats
    v: Floats
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
    (N, 7, W0 - 1) and ``edge_rows`` (N, 7, H0 - 1) differences of neighbours at level 0, over every second row of
    sevenths and over the left half of sevenths. ``histogram`` (N, 256): counts of luma at level 1, every second row.
    ``envelope`` (N, 3): see ``lit.envelope``. ``slant`` (N, 3): power of the strongest slanted wave at level 2 over the
    mean, both weighted by frequency squared; mean square of that power over its squared mean; cycles of that wave over
    the picture. ``thumb`` uint8 (N, 3, 30, 40): luma, u, v, small. ``valid`` bool (N, R, C): cells that count.
    ``source`` int32 (N, 2): width and height of the source in pixels.
    """

    planes: Plane
    columns: Floats
    rows: Floats
    colour_columns: Floats
    colour_rows: Floats
    edge_columns: Floats
    edge_rows: Floats
    histogram: Floats
    envelope: Floats
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
    """Reduce N >= 1 pictures of one working size; about 0.4 ms each at 640x360.

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
    fields = bench.reduced(pictures)
    _FREE[tall].append(bench)
    valid = np.ones((len(pictures), *bench.cells), np.bool_)
    for at, mask in enumerate(masks or ()):
        if mask is not None:
            valid[at] = _valid(mask, (height, width), bench.cells)
    source = np.array([(p.source_width, p.source_height) for p in pictures], np.int32)
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


class _Sheet:
    """Planes of one size side by side, uint8 (H, count * W): what is done to all of them is one call."""

    def __init__(self, count: int, size: tuple[int, int], cells: tuple[int, int]) -> None:
        self.width, self.height = size
        self.rows, self.columns = cells
        self.pixels: Plane = np.empty((self.height, count * self.width), np.uint8)
        self.each = [self.planes(at) for at in range(count)]

    def planes(self, first: int, count: int = 1) -> Plane:
        return self.pixels[:, first * self.width : (first + count) * self.width]


class _Largest:
    """The largest value in each cell of some planes that lie side by side."""

    def __init__(self, sheet: _Sheet, first: int, count: int) -> None:
        self.part = sheet.planes(first, count).reshape(sheet.rows, -1, count * sheet.width)
        self.high: Plane = np.empty((sheet.rows, count * sheet.width), np.uint8)
        self.narrow = self.high.reshape(-1, sheet.width // sheet.columns)
        self.turned: Plane = np.empty(self.narrow.shape[::-1], np.uint8)
        self.shape = (sheet.rows, count, sheet.columns)

    def into(self, planes: Plane) -> None:
        """``planes`` (count, R, C)."""
        self.part.max(axis=1, out=self.high)
        # Turned first: the largest of many rows is found many columns at a time.
        cv2.transpose(self.narrow, self.turned)
        planes[:] = self.turned.max(axis=0).reshape(self.shape).transpose(1, 0, 2)


class _Differences:
    """Absolute differences of neighbours into two planes of the same size; the last column and row repeat."""

    def __init__(self, plane: Plane, across: Plane, down: Plane) -> None:
        self.across = (plane[:, 1:], plane[:, :-1], across[:, :-1])
        self.down = (plane[1:], plane[:-1], down[:-1])
        self.ends = ((across[:, -1], across[:, -2]), (down[-1], down[-2]))

    def take(self) -> None:
        """Of what the plane holds now."""
        cv2.absdiff(*self.across)
        cv2.absdiff(*self.down)
        for end, beside in self.ends:
            end[:] = beside


def _quadruple(part: Plane) -> None:
    """In quarters of a grey level from here on; what is above 63 is cut."""
    cv2.add(part, part, part)
    cv2.add(part, part, part)


class _Bench:
    """The sheets for pictures of one orientation, and the road of one picture through them.

    Every part of a sheet that a step works on is cut out once: cutting costs as much as a small step.
    """

    def __init__(self, tall: bool) -> None:
        self.cells = (CELLS_LONG, CELLS_SHORT) if tall else (CELLS_SHORT, CELLS_LONG)
        size = (SHORT, LONG) if tall else (LONG, SHORT)
        sizes = [(size[0] >> level, size[1] >> level) for level in range(3)]
        self.thumb = (THUMB_SHORT, THUMB_LONG) if tall else (THUMB_LONG, THUMB_SHORT)
        self.slant = _Slant(WINDOW[::-1] if tall else WINDOW)
        self.scratch: Plane = np.empty(LONG_SIDE * SHORT_SIDE, np.uint8)
        self.sheets = light, middle, small = [
            _Sheet(*each, self.cells) for each in zip((7, 14, 16), sizes, strict=True)
        ]
        self.luma, self.luma2, self.u, self.v = light.each[6], *middle.each[6:9]
        self.lines = self.luma[::2]
        self.grain: Plane = np.empty_like(self.luma, order="C")
        self.grain2: Plane = np.empty_like(self.luma2, order="C")
        self.first = _Differences(self.luma, light.each[0], light.each[1])
        self.second = _Differences(self.luma2, middle.each[9], middle.each[10])
        self.third = _Differences(small.each[6], small.each[14], small.each[15])
        self.colour = [
            (plane[:, 1:], plane[:, :-1], middle.each[at][:, :-1])
            for plane, at in ((self.u, 12), (self.v, 13))
        ]
        middle.planes(12, 2)[:] = 0
        self.largest = [_Largest(light, 0, 5), _Largest(middle, 9, 2), _Largest(small, 14, 2)]
        self.quarters = [light.planes(0, 5), middle.planes(9, 5), small.planes(14, 2)]
        self.halves = [
            (one.pixels, two.planes(0, many)) for one, two, many in ((light, middle, 7), (middle, small, 14))
        ]
        self.thumbs = small.planes(6, 3)
        self.floats: Floats = np.empty(self.luma.shape, np.float32)
        self.colours: Floats = np.empty((2, *self.luma2.shape), np.float32)

    def reduced(self, pictures: Sequence[Picture]) -> list[Any]:
        """Every field of ``Sketch`` but the last two, in their order."""
        n, (height, width) = len(pictures), pictures[0].luma.shape
        (tall, wide), (tall2, wide2) = self.luma.shape, self.luma2.shape
        planes: Plane = np.empty((n, len(PLANES), *self.cells), np.uint8)
        columns: Floats = np.empty((n, STRIPS, wide), np.float32)
        rows: Floats = np.empty((n, STRIPS, tall), np.float32)
        colour_columns: Floats = np.empty((n, 2, STRIPS, wide2), np.float32)
        colour_rows: Floats = np.empty((n, 2, STRIPS, tall2), np.float32)
        edge_columns = np.empty((n, EDGE_STRIPS, width - 1), np.int32)
        edge_rows = np.empty((n, EDGE_STRIPS, height - 1), np.int32)
        histogram: Floats = np.empty((n, 256), np.float32)
        envelope: Floats = np.empty((n, 3), np.float32)
        spectra: Floats = np.empty((n, self.slant.height, self.slant.width), np.float32)
        thumb: Plane = np.empty((n, 3, self.thumb[1], self.thumb[0]), np.uint8)
        for at, picture in enumerate(pictures):
            self._draw(picture, planes[at])
            np.copyto(self.floats, self.luma)
            _sums(self.floats, columns[at], rows[at])
            for index, plane in enumerate((self.u, self.v)):
                np.copyto(self.colours[index], plane)
                _sums(self.colours[index], colour_columns[at, index], colour_rows[at, index])
            self._edges(picture.luma, edge_columns[at], edge_rows[at])
            histogram[at] = cv2.calcHist([self.lines], [0], None, [256], [0, 256]).ravel()
            is_half = (height, width) == (2 * tall, 2 * wide)
            envelope[at] = lit.envelope(self.luma if is_half else lit.half(picture.luma))
            self.slant.spectrum(self.luma2, spectra[at])
            thumbs = cv2.resize(self.thumbs, (3 * self.thumb[0], self.thumb[1]), interpolation=cv2.INTER_AREA)
            thumb[at] = thumbs.reshape(self.thumb[1], 3, self.thumb[0]).transpose(1, 0, 2)
        profiles = [columns, rows, colour_columns, colour_rows]
        for profile, along in zip(profiles, (tall, wide, tall2, wide2), strict=True):
            profile *= np.float32(STRIPS / along)
        edges = [
            strips * np.float32(1 / (along // EDGE_STRIPS // 2))
            for strips, along in (
                (edge_columns.astype(np.float32), height),
                (edge_rows.astype(np.float32), width),
            )
        ]
        return [planes, *profiles, *edges, histogram, envelope, self.slant.of(spectra), thumb]

    def _draw(self, picture: Picture, planes: Plane) -> None:
        """Fill the sheets from a picture, and ``planes`` (25, R, C) from the sheets."""
        for plane, into in ((picture.luma, self.luma), (picture.u, self.u), (picture.v, self.v)):
            _area(plane, into)
        light, middle, small = self.sheets
        dx, dy, grain, run_x, run_y, busy = light.each[:6]
        self.first.take()
        cv2.absdiff(self.luma, cv2.medianBlur(self.luma, 3, self.grain), grain)
        cv2.erode(dx, _UPRIGHT, run_x)
        cv2.erode(dy, _LEVEL, run_y)
        cv2.threshold(cv2.max(dx, dy, busy), _BUSY, 255, cv2.THRESH_BINARY, busy)
        self._next(0, planes[16:21])
        self.second.take()
        cv2.absdiff(self.luma2, cv2.medianBlur(self.luma2, 3, self.grain2), middle.each[11])
        for colour in self.colour:
            cv2.absdiff(*colour)
        self._next(1, planes[21:23])
        self.third.take()
        self._next(2, planes[23:25])
        rows, columns = self.cells
        cells = cv2.resize(small.pixels, (16 * columns, rows), interpolation=cv2.INTER_AREA)
        planes[:16] = cells.reshape(rows, 16, columns).transpose(1, 0, 2)

    def _next(self, level: int, largest: Plane) -> None:
        """What is largest in the cells of a finished sheet, and its halves on the next one."""
        self.largest[level].into(largest)
        _quadruple(self.quarters[level])
        if level < len(self.halves):
            pixels, into = self.halves[level]
            cv2.resize(pixels, into.shape[::-1], into, interpolation=cv2.INTER_AREA)

    def _edges(self, luma: Plane, columns: NDArray[np.int32], rows: NDArray[np.int32]) -> None:
        """Sums of differences at level 0 over half of each strip: neighbours always touch, only pairs are left out."""
        height, width = luma.shape
        lines = luma[::2]
        across = self.scratch[: len(lines) * (width - 1)].reshape(len(lines), width - 1)
        cv2.absdiff(lines[:, 1:], lines[:, :-1], across)
        size = height // EDGE_STRIPS // 2
        for at in range(EDGE_STRIPS):
            first = at * len(lines) // EDGE_STRIPS
            cv2.reduce(across[first : first + size], 0, cv2.REDUCE_SUM, columns[at : at + 1], cv2.CV_32S)
        down = self.scratch[: (height - 1) * width].reshape(height - 1, width)
        cv2.absdiff(luma[1:], luma[:-1], down)
        size = width // EDGE_STRIPS // 2
        for at in range(EDGE_STRIPS):
            first = at * width // EDGE_STRIPS
            cv2.reduce(down[:, first : first + size], 1, cv2.REDUCE_SUM, rows[at, :, None], cv2.CV_32S)


@lru_cache(maxsize=8)
def _ones(length: int) -> Floats:
    return np.ones(length, np.float32)


def _sums(plane: Floats, columns: Floats, rows: Floats) -> None:
    """``columns`` (5, W) and ``rows`` (5, H): sums over fifths of a plane (H, W); whole numbers, exact in float32."""
    height, width = plane.shape
    np.matmul(_ones(height // STRIPS), plane.reshape(STRIPS, -1, width), out=columns)
    rows[:] = (plane.reshape(-1, width // STRIPS) @ _ones(width // STRIPS)).reshape(height, STRIPS).T


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


class _Slant:
    """``Sketch.slant`` of the middle of a picture, whose sides (``size``) are powers of two."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.weights, self.cycles = _weights(size)
        self.window: Floats = np.empty((self.height, self.width), np.float32)

    def spectrum(self, luma: Plane, packed: Floats) -> None:
        """The spectrum of one picture, as OpenCV packs it."""
        top, left = (luma.shape[0] - self.height) // 2, (luma.shape[1] - self.width) // 2
        np.copyto(self.window, luma[top : top + self.height, left : left + self.width])
        cv2.dft(self.window, packed)

    def of(self, packed: Floats) -> Floats:
        """(N, 3) of the spectra (N, H, W)."""
        n = len(packed)
        real, imaginary = packed[:, :, 1:-1:2], packed[:, :, 2::2]
        framed: Floats = np.empty((n, self.height + 2, self.weights.shape[1] + 2), np.float32)
        power = framed[:, 1:-1, 1:-1]
        np.multiply(real, real, out=power)
        power += imaginary * imaginary
        power *= self.weights
        framed[:, 0], framed[:, -1] = framed[:, 2], framed[:, -3]
        framed[:, :, 0], framed[:, :, -1] = framed[:, :, 2], framed[:, :, -3]
        count = self.weights.size
        mean = np.maximum(power.sum(axis=(1, 2)) / count, 1e-3)
        uneven = np.einsum("nij,nij->n", power, power) / count / mean**2
        down = framed[:, :-2] + framed[:, 1:-1]
        down += framed[:, 2:]
        around = down[:, :, :-2] + down[:, :, 1:-1]
        around += down[:, :, 2:]
        flat = around.reshape(n, -1)
        at = flat.argmax(axis=1)
        return np.stack((flat[np.arange(n), at] / 9 / mean, uneven, self.cycles.ravel()[at]), axis=1)


#: Benches that nobody uses, upright and tall: memory that is taken and given back for each picture costs more than its
#: pixels. A thread takes one out, so that no two ever share one.
_FREE: tuple[list[_Bench], list[_Bench]] = ([], [])
