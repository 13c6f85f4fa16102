"""花屏 ``mosaic``: blocks of a broken stream: their edges are straight, upright or level, and nothing lies beside them.

Buildings have straight edges, too; seldom in both directions in one place, seldom with nothing between them, and not on
the grid on which a codec cuts its picture.
"""

from __future__ import annotations

import numpy as np

from camerahub.frames.cells import Cells, agreed, flat, quantiles, ratio
from camerahub.frames.measures import Measure
from camerahub.frames.sketch import Floats

_FEW = "fewer than 12 cells count"
_GREY = ("grey", 0.0, 64.0, _FEW)
_RATIO = ("ratio", 0.0, 255.0, _FEW)
#: Codec blocks, pixels of the source.
_BLOCKS = (8, 16)

MEASURES: dict[str, Measure] = {
    "mosaic_upright": Measure(*_GREY, "90th percentile over the cells of differences that six rows share", "own"),
    "mosaic_level": Measure(*_GREY, "90th percentile of those that six columns share", "own"),
    "mosaic_both": Measure(*_GREY, "90th percentile of the smaller of the two in a cell", "own"),
    "mosaic_both_mid": Measure(*_GREY, "its median", "own"),
    "mosaic_both_most": Measure(*_GREY, "its 98th percentile", "own"),
    "mosaic_straight": Measure(*_RATIO, "90th percentile of straight over all detail of a cell", "own"),
    "mosaic_straight_mid": Measure(*_RATIO, "its median", "own"),
    "mosaic_sparse": Measure(*_RATIO, "90th percentile of largest edge over mean detail in a cell", "own"),
    "mosaic_sparse_mid": Measure(*_RATIO, "its median", "own"),
    "mosaic_lone_v": Measure("ratio", 0, 64, "never", "99th percentile of columns' edges beyond their neighbours', over the mean edge, level 0", "Wang 2000, blockiness"),
    "mosaic_lone_h": Measure("ratio", 0, 64, "never", "the same of rows", "Wang 2000, blockiness"),
    "mosaic_lone_v_grey": Measure("grey", 0, 255, "never", "that 99th percentile in grey levels", "own"),
    "mosaic_lone_h_grey": Measure("grey", 0, 255, "never", "the same of rows", "own"),
    "mosaic_comb_v": Measure("share", 0, 1, "never", "strongest frequency's share in the power of the lone edges of columns", "Bovik 2001, DCT-domain blockiness"),
    "mosaic_comb_h": Measure("share", 0, 1, "never", "the same of rows", "Bovik 2001"),
    "mosaic_grid8": Measure("grey", -255, 255, "the grid is finer than 3 pixels", "lone edges on the source's grid of 8 less those off it, smaller direction", "ffmpeg blockdetect"),
    "mosaic_grid16": Measure("grey", -255, 255, "the grid is finer than 3 pixels", "likewise of 16", "ffmpeg blockdetect"),
    "mosaic_leap": Measure("grey", 0, 255, "never", "90th percentile of the difference of a cell's light from the median of its neighbours", "own"),
}  # fmt: skip


def measure(c: Cells) -> dict[str, Floats]:
    """Each measure (N,)."""
    s = c.sketch
    upright, lying = flat(s.run_x) / 4, flat(s.run_y) / 4
    both = np.minimum(upright, lying)
    straight = ratio(upright + lying, c.detail1, 0.5)
    sparse = ratio(c.fine, c.detail1, 0.5)
    lone_v, lone_h = _lone(s.edge_columns), _lone(s.edge_rows)
    high_v, high_h = _high(lone_v), _high(lone_h)
    comb_v, comb_h = _comb(lone_v), _comb(lone_h)
    both_mid, both_high, both_most = quantiles(both, c.inner, [0.5, 0.9, 0.98])
    straight_mid, straight_high = quantiles(straight, c.inner, [0.5, 0.9])
    sparse_mid, sparse_high = quantiles(sparse, c.inner, [0.5, 0.9])
    grids = [
        np.minimum(_grid(lone_v, s.source[:, 0], block), _grid(lone_h, s.source[:, 1], block))
        for block in _BLOCKS
    ]
    return {
        "mosaic_upright": quantiles(upright, c.inner, [0.9])[0],
        "mosaic_level": quantiles(lying, c.inner, [0.9])[0],
        "mosaic_both": both_high,
        "mosaic_both_mid": both_mid,
        "mosaic_both_most": both_most,
        "mosaic_straight": straight_high,
        "mosaic_straight_mid": straight_mid,
        "mosaic_sparse": sparse_high,
        "mosaic_sparse_mid": sparse_mid,
        "mosaic_lone_v": ratio(high_v, s.edge_columns.mean(axis=(1, 2)), 0.5),
        "mosaic_lone_h": ratio(high_h, s.edge_rows.mean(axis=(1, 2)), 0.5),
        "mosaic_lone_v_grey": high_v,
        "mosaic_lone_h_grey": high_h,
        "mosaic_comb_v": comb_v,
        "mosaic_comb_h": comb_h,
        "mosaic_grid8": grids[0],
        "mosaic_grid16": grids[1],
        "mosaic_leap": _leap(s.light),
    }


def _lone(edges: Floats) -> Floats:
    """(N, 5, L - 3): edges that stand alone; a codec's edge lies on one or two columns of the working picture."""
    pair = edges[:, :, 1:-2] + edges[:, :, 2:-1]
    beside = np.maximum(edges[:, :, :-3], edges[:, :, 3:])
    return np.asarray(np.maximum(pair - 2 * beside, 0), np.float32)


def _high(lone: Floats) -> Floats:
    """99th percentile over each strip; the second largest strip counts, for text lies on one."""
    at = lone.shape[2] - 1 - lone.shape[2] // 100
    return np.sort(np.partition(lone, at, axis=2)[:, :, at], axis=1)[:, -2]


def _comb(lone: Floats) -> Floats:
    common = agreed(lone)
    power = np.abs(np.fft.rfft(common - common.mean(axis=1, keepdims=True), axis=1)) ** 2
    power = power[:, 8:]
    return np.asarray(power.max(axis=1) / np.maximum(power.sum(axis=1), 1e-3), np.float32)


def _grid(lone: Floats, source: np.ndarray, block: int) -> Floats:
    """Mean of ``lone`` on the grid less the mean off it, per picture of ``source`` pixels (N,) along this side."""
    length = lone.shape[2] + 4
    profile = (lone.sum(axis=1) - lone.max(axis=1) - lone.min(axis=1)) / 3
    out = np.full(len(lone), np.nan, np.float32)
    for size in np.unique(source):
        pitch = block * length / size
        if pitch < 3:
            continue
        on = np.zeros(lone.shape[2], np.bool_)
        lines = (
            np.arange(1, size // block) * pitch - 2
        )  # edge k lies between pixels k and k + 1, lone drops one
        on[np.clip(np.floor(lines).astype(np.intp), 0, on.size - 1)] = True
        rows = source == size
        out[rows] = profile[rows][:, on].mean(axis=1) - profile[rows][:, ~on].mean(axis=1)
    return out


def _leap(light: np.ndarray) -> Floats:
    """How unlike the four around it a cell is."""
    at = light.astype(np.float32)
    around = np.stack((at[:, :-2, 1:-1], at[:, 2:, 1:-1], at[:, 1:-1, :-2], at[:, 1:-1, 2:]))
    leap = np.abs(at[:, 1:-1, 1:-1] - np.sort(around, axis=0)[1:3].mean(axis=0)).reshape(len(at), -1)
    return np.asarray(np.sort(leap, axis=1)[:, leap.shape[1] * 9 // 10], np.float32)
