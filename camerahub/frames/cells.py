"""What the measures have in common: the cells that count, their percentiles, light and colour of the thumbnail.

Measures work on quantiles over cells, never on means over pixels: a camera name fills a few cells and moves no
quantile. Where the letters usually stand (the upper and lower eighth) cells count for light and cover, not for
sharpness.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames.sketch import PLANES, WHOLE, Floats, Planes, Sketch

Flags = NDArray[np.bool_]
#: Rows of cells at the top and at the bottom where names and clocks are written.
TEXT_ROWS = 2
#: Fewer cells than this say nothing of a picture.
LEAST_CELLS = 12


#: Shares of the pixels whose grey levels are asked for: floor, dark floor, top (``Cells.levels``).
LEVELS = np.array((0.005, 0.02, 0.995), np.float32)
_UNITS = np.array([1 if name in WHOLE else 0.25 for name in PLANES], np.float32)[:, None, None]


class Cells(NamedTuple):
    """A sketch and what several checks derive from it, computed once; N pictures, K cells in a row, grey levels.

    ``every`` and ``inner`` bool (N, K): cells that count, with and without the rows of text; ``span``: the inner ones
    as a slice of K, None when a mask takes others out as well. ``planes``: those of the sketch by name, float32 (N, K)
    in grey levels (``busy`` as it is). ``fine``, ``middle``, ``coarse`` (N, K): largest difference of neighbours in a
    cell at levels 1, 2 and 3. ``detail1``, ``detail2`` (N, K): mean difference at levels 1 and 2. ``steep``: ``fine``
    over ``middle``. Of the thumbnail's 1,200 pixels (N, 1200): ``thumb`` (N, 4, 1200) luma, Cb and Cr from neutral and
    length of chroma, in place, and ``ordered``, each in order; ``light`` luma in order; ``means`` and ``variances``
    (N, 4). ``share`` (N, 256): cumulated histogram, 0..1; ``levels`` (3, N): grey levels of ``LEVELS``.
    ``edge_means``: of ``edge_columns`` and ``edge_rows`` (N, 7) by strip.
    """

    sketch: Sketch
    every: Flags
    inner: Flags
    span: slice | None
    planes: Planes
    fine: Floats
    middle: Floats
    coarse: Floats
    detail1: Floats
    detail2: Floats
    steep: Floats
    thumb: Floats
    ordered: Floats
    means: Floats
    variances: Floats
    share: Floats
    levels: Floats
    edge_means: tuple[Floats, Floats]

    @property
    def light(self) -> Floats:
        """(N, 1200): the thumbnail's luma in order."""
        return self.ordered[:, 0]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.sketch.planes.shape[2:]


class Quantiles(NamedTuple):
    """A question: these ``shares`` 0..1 of ``values`` (N, K) among the flagged cells, the inner ones when None.

    NaN where fewer than ``least`` cells are flagged. A check asks all its questions at once, so that one sort answers
    those of all checks.
    """

    values: Floats
    shares: tuple[float, ...]
    among: Flags | None = None
    least: int = LEAST_CELLS


class Portion(NamedTuple):
    """A question: the share of flagged cells (N, K) among the inner ones, or all that count; NaN if none does."""

    flags: Flags
    inner: bool = True


Question = Quantiles | Portion
#: A check under way: it asks once, hears the answers (N,) one a share in the order of its questions, and ends.
Measuring = Generator[list[Question], list[Floats], dict[str, Floats]]


def cells(sketch: Sketch) -> Cells:
    """The shared part of every measure of N sketched pictures."""
    n = len(sketch.planes)
    valid = sketch.valid.reshape(n, -1)
    text = TEXT_ROWS * sketch.valid.shape[2]
    inner = valid.copy()
    inner[:, :text] = False
    inner[:, -text:] = False
    numbers = sketch.planes.transpose(1, 0, 2, 3).reshape(len(PLANES), n, -1).astype(np.float32)
    numbers *= _UNITS
    p = Planes(*numbers)
    fine, middle = np.maximum(p.px1, p.py1), np.maximum(p.px2, p.py2)
    thumb = _thumb(sketch)
    means = thumb.sum(axis=2) * np.float32(1 / thumb.shape[2])
    apart = thumb - means[:, :, None]
    cumulated = sketch.histogram.cumsum(axis=1)
    share = cumulated / cumulated[:, -1:]
    return Cells(
        sketch=sketch,
        every=valid,
        inner=inner,
        span=slice(text, valid.shape[1] - text) if valid.all() else None,
        planes=p,
        fine=fine,
        middle=middle,
        coarse=np.maximum(p.px3, p.py3),
        detail1=p.dx1 + p.dy1,
        detail2=p.dx2 + p.dy2,
        steep=ratio(fine, middle, 1),
        thumb=thumb,
        ordered=np.sort(thumb, axis=2),
        means=means,
        variances=np.einsum("nki,nki->nk", apart, apart) * np.float32(1 / thumb.shape[2]),
        share=share,
        levels=np.count_nonzero(share < LEVELS[:, None, None], axis=2).astype(np.float32),
        edge_means=(_means(sketch.edge_columns), _means(sketch.edge_rows)),
    )


def _thumb(sketch: Sketch) -> Floats:
    raw = sketch.thumb
    thumb = np.empty((len(raw), 4, raw.shape[2] * raw.shape[3]), np.float32)
    thumb[:, :3] = raw.reshape(len(raw), 3, -1)
    thumb[:, 1:3] -= 128
    squares = thumb[:, 1:3] ** 2
    np.sqrt(squares[:, 0] + squares[:, 1], out=thumb[:, 3])
    return thumb


def _means(strips: Floats) -> Floats:
    return np.asarray(strips.sum(axis=2) * np.float32(1 / strips.shape[2]))


def answered(c: Cells, checks: Sequence[Callable[[Cells], Measuring]]) -> dict[str, Floats]:
    """What every check finds: the questions of all of them are answered together."""
    found: dict[str, Floats] = {}
    under_way = [check(c) for check in checks]
    questions = [next(one) for one in under_way]
    answers = iter(_answers(c, [each for some in questions for each in some]))
    for one, asked in zip(under_way, questions, strict=True):
        count = sum(len(q.shares) if isinstance(q, Quantiles) else 1 for q in asked)
        try:
            one.send([next(answers) for _ in range(count)])
        except StopIteration as end:
            found |= end.value
    return found


def _answers(c: Cells, questions: Sequence[Question]) -> list[Floats]:
    """(N,) for each share of each question, in their order."""
    by_kind: tuple[list[Quantiles], list[Quantiles], list[Portion], list[Portion]] = ([], [], [], [])
    order = []
    for one in questions:
        kind = (2 if one.inner else 3) if isinstance(one, Portion) else 0 if one.among is None else 1
        by_kind[kind].append(one)  # type: ignore[arg-type]
        order += [kind] * (1 if isinstance(one, Portion) else len(one.shares))
    plain, some, inner, every = by_kind
    answers = [
        iter(_among_inner(c, plain)),
        iter(_among(some)),
        iter(_portions(inner, c.inner, c.span)),
        iter(_portions(every, c.every, None if c.span is None else slice(None))),
    ]
    return [next(answers[kind]) for kind in order]


def _among_inner(c: Cells, questions: list[Quantiles]) -> list[Floats]:
    if c.span is None:
        return _among([one._replace(among=c.inner) for one in questions])
    values = np.array([one.values[:, c.span] for one in questions])
    values.sort(axis=2)
    last = values.shape[2] - 1
    return [values[at, :, int(share * last)] for at, one in enumerate(questions) for share in one.shares]


def _among(questions: list[Quantiles]) -> list[Floats]:
    if not questions:
        return []
    among = np.array([one.among for one in questions])
    values = np.array([one.values for one in questions])
    np.copyto(values, np.float32(np.inf), where=~among)
    values.sort(axis=2)
    asked = np.array([at for at, one in enumerate(questions) for _ in one.shares])
    share = np.array([share for one in questions for share in one.shares])[:, None]
    count = np.count_nonzero(among, axis=2)[asked]
    at = np.maximum((share * (count - 1)).astype(np.intp), 0)
    found = values[asked[:, None], np.arange(values.shape[1]), at]
    found[count < np.array([one.least for one in questions])[asked, None]] = np.nan
    return list(found)


def _portions(questions: list[Portion], among: Flags, span: slice | None) -> list[Floats]:
    if not questions:
        return []
    flags = np.array([one.flags for one in questions])
    if span is not None:
        part = flags[:, :, span]
        return list(np.count_nonzero(part, axis=2) * np.float32(1) / np.float32(part.shape[2]))
    flags &= among
    with np.errstate(invalid="ignore"):
        return list(
            np.count_nonzero(flags, axis=2).astype(np.float32)
            / np.count_nonzero(among, axis=1).astype(np.float32)
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


def percentile(ordered: Floats, share: float) -> Floats:
    """That quantile (N,) of rows already in order."""
    return ordered[:, int(share * (ordered.shape[1] - 1))]


def ratio(part: Floats, whole: Floats, least: float) -> Floats:
    """``part / whole`` with ``whole`` at least ``least``: no division by nothing, and noise over noise stays small."""
    return np.asarray(part / np.maximum(whole, np.float32(least)), np.float32)


def agreed(strips: Floats) -> Floats:
    """(N, L): the median of five strips (N, 5, L): what one strip alone shows is not in it."""
    a, b, c, d, e = (strips[:, at] for at in range(5))
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.asarray(np.maximum(np.minimum(low, high), np.minimum(e, np.maximum(low, high))))


def patches(part: Flags, shape: tuple[int, int]) -> tuple[Floats, Flags]:
    """For each of P rows the largest connected patch of flagged cells (P, K) of a grid ``shape``: share (P,), flags.

    All grids are laid below each other, blank rows between, and labelled at once.
    """
    (count, size), (rows, columns) = part.shape, shape
    tall = rows + 2 - rows % 2  # even: labels are given by pairs of rows
    sheet = np.zeros((count, tall, columns), np.uint8)
    sheet[:, :rows] = part.reshape(count, rows, columns)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(sheet.reshape(-1, columns), connectivity=4)
    area, grid = stats[1:, cv2.CC_STAT_AREA], stats[1:, cv2.CC_STAT_TOP] // tall
    order = np.argsort(area[::-1], kind="stable")  # the first of equals comes last, and stays
    best, largest = np.full(count, -1), np.zeros(count, np.float32)
    best[grid[::-1][order]] = len(area) - order
    largest[grid[::-1][order]] = area[::-1][order]
    flags = labels.reshape(count, tall, columns)[:, :rows] == best[:, None, None]
    return largest / np.float32(size), flags.reshape(count, size)


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
