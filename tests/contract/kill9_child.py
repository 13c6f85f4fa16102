"""Commits an endless, deterministic stream of batches and says which are committed. Made to be killed."""

from __future__ import annotations

import os
from zoneinfo import ZoneInfo

import numpy as np

from camerahub.core.commit import Commit
from camerahub.registry.engine import open_engine
from camerahub.registry.store import Store
from tests.contract.fleet import MINUTE, T0, Hub

CHECKPOINT_EVERY = 7


def batch_rng(seq: int) -> np.random.Generator:
    return np.random.default_rng(1000 + seq)


def step(hub: Hub, seq: int) -> Commit:
    """The commit number ``seq``, whatever came before: staleness for the even, results for the odd."""
    hub.seq, hub.now = seq - 1, T0 + seq * MINUTE
    if seq % 2 == 0:
        return hub.expire()
    return hub.take(hub.results(batch_rng(seq)))


def main(url: str, out: int) -> None:
    """Says ``resumed n``, ``committed n`` and ``checkpoint`` on the descriptor ``out``, a line each."""
    store = Store(open_engine(url), zone=ZoneInfo("Asia/Shanghai"))
    snapshot = store.load()
    seq = max((mark[1] for mark in snapshot.watermarks.values()), default=0)
    hub = Hub(snapshot)
    os.write(out, f"resumed {seq}\n".encode())
    while True:
        seq += 1
        if not store.commit(step(hub, seq)):
            raise SystemExit("a new batch was called old")
        os.write(out, f"committed {seq}\n".encode())
        if seq % CHECKPOINT_EVERY == 0:
            store.checkpoint(hub.now)
            os.write(out, b"checkpoint\n")
