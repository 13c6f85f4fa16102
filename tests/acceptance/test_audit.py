"""An auditor at the demonstration: his five questions, each by its one command of docs/audit.md, as people type them.

The county is small and what happens to it is done with commands: a list of 停用, a 报备, a prober that dies, a
platform's list; then figures are published, more is changed, and they still come out.
"""

from __future__ import annotations

import csv
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]

CAMERAS = 120
ZONE = ZoneInfo("Asia/Shanghai")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "audit.md"


@dataclass
class Demo:
    process: subprocess.Popen[str]
    ready: dict[str, Any]
    truth: dict[str, dict[str, Any]]
    started: datetime

    def call(self, *words: str, user: str = "王工") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "camerahub", "--home", self.ready["home"], *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"LOGNAME": user},
        )

    def ok(self, *words: str, user: str = "王工") -> subprocess.CompletedProcess[str]:
        done = self.call(*words, user=user)
        assert done.returncode == 0, f"{words}\n{done.stderr}"
        return done

    def lines(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ok(*words, "--json").stdout.splitlines()]

    def scrape(self, name: str) -> dict[str, float]:
        """Sums of a family by its first label, or by nothing."""
        with urllib.request.urlopen(self.ready["metrics"], timeout=10) as answer:
            rows = answer.read().decode().splitlines()
        found: dict[str, float] = {}
        for row in rows:
            if row.startswith((f"{name}{{", f"{name} ")):
                label = re.search(r'\{\w+="([^"]*)"', row)
                key = label[1] if label else ""
                found[key] = found.get(key, 0) + float(row.split()[-1])
        return found

    def until(self, true: Any, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            select.select([], [], [], 1.0)

    def probers(self) -> list[int]:
        told = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(line.split()[0]) for line in told.stdout.splitlines() if " prober" in line]


def now() -> datetime:
    return datetime.now(UTC).astimezone(ZONE)


def word(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    started = now()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "camerahub", "demo", "--json", "--port", "0"),
            *("--cameras", str(CAMERAS), "--townships", "4"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], 100)[0], "the demo answered nothing within 100 s"
        ready = json.loads(process.stdout.readline())["ready"]
        rows = [json.loads(line) for line in Path(ready["truth"]).read_text("utf-8").splitlines()]
        yield Demo(process, ready, {row["code"]: row for row in rows if row["expected"]}, started)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        process.stdout.close()


@dataclass
class Lived:
    """The county after its day. ``settled``: an instant at which all was known; ``gone`` codes of the cameras put out
    of use; ``town`` the township that was exempted."""

    demo: Demo
    settled: datetime
    gone: list[str]
    town: str
    end: datetime

    @property
    def span(self) -> tuple[str, ...]:
        return "--from", word(self.demo.started), "--to", word(self.end)


@pytest.fixture(scope="module")
def lived(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """The county has settled, and has had its day."""
    demo.until(lambda: _settled(demo))
    settled = now()
    select.select([], [], [], 1.1)  # figures are asked for by the second
    _one_prober_dies(demo)
    gone = _some_are_put_out_of_use(demo, tmp_path_factory.mktemp("audit"))
    town = _a_township_is_exempted(demo)
    select.select([], [], [], 3.0)
    return Lived(demo, settled, gone, town, now())


def _settled(demo: Demo) -> bool:
    rows = demo.lines("rates", "--facet", "lit")
    told = [sum(row["lit"] == state for row in demo.truth.values()) for state in ("up", "down", "unknown")]
    return [rows[0][state] for state in ("up", "down", "unknown")] == told


def _one_prober_dies(demo: Demo) -> None:
    (first,) = demo.probers()
    os.kill(first, signal.SIGKILL)
    demo.until(lambda: demo.probers() not in ([], [first]))
    demo.until(lambda: demo.scrape("camerahub_probers")["connected"] == 1)


def _some_are_put_out_of_use(demo: Demo, folder: Path) -> list[str]:
    """Those that are dark today are out of use tomorrow: the oldest way to a good rate."""
    down = sorted(code for code, row in demo.truth.items() if row["lit"] != "up")[:24]
    with Path(demo.ready["register"]).open(encoding="utf-8-sig", newline="") as file:
        rows = [row | {"status": "stopped"} for row in csv.DictReader(file) if row["code"] in down]
    with (folder / "停用.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert "停用预警" in demo.ok("import", str(folder / "停用.csv"), user="赵工").stderr
    return down


def _a_township_is_exempted(demo: Demo) -> str:
    ((town, _),) = Counter(row["township"] for row in demo.truth.values()).most_common(1)
    at = now()
    window = ("--from", word(at - timedelta(minutes=5)), "--to", word(at + timedelta(days=1)))
    demo.ok("exempt", "request", "--area", town, *window, "--reason", "power_cut", "--applicant", "张三")
    assert demo.call("exempt", "approve", "1", "--approver", "张三").returncode == 2
    demo.ok("exempt", "approve", "1", "--approver", "李四")
    return town


def test_what_is_lit_and_was_it_the_same_rule(lived: Lived) -> None:
    demo = lived.demo
    rows = demo.lines("rates", "--facet", "lit", *lived.span, "--by", "township")
    assert {tuple(row["rules"]) for row in rows} == {(1,)}
    for row in rows:
        assert row["up"] + row["down"] + row["unknown"] == pytest.approx(row["expected"], abs=1e-4)
    said = demo.ok("rates", "--facet", "lit", *lived.span, "--by", "township").stderr
    assert "全部按规则 1 判定" in said
    # at an instant, out of the record, it is the truth
    at = demo.lines("rates", "--facet", "lit", "--from", word(lived.settled), "--by", "township")
    truth: Counter[tuple[str, str]] = Counter((row["township"], row["lit"]) for row in demo.truth.values())
    found = {(row["area"], state): row[state] for row in at for state in ("up", "down", "unknown")}
    assert +Counter(found) == truth


def test_who_was_in_the_denominator_and_who_took_whom_out(lived: Lived) -> None:
    demo = lived.demo
    lines = demo.lines("members", "--day", f"{lived.settled:%Y-%m-%d}")
    members = {line["code"]: line for line in lines if line["kind"] == "member"}
    assert members.keys() == demo.truth.keys()
    moves = [line for line in lines if line["kind"] == "move" and line["before"] is not None]
    assert sorted(move["code"] for move in moves) == lived.gone
    assert {(move["who"], move["file"], move["after"]["status"]) for move in moves} == {
        ("赵工", "停用.csv", "stopped")
    }
    assert all(members[code]["to"] == move["at"] for code, move in zip(lived.gone, moves, strict=True))
    exempt = {code for code, line in members.items() if line["exempt_seconds"]}
    assert exempt == {code for code, row in demo.truth.items() if row["township"] == lived.town}
    (one,) = demo.lines("exempt", "list")
    assert (one["applicant"], one["approver"], one["value"], one["backdated"]) == (
        "张三",
        "李四",
        lived.town,
        True,
    )


def test_many_who_leave_at_once_are_an_alarm(lived: Lived) -> None:
    demo = lived.demo
    alarm = demo.scrape("camerahub_cameras_left_alarm")
    left = demo.scrape("camerahub_cameras_left")
    (told,) = demo.lines("status")
    assert alarm["stopped"] == int(len(lived.gone) >= 20) == 1
    assert (left["stopped"], str(len(lived.gone)) in told["stopped_alarm"]["zh"]) == (len(lived.gone), True)
    assert (alarm["exempt"] == 1) == (told["exempt_alarm"] is not None) == (left["exempt"] >= 20)


def test_the_scrape_and_the_record_know_the_same_exemptions(lived: Lived) -> None:
    demo, gone = lived.demo, set(lived.gone)
    out = [code for code, row in demo.truth.items() if row["township"] == lived.town and code not in gone]
    assert sum(demo.scrape("camerahub_cameras_exempt").values()) == len(out) > 0
    (live,) = demo.lines("rates")
    (past,) = demo.lines("rates", "--from", word(lived.end))
    assert live["exempt"] == past["exempt"] == len(out)
    assert live["expected"] == past["expected"] == sum(demo.scrape("camerahub_cameras_expected").values())


def test_how_often_did_you_look(lived: Lived) -> None:
    demo = lived.demo
    lines = demo.lines("looks", "--day", f"{lived.settled:%Y-%m-%d}", "--by", "township")
    rows = {line["area"]: line for line in lines if line["kind"] == "looks"}
    assert sum(row["cameras"] for row in rows.values()) == len(demo.truth)
    blind = Counter(row["township"] for row in demo.truth.values() if row["online"] == "unknown")
    assert {
        name: row["never"] for name, row in rows.items() if row["never"]
    } == blind  # those without an address
    assert all(row["median"] >= 3 for row in rows.values())
    gaps = [line for line in lines if line["kind"] == "gap"]
    assert [gap["counts"] for gap in gaps if gap["worker"].startswith("prober")] == ["silence"]


def test_how_unknown_time_counts_and_whether_the_rank_survives(lived: Lived) -> None:
    lines = lived.demo.lines("rates", "--facet", "lit", *lived.span, "--by", "township", "--choices")
    ranked = [line for line in lines if "ranks" in line]
    towns = {row["township"] for row in lived.demo.truth.values()}
    assert {line["area"] for line in ranked} == towns
    assert [line["ranks"]["raw"] for line in ranked] == [line["rank"] for line in ranked]
    assert {line["of"] for line in ranked} == {len(towns)}
    assert all(set(line["ranks"]) == {"raw", "measured", "upper", "adjusted"} for line in ranked)
    reasons = {line["reason"]: line for line in lines if "reason" in line and line["kind"] == "time"}
    # whoever was unknown all the time never flipped: his looks say why
    dark = [row["probes"] for row in lived.demo.truth.values() if row["lit"] == "unknown" and row["probes"]]
    unknown = [probes["picture"] for probes in dark]
    told = {name for name, row in reasons.items() if row["unknown"] and not row["up"] and not row["down"]}
    # a login that is held says so, and so does a device whose slots are full; no address is never looked at
    assert {one["reason"] for one in unknown} - told <= {"auth", "busy", "no_address"}
    assert told & {"auth", "locked"}
    assert "never" in told  # no address, and everybody before his first look
    assert told <= {"never", "locked", "busy"}.union(*(one["allowed"] for one in unknown))
    assert reasons["timeout"]["down"] > 0
    for part in ("expected", "up", "down", "unknown"):
        both = (sum(row[part] for row in rows) for rows in (ranked, reasons.values()))
        assert next(both) == pytest.approx(next(both), abs=1e-3)
    assert [line["worker"] for line in lines if line.get("kind") == "gap"]


def test_could_you_have_changed_it_afterwards(lived: Lived, tmp_path: Path) -> None:
    demo = lived.demo
    publish = ("rates", "--facet", "lit", *lived.span, "--by", "township", "--publish", "preliminary")
    assert "已发布 第 1 号" in demo.ok(*publish).stderr
    demo.ok("exempt", "expire", "1")  # what comes later
    offline = tmp_path / "离线.csv"
    offline.write_text("设备编码\n" + "\n".join(sorted(demo.truth)[:5]), "gb18030")
    demo.ok("claims", "import", str(offline), "--source", "市局", "--kind", "upper")
    (run,) = demo.lines("rates", "--published")
    assert (run["same"], run["same_input"], run["who"]) == (True, True, "王工")
    assert demo.lines("publish") == []  # no day is over
    with (
        closing(sqlite3.connect(Path(demo.ready["home"]) / "camerahub.db", timeout=20)) as database,
        database,
    ):
        one = "endpoint_id = 0 AND facet = 2 AND at"
        before = (round(lived.settled.timestamp() * 1e6),)
        (at,) = database.execute(f"SELECT max(at) FROM flips WHERE {one} < ?", before).fetchone()
        database.execute(f"UPDATE flips SET at = at - 1000000 WHERE {one} = ?", (at,))
    (run,) = demo.lines("rates", "--published")
    assert (run["same"], run["same_input"]) == (False, False)
    assert "不一致" in demo.ok("rates", "--published").stdout


def test_the_commands_of_the_page_are_these(lived: Lived) -> None:
    """Every command of docs/audit.md is one this demonstration understands."""
    told = re.findall(r"^    camerahub (.+)$", DOCS.read_text("utf-8"), re.M)
    assert len(told) >= 5
    for line in told:
        words = line.replace("2026-11-05", f"{lived.settled:%Y-%m-%d}").replace("2026-11-06", "2199-01-01")
        words = words.replace("--month 2026-11", f"--month {lived.settled:%Y-%m}")
        assert lived.demo.call(*words.split()).returncode == 0, line
