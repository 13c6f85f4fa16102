"""What the eye has learned, made again: ``python -m benchmarks.eye.learn --items DIR [DIR ...] --out forest.json``.

Items (``make_items``) are measured with the product's own code; small trees are fitted over the measures (LightGBM,
which only this script needs: ``pip install lightgbm``), and written as plain numbers that ``camerahub.frames.forest``
reads. The same items, seed and versions give the same file; ``made`` in it names the items by the hash of their truth.

``--check`` prints the score on sources never trained on, fold by fold, and on ways of making a fault never trained on,
instead of writing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye import sources
from benchmarks.eye.score import score, table
from camerahub.frames.checks import MEASURES, measured
from camerahub.frames.forest import UNDEFINED, columns
from camerahub.frames.picture import Picture, from_bgr

Values = NDArray[np.float32]
KINDS = (
    "healthy", "black", "no_signal", "blur", "overexposed", "underexposed", "low_contrast", "colour_cast",
    "snow_noise", "stripes", "mosaic", "occlusion",
)  # fmt: skip
DEPTH = 4
PARAMETERS = {
    "objective": "multiclass",
    "num_class": len(KINDS),
    "learning_rate": 0.08,
    "num_leaves": 12,
    "max_depth": DEPTH,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.35,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 8.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
ROUNDS = 120
#: A healthy picture weighs this much, and healthy is favoured by so many log-odds: a false alarm costs a journey.
HEALTHY_WEIGHT, HEALTHY_START = 1.5, 0.8


@dataclass(frozen=True, slots=True)
class Set:
    """Measured items: ``values`` (N, measures), ``kind`` (N,) index in ``KINDS``, ``truth`` one line each."""

    values: Values
    kind: NDArray[np.intp]
    truth: list[dict[str, Any]]

    def part(self, chosen: NDArray[np.bool_]) -> Set:
        at = np.flatnonzero(chosen)
        return Set(self.values[at], self.kind[at], [self.truth[i] for i in at])


def read(folder: Path) -> Set:
    """The single pictures of a folder of items, measured; the measures are kept beside them for the next run."""
    truth = {row["id"]: row for row in _lines(folder / "truth.jsonl")}
    items = [row for row in _lines(folder / "items.jsonl") if len(row["images"]) == 1 and row["id"] in truth]
    kept = folder / "measures.npz"
    if kept.exists():
        with np.load(kept) as file:
            if list(file["names"]) == list(MEASURES) and len(file["values"]) == len(items):
                return _set(file["values"], [truth[row["id"]] for row in items])
    values = _measured([folder / row["images"][0] for row in items])
    np.savez(kept, values=values, names=np.array(list(MEASURES)))
    return _set(values, [truth[row["id"]] for row in items])


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _set(values: Values, truth: list[dict[str, Any]]) -> Set:
    kind = [KINDS.index(row["faults"][0]) if row["faults"] else 0 for row in truth]
    return Set(values, np.array(kind, np.intp), truth)


def _measured(paths: Sequence[Path], chunk: int = 16) -> Values:
    out = np.empty((len(paths), len(MEASURES)), np.float32)
    waiting: dict[tuple[int, ...], list[tuple[int, Picture]]] = {}
    for at, path in enumerate(paths):
        image = sources.read(path)
        picture = from_bgr(image, image.shape[1], image.shape[0])
        group = waiting.setdefault(picture.luma.shape, [])
        group.append((at, picture))
        if len(group) == chunk:
            _put(out, waiting.pop(picture.luma.shape))
    for group in waiting.values():
        _put(out, group)
    return out


def _put(out: Values, group: list[tuple[int, Picture]]) -> None:
    found = measured([picture for _, picture in group])
    out[[at for at, _ in group]] = columns(found, list(MEASURES))


def joined(sets: Sequence[Set]) -> Set:
    return Set(
        np.vstack([one.values for one in sets]),
        np.concatenate([one.kind for one in sets]),
        [row for one in sets for row in one.truth],
    )


def fit(data: Set, seed: int, rounds: int = ROUNDS) -> Any:
    """A LightGBM booster."""
    import lightgbm

    weight = np.where(data.kind == 0, HEALTHY_WEIGHT, 1.0)
    train = lightgbm.Dataset(data.values, data.kind, weight=weight, free_raw_data=False)
    return lightgbm.train({**PARAMETERS, "seed": seed}, train, rounds)


def said(scores: Values) -> list[list[str]]:
    """The one kind that outweighs healthy, or none: what the product says when kinds do not coexist."""
    scores = scores.copy()
    scores[:, 0] += HEALTHY_START
    return [[KINDS[at]] if at else [] for at in scores.argmax(axis=1)]


def check(data: Set, seed: int) -> None:
    """Leave out a fifth of the sources in turn, then each way of each kind in turn within held sources."""
    source = np.array([sources.fold(row["source"]) for row in data.truth])
    scores = np.zeros((len(data.kind), len(KINDS)), np.float32)
    for fold in sorted(set(source.tolist())):
        held = source == fold
        scores[held] = fit(data.part(~held), seed).predict(data.values[held], raw_score=True)
    truth = [{**row, "id": str(at)} for at, row in enumerate(data.truth)]
    print(table(score(truth, {str(at): answer for at, answer in enumerate(said(scores))})))


def check_ways(data: Set, seed: int) -> None:
    """Share found of each way that was never trained on (sources may be known)."""
    way = np.array([f"{KINDS[kind]}/{row['way']}" for kind, row in zip(data.kind, data.truth, strict=True)])
    for name in sorted(set(way[data.kind > 0].tolist())):
        held = way == name
        answers = said(fit(data.part(~held), seed).predict(data.values[held], raw_score=True))
        right = sum(answer == [name.split("/")[0]] for answer in answers)
        print(f"{name:28s} {right:4d} of {held.sum():4d} {right / held.sum():.2f}", flush=True)


def trees(booster: Any) -> tuple[list[dict[str, Any]], list[float]]:
    """Complete trees of ``DEPTH`` and the starting scores, of a booster's dump."""
    dump = booster.dump_model()["tree_info"]
    out = []
    for number, info in enumerate(dump):
        questions = 2**DEPTH - 1
        tree: dict[str, Any] = {
            "about": number % len(KINDS),
            "asked": [0] * questions,
            "than": [1e9] * questions,
            "answers": [0.0] * (questions + 1),
        }
        _fill(tree, info["tree_structure"], 0)
        out.append(tree)
    start = [0.0] * len(KINDS)
    start[0] = HEALTHY_START
    return out, start


def _fill(tree: dict[str, Any], node: dict[str, Any], at: int) -> None:
    questions = len(tree["asked"])
    if at >= questions:
        tree["answers"][at - questions] = round(float(node["leaf_value"]), 4)
        return
    if "leaf_value" in node:
        _fill(tree, node, 2 * at + 1)
        _fill(tree, node, 2 * at + 2)
        return
    tree["asked"][at] = int(node["split_feature"])
    tree["than"][at] = float(f"{node['threshold']:.5g}")
    _fill(tree, node["left_child"], 2 * at + 1)
    _fill(tree, node["right_child"], 2 * at + 2)


def write(booster: Any, out: Path, made: dict[str, Any]) -> None:
    """One tree a line, so that a change can be read."""
    lines, start = trees(booster)
    used = sorted(
        {
            column
            for tree in lines
            for column, than in zip(tree["asked"], tree["than"], strict=True)
            if than < 1e9
        }
    )
    place = {column: number for number, column in enumerate(used)}
    for tree in lines:
        tree["asked"] = [place.get(column, 0) for column in tree["asked"]]
    head = {
        "made": made,
        "kinds": KINDS,
        "measures": [list(MEASURES)[column] for column in used],
        "start": start,
    }
    text = json.dumps(head)[:-1] + ', "trees": [\n'
    text += ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in lines) + "\n]}\n"
    out.write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--check-ways", action="store_true")
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    data = joined([read(folder) for folder in args.items])
    if args.check:
        check(data, args.seed)
    if args.check_ways:
        check_ways(data, args.seed)
    if args.out:
        import lightgbm

        digests = [hashlib.sha256((f / "truth.jsonl").read_bytes()).hexdigest()[:16] for f in args.items]
        made = {
            "items": len(data.kind),
            "truth": digests,
            "seed": args.seed,
            "lightgbm": lightgbm.__version__,
        }
        write(fit(data, args.seed), args.out, made)
    return 0


if __name__ == "__main__":
    assert UNDEFINED < 0
    sys.exit(main())
