"""Bulk import: twice changes nothing, changes are told, memberships are dated, passwords are sealed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import queries
from camerahub.registry.engine import reading
from camerahub.registry.rows import AreaRow, DeviceRow, EndpointRow
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from camerahub.registry.tables import METADATA, cameras, changes, credentials, endpoints, imports, memberships
from tests.contract.fleet import AREAS, SOURCE, T0, camera, fill


def told(store: Store) -> list[tuple[object, ...]]:
    c = changes.c
    with reading(store.engine) as connection:
        rows = connection.execute(
            select(c.entity, c.key, c.field, c.old, c.new).where(c.at > T0).order_by(c.id)
        )
        return [tuple(row) for row in rows]


def test_the_same_rows_twice_change_nothing(store: Store) -> None:
    fill(store, 20, second_road=3)
    again = store.import_cameras([camera(i) for i in range(20)], SOURCE, T0 + 1)
    assert again.verdicts == ["unchanged"] * 20
    assert again.changes == 0
    assert told(store) == []


def test_what_changed_is_told_and_the_rest_stays(store: Store, keys: KeyRing) -> None:
    fill(store, 3)
    rows = [camera(i) for i in range(3)]
    rows[0].name = "新名"
    rows[1].endpoints[0].password = "another"
    rows[2].endpoints[0].password = ""  # empty: as it is
    rows.append(camera(9))
    done = store.import_cameras(rows, SOURCE, T0 + 5)
    assert done.verdicts == ["changed", "changed", "unchanged", "added"]
    assert [row[:3] for row in told(store)] == [
        ("camera", "C00009", ""),
        ("camera", "C00000", "name"),
        ("endpoint", "C00001", "credential_id"),
        ("endpoint", "C00009", "rtsp/main/direct"),
    ]
    road = queries.targets(store.engine, code="C00001")[0]
    sealed = queries.secrets(store.engine, [road.credential_id])[road.credential_id]
    assert keys.decrypt(sealed.secret, sealed.id) == "another"
    assert "another" not in repr(told(store))


def test_a_new_user_keeps_the_password(store: Store, keys: KeyRing) -> None:
    fill(store, 1)
    row = camera(0)
    row.endpoints[0].username, row.endpoints[0].password = "other", None
    assert store.import_cameras([row], SOURCE, T0 + 1).verdicts == ["changed"]
    sealed = queries.secrets(store.engine)[queries.targets(store.engine)[0].credential_id]
    assert (sealed.username, keys.decrypt(sealed.secret, sealed.id)) == ("other", "planted-0")


def test_memberships_are_closed_and_opened(store: Store) -> None:
    fill(store, 2)
    store.import_areas([*AREAS, AreaRow("320585102", "另镇", "township", "320585")], SOURCE, T0 + 1)
    row = camera(0, network="天网")
    row.area_code = "320585102"
    store.import_cameras([row], SOURCE, T0 + 10)
    store.import_cameras([camera(0, network="天网", status="dismantled")], SOURCE, T0 + 20)
    m = memberships.c
    with reading(store.engine) as connection:
        query = select(m.valid_from, m.valid_to, m.network, m.status, m.expected).where(m.camera_id == 1)
        rows = [tuple(row) for row in connection.execute(query.order_by(m.id))]
    assert rows == [
        (T0, T0 + 10, "雪亮", "active", True),
        (T0 + 10, T0 + 20, "天网", "active", True),
        (T0 + 20, None, "天网", "dismantled", False),
    ]
    assert queries.status(store.engine).expected == 1
    assert [t.code for t in queries.targets(store.engine)] == ["C00001"], "a dismantled camera is not dialled"


def test_one_stream_a_road_is_probed(store: Store) -> None:
    store.import_areas(AREAS, SOURCE, T0)
    row = camera(0)
    row.endpoints.append(EndpointRow(stream="sub", host="192.0.2.1", path="/sub"))
    only_sub = camera(1)
    only_sub.endpoints[0].stream = "sub"
    onvif = camera(2)
    onvif.endpoints = [EndpointRow(kind="onvif", scheme="http", host="192.0.2.3", port=80)]
    store.import_cameras([row, only_sub, onvif], SOURCE, T0)
    assert [(t.code, t.stream) for t in queries.targets(store.engine)] == [
        ("C00000", "main"),
        ("C00001", "sub"),
    ]
    listed = queries.cameras(store.engine, state="unknown", reason="no_address")
    assert [c.code for c in listed] == ["C00002"]


def test_a_dry_run_tells_and_stores_nothing(store: Store) -> None:
    fill(store, 2)
    rows = [camera(0, vendor="某厂"), camera(7)]
    assert store.import_cameras(rows, SOURCE, T0 + 1, dry_run=True).verdicts == ["changed", "added"]
    assert told(store) == []
    assert queries.known_codes(store.engine) == {"C00000", "C00001"}
    assert store.import_cameras(rows, SOURCE, T0 + 1).verdicts == ["changed", "added"]


def test_ids_are_never_used_again(store: Store) -> None:
    fill(store, 3)
    with store._writing() as connection:
        for table in (endpoints, memberships):
            connection.execute(table.delete().where(table.c.camera_id == 3))
        connection.execute(cameras.delete().where(cameras.c.id == 3))
    store.import_cameras([camera(8)], SOURCE, T0 + 1)
    with reading(store.engine) as connection:
        assert connection.scalar(select(cameras.c.id).where(cameras.c.code == "C00008")) == 4


def test_devices_are_roads_too(store: Store) -> None:
    store.import_areas(AREAS, SOURCE, T0)
    row = camera(0)
    row.endpoints = [EndpointRow(road="via", via="NVR1", host="192.0.2.9", path="/1")]
    devices = [DeviceRow("NVR1", "nvr", parent_code="SW1"), DeviceRow("SW1", "switch")]
    store.import_cameras([row], SOURCE, T0, devices=devices)
    assert queries.targets(store.engine)[0].device_id > 0
    row.endpoints[0].via = "nobody"
    with pytest.raises(KeyError):
        store.import_cameras([row], SOURCE, T0 + 1)


def test_an_unknown_area_stores_nothing_of_the_call(store: Store) -> None:
    fill(store, 1)
    lost = camera(5)
    lost.area_code = "999999"
    with pytest.raises(KeyError):
        store.import_cameras([camera(4), lost], SOURCE, T0 + 1)
    assert queries.known_codes(store.engine) == {"C00000"}


def test_passwords_need_a_key(store: Store) -> None:
    store.import_areas(AREAS, SOURCE, T0)
    store.keys = None
    with pytest.raises(EnvironmentFault) as refused:
        store.import_cameras([camera(0)], SOURCE, T0)
    assert refused.value.key == "register.key_needed"


def test_no_password_stands_anywhere_in_the_database(store: Store) -> None:
    fill(store, 5)
    with reading(store.engine) as connection:
        for table in METADATA.tables.values():
            assert "planted" not in repr(connection.execute(select(table)).all()), table.name
        assert connection.scalar(select(credentials.c.secret).limit(1)).startswith("v1:k1:")  # type: ignore[union-attr]
        assert connection.execute(select(imports.c.added)).scalars().all() == [2, 5]


def test_the_list_is_filtered_by_area_state_and_time(store: Store) -> None:
    fill(store, 4)
    assert [c.code for c in queries.cameras(store.engine, area="320585")] == [f"C0000{i}" for i in range(4)]
    assert queries.cameras(store.engine, area="320585")[0].area_code == "320585101"
    assert queries.cameras(store.engine, area="3205") == []
    assert queries.cameras(store.engine, state="up") == []
    assert queries.cameras(store.engine, since=T0) == []
    with pytest.raises(KeyError):
        queries.cameras(store.engine, facet="colour")


def test_a_camera_is_found_by_code_or_keyboard_number(store: Store) -> None:
    fill(store, 2)
    store.import_cameras([camera(0, keyboard_no="1207"), camera(1, keyboard_no="C00000")], SOURCE, T0 + 1)
    assert queries.camera_code(store.engine, "1207") == "C00000"
    assert queries.camera_code(store.engine, "C00000") == "C00000", "a code comes before a number"
    assert queries.camera_code(store.engine, "") is None
    assert queries.camera_code(store.engine, "nobody") is None
