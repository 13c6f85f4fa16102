"""Each single-picture fault in several ways: what breaks the light, the sensor or the signal, mild to gross.

A way takes (rng, light, severity 0..1) and answers light or a signal; severity 0 is what a person just calls a fault.
``LIGHT`` ways come before the sensor's noise, ``SIGNAL`` ways after it. Pixels as in ``examiner_scene``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.eye.examiner_scene import Pixels, Rng, clouds, grid, linear, luma, shown, sized

Break = Callable[[Rng, Pixels, float], Pixels]
LIGHT, SIGNAL = "light", "signal"


class Way(NamedTuple):
    """One way of a fault: where in the camera it happens, and what it does."""

    stage: str
    apply: Break


def _between(severity: float, mild: float, gross: float) -> float:
    return mild + (gross - mild) * severity


# --- black -----------------------------------------------------------------------------------------------------


def _cap(rng: Rng, light: Pixels, severity: float) -> Pixels:
    level = rng.uniform(0, 14) * (1 - severity)
    return np.full_like(light, level) + rng.normal(0, rng.uniform(0.2, 1.6), light.shape[:2])[
        ..., None
    ].astype("f4")


def _shutter(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """The scene shut down to a hundredth: nothing of it above a few grey levels."""
    top = float(np.percentile(luma(light), 99.5)) + 1
    return light * np.float32(_between(severity, 11, 2) / top)


def _dead_chip(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Black with hot pixels and a corner where the amplifier glows."""
    x, y = grid(light)
    corner = rng.uniform(4, 16) * (1 - 0.6 * severity) * np.exp(-((x - rng.integers(2)) ** 2 + y**2) * 12)
    hot = (rng.random(light.shape[:2]) < 2e-4) * rng.uniform(40, 160)
    return np.repeat((corner + hot)[..., None], 3, axis=2).astype(np.float32)


def _tinted_black(rng: Rng, light: Pixels, severity: float) -> Pixels:
    return np.zeros_like(light) + rng.uniform(0, 12, 3).astype(np.float32) * np.float32(1 - severity)


# --- blur ------------------------------------------------------------------------------------------------------


def _filtered(light: Pixels, kernel: Pixels) -> Pixels:
    """Blur as a lens does it: in linear light, so that a lamp becomes a disc."""
    spread = cv2.filter2D(linear(light), -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return shown(spread)


def _defocus(rng: Rng, light: Pixels, severity: float) -> Pixels:
    radius = max(3, round(light.shape[1] * _between(severity, 0.008, 0.03)))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return _filtered(light, (x**2 + y**2 <= radius**2).astype(np.float32))


def _soft(rng: Rng, light: Pixels, severity: float) -> Pixels:
    return cv2.GaussianBlur(light, (0, 0), max(2.2, light.shape[1] * _between(severity, 0.0045, 0.017)))


def _motion(rng: Rng, light: Pixels, severity: float) -> Pixels:
    size = max(9, round(light.shape[1] * _between(severity, 0.025, 0.08))) | 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (size // 2)
    middle = np.array([size // 2, size // 2])
    cv2.line(
        kernel, tuple((middle - reach).astype(int)), tuple((middle + reach).astype(int)), 1.0, 1, cv2.LINE_AA
    )
    return _filtered(light, kernel)


def _grease(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A smeared dome: most of the picture soft, some places less so."""
    blurred = cv2.GaussianBlur(light, (0, 0), max(3.0, light.shape[1] * _between(severity, 0.007, 0.02)))
    share = (0.85 + 0.25 * clouds(rng, *light.shape[:2], 4)).clip(0.45, 1)[..., None]
    return (blurred * share + cv2.GaussianBlur(light, (0, 0), 1.6) * (1 - share)).astype(np.float32)


def _tiny(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A stream scaled up from a stamp: as soft as a lens out of focus."""
    small = max(24, round(_between(severity, 110, 40)))
    return sized(
        sized(light, small, max(8, small * light.shape[0] // light.shape[1])), light.shape[1], light.shape[0]
    )


# --- exposure --------------------------------------------------------------------------------------------------


def _burnt(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Exposed so long that half to nearly all of the picture is white."""
    seen = linear(light)
    share = _between(severity, 0.5, 0.95)
    return shown(seen / max(1e-4, float(np.quantile(luma(seen), 1 - share))))


def _bloom(rng: Rng, light: Pixels, severity: float) -> Pixels:
    burnt = _burnt(rng, light, severity * 0.8)
    return (burnt + 0.5 * cv2.GaussianBlur(burnt, (0, 0), light.shape[1] / 40)).clip(0, 255)


def _dazzled(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A lamp into the lens: a white disc over most of the picture, a veil over the rest."""
    x, y = grid(light)
    at, reach = rng.uniform(0.3, 0.7, 2), _between(severity, 0.34, 0.75)
    away = np.sqrt((x - at[0]) ** 2 + ((y - at[1]) * 0.75) ** 2) / reach
    veil = (1.9 * np.exp(-(away**3)) + 0.25)[..., None]
    return shown(linear(light) + veil.astype(np.float32))


def _lifted(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Gain run away: blacks lifted too, what is left lies between light grey and white."""
    floor = _between(severity, 150, 225)
    return (floor + _burnt(rng, light, 0.2 + 0.6 * severity) * (255 - floor) / 255 + 12).clip(0, 255)


def _dim(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Too short an exposure: the brightest things are dark grey."""
    top = float(np.percentile(luma(light), 99))
    return light.clip(0, top * 1.2) * np.float32(_between(severity, 62, 30) / max(top, 1))


def _crushed(rng: Rng, light: Pixels, severity: float) -> Pixels:
    seen = (light / max(1.0, float(np.percentile(luma(light), 99)))).clip(0, 1)
    return (seen ** np.float32(1.6) * np.float32(_between(severity, 75, 38))).astype(np.float32)


def _noisy_dim(rng: Rng, light: Pixels, severity: float) -> Pixels:
    dim = _dim(rng, light, severity)
    return dim + rng.normal(0, rng.uniform(1.5, 3.5), light.shape).astype(np.float32)


# --- colour ----------------------------------------------------------------------------------------------------


def _gains(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """White balance lost: one channel or two far too strong."""
    strong = np.array(
        ((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 0))[rng.integers(6)], np.float32
    )
    gain = 1 + strong * _between(severity, 0.25, 0.6) - (1 - strong) * _between(severity, 0.3, 0.65)
    tint = strong * _between(severity, 14, 30)
    return (light * gain + tint).clip(0, 255).astype(np.float32)


def _pink(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """The infrared filter stuck open by day: pink to purple, leaves pale."""
    grey = luma(light)[..., None]
    pale = light + (grey - light) * 0.55
    hue = np.array(
        [rng.uniform(1.0, 1.18), _between(severity, 0.74, 0.5), rng.uniform(1.12, 1.3)], np.float32
    )
    return (pale * hue + np.array([14, 0, 18], np.float32)).clip(0, 255)


def _dead_channel(rng: Rng, light: Pixels, severity: float) -> Pixels:
    dead = int(rng.integers(3))
    out = light.copy()
    out[..., dead] *= _between(severity, 0.4, 0.0)
    return out


def _lost_chroma(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Chroma stuck at one value: a one-coloured picture, green or magenta or blue all over."""
    grey = luma(light)
    shift = _between(severity, 26, 60)
    v, u = ((-1, -1), (1, 1), (-1, 1), (1, -0.6))[rng.integers(4)]
    own = 0.25 * (light - grey[..., None])
    out = np.stack(
        [grey + 1.77 * u * shift, grey - 0.34 * u * shift - 0.71 * v * shift, grey + 1.4 * v * shift], 2
    )
    return (out + own).clip(0, 255).astype(np.float32)


# --- noise -----------------------------------------------------------------------------------------------------


def _grain(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Gain at its end: grey or coloured grain as strong as the picture."""
    planes = 3 if rng.random() < 0.5 else 1
    noise = rng.standard_normal((*light.shape[:2], planes)).astype(np.float32) * _between(severity, 28, 85)
    return (light + noise).clip(0, 255)


def _salt(rng: Rng, light: Pixels, severity: float) -> Pixels:
    share = _between(severity, 0.05, 0.4)
    hit = rng.random(light.shape[:2])
    out = light.copy()
    out[hit < share / 2] = 255
    out[hit > 1 - share / 2] = 0
    return out


def _analogue(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """The snow of a lost carrier: specks drawn out along the lines, over what is left of the picture."""
    high, wide = light.shape[:2]
    specks = rng.random((high, max(8, wide // int(rng.integers(1, 5))))).astype(np.float32) ** rng.uniform(
        0.8, 2
    )
    specks = cv2.resize(specks, (wide, high), interpolation=cv2.INTER_LINEAR)[..., None] * 255
    share = _between(severity, 0.4, 1.0)
    return (light * (1 - share) + specks * share).astype(np.float32)


def _coarse_grain(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Noise that the encoder made into lumps of two to three pixels."""
    high, wide = light.shape[:2]
    lump = rng.uniform(1.6, 3.0)
    small = rng.standard_normal((int(high / lump), int(wide / lump), 3)).astype(np.float32)
    noise = cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR) * _between(severity, 38, 90)
    return (light + noise).clip(0, 255)


# --- stripes ---------------------------------------------------------------------------------------------------


def _waves(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Hum, flicker or interference: bars across, down or aslant."""
    x, y = grid(light)
    angle = float(rng.choice((0.0, 0.0, np.pi / 2, rng.uniform(0.2, 1.3))))
    cycles = rng.uniform(3, 45)
    along = (x * np.sin(angle) + y * np.cos(angle)) * cycles * 2 * np.pi + rng.uniform(0, 6)
    wave = np.sin(along) if rng.random() < 0.6 else np.sign(np.sin(along))
    return (light + (wave * _between(severity, 26, 75))[..., None]).clip(0, 255).astype(np.float32)


def _columns(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Column amplifiers out of tune: fixed vertical lines all over (or rows, on some chips)."""
    axis = int(rng.random() < 0.7)
    steps = rng.standard_normal(light.shape[axis]).astype(np.float32)
    width = rng.uniform(0.6, 2.5)
    steps = cv2.GaussianBlur(steps[None], (0, 0), width)[0]
    steps *= _between(severity, 20, 55) / (steps.std() + 1e-6)
    return (light + (steps[None, :, None] if axis else steps[:, None, None])).clip(0, 255)


def _line_noise(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Whole lines lost: bright, black or coloured, in numbers."""
    out = light.copy()
    high = light.shape[0]
    for _ in range(int(_between(severity, 18, 70))):
        row = int(rng.integers(high))
        thick = int(rng.integers(1, max(2, high // 90) + 1))
        out[row : row + thick] = rng.choice((0, 255, 128)) + rng.uniform(-40, 40, 3)
    return out.clip(0, 255)


def _thick_bars(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A few wide bars, each darker or brighter than the scene, right across it."""
    out = light.copy()
    axis = int(rng.random() < 0.35)
    length = light.shape[axis]
    for _ in range(int(rng.integers(4, 10))):
        at, thick = int(rng.integers(length)), int(length * rng.uniform(0.015, 0.05))
        bar = np.s_[:, at : at + thick] if axis else np.s_[at : at + thick]
        out[bar] = out[bar] * np.float32(1 - _between(severity, 0.5, 0.9)) + np.float32(
            rng.choice((0, 120, 200))
        )
    return out.clip(0, 255)


# --- occlusion -------------------------------------------------------------------------------------------------


def _blob(rng: Rng, light: Pixels, share: float, rough: float, soft: float) -> Pixels:
    """A mask 0..1 of a body that comes in from an edge and covers a share of the picture."""
    x, y = grid(light)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (
        (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + rough * 0.1 * clouds(rng, *light.shape[:2], 4)
    )
    over = np.quantile(slope, 1 - share)
    return (1 / (1 + np.exp(-(slope - over) / max(soft, 1e-3))))[..., None].astype(np.float32)


def _body(rng: Rng, light: Pixels, dark: bool) -> Pixels:
    """The surface of what is in the way: hand, leaf, bag, cloth, out of focus."""
    grey = float(luma(light).mean())
    tone = rng.uniform(20, 75) if dark else rng.uniform(0.6, 1.3) * max(50.0, grey)
    colour = np.array(
        ((1, 1, 1), (0.6, 0.75, 1.0), (0.5, 0.95, 0.7), (0.9, 0.7, 0.6))[rng.integers(4)], np.float32
    )
    if float(np.ptp(light, axis=2).mean()) < 2:  # infrared light: what is near is bright and grey
        colour, tone = np.ones(3, np.float32), rng.uniform(40, 215)
    folds = 1 + rng.uniform(0.03, 0.18) * clouds(rng, *light.shape[:2], int(rng.integers(3, 8)))
    return (tone * folds[..., None] * colour).clip(0, 255).astype(np.float32)


def _covered(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A hand, a leaf or a bag before the lens: dark, soft at its edge."""
    mask = _blob(rng, light, _between(severity, 0.4, 0.82), rng.uniform(0.3, 2.0), rng.uniform(0.01, 0.06))
    return light * (1 - mask) + _body(rng, light, rng.random() < 0.6) * mask


def _pasted(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Paper or tape on the dome: flat, bright, its edge sharp or nearly so."""
    x, y = grid(light)
    wide, high = (np.sqrt(_between(severity, 0.4, 0.85)) * rng.uniform(0.9, 1.1, 2)).clip(0.5, 0.97)
    cx, cy = rng.uniform(wide / 2 - 0.15, 1.15 - wide / 2), rng.uniform(high / 2 - 0.1, 1.1 - high / 2)
    lean = rng.uniform(-0.25, 0.25)
    inside = np.maximum(abs(x - cx + lean * (y - cy)) / wide, abs(y - cy - lean * (x - cx)) / high) * 2
    mask = (1 / (1 + np.exp((inside - 1) / rng.uniform(0.004, 0.03))))[..., None].astype(np.float32)
    return light * (1 - mask) + _body(rng, light, False) * mask


def _spots(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Mud or paint in blotches over much of the dome."""
    field = clouds(rng, *light.shape[:2], int(rng.integers(4, 8)))
    over = np.quantile(field, 1 - _between(severity, 0.42, 0.8))
    mask = (1 / (1 + np.exp(-(field - over) / rng.uniform(0.04, 0.15))))[..., None].astype(np.float32) * 0.97
    return light * (1 - mask) + _body(rng, light, True) * mask


def _leaves(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Twigs and leaves grown before the lens, far too near to be sharp."""
    high, wide = light.shape[:2]
    mask = np.zeros((high, wide), np.float32)
    wanted = _between(severity, 0.42, 0.75)
    for _ in range(400):
        at = (int(rng.integers(wide)), int(high * rng.beta(1.2, 1.6)))
        size = (int(wide * rng.uniform(0.05, 0.14)), int(wide * rng.uniform(0.02, 0.05)))
        cv2.ellipse(mask, at, size, rng.uniform(0, 180), 0, 360, 1.0, -1)
        if mask.mean() >= wanted:
            break
    soft = cv2.GaussianBlur(mask, (0, 0), wide * rng.uniform(0.005, 0.014))[..., None]
    return light * (1 - soft) + _body(rng, light, rng.random() < 0.4) * soft


# --- mosaic ----------------------------------------------------------------------------------------------------


def _blocks(rng: Rng, light: Pixels, size: int, share: float) -> np.ndarray:
    """Which blocks are hit: whole runs of them, as slices are lost."""
    rows, columns = light.shape[0] // size + 1, light.shape[1] // size + 1
    hit = np.zeros((rows, columns), bool)
    while hit.mean() < share:
        row, at, run = rng.integers(rows), rng.integers(columns), rng.integers(2, columns + 1)
        hit[row, at : at + run] = True
    return hit


def _lost_blocks(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Packets lost: blocks shifted, stretched, flat or of wrong colour."""
    size = int(rng.choice((8, 16, 16, 32)))
    out = light.copy()
    for row, column in zip(
        *np.nonzero(_blocks(rng, light, size, _between(severity, 0.25, 0.8))), strict=True
    ):
        place = np.s_[row * size : (row + 1) * size, column * size : (column + 1) * size]
        cell = out[place]
        if not cell.size:
            continue
        kind = rng.integers(4)
        if kind == 0:
            cell[:] = cell.mean(axis=(0, 1))
        elif kind == 1:
            cell[:] = cell.mean(axis=(0, 1)) + rng.uniform(-60, 60, 3)
        elif kind == 2:
            cell[:] = cell[:1]
        else:
            tall, wide = cell.shape[:2]
            y, x = int(rng.integers(light.shape[0] - tall + 1)), int(rng.integers(light.shape[1] - wide + 1))
            cell[:] = light[y : y + tall, x : x + wide]
    return out.clip(0, 255)


def _squares(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """The whole picture in squares."""
    size = max(8, round(light.shape[1] * _between(severity, 0.014, 0.05)))
    high, wide = light.shape[:2]
    small = cv2.resize(light, (max(2, wide // size), max(2, high // size)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (wide, high), interpolation=cv2.INTER_NEAREST)


def _starved(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Far too few bits: the transform's blocks stand out, half of them flat."""
    scale = float(rng.choice((0.5, 0.5, 1.0)))
    small = sized(light, int(light.shape[1] * scale), int(light.shape[0] * scale))
    quality = [cv2.IMWRITE_JPEG_QUALITY, 4 - round(3 * severity)]
    _, data = cv2.imencode(".jpg", small.clip(0, 255).astype(np.uint8), quality)
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return cv2.resize(back, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_NEAREST).astype(
        np.float32
    )


def _broken_off(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """From some line on nothing came: grey or green blocks, or the last line drawn down, with debris between."""
    out = _lost_blocks(rng, light, 0.1)
    row = int(light.shape[0] * _between(severity, 0.65, 0.2)) // 16 * 16
    start = int(rng.integers(light.shape[1])) // 16 * 16
    fill = (np.float32(128), np.array([10, 120, 10], np.float32), light[row - 1 : row])[rng.integers(3)]
    out[row + 16 :] = fill
    out[row : row + 16, start:] = fill if np.ndim(fill) < 2 else fill[:, start:]
    return out


# --- no signal -------------------------------------------------------------------------------------------------


NO_SIGNAL_WORDS = ("无视频信号", "视频丢失", "NO SIGNAL", "VIDEO LOSS", "NO VIDEO", "无信号", "No Signal")
NO_SIGNAL_WORDS += ("网络断开，正在重连...",)


def _centred(pixels: Pixels, words: str, size: int, colour: tuple[int, int, int], y: float) -> Pixels:
    canvas = pixels.clip(0, 255).astype(np.uint8)
    face = cv2.FontFace("uni")
    _, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), face, size, 600)
    at = (max(0, (canvas.shape[1] - width) // 2), int(y * canvas.shape[0]))
    cv2.putText(canvas, words, at, colour, face, size, 600)
    return canvas.astype(np.float32)


def _screen(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """The blue, grey or dark screen of a recorder, with its words or without."""
    colours = (
        (170, 20, 10),
        (255, 0, 0),
        (120, 60, 20),
        (128, 128, 128),
        (70, 70, 70),
        (150, 30, 60),
        (40, 30, 25),
    )
    flat = np.zeros_like(light) + np.array(colours[rng.integers(len(colours))], np.float32)
    dull = float(flat[0, 0].max()) < 140 and np.ptp(flat[0, 0]) < 40
    if dull or rng.random() < 0.7:
        size = int(light.shape[0] * rng.uniform(0.06, 0.13))
        flat = _centred(flat, str(rng.choice(NO_SIGNAL_WORDS)), size, (255, 255, 255), rng.uniform(0.45, 0.6))
    return flat


def _bars(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Colour bars of a test picture."""
    top = float(rng.choice((191, 255)))
    order = ((1, 1, 1), (0, 1, 1), (1, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 0, 0))
    colours = np.array(order, np.float32)
    across = (np.arange(light.shape[1]) * len(colours) // light.shape[1]).astype(int)
    pixels = np.repeat((colours[across] * top)[None], light.shape[0], axis=0)
    if rng.random() < 0.5:
        foot = int(light.shape[0] * 0.75)
        pixels[foot:] = np.linspace(0, 255, light.shape[1], dtype=np.float32)[None, :, None]
    return pixels


def _green(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A decoder that got nothing: all planes zero, which is green."""
    return np.zeros_like(light) + np.array([0, rng.uniform(125, 140), 0], np.float32)


def _card(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """The waiting card of a platform: a plain ground, a sign, a line of words."""
    ground = np.array(((60, 45, 35), (225, 222, 220), (110, 70, 40))[rng.integers(3)], np.float32)
    pixels = np.zeros_like(light) + ground
    high, wide = light.shape[:2]
    at, ink = (wide // 2, int(high * 0.38)), tuple(int(255 - part) for part in ground)
    cv2.rectangle(
        pixels, (at[0] - high // 9, at[1] - high // 14), (at[0] + high // 14, at[1] + high // 14), ink, -1
    )
    cv2.line(
        pixels,
        (at[0] - high // 7, at[1] - high // 8),
        (at[0] + high // 7, at[1] + high // 8),
        (40, 40, 230),
        4,
    )
    return _centred(pixels, str(rng.choice(NO_SIGNAL_WORDS)), int(high * 0.07), ink, 0.62)


# --- low contrast ----------------------------------------------------------------------------------------------


def _veil(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A fogged or dirty dome: the same milk over near and far."""
    seen = _between(severity, 0.3, 0.1)
    milk = rng.uniform(90, 205)
    uneven = 1 + 0.04 * clouds(rng, *light.shape[:2], 3)
    soft = cv2.GaussianBlur(light, (0, 0), rng.choice((0.3, light.shape[1] / 500)))
    return (soft * seen + (milk * (1 - seen) * uneven)[..., None]).astype(np.float32)


def _squeezed(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """A failing sensor: all its values in a narrow band of grey, pale in colour."""
    grey = luma(light)[..., None]
    pale = grey + (light - grey) * 0.4
    middle, spread = rng.uniform(70, 170), _between(severity, 13, 5)
    return (middle + (pale - grey.mean()) / (grey.std() + 1) * spread).clip(0, 255).astype(np.float32)


def _glare(rng: Rng, light: Pixels, severity: float) -> Pixels:
    """Infrared or sun scattered in the dome: a glow over everything, stronger on one side."""
    x, y = grid(light)
    glow = rng.uniform(110, 190) * (
        1 + 0.2 * (rng.uniform(-1, 1) * (x - 0.5) + rng.uniform(-1, 1) * (y - 0.5))
    )
    seen = np.float32(_between(severity, 0.28, 0.1))
    return (light * seen + (glow * (1 - seen))[..., None]).astype(np.float32)


#: Kind -> way -> where and what. The pair kinds stand in ``examiner_pair``.
FAULTS: dict[str, dict[str, Way]] = {
    "black": {
        "cap": Way(LIGHT, _cap),
        "shutter": Way(LIGHT, _shutter),
        "dead_chip": Way(SIGNAL, _dead_chip),
        "tinted": Way(SIGNAL, _tinted_black),
    },
    "blur": {
        "defocus": Way(LIGHT, _defocus),
        "soft": Way(LIGHT, _soft),
        "motion": Way(LIGHT, _motion),
        "grease": Way(LIGHT, _grease),
        "tiny": Way(LIGHT, _tiny),
    },
    "overexposed": {
        "burnt": Way(LIGHT, _burnt),
        "bloom": Way(LIGHT, _bloom),
        "dazzled": Way(LIGHT, _dazzled),
        "lifted": Way(LIGHT, _lifted),
    },
    "underexposed": {
        "dim": Way(LIGHT, _dim),
        "crushed": Way(LIGHT, _crushed),
        "noisy": Way(LIGHT, _noisy_dim),
    },
    "colour_cast": {
        "gains": Way(LIGHT, _gains),
        "pink": Way(LIGHT, _pink),
        "dead_channel": Way(LIGHT, _dead_channel),
        "lost_chroma": Way(SIGNAL, _lost_chroma),
    },
    "snow_noise": {
        "grain": Way(SIGNAL, _grain),
        "salt": Way(SIGNAL, _salt),
        "analogue": Way(SIGNAL, _analogue),
        "coarse": Way(SIGNAL, _coarse_grain),
    },
    "stripes": {
        "waves": Way(SIGNAL, _waves),
        "columns": Way(SIGNAL, _columns),
        "lines": Way(SIGNAL, _line_noise),
        "thick": Way(SIGNAL, _thick_bars),
    },
    "occlusion": {
        "covered": Way(LIGHT, _covered),
        "pasted": Way(LIGHT, _pasted),
        "spots": Way(LIGHT, _spots),
        "leaves": Way(LIGHT, _leaves),
    },
    "mosaic": {
        "lost_blocks": Way(SIGNAL, _lost_blocks),
        "squares": Way(SIGNAL, _squares),
        "starved": Way(SIGNAL, _starved),
        "broken_off": Way(SIGNAL, _broken_off),
    },
    "no_signal": {
        "screen": Way(SIGNAL, _screen),
        "bars": Way(SIGNAL, _bars),
        "green": Way(SIGNAL, _green),
        "card": Way(SIGNAL, _card),
    },
    "low_contrast": {
        "veil": Way(LIGHT, _veil),
        "squeezed": Way(LIGHT, _squeezed),
        "glare": Way(LIGHT, _glare),
    },
}
