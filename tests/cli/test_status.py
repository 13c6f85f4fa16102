"""`status`: counts, times and whether a hub runs."""

from __future__ import annotations

from pathlib import Path

from camerahub.cli.status import command
from tests.cli.figures_home import FiguresHome


async def test_figures(county: FiguresHome) -> None:
    (told,) = county.lines(command)
    wanted = {
        "cameras": 12,
        "expected": 12,
        "areas": 4,
        "up": 8,
        "down": 3,
        "unknown": 1,
        "hub_running": False,
    }
    assert {key: told[key] for key in wanted} == wanted
    assert told["last_commit"].endswith("+08:00")
    assert told["database_bytes"] > 10_000
    assert (told["probed"], told["open_gaps"]) == (11, 0)


async def test_for_people(county: FiguresHome) -> None:
    shown = county.run(command).stdout
    assert "8 / 3 / 1" in shown
    assert "中心运行 hub running" in shown


async def test_a_register_nobody_looked_at(tmp_path: Path) -> None:
    home = FiguresHome(tmp_path)
    (told,) = home.lines(command)
    assert (told["last_commit"], told["unknown"]) == (None, 12)
    home.close()
