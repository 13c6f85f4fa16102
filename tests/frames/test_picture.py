"""The working picture: sizes, ranges, and that only averages are taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.frames.picture import LEAST_SIDE, Picture, from_bgr, working_size

side = st.integers(LEAST_SIDE, 8192)


@given(width=side, height=side)
def test_working_size_never_enlarges_and_fits_its_box(width: int, height: int) -> None:
    w, h = working_size(width, height)
    assert w <= width
    assert h <= height
    assert max(w, h) <= 640
    assert min(w, h) <= 360
    assert working_size(w, h) == (w, h)


@pytest.mark.parametrize(
    ("source", "working"),
    [
        ((1920, 1080), (640, 360)),
        ((704, 576), (640, 360)),
        ((352, 288), (352, 288)),
        ((1080, 1920), (360, 640)),
    ],
)
def test_named_sizes(source: tuple[int, int], working: tuple[int, int]) -> None:
    assert working_size(*source) == working


def planes(width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    half = ((height + 1) // 2, (width + 1) // 2)
    return np.zeros((height, width), np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8)


def test_a_picture_is_checked_once() -> None:
    luma, u, v = planes(353, 289)
    assert Picture(luma, u, v, 353, 289).luma is luma
    for wrong in (
        (luma[1:], u, v),
        (luma, u[1:], v),
        (luma, u, v.astype(np.int16)),
        (luma.astype(float), u, v),
    ):
        with pytest.raises(ValueError, match="expected uint8"):
            Picture(*wrong, 353, 289)
    with pytest.raises(ValueError, match="smaller than"):
        Picture(*planes(15, 100), 15, 100)


@pytest.mark.parametrize(
    ("bgr", "yuv"),
    # JFIF 1.02: Y = .299 R + .587 G + .114 B, Cb = 128 - .1687 R - .3313 G + .5 B, Cr = 128 + .5 R - .4187 G - .0813 B
    [
        ((0, 0, 0), (0, 128, 128)),
        ((255, 255, 255), (255, 128, 128)),
        ((255, 0, 0), (29, 255, 107)),
        ((0, 0, 255), (76, 85, 255)),
    ],
)
def test_colours_are_those_of_jfif(bgr: tuple[int, ...], yuv: tuple[int, ...]) -> None:
    picture = from_bgr(np.full((720, 1280, 3), bgr, np.uint8), 1280, 720)
    got = tuple(int(plane[3, 3]) for plane in (picture.luma, picture.u, picture.v))
    assert np.abs(np.subtract(got, yuv)).max() <= 1


def test_what_alternates_is_averaged_not_sampled() -> None:
    image = np.zeros((1080, 1920, 3), np.uint8)
    image[:, ::3] = 255
    picture = from_bgr(image, 1920, 1080)
    assert np.abs(picture.luma.astype(int) - 85).max() <= 1


def test_an_image_below_the_working_size_is_refused() -> None:
    with pytest.raises(ValueError, match="does not reach"):
        from_bgr(np.zeros((100, 640, 3), np.uint8), 1920, 1080)
