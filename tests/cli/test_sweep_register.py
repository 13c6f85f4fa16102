"""`sweep` and `probe CODE` over a register of scripted cameras: what a device counts, what is remembered and kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from camerahub.cli.main import run
from camerahub.core.guard_rows import Login
from camerahub.registry import tables
from tests.cli.office import Make, Office, Recorder, office
from tests.probes.conftest import camera

__all__ = ["camera", "office"]  # the fixtures


def test_a_recorder_of_64_channels_never_gets_a_second_wrong_login(office: Office, camera: Make) -> None:
    peer = Recorder()
    office.register(camera(peer), 64, "wrong")
    assert office.reasons("rtsp") == {"locked": 63, "auth": 1}
    for probe in ("rtsp", "media", "rtsp"):
        assert office.reasons(probe) == {"locked": 64}
    assert peer.wrong == 1
    assert office.logins() == [(Login.REFUSED, 0, 1, 0)]


def test_a_password_that_works_is_known_by_the_first_sweep(office: Office, camera: Make) -> None:
    peer = Recorder()
    office.register(camera(peer), 8, "right")
    assert office.reasons("rtsp") == {"ok": 8}
    assert office.logins() == [(Login.PROVEN, 0, 0, 0)]
    before = peer.conversations
    assert office.reasons("rtsp") == {"ok": 8}
    assert (peer.conversations - before, peer.wrong) == (8, 0)


def test_a_sweep_that_is_killed_leaves_a_suspected_login_and_the_next_leaves_the_device_alone(
    office: Office, camera: Make
) -> None:
    peer = Recorder()
    peer.hold = True
    office.register(camera(peer), 4, "wrong")
    process = subprocess.Popen(
        [sys.executable, "-m", "camerahub", "--home", str(office.context.home), "sweep", "--probe", "rtsp"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not peer.wrong:
        assert process.poll() is None
        threading.Event().wait(0.02)
    process.kill()
    process.wait(20)
    peer.hold = False
    assert office.logins() == [(Login.TRYING, 1, 0, 0)]
    assert office.reasons("rtsp") == {"locked": 4}
    assert peer.wrong == 1
    assert office.logins() == [(Login.UNTRIED, 0, 0, 1)]


def test_paused_cameras_are_not_dialled(office: Office, camera: Make) -> None:
    peer = Recorder()
    office.register(camera(peer), 3, "right")
    assert run(["--home", str(office.context.home), "pause", "--area", "320585100"]) == 0
    for probe in ("options", "rtsp"):
        assert office.reasons(probe) == {"paused": 3}
    assert peer.conversations == 0
    assert run(["--home", str(office.context.home), "resume", "--all"]) == 0
    assert office.reasons("options") == {"ok": 3}


def test_facts_of_media_are_printed_summed_and_kept(office: Office, camera: Make) -> None:
    office.register(camera(Recorder()), 2, "right")
    *lines, last = office.call("sweep", "--probe", "media")
    for line in lines:
        assert (line["reason"], line["facts"]["codec"]) == ("ok", "H264")
        assert list(line["facts"]) == [
            "stream", "codec", "received", "key_bytes", "bit_rate", "width", "height",
        ]  # fmt: skip
    assert last["summary"]["received_bytes"] == sum(line["facts"]["received"] for line in lines) > 0
    kept = office.rows(tables.media_facts.c.endpoint_id, tables.media_facts.c.received)
    assert [received for _, received in kept] == [line["facts"]["received"] for line in lines]


def test_what_was_not_dialled_says_nothing_of_online(office: Office, camera: Make) -> None:
    office.register(camera(Recorder()), 3, "wrong")
    office.reasons("rtsp")
    store = office.context.open_store()
    states = store.load().states
    store.close()
    assert (states.observed_at.max(axis=0) > 0).tolist() == [True, False, False]


def test_interrupted_every_session_is_torn_down_and_no_login_is_in_doubt(
    office: Office, camera: Make
) -> None:
    peer = Recorder()
    peer.media = b""
    office.register(camera(peer), 1, "right")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "camerahub",
            "--home",
            str(office.context.home),
            "sweep",
            "--probe",
            "media",
            "--json",
        ],
        stdout=subprocess.PIPE,
    )
    assert peer.playing.wait(30)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert peer.torn_down.wait(5)
    assert json.loads(out.splitlines()[-1])["summary"]["not_tried"] == 1
    assert [(state, permit) for state, permit, *_ in office.logins()] in (
        [(Login.PROVEN, 0)],
        [(Login.UNTRIED, 0)],
    )


# -- probe CODE -------------------------------------------------------------------------------------------------------


def test_a_login_that_was_refused_is_not_tried_again_by_probe_and_it_says_what_to_do(
    office: Office, camera: Make
) -> None:
    peer = Recorder()
    code = office.register(camera(peer), 2, "wrong")[0]
    steps = office.call("probe", code)
    assert [(s["step"], s["reason"]) for s in steps[:-1]] == [
        ("resolve", "ok"), ("tcp", "ok"), ("options", "ok"), ("describe", "auth"), ("media", None), ("picture", None),
    ]  # fmt: skip
    assert office.logins() == [(Login.REFUSED, 0, 1, 0)]
    describe = office.call("probe", code)[3]
    assert (describe["outcome"], describe["reason"]) == ("unknown", "locked")
    assert "--password-stdin" in describe["zh"]
    assert "credentials check" in describe["en"]
    assert peer.wrong == 1
    assert office.reasons("rtsp") == {"locked": 2}


def test_a_password_that_somebody_types_is_his_own_business(
    office: Office, camera: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Recorder()
    code = office.register(camera(peer), 1, "wrong")[0]
    office.call("probe", code)
    read, write = os.pipe()
    os.write(write, b"right\n")
    os.close(write)
    with os.fdopen(read) as typed:
        monkeypatch.setattr("sys.stdin", typed)
        steps = office.call("probe", code, "--password-stdin", "--no-picture")
    assert [s["reason"] for s in steps[:-1]] == ["ok"] * 4
    assert office.logins() == [(Login.REFUSED, 0, 1, 0)]


def test_a_good_login_of_probe_is_remembered(office: Office, camera: Make) -> None:
    peer = Recorder()
    code = office.register(camera(peer), 1, "right")[0]
    assert [s["reason"] for s in office.call("probe", code, "--no-picture")[:-1]] == ["ok"] * 4
    assert office.logins() == [(Login.PROVEN, 0, 0, 0)]
    assert peer.conversations == 3
