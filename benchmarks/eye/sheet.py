"""Contact sheets of items, because only eyes can say whether a made fault is one.

``python -m benchmarks.eye.sheet DIR OUT.png [--kind blur] [--columns 8] [--width 240]``; pairs are drawn side by side.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.eye.image import Bytes
from benchmarks.eye.score import read_lines


def _tile(folder: Path, item: dict[str, object], fact: dict[str, object], width: int) -> Bytes:
    height = width * 9 // 16
    names = item["images"]
    parts = []
    for name in names:  # type: ignore[attr-defined]
        image = cv2.imread(str(folder / name))
        assert image is not None
        parts.append(cv2.resize(image, (width // len(names), height), interpolation=cv2.INTER_AREA))  # type: ignore[arg-type]
    tile = np.hstack(parts)
    tile = cv2.copyMakeBorder(tile, 12, 2, 0, width - tile.shape[1] + 2, cv2.BORDER_CONSTANT)
    severity = "" if fact["severity"] is None else f" {fact['severity']:.2f}"
    kind = ",".join(fact["faults"]) or "ok"  # type: ignore[arg-type]
    label = f"{str(fact['id'])[-4:]} {kind}/{fact['way']}{severity} {fact['condition']}{'*' if fact['made'] else ''}"
    cv2.putText(tile, label, (1, 9), cv2.FONT_HERSHEY_SIMPLEX, 0.32, (0, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def sheet(folder: Path, kind: str | None, columns: int, width: int, rows: int) -> Bytes:
    """Sorted by kind, way and severity; ``kind`` may be ``ok`` for the healthy ones."""
    truth = {str(line["id"]): line for line in read_lines(folder / "truth.jsonl")}
    items = [(line, truth[str(line["id"])]) for line in read_lines(folder / "items.jsonl")]
    if kind:
        items = [(line, fact) for line, fact in items if (",".join(fact["faults"]) or "ok") == kind]  # type: ignore[arg-type]
    items.sort(
        key=lambda two: (
            str(two[1]["faults"]),
            str(two[1]["way"]),
            two[1]["severity"] or 0,
            two[1]["condition"],
        )
    )
    tiles = [_tile(folder, line, fact, width) for line, fact in items[: columns * rows]]
    if not tiles:
        sys.exit(f"no items of kind {kind}")
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--width", type=int, default=240)
    args = parser.parse_args(arguments)
    cv2.imwrite(str(args.out), sheet(args.folder, args.kind, args.columns, args.width, args.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
