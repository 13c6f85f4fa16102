"""Dashboards and rules as the tests read them: files, panels, expressions, and what an expression names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "dashboards"
#: What Grafana puts in for the choices above the panels.
CHOICES = {"$county": "", "$network": ".*", "$facet": "online", "$ago": "1d", "$__rate_interval": "2m"}


class Ask(NamedTuple):
    """One query of a panel. ``wants``: labels that its legend, columns and links name."""

    board: str
    panel: str
    ref: str
    expr: str
    instant: bool
    wants: frozenset[str]


def boards() -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(BOARDS.glob("*.json"))}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, board in boards().items():
        for panel in board["panels"]:
            yield name, panel


def asks() -> list[Ask]:
    return [
        Ask(name, panel["title"], t["refId"], t["expr"], t.get("instant", False), _wanted(panel, t))
        for name, panel in panels()
        for t in panel["targets"]
    ]


def _wanted(panel: Mapping[str, Any], target: Mapping[str, Any]) -> frozenset[str]:
    wanted = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"]))
    wanted |= set(re.findall(r"\$\{__field\.labels\.(\w+)\}", json.dumps(panel["fieldConfig"])))
    if panel["type"] == "table" and target["refId"] == "A":  # the others are merged into it by what they have
        columns = panel["transformations"][1]["options"]["include"]["names"]
        wanted |= {column for column in columns if not column.startswith("Value")}
    return frozenset(wanted)


def filled(expr: str, **other: str) -> str:
    """The expression with every choice made; ``ago="10s"`` makes another one."""
    for name, value in {**CHOICES, **{f"${key}": value for key, value in other.items()}}.items():
        expr = expr.replace(name, value)
    return expr


def families(expr: str) -> set[str]:
    """Names of the families an expression reads, without the suffixes of a histogram."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.add(re.sub(r"_(bucket|count|sum)$", "", node.name or "?"))

    promql_parser.walk(promql_parser.parse(expr), visit)
    return found


def matched(expr: str) -> set[tuple[str, str, str]]:
    """(family, label, value) of every matcher with ``=``."""
    found: set[tuple[str, str, str]] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            name = re.sub(r"_(bucket|count|sum)$", "", node.name or "?")
            for matcher in node.matchers.matchers:
                found.add((name, matcher.name, matcher.value))

    promql_parser.walk(promql_parser.parse(expr), visit)
    return found


def links(node: Any) -> list[str]:
    """Every link to the list page, wherever it stands."""
    if isinstance(node, dict):
        own = [node["url"]] if str(node.get("url", "")).startswith("${hub}/cameras?") else []
        return own + [url for value in node.values() for url in links(value)]
    return [url for value in node for url in links(value)] if isinstance(node, list) else []
