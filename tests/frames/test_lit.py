"""Is there a picture at all? Drawn pictures with known answers, each as it is and as a camera compresses it."""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from camerahub.frames import lit
from camerahub.frames.checks import LIT_CHECKS, lit_reason
from camerahub.frames.judgement import FAULT, judgement, ramp
from camerahub.frames.picture import from_bgr
from tests.frames import draw
from tests.frames.draw import Image

SIZES = ((352, 288), (704, 576), (1280, 720))
GREYS = ((60, 60, 60), (128, 128, 128), (190, 190, 190))
SKIES = ((220, 130, 70), (235, 190, 140), (128, 128, 128), (235, 235, 235), (255, 255, 255), (180, 175, 170))


def measured(image: Image) -> lit.LitMeasures:
    return lit.measure(from_bgr(image, image.shape[1], image.shape[0]))


def answers(image: Image) -> set[str]:
    """With and without OSD, uncompressed and as a poor JPEG."""
    found = set()
    for version in (image, draw.osd(image, 1), draw.osd(image, 8, name=False)):
        for quality in (None, 30):
            again = version
            if quality is not None:
                again = cv2.imdecode(cv2.imencode(".jpg", version, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
            found.add(lit_reason(measured(again)))
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [0, 5, 16, 30])
@pytest.mark.parametrize("sigma", [0, 2, 6])
def test_black_stays_black_under_noise_and_text(size: tuple[int, int], level: float, sigma: float) -> None:
    assert answers(draw.black(*size, level, sigma)) == {"black"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("lamps", "ambient"), [(1, 4), (3, 10), (8, 20), (2, 0)])
@pytest.mark.parametrize("seed", range(3))
def test_a_night_street_is_a_picture(size: tuple[int, int], lamps: int, ambient: float, seed: int) -> None:
    assert answers(draw.night(*size, lamps, ambient, seed)) == {"ok"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gain", [1.0, 0.4, 0.15])
def test_a_scene_is_a_picture_however_dim(size: tuple[int, int], gain: float) -> None:
    assert answers(draw.scene(*size, 5, gain)) == {"ok"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colour", [*draw.BLUES, *GREYS])
@pytest.mark.parametrize(("text", "scale"), [("NO SIGNAL", 2.0), ("", 1.0), ("VIDEO LOSS", 3.5)])
def test_a_plain_card_is_no_signal(
    size: tuple[int, int], colour: tuple[int, int, int], text: str, scale: float
) -> None:
    assert answers(draw.card(*size, colour, text, scale)) == {"no_signal"}


@pytest.mark.parametrize("size", SIZES)
def test_writing_in_the_middle_of_black_is_a_card(size: tuple[int, int]) -> None:
    assert answers(draw.card(*size, (0, 0, 0), "NO SIGNAL", 2.0)) == {"no_signal"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [191, 255])
@pytest.mark.parametrize("lower", [False, True])
def test_colour_bars_are_no_signal(size: tuple[int, int], level: int, lower: bool) -> None:
    assert answers(draw.colour_bars(*size, level, lower)) == {"no_signal"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colour", SKIES)
@pytest.mark.parametrize(("slope", "sigma"), [(6, 1), (12, 3), (40, 1)])
def test_sky_wall_fog_and_snow_are_pictures(
    size: tuple[int, int], colour: tuple[int, int, int], slope: float, sigma: float
) -> None:
    assert answers(draw.plain(*size, colour, slope, sigma)) == {"ok"}


def test_a_noisy_line_still_carries_a_blue_card() -> None:
    assert lit_reason(measured(draw.noisy(draw.card(704, 576, (200, 0, 0)), 2.0, 1))) == "no_signal"


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_one_lamp_a_sixteenth_of_the_width_is_a_picture(size: tuple[int, int]) -> None:
    assert lit_reason(measured(draw.lamp(draw.black(*size, 6, 2), size[0] // 16, 255))) == "ok"


def test_darker_is_never_less_black() -> None:
    severities = [
        lit.judge_black(measured(draw.scene(704, 576, 3, gain))).severity
        for gain in (1, 0.3, 0.1, 0.05, 0.02, 0)
    ]
    assert severities == sorted(severities)
    assert severities[0] == 0
    assert severities[-1] == 1


def test_every_measure_is_in_its_range_and_described() -> None:
    assert list(lit.MEASURES) == list(lit.LitMeasures._fields)
    for image in (
        draw.scene(704, 576),
        draw.black(352, 288, 3, 1),
        draw.colour_bars(1280, 720),
        draw.card(640, 360, (0, 0, 0)),
    ):
        for name, value in measured(image)._asdict().items():
            known = lit.MEASURES[name]
            if math.isnan(value):
                assert known.nan != "never", name
            else:
                assert known.low <= value <= known.high, name


def test_measures_are_pure() -> None:
    image = draw.scene(704, 576)
    picture = from_bgr(image, 704, 576)
    before = picture.luma.copy(), picture.u.copy(), picture.v.copy()
    first, second = lit.measure(picture), lit.measure(picture)
    assert repr(first) == repr(second)
    for plane, old in zip((picture.luma, picture.u, picture.v), before, strict=True):
        assert (plane == old).all()


@pytest.mark.parametrize(("value", "share"), [(0, 0.0), (5, 0.0), (10, 0.5), (15, 1.0), (99, 1.0)])
def test_ramp(value: float, share: float) -> None:
    assert ramp(value, 5, 15) == share
    assert ramp(-value, -5, -15) == share


def test_a_measure_that_is_not_defined_accuses_nobody() -> None:
    assert judgement("black", ramp(math.nan, 0, 1)).level == "ok"
    assert judgement("black", FAULT).level == "fault"
    assert judgement("black", 0.4).level == "warn"
    assert set(LIT_CHECKS) == {"black", "no_signal"}


def test_the_cost_stays_small() -> None:
    """0.1 ms on a quiet core; the bound leaves room for a busy one."""
    picture = from_bgr(draw.scene(1280, 720), 1280, 720)
    best = math.inf
    for _ in range(5):
        began = time.thread_time()
        for _ in range(100):
            lit_reason(lit.measure(picture))
        best = min(best, (time.thread_time() - began) / 100)
    assert best < 0.0005


def real_pictures() -> list[Path]:
    folder = os.environ.get("CAMERAHUB_FRAMES")
    if not folder:
        return []
    with open(Path(folder) / "manifest.csv", encoding="utf-8") as file:
        return [Path(folder) / row["file"] for row in csv.DictReader(file)]


if REAL := real_pictures():  # only where CAMERAHUB_FRAMES names a folder of pictures with a manifest.csv

    @pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
    @pytest.mark.parametrize(
        "version",
        [lambda image: image, lambda image: draw.osd(image, 4), lambda image: cv2.resize(image, (352, 288))],
    )
    def test_real_pictures_are_lit(path: Path, version: Callable[[Image], Image]) -> None:
        image = cv2.imread(str(path))
        assert answers(version(image)) == {"ok"}  # type: ignore[arg-type]
