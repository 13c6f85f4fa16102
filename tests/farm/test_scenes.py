"""Drawn faults are the faults they are called, and nothing else; key pictures that follow each other differ."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camerahub.farm.clips import Style, packetised
from camerahub.farm.scenes import FAULTY, LOOKS, planes
from camerahub.farm.studio import ORDERS, make
from camerahub.frames.checks import lit_reason
from camerahub.frames.lit import measure
from camerahub.frames.picture import from_bgr

WIDTH, HEIGHT, GROUP = 704, 576, 3


def keys(look: str) -> list[np.ndarray]:
    """The first picture of each of three groups, BGR."""
    drawn = list(planes(LOOKS[look], WIDTH, HEIGHT, 3 * GROUP, 12, GROUP))[::GROUP]
    return [cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420) for picture in drawn]


def scene(picture: np.ndarray) -> np.ndarray:
    """Grey, without the rows that carry texts."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[HEIGHT // 8 : HEIGHT * 7 // 8].astype(np.float64)


def sharpness(picture: np.ndarray) -> float:
    return float(cv2.Laplacian(scene(picture), cv2.CV_64F).var())


@pytest.mark.parametrize("look", [*FAULTY, "street", "square", "night"])
def test_whatever_else_is_wrong_it_is_lit(look: str) -> None:
    for picture in keys(look):
        assert lit_reason(measure(from_bgr(picture, WIDTH, HEIGHT))) == "ok"


@pytest.mark.parametrize("look", [*FAULTY, "street", "square", "night"])
def test_two_looks_in_a_row_never_see_the_same(look: str) -> None:
    first, second, third = map(scene, keys(look))
    moved = [np.abs(a - b).mean() for a, b in ((first, second), (second, third))]
    if look == "frozen":
        assert moved == [0.0, 0.0]
    else:
        assert min(moved) > 0.3


def test_a_frozen_picture_has_a_running_clock() -> None:
    first, second, _ = keys("frozen")
    assert (first[: HEIGHT // 8] != second[: HEIGHT // 8]).any()


def test_each_fault_shows_as_what_it_is() -> None:
    street, square = keys("street")[0], keys("square")[0]
    seen = {look: keys(look)[0] for look in FAULTY}
    grey = {look: scene(picture) for look, picture in seen.items()}
    assert sharpness(seen["blur"]) < sharpness(square) / 20
    assert (grey["overexposed"] >= 250).mean() > 0.5
    assert 8 < grey["underexposed"].mean() < 30
    assert grey["low_contrast"].std() < scene(square).std() / 5
    assert sharpness(seen["snow_noise"]) > 10 * sharpness(street)
    assert np.ptp(seen["colour_cast"].reshape(-1, 3).mean(axis=0)) > 60
    assert np.ptp(grey["stripes"].mean(axis=1)) > 1.5 * np.ptp(scene(square).mean(axis=1))
    assert (np.abs(grey["mosaic"] - scene(street)) > 20).mean() > 0.2
    assert (grey["occlusion"][:, : WIDTH // 2] < 60).mean() > 0.95
    assert (np.abs(grey["turned"] - grey["scene_change"]) > 20).mean() > 0.4


def test_each_order_has_a_key_picture_a_group() -> None:
    for order in (o for o in ORDERS if o.name in ("blur", "snap-blur")):
        track = packetised(make(order), Style(True, False))
        keyed = [number for number, frame in enumerate(track.frames) if frame.key]
        assert keyed == list(range(0, order.frames * order.gops, order.frames))
        for turn in range(5):
            before = track.before_key(turn, 0.9)
            assert (keyed[turn % len(keyed)] - before) % len(track.frames) < order.frames
