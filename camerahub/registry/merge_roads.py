"""Endpoints and their credentials into the register.

A credential is a (user, password) pair, found again by its keyed fingerprint: the same password changes nothing and
no old password has to be opened to compare. Which endpoints are probed is decided here, so that the answer of a
camera does not depend on how many streams it has. Must not know: files and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from camerahub.core.errors import EnvironmentFault
from camerahub.registry.ledger import Ledger
from camerahub.registry.one import update_many
from camerahub.registry.rows import CameraRow, EndpointRow
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import STATUSES, cameras, credentials, endpoints

_NAME = ("kind", "stream", "road")
_ADDRESS = ("scheme", "host", "port", "path", "channel")
Name = tuple[int, str, str, str]


@dataclass(slots=True)
class Wallet:
    """Credentials of the register by fingerprint; new ones are collected and sealed together."""

    keys: KeyRing | None
    by_fingerprint: dict[str, int]
    by_id: dict[int, tuple[str, str, str]]  # username, secret, fingerprint
    fresh: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, connection: Connection, keys: KeyRing | None) -> Wallet:
        """What is stored; nothing is decrypted."""
        column = credentials.c
        rows = connection.execute(select(column.id, column.username, column.secret, column.fingerprint)).all()
        return cls(keys, {row[3]: row[0] for row in rows}, {row[0]: (row[1], row[2], row[3]) for row in rows})

    def wanted(self, row: EndpointRow, current: int | None) -> str | None:
        """Fingerprint of the credential an endpoint shall have; None = the one it has."""
        if not row.username and not row.password:
            return None
        username = row.username or self._username(current)
        if not row.password and current is not None and username == self._username(current):
            return None
        password = row.password or self._password(current)
        if self.keys is None:
            raise EnvironmentFault("register.key_needed")
        fingerprint = self.keys.fingerprint(username, password)
        if fingerprint not in self.by_fingerprint:
            self.fresh[fingerprint] = (username, password)
        return fingerprint

    def _username(self, current: int | None) -> str:
        return "" if current is None else self.by_id[current][0]

    def _password(self, current: int | None) -> str:
        if current is None:
            return ""
        if self.keys is None:
            raise EnvironmentFault("register.key_needed")
        return self.keys.decrypt(self.by_id[current][1], current)

    def seal(self, connection: Connection, now: int) -> None:
        """Store the new credentials. Their ids are part of the seal, so the rows come first."""
        if not self.fresh or self.keys is None:
            return
        rows = [
            {"username": user, "secret": "", "fingerprint": mark, "created_at": now}
            for mark, (user, _) in self.fresh.items()
        ]
        connection.execute(insert(credentials), rows)
        pairs = connection.execute(select(credentials.c.fingerprint, credentials.c.id)).all()
        self.by_fingerprint = {row[0]: row[1] for row in pairs}
        sealed = [
            {"of": number, "to": self.keys.encrypt(self.fresh[mark][1], number)}
            for mark, number in pairs
            if mark in self.fresh
        ]
        statement = update(credentials).where(credentials.c.id == bindparam("of"))
        connection.execute(statement.values(secret=bindparam("to")), sealed)
        self.fresh.clear()


def merge_roads(
    connection: Connection,
    ledger: Ledger,
    wallet: Wallet,
    rows: Sequence[CameraRow],
    camera_ids: Mapping[str, int],
    device_ids: Mapping[str, int],
    now: int,
) -> None:
    """Add or change the endpoints of ``rows``, then decide which are probed."""
    stored = {
        _name(row["camera_id"], dict(row)): dict(row)
        for row in connection.execute(select(endpoints)).mappings()
    }
    wanted = {
        _name(camera_ids[row.code], vars_of(road)): (row.code, road) for row in rows for road in row.endpoints
    }
    marks = {
        name: wallet.wanted(road, stored[name]["credential_id"] if name in stored else None)
        for name, (_, road) in wanted.items()
    }
    wallet.seal(connection, now)
    new, changed = [], []
    for name, (code, road) in wanted.items():
        mark = marks[name]
        values = {column: getattr(road, column) for column in _ADDRESS}
        values["device_id"] = device_ids[road.via] if road.via else None
        if mark is not None:
            values["credential_id"] = wallet.by_fingerprint[mark]
        if name in stored:
            differs = ledger.compare("endpoint", code, stored[name], values)
            if differs:
                changed.append((stored[name]["id"], differs))
        else:
            ledger.change("endpoint", code, "/".join(name[1:]), None, f"{road.host}:{road.port}")
            new.append(_new(name, values, now))
    if new:
        connection.execute(insert(endpoints), new)
    update_many(connection, endpoints, changed)
    _choose(connection)


def vars_of(road: EndpointRow) -> dict[str, str]:
    """The three words that name a road among those of its camera."""
    return {name: getattr(road, name) for name in _NAME}


def _name(camera: int, row: Mapping[str, Any]) -> Name:
    return (camera, row["kind"], row["stream"], row["road"])


def _new(name: Name, values: dict[str, Any], now: int) -> dict[str, Any]:
    named = dict(zip(("camera_id", *_NAME), name, strict=True))
    return {"credential_id": None} | values | named | {"probed": False, "created_at": now}


def _choose(connection: Connection) -> None:
    """One probed RTSP endpoint a road of each camera that is in use: the main stream, else the sub-stream."""
    column = endpoints.c
    query = select(column.id, column.camera_id, column.road, column.stream, column.probed, cameras.c.status)
    usable = (column.kind == "rtsp") & column.retired_at.is_(None) & (column.host != "")
    rows = connection.execute(query.join_from(endpoints, cameras).where(usable)).all()
    best: dict[tuple[int, str], tuple[str, int]] = {}
    for number, camera, road, stream, _, status in rows:
        if STATUSES[status][0]:
            key, rank = (camera, road), (stream, number)  # "main" < "sub"
            best[key] = min(best.get(key, rank), rank)
    chosen = {number for _, number in best.values()}
    probed = {row[0] for row in rows if row[4]}
    lost = set(connection.scalars(select(column.id).where(column.probed))) - {row[0] for row in rows}
    _set_probed(connection, chosen - probed, value=True)
    _set_probed(connection, (probed - chosen) | lost, value=False)


def _set_probed(connection: Connection, ids: Iterable[int], *, value: bool) -> None:
    rows = [{"of": number} for number in sorted(ids)]
    if rows:
        statement = update(endpoints).where(endpoints.c.id == bindparam("of")).values(probed=value)
        connection.execute(statement, rows)
