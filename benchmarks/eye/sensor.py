"""Faults of the sensor, its exposure and its wires: too bright, too dark, no light, wrong colours, snow, stripes.

Every way takes ``(image, severity, random)`` as in ``optics``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.eye.image import Image, Random, between, cloud, gaussian, graded, grey, mixed, pick


def over_gain(image: Image, severity: float, random: Random) -> Image:
    """Exposure stuck too long: so much gain that the given share of the picture clips."""
    share = graded(severity, 0.38, 0.93)
    level = float(np.quantile(grey(image), 1 - share))
    return gaussian(image * (262 / max(level, 6.0)), 0.8)


def over_bloom(image: Image, severity: float, random: Random) -> Image:
    """Exposure stuck, and the light spills: bright parts glow over their neighbours."""
    bright = over_gain(image, severity * 0.9, random)
    glow = gaussian(np.clip(bright, 0, 255), image.shape[1] / 25)
    return np.asarray(bright + glow * graded(severity, 0.2, 0.5), np.float32)


def over_lifted(image: Image, severity: float, random: Random) -> Image:
    """Iris wide open: everything pale, colours gone, little left below white."""
    gain = over_gain(image, severity * 0.7, random)
    lift = graded(severity, 40, 150)
    return np.asarray(lift + gain * (255 - lift) / 235, np.float32)


def over_glare(image: Image, severity: float, random: Random) -> Image:
    """Sun, headlamp or the camera's own lamp into the lens: a burnt area that veils the rest."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    x, y = between(random, 0.25, 0.75) * width, between(random, 0.2, 0.7) * height
    away = np.hypot((xx - x) / width, (yy - y) / width)
    reach = graded(severity, 0.26, 0.55)
    light = 420 * np.exp(-((away / reach) ** 2))
    return np.asarray(image * 1.15 + light[..., None] + graded(severity, 15, 50), np.float32)


def under_gain(image: Image, severity: float, random: Random) -> Image:
    """Exposure stuck too short: the scene at a fraction of its light, noise of the sensor as it is."""
    wanted = graded(severity, 40, 13)
    return np.asarray(image * (wanted / max(float(image.mean()), 1)), np.float32)


def under_gamma(image: Image, severity: float, random: Random) -> Image:
    """Shadows crushed: only what was bright is left, dim."""
    power = graded(severity, 1.5, 2.2)
    return under_gain(np.asarray(255 * (np.clip(image, 0, 255) / 255) ** power, np.float32), severity, random)


def under_iris(image: Image, severity: float, random: Random) -> Image:
    """Iris nearly shut: dark, darker towards the corners."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot(xx / width - 0.5, yy / height - 0.5)
    return under_gain(
        image * np.exp(-((away / between(random, 0.45, 0.7)) ** 2))[..., None], severity, random
    )


def _level(image: Image, value: float) -> Image:
    return np.full_like(image, value)


def black_noise(image: Image, severity: float, random: Random) -> Image:
    """No light at all: the sensor's own noise at high gain, or none."""
    sigma = between(random, 0, 5)
    out = _level(image, graded(1 - severity, 0, 20)) + random.normal(0, sigma, image.shape)
    return gaussian(out.astype(np.float32), between(random, 0.0, 0.8))


def black_flat(image: Image, severity: float, random: Random) -> Image:
    """A black that an encoder draws: 0 or 16, exactly."""
    return _level(image, pick(random, (0.0, 0.0, 16.0, between(random, 0, 18))))


def black_glow(image: Image, severity: float, random: Random) -> Image:
    """Cap on, lamps off: amplifier glow in a corner, hot pixels, faint rows."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    x, y = pick(random, (0, width)), pick(random, (0, height))
    glow = between(random, 2, 9) * np.exp(-np.hypot(xx - x, yy - y) / (0.3 * width))
    out = _level(image, between(random, 1, 14)) + glow[..., None]
    out += random.normal(0, between(random, 0.3, 1.0), (height, 1, 1)) + random.normal(0, 1.5, image.shape)
    for _ in range(int(random.integers(0, 25))):
        out[int(random.integers(height)), int(random.integers(width))] += between(random, 40, 180)
    return out.astype(np.float32)


def black_scene(image: Image, severity: float, random: Random) -> Image:
    """Lamp dead at night: the scene is there in one or two grey levels, nobody can see it."""
    dark = (image - image.mean()) * (graded(1 - severity, 0.2, 1.2) / max(float(image.std()), 1.0))
    out = dark + between(random, 3, 16) + random.normal(0, between(random, 1, 4), image.shape)
    return out.astype(np.float32)


def _chroma(image: Image, turn: NDArray[np.float32], shift: tuple[float, float]) -> Image:
    y = grey(image)
    u, v = (image[..., 0] - y) * 0.564, (image[..., 2] - y) * 0.713
    u, v = turn[0, 0] * u + turn[0, 1] * v + shift[0], turn[1, 0] * u + turn[1, 1] * v + shift[1]
    blue, red = y + u / 0.564, y + v / 0.713
    return np.stack((blue, y - 0.344 * u - 0.714 * v, red), axis=2).astype(np.float32)


def cast_gains(image: Image, severity: float, random: Random) -> Image:
    """White balance stuck far off: one or two colours too strong, the others too weak."""
    strong = graded(severity, 1.28, 1.9)
    gains = np.full(3, 1 / strong)
    gains[random.permutation(3)[: int(random.integers(1, 3))]] = strong
    return np.asarray(image * (gains / (gains @ np.array((0.114, 0.587, 0.299)))), np.float32)


def cast_offset(image: Image, severity: float, random: Random) -> Image:
    """The colour signal has an offset: black, grey and white are tinted alike."""
    angle = between(random, 0, 2 * np.pi)
    size = graded(severity, 18, 60)
    return _chroma(image, np.eye(2, dtype=np.float32), (size * np.cos(angle), size * np.sin(angle)))


def cast_swapped(image: Image, severity: float, random: Random) -> Image:
    """Red and blue swapped, or the colours turned: blue faces, magenta grass."""
    if random.random() < 0.5:
        return np.ascontiguousarray(image[..., ::-1])
    angle = pick(random, (np.pi / 2, -np.pi / 2, np.pi))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    return _chroma(image, turn * (1.0 + 0.6 * severity), (0, 0))


def cast_infrared_filter(image: Image, severity: float, random: Random) -> Image:
    """The IR-cut filter stuck open by day: magenta over all, leaves and cloth pale pink."""
    y = grey(image)
    leaf = np.clip((image[..., 1] - 0.5 * (image[..., 0] + image[..., 2])) / 40, 0, 1)
    light = graded(severity, 0.35, 0.9) * (0.6 * y + 90 * leaf)
    out = image * 0.85 + np.stack((light * 0.75, light * 0.3, light), axis=2)
    return np.asarray(out * (float(image.mean()) / max(float(out.mean()), 1)), np.float32)


def cast_plane(image: Image, severity: float, random: Random) -> Image:
    """One colour missing (a broken pin), or one left alone."""
    out = image.copy()
    plane = int(random.integers(3))
    if random.random() < 0.3 * severity:
        out[..., [p for p in range(3) if p != plane]] *= graded(1 - severity, 0.05, 0.5)
    else:
        out[..., plane] *= graded(1 - severity, 0.02, 0.5)
    return out


def cast_green(image: Image, severity: float, random: Random) -> Image:
    """Colour planes filled with zeros in part: green, or pink when they overflow."""
    share = graded(severity, 0.3, 1.0)
    shift = pick(random, (-70.0, -70.0, 60.0)) * share
    return _chroma(image, np.eye(2, dtype=np.float32) * (1 - 0.7 * share), (shift, shift))


def _fine(random: Random, shape: tuple[int, ...], grain: float) -> NDArray[np.float32]:
    """White noise of unit deviation with grains of the given sigma, pixels."""
    noise = random.standard_normal(shape, dtype=np.float32)
    if grain > 0.2:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), grain), np.float32)
        noise = (noise / noise.std()).reshape(shape)
    return noise


def snow_white(image: Image, severity: float, random: Random) -> Image:
    """A failing sensor or a gain without end: grey noise over all."""
    height, width = image.shape[:2]
    noise = _fine(random, (height, width), between(random, 0.0, 0.55) * width / 640)
    return np.asarray(image + (noise * graded(severity, 26, 85))[..., None], np.float32)


def snow_coloured(image: Image, severity: float, random: Random) -> Image:
    """The same in each colour by itself."""
    noise = _fine(random, image.shape, between(random, 0.0, 0.6) * image.shape[1] / 640)
    return np.asarray(image + noise * graded(severity, 34, 95), np.float32)


def snow_salt(image: Image, severity: float, random: Random) -> Image:
    """Bits lost between sensor and processor: white and black dots."""
    height, width = image.shape[:2]
    size = 1 if width < 800 else int(random.integers(1, 3))
    dice = random.random((height // size + 1, width // size + 1), dtype=np.float32)
    dice = cv2.resize(dice, (width, height), interpolation=cv2.INTER_NEAREST)
    share = graded(severity, 0.03, 0.3)
    out = image.copy()
    black = pick(random, (0.5, 0.5, 0.1))
    out[dice < share * black] = 0
    out[dice > 1 - share * (1 - black)] = 255
    return out


def snow_analogue(image: Image, severity: float, random: Random) -> Image:
    """A bad coaxial line or radio link: dashes along the lines, up to nothing but snow."""
    height, width = image.shape[:2]
    noise = random.standard_normal((height, width), dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=between(random, 0.8, 2.5) * width / 640, sigmaY=0.4)
    noise = noise / noise.std()
    alpha = graded(severity, 0.16, 0.85)
    snow = 120 + 75 * np.maximum(noise, -1.6)
    return np.asarray(image * (1 - alpha) + (snow * alpha)[..., None], np.float32)


def snow_thermal(image: Image, severity: float, random: Random) -> Image:
    """Heat: blotches of false colour, coarse and fine, strongest where it is dark."""
    height, width = image.shape[:2]
    sigma = graded(severity, 26, 70)
    luma = _fine(random, (height, width), 0.3 * width / 640)
    colour = _fine(random, image.shape, between(random, 0.8, 1.8) * width / 640)
    weight = 1.25 - np.clip(grey(image) / 400, 0, 0.6)
    return np.asarray(image + sigma * weight[..., None] * (0.75 * luma[..., None] + 0.5 * colour), np.float32)


def _wave(phase: NDArray[np.float32], random: Random) -> NDArray[np.float32]:
    wave = np.sin(phase)
    return np.sign(wave) if random.random() < 0.3 else wave


def _grid(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    height, width = image.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    return yy / height, xx / width


def _periodic(
    image: Image, severity: float, random: Random, degrees: float, low: float, high: float
) -> Image:
    """Bars ``low``..``high`` across the picture at the given angle, grey or of one colour."""
    y, x = _grid(image)
    along = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    phase = 2 * np.pi * along * between(random, low, high) + between(random, 0, 6.28)
    colour = np.ones(3) if random.random() < 0.6 else random.uniform(-1, 1, 3)
    colour = colour / np.abs(colour).max()
    size = graded(severity, 12, 65)
    return np.asarray(image + size * _wave(phase, random)[..., None] * colour, np.float32)


def stripes_horizontal(image: Image, severity: float, random: Random) -> Image:
    """Mains in the video line: horizontal bars."""
    return _periodic(image, severity, random, 90 + between(random, -1, 1), 6, 45)


def stripes_vertical(image: Image, severity: float, random: Random) -> Image:
    """Interference locked to the lines: vertical bars."""
    return _periodic(image, severity, random, between(random, -1, 1), 8, 60)


def stripes_diagonal(image: Image, severity: float, random: Random) -> Image:
    """Interference that is not locked: slanting bars."""
    return _periodic(image, severity, random, pick(random, (1, -1)) * between(random, 15, 75), 8, 50)


def stripes_rolling(image: Image, severity: float, random: Random) -> Image:
    """Lamps against the shutter, or a bad earth: few broad bands, darker by a factor."""
    y, _ = _grid(image)
    bands = between(random, 2.5, 7)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (bands * y + between(random, 0, 1)))
    depth = graded(severity, 0.28, 0.85)
    return np.asarray(image * (1 - depth * wave)[..., None] + 8 * wave[..., None], np.float32)


def stripes_moire(image: Image, severity: float, random: Random) -> Image:
    """Radio interference: fine lines that bend and beat."""
    y, x = _grid(image)
    bend = between(random, 0.2, 1.5) * np.sin(
        2 * np.pi * (y * between(random, 0.5, 2) + between(random, 0, 1))
    )
    phase = 2 * np.pi * (x * between(random, 30, 75) + y * between(random, -25, 25) + bend)
    beat = 0.6 + 0.4 * np.sin(2 * np.pi * y * between(random, 1, 5))
    return np.asarray(image + graded(severity, 14, 60) * (np.sin(phase) * beat)[..., None], np.float32)


def stripes_lines(image: Image, severity: float, random: Random) -> Image:
    """Rows (or columns, in a broken sensor) lost, white, black or torn sideways."""
    out = image.copy()
    upright = random.random() < 0.35
    view = out.transpose(1, 0, 2) if upright else out
    count = int(graded(severity, 0.035, 0.22) * view.shape[0])
    thick = max(1, round(image.shape[1] / 640))
    way = int(random.integers(3 if not upright else 2))
    for start in random.integers(0, view.shape[0] - 3 * thick, max(count // thick, 6)):
        rows = slice(int(start), int(start) + thick * int(random.integers(1, 3)))
        if way == 0:
            view[rows] = pick(random, (0.0, 255.0))
        elif way == 1:
            view[rows] = view[rows] * 0.3 + 0.7 * random.uniform(0, 255, 3)
        else:
            view[rows] = np.roll(view[rows], int(between(random, 0.03, 0.2) * view.shape[1]), axis=1)
    return out


def stripes_columns(image: Image, severity: float, random: Random) -> Image:
    """Fixed pattern of a dying sensor: each column (or row) has a brightness of its own."""
    height, width = image.shape[:2]
    upright = random.random() < 0.6
    count = width if upright else height
    pattern = random.standard_normal(count).astype(np.float32)
    pattern = cv2.GaussianBlur(pattern[None], (0, 0), between(random, 0.6, 2) * width / 640).ravel()
    pattern = pattern / pattern.std() * graded(severity, 10, 38)
    return np.asarray(image + (pattern[None, :, None] if upright else pattern[:, None, None]), np.float32)


def stripes_bands(image: Image, severity: float, random: Random) -> Image:
    """Bands of false colour across the picture: a chroma line out of step."""
    y, x = _grid(image)
    along = y if random.random() < 0.7 else x
    bands = int(random.integers(3, 14))
    edges = np.sort(random.uniform(0, 1, bands * 2))
    inside = (np.searchsorted(edges, along) % 2).astype(np.float32)
    colour = random.uniform(-1, 1, 3)
    other = image + colour / np.abs(colour).max() * graded(severity, 30, 110)
    return mixed(image, other.astype(np.float32), inside)


def hum(random: Random, height: int, width: int) -> NDArray[np.float32]:
    """What a healthy analogue line adds: nothing to see, a level's worth of slow bars."""
    return (cloud(random, height, width, 2, 1) - 0.5) * 2
