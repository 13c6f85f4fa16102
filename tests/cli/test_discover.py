"""`discover`: what is typed, what is printed."""

from __future__ import annotations

import json

import pytest

from camerahub.cli.main import run
from tests.probes.discovering import Device, answering, free_port, match


def test_cameras_are_told_as_json_and_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    device = Device("127.0.0.2", port, answering(match("192.0.2.1:81", "%E4%B8%9C%E9%97%A8%1B")))
    try:
        assert run(["discover", "127.0.0.2/31", "--port", str(port), "--wait", "0.2", "--json"]) == 0
        told, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        assert run(["discover", "127.0.0.2", "--port", str(port), "--wait", "0.2"]) == 0
        words = capsys.readouterr().out
    finally:
        device.close()
    assert told["address"] == "127.0.0.2"
    assert told["url"] == "http://127.0.0.2:81/onvif/device_service"
    assert told["name"].startswith("东门")
    assert summary["summary"]["asked"] == 2
    assert summary["summary"]["found"] == 1
    assert "127.0.0.2  http://127.0.0.2:81/onvif/device_service  东门" in words
    assert "\x1b" not in words
    assert "发现 1 台" in words


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nonsense", "nonsense"),
        ("10.0.0.0/33", "10.0.0.0/33"),
        ("10.0.0.0/8", "16777216"),
        ("2001:db8::/64", "4096"),
    ],
)
def test_what_cannot_be_searched_is_named(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["discover", typed]) == 2
    assert said in capsys.readouterr().err


def test_something_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["discover"]) == 2
    assert "SUBNET" in capsys.readouterr().err
