"""Who is watched, as arrays: endpoints, their cameras, and the (township, network) each camera counts in.

Made from what the register says, at the start and whenever the register changes; never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from camerahub.core.area import UNASSIGNED, township_of
from camerahub.core.health import States
from camerahub.core.roads import Roads

I8 = NDArray[np.int64]
Bools = NDArray[np.bool_]


class AreaLike(Protocol):
    """A node of the civil tree."""

    @property
    def id(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def parent_code(self) -> str: ...


class Snapshot(Protocol):
    """``registry.snapshot.Snapshot``: see there."""

    @property
    def endpoint(self) -> I8: ...
    @property
    def camera(self) -> I8: ...
    @property
    def camera_ids(self) -> I8: ...
    @property
    def area_id(self) -> I8: ...
    @property
    def network(self) -> Sequence[str]: ...
    @property
    def expected(self) -> Bools: ...
    @property
    def states(self) -> States: ...
    @property
    def camera_since(self) -> I8: ...
    @property
    def camera_answer(self) -> NDArray[np.uint8]: ...
    @property
    def watermarks(self) -> dict[str, tuple[int, int]]: ...


@dataclass(frozen=True, slots=True)
class Roster:
    """E endpoints in ascending id, C cameras, G groups.

    ``camera`` (E,) camera place of each endpoint · ``group`` (C,) place in ``groups`` = (township label, network) ·
    ``exempt`` (C,) inside an approved exemption · ``places`` (township label, name, county) for those with a name ·
    ``township`` (C,) place in ``townships``, the labels.
    """

    endpoint: I8
    camera: I8
    camera_ids: I8
    expected: Bools
    exempt: Bools
    group: I8
    groups: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str, str], ...]
    roads: Roads
    township: I8
    townships: tuple[str, ...]

    def find(self, ids: I8) -> tuple[I8, Bools]:
        """(place, known) of endpoint ids, each (N,); the place of an unknown one means nothing."""
        if not len(self.endpoint):
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.bool_)
        place = np.minimum(np.searchsorted(self.endpoint, ids), len(self.endpoint) - 1)
        return place, self.endpoint[place] == ids


def roster_of(snapshot: Snapshot, areas: Sequence[AreaLike], exempt: Bools | None = None) -> Roster:
    """The roster of a snapshot; ``areas`` the whole civil tree."""
    labels = _labels(areas)
    townships = [labels.get(int(area), UNASSIGNED) for area in snapshot.area_id]
    pairs = list(zip(townships, snapshot.network, strict=True))
    groups = tuple(sorted(set(pairs)))
    place = {pair: i for i, pair in enumerate(groups)}
    labels_used = tuple(sorted(set(townships)))
    number = {label: i for i, label in enumerate(labels_used)}
    count = len(snapshot.camera_ids)
    return Roster(
        endpoint=snapshot.endpoint,
        camera=snapshot.camera,
        camera_ids=snapshot.camera_ids,
        expected=snapshot.expected,
        exempt=np.zeros(count, np.bool_) if exempt is None else exempt,
        group=np.array([place[pair] for pair in pairs], np.int64),
        groups=groups,
        places=_places(areas, {township for township, _ in groups}),
        roads=Roads.build(snapshot.camera, count),
        township=np.array([number[label] for label in townships], np.int64),
        townships=labels_used,
    )


def _labels(areas: Sequence[AreaLike]) -> dict[int, str]:
    parents = {area.code: area.parent_code for area in areas}
    levels = {area.code: area.level for area in areas}
    return {area.id: township_of(area.code, parents, levels) for area in areas}


def _places(areas: Sequence[AreaLike], used: set[str]) -> tuple[tuple[str, str, str], ...]:
    by_code = {area.code: area for area in areas}

    def county(code: str) -> str:
        seen = by_code.get(code)
        while seen is not None and seen.level != "county":
            seen = by_code.get(seen.parent_code)
        return "" if seen is None else seen.code

    return tuple((code, by_code[code].name, county(code)) for code in sorted(used) if code in by_code)
