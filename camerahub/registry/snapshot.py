"""State of the fleet as of the last commit: stored rows plus the evidence log replayed over them.

The hub starts from it after a crash and every reader sees the same. Must not know: who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from camerahub.core.health import POLICIES, Policy, States, replay
from camerahub.core.result import PROBE_KINDS, Facet
from camerahub.registry import bulk, evidence
from camerahub.registry.tables import (
    camera_states,
    endpoints,
    evidence_log,
    memberships,
    settings,
    sightings,
    states,
    watermarks,
    workers,
)

I8 = NDArray[np.int64]

#: Facets some probe speaks of: the others have nothing to replay.
SPOKEN: tuple[Facet, ...] = tuple(sorted({facet for kind in PROBE_KINDS.values() for facet in kind.facets}))
ONLINE = (POLICIES[Facet.ONLINE],)
ALIVE = "hub_alive"
#: Columns of states that move with every look.
TIMES = ("observed_at", "seen_at")
_STATE_COLUMNS = ("state", "history", "reason", "doubt", "since", *TIMES)


@dataclass(slots=True)
class Snapshot:
    """Everything the hub needs to go on. E probed endpoints in ascending id; C cameras in ascending id.

    ``endpoint`` (E,) int64 ids · ``camera`` (E,) int64 place in ``camera_ids`` · ``camera_ids`` (C,) int64, cameras
    without an endpoint too · ``area_id`` (C,) int64 · ``network`` C names · ``expected`` (C,) bool, as of the last
    import · ``states`` the fold's arrays over the E endpoints, exactly as they were after the last commit ·
    ``camera_since`` (F, C) int64: when the derived answer last flipped, 0 = never (F rows as in ``states``) ·
    ``camera_answer`` (F, C) uint8: that answer as stored, which an import may have overtaken ·
    ``watermarks`` worker -> (epoch, seq) · ``last_alive`` µs UTC, 0 = never.
    """

    endpoint: I8
    camera: I8
    camera_ids: I8
    area_id: I8
    network: list[str]
    expected: NDArray[np.bool_]
    states: States
    camera_since: I8
    camera_answer: NDArray[np.uint8]
    watermarks: dict[str, tuple[int, int]]
    last_alive: int


def load(connection: Connection, policies: Sequence[Policy] = ONLINE) -> Snapshot:
    """The snapshot as one transaction sees it."""
    probed = select(endpoints.c.id, endpoints.c.camera_id).where(
        endpoints.c.probed, endpoints.c.retired_at.is_(None)
    )
    roads = matrix(connection, probed.order_by(endpoints.c.id), 2)
    member, opened = memberships.c, memberships.c.valid_to.is_(None)
    query = select(member.camera_id, member.area_id, member.expected, member.network).where(opened)
    rows = connection.execute(query.order_by(member.camera_id)).all()
    known = np.array([tuple(row[:3]) for row in rows], dtype=np.int64).reshape(-1, 3).T.copy()
    since, answer = _camera_stored(connection, known[0], policies)
    return Snapshot(
        endpoint=roads[0],
        camera=np.searchsorted(known[0], roads[1]),
        camera_ids=known[0],
        area_id=known[1],
        network=[row[3] for row in rows],
        expected=known[2].astype(bool),
        states=load_states(connection, roads[0], policies),
        camera_since=since,
        camera_answer=answer,
        watermarks=_watermarks(connection),
        last_alive=last_alive(connection),
    )


def matrix(connection: Connection, query: Select[Any], width: int) -> I8:
    """Integer columns of a query, shape (width, N)."""
    return bulk.integers(connection.execute(query), width)


def load_states(connection: Connection, ids: I8, policies: Sequence[Policy]) -> States:
    """States of the endpoints ``ids`` (E,), ascending, replayed to the last commit."""
    facets = [StoredFacet.read(connection, ids, policy) for policy in policies]
    for log_id, at, rows in log_rows(connection):
        place, found = places(ids, rows["endpoint"])
        for facet in facets:
            facet.replay(log_id, at, place, rows[found])
    table = States.fresh(len(ids), policies)
    for row, facet in enumerate(facets):
        for name in _STATE_COLUMNS:
            getattr(table, name)[row] = getattr(facet.table, name)[0]
    return table


@dataclass(slots=True)
class StoredFacet:
    """One facet as stored. ``table`` one row of states (1, E) of the endpoints ``ids`` (E,), ascending;
    ``known_at`` (E,) the row of the evidence log as of which each is, 0 = before all."""

    ids: I8
    table: States
    known_at: I8

    @classmethod
    def read(
        cls, connection: Connection, ids: I8, policy: Policy, names: Sequence[str] = _STATE_COLUMNS
    ) -> StoredFacet:
        """What ``states`` (its columns ``names``) and ``sightings`` hold; endpoints without a row are fresh."""
        one = cls(ids, States.fresh(len(ids), (policy,)), np.zeros(len(ids), dtype=np.int64))
        columns = [states.c.endpoint_id, states.c.log_id, *(states.c[name] for name in names)]
        query = select(*columns).where(states.c.facet == int(policy.facet))
        stored = matrix(connection, query, len(columns))
        place, found = places(ids, stored[0])
        one.known_at[place] = stored[1][found]
        for name, column in zip(names, stored[2:], strict=True):
            getattr(one.table, name)[0, place] = column[found]
        one._take_sightings(connection, policy)
        return one

    def _take_sightings(self, connection: Connection, policy: Policy) -> None:
        row = connection.execute(select(sightings).where(sightings.c.facet == int(policy.facet))).first()
        if row is None:
            return
        told = np.frombuffer(row.data, evidence.SIGHTING_DTYPE)
        place, found = places(self.ids, told["endpoint"])
        older = self.known_at[place] < row.log_id
        place, told = place[older], told[found][older]
        self.known_at[place] = row.log_id
        for name in TIMES:
            getattr(self.table, name)[0, place] = told[name]

    def sightings(self) -> bytes:
        """The blob of both times as they stand, of every endpoint ever looked at."""
        seen = np.flatnonzero(self.table.seen_at[0])
        rows = np.empty(len(seen), evidence.SIGHTING_DTYPE)
        rows["endpoint"] = self.ids[seen]
        for name in TIMES:
            rows[name] = getattr(self.table, name)[0, seen]
        return rows.tobytes()

    def replay(self, log_id: int | I8, at: int, place: I8, rows: NDArray[np.void]) -> None:
        """Bring both times forward by results at ``place`` of row ``log_id`` of the log, committed at ``at`` (or of
        several rows, then ``believed``, ``log_id`` one each and ``at`` the last), where the stored state is older:
        a younger one holds these results already, and perhaps a repair of what they said."""
        older = self.known_at[place] < log_id
        if not older.all():
            place, rows = place[older], rows[older]
        replay(self.table, place, rows, at)


def places(ids: I8, wanted: I8) -> tuple[I8, NDArray[np.bool_]]:
    """Place in ascending ``ids`` of each wanted id that is there, and which are."""
    if not len(ids):
        return np.zeros(0, dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    if ids[-1] - ids[0] < 4 * len(ids) and len(wanted) > len(ids):
        return _places_by_table(ids, wanted)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    found = ids[place] == wanted
    return place[found], found


def _places_by_table(ids: I8, wanted: I8) -> tuple[I8, NDArray[np.bool_]]:
    """The same for many wanted and ids that lie close together, fifty times faster than a search each."""
    table = np.full(ids[-1] - ids[0] + 3, -1)
    table[ids - ids[0] + 1] = np.arange(len(ids))
    place = table[np.clip(wanted, ids[0] - 1, ids[-1] + 1) - ids[0] + 1]
    found = place >= 0
    return (place if found.all() else place[found]), found


def log_rows(connection: Connection, most: int | None = None) -> Iterator[tuple[int, int, NDArray[np.void]]]:
    """Rows of the evidence log in order: id, µs UTC of the commit, EVIDENCE_DTYPE results; at most ``most`` results
    (and one row at least)."""
    query = select(evidence_log.c.id, evidence_log.c.at, evidence_log.c.data).order_by(evidence_log.c.id)
    total = 0
    for log_id, at, data in connection.execute(query.execution_options(yield_per=100)):
        rows = evidence.decode(data, at)
        total += len(rows)
        yield log_id, at, rows
        if most is not None and total >= most:
            return


def _camera_stored(
    connection: Connection, ids: I8, policies: Sequence[Policy]
) -> tuple[I8, NDArray[np.uint8]]:
    since = np.zeros((len(policies), len(ids)), dtype=np.int64)
    answer = np.zeros(since.shape, dtype=np.uint8)
    for row, policy in enumerate(policies):
        columns = camera_states.c
        query = select(columns.camera_id, columns.since, columns.state)
        stored = matrix(connection, query.where(columns.facet == int(policy.facet)), 3)
        place, found = places(ids, stored[0])
        since[row, place], answer[row, place] = stored[1][found], stored[2][found]
    return since, answer


def _watermarks(connection: Connection) -> dict[str, tuple[int, int]]:
    query = select(workers.c.name, watermarks.c.epoch, watermarks.c.seq).join_from(workers, watermarks)
    return {name: (epoch, seq) for name, epoch, seq in connection.execute(query)}


def last_commit(connection: Connection) -> int:
    """When the last batch was stored, µs UTC, 0 = never."""
    return int(connection.scalar(select(func.max(watermarks.c.at))) or 0)


def last_alive(connection: Connection) -> int:
    """When the hub last gave a sign of life, µs UTC, 0 = never."""
    said = connection.scalar(select(settings.c.value).where(settings.c.key == ALIVE))
    return max(int(said or 0), last_commit(connection))
