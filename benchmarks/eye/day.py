"""A day of life: ``python -m benchmarks.eye.day [--cameras 1000 --faulty 100 --seed 1 --jobs 2]``.

Cameras made of real pictures and clips live through 24 hours, a round every 15 minutes: sun and clouds, dusk, night in
colour or infrared, rain, traffic, a pole in the wind, each round with new noise, a running clock and a codec. Each
round is judged by ``diagnose`` with the camera's past, which travels as bytes, and confirmed by 2 of 3. A tenth of the
cameras gets a fault at some round. Printed are the cameras that were falsely faulted, and how soon faults were found:
the bars are at most one in a thousand, and 97 of 100 within two rounds of becoming visible (to ``faults.visible``).

Pictures are 320x180: what a camera looks like at each hour is worked out once, a round only mixes it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np

from benchmarks.eye import camera, faults, light, osd, pairs, sources
from benchmarks.eye.image import Bytes, Image, Random, between, clipped, floats, gaussian, grey, pick
from camerahub.frames.diagnosis import Diagnosis, diagnose
from camerahub.frames.past import Past
from camerahub.frames.picture import from_bgr
from camerahub.frames.trace import Trace

WIDTH, HEIGHT, ROUNDS = 320, 180, 96
#: Conditions of photos that can be lived through a day; others were taken by night or in fog already.
LIVED = ("day", "plain", "indoor")
#: Kinds that are injected, in turn.
KINDS = (*faults.FAULTS, "frozen", "scene_change")
#: A fault counts as found in time when it is confirmed so many rounds after it could be seen first.
IN_TIME = 2
#: Confirmed: so many of the last so many looks.
CONFIRM, WINDOW = 2, 3
Judge = Callable[[Bytes, bytes, float], tuple[Diagnosis, bytes]]


@dataclass(slots=True)
class Result:
    """One camera's day. ``false``: kinds confirmed without a fault, with the hour; ``single``: looks so judged.

    ``kind``, ``way`` injected at ``begun``, visible from round ``seen`` on; ``found``: the round in which any fault was
    confirmed, ``named`` in which the right one was.
    """

    number: int
    source: str
    looks: int = 0
    single: int = 0
    false: list[str] = field(default_factory=list)
    kind: str | None = None
    way: str = ""
    begun: int | None = None
    seen: int | None = None
    found: int | None = None
    named: int | None = None


def ours(picture: Bytes, past: bytes, hour: float) -> tuple[Diagnosis, bytes]:
    """The product's judgement of one look, and the past from now on."""
    known = Past.from_bytes(past)
    one = from_bgr(picture, picture.shape[1], picture.shape[0])
    told = diagnose([one], past=known, hour=hour)
    return told, known.observe(Trace.of(one), told.measures, told.mode, told.faults, hour).to_bytes()


class Scene:
    """What one camera looks at: its picture at noon, and how dusk and night change it (a factor for each pixel)."""

    def __init__(self, noon: list[Bytes], random: Random, infrared: bool) -> None:
        self.noon = [floats(one) for one in noon]
        middle = self.noon[0]
        self.infrared = infrared
        seed = int(random.integers(2**32))
        self.dusk = self._factor(light.dusk(middle, np.random.default_rng(seed)), middle)
        night = (light.infrared if infrared else light.night)(middle, np.random.default_rng(seed))
        self.night = self._factor(night, middle)

    @staticmethod
    def _factor(lit: Image, noon: Image) -> Image:
        return np.asarray((lit + 1) / (noon + 4), np.float32)

    def at(self, hour: float, frame: int) -> tuple[Image, Image]:
        """The scene at an hour without its light, and the light."""
        noon = self.noon[frame % len(self.noon)]
        dark = _darkness(hour)
        if dark <= 1:
            return noon, 1 + dark * (self.dusk - 1)
        share = 1.0 if self.infrared else dark - 1
        return noon, self.dusk + share * (self.night - self.dusk)


def _darkness(hour: float) -> float:
    """0 by day, 1 in the middle of dusk, 2 at night; sunrise at 6:30, sunset at 18:00."""
    morning, evening = (6.75 - hour) / 0.5, (hour - 18.0) / 0.5
    return float(np.clip(max(morning, evening), 0, 2))


class Life:
    """One camera and its day; everything is drawn from its own seed."""

    def __init__(self, photos: list[sources.Photo], clips: list[list[Bytes]], seed: int, number: int) -> None:
        random = self.random = np.random.default_rng([seed, number])
        self.photo = pick(random, photos)
        noon = self._noon(clips)
        self.scene = Scene(noon, random, random.random() < 0.6)
        self.stock = floats(cv2.resize(sources.read(pick(random, photos).path), (WIDTH, HEIGHT)))
        self.noise, self.quality = between(random, 0.8, 3.0), int(random.integers(40, 93))
        self.look = osd.style(random) if random.random() < 0.9 else None
        self.sway = between(random, 0, 1.2) if random.random() < 0.3 else 0.0
        self.rain = (between(random, 0, 20), between(random, 1, 4)) if random.random() < 0.15 else (0.0, 0.0)
        self.traffic = between(random, 0, 4)
        self.cloud = 0.0

    def _noon(self, clips: list[list[Bytes]]) -> list[Bytes]:
        if clips and self.random.random() < 0.05:
            self.source = "clip"
            return pick(self.random, clips)
        self.source = self.photo.path.name
        whole = sources.read(self.photo.path)
        if self.random.random() < 0.5:
            whole = np.ascontiguousarray(whole[:, ::-1])
        return [clipped(camera.fitted(whole, WIDTH, HEIGHT, self.random))]

    def view(self, number: int) -> Image:
        """The light that falls on the lens in a round."""
        hour = number * 24 / ROUNDS
        noon, lit = self.scene.at(hour, number)
        if len(self.scene.noon) == 1 and self.random.random() < self.traffic / 4:
            noon = self._traffic(noon)
        self.cloud = 0.7 * self.cloud + 0.3 * self.random.normal(0, 0.2)
        out = noon * lit * (1 + np.clip(self.cloud, -0.3, 0.2) * (_darkness(hour) < 1))
        if self.rain[0] <= hour < sum(self.rain):
            out = light.rain(np.clip(out, 0, 255).astype(np.float32), self.random)
        return pairs.swayed(out, self.random, self.sway, 0.1) if self.sway else np.asarray(out, np.float32)

    def _traffic(self, noon: Image) -> Image:
        out = noon.copy()
        for _ in range(int(self.random.integers(1, 2 + int(self.traffic)))):
            w, h = int(between(self.random, 10, 45)), int(between(self.random, 10, 40))
            x, y = int(self.random.integers(WIDTH - w)), int(between(self.random, 0.35, 0.95) * (HEIGHT - h))
            sx, sy = int(self.random.integers(WIDTH - w)), int(self.random.integers(HEIGHT - h))
            out[y : y + h, x : x + w] = self.stock[sy : sy + h, sx : sx + w]
        return out

    def mono(self, number: int) -> bool:
        return self.scene.infrared and _darkness(number * 24 / ROUNDS) > 1

    def exposed(self, view: Image, number: int, broken: camera.Faults = camera.Faults()) -> Image:  # noqa: B008
        """What leaves the sensor, with new noise."""
        noise = self.noise * (1.7 if _darkness(number * 24 / ROUNDS) > 1 else 1.0)
        image = broken.optics(np.clip(view, 0, 255).astype(np.float32))
        image = image + self.random.normal(0, noise, image.shape).astype(np.float32)
        image = broken.sensor(np.clip(image, 0, 255).astype(np.float32))
        if self.mono(number) and broken.sensor is camera.same:
            return np.repeat(grey(image)[..., None], 3, axis=2)
        return image

    def sent(self, seen: Image, number: int, broken: camera.Faults = camera.Faults()) -> Bytes:  # noqa: B008
        """The decoded picture: name, clock, the stream's faults, JPEG."""
        image = broken.line(seen)
        if self.look:
            image = osd.drawn(image, self.look, number * 900.0)
        image = broken.stream(floats(clipped(image)))
        data = np.frombuffer(camera.jpeg(clipped(image), self.quality), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


class Fault:
    """One fault of one camera from a round on."""

    def __init__(self, life: Life, kind: str, photos: list[sources.Photo]) -> None:
        random = life.random
        self.kind, self.seed = kind, int(random.integers(2**32))
        self.severity = between(random, 0.4, 1.0)
        self.held: Image | None = None
        if kind in faults.FAULTS:
            ways = faults.FAULTS[kind]
            odds = np.array([way.weight for way in ways])
            self.way = ways[int(random.choice(len(ways), p=odds / odds.sum()))]
            self.name = self.way.name
        elif kind == "scene_change":
            self.name, self.other = self._elsewhere(life, photos)
        else:
            self.name = "again"

    def _elsewhere(self, life: Life, photos: list[sources.Photo]) -> tuple[str, Scene]:
        for _ in range(40):
            other = clipped(
                camera.fitted(sources.read(pick(life.random, photos).path), WIDTH, HEIGHT, life.random)
            )
            turned = np.roll(clipped(life.scene.noon[0]), int(between(life.random, 0.2, 0.6) * WIDTH), axis=1)
            name, new = ("turned", turned) if life.random.random() < 0.5 else ("other", other)
            if pairs.textured(floats(new)) and not pairs.alike(life.scene.noon[0], floats(new)):
                return name, Scene([new], life.random, life.scene.infrared)
        return "other", Scene([other], life.random, life.scene.infrared)

    def shown(self, life: Life, number: int) -> tuple[Bytes, bool]:
        """The picture of a round, and whether a person would see the fault."""
        if self.kind == "frozen":
            self.held = life.exposed(life.view(number), number) if self.held is None else self.held
            return life.sent(self.held, number), True
        if self.kind == "scene_change":
            old, life.scene = life.scene, self.other
            view = life.view(number)
            life.scene = old
            seen = life.exposed(view, number)
            was = life.exposed(life.view(number), number)
            textured = pairs.textured(gaussian(seen, 1.0)) and pairs.textured(gaussian(was, 1.0))
            return life.sent(seen, number), textured and not pairs.alike(was, seen)
        view = life.view(number)
        state = life.random.bit_generator.state
        clean = life.exposed(view, number)
        life.random.bit_generator.state = state
        seed = self.seed
        broken = camera.Faults(
            **{self.way.stage: lambda one: self.way.make(one, self.severity, np.random.default_rng(seed))}
        )
        picture = life.sent(life.exposed(view, number, broken), number, broken)
        dark = life.mono(number) or _darkness(number * 24 / ROUNDS) > 0.5
        senseless = dark and self.kind in faults.SENSELESS
        return picture, not senseless and bool(faults.visible(self.kind, clean, floats(picture)))


def live(
    life: Life, number: int, kind: str | None, photos: list[sources.Photo], judge: Judge, rounds: int
) -> Result:
    """One camera's day."""
    result = Result(number, life.source, kind=kind)
    begun = int(life.random.integers(rounds // 4, rounds * 3 // 4)) if kind else rounds
    past, recent = b"", []
    fault: Fault | None = None
    for at in range(rounds):
        shown = at * ROUNDS // rounds
        if at >= begun and fault is None and kind:
            fault = Fault(life, kind, photos)
            result.begun, result.way = at, fault.name
        if fault is None:
            picture, visible = life.sent(life.exposed(life.view(shown), shown), shown), False
        else:
            picture, visible = fault.shown(life, shown)
        if visible and result.seen is None:
            result.seen = at if kind != "frozen" or at > begun else None
        told, past = judge(picture, past, shown * 24 / ROUNDS)
        result.looks += 1
        recent = [*recent[-(WINDOW - 1) :], frozenset(told.faults)]
        if _settled(result, recent, at, fault):
            break
    return result


def _settled(result: Result, recent: list[frozenset[str]], at: int, fault: Fault | None) -> bool:
    """Take one look into the result; whether the day of this camera is over."""
    counts = Counter(kind for look in recent for kind in look)
    confirmed = sum(bool(look) for look in recent) >= CONFIRM
    if fault is None:
        result.single += bool(recent[-1])
        if confirmed:
            kinds = "+".join(sorted(counts))
            if not result.false or not result.false[-1].startswith(kinds):
                result.false.append(f"{kinds} at {at}")
        return False
    if confirmed and result.found is None and recent[-1]:
        result.found = at
    if counts[fault.kind] >= CONFIRM and result.named is None:
        result.named = at
    late = result.seen is not None and at >= result.seen + 4
    return late or (result.named is not None and result.seen is not None)


_SHARED: dict[str, object] = {}


def _photos() -> list[sources.Photo]:
    """Photos that can be lived through, in a fixed order."""
    return [
        p for p in sources.everything() if p.role == "healthy" and p.older is None and p.condition in LIVED
    ]


def _clips() -> list[list[Bytes]]:
    """The frames of each clip beside the pictures, two seconds apart, small."""
    folder = Path(os.environ.get("CAMERAHUB_FRAMES", "")) / "clips"
    clips = []
    for path in sorted(folder.glob("*.avi")):
        video, frames = cv2.VideoCapture(str(path)), []
        step = max(1, round(video.get(cv2.CAP_PROP_FPS))) * 2
        while len(frames) < 24 and video.grab():
            if int(video.get(cv2.CAP_PROP_POS_FRAMES)) % step == 1:
                frames.append(cv2.resize(video.retrieve()[1], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
        if frames:
            clips.append([np.asarray(one, np.uint8) for one in frames])
    return clips


def _start(seed: int, rounds: int, cameras: int, faulty: int) -> None:
    cv2.setNumThreads(1)
    _SHARED.update(photos=_photos(), clips=_clips(), seed=seed, rounds=rounds, cameras=cameras, faulty=faulty)


def _one(number: int) -> Result:
    photos, clips, seed = _SHARED["photos"], _SHARED["clips"], _SHARED["seed"]
    every = max(1, int(_SHARED["cameras"]) // max(1, int(_SHARED["faulty"])))  # type: ignore[call-overload]
    sick = number % every == 0 and number // every < int(_SHARED["faulty"])  # type: ignore[call-overload]
    kind = KINDS[number // every % len(KINDS)] if sick else None
    life = Life(photos, clips, int(seed), number)  # type: ignore[arg-type, call-overload]
    return live(life, number, kind, photos, ours, int(_SHARED["rounds"]))  # type: ignore[arg-type, call-overload]


def run(cameras: int, faulty: int, seed: int, jobs: int, rounds: int = ROUNDS) -> list[Result]:
    """The days of all cameras, in order."""
    settings = (seed, rounds, cameras, faulty)
    if jobs == 1:
        _start(*settings)
        return [_one(number) for number in range(cameras)]
    with multiprocessing.get_context("spawn").Pool(jobs, _start, settings) as pool:
        return list(pool.imap(_one, range(cameras), chunksize=5))


@dataclass(frozen=True, slots=True)
class Tally:
    """``false`` cameras confirmed faulty without a fault; ``found`` of ``faulty`` in time, ``named`` rightly."""

    cameras: int
    looks: int
    single: int
    false: int
    faulty: int
    found: int
    named: int


def tally(results: list[Result]) -> Tally:
    """Faults that were never visible (a colour cast in infrared light) count neither way."""
    visible = [one for one in results if one.seen is not None]

    def in_time(one: Result, at: int | None) -> bool:
        return at is not None and one.seen is not None and at <= one.seen + IN_TIME

    return Tally(
        len(results),
        sum(one.looks for one in results),
        sum(one.single for one in results),
        sum(bool(one.false) for one in results),
        len(visible),
        sum(in_time(one, one.found) for one in visible),
        sum(in_time(one, one.named) for one in visible),
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=1000)
    parser.add_argument("--faulty", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="one JSON line a camera")
    args = parser.parse_args(arguments)
    began = time.monotonic()
    results = run(args.cameras, args.faulty, args.seed, args.jobs)
    if args.out:
        args.out.write_text("".join(json.dumps(asdict(one)) + "\n" for one in results))
    for one in results:
        if one.false or (
            one.kind and (one.named is None or one.seen is None or one.named > one.seen + IN_TIME)
        ):
            print(json.dumps(asdict(one)))
    total = tally(results)
    print(total)
    print(f"{time.monotonic() - began:.0f} s")
    return int(total.false > args.cameras / 1000 or total.found < 0.97 * total.faulty)


if __name__ == "__main__":
    sys.exit(main())
