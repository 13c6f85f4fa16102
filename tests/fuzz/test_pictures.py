"""The pool under mutated pictures. ``make fuzz`` runs ten times as many and more."""

from __future__ import annotations

import pytest

from tests.fuzz.pictures import ANSWERS, campaign, mutated, seeds


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_twenty_thousand_mutated_pictures_leave_the_pool_standing() -> None:
    found, pool = await campaign(20_000, seed=7)
    assert found.keys() <= ANSWERS
    assert found.total() == 20_000
    assert pool.counts.bugs == 0
    assert found["undecodable"] > found["ok"] > 0


async def test_a_few_hundred_in_the_fast_tier() -> None:
    found, pool = await campaign(400, seed=3)
    assert found.keys() <= ANSWERS
    assert found.total() == 400
    assert pool.counts.bugs == 0


def test_the_campaign_is_the_same_every_time() -> None:
    assert list(mutated(50, 1)) == list(mutated(50, 1))
    assert {frame.codec for frame in seeds()} == {"H264", "H265", "JPEG"}
