"""What people use today, on the same items: the OpenCV recipe, and ffmpeg's five filters.

``python -m benchmarks.eye.baselines --items DIR/items.jsonl --out DIR`` writes one ``NAME.jsonl`` for each.
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

from benchmarks.eye.image import Bytes

Item = dict[str, object]


def opencv_recipe(paths: Sequence[Path]) -> list[str]:
    """As it is usually written: variance of the Laplacian < 100 is blur, mean < 20 is black."""
    grey = cv2.cvtColor(_read(paths[-1]), cv2.COLOR_BGR2GRAY)
    if float(grey.mean()) < 20:
        return ["black"]
    return ["blur"] if float(cv2.Laplacian(grey, cv2.CV_64F).var()) < 100 else []


def opencv_more(paths: Sequence[Path]) -> list[str]:
    """The recipe and its usual companions: mean < 40 and > 210, deviation < 20, one colour 1.5 times another, the
    mean difference of two pictures < 1 and > 60."""
    image = _read(paths[-1])
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    mean = float(grey.mean())
    found = opencv_recipe(paths)
    if found != ["black"]:
        blue, green, red = (float(v) for v in image.reshape(-1, 3).mean(axis=0))
        signs = {
            "underexposed": mean < 40,
            "overexposed": mean > 210,
            "low_contrast": float(grey.std()) < 20,
            "colour_cast": max(blue, green, red) > 1.5 * max(min(blue, green, red), 1),
        }
        found += [kind for kind, sign in signs.items() if sign]
    if len(paths) > 1:
        other = cv2.resize(cv2.cvtColor(_read(paths[0]), cv2.COLOR_BGR2GRAY), grey.shape[::-1])
        away = float(np.abs(other.astype(np.int16) - grey).mean())
        found += ["frozen"] if away < 1 else ["scene_change"] if away > 60 else []
    return found


def _read(path: Path) -> Bytes:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: not a picture")
    return np.asarray(image, np.uint8)


#: Our five; ``freezedetect`` needs two pictures and is given a clip of them.
FILTERS = "signalstats,blurdetect,blockdetect,blackdetect=d=0.01,freezedetect=d=0.1,metadata=print:file=-"


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
    """``blackdetect`` and ``freezedetect`` as they come; ``blurdetect`` > 10, ``blockdetect`` > 6; of ``signalstats``
    the spread of luma < 8 (a card) and < 40, its average > 200 and < 30, the average of a colour 30 off grey."""
    m = ffmpeg_metadata(paths)
    if m["black"]:
        return ["black"]
    spread = m["YHIGH"] - m["YLOW"]
    if spread < 8:
        return ["no_signal"]
    signs = {  # of a flat picture blurdetect and blockdetect say nan
        "frozen": bool(m["frozen"]),
        "blur": m.get("blur", 0.0) > 10,
        "mosaic": m.get("block", 0.0) > 6,
        "overexposed": m["YAVG"] > 200,
        "underexposed": m["YAVG"] < 30,
        "low_contrast": spread < 40,
        "colour_cast": max(abs(m["UAVG"] - 128), abs(m["VAVG"] - 128)) > 30,
    }
    return [kind for kind, sign in signs.items() if sign]


BASELINES: dict[str, Callable[[Sequence[Path]], list[str]]] = {
    "opencv": opencv_recipe,
    "opencv-more": opencv_more,
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
