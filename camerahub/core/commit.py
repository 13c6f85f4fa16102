"""What one commit of the hub carries: rows as arrays, made by the services, stored by the register.

Here, on the ground floor, because the side that makes them and the side that stores them may not know each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camerahub.core.batch import RESULT_DTYPE

#: One state row: endpoint x facet. ``state`` inside code, ``history``/``count`` of definite signals; times µs UTC.
STATE_DTYPE = np.dtype(
    [
        ("endpoint", "<i8"),
        ("facet", "u1"),
        ("state", "u1"),
        ("history", "u1"),
        ("count", "u1"),
        ("reason", "u1"),
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


def _none(dtype: np.dtype[np.void]) -> NDArray[np.void]:
    return np.zeros(0, dtype)


@dataclass(frozen=True, slots=True)
class Commit:
    """One batch, ready to be stored in one transaction.

    ``worker`` + ``epoch`` (start of that worker, µs) + ``seq`` name the batch for ever: stored once, however often
    it is sent. ``results`` RESULT_DTYPE; ``states`` (STATE_DTYPE) the rows in which anything but observed_at and
    seen_at changed, with their new values; ``flips`` and ``camera_flips`` FLIP_DTYPE; ``now`` µs UTC;
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
