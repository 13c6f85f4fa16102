"""What the guard of logins remembers between two lives of the hub, and who logs in where.

Writes are for the one writer (``Store`` calls them within its transaction). Must not know: the rule of the guard.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from camerahub.core.guard_rows import Key, Login
from camerahub.registry import bulk
from camerahub.registry.engine import reading
from camerahub.registry.one import upsert_one
from camerahub.registry.tables import areas as areas_table
from camerahub.registry.tables import cameras as cameras_table
from camerahub.registry.tables import credentials, devices, endpoints, guards, settings

#: Whether the last hub said goodbye ("1") or died, its probers perhaps within a login ("0").
CLEAN = "guard_clean"
BREAKER = "guard_breaker"
_NAMES = (
    "id", "address", "username", "version", "known_at", "state", "permit", "tried_at", "proven_at", "refused_at",
    "refused_before", "suspect_at", "suspect_before", "locked_until", "waits", "wait_until", "retries", "asked_at",
    "tries",
)  # fmt: skip
_FIXED = ("id", "address", "username", "version", "known_at")
_SET = tuple(name for name in _NAMES if name not in _FIXED)
Remembered = tuple[list[Key], dict[str, int], bool]


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One endpoint that is dialled with a credential. The secret is sealed; ``vendor`` as the register knows it."""

    endpoint: int
    camera_code: str
    camera_name: str
    area_code: str
    host: str
    kind: str
    vendor: str
    credential_id: int
    username: str
    secret: str
    version: str


def login_rows(engine: Engine, endpoint: int | None = None) -> list[LoginRow]:
    """Every probed endpoint with a credential and an address, ascending id; or ``endpoint``, probed or not."""
    column, owner = endpoints.c, cameras_table.c
    vendor = func.coalesce(func.nullif(owner.vendor, ""), devices.c.vendor, "")
    query = (
        select(
            column.id, owner.code, owner.name, areas_table.c.code, column.host, column.kind, vendor,
            credentials.c.id, credentials.c.username, credentials.c.secret, credentials.c.fingerprint,
        )
        .join_from(endpoints, cameras_table, column.camera_id == owner.id)
        .join(areas_table, owner.area_id == areas_table.c.id)
        .join(credentials, column.credential_id == credentials.c.id)
        .outerjoin(devices, column.device_id == devices.c.id)
        .where(column.probed if endpoint is None else column.id == endpoint)
        .where(column.retired_at.is_(None), column.host != "")
        .order_by(column.id)
    )  # fmt: skip
    with reading(engine) as connection:
        return [LoginRow(*row) for row in connection.execute(query)]


def stored(engine: Engine) -> Remembered:
    """What ``begin`` would find, to be shown; changes nothing."""
    with reading(engine) as connection:
        return _stored(connection)


def _stored(connection: Connection) -> Remembered:
    rows = bulk.fetch(connection, select(*(guards.c[name] for name in _NAMES)).order_by(guards.c.id))
    query = select(settings.c.key, settings.c.value).where(settings.c.key.in_((CLEAN, BREAKER)))
    said: dict[str, str] = {row[0]: row[1] for row in connection.execute(query)}
    return [_key(row) for row in rows], json.loads(said.get(BREAKER, "{}")), said.get(CLEAN, "1") == "1"


def _key(row: tuple[object, ...]) -> Key:
    number, address, user, version, known_at, state, *rest = row
    return Key(number, address, user, version, known_at, Login(state), *rest)  # type: ignore[arg-type]


def begin(connection: Connection) -> Remembered:
    """A guard starts: (keys, breaker as ``Breaker.restore`` takes it, whether the last one ended clean).

    Until ``end`` it counts as one that died.
    """
    remembered = _stored(connection)
    upsert_one(connection, settings, {"key": CLEAN, "value": "0"})
    return remembered


def end(connection: Connection) -> None:
    """Every login was told of: nothing is in doubt."""
    upsert_one(connection, settings, {"key": CLEAN, "value": "1"})


def enrol(connection: Connection, wanted: Sequence[tuple[str, str, str]], now: int) -> list[Key]:
    """New keys of (address, user, version), none of which may be there; in the order given."""
    numbers = bulk.new_ids(connection, guards, len(wanted))
    keys = [Key(number, *one, now) for number, one in zip(numbers, wanted, strict=True)]
    bulk.add(connection, guards, _NAMES, [_row(key) for key in keys])
    return keys


def _row(key: Key) -> tuple[object, ...]:
    return (key.number, key.address, key.user, key.version, key.known_at, *_changing(key))


def _changing(key: Key) -> tuple[object, ...]:
    return (
        int(key.state), key.permit, key.tried_at, key.proven_at, key.refused_at, key.refused_before, key.suspect_at,
        key.suspect_before, key.locked_until, key.waits, key.wait_until, key.retries, key.asked_at, key.tries,
    )  # fmt: skip


def write(connection: Connection, keys: Sequence[Key], brake: dict[str, int]) -> None:
    """Store keys that changed, and the breaker (``Breaker.export``)."""
    bulk.change(connection, guards, _SET, [(*_changing(key), key.number) for key in keys])
    upsert_one(connection, settings, {"key": BREAKER, "value": json.dumps(brake)})
