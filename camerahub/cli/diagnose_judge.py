"""How `diagnose` asks the eye: the one place that knows its door."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from camerahub.frames.diagnosis import Diagnosis, diagnose
from camerahub.frames.picture import Picture, Plane

#: Whether the eye can leave parts of a picture out.
TAKES_MASK = "mask" in inspect.signature(diagnose).parameters


@dataclass(frozen=True, slots=True)
class Question:
    """One item, decoded: ``pictures`` of one size, the newest last; ``gap_s`` seconds between the last two.

    ``mask``: uint8 (H, W) at the working size, 0 = not judged.
    """

    pictures: Sequence[Picture]
    gap_s: float | None
    mode: str
    mask: Plane | None = None


def judge_all(questions: Sequence[Question]) -> list[Diagnosis]:
    """The diagnosis of each, in order."""
    return [_judge(question) for question in questions]


def _judge(asked: Question) -> Diagnosis:
    extra = {"mask": asked.mask} if TAKES_MASK and asked.mask is not None else {}
    return diagnose(asked.pictures, asked.gap_s, asked.mode, **extra)
