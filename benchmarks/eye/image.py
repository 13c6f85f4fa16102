"""The few operations that scenes, faults and cameras share: float pictures, BGR, 0 black to 255 white.

They exist so that every stage works on unrounded light and only the camera's own output is rounded and clipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Random = np.random.Generator


def floats(image: Bytes) -> Image:
    return image.astype(np.float32)


def clipped(image: Image) -> Bytes:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def grey(image: Image) -> NDArray[np.float32]:
    """(H, W) BT.601 luma."""
    return image @ np.array((0.114, 0.587, 0.299), np.float32)


def between(random: Random, low: float, high: float) -> float:
    return float(random.uniform(low, high))


def graded(severity: float, low: float, high: float) -> float:
    """``low`` at severity 0, ``high`` at 1, evenly in ratio when both are positive."""
    if low > 0 and high > 0:
        return float(low * (high / low) ** severity)
    return low + (high - low) * severity


T = TypeVar("T")


def pick(random: Random, options: Sequence[T]) -> T:
    return options[int(random.integers(len(options)))]


def gaussian(image: Image, sigma: float) -> Image:
    if sigma <= 0.05:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


def cloud(random: Random, height: int, width: int, cells: float, octaves: int = 4) -> NDArray[np.float32]:
    """(H, W) smooth random field 0..1: ``cells`` blobs across the long side, finer ones fainter."""
    out = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        n = max(2, round(cells * 2**octave))
        rows, columns = (
            max(2, round(n * height / max(height, width))),
            max(2, round(n * width / max(height, width))),
        )
        field = random.random((rows + 1, columns + 1), dtype=np.float32)
        out += cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(out.min()), float(out.max())
    return (out - low) / max(high - low, 1e-6)


def mixed(
    image: Image, other: Image | float | tuple[float, float, float], alpha: NDArray[np.float32]
) -> Image:
    """``other`` laid over ``image`` with opacity ``alpha`` (H, W) 0..1."""
    a = alpha[..., None]
    return np.asarray(image * (1 - a) + np.asarray(other, np.float32) * a, np.float32)
