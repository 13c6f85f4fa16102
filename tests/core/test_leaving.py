from __future__ import annotations

from datetime import date

import pytest

from camerahub.core.leaving import Leaving, alarm, next_sampling

EVE = date(2026, 11, 19)


def leave(*counts: int) -> list[Leaving]:
    return [Leaving(n, count, "x", "f") for n, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("counts", "expected", "sampling", "alarmed"),
    [
        ((), 0, None, False),
        ((19,), 100, None, False),  # too few
        ((20,), 100, None, True),
        ((10, 10), 100, None, True),  # in portions
        ((20,), 3000, None, False),  # a small share
        ((10,), 500, EVE, True),  # half of both limits is enough before a sampling day
        ((9,), 500, EVE, False),
        ((40,), 0, None, True),  # all of them
    ],
)
def test_alarm(counts: tuple[int, ...], expected: int, sampling: date | None, alarmed: bool) -> None:
    found = alarm(leave(*counts), expected, sampling, at_least=20, share=0.01)
    assert (found is not None) == alarmed
    if found is not None:
        assert (found.count, found.of, found.sampling) == (sum(counts), expected + sum(counts), sampling)


def test_sampling_days() -> None:
    today = date(2026, 2, 25)
    assert next_sampling(today, [25], 0) == today
    assert next_sampling(today, [5], 7) is None
    assert next_sampling(today, [5], 8) == date(2026, 3, 5)
    assert next_sampling(today, [31], 7) == date(2026, 2, 28)
    assert next_sampling(today, [], 31) is None
