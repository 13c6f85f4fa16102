"""The checks of a single picture: one line a kind, its measures apart from its judgement.

A new kind is one file with ``MEASURES`` and ``measure`` and one line in ``CHECKS``; what a judgement makes of the
measures of all kinds is learned (``verdict``). What was measured is kept, so that a judgement can be repeated under
other thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from camerahub.frames import (
    blur,
    colour_cast,
    lit,
    low_contrast,
    mosaic,
    occlusion,
    overexposed,
    several,
    snow_noise,
    stripes,
    underexposed,
)
from camerahub.frames.cells import Cells, Measuring, answered, cells
from camerahub.frames.judgement import Judgement
from camerahub.frames.measures import Measure, Table
from camerahub.frames.picture import Picture, Plane
from camerahub.frames.sketch import Floats, sketch


class Check(NamedTuple):
    """What a kind of fault is judged by: its measures, described and taken over a batch."""

    measures: dict[str, Measure]
    measure: Callable[[Cells], Measuring]


#: Fault kind of a single picture -> its measures; black and no_signal have theirs in ``lit``.
CHECKS: dict[str, Check] = {
    "overexposed": Check(overexposed.MEASURES, overexposed.measure),
    "underexposed": Check(underexposed.MEASURES, underexposed.measure),
    "low_contrast": Check(low_contrast.MEASURES, low_contrast.measure),
    "colour_cast": Check(colour_cast.MEASURES, colour_cast.measure),
    "snow_noise": Check(snow_noise.MEASURES, snow_noise.measure),
    "stripes": Check(stripes.MEASURES, stripes.measure),
    "mosaic": Check(mosaic.MEASURES, mosaic.measure),
    "blur": Check(blur.MEASURES, blur.measure),
    "occlusion": Check(occlusion.MEASURES, occlusion.measure),
}

#: Every measure of one picture by name; docs/pictures.md has a row for each.
MEASURES: dict[str, Measure] = {
    **lit.MEASURES,
    **{name: measure for check in CHECKS.values() for name, measure in check.measures.items()},
}
_NAMES = tuple(MEASURES)
#: Those and the measures of several pictures (``several.SEVERAL``: frozen, scene_change, shake).
EVERY: dict[str, Measure] = {**MEASURES, **several.MEASURES}

#: Fault kind -> its judgement. In this order one answer is chosen for the facet 点亮: the more definite card first.
LIT_CHECKS: dict[str, Callable[[lit.LitMeasures], Judgement]] = {
    "no_signal": lit.judge_no_signal,
    "black": lit.judge_black,
}


def lit_reason(measures: lit.LitMeasures) -> str:
    """``ok``, ``black`` or ``no_signal`` (``core.result.REASONS``): what the facet 点亮 hears of these measures."""
    for kind, judge in LIT_CHECKS.items():
        if judge(measures).level == "fault":
            return kind
    return "ok"


def measured(pictures: Sequence[Picture], masks: Sequence[Plane | None] | None = None) -> Table:
    """Every measure of ``MEASURES``, each float32 (N,), of N >= 1 pictures of one working size.

    ``masks`` as in ``sketch``. ValueError when sizes differ or a mask does not fit.
    """
    shared = cells(sketch(pictures, masks))
    found: dict[str, Floats] = dict(
        zip(lit.LitMeasures._fields, lit.measured(pictures, shared.sketch.envelope).T, strict=True)
    )
    found |= answered(shared, [check.measure for check in CHECKS.values()])
    return Table(_NAMES, np.ascontiguousarray(np.array([found[name] for name in _NAMES], np.float32).T))
