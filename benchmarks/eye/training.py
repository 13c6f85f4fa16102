"""What ``forest.npz`` was taught with, from a seed: ``python -m benchmarks.eye.training --seed 71 --out DIR``.

As ``make_items``, single pictures only, but with smaller cameras (cheaper, and what a recorder's second stream sends),
closer crops of the photographs (more scenes of few pictures), more of the kinds that are hard to tell, bare views and
nights among the healthy. ``--part 0/2`` makes every second item, so that two processes share the work; an item depends
on the seed and its number alone. Then: ``python -m benchmarks.eye.learn --items DIR [DIR ...] --out forest.npz``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.eye import bare, camera, light, make_items, sources
from benchmarks.eye.camera import Camera
from benchmarks.eye.faults import FAULTS, Way
from benchmarks.eye.image import Bytes, Image, Random, between, grey, pick
from benchmarks.eye.make_items import Item, Studio
from benchmarks.eye.sources import Photo

SIZES = ((352, 288), (480, 270), (480, 360), (512, 288), (640, 360), (640, 360), (640, 480), (704, 396))
#: Items of a kind, in shares of ``--per-kind``.
WEIGHTS = {
    "black": 0.3, "no_signal": 0.4, "overexposed": 0.5, "underexposed": 0.8, "snow_noise": 0.8, "low_contrast": 0.8,
    "stripes": 1.5, "mosaic": 1.5, "colour_cast": 1.6, "blur": 1.5, "occlusion": 3.0,
}  # fmt: skip
#: Of the healthy: bare windows of photographs, drawn surfaces, and nights made of days.
BARE, DRAWN, NIGHT = 0.13, 0.1, 0.12
CLOSER, MIRRORED, TONED = 0.35, 0.5, 0.35
NOT_AGAIN = ("real",)
LONGEST, KEPT, TRIES = 1280, 250, 5


class Classroom(Studio):
    """A studio with smaller cameras that look closer."""

    def read(self, path: Path) -> Bytes:
        if path not in self._cache:
            if len(self._cache) > KEPT:
                self._cache.pop(next(iter(self._cache)))
            self._cache[path] = sources.read(path, LONGEST)
        return self._cache[path]

    def ways(self, kind: str) -> tuple[Way, ...]:
        """All but those that cannot be made again: a decoder conceals lost blocks with whatever its buffers hold."""
        return tuple(way for way in super().ways(kind) if way.name not in NOT_AGAIN)

    def camera(self, photo: Photo, condition: str, video: bool = False) -> Camera:
        height, width = self.read(photo.path).shape[:2]
        dark = condition in ("night", "ir")
        return camera.camera(self.random, (width, height), dark, video, SIZES)

    def look(self, photo: Photo, cam: Camera, made: str | None) -> Image:
        image, random = self.read(photo.path), self.random
        rows, columns = image.shape[:2]
        if random.random() < CLOSER and columns >= 600:
            share = random.uniform(0.35, 0.7)
            high, wide = int(rows * share), int(columns * share)
            y, x = int(random.integers(rows - high + 1)), int(random.integers(columns - wide + 1))
            image = image[y : y + high, x : x + wide]
        if random.random() < MIRRORED:
            image = np.ascontiguousarray(image[:, ::-1])
        scene = camera.fitted(image, cam.width, cam.height, random)
        if random.random() < TONED:
            scene = toned(scene, random)
        return light.CONDITIONS[made](scene, random) if made else scene


def toned(scene: Image, random: Random) -> Image:
    """As another camera renders it: more or less contrast, colour and light towards the corners, slightly tinted."""
    height, width = scene.shape[:2]
    y = grey(scene)[..., None]
    out = y + (scene - y) * between(random, 0.5, 1.5)
    out = 255 * (np.clip(out, 0, 255) / 255) ** float(np.exp(random.normal(0, 0.25)))
    out = out * (1 + random.normal(0, 0.03, 3))
    if random.random() < 0.4:
        yy, xx = np.mgrid[:height, :width].astype(np.float32)
        away = (xx / width - 0.5) ** 2 + (yy / height - 0.5) ** 2
        out = out * (1 - between(random, 0.1, 0.8) * away / 0.5)[..., None]
    return np.clip(out, 0, 255).astype(np.float32)


def _shown(studio: Classroom, scene: Image, cam: Camera, photo: Photo, condition: str, way: str) -> Item:
    seen = camera.seen(scene, cam, studio.random, mono=condition == "ir")
    made = "night" if way == "night" else None
    return Item([], camera.coded([camera.sent(seen, cam)], cam), photo, condition, made, way=way)


def bare_window(studio: Classroom) -> Item:
    """The barest part of a photograph of the day."""
    for _ in range(60):
        photo = pick(
            studio.random,
            [one for one in studio.still if one.condition in ("day", "plain", "indoor", "snow")],
        )
        cam = studio.camera(photo, photo.condition)
        scene = bare.window(sources.read(photo.path, 2560), cam.width, cam.height, studio.random)
        if scene is not None:
            return _shown(studio, scene, cam, photo, "plain", "bare")
    raise RuntimeError("no photo is large enough to cut a window of")


def drawn_surface(studio: Classroom) -> Item:
    """A drawn wall, asphalt, water, sky or snow; a dozen of each count as sources of their own."""
    name = pick(studio.random, list(bare.SURFACES))
    photo = Photo(
        Path(f"{name}-{studio.random.integers(12)}"),
        f"drawn:{name}-{studio.random.integers(12)}",
        name,
        "plain",
    )
    cam = camera.camera(studio.random, (1280, 960), False, False, SIZES)
    scene = bare.SURFACES[name](cam.height, cam.width, studio.random)
    return _shown(studio, scene, cam, photo, "plain", "drawn")


def night_street(studio: Classroom) -> Item:
    """A day's street made night."""
    photo = pick(studio.random, [one for one in studio.still if one.condition == "day"])
    cam = studio.camera(photo, "night")
    return _shown(studio, studio.look(photo, cam, "night"), cam, photo, "night", "night")


def healthy(studio: Classroom) -> Item:
    """One healthy item, bare ones and nights among them."""
    dice = studio.random.random()
    if dice < BARE:
        return bare_window(studio)
    if dice < BARE + DRAWN:
        return drawn_surface(studio)
    return night_street(studio) if dice < BARE + DRAWN + NIGHT else make_items.healthy(studio)


def plan(per_kind: int, n_healthy: int, kinds: list[str]) -> list[tuple[str, float]]:
    """Kind and severity of every item."""
    wanted = []
    for kind in kinds:
        count = int(per_kind * WEIGHTS[kind])
        wanted += [(kind, (n + 0.5) / count) for n in range(count)]
    return wanted + [("healthy", 0.0)] * n_healthy


def write(out: Path, studio: Classroom, wanted: list[tuple[str, float]], seed: int, numbers: range) -> int:
    """The items of these numbers; one that no scene shows in a few tries is left out. How many were written."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(wanted))
    written = 0
    with (
        (out / "items.jsonl").open("w", buffering=1) as items,
        (out / "truth.jsonl").open("w", buffering=1) as truth,
    ):
        for number in numbers:
            kind, severity = wanted[int(order[number])]
            item = _tried(studio, kind, severity, [seed, int(order[number])])
            if item is not None:
                make_items._write_one(out, f"{number:05d}", item, items, truth, "all")
                written += 1
            if number % 200 < numbers.step:
                print(f"{number} of {len(order)}", file=sys.stderr, flush=True)
    return written


def _tried(studio: Classroom, kind: str, severity: float, seed: list[int]) -> Item | None:
    for attempt in range(TRIES):
        studio.random = np.random.default_rng([*seed, attempt])
        try:
            return healthy(studio) if kind == "healthy" else make_items.make(studio, kind, severity)
        except RuntimeError as reason:
            print(reason, file=sys.stderr, flush=True)
    return None


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-kind", type=int, default=400)
    parser.add_argument("--healthy", type=int, default=4000)
    parser.add_argument("--kinds", help="only these kinds, by commas")
    parser.add_argument("--part", default="0/1", help="the first of every so many items, e.g. 1/2")
    parser.add_argument("--since", type=int, default=0, help="start at this item")
    parser.add_argument("--until", type=int, help="stop at this item; all kinds come mixed")
    parser.add_argument("--frames", help="folder with manifest.csv; CAMERAHUB_FRAMES if not given")
    args = parser.parse_args(arguments)
    first, step = (int(number) for number in args.part.split("/"))
    studio = Classroom(sources.everything(args.frames), np.random.default_rng(args.seed))
    kinds = args.kinds.split(",") if args.kinds else list(FAULTS)
    wanted = plan(args.per_kind, args.healthy, kinds)
    first += -(-max(0, args.since - first) // step) * step
    numbers = range(first, min(len(wanted), args.until or len(wanted)), step)
    print(f"{write(args.out, studio, wanted, args.seed, numbers)} items in {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
