"""The dashboards: what is checked in is what the code makes, names families that exist, and fits one screen."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from camerahub.config import Figures
from camerahub.core.result import FAULT_KINDS, PROBE_NAMES, Facet
from camerahub.telemetry.families import FAMILIES
from dashboards import parts
from dashboards.__main__ import BOARDS, rendered
from tests.dashboards.reading import ROOT, Ask, asks, boards, families, filled, links, matched, panels

ASKS = asks()
PANELS = list(panels())
NAMES = sorted(BOARDS)
#: Rows of 38 pixels that a screen of 1080 lines shows below Grafana's own bars.
SCREEN_ROWS = 22
FACETS = {facet.name.lower() for facet in Facet}
STATES = {"up", "down", "unknown"}


def called(ask: Ask) -> str:
    return f"{ask.board} {ask.panel} {ask.ref}"


def titled(panel: tuple[str, dict[str, Any]]) -> str:
    return f"{panel[0]} {panel[1]['title']}"


def test_the_folder_holds_these_boards() -> None:
    assert sorted(boards()) == NAMES


def test_the_wheel_carries_every_board() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {f"dashboards/{name}" for name in NAMES} <= carried.keys()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_checked_in_is_what_the_code_makes(name: str) -> None:
    assert (ROOT / "dashboards" / name).read_text("utf-8") == rendered(name), "run: python -m dashboards"


def test_the_hub_may_stand_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "HUB", "https://hub.example:9320")
    for name in NAMES:
        variables = {v["name"]: v for v in json.loads(rendered(name))["templating"]["list"]}
        assert variables["hub"]["query"] == "https://hub.example:9320"
        assert variables["hub"]["type"] == "constant"  # nobody can bend it by a link


@pytest.mark.parametrize("ask", ASKS, ids=called)
def test_every_expression_parses_and_names_what_is_exported(ask: Ask) -> None:
    read = families(filled(ask.expr))
    assert read
    assert read <= FAMILIES.keys()
    assert set(re.findall(r"\$\w+", filled(ask.expr))) <= {"$1"}  # no choice is forgotten
    for family, label, _ in matched(filled(ask.expr)):
        assert label in FAMILIES[family].labels, (family, label)


@pytest.mark.parametrize("ask", ASKS, ids=called)
def test_matchers_name_values_that_exist(ask: Ask) -> None:
    known = {"facet": FACETS, "probe": set(PROBE_NAMES), "kind": set(FAULT_KINDS)}
    for _, label, value in matched(filled(ask.expr)):
        assert label not in known or value in known[label], (label, value)


@pytest.mark.parametrize("name", NAMES)
def test_a_board_is_one_screen_without_gaps_or_overlaps(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in boards()[name]["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert taken == {(x, y) for x in range(24) for y in range(SCREEN_ROWS)}


@pytest.mark.parametrize("panel", PANELS, ids=titled)
def test_every_panel_has_words_a_unit_and_what_to_say_when_empty(panel: tuple[str, dict[str, Any]]) -> None:
    defaults = panel[1]["fieldConfig"]["defaults"]
    assert re.search(r"[一-鿿]", panel[1]["title"])
    assert len(re.findall(r"[一-鿿]", panel[1]["description"])) >= 8
    assert defaults["noValue"]
    assert panel[1]["type"] == "table" or defaults["unit"]
    assert panel[1]["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_ids_are_unique_and_stable() -> None:
    assert len({board["uid"] for board in boards().values()}) == len(NAMES)
    for board in boards().values():
        assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
        assert re.fullmatch(r"camerahub-[a-z]+", board["uid"])


@pytest.mark.parametrize("name", NAMES)
def test_links_ask_the_list_for_what_it_knows(name: str) -> None:
    found = links(boards()[name])
    assert found
    for url in found:
        asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        assert asked.keys() <= {"township", "facet", "state", "reason"}
        assert asked["facet"] in FACETS | {"$facet"}
        assert asked.get("state", "down") in STATES


def test_a_link_of_a_table_reads_a_column_that_is_there() -> None:
    for _, panel in PANELS:
        if panel["type"] == "table":
            shown = set(panel["transformations"][2]["options"]["renameByName"].values())
            read = set(re.findall(r"\$\{__data\.fields\.([^}]+)\}", json.dumps(panel, ensure_ascii=False)))
            assert read <= shown, panel["title"]


def test_overrides_name_columns_and_legends_that_exist() -> None:
    for _, panel in PANELS:
        named = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]}
        if panel["type"] == "table":
            assert named <= set(panel["transformations"][2]["options"]["renameByName"].values()), panel[
                "title"
            ]


def test_red_means_down_and_amber_means_unknown() -> None:
    wanted = {"掉线": "red", "未检测": "orange", "unknown": "orange", "fault": "red"}
    seen = set()
    for _, panel in PANELS:
        for override in panel["fieldConfig"]["overrides"]:
            colour = {
                p["id"]: p["value"].get("fixedColor") for p in override["properties"] if p["id"] == "color"
            }
            name = override["matcher"]["options"]
            if colour.get("color") and name in wanted:
                seen.add(name)
                assert colour["color"] == wanted[name]
    assert seen == wanted.keys()


def test_the_target_is_the_one_of_the_configuration() -> None:
    assert Figures().target == parts.TARGET


def test_words_of_faults_are_those_of_the_product() -> None:
    assert list(parts.FAULTS) == list(FAULT_KINDS)
    assert parts.FACETS.keys() == FACETS
    assert parts.PROBES.keys() <= set(PROBE_NAMES)
