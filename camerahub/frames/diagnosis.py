"""What the checks say of a camera's newest picture, and of the ones before it: the one door into this room.

A picture that could not be judged is ``unknown`` with a reason, never ``ok``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from camerahub.frames import lit
from camerahub.frames.checks import LIT_CHECKS
from camerahub.frames.judgement import Judgement
from camerahub.frames.picture import Picture


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The judgement of one item (one picture, a pair or a sequence of one camera).

    ``verdict``: ``ok``, ``fault`` or ``unknown``; ``reason`` says why it is unknown, else None. ``mode``: ``day``,
    ``night`` (colour) or ``infrared``. ``findings``: warnings and faults only, most severe first. ``measures``: every
    measure by name (``checks.MEASURES``), NaN where it is not defined.
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


def diagnose(pictures: Sequence[Picture], gap_s: float | None = None, mode: str = "auto") -> Diagnosis:
    """Judge one item: one or more pictures of one camera, the newest last.

    ``gap_s``: seconds between the last two, None when unknown. ``mode``: ``auto``, ``day`` or ``night``. ValueError
    for no picture or an unknown mode.
    """
    if not pictures or mode not in ("auto", "day", "night"):
        raise ValueError(
            f"{len(pictures)} pictures in mode {mode!r}: expected one or more in auto, day or night"
        )
    measures = lit.measure(pictures[-1])
    judged = (judge(measures) for judge in LIT_CHECKS.values())
    findings = sorted((found for found in judged if found.level != "ok"), key=lambda found: -found.severity)
    verdict = "fault" if any(found.level == "fault" for found in findings) else "ok"
    return Diagnosis(verdict, None, "day" if mode == "auto" else mode, tuple(findings), measures._asdict())
