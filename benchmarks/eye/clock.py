"""Round the clock: how many healthy cameras are called faulty, and how soon real faults are found, once confirmed.

A second day beside ``day``, written without a look at it: many cameras before few scenes instead of many scenes, three
sizes of picture, weather of the whole day, low sun, and answers of the real fold.
``python -m benchmarks.eye.clock --cameras 1000 --faults 100 --seed 1``: 96 rounds of 15 minutes for cameras whose light
goes through dusk, night, infrared, rain, fog and snow (``footage``), each judged beside its own past, which it learns
in a day of fewer rounds before; answers change by the real fold (``core.health``, facet picture). A fault befalls a
camera at a random round in which a person sees it, and stays for six rounds. ``--without-past`` judges each picture
alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from benchmarks.eye import faults, sources
from benchmarks.eye.camera import Faults
from benchmarks.eye.faults import FAULTS, SENSELESS
from benchmarks.eye.footage import ROUND_S, ROUNDS, Scene, View, decoded, exposed, lit, named, picture, view
from benchmarks.eye.image import Bytes, Image, Random, floats, pick
from benchmarks.eye.sources import Photo
from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import POLICIES, Answer, States, fold
from camerahub.core.result import PROBE_KINDS, REASON_CODES, Facet
from camerahub.frames.diagnosis import Diagnosis, Item, diagnose_many
from camerahub.frames.past import Past
from camerahub.frames.trace import Trace

KINDS = (*FAULTS, "frozen", "scene_change")
#: A fault stays for so many rounds; it must be confirmed within FOUND of them.
STAYS, FOUND = 6, 2
#: Of the day before, in which the past is learned, every so many rounds are looked at.
BEFORE = 6
_T0 = 1_790_000_000_000_000
_BARS = (1, 0.97)


@dataclass(slots=True)
class Misfortune:
    """``kind`` befalls a camera at round ``at``: ``broken`` stages, or another ``scene``; told in round ``found``."""

    kind: str
    way: str
    at: int
    broken: Faults = field(default_factory=Faults)
    scene: Scene | None = None
    found: int | None = None
    named: bool = False
    every: int = 1

    def now(self, at: int) -> bool:
        return self.at <= at < self.at + STAYS * self.every


@dataclass(slots=True)
class One:
    """A camera of the simulation; ``past`` as it travels; ``still``: the exposure that a frozen one repeats."""

    seen: View
    random: Random
    past: bytes = b""
    misfortune: Misfortune | None = None
    still: Bytes | None = None


@dataclass(slots=True)
class Tally:
    """``wrong``: (camera, round, kinds) of healthy cameras called faulty; ``raw`` by hour and kind before the fold."""

    pictures: int = 0
    healthy: int = 0
    wrong: list[tuple[int, int, str, str]] = field(default_factory=list)
    raw: Counter[tuple[int, str]] = field(default_factory=Counter)
    raw_hours: Counter[int] = field(default_factory=Counter)
    unlucky: list[Misfortune] = field(default_factory=list)
    judge_s: float = 0.0


def befallen(
    one: One, scene: Scene, other: Scene, kind: str, photo: Photo, every: int = 1
) -> Misfortune | None:
    """A fault of ``kind`` at a round at which a person sees it; None when this camera shows none."""
    random = one.random
    for _ in range(12):
        at = every * int(random.integers(4, ROUNDS // every - STAYS + 1))
        light = lit(one.seen, at * 24 / ROUNDS)[0]
        if kind == "frozen":
            return Misfortune(kind, "repeat", at, every=every)
        if kind == "scene_change":
            return Misfortune(kind, "other", at, scene=other, every=every)
        if light in SENSELESS.get(kind, ()) or photo.condition in SENSELESS.get(kind, ()):
            continue
        ways = FAULTS[kind]
        odds = np.array([way.weight for way in ways])
        way = ways[int(random.choice(len(ways), p=odds / odds.sum()))]
        broken = _broken(way, float(random.random()), int(random.integers(2**32)))
        seed = int(random.integers(2**32))
        clean, faulty = (
            floats(exposed(scene, one.seen, at, np.random.default_rng(seed), what))
            for what in (Faults(), broken)
        )
        if faults.visible(kind, clean, faulty):
            return Misfortune(kind, way.name, at, broken, every=every)
    return None


def _broken(way: faults.Way, severity: float, seed: int) -> Faults:
    def make(image: Image) -> Image:
        return way.make(image, severity, np.random.default_rng(seed))

    return Faults(**{way.stage: make})


def seen_at(one: One, scene: Scene, at: int) -> Bytes:
    """What the camera sends in round ``at``."""
    ill = one.misfortune if one.misfortune and one.misfortune.now(at) else None
    if ill is None:
        return exposed(scene, one.seen, at, one.random)
    if ill.kind != "frozen":
        return exposed(ill.scene or scene, one.seen, at, one.random, ill.broken)
    if one.still is None:  # the sensor stops: one exposure, the recorder's clock runs on
        one.still = _unnamed(one, scene, at)
    return decoded(named(one.still.copy(), one.seen, at), one.seen.cam.quality)


def _unnamed(one: One, scene: Scene, at: int) -> Bytes:
    seen = replace(one.seen, cam=replace(one.seen.cam, look=None))
    return exposed(scene, seen, at, one.random)


class Day:
    """The cameras of one scene after the other; what was said is folded at the end of each scene."""

    def __init__(self, past: bool, every: int = 1) -> None:
        self._with_past, self._every, self.tally = past, every, Tally()

    def scene(self, scene: Scene, ones: list[One], first: int) -> None:
        """One scene's cameras through the day before and the day."""
        states = States.fresh(len(ones), (POLICIES[Facet.PICTURE],))
        for at in range(0, ROUNDS, max(BEFORE, self._every)) if self._with_past else ():
            self._round(scene, ones, at - ROUNDS)
        for at in range(0, ROUNDS, self._every):
            told = self._round(scene, ones, at)
            self._count(ones, told, at)
            self._fold(states, ones, told, at, first)
        self.tally.unlucky += [one.misfortune for one in ones if one.misfortune]

    def _round(self, scene: Scene, ones: list[One], at: int) -> list[Diagnosis]:
        hour = at % ROUNDS * 24 / ROUNDS
        pictures = [picture(seen_at(one, scene, at)) for one in ones]
        started = time.process_time()
        pasts = [Past.from_bytes(one.past) if self._with_past else None for one in ones]
        items = [Item((new,), past=past, hour=hour) for new, past in zip(pictures, pasts, strict=True)]
        told = diagnose_many(items)
        for one, new, said, past in zip(ones, pictures, told, pasts, strict=True):
            if past is not None and said.verdict != "unknown":
                after = past.observe(Trace.of(new), said.measures, said.mode, said.faults, hour)
                one.past = after.to_bytes()
        self.tally.judge_s += time.process_time() - started
        self.tally.pictures += len(ones)
        return told

    def _count(self, ones: list[One], told: list[Diagnosis], at: int) -> None:
        hour = at * 24 // ROUNDS
        for one, said in zip(ones, told, strict=True):
            if one.misfortune is None:
                self.tally.healthy += 1
                self.tally.raw.update((hour, kind) for kind in said.faults)
                self.tally.raw_hours[hour] += bool(said.faults)

    def _fold(self, states: States, ones: list[One], told: list[Diagnosis], at: int, first: int) -> None:
        now = _T0 + int(at * ROUND_S * 1e6)
        batch = np.zeros(len(ones), dtype=RESULT_DTYPE)
        batch["endpoint"], batch["probe"] = np.arange(len(ones)), PROBE_KINDS["picture"].code
        batch["started_at"] = now
        batch["reason"] = [REASON_CODES[next(iter(said.faults), "ok")] for said in told]
        flips = fold(states, np.arange(len(ones)), batch, now).flips
        for place, after in zip(flips.index.tolist(), flips.new.tolist(), strict=True):
            if after == Answer.DOWN:
                self._down(ones[place], told[place], at, first + place)

    def _down(self, one: One, said: Diagnosis, at: int, camera: int) -> None:
        ill = one.misfortune
        if ill is not None and ill.now(at):
            if ill.found is None:
                ill.found = (at - ill.at) // ill.every + (
                    ill.kind != "frozen"
                )  # nothing repeats the first time
                ill.named = ill.kind in said.faults
        elif ill is None or at < ill.at:
            self.tally.wrong.append((camera, at, ",".join(said.faults), "/".join(map(str, lit_of(one, at)))))


def lit_of(one: One, at: int) -> tuple[str, str, float]:
    one_light, other, share = lit(one.seen, at * 24 / ROUNDS)
    return one_light, other, round(share, 2)


def stills(photos: list[Photo]) -> list[Photo]:
    """Photos that can be shown in every light: taken by day, or indoors, or clips."""
    return [
        photo
        for photo in photos
        if photo.older is None
        and (
            photo.role == "clip"
            or (photo.role == "healthy" and photo.condition in ("day", "indoor", "plain"))
        )
    ]


def simulate(
    photos: list[Photo], cameras: int, ill: int, seed: int, scenes: int, past: bool, every: int = 1
) -> Tally:
    """A day of ``cameras`` of which ``ill`` get a fault, before ``scenes`` scenes drawn from ``photos``;
    only every so many rounds of it are looked at."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(photos))
    chosen = [photos[order[at % len(photos)]] for at in range(scenes)]
    unlucky = set(random.permutation(cameras)[:ill].tolist())
    day, kinds, made = Day(past, every), iter(np.resize(random.permutation(KINDS), max(ill, 1))), 0
    for at, photo in enumerate(chosen):
        stock = sources.read(pick(random, photos).path)
        scene, other = Scene(photo, stock, seed * 1000 + at), _other(chosen, at, stock, seed)
        count = cameras * (at + 1) // scenes - cameras * at // scenes
        ones = []
        for number in range(made, made + count):
            own = np.random.default_rng((seed, number))
            one = One(view(own, photo), own)
            if number in unlucky:
                kind = str(next(kinds))
                tries = (
                    befallen(one, scene, other, name, photo, every)
                    for name in (kind, *random.permutation(KINDS))
                )
                one.misfortune = next(fate for fate in tries if fate)
            ones.append(one)
        day.scene(scene, ones, made)
        made += count
        if made % max(1, cameras // 10) < count:
            print(
                f"{made} cameras, {time.process_time():.0f} s CPU, {len(day.tally.wrong)} wrong",
                file=sys.stderr,
            )
    return day.tally


def _other(chosen: list[Photo], at: int, stock: Bytes, seed: int) -> Scene:
    elsewhere = next(
        (one for one in chosen[at + 1 :] + chosen[:at] if one.path != chosen[at].path), chosen[at]
    )
    return Scene(elsewhere, stock, seed * 1000 + 500 + at)


def report(tally: Tally) -> list[str]:
    """Figures in lines: false alarms by hour and kind, what was found by kind, the bars."""
    wrong = {camera for camera, *_ in tally.wrong}
    kinds = Counter(kind for _, _, told, _ in tally.wrong for kind in told.split(","))
    before = sum(tally.raw_hours.values())
    lines = [
        f"{tally.pictures} pictures judged in {tally.judge_s:.0f} s CPU",
        f"healthy: {tally.healthy} pictures, {before} called faulty before confirmation ({before / tally.healthy:.3%})",
        f"cameras falsely faulted after confirmation: {len(wrong)} (bar {_BARS[0]}) {dict(kinds)}",
        "  by hour before confirmation: " + " ".join(f"{h}:{tally.raw_hours[h]}" for h in range(24)),
    ]
    by_kind = Counter[str]()
    for (_, kind), count in tally.raw.items():
        by_kind[kind] += count
    lines.append("  by kind before confirmation: " + " ".join(f"{k}:{n}" for k, n in by_kind.most_common()))
    lines += [
        f"  camera {c} at {r * 24 / ROUNDS:05.2f} h in {where}: {told}"
        for c, r, told, where in tally.wrong[:20]
    ]
    return lines + _found(tally)


def _found(tally: Tally) -> list[str]:
    lines = ["kind            faults  found in 2  in 3  in 6  named"]
    rows = {kind: [fate for fate in tally.unlucky if fate.kind == kind] for kind in KINDS}
    for kind, fates in (*rows.items(), ("all", tally.unlucky)):
        within = [
            sum(fate.found is not None and fate.found <= n for fate in fates) for n in (FOUND, 3, STAYS)
        ]
        words = sum(fate.named for fate in fates)
        lines.append(f"{kind:<15} {len(fates):>6} {within[0]:>11} {within[1]:>5} {within[2]:>5} {words:>6}")
    missed = Counter(f"{fate.kind}/{fate.way}" for fate in tally.unlucky if (fate.found or 99) > FOUND)
    return [*lines, "not found in 2: " + " ".join(f"{name}:{n}" for name, n in missed.most_common())]


def main(arguments: list[str] | None = None) -> int:
    """See the module. Exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=1000)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames")
    parser.add_argument("--held", type=int, help="only sources of this fold")
    parser.add_argument("--without-past", action="store_true")
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)  # its threads wait for each other longer than such small pictures take
    photos = stills(sources.everything(args.frames))
    if args.held is not None:
        photos = [photo for photo in photos if photo.fold == args.held]
    tally = simulate(photos, args.cameras, args.faults, args.seed, args.scenes, not args.without_past)
    print("\n".join(report(tally)))
    found = sum(fate.found is not None and fate.found <= FOUND for fate in tally.unlucky)
    good = len({camera for camera, *_ in tally.wrong}) <= _BARS[0] and found >= _BARS[1] * len(tally.unlucky)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
