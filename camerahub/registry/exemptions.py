"""Exemptions (报备) in the register: asked for, decided by somebody else, ended; each step in ``changes``.

Writes are for the one writer (``Store`` calls them within its transaction). Nothing is deleted. What a user did wrong
is a ConfigError with the remedy, and nothing is stored. Must not know: figures; those read ``registry.exempt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, case, func, insert, or_, select, update

from camerahub.core.errors import ConfigError
from camerahub.core.exemptions import (
    MOST_CAMERAS,
    MOST_DAYS,
    MOST_NOTE,
    REASONS,
    SCOPES,
    Exemption,
    same_person,
    window_problem,
)
from camerahub.registry.engine import reading
from camerahub.registry.one import new_id
from camerahub.registry.tables import (
    areas,
    cameras,
    changes,
    devices,
    endpoints,
    exemption_cameras,
    exemptions,
)

_FEW = 500


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. ``values``: camera codes, or one area code, device code or network. Times µs UTC.
    ``attachment`` name, SHA-256 and size of the copy, or None."""

    scope: str
    values: tuple[str, ...]
    start: int
    end: int
    reason: str
    note: str
    applicant: str
    attachment: tuple[str, str, int] | None = None


def request(connection: Connection, asked: Request, now: int, zone: tzinfo = UTC) -> tuple[int, int]:
    """Store a request; its id and how many cameras it means now. ConfigError: window, words, subject, overlap
    (told in ``zone``)."""
    _check(asked)
    subject, listed = _subject(connection, asked)
    _no_overlap(connection, asked, subject, listed, zone)
    name, sha256, size = asked.attachment or ("", "", 0)
    number = new_id(
        connection,
        exemptions,
        {
            **subject, "scope": asked.scope, "from_at": asked.start, "to_at": asked.end, "reason": asked.reason,
            "note": asked.note, "applicant": asked.applicant, "applied_at": now, "recorded_at": now,
            "attachment": name, "attachment_sha256": sha256, "attachment_bytes": size,
        },
    )  # fmt: skip
    if listed:
        rows = [{"exemption_id": number, "camera_id": camera} for camera in listed]
        connection.execute(insert(exemption_cameras), rows)
    told = (
        f"{asked.scope}={','.join(asked.values[:9])} {asked.start}..{asked.end} {asked.reason} {asked.note}"
    )
    _note(connection, number, asked.applicant, "requested", told, now)
    return number, len(listed)


def _check(asked: Request) -> None:
    wrong = window_problem(asked.start, asked.end)
    if wrong:
        raise ConfigError(f"exempt.{wrong}", days=MOST_DAYS)
    if asked.scope not in SCOPES or not asked.values or (asked.scope != "camera" and len(asked.values) != 1):
        raise ConfigError("exempt.one_scope")
    if asked.reason not in REASONS:
        raise ConfigError("exempt.bad_reason", reason=asked.reason, known=", ".join(REASONS))
    if not asked.applicant.strip():
        raise ConfigError("exempt.no_name")
    if len(asked.note) > MOST_NOTE:
        raise ConfigError("exempt.long_note", most=MOST_NOTE)


def _subject(connection: Connection, asked: Request) -> tuple[dict[str, object], list[int]]:
    """Columns that name the subject, and the cameras listed now where the scope is a list."""
    if asked.scope == "camera":
        return {}, _cameras(connection, asked.values)
    (value,) = asked.values
    if asked.scope == "network":
        if not connection.scalar(select(func.count()).where(cameras.c.network == value)) or not value:
            raise ConfigError("exempt.unknown", scope=asked.scope, value=value)
        return {"network": value}, []
    table, where = {
        "area": (areas, (areas.c.code == value) & (areas.c.tree == "civil")),
        "device": (devices, devices.c.code == value),
    }[asked.scope]
    number = connection.scalar(select(table.c.id).where(where))
    if number is None:
        raise ConfigError("exempt.unknown", scope=asked.scope, value=value)
    if asked.scope == "area":
        return {"area_id": number}, []
    listed = _behind(connection, number)
    if not listed:
        raise ConfigError("exempt.nobody_behind", value=value)
    return {"device_id": number}, listed


def _cameras(connection: Connection, codes: Sequence[str]) -> list[int]:
    if len(codes) > MOST_CAMERAS:
        raise ConfigError("exempt.too_many", most=MOST_CAMERAS)
    found: dict[str, int] = {}
    wanted = list(dict.fromkeys(codes))
    for at in range(0, len(wanted), _FEW):
        part = wanted[at : at + _FEW]
        rows = connection.execute(select(cameras.c.code, cameras.c.id).where(cameras.c.code.in_(part)))
        found |= {row[0]: row[1] for row in rows}
    missing = [code for code in wanted if code not in found]
    if missing:
        raise ConfigError("exempt.no_camera", codes=", ".join(missing[:5]), count=len(missing))
    return sorted(found.values())


def _behind(connection: Connection, device: int) -> list[int]:
    """Cameras with a living endpoint on the device or on what hangs on it."""
    top = select(devices.c.id).where(devices.c.id == device).cte("hangs_on", recursive=True)
    below = devices.alias("below")
    tree = top.union(select(below.c.id).join_from(below, top, below.c.parent_id == top.c.id))
    query = select(endpoints.c.camera_id).where(
        endpoints.c.device_id.in_(select(tree.c.id)), endpoints.c.retired_at.is_(None)
    )
    return sorted(set(connection.scalars(query)))


def _no_overlap(
    connection: Connection, asked: Request, subject: dict[str, object], listed: Sequence[int], zone: tzinfo
) -> None:
    """ConfigError when the same subject has a window, asked for or approved, that overlaps."""
    one = exemptions.c
    until = case((one.revoked_at < one.to_at, one.revoked_at), else_=one.to_at)
    open_ = one.rejected_at.is_(None) & (one.from_at < asked.end) & (until > asked.start)
    query = select(one.id, one.from_at, one.to_at).where(open_)
    if not listed:
        same: list[ColumnElement[bool]] = [exemptions.c[name] == value for name, value in subject.items()]
        row = connection.execute(query.where(*same).limit(1)).first()
        if row:
            raise _overlaps(row, asked.values[0], zone)
        return
    for at in range(0, len(listed), _FEW):
        part = listed[at : at + _FEW]
        both = (
            query.add_columns(cameras.c.code)
            .join_from(exemptions, exemption_cameras)
            .join(cameras, exemption_cameras.c.camera_id == cameras.c.id)
            .where(exemption_cameras.c.camera_id.in_(part))
        )
        found = connection.execute(both.order_by(cameras.c.code).limit(1)).first()
        if found:
            raise _overlaps(found, found[3], zone)


def _overlaps(row: Any, value: str, zone: tzinfo) -> ConfigError:
    start, end = (datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zone) for at in row[1:3])
    return ConfigError(
        "exempt.overlaps", value=value, id=row[0], start=f"{start:%F %H:%M}", end=f"{end:%F %H:%M}"
    )


# --- decisions


def decide(
    connection: Connection, number: int, approver: str, note: str, now: int, *, approve: bool
) -> Exemption:
    """Approve or reject a request. ConfigError: unknown, decided already, or by the applicant himself."""
    one = _one(connection, number)
    if one.approved_at is not None or one.rejected_at is not None:
        raise ConfigError("exempt.decided", id=number, by=one.approver)
    if not approver.strip():
        raise ConfigError("exempt.no_name")
    if same_person(approver, one.applicant):
        raise ConfigError("exempt.same_person", id=number, name=one.applicant)
    word = "approved" if approve else "rejected"
    values = {"approver": approver, f"{word}_at": now}
    connection.execute(update(exemptions).where(exemptions.c.id == number).values(**values))
    _note(connection, number, approver, word, note, now)
    return _one(connection, number)


def end(connection: Connection, number: int, who: str, note: str, now: int) -> Exemption:
    """End an approved window now, or take a request back. ConfigError when there is nothing left to end."""
    one = _one(connection, number)
    if one.standing(now) not in ("requested", "lapsed", "approved", "active"):
        raise ConfigError("exempt.nothing_to_end", id=number)
    values: dict[str, object] = {"revoked_at": now, "revoked_by": who}
    if one.approved_at is None:
        values = {"rejected_at": now, "revoked_at": now, "revoked_by": who}
    connection.execute(update(exemptions).where(exemptions.c.id == number).values(**values))
    _note(connection, number, who, "ended", note, now)
    return _one(connection, number)


def _note(connection: Connection, number: int, who: str, what: str, note: str, now: int) -> None:
    row: dict[str, object] = {
        "at": now,
        "who": who,
        "import_id": None,
        "entity": "exemption",
        "key": str(number),
    }
    new_id(connection, changes, row | {"field": what, "old": None, "new": note[:1000]})


# --- reading


def _query() -> Any:
    one = exemptions.c
    listed = (
        select(func.count())
        .where(exemption_cameras.c.exemption_id == one.id)
        .correlate(exemptions)
        .scalar_subquery()
    )
    only = (
        select(func.min(cameras.c.code))
        .join_from(cameras, exemption_cameras)
        .where(exemption_cameras.c.exemption_id == one.id)
        .correlate(exemptions)
        .scalar_subquery()
    )
    columns = (
        one.id, one.scope, areas.c.code, devices.c.code, one.network, listed, only, one.from_at, one.to_at, one.reason,
        one.note, one.applicant, one.applied_at, one.approver, one.approved_at, one.rejected_at, one.revoked_at,
        one.revoked_by, one.attachment, one.attachment_sha256,
    )  # fmt: skip
    return (
        select(*columns)
        .outerjoin_from(exemptions, areas, one.area_id == areas.c.id)
        .outerjoin(devices, one.device_id == devices.c.id)
        .order_by(one.id)
    )


def _exemption(row: Any) -> Exemption:
    number, scope, area, device, network, listed, only, *rest = row
    value = {"area": area, "device": device, "network": network}.get(scope) or only or ""
    if scope == "camera" and listed > 1:
        value = f"{only} + {listed - 1}"
    return Exemption(number, scope, value, *rest)


def _one(connection: Connection, number: int) -> Exemption:
    row = connection.execute(_query().where(exemptions.c.id == number)).first()
    if row is None:
        raise ConfigError("exempt.no_such", id=number)
    return _exemption(row)


def listed(engine: Engine, *, start: int | None = None, end: int | None = None) -> list[Exemption]:
    """Exemptions whose window touches [start, end), by id; None = without that bound."""
    one, query = exemptions.c, _query()
    if start is not None:
        query = query.where(one.to_at > start)
    if end is not None:
        query = query.where(one.from_at < end)
    with reading(engine) as connection:
        return [_exemption(row) for row in connection.execute(query)]


def codes_of(engine: Engine, number: int) -> list[str]:
    """Codes of the cameras an exemption lists, ascending; none for one of an area or a network."""
    query = select(cameras.c.code).join_from(cameras, exemption_cameras)
    with reading(engine) as connection:
        return list(
            connection.scalars(
                query.where(exemption_cameras.c.exemption_id == number).order_by(cameras.c.code)
            )
        )


def waiting(engine: Engine, now: int) -> int:
    """Requests that wait for a decision and whose window is not over."""
    one = exemptions.c
    decided = or_(one.approved_at.is_not(None), one.rejected_at.is_not(None))
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).where(~decided, one.to_at > now)) or 0)
