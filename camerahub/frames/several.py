"""The checks that need more than one picture: one line a kind, how many it needs and which kinds rule it out.

They work on traces, so that a pair of pictures and a picture with its camera's past are judged alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from camerahub.frames import change, frozen, shake
from camerahub.frames.judgement import Judgement
from camerahub.frames.measures import Measure
from camerahub.frames.past import Past
from camerahub.frames.picture import Picture, Plane
from camerahub.frames.trace import Trace


class Several(NamedTuple):
    """``need`` pictures at least. Not asked beside a fault of ``hushed_by``; ``rival``: nor beside a likelier one."""

    need: int
    measures: dict[str, Measure]
    judge: Callable[[Mapping[str, float]], Judgement]
    hushed_by: tuple[str, ...] = ("black", "no_signal")
    rival: bool = False


def _changed(measures: Mapping[str, float]) -> Judgement:
    return change.judge(change.ChangeMeasures(*(measures[name] for name in change.MEASURES)))


def _shaken(measures: Mapping[str, float]) -> Judgement:
    return shake.judge(shake.ShakeMeasures(*(measures[name] for name in shake.MEASURES)))


#: Fault kind -> its check.
SEVERAL: dict[str, Several] = {
    "frozen": Several(2, frozen.MEASURES, frozen.judge, ("black", "no_signal", "mosaic")),
    "scene_change": Several(
        2, change.MEASURES, _changed, ("black", "no_signal", "snow_noise", "mosaic"), rival=True
    ),
    "shake": Several(3, shake.MEASURES, _shaken),
}

#: Every measure of several pictures by name; docs/pictures.md has a row for each.
MEASURES: dict[str, Measure] = {
    name: measure for one in SEVERAL.values() for name, measure in one.measures.items()
}
#: Patches of two pictures at hand, so many times those of a trace that is kept along each side.
FINER = 3
#: Nothing to compare: every measure is NaN.
NOTHING = dict.fromkeys(MEASURES, float("nan"))


def measured(
    pictures: Sequence[Picture],
    past: Past | None = None,
    mode: str = "day",
    mask: Plane | None = None,
    trace: Trace | None = None,
) -> dict[str, float]:
    """Every measure of ``MEASURES``, NaN where there is nothing to compare, of pictures of one camera, newest last.

    The newest is compared with the one before it, else with the trace in ``past``; its view with the views known there,
    if any are. ``mode`` of the newest picture. ``mask`` as in ``Trace.of``; ``trace`` that of the newest picture under
    this mask, where it is at hand.
    """
    older, finer = past.trace if past is not None else None, 1
    if len(pictures) > 1:
        finer = FINER
        older = Trace.of(pictures[-2], mask if _fits(mask, pictures[-2]) else None, finer)
    if older is None and (past is None or not past.views):
        return NOTHING
    newer = trace if trace is not None and finer == 1 else Trace.of(pictures[-1], mask, finer)
    found = dict(NOTHING)
    if older is not None:
        found |= frozen.measure(older, newer)
    known = past.changed(newer, mode) if past is not None else None
    if known is None and older is not None:
        known = change.measure(older, newer)
    if known is not None:
        found |= known._asdict()
    if len(pictures) >= SEVERAL["shake"].need:
        found |= shake.measure(pictures)._asdict()
    return found


def _fits(mask: Plane | None, picture: Picture) -> bool:
    return mask is not None and mask.shape == picture.luma.shape


def severities(measures: Mapping[str, float], single: Mapping[str, float]) -> dict[str, float]:
    """Severity 0..1 of each kind of ``SEVERAL``; ``single``: those of the newest picture's own kinds."""
    if not any(measures[name] == measures[name] for name in MEASURES):  # NaN, all of them: nothing to compare
        return dict.fromkeys(SEVERAL, 0.0)
    likeliest = max(single.values(), default=0.0)
    found = {}
    for kind, check in SEVERAL.items():
        severity = check.judge(measures).severity
        hushed = any(single.get(other, 0.0) >= 0.5 for other in check.hushed_by)
        outdone = check.rival and likeliest >= 0.5 and likeliest >= severity
        found[kind] = 0.0 if hushed or outdone else severity
    return found
