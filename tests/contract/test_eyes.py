"""Pasts, masks, 误报 and evidence in the register, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.eyes import MASK_BYTES, MAX_PAST, MAX_STILL, Lesson, weights_of
from camerahub.registry import eyes, stills
from camerahub.registry import tables as t
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store

NOW, DAY = 1_800_000_000_000_000, 86_400_000_000
SOURCE = Source("tester", "table.csv")
MASK, OTHER = bytes([0xF0]) * MASK_BYTES, bytes([0x0F]) * MASK_BYTES
JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 20


@pytest.fixture
def ready(store: Store) -> Store:
    """c1 with two roads, c2 with one."""
    store.import_areas([AreaRow("320585", "太仓", "county")], SOURCE, NOW)
    two = [EndpointRow(host="10.0.0.1"), EndpointRow(road="via", host="10.0.0.9")]
    rows = [
        CameraRow("c1", "一", "320585", {}, two),
        CameraRow("c2", "二", "320585", {}, [EndpointRow(host="10.0.0.2")]),
    ]
    store.import_cameras(rows, SOURCE, NOW)
    return store


def roads(store: Store, code: str) -> list[int]:
    with store.engine.connect() as connection:
        camera = select(t.cameras.c.id).where(t.cameras.c.code == code).scalar_subquery()
        query = select(t.endpoints.c.id).where((t.endpoints.c.camera_id == camera) & t.endpoints.c.probed)
        return list(connection.scalars(query.order_by(t.endpoints.c.id)))


def changed(store: Store, field: str) -> list[tuple[str, str | None, str | None]]:
    column = t.changes.c
    with store.engine.connect() as connection:
        query = select(column.who, column.old, column.new).where(column.field == field).order_by(column.id)
        return [(who, old, new) for who, old, new in connection.execute(query)]


def lessons(store: Store, *endpoints: int) -> list[Lesson]:
    return eyes.lessons(store.engine, endpoints, eyes.orders(store.engine))


def test_a_past_is_kept_and_replaced_and_strangers_are_passed_over(ready: Store) -> None:
    (first, *_), (second,) = roads(ready, "c1"), roads(ready, "c2")
    ready.keep_past(first, NOW, b"one")
    ready.keep_past(first, NOW + 1, bytes(MAX_PAST))
    ready.keep_past(10_000, NOW, b"stranger")
    assert lessons(ready, first, second, 10_000) == [Lesson(first, bytes(MAX_PAST))]
    for size in (0, MAX_PAST + 1):
        with pytest.raises(ValueError, match="past"):
            ready.keep_past(first, NOW, bytes(size))


def test_masks_are_set_once_audited_and_taught_for_every_road(ready: Store) -> None:
    assert ready.set_mask("c1", "ignored", MASK, "甲", NOW)
    assert not ready.set_mask("c1", "ignored", MASK, "乙", NOW + 1)
    assert ready.set_mask("c1", "private", OTHER, "甲", NOW + 2)
    assert eyes.masks(ready.engine, "c1") == {"ignored": MASK, "private": OTHER}
    assert lessons(ready, *roads(ready, "c1")) == [Lesson(e, None, MASK, OTHER) for e in roads(ready, "c1")]
    assert ready.set_mask("c1", "ignored", b"", "丙", NOW + 3)
    assert eyes.masks(ready.engine, "c1") == {"private": OTHER}
    assert changed(ready, "mask.ignored") == [("甲", None, MASK.hex()), ("丙", MASK.hex(), None)]
    with pytest.raises(ConfigError):
        ready.set_mask("c9", "ignored", MASK, "甲", NOW)
    with pytest.raises(ValueError, match="mask"):
        ready.set_mask("c1", "ignored", b"x", "甲", NOW)


def test_false_alarms_are_counted_audited_and_lower_the_trust(ready: Store) -> None:
    assert [ready.add_alarm("c2", "blur", "技术员", f"雾 {n}", NOW + n) for n in (1, 2)] == [1, 2]
    told = [(one.kind, one.who, one.why) for one in eyes.alarms(ready.engine, "c2")]
    assert told == [("blur", "技术员", "雾 1"), ("blur", "技术员", "雾 2")]
    (road,) = roads(ready, "c2")
    assert lessons(ready, road) == [Lesson(road, None, weights=weights_of({"blur": 2}))]
    assert changed(ready, "false_alarm.blur") == [("技术员", "0", "1: 雾 1"), ("技术员", "1", "2: 雾 2")]
    with pytest.raises(ConfigError):
        ready.add_alarm("c2", "dirt", "x", "y", NOW)


def test_a_scene_that_has_not_changed_is_learned_anew(ready: Store) -> None:
    (road,) = roads(ready, "c2")
    ready.keep_past(road, NOW, b"old view")
    ready.add_alarm("c2", "scene_change", "技术员", "新点位", NOW)
    assert eyes.orders(ready.engine)[road].relearned == 1
    assert lessons(ready, road)[0].past is None


def test_evidence_is_sealed_and_every_look_is_on_record(ready: Store) -> None:
    (road,) = roads(ready, "c2")
    assert ready.keep_still(road, NOW, "blur", JPEG, NOW + 7 * DAY)
    assert not ready.keep_still(10_000, NOW, "blur", JPEG, NOW + 7 * DAY)
    with ready.engine.connect() as connection:
        stored = bytes(connection.scalar(select(t.stills.c.data)) or b"")
    assert JPEG[:64] not in stored
    (one,) = stills.of_camera(ready.engine, "c2", NOW)
    assert (one.at, one.reason, one.expires_at, one.size) == (NOW, "blur", NOW + 7 * DAY, len(stored))
    assert ready.look_at_still("c2", one.number, "甲", NOW + 5) == JPEG
    column = t.still_reads.c
    with ready.engine.connect() as connection:
        reads = connection.execute(select(column.who, column.at, column.still_id)).all()
    assert [tuple(row) for row in reads] == [("甲", NOW + 5, one.number)]
    for code, number in (("c1", one.number), ("c2", one.number + 1)):
        with pytest.raises(KeyError):
            ready.look_at_still(code, number, "甲", NOW)
    for size in (0, MAX_STILL + 1):
        with pytest.raises(ValueError, match="still"):
            ready.keep_still(road, NOW, "blur", bytes(size), NOW + DAY)


def test_evidence_expires_and_is_few_a_camera(ready: Store) -> None:
    (road,) = roads(ready, "c2")
    for n in range(stills.MOST_OF_CAMERA + 3):
        ready.keep_still(road, NOW + n, "black", JPEG, NOW + DAY + n)
    kept = stills.of_camera(ready.engine, "c2", NOW)
    assert [one.at - NOW for one in kept] == list(range(3, stills.MOST_OF_CAMERA + 3))
    assert ready.expire_stills(NOW + DAY + 5) == 3
    assert stills.of_camera(ready.engine, "c2", NOW + DAY + 5)[0].at == NOW + 6
    with pytest.raises(KeyError):
        ready.look_at_still("c2", kept[0].number, "甲", NOW)
    assert stills.of_camera(ready.engine, "c2", NOW + 9 * DAY) == []


def test_evidence_of_another_row_or_without_the_key_does_not_open(
    ready: Store, opened: Callable[..., Store]
) -> None:
    (road,) = roads(ready, "c2")
    ready.keep_still(road, NOW, "blur", JPEG, NOW + DAY)
    (one,) = stills.of_camera(ready.engine, "c2", NOW)
    with ready._writing() as connection:
        connection.execute(t.stills.update().values(at=NOW + 1))
    with pytest.raises(EnvironmentFault):
        ready.look_at_still("c2", one.number, "甲", NOW)
    blind = opened()
    blind.keys = None
    assert not blind.keep_still(road, NOW, "blur", JPEG, NOW + DAY)
    with pytest.raises(EnvironmentFault):
        blind.look_at_still("c2", one.number, "甲", NOW)
