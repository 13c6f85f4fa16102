"""`diagnose` over 2,000 JPEGs beside the bare decode of the same files.

python -m benchmarks.bench_diagnose [--items 2000] [--rounds 3]

Ours is everything: the command's start, reading, its caged children, judging, the lines of the answer. The bare decode
is OpenCV's, one process, one thread: whole, and reduced to the working size as we do it. CPU, not time, is compared:
time depends on who else is using the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from camerahub.cli.diagnose_read import Reader
from camerahub.frames.diagnosis import diagnose
from tests.probes.streams import encode, photograph

WIDTH, HEIGHT = 1280, 720
#: Different pictures; the files are links to them.
DIFFERENT = 20
#: What the command may cost beyond decoding and judging in one process: start, reading, sending, answering.
OVERHEAD = 1.5


def cpu_ms(work: object, count: int) -> float:
    began = time.process_time()
    work()  # type: ignore[operator]
    return (time.process_time() - began) / count * 1e3


def command(folder: Path) -> dict[str, float]:
    """The summary of one run."""
    words = [sys.executable, "-m", "camerahub", "diagnose", str(folder), "--json"]
    out = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    found: dict[str, float] = json.loads(out.splitlines()[-1])["summary"]
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = [encode("JPEG", photograph(WIDTH, HEIGHT, seed), quality=20) for seed in range(DIFFERENT)]
    reader = Reader(WIDTH * HEIGHT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(options.items):
            path = folder / f"{n:05d}.jpg"
            if n < DIFFERENT:
                path.write_bytes(pictures[n])
            else:
                path.hardlink_to(folder / f"{n % DIFFERENT:05d}.jpg")
        rows = [measured(folder, pictures, reader, options.items) for _ in range(options.rounds)]
    whole, reduced, judged, ours, rate = (median(row[i] for row in rows) for i in range(5))
    ratio = median(row[3] / row[2] for row in rows)
    print(f"{options.items} JPEGs {WIDTH}x{HEIGHT}, {np.mean([len(p) for p in pictures]) / 1024:.0f} KiB")
    print(
        f"bare decode: whole {whole:.2f} ms, reduced to the working size {reduced:.2f} ms; with judging {judged:.2f} ms"
    )
    held = ratio <= OVERHEAD
    print(
        f"diagnose: {rate:.0f} items/s, CPU {ours:.2f} ms an item = {ours / reduced:.2f} x the reduced decode"
    )
    print(f"  {ratio:.2f} x decode and judge in one process, bar {OVERHEAD} {'held' if held else 'MISSED'}")
    return int(not held)


def measured(folder: Path, pictures: list[bytes], reader: Reader, items: int) -> list[float]:
    """CPU ms an item: whole decode, reduced decode, decode and judge in this process, the command; items a second."""
    repeated = pictures * max(1, 200 // DIFFERENT)

    def whole() -> None:
        for data in repeated:
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    def reduced() -> None:
        for data in repeated:
            reader.picture(data)

    def judged() -> None:
        for data in repeated:
            diagnose([reader.picture(data)])

    bare = [cpu_ms(work, len(repeated)) for work in (whole, reduced, judged)]
    summary = command(folder)
    return [*bare, summary["cpu_s"] / items * 1e3, items / summary["wall_s"]]


if __name__ == "__main__":
    sys.exit(main())
