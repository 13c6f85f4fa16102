"""Cameras out of endpoints: any road up = up, else down when one is down, else unknown.

Knows places in arrays, not ids, names or addresses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camerahub.core.health import Flips, States
from camerahub.core.result import Facet

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
        raise NotImplementedError


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
    raise NotImplementedError


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
        raise NotImplementedError

    def apply(self, states: States, roads: Roads, flips: Flips) -> Flips:
        """Take endpoint flips in, in order, and return the flips of cameras (``index`` = camera place).

        Time and ``seq`` are those of the deciding endpoint flip, the time never before the camera's last flip;
        the reason is the deciding endpoint's. All at once, one by one or any split end the same.
        """
        raise NotImplementedError
