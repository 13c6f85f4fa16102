"""Times as people and Excel write them."""

from __future__ import annotations

import contextlib
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerahub.registry.tablefile.cells import KINDS, CellError

moment = KINDS["moment"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2026-11-05 08:09:10", "2026-11-05T08:09:10"),
        ("2026/11/5 8:00", "2026-11-05T08:00:00"),
        ("2026年11月5日 8时05分", "2026-11-05T08:05:00"),
        ("２０２６－１１－０５ ０８：００", "2026-11-05T08:00:00"),
        ("20261105", "2026-11-05T00:00:00"),
        ("2026-11-05T08:00:00", "2026-11-05T08:00:00"),
        ("2026-11-05T08:00:00+08:00", "2026-11-05T08:00:00+08:00"),
        ("2026-11-05 08:00:00.123", "2026-11-05T08:00:00"),
        ("46331.75", "2026-11-05T18:00:00"),
        ("46331", "2026-11-05T00:00:00"),
    ],
)
def test_a_time(cell: str, told: str) -> None:
    assert moment(cell, None) == told


@pytest.mark.parametrize(
    "cell", ["昨天", "25:00", "2026-11-05 25:00", "2026-02-30 08:00", "2026-11-05T99:00Z", "1"]
)
def test_no_time(cell: str) -> None:
    with pytest.raises(CellError) as caught:
        moment(cell, None)
    assert caught.value.reason == "moment_bad"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_time_or_the_one_error(cell: str) -> None:
    with contextlib.suppress(CellError):
        datetime.fromisoformat(moment(cell, None))
