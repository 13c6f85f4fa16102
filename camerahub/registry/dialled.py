"""What we dialled at one camera: every attempt still told one by one, counts of the hours before, logins, silences.

Whoever is asked why a camera misbehaved must be able to show what was sent to it, and what was not. One call answers it
for a page, a command and a complaint alike; it reads, it never opens a secret. Must not know: who asks, and how answers
are written.

What stands where: the evidence log keeps single attempts until the hub folds them into ``camera_days`` (hours), so an
attempt is either here or counted there, never both.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, Engine, select

from camerahub.core.address import device_address
from camerahub.core.guard_rows import NEVER, Login
from camerahub.core.result import (
    CODEC_NAMES,
    PROBE_NAMES,
    REASON_NAMES,
    STREAM_NAMES,
    Facet,
    Outcome,
    kinds_of,
)
from camerahub.core.stand_in import FRESHNESS
from camerahub.core.uplinks import UPLINK_SCOPE, UplinkMap
from camerahub.core.weather import WEATHER_SCOPE
from camerahub.registry import evidence
from camerahub.registry.engine import reading
from camerahub.registry.pauses import SCOPES
from camerahub.registry.tables import (
    camera_days,
    devices,
    endpoints,
    evidence_log,
    gaps,
    guards,
    media_facts,
    pauses,
    snapshots,
    workers,
)
from camerahub.registry.tables import cameras as cameras_table

#: Attempts told one by one at most; what is left out is counted.
MOST_ATTEMPTS = 10_000
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class DialledRoad:
    """One endpoint of the camera, retired ones too; ``host`` "" = no address. Never a credential."""

    endpoint: int
    kind: str
    stream: str
    road: str
    host: str
    port: int
    probed: bool
    retired: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: begun at ``at``, stored at ``recorded_at``, µs UTC; by prober ``worker``."""

    at: int
    recorded_at: int
    endpoint: int
    worker: str
    probe: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class HourLooks:
    """How often one local hour's attempts spoke of one facet, and the last reason. ``at`` its begin, µs UTC.

    A probe that speaks of several facets is counted in each of them: sums over facets are not attempts.
    """

    at: int
    facet: str
    ok: int
    fault: int
    unknown: int
    reason: str


@dataclass(frozen=True, slots=True)
class LoginAtDevice:
    """One login at a device address and how it stands; times µs UTC, 0 = never. The password is not here.

    ``state``: name of ``core.guard_rows.Login`` in lower case, as stored (a login on its way is ``trying``).
    """

    address: str
    user: str
    state: str
    tries: int
    tried_at: int
    proven_at: int
    refused_at: int
    locked_until: int


@dataclass(frozen=True, slots=True)
class Silence:
    """[from_at, to_at) in which nobody looked; ``to_at`` None = still. ``kind`` hub, worker, uplink or pause.

    ``subject``: the prober, its uplink (``prober uplink``), or what was paused; ``certain`` False where the log is too
    short to say that this prober watches this camera. ``who``: by whose order (pauses).
    """

    from_at: int
    to_at: int | None
    kind: str
    subject: str
    reason: str
    who: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class MediaSeen:
    """What the last conversation about media learned of one endpoint; units as in ``core.result.MediaFacts``."""

    endpoint: int
    at: int
    stream: str
    codec: str
    received: int
    key_bytes: int
    bit_rate: int
    width: int
    height: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShotSeen:
    """The last snapshot taken in place of one endpoint's stream; times µs UTC.

    ``fresh`` "" = nobody can tell, fresh or stale; ``judged_at`` of the last one that counted, 0 = none; ``refused``:
    it was refused to our login, and is not asked for again.
    """

    endpoint: int
    at: int
    fresh: str
    judged_at: int
    refused: bool


@dataclass(frozen=True, slots=True)
class Dialled:
    """The whole answer, each part newest first. ``since`` and ``until`` (None = now) bound it, µs UTC.

    ``log_from``: since when attempts are told one by one, 0 = the log is empty; ``left_out``: older attempts of the log
    beyond ``MOST_ATTEMPTS``.
    """

    code: str
    name: str
    since: int
    until: int | None
    log_from: int
    left_out: int
    roads: tuple[DialledRoad, ...]
    attempts: tuple[Attempt, ...]
    hours: tuple[HourLooks, ...]
    logins: tuple[LoginAtDevice, ...]
    silences: tuple[Silence, ...]
    media: tuple[MediaSeen, ...]
    shots: tuple[ShotSeen, ...] = ()


def dialled(
    engine: Engine,
    code: str,
    *,
    since: int,
    until: int | None = None,
    zone: ZoneInfo,
    uplinks: UplinkMap | None = None,
    most: int = MOST_ATTEMPTS,
) -> Dialled | None:
    """What we dialled at the camera ``code`` within [since, until), µs UTC, ``until`` None = no bound (the hub's clock
    may run before ours); None for a code nobody knows.

    ``zone``: of the register, whose hours are counted. ``uplinks``: as configured, to tell which line leads to it;
    None = a blind line counts as perhaps its own. One transaction; the log is read once.
    """
    end = NEVER if until is None else until
    with reading(engine) as connection:
        column = cameras_table.c
        found = connection.execute(select(column.id, column.name).where(column.code == code)).first()
        if found is None:
            return None
        camera, name = found
        roads = _roads(connection, camera)
        attempts, left_out = _attempts(connection, [road.endpoint for road in roads], since, end, most)
        watchers = frozenset(attempt.worker for attempt in attempts)
        hosts = {road.host for road in roads if road.host}
        lines = {uplinks.uplinks[uplinks.of(host)].name for host in hosts} if uplinks is not None else set()
        silences = [
            *_gaps(connection, since, end, watchers, lines),
            *_pauses(connection, camera, since, end),
        ]
        return Dialled(
            code,
            name,
            since,
            until,
            _log_from(connection),
            left_out,
            roads,
            attempts,
            _hours(connection, camera, since, end, zone),
            _logins(connection, hosts),
            tuple(sorted(silences, key=lambda one: (one.from_at, one.kind, one.subject), reverse=True)),
            _media(connection, camera),
            _shots(connection, camera),
        )


def _roads(connection: Connection, camera: int) -> tuple[DialledRoad, ...]:
    column = endpoints.c
    query = select(
        column.id, column.kind, column.stream, column.road, column.host, column.port, column.probed, column.retired_at
    ).where(column.camera_id == camera)  # fmt: skip
    return tuple(
        DialledRoad(*row[:6], bool(row[6]), row[7] is not None)
        for row in connection.execute(query.order_by(column.id))
    )


# --- single attempts -------------------------------------------------------------------------------------------------


def _attempts(
    connection: Connection, ids: Sequence[int], since: int, until: int, most: int
) -> tuple[tuple[Attempt, ...], int]:
    """The newest ``most`` attempts at endpoints ``ids``, and how many more there are."""
    names: dict[int, str] = {
        row[0]: row[1] for row in connection.execute(select(workers.c.id, workers.c.name))
    }
    kept: list[tuple[int, int, Attempt]] = []
    total = 0
    for attempt in _logged(connection, ids, since, until, names):
        total += 1
        entry = (attempt.at, total, attempt)
        if len(kept) < most:
            heapq.heappush(kept, entry)
        elif kept:
            heapq.heappushpop(kept, entry)
    return tuple(attempt for _, _, attempt in sorted(kept, reverse=True)), total - len(kept)


def _logged(
    connection: Connection, ids: Sequence[int], since: int, until: int, names: Mapping[int, str]
) -> Iterator[Attempt]:
    """Attempts of the log, in its order."""
    wanted = np.array(ids, dtype=np.int64)
    column = evidence_log.c
    # an attempt begins before it is stored: rows stored before ``since`` hold nothing of it
    query = select(column.at, column.worker_id, column.data).where(column.at >= since).order_by(column.id)
    for at, worker, data in connection.execute(query.execution_options(yield_per=100)):
        rows = evidence.decode(data, at)
        rows = evidence.believed(rows[np.isin(rows["endpoint"], wanted)], at)
        for endpoint, began, probe, outcome, reason in rows.tolist():
            if since <= began < until:
                yield Attempt(
                    began,
                    at,
                    endpoint,
                    names.get(worker, ""),
                    PROBE_NAMES[probe],
                    Outcome(outcome).name.lower(),
                    REASON_NAMES[reason],
                )


def _log_from(connection: Connection) -> int:
    oldest = select(evidence_log.c.at).order_by(evidence_log.c.id).limit(1)
    return int(connection.scalar(oldest) or 0)


# --- hours -----------------------------------------------------------------------------------------------------------


def _hours(
    connection: Connection, camera: int, since: int, until: int, zone: ZoneInfo
) -> tuple[HourLooks, ...]:
    """Folded hours that touch [since, until), newest first."""
    column = camera_days.c
    first, last = _day(since, zone), _day(until, zone) if until < NEVER else 99999999
    query = select(column.day, column.facet, column.data).where(
        (column.camera_id == camera) & column.day.between(first, last)
    )
    found: list[HourLooks] = []
    for day, facet, data in connection.execute(query.order_by(column.day.desc(), column.facet)):
        hours = np.frombuffer(data, evidence.HOUR_DTYPE)
        for hour in np.flatnonzero(hours["last"]).tolist():
            at = _hour_at(day, hour, zone)
            if at + timedelta(hours=1) // _US > since and at < until:
                ok, fault, unknown, _, reason = hours[hour].tolist()
                found.append(
                    HourLooks(at, Facet(facet).name.lower(), ok, fault, unknown, REASON_NAMES[reason])
                )
    return tuple(sorted(found, key=lambda one: -one.at))


def _day(at: int, zone: ZoneInfo) -> int:
    day, _, _ = evidence.local_hours(np.array([at], dtype=np.int64), zone)
    return int(day[0])


def _hour_at(day: int, hour: int, zone: ZoneInfo) -> int:
    begin = datetime(day // 10_000, day // 100 % 100, day % 100, hour, tzinfo=zone)
    return round(begin.timestamp()) * 1_000_000


# --- logins ----------------------------------------------------------------------------------------------------------


def _logins(connection: Connection, hosts: set[str]) -> tuple[LoginAtDevice, ...]:
    """The guard's rows at these addresses: the one tried last first."""
    column = guards.c
    query = select(
        column.address, column.username, column.state, column.permit, column.tries, column.tried_at,
        column.proven_at, column.refused_at, column.locked_until,
    ).where(column.address.in_(sorted({device_address(host) for host in hosts})))  # fmt: skip
    rows = connection.execute(query.order_by(column.tried_at.desc(), column.id.desc()))
    return tuple(
        LoginAtDevice(address, user, (Login.TRYING if permit else Login(state)).name.lower(), *rest)
        for address, user, state, permit, *rest in rows
    )


# --- when nobody looked ----------------------------------------------------------------------------------------------


def _gaps(
    connection: Connection, since: int, until: int, watchers: frozenset[str], lines: set[str]
) -> Iterator[Silence]:
    """Gaps that concern the camera: of the hub, of the probers seen at it, of the uplink that leads to it."""
    column = gaps.c
    touching = (column.from_at < until) & (column.to_at.is_(None) | (column.to_at > since))
    touching &= ~column.scope.startswith(WEATHER_SCOPE)  # then somebody looked
    query = select(column.worker, column.scope, column.from_at, column.to_at, column.reason).where(touching)
    for worker, scope, start, end, reason in connection.execute(query):
        if scope == "all":
            yield Silence(start, end, "hub", worker, reason)
            continue
        certain = worker in watchers
        if watchers and not certain:
            continue
        if not scope.startswith(UPLINK_SCOPE):
            yield Silence(start, end, "worker", worker, reason, certain=certain)
            continue
        line = scope.removeprefix(UPLINK_SCOPE)
        if not lines or line in lines:
            yield Silence(start, end, "uplink", f"{worker} {line}", reason, certain=certain and bool(lines))


def _pauses(connection: Connection, camera: int, since: int, until: int) -> Iterator[Silence]:
    """Pauses of people that covered the camera, as the register groups it now."""
    column = pauses.c
    touching = (column.from_at < until) & (column.to_at.is_(None) | (column.to_at > since))
    query = select(column.scope, column.value, column.from_at, column.to_at, column.reason, column.who)
    rows = connection.execute(query.where(touching)).all()
    scopes = {(row.scope, row.value) for row in rows}
    covering = {one for one in scopes if _covers(connection, *one, camera)}
    for scope, value, start, end, reason, who in rows:
        if (scope, value) in covering:
            yield Silence(start, end, "pause", f"{scope} {value}".strip(), reason, who)


def _covers(connection: Connection, scope: str, value: str, camera: int) -> bool:
    query = (
        select(endpoints.c.id)
        .join_from(endpoints, cameras_table)
        .outerjoin(devices, endpoints.c.device_id == devices.c.id)
        .where(endpoints.c.camera_id == camera, SCOPES[scope](value))
    )
    return connection.execute(query.limit(1)).first() is not None


# --- media -----------------------------------------------------------------------------------------------------------


def _media(connection: Connection, camera: int) -> tuple[MediaSeen, ...]:
    column = media_facts.c
    query = (
        select(
            column.endpoint_id, column.at, column.stream, column.codec, column.received, column.key_bytes,
            column.bit_rate, column.width, column.height, column.faults,
        )
        .join_from(media_facts, endpoints, column.endpoint_id == endpoints.c.id)
        .where(endpoints.c.camera_id == camera)
    )  # fmt: skip
    rows = connection.execute(query.order_by(column.at.desc(), column.endpoint_id)).all()
    return tuple(_seen(row) for row in rows)


def _shots(connection: Connection, camera: int) -> tuple[ShotSeen, ...]:
    column = snapshots.c
    query = (
        select(column.endpoint_id, column.at, column.fresh, column.judged_at, column.refused_to)
        .join_from(snapshots, endpoints, column.endpoint_id == endpoints.c.id)
        .where(endpoints.c.camera_id == camera)
    )
    rows = connection.execute(query.order_by(column.at.desc(), column.endpoint_id)).all()
    return tuple(ShotSeen(row[0], row[1], FRESHNESS[row[2]], row[3], bool(row[4])) for row in rows)


def _seen(row: Sequence[Any]) -> MediaSeen:
    endpoint, at, stream, codec, received, key_bytes, bit_rate, width, height, faults = row
    sizes = (received, key_bytes, bit_rate, width, height)
    return MediaSeen(endpoint, at, STREAM_NAMES[stream], CODEC_NAMES[codec], *sizes, kinds_of(faults))
