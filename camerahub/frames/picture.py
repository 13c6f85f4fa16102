"""The one shape in which pictures are measured.

It exists so that every measure means the same for every source: one working size, one range of grey, area averages
only (any other way of making a picture small doubles its sharpness by aliasing). How a picture is decoded is not
known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

#: Long and short side of the working luma; chroma has half of each.
LONG_SIDE, SHORT_SIDE = 640, 360
#: A source side below this is no picture.
LEAST_SIDE = 16


def working_size(width: int, height: int) -> tuple[int, int]:
    """Width and height (pixels) of the working luma of a source of ``width`` x ``height``.

    At most 640x360, 360x640 for sources taller than wide (corridor mode). Each side is fitted by itself, so that
    4:3 and 5:4 sources are squeezed, not cropped: no measure here depends on the aspect. A side that is smaller
    already stays as it is, because enlarging invents blur.
    """
    long, short = (LONG_SIDE, SHORT_SIDE) if width >= height else (SHORT_SIDE, LONG_SIDE)
    return min(width, long), min(height, short)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture at its working size.

    ``luma`` uint8 (H, W), full range: 0 black, 255 white; ``u`` (Cb) and ``v`` (Cr) uint8 (ceil(H/2), ceil(W/2)),
    128 = no colour. ``source_width`` x ``source_height``: pixels of the source. ValueError when shapes, types or sizes
    do not fit; nothing is checked again later.
    """

    luma: Plane
    u: Plane
    v: Plane
    source_width: int
    source_height: int

    def __post_init__(self) -> None:
        if self.source_width < LEAST_SIDE or self.source_height < LEAST_SIDE:
            raise ValueError(
                f"source {self.source_width}x{self.source_height} is smaller than {LEAST_SIDE} pixels"
            )
        width, height = working_size(self.source_width, self.source_height)
        half = ((height + 1) // 2, (width + 1) // 2)
        for name, plane, shape in (
            ("luma", self.luma, (height, width)),
            ("u", self.u, half),
            ("v", self.v, half),
        ):
            if plane.dtype != np.uint8 or plane.shape != shape:
                raise ValueError(f"{name} is {plane.dtype} {plane.shape}, expected uint8 {shape}")


def from_bgr(image: Plane, source_width: int, source_height: int) -> Picture:
    """The picture of a BGR image, uint8 (h, w, 3), already reduced or not, of a source of the given size.

    Colour as JFIF has it (BT.601, full range). ValueError when ``image`` is smaller than the working size.
    """
    width, height = working_size(source_width, source_height)
    if image.ndim != 3 or image.shape[0] < height or image.shape[1] < width:
        raise ValueError(f"image {image.shape} does not reach the working size {width}x{height}")
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    luma, v, u = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb))
    half = ((width + 1) // 2, (height + 1) // 2)
    u, v = (cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (u, v))
    return Picture(luma, u, v, source_width, source_height)  # type: ignore[arg-type]
