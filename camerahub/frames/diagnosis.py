"""What the checks say of a camera's newest picture, and of the ones before it: the one door into this room.

A picture that could not be judged is ``unknown`` with a reason, never ``ok``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from camerahub.frames import several
from camerahub.frames.checks import EVERY, measured
from camerahub.frames.judgement import Judgement, findings_of, judged, verdict_of
from camerahub.frames.mode import modes
from camerahub.frames.past import Past
from camerahub.frames.picture import Picture, Plane
from camerahub.frames.sketch import Floats, too_small
from camerahub.frames.trace import Trace
from camerahub.frames.verdict import KINDS, severities

#: Pictures that are reduced and measured together: their small vectors stay in a core's cache.
CHUNK = 32
#: At least this share of a picture must be left by its mask.
LEAST_SEEN = 0.2
_MODES = ("auto", "day", "night")


class Item(NamedTuple):
    """One camera's pictures, the newest last; ``gap_s`` seconds between the last two, None when unknown.

    ``mode``: ``auto``, ``day`` or ``night``. ``mask``: uint8 (H, W) at the working size of the newest picture, 0 =
    ignore (privacy mask, or everything outside a region of interest), None for all of it. ``past``: what is known of
    the camera (``Past.observe`` makes the next one of a diagnosis); ``hour`` 0..24 of its day, None when unknown.
    ``trace`` of the newest picture under this mask, for a caller that keeps it anyway.
    """

    pictures: Sequence[Picture]
    gap_s: float | None = None
    mode: str = "auto"
    mask: Plane | None = None
    past: Past | None = None
    hour: float | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The judgement of one item (one picture, a pair or a sequence of one camera).

    ``verdict``: ``ok``, ``fault`` or ``unknown``; ``reason`` says why it is unknown (``small``: less than 160 x 90
    pixels; ``masked``: a mask leaves less than a fifth), else None. ``mode``: ``day``, ``night`` (colour) or
    ``infrared``. ``findings``: warnings and faults only, most severe first. ``measures``: every measure by name
    (``checks.EVERY``), NaN where it is not defined.
    """

    verdict: str
    reason: str | None
    mode: str
    findings: tuple[Judgement, ...]
    measures: dict[str, float]

    @property
    def faults(self) -> tuple[str, ...]:
        """Kinds at level ``fault``, most severe first."""
        return tuple(finding.kind for finding in self.findings if finding.level == "fault")


def diagnose(
    pictures: Sequence[Picture],
    gap_s: float | None = None,
    mode: str = "auto",
    *,
    mask: Plane | None = None,
    past: Past | None = None,
    hour: float | None = None,
) -> Diagnosis:
    """Judge one item: one or more pictures of one camera, the newest last; see ``Item``.

    ValueError for no picture, an unknown mode, or a mask that does not fit.
    """
    return diagnose_many([Item(pictures, gap_s, mode, mask, past, hour)])[0]


def diagnose_many(items: Sequence[Item]) -> list[Diagnosis]:
    """Judge many items, in any order with the same answers, several times faster than one by one.

    ValueError as ``diagnose``.
    """
    for item in items:
        if not item.pictures or item.mode not in _MODES:
            raise ValueError(
                f"{len(item.pictures)} pictures in mode {item.mode!r}: expected one or more in auto, day or night"
            )
    found: dict[int, Diagnosis] = {}
    groups: dict[tuple[int, ...], list[int]] = {}
    for at, item in enumerate(items):
        if reason := _unjudgeable(item):
            found[at] = Diagnosis(
                "unknown", reason, _mode(item.mode, "day"), (), dict.fromkeys(EVERY, np.nan)
            )
        else:
            groups.setdefault(item.pictures[-1].luma.shape, []).append(at)
    for group in groups.values():
        for start in range(0, len(group), CHUNK):
            chunk = group[start : start + CHUNK]
            found.update(zip(chunk, _judged([items[at] for at in chunk]), strict=True))
    return [found[at] for at in range(len(items))]


def _unjudgeable(item: Item) -> str | None:
    if too_small(item.pictures[-1]):
        return "small"
    if item.mask is not None and np.count_nonzero(item.mask) < LEAST_SEEN * item.mask.size:
        return "masked"
    return None


def _mode(wanted: str, seen: str) -> str:
    """What the caller knows, unless the picture shows more: infrared is a way of the night."""
    return seen if wanted == "auto" or (wanted, seen) == ("night", "infrared") else wanted


def _judged(items: Sequence[Item]) -> list[Diagnosis]:
    """Items whose newest pictures have one working size."""
    masks = [item.mask for item in items]
    measures = measured([item.pictures[-1] for item in items], masks)
    night: Floats = np.array([item.mode == "night" for item in items], np.float32)
    severity = severities(measures, night if night.any() else None).tolist()
    rows = measures.rows.tolist()
    return [
        _diagnosis(
            item, severity[at], _mode(item.mode, seen), dict(zip(measures.names, rows[at], strict=True))
        )
        for at, (item, seen) in enumerate(zip(items, modes(measures), strict=True))
    ]


def _diagnosis(item: Item, severity: list[float], mode: str, measures: dict[str, float]) -> Diagnosis:
    single = dict(zip(KINDS, severity, strict=True))
    beside = several.measured(item.pictures, item.past, mode, item.mask, item.trace)
    measures |= beside
    every = single if beside is several.NOTHING else single | several.severities(measures, single)
    if item.past is not None:
        every = item.past.weighed(every, measures, mode, item.hour)
    findings = findings_of(judged(every.items()))
    return Diagnosis(verdict_of(findings), None, mode, findings, measures)
