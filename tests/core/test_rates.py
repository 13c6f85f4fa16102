from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.rates import Parts, Rate, count_parts, ratio, rfc3339, total
from camerahub.core.transitions import Answer

T0 = 1_790_000_000_000_000


def test_the_five_rates():
    p = Parts(expected=10, up=6, down=3, unknown=1, exempt=2, exempt_up=1)
    assert (p.raw, p.measured, p.upper, p.detection, p.adjusted) == (0.6, 0.666667, 0.7, 0.9, 0.625)


def test_nothing_to_count_is_no_rate():
    assert [getattr(Parts(), n) for n in ("raw", "measured", "upper", "detection", "adjusted")] == [None] * 5
    assert Parts(expected=2, unknown=2, exempt=2).measured is None
    assert Parts(expected=2, unknown=2, exempt=2).adjusted is None


def test_only_all_shows_one_and_only_none_shows_zero():
    assert ratio(9_999_999, 10_000_000) == 0.999999
    assert ratio(1, 10_000_000) == 0.000001
    assert (ratio(0, 3), ratio(3, 3)) == (0.0, 1.0)


CAMERA = st.tuples(st.sampled_from(list(Answer)), st.booleans(), st.booleans(), st.integers(0, 3))


@given(st.lists(CAMERA, max_size=60))
def test_counts_equal_counting_by_hand(cameras):
    columns = list(zip(*cameras, strict=True)) if cameras else [[]] * 4
    kinds = (np.uint8, np.bool_, np.bool_, np.int64)
    parts = count_parts(*(np.array(c, dtype=k) for c, k in zip(columns, kinds, strict=True)), 4)
    for group, p in enumerate(parts):
        mine = [(a, x) for a, e, x, g in cameras if e and g == group]
        ups = [x for a, x in mine if a is Answer.UP]
        assert (p.expected, p.up, p.exempt, p.exempt_up) == (
            len(mine),
            len(ups),
            sum(x for _, x in mine),
            sum(ups),
        )
        assert p.up + p.down + p.unknown == p.expected
    assert total(parts).expected == sum(e for _, e, _, _ in cameras)


def test_groups_outside_are_a_bug():
    one = np.ones(1, dtype=np.bool_)
    with pytest.raises(ValueError):
        count_parts(np.zeros(1, dtype=np.uint8), one, one, np.array([2]), 2)


def test_the_line_of_the_contract():
    rate = Rate(
        "320585", "online", "point", T0, T0, 1, T0 + 500_000, Parts(2, 1, 0, 1), (("network", "雪亮"),)
    )
    line = rate.as_json(ZoneInfo("Asia/Shanghai"))
    parts = ["expected", "up", "down", "unknown", "exempt"]
    wanted = [
        "area",
        "facet",
        "kind",
        "from",
        "to",
        "rule",
        "as_of",
        *parts,
        "raw",
        "measured",
        "upper",
        "adjusted",
    ]
    assert [k for k in line if k not in ("network", "detection")] == wanted
    assert (line["from"], line["raw"], line["measured"]) == ("2026-09-21T22:13:20+08:00", 0.5, 1.0)
    assert line["as_of"] == "2026-09-21T22:13:20.500000+08:00"
    assert rfc3339(0, ZoneInfo("UTC")) == "1970-01-01T00:00:00+00:00"
