"""Evidence of picture faults: small JPEGs, sealed, few a camera, gone after a week; every look at one is written down.

Writes are for the one writer (``Store`` calls them within its transaction).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, select

from camerahub.core.errors import EnvironmentFault
from camerahub.core.eyes import MAX_STILL
from camerahub.core.result import REASON_CODES, REASON_NAMES
from camerahub.registry.engine import reading
from camerahub.registry.eyes import camera_id
from camerahub.registry.one import new_id
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import endpoints, still_reads, stills

#: Stills of one camera; the oldest go first.
MOST_OF_CAMERA = 12
#: Expired ones that go in one transaction.
MOST_AT_ONCE = 500


class Still(NamedTuple):
    """One piece of evidence; times µs UTC, ``size`` bytes as stored."""

    number: int
    at: int
    reason: str
    expires_at: int
    size: int


def _sealed_for(endpoint: int, at: int) -> str:
    return f"still {endpoint} {at}"


def keep(
    connection: Connection, keys: KeyRing, endpoint: int, at: int, reason: str, jpeg: bytes, expires_at: int
) -> bool:
    """Seal and store one. False: no such endpoint. ValueError for more than MAX_STILL bytes, or none."""
    if not 0 < len(jpeg) <= MAX_STILL:
        raise ValueError(f"a still of {len(jpeg)} bytes")
    camera = connection.scalar(select(endpoints.c.camera_id).where(endpoints.c.id == endpoint))
    if camera is None:
        return False
    row: dict[str, object] = {"camera_id": camera, "endpoint_id": endpoint, "at": at}
    sealed = keys.seal(jpeg, _sealed_for(endpoint, at))
    row |= {"reason": REASON_CODES[reason], "expires_at": expires_at, "data": sealed}
    new_id(connection, stills, row)
    newest = select(stills.c.id).where(stills.c.camera_id == camera).order_by(stills.c.id.desc())
    last = connection.scalar(newest.offset(MOST_OF_CAMERA - 1).limit(1))
    if last is not None:
        connection.execute(delete(stills).where((stills.c.camera_id == camera) & (stills.c.id < last)))
    return True


def expire(connection: Connection, now: int) -> int:
    """Delete what has expired; how many, ``MOST_AT_ONCE`` at most."""
    old = select(stills.c.id).where(stills.c.expires_at <= now).limit(MOST_AT_ONCE)
    numbers = list(connection.scalars(old))
    if numbers:
        connection.execute(delete(stills).where(stills.c.id.in_(numbers)))
    return len(numbers)


def look(connection: Connection, keys: KeyRing, code: str, number: int, who: str, now: int) -> bytes:
    """The JPEG of one still of a camera that has not expired; that ``who`` saw it is written down.

    KeyError when there is none; ConfigError for an unknown camera; EnvironmentFault when it does not open.
    """
    camera = camera_id(connection, code)
    here = (stills.c.camera_id == camera) & (stills.c.id == number) & (stills.c.expires_at > now)
    row = connection.execute(select(stills.c.endpoint_id, stills.c.at, stills.c.data).where(here)).first()
    if row is None:
        raise KeyError(number)
    jpeg = keys.unseal(bytes(row.data), _sealed_for(row.endpoint_id, row.at))
    seen = {"at": now, "who": who, "camera_id": camera, "still_id": number, "taken_at": row.at}
    new_id(connection, still_reads, seen)
    return jpeg


def needed(keys: KeyRing | None) -> KeyRing:
    """The key. EnvironmentFault without one."""
    if keys is None:
        raise EnvironmentFault("register.key_needed")
    return keys


def of_camera(engine: Engine, code: str, now: int) -> list[Still]:
    """Evidence of a camera, oldest first, without the pictures. ConfigError for an unknown camera."""
    column = stills.c
    with reading(engine) as connection:
        here = (column.camera_id == camera_id(connection, code)) & (column.expires_at > now)
        query = select(column.id, column.at, column.reason, column.expires_at, column.data).where(here)
        rows = connection.execute(query.order_by(column.at, column.id)).all()
    return [Still(row[0], row[1], REASON_NAMES[row[2]], row[3], len(row[4])) for row in rows]
