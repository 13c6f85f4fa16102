"""What the guard and people's pauses leave behind in the register, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select

from camerahub.core.breaker import Brake, Breaker
from camerahub.core.guard_rows import GuardPolicy, Login
from camerahub.registry import guards, pauses
from camerahub.registry.rows import AreaRow, CameraRow, DeviceRow, EndpointRow, Source
from camerahub.registry.store import Store
from camerahub.registry.tables import changes

NOW = 1_800_000_000_000_000
SOURCE = Source("tester", "table.csv")


def filled(store: Store) -> Store:
    store.import_areas(
        [AreaRow("320585", "太仓", "county"), AreaRow("320585100", "城厢", "township", "320585")], SOURCE, NOW
    )
    cameras = [
        CameraRow(
            f"c{n}",
            f"摄像机{n}",
            "320585100" if n < 3 else "320585",
            {"vendor": "haikang" if n % 2 else ""},
            [
                EndpointRow(
                    host=f"10.0.0.{n}",
                    via="nvr1" if n == 2 else "",
                    username="admin",
                    password="same-secret",
                )
            ],
        )
        for n in (1, 2, 3)
    ]
    device = [
        DeviceRow("plat", "平台", "platform"),
        DeviceRow("nvr1", "录像机", "nvr", "plat", vendor="dahua"),
    ]
    store.import_cameras(cameras, SOURCE, NOW, devices=device)
    return store


def test_keys_come_back_as_they_were_written(opened: Callable[..., Store]) -> None:
    store = opened()
    assert store.guard_begin() == ([], {}, True)
    keys = store.guard_enrol([("10.0.0.1", "admin", "f1"), ("10.0.0.2", "admin", "f1")], NOW)
    assert [key.number for key in keys] == [1, 2]
    changed = replace(
        keys[0], state=Login.REFUSED, permit=3, tried_at=5, refused_at=6, refused_before=2, tries=4
    )
    breaker = Breaker(GuardPolicy(), Brake.OPEN, 7, 8, 2)
    store.guard_write([changed], breaker.export())
    again = opened()
    rows, brake, clean = again.guard_begin()
    assert rows == [changed, keys[1]]
    assert not clean
    restored = Breaker(GuardPolicy())
    restored.restore(brake)
    assert (restored.state, restored.opened_at, restored.until, restored.trips) == (Brake.OPEN, 7, 8, 2)
    again.guard_end()
    assert guards.stored(again.engine)[2]


def test_who_logs_in_where(store: Store) -> None:
    rows = guards.login_rows(filled(store).engine)
    assert [(row.camera_code, row.host, row.vendor, row.username) for row in rows] == [
        ("c1", "10.0.0.1", "haikang", "admin"),
        ("c2", "10.0.0.2", "dahua", "admin"),
        ("c3", "10.0.0.3", "haikang", "admin"),
    ]
    assert len({row.version for row in rows}) == 1
    assert store.keys is not None
    assert store.keys.decrypt(rows[0].secret, rows[0].credential_id) == "same-secret"
    assert "same-secret" not in repr(rows)


def test_pauses_by_scope_end_and_are_written_down(opened: Callable[..., Store]) -> None:
    store = filled(opened())
    ids = {row.camera_code: row.endpoint for row in guards.login_rows(store.engine)}
    for scope, value, codes in (
        ("area", "320585100", {"c1", "c2"}),
        ("area", "320585", {"c1", "c2", "c3"}),
        ("vendor", "dahua", {"c2"}),
        ("platform", "plat", {"c2"}),
        ("all", "", {"c1", "c2", "c3"}),
    ):
        assert pauses.known(store.engine, scope, value)
        assert set(pauses.endpoints_of(store.engine, scope, value)) == {ids[code] for code in codes}, scope
    assert not pauses.known(store.engine, "vendor", "nobody")
    assert pauses.paused(store.engine) == []
    assert store.pause("vendor", "dahua", "zhang", "演练", NOW)
    assert not store.pause("vendor", "dahua", "li", "again", NOW)
    assert store.pause("area", "320585100", "zhang", "", NOW)
    later = opened()
    assert set(pauses.paused(later.engine)) == {ids["c1"], ids["c2"]}
    assert [(one.scope, one.value, one.who) for one in pauses.lasting(later.engine)] == [
        ("vendor", "dahua", "zhang"), ("area", "320585100", "zhang"),
    ]  # fmt: skip
    assert later.resume("vendor", "nobody", "li", NOW + 1) == 0
    assert later.resume("vendor", "dahua", "li", NOW + 1) == 1
    assert later.resume("all", "", "li", NOW + 2) == 1
    assert pauses.paused(later.engine) == []
    assert later.pause("vendor", "dahua", "li", "", NOW + 3)
    with later.engine.connect() as connection:
        query = select(changes.c.who, changes.c.field, changes.c.key, changes.c.old, changes.c.new)
        told = [tuple(row) for row in connection.execute(query.where(changes.c.entity == "pause"))]
    assert told[:3] == [
        ("zhang", "vendor", "dahua", None, "演练"),
        ("zhang", "area", "320585100", None, "paused"),
        ("li", "vendor", "dahua", "演练", None),
    ]
