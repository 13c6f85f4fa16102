"""遮挡 ``occlusion``: something close before the lens covers a good part of the view: plain, soft, and out of place.

Sky, road and wall are plain, too. What covers a lens comes in from the side or from below as often as from above, is
darker or flatter than its surroundings, and ends softly where everything else is sharp.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, Flags, patches, portion, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_CELLS = ("share", 0.0, 1.0, "no cell counts")
_FEW = "fewer than 12 cells count"
_NONE = "no cell is plain"
#: An edge below this at level 2 leaves a cell plain.
_PLAIN = 12


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


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    shape = c.sketch.light.shape[1:]
    light = c.sketch.light.reshape(len(c.every), -1).astype(np.float32)
    plain = c.every & (c.middle < _PLAIN)
    dark, split = _otsu(light)
    steep = ratio(c.fine, c.middle, 1)
    some = c.inner & (c.middle >= 8)
    steep_low, steep_high = quantiles(steep, some, [0.1, 0.9])
    (dark_light,) = quantiles(light, c.every & dark, [0.5])
    dark_edge, bright_edge = (quantiles(c.middle, c.inner & part, [0.5])[0] for part in (dark, ~dark))
    low, high = quantiles(c.coarse, c.inner, [0.1, 0.9])
    return {
        "cover_plain": portion(plain, c.every),
        "cover_soft": portion((c.fine < c.middle / 2) & (c.middle >= 8), c.inner),
        **_patches(c, plain, light, "cover"),
        **_rims(c),
        **_poor(c, light),
        "cover_split": split,
        "cover_dark": portion(dark, c.every),
        "cover_dark_light": dark_light,
        "cover_dark_edge": ratio(dark_edge, bright_edge, 1),
        "cover_dark_patch": patches(c.every & dark, shape)[0],
        "cover_dark_plain": portion(dark & plain, c.every),
        "cover_bright_plain": portion(~dark & plain, c.every),
        "cover_uneven": np.log2((high + 2) / (low + 2)),
        **_sides(c, shape),
        "cover_soft_split": steep_high - steep_low,
    }


def _otsu(values: Floats) -> tuple[Flags, Floats]:
    """Cells of the lower class (N, K) at the cut that parts best, and what share of the variance (N,) it explains."""
    ordered = np.sort(values, axis=1)
    k = ordered.shape[1]
    below = np.arange(1, k, dtype=np.float32)
    total = ordered.cumsum(axis=1)
    mean = total[:, -1:] / k
    lower = total[:, :-1] / below
    between = below / (k - below) * (lower - mean) ** 2
    at = between.argmax(axis=1)
    every = np.arange(len(values))
    share = between[every, at] / np.maximum(ordered.var(axis=1), 1e-3)
    return values <= ordered[every, at][:, None], np.minimum(share, 1).astype(np.float32)


def _rims(c: Cells) -> dict[str, Floats]:
    high = c.inner & (c.coarse >= 10)
    noise = 2.5 * quantiles(c.grain, c.inner, [0.1])[0][:, None]
    soft = high & (c.middle < 0.65 * c.coarse) & (c.fine < 0.5 * c.coarse + noise)
    sharp = high & (c.middle >= 0.85 * c.coarse)
    soft_part, sharp_part = portion(soft, c.inner), portion(sharp, c.inner)
    return {
        "cover_soft_edges": soft_part,
        "cover_sharp_edges": sharp_part,
        "cover_soft_part": ratio(soft_part, soft_part + sharp_part, 0.01),
        "cover_soft_height": quantiles(c.coarse, soft, [0.5])[0],
    }


def _poor(c: Cells, light: Floats) -> dict[str, Floats]:
    """The picture cut in two by fine detail, where the cut is deepest: what covers a lens is poor beside the rest."""
    shape = c.sketch.light.shape[1:]
    octaves = np.log2(c.fine + 4)
    poor, split = _otsu(octaves)
    low, high = _mean(octaves, poor), _mean(octaves, ~poor)
    found = _patches(c, c.every & poor, light, "poor")
    patch = patches(c.every & poor, shape)[1].reshape(-1, *shape)
    around = patch.copy()
    around[:, 1:] |= patch[:, :-1]
    around[:, :-1] |= patch[:, 1:]
    around[:, :, 1:] |= patch[:, :, :-1]
    around[:, :, :-1] |= patch[:, :, 1:]
    within = patch.reshape(poor.shape)
    count = np.maximum(within.sum(axis=1), 1)
    chroma = [plane.reshape(poor.shape).astype(np.float32) for plane in (c.sketch.u, c.sketch.v)]
    means = [(plane * within).sum(axis=1, keepdims=True) / count[:, None] for plane in chroma]
    spread = sum(
        (((plane - mean) * within) ** 2).sum(axis=1) / count
        for plane, mean in zip(chroma, means, strict=True)
    )
    rim = (around & ~patch).reshape(poor.shape) & c.inner
    return {
        "poor_gap": np.nan_to_num(high - low),
        "poor_split": split,
        "poor_level": np.nan_to_num(low),
        "poor_cells": portion(poor, c.every),
        **found,
        "poor_detail": quantiles(c.detail1, within, [0.5])[0],
        "poor_slope": quantiles(ratio(c.detail1, c.detail2, 0.25), within, [0.5])[0],
        "poor_chroma_spread": np.sqrt(spread),
        "poor_rim": quantiles(c.coarse, rim, [0.5])[0],
        "poor_rim_steep": quantiles(ratio(c.fine, c.coarse, 1), rim, [0.5])[0],
    }


def _patches(c: Cells, plain: Flags, light: Floats, name: str) -> dict[str, Floats]:
    shape = c.sketch.light.shape[1:]
    share, patch = patches(plain, shape)
    count = np.maximum(patch.sum(axis=1), 1)
    u, v = (plane.reshape(patch.shape).astype(np.float32) - 128 for plane in (c.sketch.u, c.sketch.v))
    mid, u_in, v_in = (_median(plane, patch) for plane in (light, u, v))
    other, u_out, v_out = (_median(plane, ~patch) for plane in (light, u, v))
    mean = (light * patch).sum(axis=1) / count
    rows = np.arange(patch.shape[1]) // shape[1]
    grid = patch.reshape(-1, *shape)
    sides = np.sort(np.stack((grid[:, :, 0].mean(axis=1), grid[:, :, -1].mean(axis=1))), axis=0)
    raw = {
        "light": mid,
        "other": mid - other,
        "even": np.sqrt((((light - mean[:, None]) * patch) ** 2).sum(axis=1) / count),
        "colour": np.hypot(u_in - u_out, v_in - v_out),
        "chroma": np.hypot(u_in, v_in),
        "height": (patch * rows).sum(axis=1) / count / (shape[0] - 1),
        "top": grid[:, 0].mean(axis=1),
        "bottom": grid[:, -1].mean(axis=1),
        "side": sides[1],
        "far_side": sides[0],
    }
    nothing = share == 0
    return {f"{name}_largest": share} | {
        f"{name}_{key}": np.where(nothing, np.float32(np.nan), value) for key, value in raw.items()
    }


def _median(values: Floats, among: Flags) -> Floats:
    """(N,) median of flagged values; NaN where none is."""
    ordered = np.sort(np.where(among, values, np.float32(np.inf)), axis=1)
    count = np.count_nonzero(among, axis=1)
    found = ordered[np.arange(len(values)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, found, np.float32(np.nan))


def _sides(c: Cells, shape: tuple[int, ...]) -> dict[str, Floats]:
    rows, columns = np.divmod(np.arange(c.inner.shape[1]), shape[1])
    edge = np.log2(c.coarse + 2)
    thirds = (
        rows * 3 < shape[0],
        rows * 3 >= 2 * shape[0],
        columns * 3 < shape[1],
        columns * 3 >= 2 * shape[1],
    )
    upper, lower, left, right = (_mean(edge, c.inner & part) for part in thirds)
    every = _mean(edge, c.inner)
    middle = ~(thirds[0] | thirds[1] | thirds[2] | thirds[3])
    order = np.sort(np.stack((upper, lower, left, right)), axis=0)
    return {
        "cover_side": order[0] - every,
        "cover_side_next": order[1] - every,
        "cover_across": np.abs(left - right),
        "cover_upright": upper - lower,
        "cover_centre": _mean(edge, c.inner & middle) - every,
    }


def _mean(values: Floats, among: Flags) -> Floats:
    count = np.count_nonzero(among, axis=1)
    total = (values * among).sum(axis=1)
    return np.where(count >= 4, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)
