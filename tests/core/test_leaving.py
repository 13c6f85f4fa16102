from __future__ import annotations

from datetime import date, timedelta

import pytest

from camerahub.core.leaving import WAYS, Leaving, Rule, alarm, next_sampling

EVE = date(2026, 11, 19)


def leave(*counts: int) -> list[Leaving]:
    return [Leaving(n, count, "x", "f") for n, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("counts", "of", "near", "alarmed"),
    [
        ((), 0, False, False),
        ((19,), 119, False, False),  # too few
        ((20,), 120, False, True),
        ((10, 10), 120, False, True),  # in portions
        ((20,), 3020, False, False),  # a small share
        ((10,), 510, True, True),  # half of both limits is enough before a sampling day
        ((9,), 509, True, False),
        ((40,), 40, False, True),  # all of them
    ],
)
def test_alarm(counts: tuple[int, ...], of: int, near: bool, alarmed: bool) -> None:
    rule = Rule(3, 20, 0.01, (EVE.day,), 7)
    for way in WAYS:
        found = alarm(leave(*counts), of, EVE - timedelta(days=7 if near else 8), rule, way)
        assert (found is not None) == alarmed
        if found is not None:
            assert (found.count, found.of, found.way) == (sum(counts), of, way)
            assert found.sampling == (EVE if near else None)


def test_sampling_days() -> None:
    today = date(2026, 2, 25)
    assert next_sampling(today, [25], 0) == today
    assert next_sampling(today, [5], 7) is None
    assert next_sampling(today, [5], 8) == date(2026, 3, 5)
    assert next_sampling(today, [31], 7) == date(2026, 2, 28)
    assert next_sampling(today, [], 31) is None
