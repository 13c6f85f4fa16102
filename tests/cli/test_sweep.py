"""`sweep --targets`: lines in, lines out, a summary in every case."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camerahub.cli.main import run
from camerahub.cli.sweeping import manner_of
from camerahub.cli.targets import read_targets
from tests.frames.draw import Image
from tests.probes.conftest import OPTIONS_OK, Camera, Script, camera, replies, request, silent
from tests.probes.streams import encode, photograph
from tests.probes.test_media import KEY, Recorder, stream

__all__ = ["camera"]  # the fixture

Make = Callable[[Script], Camera]


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, *args: str
) -> tuple[int, list[Any], str]:
    """(exit code, JSON lines, stderr)."""
    targets = tmp_path / "targets.txt"
    targets.write_text(text, "utf-8")
    code = run(["sweep", "--targets", str(targets), "--json", *args])
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


def test_every_line_has_its_answer_and_the_summary_adds_up(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    up, quiet = camera(replies(OPTIONS_OK)), camera(silent)
    text = f"# 清单\n127.0.0.1:{up.port}\n\n127.0.0.1:{refused_port()}\nlocalhost:{quiet.port}\nno-such.invalid:554\n"
    code, lines, err = sweep(tmp_path, capsys, text, "--deadline", "0.3")
    assert code == 0
    assert err == ""
    assert sorted(line["reason"] for line in lines[:-1]) == ["no_address", "ok", "refused", "timeout"]
    for line in lines[:-1]:
        assert list(line) == ["target", "probe", "outcome", "reason", "stage", "started_at", "duration_s"]
        assert line["started_at"].endswith("+08:00")
    summary = lines[-1]["summary"]
    assert summary["expected"] == 4
    assert summary["outcomes"] == {"ok": 1, "fault": 2, "unknown": 1}
    assert sum(summary["reasons"].values()) == 4
    assert summary["not_tried"] == summary["refused"] == 0


def test_bad_lines_are_named_and_nothing_of_them_is_shown(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    up = camera(replies(OPTIONS_OK))
    text = f"admin:geheim@1.2.3.4\n127.0.0.1:{up.port}\n1.2.3.4:99999\nrtsp://admin:geheim@:x/\n10.0.0.1\n"
    code, lines, err = sweep(tmp_path, capsys, text)
    assert code == 3
    assert [line for line in range(1, 6) if f"line {line} refused" in err and f"第 {line} 行" in err] == [
        1,
        3,
        4,
        5,
    ]
    assert "geheim" not in err
    assert lines[-1]["summary"] | {"wall_s": 0, "cpu_s": 0} == {
        "expected": 1,
        "outcomes": {"ok": 1, "fault": 0, "unknown": 0},
        "reasons": {"ok": 1},
        "wall_s": 0,
        "cpu_s": 0,
        "not_tried": 0,
        "refused": 4,
    }


def test_credentials_of_the_file_are_used_and_never_printed(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        while data := request(connection):
            heard.append(data)
            connection.sendall(b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n')

    text = f"rtsp://admin:geh%65im@127.0.0.1:{camera(script).port}/a?password=geheim\n"
    code, lines, err = sweep(tmp_path, capsys, text, "--probe", "rtsp", "--fail-on", "fault")
    assert code == 1
    assert lines[0]["reason"] == "auth"
    assert b"Authorization: Basic YWRtaW46Z2VoZWlt" in heard[1]
    assert "geheim" not in err + json.dumps(lines)
    assert "admin" not in err + json.dumps(lines)


@pytest.mark.parametrize(("fail_on", "code"), [(None, 0), ("fault", 0), ("unknown", 1)])
def test_fail_on(tmp_path: Path, capsys: pytest.CaptureFixture[str], fail_on: str | None, code: int) -> None:
    args = ["--fail-on", fail_on] if fail_on else []
    assert sweep(tmp_path, capsys, "no-such.invalid:554\n", *args)[0] == code


def test_one_device_is_dialled_by_one_conversation_at_a_time(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now: list[int] = []
    most: list[int] = []

    def script(connection: socket.socket) -> None:
        request(connection)
        now.append(1)
        most.append(len(now))
        now.pop()
        connection.sendall(OPTIONS_OK)
        connection.recv(1)

    port = camera(script).port
    text = "".join(f"rtsp://127.0.0.1:{port}/channel{i}\n" for i in range(40))
    _, lines, _ = sweep(tmp_path, capsys, text)
    assert lines[-1]["summary"]["reasons"] == {"ok": 40}
    assert [line["target"].rsplit("l", 1)[1] for line in lines[:-1]] == [str(i) for i in range(40)]
    assert max(most) == 1


def test_people_get_a_table_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = tmp_path / "targets.txt"
    port = refused_port()
    targets.write_text(f"127.0.0.1:{port}\n")
    assert run(["sweep", "--targets", str(targets)]) == 0
    out = capsys.readouterr().out
    assert f"127.0.0.1:{port}\t端口拒绝连接 / connection refused" in out
    assert "故障 1" in out
    assert "1 fault" in out


def test_without_a_file_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "--targets", "/nowhere/at all"]) == 2
    assert "cannot read the targets file" in capsys.readouterr().err


def test_names_as_typed_unless_they_may_hold_a_secret() -> None:
    found = read_targets(
        ["RTSP://1.2.3.4/Ch1", "rtsp://u:p@[::1]:8554/x", "rtsp://h/user=a&password=b&channel=1"]
    )
    assert found.names[:2] == ["RTSP://1.2.3.4/Ch1", "rtsp://[::1]:8554/x"]
    assert found.names[2] == "rtsp://h/user=a&password=***&channel=1"
    assert [t.endpoint for t in found.targets] == [0, 1, 2]
    assert (found.targets[1].username, found.targets[1].password) == ("u", "p")


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "camerahub", *args]


def test_a_sweep_over_a_file_does_not_pay_for_the_rest_of_the_program(tmp_path: Path) -> None:
    targets = tmp_path / "targets.txt"
    targets.write_text(f"127.0.0.1:{refused_port()}\n")
    code = (
        "import sys; from camerahub.cli.main import run; "
        f"assert run(['sweep', '--targets', {str(targets)!r}]) == 0; "
        "heavy = {'numpy', 'sqlalchemy', 'aiohttp', 'pydantic', 'cryptography', 'structlog'} & sys.modules.keys(); "
        "assert not heavy, heavy; import importlib.util as u; "
        "assert 'uvloop' in sys.modules or not u.find_spec('uvloop')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_interrupted_it_still_says_what_was_seen(camera: Make) -> None:
    up, quiet = camera(replies(OPTIONS_OK)), camera(silent)
    process = subprocess.Popen(
        command("sweep", "--targets", "-", "--json", "--deadline", "60"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"127.0.0.1:{up.port}\n127.0.0.1:{quiet.port}\n".encode())
    process.stdin.close()
    assert json.loads(process.stdout.readline())["reason"] == "ok"
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    assert process.wait(20) == 130
    assert json.loads(rest[-1])["summary"]["not_tried"] == 1


def test_few_descriptors_lower_the_concurrency_and_say_so(camera: Make, tmp_path: Path) -> None:
    port = camera(replies(OPTIONS_OK)).port
    targets = tmp_path / "targets.txt"
    targets.write_text("".join(f"rtsp://127.0.0.1:{port}/{i}\n" for i in range(5)))
    limited = f"ulimit -n 300; exec {' '.join(command('sweep', '--targets', str(targets), '--json'))}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, timeout=60, env=os.environ, text=True)
    assert done.returncode == 0
    assert "from 2000 to 44" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["summary"]["reasons"] == {"ok": 5}


# -- media and pictures -----------------------------------------------------------------------------------------------


def pictures(image: Image) -> Recorder:
    """A camera that shows ``image`` to whoever asks."""
    nals = [nal for nal in encode("H264", image).split(b"\x00\x00\x01") if nal.rstrip(b"\x00")]
    return Recorder(stream([nal.rstrip(b"\x00") for nal in nals]))


def test_pictures_over_a_file_with_facts_and_all_that_was_received(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lit, dark = pictures(photograph(352, 288)), pictures(np.zeros((288, 352, 3), np.uint8))
    text = "".join(f"rtsp://127.0.0.1:{camera(peer).port}/a\n" for peer in (lit, dark))
    code, lines, err = sweep(tmp_path, capsys, text, "--probe", "picture", "--decoders", "1")
    assert (code, err) == (0, "")
    assert sorted(line["reason"] for line in lines[:-1]) == ["black", "ok"]
    for line in lines[:-1]:
        assert list(line)[-1] == "facts"
        facts = line["facts"]
        assert (facts["codec"], facts["width"], facts["height"]) == ("H264", 352, 288)
    summary = lines[-1]["summary"]
    assert summary["received_bytes"] == sum(line["facts"]["received"] for line in lines[:-1])
    assert summary["cpu_s"] > 0
    assert lit.tore_down.wait(5)
    assert dark.tore_down.wait(5)


def test_people_are_told_what_was_received(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = tmp_path / "targets.txt"
    targets.write_text(f"rtsp://127.0.0.1:{camera(Recorder(stream(KEY))).port}/a\n")
    assert run(["sweep", "--targets", str(targets), "--probe", "media"]) == 0
    assert "MB received" in capsys.readouterr().out


def test_what_is_not_asked_for_suits_the_probe() -> None:
    cores = len(os.sched_getaffinity(0))
    assert manner_of("options") == (2000, 3.0, 0)
    assert manner_of("rtsp", decoders=4) == (2000, 3.0, 0)
    assert manner_of("media") == (200, 10.0, 0)
    assert manner_of("picture") == (200, 10.0, cores)
    assert manner_of("picture", 7, 2.5, 3) == (7, 2.5, 3)


def test_interrupted_a_camera_that_plays_is_told_to_stop(camera: Make) -> None:
    peer = Recorder()  # it plays, and sends nothing
    port = camera(peer).port
    process = subprocess.Popen(
        command("sweep", "--targets", "-", "--json", "--probe", "media", "--deadline", "60"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(f"rtsp://127.0.0.1:{port}/a\n".encode())
    process.stdin.close()
    process.stdin = None
    assert peer.playing.wait(30)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert peer.tore_down.wait(5)
    summary = json.loads(out.splitlines()[-1])["summary"]
    assert (summary["not_tried"], summary["reasons"]) == (1, {})


def test_after_a_refusal_further_targets_of_that_host_port_and_user_are_not_dialled(
    camera: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        while data := request(connection):
            heard.append(data)
            connection.sendall(b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n')

    port = camera(script).port
    text = "".join(f"rtsp://admin:geheim@127.0.0.1:{port}/{n}\n" for n in range(20))
    text += f"rtsp://operator:geheim@127.0.0.1:{port}/20\nrtsp://127.0.0.1:{port}/21\n"
    _, lines, _ = sweep(tmp_path, capsys, text, "--probe", "rtsp")
    assert lines[-1]["summary"]["reasons"] == {"locked": 19, "auth": 3}
    assert sum(b"Authorization: Basic YWRtaW46" in data for data in heard) == 1
