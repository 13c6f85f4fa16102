"""Reports in a folder: whole or not at all, for few eyes, and old ones go."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import stat
import time
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook

from camerahub.core.errors import EXIT_ENVIRONMENT, EnvironmentFault
from camerahub.reports import files
from camerahub.reports.xlsx import workbook
from tests.reports.made import report

#: Of children that are killed while they write; 200 was the bar.
KILLS = int(os.environ.get("CAMERAHUB_REPORT_KILLS", "20"))
NAME = files.name_of("daily", "2026-11-24", "xlsx")


def test_kept_for_few_eyes(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    files.prepare(folder)
    (path,) = files.keep(folder, {NAME: b"one"})
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode) & 0o137) == (b"one", 0)
    assert stat.S_IMODE(folder.stat().st_mode) & 0o027 == 0
    assert files.keep(folder, {NAME: b"two"}) == [path]
    assert [one.name for one in folder.iterdir()] == [NAME]
    assert path.read_bytes() == b"two"


def test_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.keep(tmp_path, {NAME: b"old"})

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFault) as caught:
        files.keep(tmp_path, {NAME: b"new", "camerahub-daily-2026-11-24.pdf": b"new"})
    assert caught.value.exit_code == EXIT_ENVIRONMENT
    assert "No space" in caught.value.text.zh
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(NAME, b"old")]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("x")
    for folder in (taken, taken / "below", Path("/proc/none")):
        with pytest.raises(EnvironmentFault) as caught:
            files.prepare(folder)
        assert str(folder) in caught.value.text.zh
        assert "--out" in caught.value.text.en


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    folder = tmp_path / "reports"
    files.prepare(folder)
    (folder / NAME).symlink_to(precious)
    (folder / f".{NAME}.{os.getpid()}.part").symlink_to(precious)
    files.keep(folder, {NAME: b"report"})
    assert precious.read_bytes() == b"mine"
    assert (folder / NAME).read_bytes() == b"report"


def test_old_ones_go_and_nothing_else(tmp_path: Path) -> None:
    names = [
        NAME, "camerahub-daily-2025-01-01.pdf", "camerahub-daily-2025-01-01.xlsx", "camerahub-monthly-2025-01.xlsx",
        "camerahub-daily-2025-13-01.xlsx", "notes-2025-01-01.xlsx", "camerahub-daily-2025-01-01.xlsx.bak",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    gone = files.prune(tmp_path, "daily", date(2026, 1, 1))
    assert [path.name for path in gone] == names[1:3]
    assert {path.name for path in tmp_path.iterdir()} == {names[0], *names[3:]}
    assert [path.name for path in files.prune(tmp_path, "monthly", date(2025, 1, 2))] == [names[3]]
    assert files.prune(tmp_path / "none", "daily", date(2026, 1, 1)) == []


def writing(folder: Path, said: Connection) -> None:
    """One report after the other, until killed."""
    for number in range(1_000_000):
        data = workbook(report(as_of=report().as_of + number * 1_000_000), ZoneInfo("Asia/Shanghai"))
        said.send(number)
        files.keep(folder, {NAME: data})


def test_killed_at_any_instant_a_report_is_whole(tmp_path: Path) -> None:
    chance, fork = (
        random.Random(1),
        multiprocessing.get_context("fork"),
    )  # a new interpreter would take a second
    files.keep(tmp_path, {NAME: workbook(report(), ZoneInfo("Asia/Shanghai"))})
    caught = 0
    for _ in range(KILLS):
        here, there = fork.Pipe(duplex=False)
        with here, there:
            child = fork.Process(target=writing, args=(tmp_path, there))
            child.start()
            told = [here.recv() for _ in range(chance.randint(1, 3))]
            assert told == list(range(len(told)))
            _spin(chance.random() * 0.003)
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
            child.close()
        assert CalamineWorkbook.from_path(tmp_path / NAME).sheet_names == ["要点", "乡镇排名", "数字来源"]
        begun = [one for one in tmp_path.iterdir() if one.name.endswith(".part")]
        assert len(begun) <= 1  # what the one before had begun was swept away
        caught += len(begun)
    assert KILLS < 20 or caught  # some were killed in the middle of it
    files.keep(tmp_path, {NAME: b"last"})
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def _spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
