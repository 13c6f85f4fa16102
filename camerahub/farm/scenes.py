"""Pictures of places that do not exist: drawn once, then a clock, things that move and sensor noise for every frame.

Only ``studio`` imports this, in a process of its own: nobody who dials or serves cameras pays for OpenCV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.farm import faults

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

FPS = 25
_NOISE_BANK = 4
_FIRST = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)


class Look(NamedTuple):
    """How a scene is seen: its base picture, sigma of the noise (grey levels), whether anything moves, OSD texts.

    ``every``: what befalls each picture, I420 (h * 3 / 2, w), of the group of pictures n, before its texts are drawn.
    ``frozen``: the noise stands still, too; ``broken``: ``every`` befalls the texts as well.
    """

    base: Callable[[int, int], Picture]
    noise: float
    moving: bool
    name: str
    clock: bool = True
    every: Callable[[Picture, int, np.random.Generator], Picture] | None = None
    frozen: bool = False
    broken: bool = False


def _street(width: int, height: int) -> Picture:
    """A village street by day: sky, houses with windows, trees, a road with a dashed line."""
    return _textured(_village(width, height), seed=7)


def _village(width: int, height: int) -> Picture:
    picture = np.empty((height, width, 3), np.uint8)
    horizon = height * 45 // 100
    shade = np.linspace(0, 1, horizon)[:, None, None]
    picture[:horizon] = (np.array([235, 205, 165]) * (1 - shade) + np.array([245, 235, 225]) * shade).astype(
        np.uint8
    )
    picture[horizon:] = (96, 128, 104)
    _road(picture, horizon)
    _houses(picture, horizon, seed=3)
    _trees(picture, horizon, seed=5)
    return picture


def _textured(picture: Picture, seed: int) -> Picture:
    """Nothing real is of one colour: plaster, grass and tarmac have grain of every size, and the lens shades."""
    rng, (height, width) = np.random.default_rng(seed), picture.shape[:2]
    grain = np.zeros((height, width), np.float32)
    for cells, depth in ((6, 7.0), (24, 6.0), (80, 6.0), (200, 6.0)):
        rough = rng.normal(0, depth, (cells * height // width + 2, cells + 2)).astype(np.float32)
        grain += cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = (1 - 0.12 * (xs**2 + ys**2)).astype(np.float32)
    seen: Picture = np.clip((picture + grain[..., None]) * shade[..., None], 0, 255).astype(np.uint8)
    return seen


def _houses_only(width: int, height: int) -> Picture:
    """A square between houses: paving in tiles."""
    picture = _village(width, height)
    top = height * 60 // 100
    picture[top:] = (150, 152, 158)
    step = max(8, width // 24)
    picture[top::step] = (120, 122, 126)
    picture[top:, ::step] = (120, 122, 126)
    _trees(picture, top, seed=11)
    return _textured(picture, seed=13)


def _infrared(width: int, height: int) -> Picture:
    """The street at night under its own infrared lamp: grey, bright in the middle, dark at the rim."""
    grey = cv2.cvtColor(_street(width, height), cv2.COLOR_BGR2GRAY).astype(np.float32)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = ((xs / width - 0.5) ** 2 + (ys / height - 0.6) ** 2) * 4
    lit = grey * np.clip(1.05 - distance, 0.12, 1.0) * 0.75
    seen: Picture = cv2.cvtColor(lit.astype(np.uint8), cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    return seen


def _dark(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 3, np.uint8)


def _card(colour: Colour) -> Callable[[int, int], Picture]:
    """What a recorder shows for a channel without a camera."""

    def draw(width: int, height: int) -> Picture:
        picture = np.full((height, width, 3), colour, np.uint8)
        for words, line in (("无视频信号", 0), ("NO SIGNAL", 1)):
            _words(picture, words, (width * 36 // 100, height * (44 + 12 * line) // 100), height // 12)
        return picture

    return draw


def _bars(width: int, height: int) -> Picture:
    """Colour bars at 75 %."""
    level = 191
    picture = np.empty((height, width, 3), np.uint8)
    for i in range(8):
        blue, green, red = i & 1 ^ 1, i >> 2 & 1 ^ 1, i >> 1 & 1 ^ 1
        picture[:, i * width // 8 : (i + 1) * width // 8] = (blue * level, green * level, red * level)
    return picture


def _road(picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    edges = [
        (width * 42 // 100, horizon),
        (width * 58 // 100, horizon),
        (width * 95 // 100, height),
        (width * 5 // 100, height),
    ]
    cv2.fillPoly(picture, [np.array(edges, np.int32)], (92, 92, 96))
    for i in range(6):
        y = horizon + (height - horizon) * i * i // 36
        cv2.rectangle(
            picture, (width // 2 - 1 - i, y), (width // 2 + 1 + i, y + 3 + i * 4), (220, 225, 225), -1
        )


def _houses(picture: Picture, horizon: int, seed: int) -> None:
    rng, (height, width) = np.random.default_rng(seed), picture.shape[:2]
    left = 0
    while left < width:
        wide, tall = int(width * rng.uniform(0.09, 0.16)), int(height * rng.uniform(0.18, 0.34))
        if not 0.38 < (left + wide / 2) / width < 0.62:
            _house(picture, left, horizon + height // 20, wide, tall, rng)
        left += wide + width // 60


def _house(picture: Picture, left: int, foot: int, wide: int, tall: int, rng: np.random.Generator) -> None:
    wall = tuple(int(v) for v in rng.integers(110, 215, 3))
    cv2.rectangle(picture, (left, foot - tall), (left + wide, foot), wall, -1)
    roof = [
        (left - 4, foot - tall),
        (left + wide // 2, foot - tall - tall // 4),
        (left + wide + 4, foot - tall),
    ]
    cv2.fillPoly(picture, [np.array(roof, np.int32)], (60, 70, 140))
    pane = max(4, wide // 8)
    for y in range(foot - tall + pane, foot - 2 * pane, 2 * pane + 2):
        for x in range(left + pane, left + wide - pane, 2 * pane):
            cv2.rectangle(picture, (x, y), (x + pane, y + pane), (70, 60, 50), -1)


def _trees(picture: Picture, horizon: int, seed: int) -> None:
    rng, (height, width) = np.random.default_rng(seed), picture.shape[:2]
    for x in rng.integers(0, width, 5):
        foot = horizon + int(height * rng.uniform(0.02, 0.1))
        tall = int(height * rng.uniform(0.1, 0.2))
        cv2.line(
            picture, (int(x), foot), (int(x), foot - tall), (40, 60, 90), max(2, width // 200), cv2.LINE_AA
        )
        for _ in range(40):
            at = (int(x + rng.normal(0, tall / 4)), int(foot - tall + rng.normal(0, tall / 4)))
            leaf = (30, int(rng.integers(80, 150)), 40)
            cv2.circle(picture, at, max(2, tall // 12), leaf, -1, cv2.LINE_AA)


def _words(picture: Picture, words: str, at: tuple[int, int], size: int) -> None:
    """White letters with a dark rim, as recorders write them. ``at``: left end of the base line."""
    font = cv2.FontFace("uni")
    rim = max(1, size // 14)
    for dx, dy in ((-rim, 0), (rim, 0), (0, -rim), (0, rim)):
        cv2.putText(picture, words, (at[0] + dx, at[1] + dy), (20, 20, 20), font, size)
    cv2.putText(picture, words, at, (250, 250, 250), font, size)


#: Seconds that pass between two groups of pictures.
PASSED_S = 37

LOOKS: dict[str, Look] = {
    "street": Look(_street, 2.5, True, "青岚镇东桥头 路口"),
    "square": Look(_houses_only, 2.0, True, "云泽街道 文化广场"),
    "night": Look(_infrared, 4.0, True, "禾湾镇河堤 南"),
    "black": Look(_dark, 1.5, False, "清岭乡 停车场"),
    "card_blue": Look(_card((190, 40, 10)), 0.0, False, "", clock=False),
    "card_grey": Look(_card((128, 128, 128)), 0.0, False, "", clock=False),
    "card_bars": Look(_bars, 0.0, False, "", clock=False),
    "blur": Look(_houses_only, 1.5, True, "云泽街道 幼儿园", every=faults.blurred),
    "overexposed": Look(_street, 2.0, True, "青岚镇 西街", every=faults.washed_out),
    "underexposed": Look(_street, 3.0, True, "青岚镇 后街", every=faults.dimmed),
    "low_contrast": Look(_houses_only, 1.5, True, "禾湾镇 码头", every=faults.veiled),
    "colour_cast": Look(_street, 2.0, True, "清岭乡 村口", every=faults.tinted),
    "snow_noise": Look(_street, 0.0, True, "云泽街道 桥下", every=faults.snow, broken=True),
    "stripes": Look(_houses_only, 2.0, True, "青岚镇 市场", every=faults.stripes, broken=True),
    "mosaic": Look(_street, 2.0, True, "禾湾镇 卡口", every=faults.mosaic, broken=True),
    "occlusion": Look(_houses_only, 2.0, True, "清岭乡 车站", every=faults.covered),
    "frozen": Look(_street, 2.5, False, "青岚镇 南门", frozen=True),
    "scene_change": Look(_houses_only, 2.0, True, "云泽街道 转盘"),
    "turned": Look(faults.turned(_street), 2.5, True, "云泽街道 转盘"),
    "shake": Look(_street, 2.5, True, "禾湾镇 铁塔", every=faults.shaken),
}
#: Looks of cameras whose picture has a fault.
FAULTY = tuple(list(LOOKS)[7:])


def planes(
    look: Look, width: int, height: int, frames: int, fps: int, group: int | None = None
) -> Iterator[Picture]:
    """``frames`` pictures as I420, (height * 3 / 2, width) uint8, at ``fps`` a second; width and height even.

    A new group begins every ``group`` pictures (None: never): some time has passed, and the noise is another.
    """
    rng = np.random.default_rng(width)
    still = _i420(look.base(width, height))
    name = _name_of(look.name, width, height) if look.name else None
    bank = [_noise(rng, look.noise, width, height) for _ in range(_NOISE_BANK)] if look.noise else []
    for number in range(frames):
        turn, place = divmod(number, group or frames)
        picture = still.copy()
        if look.moving:
            _move(picture, width, height, (number + turn) / (frames + turn))
        if look.every is not None and not look.broken:
            picture = look.every(picture, turn, rng)
        if name is not None:
            np.copyto(picture, name.luma, where=name.drawn)
        if look.clock:
            stamp = _stamp(place // fps + turn * PASSED_S, width, height)
            corner = picture[8 : 8 + stamp.shape[0], 8 : 8 + stamp.shape[1]]
            np.maximum(corner, stamp, out=corner)
        if bank:
            more, less = bank[0 if look.frozen else (place + turn) % _NOISE_BANK]
            luma = picture[:height]
            cv2.subtract(cv2.add(luma, more), less, dst=luma)
        if look.every is not None and look.broken:
            picture = look.every(picture, turn, rng)
        yield picture


class _Name(NamedTuple):
    """A camera's name over a whole picture: its luma and chroma, and where it is drawn."""

    luma: Picture
    drawn: NDArray[np.bool_]


def _name_of(words: str, width: int, height: int) -> _Name:
    """White with a dark rim, in the lower right corner."""
    where, size = (width * 60 // 100, height * 95 // 100), max(14, height // 24)
    on_black, on_white = (np.full((height, width, 3), ground, np.uint8) for ground in (0, 255))
    for picture in (on_black, on_white):
        _words(picture, words, where, size)
    luma = _i420(on_black)
    drawn = np.zeros(luma.shape, np.bool_)
    drawn[:height] = (on_black == on_white).all(axis=2)
    return _Name(luma, drawn)


def _i420(picture: Picture) -> Picture:
    converted: Picture = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)
    return converted


def _noise(rng: np.random.Generator, sigma: float, width: int, height: int) -> tuple[Picture, Picture]:
    """What to add and what to take away, from one normal distribution."""
    levels = rng.normal(0, sigma, (height, width))
    return np.clip(levels, 0, 255).astype(np.uint8), np.clip(-levels, 0, 255).astype(np.uint8)


@lru_cache(64)
def _stamp(second: int, width: int, height: int) -> Picture:
    """The clock's luma, bright on nothing."""
    size = max(14, height // 24)
    box = np.zeros((size * 3 // 2, size * 11, 3), np.uint8)
    now = _FIRST + timedelta(seconds=second)
    _words(box, now.strftime("%Y-%m-%d %H:%M:%S"), (size // 3, size * 9 // 8), size)
    grey: Picture = cv2.cvtColor(box, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    return grey[: height // 4, : width - 16]


def _move(picture: Picture, width: int, height: int, turn: float) -> None:
    """Two vehicles and somebody on foot; after one ``turn`` (0 to 1) everything stands where it began."""
    for phase, low, level, wide in ((0.0, 0.66, 60, 0.11), (0.5, 0.82, 200, 0.16), (0.25, 0.57, 35, 0.02)):
        along = (turn + phase) % 1.0
        left, top = int(along * width * 0.9), int(height * low)
        tall = int(height * (0.09 if wide > 0.05 else 0.12))
        picture[top : top + tall, left : left + int(width * wide)] = level
        picture[top : top + tall // 3, left : left + int(width * wide / 2)] = 110
