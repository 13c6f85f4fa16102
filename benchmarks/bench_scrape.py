"""What one scrape costs: cameras counted from the states, rendered, compared with one gauge per camera.

Run: python benchmarks/bench_scrape.py [cameras] [townships]. One process, wall time of the calling thread; best and
median of 20. The per-camera way is prometheus_client's own: a gauge with labels camera and township, values kept.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import POLICIES, Answer, States
from camerahub.core.result import REASONS, Facet
from camerahub.core.roads import Cameras, answers
from camerahub.services.figures import Rounds, tally_of
from camerahub.services.roster import Roster, roster_of
from camerahub.telemetry.board import Board, PictureFigures
from camerahub.telemetry.metrics import Exporter, HubCollector

NETWORKS = ("雪亮", "天网", "慧眼")
ACCEPT = "application/openmetrics-text;version=1.0.0"
BAR_MS, BAR_SERIES = 100.0, 25_000


@dataclass(frozen=True)
class Area:
    id: int
    code: str
    name: str
    level: str
    parent_code: str


@dataclass
class Register:
    """What the hub loads, synthetic."""

    endpoint: np.ndarray
    camera: np.ndarray
    camera_ids: np.ndarray
    area_id: np.ndarray
    network: list[str]
    expected: np.ndarray
    states: States
    camera_since: np.ndarray
    camera_answer: np.ndarray
    watermarks: dict[str, tuple[int, int]]


def county(cameras: int, townships: int) -> tuple[Roster, States]:
    """A roster of so many cameras, one endpoint each, with random states."""
    rng = np.random.default_rng(1)
    areas = [Area(0, "320585", "太仓市", "county", "")]
    areas += [Area(i + 1, f"320585{i:03d}", f"第{i}镇", "township", "320585") for i in range(townships)]
    ids = np.arange(1, cameras + 1)
    states = States.fresh(cameras, tuple(POLICIES[facet] for facet in Facet))
    states.state[:] = rng.choice([0, 1, 1, 1, 2, 3, 4], (len(Facet), cameras))
    states.reason[states.row(Facet.PICTURE)] = rng.integers(25, 37, cameras)
    zeros = np.zeros((len(Facet), cameras), np.int64)
    register = Register(
        endpoint=ids,
        camera=np.arange(cameras),
        camera_ids=ids,
        area_id=np.arange(cameras) % townships + 1,
        network=[NETWORKS[i // townships % 3] for i in range(cameras)],
        expected=np.ones(cameras, bool),
        states=states,
        camera_since=zeros,
        camera_answer=zeros.astype(np.uint8),
        watermarks={},
    )
    return roster_of(register, areas), states


def hub(cameras: int, townships: int) -> tuple[Board, Callable[[], None]]:
    """A filled board, and what runs after each commit."""
    roster, states = county(cameras, townships)
    rounds = Rounds(roster, ("options", "picture"), np.random.default_rng(2).random((2, cameras)) * 60)
    board = Board("0.1.0", 1)
    board.name_places(roster.places)
    rows = np.zeros(cameras, RESULT_DTYPE)
    rows["probe"], rows["reason"] = 1, np.arange(cameras) % len(REASONS)
    rows["outcome"] = [int(list(REASONS.values())[i % len(REASONS)].outcome) for i in range(cameras)]
    board.count(rows)
    board.committed(0.02)
    board.lagged(0.001)
    sources = board.sources
    sources.round_ages = lambda: rounds.ages(100.0)
    sources.ingest_age, sources.queue = lambda: 0.3, lambda: (0, 200_000)
    sources.seats, sources.probers = lambda: {"global": (3, 1000)}, lambda: (2, 2)
    sources.pictures = lambda: PictureFigures(0.0, 3.0, (12, 0))
    counted = Cameras.of(states, roster.roads)
    facets = tuple(facet.name.lower() for facet in Facet)

    def publish() -> None:
        faulty = np.flatnonzero(counted.answer[Facet.PICTURE] == Answer.DOWN)
        why = answers(states, Facet.PICTURE, roster.roads, faulty).reason
        board.publish(tally_of(roster, facets, counted.answer, faulty, why))

    return board, publish


def timed(work: Callable[[], object], times: int = 20) -> tuple[float, float]:
    """Best and median milliseconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1e3)
    return min(found), statistics.median(found)


def per_camera(cameras: int, townships: int) -> CollectorRegistry:
    """The naive way: three gauges a camera."""
    registry = CollectorRegistry()
    for name in ("up", "since_seconds", "reason"):
        gauge = Gauge(f"naive_camera_{name}", "per camera", ["camera", "township"], registry=registry)
        for i in range(cameras):
            gauge.labels(f"3205850000131{i:07d}", f"320585{i % townships:03d}").set(i % 2)
    return registry


def main() -> int:
    """Print the figures; 1 when a bar is missed."""
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 26_000
    townships = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    board, publish = hub(cameras, townships)
    publish()
    exporter = Exporter(board)
    body, _ = exporter.render(ACCEPT)
    series = sum(not line.startswith(b"#") for line in body.splitlines())

    def scrape() -> None:
        publish()
        exporter.render(ACCEPT)

    _best, ours = timed(scrape)
    _, packed = timed(lambda: exporter.render(ACCEPT, gzipped=True))
    cold = timed(lambda: Exporter(board).render(ACCEPT), 3)[1]
    registry = CollectorRegistry()
    registry.register(HubCollector(board))
    _, library = timed(lambda: generate_latest(registry), 5)
    naive_registry = per_camera(cameras, townships)
    naive_body = generate_latest(naive_registry)
    _, naive = timed(lambda: generate_latest(naive_registry), 3)
    print(f"{cameras} cameras, {townships} townships, {len(NETWORKS)} networks")
    print(f"scrape (count + render)        {ours:8.1f} ms  {series} series  {len(body)} bytes")
    print(f"  first one, labels made       {cold:8.1f} ms")
    print(f"  render + gzip                {packed:8.1f} ms")
    print(f"same families, library writer  {library:8.1f} ms  ratio {ours / library:.3f}")
    print(
        f"one gauge a camera x 3         {naive:8.1f} ms  {len(naive_body)} bytes  ratio {ours / naive:.4f}"
    )
    return int(ours > BAR_MS or series > BAR_SERIES)


if __name__ == "__main__":
    sys.exit(main())
