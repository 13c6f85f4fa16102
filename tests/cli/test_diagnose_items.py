"""What is asked becomes items: lines of a file, whatever is in them, and what a child may say of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.cli.diagnose_items import MOST_PICTURES, Asked, Item, from_lines, from_paths
from camerahub.cli.diagnose_line import LineError, Verdict, checked, container_of, parse
from camerahub.cli.diagnose_pool import Judged
from camerahub.cli.diagnose_report import Report, as_json
from camerahub.core.result import FAULT_KINDS, REASONS
from camerahub.core.texts import CATALOGUE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {}, optional={"id": JSON, "images": JSON | st.lists(st.text(max_size=3)), "gap_s": JSON}
)


@given(st.lists(JSON | ENTRY, max_size=5), st.binary(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_line_is_an_item_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Any], junk: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "items.jsonl"
    data = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries) + junk
    file.write_bytes(data)
    asked = Asked()
    from_lines(str(file), asked)
    assert len(asked.items) == sum(bool(line.strip()) for line in data.splitlines())
    for item in asked.items:
        assert item.name
        if item.problem is None:
            assert 1 <= len(item.files) <= MOST_PICTURES
            assert item.gap_s is None or item.gap_s >= 0
        else:
            assert item.problem.said().zh


def test_lines_that_are_too_long_too_many_or_too_large_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    entries = [
        {"id": "x" * 70_000, "images": ["a.jpg"]},
        {"id": "many", "images": ["a.jpg"] * (MOST_PICTURES + 1)},
        {"id": "gap", "images": ["a.jpg"], "gap_s": 10**400},
        {"id": "good", "images": ["a.jpg"] * MOST_PICTURES, "gap_s": 0},
    ]
    lines = [json.dumps(entry) for entry in entries]
    lines += ['{"id": "deep", "images": ' + "[" * 20_000, '{"id":"nan","images":["a.jpg"],"gap_s":NaN}']
    (tmp_path / "items.jsonl").write_text("\n".join(lines))
    asked = Asked()
    from_lines(str(tmp_path / "items.jsonl"), asked)
    refused = [item.problem is not None for item in asked.items]
    assert refused == [True, True, True, False, True, True]
    assert "33" not in asked.items[1].problem.said().zh  # type: ignore[union-attr]
    assert "32" in asked.items[1].problem.said().zh  # type: ignore[union-attr]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "a.jpg").write_bytes(b"x")
    asked = Asked()
    from_paths([tmp_path], asked, sequence=False, gap_s=None)
    assert [Path(item.name).name for item in asked.items] == ["a.jpg"]


VERDICT = [
    "fault",
    "day",
    [["black", 0.5, "fault"]],
    {"level": 1.0, "x": None},
    1,
    "",
    "",
    "",
    None,
    320,
    240,
    [[9, 16]],
]


def test_a_verdict_of_a_child_is_taken() -> None:
    assert checked(VERDICT).findings[0].kind == "black"


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "fine"),
        (0, None),
        (1, "day\n"),
        (2, [["person", 0.5, "fault"]]),
        (2, [["black", 1.5, "fault"]]),
        (2, [["black", float("nan"), "fault"]]),
        (2, [["black", 0.5, "alarm"]]),
        (2, [["black"]]),
        (3, {"a": "b"}),
        (3, {f"{n}": 1.0 for n in range(2000)}),
        (3, []),
        (5, "x" * 300),
        (6, "nonsense"),
        (11, [[1, 1]] * 7),
        (11, [[0, 5]]),
        (11, [[700, 5]]),
        (11, [[1]]),
    ],
)
def test_what_a_child_may_not_say(at: int, value: object) -> None:
    with pytest.raises(LineError):
        checked([*VERDICT[:at], value, *VERDICT[at + 1 :]])


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_anything_else_a_child_says_is_an_error(said: Any) -> None:
    with pytest.raises(LineError):
        checked(said)
    with pytest.raises(LineError):
        parse(json.dumps([said]).encode())


@given(st.binary(max_size=40))
def test_any_head_is_of_a_container_or_none(head: bytes) -> None:
    assert container_of(head) in (None, "mp4", "avi", "matroska")


def test_exit_codes_and_their_order() -> None:
    report = Report(3, 0, as_json=True)
    assert report.exit_code("unknown", interrupted=False, bugs=0) == 0
    report.take(Judged(Item("id", "a"), Verdict("ok", "day")))
    assert report.exit_code("unknown", interrupted=False, bugs=0) == 0
    report.take(Judged(Item("id", "b"), Verdict("unknown", "day", reason="weather")))
    assert report.exit_code("fault", interrupted=False, bugs=0) == 0
    assert report.exit_code("unknown", interrupted=False, bugs=0) == 1
    assert report.exit_code("unknown", interrupted=False, bugs=1) == 70
    assert report.exit_code("unknown", interrupted=True, bugs=1) == 130


def test_unknown_of_the_eye_is_said_in_words() -> None:
    line = as_json(Judged(Item("id", "b"), Verdict("unknown", "day", reason="foggy")))
    assert line["reason"] == "foggy"
    assert "foggy" in line["zh"]


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_kinds_are_called_as_in_the_rest_of_the_house(kind: str) -> None:
    assert CATALOGUE[f"diagnose.kind.{kind}"][0] == REASONS[kind].zh
