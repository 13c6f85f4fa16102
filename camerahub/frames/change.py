"""场景变更 ``scene_change``: the camera was turned, knocked, zoomed or exchanged, and looks at something else.

The hard neighbours are light and traffic. What stays when light changes is the *direction* of edges, so only the
direction of relative brightness is compared: clouds, dusk and a lamp change its strength, hardly its direction. What
traffic changes is a part of the view, so the agreement of the better parts counts beside that of the whole. A pole
sways by a few pixels, so the best small shift is taken. A view without structure on either side cannot be compared and
is not accused.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camerahub.frames.judgement import Judgement, judgement, ramp
from camerahub.frames.measures import Measure
from camerahub.frames.picture import Plane
from camerahub.frames.trace import Trace

_NOT = "no earlier picture, or one of another orientation"

MEASURES: dict[str, Measure] = {
    "agreement": Measure(
        "ratio", -1, 1, _NOT,
        "correlation of edge directions of both thumbnails at the best shift, unshifted if both are 0.8 so",
        "Fitch 2002, orientation correlation",
    ),
    "agreement_parts": Measure(
        "ratio", -1, 1, _NOT, "70th percentile of that over 32 parts, weighted by their structure", "own"
    ),
    "structure": Measure(
        "share", 0, 1, _NOT, "strength of edges in the poorer of both thumbnails, 1 = edges everywhere", "own"
    ),
}  # fmt: skip

#: Mean of both agreements: nothing has changed, it is a fault, all has changed; SAME is where severity 0.5 lies.
_AGREES, _DIFFERS = 0.66, 0.34
#: From here on no shift is tried: there is nothing left to be explained.
_SURE = 0.8
SAME = (_AGREES + _DIFFERS) / 2
#: An agreement that only warns.
DOUBT = _AGREES + (_DIFFERS - _AGREES) * 0.4
#: A shift of so many thumbnail pixels (a thirtieth of the width in all) is sway, not a change.
SWAY = 2
#: Edges this weak, in sixtieths of e-fold brightness per pixel, count half; grey levels below DARK are noise.
_SOFT, _DARK = 3.0, 10.0
_RELATIVE = (np.log(np.arange(256) + _DARK) * 60).astype(np.float32)
_PARTS = (4, 8)

Field = NDArray[np.float32]


class View(NamedTuple):
    """Edge directions of one thumbnail: ``field`` float32 (2, H, W), across and down, length 0..1."""

    field: Field


class ChangeMeasures(NamedTuple):
    """See ``MEASURES``."""

    agreement: float
    agreement_parts: float
    structure: float


NOTHING = ChangeMeasures(float("nan"), float("nan"), float("nan"))


def view(thumb: Plane) -> View:
    """The view of a thumbnail uint8 (36, 64) or (64, 36)."""
    relative = _RELATIVE[thumb]
    height, width = thumb.shape
    field = np.empty((2, height - 2, width - 2), np.float32)
    np.subtract(relative[1:-1, 2:], relative[1:-1, :-2], out=field[0])
    np.subtract(relative[2:, 1:-1], relative[:-2, 1:-1], out=field[1])
    length = np.sqrt(np.einsum("kij,kij->ij", field, field))
    field /= length + 2 * _SOFT
    return View(field)


def measure(older: Trace, newer: Trace) -> ChangeMeasures:
    """The measures of two traces; NaN when one is tall and the other is not. About 0.1 ms."""
    if older.thumb.shape != newer.thumb.shape:
        return NOTHING
    return compare(view(older.thumb), view(newer.thumb))


def compare(older: View, newer: View) -> ChangeMeasures:
    """The measures of two views of one shape."""
    a, b = older.field, newer.field
    _, height, width = b.shape
    inner = (slice(None), slice(SWAY, height - SWAY), slice(SWAY, width - SWAY))
    straight = _agreement(a[inner], b[inner])
    if min(straight[:2]) >= _SURE:
        return straight
    centre = np.zeros_like(b)
    centre[inner] = b[inner]
    y, x = _best_shift(a, centre)
    part = a[:, SWAY + y : height - SWAY + y, SWAY + x : width - SWAY + x]
    return _agreement(part, b[inner])


def _best_shift(a: Field, centre: Field) -> tuple[int, int]:
    """(down, across) within SWAY. A shift of rows of one length is an offset: each sum is one scalar product."""
    width = a.shape[2]
    flat, wanted = a.reshape(2, -1), centre.reshape(2, -1)
    margin = SWAY * width + SWAY
    wanted = np.ascontiguousarray(wanted[:, margin:-margin])
    length = wanted.shape[1]
    best, at = -np.inf, (0, 0)
    for y in range(-SWAY, SWAY + 1):
        for x in range(-SWAY, SWAY + 1):
            start = margin + y * width + x
            total = float(
                flat[0, start : start + length] @ wanted[0] + flat[1, start : start + length] @ wanted[1]
            )
            if total > best:
                best, at = total, (y, x)
    return at


def _agreement(a: Field, b: Field) -> ChangeMeasures:
    """Of two fields (2, H, W) that lie on each other."""
    rows, columns = _PARTS if a.shape[2] > a.shape[1] else _PARTS[::-1]
    tall, wide = a.shape[1] // rows, a.shape[2] // columns
    cut = (slice(None), slice(rows * tall), slice(columns * wide))
    size = rows * columns * tall * wide

    def parts(left: Field, right: Field) -> Field:
        product = np.einsum("kij,kij->ij", left[cut], right[cut])
        return product.reshape(rows, tall, columns, wide).sum(axis=(1, 3)).ravel()  # type: ignore[no-any-return]

    both, first, second = parts(a, b), parts(a, a), parts(b, b)
    weight = np.sqrt(first * second)
    whole = float(both.sum() / np.sqrt(first.sum() * second.sum() + 1e-9))
    alike = both / (weight + 0.012 * tall * wide)
    order = np.argsort(alike)
    cumulated = np.cumsum(weight[order])
    at = int(np.searchsorted(cumulated, 0.7 * cumulated[-1]))
    structure = float(min(first.sum(), second.sum())) / size
    return ChangeMeasures(whole, float(alike[order[min(at, len(order) - 1)]]), structure)


def judge(measures: ChangeMeasures) -> Judgement:
    """场景变更: neither the whole nor its better parts agree, though both pictures have something to compare."""
    agreement = (measures.agreement + measures.agreement_parts) / 2
    severity = min(ramp(agreement, _AGREES, _DIFFERS), ramp(measures.structure, 0.02, 0.06))
    return judgement("scene_change", severity)
