"""Our own answers to items on disk, with the door that everything else uses: ``frames.diagnosis.diagnose``.

``python -m benchmarks.eye.ours --items DIR/items.jsonl --out answers.jsonl``, with the measures when asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from camerahub.frames.diagnosis import Diagnosis, diagnose
from camerahub.frames.picture import Picture, from_bgr


def picture(path: Path) -> Picture:
    """The working picture of a file. ValueError when it cannot be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: not a picture")
    return from_bgr(np.asarray(image, np.uint8), image.shape[1], image.shape[0])


def answer(folder: Path, item: dict[str, object]) -> Diagnosis:
    """``item`` is a line of ``items.jsonl``; its paths are relative to ``folder``."""
    images = [picture(folder / str(name)) for name in item["images"]]  # type: ignore[attr-defined]
    gap = item.get("gap_s")
    return diagnose(images, None if gap is None else float(gap))  # type: ignore[arg-type]


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--measures", action="store_true")
    args = parser.parse_args(arguments)
    with args.out.open("w", encoding="utf-8") as out:
        for line in args.items.read_text("utf-8").splitlines():
            item = json.loads(line)
            found = answer(args.items.parent, item)
            said: dict[str, object] = {"id": item["id"], "faults": list(found.faults)}
            if args.measures:
                said["measures"] = found.measures
                said["findings"] = [finding._asdict() for finding in found.findings]
            out.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
