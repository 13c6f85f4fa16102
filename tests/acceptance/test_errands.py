"""A hub asks its ONVIF cameras for time and identity by itself, gently, and not again when it is started anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.county import Office, office, until, wait

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
HUB = ("-m", "tests.acceptance.quick_hub")


def rows(place: Office, query: str) -> list[Any]:
    with closing(sqlite3.connect(place.home / "camerahub.db", timeout=20)) as database:
        return database.execute(query).fetchall()


def said(place: Office) -> int:
    lines = "".join(place.said).splitlines()
    return sum('"errand_ended"' in text and '"report_' not in text for text in lines)


def test_clocks_and_identities_come_by_themselves(tmp_path: Path) -> None:
    with office(tmp_path, cameras=24, townships=2, mix={"healthy": 4, "clock_zone": 1}) as place:
        with place.hub(HUB):
            until(lambda: set(place.online().values()) == {"up"}, 60)
            until(lambda: bool(rows(place, "SELECT 1 FROM onvif_identities")), 60)
            wait(1)
            assert rows(place, "SELECT count(*) FROM onvif_clocks WHERE finding = 2")[0][0] > 0  # the zone
            assert rows(place, "SELECT count(*) FROM flips WHERE endpoint_id = 0 AND new = 2") == [(0,)]
            assert {who for (who,) in rows(place, "SELECT DISTINCT who FROM changes WHERE who = 'camerahub'")}
        ended = said(place)
        assert ended == 2
        with place.hub(HUB):
            wait(4)
        assert said(place) == ended  # it remembers when they began
        counts = place.farm.cameras()
        assert {row["locks"] for row in counts.values()} == {0}
