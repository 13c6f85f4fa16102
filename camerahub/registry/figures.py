"""Figures of a period, computed anew from what is recorded, and published.

Lists, reports, pages and the command ask here, so that all show the same digits. Must not know: how figures are shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, Engine

from camerahub.core.rates import Parts
from camerahub.core.rates_past import sum_parts
from camerahub.core.result import Facet
from camerahub.core.transitions import RULE
from camerahub.registry import past, runs
from camerahub.registry.engine import reading
from camerahub.registry.past import Question
from camerahub.registry.queries import Area
from camerahub.registry.tables import answer_marks

POINT, TIME = "point", "time"


@dataclass(frozen=True, slots=True)
class Figures:
    """The answer to ``asked``: ``parts`` by group, groups in which nobody counted left out; in camera-microseconds for
    figures over time. ``corrections``: late results within the period that were known; ``rules``: versions of the
    definitions by which its flips were made."""

    asked: Question
    parts: dict[str, Parts]
    digest: str
    areas: list[Area]
    corrections: int
    rules: tuple[int, ...]


def figures(engine: Engine, asked: Question) -> Figures:
    """Compute ``asked``. KeyError for an area nobody knows, ValueError for a period that is empty or not over."""
    with reading(engine) as connection:
        return compute(connection, asked)


def compute(connection: Connection, asked: Question) -> Figures:
    """The same within a transaction."""
    if not asked.start < asked.end <= asked.as_of:
        raise ValueError("a period begins before it ends, and ends before it is counted")
    record = past.read(connection, asked)
    points = None if asked.points is None else np.array(asked.points, np.int64)
    by_trait = record.past.trait is not None
    sizes = (1, len(record.groups)) if by_trait else (len(record.groups), 1)
    found = sum_parts(record.past, *sizes, points)
    parts = {name: one for name, one in zip(record.groups, found, strict=True) if one.expected}
    return Figures(asked, parts, record.digest, record.areas, record.corrections, record.rules)


def scope_of(asked: Question) -> str:
    """What a run says of its question beside facet, kind and period, as JSON."""
    told = {"area": asked.area, "by": asked.by, "points": asked.points}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def run_of(found: Figures, stage: str, who: str) -> runs.Run:
    """``found`` as a run to be published."""
    asked = found.asked
    kind = TIME if asked.points is None else POINT
    numbers = {name: list(_columns(parts)) for name, parts in found.parts.items()}
    return runs.Run(
        stage, asked.facet, kind, asked.start, asked.end, scope_of(asked), asked.as_of, RULE, numbers,
        found.digest, who,
    )  # fmt: skip


def _columns(parts: Parts) -> tuple[int, ...]:
    return parts.expected, parts.up, parts.down, parts.unknown, parts.exempt, parts.exempt_up


def parts_of(run: runs.Run) -> dict[str, Parts]:
    """Parts by group of a published run."""
    return {name: Parts(*columns) for name, columns in run.numbers.items()}


def corrections(before: runs.Run, now: runs.Run) -> dict[str, tuple[Parts, Parts]]:
    """Groups whose parts differ between two runs of one question: what they were and are, by name."""
    one, other = parts_of(before), parts_of(now)
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return {name: (one.get(name, Parts()), other.get(name, Parts())) for name in names}


def question_of(run: runs.Run) -> Question:
    """What a published run answered."""
    scope = json.loads(run.scope)
    points = None if scope["points"] is None else tuple(scope["points"])
    return Question(run.facet, run.start, run.end, run.as_of, scope["area"], scope["by"], points)


@dataclass(frozen=True, slots=True)
class Check:
    """A published run beside the same question computed now: ``same`` digits, ``same_input`` hash."""

    run: runs.Run
    same: bool
    same_input: bool


def verify(engine: Engine, published: Sequence[runs.Run]) -> list[Check]:
    """Compute every run again as of its ``as_of`` and compare to the last digit."""
    found = [figures(engine, question_of(run)) for run in published]
    return [
        Check(run, now.parts == parts_of(run), now.digest == run.input_hash)
        for run, now in zip(published, found, strict=True)
    ]


def missing_marks(engine: Engine, facet: Facet, starts: Sequence[int], now: int) -> list[int]:
    """Those of the instants ``starts`` of which a mark can be made ``now`` and is not there."""
    there = set(past.marks(engine, facet))
    return [at for at in starts if at not in there and now >= at + past.DAY_US]


def write_marks(connection: Connection, facet: Facet, starts: Sequence[int], now: int) -> int:
    """Make the marks of ``starts``, ascending; how many."""
    for at in starts:
        connection.execute(answer_marks.insert().values(**past.make_mark(connection, facet, at, now)))
    return len(starts)


def at_time(asked: Question, start: int, end: int) -> Question:
    """The same question of another period; instants are moved along with its beginning."""
    moved = None
    if asked.points is not None:
        moved = tuple(at - asked.start + start for at in asked.points)
    return replace(asked, start=start, end=end, points=moved)
