"""`rates` of a period, `members` and `looks`, over what a real hub wrote: the same digits whoever asks, and when."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from camerahub.cli.looks import command as looks
from camerahub.cli.members import command as members
from camerahub.cli.rates import command
from camerahub.core import period
from camerahub.core.errors import ConfigError
from camerahub.registry.rows import AreaRow, Source
from camerahub.services.clock import SystemClock
from tests.cli.figures_home import FiguresHome
from tests.cli.test_rates import KEYS
from tests.services.county import ZONE, camera_row

AGO_S = 4 * 86_400


@pytest.fixture
async def past(tmp_path: Path) -> AsyncIterator[FiguresHome]:
    """A hub that ran for ten minutes four days ago, with cameras that failed, and was off since."""
    home = FiguresHome(tmp_path)
    home.hub.clock.step_wall(-AGO_S)
    home.hub.clock.advance(
        -(home.hub.clock.wall_us() // 1_000_000) % 86_400 + 3600
    )  # well within a local day
    hub = await home.hub.start()
    for n in range(12):
        hub.clock.advance(50)
        ids = [int(e) for e in hub.desk.roster.endpoint]
        await hub.feed([(e, "timeout" if e in (1, 2) and n > 3 else "ok") for e in ids])
    yield home
    home.close()


def day_of(home: FiguresHome) -> str:
    return period.local_day(home.hub.clock.wall_us(), ZONE).isoformat()


def said(home: FiguresHome, *args: str) -> ConfigError:
    error = home.run(command, *args).exception
    assert isinstance(error, ConfigError), error
    return error


async def test_the_line_of_the_contract_over_time(past: FiguresHome) -> None:
    (line,) = past.lines(command, "--day", day_of(past))
    assert [key for key in line if key in KEYS] == KEYS
    assert (line["kind"], line["expected"], line["rules"]) == ("time", 12 * 86_400, [1])
    assert line["up"] + line["down"] + line["unknown"] == pytest.approx(line["expected"], abs=1e-3)
    assert 0 < line["down"] < line["up"]
    assert line["from"].endswith("T00:00:00+08:00")


async def test_groups_add_up_whatever_they_are(past: FiguresHome) -> None:
    day = day_of(past)
    (whole,) = past.lines(command, "--day", day)
    for by in (
        "township",
        "village",
        "county",
        "network",
        "vendor",
        "unit",
        "urban_rural",
        "status",
        "reason",
    ):
        lines = past.lines(command, "--day", day, "--by", by)
        for part in ("expected", "up", "down", "unknown"):
            assert sum(line[part] for line in lines) == pytest.approx(whole[part], abs=1e-3), (by, part)


async def test_instants_are_counted(past: FiguresHome) -> None:
    now = past.hub.clock.wall_us()
    at = period.local_day(now, ZONE), (now // 60_000_000 + 480) % 1440
    clock = f"{at[1] // 60:02d}:{at[1] % 60:02d}"
    (line,) = past.lines(command, "--day", day_of(past), "--at", clock, "--at", "00:00")
    assert (line["kind"], line["expected"]) == ("point", 24)
    (one,) = past.lines(command, "--from", f"{at[0]}T{clock}")
    assert one["from"] == one["to"]
    assert (one["expected"], one["up"], one["down"]) == (12, line["up"], line["down"])
    assert one["down"] == 2


async def test_ranked_compared_and_measured_against_a_target(past: FiguresHome) -> None:
    args = ("--day", day_of(past), "--by", "township", "--rank", "--compare", "--target", "0.1%")
    lines = past.lines(command, *args)
    assert [line["rank"] for line in lines] == sorted(line["rank"] for line in lines)
    assert {line["of"] for line in lines} == {3}
    assert all(
        line["change"] == pytest.approx(line["raw"]) for line in lines
    )  # nothing was up the day before
    assert {(line["target"], line["passed"]) for line in lines} == {(0.001, True)}
    assert {line["area"]: (line["villages_passed"], line["villages"]) for line in lines}["320585100"] == (
        1,
        1,
    )
    result = past.run(command, *args)
    assert "名次" in result.stdout
    assert "达标 3/3" in result.stderr
    assert "环比时段" in result.stderr


async def test_a_ranking_is_measured_against_the_target_of_the_centre(county: FiguresHome) -> None:
    county.home.config_path.write_text("[figures]\ntarget = 0.66\n", "utf-8")
    lines = {line["area"]: line for line in county.lines(command, "--by", "township", "--rank")}
    # two of six, one of three, and one of three that has no address: all have two thirds
    assert {(line["raw"], line["target"], line["passed"]) for line in lines.values()} == {
        (0.666667, 0.66, True)
    }
    assert (lines["320585100"]["villages_passed"], lines["320585100"]["villages"]) == (1, 1)
    assert (lines["320585101"]["villages_passed"], lines["320585101"]["villages"]) == (0, 0)
    county.home.config_path.write_text("[figures]\ntarget = 0.67\n", "utf-8")
    result = county.run(command, "--by", "township", "--rank")
    assert "达标 0/3 (达标率 0.00%)" in result.stderr
    assert "未达标" in result.stdout
    assert "0/1" in result.stdout
    assert "passed" not in county.lines(command, "--by", "network", "--rank")[0]
    by_village = county.lines(command, "--by", "village", "--rank", "--target", "60%")
    assert [line["passed"] for line in by_village if line["area"] == "320585100001"] == [True]


async def test_published_and_still_the_same(past: FiguresHome) -> None:
    day = day_of(past)
    result = past.run(command, "--day", day, "--by", "township", "--publish", "preliminary")
    assert "已发布 第 1 号" in result.stderr
    assert "完全一致" in past.run(command, "--day", day, "--by", "township", "--publish", "final").stderr
    assert said(past, "--day", day, "--by", "township", "--publish", "final").key == "figures.already_final"
    past.register.change([camera_row(0, "320585101"), camera_row(77, "320585101")], SystemClock().wall_us())
    runs = past.lines(command, "--published")
    assert [(run["id"], run["stage"]) for run in runs] == [(2, "final"), (1, "preliminary")]
    assert all(run["same"] and run["same_input"] for run in runs)
    assert "重算一致" in past.run(command, "--published").stdout


async def test_a_day_that_is_not_over_is_not_published(county: FiguresHome) -> None:
    today = period.local_day(SystemClock().wall_us(), ZONE).isoformat()
    assert said(county, "--day", today, "--publish", "preliminary").key == "figures.too_early"
    assert "还没有结束" in county.run(command, "--day", today).stderr


async def test_every_choice_and_every_reason(past: FiguresHome) -> None:
    lines = past.lines(command, "--day", day_of(past), "--by", "township", "--choices")
    ranked = [line for line in lines if "ranks" in line]
    assert all(line["ranks"]["raw"] == line["rank"] for line in ranked)
    reasons = {line["reason"]: line for line in lines if "reason" in line}
    assert reasons["timeout"]["down"] > 0
    assert reasons["never"]["unknown"] > 0
    *_, off = [line for line in lines if line["kind"] == "gap"]
    assert (off["scope"], off["reason"], off["counts"]) == ("all", "hub_off", "unknown")
    # who was up when the hub went off is unknown from then on, and says so: unknown time whose reason is none
    assert reasons["ok"]["unknown"] == pytest.approx(9 * off["seconds"])
    shown = past.run(command, "--day", day_of(past), "--by", "township", "--choices")
    assert "hub_off" in shown.stdout
    assert "全体未知" in shown.stdout
    assert "未知不计" in past.run(command, "--day", day_of(past), "--by", "township", "--choices").stderr


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (("--kind", "time"), "figures.need_period"),
        (("--at", "10:00"), "figures.need_points"),
        (("--month", "2026-13"), "figures.bad_time"),
        (("--from", "gestern", "--to", "2026-01-01"), "figures.bad_time"),
        (("--day", "2026-01-01", "--at", "25:00"), "figures.bad_time"),
        (("--day", "2026-01-01", "--month", "2026-01"), "figures.two_periods"),
        (("--from", "2026-01-02", "--to", "2026-01-01"), "figures.backwards"),
        (("--day", "2199-01-01"), "figures.not_begun"),
        (("--day", "2026-01-01", "--as-of", "2199-01-01"), "figures.as_of_ahead"),
        (("--from", "2026-01-01T10:00", "--to", "2026-01-01T11:00", "--at", "09:00"), "figures.no_points"),
        (("--compare",), "figures.compare_needs_period"),
        (("--by", "reason"), "figures.period_only"),
        (("--choices", "--day", "2026-01-01"), "figures.choices_by"),
        (
            ("--day", "2026-01-01", "--by", "reason", "--publish", "preliminary"),
            "figures.reason_not_published",
        ),
        (("--target", "120%"), "figures.bad_target"),
        (("--day", "2026-01-01", "--area", "999999"), "web.no_area"),
    ],
)
async def test_what_makes_no_sense_is_said(county: FiguresHome, args: tuple[str, ...], key: str) -> None:
    assert said(county, *args).key == key


async def test_a_month_without_data_is_a_figure_of_nothing(county: FiguresHome) -> None:
    (line,) = county.lines(command, "--month", "1990-01")
    told = [line[key] for key in ("expected", "up", "raw", "adjusted")]
    assert "没有任何检测结果" in county.run(command, "--month", "1990-01").stderr
    # the test register was imported at the beginning of time, and nobody looked then
    assert told == [12 * 31 * 86_400, 0, 0.0, 0.0]


async def test_what_has_no_data_is_not_published(county: FiguresHome) -> None:
    for stage in ("preliminary", "final"):
        assert said(county, "--month", "1990-01", "--publish", stage).key == "figures.before_first"
    assert county.lines(command, "--published") == []
    county.register.store().import_areas(
        [AreaRow("320586", "邻县", "county")], Source("test", "areas.csv"), SystemClock().wall_us()
    )
    (line,) = county.lines(command, "--month", "1990-01", "--area", "320586")
    assert (line["expected"], line["raw"], line["adjusted"]) == (0, None, None)
    assert "没有应检的摄像机" in county.run(command, "--month", "1990-01", "--area", "320586").stderr


async def test_who_counted_on_a_day_and_who_took_whom_out(past: FiguresHome) -> None:
    now = past.hub.clock.wall_us()
    past.register.change([camera_row(0, "320585100", status="stopped")], now - 60_000_000)
    lines = past.lines(members, "--day", day_of(past))
    counted = {line["code"]: line for line in lines if line["kind"] == "member"}
    (move,) = [line for line in lines if line["kind"] == "move"]
    assert len(counted) == 12
    assert counted[move["code"]]["seconds"] < 86_400
    assert (move["file"], move["after"]["status"], move["after"]["expected"]) == (
        "more.csv",
        "stopped",
        False,
    )
    shown = past.run(members, "--day", day_of(past), "--left")
    assert "退出应检 1" in shown.stderr
    assert isinstance(past.run(members).exception, ConfigError)
    assert isinstance(past.run(members, "--day", day_of(past), "--area", "99").exception, ConfigError)


async def test_how_often_we_looked(past: FiguresHome) -> None:
    now = past.hub.clock.wall_us()
    before = past.lines(looks, "--day", day_of(past))
    past.register.store().checkpoint(now)
    assert past.lines(looks, "--day", day_of(past)) == before  # what waits to be folded counts already
    found = past.lines(looks, "--day", day_of(past))
    lines: list[dict[str, Any]] = [line for line in found if line["kind"] == "looks"]
    assert sum(line["cameras"] for line in lines) == 12
    assert sum(line["never"] for line in lines) == 1
    assert sum(line["ok"] + line["fault"] for line in lines) == 11 * 12
    assert sum(line["fault"] for line in lines) == 2 * 8
    assert json.loads(
        past.run(looks, "--day", day_of(past), "--by", "network", "--json").stdout.splitlines()[0]
    )
    *_, gap = [line for line in found if line["kind"] == "gap"]
    assert (gap["worker"], gap["to"][11:19]) == ("hub", "00:00:00")
    assert "hub_off" in past.run(looks, "--day", day_of(past)).stdout
    assert isinstance(past.run(looks, "--day", "2199-01-01").exception, ConfigError)
