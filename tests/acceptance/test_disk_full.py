"""A disk that fills up under a running hub: it goes on looking, says so everywhere, and recovers by itself.

The home lies on a small file system of its own (tmpfs), which only root can mount: part of ``make test-real``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.county import Hub, Office, office, until

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(240)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a file system is mounted by root only")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def ready(hub: Hub) -> list[str]:
    """Names of the problems the hub tells of; empty = it is ready."""
    try:
        hub.get("/readyz")
    except urllib.error.HTTPError as error:
        return [problem["code"] for problem in json.loads(error.read())["problems"]]
    return []


def metric(hub: Hub, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", hub.get("/metrics"), re.M)
    assert found, name
    return float(found[1])


def conversations(place: Office) -> int:
    return sum(seen["conversations"] for seen in place.farm.cameras().values())


def fill(ballast: Path) -> None:
    """Take what is left of the disk."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_stops_nothing_but_the_writing(disk: Path) -> None:
    with office(disk, cameras=60, townships=2) as place:
        wanted = {code: row["online"] for code, row in place.truth().items()}
        with place.hub() as hub:
            until(lambda: place.online() == wanted, 60)
            assert ready(hub) == []
            ballast = disk / "ballast"
            fill(ballast)
            until(lambda: "commit" in ready(hub), 60)
            assert metric(hub, "camerahub_commit_failures_total") > 0
            assert metric(hub, "camerahub_disk_free_bytes") == 0
            looked = conversations(place)
            until(lambda: conversations(place) > looked + 60, 30)
            assert hub.process.poll() is None
            victim = next(
                c for c, row in place.truth().items() if row["kind"] == "healthy" and not row["device"]
            )
            place.farm.set(victim, "silent")
            ballast.unlink()
            until(lambda: ready(hub) == [], 60)
            until(lambda: place.online()[victim] == "down", 60)
            others = {code: state for code, state in place.online().items() if code != victim}
            assert others == {code: state for code, state in wanted.items() if code != victim}
    said = "".join(place.said)
    assert "commit_failed" in said
    assert "commit_recovered" in said
    assert "Traceback" not in said
