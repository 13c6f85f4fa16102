"""The second examiner of the eye: a generator of faulty and healthy pictures that knows nothing of the first.

    python -m benchmarks.eye.examiner --seed 1 --out DIR --pictures FOLDER... [--healthy 720 --per-kind 60 --part 0/2]
    python -m benchmarks.eye.examiner --out DIR --score answers.jsonl

What is learned with one generator's faults is worth what another's say of it. Nothing here may be imported by the eye
or its learning, and thresholds are not to be fitted to it. A set is ``DIR/items.jsonl``, ``DIR/truth.jsonl`` and
JPEGs. ``--score`` takes lines of ``{"id", "faults"}``; ``--misses`` lists what went wrong.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.eye import examiner_pair as pairs
from benchmarks.eye import examiner_score
from benchmarks.eye.examiner_camera import Sensor, Text, encoded, exposed, labelled, make_sensor, make_text
from benchmarks.eye.examiner_fault import FAULTS, LIGHT, Way
from benchmarks.eye.examiner_scene import Pixels, Rng, Source, View, detail, luma, sized, sources, view

#: Condition -> share of healthy items: the hard ones are the many.
HEALTHY = {
    "day": 16,
    "indoor": 6,
    "lowsun": 6,
    "backlight": 6,
    "plain": 9,
    "night": 20,
    "ir": 14,
    "fog": 8,
    "rain": 8,
}
HEALTHY["snow"] = 7
#: Condition -> share of faulty items: more than a third by night or in infrared light, as a county has them.
FAULTY = {
    "day": 27,
    "indoor": 7,
    "lowsun": 3,
    "backlight": 3,
    "plain": 4,
    "night": 21,
    "ir": 15,
    "fog": 6,
    "rain": 7,
}
FAULTY["snow"] = 7
#: Kind -> conditions in which a person could not tell it, or it would be another thing.
NOT_IN = {
    "blur": ("plain", "fog", "lowsun"),
    "low_contrast": ("plain", "fog", "lowsun"),
    "mosaic": ("plain", "lowsun"),
    "occlusion": ("plain", "lowsun"),
    "scene_change": ("plain",),
    "overexposed": ("plain", "backlight", "lowsun"),
    "underexposed": ("plain", "lowsun"),
    "colour_cast": ("lowsun",),
}
#: Kinds that take something away from a picture, and the detail a picture needs for that to be seen.
_NEEDS_DETAIL = {"blur": 5.0, "mosaic": 4.0, "low_contrast": 4.0, "scene_change": 4.0, "underexposed": 3.0}
#: Kinds whose second moment is other than the first by chance, and kinds never asked of a pair (nothing would move).
_FRESH, _SINGLE = ("snow_noise", "mosaic"), ("no_signal", "black")
#: Grey levels by which a picture must differ from its healthy self, 3 when not told.
_STEP = {"occlusion": 10.0, "snow_noise": 6.0, "stripes": 5.0}
HEALTHY_PAIRS, FAULTY_PAIRS, WITH_TEXT = 0.28, 0.12, 0.7


class Item(NamedTuple):
    """One item as asked and as it is."""

    images: list[bytes]
    gap_s: float | None
    faults: tuple[str, ...]
    cond: str
    source: str
    severity: float
    how: str


class Folder(NamedTuple):
    """What there is to make items of."""

    pictures: list[Source]
    pairs: list[tuple[Path, Path]]


def pick(rng: Rng, shares: dict[str, int], without: Sequence[str] = ()) -> str:
    names = [name for name in shares if name not in without]
    weights = np.array([shares[name] for name in names], float)
    return str(rng.choice(names, p=weights / weights.sum()))


def healthy(rng: Rng, folder: Folder) -> Item:
    """A healthy picture, or a healthy pair."""
    seen = view(rng, folder.pictures, pick(rng, HEALTHY))
    sensor, text = make_sensor(rng, seen.cond), make_text(rng) if rng.random() < WITH_TEXT else None
    if rng.random() >= HEALTHY_PAIRS:
        image = encoded(labelled(exposed(rng, sensor, seen.pixels), text, 0), sensor.quality)
        return Item([image], None, (), seen.cond, seen.source, 0.0, "single")
    how = str(rng.choice(list(pairs.HEALTHY_PAIRS)))
    if folder.pairs and rng.random() < 0.15:
        how = "real"
        seen, moments = pairs.real_pair(rng, folder.pairs[rng.integers(len(folder.pairs))])
    else:
        moments = pairs.HEALTHY_PAIRS[how](rng, seen, folder.pictures)
    sensor = replace(sensor, read=max(sensor.read, 1.5), quality=max(sensor.quality, 55))
    seconds = pairs.gap(rng)
    images = shot(rng, moments, sensor, text or make_text(rng), seconds)
    return Item(images, seconds, (), seen.cond, seen.source, 0.0, how.removesuffix("_again"))


def shot(
    rng: Rng, moments: Sequence[Pixels], sensor: Sensor, text: Text | None, seconds: float
) -> list[bytes]:
    """Each moment through the camera: its own noise, its own time."""
    return [
        encoded(labelled(exposed(rng, sensor, light), text, seconds * place), sensor.quality)
        for place, light in enumerate(moments)
    ]


def faulty(rng: Rng, folder: Folder, kind: str) -> Item:
    """An item with one fault that a person sees; other views are tried until it shows."""
    for _ in range(30):
        seen = view(rng, folder.pictures, pick(rng, FAULTY, NOT_IN.get(kind, ())))
        if detail(seen.pixels) < _NEEDS_DETAIL.get(kind, 0.0):
            continue
        made = (
            _pair_fault(rng, folder, kind, seen)
            if kind in ("frozen", "scene_change")
            else _broken(rng, kind, seen)
        )
        if made is not None:
            return made
    raise ValueError(f"no picture shows {kind}: give more pictures")


def _pair_fault(rng: Rng, folder: Folder, kind: str, seen: View) -> Item | None:
    sensor, text = make_sensor(rng, seen.cond), make_text(rng) if rng.random() < WITH_TEXT else None
    seconds, severity = pairs.gap(rng), float(rng.random())
    if kind == "frozen":
        how = str(rng.choice(list(pairs.FROZEN)))
        seconds = max(seconds, 10.0)
        images = pairs.frozen(rng, how, seen.pixels, sensor, text, seconds)
        return Item(images, seconds, (kind,), seen.cond, seen.source, severity, how)
    how = str(rng.choice(list(pairs.SCENE_CHANGES)))
    first, second = pairs.SCENE_CHANGES[how](rng, seen, folder.pictures)
    if how != "to_ground" and min(detail(first), detail(second)) < 2.5:
        return None
    images = shot(rng, (first, second), sensor, text, seconds)
    return Item(images, seconds, (kind,), seen.cond, seen.source, severity, how)


def _broken(rng: Rng, kind: str, seen: View) -> Item | None:
    """A picture (or two) with a fault of the light or the signal; None when it would not show."""
    how = str(rng.choice(list(FAULTS[kind])))
    way, severity, seed = FAULTS[kind][how], float(rng.random()), int(rng.integers(1 << 31))
    sensor, text = make_sensor(rng, seen.cond), make_text(rng) if rng.random() < WITH_TEXT else None
    twice = kind not in _SINGLE and rng.random() < FAULTY_PAIRS
    seconds = pairs.gap(rng) if twice else 0.0
    images = []
    for place in range(1 + twice):
        own = rng if kind in _FRESH else np.random.default_rng(seed)
        before = exposed(rng, sensor, seen.pixels if place == 0 else seen.later(rng))
        after = through(rng, own, way, severity, sensor, before if way.stage != LIGHT else seen.pixels)
        if not shows(kind, before, after):
            return None
        images.append(encoded(labelled(after, text, seconds * place), sensor.quality))
    return Item(images, seconds if twice else None, (kind,), seen.cond, seen.source, severity, how)


def through(rng: Rng, own: Rng, way: Way, severity: float, sensor: Sensor, light: Pixels) -> Pixels:
    """A picture with the fault: of the light before the sensor, or of the signal behind it."""
    broken = way.apply(own, light, severity).astype(np.float32)
    return exposed(rng, sensor, broken) if way.stage == LIGHT else broken.clip(0, 255)


def shows(kind: str, before: Pixels, after: Pixels) -> bool:
    """Whether a person who knows the place sees that something broke."""
    if kind == "colour_cast":
        return float(np.linalg.norm(_tint(after) - _tint(before))) > 11
    if kind == "blur":
        return _sharp(after) < 0.62 * _sharp(before)
    if kind == "overexposed":
        return float((luma(after) > 238).mean()) > 0.4 and float(luma(after).mean()) > 185
    if kind == "underexposed":
        return float(luma(after).mean()) < 0.6 * float(luma(before).mean()) and float(luma(after).std()) > 2.0
    return float(np.abs(after - before).mean()) > _STEP.get(kind, 3.0)


def _tint(pixels: Pixels) -> np.ndarray:
    lab = cv2.cvtColor(pixels.clip(0, 255).astype(np.uint8), cv2.COLOR_BGR2LAB)
    return lab[..., 1:].reshape(-1, 2).astype(float).mean(axis=0)


def _sharp(pixels: Pixels) -> float:
    """Detail of a picture with its noise smoothed away."""
    small = sized(cv2.GaussianBlur(pixels, (0, 0), 1.0), 480, 480 * pixels.shape[0] // pixels.shape[1])
    return float(np.abs(cv2.Laplacian(luma(small), cv2.CV_32F)).mean())


def plan(healthy_items: int, per_kind: int) -> Iterator[str]:
    """The kinds of the items to make, ``""`` for healthy."""
    yield from [""] * healthy_items
    for kind in examiner_score.KINDS:
        yield from [kind] * per_kind


def generate(folder: Folder, out: Path, seed: int, healthy_items: int, per_kind: int) -> int:
    """Write a set into ``out`` and answer its number of items. The same arguments give the same set."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    kinds = list(plan(healthy_items, per_kind))
    order = np.random.default_rng(seed).permutation(len(kinds))
    lines = []
    for place, number in enumerate(order):
        rng, kind = np.random.default_rng([seed, int(number)]), kinds[number]
        made = faulty(rng, folder, kind) if kind else healthy(rng, folder)
        lines.append(described(f"{place:05d}", made, out))
    for name, column in (("items.jsonl", 0), ("truth.jsonl", 1)):
        text = "".join(json.dumps(line[column]) + "\n" for line in lines)
        (out / name).write_text(text, encoding="utf-8")
    return len(kinds)


def described(name: str, item: Item, out: Path) -> tuple[dict, dict]:
    """Write the item's pictures; its line of ``items.jsonl`` and of ``truth.jsonl``."""
    paths = [out / "images" / f"{name}_{place}.jpg" for place in range(len(item.images))]
    for path, data in zip(paths, item.images, strict=True):
        path.write_bytes(data)
    asked = {"id": name, "images": [str(path) for path in paths], "gap_s": item.gap_s}
    known = {"id": name, "faults": list(item.faults), "cond": item.cond, "source": item.source}
    return asked, {**known, "severity": round(item.severity, 3), "how": item.how}


def show_score(folder: Path, answers: Path, misses: bool) -> None:
    truths, said = examiner_score.read_truth(folder), examiner_score.read_answers(answers)
    print(examiner_score.table(examiner_score.score(truths, said)))
    for title, counted in examiner_score.misses(truths, said).items() if misses else ():
        print(f"\n{title}:")
        for what, times in sorted(counted.items(), key=lambda pair: -pair[1]):
            print(f"{times:4d}  {what}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the set")
    parser.add_argument("--pictures", type=Path, nargs="+", help="folders of healthy pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--healthy", type=int, default=720)
    parser.add_argument("--per-kind", type=int, default=60)
    parser.add_argument("--part", default="0/1", help="K/N: only every N-th picture, from the K-th on")
    parser.add_argument("--score", type=Path, help="answers to score instead")
    parser.add_argument("--misses", action="store_true", help="with --score: list what went wrong")
    asked = parser.parse_args()
    if asked.score:
        show_score(asked.out, asked.score, asked.misses)
        return
    if not asked.pictures:
        parser.error("--pictures or --score is needed")
    part, parts = (int(number) for number in asked.part.split("/"))
    folder = Folder(sources(asked.pictures, part, parts), pairs.real_pairs(asked.pictures))
    print(f"{generate(folder, asked.out, asked.seed, asked.healthy, asked.per_kind)} items in {asked.out}")


if __name__ == "__main__":
    main()
