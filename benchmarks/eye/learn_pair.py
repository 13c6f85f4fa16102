"""What tells frozen pairs from living ones, learned again.

python -m benchmarks.eye.learn_pair --items DIR... --out FILE

As ``learn``, for two pictures: items of ``make_items`` and ``quiet`` are measured with the product's own code
(``frozen.measure``), small trees are fitted (LightGBM, which only these scripts need), and written as
``frames.forest`` reads them.
Only what ``frozen.alive`` leaves open is learned. Printed is the score on held-out sources, a fold of sources in turn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.eye import sources
from benchmarks.eye.learn import DEPTH, Values, _fill, _lines
from camerahub.frames import frozen
from camerahub.frames.forest import UNDEFINED
from camerahub.frames.picture import from_bgr
from camerahub.frames.several import FINER
from camerahub.frames.trace import Trace

PARAMETERS = {
    "objective": "binary", "learning_rate": 0.06, "num_leaves": 12, "max_depth": DEPTH, "min_data_in_leaf": 12,
    "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 2.0, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
ROUNDS = 250
#: What is added to the log-odds of frozen; for kept traces ``frozen.judge`` takes some of it back.
START = 0.0


def traces(path: Path) -> tuple[Trace, Trace]:
    """As production keeps it, and as two pictures at hand are compared."""
    image = sources.read(path)
    picture = from_bgr(image, image.shape[1], image.shape[0])
    return Trace.of(picture), Trace.of(picture, None, FINER)


def read(folder: Path) -> tuple[Values, Values, list[dict[str, Any]]]:
    """Measures (N, M), whether frozen (N,), truth, of the frozen and healthy pairs of a folder.

    Each twice: by the traces that are kept, and by finer ones."""
    truth = {row["id"]: row for row in _lines(folder / "truth.jsonl")}
    values, labels, rows = [], [], []
    for item in _lines(folder / "items.jsonl"):
        row = truth[item["id"]]
        if len(item["images"]) != 2 or row["faults"] not in ([], ["frozen"]):
            continue
        for older, newer in zip(*(traces(folder / path) for path in item["images"]), strict=True):
            values.append(list(frozen.measure(older, newer).values()))
            labels.append(float(row["faults"] == ["frozen"]))
            rows.append({**row, "way": row["way"] + ("/kept" if newer.patches.shape[0] < 100 else "")})
    return np.array(values, np.float32), np.array(labels, np.float32), rows


def fit(values: Values, labels: Values, seed: int) -> Any:
    import lightgbm

    return lightgbm.train({**PARAMETERS, "seed": seed}, lightgbm.Dataset(values, labels), ROUNDS)


def held(values: Values, labels: Values, rows: list[dict[str, Any]], seed: int) -> Values:
    """(N,) log-odds by trees that never saw the source of a pair."""
    fold = np.array([sources.fold(row["source"]) for row in rows])
    out = np.zeros(len(labels), np.float32)
    for one in set(fold.tolist()):
        out[fold == one] = fit(values[fold != one], labels[fold != one], seed).predict(
            values[fold == one], raw_score=True
        )
    return out + START


def check(scores: Values, labels: Values, rows: list[dict[str, Any]]) -> None:
    """Print false alarms and misses by the way in which pairs were made."""
    ways = np.array(
        [f"{'frozen' if label else 'healthy'}/{row['way']}" for label, row in zip(labels, rows, strict=True)]
    )
    for way in sorted(set(ways.tolist())):
        wrong = (scores[ways == way] > 0) != (labels[ways == way] > 0)
        print(f"{way:28s}{wrong.sum():5d} wrong of {len(wrong)}")
    hit = np.count_nonzero((scores > 0) & (labels > 0))
    print(f"F1 {2 * hit / (np.count_nonzero(scores > 0) + labels.sum()):.3f}")


def _wrong(scores: Values, labels: Values, rows: list[dict[str, Any]], kept: bool) -> str:
    of = np.array([row["way"].endswith("/kept") == kept for row in rows])
    alarms, misses = (scores > 0) & (labels == 0) & of, (scores <= 0) & (labels > 0) & of
    return f"{alarms.sum()} alarms, {misses.sum()} misses"


def write(booster: Any, out: Path, made: dict[str, Any]) -> None:
    """The forest as plain arrays, in the form of ``learn.write``."""
    trees = []
    for info in booster.dump_model()["tree_info"]:
        questions = 2**DEPTH - 1
        tree: dict[str, Any] = {
            "asked": [0] * questions,
            "than": [np.inf] * questions,
            "answers": [0.0] * (questions + 1),
        }
        _fill(tree, info["tree_structure"], 0)
        trees.append(tree)
    asked, than = (np.array([tree[name] for tree in trees]) for name in ("asked", "than"))
    used = np.unique(asked[np.isfinite(than)])
    np.savez_compressed(
        out, made=np.array(json.dumps(made)), kinds=np.array(("healthy", "frozen")),
        measures=np.array([list(frozen.MEASURES)[column] for column in used]),
        asked=np.where(np.isfinite(than), np.searchsorted(used, asked), 0).astype(np.uint8),
        than=than.astype(np.float32), answers=np.array([tree["answers"] for tree in trees], np.float16),
        about=np.ones(len(trees), np.uint8), start=np.array((0.0, START), np.float32),
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    parts = [read(folder) for folder in args.items]
    values = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    rows = [row for part in parts for row in part[2]]
    print(f"{len(rows)} pairs, {np.count_nonzero(np.isnan(values).all(axis=1))} of them not comparable")
    open_ = ~np.array([frozen.alive(dict(zip(frozen.MEASURES, row, strict=True))) for row in values.tolist()])
    values = np.where(np.isnan(values), UNDEFINED, values)
    scores = np.full(len(labels), -9.0, np.float32)
    left = np.flatnonzero(open_)
    scores[left] = held(values[left], labels[left], [rows[at] for at in left], args.seed)
    check(scores, labels, rows)
    for more in (-2.0, -1.0, -0.5, 0.5, 1.0, 1.5):
        print(
            f"{more:+.1f}:",
            *(f"{name} {_wrong(scores + more, labels, rows, name == 'kept')}" for name in ("kept", "fine")),
        )
    if args.out:
        digests = [hashlib.sha256((f / "truth.jsonl").read_bytes()).hexdigest()[:16] for f in args.items]
        write(
            fit(values[left], labels[left], args.seed),
            args.out,
            {"pairs": len(rows), "truth": digests, "seed": args.seed},
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
