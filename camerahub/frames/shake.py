"""抖动 ``shake``: a loose bracket or a pole in traffic; the whole view jumps to and fro from picture to picture.

Needs three pictures or a clip, a second apart at most. A jump must be shared by most quarters of the picture: cars
move in one, a camera that is turned moves in all but does not come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.frames.judgement import Judgement, judgement, ramp
from camerahub.frames.measures import Measure
from camerahub.frames.picture import Picture
from camerahub.frames.sketch import Floats

_NOT = "fewer than three pictures, or of several sizes"

MEASURES: dict[str, Measure] = {
    "shake_jump": Measure(
        "share", 0, 1, _NOT, "median jump of the view between pictures, share of its width",
        "phase correlation: Kuglin 1975"
    ),
    "shake_return": Measure(
        "ratio", 0, 1, _NOT, "1 less the way from first to last over the sum of all: 1 comes back, 0 only goes", "own"
    ),
    "shake_whole": Measure(
        "share", 0, 1, _NOT, "jumps that at least three quarters of the picture share", "own"
    ),
}  # fmt: skip

#: Size at which jumps are measured (even: the correlation of odd sides is half a pixel off), and its rim left out.
_WIDTH, _HEIGHT, _RIM = 160, 96, 8
#: Pictures of a longer clip beyond these say nothing new.
MOST = 25
#: A quarter shares the jump when it correlates so well after it, and so much better than before.
_LEAST_ALIKE, _GAIN = 0.3, 0.03


class ShakeMeasures(NamedTuple):
    """See ``MEASURES``."""

    shake_jump: float
    shake_return: float
    shake_whole: float


NOTHING = ShakeMeasures(float("nan"), float("nan"), float("nan"))


def measure(pictures: Sequence[Picture]) -> ShakeMeasures:
    """The measures of a sequence, the newest last; of the last ``MOST`` pictures. About 1 ms a picture."""
    if len(pictures) < 3 or len({picture.luma.shape for picture in pictures}) != 1:
        return NOTHING
    small = [_small(picture) for picture in pictures[-MOST:]]
    jumps = [_jump(older, newer) for older, newer in pairwise(small)]
    ways = np.array([way for way, _ in jumps])
    lengths = np.hypot(ways[:, 0], ways[:, 1])
    total = float(lengths.sum())
    back = 1 - float(np.hypot(*ways.sum(axis=0))) / total if total > 1e-6 else 0.0
    return ShakeMeasures(
        float(np.median(lengths)) / _WIDTH, max(0.0, back), float(np.mean([w for _, w in jumps]))
    )


def _small(picture: Picture) -> Floats:
    """Relative brightness without its slow part: light may change, edges may not."""
    size = (_WIDTH, _HEIGHT) if picture.luma.shape[1] >= picture.luma.shape[0] else (_HEIGHT, _WIDTH)
    luma = cv2.resize(picture.luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    relative = np.log(luma + 10)
    return np.asarray(relative - cv2.blur(relative, (15, 15)), np.float32)


def _jump(older: Floats, newer: Floats) -> tuple[tuple[float, float], bool]:
    """(across, down) in pixels, and whether three of the four quarters lie better on each other after it."""
    height, width = older.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(older, newer, window)
    back = np.array(((1, 0, across), (0, 1, down)), np.float32)
    moved = cv2.warpAffine(newer, back, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    better = 0
    for y in (_RIM, height // 2):
        for x in (_RIM, width // 2):
            part = (slice(y, y + height // 2 - _RIM), slice(x, x + width // 2 - _RIM))
            after = _alike(older[part], moved[part])
            better += after > _LEAST_ALIKE and after > _alike(older[part], newer[part]) + _GAIN
    return (across, down), better >= 3


def _alike(a: NDArray[np.generic], b: NDArray[np.generic]) -> float:
    """Correlation -1..1."""
    one, other = np.asarray(a, np.float32).ravel(), np.asarray(b, np.float32).ravel()
    return float(one @ other) / float(np.sqrt((one @ one) * (other @ other)) + 1e-9)


def judge(measures: ShakeMeasures) -> Judgement:
    """抖动: jumps of more than 0.6 % of the width, most of them of the whole view, and back again."""
    severity = min(
        ramp(measures.shake_jump, 0.002, 0.010),
        ramp(measures.shake_return, 0.15, 0.6),
        ramp(measures.shake_whole, 0.3, 0.7),
    )
    return judgement("shake", severity)
