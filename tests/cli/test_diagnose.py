"""``diagnose`` as it is typed: the contract of its lines, the order, every bad input, the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from camerahub.cli.main import run
from camerahub.cli.table import width
from tests.cli.diagnosing import black, blue, clip, daylight, judged, save

Heard = pytest.CaptureFixture[str]
ENDINGS = ("jpg", "png", "bmp", "webp")


def test_lines_of_the_contract_in_the_order_of_the_input(tmp_path: Path, capsys: Heard) -> None:
    for ending in ENDINGS:
        save(tmp_path / "b" / f"black.{ending}", black())
    save(tmp_path / "a" / "blue.PNG", blue())
    (tmp_path / "a" / "list.csv").write_text("x")
    lines, summary = judged(capsys, tmp_path / "b", tmp_path / "a" / "blue.PNG", tmp_path)
    below = ["a/blue.PNG", *(f"b/black.{e}" for e in sorted(ENDINGS))]
    expected = [*below[1:], "a/blue.PNG", *below]
    assert [line["path"] for line in lines] == [str(tmp_path / name) for name in expected]
    for line in lines:
        assert {"path", "verdict", "faults", "findings", "measures"} <= line.keys()
        assert line["verdict"] == "fault"
        assert ("no_signal" if "blue" in line["path"] else "black") in line["faults"]
        assert all(set(found) == {"kind", "severity", "level"} for found in line["findings"])
        assert all(
            0 <= found["severity"] <= 1 and found["level"] in ("warn", "fault") for found in line["findings"]
        )
        assert all(value is None or isinstance(value, float) for value in line["measures"].values())
        assert (line["width"], line["height"], line["pictures"]) == (320, 240, 1)
    assert summary["verdicts"] == {"ok": 0, "fault": 10, "unknown": 0}
    assert summary["faults"]["black"] >= 8
    assert summary["skipped"] == 1
    assert summary["cpu_s"] > 0


def test_the_table_for_people_names_faults_in_both_languages(tmp_path: Path, capsys: Heard) -> None:
    path = save(tmp_path / "门口.jpg", black())
    assert run(["diagnose", str(path)]) == 0
    out = capsys.readouterr().out
    assert "黑屏 1.00 / black" in out
    assert "查镜头盖" in out
    assert "check lens cap" in out
    assert "共 1 项: 正常 0, 异常 1" in out
    head, row = out.splitlines()[0], next(line for line in out.splitlines() if "门口.jpg" in line)
    assert width(head.partition("对象")[0]) == width(row.partition(str(path))[0])


def test_every_bad_input_has_its_line_and_the_rest_is_judged(tmp_path: Path, capsys: Heard) -> None:
    good = save(tmp_path / "good.jpg", black())
    whole = good.read_bytes()
    wide = cv2.imencode(".png", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    bad = {
        "cut.jpg": (whole[: len(whole) // 2], "damaged"),
        "cut.png": (cv2.imencode(".png", black())[1].tobytes()[:-40], "damaged"),
        "text.jpg": (b"hello, I am no picture", "not_picture"),
        "empty.jpg": (b"", "empty_file"),
        "cut.mp4": (b"\0\0\0\x18ftypmp42" + bytes(400), "damaged"),
        "small.png": (cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), "size"),
        "huge.png": (wide[:16] + b"\0\1\0\0\0\1\0\0" + wide[24:], "size"),
    }
    for name, (data, _) in bad.items():
        (tmp_path / name).write_bytes(data)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "nothing").mkdir()
    reasons = {name: reason for name, (_, reason) in bad.items()}
    reasons |= {
        "absent.jpg": "missing",
        "pipe.jpg": "not_file",
        "nothing": "no_pictures",
        "good.jpg/x": "missing",
    }
    names = [*reasons, "good.jpg"]
    lines, summary = judged(capsys, *(tmp_path / name for name in names), code=3)
    assert {Path(line["path"]).relative_to(tmp_path).as_posix(): line["reason"] for line in lines} == {
        **reasons,
        "good.jpg": None,
    }
    for line in lines[:-1]:
        assert line["verdict"] == "unknown"
        assert line["faults"] == []
        assert line["path"] in line["zh"]
        assert line["path"] in line["en"]
    assert "black" in lines[-1]["faults"]
    assert summary["refused"] == len(reasons)


def test_items_are_read_relative_to_their_file_and_wrong_lines_are_named(
    tmp_path: Path, capsys: Heard
) -> None:
    save(tmp_path / "p" / "a.jpg", black())
    save(tmp_path / "p" / "b.jpg", black())
    save(tmp_path / "p" / "other.jpg", black(400, 240))
    clip(tmp_path / "p" / "c.avi", [black()] * 3, "mjpeg")
    entries: list[tuple[object, str | None]] = [
        ({"id": "pair", "images": ["p/a.jpg", "p/b.jpg"], "gap_s": 900}, None),
        ({"id": 7, "images": [str(tmp_path / "p" / "a.jpg")], "gap_s": None, "note": "x"}, None),
        ({"id": "sizes", "images": ["p/a.jpg", "p/other.jpg"]}, "sizes_differ"),
        ({"id": "mixed", "images": ["p/a.jpg", "p/c.avi"]}, "mixed"),
        ({"id": "clip", "images": ["p/c.avi"]}, None),
        ({"id": "gone", "images": ["p/a.jpg", "p/gone.jpg"]}, "missing"),
        ({"id": "none", "images": []}, "no_pictures"),
        ({"id": "gap", "images": ["p/a.jpg"], "gap_s": -1}, "bad_line"),
        ({"images": ["p/a.jpg"]}, "bad_line"),
        ({"id": "text", "images": "p/a.jpg"}, "bad_line"),
        ("no object", "bad_line"),
        ({"id": "\ud800", "images": ["p/\ud800.jpg", "\0"]}, "unreadable"),
    ]
    file = tmp_path / "items.jsonl"
    broken = b'{"id": "cut", "images": [\n\n\xff\xfe\n'
    file.write_bytes(
        b"\xef\xbb\xbf" + "\r\n".join(json.dumps(entry) for entry, _ in entries).encode() + b"\n" + broken
    )
    lines, summary = judged(capsys, "--items", file, code=3)
    assert [line["reason"] for line in lines] == [*(reason for _, reason in entries), "bad_line", "bad_line"]
    assert [line["id"] for line in lines[:3]] == ["pair", "7", "sizes"]
    assert lines[0]["pictures"] == 2
    assert lines[4]["pictures"] == 3
    assert "320x240, 400x240" in lines[2]["zh"]
    assert "第 9 行" in lines[8]["zh"]
    assert lines[8]["id"] == "#9"
    assert lines[-1]["id"] == "#15"
    assert summary["items"] == 14
    assert summary["problems"]["bad_line"] == 6


def test_a_sequence_a_reference_and_clips(tmp_path: Path, capsys: Heard) -> None:
    for n in range(40):
        save(tmp_path / "s" / f"{n:02d}.jpg", black())
    mp4 = clip(tmp_path / "a.mp4", [black()] * 30, "libx264", sound=True)
    mkv = clip(tmp_path / "b.mkv", [black()] * 30, "libx264")
    save(tmp_path / "earlier.png", daylight())
    lines, _ = judged(capsys, "--sequence", "--gap", "60", tmp_path / "s")
    assert [(line["path"], line["pictures"]) for line in lines] == [(str(tmp_path / "s" / "39.jpg"), 32)]
    lines, _ = judged(capsys, mp4, mkv, tmp_path / "s" / "00.jpg", "--reference", tmp_path / "earlier.png")
    assert [line["verdict"] for line in lines] == ["fault"] * 3
    assert [line["pictures"] for line in lines] == [7, 7, 2]
    lines, _ = judged(capsys, "--sequence", tmp_path / "s" / "00.jpg", tmp_path / "gone.jpg", code=3)
    assert [line["reason"] for line in lines] == ["missing"]


@pytest.mark.parametrize(
    "words", [(), ("--sequence",), ("--mode", "dusk", "x.jpg"), ("--gap", "-1", "x.jpg")]
)
def test_usage_errors(words: tuple[str, ...], capsys: Heard) -> None:
    assert run(["diagnose", *words]) == 2
    assert capsys.readouterr().out == ""


def test_help_files_and_drawings_that_cannot_be_used_are_told_first(tmp_path: Path, capsys: Heard) -> None:
    path = save(tmp_path / "a.jpg", black())
    (tmp_path / "text.png").write_text("text")
    for words in (
        ("--reference", tmp_path / "gone.jpg"),
        ("--reference", tmp_path / "text.png"),
        ("--mask", tmp_path / "gone.png"),
        ("--items", tmp_path / "gone.jsonl"),
        ("--items", tmp_path),
        ("--picture", tmp_path / "x.jpg"),
        ("--picture", tmp_path / "no" / "x.png"),
        ("--picture", tmp_path / ("n" * 300) / "x.png"),
    ):
        assert run(["diagnose", str(path), *map(str, words)]) == 2, words
        assert str(words[1]) in capsys.readouterr().err


def test_what_a_mask_leaves_out_is_not_judged(tmp_path: Path, capsys: Heard) -> None:
    path = save(tmp_path / "a.jpg", black())
    for name, shown, verdict in (("all", 255, "fault"), ("nothing", 0, "unknown")):
        mask = save(tmp_path / f"{name}.png", np.full((240, 320), shown, np.uint8))
        lines, _ = judged(capsys, path, "--mask", str(mask), code=0)
        assert (lines[0]["verdict"], lines[0]["reason"]) == (verdict, None if shown else "masked")


def test_fail_on(tmp_path: Path, capsys: Heard) -> None:
    path = save(tmp_path / "a.jpg", black())
    judged(capsys, path, "--fail-on", "fault", code=1)
    judged(capsys, tmp_path / "gone.jpg", "--fail-on", "fault", code=3)
    judged(capsys, tmp_path / "gone.jpg", "--fail-on", "unknown", code=1)


def test_names_that_are_no_utf8(tmp_path: Path, capsys: Heard) -> None:
    path = os.fsencode(save(tmp_path / "a.jpg", black()))
    os.rename(path, odd := path[:-5] + b"\xff\n.jpg")
    lines, _ = judged(capsys, os.fsdecode(odd))
    assert os.fsencode(lines[0]["path"]) == odd
    assert run(["diagnose", os.fsdecode(odd)]) == 0
    assert "黑屏" in capsys.readouterr().out


def test_a_strangers_folder_of_pictures_brings_no_code(
    tmp_path: Path, capsys: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.jpg", black())
    for name in ("numpy.py", "camerahub.py", "av.py"):
        (tmp_path / name).write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    lines, _ = judged(capsys, "a.jpg")
    assert lines[0]["verdict"] == "fault"


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    for n in range(200):
        save(tmp_path / f"{n:03d}.png", black(192, 144))
    words = [sys.executable, "-m", "camerahub", "diagnose", str(tmp_path), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0, said
    assert said == ""


def test_ctrl_c_ends_with_a_summary_and_leaves_no_child(tmp_path: Path) -> None:
    first = save(tmp_path / "0000.jpg", black(1280, 720))
    for n in range(1, 4000):
        os.link(first, tmp_path / f"{n:04d}.jpg")
    words = [sys.executable, "-m", "camerahub", "diagnose", str(tmp_path), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["verdict"] == "fault"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    summary = json.loads(out.splitlines()[-1])["summary"]
    assert summary["not_tried"] > 0
    assert summary["items"] == 4000 == summary["not_tried"] + sum(summary["verdicts"].values())
    assert children
    for pid in map(int, children):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
