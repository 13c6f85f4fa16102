"""Values of a report: how they look on paper and what a sheet holds, and the hash of what they are made of."""

from __future__ import annotations

import hashlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.rates import ratio
from camerahub.core.report import KINDS, REPORTS, Cell, digest_of, number, plain, shown
from camerahub.core.texts import CATALOGUE, text
from tests.reports.made import DAY, HOUR, report

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("kind", "cell", "paper", "sheet"),
    [
        ("rate", 0.9735, "97.35%", 0.9735),
        ("rate", 0.95195, "95.20%", 0.95195),  # as a spreadsheet shows it
        ("rate", 0.000012, "0.01%", 0.000012),
        ("rate", 1.0, "100.00%", 1.0),
        ("rate", 0.0, "0.00%", 0.0),
        ("rate", None, "–", None),
        ("points", -0.0139, "-1.39↓", -1.39),
        ("points", 0.0, "+0.00", 0.0),
        ("points", -0.00005, "-0.01↓", -0.005),
        ("hours", HOUR // 20, "0.1", 0.05),
        ("hours", 0, "0.0", 0.0),
        ("hours", 7_379 * HOUR + HOUR // 3, "7,379.3", 7379 + 1 / 3),
        ("days", 36 * HOUR, "1.5", 1.5),
        ("count", 26_000, "26,000", 26_000),
        ("rank", 1, "1", 1),
        ("moment", DAY, "2026-11-24 00:00", None),
        ("moment", 0, "–", None),
        ("yes", True, text("figures.yes").zh, None),
        ("yes", False, text("figures.no").zh, None),
        ("text", "=1+1", "=1+1", None),
        ("rank", "", "", None),
    ],
)
def test_how_a_value_looks(kind: str, cell: Cell, paper: str, sheet: float | None) -> None:
    assert shown(kind, cell, ZONE) == paper
    assert number(kind, cell) == (None if sheet is None else pytest.approx(sheet, abs=1e-12))


@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_all_and_nothing_are_shown_only_where_it_is_so(part: int, whole: int) -> None:
    part %= whole + 1
    word = shown("rate", ratio(part, whole), ZONE)
    assert (word == "100.00%") == (part == whole)
    assert (word == "0.00%") == (part == 0)


def test_json_keeps_instants_and_spans() -> None:
    assert plain("moment", DAY, ZONE) == "2026-11-24T00:00:00+08:00"
    assert plain("moment", 0, ZONE) is None
    assert plain("hours", HOUR // 2, ZONE) == 1800
    assert plain("rate", 0.999999, ZONE) == 0.999999
    (first, *_) = report().named("township").lines(ZONE)
    assert (first["table"], first["group"], first["up"]) == ("township", "石桥镇", 28_896 * 3600)


def test_one_hash_for_all_inputs() -> None:
    assert digest_of([]) == ""
    assert digest_of(["b", "b"]) == "b"
    assert digest_of(["b", "a"]) == digest_of(["a", "b", "a"]) == hashlib.sha256(b"a\nb").hexdigest()
    assert report().digest == report().named("township").digest == "ab" * 32


def test_every_kind_of_report_has_its_title() -> None:
    assert {f"report.report_{kind}" for kind in REPORTS} <= CATALOGUE.keys()
    assert "临溪县" in report().title.zh
    assert set(KINDS) >= {column.kind for table in report().tables for column in table.columns}
