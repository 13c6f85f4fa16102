"""A small register and a seeded stream of results, folded as the hub folds them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.commit import Commit, flip_rows, state_rows
from camerahub.core.health import Changed, Flips, States, expire, fold
from camerahub.core.result import PROBE_KINDS, REASON_CODES, REASON_NAMES, REASONS
from camerahub.core.roads import Cameras, Roads
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.snapshot import Snapshot
from camerahub.registry.store import Store

SOURCE = Source(who="tester", file="cameras.csv", profile="native")
T0 = 1_750_000_000_000_000
SECOND = 1_000_000
MINUTE = 60 * SECOND

_OUTCOME = np.array([int(REASONS[name].outcome) for name in REASON_NAMES], dtype=np.uint8)


def fill(store: Store, n: int, *, second_road: int = 0, now: int = T0) -> None:
    """A county with one township and ``n`` cameras, the first ``second_road`` of them on two roads."""
    store.import_areas(AREAS, SOURCE, now)
    rows = [camera(i) for i in range(n)]
    for row in rows[:second_road]:
        row.endpoints.append(EndpointRow(road="via", host="192.0.2.250", path="/nvr"))
    store.import_cameras(rows, SOURCE, now)


AREAS = [AreaRow("320585101", "某镇", "township", "320585"), AreaRow("320585", "某市", "county")]


def camera(i: int, **values: str | float | None) -> CameraRow:
    road = EndpointRow(host=f"192.0.2.{i % 250}", path=f"/{i}", username="admin", password=f"planted-{i}")
    named: dict[str, str | float | None] = {"network": "雪亮"} | values
    return CameraRow(f"C{i:05d}", f"路口 {i}", "320585101", named, [road])


@dataclass
class Hub:
    """What ingest does, without the hub: fold, derive, name. ``now`` moves on by a minute a round."""

    snapshot: Snapshot
    now: int = T0
    seq: int = 0
    epoch: int = 1
    states: States = field(init=False)
    cameras: Cameras = field(init=False)
    roads: Roads = field(init=False)

    def __post_init__(self) -> None:
        s = self.snapshot
        self.states = s.states
        self.roads = Roads.build(s.camera, len(s.camera_ids))
        self.cameras = Cameras.of(s.states, self.roads)
        self.cameras.since[:] = s.camera_since

    def results(self, rng: np.random.Generator, share: float = 1.0) -> NDArray[np.void]:
        """Some endpoints looked at in the last minute, with all kinds of answers, now and then late or repeated."""
        n = len(self.snapshot.endpoint)
        picked = rng.integers(0, n, max(1, int(n * share)))
        rows = np.zeros(len(picked), RESULT_DTYPE)
        rows["endpoint"] = self.snapshot.endpoint[picked]
        rows["started_at"] = self.now - rng.integers(0, 2 * MINUTE, len(picked))
        rows["probe"] = rng.choice(
            [PROBE_KINDS["options"].code, PROBE_KINDS["tcp"].code], len(picked), p=[0.9, 0.1]
        )
        faults = [REASON_CODES[name] for name in ("timeout", "refused", "auth", "no_route", "no_seat")]
        rows["reason"] = np.where(rng.random(len(picked)) < 0.6, 0, rng.choice(faults, len(picked)))
        rows["outcome"] = _OUTCOME[rows["reason"]]
        return rows

    def take(self, rows: NDArray[np.void], worker: str = "w1") -> Commit:
        """Fold ``rows`` into the live states: the commit that must follow."""
        done = fold(self.states, np.searchsorted(self.snapshot.endpoint, rows["endpoint"]), rows, self.now)
        return self._commit(worker, rows, done.flips, done.changed)

    def expire(self) -> Commit:
        """What silence did, under the hub's own name."""
        done = expire(self.states, self.now)
        return self._commit("hub", np.zeros(0, RESULT_DTYPE), done.flips, done.changed)

    def _commit(self, worker: str, rows: NDArray[np.void], flips: Flips, changed: Changed) -> Commit:
        s = self.snapshot
        of_cameras = self.cameras.apply(self.states, self.roads, flips)
        self.seq += 1
        return Commit(
            worker,
            self.epoch,
            self.seq,
            self.now,
            rows,
            state_rows(self.states, changed, s.endpoint),
            flip_rows(flips, s.camera_ids[s.camera], s.endpoint),
            flip_rows(of_cameras, s.camera_ids),
        )


def same_states(one: States, other: States) -> bool:
    """Whether both hold the same in every column."""
    return all(
        bool((getattr(one, name) == getattr(other, name)).all())
        for name in ("word", "since", "observed_at", "seen_at")
    )
