"""The doctor finds what is wrong with a machine, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from camerahub.cli import doctor_checks
from camerahub.cli.doctor_checks import CHECKS, LEVELS
from camerahub.cli.main import run
from camerahub.core.errors import EXIT_ENVIRONMENT, EXIT_OK, EXIT_USAGE
from camerahub.core.texts import CATALOGUE
from camerahub.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    assert run(["--home", str(folder), "init"]) == EXIT_OK
    configure(folder, "")
    return folder


def configure(home: Path, text: str) -> None:
    (home / "camerahub.toml").write_text(f"[web]\nport = {free_port()}\n{text}", "utf-8")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def looked_at(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, Any]]]:
    capsys.readouterr()
    code = run(["--home", str(home), "doctor", "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return code, {line["check"]: line for line in lines if "check" in line}


def test_a_new_home_is_fit(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(home.iterdir())
    code, found = looked_at(home, capsys)
    assert code == EXIT_OK
    assert list(found) == list(CHECKS)
    for name in ("config", "home", "database", "key", "port", "certificate", "decoders", "prometheus"):
        assert found[name]["level"] == "ok", found[name]
    for line in found.values():
        assert line["level"] in LEVELS
        assert line["zh"]
        assert bool(line.get("remedy_zh")) == (line["level"] in ("warn", "fail"))
    assert sorted(home.iterdir()) == before
    assert run(["--home", str(home), "doctor", "--deep"]) == EXIT_OK
    said = capsys.readouterr()
    assert "数据库完好" in said.out
    assert "the database is sound" in said.out
    assert "→" in said.out
    assert "failed" in said.err


def test_every_check_has_a_remedy() -> None:
    assert [name for name in CHECKS if f"doctor.{name}.remedy" not in CATALOGUE] == []


def test_a_home_without_a_configuration_is_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(tmp_path), "doctor", "--json"]) == EXIT_USAGE
    line = json.loads(capsys.readouterr().out)
    assert (line["check"], line["level"]) == ("config", "fail")


@pytest.mark.parametrize(
    ("harm", "check"),
    [("key", "key"), ("mode", "key"), ("other", "key"), ("torn", "database"), ("gone", "database")],
)
def test_what_is_broken_fails_and_says_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str], harm: str, check: str
) -> None:
    key, database = home / "camerahub.key", home / "camerahub.db"
    if harm == "key":
        key.unlink()
    elif harm == "mode":
        key.chmod(0o644)
    elif harm == "other":
        key.unlink()
        from camerahub.registry.secrets import KeyRing

        KeyRing.create(key)
    elif harm == "torn":
        data = bytearray(database.read_bytes())
        data[4096 * 3 :] = bytes(len(data) - 4096 * 3)
        database.write_bytes(data)
    else:
        database.unlink()
    code, found = looked_at(home, capsys)
    assert code == EXIT_ENVIRONMENT
    assert found[check]["level"] == "fail"
    assert found[check]["remedy_en"]
    assert found["config"]["level"] == "ok"


def test_a_port_that_is_taken(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (home / "camerahub.toml").write_text(f"[web]\nport = {taken.getsockname()[1]}\n", "utf-8")
        code, found = looked_at(home, capsys)
    assert (code, found["port"]["level"]) == (EXIT_ENVIRONMENT, "fail")


def test_a_running_hub_has_the_port_by_right(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Home(home).lock():
        code, found = looked_at(home, capsys)
    assert (code, found["port"]["level"]) == (EXIT_OK, "ok")
    assert str(os.getpid()) in found["port"]["en"]


def test_a_full_disk(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "FULL_BYTES", 1 << 60)
    code, found = looked_at(home, capsys)
    assert (code, found["disk"]["level"]) == (EXIT_ENVIRONMENT, "fail")
    monkeypatch.setattr(doctor_checks, "FULL_BYTES", 0)
    monkeypatch.setattr(doctor_checks, "LOW_BYTES", 1 << 60)
    assert looked_at(home, capsys)[1]["disk"]["level"] == "warn"


@pytest.mark.parametrize(("told", "level"), [(True, "ok"), (False, "warn"), (None, "unknown")])
def test_the_clock(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    told: bool | None,
    level: str,
) -> None:
    monkeypatch.setattr(doctor_checks, "clock_synchronised", lambda: told)
    code, found = looked_at(home, capsys)
    assert (code, found["clock"]["level"]) == (EXIT_OK, level)


def test_chrony_is_asked_where_the_kernel_is_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor_checks, "_kernel_clock", lambda: False)
    program = tmp_path / "chronyc"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor_checks.clock_synchronised() is False
    for leap, synchronised in (("Normal", True), ("Not synchronised", False)):
        program.write_text(f"#!/bin/sh\necho 'Leap status     : {leap}'\n", "utf-8")
        program.chmod(0o755)
        assert doctor_checks.clock_synchronised() is synchronised
    monkeypatch.setattr(doctor_checks, "_kernel_clock", lambda: None)
    program.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    assert doctor_checks.clock_synchronised() is None


def test_backups_that_are_missing_old_or_on_the_same_disk(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert looked_at(home, capsys)[1]["backup"]["level"] == "warn"
    configure(home, '[backup]\nfolder = "kept"\n')
    assert "no backup" in looked_at(home, capsys)[1]["backup"]["en"]
    assert run(["--home", str(home), "backup"]) == EXIT_OK
    assert "on the disk of the database" in looked_at(home, capsys)[1]["backup"]["en"]
    (made,) = (home / "kept").glob("*.zip")
    os.utime(made, (0, 0))
    assert "hours old" in looked_at(home, capsys)[1]["backup"]["en"]


def certificate(path: Path, days: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        made.serial_number(7)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
    )
    signed = made.sign(key, hashes.SHA256())
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + plain)


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (10, "warn"), (-1, "fail")])
def test_certificates_end(home: Path, capsys: pytest.CaptureFixture[str], days: int, level: str) -> None:
    certificate(home / "hub.pem", days)
    port = free_port()
    (home / "camerahub.toml").write_text(
        f'[web]\nport = {port}\ntls_cert = "hub.pem"\ntls_key = "hub.pem"\n', "utf-8"
    )
    assert looked_at(home, capsys)[1]["certificate"]["level"] == level


@pytest.fixture
def prometheus() -> Iterator[HTTPServer]:
    """Answers what ``server.says`` holds."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.server.says  # type: ignore[attr-defined]
            self.send_response(200 if body else 503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_pdf_reports_need_libraries(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_checks, "PDF_LIBRARIES", ("no-such-library",))
    line = looked_at(home, capsys)[1]["pdf"]
    assert line["level"] == "warn"
    assert "no-such-library" in line["en"]


def test_prometheus_is_asked_whether_it_scrapes_us(
    home: Path, capsys: pytest.CaptureFixture[str], prometheus: HTTPServer
) -> None:
    configure(home, f'[monitoring]\nprometheus_url = "http://127.0.0.1:{prometheus.server_port}"\n')
    port = Home(home).settings().web.port

    def level(health: str | None, at: int = port) -> str:
        target = {"scrapeUrl": f"http://127.0.0.1:{at}/metrics", "health": health}
        prometheus.says = json.dumps({"data": {"activeTargets": [target]}}).encode()  # type: ignore[attr-defined]
        return str(looked_at(home, capsys)[1]["prometheus"]["level"])

    assert (level("up"), level("down"), level("up", port + 1)) == ("ok", "warn", "warn")
    for broken in (b"", b"<html>", b'{"data": []}'):
        prometheus.says = broken  # type: ignore[attr-defined]
        assert looked_at(home, capsys)[1]["prometheus"]["level"] == "fail"


def test_a_prometheus_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(home, f'[monitoring]\nprometheus_url = "http://127.0.0.1:{free_port()}"\n')
    code, found = looked_at(home, capsys)
    assert (code, found["prometheus"]["level"]) == (EXIT_ENVIRONMENT, "fail")
