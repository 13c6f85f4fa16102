"""A day before a thousand cameras, made on the fly: few scenes rendered in every light once, many cameras that see
them.

A scene is rendered in the lights of ``light`` in a few moments (traffic differs, lamps stay where they are); a camera
cuts its own window out of it, mirrors it, adds clouds, sway, the noise of its sensor, name and clock, and its JPEG.
This is the cheap way of ``camera``: some 5 ms a picture, so that 100,000 of them are a matter of minutes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye import light, osd, pairs, sources
from benchmarks.eye.camera import Camera, Faults, Stage, fitted, jpeg, same
from benchmarks.eye.image import Bytes, Image, Random, between, clipped, cloud, floats, gaussian, pick
from benchmarks.eye.sources import Photo
from camerahub.frames.picture import Picture, from_bgr

#: Sizes of sub-streams; scenes are rendered a little larger.
SIZES = ((640, 360), (480, 270), (352, 288))
WIDTH, HEIGHT = 720, 440
MOMENTS = 3
ROUNDS = 96
ROUND_S = 86400 / ROUNDS
#: Times that a camera's clock shows, one after the other; drawn once each.
CLOCKS = 8
#: Reduced windows that a camera keeps.
CUTS = 24

Weather = tuple[str, float, float]
Ink = tuple[slice, Image, Image]


class Scene:
    """One place in every light, rendered when first asked for. A clip gives its own moments."""

    def __init__(self, photo: Photo, stock: Bytes, seed: int) -> None:
        self._seed, self._photo, self._stock = seed, photo, stock
        self._lights: dict[tuple[str, int], Bytes] = {}

    @functools.cached_property
    def _moments(self) -> list[Image]:
        random = np.random.default_rng(self._seed)
        if self._photo.role == "clip":
            shown = [sources.two_of(self._photo.path, random) for _ in range(2)]
            return [resized(one) for two in shown for one in two][:MOMENTS]
        plain = fitted(sources.read(self._photo.path), WIDTH, HEIGHT, random)
        stock = floats(cv2.resize(self._stock, (WIDTH, HEIGHT)))
        busy = self._photo.condition == "day"
        return [pairs.things(plain, random, stock) if busy and at else plain for at in range(MOMENTS)]

    def seen(self, name: str, moment: int) -> Bytes:
        """The scene in the light ``name`` ("day", or of ``light.CONDITIONS``) at a moment 0..MOMENTS-1."""
        if (name, moment) not in self._lights:
            plain = self._moments[moment]
            seed = self._seed + sum(name.encode())  # one seed a light: lamps do not walk
            make = light.CONDITIONS.get(name)
            made = plain if make is None else make(plain, np.random.default_rng(seed))
            self._lights[name, moment] = clipped(made)
        return self._lights[name, moment]


def resized(image: Bytes) -> Image:
    return np.asarray(cv2.resize(floats(image), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)


@functools.cache
def _sheet() -> Image:
    """The noise of a mosaic sensor, deviation about 1."""
    random = np.random.default_rng(5)
    shape = (HEIGHT + 256, WIDTH + 256)
    luma = random.standard_normal((*shape, 1), dtype=np.float32)
    colour = gaussian(random.standard_normal((*shape, 3), dtype=np.float32), 0.7)
    return np.asarray(0.85 * luma + 0.9 * colour, np.float32)


@functools.lru_cache(maxsize=32)
def _grain(quarters: int) -> NDArray[np.int16]:
    """A sheet of noise of which cameras take windows; its deviation in quarters of a grey level."""
    return np.rint(quarters / 4 * _sheet()).astype(np.int16)


@functools.cache
def _clouds() -> dict[tuple[int, int], NDArray[np.float32]]:
    return {
        (width, height): np.stack(
            [cloud(np.random.default_rng(seed), height, width, 2, 2) for seed in range(8)]
        )
        for width, height in SIZES
    }


@dataclass(slots=True)
class View:
    """One camera: ``cam`` as in ``camera``, its window of the scene (shares), and how its day goes.

    ``dark``: "ir" or "night", what it shows after dusk, "day" for a lit room. ``sunrise``, ``sunset``: hours.
    ``weather``: light of ``light``, from hour, to hour, by day. ``low_sun``: it looks into the evening sun.
    ``inks``: name and clock at each of CLOCKS times, once drawn; ``cuts``: its window of a scene, once reduced.
    """

    cam: Camera
    window: tuple[float, float, float]
    mirrored: bool
    dark: str
    sunrise: float
    sunset: float
    weather: tuple[Weather, ...]
    low_sun: bool
    inks: dict[int, list[Ink]] = field(default_factory=dict)
    cuts: dict[tuple[int, str, int, int, int], Bytes] = field(default_factory=dict)


def view(random: Random, photo: Photo) -> View:
    """A random camera before the scene of ``photo``."""
    width, height = SIZES[int(random.integers(len(SIZES)))]
    look = osd.style(random) if random.random() < 0.9 else None
    cam = Camera(
        width, height, between(random, 0.2, 0.6) * width / 900, 0.0, between(random, 0.6, 3.0),
        between(random, 0, 0.8), look, True, "jpeg", int(random.integers(40, 93)),
    )  # fmt: skip
    outside = photo.condition != "indoor"
    scale = between(random, 0.84, 1.0)
    dark = pick(random, ("ir", "ir", "night") if outside else ("ir", "day", "day"))
    weather: list[Weather] = []
    if outside and photo.condition == "day":
        start = between(random, 0, 20)
        weather += [("rain", start, start + between(random, 2, 6))] if random.random() < 0.4 else []
        weather += [("fog", 4.0, between(random, 7.5, 10))] if random.random() < 0.1 else []
        weather += [("snow", 8.0, between(random, 12, 24))] if random.random() < 0.04 else []
    return View(
        cam,
        (scale, random.random(), random.random()),
        random.random() < 0.5,
        dark,
        6.5 + between(random, -0.4, 0.4),
        18.2 + between(random, -0.4, 0.4),
        tuple(weather),
        outside and photo.condition == "day" and random.random() < 0.15,
    )


def _ink(cam: Camera, after_s: float) -> list[Ink]:
    """Name and clock as what is let through and what is added: drawn once on black and once on white."""
    assert cam.look is not None
    shape = (cam.height, cam.width, 3)
    black = osd.drawn(np.zeros(shape, np.float32), cam.look, after_s)
    white = osd.drawn(np.full(shape, 255, np.float32), cam.look, after_s)
    through = np.clip((white - black) / 255, 0, 1).astype(np.float32)
    touched = np.flatnonzero((through < 1).any(axis=(1, 2)))
    gap = np.flatnonzero(np.diff(touched) > 1) + 1
    return [
        (
            slice(int(part[0]), int(part[-1]) + 1),
            through[part[0] : part[-1] + 1],
            black[part[0] : part[-1] + 1],
        )
        for part in np.split(touched, gap)
        if len(part)
    ]


def named(image: Bytes, seen: View, at: int) -> Bytes:
    """With name and clock of round ``at``; ``image`` is written to."""
    if seen.cam.look is None:
        return image
    hand = at % CLOCKS
    if hand not in seen.inks:
        seen.inks[hand] = _ink(seen.cam, hand * 8641.0)
    for rows, through, added in seen.inks[hand]:
        image[rows] = clipped(image[rows] * through + added)
    return image


def lit(seen: View, hour: float) -> tuple[str, str, float]:
    """Two lights and the share of the second at an hour 0..24: dawn, day with its weather, dusk, night."""
    by_day = next((name for name, start, end in seen.weather if start <= hour < end), "day")
    if seen.dark == "day":
        return "day", "day", 0.0
    if seen.sunrise <= hour <= seen.sunset:
        late = seen.sunset - hour < 1.0 and by_day == "day" and seen.low_sun
        ends = min(hour - seen.sunrise, seen.sunset - hour)
        return ("low_sun", "low_sun", 0.0) if late else ("dusk", by_day, min(1.0, 0.3 + ends))
    away = seen.sunrise - hour if hour < seen.sunrise else hour - seen.sunset
    if seen.dark == "ir":  # the filter moves at once
        return (by_day, "dusk", 0.7 + away) if away < 0.3 else ("ir", "ir", 0.0)
    return "dusk", "night", min(1.0, away / 0.8)


def exposed(scene: Scene, seen: View, at: int, random: Random, broken: Faults | None = None) -> Bytes:
    """The picture of round ``at`` as it leaves the camera (BGR, after its JPEG), with what is ``broken``."""
    broken = broken or Faults()
    hour = at % ROUNDS * 24 / ROUNDS
    image = staged(_cut(scene, seen, hour, random), broken.optics)
    image = staged(_noisy(image, seen, hour, random), broken.sensor)
    image = staged(staged(named(image, seen, at), broken.line), broken.stream)
    return decoded(image, seen.cam.quality)


def staged(image: Bytes, stage: Stage) -> Bytes:
    """Through a stage that is broken; nothing is done, and nothing rounded, by one that is not."""
    return image if stage is same else clipped(stage(floats(image)))


def decoded(image: Bytes, quality: int) -> Bytes:
    data = np.frombuffer(jpeg(image, quality), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def picture(image: Bytes) -> Picture:
    return from_bgr(image, image.shape[1], image.shape[0])


def _cut(scene: Scene, seen: View, hour: float, random: Random) -> Bytes:
    """The camera's window, between two lights of one moment, under a cloud or none."""
    one, other, share = lit(seen, hour)
    moment = int(random.integers(MOMENTS))
    scale, across, down = seen.window
    tall, wide = HEIGHT * scale * 0.97, WIDTH * scale * 0.97
    sway = random.normal(0, 0.7, 2)
    x = int(np.clip(across * (WIDTH - wide) + sway[0], 0, WIDTH - wide))
    y = int(np.clip(down * (HEIGHT - tall) + sway[1], 0, HEIGHT - tall))

    def windowed(name: str) -> Bytes:
        key = (id(scene), name, moment, x, y)
        if key not in seen.cuts:
            if len(seen.cuts) >= CUTS:
                seen.cuts.pop(next(iter(seen.cuts)))
            seen.cuts[key] = reduced(name)
        return seen.cuts[key]

    def reduced(name: str) -> Bytes:
        cut = scene.seen(name, moment)[y : y + int(tall), x : x + int(wide)]
        size = (seen.cam.width, seen.cam.height)
        small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.flip(small, 1) if seen.mirrored else small, np.uint8)

    image = windowed(other if share >= 1 else one)
    if 0 < share < 1 and one != other:
        image = np.asarray(cv2.addWeighted(image, 1 - share, windowed(other), share, 0), np.uint8)
    if {one, other} & {"day", "dusk"} and seen.dark != "day" and "ir" not in (one, other):
        shade = _clouds()[seen.cam.width, seen.cam.height][int(random.integers(8))]
        return _times(image, between(random, 0.75, 1.0) + between(random, 0, 0.25) * shade)
    drift = between(random, 0.985, 1.015)  # the mains, the iris, a door: no light is the same a while later
    return np.asarray(cv2.convertScaleAbs(image, alpha=drift), np.uint8)


def _times(image: Bytes, plane: NDArray[np.float32]) -> Bytes:
    return np.asarray(cv2.multiply(image, cv2.merge((plane, plane, plane)), dtype=cv2.CV_8U), np.uint8)


def _noisy(image: Bytes, seen: View, hour: float, random: Random) -> Bytes:
    """Softness of the lens, noise of the sensor (more by night), the ISP's sharpening, no colour in infrared."""
    cam, dark = seen.cam, not seen.sunrise <= hour <= seen.sunset and seen.dark != "day"
    y, x = int(random.integers(256)), int(random.integers(256))
    grain = _grain(round(cam.noise * (7.2 if dark else 4.0)))[y : y + cam.height, x : x + cam.width]
    noisy = cv2.add(cv2.GaussianBlur(image, (3, 3), cam.softness), grain, dtype=cv2.CV_8U)
    if cam.sharpen > 0.05:
        noisy = cv2.addWeighted(noisy, 1 + cam.sharpen, cv2.GaussianBlur(noisy, (5, 5), 1.0), -cam.sharpen, 0)
    if dark and lit(seen, hour)[0] == "ir":
        noisy = cv2.cvtColor(cv2.cvtColor(noisy, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(noisy, np.uint8)
