"""遮挡 ``occlusion``: something close before the lens covers a good part of the view: plain, soft, and out of place.

Sky, road and wall are plain, too. What covers a lens comes in from the side or from below as often as from above, is
darker or flatter than its surroundings, and ends softly where everything else is sharp.
"""

from __future__ import annotations

import cv2
import numpy as np

from camerahub.frames.cells import Cells, Flags, portion, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_CELLS = ("share", 0.0, 1.0, "no cell counts")
_FEW = "fewer than 12 cells count"
_NONE = "no cell is plain"
#: An edge below this at level 2 leaves a cell plain.
_PLAIN = 12

MEASURES: dict[str, Measure] = {
    "cover_plain": Measure(*_CELLS, "cells without an edge of 12 at level 2", "own"),
    "cover_soft": Measure(*_CELLS, "cells whose edges climb less than half their height at level 1", "own"),
    "cover_largest": Measure(*_CELLS, "largest connected patch of plain cells", "own"),
    "cover_light": Measure("grey", 0, 255, _NONE, "median light of that patch", "own"),
    "cover_other": Measure("grey", -255, 255, _NONE, "its median light less that of the other cells", "own"),
    "cover_even": Measure("grey", 0, 128, _NONE, "standard deviation of light within it", "own"),
    "cover_colour": Measure("grey", 0, 182, _NONE, "distance of its median chroma from that of the other cells", "own"),
    "cover_chroma": Measure("grey", 0, 182, _NONE, "its median chroma", "own"),
    "cover_height": Measure("share", 0, 1, _NONE, "how far down its middle lies", "own: sky lies above, roads below"),
    "cover_top": Measure("share", 0, 1, _NONE, "share of the upper border that it touches", "own"),
    "cover_bottom": Measure("share", 0, 1, _NONE, "share of the lower border that it touches", "own"),
    "cover_left": Measure("share", 0, 1, _NONE, "share of one side that it touches: the more touched one", "own"),
    "cover_right": Measure("share", 0, 1, _NONE, "share of the other side that it touches", "own"),
    "cover_split": Measure("share", 0, 1, "never", "variance between the two classes of light, best cut, over all variance", "Otsu 1979"),
    "cover_dark": Measure(*_CELLS, "share of the darker class", "Otsu 1979"),
    "cover_dark_light": Measure("grey", 0, 255, _FEW, "its median light", "own"),
    "cover_dark_edge": Measure("ratio", 0, 255, _FEW, "median edge of the darker class over that of the brighter one", "own"),
    "cover_dark_patch": Measure(*_CELLS, "largest connected patch of the darker class", "own"),
    "cover_dark_plain": Measure(*_CELLS, "dark and plain cells", "own"),
    "cover_bright_plain": Measure(*_CELLS, "bright and plain cells", "own"),
    "cover_uneven": Measure("octaves", 0, 16, _FEW, "90th over 10th percentile of the cells' largest edges, doublings", "own"),
    "cover_side": Measure("octaves", -16, 16, _FEW, "edges of the poorest side (a third of the picture) over all edges, doublings", "own"),
    "cover_side_next": Measure("octaves", -16, 16, _FEW, "the second poorest side", "own"),
    "cover_across": Measure("octaves", 0, 16, _FEW, "left against right, doublings", "own"),
    "cover_upright": Measure("octaves", -16, 16, _FEW, "upper against lower, doublings", "own"),
    "cover_centre": Measure("octaves", -16, 16, _FEW, "edges of the middle over all edges, doublings", "own"),
    "cover_soft_split": Measure("ratio", 0, 32, _FEW, "90th less 10th percentile of steepness among cells with an edge of 8", "own"),
}  # fmt: skip


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
        **_patches(c, plain, light),
        "cover_split": split,
        "cover_dark": portion(dark, c.every),
        "cover_dark_light": dark_light,
        "cover_dark_edge": ratio(dark_edge, bright_edge, 1),
        "cover_dark_patch": np.array([_largest(part, shape)[0] for part in c.every & dark], np.float32),
        "cover_dark_plain": portion(dark & plain, c.every),
        "cover_bright_plain": portion(~dark & plain, c.every),
        "cover_uneven": np.log2((high + 2) / (low + 2)),
        **_sides(c, shape),
        "cover_soft_split": steep_high - steep_low,
    }


def _otsu(light: Floats) -> tuple[Flags, Floats]:
    """Cells of the darker class (N, K) at the cut that parts best, and what share of the variance (N,) it explains."""
    ordered = np.sort(light, axis=1)
    k = ordered.shape[1]
    below = np.arange(1, k, dtype=np.float32)
    total = ordered.cumsum(axis=1)
    mean = total[:, -1:] / k
    lower = total[:, :-1] / below
    between = below / (k - below) * (lower - mean) ** 2
    at = between.argmax(axis=1)
    every = np.arange(len(light))
    share = between[every, at] / np.maximum(ordered.var(axis=1), 1)
    return light <= ordered[every, at][:, None], np.minimum(share, 1).astype(np.float32)


def _largest(part: Flags, shape: tuple[int, ...]) -> tuple[float, Flags]:
    """Share and flags (K,) of the largest connected patch among ``part`` (K,)."""
    plane = part.reshape(shape).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(plane, connectivity=4)
    if count < 2:
        return 0.0, np.zeros(part.size, np.bool_)
    best = int(stats[1:, cv2.CC_STAT_AREA].argmax()) + 1
    return float(stats[best, cv2.CC_STAT_AREA]) / part.size, labels.ravel() == best


def _patches(c: Cells, plain: Flags, light: Floats) -> dict[str, Floats]:
    shape = c.sketch.light.shape[1:]
    found = [_largest(part, shape) for part in plain]
    share = np.array([each for each, _ in found], np.float32)
    patch = np.stack([flags for _, flags in found])
    count = np.maximum(patch.sum(axis=1), 1)
    u, v = (plane.reshape(patch.shape).astype(np.float32) - 128 for plane in (c.sketch.u, c.sketch.v))
    mid, u_in, v_in = (_median(plane, patch) for plane in (light, u, v))
    other, u_out, v_out = (_median(plane, ~patch) for plane in (light, u, v))
    mean = (light * patch).sum(axis=1) / count
    rows = np.arange(patch.shape[1]) // shape[1]
    grid = patch.reshape(-1, *shape)
    sides = np.sort(np.stack((grid[:, :, 0].mean(axis=1), grid[:, :, -1].mean(axis=1))), axis=0)
    raw = {
        "cover_light": mid,
        "cover_other": mid - other,
        "cover_even": np.sqrt((((light - mean[:, None]) * patch) ** 2).sum(axis=1) / count),
        "cover_colour": np.hypot(u_in - u_out, v_in - v_out),
        "cover_chroma": np.hypot(u_in, v_in),
        "cover_height": (patch * rows).sum(axis=1) / count / (shape[0] - 1),
        "cover_top": grid[:, 0].mean(axis=1),
        "cover_bottom": grid[:, -1].mean(axis=1),
        "cover_left": sides[1],
        "cover_right": sides[0],
    }
    nothing = share == 0
    return {"cover_largest": share} | {name: np.where(nothing, np.nan, value) for name, value in raw.items()}


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
