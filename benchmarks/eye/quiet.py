"""Pairs that only their grain tells apart: ``python -m benchmarks.eye.quiet --seed 1 --out DIR --items 1000``.

Half are frozen, half are alive under light that does not change at all (three in ten: by 3 % at most), with sensor
noise of 0.8 to 6 grey levels, fine or coarse, and JPEG of quality 30 to 95; the frozen ones are coded alike, anew, or
by a relay that rounds levels. Written as
``make_items`` writes its items, for ``learn_pair``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.eye import camera, osd, sources
from benchmarks.eye.image import Image, Random, between, clipped, floats, gaussian, pick

WIDTHS = (352, 480, 560, 640, 704, 800, 960)
NOISES = (0.8, 1.2, 1.6, 2.0, 3.0, 4.0, 6.0)


def shot(scene: Image, noise: float, coarse: bool, random: Random) -> Image:
    """One exposure."""
    grain = random.normal(0, noise, (*scene.shape[:2], 1)) + random.normal(0, noise / 2, scene.shape)
    grain = grain.astype(np.float32)
    if coarse:
        grain = 1.8 * gaussian(grain, 0.7)
    return np.clip(scene + grain, 0, 255).astype(np.float32)


def _scene(photo: sources.Photo, random: Random) -> Image:
    picture = sources.read(photo.path)
    width = min(int(pick(random, WIDTHS)), picture.shape[1])
    size = (width, picture.shape[0] * width // picture.shape[1] // 2 * 2)
    scene = floats(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))  # type: ignore[arg-type]
    return scene * between(random, 0.2, 0.6) if random.random() < 0.3 else scene


def _relayed(picture: Image, quality: int, random: Random) -> Image:
    """Decoded by a relay that will encode it again; its conversions may round all levels down or up."""
    data = np.frombuffer(camera.jpeg(clipped(picture), quality), np.uint8)
    level = pick(random, (0.0, 0.0, between(random, -1, 1)))
    return np.asarray(np.clip(floats(cv2.imdecode(data, cv2.IMREAD_COLOR)) + level, 0, 255), np.float32)  # type: ignore[arg-type]


def pair(photo: sources.Photo, random: Random) -> tuple[bool, list[bytes]]:
    """Whether it is frozen, and the two files, the newer one last."""
    scene = _scene(photo, random)
    noise, coarse = float(pick(random, NOISES)), random.random() < 0.3
    look = osd.style(random) if random.random() < 0.8 else None
    frozen = bool(random.random() < 0.5)
    older = shot(scene, noise, coarse, random)
    newer = older if frozen else shot(scene, noise, coarse, random)
    if not frozen and random.random() < 0.3:
        newer = newer * between(random, 0.97, 1.03)
    first = int(random.integers(30, 96))
    second = first
    if frozen and random.random() < 0.7:
        second = (
            int(random.integers(30, 96))
            if random.random() < 0.5
            else min(95, first + int(random.integers(-4, 8)))
        )
        if random.random() < 0.6:
            newer = _relayed(older, first, random)
    shown = [osd.drawn(one, look, after) if look else one for one, after in ((older, 0.0), (newer, 60.0))]
    return frozen, [camera.jpeg(clipped(one), q) for one, q in zip(shown, (first, second), strict=True)]


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--items", type=int, default=1000)
    args = parser.parse_args(arguments)
    photos = [one for one in sources.everything() if one.role == "healthy" and one.older is None]
    (args.out / "images").mkdir(parents=True, exist_ok=True)
    with (args.out / "items.jsonl").open("w") as items, (args.out / "truth.jsonl").open("w") as truth:
        for number in range(args.items):
            random = np.random.default_rng([args.seed, number])
            photo = pick(random, photos)
            frozen, files = pair(photo, random)
            paths = [f"images/quiet-{number:05d}-{at}.jpg" for at in range(2)]
            for path, data in zip(paths, files, strict=True):
                (args.out / path).write_bytes(data)
            ident = f"quiet-{number:05d}"
            items.write(json.dumps({"id": ident, "images": paths, "gap_s": 60.0}) + "\n")
            facts = {"id": ident, "faults": ["frozen"] if frozen else [], "source": photo.source,
                     "file": photo.path.name, "scene": photo.scene, "condition": photo.condition,
                     "way": "quiet", "severity": None}  # fmt: skip
            truth.write(json.dumps(facts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
