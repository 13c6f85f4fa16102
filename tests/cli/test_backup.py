"""Backup and restore as people type them: the same figures elsewhere, and nothing changed where it cannot be."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import reduction
from pathlib import Path
from typing import Any

import pytest

from camerahub.cli.main import run
from camerahub.core.errors import EXIT_ENVIRONMENT, EXIT_OK, EXIT_USAGE
from camerahub.home import Home
from camerahub.registry import archive
from camerahub.registry.archive import Archive
from camerahub.registry.engine import open_engine, sqlite_url
from camerahub.registry.migrate import upgrade
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from camerahub.registry.tables import SCHEMA_REVISION
from tests.cli.figures_home import FiguresHome
from tests.contract.conftest import new_database
from tests.contract.fleet import fill
from tests.contract.kill9_child import main as write_for_ever
from tests.contract.old_rows import fill as fill_old
from tests.contract.old_rows import revisions, told
from tests.contract.server import postgres

KILLS = int(os.environ.get("CAMERAHUB_KILLS", "20"))


class Desk:
    """Commands on homes, and what they said."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def __call__(self, home: Path, *words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        self.capsys.readouterr()
        code = run(["--home", str(home), *map(str, words)])
        out, err = self.capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines() if line.startswith("{")], err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def init(folder: Path, password: str = "planted") -> Path:
    """A home with one camera that has a login."""
    table = folder.parent / "one.csv"
    table.write_text(
        f"code,name,area_code,ip,username,password\nC1,门口,320585,192.0.2.7,u,{password}\n", "utf-8"
    )
    assert run(["--home", str(folder), "init"]) == EXIT_OK
    assert run(["--home", str(folder), "import-areas", "--builtin", "320585"]) == EXIT_OK
    assert run(["--home", str(folder), "import", str(table)]) == EXIT_OK
    return folder


def backup(desk: Desk, home: Path, *words: str | Path) -> Path:
    code, lines, err = desk(home, "backup", desk.folder / "backups", "--json", *words)
    assert code == EXIT_OK, err
    return Path(lines[0]["file"])


def figures(desk: Desk, home: Path) -> list[Any]:
    """Rates and cameras, without the instant at which they were asked for."""
    rates = desk(home, "rates", "--by", "township", "--json")[1]
    cameras = desk(home, "cameras", "--json")[1]
    assert rates
    assert cameras
    return [{k: v for k, v in line.items() if k not in ("as_of", "from", "to")} for line in rates] + cameras


async def test_another_machine_gives_the_same_figures(
    county: FiguresHome, desk: Desk, tmp_path: Path
) -> None:
    here = county.home.path
    KeyRing.create(here / "camerahub.key")
    county.hub.crash()
    (here / "attachments").mkdir()
    (here / "attachments" / "0123_批文.pdf").write_bytes(b"%PDF")
    made = backup(desk, here, "--key-to", tmp_path / "keys")
    (key,) = (tmp_path / "keys").iterdir()
    there = tmp_path / "there"
    code, _, err = desk(there, "restore", made, "--key", key)
    assert code == EXIT_OK, err
    assert figures(desk, there) == figures(desk, here)
    assert (there / "attachments" / "0123_批文.pdf").read_bytes() == b"%PDF"
    assert (there / "camerahub.toml").read_bytes() == (here / "camerahub.toml").read_bytes()
    for name in ("camerahub.db", "camerahub.key", "camerahub.toml"):
        assert stat.S_IMODE((there / name).stat().st_mode) == 0o600
    assert desk(there, "doctor", "--json")[1][4]["level"] in ("ok", "unknown")


def test_the_key_is_apart_unless_asked(desk: Desk, tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    secret = (home / "camerahub.key").read_bytes()
    made = backup(desk, home, "--key-to", tmp_path / "keys")
    assert archive.KEY not in Archive(made).manifest.parts
    (key,) = (tmp_path / "keys").iterdir()
    assert key.read_bytes() == secret
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert desk(home, "backup", tmp_path / "b", "--key-to", tmp_path / "b")[0] == EXIT_USAGE
    inside = backup(desk, home, "--with-key")
    assert desk(tmp_path / "other", "restore", inside)[0] == EXIT_OK
    assert (tmp_path / "other" / "camerahub.key").read_bytes() == secret
    assert desk(home, "backup", "--check", made)[0] == EXIT_OK


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name not in ("hub.lock", "camerahub.db-shm", "camerahub.db-wal")
    }


def test_the_wrong_key_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    home, other = init(tmp_path / "home"), init(tmp_path / "other", "else")
    made, before = backup(desk, home), snapshot(other)
    for target, words in ((tmp_path / "new", ()), (other, ("--replace",))):
        code, _, err = desk(target, "restore", made, "--key", other / "camerahub.key", *words)
        assert code == EXIT_ENVIRONMENT
        assert "is not the key of this backup" in err
        assert "不是这份备份" in err
        assert "planted" not in err
    assert not (tmp_path / "new").exists()
    assert snapshot(other) == before
    code, _, err = desk(tmp_path / "new", "restore", made)
    assert (code, (tmp_path / "new").exists()) == (EXIT_USAGE, False)
    assert "--key" in err


def test_a_wrong_key_is_told_by_a_password_where_there_is_no_mark(desk: Desk, tmp_path: Path) -> None:
    home, other = init(tmp_path / "home"), init(tmp_path / "other", "else")
    with closing(sqlite3.connect(home / "camerahub.db")) as raw:
        raw.execute("DELETE FROM settings WHERE key = 'key_mark'")
        raw.commit()
    (home / "camerahub.key").rename(home / "away")  # a backup is made without it, too
    made = backup(desk, home)
    assert Archive(made).manifest.key == ""
    code, _, err = desk(tmp_path / "new", "restore", made, "--key", other / "camerahub.key")
    assert code == EXIT_ENVIRONMENT
    assert "is not the key of this backup" in err
    assert desk(tmp_path / "new", "restore", made, "--key", home / "away")[0] == EXIT_OK


def test_what_is_there_stays_unless_replaced_and_then_is_kept_aside(desk: Desk, tmp_path: Path) -> None:
    home, other = init(tmp_path / "home"), init(tmp_path / "other", "else")
    made, before = backup(desk, home, "--with-key"), snapshot(other)
    code, _, err = desk(other, "restore", made)
    assert code == EXIT_USAGE
    assert "--replace" in err
    assert snapshot(other) == before
    with Home(other).lock():
        code, _, err = desk(other, "restore", made, "--replace")
        assert code == EXIT_ENVIRONMENT
        assert "a hub" in err
    assert snapshot(other) == before
    code, lines, _ = desk(other, "restore", made, "--replace", "--json")
    assert code == EXIT_OK
    aside = Path(lines[0]["aside"])
    assert snapshot(aside) == before
    assert (other / "camerahub.key").read_bytes() == (home / "camerahub.key").read_bytes()
    assert desk(other, "check-config")[0] == EXIT_OK


@pytest.mark.parametrize("steps", range(6))
def test_a_restore_that_ends_half_way_is_seen_and_can_be_repeated(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    home, other = init(tmp_path / "home"), init(tmp_path / "other", "else")
    made, before, move = backup(desk, home, "--with-key"), snapshot(other), shutil.move
    left = iter(range(steps))

    def fails(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise OSError(5, "Input/output error")
        move(source, target)

    with monkeypatch.context() as patched:
        patched.setattr("camerahub.cli.restore.shutil.move", fails)
        assert desk(other, "restore", made, "--replace")[0] == EXIT_ENVIRONMENT
    if steps:  # its configuration is the first thing that moved aside
        assert desk(other, "status")[0] == EXIT_USAGE
    else:
        assert snapshot(other) == before
    assert desk(other, "restore", made, "--replace")[0] == EXIT_OK
    assert desk(other, "cameras", "--json")[1] == desk(home, "cameras", "--json")[1]
    kept: dict[str, bytes] = {}
    for folder in sorted(other.glob("before-restore-*"), reverse=True):
        kept |= snapshot(folder)
    assert kept == before


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "other", "missing"])
def test_a_damaged_backup_changes_nothing(desk: Desk, tmp_path: Path, harm: str) -> None:
    made = backup(desk, init(tmp_path / "home"), "--with-key")
    data = made.read_bytes()
    broken = {
        "cut": data[: len(data) // 2],
        "flip": data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
        "empty": b"",
        "other": b"MZ not a zip",
    }
    bad = tmp_path / "bad.zip"
    if harm in broken:
        bad.write_bytes(broken[harm])
    code, _, err = desk(tmp_path / "new", "restore", bad)
    assert code == EXIT_ENVIRONMENT
    assert str(bad) in err
    assert not (tmp_path / "new").exists()


def test_a_backup_of_the_future_is_refused(desk: Desk, tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    made = backup(desk, home, "--with-key")
    with_future = tmp_path / "future.zip"
    facts = {n: getattr(Archive(made).manifest, n) for n in Archive(made).manifest.__slots__ if n != "parts"}
    archive.write(with_future, {}, archive.about(**facts | {"schema": "9999"}))
    code, _, err = desk(tmp_path / "new", "restore", with_future)
    assert code == EXIT_ENVIRONMENT
    assert "9999" in err


def test_no_room_is_told_before_anything_is_written(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = init(tmp_path / "home")
    made = backup(desk, home, "--with-key")
    monkeypatch.setattr(archive, "room", lambda folder: 1000)
    for words in (("backup", tmp_path / "b2"), ("restore", made)):
        code, _, err = desk(home if words[0] == "backup" else tmp_path / "new", *words)
        assert code == EXIT_ENVIRONMENT
        assert "not enough room" in err
    assert not (tmp_path / "new").exists()
    assert archive.made(tmp_path / "b2") == []


def test_without_a_folder_it_says_which_key(desk: Desk, tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    code, _, err = desk(home, "backup")
    assert code == EXIT_USAGE
    assert "backup.folder" in err
    text = (
        (home / "camerahub.toml")
        .read_text("utf-8")
        .replace('folder = ""', 'folder = "kept"')
        .replace("keep = 14", "keep = 2")
    )
    (home / "camerahub.toml").write_text(text, "utf-8")
    for _ in range(4):
        assert desk(home, "backup")[0] == EXIT_OK
    assert len(archive.made(home / "kept")) == 2


# --- upgrade


def old_home(folder: Path, revision: str) -> dict[str, Any]:
    home = Home(folder)
    home.create()
    KeyRing.create(folder / "camerahub.key")
    engine = open_engine(sqlite_url(folder / "camerahub.db"), create=True, check=False)
    rows = fill_old(engine, revision)
    engine.dispose()
    return rows


@pytest.mark.parametrize("revision", [revisions()[0], revisions()[-2]])
def test_an_upgrade_begins_with_a_backup_of_what_was_there(desk: Desk, tmp_path: Path, revision: str) -> None:
    home = tmp_path / "home"
    before = old_home(home, revision)
    code, _, err = desk(home, "migrate")
    assert code == EXIT_OK, err
    (made,) = archive.made(home / "before-upgrade")
    assert str(made) in err
    assert Archive(made).verify().schema == revision
    Archive(made).extract(archive.REGISTER, tmp_path / "old.db")
    engine = open_engine(sqlite_url(tmp_path / "old.db"), check=False)
    with engine.connect() as connection:
        assert told(connection) == before
    engine.dispose()
    assert desk(home, "migrate")[0] == EXIT_OK
    assert len(archive.made(home / "before-upgrade")) == 1


def test_an_upgrade_without_room_for_the_backup_changes_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    old_home(home, revisions()[-2])
    monkeypatch.setattr(archive, "room", lambda folder: 0)
    code, _, err = desk(home, "migrate")
    assert code == EXIT_ENVIRONMENT
    assert "not enough room" in err
    assert desk(home, "status")[0] == EXIT_ENVIRONMENT
    assert desk(home, "migrate", "--no-backup")[0] == EXIT_OK
    open_engine(sqlite_url(home / "camerahub.db")).dispose()  # its schema is the one of this program


# --- PostgreSQL


def test_a_server_and_a_file_are_made_of_each_other(desk: Desk, tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    made = backup(desk, home, "--with-key")
    with postgres() as server:
        url = new_database(server)
        config = tmp_path / "pg.toml"
        config.write_text(f'[database]\nurl = "{url}"\n', "utf-8")
        there = tmp_path / "there"
        assert desk(there, "restore", made, "--config", config)[0] == EXIT_OK
        assert desk(there, "cameras", "--json")[1] == desk(home, "cameras", "--json")[1]
        assert desk(tmp_path / "second", "restore", made, "--config", config)[0] == EXIT_USAGE
        assert desk(there, "restore", made, "--config", config, "--replace")[0] == EXIT_OK
        back = backup(desk, there, "--with-key")
        assert Archive(back).manifest.counts == Archive(made).manifest.counts
        again = tmp_path / "again"
        assert desk(again, "restore", back, "--config", home / "camerahub.toml")[0] == EXIT_OK
    assert desk(again, "cameras", "--json")[1] == desk(home, "cameras", "--json")[1]


# --- killed


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Path]:
    """A home whose register is written to all the time by another process."""
    home = Home(tmp_path / "home")
    home.create()
    keys = KeyRing.create(home.path / "camerahub.key")
    url = f"sqlite:///{home.path}/camerahub.db"
    upgrade(url)
    store = Store(open_engine(url), zone=home.settings().site.zone, keys=keys)
    fill(store, 300)
    store.close()
    child, _ = started(write_for_ever, url)
    yield home.path
    child.kill()
    child.join(30)
    child.close()


def started(work: Callable[[str, int], None], word: str) -> tuple[Any, int]:
    """A process that says lines on a pipe; the pipe's end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.cli.test_backup"])
    ear, mouth = os.pipe()
    child = context.Process(target=_speak, args=(work, word, reduction.DupFd(mouth)), daemon=True)
    child.start()
    os.close(mouth)
    return child, ear


def _speak(work: Callable[[str, int], None], word: str, mouth: reduction.DupFd) -> None:
    os.set_blocking(out := mouth.detach(), False)
    try:
        work(word, out)
    except BlockingIOError:  # nobody listens any more: the pipe is full
        work(word, os.open(os.devnull, os.O_WRONLY))


def back_up_for_ever(home: str, out: int) -> None:
    while True:
        os.write(out, b"begin\n")
        assert run(["--home", home, "backup", f"{home}/backups", "--keep", "3"]) == EXIT_OK


@pytest.mark.timeout(60 + 10 * KILLS)
def test_killed_at_any_moment_it_leaves_whole_backups_and_the_register_as_it_was(
    writer: Path, desk: Desk
) -> None:
    luck, folder = random.Random(20250615), writer / "backups"
    for _ in range(KILLS):
        child, ear = started(back_up_for_ever, str(writer))
        with open(ear, "rb") as lines:
            assert lines.readline() == b"begin\n"
            time.sleep(luck.uniform(0, 0.2))  # somewhere in the copy, the archive, or the check
            os.kill(child.pid, signal.SIGKILL)
        child.join(30)
        assert child.exitcode == -signal.SIGKILL
        for made in archive.made(folder):
            assert Archive(made).verify().counts["cameras"] == 300
    code, lines, err = desk(writer, "backup", folder, "--json")
    assert code == EXIT_OK, err
    assert [path.name for path in folder.iterdir() if path.name.startswith(archive.PARTIAL)] == []
    assert lines[0]["counts"]["flips"] > 0
    assert lines[0]["schema"] == SCHEMA_REVISION
    with closing(sqlite3.connect(writer / "camerahub.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
