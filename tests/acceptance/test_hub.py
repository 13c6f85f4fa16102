"""A county with a table of its own: import, sweep, hub, a second import while it runs, a murder, and the secrets."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.acceptance.county import Office, office, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("county"), cameras=200, townships=4) as made:
        yield made


def wanted(place: Office) -> dict[str, str]:
    return {code: row["online"] for code, row in place.truth().items()}


def test_one_sweep_is_one_look(place: Office) -> None:
    lines = place.lines("sweep")
    truth = place.truth()
    for line in lines[:-1]:
        assert line["reason"] in truth[line["target"]]["probes"]["options"]["allowed"], line
    # One good answer proves a camera that was never seen; nothing is called dead after one look.
    after_one = {code: "up" if state == "up" else "unknown" for code, state in wanted(place).items()}
    assert place.online() == after_one


def test_sweeps_with_logins_name_every_reason(place: Office) -> None:
    truth = place.truth()
    for line in place.lines("sweep", "--probe", "rtsp")[:-1]:
        assert line["reason"] in truth[line["target"]]["probes"]["rtsp"]["allowed"], line
    assert max(seen["bad_logins"] for seen in place.farm.cameras().values()) <= 1


def test_a_hub_settles_and_a_dead_camera_shows(place: Office) -> None:
    with place.hub() as hub:
        until(lambda: place.online() == wanted(place), 60)
        assert hub.get("/healthz")
        assert hub.get("/readyz")
        victim = next(
            code for code, row in place.truth().items() if row["kind"] == "healthy" and not row["device"]
        )
        place.farm.set(victim, "silent")
        until(lambda: place.online()[victim] == "down", 40)
        place.farm.set(victim, "healthy")
        until(lambda: place.online()[victim] == "up", 40)


def test_import_while_the_hub_runs(place: Office) -> None:
    table = place.home.parent / "register.csv"
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = place.truth()
    gone = next(row for row in rows if truth.get(row["code"], {}).get("kind") == "healthy")
    gone["status"] = "拆除"
    changed = place.home.parent / "changed.csv"
    with changed.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    with place.hub() as hub:
        before = place.lines("rates")[0]["expected"]
        verdicts = Counter(line.get("verdict") for line in place.lines("import", str(changed)))
        assert verdicts["changed"] == 1
        assert verdicts["unchanged"] == len(rows) - 1
        assert place.lines("rates")[0]["expected"] == before - 1

        def scraped() -> int:
            lines = hub.get("/metrics").splitlines()
            return sum(
                int(float(x.split()[-1])) for x in lines if x.startswith("camerahub_cameras_expected{")
            )

        until(lambda: scraped() == before - 1, 20)
        again = Counter(line.get("verdict") for line in place.lines("import", str(table)))
        assert again["changed"] == 1


def test_a_sweep_beside_the_hub_goes_through_it(place: Office) -> None:
    with place.hub() as hub:
        until(lambda: place.online() == wanted(place), 60)
        summary = place.lines("sweep")[-1]["summary"]
        assert summary["expected"] == sum(summary["outcomes"].values())
        until(lambda: place.online() == wanted(place), 30)
        assert 'probe="options"' in hub.get("/metrics")
    assert max(seen["peak"] for seen in place.farm.cameras().values()) <= 1


def test_one_camera_climbed_beside_the_hub(place: Office) -> None:
    code = next(code for code, row in place.truth().items() if row["kind"] == "wrong_password")
    with place.hub():
        steps = place.lines("probe", code)
    assert {step.get("reason") for step in steps} & {"auth", "locked"}, (
        "locked: it was refused before, and not again"
    )


def test_a_murdered_hub_leaves_no_orphan_and_loses_nothing(place: Office) -> None:
    with place.hub() as hub:
        until(lambda: place.online() == wanted(place), 60)
        # the hub, two probers, and of each prober the decoder at work and the one that stands by
        until(lambda: len(hub.children()) == 3 + 2 * 2, 30)
        hub.kill()
        until(lambda: hub.children() == [], 15)
    assert place.online() == wanted(place)
    with place.hub():
        assert place.online() == wanted(place)
        until(lambda: place.online() == wanted(place), 10)
    with sqlite3.connect(place.home / "camerahub.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_planted_secrets_are_nowhere(place: Office) -> None:
    """Last: everything the commands above printed, every file of the home, the dump of the database."""
    with (place.home.parent / "register.csv").open(encoding="utf-8-sig", newline="") as file:
        secrets = {row["password"] for row in csv.DictReader(file) if row["password"]}
    assert len(secrets) > 5
    place.call("probe", f"rtsp://admin:{min(secrets)}@127.0.0.1:1/x")
    place.ok("export", "--csv", str(place.home.parent / "export.csv"))
    with sqlite3.connect(place.home / "camerahub.db") as database:
        dump = "\n".join(database.iterdump())
    database.close()
    texts = [*place.said, dump, (place.home.parent / "export.csv").read_text("utf-8-sig")]
    raw = b"\0".join(path.read_bytes() for path in place.home.iterdir() if path.is_file())
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []
    assert [secret for secret in secrets if secret.encode() in raw] == []
