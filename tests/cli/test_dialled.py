"""`dialled`: the lines of the contract, and the page for people."""

from __future__ import annotations

from camerahub.cli.dialled import command
from camerahub.core.errors import ConfigError
from tests.cli.figures_home import FiguresHome

CODE = "32058500001310000001"


async def test_lines_and_summary(county: FiguresHome) -> None:
    *lines, last = county.lines(command, CODE)
    assert [line["type"] for line in lines] == ["road", *["attempt"] * 4]
    newest, oldest = lines[1], lines[-1]
    assert (newest["probe"], newest["outcome"], newest["reason"]) == ("options", "fault", "refused")
    assert (newest["zh"], newest["en"]) == ("端口拒绝连接", "connection refused")
    assert newest["at"].endswith("+08:00")
    assert newest["at"] > oldest["at"]
    summary = last["summary"]
    assert (summary["code"], summary["attempts"], summary["outcomes"]) == (CODE, 4, {"fault": 3, "ok": 1})


async def test_folded_hours_are_counted_and_nothing_is_told_twice(county: FiguresHome) -> None:
    county.register.store().checkpoint(county.hub.clock.wall_us())
    *lines, last = county.lines(command, CODE)
    hours = [line for line in lines if line["type"] == "hour"]
    assert sum(hour["fault"] for hour in hours) == 3
    assert sum(hour["ok"] for hour in hours) == 1
    assert (last["summary"]["attempts"], last["summary"]["log_from"]) == (0, None)


async def test_since(county: FiguresHome) -> None:
    *lines, last = county.lines(command, CODE, "--since", "2091-01-01")
    assert [line["type"] for line in lines] == ["road"]
    assert last["summary"]["attempts"] == 0


async def test_for_people(county: FiguresHome) -> None:
    county.register.store().pause("all", "", "张三", "抢修", county.hub.clock.wall_us())
    result = county.run(command, CODE)
    assert result.exception is None
    for shown in (
        "逐次探测 (新在前) attempts, newest first",
        "在线探测 options",
        "异常 fault",
        "端口拒绝连接 refused",
        "192.0.2.2:554 rtsp/main",
        "抢修 张三",
        "仍在 still",
    ):
        assert shown in result.stdout, shown
    assert "逐次记录 4 次" in result.stderr
    assert "4 attempts one by one" in result.stderr


async def test_a_camera_nobody_knows_is_named(county: FiguresHome) -> None:
    error = county.run(command, "404").exception
    assert isinstance(error, ConfigError)
    assert "404" in error.text.zh
    assert "404" in error.text.en
