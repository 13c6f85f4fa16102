"""What the machine may lack: one clear sentence in both languages, exit code 4 (2 for configuration), nothing lost."""

from __future__ import annotations

import os
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from camerahub.cli.main import COMMANDS, run
from camerahub.core.errors import EXIT_BUG, EXIT_ENVIRONMENT, EXIT_OK, EXIT_USAGE
from camerahub.registry.tables import SCHEMA_REVISION


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    assert run(["--home", str(folder), "init"]) == EXIT_OK
    return folder


def said(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["--home", str(home), *words])
    return code, capsys.readouterr().err


def table(home: Path) -> str:
    path = home.parent / "one.csv"
    path.write_text("code,name,area_code,ip,username,password\nC1,门口,320585,192.0.2.7,u,planted\n", "utf-8")
    return str(path)


def test_init_makes_private_files_and_never_overwrites(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for name in ("camerahub.key", "camerahub.db"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    code, message = said(capsys, home, "init")
    assert code == EXIT_USAGE
    assert "init 不会覆盖" in message
    assert "init never overwrites" in message


def test_a_failed_init_can_be_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "camerahub.db").mkdir()  # a database that cannot be made
    assert said(capsys, folder, "init")[0] == EXIT_ENVIRONMENT
    (folder / "camerahub.db").rmdir()
    assert said(capsys, folder, "init")[0] == EXIT_OK


def test_an_init_that_runs_out_of_disk_leaves_nothing(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the full disk: the key still fits, the database does not."""
    folder = tmp_path / "home"
    full = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))\n"
        "from camerahub.cli.main import main\n"
        f"main(['--home', {str(folder)!r}, 'init'])\n"
    )
    done = subprocess.run([sys.executable, "-Bc", full], capture_output=True, text=True, check=False)
    assert done.returncode == EXIT_ENVIRONMENT, done.stderr
    assert "Traceback" not in done.stderr
    assert not folder.exists()
    assert run(["--home", str(folder), "init"]) == EXIT_OK


def test_check_config_and_migrate_are_content(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, message = said(capsys, home, "check-config")
    assert code == EXIT_OK
    assert "camerahub.toml" in message
    code, message = said(capsys, home, "migrate")
    assert code == EXIT_OK
    assert SCHEMA_REVISION in message


def test_check_config_names_the_wrong_key(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (home / "camerahub.toml").open("a", encoding="utf-8") as file:
        file.write("\n[wbe]\nport = 1\n")
    code, message = said(capsys, home, "check-config")
    assert code == EXIT_USAGE
    assert "unknown key wbe; nearest valid key: web" in message


def test_check_config_names_a_missing_certificate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (home / "camerahub.toml").read_text("utf-8").replace('tls_cert = ""', 'tls_cert = "hub.pem"')
    (home / "camerahub.toml").write_text(text, "utf-8")
    code, message = said(capsys, home, "check-config")
    assert code == EXIT_USAGE
    assert "web.tls_cert" in message
    assert "hub.pem" in message


@pytest.mark.parametrize("command", ["status", "run", "cameras", "rates", "migrate"])
def test_a_home_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, message = said(capsys, tmp_path / "nowhere", command)
    assert code == EXIT_USAGE
    assert f"--home {tmp_path / 'nowhere'} init" in message


def test_no_home_at_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMERAHUB_HOME", raising=False)
    assert run(["status"]) == EXIT_USAGE
    assert "CAMERAHUB_HOME" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["import", "run"])
def test_a_missing_key(home: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    (home / "camerahub.key").unlink()
    words = [command, table(home)] if command == "import" else [command]
    code, message = said(capsys, home, *words)
    assert code == EXIT_ENVIRONMENT
    assert "camerahub.key" in message
    assert "planted" not in message


def test_a_key_everybody_can_read(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "camerahub.key").chmod(0o644)
    code, message = said(capsys, home, "check-config")
    assert code == EXIT_ENVIRONMENT
    assert "chmod 600" in message


@pytest.mark.parametrize("command", ["status", "run", "import"])
def test_a_newer_database(home: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    with closing(sqlite3.connect(home / "camerahub.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    words = [command, table(home)] if command == "import" else [command]
    code, message = said(capsys, home, *words)
    assert code == EXIT_ENVIRONMENT
    assert "9999" in message
    assert "newer" in message


def test_a_file_that_is_no_database(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "camerahub.db").write_bytes(b"not a database at all" * 100)
    code, message = said(capsys, home, "status")
    assert code == EXIT_ENVIRONMENT
    assert "camerahub.db" in message


def test_a_busy_port(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (home / "camerahub.toml").write_text(f"[web]\nport = {port}\n", "utf-8")
        code, message = said(capsys, home, "run")
    assert code == EXIT_ENVIRONMENT
    assert str(port) in message
    assert "web.port" in message


def test_off_loopback_needs_tls_and_a_token(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "camerahub.toml").write_text('[web]\nhost = "0.0.0.0"\nport = 0\n', "utf-8")
    for command in ("run", "check-config"):
        code, message = said(capsys, home, command)
        assert code == EXIT_USAGE
        assert "web.tls_cert" in message


def test_a_file_where_the_home_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "home"
    path.write_text("", "utf-8")
    assert run(["--home", str(path), "status"]) == EXIT_USAGE
    assert str(path) in capsys.readouterr().err


def test_unknown_words_are_usage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, home, "no-such-command")[0] == EXIT_USAGE
    assert said(capsys, home, "rates", "--no-such-option")[0] == EXIT_USAGE


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == EXIT_OK
    assert "Usage" in capsys.readouterr().out


def test_a_bug_is_told_masked_and_has_its_own_exit_code(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("rtsp://admin:planted-secret@192.0.2.1/ went wrong")

    monkeypatch.setattr("camerahub.cli.context.Context.settings", broken)
    code, message = said(capsys, home, "check-config")
    assert code == EXIT_BUG
    assert "RuntimeError" in message
    assert "planted-secret" not in message


def piped(home: Path, *words: str) -> tuple[int, str]:
    """Exit code and stderr of a command whose reader has gone."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "camerahub", "--home", str(home), *words]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [("export",), ("cameras", "--json"), ("rates",), ("--help",)])
def test_a_reader_who_has_read_enough_is_no_failure(home: Path, words: tuple[str, ...]) -> None:
    assert run(["--home", str(home), "import", table(home)]) == EXIT_OK
    code, message = piped(home, *words)
    assert code == EXIT_OK, message
    assert "Traceback" not in message


@pytest.mark.parametrize("words", [("cameras", "--json"), ("rates",), ("--help",)])
def test_output_that_cannot_be_written_is_told_in_a_sentence(home: Path, words: tuple[str, ...]) -> None:
    assert run(["--home", str(home), "import", table(home)]) == EXIT_OK
    command = [sys.executable, "-m", "camerahub", "--home", str(home), *words]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == EXIT_ENVIRONMENT
    assert "the output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_wrong_word_is_told_in_both_languages(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, message = said(capsys, home, "rates", "--no-such-option")
    assert code == EXIT_USAGE
    assert "用法有误: No such option" in message
    assert "usage error: No such option" in message
    assert "Usage: camerahub rates" in message


def test_an_empty_home_is_no_home(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMERAHUB_HOME", raising=False)
    for words in (["--home", "", "status"], ["--home", "", "init"]):
        assert run(words) == EXIT_USAGE
        assert "no home folder" in capsys.readouterr().err
