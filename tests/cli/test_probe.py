"""`probe`: one camera, step by step."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from camerahub.cli.context import Context
from camerahub.cli.main import run
from camerahub.cli.probe import aim_at
from camerahub.core.errors import ConfigError
from camerahub.core.result import REASONS
from camerahub.core.texts import CATALOGUE
from tests.frames.draw import Image
from tests.probes.conftest import OPTIONS_OK, Camera, Script, camera, replies, request, silent
from tests.probes.streams import encode, photograph
from tests.probes.test_media import Recorder, stream

__all__ = ["camera"]  # the fixture

Make = Callable[[Script], Camera]
FIELDS = ["step", "stage", "outcome", "reason", "status", "duration_s", "zh", "en"]


def guarded(password: str) -> Script:
    """Lets in whoever sends ``password`` by Basic."""
    import base64

    right = base64.b64encode(f"admin:{password}".encode())

    def script(connection: socket.socket) -> None:
        while data := request(connection):
            if data.startswith(b"OPTIONS"):
                connection.sendall(OPTIONS_OK)
            elif b"Basic " + right in data:
                connection.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n")
            else:
                connection.sendall(b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n')

    return script


def probe(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]]]:
    code = run(["probe", *args, "--json"])
    said = capsys.readouterr()
    assert said.err == ""
    return code, [json.loads(line) for line in said.out.splitlines()]


def steps(lines: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(line["step"], line["reason"]) for line in lines[:-1]]


def test_all_steps_with_the_password_from_the_environment(
    camera: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERAHUB_PASSWORD", "geheim")
    code, lines = probe(
        capsys, f"rtsp://127.0.0.1:{camera(guarded('geheim')).port}/a", "--user", "admin", "--no-picture"
    )
    assert code == 0
    assert steps(lines) == [("resolve", "ok"), ("tcp", "ok"), ("options", "ok"), ("describe", "ok")]
    assert [line["stage"] for line in lines[:-1]] == [0, 1, 2, 3]
    assert all(list(line) == FIELDS for line in lines[:-1])
    summary = lines[-1]["summary"]
    assert (summary["outcome"], summary["reason"], summary["stage"], summary["status"]) == (
        "ok",
        "ok",
        3,
        200,
    )
    assert "geheim" not in json.dumps(lines)


def test_the_password_from_stdin(
    camera: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
    target = f"rtsp://127.0.0.1:{camera(guarded('geheim')).port}/a"
    code, lines = probe(capsys, target, "--user", "admin", "--password-stdin", "--fail-on", "fault")
    assert code == 1
    assert lines[3]["reason"] == "auth"
    assert lines[3]["status"] == 401
    assert "密码被拒" in lines[3]["zh"]


def test_a_login_that_was_not_given_is_asked_for(camera: Make, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = probe(capsys, f"rtsp://127.0.0.1:{camera(guarded('geheim')).port}/a")
    assert code == 0
    assert lines[3]["reason"] == "auth"
    assert "--user" in lines[3]["en"]


def test_it_stops_at_the_first_failure_and_says_what_was_not_tried(
    camera: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    _, lines = probe(capsys, f"rtsp://127.0.0.1:{camera(silent).port}/a", "--deadline", "0.3")
    assert steps(lines)[:4] == [("resolve", "ok"), ("tcp", "ok"), ("options", "timeout"), ("describe", None)]
    assert steps(lines)[4:] == [("media", None), ("picture", None)]
    assert lines[3]["outcome"] is None
    assert lines[-1]["summary"]["stage"] == 1


def test_a_port_has_no_login_step(camera: Make, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = probe(capsys, f"localhost:{camera(replies(OPTIONS_OK)).port}")
    assert steps(lines) == [("resolve", "ok"), ("tcp", "ok"), ("options", "ok"), ("describe", None)]
    assert "rtsp://host/path" in lines[3]["en"]
    assert lines[-1]["summary"]["outcome"] == "ok"


def test_a_name_without_an_address_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = probe(capsys, "no-such.invalid:554", "--fail-on", "unknown")
    assert code == 1
    assert lines[0]["outcome"] == "unknown"
    assert lines[0]["reason"] == "no_address"


@pytest.mark.parametrize(
    "typed",
    [
        "rtsp://admin:geheim@127.0.0.1/",
        "RTSP://admin:ge/heim@127.0.0.1/",
        "http://admin:geheim@127.0.0.1/onvif",
        "rtsp://admin:geheim@",
        "admin:geheim@127.0.0.1:554",
    ],
)
def test_a_password_in_argv_is_refused_and_not_repeated(
    capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    assert run(["probe", typed]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "heim" not in said.err
    assert "--password-stdin" in said.err


@pytest.mark.parametrize("typed", ["rtsp://", "http://", "a:b:c", "1.2.3.4:99999"])
def test_what_is_no_target_is_named(capsys: pytest.CaptureFixture[str], typed: str) -> None:
    assert run(["probe", typed]) == 2
    assert "cannot read the target" in capsys.readouterr().err


def test_a_user_needs_a_password_from_somewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(["probe", "rtsp://127.0.0.1/", "--user", "admin"]) == 2
    assert run(["probe", "rtsp://127.0.0.1/", "--password-stdin"]) == 2
    assert "CAMERAHUB_PASSWORD" in capsys.readouterr().err


def test_people_get_words(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert run(["probe", f"rtsp://127.0.0.1:{port}/a"]) == 0
    out = capsys.readouterr().out
    assert "✗ L1" in out
    assert "端口拒绝连接" in out
    assert "not tried" in out


def test_every_reason_these_probes_give_has_words() -> None:
    elsewhere = {"paused", "platform_down"}
    assert [r for r in REASONS if f"probe.came.{r}" not in CATALOGUE and r not in elsewhere] == []


def test_a_port_that_cannot_be_is_named_each_language_on_its_own_line() -> None:
    with pytest.raises(ConfigError) as caught:
        aim_at(Context(), "127.0.0.1:210010")
    assert "端口应为 1 到 65535" in caught.value.text.zh
    assert "the port" not in caught.value.text.zh
    assert "the port must be 1 to 65535" in caught.value.text.en
    assert "端口" not in caught.value.text.en


# -- media and picture ------------------------------------------------------------------------------------------------


class Playing(Recorder):
    """Answers OPTIONS, too."""

    def _answer(self, connection: socket.socket, asked: str) -> bool:
        if asked.startswith("OPTIONS"):
            connection.sendall(OPTIONS_OK)
            return True
        return super()._answer(connection, asked)


def showing(image: Image) -> Playing:
    nals = [nal for nal in encode("H264", image).split(b"\x00\x00\x01") if nal.rstrip(b"\x00")]
    return Playing(stream([nal.rstrip(b"\x00") for nal in nals]))


def test_media_and_picture_come_from_one_conversation(
    camera: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    peer = showing(photograph(352, 288))
    _, lines = probe(capsys, f"rtsp://127.0.0.1:{camera(peer).port}/a")
    assert steps(lines)[4:] == [("media", "ok"), ("picture", "ok")]
    media, picture = lines[4:6]
    assert (media["stage"], picture["stage"]) == (4, 5)
    assert media["facts"]["codec"] == "H264"
    assert "H264" in media["zh"]
    assert "kB received" in media["en"]
    assert (picture["facts"]["width"], picture["facts"]["height"]) == (352, 288)
    assert "352x288" in picture["zh"]
    assert lines[-1]["summary"]["stage"] == 5
    assert [asked.split()[0] for asked in peer.asked] == ["DESCRIBE", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


def test_a_black_picture_flows_and_shows_nothing(camera: Make, capsys: pytest.CaptureFixture[str]) -> None:
    peer = showing(np.zeros((288, 352, 3), np.uint8))
    code, lines = probe(capsys, f"rtsp://127.0.0.1:{camera(peer).port}/a", "--fail-on", "fault")
    assert code == 1
    assert steps(lines)[4:] == [("media", "ok"), ("picture", "black")]
    assert "画面全黑" in lines[5]["zh"]
    assert lines[-1]["summary"]["stage"] == 4


def test_where_no_media_comes_no_picture_is_tried(camera: Make, capsys: pytest.CaptureFixture[str]) -> None:
    peer = Playing()
    _, lines = probe(capsys, f"rtsp://127.0.0.1:{camera(peer).port}/a", "--deadline", "0.5")
    assert steps(lines)[4:] == [("media", "no_media"), ("picture", None)]
    assert "没有码流" in lines[4]["zh"]
    assert peer.tore_down.wait(5)


def test_after_a_refused_login_nothing_further_is_tried(
    camera: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERAHUB_PASSWORD", "wrong")
    target = f"rtsp://127.0.0.1:{camera(guarded('geheim')).port}/a"
    _, lines = probe(capsys, target, "--user", "admin")
    assert steps(lines)[3:] == [("describe", "auth"), ("media", None), ("picture", None)]


def test_a_climb_without_a_picture_takes_no_media(camera: Make, capsys: pytest.CaptureFixture[str]) -> None:
    peer = Playing()
    _, lines = probe(capsys, f"rtsp://127.0.0.1:{camera(peer).port}/a", "--no-picture")
    assert [step for step, _ in steps(lines)] == ["resolve", "tcp", "options", "describe"]
    assert len(peer.asked) == 1
