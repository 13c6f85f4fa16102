"""What ONVIF tells of a county, camera by camera against the truth; the same again; drift; beside a hub."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.county import FAST, Office, office

Said = tuple[dict[str, dict[str, Any]], dict[str, Any]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A county whose passwords were checked, as one does first."""
    with office(tmp_path_factory.mktemp("county"), cameras=100, townships=3) as made:
        made.ok("credentials", "check")
        yield made


@pytest.fixture(scope="module")
def first(place: Office) -> Said:
    """What the first round said."""
    return told(place, "enrol")


def told(place: Office, *words: str) -> Said:
    *rows, last = place.lines(*words)
    return {row["code"]: row for row in rows}, last["summary"]


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "camerahub.db")) as connection, connection:
        return connection.execute(sql).fetchall()


def answering(place: Office) -> dict[str, dict[str, Any]]:
    return {code: row for code, row in place.truth().items() if row["onvif"]}


def test_identity_and_clock_of_every_camera_are_the_truth(place: Office, first: Said) -> None:
    rows, summary = first
    truth = answering(place)
    known = {code for code, row in truth.items() if row["kind"] != "wrong_password"}
    assert {row["kind"] for row in truth.values()} >= {"healthy", "wrong_password", "clock_off"}
    assert {code for code, row in rows.items() if row["identity"]} == known
    assert summary["added"] == len(known)
    for code in known:
        said, true = rows[code]["identity"], truth[code]["onvif"]
        assert {name: said[name] for name in ("maker", "model", "firmware", "serial")} == {
            name: true[name] for name in ("maker", "model", "firmware", "serial")
        }
        right_clock(rows[code]["clock"], true["offset_s"])
        told = truth[code]["kind"].startswith("snap_")  # its address stands in the table already
        assert ("snapshot/main" in rows[code]["added"]) is not told, rows[code]
    wrong = {code for code in truth if code not in known}
    assert {rows[code]["verdict"] for code in wrong} == {"held"}
    assert max(seen["bad_logins"] for seen in place.farm.cameras().values()) <= 1
    assert max(seen["peak"] for seen in place.farm.cameras().values()) <= 1


def right_clock(clock: dict[str, Any], offset_s: float | None) -> None:
    if offset_s is None:
        assert clock["finding"] == "reset"
        return
    assert abs(clock["offset_s"] - offset_s) <= 2.5
    hours = round(offset_s / 3600)
    zone = hours != 0 and abs(offset_s - 3600 * hours) < 60
    if abs(offset_s) < 2 or abs(offset_s) > 8:  # right within 5 s, of a clock that tells whole seconds
        assert clock["finding"] == ("zone" if zone else "right" if abs(offset_s) < 2 else "off")
    assert clock["hours"] == (hours if zone else 0)


@pytest.mark.usefixtures("first")
def test_the_same_again_changes_nothing(place: Office) -> None:
    before = place.ok("export")
    logged = query(place.home, "SELECT count(*) FROM changes")
    _, summary = told(place, "enrol")
    assert summary["added"] == summary["changed"] == 0
    assert summary["endpoints"] == {}
    assert place.ok("export") == before
    assert query(place.home, "SELECT count(*) FROM changes") == logged


def test_another_firmware_is_noted_as_drift(place: Office, first: Said) -> None:
    rows, _ = first
    code = next(code for code, row in rows.items() if row["identity"])
    true = rows[code]["identity"]["firmware"]
    query(place.home, "UPDATE onvif_identities SET firmware = 'V0' WHERE endpoint_id = (SELECT e.id FROM endpoints e "
          f"JOIN cameras c ON c.id = e.camera_id WHERE e.kind = 'onvif' AND c.code = '{code}')")  # fmt: skip
    rows, summary = told(place, "enrol", code)
    assert summary["changed"] == 1
    assert rows[code]["drift"] == {"firmware": ["V0", true]}
    assert "换机或升级" in rows[code]["zh"]
    kept = query(place.home, f"SELECT field, old, new FROM changes WHERE entity = 'onvif' AND key = '{code}'")
    assert kept == [("firmware", "V0", true)]


def test_clocks_without_a_login_name_every_wrong_one(place: Office) -> None:
    logins = sum(seen["logins"] for seen in place.farm.cameras().values())
    rows, summary = told(place, "clocks")
    assert sum(seen["logins"] for seen in place.farm.cameras().values()) == logins
    for code, row in answering(place).items():
        right_clock(rows[code], row["onvif"]["offset_s"])
    sizes = [abs(row["offset_s"]) for row in rows.values() if row["offset_s"] is not None]
    assert sizes == sorted(sizes, reverse=True)
    assert summary["off"] >= 1
    shown = place.ok("clocks")
    assert all((code in shown) == (row["finding"] not in ("right", None)) for code, row in rows.items())


def test_beside_a_hub(place: Office, first: Said) -> None:
    codes = [code for code, row in first[0].items() if row["identity"]][:5]
    wrong = next(code for code, row in answering(place).items() if row["kind"] == "wrong_password")
    with place.hub():
        rows, summary = told(place, "enrol", *codes, wrong)
        assert {rows[code]["verdict"] for code in codes} <= {"unchanged", "changed"}, rows
        assert rows[wrong]["verdict"] == "held"
        _, summary = told(place, "enrol", "--limit", "2")
        assert summary["devices"] >= 2
        told(place, "clocks")
    assert max(seen["bad_logins"] for seen in place.farm.cameras().values()) <= 2
    assert max(seen["peak"] for seen in place.farm.cameras().values()) <= 1
    with (place.home.parent / "register.csv").open(encoding="utf-8-sig", newline="") as file:
        secrets = {row["password"] for row in csv.DictReader(file) if row["password"]}
    assert [secret for secret in secrets if any(secret in said for said in place.said)] == []


def test_cameras_known_by_their_onvif_address_only_become_dialable(place: Office, tmp_path: Path) -> None:
    """Fill a second register: no maker, no model, no stream address; a channel for those behind a recorder."""
    folder = place.home.parent
    with (folder / "register.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["onvif_url"]]
    main = {row["code"]: (row["rtsp_url"], row["rtsp_sub_url"]) for row in rows}
    for row in rows:
        camera = place.farm.county.by_code[row["code"]]
        mates = [one.code for one in place.farm.county.cameras if one.host == camera.host]
        row["channel"] = str(mates.index(camera.code) + 1)
        row["rtsp_url"] = row["rtsp_sub_url"] = row["vendor"] = row["model"] = row["device"] = ""
    table = tmp_path / "onvif_only.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    second = Office(tmp_path / "home", place.farm)
    second.ok("init")
    (second.home / "camerahub.toml").write_text(FAST, "utf-8")
    second.ok("import-areas", str(folder / "areas.csv"))
    second.ok("import", str(table))
    found, summary = told(second, "enrol")
    truth = answering(place)
    healthy = {code for code, row in truth.items() if row["kind"] == "healthy"}
    assert healthy
    assert {found[code]["verdict"] for code in healthy} == {"added"}
    assert {code for code, row in found.items() if row["verdict"] == "refused"} <= {
        code for code, row in truth.items() if row["kind"] == "wrong_password"
    }
    assert summary["failed"] + summary["held"] < len(found)
    exported = {row["code"]: row for row in csv.DictReader(second.ok("export").lstrip("\ufeff").splitlines())}
    for code in healthy:
        assert (exported[code]["rtsp_url"], exported[code]["rtsp_sub_url"]) == main[code]
        behind = bool(place.farm.county.by_code[code].device)
        assert bool(exported[code]["vendor"]) != behind, "what a recorder is says nothing of its cameras"
        assert exported[code]["snapshot_url"].startswith("http://")
    swept = [json.loads(line) for line in second.ok("sweep", "--probe", "rtsp", "--json").splitlines()][:-1]
    assert {row["target"] for row in swept if row["reason"] == "ok"} >= healthy
