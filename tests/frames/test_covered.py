"""The map of covered cells: told what it should be, the same for one picture as for many, right where it is plain."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camerahub.frames import covered
from camerahub.frames.cells import Cells, cells
from camerahub.frames.picture import from_bgr
from camerahub.frames.sketch import sketch
from tests.frames import draw
from tests.frames.draw import Image


def taken(images: list[Image], mask: np.ndarray | None = None) -> Cells:
    masks = None if mask is None else [mask] * len(images)
    return cells(sketch([from_bgr(image, image.shape[1], image.shape[0]) for image in images], masks))


def behind(scene: Image, share: float, level: int) -> Image:
    """``scene`` with the left ``share`` of it behind something soft, in the noise of one camera."""
    height, width = scene.shape[:2]
    hand = (np.arange(width) < share * width).astype(np.float32)[None].repeat(height, 0)
    alpha = cv2.GaussianBlur(hand, (0, 0), width / 60)[..., None]
    return draw.noisy((scene * (1 - alpha) + level * alpha).astype(np.uint8), 3, 1)


def test_one_by_one_is_as_all_together() -> None:
    images = [draw.scene(640, 360, seed) for seed in range(11)]  # more than are blurred at once
    together = covered.measure(taken(images))
    assert set(together) == set(covered.MEASURES)
    for at in (0, 8, 10):
        alone = covered.measure(taken([images[at]]))
        for name, values in alone.items():
            assert values[0] == pytest.approx(together[name][at], abs=1e-3), name


def test_surroundings_are_means_over_squares_and_end_at_the_border() -> None:
    random = np.random.default_rng(4)
    rows, columns = shape = (15, 20)
    raw = random.normal(0, 1, (rows * columns, 2, covered.CHANNELS)).astype(np.float32)
    raw[:, :, 13] = raw[:, :, 8] ** 2
    told = covered.inputs(raw, shape).reshape(rows, columns, 2, -1)
    grid = raw.reshape(rows, columns, 2, -1)
    for row, column in ((0, 0), (7, 11), (14, 19), (3, 0)):
        for first, size in ((13, 3), (26, 7)):
            away = range(-(size // 2), size // 2 + 1)
            square = np.array(
                [grid[np.clip(row + y, 0, 14), np.clip(column + x, 0, 19)] for y in away for x in away]
            )
            assert told[row, column, :, first : first + 13] == pytest.approx(
                square.mean(axis=0)[:, :13], abs=1e-4
            )
        assert told[row, column, :, :13] == pytest.approx(grid[row, column, :, :13])
    assert told[0, 0, 0, -3:] == pytest.approx((-0.5, 0.25, 0.5))


@pytest.mark.parametrize("seed", range(3))
def test_a_hand_over_half_of_a_street_is_where_it_is(seed: int) -> None:
    scene = draw.scene(1280, 720, seed)
    both = taken([scene, behind(scene, 0.5, 70)])
    told = covered.shown(both)
    odds = covered.answered(covered.NET, covered.inputs(told.cells, both.shape), told.whole)
    street, hand = odds.T.reshape(2, 15, 20)
    assert np.median(hand[:, :7]) > np.median(hand[:, 13:]) + 2
    assert np.median(hand[:, :7]) > np.median(street[:, :7]) + 2
    found = covered.measure(both)
    assert found["map_share"][1] > found["map_share"][0]


def test_cells_that_do_not_count_are_not_asked() -> None:
    scene = behind(draw.scene(640, 360, 1), 0.5, 70)
    mask = np.ones((360, 640), np.uint8)
    mask[:, :320] = 0
    assert covered.measure(taken([scene], mask))["map_share"] < covered.measure(taken([scene]))["map_share"]
    nothing = covered.measure(taken([scene], np.zeros((360, 640), np.uint8)))
    assert all(np.isnan(values[0]) for values in nothing.values())


def test_a_tall_picture_has_a_tall_map() -> None:
    tall = taken([draw.scene(360, 640, 3)])
    assert tall.shape == (20, 15)
    for name, values in covered.measure(tall).items():
        known = covered.MEASURES[name]
        assert known.low <= values[0] <= known.high
