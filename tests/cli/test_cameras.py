"""`cameras`: the contract line, filters, the table and the sheet."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import python_calamine

from camerahub.cli.cameras import command, parse_since
from camerahub.cli.table import pad, plain, render, width
from camerahub.core.errors import ConfigError, EnvironmentFault
from tests.cli.figures_home import FiguresHome
from tests.services.county import camera_row

ZONE = ZoneInfo("Asia/Shanghai")


async def test_the_line_of_the_contract(county: FiguresHome) -> None:
    lines = county.lines(command)
    assert len(lines) == 12
    first = lines[0]
    assert list(first) == ["code", "name", "area_code", "network", "facets"]
    assert list(first["facets"]) == ["online", "media", "lit", "picture"]
    told = first["facets"]["online"]
    assert list(told) == ["state", "since", "reason", "observed_at"]
    assert (first["code"], told["state"], told["reason"]) == ("32058500001310000000", "down", "refused")
    assert datetime.fromisoformat(told["since"]).utcoffset() is not None
    assert told["since"].endswith("+08:00")


async def test_never_is_null(county: FiguresHome) -> None:
    (blind,) = county.lines(command, "--state", "unknown")
    assert blind["facets"]["online"] == {
        "state": "unknown", "since": None, "reason": "no_address", "observed_at": None
    }  # fmt: skip


async def test_a_camera_nobody_looked_at_is_not_told_as_a_blind_prober(tmp_path: Path) -> None:
    home = FiguresHome(tmp_path, [camera_row(0, "320585100")])
    (told,) = home.lines(command)
    assert told["facets"]["online"]["reason"] == "blind"
    assert "尚未检测 not looked at yet" in home.run(command).stdout
    home.close()


@pytest.mark.parametrize(
    ("args", "number"),
    [
        (["--state", "down"], 3),
        (["--state", "离线"], 3),
        (["--state", "up"], 8),
        (["--reason", "refused"], 3),
        (["--reason", "timeout"], 0),
        (["--area", "320585100"], 6),
        (["--area", "320585100001"], 3),
        (["--area", "320585"], 12),
        (["--area", "320585101", "--state", "down"], 1),
        (["--limit", "5"], 5),
        (["--since", "2001-01-01"], 11),
        (["--since", "2091-01-01"], 0),
    ],
)
async def test_filters(county: FiguresHome, args: list[str], number: int) -> None:
    assert len(county.lines(command, *args)) == number


async def test_only_expected_cameras_unless_all_are_asked_for(county: FiguresHome) -> None:
    county.register.change([camera_row(0, "320585100", status="stopped")], 5)
    assert len(county.lines(command)) == 11
    assert len(county.lines(command, "--all")) == 12


@pytest.mark.parametrize(
    "args",
    [
        ["--state", "dead"],
        ["--reason", "moon"],
        ["--facet", "clock"],
        ["--area", "999"],
        ["--since", "soon"],
    ],
)
async def test_wrong_words_are_named(county: FiguresHome, args: list[str]) -> None:
    error = county.run(command, *args).exception
    assert isinstance(error, ConfigError)
    assert args[1] in error.text.zh
    assert args[1] in error.text.en


async def test_the_table_lines_up_and_sums_up(county: FiguresHome) -> None:
    result = county.run(command)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("编码")
    assert lines[1].startswith("code")
    starts = {width(line[: line.index("雪亮")]) for line in lines[2:] if "雪亮" in line}
    assert len(starts) == 1
    assert "共 12 路: 在线 8, 离线 3, 未知 1" in result.stderr
    assert "12 cameras: 8 up, 3 down, 1 unknown" in result.stderr


async def test_a_cut_list_says_so_and_counts_all(county: FiguresHome) -> None:
    result = county.run(command, "--limit", "2")
    assert len(result.stdout.splitlines()) == 4
    assert "共 12 路" in result.stderr
    assert "--limit" in result.stderr


async def test_the_sheet_keeps_codes_as_text_and_runs_no_formula(county: FiguresHome, tmp_path: Path) -> None:
    row = camera_row(1, "320585100001", "天网")
    row.name = '=HYPERLINK("http://192.0.2.1")'
    county.register.change([row], 5)
    path = tmp_path / "list.xlsx"
    county.run(command, "--xlsx", str(path))
    sheet = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    assert len(sheet) == 13
    assert sheet[1][0] == "32058500001310000000"
    assert sheet[2][1] == '=HYPERLINK("http://192.0.2.1")'
    assert all(isinstance(cell, str) for line in sheet for cell in line)


async def test_a_sheet_that_cannot_be_written_is_an_environment_fault(
    county: FiguresHome, tmp_path: Path
) -> None:
    error = county.run(command, "--xlsx", str(tmp_path / "none" / "list.xlsx")).exception
    assert isinstance(error, EnvironmentFault)
    assert "list.xlsx" in error.text.zh


async def test_reading_while_the_hub_writes(county: FiguresHome) -> None:
    with county.hub.store.engine.connect() as writer:
        raw = writer.execution_options(camerahub_writes=True)
        with raw.begin():
            raw.exec_driver_sql("UPDATE settings SET value = value")
            assert len(county.lines(command)) == 12


def test_since_words() -> None:
    now = 1_750_000_000_000_000
    assert parse_since(None, ZONE, now) is None
    assert parse_since("90s", ZONE, now) == now - 90_000_000
    assert parse_since("2d", ZONE, now) == now - 2 * 86_400_000_000
    assert parse_since("1970-01-01T08:00", ZONE, now) == 0
    assert parse_since("1970-01-01T00:00+00:00", ZONE, now) == 0


def test_widths() -> None:
    assert (width("在线 up"), width("e\u0301")) == (7, 1)
    assert pad("离线", 6) == "离线  "
    assert plain("a\x1b[31m\nb") == "a [31m b"
    lines = render(["web.col_code", "web.col_name"], [["1", "东"], ["22", "x"]])
    assert lines == ["编码  名称", "code  name", "1     东", "22    x"]
    assert unicodedata.east_asian_width("线") == "W"
