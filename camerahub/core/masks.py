"""Masks of a picture: which cells of a grid of 64 x 36 are masked, from rectangles or from an image, and back.

A grid, because every source is measured at another size and a mask must mean the same for all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from camerahub.core.eyes import COLUMNS, MASK_BYTES, ROWS

Grid = NDArray[np.bool_]


def of_rect(left: float, top: float, width: float, height: float) -> Grid:
    """Cells (36, 64) bool that a rectangle touches; all in percent of the picture, from its upper left corner.

    ValueError unless it lies within the picture and has a size.
    """
    if not (0 <= left < left + width <= 100 and 0 <= top < top + height <= 100):
        raise ValueError(f"{left:g},{top:g},{width:g},{height:g}")
    grid = np.zeros((ROWS, COLUMNS), np.bool_)
    first = (int(top * ROWS / 100), int(left * COLUMNS / 100))
    last = (-int(-(top + height) * ROWS // 100), -int(-(left + width) * COLUMNS // 100))
    grid[first[0] : last[0], first[1] : last[1]] = True
    return grid


def of_image(image: NDArray[np.uint8]) -> Grid:
    """Cells of which half or more is lighter than half grey in ``image`` uint8 (h, w), at least one pixel a cell.

    ValueError for a smaller one.
    """
    height, width = image.shape
    if height < ROWS or width < COLUMNS:
        raise ValueError(f"{width}x{height}")
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    light = np.zeros((ROWS, COLUMNS), np.int64)
    np.add.at(light, (rows[:, None], columns[None, :]), image > 127)
    sizes = np.bincount(rows)[:, None] * np.bincount(columns)[None, :]
    half: Grid = light * 2 >= sizes
    return half


def packed(grid: Grid) -> bytes:
    """A grid (36, 64) bool as MASK_BYTES; b"" when nothing is masked."""
    return np.packbits(grid).tobytes() if grid.any() else b""


def unpacked(mask: bytes) -> Grid:
    """What ``packed`` made. ValueError for another length."""
    if len(mask) not in (0, MASK_BYTES):
        raise ValueError(f"a mask of {len(mask)} bytes")
    if not mask:
        return np.zeros((ROWS, COLUMNS), np.bool_)
    bits = np.unpackbits(np.frombuffer(mask, np.uint8))
    grid: Grid = bits.reshape(ROWS, COLUMNS).astype(np.bool_)
    return grid


def drawn(ignored: bytes, private: bytes) -> list[str]:
    """Both masks as lines for a terminal, two rows of cells a line: ``#`` private, ``+`` not judged, ``.`` neither."""
    shown = np.where(unpacked(private), "#", np.where(unpacked(ignored), "+", "."))
    return ["".join(row) for row in shown[::2]]
