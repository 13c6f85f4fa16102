"""Snapshots in place of streams, camera by camera: 完好 by those that are new, nothing by the others, 点亮 by none."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from camerahub.farm.kinds import SNAPSHOT_KINDS
from tests.acceptance.county import FAST, Office, office, until, wait

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: Pictures soon and often, snapshots at once.
OFTEN = "picture_interval_s = 8.0\npicture_confirm_s = 2.0\nsnapshot_s = 0.5\n" + "".join(
    f"[health.{facet}]\nstale_s = 120.0\n" for facet in ("media", "lit", "picture")
)
MIX = dict.fromkeys((*SNAPSHOT_KINDS, "udp_only", "healthy"), 1.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("county")
    with office(folder, cameras=14, townships=2, mix=MIX, extras=False, media=True) as made:
        (made.home / "camerahub.toml").write_text(FAST + OFTEN, "utf-8")
        yield made


def facets(place: Office) -> dict[str, dict[str, Any]]:
    return {row["code"]: row["facets"] for row in place.lines("cameras")}


def wrong(place: Office) -> list[str]:
    """Cameras of which an answer is not the truth, or the reason of their picture not one that may be told."""
    found, bad = facets(place), []
    for code, row in place.truth().items():
        told = found[code]
        bad += [
            f"{row['kind']} {facet} {told[facet]} is not {row[facet]}"
            for facet in ("online", "media", "lit", "picture")
            if told[facet]["state"] != row[facet]
        ]
        if row["kind"] in SNAPSHOT_KINDS:
            allowed = {"transport", row["probes"]["snapshot"]["reason"], "unjudged"}
            bad += [f"{row['kind']} {told['picture']}"] if told["picture"]["reason"] not in allowed else []
    return bad


def attempts(place: Office, code: str) -> Counter[tuple[str, str]]:
    lines = place.lines("dialled", code)
    return Counter((line["probe"], line["reason"]) for line in lines if line.get("type") == "attempt")


def test_every_kind_of_snapshot_camera_by_camera(place: Office) -> None:
    codes = {row["kind"]: code for code, row in place.truth().items()}
    assert set(SNAPSHOT_KINDS) < codes.keys()
    with place.hub():
        until(lambda: wrong(place) == [], 90)
        # each was asked for a snapshot at least twice: what was seen once proves nothing
        until(lambda: all(snapshots(place, codes[kind]) >= 2 for kind in SNAPSHOT_KINDS), 60)
        assert wrong(place) == []
        found = facets(place)
        assert found[codes["snap_seen"]]["picture"]["source"] == "snapshot"
        assert {kind for kind, code in codes.items() if "source" in found[code]["picture"]} == {"snap_seen"}
        assert all("source" not in told["lit"] for told in found.values())
        for kind in SNAPSHOT_KINDS:
            probes = place.truth()[codes[kind]]["probes"]["snapshot"]["allowed"]
            said = {reason for probe, reason in attempts(place, codes[kind]) if probe == "snapshot"}
            assert said <= {*probes, "unjudged"}, kind
            assert said & set(probes), kind
        assert "snapshot" not in {probe for probe, _ in attempts(place, codes["udp_only"])}, (
            "it has no address"
        )
    seen = place.farm.cameras()
    assert max(one["peak"] for one in seen.values()) <= 1, "one conversation a camera, snapshots too"
    assert sum(one["bad_logins"] for one in seen.values()) == 0


def snapshots(place: Office, code: str) -> int:
    return int(place.farm.cameras()[code]["snapshots"])


def stored(place: Office) -> dict[str, tuple[int, int, int]]:
    """By kind: freshness, whether one was judged, the credential it refused."""
    query = """SELECT cameras.code, fresh, judged_at > 0, refused_to FROM snapshots
               JOIN endpoints ON endpoints.id = endpoint_id JOIN cameras ON cameras.id = camera_id"""
    with closing(sqlite3.connect(place.home / "camerahub.db")) as connection:
        rows = connection.execute(query).fetchall()
    truth = place.truth()
    return {truth[code]["kind"]: (fresh, judged, refused) for code, fresh, judged, refused in rows}


def test_what_is_known_of_its_age_outlives_the_hub(place: Office) -> None:
    """A cached picture is known at the first look after a restart: it is not called unjudged again."""
    before = stored(place)
    assert before["snap_cached"] == (2, 0, 0)
    assert before["snap_seen"] == (1, 1, 0)
    assert before.keys() == {"snap_cached", "snap_seen"}
    code = next(code for code, row in place.truth().items() if row["kind"] == "snap_cached")
    unjudged, taken = attempts(place, code)["snapshot", "unjudged"], snapshots(place, code)
    with place.hub():
        until(lambda: snapshots(place, code) > taken, 60)
        wait(1.0)
        until(lambda: attempts(place, code)["snapshot", "stale"] > 0, 20)
    assert attempts(place, code)["snapshot", "unjudged"] == unjudged
    assert stored(place)["snap_cached"] == (2, 0, 0)
