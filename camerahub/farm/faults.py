"""What can befall a drawn picture: the faults that cameras of the county show.

Those of lens, sensor and lamp befall the scene before the camera writes name and clock on it; those of cable and
encoder befall everything. Only ``scenes`` uses this, in the studio's process.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Base = Callable[[int, int], Picture]
#: As ``scenes.Look.every``.
Every = Callable[[Picture, int, np.random.Generator], Picture]


def _through(change: Callable[[Picture], NDArray[np.generic]]) -> Every:
    """What befalls the light on its way to the sensor, as a function of pictures in I420."""

    def befall(picture: Picture, turn: int, rng: np.random.Generator) -> Picture:
        del turn, rng
        seen = np.clip(change(_as(picture, cv2.COLOR_YUV2BGR_I420)), 0, 255).astype(np.uint8)
        return _as(seen, cv2.COLOR_BGR2YUV_I420)

    return befall


def _as(picture: Picture, code: int) -> Picture:
    converted: Picture = cv2.cvtColor(picture, code).astype(np.uint8, copy=False)
    return converted


#: Out of focus.
blurred: Every = _through(lambda p: cv2.GaussianBlur(p, (0, 0), p.shape[0] / 60))
#: Far too much light: most of it clipped.
washed_out: Every = _through(lambda p: p.astype(np.float32) * 1.9 + 110)
#: Far too little light, yet not black.
dimmed: Every = _through(lambda p: p.astype(np.float32) * 0.11 + 6)
#: Behind a fogged dome: everything nearly the same grey.
veiled: Every = _through(lambda p: p.astype(np.float32) * 0.12 + 132)


def _tint(picture: Picture) -> NDArray[np.generic]:
    gains, ground = np.array([1.05, 0.5, 1.2], np.float32), np.array([30, 0, 45], np.float32)
    return picture * gains + ground


#: The filter is stuck: everything magenta.
tinted: Every = _through(_tint)


def _cover(picture: Picture) -> NDArray[np.generic]:
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.float32)
    corners = [(0, 0), (width * 72 // 100, 0), (width * 55 // 100, height), (0, height)]
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), width / 60).astype(np.float32)[..., None]
    cloth = np.array([38, 42, 46], np.float32)
    return picture * (1 - mask) + cloth * mask


#: A dark cloth, out of focus, before more than half of the lens.
covered: Every = _through(_cover)


def turned(base: Base) -> Base:
    """The same street from elsewhere: mirrored, and nearer."""

    def turn(picture: Picture) -> NDArray[np.generic]:
        height, width = picture.shape[:2]
        part = picture[
            height // 5 : height // 5 + height * 6 // 10, width // 3 : width // 3 + width * 6 // 10
        ]
        return cv2.resize(part[:, ::-1], (width, height), interpolation=cv2.INTER_LINEAR)

    def draw(width: int, height: int) -> Picture:
        return turn(base(width, height)).astype(np.uint8, copy=False)

    return draw


def snow(picture: Picture, turn: int, rng: np.random.Generator) -> Picture:
    """A cable without a signal to speak of: strong noise in each picture."""
    del turn
    height = picture.shape[0] * 2 // 3
    luma = picture[:height].astype(np.int16) // 2 + 64 + rng.normal(0, 55, (height, picture.shape[1]))
    seen = picture.copy()
    seen[:height] = np.clip(luma, 0, 255).astype(np.uint8)
    return seen


def stripes(picture: Picture, turn: int, rng: np.random.Generator) -> Picture:
    """Hum bars: bright and dark bands, another place each time."""
    del rng
    height = picture.shape[0] * 2 // 3
    waves = np.sin(np.arange(height) * 2 * np.pi * 14 / height + turn) * 42
    seen = picture.copy()
    seen[:height] = np.clip(picture[:height] + waves[:, None], 0, 255).astype(np.uint8)
    return seen


def mosaic(picture: Picture, turn: int, rng: np.random.Generator) -> Picture:
    """Blocks of elsewhere, of one colour, or shifted, as a decoder shows what arrived damaged."""
    rows, columns = picture.shape[0] * 2 // 3 // 16, picture.shape[1] // 16
    seen, own = picture.copy(), np.random.default_rng(turn)
    for y, x in zip(own.integers(rows // 4, rows, rows * 5), own.integers(0, columns, rows * 5), strict=True):
        long = int(own.integers(1, 7)) * 16
        block = seen[y * 16 : y * 16 + 16, x * 16 : x * 16 + long]
        if own.random() < 0.4:
            block[:] = own.integers(20, 235)
        else:
            from_y = int(own.integers(0, rows)) * 16
            block[:] = picture[from_y : from_y + 16, x * 16 : x * 16 + long][: block.shape[0]]
    del rng
    return seen


def shaken(picture: Picture, turn: int, rng: np.random.Generator) -> Picture:
    """The pole sways: each picture a few pixels elsewhere, and another group farther."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    sway = ((-1) ** turn) * width // 60
    dx, dy = int(sway + rng.integers(-6, 7)) // 2 * 2, int(rng.integers(-6, 7)) // 2 * 2
    seen = picture.copy()
    seen[:height] = _moved(picture[:height], dx, dy)
    for at in (height, height + height // 4):
        plane = picture[at : at + height // 4].reshape(height // 2, width // 2)
        seen[at : at + height // 4] = _moved(plane, dx // 2, dy // 2).reshape(height // 4, width)
    return seen


def _moved(plane: Picture, dx: int, dy: int) -> Picture:
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = plane.shape[::-1]
    moved = cv2.warpAffine(plane, shift, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return moved.astype(np.uint8, copy=False)
