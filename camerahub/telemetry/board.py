"""What is counted between two scrapes, in arrays.

Written by the services after each commit, read by ``metrics`` at a scrape from another thread: a short lock keeps
each family whole, and the camera counts are one immutable object, so that U + D + K = E holds in every answer.
It must not know cameras, databases or HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import PROBE_NAMES, REASON_NAMES, Outcome

#: Upper bounds in seconds; the last bucket (+Inf) is implied.
PROBE_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

Counts = NDArray[np.int64]


class Tally(Protocol):
    """Cameras counted by (township, network), G groups and F facets; one consistent picture, never changed.

    ``exempt_up`` (facets, townships): exempt cameras that are up; ``faults``
    (kinds of fault, townships): cameras whose picture is down for that reason.
    """

    @property
    def groups(self) -> Sequence[tuple[str, str]]: ...
    @property
    def facets(self) -> Sequence[str]: ...
    @property
    def expected(self) -> Counts: ...
    @property
    def exempt(self) -> Counts: ...
    @property
    def up(self) -> Counts: ...
    @property
    def down(self) -> Counts: ...
    @property
    def unknown(self) -> Counts: ...
    @property
    def townships(self) -> Sequence[str]: ...
    @property
    def exempt_up(self) -> Counts: ...
    @property
    def faults(self) -> Counts: ...
    @property
    def held(self) -> Counts: ...


class RoundAges(Protocol):
    """Age in seconds of the most overdue camera: one row a probe, one column a township."""

    @property
    def probes(self) -> Sequence[str]: ...
    @property
    def townships(self) -> Sequence[str]: ...
    @property
    def seconds(self) -> NDArray[np.float64]: ...


@dataclass(slots=True)
class Histogram:
    """Counts by bucket, shape (rows, buckets + 1), and sums in seconds."""

    bounds: tuple[float, ...]
    rows: int = 1
    counts: Counts = field(init=False)
    sums: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.rows, len(self.bounds) + 1), np.int64)
        self.sums = np.zeros(self.rows, np.float64)

    def observe(self, seconds: NDArray[np.float64], row: NDArray[np.intp] | int = 0) -> None:
        """Count values of shape (N,), each in its row."""
        bucket = np.searchsorted(self.bounds, seconds, side="left")
        width = len(self.bounds) + 1
        flat = np.bincount(bucket + np.asarray(row) * width, minlength=self.counts.size)
        self.counts += flat.reshape(self.counts.shape)
        rows = np.broadcast_to(np.asarray(row), seconds.shape)
        self.sums += np.bincount(rows, weights=seconds, minlength=self.rows)


class PictureFigures(NamedTuple):
    """``late_s`` seconds the oldest due picture has waited; ``decoding`` with decoders; ``stills`` kept, dropped."""

    late_s: float
    decoding: float
    stills: tuple[int, int]


class StorageFigures(NamedTuple):
    """Bytes of the embedded register, bytes that may still be written, age of the newest backup; None: none."""

    database: int | None
    free: int
    backup_age_s: float | None


@dataclass(slots=True)
class Sources:
    """What is asked at scrape time; each must be cheap and safe to call from another thread."""

    ingest_age: Callable[[], float | None] = lambda: None
    queue: Callable[[], tuple[int, int] | None] = lambda: None
    round_ages: Callable[[], RoundAges | None] = lambda: None
    pictures: Callable[[], PictureFigures | None] = lambda: None
    seats: Callable[[], Mapping[str, tuple[int, int]]] = dict  # kind -> (in use, allowed)
    credentials: Callable[[], Mapping[str, int] | None] = lambda: None  # state -> logins
    breaker: Callable[[], int | None] = lambda: None
    probers: Callable[[], tuple[int, int] | None] = lambda: None  # configured, connected
    blind: Callable[[], Mapping[tuple[str, str], int]] = (
        dict  # worker, uplink -> 1 blind, 0 sees, -1 nobody knows
    )
    references: Callable[[], Mapping[str, int]] = dict  # uplink -> how many are configured
    left: Callable[[], Mapping[str, tuple[int, bool]]] = dict  # way -> (cameras, alarm)
    figures_due: Callable[[], int | None] = lambda: None
    storage: Callable[[], StorageFigures | None] = lambda: None
    names: Callable[[], int | None] = lambda: None  # unanswered by the name server


class Board:
    """Counters and the last published picture."""

    def __init__(self, version: str = "", rule: int = 0) -> None:
        self.lock = Lock()
        self.version, self.rule = version, rule
        self.sources = Sources()
        self.tally: Tally | None = None
        self.places: tuple[tuple[str, str, str], ...] = ()
        self.results = np.zeros((len(PROBE_NAMES), len(Outcome), len(REASON_NAMES)), np.int64)
        self.durations = Histogram(PROBE_BOUNDS, len(PROBE_NAMES))
        self.commits, self.lags = Histogram(COMMIT_BOUNDS), Histogram(LAG_BOUNDS)
        self.late_results = np.zeros(len(PROBE_NAMES), np.int64)
        self.dropped_results = {"unknown_endpoint": 0, "duplicate": 0}
        self.flip_counts: dict[tuple[str, str], int] = {}
        self.failures = self.steps = 0
        self.reload_ok = True

    def publish(self, tally: Tally) -> None:
        """Show this picture from now on. The arrays must never be written again."""
        self.tally = tally

    def name_places(self, places: Sequence[tuple[str, str, str]]) -> None:
        """(township code, name, county code) of each township that can stand in a label."""
        self.places = tuple(places)

    def count(self, batch: NDArray[np.void]) -> None:
        """Count committed results, dtype ``RESULT_DTYPE``, shape (N,)."""
        probe, outcome, reason = (batch[name].astype(np.intp) for name in ("probe", "outcome", "reason"))
        flat = np.ravel_multi_index((probe, outcome, reason), self.results.shape)
        added = np.bincount(flat, minlength=self.results.size).reshape(self.results.shape)
        with self.lock:
            self.results += added
            self.durations.observe(batch["duration_us"] / 1e6, probe)

    def late(self, probes: NDArray[np.uint8]) -> None:
        """Count late results by their probe codes, shape (N,)."""
        with self.lock:
            self.late_results += np.bincount(probes, minlength=self.late_results.size)

    def dropped(self, cause: str, number: int) -> None:
        """Count results not taken, by cause."""
        with self.lock:
            self.dropped_results[cause] += number

    def flipped(self, facet: str, to: str, number: int) -> None:
        """Count camera flips that were committed."""
        with self.lock:
            self.flip_counts[facet, to] = self.flip_counts.get((facet, to), 0) + number

    def committed(self, seconds: float) -> None:
        """One transaction took so long."""
        with self.lock:
            self.commits.observe(np.array([seconds]))

    def commit_failed(self) -> None:
        """One transaction failed and will be tried again."""
        with self.lock:
            self.failures += 1

    def lagged(self, seconds: float) -> None:
        """The event loop woke up so late."""
        with self.lock:
            self.lags.observe(np.array([seconds]))

    def clock_stepped(self) -> None:
        """The wall clock jumped."""
        with self.lock:
            self.steps += 1

    def reloaded(self, successful: bool) -> None:
        """Whether the last reload was taken."""
        self.reload_ok = successful
