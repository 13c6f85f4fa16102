"""All a report is made of, read in one transaction: figures by the code of ``rates``, and the lists beside them.

Must not know: how a report is laid out or written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from camerahub.core.area import Tree
from camerahub.core.exemptions import Exemption
from camerahub.core.report import Source, Told
from camerahub.core.report_figures import (
    BEFORE,
    MOMENT,
    Measured,
    Spans,
    Wanted,
    command_of,
    wanted,
)
from camerahub.core.report_lists import DAY_US, LONG_DAYS, Outage, Stopped
from camerahub.core.result import Facet
from camerahub.registry import bulk, exempt, exemptions, figures, leavers, outages, traits
from camerahub.registry.engine import reading
from camerahub.registry.past import Question
from camerahub.registry.queries import areas_of
from camerahub.registry.tables import STATUSES, cameras


def measured(
    engine: Engine, facets: Sequence[Facet], spans: Spans, as_of: int, target: Fraction, zone: tzinfo
) -> tuple[Measured, tuple[int, ...], list[Outage]]:
    """Figures of a report as known at ``as_of``, the versions of the definitions of its period, and who is offline for
    long at its end."""
    told: dict[Wanted, Told] = {}
    rules: set[int] = set()
    corrections = 0
    with reading(engine) as connection:
        for asked in wanted(facets):
            found = figures.compute(connection, _question(asked, spans, as_of))
            told[asked] = Told(found.parts, Source(command_of(asked, spans, as_of, zone), found.digest))
            if asked.span not in (BEFORE, MOMENT):
                rules |= set(found.rules)
                corrections = max(corrections, found.corrections)
        names = names_of(connection, as_of)
        registered = int(connection.scalar(select(func.count()).select_from(cameras)) or 0)
        least = LONG_DAYS * DAY_US
        long = outages.outages(connection, facets[0], spans.moment, as_of, least)
    made = Measured(tuple(facets), told, names, registered, corrections, target)
    return made, tuple(sorted(rules)), long


def _question(asked: Wanted, spans: Spans, as_of: int) -> Question:
    if asked.span == MOMENT:
        at = spans.moment
        return Question(asked.facet, at, at + 1, as_of, by=asked.by, points=(at,))
    start, end = spans.before if asked.span == BEFORE else spans.period
    return Question(asked.facet, start, end, as_of, by=asked.by)


def names_of(connection: Connection, as_of: int) -> dict[str, str]:
    """Names of civil areas and of police units, by code; the civil ones as they were."""
    units = {one.code: one.name for one in areas_of(connection, "police")}
    return units | {one.code: one.name for one in traits.tree_at(connection, as_of)}


def windows(engine: Engine, start: int, end: int, as_of: int) -> list[Exemption]:
    """Exemptions whose window touches [start, end) and that were asked for by ``as_of``; rejected ones left out."""
    found = exemptions.listed(engine, start=start, end=end)
    return [one for one in found if one.applied_at <= as_of and one.rejected_at is None and one.until > start]


def stopped(engine: Engine, start: int, end: int, names: Mapping[str, str]) -> list[Stopped]:
    """Cameras that left the denominator within [start, end), by time."""
    with reading(engine) as connection:
        tree = Tree(areas_of(connection))
    found = []
    for move in leavers.moves(engine, start, end):
        if move.counts == (True, False) and move.after is not None:
            area, _, status = move.after
            township = tree.at("township", area)
            word = STATUSES[status][1] if status in STATUSES else status
            found.append(
                Stopped(move.at, move.code, names.get(township, township), word, move.who, move.file)
            )
    return found


def beside(engine: Engine, now: int) -> dict[str, tuple[str, bool]]:
    """Code of every camera -> who maintains it, and whether it is exempt at the instant ``now`` (µs UTC)."""
    with reading(engine) as connection:
        query = select(cameras.c.id, cameras.c.code, cameras.c.maintainer).order_by(cameras.c.id)
        rows = bulk.fetch(connection, query)
        ids = np.array([row[0] for row in rows], np.int64)
        out = set(exempt.spans(connection, now, now + 1, now, ids).camera.tolist())
    return {code: (maintainer or "", place in out) for place, (_, code, maintainer) in enumerate(rows)}


def names_now(engine: Engine) -> tuple[Tree, dict[str, str]]:
    """The civil tree, and the names of all areas and units by code."""
    with reading(engine) as connection:
        civil, police = areas_of(connection), areas_of(connection, "police")
    return Tree(civil), {one.code: one.name for one in (*police, *civil)}
