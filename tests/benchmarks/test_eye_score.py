"""The scorer against counts made by hand."""

import json
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.eye import score


def _line(
    ident: str, faults: list[str], condition: str = "day", pair: bool = False, severity: float | None = None
):
    return {
        "id": ident,
        "faults": faults,
        "condition": condition,
        "pair": pair,
        "severity": severity,
        "way": "x",
    }


TRUTH = [
    _line("a", ["blur"], severity=0.1),
    _line("b", ["blur"], severity=0.9),
    _line("c", ["black"], severity=0.5),
    _line("d", [], "night"),
    _line("e", [], "fog", pair=True),
    _line("f", [], "day", pair=True),
]
ANSWERS = {"a": [], "b": ["blur", "stripes"], "c": ["blur"], "d": ["blur"], "e": [], "f": []}


def test_counts_of_a_small_set() -> None:
    found = score.score(TRUTH, ANSWERS)
    blur = found.kinds["blur"]
    assert (blur.right, blur.wrong, blur.missed) == (1, 2, 1)
    assert (blur.precision, blur.recall, blur.f1) == (1 / 3, 1 / 2, 2 / 5)
    assert found.kinds["black"].f1 == 0.0
    assert found.macro_f1 == (2 / 5 + 0) / 2  # only kinds that occur; stripes lowers nobody else
    assert found.found == 1 / 3
    assert found.alarms["overall"] == (3, 1)
    assert found.alarms["pairs"] == (2, 0)
    assert found.alarms["night"] == (1, 1)
    assert found.alarms["ir+fog+rain+snow"] == (1, 0)


def test_severity_ways_and_confusion() -> None:
    found = score.score(TRUTH, ANSWERS)
    faint, _, _, gross = found.by_severity["blur"]
    assert (faint, gross) == (0.0, 1.0)
    assert math.isnan(found.by_severity["blur"][1])
    assert found.by_way["blur/x"] == (2, 1)
    assert found.confused["healthy", "blur"] == 1
    assert found.confused["black", "blur"] == 1
    assert found.confused["blur", "healthy"] == 1


def test_an_item_without_an_answer_is_missing_and_counts_as_healthy() -> None:
    found = score.score(TRUTH, {"b": ["blur"]})
    assert found.missing == 5
    assert found.kinds["black"].missed == 1
    assert found.alarms["overall"] == (3, 0)


@given(st.lists(st.sampled_from(["", *score.KINDS]), min_size=1, max_size=40))
def test_the_truth_itself_scores_one_without_false_alarms(kinds: list[str]) -> None:
    truth = [_line(str(n), [kind] if kind else []) for n, kind in enumerate(kinds)]
    found = score.score(truth, {line["id"]: line["faults"] for line in truth})
    assert found.alarms["overall"][1] == 0
    assert found.confused == {}
    if any(kinds):
        assert (found.macro_f1, found.found) == (1.0, 1.0)
    else:
        assert math.isnan(found.macro_f1)


def test_the_command_reads_answers_and_a_summary_line(tmp_path: Path, capsys) -> None:
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(line) for line in TRUTH), "utf-8")
    lines = [{"id": k, "faults": v} for k, v in ANSWERS.items()]
    text = "\n".join(json.dumps(line) for line in [*lines, {"summary": {}}])
    (tmp_path / "a.jsonl").write_text(text, "utf-8")
    out = tmp_path / "s.json"
    arguments = [
        "--truth",
        str(tmp_path / "t.jsonl"),
        "--answers",
        str(tmp_path / "a.jsonl"),
        "--json",
        str(out),
    ]
    assert score.main([*arguments, "--ways"]) == 0
    assert "macro F1 0.200" in capsys.readouterr().out
    assert json.loads(out.read_text("utf-8"))["kinds"]["blur"]["f1"] == 0.4
