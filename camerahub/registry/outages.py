"""Who has been offline for long at an instant, and since when, out of the flips.

An outage goes back to the first answer that was not 在线: down, unknown and down again is one. Must not know: how it is
shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from camerahub.core.area import Tree
from camerahub.core.report_lists import Outage
from camerahub.core.result import REASON_NAMES, Facet
from camerahub.core.transitions import Answer
from camerahub.registry import bulk, exempt, traits
from camerahub.registry.past import DAY_US, Question, member_rows, record_from
from camerahub.registry.tables import cameras, flips, memberships

#: Flips of longer ago are not looked for.
FAR_US = 400 * DAY_US


def outages(connection: Connection, facet: Facet, at: int, as_of: int, least_us: int) -> list[Outage]:
    """Cameras that counted and were down at the instant ``at``, as known at ``as_of``, and not up for ``least_us``
    before it; by code. What was last seen counts, also while the hub was off."""
    named = bulk.fetch(
        connection,
        select(cameras.c.id, cameras.c.code, cameras.c.name, cameras.c.maintainer).order_by(cameras.c.id),
    )
    ids = np.array([row[0] for row in named], np.int64)
    known = record_from(connection, ids, facet, at, at + 1, as_of, why=True)
    rows = member_rows(connection, Question(facet, at, at + 1, as_of), ids)
    since = _last_up(connection, facet, at, as_of)
    entered = _entered(connection, as_of)
    areas = traits.tree_at(connection, as_of)
    tree, codes = Tree(areas), {one.id: one.code for one in areas}
    out = _exempt(connection, at, as_of, ids)
    found = []
    for place, begun, _, area_id, network, _ in rows:
        number, code, name, maintainer = named[place]
        ended = since.get(number)
        start = entered.get(number, begun) if ended is None else ended
        if known.answer[place] != Answer.DOWN or at - start < least_us:
            continue
        area = codes.get(area_id, "")
        township = tree.at("township", area)
        reason = REASON_NAMES[known.reason[place]]
        found.append(Outage(
            code, name, area, tree.names.get(township, township), network, maintainer or "", start, reason,
            ended is None, bool(out[place]),
        ))  # fmt: skip
    return sorted(found)


def _last_up(connection: Connection, facet: Facet, at: int, as_of: int) -> dict[int, int]:
    """Camera -> when it was last up: the flip away from it, µs UTC."""
    one = flips.c
    query = select(one.camera_id, func.max(one.at)).where(
        one.at > at - FAR_US, one.at <= at, one.endpoint_id == 0, one.facet == int(facet),
        one.old == int(Answer.UP), one.recorded_at <= as_of,
    )  # fmt: skip
    return dict(bulk.fetch(connection, query.group_by(one.camera_id)))


def _entered(connection: Connection, as_of: int) -> dict[int, int]:
    """Camera -> since when it is registered."""
    one = memberships.c
    query = select(one.camera_id, func.min(one.valid_from)).where(one.recorded_at <= as_of)
    return dict(bulk.fetch(connection, query.group_by(one.camera_id)))


def _exempt(connection: Connection, at: int, as_of: int, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    out = np.zeros(len(ids), np.bool_)
    out[exempt.spans(connection, at, at + 1, as_of, ids).camera] = True
    return out
