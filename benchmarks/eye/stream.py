"""Faults behind the camera: blocks of a broken stream, and the cards that recorders draw instead of a picture.

Every way takes ``(image, severity, random)`` as in ``optics``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye.image import Bytes, Image, Random, between, clipped, graded, pick
from benchmarks.eye.osd import write
from benchmarks.eye.video import damaged, decoded, encoded

BLOCK = 16


def _runs(random: Random, rows: int, columns: int, share: float) -> NDArray[np.bool_]:
    """(rows, columns) bool: macroblocks lost in runs along the lines, as slices are, in one or more regions."""
    lost = np.zeros((rows, columns), bool)
    while lost.mean() < share:
        row, column = int(random.integers(rows)), int(random.integers(columns))
        for line in range(int(random.integers(1, max(2, rows // 4)))):
            start = column if line == 0 else int(random.integers(max(1, columns // 2)))
            lost[min(row + line, rows - 1), start : start + int(random.integers(columns // 6, columns))] = (
                True
            )
    return lost


def _blocks(image: Image) -> tuple[int, int, int]:
    block = BLOCK if image.shape[1] < 1000 else pick(np.random.default_rng(image.shape[1]), (16, 32))
    return image.shape[0] // block, image.shape[1] // block, block


def mosaic_moved(image: Image, severity: float, random: Random) -> Image:
    """Lost blocks filled with blocks from elsewhere: wrong motion vectors."""
    rows, columns, block = _blocks(image)
    out = image.copy()
    for row, column in zip(
        *np.nonzero(_runs(random, rows, columns, graded(severity, 0.1, 0.7))), strict=True
    ):
        y = int(np.clip(row + random.integers(-6, 7), 0, rows - 1)) * block
        x = int(np.clip(column + random.integers(-9, 10), 0, columns - 1)) * block
        source = image[y : y + block, x : x + block]
        out[row * block : (row + 1) * block, column * block : (column + 1) * block] = source
    return out


def mosaic_levels(image: Image, severity: float, random: Random) -> Image:
    """Blocks with a wrong mean: the DC of a chain of blocks drifts, in brightness and colour."""
    rows, columns, block = _blocks(image)
    out = image.copy()
    lost = _runs(random, rows, columns, graded(severity, 0.12, 0.75))
    size = graded(severity, 35, 90)
    for row in range(rows):
        drift = random.normal(0, size, 3) * (0.4, 0.4, 0.4) + random.normal(0, size)
        for column in np.nonzero(lost[row])[0]:
            if random.random() < 0.5:
                drift = random.normal(0, size * 0.4, 3) + random.normal(0, size)
            out[row * block : (row + 1) * block, column * block : (column + 1) * block] += drift
    return out.astype(np.float32)


def mosaic_flat(image: Image, severity: float, random: Random) -> Image:
    """Blocks of one colour: only the DC of each came through, or grey, green, pink for nothing."""
    rows, columns, block = _blocks(image)
    out = image.copy()
    nothing = pick(random, [(128.0, 128.0, 128.0), (0.0, 135.0, 0.0), (180.0, 90.0, 220.0), None, None])
    for row, column in zip(
        *np.nonzero(_runs(random, rows, columns, graded(severity, 0.12, 0.8))), strict=True
    ):
        part = out[row * block : (row + 1) * block, column * block : (column + 1) * block]
        part[:] = part.mean(axis=(0, 1)) + random.normal(0, 9) if nothing is None else nothing
    return out


def mosaic_slice(image: Image, severity: float, random: Random) -> Image:
    """The rest of the picture lost: grey or green from some line on, residuals of blocks in it."""
    rows, columns, block = _blocks(image)
    out = image.copy()
    first = int(rows * graded(1 - severity, 0.15, 0.8))
    colour = np.array(
        pick(random, [(128, 128, 128), (0, 135, 0), (120, 130, 125), (60, 160, 60)]), np.float32
    )
    out[first * block :] = colour
    start = int(random.integers(columns)) * block
    out[first * block : (first + 1) * block, :start] = image[first * block : (first + 1) * block, :start]
    for _ in range(int(graded(severity, 10, 60))):
        row, column = int(random.integers(first, rows)), int(random.integers(columns))
        ghost = image[row * block : (row + 1) * block, column * block : (column + 1) * block]
        out[row * block : (row + 1) * block, column * block : (column + 1) * block] += 0.5 * (
            ghost - ghost.mean()
        )
    return out


def mosaic_pixels(image: Image, severity: float, random: Random) -> Image:
    """A starved encoder or decoder: coarse squares instead of detail, over all or a broad region."""
    height, width = image.shape[:2]
    side = graded(severity, 9, 34) * width / 640
    small = cv2.resize(
        image, (max(8, int(width / side)), max(6, int(height / side))), interpolation=cv2.INTER_AREA
    )
    squares = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    out = image.copy()
    if random.random() < 0.5:
        return np.asarray(squares, np.float32)
    top, left = int(between(random, 0, 0.4) * height), int(between(random, 0, 0.4) * width)
    bottom, right = (
        top + int(between(random, 0.5, 0.8) * height),
        left + int(between(random, 0.5, 0.8) * width),
    )
    out[top:bottom, left:right] = squares[top:bottom, left:right]
    return out


def mosaic_smear(image: Image, severity: float, random: Random) -> Image:
    """Prediction from above runs on: columns of blocks drawn down the picture."""
    rows, columns, block = _blocks(image)
    out = image.copy()
    column = 0
    while column < columns:
        wide = int(random.integers(1, 7))
        if random.random() < graded(severity, 0.35, 0.95):
            first = int(rows * between(random, 0.1, 0.9 - 0.5 * severity)) * block
            part = slice(column * block, (column + wide) * block)
            out[first + 1 :, part] = out[first, part] + random.normal(0, 6)
        column += wide
    return out.astype(np.float32)


def mosaic_torn(image: Image, severity: float, random: Random) -> Image:
    """Bands of macroblock rows pushed sideways, each by its own amount."""
    rows, _, block = _blocks(image)
    out = image.copy()
    row = int(random.integers(3))
    while row < rows:
        high = int(random.integers(1, 4))
        if random.random() < graded(severity, 0.35, 0.9):
            shift = int(random.normal(0, graded(severity, 2.5, 9))) * block
            out[row * block : (row + high) * block] = np.roll(
                out[row * block : (row + high) * block], shift, axis=1
            )
        row += high
    return out


def mosaic_real(image: Image, severity: float, random: Random) -> Image:
    """A real stream with bytes lost: what a decoder makes of it, some pictures later."""
    codec = pick(random, ("h264", "h264", "h265"))
    pace = random.normal(0, 4, 2)
    pictures = [clipped(np.roll(image, (int(pace[0] * n), int(pace[1] * n)), (0, 1))) for n in range(-3, 1)]
    packets = encoded(pictures, codec, int(random.integers(22, 32)), 50, slices=pick(random, (1, 1, 4)))
    whole = [picture.astype(np.int16) for picture in decoded(packets, codec)]
    out = image.copy()
    for _ in range(6):
        shown = _received(packets, codec, severity, random)
        if shown is not None and min(_broken(shown, picture) for picture in whole) > graded(
            severity, 0.04, 0.2
        ):
            out[: shown.shape[0], : shown.shape[1]] = shown
            break
    return out


def _received(packets: list[bytes], codec: str, severity: float, random: Random) -> Bytes | None:
    lossy = list(packets)
    hit = 0 if random.random() < 0.6 else 1
    for index in range(hit, len(lossy)):
        if index == hit or random.random() < severity:
            lossy[index] = damaged(lossy[index], random, graded(severity, 0.25, 0.85))
    shown = decoded(lossy, codec)
    return shown[-1] if shown else None


def _broken(shown: Bytes, whole: NDArray[np.int16]) -> float:
    """Share of 16 x 16 blocks that differ so much that a person sees it."""
    away = np.abs(shown.astype(np.int16) - whole).mean(axis=2)
    rows, columns = away.shape[0] // BLOCK * BLOCK, away.shape[1] // BLOCK * BLOCK
    blocks = away[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK).mean(axis=(1, 3))
    return float((blocks > 18).mean())


WORDS = (
    "NO SIGNAL",
    "VIDEO LOSS",
    "NO VIDEO",
    "Video Loss",
    "无信号",
    "视频丢失",
    "无视频信号",
    "No Signal",
    "CAMERA OFFLINE",
)
BLUES = ((255, 0, 0), (200, 0, 0), (160, 40, 10), (215, 120, 0), (128, 0, 0), (180, 70, 30))
GREYS = ((128, 128, 128), (64, 64, 64), (90, 90, 90), (192, 192, 192), (45, 45, 45))


def _words(image: Image, random: Random) -> Image:
    height, width = image.shape[:2]
    text = pick(random, WORDS)
    wide = sum(0.75 if letter.isascii() else 1.4 for letter in text)
    size = min(between(random, 0.06, 0.16) * height, 0.85 * width / wide)
    x = 0.5 if random.random() < 0.8 else between(random, 0.45, 0.55)
    at = (x * width, between(random, 0.42, 0.6) * height)
    colour = pick(random, ((255, 255, 255), (255, 255, 255), (0, 255, 255), (30, 30, 230)))
    return write(image, text, at, size, colour, "middle", pick(random, ("plain", "rim")))


def card_plain(image: Image, severity: float, random: Random) -> Image:
    """One colour, and perhaps words."""
    colours = BLUES if random.random() < 0.55 else GREYS
    out = np.empty_like(image)
    out[:] = pick(random, colours)
    return _words(out, random) if random.random() < 0.65 else out


def card_black(image: Image, severity: float, random: Random) -> Image:
    """Black, with words: only the words say that it is a card."""
    return _words(np.full_like(image, pick(random, (0.0, 0.0, 16.0))), random)


def card_bars(image: Image, severity: float, random: Random) -> Image:
    """Colour bars: EBU or SMPTE, 75 or 100 %, words perhaps."""
    height, width = image.shape[:2]
    level = pick(random, (191.0, 255.0, 180.0))
    on = np.array(
        [(1, 1, 1), (0, 1, 1), (1, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 0, 0)], np.float32
    )
    count = pick(random, (7, 8))
    out = np.empty_like(image)
    out[:] = (on[np.arange(width) * count // width] * level)[None]
    if count == 7:
        castellations = on[[6, 7, 4, 7, 2, 7, 0]] * level
        out[int(height * 0.67) : int(height * 0.75)] = castellations[np.arange(width) * 7 // width]
        foot = np.array([(105, 33, 0), (255, 255, 255), (125, 0, 51), (19, 19, 19), (9, 9, 9), (29, 29, 29)])
        out[int(height * 0.75) :] = foot[np.arange(width) * 6 // width]
    return _words(out, random) if random.random() < 0.35 else out


def card_gradient(image: Image, severity: float, random: Random) -> Image:
    """A card with a shade and a frame or a box with the words: newer recorders."""
    height, width = image.shape[:2]
    top, bottom = (np.array(pick(random, BLUES + GREYS[1:3]), np.float32) for _ in range(2))
    bottom = top * between(random, 0.75, 0.95) if random.random() < 0.7 else top
    out = np.empty_like(image)
    out[:] = top + (bottom - top) * np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    if random.random() < 0.5:
        box = ((int(width * 0.3), int(height * 0.4)), (int(width * 0.7), int(height * 0.62)))
        cv2.rectangle(out, *box, (top * 0.5).tolist(), -1)
    return _words(out, random)
