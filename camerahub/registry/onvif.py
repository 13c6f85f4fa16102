"""What ONVIF told, kept: identities with their drift, clocks, failures, and the roads a device offers.

What a person or a table set is never overwritten: empty fields are filled, anything else that differs is reported. What
the device said of itself before stands in ``changes`` (entity ``onvif``). Writes are for the one writer (``Store``
calls them within its transaction). Must not know: SOAP, sockets, which profile belongs to which camera.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, select, update

from camerahub.core.address import Address, AddressError, parse_address
from camerahub.core.offers import CLOCKS, Streams
from camerahub.registry import bulk
from camerahub.registry.engine import reading
from camerahub.registry.ledger import Ledger
from camerahub.registry.merge_roads import Wallet, merge_roads
from camerahub.registry.one import update_many, upsert_one
from camerahub.registry.queries import area_subtree
from camerahub.registry.rows import CameraRow, EndpointRow, Source
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import STATUSES, areas, cameras, credentials, endpoints
from camerahub.registry.tables import onvif_clocks as clocks_table
from camerahub.registry.tables import onvif_failures as failures
from camerahub.registry.tables import onvif_identities as identities

IDENTITY = ("maker", "model", "firmware", "serial", "hardware")
#: What ONVIF may fill in where the register holds nothing.
FILLED = ("vendor", "model")
CLOCK_DTYPE = np.dtype(
    [("endpoint_id", "i8"), ("at", "i8"), ("finding", "i2"), ("hours", "i2"), ("offset_ms", "i8")]
)
#: Endpoints that are stored under the names (kind, stream) for what a device offers.
_OFFERED = (("rtsp", "main", "main"), ("rtsp", "sub", "sub"), ("snapshot", "main", "snapshot"))
_PART = 500
Name = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class OnvifRoad:
    """One ONVIF endpoint of a camera in use. The secret is sealed; ``credential_id`` 0 = none; times µs UTC, 0 = never.

    ``paths``: of the RTSP streams the register knows of this camera. ``refused``: fingerprint of the login its service
    refused, ``failed_at``: when it did, or could not be enrolled for another reason ("").
    """

    endpoint: int
    camera: int
    code: str
    name: str
    area_code: str
    vendor: str
    scheme: str
    host: str
    port: int
    path: str
    channel: str
    road: str
    credential_id: int
    username: str
    secret: str = field(repr=False)
    version: str
    enrolled_at: int
    refused: str
    failed_at: int
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What one camera's device told. ``identity`` in the order of ``IDENTITY``; ``vendor`` its maker as the register
    writes makers; ``streams`` None where nothing says which are this camera's; ``own``: the device is
    the camera itself. What a recorder is says nothing of the maker of the cameras behind it."""

    road: OnvifRoad
    identity: tuple[str, ...]
    vendor: str
    streams: Streams | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    own: bool = True


@dataclass(slots=True)
class Learned:
    """What became of one enrolment: old and new of each field; ``added`` names of endpoints as "rtsp/main"."""

    code: str
    verdict: Literal["added", "changed", "unchanged"] = "unchanged"
    filled: dict[str, str] = field(default_factory=dict)
    differs: dict[str, tuple[str, str]] = field(default_factory=dict)
    drift: dict[str, tuple[str, str]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """The clock of one camera as last told; ``offset_ms`` None where it told none."""

    code: str
    name: str
    area_code: str
    host: str
    finding: str
    hours: int
    offset_ms: int | None
    at: int


# --- reads ------------------------------------------------------------------------------------------------------------


def roads(engine: Engine, area: str | None = None) -> list[OnvifRoad]:
    """The ONVIF endpoints of cameras in use, of an area with all below it or (None) everywhere; ascending id."""
    column, owner, card = endpoints.c, cameras.c, credentials.c
    columns = (
        column.id, owner.id, owner.code, owner.name, areas.c.code, owner.vendor, column.scheme, column.host,
        column.port, column.path, column.channel, column.road, func.coalesce(card.id, 0),
        func.coalesce(card.username, ""), func.coalesce(card.secret, ""), func.coalesce(card.fingerprint, ""),
        func.coalesce(identities.c.enrolled_at, 0), func.coalesce(failures.c.version, ""),
        func.coalesce(failures.c.at, 0),
    )  # fmt: skip
    query = (
        _in_use(select(*columns), area)
        .outerjoin(credentials, column.credential_id == card.id)
        .outerjoin(identities, identities.c.endpoint_id == column.id)
        .outerjoin(failures, failures.c.endpoint_id == column.id)
    )
    with reading(engine) as connection:
        paths = _paths(connection)
        rows = connection.execute(query.order_by(column.id)).all()
    return [OnvifRoad(*(*row, tuple(paths.get(row[1], ())))) for row in rows]


def _in_use(query: Select[Any], area: str | None) -> Select[Any]:
    counted = [status for status, (expected, *_) in STATUSES.items() if expected]
    query = (
        query.join_from(endpoints, cameras, endpoints.c.camera_id == cameras.c.id)
        .join(areas, cameras.c.area_id == areas.c.id)
        .where(endpoints.c.kind == "onvif", endpoints.c.retired_at.is_(None), endpoints.c.host != "")
        .where(cameras.c.status.in_(counted))
    )
    return query if area is None else query.where(cameras.c.area_id.in_(area_subtree(area)))


def _paths(connection: Connection) -> dict[int, list[str]]:
    """Stream paths by camera."""
    column = endpoints.c
    found: dict[int, list[str]] = defaultdict(list)
    query = select(column.camera_id, column.path).where(column.kind == "rtsp", column.path != "")
    for camera, path in connection.execute(query):
        found[camera].append(path)
    return found


def stored_clocks(engine: Engine, area: str | None = None) -> list[ClockRow]:
    """The clocks of cameras in use as last told, by code."""
    clock = clocks_table.c
    columns = (
        cameras.c.code, cameras.c.name, areas.c.code, endpoints.c.host, clock.finding, clock.hours, clock.offset_ms,
        clock.at,
    )  # fmt: skip
    query = _in_use(select(*columns), area).join(clocks_table, clock.endpoint_id == endpoints.c.id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(cameras.c.code, endpoints.c.id)).all()
    return [_clock(row) for row in rows]


def _clock(row: Sequence[Any]) -> ClockRow:
    code, name, area_code, host, finding, hours, offset_ms, at = row
    word = CLOCKS[finding]
    return ClockRow(code, name, area_code, host, word, hours, None if word == "untold" else offset_ms, at)


# --- writes -----------------------------------------------------------------------------------------------------------


def keep_clocks(connection: Connection, rows: NDArray[np.void]) -> None:
    """Set the clocks of endpoints, CLOCK_DTYPE (N,), each endpoint once."""
    bulk.upsert(connection, clocks_table, rows)


def keep_failures(connection: Connection, versions: Mapping[int, str], now: int) -> None:
    """These endpoints could not be enrolled; the fingerprint of the login they refused, "" where it was not that."""
    for endpoint, version in versions.items():
        upsert_one(connection, failures, {"endpoint_id": endpoint, "version": version, "at": now})


def keep(
    connection: Connection, keys: KeyRing | None, told: Sequence[Enrolment], who: str, now: int
) -> list[Learned]:
    """Store what these devices told of these cameras, each camera once; what became of it, in the same order."""
    ledger = Ledger()
    learned = {one.road.camera: Learned(one.road.code) for one in told}
    _keep_identities(connection, ledger, told, learned, now)
    expected = _fill(connection, ledger, told, learned, now)
    _add_roads(connection, keys, ledger, told, learned, expected, now)
    if ledger.rows:
        ledger.write(connection, [one.road.code for one in told], Source(who, "onvif", "onvif"), now)
    return list(learned.values())


def _keep_identities(
    connection: Connection,
    ledger: Ledger,
    told: Sequence[Enrolment],
    learned: Mapping[int, Learned],
    now: int,
) -> None:
    column = identities.c
    numbers = [one.road.endpoint for one in told]
    rows = _among(
        connection,
        select(column.endpoint_id, *(column[name] for name in IDENTITY)),
        column.endpoint_id,
        numbers,
    )
    before = {row[0]: tuple(row[1:]) for row in rows}
    new: list[tuple[Any, ...]] = []
    same: list[dict[str, Any]] = []
    other: list[dict[str, Any]] = []
    for one in told:
        endpoint, mine, old = one.road.endpoint, learned[one.road.camera], before.get(one.road.endpoint)
        if old is None:
            mine.verdict = "added"
            new.append((endpoint, *one.identity, now, now))
            continue
        if old == one.identity:
            same.append({"of": endpoint})
            continue
        mine.verdict = "changed"
        named = zip(IDENTITY, old, one.identity, strict=True)
        mine.drift = {name: (was, is_now) for name, was, is_now in named if was != is_now}
        for name, (was, is_now) in mine.drift.items():
            ledger.change("onvif", one.road.code, name, was, is_now)
        other.append({"of": endpoint} | {f"new_{n}": v for n, v in zip(IDENTITY, one.identity, strict=True)})
    bulk.add(connection, identities, ("endpoint_id", *IDENTITY, "enrolled_at", "changed_at"), new)
    again = update(identities).where(column.endpoint_id == bindparam("of")).values(enrolled_at=now)
    if same:
        connection.execute(again, same)
    if other:
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in IDENTITY}
        connection.execute(again.values(changed_at=now, **changed), other)
    for start in range(0, len(numbers), _PART):
        let_in = failures.c.endpoint_id.in_(numbers[start : start + _PART])
        connection.execute(delete(failures).where(let_in))


def _among(
    connection: Connection, query: Select[Any], column: Any, numbers: Sequence[int]
) -> Iterable[Sequence[Any]]:
    for start in range(0, len(numbers), _PART):
        yield from connection.execute(query.where(column.in_(numbers[start : start + _PART])))


def _fill(
    connection: Connection,
    ledger: Ledger,
    told: Sequence[Enrolment],
    learned: Mapping[int, Learned],
    now: int,
) -> dict[int, bool]:
    """Fill empty fields, report the others; whether each camera counts, by id."""
    column = cameras.c
    query = select(column.id, column.status, *(column[name] for name in FILLED))
    rows = {row[0]: row for row in _among(connection, query, column.id, list(learned))}
    changed: list[tuple[int, dict[str, Any]]] = []
    for one in told:
        if not one.own:
            continue
        mine, row = learned[one.road.camera], rows[one.road.camera]
        offered = {"vendor": one.vendor, "model": one.identity[IDENTITY.index("model")]}
        for name, has in zip(FILLED, row[2:], strict=True):
            if has and offered[name] and has.casefold() != offered[name].casefold():
                mine.differs[name] = (has, offered[name])
            elif offered[name] and not has:
                mine.filled[name] = offered[name]
                ledger.change("camera", one.road.code, name, "", offered[name])
        if mine.filled:
            changed.append((row[0], {**mine.filled, "changed_at": now}))
    update_many(connection, cameras, changed)
    return {number: STATUSES[row[1]][0] for number, row in rows.items()}


def _add_roads(
    connection: Connection,
    keys: KeyRing | None,
    ledger: Ledger,
    told: Sequence[Enrolment],
    learned: Mapping[int, Learned],
    expected: Mapping[int, bool],
    now: int,
) -> None:
    """Endpoints the register does not have; where it has another address, that is only reported."""
    column = endpoints.c
    query = select(column.camera_id, column.kind, column.stream, column.road, column.path)
    known = {tuple(row[:4]): row[4] for row in _among(connection, query, column.camera_id, list(learned))}
    rows: list[CameraRow] = []
    for one in told:
        mine = learned[one.road.camera]
        wanted = [road for road in offered(one) if _is_missing(mine, one, road, known)]
        mine.added = [f"{road.kind}/{road.stream}" for road in wanted]
        if wanted:
            rows.append(CameraRow(one.road.code, one.road.name, one.road.area_code, endpoints=wanted))
        if mine.verdict == "unchanged" and (mine.added or mine.filled):
            mine.verdict = "changed"
    if rows:
        ids = {one.road.code: one.road.camera for one in told}
        counted = {ids[row.code]: expected[ids[row.code]] for row in rows}
        merge_roads(connection, ledger, Wallet.open(connection, keys), rows, ids, counted, {}, now)


def _is_missing(mine: Learned, one: Enrolment, road: EndpointRow, known: Mapping[Any, str]) -> bool:
    has = known.get((one.road.camera, road.kind, road.stream, road.road))
    if has is None:
        return True
    if road.kind == "rtsp" and has != road.path:
        mine.differs[f"{road.kind}/{road.stream}"] = (has, road.path)
    return False


def offered(one: Enrolment) -> list[EndpointRow]:
    """The endpoints one device offers for its camera, at the host the register dials, with the login that was used."""
    if one.streams is None:
        return []
    found = []
    for kind, stream, name in _OFFERED:
        url: str = getattr(one.streams, name)
        at = _address(url, ("rtsp", "rtsps") if kind == "rtsp" else ("http", "https"))
        if at is not None:
            road = EndpointRow(kind, stream, one.road.road, at.scheme, one.road.host, at.port, at.path)
            road.username, road.password = one.username or None, one.password or None
            found.append(road)
    return found


def _address(url: str, schemes: tuple[str, ...]) -> Address | None:
    """What a device tells need not be an address that the register takes."""
    try:
        return parse_address(url, schemes) if url else None
    except AddressError:
        return None
