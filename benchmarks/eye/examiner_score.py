"""What answers are worth: macro F1, each kind's own figures, and false alarms, overall and where they are feared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

KINDS = (
    "black",
    "blur",
    "overexposed",
    "underexposed",
    "colour_cast",
    "snow_noise",
    "stripes",
    "frozen",
    "occlusion",
)
KINDS += ("scene_change", "mosaic", "no_signal", "low_contrast")


class Truth(NamedTuple):
    """What is known of one item."""

    faults: tuple[str, ...]
    cond: str
    pair: bool
    source: str = ""
    how: str = ""
    severity: float = 0.0


class Figures(NamedTuple):
    """Precision, recall and F1 of one kind, and how many items have it."""

    precision: float
    recall: float
    f1: float
    items: int


class Score(NamedTuple):
    """``found``: share of faulty items whose kind is among the answers; ``alarms``: group -> (healthy items, wrong)."""

    macro_f1: float
    found: float
    kinds: dict[str, Figures]
    alarms: dict[str, tuple[int, int]]


#: Groups of healthy items in which false alarms are counted by themselves.
GROUPS: dict[str, Callable[[Truth], bool]] = {
    "all": lambda truth: True,
    "night": lambda truth: truth.cond == "night",
    "ir+fog+rain+snow": lambda truth: truth.cond in ("ir", "fog", "rain", "snow"),
    "pairs": lambda truth: truth.pair,
    **{cond: (lambda truth, cond=cond: truth.cond == cond) for cond in ("day", "indoor", "plain", "lowsun")},
    **{
        cond: (lambda truth, cond=cond: truth.cond == cond)
        for cond in ("backlight", "ir", "fog", "rain", "snow")
    },
}


def score(truths: Mapping[str, Truth], answers: Mapping[str, Sequence[str]]) -> Score:
    """Score answers to a set; an item without an answer counts as called healthy. Macro F1 over the kinds asked."""
    asked = [kind for kind in KINDS if any(kind in truth.faults for truth in truths.values())]
    kinds = {kind: _figures(kind, truths, answers) for kind in asked}
    faulty = [name for name, truth in truths.items() if truth.faults]
    hit = sum(bool(set(truths[name].faults) & set(answers.get(name, ()))) for name in faulty)
    alarms = {}
    for group, belongs in GROUPS.items():
        healthy = [name for name, truth in truths.items() if not truth.faults and belongs(truth)]
        alarms[group] = (len(healthy), sum(bool(answers.get(name)) for name in healthy))
    mean = sum(figures.f1 for figures in kinds.values()) / len(kinds) if kinds else 0.0
    return Score(mean, hit / len(faulty) if faulty else 0.0, kinds, alarms)


def _figures(kind: str, truths: Mapping[str, Truth], answers: Mapping[str, Sequence[str]]) -> Figures:
    there = {name for name, truth in truths.items() if kind in truth.faults}
    said = {name for name in truths if kind in answers.get(name, ())}
    right = len(there & said)
    precision, recall = right / len(said) if said else 0.0, right / len(there)
    f1 = 2 * right / (len(there) + len(said))
    return Figures(precision, recall, f1, len(there))


def table(result: Score) -> str:
    """The score as lines of text."""
    lines = [f"macro F1 {result.macro_f1:.3f}   right kind found {result.found:.3f}", ""]
    lines.append(f"{'kind':<14}{'F1':>7}{'prec':>7}{'recall':>8}{'items':>7}")
    for kind, (precision, recall, f1, items) in result.kinds.items():
        lines.append(f"{kind:<14}{f1:7.3f}{precision:7.3f}{recall:8.3f}{items:7d}")
    lines += ["", f"{'false alarms':<18}{'healthy':>8}{'wrong':>7}{'share':>8}"]
    for group, (healthy, wrong) in result.alarms.items():
        lines.append(f"{group:<18}{healthy:8d}{wrong:7d}{wrong / healthy if healthy else 0:8.1%}")
    return "\n".join(lines)


def misses(truths: Mapping[str, Truth], answers: Mapping[str, Sequence[str]]) -> dict[str, dict[str, int]]:
    """Faulty items not found, counted by ``kind/way cond`` and what was said; and alarms by ``cond how``."""
    missed: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for name, truth in truths.items():
        said = "+".join(answers.get(name, ())) or "healthy"
        if truth.faults and not set(truth.faults) & set(answers.get(name, ())):
            key = f"{truth.faults[0]}/{truth.how} on {truth.cond} -> {said}"
            missed[key] = missed.get(key, 0) + 1
        elif not truth.faults and answers.get(name):
            key = f"{truth.cond} {truth.how} -> {said}"
            wrong[key] = wrong.get(key, 0) + 1
    return {"missed": missed, "wrong": wrong}


def read_truth(folder: Path) -> dict[str, Truth]:
    """The truth of the set in ``folder``: ``truth.jsonl``, with ``items.jsonl`` for which items are pairs."""
    pairs = {item["id"]: len(item["images"]) > 1 for item in _lines(folder / "items.jsonl")}
    truths = {}
    for line in _lines(folder / "truth.jsonl"):
        name = line["id"]
        rest = (line.get("source", ""), line.get("how", ""), line.get("severity", 0.0))
        truths[name] = Truth(tuple(line["faults"]), line["cond"], pairs[name], *rest)
    return truths


def read_answers(path: Path) -> dict[str, list[str]]:
    """Answers by item. ValueError for a kind that is none."""
    answers = {line["id"]: list(line["faults"]) for line in _lines(path)}
    strange = {kind for faults in answers.values() for kind in faults} - set(KINDS)
    if strange:
        raise ValueError(f"unknown kinds in {path}: {', '.join(sorted(strange))}")
    return answers


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
