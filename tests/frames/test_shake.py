"""A loose bracket, and what only looks like one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camerahub.frames.diagnosis import diagnose
from camerahub.frames.picture import Picture, from_bgr
from camerahub.frames.shake import NOTHING, judge, measure
from tests.frames import draw

SCENE = draw.scene(900, 560, 3)


def window(x: float, y: float, seed: int, size: tuple[int, int] = (640, 360)) -> Picture:
    move = np.float32([[1, 0, -100 - x], [0, 1, -80 - y]])
    seen = cv2.warpAffine(SCENE, move, (640, 360))
    shown = cv2.resize(draw.osd(draw.noisy(seen, 3, seed), seed), size, interpolation=cv2.INTER_AREA)
    return from_bgr(shown, *size)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(640, 360), (352, 288)])
@pytest.mark.parametrize("pixels", [8, 14, 25])
def test_a_loose_bracket_shakes(size: tuple[int, int], pixels: float) -> None:
    clip = [window(pixels * (-1) ** n, pixels / 2 * (n % 3 - 1), n, size) for n in range(6)]
    assert judge(measure(clip)).level == "fault"
    assert "shake" in diagnose(clip).faults


@pytest.mark.parametrize("pixels", [0, 1])
def test_a_light_wind_does_not(pixels: float) -> None:
    assert judge(measure([window(pixels * (-1) ** n, 0, n) for n in range(6)])).level == "ok"


def test_a_camera_that_is_turned_does_not_come_back() -> None:
    assert judge(measure([window(12 * n, 0, n) for n in range(6)])).level == "ok"


def test_traffic_moves_a_part_only() -> None:
    clip = []
    for n in range(6):
        seen = draw.noisy(SCENE[80:440, 100:740], 3, n)
        seen[220:300, 40 + 90 * n : 160 + 90 * n] = draw.scene(120, 80, 8)
        clip.append(from_bgr(seen, 640, 360))
    assert judge(measure(clip)).level == "ok"


def test_two_pictures_and_two_sizes_say_nothing() -> None:
    assert all(np.isnan(measure([window(0, 0, 1), window(9, 0, 2)])))
    mixed = [window(9 * (n % 2), 0, n, ((640, 360), (352, 288))[n % 2]) for n in range(4)]
    assert all(np.isnan(measure(mixed)))
    assert judge(NOTHING).severity == 0
