"""The scrape: same answers as prometheus_client's own writer, readable by the strict parser, clean for promtool."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.result import FAULT_KINDS, PROBE_KINDS, REASONS
from camerahub.telemetry.board import Board, Histogram, PictureFigures, StorageFigures
from camerahub.telemetry.families import FAMILIES
from camerahub.telemetry.metrics import OPENMETRICS, PLAIN, Exporter, HubCollector

DOCS = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@dataclass(frozen=True)
class Counts:
    groups: tuple[tuple[str, str], ...]
    facets: tuple[str, ...]
    expected: Any
    exempt: Any
    up: Any
    down: Any
    unknown: Any
    townships: tuple[str, ...] = ("320585100", "unassigned")
    exempt_up: Any = field(default_factory=lambda: np.zeros((1, 2), np.int64))
    faults: Any = None
    held: Any = None


@dataclass(frozen=True)
class Ages:
    probes: tuple[str, ...]
    townships: tuple[str, ...]
    seconds: Any


def results(pairs: Iterable[tuple[str, str]], duration_us: int = 12_000) -> Any:
    pairs = list(pairs)
    rows = np.zeros(len(pairs), RESULT_DTYPE)
    for row, (probe, reason) in zip(rows, pairs, strict=True):
        row["probe"], row["reason"] = PROBE_KINDS[probe].code, REASONS[reason].code
        row["outcome"], row["duration_us"] = int(REASONS[reason].outcome), duration_us
    return rows


def full_board() -> Board:
    board = Board("0.1.0", 1)
    groups = (("320585100", "雪亮"), ("320585100", 'a"b\\c'), ("unassigned", ""))
    three = np.array([3, 4, 5])
    both = np.stack((three, three))
    faults = np.zeros((len(FAULT_KINDS), 2), np.int64)
    faults[FAULT_KINDS.index("blur")] = (1, 2)
    board.publish(
        Counts(
            groups,
            ("online", "picture"),
            three,
            three * 0,
            both - 2,
            both * 0 + 1,
            both * 0 + 1,
            exempt_up=np.array([[1, 0], [2, 3]]),
            faults=faults,
            held=np.array([3, 0]),
        )
    )
    board.name_places([("320585100", "城厢镇", "320585")])
    board.count(results([("options", "ok"), ("options", "timeout"), ("rtsp", "auth")]))
    board.late(np.array([1], np.uint8))
    board.dropped("unknown_endpoint", 2)
    board.flipped("online", "down", 3)
    board.committed(0.02)
    board.commit_failed()
    board.lagged(0.0004)
    board.clock_stepped()
    sources = board.sources
    sources.ingest_age = lambda: 1.5
    sources.queue = lambda: (7, 200_000)
    sources.round_ages = lambda: Ages(("options",), ("320585100",), np.array([[61.5]]))
    sources.seats = lambda: {"global": (12, 1000)}
    sources.credentials = lambda: {"proven": 5, "refused": 2}
    sources.breaker = lambda: 1
    sources.probers = lambda: (2, 2)
    sources.blind = lambda: {("prober-0", "east"): 1, ("prober-0", "default"): -1, ("prober-1", "east"): 0}
    sources.names = lambda: 3
    sources.figures_due = lambda: 2
    sources.left = lambda: {"stopped": (30, True), "exempt": (0, False)}
    sources.storage = lambda: StorageFigures(4096, 1 << 40, 3600.5)
    sources.pictures = lambda: PictureFigures(1.5, 4, (7, 1))
    sources.references = lambda: {"east": 2, "default": 0}
    return board


def samples(families: Iterable[Any]) -> dict[tuple[Any, ...], float]:
    return {
        (s.name, *sorted(s.labels.items())): s.value
        for family in families
        for s in family.samples
        if s.name.startswith("camerahub_")
    }


def test_openmetrics_is_read_by_the_strict_parser_and_says_what_the_library_writes() -> None:
    board = full_board()
    registry = CollectorRegistry()
    registry.register(HubCollector(board))
    ours, content_type = Exporter(board).render(PROMETHEUS_ACCEPT)
    assert content_type == OPENMETRICS
    assert ours.endswith(b"# EOF\n")
    theirs = generate_openmetrics(registry)
    assert samples(parse_openmetrics(ours.decode())) == samples(parse_openmetrics(theirs.decode()))


def test_plain_text_says_the_same() -> None:
    board = full_board()
    registry = CollectorRegistry()
    registry.register(HubCollector(board))
    ours, content_type = Exporter(board).render("text/html")
    assert content_type == PLAIN
    theirs = generate_latest(registry)
    assert samples(parse_plain(ours.decode())) == samples(parse_plain(theirs.decode()))


@pytest.mark.parametrize("accept", ["", PROMETHEUS_ACCEPT])
def test_every_family_is_exported_with_its_labels_type_and_help(accept: str) -> None:
    body = Exporter(full_board()).render(accept)[0].decode()
    parse = parse_openmetrics if accept else parse_plain
    found = {f.name: f for f in parse(body) if f.name.startswith("camerahub_")}
    assert found.keys() == {name.removesuffix("_total") for name in FAMILIES}
    for name, family in FAMILIES.items():
        told = found[name.removesuffix("_total")]
        assert (told.type, told.documentation) == (family.kind, family.help)
        assert {frozenset(s.labels.keys() - {"le"}) for s in told.samples} == {frozenset(family.labels)}


def test_gzip_carries_the_same() -> None:
    exporter = Exporter(full_board())
    packed, _ = exporter.render(gzipped=True)
    plain = samples(parse_plain(exporter.render()[0].decode()))
    assert samples(parse_plain(gzip.decompress(packed).decode())) == plain


def test_an_empty_board_exports_nothing_it_cannot_know() -> None:
    body = Exporter(Board("0.1.0", 1)).render()[0].decode()
    assert "camerahub_build_info" in body
    for absent in ("cameras_up", "round_age", "ingest_age", "seats", "probe_results", "NaN"):
        assert absent not in body


def test_new_groups_replace_kept_strings() -> None:
    board = full_board()
    exporter = Exporter(board)
    exporter.render()
    one = np.array([1])
    board.publish(
        Counts((("511702", "天网"),), ("online",), one, one * 0, one[None], one[None] * 0, one[None] * 0)
    )
    body = exporter.render()[0].decode()
    assert 'camerahub_cameras_up{facet="online",township="511702",network="天网"} 1\n' in body
    assert "雪亮" not in body


@pytest.mark.real
def test_promtool_finds_nothing_to_say() -> None:
    body = Exporter(full_board()).render()[0]
    said = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, b"")


def test_base_units_and_closed_labels() -> None:
    for family in FAMILIES.values():
        assert re.fullmatch(r"camerahub_[a-z_]+", family.name)
        assert (family.kind == "counter") == family.name.endswith("_total")
        assert not set(family.labels) & {"camera", "code", "ip", "host", "address", "endpoint"}
        assert family.name == "camerahub_area_info" or "name" not in family.labels


def test_the_page_lists_every_family_with_its_labels() -> None:
    rows = re.findall(r"^\| `(camerahub_\w+)(?:\{([\w,]+)\})?` \| (\w+) \|", DOCS.read_text("utf-8"), re.M)
    documented = {(name, tuple(labels.split(",")) if labels else (), kind) for name, labels, kind in rows}
    assert documented == {(family.name, family.labels, family.kind) for family in FAMILIES.values()}


@given(
    st.lists(st.sampled_from([(p, r) for p in PROBE_KINDS for r in REASONS]), max_size=60), st.integers(0, 59)
)
def test_counters_do_not_depend_on_how_results_are_split(pairs: list[tuple[str, str]], cut: int) -> None:
    whole, parts = Board(), Board()
    rows = results(pairs)
    whole.count(rows)
    parts.count(rows[:cut])
    parts.count(rows[cut:])
    assert (whole.results == parts.results).all()
    assert int(whole.results.sum()) == len(pairs) == int(whole.durations.counts.sum())
    assert whole.durations.sums == pytest.approx(parts.durations.sums)


def test_a_value_on_a_bound_belongs_to_its_bucket() -> None:
    histogram = Histogram((0.1, 1.0))
    histogram.observe(np.array([0.1, 0.2, 1.0, 7.0]))
    assert histogram.counts.tolist() == [[1, 2, 1]]
    assert histogram.sums[0] == pytest.approx(8.3)
