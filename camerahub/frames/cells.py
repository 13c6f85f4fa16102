"""What the measures have in common: the cells that count, their percentiles, light and colour of the thumbnail.

Measures work on quantiles over cells, never on means over pixels: a camera name fills a few cells and moves no
quantile. Where the letters usually stand (the upper and lower eighth) cells count for light and cover, not for
sharpness.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

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
        levels=(share < LEVELS[:, None, None]).sum(axis=2, dtype=np.float32),
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


class _Plan(NamedTuple):
    """Where the answers to some questions come from.

    ``groups``: places of the questions of quantiles of inner cells and of flagged ones, and of portions of inner and
    of all cells. ``asked`` and ``shares`` for each quantile of the first two: its question in the group, its share;
    ``least`` for each of the second. ``order``: where each answer lies among those of the groups one after the other.
    ``counts``: answers of each check.
    """

    groups: list[list[int]]
    asked: list[NDArray[np.intp]]
    shares: list[NDArray[np.float64]]
    least: NDArray[np.intp]
    order: list[int]
    counts: list[int]


#: What a plan depends on: of a portion, whether inner; of quantiles, their shares and ``least``, None of inner cells.
_Key = bool | tuple[tuple[float, ...], int | None]


_ONE: tuple[float, ...] = (0.0,)


def _key(one: Question) -> _Key:
    if isinstance(one, Portion):
        return one.inner
    return one.shares, None if one.among is None else one.least


@lru_cache(maxsize=8)
def _plan(keys: tuple[tuple[_Key, ...], ...]) -> _Plan:
    groups: list[list[int]] = [[], [], [], []]
    places: list[list[tuple[int, float, int]]] = [[], [], [], []]
    order: list[tuple[int, int]] = []
    for at, key in enumerate(each for some in keys for each in some):
        if isinstance(key, bool):
            group, shares, least = 2 if key else 3, _ONE, None
        else:
            group, (shares, least) = 0 if key[1] is None else 1, key
        order += [(group, len(places[group]) + more) for more in range(len(shares))]
        places[group] += [(len(groups[group]), share, least or 0) for share in shares]
        groups[group].append(at)
    starts = [sum(map(len, places[:group])) for group in range(4)]
    return _Plan(
        groups,
        [np.array([question for question, _, _ in place], np.intp) for place in places[:2]],
        [np.array([share for _, share, _ in place]) for place in places[:2]],
        np.array([least for _, _, least in places[1]], np.intp),
        [starts[group] + at for group, at in order],
        [sum(1 if isinstance(key, bool) else len(key[0]) for key in some) for some in keys],
    )


def answered(c: Cells, checks: Sequence[Callable[[Cells], Measuring]]) -> dict[str, Floats]:
    """What every check finds: the questions of all of them are answered together."""
    under_way = [check(c) for check in checks]
    asked = [next(one) for one in under_way]
    plan = _plan(tuple(tuple(map(_key, some)) for some in asked))
    answers = _answers(c, [each for some in asked for each in some], plan)
    found: dict[str, Floats] = {}
    at = 0
    for one, count in zip(under_way, plan.counts, strict=True):
        try:
            one.send(answers[at : at + count])
        except StopIteration as end:
            found |= end.value
        at += count
    return found


def _answers(c: Cells, questions: list[Any], plan: _Plan) -> list[Floats]:
    """(N,) for each share of each question, in their order."""
    plain, some = (np.array([questions[at].values for at in group]) for group in plan.groups[:2])
    among = np.array([questions[at].among for at in plan.groups[1]])
    inner, every = (np.array([questions[at].flags for at in group]) for group in plan.groups[2:])
    found: list[Floats] = []
    if c.span is None:
        found += _quantiles(plain, c.inner[None], plan.asked[0], plan.shares[0], LEAST_CELLS)
        found += _quantiles(some, among, plan.asked[1], plan.shares[1], plan.least[:, None])
        with np.errstate(invalid="ignore"):
            for flags, part in ((inner, c.inner), (every, c.every)):
                found += list(
                    (flags & part).sum(axis=2, dtype=np.float32) / part.sum(axis=1, dtype=np.float32)
                )
        return [found[at] for at in plan.order]
    plain = plain[:, :, c.span]
    plain.sort(axis=2)
    at = (plan.shares[0] * (plain.shape[2] - 1)).astype(np.intp)
    found += list(plain[plan.asked[0], :, at])
    found += _quantiles(some, among, plan.asked[1], plan.shares[1], plan.least[:, None])
    for flags in (inner[:, :, c.span], every):
        found += list(flags.sum(axis=2, dtype=np.float32) / np.float32(flags.shape[2]))
    return [found[at] for at in plan.order]


def _quantiles(
    values: Floats,
    among: Flags,
    asked: NDArray[np.intp],
    shares: NDArray[np.float64],
    least: NDArray[np.intp] | int,
) -> list[Floats]:
    """Of values (Q, N, K) among flagged cells: for each share (S,) of the question ``asked`` (S,) one (N,)."""
    np.copyto(values, np.float32(np.inf), where=~among)
    values.sort(axis=2)
    count = np.broadcast_to(among.sum(axis=2), values.shape[:2])[asked]
    at = np.maximum((shares[:, None] * (count - 1)).astype(np.intp), 0)
    found = values[asked[:, None], np.arange(values.shape[1]), at]
    found[count < least] = np.nan
    return list(found)


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
    best, largest = [-1] * count, [0] * count
    for label, (_, top, _, _, area) in enumerate(stats.tolist()):
        grid = top // tall
        if label and area > largest[grid]:
            best[grid], largest[grid] = label, area
    flags = labels.reshape(count, tall, columns)[:, :rows] == np.array(best)[:, None, None]
    return np.array(largest, np.float32) / np.float32(size), flags.reshape(count, size)


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
