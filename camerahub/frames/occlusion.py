"""遮挡 ``occlusion``: something close before the lens covers a good part of the view: plain, soft, and out of place.

Sky, road and wall are plain, too. What covers a lens comes in from the side or from below as often as from above, is
darker or flatter than its surroundings, and ends softly where everything else is sharp.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from camerahub.frames.cells import (
    Cells,
    Flags,
    Measuring,
    Portion,
    Quantiles,
    Question,
    patches,
    quantiles,
    ratio,
)
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_CELLS = ("share", 0.0, 1.0, "no cell counts")
_FEW = "fewer than 12 cells count"
_NONE = "no cell is plain"
#: An edge below this at level 2 leaves a cell plain.
_PLAIN = 12
_KEYS = ("light", "other", "even", "colour", "chroma", "height", "top", "bottom", "side", "far_side")


def _of_patch(name: str, cells: str) -> dict[str, Measure]:
    none = f"no cell is {cells}"
    return {
        f"{name}_light": Measure("grey", 0, 255, none, "median light of that patch", "own"),
        f"{name}_other": Measure(
            "grey", -255, 255, none, "its median light less that of the other cells", "own"
        ),
        f"{name}_even": Measure("grey", 0, 128, none, "standard deviation of light within it", "own"),
        f"{name}_colour": Measure(
            "grey", 0, 182, none, "distance of its median chroma from that of the other cells", "own"
        ),
        f"{name}_chroma": Measure("grey", 0, 182, none, "its median chroma", "own"),
        f"{name}_height": Measure(
            "share", 0, 1, none, "how far down its middle lies", "own: sky lies above, roads below"
        ),
        f"{name}_top": Measure("share", 0, 1, none, "share of the upper border that it touches", "own"),
        f"{name}_bottom": Measure("share", 0, 1, none, "share of the lower border that it touches", "own"),
        f"{name}_side": Measure(
            "share", 0, 1, none, "share of one side that it touches: the more touched one", "own"
        ),
        f"{name}_far_side": Measure("share", 0, 1, none, "share of the other side that it touches", "own"),
    }


MEASURES: dict[str, Measure] = {
    "cover_plain": Measure(*_CELLS, "cells without an edge of 12 at level 2", "own"),
    "cover_soft": Measure(*_CELLS, "cells whose edges climb less than half their height at level 1", "own"),
    "cover_largest": Measure(*_CELLS, "largest connected patch of plain cells", "own"),
    **_of_patch("cover", "plain"),
    "cover_soft_edges": Measure(
        *_CELLS,
        "cells with an edge of 10 at level 3 that climbs slowly at levels 2 and 1",
        "own: a rim out of focus",
    ),
    "cover_sharp_edges": Measure(
        *_CELLS, "cells with an edge of 10 at level 3 that climbs as fast at level 2", "own"
    ),
    "cover_soft_part": Measure("share", 0, 1, "never", "the former's share in both", "own"),
    "cover_soft_height": Measure("grey", 0, 255, _FEW, "median edge at level 3 of the soft ones", "own"),
    "poor_gap": Measure(
        "octaves",
        0,
        16,
        "never",
        "mean of the cells' largest fine edges, doublings: rich less poor cells, best cut",
        "Otsu 1979",
    ),
    "poor_split": Measure(
        "share", 0, 1, "never", "share of the variance which that cut explains", "Otsu 1979"
    ),
    "poor_level": Measure(
        "octaves", 0, 9, "never", "doublings of the mean largest fine edge of the poor cells", "own"
    ),
    "poor_cells": Measure(*_CELLS, "share of the poor cells", "Otsu 1979"),
    "poor_largest": Measure(*_CELLS, "largest connected patch of them", "own"),
    **_of_patch("poor", "poor"),
    "poor_detail": Measure("grey", 0, 64, _FEW, "median of mean detail at level 1 within that patch", "own"),
    "poor_slope": Measure(
        "ratio", 0, 64, _FEW, "its median over detail at level 2: noise alone doubles", "own"
    ),
    "poor_chroma_spread": Measure(
        "grey", 0, 182, "never", "standard deviation of chroma within the patch", "own"
    ),
    "poor_rim": Measure(
        "grey",
        0,
        255,
        _FEW,
        "median coarse edge of the cells around that patch",
        "own: a thing near the lens stands out",
    ),
    "poor_rim_steep": Measure("ratio", 0, 32, _FEW, "their median steepness", "own: and ends softly"),
    "cover_split": Measure(
        "share",
        0,
        1,
        "never",
        "variance between the two classes of light, best cut, over all variance",
        "Otsu 1979",
    ),
    "cover_dark": Measure(*_CELLS, "share of the darker class", "Otsu 1979"),
    "cover_dark_light": Measure("grey", 0, 255, _FEW, "its median light", "own"),
    "cover_dark_edge": Measure(
        "ratio", 0, 255, _FEW, "median edge of the darker class over that of the brighter one", "own"
    ),
    "cover_dark_patch": Measure(*_CELLS, "largest connected patch of the darker class", "own"),
    "cover_dark_plain": Measure(*_CELLS, "dark and plain cells", "own"),
    "cover_bright_plain": Measure(*_CELLS, "bright and plain cells", "own"),
    "cover_uneven": Measure(
        "octaves", 0, 16, _FEW, "90th over 10th percentile of the cells' largest edges, doublings", "own"
    ),
    "cover_side": Measure(
        "octaves",
        -16,
        16,
        _FEW,
        "edges of the poorest side (a third of the picture) over all edges, doublings",
        "own",
    ),
    "cover_side_next": Measure("octaves", -16, 16, _FEW, "the second poorest side", "own"),
    "cover_across": Measure("octaves", 0, 16, _FEW, "left against right, doublings", "own"),
    "cover_upright": Measure("octaves", -16, 16, _FEW, "upper against lower, doublings", "own"),
    "cover_centre": Measure("octaves", -16, 16, _FEW, "edges of the middle over all edges, doublings", "own"),
    "cover_soft_split": Measure(
        "ratio", 0, 32, _FEW, "90th less 10th percentile of steepness among cells with an edge of 8", "own"
    ),
}


def measure(c: Cells) -> Measuring:
    """Each measure (N,)."""
    n, p = len(c.every), c.planes
    light = p.light
    plain = c.every & (c.middle < _PLAIN)
    octaves = np.log2(c.fine + 4)
    lower, splits = _otsu(np.concatenate((light, octaves)))
    dark, poor = lower[:n], lower[n:]
    shares, flags = patches(np.concatenate((plain, c.every & poor, c.every & dark)), c.shape)
    soft, sharp = _rims(c)
    patch = flags[n : 2 * n]
    rim = _around(patch, c.shape) & c.inner
    answers = yield [
        Quantiles(c.steep, (0.1, 0.9), c.inner & (c.middle >= 8)),
        Quantiles(light, (0.5,), c.every & dark),
        Quantiles(c.middle, (0.5,), c.inner & dark),
        Quantiles(c.middle, (0.5,), c.inner & ~dark),
        Quantiles(c.coarse, (0.1, 0.9)),
        Quantiles(c.coarse, (0.5,), soft),
        Quantiles(c.detail1, (0.5,), patch),
        Quantiles(ratio(c.detail1, c.detail2, 0.25), (0.5,), patch),
        Quantiles(c.coarse, (0.5,), rim),
        Quantiles(ratio(c.fine, c.coarse, 1), (0.5,), rim),
        *_medians(c, flags[: 2 * n]),
        Portion(soft),
        Portion(sharp),
        Portion((c.fine < c.middle / 2) & (c.middle >= 8)),
        Portion(plain, inner=False),
        Portion(poor, inner=False),
        Portion(dark, inner=False),
        Portion(dark & plain, inner=False),
        Portion(~dark & plain, inner=False),
    ]
    steep_low, steep_high, dark_light, dark_edge, bright_edge, low, high, soft_height = answers[:8]
    detail, slope, rim_edge, rim_steep = answers[8:12]
    soft_part, sharp_part, cover_soft, cover_plain, poor_cells, dark_cells, dark_plain, bright_plain = (
        answers[-8:]
    )
    of_plain, of_poor = _patches(c, flags[: 2 * n], shares[: 2 * n], answers[12:-8])
    poor_low, poor_high = _mean(np.concatenate((octaves, octaves)), np.concatenate((poor, ~poor))).reshape(
        2, -1
    )
    return {
        "cover_plain": cover_plain,
        "cover_soft": cover_soft,
        **of_plain,
        "cover_soft_edges": soft_part,
        "cover_sharp_edges": sharp_part,
        "cover_soft_part": ratio(soft_part, soft_part + sharp_part, 0.01),
        "cover_soft_height": soft_height,
        "poor_gap": _or_nothing(poor_high - poor_low),
        "poor_split": splits[n:],
        "poor_level": _or_nothing(poor_low),
        "poor_cells": poor_cells,
        **of_poor,
        "poor_detail": detail,
        "poor_slope": slope,
        "poor_chroma_spread": _chroma_spread(c, patch),
        "poor_rim": rim_edge,
        "poor_rim_steep": rim_steep,
        "cover_split": splits[:n],
        "cover_dark": dark_cells,
        "cover_dark_light": dark_light,
        "cover_dark_edge": ratio(dark_edge, bright_edge, 1),
        "cover_dark_patch": shares[2 * n :],
        "cover_dark_plain": dark_plain,
        "cover_bright_plain": bright_plain,
        "cover_uneven": np.log2((high + 2) / (low + 2)),
        **_sides(c),
        "cover_soft_split": steep_high - steep_low,
    }


def _otsu(values: Floats) -> tuple[Flags, Floats]:
    """Cells of the lower class (P, K) at the cut that parts best, and what share of the variance (P,) it explains."""
    ordered = np.sort(values, axis=1)
    k = ordered.shape[1]
    weights, below = _weights(k)
    total = ordered.cumsum(axis=1)
    mean = total[:, -1:] / k
    between = total[:, :-1] / below
    between -= mean
    between *= between
    between *= weights
    at = between.argmax(axis=1)
    every = np.arange(len(values))
    ordered_from_mean = ordered - mean
    variance = np.einsum("pk,pk->p", ordered_from_mean, ordered_from_mean) / k
    share = between[every, at] / np.maximum(variance, np.float32(1e-3))
    return values <= ordered[every, at][:, None], np.minimum(share, 1)


@lru_cache(maxsize=2)
def _weights(k: int) -> tuple[Floats, Floats]:
    below = np.arange(1, k, dtype=np.float32)
    return below / (k - below), below


def _rims(c: Cells) -> tuple[Flags, Flags]:
    """Cells whose edge climbs slowly, beyond what noise climbs, and cells whose edge climbs fast."""
    high = c.inner & (c.coarse >= 10)
    noise = 2.5 * _floor(c)[:, None]
    soft = high & (c.middle < 0.65 * c.coarse) & (c.fine < 0.5 * c.coarse + noise)
    return soft, high & (c.middle >= 0.85 * c.coarse)


def _floor(c: Cells) -> Floats:
    """The 10th percentile of the grain of inner cells."""
    if c.span is None:
        return quantiles(c.planes.grain1, c.inner, [0.1])[0]
    ordered = np.sort(c.planes.grain1[:, c.span], axis=1)
    return ordered[:, int(0.1 * (ordered.shape[1] - 1))]


def _around(patch: Flags, shape: tuple[int, int]) -> Flags:
    """(N, K): cells beside the patch of each picture, not of it."""
    grid = patch.reshape(-1, *shape)
    around = grid.copy()
    around[:, 1:] |= grid[:, :-1]
    around[:, :-1] |= grid[:, 1:]
    around[:, :, 1:] |= grid[:, :, :-1]
    around[:, :, :-1] |= grid[:, :, 1:]
    return (around & ~grid).reshape(patch.shape)


def _chroma_spread(c: Cells, patch: Flags) -> Floats:
    count = np.maximum(patch.sum(axis=1, dtype=np.float32), 1)
    chroma = np.array((c.planes.u, c.planes.v))
    means = (chroma * patch).sum(axis=2) / count
    apart = (chroma - means[:, :, None]) * patch
    return np.asarray(np.sqrt(np.einsum("knj,knj->n", apart, apart) / count))


def _medians(c: Cells, flags: Flags) -> list[Question]:
    """Light, u and v: in the patches (plain ones, then poor ones), and outside."""
    n, p = len(c.every), c.planes
    return [
        Quantiles(plane, (0.5,), part, least=1)
        for patch in (flags[:n], flags[n:])
        for part in (patch, ~patch)
        for plane in (p.light, p.u, p.v)
    ]


def _patches(c: Cells, flags: Flags, shares: Floats, medians: list[Floats]) -> list[dict[str, Floats]]:
    """What is said of the patches of plain cells and of those of poor cells, (2N, K)."""
    rows, columns = c.shape
    patch = flags.astype(np.float32)
    light = np.concatenate((c.planes.light, c.planes.light))
    count = np.maximum(patch.sum(axis=1), 1)
    mean = np.einsum("pk,pk->p", light, patch) / count
    apart = (light - mean[:, None]) * patch
    grid = patch.reshape(-1, rows, columns)
    down = grid.sum(axis=2)
    across = grid[:, :, :: columns - 1].sum(axis=1) / rows
    # (plain or poor, in or out, light and chroma, N)
    middles = np.array(medians).reshape(2, 2, 3, -1)
    inside = np.concatenate((middles[0, 0], middles[1, 0]), axis=1)
    outside = np.concatenate((middles[0, 1], middles[1, 1]), axis=1)
    raw = np.array(
        (
            inside[0],
            inside[0] - outside[0],
            np.sqrt(np.einsum("pk,pk->p", apart, apart) / count),
            np.hypot(inside[1] - outside[1], inside[2] - outside[2]),
            np.hypot(inside[1] - 128, inside[2] - 128),
            down @ np.arange(rows, dtype=np.float32) / count / (rows - 1),
            down[:, 0] / columns,
            down[:, -1] / columns,
            across.max(axis=1),
            across.min(axis=1),
        )
    )
    raw[:, shares == 0] = np.nan
    n = len(c.every)
    return [
        {
            f"{name}_largest": shares[part],
            **{f"{name}_{key}": row[part] for key, row in zip(_KEYS, raw, strict=True)},
        }
        for name, part in (("cover", slice(n)), ("poor", slice(n, None)))
    ]


@lru_cache(maxsize=2)
def _thirds(shape: tuple[int, int]) -> Flags:
    """(6, 1, K): upper, lower, left, right, all, middle."""
    rows, columns = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
    parts = (
        rows * 3 < shape[0],
        rows * 3 >= 2 * shape[0],
        columns * 3 < shape[1],
        columns * 3 >= 2 * shape[1],
    )
    sides = np.logical_or.reduce(parts)
    return np.array((*parts, np.ones_like(sides), ~sides))[:, None]


def _sides(c: Cells) -> dict[str, Floats]:
    edge = np.log2(c.coarse + 2)
    parts = c.inner & _thirds(c.shape)
    upper, lower, left, right, every, middle = found = _mean(edge, parts)
    order = np.sort(found[:4], axis=0)
    return {
        "cover_side": order[0] - every,
        "cover_side_next": order[1] - every,
        "cover_across": np.abs(left - right),
        "cover_upright": upper - lower,
        "cover_centre": middle - every,
    }


def _mean(values: Floats, among: Flags) -> Floats:
    """Mean over the last axis of flagged values; NaN where fewer than 4 are."""
    count = among.sum(axis=-1, dtype=np.float32)
    mean = (values * among).sum(axis=-1) / np.maximum(count, 1)
    mean[count < 4] = np.nan
    return np.asarray(mean)


def _or_nothing(values: Floats) -> Floats:
    values = values.copy()
    values[np.isnan(values)] = 0
    return values
