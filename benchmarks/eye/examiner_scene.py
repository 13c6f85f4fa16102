"""What stands before the examiner's cameras: views cut from real pictures, and weather and night laid over them.

Pictures come from folders outside the repository (``sources``); light is added up in linear space, because night,
fog and glare are sums of light and not of pixel values. Pixels are float32, BGR, 0..255, height x width x 3.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
Rng = np.random.Generator

#: Widths of sub streams and snapshots, and their shapes (height / width).
WIDTHS = (480, 512, 640, 704, 720, 768, 800, 960, 1024, 1280)
SHAPES = (9 / 16, 9 / 16, 9 / 16, 3 / 4, 11 / 15)
#: Lamps and tubes in BGR, brightest channel one: sodium, warm LED, cold LED.
LAMPS = ((0.30, 0.66, 1.0), (0.72, 0.9, 1.0), (1.0, 0.97, 0.9))

#: Rings of a halo: spread in radii of the bulb, strength in parts of white.
_HALO = ((2.2, 0.7), (7, 0.10), (22, 0.008))


class Source(NamedTuple):
    """A picture on disk and the condition it shows."""

    path: Path
    cond: str


class View(NamedTuple):
    """What the camera looks at before its lens and sensor: pixels, condition, and the picture it was cut from.

    ``dry``: the same view without rain or falling snow, where there is any: a moment later other drops fall.
    """

    pixels: Pixels
    cond: str
    source: str
    dry: Pixels | None = None

    def later(self, rng: Rng) -> Pixels:
        """The same place a moment later."""
        return self.pixels if self.dry is None else WEATHER[self.cond](rng, self.dry)


def sources(folders: Sequence[Path], part: int = 0, parts: int = 1) -> list[Source]:
    """The healthy pictures of folders with a ``manifest.csv`` (columns ``file``, ``cond``, ``role``) or none.

    Without a manifest the word before the first ``_`` of the name is the condition. ``part`` of ``parts`` takes every
    parts-th picture of each condition, so that two sets need not share one. ValueError when nothing is left.
    """
    found = [source for folder in folders for source in _listed(folder)]
    by_cond: dict[str, int] = {}
    kept = []
    for source in sorted(found, key=lambda one: one.path.name):
        place = by_cond.get(source.cond, 0)
        by_cond[source.cond] = place + 1
        if place % parts == part:
            kept.append(source)
    if not kept:
        raise ValueError(f"no pictures in {', '.join(map(str, folders))}")
    return kept


def _listed(folder: Path) -> list[Source]:
    manifest = folder / "manifest.csv"
    if not manifest.exists():
        return [Source(path, path.name.split("_")[0]) for path in folder.glob("*.jpg")]
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("role", "healthy") == "healthy"]
    return [Source(folder / row["file"], row["cond"]) for row in rows]


def load(path: Path) -> Pixels:
    """The picture at ``path``. ValueError when it is none."""
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path} is no picture")
    return pixels.astype(np.float32)


def cut(rng: Rng, pixels: Pixels, smallest: float = 0.7) -> Pixels:
    """A view of camera-like size out of a picture: at random place, mirrored half the time, hardly enlarged."""
    high, wide = pixels.shape[:2]
    shape = float(rng.choice(SHAPES))
    width = min(wide, high / shape) * rng.uniform(smallest, 1.0)
    height = width * shape
    left, top = rng.uniform(0, wide - width), rng.uniform(0, high - height)
    crop = pixels[int(top) : int(top + height), int(left) : int(left + width)]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    size = rng.choice([size for size in WIDTHS if size <= width * 1.25] or WIDTHS[:1])
    return sized(crop, int(size), int(size * shape))


def sized(pixels: Pixels, width: int, height: int) -> Pixels:
    shrinks = width < pixels.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(pixels, (width, height), interpolation=method).clip(0, 255)


def linear(pixels: Pixels) -> Pixels:
    return (pixels.clip(0, 255) / 255) ** 2.2


def shown(light: Pixels) -> Pixels:
    """Linear light 0..1 as pixels; brighter light clips."""
    return (light.clip(0, 1) ** (1 / 2.2) * 255).astype(np.float32)


def luma(pixels: Pixels) -> Pixels:
    return pixels @ np.array([0.114, 0.587, 0.299], np.float32)


def detail(pixels: Pixels) -> float:
    """Mean step between neighbours at 480 wide: what blur and mosaic can take away from a picture."""
    small = luma(sized(pixels, 480, max(8, 480 * pixels.shape[0] // pixels.shape[1])))
    return float(np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean())


def grid(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Columns and rows of each pixel in parts of the width and the height."""
    high, wide = pixels.shape[:2]
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    return x / wide, y / high


def clouds(rng: Rng, high: int, wide: int, cells: int) -> Pixels:
    """Smooth random field of mean 0 and deviation 1, ``cells`` blobs across."""
    small = rng.standard_normal((max(2, cells * high // wide), max(2, cells))).astype(np.float32)
    field = cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC)
    return (field - field.mean()) / (field.std() + 1e-6)


def _sky(pixels: Pixels) -> Pixels:
    """How much each pixel looks like sky, 0..1: bright, smooth and joined to the upper edge."""
    high, wide = pixels.shape[:2]
    small = cv2.GaussianBlur(luma(cv2.resize(pixels, (96, 64), interpolation=cv2.INTER_AREA)), (0, 0), 1.5)
    above = max(110.0, float(np.percentile(small, 55)))
    bright = (small > above).astype(np.uint8)
    bright[44:] = 0
    _, labels = cv2.connectedComponents(bright)
    at_top = np.setdiff1d(np.unique(labels[:3]), 0)
    mask = cv2.dilate(np.isin(labels, at_top).astype(np.float32), np.ones((5, 5), np.uint8))
    soft = cv2.GaussianBlur(cv2.resize(mask, (wide, high)), (0, 0), wide / 120)
    return soft * ((luma(cv2.GaussianBlur(pixels, (0, 0), 1.2)) - above + 40) / 40).clip(0, 1)


def glow(canvas: Pixels, x: float, y: float, radius: float, colour: Sequence[float], power: float) -> None:
    """Add a bulb and its halo (light scattered in lens and dome) at pixel (x, y)."""
    high, wide = canvas.shape[:2]
    coarse = 4  # halos are smooth
    rows, columns = np.mgrid[0 : high // coarse + 1, 0 : wide // coarse + 1].astype(np.float32) * coarse
    away = (columns - x) ** 2 + (rows - y) ** 2
    halo = sum(part * np.exp(-away / (2 * (spread * radius) ** 2)) for spread, part in _HALO)
    light = cv2.resize(halo.astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
    bulb = np.zeros((high, wide), np.float32)
    centre = (round(x * 16), round(y * 16))
    cv2.circle(bulb, centre, max(8, round(radius * 16)), 3.0, -1, cv2.LINE_8, 4)
    canvas += power * (light + bulb)[..., None] * np.asarray(colour, np.float32)


def _street_lamps(rng: Rng, pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Light that falls on the scene, and light that is seen: lamps on their posts."""
    high, wide = pixels.shape[:2]
    x, y = grid(pixels)
    falls, seen = np.zeros_like(pixels), np.zeros_like(pixels)
    colour = np.asarray(LAMPS[rng.integers(len(LAMPS))], np.float32)
    for _ in range(rng.integers(1, 6)):
        at, head = rng.uniform(0.03, 0.97), rng.uniform(0.08, 0.5)
        foot, reach = min(0.98, head + rng.uniform(0.2, 0.45)), rng.uniform(0.12, 0.34)
        pool = np.exp(-(((x - at) / reach) ** 2) - ((y - foot) / (reach * 0.9)) ** 2)
        wall = 0.5 * np.exp(-(((x - at) / (reach * 0.6)) ** 2) - ((y - head) / (reach * 0.7)) ** 2)
        falls += (pool + wall)[..., None] * colour * rng.uniform(0.5, 1.0)
        glow(seen, at * wide, head * high, wide * rng.uniform(0.002, 0.007), colour, rng.uniform(0.5, 1.0))
    return falls, seen


def _headlights(rng: Rng, seen: Pixels) -> None:
    high, wide = seen.shape[:2]
    for _ in range(rng.integers(0, 3)):
        x, y = rng.uniform(0.1, 0.85) * wide, rng.uniform(0.5, 0.85) * high
        gap = wide * rng.uniform(0.015, 0.05)
        red = rng.random() < 0.35
        colour = (0.1, 0.1, 1.0) if red else (1.0, 0.98, 0.92)
        for lamp in (x, x + gap):
            glow(seen, lamp, y, gap * rng.uniform(0.12, 0.25), colour, 0.5 if red else 1.0)


def night(rng: Rng, pixels: Pixels) -> Pixels:
    """Colour picture at night: the scene lit by lamps, headlights, a dark sky."""
    light = linear(pixels)
    grey = light.mean(axis=2, keepdims=True)
    surfaces = (0.45 * grey + 0.55 * light) * (1 - 0.95 * _sky(pixels))[..., None]
    falls, seen = _street_lamps(rng, pixels)
    _headlights(rng, seen)
    ambient = np.float32(rng.uniform(0.05, 0.16)) * np.array([1.1, 1.0, 0.9], np.float32)
    lit = surfaces * (ambient + falls)
    wanted = (rng.uniform(38, 80) / 255) ** 2.2  # of the 70th percentile: dark ground, yet a street
    lit *= min(wanted / (float(np.percentile(luma(lit), 70)) + 1e-4), 6.0)
    sky_light = 0.004 * rng.uniform(0.2, 2.0)
    return shown(lit + seen * rng.uniform(0.5, 1.0) + sky_light)


def infrared(rng: Rng, pixels: Pixels) -> Pixels:
    """Grey picture in the camera's own infrared light: hot spot near the middle, dark distance and corners."""
    mix = np.array([0.05, 0.55, 0.4], np.float32)
    grey = linear(pixels) @ mix * (1 - 0.9 * _sky(pixels))
    x, y = grid(pixels)
    cx, cy, reach = rng.uniform(0.35, 0.65), rng.uniform(0.4, 0.75), rng.uniform(0.33, 0.75)
    away = ((x - cx) / reach) ** 2 + ((y - cy) / (reach * 0.9)) ** 2
    lamp = np.exp(-away) + rng.uniform(0.3, 1.2) * np.exp(-away * 6) + rng.uniform(0.04, 0.2)
    lit = grey * lamp
    wanted = (rng.uniform(65, 120) / 255) ** 2.2
    lit *= min(wanted / (float(np.percentile(lit, 60)) + 1e-4), 6.0)
    return np.repeat(shown(lit)[..., None], 3, axis=2)


def fog(rng: Rng, pixels: Pixels) -> Pixels:
    """Fog that thickens with distance: the near ground keeps its contrast, the far is lost."""
    high, wide = pixels.shape[:2]
    _, y = grid(pixels)
    horizon = rng.uniform(0.1, 0.4)
    far = 0.22 / (0.22 + np.clip((y - horizon) / (1 - horizon), 0, 1) * rng.uniform(1.0, 2.0))
    thick = rng.uniform(0.8, 2.6)
    seen = np.exp(-thick * far * (1 + 0.12 * clouds(rng, high, wide, 5)))[..., None]
    air = np.float32(rng.uniform(160, 228)) * np.array([1.02, 1.0, 0.98], np.float32)
    return (pixels * seen + air * (1 - seen)).astype(np.float32)


def _streaks(rng: Rng, high: int, wide: int, density: float, length: float, lean: float) -> Pixels:
    """Falling drops smeared by the shutter, 0..1."""
    drops = (rng.random((high, wide)) < density).astype(np.float32)
    size = max(5, int(length))
    kernel = np.zeros((size, size), np.float32)
    end = int(np.clip(size / 2 + np.tan(lean) * size / 2, 0, size - 1))
    cv2.line(kernel, (size - 1 - end, 0), (end, size - 1), 1.0, 1)
    smeared = cv2.GaussianBlur(cv2.filter2D(drops, -1, kernel), (0, 0), 0.7)
    return (smeared / (np.percentile(smeared[smeared > 0], 98) + 1e-6) if smeared.any() else smeared).clip(
        0, 1
    )


def rain(rng: Rng, pixels: Pixels) -> Pixels:
    """Streaks near and far under one wind, less contrast, wet haze in the distance."""
    high, wide = pixels.shape[:2]
    _, y = grid(pixels)
    haze = (rng.uniform(0.05, 0.3) * (1 - y))[..., None]
    bright = float(luma(pixels).mean())
    air, drop = np.float32(min(190.0, bright * 1.3 + 15)), np.float32(min(225.0, bright * 1.4 + 55))
    out = pixels * rng.uniform(0.75, 0.95) * (1 - haze) + air * haze
    lean = rng.uniform(-0.35, 0.35)
    for length, density, alpha in ((0.02, 2e-3, 0.28), (0.045, 5e-4, 0.4), (0.09, 8e-5, 0.4)):
        falls = _streaks(rng, high, wide, density * rng.uniform(0.4, 1.6), length * high, lean)
        part = (falls * alpha * rng.uniform(0.5, 1.0))[..., None]
        out = out * (1 - part) + drop * part
    return out.astype(np.float32)


def snowfall(rng: Rng, pixels: Pixels) -> Pixels:
    """Flakes of three distances before the scene."""
    high, wide = pixels.shape[:2]
    out = pixels * np.float32(rng.uniform(0.85, 1.0))
    white = np.float32(min(245.0, float(luma(pixels).mean()) + 120))
    for radius, count in ((0.0013, 500), (0.0025, 130), (0.006, 18)):
        layer = np.zeros((high, wide), np.float32)
        for _ in range(int(count * rng.uniform(0.3, 1.3))):
            at = (int(rng.integers(wide)), int(rng.integers(high)))
            size = max(1, round(wide * radius * rng.uniform(0.6, 1.5)))
            tall = max(1, round(size * rng.uniform(1.0, 2.2)))
            cv2.ellipse(layer, at, (size, tall), rng.uniform(-25, 25), 0, 360, rng.uniform(0.5, 1.0), -1)
        layer = cv2.GaussianBlur(layer, (0, 0), wide * radius * 0.5)[..., None]
        out = out * (1 - layer) + white * layer
    return out.astype(np.float32)


def low_sun(rng: Rng, pixels: Pixels) -> Pixels:
    """The sun in the picture: a burnt disc, a glow around it, the ground darker."""
    high, wide = pixels.shape[:2]
    light = linear(pixels) * rng.uniform(0.4, 0.8)
    sun = np.zeros_like(light)
    at = (rng.uniform(0.1, 0.9) * wide, rng.uniform(0.05, 0.4) * high)
    glow(sun, *at, wide * rng.uniform(0.012, 0.03), (0.75, 0.9, 1.0), rng.uniform(0.8, 1.6))
    return shown(light + sun)


def backlight(rng: Rng, pixels: Pixels) -> Pixels:
    """A bright doorway or sky behind a dark foreground."""
    outside = _sky(pixels)
    if not 0.06 < outside.mean() < 0.3:
        x, y = grid(pixels)
        cx, cy = rng.uniform(0.25, 0.75), rng.uniform(0.1, 0.45)
        wide, high = rng.uniform(0.12, 0.4), rng.uniform(0.12, 0.3)
        outside = np.exp(-(((x - cx) / wide) ** 2) - ((y - cy) / high) ** 2)
    dark, bright = rng.uniform(0.22, 0.45), rng.uniform(3.0, 6.0)
    light = linear(pixels) * (dark + outside[..., None] * bright)
    burnt = float(np.quantile(luma(light), 0.75))  # a quarter of the picture may burn out, not more
    return shown(light / max(1.0, burnt))


def bare(rng: Rng) -> Pixels:
    """A camera that sees hardly anything, and rightly so: a wall, asphalt, a lawn, water, a clear sky, a snowfield."""
    wide = int(rng.choice(WIDTHS))
    high = int(wide * rng.choice(SHAPES))
    draw = _BARE[rng.integers(len(_BARE))]
    x, y = grid(np.zeros((high, wide, 3), np.float32))
    lean = rng.uniform(-1, 1) * (x - 0.5) + rng.uniform(-1, 1) * (y - 0.5)
    return (draw(rng, high, wide) * (1 + 0.35 * lean)[..., None]).clip(0, 255).astype(np.float32)


def _wall(rng: Rng, high: int, wide: int) -> Pixels:
    """Plaster, or bricks and joints."""
    warm = rng.uniform(-4, 28)
    paint = np.float32(rng.uniform(120, 190)) + np.array(
        [-warm, -warm * rng.uniform(0, 0.6), warm * 0.4], np.float32
    )
    rough = 1.4 * clouds(rng, high, wide, wide // 3) + 3 * clouds(rng, high, wide, 9)
    pixels = paint + rough[..., None]
    if rng.random() < 0.5:
        tall = int(high * rng.uniform(0.05, 0.2))
        for row, top in enumerate(range(0, high, tall)):
            cv2.line(pixels, (0, top), (wide, top), (paint * 0.75).tolist(), max(1, tall // 14))
            for left in range(-(row % 2) * tall, wide, 2 * tall):
                cv2.line(pixels, (left, top), (left, top + tall), (paint * 0.75).tolist(), max(1, tall // 14))
    return pixels


def _asphalt(rng: Rng, high: int, wide: int) -> Pixels:
    """Grain, patches and a marking or two."""
    pixels = np.full((high, wide, 3), rng.uniform(70, 125), np.float32)
    pixels += (5 * clouds(rng, high, wide, wide // 2) + 4 * clouds(rng, high, wide, 12))[..., None]
    for _ in range(rng.integers(1, 4)):
        ends = [(int(rng.uniform(0.1, 0.9) * wide), edge) for edge in (0, high)]
        cv2.line(pixels, ends[0], ends[1], (205, 210, 212), int(wide * rng.uniform(0.008, 0.03)), cv2.LINE_AA)
    return pixels


def _lawn(rng: Rng, high: int, wide: int) -> Pixels:
    blades = cv2.GaussianBlur(rng.standard_normal((high, wide)).astype(np.float32), (0, 0), 0.8, sigmaY=3.0)
    tufts = 7 * clouds(rng, high, wide, wide // 12) + 8 * clouds(rng, high, wide, 10)
    green = np.array([50, 115, 90], np.float32) * rng.uniform(0.7, 1.2)
    return green + (8 * blades / blades.std() + tufts)[..., None]


def _water(rng: Rng, high: int, wide: int) -> Pixels:
    ripples = cv2.resize(clouds(rng, high, wide // 6, wide // 12), (wide, high)) * rng.uniform(5, 14)
    glints = 30 * (clouds(rng, high, wide, wide // 5) > 2.4)
    colour = np.array([rng.uniform(95, 135), rng.uniform(95, 118), rng.uniform(72, 98)], np.float32)
    return colour + (ripples + glints)[..., None]


def _clear_sky(rng: Rng, high: int, wide: int) -> Pixels:
    down = np.linspace(0, 1, high, dtype=np.float32)[:, None]
    veil = (25 * clouds(rng, high, wide, 4)).clip(0, 60) * rng.integers(0, 2)
    blue = np.stack([200 + 25 * down, 150 + 60 * down, 105 + 85 * down], axis=2)
    pixels = np.repeat(blue, wide, axis=1) + veil[..., None]
    pole = int(rng.uniform(0.1, 0.9) * wide)
    cv2.line(
        pixels, (0, int(high * 0.3)), (wide, int(high * rng.uniform(0.2, 0.5))), (60, 60, 60), 2, cv2.LINE_AA
    )
    cv2.line(pixels, (pole, high), (pole, int(high * 0.25)), (70, 75, 80), max(2, wide // 90), cv2.LINE_AA)
    return pixels


def _snowfield(rng: Rng, high: int, wide: int) -> Pixels:
    drifts = 7 * clouds(rng, high, wide, 7) + 2.5 * clouds(rng, high, wide, wide // 3)
    pixels = np.array([222, 214, 208], np.float32) + drifts[..., None]
    for _ in range(rng.integers(4, 30)):  # tufts and tracks
        at = (int(rng.integers(wide)), int(rng.integers(high)))
        cv2.ellipse(
            pixels, at, (wide // 130 + 1, wide // 220 + 1), 0, 0, 360, (130, 125, 120), -1, cv2.LINE_AA
        )
    return pixels


_BARE: tuple[Callable[[Rng, int, int], Pixels], ...] = (
    _wall,
    _asphalt,
    _lawn,
    _water,
    _clear_sky,
    _snowfield,
)

#: Condition -> what is laid over a picture of daylight to get it.
WEATHER: dict[str, Callable[[Rng, Pixels], Pixels]] = {
    "night": night,
    "ir": infrared,
    "fog": fog,
    "rain": rain,
    "snow": snowfall,
    "lowsun": low_sun,
    "backlight": backlight,
}
#: Weather of single drops and flakes.
_FALLING = ("rain", "snow")
#: Condition -> conditions of the pictures it is laid over, ``day`` when not told.
_BELOW = {"night": ("day", "snow"), "ir": ("day", "indoor", "snow"), "backlight": ("day", "indoor")}


def view(rng: Rng, pictures: Sequence[Source], cond: str) -> View:
    """A view under a condition: a picture taken under it where there is one (half the time), else a derived one."""
    if cond == "plain" and rng.random() < 0.5:
        return View(bare(rng), cond, "drawn")
    real = [source for source in pictures if source.cond == cond]
    if real and (cond not in WEATHER or rng.random() < min(0.45, 0.05 * len(real))):
        source = real[rng.integers(len(real))]
        return View(cut(rng, load(source.path)), cond, source.path.name)
    by_day = [source for source in pictures if source.cond in _BELOW.get(cond, ("day",))]
    source = by_day[rng.integers(len(by_day))]
    pixels = cut(rng, load(source.path))
    if cond in _FALLING and rng.random() < 0.3:
        pixels = night(rng, pixels)
    fallen = WEATHER[cond](rng, pixels) if cond in WEATHER else pixels
    return View(fallen, cond, source.path.name, pixels if cond in _FALLING else None)
