"""Items on disk from a seed: ``python -m benchmarks.eye.make_items --seed 1 --out DIR --per-kind 20``.

Writes the pictures, ``items.jsonl`` (``id``, ``images``, ``gap_s``: what a judge may see) and ``truth.jsonl`` (``id``,
``faults``, ``source``, ``scene``, ``condition``, ``made``, ``severity``, ``way``, ``split``). One item has one fault or
none; severities run evenly from just visible to gross. The same seed, pictures and versions give the same items
(but for ``mosaic`` by ``real``: a decoder conceals what it lost with whatever its buffers hold).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.eye import camera, faults, light, pairs, sources
from benchmarks.eye.camera import Camera, Faults
from benchmarks.eye.faults import FAULTS, SENSELESS, Way
from benchmarks.eye.image import Bytes, Image, Random, between, floats, graded, pick
from benchmarks.eye.sources import Photo

PAIRED = ("frozen", "scene_change")
KINDS = (*FAULTS, *PAIRED)
#: Made conditions of healthy and faulty items and their odds; None leaves the photo as it is.
MADE = {
    None: 0.45,
    "night": 0.14,
    "ir": 0.15,
    "rain": 0.06,
    "snow": 0.06,
    "fog": 0.05,
    "dusk": 0.05,
    "low_sun": 0.04,
}
TRIES = 60


@dataclass(slots=True)
class Item:
    """One item and its truth, pictures as JPEG files in memory, the newest last."""

    faults: list[str]
    images: list[bytes]
    photo: Photo
    condition: str
    made: str | None = None
    severity: float | None = None
    way: str = ""
    gap_s: float | None = None
    notes: dict[str, object] = field(default_factory=dict)


class Studio:
    """The photos of one split, by condition, and the seeded choice among them."""

    def __init__(self, photos: list[Photo], random: Random) -> None:
        self.random = random
        self.still = [photo for photo in photos if photo.older is None and photo.role in ("healthy", "clip")]
        self.real = [photo for photo in photos if photo.older is not None or photo.role == "clip"]
        self.broken = [photo for photo in photos if photo.role.startswith("fault:")]
        self._cache: dict[Path, Bytes] = {}
        self.conditions = sorted({photo.condition for photo in self.still})

    def read(self, path: Path) -> Bytes:
        if path not in self._cache:
            if len(self._cache) > 60:
                self._cache.clear()
            self._cache[path] = sources.read(path)
        return self._cache[path]

    def photo(self, condition: str | None = None) -> Photo:
        """A photo of a condition; without one, the condition is drawn first, so that the scarce ones are not lost."""
        if condition is None:
            common = {"day": 4.0, "plain": 1.5, "indoor": 1.5}
            counts = [sum(photo.condition == c for photo in self.still) for c in self.conditions]
            weights = np.array(
                [common.get(c, 1.2) * min(1.0, n / 4) for c, n in zip(self.conditions, counts, strict=True)]
            )
            condition = self.conditions[int(self.random.choice(len(weights), p=weights / weights.sum()))]
        return pick(self.random, [photo for photo in self.still if photo.condition == condition])

    def scene(self, made: str | None = "?") -> tuple[Photo, str | None, str]:
        """Photo, made condition (or None), and the condition it counts as. Night, infrared, fog, rain and snow
        pictures stay as they are."""
        photo = self.photo()
        if made == "?":
            names = list(MADE)
            odds = np.array(list(MADE.values()))
            made = names[int(self.random.choice(len(names), p=odds / odds.sum()))]
        if (made and photo.condition not in ("day", "indoor", "plain")) or (
            made in ("rain", "snow", "low_sun", "fog") and photo.condition != "day"
        ):
            made = None
        return photo, made, light.COUNTS_AS.get(made, made) if made else photo.condition

    def look(self, photo: Photo, cam: Camera, made: str | None) -> Image:
        scene = camera.fitted(self.read(photo.path), cam.width, cam.height, self.random)
        if self.random.random() < 0.5:  # a mirrored street is a street
            scene = np.ascontiguousarray(scene[:, ::-1])
        return light.CONDITIONS[made](scene, self.random) if made else scene

    def ways(self, kind: str) -> tuple[Way, ...]:
        """The ways in which a kind may come about here."""
        return FAULTS[kind]

    def camera(self, photo: Photo, condition: str, video: bool = False) -> Camera:
        height, width = self.read(photo.path).shape[:2]
        return camera.camera(self.random, (width, height), condition in ("night", "ir"), video)


def healthy(studio: Studio) -> Item:
    """One picture, nothing wrong."""
    photo, made, condition = studio.scene()
    cam = studio.camera(photo, condition)
    seen = camera.seen(studio.look(photo, cam, made), cam, studio.random, mono=condition == "ir")
    return Item([], camera.coded([camera.sent(seen, cam)], cam), photo, condition, made, way="single")


def faulty(studio: Studio, kind: str, severity: float) -> Item:
    """One picture with one fault that a person can see; another scene is tried until there is."""
    ways = studio.ways(kind)
    odds = np.array([way.weight for way in ways])
    for attempt in range(TRIES):
        if attempt % 20 == 0:
            way = ways[int(studio.random.choice(len(ways), p=odds / odds.sum()))]
        photo, made, condition = studio.scene()
        if condition in SENSELESS.get(kind, ()) or made in SENSELESS.get(kind, ()):
            continue
        cam = studio.camera(photo, condition)
        scene = studio.look(photo, cam, made)
        picture = with_fault(scene, cam, studio.random, kind, way, severity, condition == "ir")
        if picture is not None:
            return Item([kind], camera.coded([picture], cam), photo, condition, made, severity, way.name)
    raise RuntimeError(f"{kind} by {way.name}: no scene of {len(studio.still)} shows it")


def with_fault(
    scene: Image, cam: Camera, random: Random, kind: str, way: Way, severity: float, mono: bool
) -> Image | None:
    """The picture before the codec, or None when a person would not see the fault in this scene."""
    seed = int(random.integers(2**32))

    def make(image: Image) -> Image:
        return way.make(image, severity, np.random.default_rng(seed))

    def exposed(broken: Faults) -> Image:
        return camera.seen(scene, cam, np.random.default_rng(seed + 1), broken, mono)

    if way.stage == "optics" and not faults.visible(kind, scene, make(scene)):
        return None
    broken = Faults(**{way.stage: make})
    if way.stage == "optics":
        return camera.sent(exposed(broken), cam)
    before, after = exposed(Faults()), exposed(broken)
    picture = camera.sent(after, cam, 0, broken)
    if way.stage in ("line", "stream"):
        return picture if faults.visible(kind, camera.sent(before, cam), picture) else None
    return picture if faults.visible(kind, before, after) else None


def real_fault(studio: Studio, photo: Photo) -> Item:
    """A picture that was faulty when it was taken; only name, clock and codec are added."""
    cam = studio.camera(photo, photo.condition)
    scene = camera.fitted(studio.read(photo.path), cam.width, cam.height, studio.random)
    kind = photo.role.removeprefix("fault:")
    seen = camera.seen(scene, cam, studio.random)
    return Item(
        [kind], camera.coded([camera.sent(seen, cam)], cam), photo, photo.condition, None, None, "real"
    )


def _gap(random: Random) -> float:
    return float(round(10 ** between(random, 0.7, 3.0)))


def healthy_pair(studio: Studio) -> Item:
    """Two pictures of one camera, nothing wrong: quiet, busy, windy, other light; some of real cameras."""
    random, gap = studio.random, _gap(studio.random)
    if studio.real and random.random() < 0.15:
        return _real_pair(studio, pick(random, studio.real), gap)
    photo, made, condition = studio.scene()
    by_day = (made is None and condition in ("day", "plain")) or made == "low_sun"
    ways = {name: weight for name, (_, weight) in pairs.HEALTHY.items() if by_day or name not in pairs.BY_DAY}
    odds = np.array(list(ways.values()))
    way = list(ways)[int(random.choice(len(ways), p=odds / odds.sum()))]
    cam = studio.camera(photo, condition, video=True)
    scene = studio.look(photo, cam, made)
    stock = floats(studio.read(studio.photo().path))
    older = pairs.things(scene, random, stock) if way == "busy" else scene
    newer = pairs.HEALTHY[way][0](scene, stock, random)
    mono = condition == "ir"
    if way == "quiet" and random.random() < 0.3:
        coded = pairs.thin_stream(scene, cam, gap, random, mono)
        return Item([], coded, photo, condition, made, None, "pair_thin", gap)
    images = [
        camera.sent(camera.seen(picture, cam, random, mono=mono), cam, after)
        for picture, after in ((older, 0.0), (newer, gap))
    ]
    return Item([], camera.coded(images, cam), photo, condition, made, None, f"pair_{way}", gap)


def _real_pair(studio: Studio, photo: Photo, gap: float) -> Item:
    if photo.older is None:
        both = sources.two_of(photo.path, studio.random)
    else:
        both = studio.read(photo.older), studio.read(photo.path)
    height, width = both[0].shape[:2]
    cam = camera.camera(studio.random, (width, height), photo.condition in ("night", "ir"))
    images = [
        camera.sent(_sized(picture, cam), cam, after) for picture, after in zip(both, (0.0, gap), strict=True)
    ]
    return Item([], camera.coded(images, cam), photo, photo.condition, None, None, "pair_real", gap)


def _sized(image: Bytes, cam: Camera) -> Image:
    return camera.resized(floats(image), cam.width, cam.height)


def frozen(studio: Studio, severity: float) -> Item:
    """One exposure, twice."""
    photo, made, condition = studio.scene()
    cam = studio.camera(photo, condition)
    seen = camera.seen(studio.look(photo, cam, made), cam, studio.random, mono=condition == "ir")
    gap = _gap(studio.random)
    way, images = pairs.frozen(seen, cam, gap, studio.random)
    return Item(["frozen"], images, photo, condition, made, severity, way, gap)


def moved(studio: Studio, severity: float) -> Item:
    """Two scenes that a person tells apart."""
    random = studio.random
    for _ in range(TRIES):
        photo, made, condition = studio.scene()
        other = pick(
            random,
            [p for p in studio.still if p.path != photo.path and (not p.group or p.group != photo.group)],
        )
        cam = studio.camera(photo, condition)
        first, second = studio.read(photo.path), studio.read(other.path)
        way, before, after = pairs.elsewhere(first, second, severity, random, (cam.width, cam.height))
        if way != "other" and photo.condition == "plain":  # grass here is as grass there
            continue
        if pairs.alike(before, after) or not (pairs.textured(before) and pairs.textured(after)):
            continue
        if made:
            before, after = (light.CONDITIONS[made](picture, random) for picture in (before, after))
        gap, mono = _gap(random), condition == "ir"
        images = [
            camera.sent(camera.seen(picture, cam, random, mono=mono), cam, late)
            for picture, late in ((before, 0.0), (after, gap))
        ]
        return Item(["scene_change"], camera.coded(images, cam), photo, condition, made, severity, way, gap)
    raise RuntimeError("no two scenes with something to see")


def sequence(studio: Studio, severity: float | None) -> Item:
    """Six pictures within 2 s: a pole that swings far (``shake``), or one in a light wind with traffic."""
    random, count = studio.random, 6
    for _ in range(TRIES):
        photo, made, condition = studio.scene()
        cam = studio.camera(photo, condition, video=True)
        scene = studio.look(photo, cam, made)
        if pairs.textured(scene):
            break
    stock = floats(studio.read(studio.photo().path))
    scenes = [scene if random.random() < 0.5 else pairs.things(scene, random, stock) for _ in range(count)]
    swing = between(random, 0, 1.5) if severity is None else graded(severity, 6, 40)
    scenes = [pairs.shaken(view, random, 1, swing)[0] for view in scenes]
    mono = condition == "ir"
    images = [
        camera.sent(camera.seen(view, cam, random, mono=mono), cam, 0.4 * n) for n, view in enumerate(scenes)
    ]
    kinds = [] if severity is None else ["shake"]
    return Item(kinds, camera.coded(images, cam), photo, condition, made, severity, "sequence", 0.4)


def make(studio: Studio, kind: str, severity: float) -> Item:
    """One faulty item of a kind."""
    if kind == "frozen":
        return frozen(studio, severity)
    if kind == "shake":
        return sequence(studio, severity)
    if kind == "scene_change":
        return moved(studio, severity)
    real = [photo for photo in studio.broken if photo.role == f"fault:{kind}"]
    if real and studio.random.random() < 0.1:
        return real_fault(studio, pick(studio.random, real))
    return faulty(studio, kind, severity)


def plan(per_kind: int, n_healthy: int, n_pairs: int) -> list[tuple[str, float]]:
    """Kind and severity of every item: severities evenly over 0..1 within each kind."""
    wanted = [(kind, (i + 0.5) / per_kind) for kind in KINDS for i in range(per_kind)]
    return wanted + [("healthy", 0.0)] * n_healthy + [("healthy_pair", 0.0)] * n_pairs


def write(out: Path, studio: Studio, wanted: list[tuple[str, float]], seed: int, name: str) -> int:
    """Make the items one by one, each from a seed of its own, and write them. How many were written."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(wanted))
    with (
        (out / "items.jsonl").open("w", encoding="utf-8") as items,
        (out / "truth.jsonl").open("w", encoding="utf-8") as truth,
    ):
        for number, index in enumerate(order):
            kind, severity = wanted[int(index)]
            studio.random = np.random.default_rng([seed, int(index)])
            makers = {
                "healthy": healthy,
                "healthy_pair": healthy_pair,
                "healthy_sequence": lambda of: sequence(of, None),
            }
            item = makers[kind](studio) if kind in makers else make(studio, kind, severity)
            _write_one(out, f"{name}-{number:05d}", item, items, truth, name)
            if number % 100 == 99:
                print(f"{number + 1} of {len(wanted)}", file=sys.stderr, flush=True)
    return len(wanted)


def _write_one(out: Path, ident: str, item: Item, items, truth, name: str) -> None:  # type: ignore[no-untyped-def]
    paths = []
    for n, data in enumerate(item.images):
        path = f"images/{ident}-{n}.jpg"
        (out / path).write_bytes(data)
        paths.append(path)
    line = {"id": ident, "images": paths} | ({"gap_s": item.gap_s} if item.gap_s is not None else {})
    items.write(json.dumps(line) + "\n")
    facts = {
        "id": ident, "faults": item.faults, "source": item.photo.source, "file": item.photo.path.name,
        "scene": item.photo.scene, "condition": item.condition, "made": item.made,
        "severity": None if item.severity is None else round(item.severity, 3), "way": item.way,
        "pair": len(item.images) > 1, "split": name,
    }  # fmt: skip
    truth.write(json.dumps(facts, ensure_ascii=False) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-kind", type=int, default=20)
    parser.add_argument(
        "--healthy", type=int, help="healthy single pictures; five times --per-kind if not given"
    )
    parser.add_argument("--pairs", type=int, help="healthy pairs; twice --per-kind if not given")
    parser.add_argument("--sequences", type=int, default=0, help="of shake, and as many healthy ones")
    parser.add_argument("--split", choices=("dev", "held", "all"), default="dev")
    parser.add_argument("--held", type=int, default=0, help="the fold of sources that is held out, 0..3")
    parser.add_argument("--frames", help="folder with manifest.csv; CAMERAHUB_FRAMES if not given")
    parser.add_argument("--kinds", help="only these kinds, by commas")
    args = parser.parse_args(arguments)
    photos = sources.everything(args.frames)
    if args.split != "all":
        photos = [photo for photo in photos if sources.split(photo.source, args.held) == args.split]
    counts = (
        args.per_kind * 5 if args.healthy is None else args.healthy,
        args.per_kind * 2 if args.pairs is None else args.pairs,
    )
    wanted = plan(args.per_kind, *counts)
    for n in range(args.sequences):
        wanted += [("shake", (n + 0.5) / args.sequences), ("healthy_sequence", 0.0)]
    if args.kinds:
        wanted = [one for one in wanted if one[0] in args.kinds.split(",")]
    studio = Studio(photos, np.random.default_rng(args.seed))
    n = write(args.out, studio, wanted, args.seed, args.split)
    print(
        f"{n} items of {len(studio.still)} photos from {len({p.source for p in photos})} sources in {args.out}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
