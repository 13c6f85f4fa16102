"""What the pages show of cameras besides their states: names of all of them for the list, the file card of one.

Reads only, a transaction each, no secret opened. Must not know: who asks, and how a page looks.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from sqlalchemy import Engine, select

from camerahub.core.result import REASON_NAMES
from camerahub.core.roll import Named
from camerahub.registry.engine import reading
from camerahub.registry.tables import areas, cameras, false_alarms, memberships, stills


class Card(NamedTuple):
    """The register's card of one camera; empty words for what nobody wrote down."""

    code: str
    name: str
    area_code: str
    network: str
    status: str
    expected: bool
    unit: str
    source: str
    site: str
    pole: str
    vendor: str
    model: str
    point_class: str
    maintainer: str
    installed_on: str
    device: str
    switch: str
    keyboard_no: str


class Proof(NamedTuple):
    """One picture kept as evidence, without the picture; times µs UTC."""

    number: int
    at: int
    reason: str
    expires_at: int


def named(engine: Engine) -> list[Named]:
    """Every camera as the register names it now, in any order: one row each."""
    camera, member = cameras.c, memberships.c
    query = (
        select(camera.id, camera.code, camera.name, areas.c.code, member.network, member.expected)
        .join_from(cameras, memberships, (member.camera_id == camera.id) & member.valid_to.is_(None))
        .join(areas, member.area_id == areas.c.id)
    )
    with reading(engine) as connection:
        return [Named(*row[:5], bool(row[5])) for row in connection.execute(query)]


def card(engine: Engine, code: str) -> Card | None:
    """The card of the camera ``code``; None when nobody knows it."""
    one, unit = cameras.c, areas.alias("unit")
    columns = (
        one.code, one.name, areas.c.code, one.network, one.status, memberships.c.expected, unit.c.name, one.source,
        one.site, one.pole, one.vendor, one.model, one.point_class, one.maintainer, one.installed_on, one.device,
        one.switch, one.keyboard_no,
    )  # fmt: skip
    query = (
        select(*columns)
        .join_from(cameras, areas, one.area_id == areas.c.id)
        .outerjoin(unit, one.unit_id == unit.c.id)
        .outerjoin(memberships, (memberships.c.camera_id == one.id) & memberships.c.valid_to.is_(None))
        .where(one.code == code)
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return Card._make(value or "" for value in row)._replace(expected=bool(row[5]))


def proofs(engine: Engine, code: str, now: int) -> list[Proof]:
    """Evidence of a camera that has not expired at ``now``, newest first; the pictures are not read."""
    column = stills.c
    query = (
        select(column.id, column.at, column.reason, column.expires_at)
        .join_from(stills, cameras, column.camera_id == cameras.c.id)
        .where((cameras.c.code == code) & (column.expires_at > now))
        .order_by(column.at.desc(), column.id.desc())
    )
    with reading(engine) as connection:
        return [Proof(row[0], row[1], REASON_NAMES[row[2]], row[3]) for row in connection.execute(query)]


def alarm_counts(engine: Engine, code: str) -> dict[str, int]:
    """How often each kind was declared a false alarm at this camera, most often first."""
    query = (
        select(false_alarms.c.kind)
        .join_from(false_alarms, cameras, false_alarms.c.camera_id == cameras.c.id)
        .where(cameras.c.code == code)
    )
    with reading(engine) as connection:
        counted = Counter(REASON_NAMES[kind] for kind in connection.scalars(query))
    return dict(counted.most_common())
