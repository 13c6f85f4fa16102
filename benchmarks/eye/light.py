"""Other light and weather for a scene: night under lamps, infrared, dusk, low sun, rain, snow, fog. All healthy.

Night and infrared pictures are scarce; these are models, marked as synthetic (``made:…``) in the truth.
Every condition takes ``(scene, random)``, float BGR.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye.image import Image, Random, between, cloud, gaussian, grey, mixed, pick


def _grid(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    return yy / height, xx / width


def _linear(image: Image) -> Image:
    return np.asarray((np.clip(image, 0, 255) / 255) ** 2.2, np.float32)


def _shown(light: Image, knee: float = 0.8) -> Image:
    """Linear light to grey levels, bright parts compressed as an ISP does."""
    soft = np.where(light > knee, knee + (1 - knee) * np.tanh((light - knee) / (1 - knee)), light)
    return np.asarray(255 * np.clip(soft, 0, 1) ** (1 / 2.2), np.float32)


def night(scene: Image, random: Random) -> Image:
    """A street at night: little ambient light, pools under lamps, the lamps themselves, windows, headlamps."""
    height, width = scene.shape[:2]
    y, x = _grid(scene)
    sky = np.clip((0.45 - y) / 0.2, 0, 1)
    light = np.full((height, width, 3), between(random, 0.006, 0.05), np.float32)
    light *= np.array((1.15, 1.0, 0.85))
    lamps = np.zeros_like(scene)
    warm = np.array(pick(random, [(0.35, 0.65, 1.0), (0.8, 0.9, 1.0), (0.55, 0.8, 1.0)]), np.float32)
    for _ in range(int(random.integers(2, 8))):
        lx, ly = between(random, 0.02, 0.98), between(random, 0.12, 0.5)
        size = between(random, 0.003, 0.009)
        away = np.hypot(x - lx, (y - ly) * height / width)
        lamps += (
            2.5 * np.exp(-((away / size) ** 2))
            + between(random, 0.1, 0.4) * np.exp(-away / between(random, 0.01, 0.04))
        )[..., None] * warm
        foot = ly + between(random, 0.2, 0.5)
        pool = np.exp(
            -(((x - lx) / between(random, 0.08, 0.3)) ** 2) - ((y - foot) / between(random, 0.1, 0.3)) ** 2
        )
        light += between(random, 0.08, 0.5) * pool[..., None] * warm
    if random.random() < 0.6:
        lamps += _headlamps(random, y, x, height / width)
    night_scene = _linear(scene) * (1 - 0.93 * sky)[..., None]
    return _shown(night_scene * light + lamps + between(random, 0.0003, 0.003))


def _headlamps(random: Random, y: NDArray[np.float32], x: NDArray[np.float32], aspect: float) -> Image:
    out = np.zeros((*y.shape, 3), np.float32)
    for _ in range(int(random.integers(1, 7))):
        cx, cy = between(random, 0.1, 0.9), between(random, 0.45, 0.9)
        size = 0.004 + 0.013 * (cy - 0.45)
        red = random.random() < 0.4
        colour = np.array((0.08, 0.08, 1.0) if red else (0.9, 1.0, 1.0), np.float32)
        for side in (-1, 1):
            away = np.hypot(x - cx - side * size * 3.2, (y - cy) * aspect)
            flare = 0.12 * np.exp(-away / (size * 4)) * (0.5 if red else 1)
            out += ((0.9 if red else 2.5) * np.exp(-((away / size) ** 2)) + flare)[..., None] * colour
    return out


def infrared(scene: Image, random: Random) -> Image:
    """The camera's own lamp: grey, a hot spot, falling off outwards and into the depth, leaves bright, sky black."""
    y, x = _grid(scene)
    leaf = np.clip((scene[..., 1] - 0.5 * (scene[..., 0] + scene[..., 2])) / 50, 0, 1)
    albedo = (np.clip(grey(scene) * 0.7 + 70 * leaf + 30, 0, 255) / 255) ** 2.2
    cx, cy = between(random, 0.4, 0.6), between(random, 0.45, 0.7)
    away = np.hypot((x - cx) * 1.0, (y - cy) * 0.7)
    spot = np.exp(-((away / between(random, 0.22, 0.5)) ** 2))
    near = np.clip(0.25 + 1.1 * y, 0, 1.2) ** between(random, 1.0, 2.5)
    sky = np.clip((between(random, 0.1, 0.35) - y) / 0.15, 0, 1)
    light = between(random, 0.35, 1.4) * (spot * near + between(random, 0.01, 0.08)) * (1 - 0.95 * sky)
    return _shown(np.repeat((albedo * light + 0.0015)[..., None], 3, axis=2).astype(np.float32))


def dusk(scene: Image, random: Random) -> Image:
    """After sunset: dim, blue, flat, a lamp or two."""
    share = between(random, 0.12, 0.4)
    tint = np.array((1.25, 1.0, 0.8), np.float32)
    light = _linear(scene) * share * tint
    if random.random() < 0.5:
        y, x = _grid(scene)
        light = light + 0.5 * _headlamps(random, y, x, scene.shape[0] / scene.shape[1])
    return _shown(light.astype(np.float32))


def low_sun(scene: Image, random: Random) -> Image:
    """The sun in or near the picture: a burnt disc, glare around it, the foreground dark."""
    height, width = scene.shape[:2]
    y, x = _grid(scene)
    cx, cy = between(random, 0.1, 0.9), between(random, -0.05, 0.3)
    away = np.hypot(x - cx, (y - cy) * height / width)
    sun = 3 * np.exp(-((away / 0.03) ** 2)) + between(random, 0.4, 0.9) * np.exp(
        -away / between(random, 0.06, 0.16)
    )
    ground = np.clip(1.15 - 0.9 * y, 0.2, 1)
    warm = np.array((0.7, 0.9, 1.0), np.float32)
    return _shown(
        (_linear(scene) * ground[..., None] * between(random, 0.35, 0.7) + sun[..., None] * warm).astype(
            np.float32
        )
    )


def _streaks(
    random: Random, height: int, width: int, count: int, length: float, thick: float, lean: float
) -> NDArray[np.float32]:
    layer = np.zeros((height, width), np.float32)
    for _ in range(count):
        x, y = random.integers(-20, width + 20), random.integers(-20, height)
        long = length * between(random, 0.5, 1.5)
        end = (int(x + lean * long), int(y + long))
        cv2.line(layer, (int(x), int(y)), end, between(random, 0.3, 1.0), max(1, round(thick)), cv2.LINE_AA)
    return gaussian(layer, 0.5 * width / 640)


def rain(scene: Image, random: Random) -> Image:
    """Grey light, a little mist with distance, streaks, wet ground that mirrors."""
    height, width = scene.shape[:2]
    y, _ = _grid(scene)
    grey_light = scene * 0.6 + grey(scene)[..., None] * 0.4
    mist = np.clip(0.75 - y, 0, 1) * between(random, 0.2, 0.55)
    sky = between(random, 110, 180)
    out = mixed(
        grey_light * between(random, 0.6, 0.9), (sky, sky * 0.98, sky * 0.95), mist.astype(np.float32)
    )
    unit = width / 640
    lean = between(random, -0.35, 0.35)
    fall = _streaks(
        random, height, width, int(between(random, 150, 700)), between(random, 14, 40) * unit, unit, lean
    )
    out = out + (fall * between(random, 18, 55))[..., None]
    if random.random() < 0.4:
        out = out + (gaussian(_drops(random, height, width), 1.5 * unit) * 45)[..., None]
    return np.asarray(out, np.float32)


def _drops(random: Random, height: int, width: int) -> NDArray[np.float32]:
    layer = np.zeros((height, width), np.float32)
    for _ in range(int(random.integers(3, 14))):
        radius = int(between(random, 4, 14) * width / 640)
        cv2.circle(
            layer,
            (int(random.integers(width)), int(random.integers(height))),
            radius,
            between(random, 0.3, 1),
            -1,
        )
    return layer


def snowfall(scene: Image, random: Random) -> Image:
    """Flakes near and far, white ground in parts, flat grey light."""
    height, width = scene.shape[:2]
    y, _ = _grid(scene)
    flat = scene * 0.55 + grey(scene)[..., None] * 0.45
    cover = np.clip((cloud(random, height, width, 6) + 0.7 * y - between(random, 0.55, 1.0)) * 3, 0, 0.92)
    white = between(random, 185, 235)
    texture = (white * (0.85 + 0.25 * cloud(random, height, width, 20)))[..., None] * np.array(
        (1.02, 1.0, 0.98)
    )
    out = mixed(flat, texture.astype(np.float32), cover.astype(np.float32))
    haze = (np.clip(0.8 - y, 0, 1) * between(random, 0.1, 0.5)).astype(np.float32)
    out = mixed(out, (205.0, 202.0, 200.0), haze)
    flakes = np.zeros((height, width), np.float32)
    unit = width / 640
    for _ in range(int(between(random, 80, 600))):
        radius = max(1, int(between(random, 0.6, 3.4) ** 1.3 * unit))
        cv2.circle(
            flakes,
            (int(random.integers(width)), int(random.integers(height))),
            radius,
            between(random, 0.4, 1),
            -1,
        )
    alpha = gaussian(flakes, 0.8 * unit) * between(random, 0.5, 0.9)
    return mixed(out, (240.0, 240.0, 240.0), np.clip(alpha, 0, 1).astype(np.float32))


def fog(scene: Image, random: Random) -> Image:
    """Thick with distance (upwards to the horizon), thin at the camera's feet: near things keep their contrast."""
    height, width = scene.shape[:2]
    y, _ = _grid(scene)
    depth = np.clip(1.05 - y, 0.02, 1) ** 1.5 + 0.12 * (cloud(random, height, width, 3) - 0.5)
    alpha = 1 - np.exp(-between(random, 1.0, 3.2) * np.clip(depth, 0.02, None))
    air = between(random, 140, 215)
    tint = np.array((air * between(random, 0.95, 1.05), air, air * between(random, 0.95, 1.03)))
    soft = mixed(scene, gaussian(scene, 2.0 * width / 640), np.clip(alpha * 0.8, 0, 1).astype(np.float32))
    return mixed(soft, tuple(tint), alpha.astype(np.float32))


#: Name in the truth -> model. ``dusk`` and ``low_sun`` count as day, ``snow`` as snow, and so on.
CONDITIONS: dict[str, Callable[[Image, Random], Image]] = {
    "night": night,
    "ir": infrared,
    "rain": rain,
    "snow": snowfall,
    "fog": fog,
    "dusk": dusk,
    "low_sun": low_sun,
}
COUNTS_AS = {"dusk": "day", "low_sun": "day"}
