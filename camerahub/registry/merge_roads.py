"""Endpoints and their credentials into the register.

A credential is a (user, password) pair, found again by its keyed fingerprint: the same password changes nothing and
no old password has to be opened to compare. Which endpoints are probed is decided here, so that the answer of a
camera does not depend on how many streams it has. Must not know: files and columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import bulk
from camerahub.registry.ledger import Ledger
from camerahub.registry.one import update_many
from camerahub.registry.rows import CameraRow, EndpointRow
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import credentials, endpoints

_NAME = ("camera_id", "kind", "stream", "road")
_SET = ("scheme", "host", "port", "path", "channel", "device_id", "credential_id")
_READ = ("id", *_SET, "retired_at", "probed", *_NAME)
_AT = {name: at for at, name in enumerate(_READ)}
#: So few cameras are asked for by id; for more the whole table is read.
_FEW = 500
Name = tuple[int, str, str, str]


@dataclass(slots=True)
class Wallet:
    """Credentials of the register by fingerprint; new ones are collected and sealed together."""

    connection: Connection
    keys: KeyRing | None
    by_fingerprint: dict[str, int]
    usernames: dict[int, str]
    fresh: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    _marks: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, connection: Connection, keys: KeyRing | None) -> Wallet:
        """What is stored; nothing is decrypted."""
        column = credentials.c
        rows = bulk.fetch(connection, select(column.id, column.username, column.fingerprint))
        return cls(connection, keys, {row[2]: row[0] for row in rows}, {row[0]: row[1] for row in rows})

    def wanted(self, row: EndpointRow, current: int | None) -> str | None:
        """Fingerprint of the credential an endpoint shall have; None = the one it has."""
        if not row.username and not row.password:
            return None
        username = row.username or self._username(current)
        if not row.password and current is not None and username == self._username(current):
            return None
        pair = (username, row.password or self._password(current))
        mark = self._marks.get(pair)
        if mark is None:
            mark = self._marks[pair] = self._mark(*pair)
        return mark

    def _mark(self, username: str, password: str) -> str:
        if self.keys is None:
            raise EnvironmentFault("register.key_needed")
        mark = self.keys.fingerprint(username, password)
        if mark not in self.by_fingerprint:
            self.fresh[mark] = (username, password)
        return mark

    def _username(self, current: int | None) -> str:
        return "" if current is None else self.usernames[current]

    def _password(self, current: int | None) -> str:
        if current is None:
            return ""
        if self.keys is None:
            raise EnvironmentFault("register.key_needed")
        query = select(credentials.c.secret).where(credentials.c.id == current)
        return self.keys.decrypt(self.connection.execute(query).scalar_one(), current)

    def seal(self, now: int) -> None:
        """Store the new credentials. Their ids are part of the seal."""
        if not self.fresh or self.keys is None:
            return
        numbers = bulk.new_ids(self.connection, credentials, len(self.fresh))
        rows = []
        for number, (mark, (username, password)) in zip(numbers, self.fresh.items(), strict=True):
            rows.append((number, username, self.keys.encrypt(password, number), mark, now))
            self.by_fingerprint[mark] = number
        names = ("id", "username", "secret", "fingerprint", "created_at")
        bulk.add(self.connection, credentials, names, rows)
        self.fresh.clear()
        self._marks.clear()


@dataclass(slots=True)
class _Road:
    """One endpoint as far as it decides which of its camera's is probed."""

    number: int
    usable: bool
    probed: bool = False
    is_new: bool = False


def merge_roads(
    connection: Connection,
    ledger: Ledger,
    wallet: Wallet,
    rows: Sequence[CameraRow],
    camera_ids: Mapping[str, int],
    expected: Mapping[int, bool],
    device_ids: Mapping[str, int],
    now: int,
) -> None:
    """Add or change the endpoints of ``rows``, then decide which are probed.

    ``camera_ids`` and ``expected`` (does it count, by id) speak of the cameras of ``rows``.
    """
    stored = _stored(connection, expected)
    wanted = {
        (camera_ids[row.code], road.kind, road.stream, road.road): (row.code, road)
        for row in rows
        for road in row.endpoints
    }
    marks = {
        name: wallet.wanted(road, stored[name][_AT["credential_id"]] if name in stored else None)
        for name, (_, road) in wanted.items()
    }
    wallet.seal(now)
    roads = {name: _road(name, row) for name, row in stored.items()}
    new: dict[Name, tuple[Any, ...]] = {}
    changed: list[tuple[int, dict[str, Any]]] = []
    for name, (code, road) in wanted.items():
        values, old = _values(road, marks[name], wallet, device_ids), stored.get(name)
        if old is None:
            ledger.change("endpoint", code, "/".join(name[1:]), None, f"{road.host}:{road.port}")
            new[name] = values
        elif differs := _differing(ledger, code, old, values):
            changed.append((old[0], differs))
            roads[name].usable = _usable(name, road.host, old[_AT["retired_at"]])
    _write(connection, roads, new, changed, expected, now)


def _values(
    road: EndpointRow, mark: str | None, wallet: Wallet, device_ids: Mapping[str, int]
) -> tuple[Any, ...]:
    """In the order of ``_SET``."""
    credential = None if mark is None else wallet.by_fingerprint[mark]
    via = device_ids[road.via] if road.via else None
    return road.scheme, road.host, road.port, road.path, road.channel, via, credential


def _stored(connection: Connection, expected: Mapping[int, bool]) -> dict[Name, tuple[Any, ...]]:
    """Endpoints of the cameras of this import."""
    query = select(*(endpoints.c[name] for name in _READ))
    if len(expected) <= _FEW:
        query = query.where(endpoints.c.camera_id.in_(list(expected)))
    rows = bulk.fetch(connection, query)
    return {row[-4:]: row for row in rows if row[-4] in expected}


def _differing(ledger: Ledger, code: str, old: tuple[Any, ...], values: tuple[Any, ...]) -> dict[str, Any]:
    """Columns to set. No credential wanted means the one it has."""
    end = len(_SET) if values[-1] is not None else len(_SET) - 1
    if old[1 : end + 1] == values[:end]:
        return {}
    before = dict(zip(_SET, old[1:], strict=False))
    return ledger.compare("endpoint", code, before, dict(zip(_SET[:end], values, strict=False)))


def _road(name: Name, row: tuple[Any, ...]) -> _Road:
    usable = _usable(name, row[_AT["host"]], row[_AT["retired_at"]])
    return _Road(row[0], usable, bool(row[_AT["probed"]]))


def _usable(name: Name, host: str, retired_at: int | None) -> bool:
    return name[1] == "rtsp" and host != "" and retired_at is None


def _write(
    connection: Connection,
    roads: dict[Name, _Road],
    new: Mapping[Name, tuple[Any, ...]],
    changed: list[tuple[int, dict[str, Any]]],
    expected: Mapping[int, bool],
    now: int,
) -> None:
    for number, (name, values) in zip(
        bulk.new_ids(connection, endpoints, len(new)), new.items(), strict=True
    ):
        roads[name] = _Road(number, _usable(name, values[1], None), is_new=True)
    chosen = _chosen(roads, expected)
    rows = [
        (roads[name].number, *values, *name, roads[name].number in chosen, now)
        for name, values in new.items()
    ]
    bulk.add(connection, endpoints, ("id", *_SET, *_NAME, "probed", "created_at"), rows)
    update_many(connection, endpoints, changed)
    turned = [
        (road.number, {"probed": road.number in chosen})
        for road in roads.values()
        if not road.is_new and road.probed != (road.number in chosen)
    ]
    update_many(connection, endpoints, turned)


def _chosen(roads: Mapping[Name, _Road], expected: Mapping[int, bool]) -> set[int]:
    """One probed RTSP endpoint a road of each camera that is in use: the main stream, else the sub-stream."""
    best: dict[tuple[int, str], tuple[str, int]] = {}
    for (camera, _, stream, way), road in roads.items():
        if road.usable and expected[camera]:
            key, rank = (camera, way), (stream, road.number)  # "main" < "sub"
            best[key] = min(best.get(key, rank), rank)
    return {number for _, number in best.values()}
