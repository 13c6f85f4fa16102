"""Snapshots that may stand in for a stream: where they are to be had, how old the last one was, what they refused.

An address is the register's own (from a table file or ONVIF), else its maker's by ``vendors.toml``. Writes are for the
one writer (``Store`` calls them within its transaction).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from camerahub.core.address import PASSWORD_FIELD, USER_FIELD
from camerahub.core.stand_in import FRESHNESS, LastShot
from camerahub.registry.one import upsert_one
from camerahub.registry.tables import endpoints, snapshots
from camerahub.registry.vendors import shipped_vendors

_FRESH = FRESHNESS.index("fresh")
#: A maker's paths are tried at its own port only: elsewhere a port is forwarded, and next to it is somebody else's.
_HTTP_PORT = 80
_FEW = 500


class ShotAddress(NamedTuple):
    """Where a snapshot is to be had, at the host of the stream; ``scheme`` "" = nowhere."""

    scheme: str = ""
    port: int = 0
    path: str = ""


NOWHERE = ShotAddress()


class Beside(NamedTuple):
    """The snapshot endpoint of a camera as the register has it, and the login of the endpoint, 0 = none."""

    scheme: str
    host: str
    port: int
    path: str
    credential_id: int


def address_of(
    host: str, port: int, credential_id: int, known: Beside | None, vendor: str, channel: str, hangs: bool
) -> ShotAddress:
    """Where the snapshot of a stream at ``host:port`` is: at the same host and with the same login, or nowhere.

    ``known``: what the register says, which then is all there is. ``vendor``, ``channel`` as in the register;
    ``hangs``: it hangs on a recorder or platform. A login never stands in an address that goes out in clear.
    """
    if known is not None:
        same = known.host == host and known.credential_id in (0, credential_id)
        secret = known.scheme != "https" and (USER_FIELD in known.path or PASSWORD_FIELD in known.path)
        return ShotAddress(known.scheme, known.port, known.path) if same and not secret else NOWHERE
    maker = shipped_vendors().find(vendor)
    if maker is None or not maker.snapshot or maker.certainty == "guess" or port != maker.rtsp_port:
        return NOWHERE
    if not (channel.isascii() and channel.isdigit() and 0 < int(channel[:6]) < 1000) and (channel or hangs):
        return NOWHERE
    path = maker.path("snapshot", int(channel) if channel else None)
    return NOWHERE if PASSWORD_FIELD in path else ShotAddress("http", _HTTP_PORT, path)


def keep(connection: Connection, rows: NDArray[np.void]) -> None:
    """Store what snapshots told, SHOT_DTYPE (N,) of endpoints that are in the register, in their order."""
    before = {row.endpoint_id: row for row in _rows(connection, rows["endpoint_id"].tolist())}
    judged = {endpoint: row.judged_at for endpoint, row in before.items()}
    logins = _logins(connection, rows["endpoint_id"].tolist())
    for endpoint, at, date, fresh, refused, address, digest in rows.tolist():
        if fresh == _FRESH:
            judged[endpoint] = at
        row = {
            "endpoint_id": endpoint, "at": at, "date": date, "fresh": fresh, "address": address, "digest": digest,
            "judged_at": judged.get(endpoint, 0), "refused_to": logins.get(endpoint, 0) if refused else 0,
        }  # fmt: skip
        upsert_one(connection, snapshots, row)


def _rows(connection: Connection, wanted: Sequence[int]) -> Iterable[Any]:
    for start in range(0, len(wanted), _FEW):
        some = snapshots.c.endpoint_id.in_(wanted[start : start + _FEW])
        yield from connection.execute(select(snapshots).where(some)).all()


def _logins(connection: Connection, wanted: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(wanted), _FEW):
        some = endpoints.c.id.in_(wanted[start : start + _FEW])
        for endpoint, login in connection.execute(
            select(endpoints.c.id, endpoints.c.credential_id).where(some)
        ):
            found[endpoint] = login or 0
    return found


def lasts(connection: Connection, wanted: Sequence[int]) -> dict[int, bytes]:
    """The last snapshot of these endpoints (``core.stand_in.LastShot``, packed); not of those that had none."""
    return {
        row.endpoint_id: LastShot(row.at // 1_000_000, row.date, row.address, bytes(row.digest)).pack()
        for row in _rows(connection, wanted)
        if any(row.digest)
    }


def refusals(connection: Connection) -> set[tuple[str, int]]:
    """(host, credential) that a snapshot was refused to: not shown there again, on any channel, until it is another."""
    query = select(endpoints.c.host, snapshots.c.refused_to).join_from(snapshots, endpoints)
    return {(host, login) for host, login in connection.execute(query.where(snapshots.c.refused_to != 0))}


def judged(connection: Connection) -> dict[int, set[int]]:
    """When the last snapshot that counted was taken, µs UTC, of each endpoint of a camera; by camera."""
    found: dict[int, set[int]] = {}
    query = select(endpoints.c.camera_id, snapshots.c.judged_at).join_from(snapshots, endpoints)
    for camera, at in connection.execute(query.where(snapshots.c.judged_at != 0)):
        found.setdefault(camera, set()).add(at)
    return found
