"""Published figures: what was said of a period, when, by which rule, and the hash of what it was made of.

A run is never changed: who publishes again adds one. Must not know: how figures are made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Select, select

from camerahub.core.result import Facet
from camerahub.registry.engine import reading
from camerahub.registry.one import new_id
from camerahub.registry.tables import changes, rate_runs

STAGES = ("preliminary", "final")


@dataclass(frozen=True, slots=True)
class Run:
    """One published run; times µs UTC. ``numbers``: group -> parts, in the order of ``core.rates.Parts``."""

    stage: str
    facet: Facet
    kind: str
    start: int
    end: int
    scope: str
    as_of: int
    rule: int
    numbers: dict[str, list[int]]
    input_hash: str
    who: str
    recorded_at: int = 0
    id: int = 0


def keep(connection: Connection, run: Run, now: int) -> int:
    """Store a run and say so in ``changes``; its id."""
    values = {
        "as_of": run.as_of, "rule": run.rule, "kind": run.kind, "facet": int(run.facet), "from_at": run.start,
        "to_at": run.end, "scope": run.scope, "numbers": json.dumps(run.numbers, ensure_ascii=False),
        "input_hash": run.input_hash, "recorded_at": now, "stage": run.stage, "who": run.who,
    }  # fmt: skip
    number = new_id(connection, rate_runs, values)
    row: dict[str, object] = {
        "at": now,
        "who": run.who,
        "import_id": None,
        "entity": "rates",
        "key": str(number),
    }
    new_id(connection, changes, row | {"field": run.stage, "old": None, "new": run.input_hash})
    return number


def with_id(run: Run, number: int, now: int) -> Run:
    """``run`` as it was kept."""
    return replace(run, id=number, recorded_at=now)


def of_period(
    engine: Engine, facet: Facet, kind: str, start: int, end: int, scope: str | None = None
) -> list[Run]:
    """What was published of exactly this period, oldest first; ``scope`` None = any."""
    one = rate_runs.c
    query = select(rate_runs).where(
        one.facet == int(facet), one.kind == kind, one.from_at == start, one.to_at == end
    )
    return _runs(engine, query if scope is None else query.where(one.scope == scope))


def stages_since(engine: Engine, start: int) -> set[tuple[Facet, str, int, int, str, str]]:
    """(facet, kind, start, end, scope, stage) of all that was published of periods that begin at ``start`` or later."""
    one = rate_runs.c
    query = select(one.facet, one.kind, one.from_at, one.to_at, one.scope, one.stage)
    with reading(engine) as connection:
        rows = connection.execute(query.where(one.from_at >= start)).all()
    return {(Facet(facet), *rest) for facet, *rest in rows}


def of_span(engine: Engine, start: int, end: int) -> list[Run]:
    """What was published of exactly this period, of any facet and kind, newest first."""
    one = rate_runs.c
    query = select(rate_runs).where(one.from_at == start, one.to_at == end)
    return _runs(engine, query.order_by(one.id.desc()), ordered=True)


def newest(engine: Engine, limit: int) -> list[Run]:
    """The runs published last, newest first."""
    return _runs(engine, select(rate_runs).order_by(rate_runs.c.id.desc()).limit(limit), ordered=True)


def _runs(engine: Engine, query: Select[Any], *, ordered: bool = False) -> list[Run]:
    with reading(engine) as connection:
        rows = connection.execute(query if ordered else query.order_by(rate_runs.c.id)).mappings().all()
    return [
        Run(
            row["stage"], Facet(row["facet"]), row["kind"], row["from_at"], row["to_at"], row["scope"],
            row["as_of"], row["rule"], json.loads(row["numbers"]), row["input_hash"], row["who"],
            row["recorded_at"], row["id"],
        )
        for row in rows
    ]  # fmt: skip
