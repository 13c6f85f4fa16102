"""Cameras out of endpoints: any road up = up, else down when one is down, else unknown.

Knows places in arrays, not ids, names or addresses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import REASON_CODES, Facet
from camerahub.core.states import AHEAD_US, PUBLIC, Flips, States, after_last_flip, joined, waves
from camerahub.core.transitions import Answer

I8 = NDArray[np.int64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Roads:
    """Which endpoints lead to which camera, both ways.

    ``camera`` int64 (E,): camera place of each endpoint · ``order`` int64 (E,): endpoints sorted by camera ·
    ``start`` int64 (C+1,): ``order[start[c]:start[c+1]]`` are the endpoints of camera c.
    """

    camera: I8
    order: I8
    start: I8

    @classmethod
    def build(cls, camera_of_endpoint: I8, n_cameras: int) -> Roads:
        """From the camera place of each endpoint. ValueError for a place outside 0..n_cameras-1."""
        camera = np.asarray(camera_of_endpoint, dtype=np.int64)
        if len(camera) and (int(camera.min()) < 0 or int(camera.max()) >= n_cameras):
            raise ValueError(f"a camera outside 0..{n_cameras - 1}")
        start = np.zeros(n_cameras + 1, dtype=np.int64)
        np.cumsum(np.bincount(camera, minlength=n_cameras), out=start[1:])
        return cls(camera, np.argsort(camera, kind="stable"), start)

    @property
    def n_cameras(self) -> int:
        """How many cameras, those without an endpoint included."""
        return len(self.start) - 1

    def endpoints_of(self, cameras: I8) -> tuple[I8, I8]:
        """Endpoints of the camera places ``cameras`` (K,), one camera after another, and how many each has (K,)."""
        counts = self.start[cameras + 1] - self.start[cameras]
        ends = np.cumsum(counts)
        inside = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
        return self.order[np.repeat(self.start[cameras], counts) + inside], counts

    def touched(self, endpoints: I8) -> I8:
        """The cameras that the endpoint places lead to, each once, ascending."""
        return np.unique(self.camera[endpoints])


#: Up tells before down, down before unknown.
_STANDING: U1 = np.array(
    [{Answer.UNKNOWN: 0, Answer.DOWN: 1, Answer.UP: 2}[a] for a in Answer], dtype=np.uint8
)
_ANSWER_OF_STANDING: U1 = np.argsort(_STANDING).astype(np.uint8)
_NO_ADDRESS = REASON_CODES["no_address"]


@dataclass(frozen=True, slots=True)
class Answers:
    """Derived answers of cameras for one facet, arrays of shape (C,).

    ``answer`` ``Answer`` codes · ``reason`` codes of ``REASONS`` · ``observed_at`` newest definite attempt of the
    roads, µs UTC. Since when: ``Cameras.since``.
    """

    answer: U1
    reason: U1
    observed_at: I8


def answers(states: States, facet: Facet, roads: Roads, cameras: I8 | None = None) -> Answers:
    """Answers of all cameras, or of the places ``cameras`` int64 (K,) only, in that order.

    Up when any endpoint is up, else down when any is down, else unknown; no endpoint: unknown, ``no_address``.
    Among the endpoints that share the answer the reason with the lowest code is told: ``ok`` first, then
    the earliest step of the ladder that fails (order of ``core.result.REASONS``).
    """
    places = np.arange(roads.n_cameras) if cameras is None else cameras
    endpoints, counts = roads.endpoints_of(places)
    row = states.row(facet)
    told = _STANDING[PUBLIC[states.state[row][endpoints]]].astype(np.int64) << 8
    told |= 255 - states.reason[row][endpoints].astype(np.int64)
    best = _greatest(told, counts, 255 - _NO_ADDRESS)
    observed = _greatest(states.observed_at[row][endpoints], counts, 0)
    return Answers(_ANSWER_OF_STANDING[best >> 8], (255 - (best & 255)).astype(np.uint8), observed)


def _greatest(values: I8, counts: I8, empty: int) -> I8:
    """Greatest of each run of ``counts`` values; ``empty`` for a run of none."""
    out = np.full(len(counts), empty, dtype=np.int64)
    some = np.flatnonzero(counts)
    if len(some):
        out[some] = np.maximum.reduceat(values, (np.cumsum(counts) - counts)[some])
    return out


@dataclass(slots=True)
class Cameras:
    """Running answers of C cameras under F facets (rows as in ``States``), so that camera flips cost only flips.

    ``ups``, ``downs`` int32 (F, C): endpoints that are up, down · ``answer`` uint8 (F, C) · ``since`` int64 (F, C).
    """

    ups: I4
    downs: I4
    answer: U1
    since: I8

    @classmethod
    def of(cls, states: States, roads: Roads) -> Cameras:
        """Count the endpoints anew. ``since``: newest change among the endpoints; set it from the store when
        the store knows better."""
        answer = states.answer
        ups, downs = (_count(answer == wanted, roads) for wanted in (Answer.UP, Answer.DOWN))
        everyone = np.arange(roads.n_cameras)
        endpoints, counts = roads.endpoints_of(everyone)
        since = np.stack([_greatest(row[endpoints], counts, 0) for row in states.since])
        return cls(ups, downs, _answer(ups, downs), since)

    def apply(self, states: States, roads: Roads, flips: Flips, now: int | None = None) -> Flips:
        """Take endpoint flips in, in order, and return the flips of cameras (``index`` = camera place).

        Time and ``seq`` are those of the deciding endpoint flip, the time never before the camera's last flip
        (unless ``now``, int µs UTC, is given and that one lies further ahead of it than ``AHEAD_US``);
        the reason is the deciding endpoint's. All at once, one by one or any split end the same.
        """
        horizon = np.iinfo(np.int64).max if now is None else now + AHEAD_US
        done = []
        for row, policy in enumerate(states.policies):
            mine = np.flatnonzero(flips.facet == policy.facet)
            if len(mine):
                camera = roads.camera[flips.index[mine]]
                done += [self._wave(row, camera[wave], flips, mine[wave], horizon) for wave in waves(camera)]
        return joined(done)

    def _wave(self, row: int, camera: I8, flips: Flips, places: I8, horizon: int) -> Flips:
        """One endpoint flip of each camera at most."""
        old, new = flips.old[places], flips.new[places]
        self.ups[row][camera] += (new == Answer.UP).astype(np.int32) - (old == Answer.UP)
        self.downs[row][camera] += (new == Answer.DOWN).astype(np.int32) - (old == Answer.DOWN)
        after = _answer(self.ups[row][camera], self.downs[row][camera])
        before = self.answer[row][camera]
        k = np.flatnonzero(before != after)
        camera, places = camera[k], places[k]
        at = after_last_flip(self.since[row][camera], flips.at[places], horizon)
        self.answer[row][camera], self.since[row][camera] = after[k], at
        return Flips(
            camera, flips.facet[places], at, before[k], after[k], flips.reason[places], flips.seq[places]
        )


def _count(mask: NDArray[np.bool_], roads: Roads) -> I4:
    counts = [np.bincount(roads.camera[row], minlength=roads.n_cameras) for row in mask]
    return np.stack(counts).astype(np.int32)


def _answer(ups: I4, downs: I4) -> U1:
    answer: U1 = np.where(ups > 0, Answer.UP, np.where(downs > 0, Answer.DOWN, Answer.UNKNOWN)).astype(
        np.uint8
    )
    return answer
