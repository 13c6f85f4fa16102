"""Whatever happens to the hub between batches, states and flips end as if nothing had happened."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from camerahub.registry import tables
from camerahub.services.clock import ManualClock
from tests.services.county import Hub, Register

REASONS = st.sampled_from(["ok", "ok", "timeout", "refused", "auth", "busy", "no_seat"])
BATCH = st.lists(st.tuples(st.integers(1, 11), REASONS), min_size=1, max_size=15)
TROUBLE = st.sampled_from(["again", "crash", "reload", "checkpoint", "split"])


def told(hub: Hub) -> list[tuple[int, ...]]:
    column = tables.flips.c
    query = select(column.at, column.endpoint_id, column.camera_id, column.old, column.new, column.reason)
    with hub.store.engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(query))


async def run(folder: Path, batches: list[tuple[Any, list[str]]], *, trouble: bool) -> tuple[Any, ...]:
    register, clock = Register(folder), ManualClock()
    hub = await Hub(register, clock).start()
    epoch, seq = clock.wall_us(), 0
    for pairs, troubles in batches:
        clock.advance(5)
        rows = hub.rows(pairs)
        cut = len(rows) // 2 if trouble and "split" in troubles else len(rows)
        for part in (rows[:cut], rows[cut:]):
            seq += 1
            await hub.ingest.submit("p", epoch, seq, part)
            await hub.ingest.step()
        for what in troubles if trouble else ():
            if what == "again":
                await hub.ingest.submit("p", epoch, seq, part)
            elif what == "reload":
                hub.ingest.reload()
            elif what == "checkpoint":
                await hub.ingest.exclusively(lambda: hub.store.checkpoint(clock.wall_us()))  # noqa: B023
            elif what == "crash":
                hub.crash()
                hub = await Hub(register, clock).start()
            await hub.ingest.step()
    states = hub.desk.states
    arrays = [getattr(states, name).tolist() for name in ("word", "since", "observed_at", "seen_at")]
    answers = [hub.desk.cameras.answer.tolist(), np.asarray(hub.desk.cameras.since).tolist()]
    found = (arrays, answers, hub.totals, told(hub))
    hub.crash()
    register.close()
    return found


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(BATCH, st.lists(TROUBLE, max_size=3)), max_size=10))
def test_crashes_repeats_reloads_and_checkpoints_change_nothing(batches: list[Any]) -> None:
    async def both() -> None:
        with tempfile.TemporaryDirectory() as calm, tempfile.TemporaryDirectory() as rough:
            assert await run(Path(calm), batches, trouble=False) == await run(
                Path(rough), batches, trouble=True
            )

    asyncio.run(both())
