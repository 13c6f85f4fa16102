"""Two pictures of one camera: quiet and busy healthy ones, frozen ones, and cameras that look elsewhere now.

What is the same in a frozen picture is the *light on the sensor*: scene and noise are one exposure, shown again. The
clock may run (a recorder draws it) and a codec may touch the pixels anew. A living camera, however quiet its scene,
brings new noise with every exposure; that, not the scene, tells the two apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.eye import camera, light
from benchmarks.eye.camera import Camera
from benchmarks.eye.image import (
    Bytes,
    Image,
    Random,
    between,
    clipped,
    cloud,
    floats,
    gaussian,
    graded,
    grey,
    pick,
)
from benchmarks.eye.video import through_video


class Two(NamedTuple):
    """Older and newer picture as they enter the encoder, and which way was taken."""

    older: Image
    newer: Image


def things(scene: Image, random: Random, stock: Image) -> Image:
    """Cars, people, animals: none to six things with shade and texture (cut from ``stock``), with a shadow each."""
    height, width = scene.shape[:2]
    out = scene.copy()
    for _ in range(int(random.integers(1, 7))):
        w = int(between(random, 0.03, 0.2) * width)
        h = int(w * pick(random, (0.5, 0.6, 2.2, 1.0)))
        h = min(h, height // 3)
        x, y = (
            int(random.integers(-w // 2, width - w // 2)),
            int(between(random, 0.3, 0.95) * height) - h // 2,
        )
        mask = np.zeros((height, width), np.float32)
        radius = max(1, min(w, h) // 4)
        cv2.rectangle(mask, (x + radius, y), (x + w - radius, y + h), 1.0, -1)
        cv2.rectangle(mask, (x, y + radius), (x + w, y + h - radius), 1.0, -1)
        for cx, cy in (
            (x + radius, y + radius),
            (x + w - radius, y + radius),
            (x + radius, y + h - radius),
            (x + w - radius, y + h - radius),
        ):
            cv2.circle(mask, (cx, cy), radius, 1.0, -1)
        mask = gaussian(mask[..., None], 0.8 * width / 640).reshape(height, width)
        shadow = np.roll(mask, (h // 6, w // 10), (0, 1))
        out = out * (1 - 0.45 * gaussian(shadow[..., None], 2.0).reshape(height, width))[..., None]
        sy, sx = (
            int(random.integers(max(1, stock.shape[0] - h))),
            int(random.integers(max(1, stock.shape[1] - w))),
        )
        patch = cv2.resize(stock[sy : sy + max(h, 4), sx : sx + max(w, 4)], (width, height))
        shade = between(random, 25, 215)
        body = shade + random.normal(0, 18, 3)
        patch = 0.5 * patch + 0.5 * body if random.random() < 0.6 else patch
        local = (
            float(scene[max(0, y) : y + h, max(0, x) : x + w].mean()) if x < width and y < height else 100.0
        )
        texture = np.clip(patch * np.clip(0.5 * local / 100 + 0.4, 0.1, 1.2), 0, 255)
        out = out * (1 - mask[..., None]) + texture * mask[..., None]
    return np.asarray(out, np.float32)


def swayed(scene: Image, random: Random, pixels: float, degrees: float = 0.25) -> Image:
    """The pole in the wind: a small shift and turn."""
    height, width = scene.shape[:2]
    unit = width / 640
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), between(random, -degrees, degrees), 1.0)
    turn[:, 2] += random.uniform(-pixels, pixels, 2) * unit
    return np.asarray(cv2.warpAffine(scene, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.float32)


def _quiet(scene: Image, stock: Image, random: Random) -> Image:
    """Nothing but a level or two of light."""
    return np.asarray(scene * between(random, 0.985, 1.015), np.float32)


def _busy(scene: Image, stock: Image, random: Random) -> Image:
    return things(scene * between(random, 0.95, 1.05), random, stock)


def _lighter(scene: Image, stock: Image, random: Random) -> Image:
    """Clouds come or go; shadows move over parts."""
    height, width = scene.shape[:2]
    shade = between(random, 0.6, 1.0) + between(random, 0, 0.4) * (cloud(random, height, width, 2, 2) > 0.5)
    shade = gaussian(shade[..., None].astype(np.float32), 8.0).reshape(height, width, 1)
    changed = scene * shade if random.random() < 0.6 else scene * between(random, 1.05, 1.4)
    return things(changed, random, stock) if random.random() < 0.5 else np.asarray(changed, np.float32)


def _windy(scene: Image, stock: Image, random: Random) -> Image:
    return swayed(scene, random, 5.0)


def _dusk(scene: Image, stock: Image, random: Random) -> Image:
    return light.dusk(scene, random)


def _switch(scene: Image, stock: Image, random: Random) -> Image:
    """Day to night, in colour or infrared: the same view under other light."""
    return light.infrared(scene, random) if random.random() < 0.6 else light.night(scene, random)


def _wet(scene: Image, stock: Image, random: Random) -> Image:
    return light.rain(scene, random)


#: Name -> how the newer scene differs, weight; the last four only where it was day.
HEALTHY: dict[str, tuple[Callable[[Image, Image, Random], Image], float]] = {
    "quiet": (_quiet, 3.0),
    "busy": (_busy, 3.0),
    "windy": (_windy, 1.0),
    "lighter": (_lighter, 1.5),
    "dusk": (_dusk, 0.7),
    "switch": (_switch, 0.8),
    "rain": (_wet, 0.5),
}
BY_DAY = {"lighter", "dusk", "switch", "rain"}


def frozen(first: Image, cam: Camera, gap_s: float, random: Random) -> tuple[str, list[bytes]]:
    """One exposure shown twice: the clock runs or not, coded alike, coded anew, or carried on by a video codec."""
    way = pick(random, ("repeat", "repeat", "clock_too", "recoded", "recoded", "video", "stream"))
    older = camera.sent(first, cam, 0)
    newer = camera.sent(first, cam, 0 if way == "clock_too" else gap_s)
    pictures = [clipped(older), clipped(newer)]
    if way in ("repeat", "clock_too"):
        return way, camera.coded([older, newer], cam)
    if way == "recoded":
        quality = int(random.integers(40, 92))
        other = (
            quality + int(random.integers(-8, 9)) if random.random() < 0.7 else int(random.integers(40, 92))
        )
        return way, [camera.jpeg(pictures[0], quality), camera.jpeg(pictures[1], other)]
    codec, factor = pick(random, ("h264", "h265")), int(random.integers(22, 36))
    if way == "video":
        factors = (factor, factor + int(random.integers(-3, 4)))
        halves = [through_video([picture], codec, f)[0] for picture, f in zip(pictures, factors, strict=True)]
        return way, [camera.jpeg(picture, 95) for picture in halves]
    clip = through_video([pictures[0]] + [pictures[1]] * 12, codec, factor, key_every=100)
    return way, [camera.jpeg(clip[0], 95), camera.jpeg(clip[-1], 95)]


def thin_stream(scene: Image, cam: Camera, gap_s: float, random: Random, mono: bool) -> list[bytes]:
    """Two key frames of a living, quiet scene at 64 to 256 kbit/s: the codec eats most of the noise."""
    every, codec = 6, pick(random, ("h264", "h265"))
    clip = []
    for n in range(2 * every):
        lit = scene * (1 + 0.008 * np.sin(n / 3 + between(random, -0.3, 0.3)))
        seen = camera.seen(lit.astype(np.float32), cam, random, mono=mono)
        clip.append(clipped(camera.sent(seen, cam, gap_s * (n >= every))))
    rate = int(64_000 * between(random, 1, 4))
    shown = through_video(clip, codec, 0, key_every=every, bit_rate=rate)
    return [camera.jpeg(shown[0], 95), camera.jpeg(shown[every], 95)]


def window(
    photo: Bytes, centre: tuple[float, float], scale: float, degrees: float, width: int, height: int
) -> Image:
    """The view of a camera that looks at ``centre`` (shares of the photo) and sees ``scale`` of its width."""
    rows, columns = photo.shape[:2]
    ratio = columns * scale / width
    turn = cv2.getRotationMatrix2D((0, 0), degrees, ratio)
    turn[:, 2] = np.array((centre[0] * columns, centre[1] * rows)) - turn[:, :2] @ np.array(
        (width / 2, height / 2)
    )
    soft = gaussian(floats(photo), 0.4 * max(ratio - 1, 0)) if ratio > 1.3 else floats(photo)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(soft, turn, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT), np.float32
    )


def elsewhere(
    photo: Bytes, other: Bytes, severity: float, random: Random, size: tuple[int, int]
) -> tuple[str, Image, Image]:
    """Two scenes: before, and after the camera was turned, knocked, zoomed or exchanged."""
    width, height = size
    way = pick(random, ("other", "other", "panned", "panned", "tilted", "zoomed", "rolled"))
    scale = between(random, 0.5, 0.62)
    if way == "other":
        return way, camera.fitted(photo, width, height, random), camera.fitted(other, width, height, random)
    share = graded(severity, 0.3, 0.9)
    degrees = random.normal(0, 2)
    sign = pick(random, (-1, 1))
    if way == "zoomed":
        wide = between(random, 0.85, 1.0)
        narrow = wide / graded(severity, 1.5, 3.2)
        scales = (wide, narrow) if sign > 0 else (narrow, wide)
        at = (between(random, 0.45, 0.55), between(random, 0.45, 0.55))
        return (
            way,
            window(photo, at, scales[0], 0, width, height),
            window(photo, at, scales[1], degrees, width, height),
        )
    high = scale * photo.shape[1] / width * height / photo.shape[0]
    if way == "panned":
        move = (sign * min(share * scale, 1 - scale) / 2, random.normal(0, 0.02))
    elif way == "tilted":
        move = (random.normal(0, 0.02), sign * min(share * high, max(1 - high, 0.2)) / 2)
    else:
        move, degrees = (random.normal(0, 0.05), random.normal(0, 0.05)), sign * graded(severity, 12, 45)
    at, to = (0.5 - move[0], 0.5 - move[1]), (0.5 + move[0], 0.5 + move[1])
    return way, window(photo, at, scale, 0, width, height), window(photo, to, scale, degrees, width, height)


def alike(first: Image, second: Image) -> bool:
    """Are these two scenes the same to a person: one picture predicts the other? Then nothing has changed."""
    size = (96, 64)
    a, b = (
        cv2.resize(gaussian(grey(p)[..., None], 2).reshape(p.shape[:2]), size, interpolation=cv2.INTER_AREA)
        for p in (first, second)
    )
    a, b = (x - cv2.blur(x, (21, 21)) for x in (a, b))
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) > 0.55


def textured(scene: Image) -> bool:
    """Has the scene anything by which a move could be seen?"""
    y = cv2.resize(grey(scene), (160, 90), interpolation=cv2.INTER_AREA)
    return float(np.mean(np.abs(y - cv2.blur(y, (15, 15))))) > 4.0
