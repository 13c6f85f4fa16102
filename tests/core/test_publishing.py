"""Which figures are due when, by the calendar of the centre."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core import period
from camerahub.core.publishing import FINAL, PRELIMINARY, SETTLE_US, Slot, due, earliest

ZONE = ZoneInfo("Asia/Shanghai")
HALF_PAST_SEVEN = time(7, 30)
LONG_AGO = period.instant("2020-01-01", ZONE)


def at(word: str) -> int:
    return period.instant(word, ZONE)


def days(now: str, since: int = LONG_AGO) -> dict[str, str]:
    """Stage of each day that is due, by its date; months by theirs."""
    found = {}
    for slot in due(at(now) + SETTLE_US, HALF_PAST_SEVEN, ZONE, since):
        on = period.local_day(slot.start, ZONE)
        whole = period.month(f"{on:%Y-%m}", ZONE) == (slot.start, slot.end)
        found[f"{on:%Y-%m}" if whole else on.isoformat()] = slot.stage
    return found


def test_a_day_is_preliminary_the_next_morning_and_final_two_days_later() -> None:
    assert days("2026-11-06T07:29").get("2026-11-05") is None
    assert days("2026-11-06T07:30")["2026-11-05"] == PRELIMINARY
    assert days("2026-11-08T07:29")["2026-11-05"] == PRELIMINARY
    assert days("2026-11-08T07:30")["2026-11-05"] == FINAL
    assert Slot(PRELIMINARY, at("2026-11-05"), at("2026-11-06"), at("2026-11-06T07:30")) in due(
        at("2026-11-06T12:00"), HALF_PAST_SEVEN, ZONE, LONG_AGO
    )


def test_a_month_comes_on_the_first_and_the_third() -> None:
    assert days("2026-11-30T23:59").get("2026-11") is None
    assert days("2026-12-01T07:30")["2026-11"] == PRELIMINARY
    assert days("2026-12-03T07:30")["2026-11"] == FINAL
    assert list(days("2026-03-01T08:00"))[-2:] == ["2026-01", "2026-02"]


def test_what_was_before_the_first_look_has_no_figures() -> None:
    assert days("2026-11-06T08:00", at("2026-11-06T00:00")) == {}
    assert days("2026-11-06T08:00", at("2026-11-05T23:00")) == {"2026-11-05": PRELIMINARY}


@given(
    st.integers(at("2026-01-01"), at("2029-01-01")),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Pacific/Apia"]),
    st.integers(0, 1439),
)
def test_nothing_is_due_before_it_may_be_published(now: int, zone_name: str, minute: int) -> None:
    zone, clock = ZoneInfo(zone_name), time(*divmod(minute, 60))
    found = due(now, clock, zone, 0)
    assert len({(slot.start, slot.end) for slot in found}) == len(found)
    for slot in found:
        assert slot.start < slot.end <= slot.at <= now - SETTLE_US
        assert slot.at >= earliest(slot.stage, slot.end, zone)


@pytest.mark.parametrize("word", ["7", "24:00", "7:60", "", "7:30:00", "halb acht"])
def test_no_time_of_day(word: str) -> None:
    with pytest.raises(ValueError):
        period.clock_of(word)
    assert period.clock_of(" 07:30") == HALF_PAST_SEVEN
    assert earliest(FINAL, at("2026-11-06"), ZONE) == at("2026-11-08")
    assert period.at_clock(date(2026, 11, 6), HALF_PAST_SEVEN, ZONE) == at("2026-11-06T07:30")
