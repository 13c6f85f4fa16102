"""What ONVIF told, in the register, on both databases: filled, never overwritten; drift kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Table, select

from camerahub.core.offers import CLOCKS, Streams
from camerahub.registry import guards, onvif, queries
from camerahub.registry.onvif import CLOCK_DTYPE, Enrolment, Learned
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store
from camerahub.registry.tables import cameras, changes, endpoints, imports, onvif_identities

NOW, DAY = 1_800_000_000_000_000, 86_400_000_000
SOURCE = Source("tester", "table.csv")
TOLD = ("HIKVISION", "DS-1", "V1.0", "SN1", "88")
STREAMS = Streams("rtsp://10.0.0.1:554/101?a=1", "rtsp://10.0.0.1/102", "http://10.0.0.1:80/pic?channel=1")


def filled(store: Store) -> Store:
    """c1 has nothing but ONVIF, c2 a maker, a model and a main stream as well, c3 no login, c4 is dismantled."""
    store.import_areas(
        [AreaRow("320585", "太仓", "county"), AreaRow("320585100", "城厢", "township", "320585")], SOURCE, NOW
    )

    def service(n: int, user: str | None = "admin") -> EndpointRow:
        secret = "planted" if user else None
        return EndpointRow(
            "onvif",
            "main",
            "direct",
            "http",
            f"10.0.0.{n}",
            80,
            "/onvif/device_service",
            username=user,
            password=secret,
        )

    rtsp = EndpointRow(host="10.0.0.2", path="/old", username="admin", password="planted")
    rows = [
        CameraRow("c1", "一", "320585100", {}, [service(1)]),
        CameraRow("c2", "二", "320585", {"vendor": "大华", "model": "ds-1"}, [service(2), rtsp]),
        CameraRow("c3", "三", "320585", {}, [service(3, None)]),
        CameraRow("c4", "四", "320585", {"status": "dismantled"}, [service(4)]),
    ]
    store.import_cameras(rows, SOURCE, NOW)
    return store


def keep(
    store: Store, now: int, *, told: tuple[str, ...] = TOLD, codes: str = "c1 c2 c3"
) -> dict[str, Learned]:
    roads = [road for road in onvif.roads(store.engine) if road.code in codes.split()]
    rows = [
        Enrolment(road, told, "海康威视", STREAMS, road.username, "planted" if road.username else "")
        for road in roads
    ]
    return {one.code: one for one in store.keep_enrolments(rows, {}, "tester", now)}


def rows_of(store: Store, table: Table) -> list[Any]:
    with store.engine.connect() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def test_who_is_asked(store: Store) -> None:
    filled(store)
    found = onvif.roads(store.engine)
    assert [(road.code, road.host, road.username, road.paths) for road in found] == [
        ("c1", "10.0.0.1", "admin", ()),
        ("c2", "10.0.0.2", "admin", ("/old",)),
        ("c3", "10.0.0.3", "", ()),
    ]
    assert [road.code for road in onvif.roads(store.engine, "320585100")] == ["c1"]
    assert "planted" not in repr(found)


def test_empty_fields_are_filled_and_others_only_reported(store: Store) -> None:
    learned = keep(filled(store), NOW + 1)
    assert learned["c1"].verdict == "added"
    assert learned["c1"].filled == {"vendor": "海康威视", "model": "DS-1"}
    assert learned["c2"].filled == {}
    assert learned["c2"].differs == {"vendor": ("大华", "海康威视"), "rtsp/main": ("/old", "/101?a=1")}
    with store.engine.connect() as connection:
        kept = connection.execute(select(cameras.c.vendor, cameras.c.model).order_by(cameras.c.code)).all()
    assert [tuple(row) for row in kept] == [
        ("海康威视", "DS-1"),
        ("大华", "ds-1"),
        ("海康威视", "DS-1"),
        ("", ""),
    ]


def test_a_camera_known_by_its_onvif_address_can_be_dialled_with_its_login(store: Store) -> None:
    learned = keep(filled(store), NOW + 1)
    assert learned["c1"].added == ["rtsp/main", "rtsp/sub", "snapshot/main"]
    assert learned["c2"].added == ["rtsp/sub", "snapshot/main"]
    targets = {row.code: row for row in queries.targets(store.engine)}
    assert sorted(targets) == ["c1", "c2", "c3"]
    c1 = targets["c1"]
    assert (c1.kind, c1.stream, c1.host, c1.port, c1.path, c1.sub_path) == (
        "rtsp", "main", "10.0.0.1", 554, "/101?a=1", "/102"
    )  # fmt: skip
    assert targets["c2"].path == "/old"
    assert targets["c3"].credential_id == 0
    assert {row.camera_code for row in guards.login_rows(store.engine)} == {"c1", "c2"}
    with store.engine.connect() as connection:
        query = select(endpoints.c.path, endpoints.c.probed, endpoints.c.credential_id)
        picture = connection.execute(query.where(endpoints.c.kind == "snapshot")).first()
    assert picture is not None
    assert tuple(picture) == ("/pic?channel=1", False, c1.credential_id)


def test_the_same_again_changes_nothing(store: Store) -> None:
    keep(filled(store), NOW + 1)
    before = [rows_of(store, table) for table in (cameras, endpoints, changes, imports)]
    learned = keep(store, NOW + DAY)
    assert {one.verdict for one in learned.values()} == {"unchanged"}
    assert [rows_of(store, table) for table in (cameras, endpoints, changes, imports)] == before
    assert {(row.enrolled_at, row.changed_at) for row in rows_of(store, onvif_identities)} == {
        (NOW + DAY, NOW + 1)
    }


def test_drift_is_kept_with_old_and_new(store: Store) -> None:
    keep(filled(store), NOW + 1)
    learned = keep(store, NOW + DAY, told=("HIKVISION", "DS-1", "V1.1", "SN2", "88"), codes="c1")
    assert learned["c1"].verdict == "changed"
    assert learned["c1"].drift == {"firmware": ("V1.0", "V1.1"), "serial": ("SN1", "SN2")}
    kept = [row for row in rows_of(store, changes) if row.entity == "onvif"]
    assert [(row.at, row.who, row.key, row.field, row.old, row.new) for row in kept] == [
        (NOW + DAY, "tester", "c1", "firmware", "V1.0", "V1.1"),
        (NOW + DAY, "tester", "c1", "serial", "SN1", "SN2"),
    ]
    first = rows_of(store, onvif_identities)[0]
    assert (first.firmware, first.serial, first.changed_at) == ("V1.1", "SN2", NOW + DAY)


def test_what_a_device_tells_need_not_be_an_address(store: Store) -> None:
    road = onvif.roads(filled(store).engine)[0]
    odd = Streams("rtsp://10.0.0.1:0/", "gopher://10.0.0.1/", "http://")
    [learned] = store.keep_enrolments([Enrolment(road, TOLD, "x", odd)], {}, "tester", NOW)
    assert learned.added == []


def test_a_refused_login_is_remembered_until_the_device_lets_us_in(store: Store) -> None:
    road = onvif.roads(filled(store).engine)[0]
    store.keep_enrolments([], {road.endpoint: road.version}, "tester", NOW)
    store.keep_enrolments([], {road.endpoint: road.version}, "tester", NOW + 5)
    again = onvif.roads(store.engine)[0]
    assert (again.refused, again.failed_at) == (road.version, NOW + 5)
    keep(store, NOW + DAY)
    assert onvif.roads(store.engine)[0].refused == ""


def test_clocks_are_those_told_last(store: Store) -> None:
    numbers = [road.endpoint for road in onvif.roads(filled(store).engine)]
    for offset in (9_000, 28_800_000):
        rows = [
            (numbers[0], NOW, CLOCKS.index("zone"), 8, offset),
            (numbers[1], NOW, CLOCKS.index("untold"), 0, 0),
        ]
        store.keep_clocks(np.array(rows, CLOCK_DTYPE))
    told = [(row.code, row.finding, row.hours, row.offset_ms) for row in onvif.stored_clocks(store.engine)]
    assert told == [("c1", "zone", 8, 28_800_000), ("c2", "untold", 0, None)]
    assert [row.code for row in onvif.stored_clocks(store.engine, "320585100")] == ["c1"]


def test_what_a_recorder_is_fills_nothing_of_its_cameras(store: Store) -> None:
    road = onvif.roads(filled(store).engine)[0]
    [learned] = store.keep_enrolments(
        [Enrolment(road, TOLD, "海康威视", STREAMS, own=False)], {}, "tester", NOW
    )
    assert (learned.filled, learned.differs) == ({}, {})
    assert len(learned.added) == 3
