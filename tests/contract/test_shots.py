"""Snapshots in place of streams in the register, on both databases: what is kept and taught, where they are had."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from camerahub.cli.dialled import as_lines, for_people
from camerahub.core.batch import SHOT_DTYPE
from camerahub.core.eyes import Lesson
from camerahub.core.stand_in import SHOT_ROW, LastShot, mark_of
from camerahub.plan import target_of
from camerahub.registry import eyes, queries, shots
from camerahub.registry.dialled import ShotSeen, dialled
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store
from tests.contract.conftest import SHANGHAI

NOW = 1_800_000_000_000_000
SOURCE = Source("tester", "table.csv")
DIGEST, MARK = hashlib.sha256(b"picture").digest(), mark_of("http://192.0.2.1/snap.jpg")


def road(host: str, kind: str = "rtsp", path: str = "/main", port: int = 554, **more: str) -> EndpointRow:
    scheme = "rtsp" if kind == "rtsp" else "http"
    made = EndpointRow(kind, "main", "direct", scheme, host, port, path)
    made.username, made.password = more.get("username"), more.get("password")
    return made


def snap(host: str, path: str = "/snap.jpg", **login: str) -> EndpointRow:
    return road(host, "snapshot", path, 8080, **login)


LOGIN = {"username": "admin", "password": "planted"}


@pytest.fixture
def ready(store: Store) -> Store:
    """c1 and c2: channels of one recorder; c3 sends elsewhere for snapshots; c4 has another login for them."""
    store.import_areas([AreaRow("320585", "太仓", "county")], SOURCE, NOW)
    own = {
        "c1": [road("10.0.0.1", **LOGIN), snap("10.0.0.1", **LOGIN)],
        "c2": [road("10.0.0.1", path="/two", **LOGIN), snap("10.0.0.1", "/two.jpg", **LOGIN)],
        "c3": [road("10.0.0.3", **LOGIN), snap("10.0.0.4", **LOGIN)],
        "c4": [road("10.0.0.5", **LOGIN), snap("10.0.0.5", username="web", password="planted")],
        "c5": [road("10.0.0.6", **LOGIN)],
    }
    rows = [CameraRow(code, code, "320585", {"vendor": "海康威视"}, roads) for code, roads in own.items()]
    store.import_cameras(rows, SOURCE, NOW)
    return store


def target(store: Store, code: str) -> queries.EndpointTarget:
    (found,) = queries.targets(store.engine, code=code)
    return found


def keep(store: Store, endpoint: int, at: int, fresh: int, refused: int = 0, digest: bytes = DIGEST) -> None:
    row = SHOT_ROW.pack(endpoint, at, 77, fresh, refused, MARK, digest)
    store.keep_shots(np.frombuffer(row, SHOT_DTYPE))


def test_where_a_snapshot_is_had_at_the_same_host_with_the_same_login(ready: Store) -> None:
    found = {
        code: target_of(target(ready, code), "192.0.2.9").shot_url for code in ("c1", "c2", "c3", "c4", "c5")
    }
    assert found == {
        "c1": "http://192.0.2.9:8080/snap.jpg",
        "c2": "http://192.0.2.9:8080/two.jpg",
        "c3": "",
        "c4": "",
        "c5": "http://192.0.2.9:80/ISAPI/Streaming/channels/101/picture",  # its maker's
    }


def test_the_last_one_is_kept_and_taught_and_the_last_that_counted_too(ready: Store) -> None:
    endpoint = target(ready, "c1").endpoint
    keep(ready, endpoint, NOW, 1)
    keep(ready, endpoint, NOW + 5_000_000, 2)
    last = LastShot((NOW + 5_000_000) // 1_000_000, 77, MARK, DIGEST)
    assert eyes.lessons(ready.engine, [endpoint], {}) == [Lesson(endpoint, shot=last.pack())]
    with ready.engine.connect() as connection:
        assert shots.judged(connection) == {target(ready, "c1").camera: {NOW}}
        assert shots.refusals(connection) == set()


def test_a_login_that_was_refused_is_not_offered_again_on_any_channel_until_it_is_another(
    ready: Store,
) -> None:
    keep(ready, target(ready, "c1").endpoint, NOW, 0, refused=1, digest=bytes(32))
    assert [target(ready, code).shot.scheme for code in ("c1", "c2", "c5")] == ["", "", "http"]
    assert eyes.lessons(ready.engine, [target(ready, "c1").endpoint], {}) == []
    new = {"username": "admin", "password": "another"}
    rows = [CameraRow("c1", "c1", "320585", {}, [road("10.0.0.1", **new), snap("10.0.0.1", **new)])]
    ready.import_cameras(rows, SOURCE, NOW + 1)
    assert [target(ready, code).shot.scheme for code in ("c1", "c2")] == ["http", ""]


@pytest.mark.parametrize(
    ("port", "vendor", "channel", "hangs", "path"),
    [
        (554, "海康威视", "", False, "/ISAPI/Streaming/channels/101/picture"),
        (554, "海康威视", "3", True, "/ISAPI/Streaming/channels/301/picture"),
        (554, "海康威视", "", True, ""),  # of a recorder, nobody knows which channel
        (554, "海康威视", "34020000001320000001", True, ""),
        (5541, "海康威视", "", False, ""),  # a forwarded port: next to it is somebody else
        (554, "无名", "", False, ""),
        (554, "", "", False, ""),
    ],
)
def test_a_makers_own_path_is_tried_at_the_makers_own_port_only(
    port: int, vendor: str, channel: str, hangs: bool, path: str
) -> None:
    found = shots.address_of("10.0.0.1", port, 1, None, vendor, channel, hangs)
    assert found == (shots.ShotAddress("http", 80, path) if path else shots.NOWHERE)


def test_a_password_in_an_address_never_goes_out_in_clear() -> None:
    path = "/snap.jpg?user={username}&password={password}"
    for scheme, there in (("http", shots.NOWHERE), ("https", shots.ShotAddress("https", 443, path))):
        known = shots.Beside(scheme, "10.0.0.1", 443, path, 1)
        assert shots.address_of("10.0.0.1", 554, 1, known, "", "", False) == there


def test_the_picture_of_a_camera_says_when_it_was_seen_by_a_snapshot(ready: Store) -> None:
    camera, endpoint = target(ready, "c1").camera, target(ready, "c1").endpoint
    told = queries.FacetState("up", NOW, "ok", NOW + 9)
    state = queries.CameraState(camera, "c1", "", "", "", "", True, {"picture": told, "lit": told})
    keep(ready, endpoint, NOW + 9, 1)
    with ready.engine.connect() as connection:
        judged = shots.judged(connection)
    found = queries._sourced(state, judged)
    assert (found.facets["picture"].source, found.facets["lit"].source) == ("snapshot", "")


def test_what_we_dialled_says_how_old_they_were_and_for_people_too(ready: Store) -> None:
    endpoint = target(ready, "c1").endpoint
    keep(ready, endpoint, NOW, 1)
    keep(ready, endpoint, NOW + 1, 0, refused=1, digest=bytes(32))
    told = dialled(ready.engine, "c1", since=0, zone=SHANGHAI)
    assert told is not None
    assert told.shots == (ShotSeen(endpoint, NOW + 1, "", NOW, True),)
    (line,) = [one for one in as_lines(told, SHANGHAI) if one.get("type") == "snapshot"]
    assert (line["endpoint"], line["fresh"], line["refused"]) == (endpoint, None, True)
    page = "\n".join(for_people(told, SHANGHAI))
    assert "代替码流的抓图" in page
    assert "登录被拒" in page
