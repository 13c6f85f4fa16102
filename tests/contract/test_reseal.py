"""Key rotation: what is stored is sealed anew, whole or not at all, and once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from camerahub.core.errors import EnvironmentFault
from camerahub.registry import queries
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from camerahub.registry.tables import credentials
from tests.contract.fleet import fill


def opened_by(ring: KeyRing, store: Store) -> list[str]:
    stored = queries.secrets(store.engine).values()
    return sorted(ring.decrypt(one.secret, one.id) for one in stored)


def test_all_is_sealed_anew_and_only_once(store: Store, keys: KeyRing) -> None:
    fill(store, 5)
    assert store.reseal() == 0
    before = opened_by(keys, store)
    assert len(before) == 5
    store.keys = keys.rotate()
    assert store.reseal() == 5
    assert store.reseal() == 0
    alone = replace(store.keys, keys={store.keys.current: store.keys.keys[store.keys.current]})
    assert opened_by(alone, store) == before
    with pytest.raises(EnvironmentFault):
        opened_by(keys, store)


def test_the_same_passwords_are_still_found(store: Store, keys: KeyRing) -> None:
    fill(store, 3)
    store.keys = keys.rotate()
    store.reseal()
    sealed = queries.secrets(store.engine)
    fill(store, 3)
    assert queries.secrets(store.engine) == sealed


def test_one_that_does_not_open_leaves_all_as_they_were(store: Store, keys: KeyRing) -> None:
    fill(store, 4)
    with store._writing() as connection:
        change = update(credentials).where(credentials.c.id == 4)
        connection.execute(change.values(secret="v1:k1:altered:altered"))
    before = queries.secrets(store.engine)
    store.keys = keys.rotate()
    with pytest.raises(EnvironmentFault) as refused:
        store.reseal()
    assert refused.value.key == "register.secret_closed"
    assert queries.secrets(store.engine) == before


def test_without_a_key_it_says_so(store: Store) -> None:
    store.keys = None
    with pytest.raises(EnvironmentFault):
        store.reseal()
