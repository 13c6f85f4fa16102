"""Pictures made from a seed: scenes, black, cards, and the text that cameras and recorders draw over them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
BLUES = ((255, 0, 0), (200, 0, 0), (160, 40, 10), (215, 120, 0))  # BGR


def _clipped(values: NDArray[np.floating]) -> Image:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def noisy(image: Image, sigma: float, seed: int) -> Image:
    return _clipped(image + np.random.default_rng(seed).normal(0, sigma, image.shape))


def osd(image: Image, seed: int = 0, name: bool = True) -> Image:
    """Camera name and running clock: white, black rim, top left and bottom right."""
    out = image.copy()
    height, width = out.shape[:2]
    scale, thick = height / 540, max(1, height // 360)
    clock = f"2026-11-{1 + seed % 28:02d} 0{seed % 10}:{seed * 7 % 60:02d}:{seed * 13 % 60:02d}"
    lines = [(clock, (int(width * 0.02), int(height * 0.08)))]
    if name:
        lines.append((f"Camera {seed:02d} Gate", (int(width * 0.62), int(height * 0.95))))
    for text, at in lines:
        cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), thick * 3)
        cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), thick)
    return out


def scene(width: int, height: int, seed: int = 0, gain: float = 1.0) -> Image:
    """Patches, edges and noise: any daylight picture; a small ``gain`` makes dusk of it."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (9, 16, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    for _ in range(30):
        x, y = random.integers(0, width), random.integers(0, height)
        w, h = random.integers(4, width // 5), random.integers(4, height // 4)
        smooth[y : y + h, x : x + w] = random.integers(0, 255, 3)
    return noisy(_clipped(smooth * gain), 3.0, seed)


def plain(
    width: int, height: int, colour: tuple[int, int, int], slope: float, sigma: float, seed: int = 0
) -> Image:
    """Sky, wall, fog or snow: one colour that grows by ``slope`` grey levels over the picture, with noise."""
    y = np.linspace(-0.5, 0.5, height)[:, None, None] * slope
    x = np.linspace(-0.5, 0.5, width)[None, :, None] ** 2 * -slope
    return noisy(_clipped(np.array(colour, np.float64) + y + x), sigma, seed)


def night(width: int, height: int, lamps: int, ambient: float, seed: int = 0) -> Image:
    """A dark street: a few lamps with their glow, a faint ground, noise."""
    random = np.random.default_rng(seed)
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float64)
    light = ambient * (yy / height)
    for _ in range(lamps):
        x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.15, 0.6) * height
        away = np.hypot(xx - x, yy - y) / height
        light += 255 * np.exp(-((away / 0.015) ** 2)) + 60 * np.exp(-away / 0.12)
    return noisy(_clipped(np.repeat(light[..., None], 3, axis=2)), 3.0, seed)


def black(width: int, height: int, level: float, sigma: float, seed: int = 0) -> Image:
    return noisy(np.full((height, width, 3), level, np.float64), sigma, seed)  # type: ignore[arg-type]


def lamp(image: Image, diameter: int, brightness: int) -> Image:
    out = image.copy()
    height, width = out.shape[:2]
    cv2.circle(out, (width // 3, height // 2), diameter // 2, (brightness,) * 3, -1)
    return cv2.GaussianBlur(out, (0, 0), diameter / 6)  # type: ignore[return-value]


def card(
    width: int, height: int, colour: tuple[int, int, int], text: str = "NO SIGNAL", size: float = 2.0
) -> Image:
    """What a recorder draws: one colour, words in the middle."""
    out = np.full((height, width, 3), colour, np.uint8)
    scale, thick = size * height / 720, max(1, int(size * height / 360))
    (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    at = ((width - w) // 2, (height + h) // 2)
    cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), thick)
    return out


def colour_bars(width: int, height: int, level: int = 191, lower: bool = False) -> Image:
    """EBU bars (white, yellow, cyan, green, magenta, red, blue, black); ``lower`` adds the lower third of SMPTE's."""
    on = [(1, 1, 1), (0, 1, 1), (1, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 0, 0)]
    columns = np.array([on[x * 8 // width] for x in range(width)], np.uint8) * level
    out = np.repeat(columns[None], height, axis=0)
    if lower:
        out[int(height * 0.67) :] = (100, 30, 30)
    return out
