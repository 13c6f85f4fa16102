"""Writing and boxes on a picture. OpenCV's own font has Chinese; where a build lacks it, everything is in English."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camerahub.core.texts import Text

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point = tuple[int, int]

#: BGR.
GROUND: Colour = (30, 24, 20)
PANEL: Colour = (46, 38, 32)
INK: Colour = (240, 236, 232)
DIM: Colour = (168, 156, 146)
GREEN: Colour = (106, 176, 76)
RED: Colour = (72, 72, 230)
AMBER: Colour = (48, 168, 244)
GREY: Colour = (140, 132, 124)
VERDICTS: dict[str, Colour] = {"ok": GREEN, "fault": RED, "unknown": GREY}
LEVELS: dict[str, Colour] = {"fault": RED, "warn": AMBER}


@cache
def knows_chinese() -> bool:
    """Whether the font draws two different characters differently: what it lacks is the same question mark."""
    if not hasattr(cv2, "FontFace"):
        return False
    drawn = [_drawn(letter) for letter in "冻黑"]
    return bool(drawn[0].any()) and not np.array_equal(drawn[0], drawn[1])


def _drawn(letter: str) -> Image:
    blank = np.zeros((40, 40, 3), np.uint8)
    cv2.putText(blank, letter, (4, 30), (255, 255, 255), _font(), 24)
    return blank


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def said(words: Text) -> str:
    """The language that can be drawn."""
    return words.zh if knows_chinese() else words.en


def width(words: str, size: int) -> int:
    """Pixels ``words`` take."""
    if not hasattr(cv2, "FontFace"):
        return cv2.getTextSize(_ascii(words), cv2.FONT_HERSHEY_SIMPLEX, size / 30, 1)[0][0]
    left, _, wide, _ = cv2.getTextSize((4096, 64), words, (0, 32), _font(), size)
    return left + wide


def write(image: Image, words: str, at: Point, size: int, colour: Colour, *, bold: bool = False) -> int:
    """Write on ``image`` with the base line at ``at``; returns where it ends."""
    if not words:
        return at[0]
    if not hasattr(cv2, "FontFace"):
        plain = _ascii(words)
        cv2.putText(image, plain, at, cv2.FONT_HERSHEY_SIMPLEX, size / 30, colour, 1 + bold, cv2.LINE_AA)
        return at[0] + cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, size / 30, 1 + bold)[0][0]
    end, _ = cv2.putText(image, words, at, colour, _font(), size, 700 if bold else 400)
    return int(end[0])


def fitted(words: str, size: int, room: int) -> str:
    """``words``, or as much of their end as fits into ``room`` pixels: names differ at the end."""
    if width(words, size) <= room:
        return words
    low, high = 0, len(words)
    while low < high:
        middle = (low + high) // 2
        if width("…" + words[middle:], size) <= room:
            high = middle
        else:
            low = middle + 1
    return "…" + words[low:]


def wrapped(words: str, size: int, room: int, most: int) -> list[str]:
    """``words`` in at most ``most`` lines of ``room`` pixels; English is broken at blanks, Chinese anywhere."""
    lines: list[str] = []
    while words and len(lines) < most:
        count = _count(words, size, room)
        blank = words.rfind(" ", 0, count + 1)
        if count < len(words) and blank > count // 2:
            count = blank
        lines.append(words[:count].strip())
        words = words[count:].strip()
    return lines


def _count(words: str, size: int, room: int) -> int:
    low, high = 1, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if width(words[:middle], size) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def box(image: Image, at: Point, wide: int, high: int, colour: Colour) -> None:
    """A filled box."""
    cv2.rectangle(image, at, (at[0] + wide - 1, at[1] + high - 1), colour, cv2.FILLED)


def frame(image: Image, at: Point, wide: int, high: int, colour: Colour, thick: int = 2) -> None:
    """The outline of a box."""
    cv2.rectangle(image, at, (at[0] + wide - 1, at[1] + high - 1), colour, thick, cv2.LINE_AA)


def _ascii(words: str) -> str:
    return words.replace("…", "..").replace("–", "-").encode("ascii", "replace").decode()
