"""The flips of a camera, found by their chain alone: the same as a look through all flips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import event, select

from camerahub.core.commit import FLIP_DTYPE, Commit
from camerahub.core.result import Facet
from camerahub.registry import queries
from camerahub.registry.engine import reading
from camerahub.registry.store import Store
from camerahub.registry.tables import cameras, flips
from tests.contract.fleet import MINUTE, SECOND, T0, Hub, fill

Told = list[tuple[int, int, str, str, str]]


def by_chain(store: Store, code: str, limit: int = 10_000) -> Told:
    found = queries.history(store.engine, code, limit=limit)
    return [(flip.recorded_at, flip.at, flip.old, flip.new, flip.reason) for flip in found]


def by_looking(store: Store, code: str) -> Told:
    c = flips.c
    columns = (c.prev_at, c.recorded_at, c.at, c.worker_id, c.epoch, c.seq, c.n)
    query = select(*columns, c.facet, c.old, c.new, c.reason, c.rule).join_from(
        flips, cameras, c.camera_id == cameras.c.id
    )
    with reading(store.engine) as connection:
        rows = connection.execute(query.where(c.endpoint_id == 0, cameras.c.code == code)).all()
    found = [queries._flip(row) for row in sorted(rows, key=lambda row: tuple(row)[1:], reverse=True)]
    return [(flip.recorded_at, flip.at, flip.old, flip.new, flip.reason) for flip in found]


def flip(camera: int, at: int, old: int, new: int, facet: Facet = Facet.ONLINE) -> tuple[int, ...]:
    return at, 0, camera, int(facet), old, new, 1


def commit(store: Store, seq: int, *rows: tuple[int, ...], now: int = 0) -> None:
    told = np.array(list(rows), FLIP_DTYPE)
    assert store.commit(Commit("w", 1, seq, now or T0 + seq * MINUTE, camera_flips=told))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_chain_leads_to_every_flip(opened: Callable[..., Store], seed: int) -> None:
    rng = np.random.default_rng(seed)
    store = opened()
    fill(store, 12, second_road=6)
    hub = Hub(store.load())
    for _ in range(40):
        hub.now += int(rng.choice([MINUTE, 3 * MINUTE, -20 * SECOND, 6 * MINUTE]))
        store.commit(hub.expire())
        store.commit(hub.take(hub.results(rng, 3.0)))
        if rng.random() < 0.2:
            store.checkpoint(hub.now)
            store.close()
            store = opened()
    told = [by_chain(store, f"C{i:05d}") for i in range(12)]
    assert told == [by_looking(store, f"C{i:05d}") for i in range(12)]
    assert max(map(len, told)) > 10
    assert by_chain(store, "C00003", 4) == told[3][:4]
    assert by_chain(store, "nobody") == []


def test_flips_of_one_instant_and_of_a_clock_that_went_back(store: Store) -> None:
    fill(store, 3)
    camera, other, _ = store.load().camera_ids.tolist()
    commit(store, 1, flip(camera, T0, 0, 1), flip(other, T0, 0, 1), flip(camera, T0, 1, 2))
    commit(store, 2, flip(camera, T0 + 5, 2, 1), flip(camera, T0, 1, 2), flip(camera, T0, 2, 1))
    commit(store, 3, flip(camera, T0 - MINUTE, 1, 2))
    assert by_chain(store, "C00000") == by_looking(store, "C00000")
    assert [len(by_chain(store, f"C0000{i}")) for i in range(3)] == [6, 1, 0]


def test_facets_have_chains_of_their_own_and_are_told_together(store: Store) -> None:
    fill(store, 1)
    camera = int(store.load().camera_ids[0])
    for seq in range(1, 9):
        facets = (Facet.ONLINE,) if seq % 4 else (Facet.ONLINE, Facet.MEDIA)
        commit(store, seq, *(flip(camera, T0 + seq, seq % 2, 1 - seq % 2, facet) for facet in facets))
    assert len(by_chain(store, "C00000")) == 10
    told = queries.history(store.engine, "C00000", limit=5)
    assert [one.facet for one in told].count("media") == 1
    assert [one.recorded_at for one in told] == sorted((one.recorded_at for one in told), reverse=True)


def test_a_batch_that_failed_leaves_the_chain_as_it_was(store: Store) -> None:
    fill(store, 2)
    camera = int(store.load().camera_ids[0])
    commit(store, 1, flip(camera, T0, 0, 1))
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        commit(store, 2, flip(camera, T0 + 1, 1, 2), flip(999_999, T0 + 1, 1, 2))
    commit(store, 2, flip(camera, T0 + 2, 1, 2))
    assert [one[1] for one in by_chain(store, "C00000")] == [T0 + 2, T0]


def test_the_history_of_one_camera_reads_no_others(store: Store) -> None:
    fill(store, 300)
    ids = store.load().camera_ids.tolist()
    for seq in range(1, 21):
        commit(store, seq, *(flip(camera, T0 + seq * MINUTE, seq % 2, 1 - seq % 2) for camera in ids))
    with store._writing() as connection:
        connection.exec_driver_sql("ANALYZE")
    plans: list[str] = []

    def explained(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "RECURSIVE" in statement and "EXPLAIN" not in statement:
            word = "EXPLAIN" if store.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            rows = connection.exec_driver_sql(f"{word} {statement}", parameters)  # type: ignore[attr-defined]
            plans.append(" ".join(str(row) for row in rows))

    event.listen(store.engine, "before_cursor_execute", explained)
    assert len(by_chain(store, "C00007")) == 20
    event.remove(store.engine, "before_cursor_execute", explained)
    assert plans
    assert all("SCAN flips" not in plan and "Seq Scan on flips" not in plan for plan in plans), plans
