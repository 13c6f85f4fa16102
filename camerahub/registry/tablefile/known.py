"""What the register already knows, read in bulk for a chunk of rows; and whole cameras for export.

Reads only; writes go through the store. Must not know files or profiles.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from camerahub.registry.bulk import fetch
from camerahub.registry.tables import areas, cameras, credentials, devices, endpoints

_CHUNK = 500
#: Asking for one row in so many costs as much as reading all.
_WORTH = 4


@dataclass(slots=True)
class KnownEndpoint:
    """An endpoint as stored, never with its secret."""

    kind: str
    stream: str
    road: str
    scheme: str
    host: str
    port: int
    path: str
    channel: str
    via: str
    username: str


@dataclass(slots=True)
class Known:
    """A camera as stored: every column of ``cameras`` by name, its area, what is in ``extra``, its endpoints."""

    columns: dict[str, Any]
    area_code: str
    extra: dict[str, Any]
    endpoints: list[KnownEndpoint] = field(default_factory=list)

    def endpoint(self, kind: str, stream: str = "main") -> KnownEndpoint | None:
        """The first endpoint of that kind and stream."""
        return next((one for one in self.endpoints if (one.kind, one.stream) == (kind, stream)), None)


@dataclass(slots=True)
class Places:
    """Areas and devices of the whole register, and codes that begin with a zero."""

    areas: set[str]
    police: set[str]
    by_name: dict[str, list[str]]
    devices: dict[str, tuple[str, int, str]]
    zero_codes: dict[str, str]


def read_places(connection: Connection) -> Places:
    """Everything a row can refer to by code or name."""
    civil: set[str] = set()
    police: set[str] = set()
    by_name: dict[str, list[str]] = defaultdict(list)
    for tree, code, name in connection.execute(select(areas.c.tree, areas.c.code, areas.c.name)):
        (civil if tree == "civil" else police).add(code)
        if tree == "civil":
            by_name[name].append(code)
    wanted = select(devices.c.code, devices.c.host, devices.c.port, devices.c.vendor)
    found = {code: (host, port, vendor) for code, host, port, vendor in connection.execute(wanted)}
    zeros = connection.execute(select(cameras.c.code).where(cameras.c.code.startswith("0"))).scalars()
    return Places(
        civil, police, by_name, found, {code.lstrip("0"): code for code in zeros if code.isdecimal()}
    )


def read_known(connection: Connection, codes: Iterable[str]) -> dict[str, Known]:
    """Cameras by code with their endpoints."""
    found: dict[str, Known] = {}
    query = select(areas.c.code, cameras).join_from(cameras, areas, areas.c.id == cameras.c.area_id)
    names = tuple(cameras.c.keys())
    for part in _parts(connection, codes):
        by_id: dict[int, Known] = {}
        asked = query if part.whole else query.where(cameras.c.code.in_(part.values))
        for area, *row in fetch(connection, asked):
            columns = dict(zip(names, row, strict=True))
            if part.whole and columns["code"] not in part.values:
                continue
            known = Known(columns, area, _extra(columns.pop("extra")))
            by_id[columns["id"]] = found[columns["code"]] = known
        _add_endpoints(connection, by_id, whole=part.whole)
    return found


def _extra(text: str) -> dict[str, Any]:
    if text in ("", "{}"):
        return {}
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


def _add_endpoints(connection: Connection, by_id: dict[int, Known], *, whole: bool) -> None:
    e = endpoints.c
    query = (
        select(
            e.camera_id,
            e.kind,
            e.stream,
            e.road,
            e.scheme,
            e.host,
            e.port,
            e.path,
            e.channel,
            func.coalesce(devices.c.code, ""),
            func.coalesce(credentials.c.username, ""),
        )
        .outerjoin(devices, devices.c.id == e.device_id)
        .outerjoin(credentials, credentials.c.id == e.credential_id)
        .where(e.retired_at.is_(None))
        .order_by(e.id)
    )
    for camera, *rest in fetch(connection, query if whole else query.where(e.camera_id.in_(by_id))):
        if camera in by_id:
            by_id[camera].endpoints.append(KnownEndpoint(*rest))


def read_addresses(
    connection: Connection, hosts: Iterable[str]
) -> dict[tuple[str, int, str, str], list[str]]:
    """(host, port, path, channel) of main RTSP streams on ``hosts`` -> codes of their cameras."""
    e = endpoints.c
    found: dict[tuple[str, int, str, str], list[str]] = defaultdict(list)
    query = select(e.host, e.port, e.path, e.channel, cameras.c.code)
    query = query.join(cameras, cameras.c.id == e.camera_id)
    query = query.where(e.kind == "rtsp", e.stream == "main", e.retired_at.is_(None), e.host != "")
    for part in _parts(connection, hosts):
        asked = query if part.whole else query.where(e.host.in_(part.values))
        for host, port, path, channel, code in fetch(connection, asked):
            if host in part.values:
                found[host, port, path, channel].append(code)
    return found


def all_cameras(connection: Connection) -> Iterator[Known]:
    """Every camera by code, in bounded portions."""
    codes = list(connection.execute(select(cameras.c.code).order_by(cameras.c.code)).scalars())
    for at in range(0, len(codes), _CHUNK):
        yield from read_known(connection, codes[at : at + _CHUNK]).values()


@dataclass(frozen=True, slots=True)
class _Part:
    """``values`` to ask for; ``whole``: all at once, for they are a good part of the register."""

    values: frozenset[str]
    whole: bool


def _parts(connection: Connection, values: Iterable[str]) -> Iterator[_Part]:
    rest = list(values)
    if len(rest) > _CHUNK:
        stored = connection.scalar(select(func.count()).select_from(cameras)) or 0
        if len(rest) * _WORTH >= stored:
            yield _Part(frozenset(rest), whole=True)
            return
    for at in range(0, len(rest), _CHUNK):
        yield _Part(frozenset(rest[at : at + _CHUNK]), whole=False)
