"""Late results: kept apart, once, touching nothing that is live; and enough to tell what would have been."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.commit import correction_rows
from camerahub.core.health import States, fold
from camerahub.core.result import REASONS, ProbeResult
from camerahub.registry import queries, tables
from tests.services.county import Hub, Register
from tests.services.test_ingest import count, flips

MINUTE = 60_000_000
T0 = 1_750_000_000_000_000


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register(tmp_path)
    yield register
    register.close()


@pytest.fixture
async def hub(register: Register) -> AsyncIterator[Hub]:
    hub = await Hub(register).start()
    yield hub
    hub.crash()


async def test_what_comes_after_an_outage_is_a_correction_and_no_flip(hub: Hub) -> None:
    """A prober beyond a line that was down brings three faults of half an hour ago; the camera is up since."""
    hub.clock.advance(3600)
    await hub.ingest.step()
    await hub.everyone("ok")
    before, states = flips(hub), hub.desk.states.word.copy()
    await hub.feed([(1, "timeout")] * 3 + [(2, "ok")], ago_s=1800)
    assert (flips(hub), hub.totals["down"]) == (before, 0)
    assert (hub.desk.states.word == states).all()
    now = hub.clock.wall_us()
    found = queries.corrections_between(hub.store.engine, now - 1801 * 1_000_000, now - 1799 * 1_000_000)
    assert [(c.endpoint, c.probe, c.outcome, c.reason) for c in found] == [
        (1, "options", "fault", "timeout"),
        (1, "options", "fault", "timeout"),
        (1, "options", "fault", "timeout"),
        (2, "options", "ok", "ok"),
    ]
    assert all(c.recorded_at == now and c.rule == 1 and c.camera > 0 for c in found)
    assert queries.corrections_between(hub.store.engine, 0, now - 1801 * 1_000_000) == []


async def test_a_batch_that_comes_twice_is_corrected_once(register: Register, hub: Hub) -> None:
    hub.clock.advance(3600)
    await hub.ingest.step()
    await hub.everyone("ok")
    await hub.feed([(1, "timeout")], ago_s=600)
    hub.crash()
    again = await Hub(register, clock=hub.clock).start()
    rows = again.rows([(1, "timeout")], ago_s=600)
    await again.ingest.submit("prober-0", hub.epoch, hub.seq, rows)
    await again.ingest.step()
    assert count(again, tables.corrections) == 1
    again.crash()


async def test_results_in_time_are_no_corrections(hub: Hub) -> None:
    await hub.everyone("ok", 3)
    await hub.everyone("timeout", 3)
    assert count(hub, tables.corrections) == 0


Look = tuple[int, int, str, bool]  # endpoint, minutes, reason, late?


def packed(looks: list[tuple[int, int, str]]) -> np.ndarray:
    made = [
        ProbeResult(e, "options", REASONS[reason].outcome, reason, 0, T0 + minute * MINUTE, 0.1)
        for e, minute, reason in looks
    ]
    return np.array([one.row() for one in made], RESULT_DTYPE)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["ok", "timeout", "refused"]), st.booleans()),
        max_size=40,
    )
)
def test_evidence_and_corrections_give_the_history_that_would_have_been(
    looks: list[tuple[int, str, bool]],
) -> None:
    """One result a minute; some come only at the end. What was live without them, and with them in their place."""
    timed = [(e, minute, reason) for minute, (e, reason, _) in enumerate(looks)]
    whole, live = packed(timed), States.fresh(3)
    truth = States.fresh(3)
    wanted = fold(truth, whole["endpoint"], whole, T0 + 100 * MINUTE)
    in_time = packed([look for look, (*_, late) in zip(timed, looks, strict=True) if not late])
    held = packed([look for look, (*_, late) in zip(timed, looks, strict=True) if late])
    first = fold(live, in_time["endpoint"], in_time, T0 + 100 * MINUTE)
    word = live.word.copy()
    second = fold(live, held["endpoint"], held, T0 + 100 * MINUTE)
    late = held[second.late]
    corrections = correction_rows(late, late["endpoint"])
    untouched = np.setdiff1d(np.arange(3), np.delete(held, second.late)["endpoint"])
    assert (live.word[0, untouched] == word[0, untouched]).all()
    # The published figure again: what was folded in time or late, by the start of each attempt.
    every = np.concatenate((in_time, np.delete(held, second.late), back(corrections)))
    every = every[np.argsort(every["started_at"], kind="stable")]
    again = States.fresh(3)
    found = fold(again, every["endpoint"], every, T0 + 100 * MINUTE)
    assert (again.word == truth.word).all()
    assert [tuple(getattr(found.flips, name).tolist()) for name in ("index", "at", "old", "new")] == [
        tuple(getattr(wanted.flips, name).tolist()) for name in ("index", "at", "old", "new")
    ]
    assert not len(first.late)


def back(corrections: np.ndarray) -> np.ndarray:
    """Corrections as the results they were: nothing of them is lost but the flags."""
    rows = np.zeros(len(corrections), RESULT_DTYPE)
    rows["started_at"] = corrections["at"]
    for name in ("endpoint", "probe", "outcome", "reason", "stage", "status", "duration_us"):
        rows[name] = corrections[name]
    return rows
