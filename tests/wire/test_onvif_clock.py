"""The findings of clocks, at their documented edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.wire.onvif_clock import CLOCK_FINDINGS, RESET_BEFORE_MS, DeviceTime, judge

NOW = 1_800_000_000_000
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("offset_ms", "finding", "hours"),
    [
        (0, "right", 0),
        (5_000, "right", 0),
        (-5_000, "right", 0),
        (5_001, "off", 0),
        (-20_000, "off", 0),
        (HOUR, "zone", 1),
        (-8 * HOUR, "zone", -8),
        (8 * HOUR + 120_000, "zone", 8),
        (8 * HOUR + 120_001, "off", 0),
        (8 * HOUR - 120_000, "zone", 8),
        (14 * HOUR, "zone", 14),
        (15 * HOUR, "off", 0),
        (-14 * HOUR, "zone", -14),
        (24 * HOUR, "off", 0),
        (HOUR // 2, "off", 0),
        (RESET_BEFORE_MS - 1 - NOW, "reset", 0),
        (RESET_BEFORE_MS - NOW, "off", 0),
        (-NOW, "reset", 0),
    ],
)
def test_findings(offset_ms: int, finding: str, hours: int) -> None:
    clock = judge(DeviceTime(NOW + offset_ms, "CST-8", "NTP"), NOW, NOW)
    assert (clock.offset_ms, clock.finding, clock.hours) == (offset_ms, finding, hours)
    assert (clock.zone, clock.source, clock.late_ms) == ("CST-8", "NTP", 0)


def test_the_clock_is_compared_with_the_middle_of_question_and_answer() -> None:
    clock = judge(DeviceTime(NOW), NOW - 300, NOW + 100)
    assert (clock.offset_ms, clock.late_ms) == (100, 200)


def test_a_clock_that_was_not_told() -> None:
    clock = judge(DeviceTime(None, "UTC0"), NOW, NOW + 10)
    assert (clock.offset_ms, clock.finding, clock.zone) == (None, "untold", "UTC0")


@given(st.integers(0, 10**13), st.integers(0, 10**13), st.integers(0, 60_000))
def test_every_clock_is_found_to_be_something(utc: int, asked: int, took: int) -> None:
    clock = judge(DeviceTime(utc), asked, asked + took)
    assert clock.finding in CLOCK_FINDINGS
    assert (clock.hours != 0) == (clock.finding == "zone")
    assert clock.offset_ms is not None
    assert asked <= utc - clock.offset_ms <= asked + took
