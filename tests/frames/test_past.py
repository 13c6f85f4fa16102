"""A camera's past: what is usual, which views are known, and bytes that anybody may have written."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camerahub.frames import several
from camerahub.frames.diagnosis import diagnose
from camerahub.frames.past import (
    ARRIVALS,
    ENOUGH,
    MODES,
    MOST_BYTES,
    MOST_VIEWS,
    TRACKED,
    TRUST,
    Past,
    PastError,
    band,
)
from camerahub.frames.picture import Picture, from_bgr
from camerahub.frames.trace import Trace
from tests.frames import draw

USUAL = dict(zip(TRACKED, (2.0, 1.0, 120.0, 60.0, 0.2, 0.1, 0.3, 110.0), strict=True))


def picture(scene: int, seed: int, gain: float = 1.0) -> Picture:
    seen = draw.osd(draw.noisy(np.clip(draw.scene(320, 180, scene) * gain, 0, 255), 2, seed), seed)
    again = cv2.imdecode(cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], 1)
    return from_bgr(again, 320, 180)


def trace(scene: int, seed: int = 0, gain: float = 1.0) -> Trace:
    return Trace.of(picture(scene, seed, gain))


def looked(past: Past, n: int, hour: float = 12.0, seed: int = 0, mode: str = "day") -> Past:
    """After ``n`` looks as usual."""
    random, kept = np.random.default_rng(seed), trace(1)
    for _ in range(n):
        seen = {name: value * random.normal(1, 0.03) for name, value in USUAL.items()}
        past = past.observe(kept, seen, mode, (), hour)
    return past


def changed(past: Past, scene: int, seed: int = 0, mode: str = "day") -> bool:
    """Whether the newest picture shows another view; the past is not touched."""
    measures = past.changed(trace(scene, seed), mode)
    assert measures is not None
    return measures.agreement + measures.agreement_parts < 1.0


def toured(scenes: list[int]) -> Past:
    """After a look at each scene in turn; what differs from every known view is told as a change."""
    past = Past()
    for at, scene in enumerate(scenes):
        faults = ("scene_change",) if past.views and changed(past, scene, at) else ()
        past = past.observe(trace(scene, at), USUAL, "day", faults)
    return past


def test_without_a_past_severities_are_what_they_were() -> None:
    found = {"blur": 0.4, "occlusion": 0.9, "frozen": 0.7}
    assert Past().weighed(found, USUAL, "day") == found


def test_a_lens_that_was_always_soft_counts_less() -> None:
    past = looked(Past(), 40)
    assert past.weighed({"blur": 0.6}, USUAL, "day", 12)["blur"] < 0.5


def test_a_lens_that_was_sharp_yesterday_counts_more() -> None:
    past = looked(Past(), 40)
    soft = USUAL | {name: USUAL[name] * 0.4 for name in TRACKED[:2]}
    found = past.weighed({"blur": 0.2, "low_contrast": 0.2}, soft, "day", 12)
    assert found["blur"] >= 0.5
    assert found["low_contrast"] < 0.3


def test_nothing_alone_becomes_no_fault() -> None:
    past = looked(Past(), 40)
    worst = {name: value * (0.01 if at < 4 else 50) for at, (name, value) in enumerate(USUAL.items())}
    assert (
        max(past.weighed({"blur": 0.0, "occlusion": 0.0, "low_contrast": 0.0}, worst, "day", 12).values())
        < 0.5
    )


def test_a_few_looks_teach_nothing_yet_and_another_hour_helps() -> None:
    soft = USUAL | {name: USUAL[name] * 0.4 for name in TRACKED[:2]}
    assert looked(Past(), ENOUGH - 1).weighed({"blur": 0.2}, soft, "day", 12) == {"blur": 0.2}
    assert looked(Past(), ENOUGH).weighed({"blur": 0.2}, soft, "day", 22)["blur"] > 0.2
    assert looked(Past(), ENOUGH).weighed({"blur": 0.2}, soft, "infrared", 12) == {"blur": 0.2}


def test_a_fault_that_lasts_never_becomes_usual() -> None:
    past = looked(Past(), 40)
    soft = USUAL | {name: USUAL[name] * 0.4 for name in TRACKED[:2]}
    for _ in range(300):
        past = past.observe(trace(1), soft, "day", ("blur",), 12)
    assert past.weighed({"blur": 0.2}, soft, "day", 12)["blur"] >= 0.5


def test_one_odd_look_among_many_moves_nothing() -> None:
    past = looked(Past(), 40)
    after = past.observe(trace(1), {name: value * 30 for name, value in USUAL.items()}, "day", (), 12)
    assert np.allclose(after.norms, past.norms, rtol=0.05, atol=0.02)


def test_a_measure_that_is_missing_neither_teaches_nor_accuses() -> None:
    past = looked(Past(), 20)
    after = past.observe(trace(1), {}, "day", (), 12)
    assert np.array_equal(after.norms, past.norms)
    assert past.weighed({"blur": 0.4}, {}, "day", 12) == {"blur": 0.4}


def test_medians_follow_what_they_see() -> None:
    past = looked(Past(), 200)
    cell = past.norms[MODES.index("day"), band(12)]
    assert cell[:, 0] == pytest.approx(list(USUAL.values()), rel=0.08)
    assert (cell[:, 1] < 0.1 * cell[:, 0] + 0.02).all()


def test_the_first_view_is_known_and_another_one_is_a_change() -> None:
    past = Past().observe(trace(1), USUAL, "day")
    assert not changed(past, 1, 5)
    assert changed(past, 2)


def test_a_camera_that_stays_turned_stays_changed() -> None:
    past = toured([1] + [2] * 50)
    assert changed(past, 2)
    assert not changed(past, 1)


def test_a_tour_of_presets_becomes_known() -> None:
    past = toured([1, 2, 3] * (ARRIVALS + 1))
    assert not any(changed(past, scene) for scene in (1, 2, 3))
    assert changed(past, 4)
    assert len(past.views) <= MOST_VIEWS


def test_a_camera_that_looks_everywhere_keeps_what_it_knows() -> None:
    past = toured([1, *range(2, 30)])
    assert not changed(past, 1)
    assert len(past.to_bytes()) <= MOST_BYTES


def test_the_first_night_is_not_a_change_and_its_view_becomes_known() -> None:
    past = looked(Past(), 10)
    dark = trace(9)
    found = past.changed(dark, "infrared")
    assert found is not None
    assert found.agreement + found.agreement_parts >= 0.9
    for _ in range(6):
        past = past.observe(dark, USUAL, "infrared", (), 22)
    assert any(one.known and one.mode == "infrared" for one in past.views)


def test_after_a_false_alarm_a_kind_counts_less_and_a_view_is_known() -> None:
    past = toured([1, 2])
    assert changed(past, 2)
    after = past.refuted("scene_change").refuted("blur").refuted("blur")
    assert not changed(after, 2)
    assert after.alarms == {"scene_change": 1, "blur": 2}
    told = after.weighed({"blur": 0.8, "black": 0.8}, {}, "day")
    assert told == {"blur": pytest.approx(0.8 * TRUST**2), "black": 0.8}
    with pytest.raises(ValueError, match="unknown kind"):
        past.refuted("rust")


def test_one_picture_and_a_past_are_judged_as_two_pictures() -> None:
    first = picture(1, 3)
    past = Past().observe(Trace.of(first), USUAL, "day")
    for newer, kind in (
        (picture(1, 3), "frozen"),
        (picture(2, 4), "scene_change"),
        (picture(1, 5, 0.9), None),
    ):
        for measures in (several.measured([newer], past), several.measured([first, newer])):
            found = several.severities(measures, {})
            assert {one for one, severity in found.items() if severity >= 0.5} == ({kind} if kind else set())


def test_what_a_broken_picture_shows_is_no_other_view() -> None:
    measures = several.measured([picture(1, 3), picture(2, 4)])
    for single in ({"black": 0.9}, {"no_signal": 0.6}, {"mosaic": 0.5}, {"occlusion": 1.0}):
        assert several.severities(measures, single)["scene_change"] == 0
    assert several.severities(measures, {"occlusion": 0.4, "mosaic": 0.3})["scene_change"] >= 0.5


def test_diagnose_weighs_by_the_past() -> None:
    black = from_bgr(draw.black(320, 180, 4, 2), 320, 180)
    assert diagnose([black], past=Past()).faults == ("black",)
    assert diagnose([black], past=Past().refuted("black").refuted("black").refuted("black")).faults == ()


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (640, 360), (60, 40)])
@pytest.mark.parametrize("views", [0, 1, 6])
def test_bytes_and_back(size: tuple[int, int], views: int) -> None:
    past = looked(Past(), 12).refuted("frozen") if views else Past()
    for scene in range(views):
        kept = Trace.of(from_bgr(draw.scene(*size, scene), *size))
        past = past.observe(kept, USUAL, "day", ("scene_change",) if scene else ())
    data = past.to_bytes()
    again = Past.from_bytes(data)
    assert len(data) <= MOST_BYTES
    assert again.to_bytes() == data
    assert (again.views, again.here, again.alarms) == (past.views, past.here, past.alarms)
    assert np.allclose(again.norms, past.norms, rtol=1e-3, atol=1e-6)
    if past.trace and again.trace:
        assert np.array_equal(again.trace.patches, past.trace.patches)
        assert again.trace.shape == past.trace.shape


def test_no_bytes_are_a_past_of_nothing() -> None:
    assert Past.from_bytes(b"").to_bytes() == Past().to_bytes()


FULL = toured([1, 2, 3, 4, 5]).to_bytes()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(FULL)), st.integers(0, 255))
@example(b"\xff" * 300, 0, 1)
def test_any_bytes_are_a_past_or_one_error(junk: bytes, at: int, one: int) -> None:
    cut = FULL[:at]
    for data in (junk, bytes([1]) + junk, cut, cut + bytes([one]) + FULL[at + 1 :], cut + junk, FULL + junk):
        try:
            past = Past.from_bytes(data)
        except PastError:
            continue
        kept = trace(1)
        past.changed(kept, "day")
        after = past.observe(kept, USUAL, "night", (), 3.0)
        assert len(after.to_bytes()) <= MOST_BYTES
        told = past.weighed({"blur": 0.5, "occlusion": 0.5}, USUAL, "day", 1.0)
        assert all(0 <= value <= 1 for value in told.values())


@given(st.one_of(st.none(), st.floats(-50, 50)))
def test_every_hour_has_its_band(hour: float | None) -> None:
    assert 0 <= band(hour) < 4


def test_a_camera_before_a_white_wall_is_not_overexposed_for_that() -> None:
    wall = {**USUAL, "over_white": 0.6}
    used = Past()
    for at in range(ENOUGH):
        seen = {name: value * (1 + 0.01 * (at % 3)) for name, value in wall.items()}
        used = used.observe(trace(1), seen, "day", (), 12)
    assert used.weighed({"overexposed": 0.6}, wall, "day", 12)["overexposed"] < 0.5
    burnt = wall | {"over_white": 0.95}
    assert used.weighed({"overexposed": 0.6}, burnt, "day", 12)["overexposed"] == 0.6
    assert looked(Past(), ENOUGH).weighed({"overexposed": 0.6}, wall, "day", 12)["overexposed"] == 0.6


def test_light_that_is_as_never_accuses_nobody_by_itself() -> None:
    usual, dusk = looked(Past(), ENOUGH), USUAL | {"light_mid": 20.0}
    assert usual.weighed({"underexposed": 0.2}, dusk, "day", 12)["underexposed"] == 0.2
    assert usual.weighed({"underexposed": 0.6}, USUAL, "day", 12)["underexposed"] < 0.5
