"""Which key file belongs to a register: a mark that tells it and tells nothing about the key, and passwords tried.

The mark is a keyed hash under the fingerprint key, which stays for the life of a register; rotation of the other keys
does not change it. Registers of older versions have none: then a stored password of each key is opened.
"""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from camerahub.core.errors import EnvironmentFault
from camerahub.registry.engine import reading
from camerahub.registry.faults import storage_errors
from camerahub.registry.one import upsert_one
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import credentials, settings

MARK = "key_mark"


def mark_of(ring: KeyRing) -> str:
    """32 hex digits, the same for every key file of one register."""
    return ring.fingerprint("camerahub", "which key file is this")


def remember(engine: Engine, ring: KeyRing) -> None:
    """Write the mark of ``ring`` into a register that has none; meant for who holds the lock of the home."""
    if stored(engine):
        return
    with storage_errors(engine), engine.connect() as plain:
        connection = plain.execution_options(camerahub_writes=True)
        with connection.begin():
            upsert_one(connection, settings, {"key": MARK, "value": mark_of(ring)})


def stored(engine: Engine) -> str:
    """The mark in the register, "" when it has none."""
    with reading(engine) as connection:
        return connection.scalar(select(settings.c.value).where(settings.c.key == MARK)) or ""


def fits(engine: Engine, ring: KeyRing) -> bool | None:
    """Whether ``ring`` opens this register; None when there is neither a mark nor a password to tell by."""
    mark = stored(engine)
    if mark and mark != mark_of(ring):
        return False
    opened = [_opens(ring, secret, number) for number, secret in _samples(engine)]
    return all(opened) if opened or mark else None


def _samples(engine: Engine) -> list[tuple[int, str]]:
    """The oldest and the newest password."""
    column = credentials.c
    ends = select(func.min(column.id)).union(select(func.max(column.id))).scalar_subquery()
    with reading(engine) as connection:
        found = connection.execute(select(column.id, column.secret).where(column.id.in_(ends)))
        return [(row.id, row.secret) for row in found]


def _opens(ring: KeyRing, secret: str, number: int) -> bool:
    try:
        ring.decrypt(secret, number)
    except EnvironmentFault:
        return False
    return True
