"""`exempt`, `claims` and `differences` as people type them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from camerahub.cli.attachments import keep
from camerahub.cli.claims import command as claims
from camerahub.cli.differences import command as differences
from camerahub.cli.exempt import command as exempt
from camerahub.cli.rates import command as rates
from camerahub.cli.status import command as status
from camerahub.core.errors import ConfigError
from tests.cli.figures_home import FiguresHome
from tests.services.county import camera_row

CODES = [f"3205850000131{n:07d}" for n in range(12)]
WINDOW = ("--from", "2020-01-01", "--to", "2020-02-01", "--reason", "power_cut")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[FiguresHome]:
    home = FiguresHome(tmp_path)
    yield home
    home.close()


def ok(home: FiguresHome, command: Any, *args: str) -> str:
    result = home.run(command, *args)
    if result.exception is not None:
        raise result.exception
    return result.output


def refused(home: FiguresHome, command: Any, *args: str) -> str:
    error = home.run(command, *args).exception
    assert isinstance(error, ConfigError), error
    return error.key


def test_asked_for_and_approved(home: FiguresHome, tmp_path: Path) -> None:
    notice = tmp_path / "停电 公告.pdf"
    notice.write_bytes(b"%PDF")
    now = ("--from", "2020-01-01", "--to", "2020-12-31", "--reason", "power_cut")
    ok(
        home,
        exempt,
        "request",
        "--area",
        "320585101",
        *now,
        "--applicant",
        "张三",
        "--attachment",
        str(notice),
    )
    assert "待审批" in ok(home, exempt, "list")
    assert json.loads(ok(home, status, "--json"))["exemptions_waiting"] == 0  # its window has passed
    assert refused(home, exempt, "approve", "1", "--approver", "张三") == "exempt.same_person"
    assert "原始指标不变" in ok(home, exempt, "approve", "1", "--approver", "李四")
    (one,) = [json.loads(line) for line in ok(home, exempt, "list", "--json").splitlines() if line[0] == "{"]
    assert (one["standing"], one["applicant"], one["approver"], one["backdated"]) == (
        "expired",
        "张三",
        "李四",
        True,
    )
    assert (home.home.path / "attachments" / one["attachment"]).read_bytes() == b"%PDF"
    (line,) = home.lines(rates, "--day", "2020-06-01")
    assert (line["exempt"], line["expected"]) == (3 * 86_400, 12 * 86_400)


def test_lists_of_cameras(home: FiguresHome, tmp_path: Path) -> None:
    file = tmp_path / "codes.txt"
    file.write_text(f"# 清单\n{CODES[0]},东门\n'{CODES[1]}\n\n", "gb18030")
    assert "2 路" in ok(home, exempt, "request", "--cameras", str(file), *WINDOW)
    assert refused(home, exempt, "request", "--camera", CODES[1], *WINDOW) == "exempt.overlaps"
    assert (
        refused(home, exempt, "request", "--camera", CODES[2], "--area", "320585", *WINDOW)
        == "exempt.one_scope"
    )
    assert refused(home, exempt, "request", "--cameras", str(tmp_path), *WINDOW) == "exempt.bad_list"
    wrong = ("--from", "x", "--to", "2020-02-01", "--reason", "other")
    assert refused(home, exempt, "request", "--camera", CODES[2], *wrong) == "figures.bad_time"
    assert "终止" in ok(home, exempt, "expire", "1")
    assert refused(home, exempt, "expire", "7") == "exempt.no_such"


@pytest.mark.parametrize(
    ("start", "end", "key"),
    [
        ("2020-02-01", "2020-01-01", "exempt.backwards"),
        ("2020-02-01", "2020-02-01", "exempt.backwards"),
        ("2020-01-01", "2022-01-01", "exempt.too_long"),
        ("2020-02-30", "2020-03-01", "figures.bad_time"),
        ("2020-01-01", "9999-01-01", "figures.bad_time"),
        ("2020-01-01", "下周", "figures.bad_time"),
    ],
)
def test_windows_that_are_none_change_nothing(home: FiguresHome, start: str, end: str, key: str) -> None:
    window = ("--from", start, "--to", end, "--reason", "power_cut")
    assert refused(home, exempt, "request", "--area", "320585", *window) == key
    assert [line for line in ok(home, exempt, "list", "--json").splitlines() if line[0] == "{"] == []


@pytest.mark.parametrize("content", [b"", None])
def test_attachments_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "a.jpg"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(ConfigError):
        keep(tmp_path, source)
    with pytest.raises(ConfigError):
        keep(tmp_path, tmp_path)


def test_an_attachment_is_kept_once_under_a_harmless_name(tmp_path: Path) -> None:
    source = tmp_path / "a b;$(x).jpg"
    source.write_bytes(b"1")
    name, sha256, size = keep(tmp_path, source)
    assert keep(tmp_path, source) == (name, sha256, size)
    assert [one.name for one in (tmp_path / "attachments").iterdir()] == [name]
    assert name == f"{sha256[:16]}_a_b_x_.jpg"


def test_many_put_out_of_use_are_an_alarm(home: FiguresHome) -> None:
    rows = [camera_row(n, "320585100") for n in range(100, 140)]
    now = home.hub.clock.wall_us() - 3_600_000_000
    home.register.change(rows, now)
    assert json.loads(ok(home, status, "--json"))["stopped_alarm"] is None
    stopped = [camera_row(n, "320585100", status="stopped") for n in range(100, 130)]
    home.register.change(stopped, now + 1)
    alarm = json.loads(ok(home, status, "--json"))["stopped_alarm"]
    assert "停用 30 路 (原应检 52)" in alarm["zh"]
    assert "停用预警" in ok(home, status)


def test_many_exempted_are_an_alarm_too(home: FiguresHome) -> None:
    home.home.config_path.write_text("[figures]\nstopped_at_least = 5\n", "utf-8")
    assert json.loads(ok(home, status, "--json"))["exempt_alarm"] is None
    window = ("--from", "2020-01-01", "--to", "2020-02-01", "--reason", "power_cut", "--applicant", "甲")
    ok(home, exempt, "request", "--area", "320585100", *window)
    result = home.run(exempt, "approve", "1", "--approver", "乙")
    assert "报备预警: 3 天内新批报备 6 路 (应检 12), 申请/审批 甲 / 乙 (exempt 1)" in result.stderr
    assert "报备预警" in ok(home, status)
    assert "6 路" in json.loads(ok(home, status, "--json"))["exempt_alarm"]["zh"]


def test_claims_and_differences(home: FiguresHome, tmp_path: Path) -> None:
    assert refused(home, differences) == "claims.none"
    path = tmp_path / "list.csv"
    lines = [
        "设备编码,在线状态",
        f"{CODES[0]},在线",
        f"{CODES[1]},离线",
        "32058500001310009999,在线",
        f"{CODES[2]},?",
    ]
    path.write_text("\n".join(lines), "gb18030")
    assert refused(home, claims, "import", str(path), "--source", " ") == "claims.no_source"
    assert (
        refused(home, claims, "import", str(path), "--source", "甲", "--at", "2199-01-01") == "claims.ahead"
    )
    result = home.run(claims, "import", str(path), "--source", "甲平台", "--json")
    assert result.return_value == 3
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row.get("verdict") for row in rows] == ["added", "added", "added", "refused", None]
    assert "甲平台" in ok(home, claims, "list")
    told = {line["code"]: line for line in home.lines(differences, "--everything")}
    assert {told[code]["outcome"] for code in CODES[:2]} == {"not_seen"}  # the hub never ran
    assert told["32058500001310009999"]["outcome"] == "stranger"
    assert told["32058500001310009999"]["agree"] is None
    (source,) = home.lines(differences, "--by", "source")
    assert (source["source"], source["not_seen"], source["stranger"]) == ("甲平台", 2, 1)
    assert home.lines(differences, "--outcome", "agree") == []
    assert refused(home, differences, "--source", "乙") == "claims.no_such_source"
    sheet = tmp_path / "d.xlsx"
    ok(home, differences, "--xlsx", str(sheet))
    rows = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in rows[1:]] == [*CODES[:2], "32058500001310009999"]
