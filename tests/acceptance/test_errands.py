"""A hub asks its ONVIF cameras for time and identity by itself, gently, and not again when it is started anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from camerahub.registry import archive
from tests.acceptance.county import Office, office, until, wait

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
DAY_US = 86_400_000_000
HUB = ("-m", "tests.acceptance.quick_hub")


def rows(place: Office, query: str) -> list[Any]:
    with closing(sqlite3.connect(place.home / "camerahub.db", timeout=20)) as database:
        return database.execute(query).fetchall()


def said(place: Office) -> int:
    lines = "".join(place.said).splitlines()
    return sum('"errand_ended"' in text and '"report_' not in text for text in lines)


def begun(place: Office) -> int:
    ((value,),) = rows(place, "SELECT value FROM settings WHERE key = 'errand_report_daily'")
    return int(value)


def test_clocks_and_identities_come_by_themselves(tmp_path: Path) -> None:
    with office(tmp_path, cameras=24, townships=2, mix={"healthy": 4, "clock_zone": 1}) as place:
        with closing(sqlite3.connect(place.home / "camerahub.db")) as database, database:
            # a hub that made its reports long ago, and was off since: it makes up for them
            database.execute("INSERT INTO settings (key, value) VALUES ('errand_report_daily', '1')")
        with (place.home / "camerahub.toml").open("a", encoding="utf-8") as file:
            file.write('[backup]\nfolder = "kept"\n')
        with place.hub(HUB) as hub:
            until(lambda: begun(place) > 1, 60)
            until(lambda: set(place.online().values()) == {"up"}, 60)
            until(lambda: bool(rows(place, "SELECT 1 FROM onvif_identities")), 60)
            until(lambda: len(archive.made(place.home / "kept")) == 1, 60)
            until(lambda: bool(rows(place, "SELECT 1 FROM settings WHERE key = 'errand_prune'")), 60)
            wait(2)
            assert rows(place, "SELECT count(*) FROM onvif_clocks WHERE finding = 2")[0][0] > 0  # the zone
            assert rows(place, "SELECT count(*) FROM flips WHERE endpoint_id = 0 AND new = 2") == [(0,)]
            assert {who for (who,) in rows(place, "SELECT DISTINCT who FROM changes WHERE who = 'camerahub'")}
            (made,) = archive.made(place.home / "kept")
            assert archive.Archive(made).verify().counts["cameras"] == 24
            assert "camerahub_backup_age_seconds" in hub.get("/metrics")
        ended = said(place)
        assert 2 <= ended <= 4  # clocks, a backup; enrol and prune may have been about their last words
        report = begun(place)
        with place.hub(HUB):
            wait(4)
        assert (said(place), begun(place)) == (ended, report)  # it remembers when they began
        assert archive.made(place.home / "kept") == [made]
        counts = place.farm.cameras()
        assert {row["locks"] for row in counts.values()} == {0}


@pytest.mark.timeout(400)
def test_figures_that_are_due_are_published_by_the_hub(tmp_path: Path) -> None:
    """A hub whose record reaches back three days finds them unpublished; a second one has nothing left to do."""
    due = "SELECT stage, who, count(*), count(DISTINCT from_at) FROM rate_runs GROUP BY 1, 2 ORDER BY 1"
    with office(tmp_path, cameras=20, townships=2, mix={"healthy": 1}) as place:
        config = place.home / "camerahub.toml"
        config.write_text(config.read_text("utf-8") + '[figures]\npublish_at = "00:00"\n', "utf-8")
        with place.hub():
            until(lambda: set(place.online().values()) == {"up"}, 60)
        with closing(sqlite3.connect(place.home / "camerahub.db", timeout=20)) as database, database:
            database.execute(
                f"UPDATE flips SET at = at - {3 * DAY_US}, recorded_at = recorded_at - {3 * DAY_US}"
            )
        for _ in range(2):
            with place.hub(HUB):
                until(lambda: bool(rows(place, due)) and place.lines("publish", "--dry-run") == [], 90)
                wait(2)
            # of each facet the day of the flips is final by now, and the two days since are preliminary
            found = rows(place, due)
            assert [(stage, who, days) for stage, who, _, days in found][-1] == (
                "preliminary",
                "camerahub",
                2,
            )
            assert {runs % 4 for _, _, runs, _ in found} == {0}
        assert all(line["same"] and line["same_input"] for line in place.lines("rates", "--published"))
