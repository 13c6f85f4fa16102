"""Who left the denominator or was exempted from it, when, and by whom: memberships that ended in a status that need not
count, and exemptions that were approved.

A camera found dead and then put out of use is the oldest way to a good rate: many at once are an alarm. Must not know:
who is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from camerahub.core.leaving import EXEMPT, STOPPED, Alarm, Leaving, Rule, alarm
from camerahub.core.period import local_day
from camerahub.registry import bulk, traits
from camerahub.registry.engine import reading
from camerahub.registry.tables import areas, cameras, exemption_cameras, exemptions, imports, memberships

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Move:
    """One camera that entered or left a denominator, or changed it; ``at`` µs UTC. ``before`` and ``after``: area code,
    network and status, None outside of the register; ``counts`` whether it counted before and after."""

    at: int
    code: str
    before: tuple[str, str, str] | None
    after: tuple[str, str, str] | None
    counts: tuple[bool, bool]
    who: str
    file: str


def moves(engine: Engine, start: int, end: int) -> list[Move]:
    """Every change of who counts where within [start, end), by time and code."""
    old, new = memberships.alias("old"), memberships.alias("new")
    old_area, new_area = areas.alias("old_area"), areas.alias("new_area")
    before = (
        (old.c.camera_id == new.c.camera_id) & (old.c.valid_to == new.c.valid_from) & (old.c.id < new.c.id)
    )
    query = (
        select(
            new.c.valid_from, cameras.c.code, old_area.c.code, old.c.network, old.c.status, old.c.expected,
            new_area.c.code, new.c.network, new.c.status, new.c.expected,
        )
        .join_from(new, cameras, new.c.camera_id == cameras.c.id)
        .join(new_area, new.c.area_id == new_area.c.id)
        .outerjoin(old, before)
        .outerjoin(old_area, old.c.area_id == old_area.c.id)
        .where(new.c.valid_from >= start, new.c.valid_from < end)
        .order_by(new.c.valid_from, cameras.c.code)
    )  # fmt: skip
    with reading(engine) as connection:
        files = _files(connection, start, end)
        rows = connection.execute(query).all()
    return [
        Move(
            at, code, None if status is None else (area, network, status), (area2, network2, status2),
            (bool(counted), bool(counts)), *files.get(at, ("", "")),
        )
        for at, code, area, network, status, counted, area2, network2, status2, counts in rows
    ]  # fmt: skip


def leaving(engine: Engine, start: int, end: int) -> list[Leaving]:
    """Cameras that counted, were put out of use within [start, end) and still are, added up by instant and person, by
    time."""
    old, new, now = (memberships.alias(name) for name in ("old", "new", "now"))
    before = (
        (old.c.camera_id == new.c.camera_id) & (old.c.valid_to == new.c.valid_from) & (old.c.id < new.c.id)
    )
    open_ = (now.c.camera_id == new.c.camera_id) & now.c.valid_to.is_(None)
    query = (
        select(new.c.camera_id, func.max(new.c.valid_from))
        .join_from(new, old, before)
        .join(now, open_)
        .where(
            new.c.valid_from >= start,
            new.c.valid_from < end,
            old.c.expected,
            ~new.c.expected,
            ~now.c.expected,
        )
        .group_by(new.c.camera_id)
    )
    with reading(engine) as connection:
        files = _files(connection, start, end)
        counted = Counter(row[1] for row in connection.execute(query))
    return [Leaving(at, count, *files.get(at, ("", ""))) for at, count in sorted(counted.items())]


def _files(connection: Connection, start: int, end: int) -> dict[int, tuple[str, str]]:
    """Who imported which file, by the instant."""
    one = imports.c
    query = select(one.at, one.who, one.file).where(one.at >= start, one.at < end)
    return {at: (who, file) for at, who, file in connection.execute(query)}


def exempted(engine: Engine, start: int, end: int) -> list[Leaving]:
    """Cameras that count and have been exempted by approvals within [start, end), each where it was first, by time. One
    ended before it began exempts nobody."""
    found, known = list[Leaving](), set[int]()
    with reading(engine) as connection:
        rows = _approved(connection, start, end)
        if not rows:
            return []
        one = memberships.c
        counting = select(one.camera_id, one.area_id, one.network).where(one.valid_to.is_(None), one.expected)
        members = bulk.fetch(connection, counting)
        tree = traits.tree_at(connection, end)
        for number, scope, code, network, at, applicant, approver in rows:
            if scope in ("camera", "device"):
                cameras_of = exemption_cameras.c.exemption_id == number
                listed = set(connection.scalars(select(exemption_cameras.c.camera_id).where(cameras_of)))
                inside = {row[0] for row in members if row[0] in listed}
            elif scope == "area":
                below = traits.below(tree, code)
                inside = {row[0] for row in members if row[1] in below}
            else:
                inside = {row[0] for row in members if row[2] == network}
            if fresh := inside - known:
                found.append(Leaving(at, len(fresh), f"{applicant} / {approver}", f"exempt {number}"))
            known |= fresh
    return found


def _approved(connection: Connection, start: int, end: int) -> Sequence[Any]:
    one = exemptions.c
    columns = (one.id, one.scope, areas.c.code, one.network, one.approved_at, one.applicant, one.approver)
    query = select(*columns).outerjoin_from(exemptions, areas, one.area_id == areas.c.id)
    lasted = one.revoked_at.is_(None) | (one.revoked_at > one.from_at)
    within = query.where(one.approved_at >= start, one.approved_at < end, lasted)
    return connection.execute(within.order_by(one.approved_at, one.id)).all()


def left(engine: Engine, rule: Rule, zone: tzinfo, now: int) -> dict[str, tuple[int, Alarm | None]]:
    """By way (``core.leaving.WAYS``): how many cameras have left within the days the rule looks at, and the alarm that
    is, if it is one."""
    start, today = now - rule.within_days * _DAY_US, local_day(now, zone)
    expected = expected_now(engine)
    told = {}
    for way, read in ((STOPPED, leaving), (EXEMPT, exempted)):
        found = read(engine, start, now + 1)
        count = sum(one.count for one in found)
        of = expected + count if way == STOPPED else expected
        told[way] = count, alarm(found, of, today, rule, way)
    return told


def expected_now(engine: Engine) -> int:
    """How many cameras count."""
    one = memberships.c
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).where(one.valid_to.is_(None), one.expected)) or 0)


def expected_at(engine: Engine, at: int) -> int:
    """How many counted just before ``at`` (µs UTC)."""
    one = memberships.c
    then = (one.valid_from < at) & (one.valid_to.is_(None) | (one.valid_to >= at))
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).where(then, one.expected)) or 0)


def names(found: Sequence[Leaving]) -> str:
    """By whom and with which files, for one line."""
    return ", ".join(dict.fromkeys(f"{one.who} ({one.file})" for one in found))
