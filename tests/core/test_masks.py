"""Masks from rectangles and images, and how far a kind is trusted after 误报."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from camerahub.core.eyes import COLUMNS, FULL, MASK_BYTES, MAX_PAST, ROWS, Lesson, weight_of, weights_of
from camerahub.core.masks import drawn, of_image, of_rect, packed, unpacked
from camerahub.core.result import FAULT_KINDS


@given(arrays(np.bool_, (ROWS, COLUMNS)))
def test_packed_and_unpacked_are_the_same(grid: np.ndarray) -> None:
    mask = packed(grid)
    assert len(mask) == (MASK_BYTES if grid.any() else 0)
    assert (unpacked(mask) == grid).all()


@given(st.floats(0, 99), st.floats(0, 99), st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_rectangle_masks_every_cell_it_touches(left: float, top: float, wide: float, tall: float) -> None:
    if left + wide > 100 or top + tall > 100:
        with pytest.raises(ValueError):
            of_rect(left, top, wide, tall)
        return
    grid = of_rect(left, top, wide, tall)
    row, column = int((top + tall / 2) * ROWS / 100), int((left + wide / 2) * COLUMNS / 100)
    assert grid[row, column]
    assert grid.sum() * 100 * 100 / (ROWS * COLUMNS) >= wide * tall * 0.99


@pytest.mark.parametrize("rect", [(0, 0, 0, 10), (-1, 0, 5, 5), (0, 0, 101, 1), (float("nan"), 0, 1, 1)])
def test_a_rectangle_outside_is_none(rect: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError):
        of_rect(*rect)


def test_the_light_half_of_an_image_is_masked() -> None:
    image = np.zeros((360, 640), np.uint8)
    image[:, :320] = 255
    assert (of_image(image)[:, :32].all(), of_image(image)[:, 32:].any()) == (True, False)
    with pytest.raises(ValueError):
        of_image(image[: ROWS - 1])


def test_what_is_private_hides_what_is_ignored() -> None:
    lines = drawn(packed(of_rect(0, 0, 100, 100)), packed(of_rect(0, 0, 50, 100)))
    assert lines == ["#" * 32 + "+" * 32] * 18
    assert drawn(b"", b"")[0] == "." * COLUMNS
    with pytest.raises(ValueError):
        unpacked(b"x")


def test_three_false_alarms_silence_a_kind() -> None:
    severities = [0.5 * FULL / weight_of(alarms) for alarms in range(4)]
    assert severities[0] == 0.5
    assert severities == sorted(severities)
    assert severities[2] < 1 < severities[3]
    assert weights_of({}) == b""
    weights = weights_of({"blur": 1})
    assert len(weights) == len(FAULT_KINDS)
    assert [kind for kind, weight in zip(FAULT_KINDS, weights, strict=True) if weight < FULL] == ["blur"]


@pytest.mark.parametrize(
    "lesson",
    [
        Lesson(1, bytes(MAX_PAST + 1)),
        Lesson(1, b"", b"x"),
        Lesson(1, None, b"", b"y"),
        Lesson(1, weights=b"z"),
    ],
)
def test_lessons_of_other_sizes_are_refused(lesson: Lesson) -> None:
    with pytest.raises(ValueError, match="endpoint 1"):
        lesson.checked()
