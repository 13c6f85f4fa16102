"""Turned cameras, and all that changes in a view without the camera being turned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.frames import change
from camerahub.frames.change import judge, measure
from camerahub.frames.picture import from_bgr
from camerahub.frames.trace import Trace
from tests.frames import draw
from tests.frames.draw import Image

SIZES = ((352, 288), (640, 360), (1280, 720))


def trace(image: Image, quality: int = 60) -> Trace:
    again = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
    return Trace.of(from_bgr(again, image.shape[1], image.shape[0]))


def severity(older: Image, newer: Image) -> float:
    return judge(measure(trace(draw.osd(older, 1)), trace(draw.osd(newer, 2), 40))).severity


def shifted(
    image: Image, across: float, down: float = 0.0, degrees: float = 0.0, scale: float = 1.0
) -> Image:
    height, width = image.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    move[:, 2] += (across * width, down * height)
    return cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REFLECT)  # type: ignore[return-value]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gain", [1.0, 0.6, 0.25, 1.3])
def test_other_light_is_the_same_view(size: tuple[int, int], gain: float) -> None:
    scene = draw.scene(*size, 3)
    assert severity(scene, draw.noisy(np.clip(scene * gain, 0, 255), 3, 9)) < 0.3


@pytest.mark.parametrize("seed", range(4))
def test_grey_at_night_is_the_same_view(seed: int) -> None:
    scene = draw.scene(640, 360, seed)
    grey = cv2.cvtColor(cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    spot = np.exp(-(((np.mgrid[0:360, 0:640][1] - 320) / 220) ** 2))[..., None]
    assert severity(scene, draw.noisy(grey * (0.25 + 0.6 * spot), 5, seed)) < 0.3


@pytest.mark.parametrize("seed", range(4))
def test_cars_before_a_third_of_the_view_are_the_same_view(seed: int) -> None:
    scene, random = draw.scene(640, 360, seed), np.random.default_rng(seed)
    busy = scene.copy()
    for _ in range(6):
        x, y = random.integers(0, 540), random.integers(100, 290)
        busy[y : y + 70, x : x + 100] = draw.scene(100, 70, int(random.integers(99)))
    assert severity(scene, draw.noisy(busy, 3, seed)) < 0.5


@pytest.mark.parametrize("across", [-0.012, 0.006, 0.015])
def test_a_pole_that_sways_is_the_same_view(across: float) -> None:
    scene = draw.scene(640, 360, 5)
    assert severity(scene, shifted(scene, across, across / 2)) < 0.3


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("across", "degrees", "scale"), [(0.3, 0, 1), (-0.5, 0, 1), (0, 25, 1), (0, 0, 2.2)])
def test_a_camera_that_was_turned(size: tuple[int, int], across: float, degrees: float, scale: float) -> None:
    scene = draw.scene(*size, 7)
    assert severity(scene, shifted(scene, across, 0, degrees, scale)) >= 0.5


@pytest.mark.parametrize("seed", range(6))
def test_another_scene(seed: int) -> None:
    assert severity(draw.scene(640, 360, seed), draw.scene(640, 360, seed + 50)) >= 0.5


def test_without_structure_nothing_is_said() -> None:
    wall = [draw.plain(640, 360, (128, 130, 131), slope, 3.0, seed) for slope, seed in ((10, 1), (-10, 2))]
    assert judge(measure(trace(wall[0]), trace(wall[1]))).severity < 0.5


def test_a_picture_turned_upright_is_not_compared() -> None:
    scene = draw.scene(640, 360, 1)
    tall = Trace.of(from_bgr(np.ascontiguousarray(scene.transpose(1, 0, 2)), 360, 640))
    found = measure(trace(scene), tall)
    assert found == change.NOTHING or all(np.isnan(found))
    assert judge(found).severity == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500), st.integers(0, 500))
def test_measures_keep_their_ranges_and_do_not_mind_the_order(first: int, second: int) -> None:
    a, b = (change.view(Trace.of(from_bgr(draw.scene(320, 180, n), 320, 180)).thumb) for n in (first, second))
    there, back = change.compare(a, b), change.compare(b, a)
    for name, value in there._asdict().items():
        assert change.MEASURES[name].low - 1e-6 <= value <= change.MEASURES[name].high + 1e-6
    assert there.agreement == pytest.approx(back.agreement, abs=0.06)
    assert change.compare(a, a).agreement == pytest.approx(1, abs=1e-5)
