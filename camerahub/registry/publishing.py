"""Figures published: what of it is missing, and one more run kept, with the marks it helps and what it corrects.

People and the hub come here. Must not know: when figures are due, and how they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from sqlalchemy import Engine

from camerahub.core import period
from camerahub.core.publishing import FINAL, PRELIMINARY, Slot
from camerahub.core.result import Facet
from camerahub.registry import runs
from camerahub.registry.figures import POINT, TIME, Figures, missing_marks, run_of, scope_of
from camerahub.registry.past import Question, first_flip
from camerahub.registry.runs import Run
from camerahub.registry.store import Store


class Due(NamedTuple):
    """One question that is to be published as ``stage``."""

    stage: str
    asked: Question


class Published(NamedTuple):
    """A run that was kept, and the preliminary one it follows, if it is final and there was one."""

    run: Run
    before: Run | None


def missing(
    engine: Engine, slots: Sequence[Slot], facets: Sequence[Facet], groupings: Sequence[str]
) -> list[Due]:
    """What of the whole register, over time, ought to be published in ``slots`` and is not, in their order."""
    if not slots:
        return []
    there = runs.stages_since(engine, min(slot.start for slot in slots))
    found = []
    for slot in slots:
        for facet in facets:
            for by in groupings:
                asked = Question(facet, slot.start, slot.end, slot.at, by=by)
                one = (facet, TIME, slot.start, slot.end, scope_of(asked))
                done = {stage for stage in (PRELIMINARY, FINAL) if (*one, stage) in there}
                if FINAL not in done and slot.stage not in done:
                    found.append(Due(slot.stage, asked))
    return found


def finals(engine: Engine, asked: Question) -> list[Run]:
    """The final run of a question, if it was published."""
    return [run for run in _earlier(engine, asked) if run.stage == FINAL]


def wanting(engine: Engine, due: Due) -> bool:
    """Whether it is still to be published."""
    return not {run.stage for run in _earlier(engine, due.asked)} & {FINAL, due.stage}


def _earlier(engine: Engine, asked: Question) -> list[Run]:
    kind = TIME if asked.points is None else POINT
    return runs.of_period(engine, asked.facet, kind, asked.start, asked.end, scope_of(asked))


def publish(store: Store, found: Figures, stage: str, who: str, now: int, zone: tzinfo) -> Published:
    """Keep ``found`` as a run, and make the marks of the months up to it that lack one."""
    asked, run = found.asked, run_of(found, stage, who)
    earlier = _earlier(store.engine, asked)
    starts = period.month_starts(first_flip(store.engine), asked.start + 1, zone)
    number = store.publish(run, missing_marks(store.engine, asked.facet, starts, now), now)
    kept = runs.with_id(run, number, now)
    return Published(kept, earlier[-1] if stage == FINAL and earlier else None)


def before_final(engine: Engine, run: Run) -> Run | None:
    """The last run of the same question published before ``run``, which is final; None for another or for none."""
    if run.stage != FINAL:
        return None
    same = runs.of_period(engine, run.facet, run.kind, run.start, run.end, run.scope)
    return next((one for one in reversed(same) if one.id < run.id and one.stage == PRELIMINARY), None)
