"""Name and running clock as cameras and recorders draw them: several fonts, places, rims and boxes; never scaled noise.

The clock of a pair differs by its gap; the name and the style stay, as on one camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from benchmarks.eye.image import Bytes, Image, Random, between, pick

NAMES = (
    "大门口", "村委会门前", "东街十字路口-01", "S302省道K12+300", "文化广场西", "Camera 01", "IPC", "CH07 Gate",
    "学校后门", "水库大坝", "县医院急诊通道", "Cam-2231 North Rd", "加油站出口", "河堤3号杆", "停车场B2", "IPdome",
    "高速收费站入口全景",
)  # fmt: skip
CLOCKS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y年%m月%d日 星期{week} %H:%M:%S",
    "%m-%d-%Y %a %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
)
FONTS = ("uni", "sans", "hershey", "hershey", "simplex")


@dataclass(frozen=True, slots=True)
class Style:
    """How one camera writes. ``font`` of ``FONTS``; ``size``: height of a letter as a share of the picture's."""

    name: str
    clock: str
    font: str
    size: float
    colour: tuple[int, int, int]
    look: str
    clock_at: tuple[float, float]
    name_at: tuple[float, float]
    begin: datetime


def style(random: Random) -> Style:
    """One camera's way of writing; dates of any year, so that nothing can be learned from them."""
    corners = [((0.015, 0.06), (0.985, 0.06)), ((0.015, 0.965), (0.985, 0.965))]
    order = random.permutation(2)  # never in one row, where they would run into each other
    sides = random.integers(0, 2, 2)
    look = pick(random, ("rim", "rim", "rim", "plain", "box", "adaptive"))
    colours = ((255, 255, 255), (255, 255, 255), (255, 255, 255), (0, 255, 255), (90, 255, 90), (0, 0, 0))
    return Style(
        pick(random, NAMES) + (f" {int(random.integers(1, 99))}" if random.random() < 0.3 else ""),
        pick(random, CLOCKS),
        pick(random, FONTS),
        between(random, 0.024, 0.05),
        pick(random, colours[:-1] if look == "box" else colours),
        look,
        corners[int(order[0])][int(sides[0])],
        corners[int(order[1])][int(sides[1])],
        datetime(2023, 1, 1) + timedelta(seconds=int(random.integers(0, 4 * 365 * 86400))),  # noqa: DTZ001
    )


def write(
    image: Image, text: str, at: tuple[float, float], size: float, colour: tuple[int, int, int], align: str, look: str,
    font: str = "uni",
) -> Image:  # fmt: skip
    """``text`` with its left end, middle or right end and its foot at ``at`` (x, y pixels), letters ``size`` high."""
    canvas = np.zeros(image.shape[:2], np.uint8)
    width = _draw(canvas, text, (0, int(size * 1.5)), size, font, measure=True)
    x = int(at[0] - {"left": 0, "middle": width / 2, "right": width}[align])
    _draw(canvas, text, (x, int(at[1])), size, font)
    ink = canvas.astype(np.float32)[..., None] / 255
    out = image
    if look == "box":
        out = image.copy()
        box = (
            slice(max(0, int(at[1] - size * 1.25)), int(at[1] + size * 0.45)),
            slice(max(0, x - 3), x + width + 3),
        )
        out[box] *= 0.25
    if look in ("rim", "adaptive"):
        thick = max(1, round(size / 14))
        brush = np.ones((2 * thick + 1, 2 * thick + 1), np.uint8)
        rim = cv2.dilate(canvas, brush).astype(np.float32)[..., None] / 255
        edge = 0.0 if sum(colour) > 300 else 255.0
        out = out * (1 - rim) + edge * rim
    return np.asarray(out * (1 - ink) + np.array(colour, np.float32) * ink, np.float32)


def _draw(
    canvas: Bytes, text: str, at: tuple[int, int], size: float, font: str, measure: bool = False
) -> int:
    """Draws white on ``canvas``, or measures: the width in pixels."""
    ascii_only = text.isascii()
    if font in ("hershey", "simplex") and ascii_only:
        face = cv2.FONT_HERSHEY_SIMPLEX if font == "simplex" else cv2.FONT_HERSHEY_DUPLEX
        scale, thick = size / 21, max(1, round(size / 14))
        if measure:
            return int(cv2.getTextSize(text, face, scale, thick)[0][0])
        cv2.putText(canvas, text, at, face, scale, 255, thick, cv2.LINE_AA)
        return 0
    face = cv2.FontFace("sans" if font == "sans" and ascii_only else "uni")
    pixels = max(8, int(size * 1.35))
    if measure:
        _, _, wide, _ = cv2.getTextSize((10000, 10000), text, (0, 0), face, pixels, 500)
        return int(wide)
    cv2.putText(canvas, text, at, 255, face, pixels, 500)
    return 0


def drawn(image: Image, look: Style, after_s: float) -> Image:
    """The picture with name and clock, ``after_s`` seconds after the style's beginning."""
    height, width = image.shape[:2]
    now = look.begin + timedelta(seconds=after_s)
    clock = now.strftime(look.clock).replace("{week}", "一二三四五六日"[now.weekday()])
    size = max(look.size * height, 9.0)
    for text, (x, y) in ((clock, look.clock_at), (look.name, look.name_at)):
        align = "left" if x < 0.5 else "right"
        colour = look.colour
        foot = y * height if y > 0.5 else y * height + size * 0.4
        if look.look == "adaptive":
            under = (
                image[int(max(0, foot - size)) : int(foot), : width // 3]
                if x < 0.5
                else image[: int(size), -width // 3 :]
            )
            colour = (0, 0, 0) if under.size and float(under.mean()) > 150 else (255, 255, 255)
        image = write(
            image,
            text,
            (x * width, foot),
            size,
            colour,
            align,
            "plain" if look.look == "adaptive" else look.look,
            look.font,
        )
    return image
