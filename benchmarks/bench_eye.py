"""The eye beside ffmpeg's five filters: CPU per picture in one run, and accuracy on held-out sources.

CAMERAHUB_FRAMES=folder python -m benchmarks.bench_eye [--pictures 150] [--per-kind 8]

CPU: the check set (``frames.diagnosis``) on pictures at their working size against signalstats, blurdetect,
blockdetect, blackdetect and freezedetect of one ffmpeg process, one thread, on the same pictures; what reading raw
video costs it is measured by a run without filters and taken off. The bars are those of batches of 32 (``diagnose`` of
a folder); beside them stand batches of 8, as a decoder process takes them when pictures wait, and a picture alone.
Accuracy needs pictures and is left out without ``CAMERAHUB_FRAMES`` (see ``benchmarks.eye.sources``). Ratios carry over
to other machines, milliseconds do not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from benchmarks.eye import make_items, ours, score
from benchmarks.eye.baselines import BASELINES, answers
from benchmarks.eye.image import Bytes, clipped, cloud
from camerahub.frames.diagnosis import Item, diagnose_many
from camerahub.frames.picture import from_bgr

SIZES = ((640, 360), (320, 180))
#: Pictures judged together; the bars are asked of the first.
BATCHES = (32, 8, 1)
#: Of ffmpeg's CPU, and milliseconds by size.
MOST_RATIO, MOST_MS = 0.06, {(640, 360): 0.6, (320, 180): 0.3}
FILTERS = "signalstats,blurdetect,blockdetect,blackdetect=d=0.01,freezedetect=d=0.1"


def scene(width: int, height: int, seed: int) -> Bytes:
    """A picture with large and small structure and noise: what is in it hardly changes what it costs."""
    random = np.random.default_rng(seed)
    planes = [255 * cloud(random, height, width, 4, 7) for _ in range(3)]
    return clipped(np.stack(planes, axis=2) + random.normal(0, 3, (height, width, 3)))


def our_cpu(pictures: list[Bytes], batch: int) -> float:
    """CPU seconds a picture, decoded and at its working size, of ``batch`` judged together."""
    ready = [Item((from_bgr(image, image.shape[1], image.shape[0]),)) for image in pictures]
    diagnose_many(ready[:batch])
    before = time.process_time()
    for start in range(0, len(ready), batch):
        diagnose_many(ready[start : start + batch])
    return (time.process_time() - before) / len(ready)


def ffmpeg_cpu(program: str, raw: Path, size: tuple[int, int], filters: str) -> float:
    """CPU seconds of a process over all pictures of ``raw`` (yuv420p)."""
    command = [
        program,
        "-v",
        "error",
        "-threads",
        "1",
        "-filter_threads",
        "1",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
    ]
    command += ["-s", f"{size[0]}x{size[1]}", "-i", str(raw), "-vf", filters, "-f", "null", "-"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime


def cost(program: str, pictures: int, rounds: int) -> bool:
    """Print the table of CPU; whether every bound is kept."""
    kept = True
    print(f"{'size':10}{'batch':>6}{'ours ms':>9}{'ffmpeg ms':>11}{'ratio':>8}   bound")
    for size in SIZES:
        images = [scene(*size, seed) for seed in range(pictures)]
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "pictures.yuv"
            raw.write_bytes(
                b"".join(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).tobytes() for image in images)
            )
            ms_ours: dict[int, list[float]] = {batch: [] for batch in BATCHES}
            ms_theirs = []
            for _ in range(rounds):
                for batch, found in ms_ours.items():
                    found.append(1000 * our_cpu(images, batch))
                spent = ffmpeg_cpu(program, raw, size, FILTERS) - ffmpeg_cpu(program, raw, size, "null")
                ms_theirs.append(1000 * spent / pictures)
        for batch, found in ms_ours.items():
            ratio = median(a / b for a, b in zip(found, ms_theirs, strict=True))
            good = ratio <= MOST_RATIO and median(found) <= MOST_MS[size]
            row = f"{f'{size[0]}x{size[1]}':10}{batch:6}{median(found):9.3f}{median(ms_theirs):11.2f}{ratio:8.3f}"
            if batch == BATCHES[0]:
                kept = kept and good
                row += f"   {MOST_RATIO} and {MOST_MS[size]} ms{'' if good else '  MISSED'}"
            print(row)
    return kept


def accuracy(folder: Path, per_kind: int, seed: int) -> None:
    """Print one row a judge over items of held-out sources."""
    make_items.main(
        ["--out", str(folder), "--per-kind", str(per_kind), "--split", "held", "--seed", str(seed)]
    )
    truth = score.read_lines(folder / "truth.jsonl")
    ours.main(["--items", str(folder / "items.jsonl"), "--out", str(folder / "camerahub.jsonl")])
    said = {"camerahub": score.read_answers(folder / "camerahub.jsonl")}
    for name, judge in BASELINES.items():
        lines = answers(folder / "items.jsonl", judge)
        said[name] = {str(line["id"]): list(line["faults"]) for line in lines}  # type: ignore[call-overload]
    results = {name: score.score(truth, told) for name, told in said.items()}
    print(f"\n{len(truth)} items; F1 by kind, and false alarms on healthy ones")
    print(f"{'':18}" + "".join(f"{name:>13}" for name in results))
    for kind in make_items.KINDS:
        print(f"{kind:18}" + "".join(f"{result.kinds[kind].f1:13.2f}" for result in results.values()))
    print(f"{'macro F1':18}" + "".join(f"{result.macro_f1:13.2f}" for result in results.values()))
    print(f"{'right kind found':18}" + "".join(f"{result.found:13.2f}" for result in results.values()))
    for group in results["camerahub"].alarms:
        cells = [result.alarms[group] for result in results.values()]
        print(f"{group[:17]:18}" + "".join(f"{f'{k}/{n}':>13}" for n, k in cells))


def main() -> int:
    """Exit code 1 when ffmpeg is missing or a bound of cost is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--per-kind", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    program = shutil.which("ffmpeg")
    if program is None:
        sys.exit("ffmpeg is not installed: it is the peer of this benchmark")
    cv2.setNumThreads(1)
    kept = cost(program, args.pictures, args.rounds)
    if not (os.environ.get("CAMERAHUB_FRAMES") or os.environ.get("CAMERAHUB_EYE_CACHE")):
        print("\naccuracy left out: no pictures; set CAMERAHUB_FRAMES=folder")
        return 0 if kept else 1
    with tempfile.TemporaryDirectory() as folder:
        accuracy(Path(folder), args.per_kind, args.seed)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
