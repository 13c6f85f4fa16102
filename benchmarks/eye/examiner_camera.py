"""The examiner's camera behind the scene: sensor noise, name and running clock drawn in, JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from benchmarks.eye.examiner_scene import Pixels, Rng, clouds, grid

#: Names as counties give them: place, then what is seen or which unit it is.
PLACES = ("清溪镇政府", "城关镇中山路口", "石桥村委会", "县医院东门", "老城区菜市场", "工业园二路")
PLACES += ("龙王庙水库", "第三中学北门", "县政务中心")
PLACES += (
    "G324国道K112",
    "汽车站售票厅",
    "滨河公园",
    "大王庄村口",
    "朝阳小区3栋",
    "双河乡卫生院",
    "铁路桥下",
)
UNITS = ("", "", "1", "02", "球机", "全景", "枪机01", "_东向西", "人行道", "-高点", "大门外", "(雪亮工程)")
WEEKDAYS = "一二三四五六日"
#: Ways to write a clock, as the common makes do.
CLOCKS = (
    "{0:%Y-%m-%d} 星期{1} {0:%H:%M:%S}",
    "{0:%Y年%m月%d日} 星期{1} {0:%H:%M:%S}",
    "{0:%Y-%m-%d %H:%M:%S}",
)
CLOCKS += ("{0:%m-%d-%Y} 星期{1} {0:%H:%M:%S}", "{0:%Y/%m/%d %H:%M:%S}")


@dataclass(frozen=True, slots=True)
class Text:
    """What a camera draws over its picture, but for the time: where, how large, in which letters."""

    name: str
    clock: str
    started: datetime
    size: float
    top: bool
    right: bool
    edge: bool
    plain_letters: bool


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor and its encoder: read noise and shot noise in grey levels, blotch of the noise filter, JPEG quality."""

    read: float
    shot: float
    colour: float
    blotch: float
    quality: int
    corners: float


def make_text(rng: Rng) -> Text:
    started = datetime(2026, 1, 1) + timedelta(seconds=int(rng.integers(300 * 86400)))  # noqa: DTZ001
    name = str(rng.choice(PLACES)) + str(rng.choice(UNITS))
    flags = (bool(flag) for flag in rng.random(4) < (0.6, 0.4, 0.8, 0.25))
    return Text(name, str(rng.choice(CLOCKS)), started, float(rng.uniform(0.026, 0.055)), *flags)


def make_sensor(rng: Rng, cond: str) -> Sensor:
    """A sensor as worn as the light is bad: noise of 1 to 3 grey levels by day, up to 8 by night."""
    dark = cond in ("night", "ir")
    read = float(rng.uniform(1.5, 6.0) if dark else rng.uniform(0.8, 2.4))
    colour = 0.0 if cond == "ir" else float(rng.uniform(0.2, 0.8))
    blotch = float(rng.choice((0.0, 0.6, 1.0))) if dark else 0.0
    corners = float(rng.choice((0.0, rng.uniform(0.1, 0.45))))
    return Sensor(read, float(rng.uniform(0.0, 2.0)), colour, blotch, int(rng.integers(40, 93)), corners)


def exposed(rng: Rng, sensor: Sensor, light: Pixels) -> Pixels:
    """One exposure of the same light: dark corners of the lens, new noise, and it clips."""
    high, wide = light.shape[:2]
    if sensor.corners:
        x, y = grid(light)
        light = light * (1 - sensor.corners * (((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.5) ** 1.5)[..., None]
    deviation = sensor.read + sensor.shot * np.sqrt(light.mean(axis=2).clip(0, 255) / 255)
    grey = rng.standard_normal((high, wide)).astype(np.float32)
    noise = np.repeat(grey[..., None], 3, axis=2)
    if sensor.colour:
        noise = noise + sensor.colour * rng.standard_normal(light.shape).astype(np.float32)
    if sensor.blotch:
        smooth = cv2.GaussianBlur(noise, (0, 0), sensor.blotch)
        noise = smooth / (smooth.std() + 1e-6)
    return (light + noise * deviation[..., None]).clip(0, 255)


def labelled(pixels: Pixels, text: Text | None, second: float) -> Pixels:
    """Name and clock drawn over a picture ``second`` seconds after the text's first; nothing for no text."""
    if text is None:
        return pixels
    canvas = pixels.clip(0, 255).astype(np.uint8)
    now = text.started + timedelta(seconds=second)
    _write(canvas, text.clock.format(now, WEEKDAYS[now.weekday()]), text, text.top, text.right)
    _write(canvas, text.name, text, not text.top, not text.right)
    return canvas.astype(np.float32)


def _write(canvas: np.ndarray, words: str, text: Text, top: bool, right: bool) -> None:
    high, wide = canvas.shape[:2]
    size = max(13, int(high * text.size))
    face = cv2.FontFace("sans" if text.plain_letters else "uni")
    (width, _), _ = _measured(words, face, size)
    x = max(2, wide - width - size) if right else size
    y = int(size * 1.8) if top else high - size
    around = canvas[max(0, y - size) : y + 4, x : x + width]
    dark_letters = not text.edge and float(around.mean()) > 150
    if text.edge:
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            cv2.putText(canvas, words, (x + dx, y + dy), (0, 0, 0), face, size, 400)
    cv2.putText(canvas, words, (x, y), (0, 0, 0) if dark_letters else (255, 255, 255), face, size, 400)


def _measured(words: str, face: cv2.FontFace, size: int) -> tuple[tuple[int, int], int]:
    _, _, width, height = cv2.getTextSize((0, 0), words, (0, 0), face, size, 400)
    return (width, height), 0


def encoded(pixels: Pixels, quality: int) -> bytes:
    """The picture as a JPEG."""
    done, data = cv2.imencode(
        ".jpg", pixels.clip(0, 255).round().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise ValueError("picture could not be encoded")
    return data.tobytes()


def drift(rng: Rng, light: Pixels) -> Pixels:
    """The same view some minutes later under another light: cloud, sun, exposure; never by more than a third."""
    high, wide = light.shape[:2]
    kind = rng.integers(3)
    if kind == 0:
        return light * np.float32(rng.uniform(0.72, 1.25))
    if kind == 1:
        shade = 1 - rng.uniform(0.15, 0.35) / (1 + np.exp(-3 * clouds(rng, high, wide, 3)))
        return (light * shade[..., None]).astype(np.float32)
    warm = rng.uniform(-0.06, 0.06)
    return light * np.array([1 - warm, 1.0, 1 + warm], np.float32) * np.float32(rng.uniform(0.85, 1.12))
