"""画面冻结 ``frozen``: the same exposure shown again, under a running clock or not, coded alike or anew.

A living camera, however quiet its scene, brings new noise with every exposure, and light never stands quite still. So
three things are asked of two pictures: did the light drift (means of large parts), did anything move outside the lines
where clocks are written, and is the grain new? Grain is asked in patches of true pixels, the flattest third apart from
the richest: where a codec has rubbed it away on one side only, the poorer picture must be a part of the richer one
(their common energy is all of the smaller), while new grain has nothing in common with old grain.

How the answers weigh is learned (``benchmarks/eye/learn_pair.py`` writes ``frozen.npz``); a card or a black picture,
which never changes, is not asked at all (``pairs``).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from camerahub.frames.forest import UNDEFINED, loaded
from camerahub.frames.judgement import Judgement, judgement
from camerahub.frames.measures import Measure
from camerahub.frames.picture import Plane
from camerahub.frames.sketch import Floats
from camerahub.frames.trace import Trace

_NOT = "no earlier picture, or one of another size, or smaller than 54 pixels"
_GREY = ("grey", 0.0, 255.0, _NOT)
_SHARE = ("share", 0.0, 1.0, _NOT)
_PARTS = ("flat", "middle", "rich")
_WHERE = {"flat": "flattest third of the patches", "middle": "middle third", "rich": "richest third"}

MEASURES: dict[str, Measure] = {
    "still_drift": Measure(*_GREY, "median change of light over 8 x 4 parts", "own: light never stands still"),
    "still_drift_high": Measure(*_GREY, "its 75th percentile", "own"),
    "still_region": Measure(*_GREY, "75th percentile of the change of light over 4 x 3 parts", "own"),
    "still_offset": Measure(*_GREY, "mean change of the thumbnail, at most 1; taken out of the others", "own"),
    "still_gain": Measure(*_GREY, "change that grows with brightness, by one deviation of it", "own"),
    "still_smooth": Measure(
        *("ratio", -1.0, 1.0, _NOT), "correlation of a cell's change with its neighbour's: light is smooth", "own"
    ),
    "still_fine": Measure(*_GREY, "median change of a thumbnail's cell beside that of its neighbours", "own"),
    "still_moved": Measure(
        *("count", 0.0, 2304.0, _NOT), "thumbnail's cells that changed by 8 more than most, two lines of text left out",
        "own",
    ),
    "still_patches": Measure(*("count", 0.0, 5103.0, _NOT), "patches compared that are not clipped", "own"),
    "still_exact": Measure(*_SHARE, "unclipped patches without any difference", "ffmpeg freezedetect, at noise 0"),
    "still_near": Measure(*_SHARE, "patches of which 80 % are without", "own"),
    "still_lopsided": Measure(
        *("nepers", 0.0, 20.0, _NOT), "grain of one picture over the other's, flat and middle patches", "own"
    ),
    "still_lopsided_all": Measure(*("nepers", 0.0, 20.0, _NOT), "the same, all patches", "own"),
    "still_surplus": Measure(
        *("ratio", 0.0, 1e6, _NOT), "energy of the difference over the difference of energies",
        "own: a part of it, coded poorer",
    ),
    **{
        name: measure
        for part in _PARTS
        for name, measure in {
            f"still_{part}_equal": Measure(*_SHARE, f"equal pixels in the {_WHERE[part]}", "own"),
            f"still_{part}_common": Measure(
                *("ratio", -2.0, 2.0, _NOT), f"common energy of grain over the smaller one, {_WHERE[part]}", "own"
            ),
            f"still_{part}_fresh": Measure(
                *("grey²", 0.0, 65025.0, _NOT), f"median energy of the difference of grain, {_WHERE[part]}", "own"
            ),
            f"still_{part}_grain": Measure(
                *("grey²", 0.0, 65025.0, _NOT), f"smaller median energy of grain, {_WHERE[part]}", "own"
            ),
            f"still_{part}_level": Measure(*_GREY, f"median change of the mean, {_WHERE[part]}", "own"),
        }.items()
    },
}  # fmt: skip

#: Read once, with the module: a decoder process may open no file later.
FOREST = loaded(Path(__file__).with_name("frozen.npz"))
#: Patches darker or brighter than this are clipped and have no grain.
_CLIPPED = 8.0, 247.0
#: A line of text at most so many cells of the thumbnail wide and high; two of them are passed over.
_LINE = (35, 5)
_LINES = 2
#: They lie in this much of the height, percent, at the top and at the bottom.
_RIM = 22
_MOVED = 8


class _Patches(NamedTuple):
    """Of patches (P,): energies of either picture's differences of neighbours, and of the difference of the pictures';
    the share of equal pixels; the change of the mean.
    """

    older: Floats
    newer: Floats
    between: Floats
    equal: Floats
    level: Floats


def nothing() -> dict[str, float]:
    """Every measure where there is nothing to compare."""
    return dict.fromkeys(MEASURES, float("nan"))


def measure(older: Trace, newer: Trace) -> dict[str, float]:
    """The measures of two traces; ``nothing`` when their sizes differ or they have no patches.

    The grain is NaN where light or movement prove life: 0.1 ms then, else 0.3 ms.
    """
    if older.shape != newer.shape or not len(older.patches):
        return nothing()
    change = newer.thumb.astype(np.float32) - older.thumb
    # A recorder that rounds another way shifts every level alike, by up to one: that is not light.
    shift = np.float32(min(max(float(np.clip(change, -3, 3).mean()), -1.0), 1.0))
    change -= shift
    found = nothing() | _of_light(change) | {"still_offset": abs(float(shift))}
    if alive(found):
        return found
    found |= _of_proportion(change, older.thumb)
    first, second = older.patches.astype(np.float32), newer.patches.astype(np.float32)
    apart = second - first
    count = len(first)
    of_patches: Floats = np.empty((len(_Patches._fields), count), np.float32)
    for row, patches in zip(of_patches, (first, second, apart), strict=False):
        _energy(patches, row)
    flat = apart.reshape(count, -1)
    of_patches[3] = (flat == 0).sum(axis=1, dtype=np.float32) / np.float32(flat.shape[1])
    of_patches[4] = np.abs(flat.mean(axis=1) - shift)
    order = _from_flat_to_rich(of_patches[:2].max(axis=0), first.reshape(count, -1).mean(axis=1))
    ordered = of_patches[:, order]
    equal = ordered[3]
    found["still_patches"] = float(len(order))
    found["still_exact"] = np.count_nonzero(equal == 1) / len(order)
    found["still_near"] = np.count_nonzero(equal > 0.8) / len(order)
    found |= _lopsided(ordered)
    for part, between in zip(_PARTS, _thirds(len(order)), strict=True):
        found |= _of_part(part, ordered[:, between])
    return found


def _thirds(count: int) -> list[slice]:
    """Three parts as equal as can be, the longer ones first."""
    marks = [(count * part + 2) // 3 for part in range(4)]
    return [slice(*ends) for ends in pairwise(marks)]


def _median(values: Floats) -> float:
    """Of a few hundred numbers sorting is quicker than what ``numpy.median`` prepares; the same answer."""
    ordered = np.sort(values, axis=None)
    half = ordered.size // 2
    return float(ordered[half] if ordered.size % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _energy(patches: Floats, out: Floats) -> None:
    """(P,): mean square of differences of neighbours, across and down."""
    across, down = patches[:, :, 1:] - patches[:, :, :-1], patches[:, 1:] - patches[:, :-1]
    count = across[0].size + down[0].size
    np.einsum("pij,pij->p", across, across, out=out)
    out += np.einsum("pij,pij->p", down, down)
    out /= count


def _of_light(change: Floats) -> dict[str, float]:
    tall = change.shape[0] > change.shape[1]
    drift, region = ((4, 8), (3, 4)) if tall else ((8, 4), (4, 3))
    parts = np.sort(
        np.abs(cv2.resize(np.minimum(np.maximum(change, -12), 12), drift, interpolation=cv2.INTER_AREA)),
        axis=None,
    )
    few = np.sort(
        np.abs(cv2.resize(np.minimum(np.maximum(change, -6), 6), region, interpolation=cv2.INTER_AREA)),
        axis=None,
    )
    moved = np.abs(change - np.float32(_median(change))) > _MOVED
    return {
        "still_drift": float(parts[parts.size // 2]),
        "still_drift_high": float(parts[parts.size * 3 // 4]),
        "still_region": float(few[few.size * 3 // 4]),
        "still_offset": abs(float(np.clip(change, -3, 3).mean())),
        "still_fine": _median(np.abs(change - cv2.blur(change, (3, 3)))),
        "still_moved": _without_lines(moved.astype(np.uint8)),
    }


def _of_proportion(change: Floats, thumb: Plane) -> dict[str, float]:
    """Is the change as light makes it: in proportion to brightness, and smooth?"""
    calm = np.minimum(np.maximum(change, -6), 6)
    return {"still_gain": _gain(calm, thumb), "still_smooth": _smooth(calm)}


def _gain(calm: Floats, thumb: Plane) -> float:
    """|slope| of change over brightness, times the brightness's standard deviation; clipped cells left out."""
    seen = (thumb > _CLIPPED[0]) & (thumb < _CLIPPED[1])
    if not seen.any():
        return 0.0
    bright = thumb[seen].astype(np.float32)
    bright -= bright.mean()
    return abs(float(calm[seen] @ bright)) / float(np.sqrt((float(bright @ bright) + 1) * len(bright)))


def _smooth(calm: Floats) -> float:
    power = float(np.einsum("ij,ij->", calm, calm)) / calm.size + 0.02
    product = float(np.einsum("ij,ij->", calm[:, 1:], calm[:, :-1])) / calm[:, 1:].size
    return min(max(product / power, -1.0), 1.0)


def _without_lines(moved: np.ndarray) -> float:
    """Cells that moved but for the two lines near the upper or lower rim that hold most of them."""
    middle = slice(moved.shape[0] * _RIM // 100, moved.shape[0] * (100 - _RIM) // 100)
    for _ in range(_LINES):
        if not moved.any():
            return 0.0
        held = cv2.boxFilter(moved, cv2.CV_16U, _LINE, normalize=False, borderType=cv2.BORDER_CONSTANT)
        held[middle] = 0
        if not held.any():
            break
        _, _, _, (x, y) = cv2.minMaxLoc(held)
        moved[
            max(0, y - _LINE[1] // 2) : y + _LINE[1] // 2 + 1,
            max(0, x - _LINE[0] // 2) : x + _LINE[0] // 2 + 1,
        ] = 0
    return float(np.count_nonzero(moved))


def _from_flat_to_rich(energy: Floats, mean: Floats) -> np.ndarray:
    """Places of the patches that are not clipped, flattest first; at least twelve."""
    seen = (mean > _CLIPPED[0]) & (mean < _CLIPPED[1])
    order = np.argsort(np.where(seen, energy, np.inf))
    return order[: max(12, int(np.count_nonzero(seen)))]


def _lopsided(ordered: Floats) -> dict[str, float]:
    """Of ``_Patches`` (5, P), flattest first."""
    low = _Patches(*ordered[:, : ordered.shape[1] * 2 // 3])
    older, newer, between = low.older.sum(), low.newer.sum(), low.between.sum()
    every = ordered[:2].sum(axis=1) + 1
    apart = abs(float(older - newer)) + 0.3 * len(low.older)
    return {
        "still_lopsided": abs(_median(np.log((low.older + 0.2) / (low.newer + 0.2)))),
        "still_lopsided_all": abs(log(float(every[0] / every[1]))),
        "still_surplus": float(between) / apart,
    }


def _of_part(part: str, ordered: Floats) -> dict[str, float]:
    """Of ``_Patches`` (5, P)."""
    count = ordered.shape[1]
    older, newer, between, equal, _ = ordered.sum(axis=1).tolist()
    middle = np.sort(ordered, axis=1)[:, (count - 1) // 2 : count // 2 + 1].mean(axis=1)
    median = _Patches(*middle.tolist())
    common = (older + newer - between) / 2 / (min(older, newer) + 0.02 * count)
    return {
        f"still_{part}_equal": equal / count,
        f"still_{part}_common": min(max(common, -2.0), 2.0),
        f"still_{part}_fresh": median.between,
        f"still_{part}_grain": min(median.older, median.newer),
        f"still_{part}_level": median.level,
    }


#: What no frozen camera shows, whatever codec: this much drift of light, or so many cells that moved.
_DRIFTED, _MOST_MOVED = 2.5, 150
#: Few patches say less: so much is taken from the log-odds of frozen below so many.
_FEW, _DOUBT = 100, 1.2


def alive(measures: Mapping[str, float]) -> bool:
    """Whether light or movement alone prove life; the grain is not asked then. True where nothing can be compared."""
    drift = measures["still_drift"]
    return not (drift <= _DRIFTED and measures["still_moved"] <= _MOST_MOVED)


def judge(measures: Mapping[str, float]) -> Judgement:
    """画面冻结: what the learned trees say of the measures, unless the pair is alive anyway."""
    if alive(measures):
        return judgement("frozen", 0.0)
    row = np.array([[measures[name] for name in FOREST.measures]], np.float32)
    healthy, frozen = FOREST.scores(np.where(np.isnan(row), UNDEFINED, row))[0].tolist()
    doubt = _DOUBT if measures["still_patches"] < _FEW else 0.0
    return judgement("frozen", 1 / (1 + exp(healthy - frozen + doubt)))
