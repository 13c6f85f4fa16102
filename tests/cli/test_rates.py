"""`rates`: the contract line, groupings, totals from sums; and the same numbers as the list and the scrape."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from camerahub.cli.cameras import command as cameras
from camerahub.cli.rates import command
from camerahub.core.errors import ConfigError
from camerahub.telemetry.metrics import Exporter
from tests.cli.figures_home import FiguresHome
from tests.services.county import NETWORKS, camera_row

KEYS = ["area", "facet", "kind", "from", "to", "rule", "as_of", "expected", "up", "down", "unknown", "exempt",
        "raw", "measured", "upper", "adjusted"]  # fmt: skip


async def test_the_line_of_the_contract(county: FiguresHome) -> None:
    (line,) = county.lines(command)
    assert [key for key in line if key in KEYS] == KEYS
    told = {
        key: line[key] for key in ("area", "facet", "kind", "expected", "up", "down", "unknown", "exempt")
    }
    assert told == {
        "area": "all", "facet": "online", "kind": "point", "expected": 12, "up": 8, "down": 3, "unknown": 1, "exempt": 0
    }  # fmt: skip
    assert (line["raw"], line["measured"], line["upper"]) == pytest.approx((8 / 12, 8 / 11, 9 / 12), abs=1e-6)
    assert line["from"] == line["to"]
    assert line["as_of"].endswith("+08:00")


async def test_by_township_and_network(county: FiguresHome) -> None:
    lines = county.lines(command, "--by", "township")
    assert {line["area"]: line["expected"] for line in lines} == {"320585": 3, "320585100": 6, "320585101": 3}
    lines = county.lines(command, "--by", "network", "--area", "320585100")
    assert {(line["area"], line["network"]) for line in lines} == {("320585100", n) for n in NETWORKS}
    assert sum(line["expected"] for line in lines) == 6


async def test_by_village_county_and_columns(county: FiguresHome) -> None:
    villages = {line["area"]: line["expected"] for line in county.lines(command, "--by", "village")}
    assert villages == {"320585": 3, "320585100": 3, "320585100001": 3, "320585101": 3}
    assert [line["area"] for line in county.lines(command, "--by", "county")] == ["320585"]
    county.register.change([camera_row(0, "320585100", maintainer="甲公司")], 5)
    lines = county.lines(command, "--by", "maintainer")
    assert {line["maintainer"]: line["expected"] for line in lines} == {"": 11, "甲公司": 1}


async def test_the_table_has_a_total_from_sums(county: FiguresHome) -> None:
    result = county.run(command, "--by", "township")
    lines = result.stdout.splitlines()
    assert "应检" in lines[0]
    assert "在线率" in lines[0]
    assert "expected" in lines[1]
    assert lines[-1].split()[:6] == ["合计", "total", "12", "8", "3", "1"]
    assert "66.67%" in lines[-1]
    assert any("城厢镇" in line for line in lines)
    assert "应检 12 = 在线 8 + 离线 3 + 未知 1" in result.stderr


async def test_time_figures_are_not_here_yet(county: FiguresHome) -> None:
    error = county.run(command, "--kind", "time").exception
    assert isinstance(error, ConfigError)
    assert error.exit_code == 2


async def test_unknown_area_and_facet(county: FiguresHome) -> None:
    assert isinstance(county.run(command, "--area", "110101").exception, ConfigError)
    assert isinstance(county.run(command, "--facet", "clock").exception, ConfigError)


async def test_an_empty_register_has_no_rate(tmp_path: Path) -> None:
    home = FiguresHome(tmp_path, [])
    (line,) = home.lines(command)
    assert (line["expected"], line["raw"], line["measured"], line["adjusted"]) == (0, None, None, None)
    assert home.lines(command, "--by", "township") == []
    assert "-" in home.run(command).stdout
    home.close()


async def test_figures_of_a_hub_that_is_off_are_as_of_its_last_sign(tmp_path: Path) -> None:
    home = FiguresHome(tmp_path)
    home.hub.clock.step_wall(-7200)
    await home.hub.start()
    await home.hub.everyone("ok")
    home.hub.clock.advance(6)
    await home.hub.ingest.step()
    (line,) = home.lines(command)
    assert line["from"] < line["as_of"]
    assert "中心没有运行" in home.run(command).stderr
    home.close()


def scraped(home: FiguresHome) -> dict[str, Counter[tuple[str, str]]]:
    body, _ = Exporter(home.hub.board).render("application/openmetrics-text")
    found: dict[str, Counter[tuple[str, str]]] = {w: Counter() for w in ("expected", "up", "down", "unknown")}
    for family in parse(body.decode()):
        word = family.name.removeprefix("camerahub_cameras_")
        if word in found:
            for sample in family.samples:
                found[word][sample.labels["township"], sample.labels["network"]] += int(sample.value)
    return found


def township(code: str) -> str:
    return code[:9] if len(code) >= 9 else code


async def _same_everywhere(
    folder: Path, spec: list[tuple[str, str, int, bool]], rounds: list[list[Any]]
) -> None:
    rows = [
        camera_row(n, area, network, endpoints=roads, status="active" if expected else "stopped")
        for n, (area, network, roads, expected) in enumerate(spec)
    ]
    home = FiguresHome(folder, rows)
    try:
        hub = await home.hub.start()
        for pairs in rounds:
            hub.clock.advance(5)
            ids = hub.desk.roster.endpoint
            await hub.feed([(int(ids[e % len(ids)]), reason) for e, reason in pairs if len(ids)])
        metrics = scraped(home)
        listed: dict[str, Counter[tuple[str, str]]] = {w: Counter() for w in metrics}
        for line in home.lines(cameras):
            key = (township(line["area_code"]), line["network"])
            listed["expected"][key] += 1
            listed[line["facets"]["online"]["state"]][key] += 1
        assert {w: +c for w, c in metrics.items()} == listed
        rates: dict[str, Counter[str]] = {w: Counter() for w in metrics}
        for line in home.lines(command, "--by", "township"):
            for word, counter in rates.items():
                counter[line["area"]] += line[word]
        for word, counter in rates.items():
            summed: Counter[str] = Counter()
            for (place, _network), n in metrics[word].items():
                summed[place] += n
            assert +counter == +summed
        for key, expected in metrics["expected"].items():
            assert expected == sum(metrics[word][key] for word in ("up", "down", "unknown"))
    finally:
        home.close()


SPEC = st.tuples(
    st.sampled_from(["320585", "320585100", "320585100001", "320585101"]),
    st.sampled_from(NETWORKS),
    st.integers(0, 1),
    st.booleans(),
)
RESULTS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["ok", "timeout", "refused", "auth", "no_seat", "busy"])),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SPEC, min_size=1, max_size=8), st.lists(RESULTS, max_size=6))
def test_scrape_rates_and_list_agree(spec: list[Any], rounds: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_same_everywhere(Path(folder), spec, rounds))


async def test_by_status_speaks_in_words(county: FiguresHome) -> None:
    assert "在用 in use" in county.run(command, "--by", "status").stdout
    assert county.lines(command, "--by", "status")[0]["status"] == "active"
