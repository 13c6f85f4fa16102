"""What a measure must do whatever its number is: stay in its range, and move the right way when the picture does."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from camerahub.frames.checks import CHECKS, MEASURES, measured
from camerahub.frames.picture import from_bgr
from tests.frames import draw
from tests.frames.draw import Image


def take(*images: Image) -> dict[str, np.ndarray]:
    return measured([from_bgr(image, image.shape[1], image.shape[0]) for image in images])


def rises(values: np.ndarray) -> bool:
    return bool((np.diff(values) >= -1e-6).all() and values[-1] > values[0])


def blurred(image: Image, sigma: float) -> Image:
    return image if sigma == 0 else cv2.GaussianBlur(image, (0, 0), sigma)  # type: ignore[return-value]


SCENES = [draw.scene(1280, 720, seed) for seed in range(2)]
PICTURES: list[Image] = [
    *SCENES,
    draw.scene(360, 640, 3),
    draw.plain(704, 576, (180, 170, 160), 12, 2),
    draw.night(640, 360, 3, 10),
    draw.black(640, 360, 4, 2),
    draw.card(640, 360, (200, 0, 0)),
    np.full((360, 640, 3), 255, np.uint8),
    np.zeros((360, 640, 3), np.uint8),
    np.random.default_rng(0).integers(0, 256, (360, 640, 3), dtype=np.uint8),
]


@pytest.mark.parametrize("image", PICTURES)
def test_every_measure_is_in_its_range(image: Image) -> None:
    found = take(image)
    assert set(found) == set(MEASURES)
    for name, values in found.items():
        known, value = MEASURES[name], float(values[0])
        if np.isnan(value):
            assert known.nan != "never", name
        else:
            assert known.low <= value <= known.high, (name, value)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", ["blur_steep_mid", "blur_steep_high", "blur_worse", "blur_top"])
def test_more_blur_never_looks_sharper(scene: Image, name: str) -> None:
    assert rises(take(*(blurred(scene, sigma) for sigma in (16, 10, 6, 4, 0)))[name])


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(
    "name", ["snow_floor", "snow_mid", "snow_coarse_floor", "snow_busy", "snow_busy_mid"]
)
def test_more_noise_is_never_quieter(scene: Image, name: str) -> None:
    half = (scene * 0.5 + 64).astype(np.uint8)
    assert rises(take(*(draw.noisy(half, sigma, 1) for sigma in (0, 8, 16, 32, 60)))[name])


@pytest.mark.parametrize("shift", [-20, 20])
def test_a_shift_of_brightness_leaves_blur_and_noise_alone(shift: int) -> None:
    scene = (SCENES[0] * 0.6 + 50).astype(np.uint8)
    first, second = (take(image) for image in (scene, scene + np.uint8(shift % 256)))
    for name in MEASURES:
        if name.startswith(("blur_", "snow_")):
            assert second[name][0] == pytest.approx(first[name][0], rel=0.03, abs=0.03), name


WAVES: list[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = [
    ("stripes_h_tone", lambda y, x: np.sin(y / 6)),
    ("stripes_v_tone", lambda y, x: np.sin(x / 6)),
    ("stripes_slant", lambda y, x: np.sin((x + y) / 5)),
]


@pytest.mark.parametrize(("name", "wave"), WAVES, ids=[name for name, _ in WAVES])
def test_stronger_stripes_measure_more(name: str, wave: Callable[..., np.ndarray]) -> None:
    yy, xx = np.mgrid[:720, :1280].astype(float)
    scene = SCENES[0] * 0.5 + 60
    striped = [
        np.clip(scene + gain * wave(yy, xx)[..., None], 0, 255).astype(np.uint8) for gain in (0, 10, 20, 40)
    ]
    assert rises(take(*striped)[name])


def test_blocks_are_tiles_and_smears_go_one_way() -> None:
    scene = SCENES[0]
    small = cv2.resize(scene, (1280 // 32, 720 // 32), interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(small, (1280, 720), interpolation=cv2.INTER_NEAREST)
    smear = scene.copy()
    smear[300:] = smear[300]
    found = take(scene, blocks, smear)
    assert found["mosaic_tiles"][1] > 0.4 > 0.1 > found["mosaic_tiles"][0]
    assert found["mosaic_grid"][1] > found["mosaic_grid"][0]
    assert found["mosaic_smear_patch"][2] > 0.2 > 0.05 > found["mosaic_smear_patch"][0]


def test_a_cover_is_a_poor_patch_with_a_soft_rim() -> None:
    scene = SCENES[1]
    mask = cv2.GaussianBlur((np.arange(1280) > 700).astype(np.float32)[None].repeat(720, 0), (0, 0), 20)[
        ..., None
    ]
    covered = draw.noisy((scene * (1 - mask) + 60 * mask).astype(np.uint8), 2, 1)
    found = take(scene, covered)
    assert found["cover_largest"][1] > 0.3 > found["cover_largest"][0]
    assert found["poor_gap"][1] > found["poor_gap"][0]
    assert found["poor_side"][1] == 1


def test_colour_follows_the_cast() -> None:
    scene = SCENES[0]
    cast = [np.clip(scene + np.array([gain, 0, -gain]), 0, 255).astype(np.uint8) for gain in (0, 15, 30, 60)]
    found = take(*cast)
    assert rises(found["colour_cb"])
    assert rises(-found["colour_cr"])
    assert rises(found["colour_purity"])


def test_a_veil_takes_contrast() -> None:
    veiled = [(SCENES[0] * share + 160 * (1 - share)).astype(np.uint8) for share in (0.05, 0.15, 0.4, 1)]
    found = take(*veiled)
    for name in ("contrast_span", "contrast_best", "contrast_rms"):
        assert rises(found[name]), name
    assert rises(-found["contrast_floor"])


@pytest.mark.parametrize("seed", range(2))
def test_a_name_and_a_clock_move_no_sharpness_and_no_noise(seed: int) -> None:
    soft = blurred(SCENES[seed], 8)
    plain, named = take(soft), take(draw.osd(soft, seed))
    for name in MEASURES:
        if name.startswith(("blur_steep", "blur_detail", "snow_")) and name != "blur_detail_high":
            assert named[name][0] == pytest.approx(plain[name][0], rel=0.15, abs=0.1), name


def test_every_check_measures_what_its_table_says() -> None:
    names = [name for check in CHECKS.values() for name in check.measures]
    assert len(names) == len(set(names))
    assert set(names) < set(MEASURES)
