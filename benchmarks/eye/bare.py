"""Healthy views with next to nothing in them: wall, asphalt, water, sky, snow, gate. A judge is tempted to accuse them.

``window`` cuts the barest part out of a photograph at its own scale; ``SURFACES`` are drawn: a tone, a gradient, mild
texture, a shadow's edge, joints. Every drawing takes ``(height, width, random)``.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye.image import Bytes, Image, Random, between, cloud, floats, gaussian, pick


def window(image: Bytes, width: int, height: int, random: Random) -> Image | None:
    """The window with the least detail of a dozen at random, not enlarged; None when the picture is too small."""
    rows, columns = image.shape[:2]
    most = min(columns / width, rows / height)
    if most < 1.15:
        return None
    best, least = None, np.inf
    for _ in range(12):
        scale = between(random, 1.0, min(2.0, most))
        w, h = int(width * scale), int(height * scale)
        x, y = int(random.integers(columns - w + 1)), int(random.integers(rows - h + 1))
        part = image[y : y + h, x : x + w]
        small = cv2.resize(part, (40, 30), interpolation=cv2.INTER_AREA).astype(np.float32)
        detail = float(np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean())
        if detail < least:
            best, least = part, detail
    assert best is not None
    return np.asarray(cv2.resize(floats(best), (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _toned(field: NDArray[np.float32], random: Random, low: float, high: float, tint: float) -> Image:
    colour = between(random, low, high) * (1 + random.normal(0, tint, 3))
    return np.clip(field[..., None] * colour, 0, 255).astype(np.float32)


def _grain(random: Random, height: int, width: int, sigma: float, size: float) -> NDArray[np.float32]:
    noise = np.asarray(
        cv2.GaussianBlur(random.standard_normal((height, width), dtype=np.float32), (0, 0), sigma)
    )
    return noise / noise.std() * size


def _slope(random: Random, height: int, width: int, size: float) -> NDArray[np.float32]:
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    angle = between(random, 0, 2 * np.pi)
    return 1 + size * ((xx / width - 0.5) * np.cos(angle) + (yy / height - 0.5) * np.sin(angle))


def _shadow(image: Image, random: Random) -> Image:
    """A shadow's edge across the view, or none."""
    if random.random() < 0.5:
        return image
    height, width = image.shape[:2]
    field = _slope(random, height, width, 1.0) + 0.1 * cloud(random, height, width, 3, 2)
    edge = (field > np.quantile(field, between(random, 0.2, 0.8))).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(edge, (0, 0), between(random, 0.7, 12) * width / 640))
    return np.asarray(image * (1 - between(random, 0.15, 0.6) * soft)[..., None], np.float32)


def wall(height: int, width: int, random: Random) -> Image:
    """Plaster, boards or bricks; mild dirt."""
    field = _slope(random, height, width, between(random, 0.05, 0.5))
    field += between(random, 0.02, 0.15) * (cloud(random, height, width, between(random, 3, 20)) - 0.5)
    field += _grain(random, height, width, between(random, 0.5, 1.5), between(random, 0.005, 0.04))
    out = _toned(field, random, 60, 215, pick(random, (0.02, 0.12)))
    if random.random() < 0.5:
        out = _joints(out, random)
    return _shadow(out, random)


def _joints(wall: Image, random: Random) -> Image:
    """Bricks, tiles or boards: joints darker or brighter, thin or not, in line or each course by half a brick."""
    height, width = wall.shape[:2]
    pitch, tone = int(between(random, 0.05, 0.4) * width), between(random, 0.55, 0.95)
    tone = tone if random.random() < 0.75 else 2 - tone
    course = max(6, pitch // pick(random, (1, 2, 3)))
    thick = max(1, int(between(random, 0.0015, 0.012) * width))
    upright, staggered = random.random() < 0.75, random.random() < 0.7
    first, out, start = int(random.integers(course)), wall.copy(), 0
    for number, row in enumerate(range(first - course, height, course)):
        if upright:
            start = int(random.integers(pitch)) if number == 0 else start + (pitch // 2 if staggered else 0)
            for column in range(start % pitch, width, max(8, pitch)):
                out[max(row, 0) : row + course, column : column + thick] *= tone
        out[max(row, 0) : max(row + thick, 0)] *= tone
    return gaussian(out, between(random, 0.3, 1.0))


def slats(height: int, width: int, random: Random) -> Image:
    """Corrugated gate, blinds, planks or railings before a wall: healthy lines, level or upright, seldom quite so."""
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    tilt = np.radians(pick(random, (0.0, 90.0)) + random.normal(0, pick(random, (0.5, 4.0))))
    along = xx / width * np.cos(tilt) + yy / width * np.sin(tilt)
    along = along * (1 + between(random, -0.3, 0.3) * (yy / height - 0.5))
    phase = 2 * np.pi * along * between(random, 6, 45) + between(random, 0, 6)
    sharp = between(random, 0.5, 5)
    field = 1 + between(random, 0.04, 0.25) * np.tanh(sharp * np.sin(phase)) / np.tanh(sharp)
    field = field * _slope(random, height, width, between(random, 0.05, 0.5))
    field += _grain(random, height, width, between(random, 0.5, 1.5), between(random, 0.005, 0.04))
    out = _toned(field.astype(np.float32), random, 60, 200, pick(random, (0.02, 0.12)))
    if random.random() < 0.5:  # a post, a frame or the ground beside it
        edge, level = int(between(random, 0.55, 0.9) * height), between(random, 50, 180)
        out[edge:] = out[edge:] * 0.1 + level * 0.9
    return _shadow(gaussian(out, 0.5), random)


def asphalt(height: int, width: int, random: Random) -> Image:
    """Grain, patches, a crack or a painted line."""
    field = _slope(random, height, width, between(random, 0.05, 0.5))
    field += between(random, 0.02, 0.2) * (cloud(random, height, width, between(random, 2, 8)) - 0.5)
    field += _grain(random, height, width, between(random, 0.4, 1.2), between(random, 0.02, 0.07))
    out = _toned(field, random, 55, 150, 0.03)
    for _ in range(int(random.integers(0, 5))):
        ends = [(int(random.integers(width)), int(random.integers(height))) for _ in range(2)]
        if random.random() < 0.5:  # from rim to rim: a lane
            ends = [(int(random.integers(-width // 2, width * 3 // 2)), y) for y in (-5, height + 5)]
        level = pick(random, (30.0, 45.0, 200.0, 225.0))
        thick = max(1, int(between(random, 1, 16) * width / 640))
        cv2.line(out, *ends, (level, level, level), thick, cv2.LINE_AA)
    return _shadow(gaussian(out, 0.5), random)


def water(height: int, width: int, random: Random) -> Image:
    """Ripples, longer than high, finer towards the top; a reflection of the sky."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    waves = random.standard_normal((height, width), dtype=np.float32)
    near = cv2.GaussianBlur(
        waves, (0, 0), sigmaX=width / between(random, 40, 120), sigmaY=between(random, 0.8, 3)
    )
    far = cv2.GaussianBlur(waves, (0, 0), sigmaX=width / 160, sigmaY=0.7)
    field = 1 + between(random, 0.02, 0.15) * (near / near.std() * y + far / far.std() * (1 - y))
    field = field * _slope(random, height, width, between(random, 0.1, 0.5))
    return _toned(field.astype(np.float32), random, 60, 180, pick(random, (0.03, 0.12)))


def sky(height: int, width: int, random: Random) -> Image:
    """Blue, white or grey, brighter below; clouds or none."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    top = np.array(
        pick(random, ((200, 140, 90), (210, 205, 200), (150, 148, 146), (225, 190, 160))), np.float32
    )
    out = top * (1 + between(random, 0, 0.3) * y) * np.ones((1, width, 1), np.float32)
    cover = np.clip(
        (cloud(random, height, width, between(random, 1.5, 5)) - between(random, 0.3, 0.9)) * 2, 0, 0.9
    )
    return np.clip(out * (1 - cover[..., None]) + 225 * cover[..., None], 0, 240).astype(np.float32)


def snowfield(height: int, width: int, random: Random) -> Image:
    """White ground with soft shade, tracks and tufts."""
    field = _slope(random, height, width, between(random, 0.05, 0.25))
    field += between(random, 0.03, 0.15) * (cloud(random, height, width, between(random, 2, 10)) - 0.5)
    field += _grain(random, height, width, between(random, 0.5, 1.5), between(random, 0.005, 0.03))
    out = _toned(field, random, 170, 225, 0.01)
    for _ in range(int(random.integers(0, 40))):
        at = (int(random.integers(width)), int(random.integers(height)))
        size = max(1, int(between(random, 1, 5) * width / 640))
        cv2.ellipse(
            out, at, (size * 2, size), between(random, 0, 180), 0, 360, (120.0, 125.0, 128.0), -1, cv2.LINE_AA
        )
    return _shadow(gaussian(out, 0.6), random)


SURFACES: dict[str, Callable[[int, int, Random], Image]] = {
    "wall": wall,
    "asphalt": asphalt,
    "water": water,
    "sky": sky,
    "snowfield": snowfield,
    "slats": slats,
}
