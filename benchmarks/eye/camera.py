"""One camera: size, lens, sensor noise, sharpening, name and clock, codec; the same for every picture of an item.

Order as in life: scene, lens and what is before it, sensor and its wires, name and clock, stream. A fault enters at its
own stage, so a blurred picture has a sharp clock and a stream's broken blocks break the clock, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.eye import osd
from benchmarks.eye.image import Bytes, Image, Random, between, clipped, floats, gaussian, grey, pick
from benchmarks.eye.video import through_video

SIZES = ((352, 288), (640, 360), (640, 480), (704, 576), (704, 396), (960, 540), (1280, 720), (1280, 960))
Stage = Callable[[Image], Image]


def same(image: Image) -> Image:
    return image


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong at each stage; ``line`` lies between camera and recorder, after or before the clock is drawn."""

    optics: Stage = same
    sensor: Stage = same
    line: Stage = same
    stream: Stage = same


@dataclass(frozen=True, slots=True)
class Camera:
    """``softness``: sigma of the lens, pixels. ``noise``: deviation at mid grey, levels; ``sharpen`` the ISP's gain.

    ``codec``: ``jpeg``, ``h264`` or ``h265``; ``quality``: JPEG's, or the video's quantiser.
    """

    width: int
    height: int
    softness: float
    vignette: float
    noise: float
    sharpen: float
    look: osd.Style | None
    clock_over_line: bool
    codec: str
    quality: int


def camera(
    random: Random,
    largest: tuple[int, int],
    night: bool,
    video: bool = False,
    sizes: tuple[tuple[int, int], ...] = SIZES,
) -> Camera:
    """A random camera no larger than ``largest`` (width, height); ``night``: more noise, more denoising."""
    fitting = [size for size in sizes if size[0] <= largest[0] * 1.15 and size[1] <= largest[1] * 1.3]
    width, height = pick(random, fitting or [sizes[0]])
    codec = (
        pick(random, ("jpeg", "jpeg", "jpeg", "h264", "h264", "h265"))
        if video
        else pick(random, ("jpeg", "jpeg", "h264"))
    )
    return Camera(
        width,
        height,
        between(random, 0.2, 0.8) * width / 900,
        between(random, 0, 0.35),
        between(random, 1.5, 7.0) if night else between(random, 0.6, 3.2),
        between(random, 0, 0.9),
        osd.style(random) if random.random() < 0.9 else None,
        random.random() < 0.6,
        codec,
        int(random.integers(30, 93)) if codec == "jpeg" else int(random.integers(22, 35)),
    )


def fitted(image: Bytes, width: int, height: int, random: Random) -> Image:
    """A random window of ``image`` with the wanted aspect, at least 80 % of what fits, area-averaged to size."""
    rows, columns = image.shape[:2]
    scale = min(columns / width, rows / height) * between(random, 0.82, 1.0)
    w, h = int(width * scale), int(height * scale)
    x, y = int(random.integers(columns - w + 1)), int(random.integers(rows - h + 1))
    return resized(floats(image[y : y + h, x : x + w]), width, height)


def resized(image: Image, width: int, height: int) -> Image:
    smaller = width <= image.shape[1]
    return np.asarray(
        cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC),
        np.float32,
    )


def sensed(image: Image, cam: Camera, random: Random) -> Image:
    """Shot and read noise of a mosaic sensor (so a little coarse), then the ISP's sharpening."""
    height, width = image.shape[:2]
    deviation = cam.noise * np.sqrt(0.35 + np.clip(grey(image), 0, 255) / 196)[..., None]
    luma = random.standard_normal((height, width, 1), dtype=np.float32)
    colour = gaussian(random.standard_normal((height, width, 3), dtype=np.float32), 0.7)
    noisy = image + deviation * (0.85 * luma + 0.9 * colour)
    if cam.sharpen > 0.05:
        noisy = noisy + cam.sharpen * (noisy - gaussian(noisy, 1.0))
    return np.clip(noisy, 0, 255).astype(np.float32)


def _shaded(image: Image, strength: float) -> Image:
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    away = (xx / width - 0.5) ** 2 + (yy / height - 0.5) ** 2
    return np.asarray(image * (1 - strength * away / 0.5)[..., None], np.float32)


def seen(scene: Image, cam: Camera, random: Random, faults: Faults = Faults(), mono: bool = False) -> Image:
    """What leaves the sensor: clipped and rounded, not yet with a clock. ``mono``: infrared, exactly without colour."""
    image = _shaded(gaussian(faults.optics(scene), cam.softness), cam.vignette)
    image = faults.sensor(sensed(image, cam, random))
    if mono and faults.sensor is same:
        image = np.repeat(grey(image)[..., None], 3, axis=2)
    return floats(clipped(image))


def sent(image: Image, cam: Camera, after_s: float = 0.0, faults: Faults = Faults()) -> Image:
    """What goes into the encoder: name and clock drawn before or after the line, the stream's faults last."""

    def named(picture: Image) -> Image:
        return osd.drawn(picture, cam.look, after_s) if cam.look else picture

    image = named(faults.line(image)) if cam.clock_over_line else faults.line(named(image))
    return floats(clipped(faults.stream(image)))


def coded(images: list[Image], cam: Camera) -> list[bytes]:
    """JPEG files of the last picture or the pictures of one stream: JPEG as it is, video decoded and kept at q 95."""
    pictures = [clipped(image) for image in images]
    if cam.codec == "jpeg":
        return [jpeg(picture, cam.quality) for picture in pictures]
    return [jpeg(picture, 95) for picture in through_video(pictures, cam.codec, cam.quality)]


def jpeg(picture: Bytes, quality: int) -> bytes:
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    return bytes(data)
