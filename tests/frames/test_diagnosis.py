"""The door of the room: what it promises whoever asks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camerahub.frames import lit
from camerahub.frames.checks import CHECKS, EVERY, LIT_CHECKS, MEASURES, lit_reason, measured
from camerahub.frames.diagnosis import Diagnosis, Item, diagnose, diagnose_many
from camerahub.frames.forest import UNDEFINED, columns
from camerahub.frames.picture import Picture, from_bgr
from camerahub.frames.verdict import FOREST, KINDS, severities
from tests.frames import draw
from tests.frames.draw import Image


def picture(image: Image) -> Picture:
    return from_bgr(image, image.shape[1], image.shape[0])


def look(image: Image, **how: object) -> Diagnosis:
    return diagnose([picture(image)], **how)  # type: ignore[arg-type]


def _grey(value: int) -> Picture:
    return picture(np.full((360, 640, 3), value, np.uint8))


MIXED = [
    draw.scene(1280, 720, 1),
    draw.scene(352, 288, 2),
    draw.night(640, 360, 3, 10),
    draw.black(640, 360, 4, 2),
    draw.card(704, 576, (200, 0, 0)),
    draw.scene(360, 640, 3),
]


def test_a_black_picture_is_a_fault_named_black() -> None:
    found = diagnose([_grey(0)])
    assert (found.verdict, found.faults) == ("fault", ("black",))


@pytest.mark.parametrize(("pictures", "mode"), [(0, "auto"), (1, "dusk")])
def test_no_picture_and_an_unknown_mode_are_refused(pictures: int, mode: str) -> None:
    with pytest.raises(ValueError, match="expected one or more"):
        diagnose([_grey(128)] * pictures, mode=mode)


def test_many_at_once_are_judged_as_one_by_one_in_any_order() -> None:
    items = [Item([picture(image)]) for image in MIXED] * 7
    together = diagnose_many(items)
    backwards = diagnose_many(items[::-1])[::-1]
    alone = [diagnose(item.pictures) for item in items[: len(MIXED)]] * 7
    for one, many, other in zip(alone, together, backwards, strict=True):
        assert (one.verdict, one.findings, one.mode) == (many.verdict, many.findings, many.mode)
        assert many.findings == other.findings
        assert one.measures == pytest.approx(many.measures, nan_ok=True)


def test_pictures_are_not_changed() -> None:
    mine = picture(MIXED[0])
    before = mine.luma.copy(), mine.u.copy(), mine.v.copy()
    diagnose([mine])
    for plane, old in zip((mine.luma, mine.u, mine.v), before, strict=True):
        assert (plane == old).all()


def test_what_cannot_be_judged_is_unknown_and_says_why() -> None:
    small = look(draw.scene(150, 100))
    assert (small.verdict, small.reason, small.findings) == ("unknown", "small", ())
    mask = np.zeros((360, 640), np.uint8)
    mask[:60] = 255
    masked = look(draw.scene(640, 360), mask=mask)
    assert (masked.verdict, masked.reason) == ("unknown", "masked")
    assert set(masked.measures) == set(EVERY)


@pytest.mark.parametrize(
    ("image", "mode"),
    [
        (draw.scene(640, 360), "day"),
        (np.repeat(draw.scene(640, 360)[..., :1], 3, axis=2), "infrared"),
        ((draw.night(640, 360, 3, 10) * np.array((0.3, 0.6, 1.0))).astype(np.uint8), "night"),
    ],
)
def test_the_mode_is_seen_unless_it_is_known(image: Image, mode: str) -> None:
    assert look(image).mode == mode
    assert look(image, mode="day").mode == "day"
    assert look(image, mode="night").mode == ("infrared" if mode == "infrared" else "night")


@pytest.mark.parametrize("colour", [(0, 255, 255), (90, 255, 90)])
def test_coloured_text_does_not_make_day_of_infrared(colour: tuple[int, int, int]) -> None:
    image = np.repeat(draw.scene(640, 360)[..., :1], 3, axis=2)
    for text, foot in (("2026-11-25 Wed 03:14:15", 32), ("Camera 07 North Gate", 348)):
        cv2.putText(image, text, (12, foot), cv2.FONT_HERSHEY_DUPLEX, 1.0, colour, 2)
    assert look(image).measures["colour_most"] > 5
    assert look(image).mode == "infrared"


def test_in_a_known_night_darkness_accuses_less() -> None:
    dark = measured([picture(draw.scene(640, 360, 1, 0.1))])
    at = KINDS.index("underexposed")
    assert severities(dark, np.ones(1, np.float32))[0, at] < severities(dark)[0, at]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["black", "no_signal"])
def test_the_facet_lit_and_the_diagnosis_agree(kind: str, seed: int) -> None:
    image = {"black": draw.black(640, 360, 4, 2, seed), "no_signal": draw.card(640, 360, draw.BLUES[seed])}[
        kind
    ]
    found = look(draw.osd(image, seed))
    assert found.faults == (kind,)
    assert set(LIT_CHECKS) | set(CHECKS) == set(KINDS)
    known = lit.LitMeasures(*(found.measures[name] for name in lit.LitMeasures._fields))
    assert lit_reason(known) == kind


def _snow(image: Image) -> Image:
    return draw.noisy(image, 70, 3)


def _waves(image: Image) -> Image:
    wave = 60 * np.sin(np.arange(image.shape[0]) / 5)[:, None, None]
    return np.clip(image + wave, 0, 255).astype(np.uint8)


def _white(image: Image) -> Image:
    return np.clip(image.astype(float) * 3 + 150, 0, 255).astype(np.uint8)


def _veil(image: Image) -> Image:
    return draw.noisy((image * 0.06 + 150).astype(np.uint8), 1, 1)


def _tiles(image: Image) -> Image:
    small = cv2.resize(image, None, fx=1 / 32, fy=1 / 32, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)  # type: ignore[return-value]


GROSS = {
    "snow_noise": _snow,
    "stripes": _waves,
    "overexposed": _white,
    "low_contrast": _veil,
    "mosaic": _tiles,
}


@pytest.mark.parametrize("kind", GROSS)
@pytest.mark.parametrize("text", [False, True])
def test_a_gross_fault_is_named_under_text_and_without(kind: str, text: bool) -> None:
    for seed in (1, 2):
        image = GROSS[kind](draw.scene(1280, 720, seed))
        assert kind in look(draw.osd(image, seed) if text else image).faults


def test_trees_answer_as_a_plain_walk_does() -> None:
    values = columns(measured([picture(MIXED[0])]), FOREST.measures)
    score = FOREST.start.astype(float).copy()
    for tree in range(len(FOREST.asked)):
        node = 0
        while node < FOREST.asked.shape[1]:
            node = 2 * node + 1 + int(values[0, FOREST.asked[tree, node]] > FOREST.than[tree, node])
        score[FOREST.about[tree]] += FOREST.answers[tree, node - FOREST.asked.shape[1]]
    assert FOREST.scores(values)[0] == pytest.approx(score, abs=1e-3)
    assert set(FOREST.measures) <= set(MEASURES)
    assert (columns({"a": np.array([np.nan], np.float32)}, ["a"]) == UNDEFINED).all()


def test_lit_reason_still_answers_for_the_facet() -> None:
    assert lit_reason(lit.measure(_grey(0))) == "black"
    assert lit_reason(lit.measure(picture(draw.scene(640, 360)))) == "ok"
