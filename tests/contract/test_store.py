"""What the store promises, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import func, select

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.commit import Commit, correction_rows
from camerahub.core.errors import ConfigError
from camerahub.core.result import Facet
from camerahub.registry import queries
from camerahub.registry.checkpoint import read_day
from camerahub.registry.engine import reading
from camerahub.registry.store import Store
from camerahub.registry.tables import SCHEMA_REVISION, camera_days, evidence_log, flips
from tests.contract.fleet import MINUTE, SECOND, T0, Hub, fill, same_states

Opened = Callable[..., Store]


def rows_of(store: Store, table: object) -> list[tuple[object, ...]]:
    with reading(store.engine) as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]  # type: ignore


def test_a_batch_is_stored_once_however_often_it_comes(store: Store) -> None:
    fill(store, 5)
    hub = Hub(store.load())
    batch = hub.take(hub.results(np.random.default_rng(1)))
    assert store.commit(batch)
    before = rows_of(store, flips), rows_of(store, evidence_log)
    assert not store.commit(batch)
    assert (rows_of(store, flips), rows_of(store, evidence_log)) == before


def test_an_older_life_of_a_worker_is_not_believed(store: Store) -> None:
    assert store.commit(Commit("w", epoch=10, seq=1, now=T0))
    assert not store.commit(Commit("w", epoch=9, seq=7, now=T0))
    assert store.commit(Commit("w", epoch=11, seq=1, now=T0))
    assert store.commit(Commit("other", epoch=1, seq=1, now=T0))
    assert store.load().watermarks == {"w": (11, 1), "other": (1, 1)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_commit_a_restart_finds_the_live_states(opened: Opened, seed: int) -> None:
    rng = np.random.default_rng(seed)
    store = opened()
    fill(store, 30, second_road=10)
    hub = Hub(store.load())
    for _ in range(25):
        hub.now += int(rng.choice([MINUTE, 3 * MINUTE, -20 * SECOND, 6 * MINUTE]))
        assert store.commit(hub.expire())
        assert store.commit(hub.take(hub.results(rng, 0.8)))
        if rng.random() < 0.3:
            store.checkpoint(hub.now)
        loaded = store.load()
        assert same_states(loaded.states, hub.states)
        if rng.random() < 0.2:
            store.close()
            store = opened()
    known = hub.cameras.since > 0
    assert (loaded.camera_since[known] == hub.cameras.since[known]).all()


def test_a_clock_that_was_set_back_leaves_no_future_behind(store: Store) -> None:
    fill(store, 3)
    hub = Hub(store.load(), now=T0 + 3600 * SECOND)
    store.commit(hub.take(hub.results(np.random.default_rng(1))))
    hub.now = T0
    store.commit(hub.expire())
    store.commit(hub.take(hub.results(np.random.default_rng(2))))
    assert same_states(store.load().states, hub.states)


def days_of(store: Store) -> list[tuple[object, ...]]:
    return rows_of(store, camera_days)


def test_any_number_of_checkpoints_gives_the_same_days(opened: Opened, url: str) -> None:
    rng = np.random.default_rng(5)
    store = opened()
    fill(store, 20, second_road=5)
    hub = Hub(store.load())
    batches = []
    for _ in range(12):
        hub.now += 17 * MINUTE
        batches.append(hub.take(hub.results(rng)))
    for batch in batches:
        store.commit(batch)
    store.checkpoint(hub.now)
    once = days_of(store)
    _wipe(store)
    for at, batch in enumerate(batches):
        store.commit(_renamed(batch))
        if at % 3 == 1:
            store.checkpoint(batch.now)
    store.checkpoint(hub.now)
    assert days_of(store) == once
    assert store.checkpoint(hub.now) == 0
    assert rows_of(store, evidence_log) == []


def _renamed(batch: Commit) -> Commit:
    return Commit("again", batch.epoch, batch.seq, batch.now, batch.results)


def _wipe(store: Store) -> None:
    with store._writing() as connection:
        connection.execute(camera_days.delete())


@pytest.mark.parametrize(
    ("zone", "day", "hour"),
    [("Asia/Shanghai", 20250616, 0), ("UTC", 20250615, 16), ("Asia/Kathmandu", 20250615, 21)],
)
def test_days_begin_where_the_configured_zone_says(opened: Opened, zone: str, day: int, hour: int) -> None:
    store = opened(ZoneInfo(zone))
    fill(store, 1)
    snapshot = store.load()
    midnight = 1_750_003_200 * SECOND  # 2025-06-16 00:00 in Shanghai
    rows = np.zeros(3, RESULT_DTYPE)
    rows["endpoint"], rows["probe"] = snapshot.endpoint[0], 1
    rows["started_at"] = [midnight - 1, midnight, midnight + 5 * SECOND]
    rows["reason"], rows["outcome"] = [0, 1, 20], [0, 1, 2]
    store.commit(Commit("w", 1, 1, midnight + 6 * SECOND, rows))
    store.checkpoint(midnight + 7 * SECOND)
    with reading(store.engine) as connection:
        days = {day for (day,) in connection.execute(select(camera_days.c.day))}
        hours = read_day(connection, day, Facet.ONLINE, snapshot.camera_ids)[0]
    told = {name: hours[hour][name].item() for name in ("ok", "fault", "unknown", "reason")}
    if zone == "Asia/Kathmandu":  # 5:45 ahead: the three stand in one hour
        assert told == {"ok": 1, "fault": 1, "unknown": 1, "reason": 20}
        assert days == {20250615}
    else:
        assert told == {"ok": 0, "fault": 1, "unknown": 1, "reason": 20}
        assert days == ({20250615, 20250616} if zone == "Asia/Shanghai" else {20250615})
    total = sum(int(hours[name].sum()) for name in ("ok", "fault", "unknown"))
    assert total == (2 if zone == "Asia/Shanghai" else 3)


def test_another_zone_than_before_is_refused(opened: Opened) -> None:
    store = opened()
    store.start(T0)
    with pytest.raises(ConfigError) as refused:
        opened(ZoneInfo("UTC")).start(T0)
    assert refused.value.key == "register.zone_changed"


def test_a_hub_that_was_off_leaves_one_gap_and_no_flips(opened: Opened) -> None:
    store = opened()
    fill(store, 5)
    assert store.start(T0) is None
    hub = Hub(store.load())
    store.commit(hub.take(hub.results(np.random.default_rng(1))))
    store.heartbeat(T0 + 10 * SECOND)
    left = store.open_gap("w1", "all", T0 + 5 * SECOND, "worker_lost")
    again = opened()
    assert again.start(T0 + 3600 * SECOND) is not None
    told = queries.gaps_between(again.engine, T0, T0 + 7200 * SECOND)
    assert [(g.reason, g.from_at - T0, (g.to_at or 0) - T0) for g in told] == [
        ("worker_lost", 5 * SECOND, 3600 * SECOND),
        ("hub_off", 10 * SECOND, 3600 * SECOND),
    ]
    assert again.start(T0 + 3601 * SECOND) is None
    again.close_gap(left, T0)
    assert queries.gaps_between(again.engine, 0, T0 + SECOND) == []
    with pytest.raises(KeyError):
        again.close_gap(9999, T0)


def test_only_one_thread_writes(store: Store) -> None:
    store.heartbeat(T0)
    caught: list[BaseException] = []

    def other() -> None:
        try:
            store.heartbeat(T0)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_a_commit_that_breaks_in_the_middle_leaves_nothing(store: Store) -> None:
    fill(store, 4)
    hub = Hub(store.load())
    batch = hub.take(hub.results(np.random.default_rng(1)))
    batch.states["endpoint"][-1] = 999_999  # no such endpoint: the last statement fails
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        store.commit(batch)
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(flips)) == 0
    assert store.load().watermarks == {}
    batch.states["endpoint"][-1] = hub.snapshot.endpoint[0]


def test_late_results_are_stored_once_and_read_by_their_beginning(store: Store) -> None:
    fill(store, 4)
    hub = Hub(store.load())
    batch = hub.take(hub.results(np.random.default_rng(1)))
    late = batch.results[:3].copy()
    late["started_at"] = [T0 + 3, T0 + 1, T0 + 2]
    batch = replace(batch, corrections=correction_rows(late, np.array([7, 8, 9])))
    assert store.commit(batch)
    assert not store.commit(batch)
    found = queries.corrections_between(store.engine, T0 + 1, T0 + 3)
    assert [(one.at - T0, one.camera, one.endpoint) for one in found] == [
        (1, 8, late["endpoint"][1]),
        (2, 9, late["endpoint"][2]),
    ]
    assert {one.recorded_at for one in found} == {batch.now}


def test_a_blind_uplink_shows_until_its_gap_ends(store: Store) -> None:
    store.open_gap("prober-0", "", T0, "ended")
    gap = store.open_gap("prober-1", "uplink:east", T0 + 1, "references")
    (told,) = queries.status(store.engine).blind
    assert (told.worker, told.scope, told.from_at, told.reason) == (
        "prober-1",
        "uplink:east",
        T0 + 1,
        "references",
    )
    store.close_gap(gap, T0 + 5)
    assert queries.status(store.engine).blind == ()


def test_figures_of_status(store: Store) -> None:
    fill(store, 4, second_road=1)
    hub = Hub(store.load())
    store.commit(hub.take(hub.results(np.random.default_rng(1))))
    told = queries.status(store.engine)
    assert (told.cameras, told.expected, told.endpoints, told.probed, told.areas) == (4, 4, 5, 5, 2)
    assert (told.last_commit, told.log_results, told.schema) == (T0, 5, SCHEMA_REVISION)
    assert told.database_bytes > 10_000
