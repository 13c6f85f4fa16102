"""抖动 ``shake``: a loose bracket or a pole in traffic; the whole view jumps to and fro from picture to picture.

Needs three pictures or a clip, a second apart at most. What jumps is measured in four quarters of the picture and must
be the same in most of them: cars move in one, a camera that is turned moves in all but does not come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from camerahub.frames.judgement import Judgement, judgement, ramp
from camerahub.frames.measures import Measure
from camerahub.frames.picture import Picture
from camerahub.frames.sketch import Floats

_NOT = "fewer than three pictures, or of several sizes"

MEASURES: dict[str, Measure] = {
    "shake_jump": Measure(
        "share", 0, 1, _NOT, "median jump of the view between pictures, share of its width", "phase correlation: Kuglin 1975"
    ),
    "shake_return": Measure(
        "ratio", 0, 1, _NOT, "1 less the way from first to last picture over the sum of the jumps: 1 comes back, 0 only goes", "own"
    ),
    "shake_whole": Measure(
        "share", 0, 1, _NOT, "jumps that at least three quarters of the picture share", "own"
    ),
}  # fmt: skip

#: Size at which jumps are measured, and of the quarters of it.
_WIDTH, _HEIGHT = 160, 90
#: Pictures of a longer clip beyond these say nothing new.
MOST = 25
#: A quarter agrees when its jump differs by at most so many pixels, or a third of the jump.
_AGREE = 0.6


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
    jumps = [_jump(older, newer) for older, newer in zip(small, small[1:], strict=False)]
    ways = np.array([way for way, _ in jumps])
    lengths = np.hypot(ways[:, 0], ways[:, 1])
    total = float(lengths.sum())
    back = 1 - float(np.hypot(*ways.sum(axis=0))) / total if total > 1e-6 else 0.0
    return ShakeMeasures(float(np.median(lengths)) / _WIDTH, max(0.0, back), float(np.mean([w for _, w in jumps])))


def _small(picture: Picture) -> Floats:
    """Relative brightness without its slow part: light may change, edges may not."""
    size = (_WIDTH, _HEIGHT) if picture.luma.shape[1] >= picture.luma.shape[0] else (_HEIGHT, _WIDTH)
    luma = cv2.resize(picture.luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    relative = np.log(luma + 10)
    return np.asarray(relative - cv2.blur(relative, (15, 15)), np.float32)


def _jump(older: Floats, newer: Floats) -> tuple[tuple[float, float], bool]:
    """(across, down) in pixels, the median of the quarters, and whether three of four agree with it."""
    height, width = older.shape[0] // 2, older.shape[1] // 2
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    found = []
    for y in (0, height):
        for x in (0, width):
            part = (slice(y, y + height), slice(x, x + width))
            (across, down), _ = cv2.phaseCorrelate(older[part].copy(), newer[part].copy(), window)
            found.append((across, down))
    quarters = np.array(found)
    middle = np.median(quarters, axis=0)
    apart = np.hypot(*(quarters - middle).T)
    allowed = max(_AGREE, float(np.hypot(*middle)) / 3)
    return (float(middle[0]), float(middle[1])), int(np.count_nonzero(apart <= allowed)) >= 3


def judge(measures: ShakeMeasures) -> Judgement:
    """抖动: jumps of more than 0.6 % of the width, most of them of the whole view, and back again."""
    severity = min(
        ramp(measures.shake_jump, 0.002, 0.010),
        ramp(measures.shake_return, 0.15, 0.6),
        ramp(measures.shake_whole, 0.3, 0.7),
    )
    return judgement("shake", severity)
