"""The wall of the README: ``python -m benchmarks.eye.wall OUT.png``, scenes of the virtual county under ``diagnose``.

Each kind of fault once, and what is no fault beside it. The scenes are drawn (``camerahub.farm``), so the picture may
be published; how well real pictures are judged is what ``score`` says.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

from camerahub.farm.scenes import FPS, LOOKS, planes

#: Of a kind that shows over time: the looks its pictures come from, oldest first.
PAIRS = {"scene_change": ("scene_change", "turned"), "frozen": ("frozen",) * 2, "shake": ("shake",) * 4}
WIDTH, HEIGHT = 1280, 720


def pictures(name: str, folder: Path) -> list[str]:
    """Paths of the pictures of one item, oldest first."""
    paths = []
    for number, look in enumerate(PAIRS.get(name, (name,))):
        taken = planes(LOOKS[look], WIDTH, HEIGHT, 4 * FPS, FPS, FPS)
        picture = next(itertools.islice(taken, number * FPS, None))
        paths.append(f"{name}-{number}.jpg")
        cv2.imwrite(str(folder / paths[-1]), cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420))
    return paths


def main(out: Path) -> int:
    """Exit code of ``diagnose``."""
    with tempfile.TemporaryDirectory() as folder:
        items = Path(folder) / "items.jsonl"
        names = [name for name in LOOKS if name != "turned"]
        rows = [
            {"id": n, "images": pictures(n, items.parent), "gap_s": len(PAIRS.get(n, ())) and 2}
            for n in names
        ]
        items.write_text(
            "\n".join(json.dumps(row | {"gap_s": row["gap_s"] or None}) for row in rows), "utf-8"
        )
        command = [
            sys.executable,
            "-m",
            "camerahub",
            "diagnose",
            "--items",
            str(items),
            "--picture",
            str(out),
        ]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
