"""A frozen street under a running clock, and a quiet street that only looks so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camerahub.frames import frozen
from camerahub.frames.diagnosis import diagnose
from camerahub.frames.frozen import judge, measure
from camerahub.frames.picture import Picture, from_bgr
from camerahub.frames.several import FINER
from camerahub.frames.trace import Trace
from tests.frames import draw
from tests.frames.draw import Image

SIZES = ((352, 288), (640, 360), (1280, 720))


def coded(image: Image, quality: int, clock: int) -> Picture:
    shown = draw.osd(image, clock)
    again = cv2.imdecode(cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
    return from_bgr(again, image.shape[1], image.shape[0])


def severities(older: Picture, newer: Picture) -> list[float]:
    """By the traces that are kept, and by finer ones."""
    return [
        judge(measure(Trace.of(older, None, finer), Trace.of(newer, None, finer))).severity
        for finer in (1, FINER)
    ]


def street(size: tuple[int, int], seed: int) -> Image:
    return draw.night(*size, 4, 40, seed) if seed % 2 else draw.scene(*size, seed)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("quality", [40, 75, 92])
def test_a_frozen_street_under_a_running_clock_is_frozen(
    size: tuple[int, int], seed: int, quality: int
) -> None:
    still = street(size, seed)
    assert min(severities(coded(still, quality, 3), coded(still, quality, 17))) >= 0.5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_a_relay_that_codes_it_anew_changes_nothing(size: tuple[int, int], seed: int) -> None:
    still = street(size, seed)
    assert min(severities(coded(still, 80, 3), coded(still, 90, 17))) >= 0.5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("quality", [75, 92])
def test_new_noise_is_life_however_quiet_the_street(size: tuple[int, int], seed: int, quality: int) -> None:
    scene = cv2.GaussianBlur(street(size, seed), (0, 0), 1.0)
    first, second = (coded(draw.noisy(scene, 5.0, 100 * seed + n), quality, n) for n in (1, 2))
    assert max(severities(first, second)) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_a_cloud_is_life(seed: int) -> None:
    scene = draw.scene(640, 360, seed)
    newer = np.clip(scene * 0.9, 0, 255).astype(np.uint8)
    assert max(severities(coded(scene, 75, 1), coded(newer, 75, 2))) < 0.3


def test_a_card_is_no_signal_and_not_frozen_as_well() -> None:
    card = draw.card(640, 360, draw.BLUES[0])
    picture = from_bgr(card, 640, 360)
    assert diagnose([picture, picture]).faults == ("no_signal",)


def test_a_black_picture_is_black_and_not_frozen_as_well() -> None:
    first, second = (coded(draw.black(640, 360, 5, 0), 75, n) for n in (1, 2))
    assert diagnose([first, second]).faults == ("black",)


def test_pictures_of_two_sizes_are_not_compared() -> None:
    older, newer = (Trace.of(from_bgr(draw.scene(w, 360, 1), w, 360)) for w in (640, 480))
    found = measure(older, newer)
    assert all(np.isnan(value) for value in found.values())
    assert judge(found).severity == 0


@pytest.mark.parametrize("finer", [1, FINER])
def test_every_measure_is_there_and_in_its_range(finer: int) -> None:
    scene = draw.scene(640, 360, 2)
    first, second = (Trace.of(coded(draw.noisy(scene, 3, n), 80, n), None, finer) for n in (1, 2))
    found = measure(first, second)
    assert set(found) == set(frozen.MEASURES)
    for name, value in found.items():
        assert frozen.MEASURES[name].low <= value <= frozen.MEASURES[name].high, name


def test_a_trace_is_small_and_keeps_no_picture_alive() -> None:
    picture = from_bgr(draw.scene(1920, 1080, 1), 1920, 1080)
    kept = Trace.of(picture)
    assert kept.nbytes < 6000
    assert not any(np.shares_memory(part, picture.luma) for part in (kept.thumb, kept.patches))


def test_what_is_masked_is_not_asked() -> None:
    """A car park's gate moves behind the mask; the rest is one exposure."""
    still = draw.scene(640, 360, 4)
    newer = still.copy()
    newer[180:, :] = draw.scene(640, 180, 9)
    mask = np.full((360, 640), 255, np.uint8)
    mask[170:] = 0
    pictures = [from_bgr(one, 640, 360) for one in (still, newer)]
    assert judge(measure(*(Trace.of(one) for one in pictures))).severity < 0.5
    assert judge(measure(*(Trace.of(one, mask) for one in pictures))).severity >= 0.5


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_recorder_that_shifts_every_level_does_not_bring_a_frozen_picture_to_life(shift: int) -> None:
    exposure = draw.noisy(cv2.GaussianBlur(draw.scene(960, 540, 4), (0, 0), 1.5), 3, 1)  # type: ignore[arg-type]
    older, newer = (
        draw.osd(exposure, 1),
        draw.osd(np.clip(exposure.astype(int) + shift, 0, 255).astype(np.uint8), 2),
    )
    found = frozen.measure(*(Trace.of(from_bgr(image, 960, 540)) for image in (older, newer)))
    assert found["still_offset"] == pytest.approx(1, abs=0.2)
    assert found["still_drift"] < 0.5
    assert frozen.judge(found).severity >= 0.5


def test_light_is_smooth_and_grows_with_brightness_as_a_codecs_differences_do_not() -> None:
    scene = cv2.GaussianBlur(draw.scene(640, 360, 2), (0, 0), 3).astype(np.float64) * 0.8
    rough = np.random.default_rng(1).normal(0, 12, scene.shape)
    start, light, codec = (
        Trace.of(from_bgr(np.clip(image, 0, 255).astype(np.uint8), 640, 360))
        for image in (scene, scene * 1.02, scene + rough)
    )
    lit, noisy = frozen.measure(start, light), frozen.measure(start, codec)
    assert lit["still_gain"] > 5 * noisy["still_gain"]
    assert lit["still_smooth"] > noisy["still_smooth"] + 0.2
