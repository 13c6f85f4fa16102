"""What people use today, on the same items: the OpenCV recipe, and ffmpeg's five filters.

``python -m benchmarks.eye.baselines --items DIR/items.jsonl --out DIR`` writes ``opencv.jsonl`` and ``ffmpeg.jsonl``.
Thresholds are those of the recipes' texts and of ffmpeg's documentation, where these give any.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

Item = dict[str, object]


def opencv_recipe(paths: Sequence[Path]) -> list[str]:
    """Variance of the Laplacian < 100: blur; mean < 20: black; and its usual companions: mean < 60 and > 200, mean
    saturation against grey, deviation < 25, the difference of two grey pictures < 1 and > 60."""
    image = cv2.imread(str(paths[-1]), cv2.IMREAD_COLOR)
    assert image is not None
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    mean, deviation = float(grey.mean()), float(grey.std())
    if mean < 20:
        return ["black"]
    found = []
    if float(cv2.Laplacian(grey, cv2.CV_64F).var()) < 100:
        found.append("blur")
    if mean < 60:
        found.append("underexposed")
    if mean > 200:
        found.append("overexposed")
    if deviation < 25:
        found.append("low_contrast")
    blue, green, red = (float(v) for v in image.reshape(-1, 3).mean(axis=0))
    if max(blue, green, red) > 1.5 * max(min(blue, green, red), 1):
        found.append("colour_cast")
    if len(paths) > 1:
        other = cv2.imread(str(paths[0]), cv2.IMREAD_GRAYSCALE)
        assert other is not None
        away = float(np.abs(cv2.resize(other, grey.shape[::-1]).astype(np.int16) - grey).mean())
        found += ["frozen"] if away < 1 else ["scene_change"] if away > 60 else []
    return found


#: Our five; ``freezedetect`` needs two pictures and is given a clip of them.
FILTERS = (
    "signalstats,blurdetect,blockdetect,blackdetect=d=0.01,freezedetect=n=0.003:d=0.1,metadata=print:file=-"
)


def ffmpeg_metadata(paths: Sequence[Path], program: str = "ffmpeg") -> dict[str, float]:
    """Metadata of the last picture, and what ``blackdetect`` and ``freezedetect`` said of the clip (as 1.0)."""
    command = [program, "-v", "info", "-hide_banner", "-nostats"]
    for path in paths:
        command += ["-loop", "1", "-framerate", "10", "-t", "0.3", "-i", str(path)]
    join = "".join(f"[{n}:v]" for n in range(len(paths))) + f"concat=n={len(paths)},"
    graph = (join if len(paths) > 1 else "[0:v]") + FILTERS
    run = subprocess.run(
        [*command, "-filter_complex", graph, "-f", "null", "-"], capture_output=True, text=True, check=True
    )
    found = {
        key: float(value)
        for key, value in re.findall(r"lavfi\.(?:signalstats\.)?(\w+)=([-\d.]+)$", run.stdout, re.MULTILINE)
    }
    black = re.findall(r"black_start:\S+ black_end:(\S+)", run.stderr)
    last = 0.3 * len(paths) - 0.15
    found["black"] = float(any(float(end) >= last for end in black))
    starts = [float(value) for value in re.findall(r"freeze_start: ([\d.]+)", run.stderr)]
    ends = re.findall(r"freeze_end: ([\d.]+)", run.stderr)
    found["frozen"] = float(len(paths) > 1 and bool(starts) and starts[0] < 0.1 and not ends)
    return found


def ffmpeg_filters(paths: Sequence[Path]) -> list[str]:
    """Verdicts over the filters' numbers: ``blackdetect`` as it comes, ``blurdetect`` > 8, ``blockdetect`` > 4,
    ``signalstats``' averages and percentiles, ``freezedetect`` at its own noise limit."""
    m = ffmpeg_metadata(paths)
    if m["black"]:
        return ["black"]
    found = ["frozen"] if m["frozen"] else []
    spread = m.get("YHIGH", 255) - m.get("YLOW", 0)
    if spread < 8:
        return [*found, "no_signal"]
    if m.get("blur", 0) > 8:
        found.append("blur")
    if m.get("block", 0) > 4:
        found.append("mosaic")
    if m.get("YAVG", 128) > 200:
        found.append("overexposed")
    if m.get("YAVG", 128) < 45:
        found.append("underexposed")
    if spread < 60:
        found.append("low_contrast")
    if max(abs(m.get("UAVG", 128) - 128), abs(m.get("VAVG", 128) - 128)) > 20:
        found.append("colour_cast")
    return found


BASELINES: dict[str, Callable[[Sequence[Path]], list[str]]] = {
    "opencv": opencv_recipe,
    "ffmpeg": ffmpeg_filters,
}


def answers(items: Path, judge: Callable[[Sequence[Path]], list[str]]) -> list[dict[str, object]]:
    """A line of answers for each line of ``items``."""
    lines = [json.loads(line) for line in items.read_text("utf-8").splitlines()]
    return [
        {"id": item["id"], "faults": judge([items.parent / name for name in item["images"]])}
        for item in lines
    ]


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(arguments)
    for name, judge in BASELINES.items():
        if name == "ffmpeg" and not shutil.which("ffmpeg"):
            print("ffmpeg is not installed: left out", file=sys.stderr)
            continue
        text = "".join(json.dumps(line) + "\n" for line in answers(args.items, judge))
        (args.out / f"{name}.jsonl").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
