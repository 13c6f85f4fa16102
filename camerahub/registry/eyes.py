"""What judging a camera's pictures needs, kept: pasts, masks, 误报.

Writes are for the one writer (``Store`` calls them within its transaction); what people change stands in ``changes``.
The bytes of a past are opaque here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, select

from camerahub.core.errors import ConfigError
from camerahub.core.eyes import MASK_BYTES, MAX_PAST, Lesson, weights_of
from camerahub.core.result import FAULT_KINDS, REASON_CODES, REASON_NAMES
from camerahub.registry import shots
from camerahub.registry.engine import reading
from camerahub.registry.one import new_id, upsert_one
from camerahub.registry.tables import (
    cameras,
    changes,
    endpoints,
    false_alarms,
    picture_masks,
    picture_pasts,
)

MASKS = ("ignored", "private")
#: At this kind the view is right and our memory of it is not: it is learned anew.
_RELEARN = "scene_change"


class Order(NamedTuple):
    """What people have said of one camera's pictures; fields as in ``core.eyes.Lesson``. ``relearned``: how often its
    past was to be forgotten."""

    ignored: bytes = b""
    private: bytes = b""
    weights: bytes = b""
    relearned: int = 0


class Alarm(NamedTuple):
    """One 误报; ``at`` µs UTC."""

    kind: str
    at: int
    who: str
    why: str


def camera_id(connection: Connection, code: str) -> int:
    """Id of the camera ``code``. ConfigError when there is none."""
    found = connection.scalar(select(cameras.c.id).where(cameras.c.code == code))
    if found is None:
        raise ConfigError("eyes.no_camera", code=code)
    return int(found)


def keep_past(connection: Connection, endpoint: int, at: int, past: bytes) -> None:
    """Store the past of an endpoint, 1 to MAX_PAST bytes, else ValueError; one not in the register is passed over."""
    if not 0 < len(past) <= MAX_PAST:
        raise ValueError(f"a past of {len(past)} bytes")
    if connection.scalar(select(endpoints.c.id).where(endpoints.c.id == endpoint)) is not None:
        upsert_one(connection, picture_pasts, {"endpoint_id": endpoint, "at": at, "data": past})


def set_mask(connection: Connection, code: str, kind: str, mask: bytes, who: str, now: int) -> bool:
    """Mask a part of a camera's picture: ``mask`` MASK_BYTES, b"" = none any more. False: it was so before.

    ConfigError for an unknown camera, ValueError for another length or kind.
    """
    if kind not in MASKS or len(mask) not in (0, MASK_BYTES):
        raise ValueError(f"a {kind} mask of {len(mask)} bytes")
    camera = camera_id(connection, code)
    here = (picture_masks.c.camera_id == camera) & (picture_masks.c.kind == kind)
    before = connection.scalar(select(picture_masks.c.data).where(here)) or b""
    if before == mask:
        return False
    if mask:
        row = {"camera_id": camera, "kind": kind, "at": now, "who": who, "data": mask}
        upsert_one(connection, picture_masks, row)
    else:
        connection.execute(delete(picture_masks).where(here))
    _note(connection, code, f"mask.{kind}", before.hex() or None, mask.hex() or None, who, now)
    return True


def add_alarm(connection: Connection, code: str, kind: str, who: str, why: str, now: int) -> int:
    """Keep a 误报; how many there are now of this camera and kind. ConfigError for an unknown camera or kind."""
    if kind not in FAULT_KINDS:
        raise ConfigError("eyes.no_kind", kind=kind, kinds=", ".join(FAULT_KINDS))
    camera, number = camera_id(connection, code), REASON_CODES[kind]
    row: dict[str, object] = {"camera_id": camera, "kind": number, "at": now, "who": who, "why": why}
    new_id(connection, false_alarms, row)
    here = (false_alarms.c.camera_id == camera) & (false_alarms.c.kind == number)
    count = len(connection.execute(select(false_alarms.c.id).where(here)).all())
    if kind == _RELEARN:
        mine = select(endpoints.c.id).where(endpoints.c.camera_id == camera)
        connection.execute(delete(picture_pasts).where(picture_pasts.c.endpoint_id.in_(mine)))
    _note(connection, code, f"false_alarm.{kind}", str(count - 1), f"{count}: {why}", who, now)
    return count


def _note(
    connection: Connection, code: str, name: str, old: str | None, new: str | None, who: str, now: int
) -> None:
    row = {"at": now, "who": who, "import_id": None, "entity": "camera", "key": code, "field": name}
    new_id(connection, changes, row | {"old": old, "new": new})


def masks(engine: Engine, code: str) -> dict[str, bytes]:
    """Masks of a camera by kind. ConfigError for an unknown camera."""
    with reading(engine) as connection:
        here = picture_masks.c.camera_id == camera_id(connection, code)
        rows = connection.execute(select(picture_masks.c.kind, picture_masks.c.data).where(here))
        return {kind: bytes(data) for kind, data in rows}


def alarms(engine: Engine, code: str) -> list[Alarm]:
    """误报 of a camera, oldest first. ConfigError for an unknown camera."""
    column = false_alarms.c
    with reading(engine) as connection:
        query = select(column.kind, column.at, column.who, column.why)
        rows = connection.execute(
            query.where(column.camera_id == camera_id(connection, code)).order_by(column.id)
        )
        return [Alarm(REASON_NAMES[kind], at, who, why) for kind, at, who, why in rows]


def orders(engine: Engine) -> dict[int, Order]:
    """What people have said of pictures, by probed endpoint; those of whom nothing was said are not in it."""
    found: dict[int, dict[str, bytes]] = {}
    counts: dict[int, dict[str, int]] = {}
    with reading(engine) as connection:
        column = picture_masks.c
        for camera, kind, data in connection.execute(select(column.camera_id, column.kind, column.data)):
            found.setdefault(camera, {})[kind] = bytes(data)
        for camera, code in connection.execute(select(false_alarms.c.camera_id, false_alarms.c.kind)):
            kinds = counts.setdefault(camera, {})
            kinds[REASON_NAMES[code]] = kinds.get(REASON_NAMES[code], 0) + 1
        probed = select(endpoints.c.id, endpoints.c.camera_id).where(endpoints.c.probed)
        roads = connection.execute(probed).all() if found or counts else []
    said = {
        camera: Order(
            **found.get(camera, {}),
            weights=weights_of(counts.get(camera, {})),
            relearned=counts.get(camera, {}).get(_RELEARN, 0),
        )
        for camera in found.keys() | counts.keys()
    }
    return {endpoint: said[camera] for endpoint, camera in roads if camera in said}


def lessons(engine: Engine, wanted: Sequence[int], said: Mapping[int, Order]) -> list[Lesson]:
    """Lessons of the endpoints ``wanted``: their pasts, what ``orders`` said, last snapshots; of who has any."""
    with reading(engine) as connection:
        column = picture_pasts.c
        query = select(column.endpoint_id, column.data).where(column.endpoint_id.in_(wanted))
        pasts = {endpoint: bytes(data) for endpoint, data in connection.execute(query)}
        lasts = shots.lasts(connection, wanted)
    return [
        Lesson(endpoint, pasts.get(endpoint), *said.get(endpoint, Order())[:3], shot=lasts.get(endpoint, b""))
        for endpoint in wanted
        if endpoint in pasts or endpoint in said or endpoint in lasts
    ]
