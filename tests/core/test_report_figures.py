"""Tables of figures: nothing is lost between the parts handed in and the rows, whatever they are."""

from __future__ import annotations

import itertools
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core import period
from camerahub.core.rates import Parts, ratio
from camerahub.core.report import Source, Table, Told
from camerahub.core.report_figures import (
    BEFORE,
    MOMENT,
    PERIOD,
    Measured,
    Spans,
    Wanted,
    command_of,
    faults,
    moment,
    overview,
    ranked,
    spans_of,
    unknowns,
    wanted,
)
from camerahub.core.report_lists import Lists, headlines
from camerahub.core.report_make import has_data, stage
from camerahub.core.result import FAULT_KINDS, REASONS, Facet

ZONE = ZoneInfo("Asia/Shanghai")
DAY = 86_400_000_000
FACETS = tuple(Facet)
START, END = period.day("2026-11-24", ZONE)


def parts_of(up: int, down: int, unknown: int, exempt: int = 0) -> Parts:
    return Parts(up + down + unknown, up, down, unknown, exempt, min(exempt, up))


some_parts = st.builds(parts_of, *(st.integers(0, 10**12) for _ in range(3)))


def measured(
    by_group: dict[str, Parts], by_reason: dict[str, Parts] | None = None, facets: tuple[Facet, ...] = FACETS
) -> Measured:
    told = {}
    for n, asked in enumerate(wanted(facets)):
        found = (by_reason or {}) if asked.by == "reason" else by_group
        told[asked] = Told(found, Source(f"command {n}", f"{n:064x}"))
    return Measured(facets, told, {"990121101": "石桥镇"}, 10, target=Fraction(1, 2))


def column(table: Table, key: str) -> list[object]:
    place = [one.key for one in table.columns].index(key)
    return [row[place] for row in table.rows]


@given(st.dictionaries(st.text("ab1", min_size=1, max_size=3), some_parts, max_size=12))
def test_rows_and_total_are_the_parts(groups: dict[str, Parts]) -> None:
    figures = measured(groups)
    table = ranked(figures, "township")
    whole = sum(groups.values(), Parts())
    for key in ("expected", "up", "down", "unknown", "exempt"):
        assert sum(column(table, key)) == (getattr(whole, key) if table.rows else 0)  # type: ignore[arg-type]
    assert len(table.rows) == len(groups)
    if table.total is not None:
        assert table.total[[one.key for one in table.columns].index("raw")] == ratio(whole.up, whole.expected)
    for one in (overview(figures), moment(figures, "then")):
        assert set(column(one, "raw")) == {ratio(whole.up, whole.expected)}
    assert has_data(figures) == (whole.up + whole.down > 0)
    for said in headlines(figures, Lists(), END):
        assert said.zh
        assert said.en


def test_the_best_stand_first_equals_share_and_the_last_three_are_red() -> None:
    groups = {f"{n}": parts_of(100 - n // 2, n // 2, 0) for n in range(8)} | {"none": Parts()}
    table = ranked(measured(groups), "township")
    assert column(table, "rank") == [1, 1, 3, 3, 5, 5, 7, 7, None]
    assert len(table.red) == 3
    assert max(table.red) == len(table.rows) - 1
    few = ranked(measured(dict(itertools.islice(groups.items(), 6))), "township")
    assert not few.red


def test_names_and_those_who_have_none() -> None:
    table = ranked(measured({"990121101": parts_of(1, 0, 0), "unassigned": parts_of(1, 0, 0)}), "township")
    assert column(table, "group") == ["石桥镇", "未归属"]
    assert column(table, "code") == ["990121101", ""]
    empty = ranked(measured({"": parts_of(1, 0, 0)}), "maintainer")
    assert (empty.rows, len(empty.notes)) == ((), 1)
    assert not empty.sources


@given(st.dictionaries(st.sampled_from([*REASONS, "never"]), some_parts, max_size=10))
def test_what_was_wrong_and_what_is_unknown_add_up(reasons: dict[str, Parts]) -> None:
    figures = measured({"a": parts_of(1, 1, 1)}, reasons)
    known = {reason: parts for reason, parts in reasons.items() if reason in REASONS}
    # handed in alike for both facets, each reason must be counted for one of them
    assert sum(column(faults(figures), "down")) == sum(parts.down for parts in known.values())  # type: ignore[arg-type]
    assert sum(column(unknowns(figures), "unknown")) == sum(parts.unknown for parts in reasons.values())  # type: ignore[arg-type]


def test_faults_by_whose_job_they_are_and_the_hub_that_was_off() -> None:
    reasons = {"timeout": parts_of(0, 5, 2), "blur": parts_of(0, 9, 0), "not_found": parts_of(0, 1, 0)}
    reasons |= {"auth": parts_of(0, 0, 7), "ok": parts_of(50, 0, 3), "never": parts_of(0, 0, 4)}
    figures = measured({"a": parts_of(1, 1, 1)}, reasons)
    table = faults(figures)
    assert column(table, "class") == ["画面", "网络与供电", "码流"]
    assert column(table, "share") == [0.6, ratio(5, 15), ratio(1, 15)]
    why = unknowns(figures)
    # unknown after an answer is time in which nobody looked, whatever the answer was
    assert dict(zip(column(why, "reason"), column(why, "unknown"), strict=True)) == {
        "auth": 7, "hub_off": 5, "never": 4,
    }  # fmt: skip
    assert set(FAULT_KINDS) <= set(REASONS)


def test_every_table_says_where_it_comes_from() -> None:
    figures = measured({"a": parts_of(1, 1, 1)}, {"timeout": parts_of(0, 5, 2)})
    for table in (overview(figures), moment(figures, ""), ranked(figures, "township"), faults(figures)):
        assert table.sources
        assert len(table.digest) == 64


def test_the_command_that_gives_the_same() -> None:
    spans = Spans((START, END), (START - DAY, START), END - 1_000_000)
    as_of = END + DAY // 3
    over = command_of(Wanted(Facet.LIT, "township", PERIOD), spans, as_of, ZONE)
    assert over == (
        "camerahub rates --facet lit --by township --kind time --from 2026-11-24T00:00:00+08:00"
        " --to 2026-11-25T00:00:00+08:00 --as-of 2026-11-25T08:00:00+08:00"
    )
    then = command_of(Wanted(Facet.ONLINE, "unit", MOMENT), spans, as_of, ZONE)
    assert "--kind point --from 2026-11-24T23:59:59+08:00 --as-of" in then
    assert "--from 2026-11-23T00:00:00+08:00" in command_of(
        Wanted(Facet.LIT, "township", BEFORE), spans, as_of, ZONE
    )


def test_spans_of_a_period_that_is_not_over() -> None:
    assert spans_of(START, END, END + 1, ZONE) == Spans((START, END), (START - DAY, START), END - 1_000_000)
    noon = START + DAY // 2
    assert spans_of(START, END, noon, ZONE) == Spans(
        (START, noon), (START - DAY, START - DAY // 2), noon - 1_000_000
    )
    for early in (START - DAY, START, START + 999_999):
        with pytest.raises(ValueError, match="not begun"):
            spans_of(START, END, early, ZONE)


@pytest.mark.parametrize(
    ("days", "word"), [(-0.5, "not over"), (0, "preliminary"), (1.9, "preliminary"), (2, "final")]
)
def test_how_final_it_is(days: float, word: str) -> None:
    assert word in stage(END, END + round(days * DAY), ZONE).en


def test_a_hub_that_looks_at_no_pictures() -> None:
    figures = measured({"a": parts_of(3, 1, 0)}, {"timeout": parts_of(0, 5, 2)}, (Facet.ONLINE,))
    assert column(overview(figures), "facet") == ["在线率"]
    assert "raw_lit" not in [one.key for one in ranked(figures, "township").columns]
    assert column(faults(figures), "reason") == ["timeout"]
