"""`report`: the digits of `rates`, clear words where there is nothing to report, files that are left or made whole."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from python_calamine import CalamineWorkbook

from camerahub.cli.rates import command as rates
from camerahub.cli.report import command
from camerahub.config import Settings
from camerahub.core import period
from camerahub.core.errors import (
    EXIT_ENVIRONMENT,
    EXIT_REFUSED,
    CamerahubError,
    ConfigError,
    EnvironmentFault,
)
from camerahub.core.texts import text
from camerahub.plan import reports
from camerahub.registry.exemptions import Request
from camerahub.reports import pdf
from camerahub.services.errands import Errand
from tests.cli.figures_home import FiguresHome
from tests.services.county import NETWORKS, ZONE, camera_row

DAY_S = 86_400
#: Parts of a figure in JSON -> their column in a sheet, in camera-hours.
PARTS = {
    "expected": "应检 路·时",
    "up": "正常 路·时",
    "down": "异常 路·时",
    "unknown": "未知 路·时",
    "exempt": "报备路·时",
}
FACETS = {"在线率": "online", "出流率": "media", "点亮率": "lit", "完好率": "picture"}


async def lived(home: FiguresHome) -> None:
    """Ten minutes of a hub four days ago: cameras failed, some were exempt."""
    home.hub.clock.step_wall(-4 * DAY_S)
    home.hub.clock.advance(-(home.hub.clock.wall_us() // 1_000_000) % DAY_S + 3600)
    hub = await home.hub.start()
    for n in range(12):
        hub.clock.advance(50)
        ids = [int(e) for e in hub.desk.roster.endpoint]
        await hub.feed([(e, "timeout" if e in (1, 2) and n > 3 else "ok") for e in ids])
    now, store = hub.clock.wall_us(), home.register.store()
    asked = Request("area", ("320585101",), now - 600_000_000, now + 600_000_000, "power_cut", "", "甲")
    store.request_exemption(asked, now)
    store.decide_exemptions((1,), "乙", "", now, approve=True)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FiguresHome]:
    """A home with that past; reports of these tests go elsewhere, so that all can share it."""
    codes = ("320585100", "320585100001", "320585101", "320585")
    makers = ("电信", "=1+1", "")
    rows = [camera_row(n, codes[n % 4], NETWORKS[n % 3], maintainer=makers[n % 3]) for n in range(12)]
    home = FiguresHome(tmp_path_factory.mktemp("report"), rows)
    asyncio.run(lived(home))
    yield home
    home.close()


@pytest.fixture(scope="module")
def told(past: FiguresHome) -> list[dict[str, Any]]:
    """The lines of the report of that day, the report itself last; its file lies in the home."""
    result = past.run(command, "daily", "--date", day_of(past), "--format", "xlsx", "--json")
    assert result.exception is None
    return [json.loads(line) for line in result.stdout.splitlines()]


def day_of(home: FiguresHome) -> str:
    return period.local_day(home.hub.clock.wall_us(), ZONE).isoformat()


def made(home: FiguresHome, out: Path, *args: str) -> Result:
    """A report in the format that needs nothing of the system."""
    result = home.run(command, *args, "--format", "xlsx", "--out", str(out))
    if result.exception is not None:
        raise result.exception
    return result


def failed(home: FiguresHome, out: Path, *args: str) -> CamerahubError:
    error = home.run(command, *args, "--out", str(out)).exception
    assert isinstance(error, CamerahubError), error
    return error


def files(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir()) if path.exists() else []


def sheet(path: Path, name: str) -> list[dict[str, Any]]:
    """Rows of a sheet by its headings, the total left out."""
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
    at = next(place for place, row in enumerate(rows) if row[0] == "名次")
    found = [dict(zip(map(str, rows[at]), row, strict=True)) for row in rows[at + 1 :]]
    return [row for row in found if isinstance(row["名次"], int | float)]


def again(home: FiguresHome, command_line: str) -> list[dict[str, Any]]:
    """What the command printed beside a table says."""
    words = command_line.split()
    assert words[:2] == ["camerahub", "rates"]
    return home.lines(rates, *words[2:])


@pytest.mark.parametrize(("by", "name"), [("township", "乡镇排名"), ("maintainer", "运维单位排名")])
def test_sheets_have_the_digits_of_rates(
    past: FiguresHome, told: list[dict[str, Any]], by: str, name: str
) -> None:
    report = told[-1]["report"]
    names = {"": "未归属", "320585100": "城厢镇", "320585101": "沙溪镇", "320585": "太仓市"}
    title = "乡镇 (街道)" if by == "township" else "运维单位"
    rows = {row[title]: row for row in sheet(Path(report["files"][0]), name)}
    asked = ("--day", day_of(past), "--by", by, "--rank", "--compare", "--as-of", report["as_of"])
    lines = past.lines(rates, *asked)
    assert len(rows) == len(lines) > 1
    for line in lines:
        group = line["area"] if by == "township" else line[by]
        row = rows[names.get(group, group)]
        assert (row["名次"], row["在线率"], row["检测率"]) == (line["rank"], line["raw"], line["detection"])
        assert row["报备后"] == ("–" if line["adjusted"] is None else line["adjusted"])
        for key, word in PARTS.items():
            assert row[word] * 3600 == pytest.approx(line[key], abs=1e-6), (group, key)


def test_every_figure_comes_back_from_the_command_beside_it(
    past: FiguresHome, told: list[dict[str, Any]]
) -> None:
    *lines, last = told
    sources = last["report"]["sources"]
    overview = {FACETS[line["facet"]]: line for line in lines if line["table"] == "overview"}
    assert set(overview) == set(FACETS.values())
    for facet in ("online", "picture"):
        first = next(one for one in sources["overview"] if f"--facet {facet} " in one["command"])
        whole = again(past, first["command"])
        for key in PARTS:
            assert overview[facet][key] == pytest.approx(sum(one[key] for one in whole), abs=1e-3)
    (now,) = [line for line in lines if line["table"] == "moment" and line["facet"] == "在线率"]
    then = next(one for one in sources["moment"] if "--facet online" in one["command"])
    assert now["cameras"] == sum(one["expected"] for one in again(past, then["command"])) == 12
    why = {line["reason"] for line in lines if line["table"] == "unknowns"}
    assert why == {"never"}  # no picture was ever taken


def test_rule_as_of_and_hash_stand_on_every_sheet_of_figures(told: list[dict[str, Any]]) -> None:
    report = told[-1]["report"]
    book = CalamineWorkbook.from_path(report["files"][0])
    hashes = {one["input_hash"] for sources in report["sources"].values() for one in sources}
    assert len(hashes) > 10
    assert len(report["input_hash"]) == 64
    for name in book.sheet_names:
        words = str(book.get_sheet_by_name(name).to_python())
        assert "规则 1" in words
        assert report["as_of"][:10] in words
        assert name not in ("要点", "乡镇排名", "故障分类") or "输入摘要" in words
    everything = str(book.get_sheet_by_name("数字来源").to_python())
    assert all(digest in everything for digest in hashes)


def test_the_same_report_comes_out_again(
    past: FiguresHome, told: list[dict[str, Any]], tmp_path: Path
) -> None:
    report = told[-1]["report"]
    first = Path(report["files"][0])
    made(past, tmp_path, "daily", "--date", day_of(past), "--as-of", report["as_of"])
    assert (tmp_path / first.name).read_bytes() == first.read_bytes()
    assert first.parent == past.home.path / "reports"
    assert stat.S_IMODE(first.stat().st_mode) & 0o137 == 0
    assert "=1+1" in {row["运维单位"] for row in sheet(first, "运维单位排名")}  # a word, not a sum


def test_left_where_it_is_there_and_old_ones_go(past: FiguresHome, tmp_path: Path) -> None:
    day, out = day_of(past), tmp_path / "out"
    out.mkdir()
    path = out / f"camerahub-daily-{day}.xlsx"
    path.write_bytes(b"sent already")
    (out / "camerahub-daily-2020-01-01.xlsx").write_bytes(b"old")
    result = made(past, out, "daily", "--date", day, "--if-missing", "--prune")
    assert path.read_bytes() == b"sent already"
    assert files(out) == [path.name]
    assert str(path) in result.stderr
    assert text("report.pruned", count=1, days=400).zh in result.stderr
    path.unlink()
    made(past, out, "daily", "--date", day, "--if-missing")
    assert files(out) == [path.name]


@pytest.mark.parametrize("errand", reports(Settings()), ids=lambda errand: errand.name)
def test_what_the_hub_types_is_a_command(past: FiguresHome, tmp_path: Path, errand: Errand) -> None:
    name, *words = errand.words
    assert name == "report"
    next_day = period.local_day(past.hub.clock.wall_us(), ZONE) + timedelta(days=1)
    more = ("--as-of", f"{next_day}T08:30", "--format", "xlsx", "--out", str(tmp_path))
    error = past.run(command, *words, *more).exception
    if words[0] == "daily":
        assert error is None
        assert files(tmp_path) == [f"camerahub-daily-{day_of(past)}.xlsx"]
    else:  # nothing was recorded a month ago
        assert isinstance(error, EnvironmentFault)
        assert error.key == "report.no_data"


def test_a_month_and_what_it_is_called(past: FiguresHome, tmp_path: Path) -> None:
    month = day_of(past)[:7]
    made(past, tmp_path / "a" / "b", "monthly", "--month", month, "--english")
    (path,) = (tmp_path / "a" / "b").iterdir()
    assert path.name == f"camerahub-monthly-{month}.xlsx"
    words = str(CalamineWorkbook.from_path(path).get_sheet_by_name("要点").to_python())
    assert "运维月报" in words
    assert "monthly report" in words


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (("daily", "--date", "2020-01-01"), "report.no_data"),
        (("monthly", "--month", "2020-01"), "report.no_data"),
        (("daily", "--date", "2199-01-01"), "report.not_begun"),
        (("monthly", "--month", "2199-01"), "report.not_begun"),
        (("daily",), "report.no_data"),  # the hub was off yesterday
    ],
)
def test_nothing_to_report(past: FiguresHome, tmp_path: Path, args: tuple[str, ...], key: str) -> None:
    error = failed(past, tmp_path / "out", *args, "--format", "xlsx")
    assert (error.key, error.exit_code) == (key, EXIT_ENVIRONMENT)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (("monthly", "--month", "2026-13", "--format", "xlsx"), "figures.bad_time"),
        (("daily", "--date", "yesterday", "--format", "xlsx"), "figures.bad_time"),
        (("daily", "--as-of", "2199-01-01", "--format", "xlsx"), "figures.as_of_ahead"),
        (("daily", "--format", "docx"), "report.bad_format"),
    ],
)
def test_what_cannot_be_read(past: FiguresHome, tmp_path: Path, args: tuple[str, ...], key: str) -> None:
    error = failed(past, tmp_path / "out", *args)
    assert (error.key, type(error)) == (key, ConfigError)
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_written(past: FiguresHome, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    error = failed(past, tmp_path / "taken" / "x", "daily", "--date", day_of(past), "--format", "xlsx")
    assert (error.key, error.exit_code) == ("report.unwritable", EXIT_ENVIRONMENT)
    assert (tmp_path / "taken").read_text() == "mine"


def test_where_no_paper_can_be_made(
    past: FiguresHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready() -> None:
        raise EnvironmentFault("report.no_pdf", missing="Pango", remedy="apt-get install libpango-1.0-0")

    monkeypatch.setattr(pdf, "ready", ready)
    day, out = day_of(past), tmp_path / "out"
    error = failed(past, out, "daily", "--date", day, "--format", "xlsx,pdf")
    assert (error.key, error.exit_code) == ("report.no_pdf", EXIT_ENVIRONMENT)
    assert files(out) == []
    # nobody asked for paper by name: sheets are made, and what is missing is said
    result = past.run(command, "daily", "--date", day, "--out", str(out))
    assert result.exception is None
    assert result.return_value == EXIT_REFUSED
    assert files(out) == [f"camerahub-daily-{day}.xlsx"]
    assert "libpango-1.0-0" in result.stderr


def test_the_list_before_a_sampling_day(past: FiguresHome, tmp_path: Path) -> None:
    *lines, last = map(json.loads, made(past, tmp_path, "precheck", "--json").stdout.splitlines())
    items = {line["item"]: line["count"] for line in lines if line["table"] == "items"}
    cameras = [line for line in lines if line["table"] == "cameras"]
    (now,) = past.lines(rates)
    assert items["离线"] == now["down"] == 2
    assert len(cameras) == now["expected"]  # no picture was ever taken
    assert files(tmp_path) == [f"camerahub-precheck-{last['report']['subject']}.xlsx"]
