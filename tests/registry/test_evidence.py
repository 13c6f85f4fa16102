"""Blobs of results and hours of a day: what goes in comes out, however it is split."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.result import Facet
from camerahub.registry.evidence import (
    EVIDENCE_DTYPE,
    HOUR_DTYPE,
    believed,
    decode,
    encode,
    fold_days,
    local_hours,
    merge_hours,
)

T0 = 1_750_000_000_000_000
HOUR = 3_600_000_000
result = st.tuples(
    st.integers(0, 2**33), st.integers(-3 * HOUR, 3 * HOUR), st.sampled_from([0, 1, 2]), st.integers(0, 24)
)


def rows_of(told: list[tuple[int, int, int, int]]) -> NDArray[np.void]:
    rows = np.zeros(len(told), RESULT_DTYPE)
    for row, (endpoint, offset, probe, reason) in zip(rows, told, strict=True):
        row["endpoint"], row["started_at"], row["probe"], row["reason"] = endpoint, T0 + offset, probe, reason
    return rows


@given(st.lists(result, max_size=20))
def test_a_blob_gives_back_what_was_put_in(told: list[tuple[int, int, int, int]]) -> None:
    rows = rows_of(told)
    read = decode(encode(rows, T0), T0)
    for name in EVIDENCE_DTYPE.names or ():
        assert (read[name] == rows[name]).all()


def test_a_usual_batch_takes_eleven_bytes_a_result() -> None:
    assert len(encode(rows_of([(7, -5, 1, 0)] * 1000), T0)) == 11_002


@pytest.mark.parametrize("blob", [b"", b"E\x03", b"no blob", b"E\x01abc"])
def test_another_blob_is_refused(blob: bytes) -> None:
    with pytest.raises(ValueError):
        decode(blob, T0)


def test_a_start_in_the_future_is_taken_as_now() -> None:
    rows = decode(encode(rows_of([(1, HOUR, 1, 0), (2, -1, 1, 0)]), T0), T0)
    assert believed(rows, T0)["started_at"].tolist() == [T0, T0 - 1]


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from(["Asia/Shanghai", "UTC", "America/St_Johns", "Europe/Berlin"]),
)
def test_local_hours_agree_with_the_calendar(second: int, zone: str) -> None:
    day, hour, tick = local_hours(np.array([second * 1_000_000 + 999_999]), ZoneInfo(zone))
    local = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone))
    assert (int(day[0]), int(hour[0])) == (int(local.strftime("%Y%m%d")), local.hour)
    assert int(tick[0]) == (local.minute * 60 + local.second) * 16 + 15 + 1


def folded(rows: NDArray[np.void]) -> dict[tuple[int, int], NDArray[np.void]]:
    camera = rows["endpoint"] % 3
    days = fold_days(rows, camera, Facet.ONLINE, ZoneInfo("Asia/Shanghai"))
    return {(day, int(i)): hours[k] for day, ids, hours in days for k, i in enumerate(ids)}


@settings(deadline=None)
@given(st.lists(result, min_size=1, max_size=30), st.integers(0, 30))
def test_days_do_not_depend_on_where_the_log_was_cut(told: list[tuple[int, int, int, int]], cut: int) -> None:
    rows = decode(encode(rows_of(told), T0), T0)
    whole, parts = folded(rows), [folded(rows[:cut]), folded(rows[cut:])]
    joined: dict[tuple[int, int], NDArray[np.void]] = {}
    for part in parts:
        for key, hours in part.items():
            joined[key] = merge_hours(joined.get(key, np.zeros(24, HOUR_DTYPE)), hours)
    assert joined.keys() == whole.keys()
    assert all((joined[key] == whole[key]).all() for key in whole)


def test_counts_stop_at_their_limit() -> None:
    full = np.zeros(24, HOUR_DTYPE)
    full["ok"] = 65_535
    assert merge_hours(full, full)["ok"].tolist() == [65_535] * 24
