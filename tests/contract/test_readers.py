"""A reader in another process sees one instant, whatever the writer does; a lost server is said clearly."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Event

import numpy as np
import pytest

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import queries
from camerahub.registry.engine import open_engine, reading
from camerahub.registry.snapshot import load
from camerahub.registry.store import Store
from tests.contract.fleet import MINUTE, Hub, fill


def _read(url: str, stop: Event, answer: multiprocessing.connection.Connection) -> None:
    engine, reads, torn = open_engine(url), 0, 0
    while not stop.is_set() or reads < 3:
        with reading(engine) as connection:
            snapshot = load(connection)
        # every commit looks at all endpoints at once: a torn read would show two rounds
        torn += len(set(snapshot.states.seen_at[0].tolist())) > 1
        reads += 1
        queries.cameras(engine)
        if reads == 1:
            answer.send("ready")
    engine.dispose()
    answer.send((reads, torn))


def test_a_reader_is_never_torn_and_never_in_the_way(store: Store, url: str) -> None:
    fill(store, 50)
    hub = Hub(store.load())
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    here, there = multiprocessing.Pipe()
    child = context.Process(target=_read, args=(url, stop, there))
    child.start()
    assert here.poll(60)
    assert here.recv() == "ready"
    rng = np.random.default_rng(3)
    for seq in range(60):
        hub.now += MINUTE
        rows = hub.results(rng)[:50]
        rows["endpoint"], rows["started_at"], rows["probe"] = hub.snapshot.endpoint, hub.now, 1
        assert store.commit(hub.take(rows))
        if seq % 10 == 9:
            store.checkpoint(hub.now)
    stop.set()
    assert here.poll(60)
    reads, torn = here.recv()
    child.join(30)
    assert reads >= 3
    assert torn == 0


def test_a_database_or_login_that_is_not_there(postgres_url: str) -> None:
    server = postgres_url.rsplit("/", 1)[0]
    with pytest.raises(EnvironmentFault) as refused:
        open_engine(f"{server}/no_such_database")
    assert refused.value.key == "register.missing"
    with pytest.raises(EnvironmentFault) as refused:
        open_engine(postgres_url.replace("camerahub@", "stranger@"))
    assert refused.value.key == "register.refused"
