"""import, import-areas and export as a user types them."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from pathlib import Path

import pytest

from camerahub.cli.main import run
from camerahub.registry import engine as engine_module

HEAD = "code,name,area_code,rtsp_url,password,WEB密码\n"


@pytest.fixture
def home(tmp_path: Path) -> str:
    folder = tmp_path / "home"
    assert run(["--home", str(folder), "init"]) == 0
    assert run(["--home", str(folder), "migrate"]) == 0
    assert run(["--home", str(folder), "import-areas", "--builtin", "320585"]) == 0
    return str(folder)


def test_import_and_export(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, errors, out = tmp_path / "t.csv", tmp_path / "errors.csv", tmp_path / "out.csv"
    table.write_text(
        HEAD + "A1,示例,320585100,rtsp://u:Planted@192.0.2.1/x,,Planted\nA2,,320585100,,Planted,Planted\n",
        encoding="gbk",
    )
    capsys.readouterr()
    assert run(["--home", home, "import", str(table), "--json", "--errors", str(errors)]) == 3
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line.get("verdict") for line in lines] == ["added", "refused", None]
    assert lines[-1]["summary"]["refused"] == 1
    assert lines[0]["problems"][0] == {
        "column": "rtsp_url",
        "reason": "url_password",
        **{key: lines[0]["problems"][0][key] for key in ("zh", "en")},
    }
    with errors.open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file))
    assert written[0][-1] == "问题"
    assert written[1][:3] == ["A2", "", "320585100"]
    assert run(["--home", home, "export", "--csv", str(out)]) == 0
    assert run(["--home", home, "import", str(out)]) == 0
    said_again = capsys.readouterr()
    assert "未变 1" in said_again.out
    for text in (said.out, said.err, said_again.out, said_again.err, errors.read_text(), out.read_text()):
        assert "Planted" not in text


def test_export_on_stdout(home: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    capfdbinary.readouterr()
    assert run(["--home", home, "export", "--profile", "national27"]) == 0
    assert capfdbinary.readouterr().out.startswith("\ufeff设备编码,设备名称".encode())


def test_wrong_use(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "b.csv"
    broken.write_text("a,b\n1,2\n")
    assert run(["--home", home, "import", str(broken)]) == 2
    said = capsys.readouterr().err
    assert "area_code" in said
    assert "读到的列: a, b." in said
    assert run(["--home", home, "import-areas"]) == 2
    assert run(["--home", home, "import-areas", "--builtin", "110101"]) == 2
    assert run(["--home", home, "export", "--csv", "a", "--xlsx", "b"]) == 2


def _full_disk(monkeypatch: pytest.MonkeyPatch, spare: int) -> None:
    """Every connection from now on may add ``spare`` pages to the file, as on a disk that is nearly full."""
    plain = engine_module._sqlite_settings

    def settings(raw: sqlite3.Connection, record: object) -> None:
        plain(raw, record)
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages + spare}").close()

    monkeypatch.setattr(engine_module, "_sqlite_settings", settings)


@pytest.mark.parametrize("spare", [0, 20])
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_full_disk_is_one_sentence_and_nothing_is_stored(
    home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], spare: int, dry: list[str]
) -> None:
    table, towns, out = tmp_path / "t.csv", tmp_path / "towns.csv", tmp_path / "out.csv"
    rows = [f"A{at},示例 {at},320585100,rtsp://u:Planted@192.0.2.1/{at},,\n" for at in range(3000)]
    table.write_text(HEAD + "".join(rows), encoding="utf-8")
    towns.write_text(
        "code,name\n" + "".join(f"32058{at},示例 {at}\n" for at in range(1000, 9999)), encoding="utf-8"
    )
    for what in (["import", str(table)], ["import-areas", str(towns)]):
        with pytest.MonkeyPatch.context() as patch:
            _full_disk(patch, spare)
            capsys.readouterr()
            assert run(["--home", home, *what, *dry]) == 4
            said = capsys.readouterr().err
        assert "Traceback" not in said
        assert len(said.strip().splitlines()) == 2, said
    assert run(["--home", home, "export", "--csv", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 1
    assert run(["--home", home, "import", str(table)]) == 0


@pytest.mark.parametrize("command", ["import", "import-areas"])
@pytest.mark.parametrize("what", ["none.csv", "folder", "pipe", "/dev/zero"])
def test_what_is_no_file_is_refused_at_once(
    home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, what: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    capsys.readouterr()
    assert run(["--home", home, command, str(tmp_path / what)]) == 2
    said = capsys.readouterr().err
    assert len(said.strip().splitlines()) == 2, said
    assert ("没有文件" if what == "none.csv" else "不是普通文件") in said


def test_a_full_disk_under_an_export(home: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for kind in ("--csv", "--xlsx"):
        capsys.readouterr()
        assert run(["--home", home, "export", kind, "/dev/full"]) == 4, kind
        said = capsys.readouterr().err
        assert "/dev/full" in said
        assert len(said.strip().splitlines()) == 2, said
        assert run(["--home", home, "export", kind, str(tmp_path / "no" / "file")]) == 2, kind
    table = tmp_path / "t.csv"
    table.write_text(HEAD + ",,,,,\n" * 3 + "A,,,,,\n", encoding="utf-8")
    assert run(["--home", home, "import", str(table), "--errors", "/dev/full"]) == 4
    assert "/dev/full" in capsys.readouterr().err


def test_the_summary_keeps_different_values_apart(
    home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    areas = ["320585998"] * 7 + ["320585997"] + [f"3205859{at}" for at in range(10, 20)]
    rows = [f"A{at},示例,{area},rtsp://192.0.2.1/{at},,\n" for at, area in enumerate(areas)]
    twice = "B,示例,320585100,rtsp://u:p@192.0.2.2/1,rtsp://u:p@192.0.2.2/2\n"
    table.write_text(HEAD + "".join(rows), encoding="utf-8")
    capsys.readouterr()
    assert run(["--home", home, "import", str(table)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "×" in line]
    assert [line.split(" ×")[0].strip() for line in lines] == ["7", "1", "1", "1", "1", "7"]
    assert "320585998" in lines[0]
    assert "第 2, 3, 4, 5, 6 行等" in lines[0]
    assert "第 9 行 /" in lines[1]
    assert "各不相同" in lines[-1]
    table.write_text("code,name,area_code,rtsp_url,rtsp_sub_url\n" + twice, encoding="utf-8")
    assert run(["--home", home, "import", str(table)]) == 0
    assert "2, 2" not in capsys.readouterr().out
