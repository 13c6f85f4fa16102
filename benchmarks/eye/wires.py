"""Faults of sensor, wires and stream in further ways than ``sensor`` and ``stream`` have.

Every way takes ``(image, severity, random)`` as in ``optics``.
"""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.eye.image import Image, Random, between, gaussian, graded, grey, mixed, pick


def _turned(image: Image, upright: bool) -> Image:
    """A view of ``image`` whose rows are the lines (or the columns, when ``upright``)."""
    return image.transpose(1, 0, 2) if upright else image


def stripes_wide(image: Image, severity: float, random: Random) -> Image:
    """A few bars of 2 to 6 % of the side: dark, grey, white or of one colour, opaque or not, even or anywhere."""
    out = image.copy()
    view = _turned(out, random.random() < 0.5)
    side, count = view.shape[0], int(random.integers(3, 11))
    wide = between(random, 0.018, 0.06) * side
    even = np.linspace(0.5, count - 0.5, count) / count + between(random, -0.3, 0.3) / count
    places = even if random.random() < 0.5 else random.uniform(0.02, 0.98, count)
    line = np.arange(side, dtype=np.float32)
    soft = max(0.35, between(random, 0, 0.35) * wide)
    bars = np.zeros(side, np.float32)
    for place in places:
        size = wide * between(random, 0.7, 1.3)
        bars = np.maximum(bars, np.clip((size / 2 - np.abs(line - place * side)) / soft + 0.5, 0, 1))
    level = pick(random, (0.0, 25.0, 128.0, 200.0, 255.0))
    colour = np.full(3, level) if random.random() < 0.75 else random.uniform(0, 255, 3)
    alpha = np.clip(graded(severity, 0.4, 1.2), 0, 1) * bars
    view[:] = view * (1 - alpha[:, None, None]) + colour.astype(np.float32) * alpha[:, None, None]
    return out


def stripes_bars(image: Image, severity: float, random: Random) -> Image:
    """A line driver that fails: bars each of its own width, tone and strength, hard or soft, few or a dozen."""
    out = image.copy()
    view = _turned(out, random.random() < 0.5)
    side = view.shape[0]
    line = np.arange(side, dtype=np.float32)[:, None, None]
    tinted, opaque = random.random() < 0.25, graded(severity, 0.35, 0.95)
    for _ in range(int(random.integers(3, 13))):
        wide = float(np.exp(between(random, np.log(0.008), np.log(0.07)))) * side
        soft = max(0.5, pick(random, (0.02, 0.1, 0.4)) * wide)
        bar = np.clip((wide / 2 - np.abs(line - between(random, 0, 1) * side)) / soft + 0.5, 0, 1)
        level = random.uniform(0, 255, 3) if tinted else pick(random, (0.0, 30.0, 90.0, 140.0, 255.0))
        alpha = np.clip(opaque * between(random, 0.7, 1.3), 0, 1) * bar
        view[:] = view * (1 - alpha) + np.asarray(level, np.float32) * alpha
    return out


def stripes_dropped(image: Image, severity: float, random: Random) -> Image:
    """Lines lost: black, white, of a colour each, noise, or the neighbour again; thin or a few together."""
    out = image.copy()
    view = _turned(out, random.random() < 0.3)
    side, unit = view.shape[0], max(1, round(image.shape[1] / 640))
    share, way = graded(severity, 0.04, 0.3), int(random.integers(5))
    lost = 0
    while lost < share * side:
        thick = unit * int(random.integers(1, 5))
        first = int(random.integers(1, max(2, side - thick)))
        rows = view[first : first + thick]
        if way == 0:
            rows[:] = pick(random, (0.0, 255.0))
        elif way == 1:
            rows[:] = random.uniform(0, 255, 3)
        elif way == 2:
            rows[:] = random.uniform(0, 255, (1, rows.shape[1], 1))
        elif way == 3:
            rows[:] = rows * 0.3 + pick(random, (0.0, 128.0, 178.0)) * 0.7
        else:
            rows[:] = view[first - 1] + random.normal(0, 60)
        lost += thick
    return out


def stripes_hum(image: Image, severity: float, random: Random) -> Image:
    """A bad earth: soft broad bars that add light and take it, level or nearly."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    bands = between(random, 2, 9)
    phase = yy / height * bands + xx / width * between(random, -0.4, 0.4) + between(random, 0, 1)
    wave = np.sin(2 * np.pi * phase)
    if random.random() < 0.4:
        wave = np.tanh(wave * between(random, 2, 6))
    return np.asarray(image + (graded(severity, 16, 70) * wave)[..., None], np.float32)


def cast_dead(image: Image, severity: float, random: Random) -> Image:
    """One colour of three gone, or stuck at one level."""
    out = image.copy()
    plane, left = int(random.integers(3)), max(0.0, 0.35 - 0.5 * severity)
    level = pick(random, (0.0, 0.0, 0.0, 128.0, 255.0))
    out[..., plane] = out[..., plane] * left + level * (1 - left)
    return out


def _with_chroma(y: Image, u: Image, v: Image) -> Image:
    return np.stack((y + u / 0.564, y - 0.344 * u - 0.714 * v, y + v / 0.713), axis=2).astype(np.float32)


def cast_half(image: Image, severity: float, random: Random) -> Image:
    """A chroma signal stuck at one value or never changing its sign: all hues on one side."""
    y = grey(image)
    pair = [(image[..., 0] - y) * 0.564, (image[..., 2] - y) * 0.713]
    size, sign = graded(severity, 22, 80), pick(random, (-1.0, 1.0))
    for stuck in (0, 1) if random.random() < 0.35 else (int(random.integers(2)),):
        kept = pick(random, (0.0, 0.0, 0.3))
        pair[stuck] = kept * pair[stuck] + sign * size * between(random, 0.8, 1.2)
        sign = pick(random, (-1.0, 1.0))
    return _with_chroma(y, *pair)


def cast_strong(image: Image, severity: float, random: Random) -> Image:
    """White balance at the stop: one or two gains far up, clipped, or the others far down."""
    gains = np.ones(3, np.float32)
    strong = graded(severity, 1.45, 2.8)
    chosen = random.permutation(3)[: int(random.integers(1, 3))]
    gains[chosen] = strong if random.random() < 0.6 else 1 / strong
    return np.clip(image * gains, 0, 255).astype(np.float32)


def under_flat(image: Image, severity: float, random: Random) -> Image:
    """Light fails while the picture stays whole: everything between black and a dark grey, noise lifted with it."""
    top = graded(severity, 85, 34)
    span = max(float(np.quantile(image, 0.98)) - float(np.quantile(image, 0.01)), 20.0)
    dark = (image - float(np.quantile(image, 0.01))) * (top / span) + between(random, 0, 12)
    noise = random.standard_normal(image.shape, dtype=np.float32) * between(random, 0, 5)
    return np.asarray(dark + gaussian(noise, between(random, 0, 0.7)), np.float32)


def over_curve(image: Image, severity: float, random: Random) -> Image:
    """Exposure stuck on a steep curve: what was bright is burnt, what was dark stays dark."""
    level = float(np.quantile(grey(image), 1 - graded(severity, 0.38, 0.8)))
    low = level * between(random, 0.2, 0.6)
    return gaussian((image - low) * (265 / max(level - low, 5.0)) + between(random, 5, 30), 0.6)


def snow_lumps(image: Image, severity: float, random: Random) -> Image:
    """Noise of a colour camera after its own filters: grains of two or three pixels, in luma and colour."""
    unit = image.shape[1] / 640
    noise = gaussian(random.standard_normal(image.shape, dtype=np.float32), between(random, 0.6, 1.5) * unit)
    common = pick(random, (0.0, 0.4, 0.8))
    noise = (1 - common) * noise + common * noise.mean(axis=2, keepdims=True) * 1.7
    return np.asarray(image + noise / noise.std() * graded(severity, 24, 70), np.float32)


def mosaic_broken(image: Image, severity: float, random: Random) -> Image:
    """The stream ends within the picture: the rest is one grey, green or black, or the last line drawn down."""
    height, width = image.shape[:2]
    out, block = image.copy(), pick(random, (16, 16, 8, 32))
    first = max(1, int(height * graded(1 - severity, 0.25, 0.82)) // block) * block
    start = int(random.integers(width // block)) * block
    way = int(random.integers(3))
    rest = out[first:].copy()
    if way == 0:
        rest[:] = pick(
            random,
            ((128.0, 128.0, 128.0), (0.0, 135.0, 0.0), (0.0, 77.0, 0.0), (0.0, 0.0, 0.0), (90.0, 90.0, 90.0)),
        )
    else:
        rest[:] = out[first - 1]
        if way == 2:
            drift = np.linspace(0, 1, len(rest), dtype=np.float32)[:, None, None]
            rest += (pick(random, (0.0, 128.0, 255.0)) - rest) * drift * between(random, 0.3, 1.0)
    rest[:block, :start] = out[first : first + block, :start]
    out[first:] = rest
    return out


def mosaic_drawn(image: Image, severity: float, random: Random) -> Image:
    """Lost data filled by drawing on what was left of it or above: smears from many blocks, down or sideways."""
    out = image.copy()
    view = _turned(out, random.random() < 0.3)
    block, done = pick(random, (8, 16, 16, 32)), 0.0
    high, wide = view.shape[:2]
    while done < graded(severity, 0.15, 0.8):
        row, column = int(random.integers(1, high)), int(random.integers(wide // block)) * block
        row = max(block, row // block * block)
        long, broad = int(between(random, 0.15, 0.9) * high), block * int(random.integers(1, 9))
        part = view[row : row + long, column : column + broad]
        part[:] = view[row - 1, column : column + broad] + random.normal(0, 12, 3)
        done += part.shape[0] * part.shape[1] / (high * wide)
    return out


def mosaic_mixed(image: Image, severity: float, random: Random) -> Image:
    """Blocks lost in runs and clusters: of one colour, off in light or colour, from elsewhere, or coarse squares."""
    out = image.copy()
    block = pick(random, (8, 16, 16, 32))
    rows, columns = image.shape[0] // block, image.shape[1] // block
    ways = random.permutation(4)[: int(random.integers(1, 4))]
    done, wanted = 0, graded(severity, 0.12, 0.75) * rows * columns
    while done < wanted:
        row, column = int(random.integers(rows)), int(random.integers(columns))
        run, way = int(random.integers(2, max(3, columns // 2))), int(pick(random, ways.tolist()))
        shift = random.normal(0, 45, 3) * 0.4 + random.normal(0, 45)
        for at in range(column, min(columns, column + run)):
            part = out[row * block : (row + 1) * block, at * block : (at + 1) * block]
            if way == 0:
                part[:] = part.mean(axis=(0, 1)) + random.normal(0, 20)
            elif way == 1:
                part += shift
            elif way == 2:
                y, x = int(random.integers(rows)) * block, int(random.integers(columns)) * block
                part[:] = image[y : y + block, x : x + block]
            else:
                coarse = cv2.resize(part, (2, 2), interpolation=cv2.INTER_AREA)
                part[:] = cv2.resize(coarse, (block, block), interpolation=cv2.INTER_NEAREST)
        done += run
    return mixed(image, out, np.ones(image.shape[:2], np.float32))
