"""A camera's past: what it learns, what it never does, and that its bytes are bounded and harmless."""

import functools
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.frames.checks import MEASURES
from camerahub.frames.diagnosis import diagnose, learned
from camerahub.frames.judgement import judgement
from camerahub.frames.past import (
    BANDS,
    EMPTY,
    ENOUGH,
    KEPT,
    KINDS,
    LESS,
    MAX_BYTES,
    MODES,
    MORE,
    SETTLED,
    VIEWS,
    Past,
    adjust,
    band_of,
    log_odds,
)
from camerahub.frames.picture import Picture, from_bgr
from camerahub.frames.verdict import KINDS as JUDGED
from tests.frames.draw import noisy, osd, scene

_HOUR = 10.0
#: What a healthy street shows: sharp, of good contrast, uncovered.
_STREET = {
    "blur_steep_mid": 0.7, "blur_coarse_mid": 0.7, "blur_detail": 0.8, "contrast_span": 180.0,
    "contrast_best": 120.0, "light_mid": 110.0, "light_most": 220.0, "cover_plain": 0.2, "poor_gap": 2.0,
    "cover_largest": 0.1,
}  # fmt: skip


@functools.cache
def thumb(seed: int, tall: bool = False) -> np.ndarray:
    picture = cv2.resize(scene(640, 360, seed), (64, 36), interpolation=cv2.INTER_AREA)[..., 1]
    return np.ascontiguousarray(picture.T if tall else picture)


def after(
    count: int, severity: float = 0.01, kind: str = "blur", measures: dict[str, float] = _STREET, mode: str = "day",
    seeds: tuple[int, ...] = (1,), past: Past = EMPTY, hour: float = _HOUR,
) -> Past:  # fmt: skip
    """The past after ``count`` pictures whose ``kind`` is usually of ``severity``."""
    random = np.random.default_rng(count)
    for at in range(count):
        odds = dict.fromkeys(KINDS, -6.0) | {kind: log_odds(severity) + float(random.normal(0, 0.2))}
        near = {name: value * float(random.normal(1, 0.02)) for name, value in measures.items()}
        past = past.observe(odds, near, thumb(seeds[at % len(seeds)]), mode, hour)
    return past


def told(
    past: Past, severity: float, kind: str = "blur", measures: dict[str, float] = _STREET, mode: str = "day"
):
    judged = [judgement(one, severity if one == kind else 0.01) for one in JUDGED]
    found = adjust(judged, measures, past, mode, _HOUR)
    return next(one for one in found if one.kind == kind)


def test_without_a_past_nothing_changes() -> None:
    judged = [judgement(kind, 0.4) for kind in JUDGED]
    assert adjust(judged, _STREET, EMPTY, "day", _HOUR, thumb(1)) == judged
    assert adjust(judged, _STREET, after(ENOUGH - 1), "day", _HOUR, thumb(1)) == judged


def test_what_is_usual_of_a_camera_is_not_held_against_it() -> None:
    assert told(EMPTY, 0.7).level == "fault"
    assert told(after(20, severity=0.45), 0.7).level != "fault"
    assert told(after(20, severity=0.01), 0.7).level == "fault"


def test_no_past_hides_a_gross_fault() -> None:
    used = after(60, severity=0.49)
    assert told(used, 0.97).level == "fault"
    assert log_odds(told(used, 0.9).severity) >= log_odds(0.9) - LESS - 1e-6


def test_clearly_worse_than_its_own_past_is_accused_sooner() -> None:
    softer = _STREET | {"blur_steep_mid": 0.45, "blur_coarse_mid": 0.45, "blur_detail": 0.4}
    assert told(EMPTY, 0.4, measures=softer).level == "warn"
    assert told(after(20), 0.4, measures=softer).level == "fault"
    assert log_odds(told(after(20), 0.4, measures=softer).severity) <= log_odds(0.4) + MORE + 1e-6


@pytest.mark.parametrize("name", [name for name, kept in KEPT.items() if kept.kind == "blur"])
def test_one_measure_alone_accuses_nobody(name: str) -> None:
    one = _STREET | {name: _STREET[name] / 2}
    assert told(after(20), 0.4, measures=one).severity <= 0.4


def test_a_measure_that_is_not_defined_never_accuses() -> None:
    past = after(20)
    softer = _STREET | {"blur_steep_mid": math.nan, "blur_coarse_mid": 0.3, "blur_detail": 0.2}
    assert told(past, 0.4, measures=softer).severity <= 0.4
    odds = dict.fromkeys(KINDS, -6.0)
    blind = past.observe(odds, dict.fromkeys(KEPT, math.nan), thumb(1), "day", _HOUR)
    assert np.array_equal(
        blind.usual("day", _HOUR).middle[len(KINDS) :], past.usual("day", _HOUR).middle[len(KINDS) :]
    )


def test_each_mode_and_hour_is_judged_by_its_own_past() -> None:
    past = after(20, severity=0.45, mode="infrared", hour=2.0)
    assert told(past, 0.7, mode="day").level == "fault"
    assert told(past, 0.7, mode="infrared").level != "fault"  # any hour, for none is known at this one
    past = after(20, severity=0.01, mode="infrared", past=past)
    assert told(past, 0.7, mode="infrared").level == "fault"
    assert [band_of(hour) for hour in (0, 5.99, 6, 23.9, 24)] == [0, 0, 1, BANDS - 1, 0]
    with pytest.raises(ValueError, match="hour"):
        band_of(24.5)


def test_a_few_odd_pictures_move_a_past_little() -> None:
    before = after(40)
    odd = {name: value * 0.2 for name, value in _STREET.items()}
    moved = after(2, severity=0.49, measures=odd, past=before).usual("day", _HOUR)
    usual = before.usual("day", _HOUR)
    assert np.abs(moved.middle - usual.middle).max() < 0.35


def test_a_known_view_is_no_change_and_another_is() -> None:
    past = after(SETTLED)
    assert past.changed(thumb(1), "day") == 0
    assert past.changed(thumb(5), "day") >= 0.5
    assert past.changed(thumb(5), "night") is None
    assert after(SETTLED - 1).changed(thumb(5), "day") is None
    judged = [judgement(kind, 0.01) for kind in JUDGED] + [judgement("scene_change", 0.9)]
    here = adjust(judged, _STREET, past, "day", _HOUR, thumb(1))
    there = adjust(judged[:-1], _STREET, past, "day", _HOUR, thumb(5))
    assert [one.level for one in (*here, *there) if one.kind == "scene_change"] == ["ok", "fault"]


def test_presets_are_learned_while_all_is_new_and_not_later() -> None:
    presets = tuple(range(1, VIEWS + 1))
    past = after(SETTLED, seeds=presets)
    assert [past.changed(thumb(seed), "day") for seed in presets] == [0.0] * VIEWS
    later = after(20, seeds=(7,), past=past)
    assert later.changed(thumb(7), "day") >= 0.5
    assert after(SETTLED, seeds=tuple(range(VIEWS + 1))).changed(thumb(9), "day") is None


def test_a_tall_view_is_not_compared_with_a_wide_one() -> None:
    past = EMPTY
    for _ in range(SETTLED):
        past = past.observe({}, {}, thumb(1, tall=True), "day", _HOUR)
    again = Past.from_bytes(past.to_bytes())
    assert again.changed(thumb(1, tall=True), "day") == 0
    assert again.views[0].thumb.shape == (32, 18)


def test_bytes_are_bounded_and_come_back() -> None:
    past = after(SETTLED, seeds=(1, 2, 3, 4))
    for mode in MODES:
        past = after(5, mode=mode, past=past, hour=20)
    data = past.to_bytes()
    assert len(data) == MAX_BYTES <= 8192
    assert Past.from_bytes(data).to_bytes() == data
    assert Past.from_bytes(b"").to_bytes() == EMPTY.to_bytes()
    assert told(Past.from_bytes(data), 0.7) == told(past, 0.7)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_give_a_past_or_a_value_error(data: st.DataObject) -> None:
    raw = bytearray(after(SETTLED, seeds=(1, 2)).to_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))
    some = data.draw(st.one_of(st.just(bytes(raw[:cut])), st.binary(max_size=64)))
    try:
        past = Past.from_bytes(some)
    except ValueError:
        return
    assert len(past.to_bytes()) <= MAX_BYTES
    for one in adjust([judgement(kind, 0.4) for kind in JUDGED], _STREET, past, "day", _HOUR, thumb(1)):
        assert 0 <= one.severity <= 1
    past.observe({}, _STREET, thumb(3), "day", _HOUR)


def test_what_is_remembered_is_measured_and_judged() -> None:
    assert set(KEPT) <= set(MEASURES)
    assert set(KINDS) <= set(JUDGED)
    assert {kept.kind for kept in KEPT.values()} <= set(KINDS)


def _picture(seed: int, at: int) -> Picture:
    return from_bgr(osd(noisy(scene(640, 360, seed), 2.0, at), at), 640, 360)


def test_the_door_learns_from_healthy_pictures_only_and_tells_a_turned_camera() -> None:
    past = EMPTY
    for at in range(SETTLED):
        picture = _picture(3, at)
        found = diagnose([picture], mode="day", past=past, hour=_HOUR)
        assert learned(past, replace(found, verdict="fault"), picture, _HOUR) is past
        past = learned(past, replace(found, verdict="ok"), picture, _HOUR)  # drawn, and judged like no photo
    assert past.count.sum() == SETTLED
    here, there = (diagnose([_picture(seed, 40)], mode="day", past=past, hour=_HOUR) for seed in (3, 8))
    assert "scene_change" not in here.faults
    assert "scene_change" in there.faults
