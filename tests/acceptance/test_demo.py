"""The first minute: ``camerahub demo``, judged camera by camera against the truth table, then ended by Ctrl-C."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from camerahub.farm.kinds import KINDS
from tests.farm.judged import JUDGED, NOT_YET

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(240)]

CAMERAS = 2000
FACETS = ("online", "media", "lit", "picture")
SETTLE_S = 120


@dataclass
class Demo:
    process: subprocess.Popen[str]
    ready: dict[str, Any]
    truth: dict[str, dict[str, Any]]

    def command(self, *words: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "camerahub", "--home", self.ready["home"], *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wrong(self) -> list[str]:
        """Cameras whose answer is not the truth."""
        found = {row["code"]: row["facets"] for row in self.command("cameras", "--json")}
        assert found.keys() == {code for code, row in self.truth.items() if row["expected"]}
        bad = []
        for code, facets in found.items():
            row = self.truth[code]
            bad += [
                f"{code} {row['kind']} {facet}: {facets[facet]} is not {row[facet]}"
                for facet in FACETS
                if facets[facet]["state"] != state_of(row, facet)
                or facets[facet]["reason"] not in allowed(row, facet)
            ]
        return bad


def state_of(row: dict[str, Any], facet: str) -> str:
    """What is true, as far as it can be judged by now."""
    unseen = facet == "picture" and row["probes"] and row["probes"]["picture"]["reason"] in NOT_YET
    return "up" if unseen else str(row[facet])


def allowed(row: dict[str, Any], facet: str) -> set[str]:
    """Reasons that may be told of a camera. A login that is held, and a device that is busy, are told as such."""
    if facet == "online":
        return set(row["reasons"])
    probe = "media" if facet == "media" else "picture"
    told, state = set(row["probes"][probe]["allowed"]), state_of(row, facet)
    if state == "down" and row["online"] == "down":
        told |= set(row["reasons"])  # who does not answer at all shows no picture either
    if state == "up":
        told |= {"ok"} | set(row["probes"]["picture"]["allowed"])  # media flows, whatever the picture shows
    if facet == "picture" and "snapshot" in row["probes"]:
        told |= {"unjudged", *row["probes"]["snapshot"]["allowed"]}
    if state == "unknown":
        told |= {"locked", "busy", "no_address"}
    return told


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    process = subprocess.Popen(
        [sys.executable, "-m", "camerahub", "demo", "--cameras", str(CAMERAS), "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], 60)[0], "the demo answered nothing within 60 s"
        ready = json.loads(process.stdout.readline())["ready"]
        rows = [json.loads(line) for line in Path(ready["truth"]).read_text("utf-8").splitlines()]
        yield Demo(process, ready, {row["code"]: row for row in rows})
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        process.stdout.close()


def test_every_camera_settles_to_its_truth(demo: Demo) -> None:
    assert len(demo.truth) == CAMERAS
    assert (
        len(Counter(row["kind"] for row in demo.truth.values())) == len(KINDS) + 1
    )  # and those without an address
    deadline = time.monotonic() + SETTLE_S
    bad = demo.wrong()
    while bad and time.monotonic() < deadline:
        select.select([], [], [], 3.0)
        bad = demo.wrong()
    assert bad == []


def expected_sums(demo: Demo, key: str, facet: str) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = {}
    for row in demo.truth.values():
        if row["expected"]:
            sums.setdefault(row[key], Counter())[state_of(row, facet)] += 1
    return sums


@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.parametrize(("by", "key"), [("township", "township"), ("network", "network")])
def test_rates_equal_the_truth_in_sum(demo: Demo, by: str, key: str, facet: str) -> None:
    rows = demo.command("rates", "--by", by, "--facet", facet, "--json")
    assert {row["facet"] for row in rows} == {facet}
    wanted = expected_sums(demo, key, facet)
    found = {row[by] if by in row else row["area"]: row for row in rows}
    for name, sums in wanted.items():
        row = found[name]
        assert (row["expected"], row["up"], row["down"], row["unknown"]) == (
            sum(sums.values()), sums["up"], sums["down"], sums["unknown"],
        ), name  # fmt: skip
        assert row["raw"] == pytest.approx(sums["up"] / sum(sums.values()), abs=1e-6)


@pytest.mark.parametrize("facet", FACETS)
def test_metrics_equal_the_truth_in_sum(demo: Demo, facet: str) -> None:
    with urllib.request.urlopen(demo.ready["metrics"], timeout=10) as answer:
        text = answer.read().decode()
    counts: dict[str, Counter[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for state in ("up", "down", "unknown"):
                if sample.name == f"camerahub_cameras_{state}" and sample.labels["facet"] == facet:
                    counts.setdefault(sample.labels["township"], Counter())[state] += int(sample.value)
    assert {name: +sums for name, sums in counts.items()} == expected_sums(demo, "township", facet)


def test_faults_of_pictures_are_counted_by_kind(demo: Demo) -> None:
    with urllib.request.urlopen(demo.ready["metrics"], timeout=10) as answer:
        text = answer.read().decode()
    counts: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        if family.name == "camerahub_picture_faults":
            for sample in family.samples:
                counts[sample.labels["kind"]] += int(sample.value)
    expected = [row for row in demo.truth.values() if row["expected"] and row["picture"] == "down"]
    reasons = Counter(row["probes"]["picture"]["reason"] for row in expected)
    assert +counts == Counter({kind: reasons[kind] for kind in JUDGED if reasons[kind]})


def test_a_confirmed_fault_has_its_evidence(demo: Demo, tmp_path: Path) -> None:
    code = next(code for code, row in demo.truth.items() if row["kind"] == "no_signal" and row["expected"])
    assert {row["reason"] for row in demo.command("evidence", code, "--json")} == {"no_signal"}
    out = tmp_path / "fault.jpg"
    assert demo.command("evidence", code, "--out", str(out), "--by", "tester") == []
    assert out.read_bytes().startswith(b"\xff\xd8\xff")


def test_ctrl_c_ends_all_and_leaves_nothing(demo: Demo) -> None:
    pids = [demo.process.pid, *demo.ready["farm_pids"]]
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) in (0, 130)
    assert not Path(demo.ready["home"]).parent.exists()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    left = subprocess.run(["ps", "-o", "pid=", "-s", str(demo.process.pid)], capture_output=True, check=False)
    assert left.stdout.split() == []
