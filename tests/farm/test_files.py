"""What the county hands in."""

from __future__ import annotations

import csv
import json
import re

import pytest

from camerahub.core.errors import ConfigError
from camerahub.farm.county import County
from camerahub.farm.files import (
    REGISTER_COLUMNS,
    targets,
    write_areas,
    write_register,
    write_targets,
    write_truth,
)


@pytest.fixture(scope="module")
def county():
    return County.make(cameras=400, townships=6)


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_register_is_a_native_table(county, tmp_path):
    path = tmp_path / "register.csv"
    write_register(county, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfcode,name,area_code,network,")
    assert path.stat().st_mode & 0o777 == 0o600
    rows = table(path)
    assert tuple(rows[0]) == REGISTER_COLUMNS
    assert [row["code"] for row in rows] == [camera.code for camera in county.cameras]
    assert all("@" not in row["rtsp_url"] for row in rows)
    assert {row["status"] for row in rows} == {"在用", "拆除"}
    assert {bool(row["rtsp_url"]) for row in rows} == {True, False}


def test_areas(county, tmp_path):
    write_areas(county, tmp_path / "areas.csv")
    rows = table(tmp_path / "areas.csv")
    assert list(rows[0]) == ["code", "name", "level", "parent"]
    assert len(rows) == len(county.areas)


def test_the_truth_speaks_of_every_camera(county, tmp_path):
    write_truth(county, tmp_path / "truth.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["code"] for row in rows] == [camera.code for camera in county.cameras]
    assert {row["online"] for row in rows} == {"up", "down", "unknown"}
    assert all(row["probes"]["options"]["reason"] in row["reasons"] for row in rows if row["expected"])
    said = json.dumps(rows)
    assert all(password not in said for password in {c.password for c in county.cameras if c.password})


def test_targets(county, tmp_path):
    dialled = [c for c in county.cameras if c.host and c.expected]
    assert len(targets(county)) == len(dialled)
    assert targets(county)[0] == f"{dialled[0].host}:{county.port(dialled[0])}"
    assert all(re.match(r"rtsps?://127\.", line) for line in targets(county, "url"))
    assert any("%40%231@127." in line for line in targets(county, "login"))
    write_targets(county, tmp_path / "t", "login")
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o600
    assert len((tmp_path / "t").read_text().splitlines()) == len(dialled)
    with pytest.raises(ConfigError):
        targets(county, "poem")
