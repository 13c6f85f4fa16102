from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core import period

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000


def us(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def test_days_and_months_of_the_zone() -> None:
    assert period.day("2026-11-05", SHANGHAI) == (us(2026, 11, 4, 16), us(2026, 11, 5, 16))
    assert period.month("2026-12", SHANGHAI) == (us(2026, 11, 30, 16), us(2026, 12, 31, 16))
    assert period.month("2024-02", SHANGHAI)[1] - period.month("2024-02", SHANGHAI)[0] == 29 * 24 * HOUR


def test_a_day_of_25_hours() -> None:
    start, end = period.day("2026-10-25", BERLIN)
    assert end - start == 25 * HOUR


def test_instants_with_and_without_offset() -> None:
    assert period.instant("2026-11-05", SHANGHAI) == us(2026, 11, 4, 16)
    assert period.instant("2026-11-05T08:30", SHANGHAI) == us(2026, 11, 5, 0, 30)
    assert period.instant("2026-11-05T08:30Z", SHANGHAI) == us(2026, 11, 5, 8, 30)


@pytest.mark.parametrize(
    "word", ["", "tomorrow", "2026-13-01", "20261", "0001-01-01", "9999-12-31", "2026-02-30"]
)
def test_what_is_no_day(word: str) -> None:
    for reader in (period.instant, period.day):
        with pytest.raises(ValueError):
            reader(word, SHANGHAI)


@pytest.mark.parametrize("word", ["2026-00", "2026-13", "2026", "1600-01", "2026-1", "٢٠٢٦-٠١x"])
def test_what_is_no_month(word: str) -> None:
    with pytest.raises(ValueError):
        period.month(word, SHANGHAI)


def test_the_period_before() -> None:
    march = period.month("2026-03", SHANGHAI)
    assert period.before(*march, SHANGHAI) == period.month("2026-02", SHANGHAI)
    quarter = (period.month("2026-01", SHANGHAI)[0], march[1])
    assert period.before(*quarter, SHANGHAI) == (period.month("2025-10", SHANGHAI)[0], quarter[0])
    assert period.before(*period.day("2026-03-02", SHANGHAI), SHANGHAI) == period.day("2026-03-01", SHANGHAI)
    assert period.before(us(2026, 3, 2, 1), us(2026, 3, 2, 3), SHANGHAI) == (
        us(2026, 3, 1, 23),
        us(2026, 3, 2, 1),
    )
    summer = period.day("2026-03-30", BERLIN)  # the day before has 23 hours
    assert period.before(*summer, BERLIN) == period.day("2026-03-29", BERLIN)


def test_times_of_day_within_a_period() -> None:
    start, end = period.day("2026-11-05", SHANGHAI)[0], period.day("2026-11-06", SHANGHAI)[1]
    found = period.instants(start, end, ("15:00", "00:00"), SHANGHAI)
    assert found == [start, start + 15 * HOUR, start + 24 * HOUR, start + 39 * HOUR]
    for word in ("24:00", "10", "10:60", "noon"):
        with pytest.raises(ValueError):
            period.instants(start, end, (word,), SHANGHAI)


@given(st.dates(date(1992, 1, 1), date(2100, 1, 1)), st.integers(0, 90))
def test_month_starts_lie_within(first: date, days: int) -> None:
    start, end = period.days_from(first, days, SHANGHAI)
    found = period.month_starts(start, end, SHANGHAI)
    assert found == sorted(found)
    assert all(start <= at < end and period.local_day(at, SHANGHAI).day == 1 for at in found)
    firsts = sum(period.local_day(start + n * 24 * HOUR, SHANGHAI).day == 1 for n in range(days))
    assert len(found) == firsts


@given(
    st.integers(946_684_800_000_000, 4_000_000_000_000_000),
    st.integers(0, 23),
    st.integers(0, 59),
    st.none() | st.integers(1, 28),
)
def test_the_last_time_it_was_that_hour(now: int, hour: int, minute: int, day: int | None) -> None:
    at = period.last_clock(now, f"{hour:02d}:{minute:02d}", SHANGHAI, day)
    told = datetime.fromtimestamp(at // 1_000_000, SHANGHAI)
    assert (told.hour, told.minute, told.second) == (hour, minute, 0)
    assert day is None or told.day == day
    # there is none between it and now
    assert 0 <= now - at < 86_400_000_000 * (1 if day is None else 31)


@pytest.mark.parametrize(("word", "day"), [("8", None), ("25:00", None), ("08:30", 31)])
def test_no_such_hour(word: str, day: int | None) -> None:
    with pytest.raises(ValueError):
        period.last_clock(10**15, word, SHANGHAI, day)
