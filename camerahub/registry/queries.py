"""Reads of the register: one function a question, one transaction a call, no query per camera.

Whoever shows a state shows it as of the last commit: stored rows with the evidence log replayed, as the hub itself
starts. Must not know: who asks, and how answers are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Engine, Select, func, select

from camerahub.core.health import ANSWER_NAMES, POLICIES
from camerahub.core.result import MAIN, PROBE_NAMES, REASON_NAMES, STREAM_NAMES, SUB, Facet, Outcome
from camerahub.core.roads import Roads, answers
from camerahub.core.stand_in import SNAPSHOT
from camerahub.core.uplinks import UPLINK_SCOPE
from camerahub.core.weather import WEATHER_SCOPE
from camerahub.registry import shots
from camerahub.registry.engine import reading, schema_of
from camerahub.registry.shots import NOWHERE, Beside, ShotAddress
from camerahub.registry.snapshot import SPOKEN, Snapshot, last_alive, last_commit, load
from camerahub.registry.tables import areas as areas_table
from camerahub.registry.tables import (
    camera_states,
    corrections,
    credentials,
    endpoints,
    evidence_log,
    flips,
    gaps,
    media_facts,
    memberships,
)
from camerahub.registry.tables import cameras as cameras_table

_SUB = endpoints.alias("sub")
_SHOT = endpoints.alias("shot")


@dataclass(frozen=True, slots=True)
class Area:
    """A node of an area tree; ``parent_code`` "" at the top."""

    id: int
    tree: str
    code: str
    name: str
    level: str
    parent_code: str


@dataclass(frozen=True, slots=True)
class FacetState:
    """Public answer: ``state`` up, down or unknown; times µs UTC, 0 = never. ``source`` "snapshot": what was
    seen last came by a snapshot in place of the stream."""

    state: str
    since: int
    reason: str
    observed_at: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class CameraState:
    """One line of the camera list; ``facets`` by name in lower case."""

    id: int
    code: str
    name: str
    area_code: str
    network: str
    status: str
    expected: bool
    facets: dict[str, FacetState]


class EndpointTarget(NamedTuple):
    """Whom to dial; ``device_id`` and ``credential_id`` 0 = none. The secret is in ``secrets``.

    ``sub_path``: the sub-stream of the same camera at the same host and port, "" for none; ``seen_on``: the stream that
    gave a picture last; ``shot``: where the same host gives a snapshot to the same login.
    """

    endpoint: int
    camera: int
    code: str
    scheme: str
    host: str
    port: int
    path: str
    kind: str
    stream: str
    road: str
    device_id: int
    credential_id: int
    sub_path: str = ""
    seen_on: str = ""
    shot: ShotAddress = NOWHERE


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential as stored: ``KeyRing.decrypt(secret, id)`` opens it."""

    id: int
    username: str
    secret: str


@dataclass(frozen=True, slots=True)
class Gap:
    """When nobody looked: [from_at, to_at), µs UTC; ``to_at`` None = still."""

    id: int
    worker: str
    scope: str
    from_at: int
    to_at: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """One result that came late: its attempt began at ``at``, it was stored at ``recorded_at``, µs UTC."""

    at: int
    recorded_at: int
    endpoint: int
    camera: int
    probe: str
    outcome: str
    reason: str
    rule: int


@dataclass(frozen=True, slots=True)
class Flip:
    """One change of the derived answer of a camera; times µs UTC."""

    at: int
    recorded_at: int
    facet: str
    old: str
    new: str
    reason: str
    rule: int


@dataclass(frozen=True, slots=True)
class StatusFigures:
    """Counts for ``status``; times µs UTC, 0 = never; ``log_results``: results not yet folded into days."""

    cameras: int
    expected: int
    endpoints: int
    probed: int
    areas: int
    last_commit: int
    last_alive: int
    log_results: int
    open_gaps: int
    blind: tuple[Gap, ...]  # open gaps of uplinks through which a prober sees nothing
    weather: tuple[Gap, ...]  # open gaps of townships whose pictures are not judged for what weather does
    database_bytes: int
    schema: str


def areas(engine: Engine, *, tree: str = "civil") -> list[Area]:
    """All areas of a tree, ordered by code: what ``core.area`` needs to find townships."""
    with reading(engine) as connection:
        return areas_of(connection, tree)


def areas_of(connection: Connection, tree: str = "civil") -> list[Area]:
    """The same within a transaction."""
    node, parent = areas_table.alias(), areas_table.alias()
    columns = (
        node.c.id,
        node.c.tree,
        node.c.code,
        node.c.name,
        node.c.level,
        func.coalesce(parent.c.code, ""),
    )
    query = select(*columns).outerjoin_from(node, parent, node.c.parent_id == parent.c.id)
    rows = connection.execute(query.where(node.c.tree == tree).order_by(node.c.code))
    return [Area(*row) for row in rows]


def area_codes(engine: Engine, *, tree: str = "civil") -> set[str]:
    """Codes an import may use."""
    with reading(engine) as connection:
        return set(connection.scalars(select(areas_table.c.code).where(areas_table.c.tree == tree)))


def area_subtree(code: str) -> Select[Any]:
    """Ids of the civil area ``code`` and everything below it."""
    top = select(areas_table.c.id).where((areas_table.c.code == code) & (areas_table.c.tree == "civil"))
    below = top.cte("below", recursive=True)
    below = below.union_all(
        select(areas_table.c.id).join_from(areas_table, below, areas_table.c.parent_id == below.c.id)
    )
    return select(below.c.id)


def cameras(
    engine: Engine,
    *,
    area: str | None = None,
    facet: str = "online",
    state: str | None = None,
    reason: str | None = None,
    since: int | None = None,
) -> list[CameraState]:
    """The list behind every number, ordered by code.

    ``area``: code of a civil area, with all below it. ``state``, ``reason`` and ``since`` (answer changed at or after
    this µs UTC) filter by the answer of ``facet``. KeyError for a facet that is not kept.
    """
    with reading(engine) as connection:
        snapshot = load(connection, [POLICIES[f] for f in SPOKEN])
        rows = connection.execute(_camera_query(area)).all()
        judged = shots.judged(connection)
    facets = _facet_columns(snapshot)
    if facet not in facets:
        raise KeyError(facet)
    place = {int(number): at for at, number in enumerate(snapshot.camera_ids)}
    listed = [_sourced(_camera_state(row, place[row[0]], facets), judged) for row in rows]
    return [camera for camera in listed if _fits(camera.facets[facet], state, reason, since)]


def _camera_query(area: str | None) -> Select[Any]:
    camera, member = cameras_table.c, memberships.c
    columns = (
        camera.id,
        camera.code,
        camera.name,
        areas_table.c.code,
        camera.network,
        camera.status,
        member.expected,
    )
    query = (
        select(*columns)
        .join_from(cameras_table, areas_table, camera.area_id == areas_table.c.id)
        .join(memberships, (member.camera_id == camera.id) & member.valid_to.is_(None))
        .order_by(camera.code)
    )
    return query if area is None else query.where(camera.area_id.in_(area_subtree(area)))


def _facet_columns(snapshot: Snapshot) -> dict[str, tuple[list[int], list[int], list[int], list[int]]]:
    """Per facet: answer, since, reason, observed_at of every camera of the snapshot."""
    roads = Roads.build(snapshot.camera, len(snapshot.camera_ids))
    columns = {}
    for row, policy in enumerate(snapshot.states.policies):
        told = answers(snapshot.states, policy.facet, roads)
        newest = np.zeros(len(snapshot.camera_ids), dtype=np.int64)
        np.maximum.at(newest, snapshot.camera, snapshot.states.since[row])
        known = snapshot.camera_since[row]
        since = np.where(known > 0, known, newest)
        name = policy.facet.name.lower()
        columns[name] = (
            told.answer.tolist(),
            since.tolist(),
            told.reason.tolist(),
            told.observed_at.tolist(),
        )
    return columns


def _camera_state(
    row: Sequence[Any],
    at: int,
    facets: dict[str, tuple[list[int], list[int], list[int], list[int]]],
) -> CameraState:
    number, code, name, area_code, network, status_word, expected = row
    told = {
        facet: FacetState(ANSWER_NAMES[answer[at]], since[at], REASON_NAMES[reason[at]], observed[at])
        for facet, (answer, since, reason, observed) in facets.items()
    }
    return CameraState(number, code, name, area_code, network, status_word, bool(expected), told)


def _sourced(camera: CameraState, judged: dict[int, set[int]]) -> CameraState:
    """A picture seen at the moment of a snapshot was seen by it."""
    told = camera.facets.get("picture")
    if told is not None and told.observed_at in judged.get(camera.id, ()):
        camera.facets["picture"] = replace(told, source=SNAPSHOT)
    return camera


def _fits(answer: FacetState, state: str | None, reason: str | None, since: int | None) -> bool:
    return (
        (state is None or answer.state == state)
        and (reason is None or answer.reason == reason)
        and (since is None or answer.since >= since)
    )


def camera_code(engine: Engine, word: str) -> str | None:
    """Code of the camera with this code or this keyboard number (键盘编号); None = nobody, or several by number."""
    column = cameras_table.c
    with reading(engine) as connection:
        query = select(column.code).where((column.code == word) | (column.keyboard_no == word))
        found = list(connection.scalars(query))
    if word in found:
        return word
    return found[0] if len(found) == 1 and word else None


def targets(engine: Engine, *, probed: bool = True, code: str | None = None) -> list[EndpointTarget]:
    """Endpoints to dial, ascending id: the probed ones, or with ``probed=False`` every road; ``code`` one camera's."""
    column = endpoints.c
    columns = (
        column.id, column.camera_id, cameras_table.c.code, column.scheme, column.host, column.port, column.path,
        column.kind, column.stream, column.road, func.coalesce(column.device_id, 0),
        func.coalesce(column.credential_id, 0), func.coalesce(_SUB.c.path, ""),
        func.coalesce(media_facts.c.stream, len(STREAM_NAMES)),
        _SHOT.c.scheme, _SHOT.c.host, _SHOT.c.port, _SHOT.c.path, func.coalesce(_SHOT.c.credential_id, 0),
        cameras_table.c.vendor, column.channel,
    )  # fmt: skip
    beside = (
        (_SUB.c.camera_id == column.camera_id) & (_SUB.c.road == column.road) & (_SUB.c.kind == column.kind)
    )
    beside &= (_SUB.c.stream == SUB) & (column.stream == MAIN) & _SUB.c.retired_at.is_(None)
    beside &= (_SUB.c.scheme == column.scheme) & (_SUB.c.host == column.host) & (_SUB.c.port == column.port)
    query: Select[Any] = (
        select(*columns)
        .join_from(endpoints, cameras_table)
        .outerjoin(_SUB, beside)
        .outerjoin(media_facts, media_facts.c.endpoint_id == column.id)
        .outerjoin(_SHOT, _shot_of(column))
        .where(column.retired_at.is_(None))
    )
    if probed:
        query = query.where(column.probed)
    if code is not None:
        query = query.where(cameras_table.c.code == code)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(column.id)).all()
        refused = shots.refusals(connection)
    return [_target(row, refused) for row in rows]


def _shot_of(column: Any) -> Any:
    """The snapshot of the same camera by the same road."""
    same = (_SHOT.c.camera_id == column.camera_id) & (_SHOT.c.road == column.road)
    return same & (_SHOT.c.kind == "snapshot") & (_SHOT.c.stream == MAIN) & _SHOT.c.retired_at.is_(None)


def _target(row: Sequence[Any], refused: set[tuple[str, int]]) -> EndpointTarget:
    *own, stream, scheme, host, port, path, credential, vendor, channel = row
    known = Beside(scheme, host, port, path, credential) if scheme else None
    shot = NOWHERE
    if own[7] == "rtsp" and (known or vendor) and (own[4], own[11]) not in refused:
        shot = shots.address_of(own[4], own[5], own[11], known, vendor, channel, bool(own[10]))
    return EndpointTarget._make((*own, (*STREAM_NAMES, "")[stream], shot))


def secrets(engine: Engine, ids: Iterable[int] | None = None) -> dict[int, Secret]:
    """Credentials by id, still sealed; all of them for None."""
    query = select(credentials.c.id, credentials.c.username, credentials.c.secret)
    wanted = None if ids is None else frozenset(ids)
    with reading(engine) as connection:
        rows = [Secret(*row) for row in connection.execute(query)]
    return {row.id: row for row in rows if wanted is None or row.id in wanted}


def known_codes(engine: Engine) -> set[str]:
    """Codes of all cameras."""
    with reading(engine) as connection:
        return set(connection.scalars(select(cameras_table.c.code)))


def gaps_between(engine: Engine, start: int, end: int) -> list[Gap]:
    """When nobody looked within [start, end), by beginning."""
    column = gaps.c
    columns = (column.id, column.worker, column.scope, column.from_at, column.to_at, column.reason)
    touching = (column.from_at < end) & (column.to_at.is_(None) | (column.to_at > start))
    with reading(engine) as connection:
        return [
            Gap(*row) for row in connection.execute(select(*columns).where(touching).order_by(column.from_at))
        ]


def _open_gaps(connection: Connection, scope: str) -> tuple[Gap, ...]:
    column = gaps.c
    columns = (column.id, column.worker, column.scope, column.from_at, column.to_at, column.reason)
    query = select(*columns).where(column.to_at.is_(None) & column.scope.startswith(scope))
    return tuple(Gap(*row) for row in connection.execute(query.order_by(column.from_at, column.id)))


def corrections_between(engine: Engine, start: int, end: int) -> list[Correction]:
    """Late results of attempts begun within [start, end), by beginning: what a figure published before did not know."""
    one = corrections.c
    query = select(
        one.at, one.recorded_at, one.endpoint_id, one.camera_id, one.probe, one.outcome, one.reason, one.rule
    ).where((one.at >= start) & (one.at < end))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(*corrections.primary_key.columns)).all()
    return [
        Correction(
            at,
            at_hub,
            endpoint,
            camera,
            PROBE_NAMES[probe],
            Outcome(outcome).name.lower(),
            REASON_NAMES[reason],
            rule,
        )
        for at, at_hub, endpoint, camera, probe, outcome, reason, rule in rows
    ]


def history(engine: Engine, code: str, *, limit: int = 100) -> list[Flip]:
    """Changes of one camera's derived answers, newest stored first: walks their chains, a step a flip shown."""
    state = camera_states.c
    heads = select(state.camera_id, state.facet, state.flip_at).join_from(camera_states, cameras_table)
    found: list[tuple[Any, ...]] = []
    with reading(engine) as connection:
        for head in connection.execute(heads.where(cameras_table.c.code == code)).all():
            found += [tuple(row) for row in connection.execute(_chain(*head).limit(limit))]
    found.sort(key=lambda row: row[1:], reverse=True)
    return [_flip(row) for row in found[:limit]]


def _chain(camera: int, facet: int, at: int) -> Select[Any]:
    """Flips of a camera's answer for one facet, from the one at ``at`` back. Rows of one instant lead on together,
    and none comes twice, so it ends even where a clock went back."""
    one = flips.c
    columns = (
        one.prev_at, one.recorded_at, one.at, one.worker_id, one.epoch, one.seq, one.n,
        one.facet, one.old, one.new, one.reason, one.rule,
    )  # fmt: skip
    same = (one.camera_id == camera) & (one.facet == facet) & (one.endpoint_id == 0)
    chain = select(*columns).where(same & (one.at == at)).cte("chain", recursive=True)
    # LIMIT outside ends the walk: both databases take rows from a recursion as they are asked for
    return select(chain.union(select(*columns).join_from(chain, flips, same & (one.at == chain.c.prev_at))))


def _flip(row: Sequence[Any]) -> Flip:
    _, recorded_at, at, _, _, _, _, facet, old, new, reason, rule = row
    old_word, new_word = ANSWER_NAMES[old], ANSWER_NAMES[new]
    return Flip(at, recorded_at, Facet(facet).name.lower(), old_word, new_word, REASON_NAMES[reason], rule)


def status(engine: Engine) -> StatusFigures:
    """What ``status`` prints, in one go."""
    member, column = memberships.c, endpoints.c
    living = column.retired_at.is_(None)
    with reading(engine) as connection:
        return StatusFigures(
            cameras=_count(connection, select(func.count()).select_from(cameras_table)),
            expected=_count(
                connection, select(func.count()).where(member.valid_to.is_(None) & member.expected)
            ),
            endpoints=_count(connection, select(func.count()).where(living)),
            probed=_count(connection, select(func.count()).where(living & column.probed)),
            areas=_count(connection, select(func.count()).select_from(areas_table)),
            last_commit=last_commit(connection),
            last_alive=last_alive(connection),
            log_results=_count(connection, select(func.sum(evidence_log.c.n))),
            open_gaps=_count(connection, select(func.count()).where(gaps.c.to_at.is_(None))),
            blind=_open_gaps(connection, UPLINK_SCOPE),
            weather=_open_gaps(connection, WEATHER_SCOPE),
            database_bytes=_size(connection),
            schema=schema_of(connection) or "",
        )


def database_bytes(engine: Engine) -> int:
    """What the register takes on the disk of its server or of this machine."""
    with reading(engine) as connection:
        return _size(connection)


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.scalar(query) or 0)


def _size(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    file = Path(connection.engine.url.database or "")
    parts = [file, file.with_name(file.name + "-wal")]
    return sum(part.stat().st_size for part in parts if part.exists())


__all__ = [
    "Area", "CameraState", "Correction", "EndpointTarget", "FacetState", "Flip", "Gap", "Secret", "StatusFigures",
    "area_codes", "area_subtree", "areas", "areas_of", "camera_code", "cameras", "corrections_between", "gaps_between",
    "history", "known_codes", "secrets", "status", "targets",
]  # fmt: skip
