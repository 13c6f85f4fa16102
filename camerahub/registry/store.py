"""Writes of the register. SIGNATURES FIRST: bodies follow in the next commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from camerahub.core.commit import Commit
from camerahub.registry.rows import AreaRow, CameraRow, DeviceRow, Source, UpsertReport
from camerahub.registry.secrets import KeyRing


@dataclass(slots=True)
class Snapshot:
    """Everything the hub needs to go on: probed endpoints in ascending id, E of them, and what is known of them.

    ``endpoint`` (E,) i8 ids, ``camera`` (E,) index into ``camera_ids``; ``camera_ids`` (C,) i8 all cameras, also
    those without endpoint, ``area_id`` (C,) i8, ``network`` (C,) str, ``expected`` (C,) bool as of now;
    ``states`` STATE_DTYPE rows (S,) of probed endpoints, evidence log replayed: as of the last commit;
    ``camera_states`` FLIP_DTYPE-like rows (since of derived answers); ``watermarks`` worker -> (epoch, seq).
    """

    endpoint: NDArray[np.int64]
    camera: NDArray[np.int64]
    camera_ids: NDArray[np.int64]
    area_id: NDArray[np.int64]
    network: NDArray[np.object_]
    expected: NDArray[np.bool_]
    states: NDArray[np.void]
    camera_states: NDArray[np.void]
    watermarks: dict[str, tuple[int, int]]
    last_alive: int


class Store:
    """The one writer. Used from one thread: the first that writes; another thread gets RuntimeError (a bug)."""

    def __init__(self, engine: Engine, *, zone: ZoneInfo, keys: KeyRing | None = None) -> None: ...

    def close(self) -> None:
        """Give the connection back. Does not checkpoint."""

    def commit(self, batch: Commit) -> bool:
        """Store one batch in one transaction. False = already stored (watermark), nothing done."""
        raise NotImplementedError

    def load(self) -> Snapshot:
        """State of the fleet as of the last commit, evidence log replayed."""
        raise NotImplementedError

    def checkpoint(self, now: int) -> int:
        """Fold the evidence log into camera_days and states, delete it. Returns results folded."""
        raise NotImplementedError

    def start(self, now: int, silence_us: int = 60_000_000) -> int | None:
        """Say that a hub starts; writes gap hub_off since the last heartbeat when longer than silence. Gap id."""
        raise NotImplementedError

    def heartbeat(self, now: int) -> None:
        """The hub is alive: call every few seconds when nothing is committed."""
        raise NotImplementedError

    def open_gap(self, worker: str, scope: str, reason: str, at: int) -> int:
        """Nobody looks from ``at`` on. Returns the gap's id."""
        raise NotImplementedError

    def close_gap(self, gap_id: int, at: int) -> None:
        """Somebody looks again."""
        raise NotImplementedError

    def import_areas(
        self, rows: Sequence[AreaRow], source: Source, now: int, *, dry_run: bool = False
    ) -> UpsertReport:
        """Add or change areas, all or nothing."""
        raise NotImplementedError

    def import_cameras(
        self,
        rows: Sequence[CameraRow],
        source: Source,
        now: int,
        *,
        devices: Sequence[DeviceRow] = (),
        dry_run: bool = False,
    ) -> UpsertReport:
        """Add or change cameras with endpoints, credentials, memberships and changes rows, all or nothing.

        KeyError for an area or device code the register does not know: the reader must refuse such rows before.
        """
        raise NotImplementedError
