"""Lines of a list that are addresses of pictures: taken, and printed without a secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from camerahub.cli.main import run
from camerahub.cli.targets import read_targets
from tests.probes.conftest import Camera, Script, camera, replies

__all__ = ["camera"]  # the fixture


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("http://192.0.2.1/snap.jpg?channel=1", "http://192.0.2.1/snap.jpg?channel=1"),
        ("HTTPS://Cam/Snap", "HTTPS://Cam/Snap"),
        ("http://u:p%40@[::1]:8080/snap.jpg", "http://[::1]:8080/snap.jpg"),
        ("http://192.0.2.1/cgi?loginuse=u&loginpas=planted", "http://192.0.2.1/cgi"),
        ("http://192.0.2.1/cgi?usr=u&pwd=planted", "http://192.0.2.1/cgi"),
        ("http://192.0.2.1/cgi?token=planted", "http://192.0.2.1/cgi"),
    ],
)
def test_addresses_of_pictures(line: str, name: str) -> None:
    found = read_targets([line])
    assert (found.names, found.bad) == ([name], [])
    assert found.targets[0].port in (80, 443, 8080)
    assert "planted" not in repr(found.targets)


def test_their_credentials_go_into_the_target() -> None:
    (target,) = read_targets(["http://u:p%40@[::1]:8080/snap.jpg"]).targets
    assert (target.host, target.url, target.username, target.password) == (
        "::1", "http://[::1]:8080/snap.jpg", "u", "p@",
    )  # fmt: skip


@pytest.mark.parametrize(
    "line", ["ftp://192.0.2.1/x", "http://", "http://192.0.2.1:0/x", "192.0.2.1/snap.jpg"]
)
def test_other_lines_are_refused(line: str) -> None:
    assert [bad.line for bad in read_targets([line]).bad] == [1]


def test_a_sweep_over_pictures(
    camera: Callable[[Script], Camera], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = camera(replies(b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n"))
    address = f"http://127.0.0.1:{gone.port}/snap.jpg"
    (tmp_path / "list.txt").write_text(f"{address}\n127.0.0.1:{gone.port}\n")
    assert run(["sweep", "--probe", "snapshot", "--targets", str(tmp_path / "list.txt"), "--json"]) == 0
    *lines, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert {line["target"]: (line["reason"], line["stage"]) for line in lines} == {
        address: ("not_found", 2), f"127.0.0.1:{gone.port}": ("no_address", 0),
    }  # fmt: skip
