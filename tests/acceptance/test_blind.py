"""A real hub, real probers, a farm on loopback: the line is cut, the loop stands still, files run out. Nobody dies."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.county import FAST, Hub, Office, office, until, wait

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("line"), cameras=120, townships=3) as made:
        code = healthy(made)[0]
        with closing(sqlite3.connect(made.home / "camerahub.db")) as database:
            query = "SELECT host, port FROM endpoints JOIN cameras ON cameras.id = camera_id WHERE code = ?"
            host, port = database.execute(query, (code,)).fetchone()
        line = f'[[uplinks]]\nname = "east"\nreferences = ["rtsp://{host}:{port}"]\n'
        config = FAST.replace("[fleet]\n", "[fleet]\nreference_s = 1.0\nreference_deadline_s = 0.9\n")
        (made.home / "camerahub.toml").write_text(config + line, "utf-8")
        made.ok("check-config")
        yield made


@pytest.fixture(scope="module")
def hub(place: Office) -> Iterator[Hub]:
    with place.hub() as running:
        until(lambda: place.online() == wanted(place), 60)
        yield running


def healthy(place: Office) -> list[str]:
    """Codes of cameras that answer, each with an address of its own; the first is the reference."""
    return [code for code, row in place.truth().items() if row["kind"] == "healthy" and not row["device"]]


def wanted(place: Office) -> dict[str, str]:
    return {code: row["online"] for code, row in place.truth().items()}


def online(place: Office, codes: list[str]) -> set[str]:
    states = place.online()
    return {states[code] for code in codes}


def blind(hub: Hub) -> Counter[int]:
    """How many probers say 1, 0, -1 of the line."""
    lines = hub.get("/metrics").splitlines()
    return Counter(round(float(x.split()[-1])) for x in lines if x.startswith("camerahub_prober_blind{"))


def rows(place: Office, query: str) -> list[tuple]:
    with closing(sqlite3.connect(place.home / "camerahub.db", timeout=20)) as database:
        return database.execute(query).fetchall()


def gaps(place: Office, reason: str) -> list[tuple]:
    query = "SELECT worker, scope, from_at, to_at FROM gaps WHERE reason = '{}' ORDER BY from_at"
    return rows(place, query.format(reason))


def down_flips(place: Office) -> int:
    return rows(place, "SELECT count(*) FROM flips WHERE endpoint_id = 0 AND new = 2")[0][0]


def test_sweeps_of_a_machine_that_cannot_see_kill_nobody(place: Office) -> None:
    """Before any hub runs; the lines still say what each dial met."""
    place.lines("sweep")
    codes = healthy(place)[:4]
    for code in codes:
        place.farm.set(code, "silent")
    for _ in range(3):
        lines = place.lines("sweep")
        assert {line["reason"] for line in lines[:-1] if line["target"] in codes} == {"timeout"}
    assert "down" not in online(place, list(wanted(place)))
    place.farm.set(codes[0], "healthy")  # the reference
    for _ in range(3):
        place.lines("sweep")
    assert online(place, codes[1:]) == {"down"}
    for code in codes:
        place.farm.set(code, "healthy")


def test_a_line_that_is_cut_kills_nobody(place: Office, hub: Hub) -> None:
    until(lambda: blind(hub) == {0: 2}, 10)
    before = down_flips(place)
    codes = healthy(place)
    for code in (
        codes[1::2] + codes[::2]
    ):  # the reference goes in the middle: some are cut before it, some after
        place.farm.set(code, "silent")
    until(lambda: blind(hub) == {1: 2}, 10)
    wait(12)
    assert down_flips(place) == before
    told = place.lines("status")[0]
    assert {(one["uplink"], one["reason"]) for one in told["blind"]} == {("east", "references")}
    assert "失明" in place.ok("status")
    for code in codes:
        place.farm.set(code, "healthy")
    until(lambda: blind(hub) == {0: 2}, 10)
    until(lambda: place.online() == wanted(place), 15)
    assert down_flips(place) == before
    found = gaps(place, "references")
    assert {(worker, scope) for worker, scope, _, _ in found} == {
        ("prober-0", "uplink:east"),
        ("prober-1", "uplink:east"),
    }
    assert all(end is not None and end - start > 10_000_000 for _, _, start, end in found)
    assert place.lines("status")[0]["blind"] == []


def test_dead_cameras_behind_a_living_reference_are_dead(place: Office, hub: Hub) -> None:
    codes = healthy(place)[1:]
    for code in codes:
        place.farm.set(code, "silent")
    until(lambda: online(place, codes) == {"down"}, 40)
    assert blind(hub) == {0: 2}
    for code in codes:
        place.farm.set(code, "healthy")
    until(lambda: place.online() == wanted(place), 30)


def probers(hub: Hub) -> list[int]:
    """Process ids of the probers: a hub has other children, too."""
    return [
        pid for pid in hub.children() if b"prober" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]


def test_a_loop_that_stands_still_kills_nobody(place: Office, hub: Hub) -> None:
    before = down_flips(place)
    for pid in probers(hub):
        os.kill(pid, signal.SIGSTOP)
    wait(5)
    for pid in probers(hub):
        os.kill(pid, signal.SIGCONT)
    until(lambda: len([end for *_, end in gaps(place, "loop_stalled") if end]) == 2, 15)
    until(lambda: place.online() == wanted(place), 15)
    assert down_flips(place) == before
    assert blind(hub) == {0: 2}


def test_files_that_run_out_kill_nobody(place: Office, hub: Hub) -> None:
    before = down_flips(place)
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in probers(hub)}
    for pid, (_, hard) in limits.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4, hard))
    until(lambda: blind(hub) == {1: 2}, 15)
    wait(8)
    for pid, limit in limits.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
    until(lambda: blind(hub) == {0: 2}, 15)
    until(lambda: place.online() == wanted(place), 15)
    assert down_flips(place) == before
    assert all(end is not None for *_, end in gaps(place, "files"))
    assert len(gaps(place, "files")) == 2


def test_a_prober_that_dies_blind_leaves_no_gap_open(place: Office, hub: Hub) -> None:
    for code in healthy(place):
        place.farm.set(code, "silent")
    until(lambda: blind(hub) == {1: 2}, 15)
    os.kill(probers(hub)[0], signal.SIGKILL)
    until(lambda: any(end is not None for *_, end in gaps(place, "references")[2:]), 15)
    for code in healthy(place):
        place.farm.set(code, "healthy")
    until(lambda: blind(hub) == {0: 2}, 15)
    until(lambda: place.online() == wanted(place), 20)
    assert rows(place, "SELECT count(*) FROM gaps WHERE to_at IS NULL") == [(0,)]
