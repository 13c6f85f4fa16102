"""`probe http://…`: the ONVIF steps, in words and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from camerahub.cli.main import run
from camerahub.cli.probe_onvif import ONVIF_STEPS, clock_words
from camerahub.core.texts import CATALOGUE
from camerahub.wire.onvif_clock import CLOCK_FINDINGS, Clock
from tests.probes.conftest import Camera, Script, camera, silent
from tests.probes.onvif_camera import once, playing, real_double
from tests.wire.onvif_double import PASSWORD, USER, fault, http

__all__ = ["camera"]  # the fixture

Make = Callable[[Script], Camera]
STEPS = ["resolve", "tcp", "onvif_time", "onvif_login", "onvif_profiles", "onvif_streams"]


@pytest.fixture
def climbed(
    camera: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    def climb(
        script: Script, *args: str, password: str | None = PASSWORD
    ) -> tuple[int, list[dict[str, Any]]]:
        login = ["--user", USER] if password is not None else []
        monkeypatch.setenv("CAMERAHUB_PASSWORD", password or "")
        code = run(["probe", f"http://127.0.0.1:{camera(script).port}", *login, *args, "--json"])
        said = capsys.readouterr()
        assert said.err == ""
        assert PASSWORD not in said.out
        return code, [json.loads(line) for line in said.out.splitlines()]

    return climb


Climbed = Callable[..., tuple[int, list[dict[str, Any]]]]


def steps(lines: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    assert [line["step"] for line in lines[:-1]] == STEPS
    return [(line["step"], line["reason"]) for line in lines[:-1]]


def test_all_steps(climbed: Climbed) -> None:
    double = real_double(skew_s=8 * 3600)
    code, lines = climbed(playing(double))
    assert code == 0
    assert steps(lines) == [(name, "ok") for name in STEPS]
    assert [line["stage"] for line in lines[:-1]] == [0, 1, 2, 3, 3, 3]
    time, login, profiles, streams = lines[2:6]
    assert time["facts"]["clock"]["finding"] == "zone"
    assert abs(time["facts"]["clock"]["offset_s"] - 8 * 3600) < 5
    assert "时区错误" in time["zh"]
    assert "+8 h" in time["en"]
    assert login["facts"]["device"]["maker"] == "Invented"
    assert "东门 X1" in login["zh"]
    assert [p["codec"] for p in profiles["facts"]["profiles"]] == ["H264", "JPEG"]
    assert streams["facts"]["streams"] == ["rtsp://127.0.0.1/live/P1", "rtsp://127.0.0.1/live/P&2"]
    assert "NAT" in streams["zh"]
    assert lines[-1]["summary"]["stage"] == 3
    assert double.failures == 0


def test_a_wrong_password_costs_one_try_and_is_said_in_words(climbed: Climbed) -> None:
    double = real_double()
    code, lines = climbed(playing(double), "--fail-on", "fault", password="wrong")
    assert code == 1
    assert steps(lines)[2:] == [
        ("onvif_time", "ok"),
        ("onvif_login", "auth"),
        ("onvif_profiles", None),
        ("onvif_streams", None),
    ]
    assert lines[3]["status"] == 400
    assert "ONVIF 用户名或密码被拒" in lines[3]["zh"]
    assert double.failures == 1


def test_a_login_that_was_not_given_is_asked_for(climbed: Climbed) -> None:
    _, lines = climbed(playing(real_double()), password=None)
    assert lines[3]["reason"] == "auth"
    assert "--user" in lines[3]["en"]


def test_no_onvif_here(climbed: Climbed) -> None:
    _, lines = climbed(once(http(404, b"<html></html>")))
    assert steps(lines)[2:] == [("onvif_time", "not_found"), *((name, None) for name in STEPS[3:])]
    assert "没有 ONVIF" in lines[2]["zh"]
    assert lines[-1]["summary"]["stage"] == 1


def test_silence(climbed: Climbed) -> None:
    _, lines = climbed(silent, "--deadline", "0.2")
    assert steps(lines)[2] == ("onvif_time", "timeout")


def test_a_camera_that_guards_its_clock_is_climbed_all_the_same(climbed: Climbed) -> None:
    _, lines = climbed(playing(real_double(guarded_time=True)))
    assert steps(lines) == [(name, "ok") for name in STEPS]
    assert "guards even its time" in lines[2]["en"]


def test_rights_that_are_missing(climbed: Climbed) -> None:
    double = real_double(other={"GetProfiles": http(400, fault("ter:NotAuthorized"))})
    _, lines = climbed(playing(double))
    assert steps(lines)[3:] == [("onvif_login", "ok"), ("onvif_profiles", "auth"), ("onvif_streams", None)]
    assert "无权查看码流" in lines[4]["zh"]


def test_a_device_without_profiles(climbed: Climbed) -> None:
    _, lines = climbed(playing(real_double(profiles=())))
    assert steps(lines)[4:] == [("onvif_profiles", "ok"), ("onvif_streams", "no_media")]


def test_words_for_people(camera: Make, capsys: pytest.CaptureFixture[str]) -> None:
    port = camera(playing(real_double(login="open"))).port
    assert run(["probe", f"http://localhost:{port}/onvif/device_service"]) == 0
    out = capsys.readouterr().out
    assert "✓ L2 询问 ONVIF 时间 (不带密码): 摄像机应答, ONVIF 可用; 时钟准确" in out
    assert "✓ L3" in out


@pytest.mark.parametrize("finding", CLOCK_FINDINGS)
def test_every_finding_has_words(finding: str) -> None:
    words = clock_words(Clock(-28_800_100, 3, finding, -8))
    assert words.zh
    assert ("-28800.1" in words.en) == (finding != "untold")


def test_what_onvif_may_come_to_has_words_of_its_own() -> None:
    reasons = ("auth", "not_found", "protocol", "busy")
    keys = [f"probe.came.{step}.{reason}" for step in ONVIF_STEPS for reason in reasons]
    assert [key for key in keys if key not in CATALOGUE] == []
