"""What one commit of the hub carries: rows as arrays, made by the services, stored by the register.

Here, on the ground floor, because the side that makes them and the side that stores them may not know each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import Changed, Flips, States

#: One state row: endpoint x facet, the seven columns of ``core.health.States``; times µs UTC.
STATE_DTYPE = np.dtype(
    [
        ("endpoint", "<i8"),
        ("facet", "u1"),
        ("state", "u1"),
        ("history", "u1"),
        ("reason", "u1"),
        ("doubt", "u1"),
        ("since", "<i8"),
        ("observed_at", "<i8"),
        ("seen_at", "<i8"),
    ]
)

#: One flip. ``endpoint`` 0 = the derived answer of the camera; ``old``/``new`` public answers; ``at`` µs UTC.
FLIP_DTYPE = np.dtype(
    [
        ("at", "<i8"),
        ("endpoint", "<i8"),
        ("camera", "<i8"),
        ("facet", "u1"),
        ("old", "u1"),
        ("new", "u1"),
        ("reason", "u1"),
    ]
)

#: One late result: it started before the last definite one of its endpoint. Columns as in ``RESULT_DTYPE``.
CORRECTION_DTYPE = np.dtype(
    [
        ("at", "<i8"),
        ("endpoint", "<i8"),
        ("camera", "<i8"),
        ("probe", "u1"),
        ("outcome", "u1"),
        ("reason", "u1"),
        ("stage", "u1"),
        ("status", "<u2"),
        ("duration_us", "<u4"),
    ]
)


def _none(dtype: np.dtype[np.void]) -> NDArray[np.void]:
    return np.zeros(0, dtype)


@dataclass(frozen=True, slots=True)
class Commit:
    """One batch, ready to be stored in one transaction.

    ``worker`` + ``epoch`` (start of that worker, µs) + ``seq`` name the batch for ever: stored once, however often
    it is sent. ``results`` RESULT_DTYPE; ``states`` (STATE_DTYPE) the rows in which anything but observed_at and
    seen_at changed, with their new values; ``flips`` and ``camera_flips`` FLIP_DTYPE; ``corrections``
    CORRECTION_DTYPE: results that came late, in their order, and changed nothing; ``now`` µs UTC;
    ``rule`` the version of the definitions. What the hub finds by itself (staleness) goes under its own worker name.
    """

    worker: str
    epoch: int
    seq: int
    now: int
    results: NDArray[np.void] = field(default_factory=lambda: _none(RESULT_DTYPE))
    states: NDArray[np.void] = field(default_factory=lambda: _none(STATE_DTYPE))
    flips: NDArray[np.void] = field(default_factory=lambda: _none(FLIP_DTYPE))
    camera_flips: NDArray[np.void] = field(default_factory=lambda: _none(FLIP_DTYPE))
    rule: int = 1
    corrections: NDArray[np.void] = field(default_factory=lambda: _none(CORRECTION_DTYPE))


def state_rows(states: States, changed: Changed, endpoints: NDArray[np.int64]) -> NDArray[np.void]:
    """STATE_DTYPE rows to store: what ``changed`` names, as it stands in ``states`` now.

    ``endpoints`` (E,) int64: id of the endpoint at each place.
    """
    rows = np.zeros(len(changed.index), STATE_DTYPE)
    place = (changed.row, changed.index)
    rows["endpoint"] = endpoints[changed.index]
    rows["facet"] = np.array([policy.facet for policy in states.policies], dtype=np.uint8)[changed.row]
    for name in ("state", "history", "reason", "doubt", "since", "observed_at", "seen_at"):
        rows[name] = getattr(states, name)[place]
    return rows


def flip_rows(
    flips: Flips, cameras: NDArray[np.int64], endpoints: NDArray[np.int64] | None = None
) -> NDArray[np.void]:
    """FLIP_DTYPE rows of flips. ``cameras`` int64: id of the camera at each place of ``flips.index``;
    ``endpoints``: likewise, or None when the flips are those of cameras."""
    rows = np.zeros(len(flips), FLIP_DTYPE)
    rows["camera"] = cameras[flips.index]
    if endpoints is not None:
        rows["endpoint"] = endpoints[flips.index]
    for name in ("at", "facet", "old", "new", "reason"):
        rows[name] = getattr(flips, name)
    return rows


def correction_rows(late: NDArray[np.void], cameras: NDArray[np.int64]) -> NDArray[np.void]:
    """CORRECTION_DTYPE rows of ``late``, RESULT_DTYPE (N,); ``cameras`` (N,) int64: id of the camera of each."""
    rows = np.zeros(len(late), CORRECTION_DTYPE)
    rows["at"], rows["camera"] = late["started_at"], cameras
    for name in ("endpoint", "probe", "outcome", "reason", "stage", "status", "duration_us"):
        rows[name] = late[name]
    return rows
