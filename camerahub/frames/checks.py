"""The checks of a single picture: one line a kind, its measures apart from its judgement.

A new kind is one file with a ``measure`` and a ``judge`` and one line in ``CHECKS``; each measure has its line in
``MEASURES`` of its file. What was measured is kept, so that a judgement can be repeated under other thresholds.
"""

from __future__ import annotations

from collections.abc import Callable

from camerahub.frames import lit
from camerahub.frames.judgement import Judgement
from camerahub.frames.measures import Measure

#: Every measure by name; docs/pictures.md has a row for each.
MEASURES: dict[str, Measure] = {**lit.MEASURES}

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
