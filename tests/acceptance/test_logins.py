"""Gentle logins with real processes and real RTSP: one wrong login a camera at most, a murdered hub forgets none."""

from __future__ import annotations

import csv
import json
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.county import Office, office, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("county"), cameras=120, townships=3) as made:
        yield made


def logins(place: Office) -> list[dict[str, Any]]:
    done = place.call("credentials", "list", "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()][:-1]


def test_a_hub_finds_the_good_and_the_wrong_logins(place: Office) -> None:
    wrong = {code for code, row in place.truth().items() if row["kind"] == "wrong_password"}
    good = {code for code, row in place.truth().items() if row["kind"] in ("healthy", "slow")}
    with place.hub() as hub:
        until(lambda: codes(place, "proven") >= good & known(place), 90)
        hub.kill()
    with place.hub():
        until(lambda: codes(place, "refused") >= wrong & known(place), 60)
        place.ok("credentials", "check")
    assert codes(place, "refused") & good == set()
    assert max(seen["bad_logins"] for seen in place.farm.cameras().values()) <= 2
    assert max(seen["peak"] for seen in place.farm.cameras().values()) <= 1


def test_a_check_without_a_hub_is_the_guard_itself(tmp_path: Path) -> None:
    with office(tmp_path, cameras=60, townships=2) as place:
        text = place.ok("credentials", "check")
        assert "需要核对密码的设备" in text
        refused = codes(place, "refused")
        assert refused
        assert {place.truth()[code]["kind"] for code in refused} == {"wrong_password"}
        first = {code: seen["bad_logins"] for code, seen in place.farm.cameras().items()}
        assert max(first.values()) == 1
        summary = place.lines("credentials", "check")[-1]["summary"]
        assert summary["breaker"] == "closed"
        assert summary["refused"] >= 1
        place.lines("sweep", "--probe", "rtsp")
        again = {code: seen["bad_logins"] for code, seen in place.farm.cameras().items()}
        assert {code for code in refused if again[code] != first[code]} == set()
        with (tmp_path / "register.csv").open(encoding="utf-8-sig", newline="") as file:
            secrets = {row["password"] for row in csv.DictReader(file) if row["password"]}
        assert [secret for secret in secrets if any(secret in said for said in place.said)] == []


def known(place: Office) -> set[str]:
    return {code for row in logins(place) for code in row["cameras"]}


def codes(place: Office, state: str) -> set[str]:
    return {code for row in logins(place) if row["state"] == state for code in row["cameras"]}


def dialled(place: Office) -> int:
    return sum(seen["conversations"] for seen in place.farm.cameras().values())


def quiet(place: Office) -> bool:
    """Nobody was dialled for longer than two intervals."""
    before = dialled(place)
    select.select([], [], [], 4.5)
    return dialled(place) == before


def test_a_pause_is_obeyed_and_survives(place: Office) -> None:
    with place.hub():
        assert not quiet(place)
        place.ok("pause", "--all", "--reason", "演练")
        until(lambda: quiet(place), 20)
    with place.hub():
        assert "此前已暂停" in place.ok("pause", "--all")
        assert quiet(place)
        place.ok("resume", "--all")
        assert not quiet(place)
    assert place.call("pause").returncode == 2
    assert place.call("pause", "--area", "999999").returncode == 2
