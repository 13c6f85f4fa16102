"""The reductions: against a slow plain twin, in any order, behind a mask, and whatever the size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.frames.cells import agreed, cells, patches, quantiles, unanimous
from camerahub.frames.picture import Picture, from_bgr
from camerahub.frames.sketch import sketch, too_small
from tests.frames import draw

SIZES = ((352, 288), (640, 360), (480, 360), (360, 640))


def picture(width: int = 640, height: int = 360, seed: int = 0) -> Picture:
    return from_bgr(draw.scene(width, height, seed), width, height)


def test_cells_of_a_sketch_are_those_of_a_plain_twin() -> None:
    """Averages are rounded at each halving: an eighth of a grey level for differences, one level for light."""
    luma = cv2.resize(picture().luma, (320, 180), interpolation=cv2.INTER_AREA).astype(float)
    found = sketch([picture()])
    blocks = luma.reshape(15, 12, 20, 16)
    assert np.abs(found.light[0] - blocks.mean(axis=(1, 3))).max() <= 1
    across = np.abs(np.diff(luma, axis=1))
    across = np.hstack([across, across[:, -1:]])
    assert (found.px1[0] == across.reshape(15, 12, 20, 16).max(axis=(1, 3))).all()
    cut = np.minimum(across * 4, 255).reshape(15, 12, 20, 16).mean(axis=(1, 3))
    assert np.abs(found.dx1[0] - cut).max() <= 2
    assert np.allclose(found.columns[0], luma.reshape(5, 36, 320).mean(axis=1), atol=1e-3)
    assert np.allclose(found.rows[0], luma.reshape(180, 5, 64).mean(axis=2).T, atol=1e-3)
    assert found.histogram[0].sum() == 320 * 90
    assert (found.histogram[0] == np.bincount(luma[::2].astype(np.intp).ravel(), minlength=256)).all()


@pytest.mark.parametrize("size", SIZES)
def test_every_size_gives_the_same_shapes(size: tuple[int, int]) -> None:
    found = sketch([picture(*size)] * 2)
    tall = size[1] > size[0]
    assert found.light.shape == (2, 20, 15) if tall else (2, 15, 20)
    assert found.thumb.shape == (2, 3, 40, 30) if tall else (2, 3, 30, 40)
    assert found.source.tolist() == [list(size)] * 2


def test_the_order_in_a_batch_changes_nothing() -> None:
    pictures = [picture(seed=seed) for seed in range(4)]
    together = sketch(pictures)
    for at in (2, 0, 3):
        alone = sketch([pictures[at]])
        for field, one, many in zip(together._fields, alone, together, strict=True):
            assert (one[0] == many[at]).all(), field


def test_a_mask_takes_out_every_cell_it_touches() -> None:
    mask = np.full((360, 640), 255, np.uint8)
    mask[100, 200] = 0
    valid = sketch([picture()], [mask]).valid[0]
    assert valid.sum() == 299
    assert not valid[100 // 24, 200 // 32]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one size"):
        sketch([picture(), picture(352, 288)])
    with pytest.raises(ValueError, match="mask is"):
        sketch([picture()], [np.zeros((10, 10), np.uint8)])
    assert too_small(from_bgr(np.zeros((80, 160, 3), np.uint8), 160, 80))
    assert not too_small(picture(352, 288))


strips = st.lists(st.integers(-50, 50), min_size=5, max_size=5)


@given(strips)
@settings(deadline=None)
def test_what_strips_agree_on(values: list[int]) -> None:
    at = np.array(values, np.float32).reshape(1, 5, 1)
    ordered = sorted(values)
    assert agreed(at)[0, 0] == ordered[2]
    assert unanimous(at)[0, 0] == max(ordered[1], 0) + min(ordered[3], 0)


@given(st.lists(st.floats(0, 255, width=32), min_size=12, max_size=40))
@settings(deadline=None)
def test_quantiles_are_values_in_order(values: list[float]) -> None:
    row = np.array([values], np.float32)
    low, mid, high = quantiles(row, np.ones(row.shape, np.bool_), [0.1, 0.5, 1.0])
    assert low[0] <= mid[0] <= high[0] == max(values)
    assert np.isnan(quantiles(row, np.arange(row.size)[None] < 11, [0.5])[0][0])


def test_text_rows_do_not_count_for_sharpness() -> None:
    shared = cells(sketch([picture()]))
    assert shared.every.sum() == 300
    assert shared.inner.sum() == 11 * 20


@given(st.integers(0, 2**30), st.sampled_from([(15, 20), (20, 15)]), st.floats(0.2, 0.8))
@settings(deadline=None, max_examples=30)
def test_patches_of_many_grids_are_those_of_each_alone(
    seed: int, shape: tuple[int, int], share: float
) -> None:
    flags = np.random.default_rng(seed).random((5, shape[0] * shape[1])) < share
    flags[3] = False
    shares, found = patches(flags, shape)
    for at, grid in enumerate(flags.reshape(5, *shape).astype(np.uint8)):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(grid, connectivity=4)
        largest = max(stats[1:, cv2.CC_STAT_AREA].tolist(), default=0)
        assert shares[at] == pytest.approx(largest / grid.size)
        assert found[at].sum() == largest
        assert len(set(labels.ravel()[found[at]].tolist())) == (count > 1)
