"""Answers against the truth: precision, recall and F1 per kind, right kind found, false alarms by condition.

``python -m benchmarks.eye.score --truth DIR/truth.jsonl --answers A.jsonl [--json OUT]``; an answer is a line
``{"id", "faults": [kind, …]}``. An item without an answer counts as answered healthy, and is counted as missing.

A kind is found when it is among the answered ones. An extra kind on a faulty item lowers that kind's precision; only
faults said of healthy items are false alarms, which is what a technician drives out for.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

KINDS = (
    "black", "no_signal", "blur", "overexposed", "underexposed", "low_contrast", "colour_cast", "snow_noise",
    "stripes", "mosaic", "occlusion", "frozen", "scene_change", "shake",
)  # fmt: skip
#: Name -> which healthy items it counts false alarms over.
GROUPS = {
    "day": ("day",),
    "night": ("night",),
    "ir": ("ir",),
    "fog": ("fog",),
    "rain": ("rain",),
    "snow": ("snow",),
    "indoor": ("indoor",),
    "plain": ("plain",),
    "ir+fog+rain+snow": ("ir", "fog", "rain", "snow"),
}
STEPS = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """Counts of one kind, and what follows. NaN where nothing was there to find or was said."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return _share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        return _share(2 * self.right, 2 * self.right + self.wrong + self.missed)


@dataclass(frozen=True, slots=True)
class Score:
    """``alarms``: group -> (healthy items, those with a fault said). ``by_severity``: kind -> share found in each
    quarter of the severities, the faintest first. ``by_way``: ``kind/way`` -> (items, found). ``confused``:
    (truth, said) -> items, ``healthy`` among both.
    """

    items: int
    missing: int
    kinds: dict[str, Kind]
    macro_f1: float
    found: float
    alarms: dict[str, tuple[int, int]]
    by_severity: dict[str, tuple[float, ...]]
    by_way: dict[str, tuple[int, int]]
    confused: dict[tuple[str, str], int]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def score(truth: Iterable[Mapping[str, object]], answers: Mapping[str, Iterable[str]]) -> Score:
    """Score ``answers`` (id -> kinds said). Macro F1 is the mean over the kinds that occur in the truth."""
    lines = list(truth)
    said = {str(line["id"]): set(answers.get(str(line["id"]), ())) for line in lines}
    kinds = {kind: _kind(kind, lines, said) for kind in KINDS}
    present = [kind for kind in kinds.values() if kind.right + kind.missed]
    faulty = [line for line in lines if line["faults"]]
    hits = sum(1 for line in faulty if set(line["faults"]) & said[str(line["id"])])  # type: ignore[call-overload]
    return Score(
        len(lines),
        sum(1 for line in lines if str(line["id"]) not in answers),
        kinds,
        _share(sum(kind.f1 for kind in present), len(present)),
        _share(hits, len(faulty)),
        _alarms([line for line in lines if not line["faults"]], said),
        {kind: _by_severity(kind, lines, said) for kind in KINDS},
        _by_way(faulty, said),
        _confused(lines, said),
    )


def _kind(kind: str, lines: list[Mapping[str, object]], said: Mapping[str, set[str]]) -> Kind:
    right = wrong = missed = 0
    for line in lines:
        true, told = kind in line["faults"], kind in said[str(line["id"])]  # type: ignore[operator]
        right += true and told
        wrong += told and not true
        missed += true and not told
    return Kind(right, wrong, missed)


def _alarms(healthy: list[Mapping[str, object]], said: Mapping[str, set[str]]) -> dict[str, tuple[int, int]]:
    """Groups by condition hold single pictures and pairs alike; ``pairs`` holds all healthy pairs."""
    groups = {"overall": healthy, "pairs": [line for line in healthy if line.get("pair")]}
    for name, conditions in GROUPS.items():
        groups[name] = [line for line in healthy if line["condition"] in conditions]
    return {
        name: (len(lines), sum(1 for line in lines if said[str(line["id"])]))
        for name, lines in groups.items()
    }


def _by_severity(
    kind: str, lines: list[Mapping[str, object]], said: Mapping[str, set[str]]
) -> tuple[float, ...]:
    steps: list[list[bool]] = [[] for _ in range(STEPS)]
    for line in lines:
        severity = line.get("severity")
        if kind in line["faults"] and severity is not None:  # type: ignore[operator]
            step = min(int(float(severity) * STEPS), STEPS - 1)  # type: ignore[arg-type]
            steps[step].append(kind in said[str(line["id"])])
    return tuple(_share(sum(step), len(step)) for step in steps)


def _by_way(faulty: list[Mapping[str, object]], said: Mapping[str, set[str]]) -> dict[str, tuple[int, int]]:
    out: dict[str, tuple[int, int]] = {}
    for line in faulty:
        for kind in line["faults"]:  # type: ignore[attr-defined]
            name = f"{kind}/{line.get('way', '')}"
            items, found = out.get(name, (0, 0))
            out[name] = (items + 1, found + (kind in said[str(line["id"])]))
    return dict(sorted(out.items()))


def _confused(lines: list[Mapping[str, object]], said: Mapping[str, set[str]]) -> dict[tuple[str, str], int]:
    out: dict[tuple[str, str], int] = {}
    for line in lines:
        true = set(line["faults"]) or {"healthy"}  # type: ignore[call-overload]
        told = said[str(line["id"])] or {"healthy"}
        for kind in told - true:
            for real in true:
                out[real, kind] = out.get((real, kind), 0) + 1
    return dict(sorted(out.items(), key=lambda entry: -entry[1]))


def table(result: Score) -> str:
    """For people."""
    rows = [
        f"{'kind':13}{'precision':>10}{'recall':>8}{'F1':>7}{'wrong':>7}{'missed':>8}   found, faint to gross"
    ]
    for name, kind in result.kinds.items():
        if not (kind.right or kind.wrong or kind.missed):
            continue
        steps = " ".join(f"{share:5.2f}" for share in result.by_severity[name])
        rows.append(
            f"{name:13}{kind.precision:10.2f}{kind.recall:8.2f}{kind.f1:7.2f}{kind.wrong:7}{kind.missed:8}   {steps}"
        )
    rows.append(
        f"macro F1 {result.macro_f1:.3f}   right kind found {result.found:.3f}   items {result.items}"
    )
    if result.missing:
        rows.append(f"not answered: {result.missing}")
    rows.append(
        "false alarms  "
        + "  ".join(f"{name} {_percent(n, k)} ({k}/{n})" for name, (n, k) in result.alarms.items() if n)
    )
    if result.confused:
        worst = list(result.confused.items())[:12]
        rows.append("taken for     " + "  ".join(f"{a}→{b} {n}" for (a, b), n in worst))
    return "\n".join(rows)


def _percent(items: int, alarms: int) -> str:
    return f"{100 * _share(alarms, items):.1f} %"


def as_json(result: Score) -> dict[str, object]:
    """For programs: the same numbers."""
    return {
        "items": result.items,
        "missing": result.missing,
        "macro_f1": result.macro_f1,
        "found": result.found,
        "kinds": {
            name: asdict(kind) | {"precision": kind.precision, "recall": kind.recall, "f1": kind.f1}
            for name, kind in result.kinds.items()
        },
        "alarms": {name: {"items": n, "alarms": k} for name, (n, k) in result.alarms.items()},
        "by_severity": result.by_severity,
        "by_way": {name: {"items": n, "found": k} for name, (n, k) in result.by_way.items()},
        "confused": [{"truth": a, "said": b, "items": n} for (a, b), n in result.confused.items()],
    }


def read_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def read_answers(path: Path) -> dict[str, list[str]]:
    """id -> kinds; lines without an id (a summary) are left out."""
    return {str(line["id"]): list(line["faults"]) for line in read_lines(path) if "id" in line}  # type: ignore[call-overload]


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--ways", action="store_true", help="also: how much of each way was found")
    args = parser.parse_args(arguments)
    result = score(read_lines(args.truth), read_answers(args.answers))
    print(table(result))
    if args.ways:
        print("\n".join(f"  {name:32}{found:4} of {items}" for name, (items, found) in result.by_way.items()))
    if args.json:
        args.json.write_text(json.dumps(as_json(result), indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
