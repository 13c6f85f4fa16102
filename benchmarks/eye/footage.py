"""A day before a thousand cameras, made on the fly: few scenes rendered in every light once, many cameras that see them.

A scene is rendered in the lights of ``light`` in a few moments (traffic differs, lamps stay where they are); a camera cuts
its own window out of it, mirrors it, adds clouds, sway, the noise of its sensor, name and clock, and its JPEG. This is the
cheap way of ``camera``: about 5 ms a picture, so that 100,000 of them are a matter of minutes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye import light, osd, pairs, sources
from benchmarks.eye.camera import Camera, Faults, fitted, jpeg
from benchmarks.eye.image import Bytes, Image, Random, between, clipped, cloud, floats, gaussian, grey, pick
from benchmarks.eye.sources import Photo
from camerahub.frames.picture import Picture, from_bgr

#: Sizes of sub-streams; scenes are rendered a little larger.
SIZES = ((640, 360), (480, 270), (352, 288))
WIDTH, HEIGHT = 720, 440
MOMENTS = 3
ROUNDS = 96
ROUND_S = 86400 / ROUNDS

Weather = tuple[str, float, float]


class Scene:
    """One place in every light, rendered when first asked for. A clip gives its own moments."""

    def __init__(self, photo: Photo, stock: Bytes, seed: int) -> None:
        self._seed, self._stock = seed, floats(cv2.resize(stock, (WIDTH, HEIGHT)))
        random = np.random.default_rng(seed)
        if photo.role == "clip":
            shown = [sources.two_of(photo.path, random) for _ in range(2)]
            self._moments = [resized(one) for two in shown for one in two][:MOMENTS]
        else:
            plain = fitted(sources.read(photo.path), WIDTH, HEIGHT, random)
            busy = photo.condition == "day"
            self._moments = [
                pairs.things(plain, random, self._stock) if busy and at else plain for at in range(MOMENTS)
            ]
        self._lights: dict[tuple[str, int], Bytes] = {}

    def seen(self, name: str, moment: int) -> Bytes:
        """The scene in the light ``name`` ("day", or of ``light.CONDITIONS``) at a moment 0..MOMENTS-1."""
        if (name, moment) not in self._lights:
            plain = self._moments[moment]
            seed = self._seed + sum(name.encode())  # one seed a light: lamps do not walk
            make = light.CONDITIONS.get(name)
            made = plain if make is None else make(plain, np.random.default_rng(seed))
            self._lights[name, moment] = clipped(made)
        return self._lights[name, moment]

    def mixed(self, one: str, other: str, share: float, moment: int) -> Image:
        """Between two lights: ``share`` 0 the one, 1 the other."""
        if share <= 0 or one == other:
            return floats(self.seen(one, moment))
        if share >= 1:
            return floats(self.seen(other, moment))
        return np.asarray(
            cv2.addWeighted(
                floats(self.seen(one, moment)), 1 - share, floats(self.seen(other, moment)), share, 0
            ),
            np.float32,
        )


def resized(image: Bytes) -> Image:
    return np.asarray(cv2.resize(floats(image), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)


@functools.cache
def _grain() -> NDArray[np.float32]:
    """A sheet of the noise of a mosaic sensor, deviation about 1; cameras take windows of it."""
    random = np.random.default_rng(5)
    shape = (HEIGHT + 256, WIDTH + 256)
    luma = random.standard_normal((*shape, 1), dtype=np.float32)
    colour = gaussian(random.standard_normal((*shape, 3), dtype=np.float32), 0.7)
    return np.asarray(0.85 * luma + 0.9 * colour, np.float32)


@functools.cache
def _clouds() -> NDArray[np.float32]:
    return np.stack([cloud(np.random.default_rng(seed), HEIGHT, WIDTH, 2, 2) for seed in range(8)])


@dataclass(slots=True)
class View:
    """One camera: ``cam`` as in ``camera``, its window of the scene (shares), and how its day goes.

    ``dark``: "ir" or "night", what it shows after dusk, "day" for a lit room. ``sunrise``, ``sunset``: hours. ``weather``:
    light of ``light``, from hour, to hour, by day. ``low_sun``: it looks into the evening sun.
    """

    cam: Camera
    window: tuple[float, float, float]
    mirrored: bool
    dark: str
    sunrise: float
    sunset: float
    weather: tuple[Weather, ...]
    low_sun: bool
    inks: list[tuple[slice, NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=list)


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
    made = View(
        cam,
        (scale, random.random(), random.random()),
        random.random() < 0.5,
        dark,
        6.5 + between(random, -0.4, 0.4),
        18.2 + between(random, -0.4, 0.4),
        tuple(weather),
        outside and photo.condition == "day" and random.random() < 0.15,
    )
    if look is not None:
        made.inks = [_ink(cam, at * 8641.0) for at in range(8)]
    return made


def _ink(cam: Camera, after_s: float) -> tuple[slice, NDArray[np.float32], NDArray[np.float32]]:
    """Name and clock as what is let through and what is added: drawn once on black and once on white."""
    assert cam.look is not None
    shape = (cam.height, cam.width, 3)
    black = osd.drawn(np.zeros(shape, np.float32), cam.look, after_s)
    white = osd.drawn(np.full(shape, 255, np.float32), cam.look, after_s)
    return slice(0, cam.height), np.clip((white - black) / 255, 0, 1), black


def named(image: Image, seen: View, at: int) -> Image:
    """With name and clock of round ``at``."""
    if not seen.inks:
        return image
    _, through, added = seen.inks[at % len(seen.inks)]
    return np.asarray(image * through + added, np.float32)


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
    image = broken.optics(_cut(scene, seen, hour, random))
    image = broken.sensor(_noisy(gaussian(image, seen.cam.softness), seen, hour, random))
    image = broken.stream(broken.line(named(image, seen, at)))
    return decoded(clipped(image), seen.cam.quality)


def decoded(image: Bytes, quality: int) -> Bytes:
    data = np.frombuffer(jpeg(image, quality), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def picture(image: Bytes) -> Picture:
    return from_bgr(image, image.shape[1], image.shape[0])


def _cut(scene: Scene, seen: View, hour: float, random: Random) -> Image:
    one, other, share = lit(seen, hour)
    image = scene.mixed(one, other, share, int(random.integers(MOMENTS)))
    if one in ("day", "dusk") and seen.dark != "day" and share:
        shade = _clouds()[int(random.integers(8))]
        image = image * (between(random, 0.75, 1.0) + between(random, 0, 0.25) * shade)[..., None]
    scale, across, down = seen.window
    tall, wide = HEIGHT * scale * 0.97, WIDTH * scale * 0.97
    sway = random.normal(0, 0.7, 2)
    x = int(np.clip(across * (WIDTH - wide) + sway[0], 0, WIDTH - wide))
    y = int(np.clip(down * (HEIGHT - tall) + sway[1], 0, HEIGHT - tall))
    cut = image[y : y + int(tall), x : x + int(wide)]
    cut = np.ascontiguousarray(cut[:, ::-1]) if seen.mirrored else cut
    size = (seen.cam.width, seen.cam.height)
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.float32)


def _noisy(image: Image, seen: View, hour: float, random: Random) -> Image:
    cam, dark = seen.cam, not seen.sunrise <= hour <= seen.sunset and seen.dark != "day"
    y, x = int(random.integers(256)), int(random.integers(256))
    grain = _grain()[y : y + cam.height, x : x + cam.width]
    deviation = cam.noise * (1.8 if dark else 1.0) * np.sqrt(0.35 + grey(image).clip(0, 255) / 196)
    noisy = image + grain * deviation[..., None]
    if cam.sharpen > 0.05:
        noisy = noisy + cam.sharpen * (noisy - gaussian(noisy, 1.0))
    if dark and lit(seen, hour)[0] == "ir":
        noisy = np.repeat(grey(noisy)[..., None], 3, axis=2)
    return np.clip(noisy, 0, 255).astype(np.float32)
