"""From measures to a judgement: every check weighs its measures in the same way, so that severities compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: Severity from which a technician is told, and from which the picture counts as faulty.
WARN, FAULT = 0.3, 0.5


class Judgement(NamedTuple):
    """``kind`` of fault, ``severity`` 0 (nothing) to 1 (beyond doubt), ``level`` ``ok``, ``warn`` or ``fault``."""

    kind: str
    severity: float
    level: str


def judgement(kind: str, severity: float) -> Judgement:
    """The judgement of a severity 0..1. A NaN (a measure that is not defined here) never accuses: 0."""
    severity = severity if severity == severity else 0.0
    return Judgement(kind, severity, "fault" if severity >= FAULT else "warn" if severity >= WARN else "ok")


def judged(severities: Iterable[tuple[str, float]]) -> Iterable[Judgement]:
    """Judgements of (kind, severity) of which anything is to be told: most kinds are not even doubtful."""
    return (judgement(kind, severity) for kind, severity in severities if severity >= WARN)


def findings_of(judged: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """What is to be told of them: warnings and faults, most severe first."""
    return tuple(sorted((one for one in judged if one.level != "ok"), key=lambda one: -one.severity))


def verdict_of(findings: Iterable[Judgement]) -> str:
    """``fault`` when one of them is, else ``ok``."""
    return "fault" if any(one.level == "fault" for one in findings) else "ok"


def ramp(value: float, nothing: float, full: float) -> float:
    """0 at ``nothing`` and beyond, 1 at ``full`` and beyond, linear between, so 0.5 (a fault) lies half way.

    Either end may be the larger one. NaN stays NaN.
    """
    share = (value - nothing) / (full - nothing)
    return 0.0 if share < 0.0 else 1.0 if share > 1.0 else share
