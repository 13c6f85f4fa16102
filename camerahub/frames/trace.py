"""What is kept of a picture until the next one of the same camera comes: enough to tell a frozen or a turned camera.

It exists because production keeps no picture longer than a fault needs it, and 30,000 cameras' pictures would not fit
in memory anyway: under 5 kB a camera, in memory only. A pair given as two pictures is judged through the same traces,
so that ``diagnose`` and the sampler cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from camerahub.frames.picture import Picture, Plane

#: Thumbnail, long and short side.
THUMB_LONG, THUMB_SHORT = 64, 36
#: Patches of true pixels, the picture's own grain: so many along the long and the short side, each SIDE x SIDE.
PATCHES_LONG, PATCHES_SHORT, SIDE = 9, 7, 6
#: A picture with a shorter side than this has no patches: they would touch.
LEAST = PATCHES_LONG * SIDE


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One picture's ``thumb`` uint8 (36, 64), (64, 36) when tall: luma, area-averaged; ``patches`` uint8 (63, 6, 6).

    The patches lie on a grid of 9 x 7 (7 x 9) at the working size ``shape`` (height, width); pictures too small for
    that have none (0, 6, 6). 4.6 kB.
    """

    thumb: Plane
    patches: Plane
    shape: tuple[int, int]

    @classmethod
    def of(cls, picture: Picture, mask: Plane | None = None, finer: int = 1) -> Trace:
        """The trace of a picture; about 50 µs at 640x360.

        ``mask``: uint8 (H, W) at the working size, 0 = ignore: black in the trace, which nothing is asked of.
        ``finer``: so many times as many patches along each side, where nothing has to be kept.
        """
        luma = picture.luma if mask is None else np.where(mask == 0, np.uint8(0), picture.luma)
        height, width = luma.shape
        size = (THUMB_SHORT, THUMB_LONG) if height > width else (THUMB_LONG, THUMB_SHORT)
        smaller = width >= size[0] and height >= size[1]
        thumb = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        return cls(thumb, _patches(luma, finer), (height, width))  # type: ignore[arg-type]

    @property
    def nbytes(self) -> int:
        """Bytes of pixels kept."""
        return self.thumb.nbytes + self.patches.nbytes


def _patches(luma: Plane, finer: int) -> Plane:
    """The middle of each cell of the grid; a view would keep the picture alive, so it is copied."""
    height, width = luma.shape
    if min(height, width) < LEAST:
        return np.empty((0, SIDE, SIDE), np.uint8)
    times = max(1, min(finer, min(height, width) // LEAST))
    rows, columns = (PATCHES_LONG, PATCHES_SHORT) if height > width else (PATCHES_SHORT, PATCHES_LONG)
    rows, columns = rows * times, columns * times
    tall, wide = height // rows, width // columns
    cells = luma[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide)
    y, x = (tall - SIDE) // 2, (wide - SIDE) // 2
    middle = cells[:, y : y + SIDE, :, x : x + SIDE].transpose(0, 2, 1, 3)
    return np.ascontiguousarray(middle).reshape(-1, SIDE, SIDE)
