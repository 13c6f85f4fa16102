"""What a county's round costs the hub, by the number of cameras: fold, commit and picture of one minute, and memory.

    python -m benchmarks.bench_scale [--n 3000 26000 100000] [--rounds 3]

Every camera answers OPTIONS once a minute and one in fifteen its picture; 1 % changes its answer each round. Results
come as the probers send them, every two seconds, and are stored on SQLite with synchronous=FULL. Printed: processor
seconds of one minute, its longest commit, the checkpoint, bytes a row of looks and of flips, and memory. Together with
``bench_sweep --n`` (what the dialling costs) it says how many cameras two cores carry. Always exit code 0.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import POLICIES
from camerahub.core.result import PROBE_KINDS, REASON_CODES, REASON_NAMES, REASONS, Facet
from camerahub.registry import queries, retention
from camerahub.registry.engine import open_engine, sqlite_url
from camerahub.registry.migrate import upgrade
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store
from camerahub.services.desk import Desk

ZONE, SOURCE = ZoneInfo("Asia/Shanghai"), Source("bench", "cameras.csv")
T0, S = 1_750_000_000_000_000, 1_000_000
PARTS, PICTURES, CHANGES = 30, 15, 0.01
_OUTCOME = np.array([int(REASONS[name].outcome) for name in REASON_NAMES], np.uint8)


def register(folder: Path, n: int) -> Store:
    """``n`` cameras over a township for every hundred."""
    url = sqlite_url(folder / "hub.db")
    upgrade(url)
    store = Store(open_engine(url), zone=ZONE)
    towns = [f"320585{100 + i:03d}" for i in range(max(1, min(300, n // 100)))]
    areas = [
        AreaRow("320585", "县", "county"),
        *(AreaRow(code, code, "township", "320585") for code in towns),
    ]
    store.import_areas(areas, SOURCE, T0)
    for at in range(0, n, 10_000):
        rows = [
            CameraRow(f"C{i:07d}", f"{i}", towns[i % len(towns)], {}, [EndpointRow(host=address(i))])
            for i in range(at, min(n, at + 10_000))
        ]
        store.import_cameras(rows, SOURCE, T0)
    return store


def address(i: int) -> str:
    return f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"


class County:
    """Results of a round in parts of two seconds."""

    def __init__(self, endpoints: np.ndarray) -> None:
        self.endpoints, self.luck = endpoints, np.random.default_rng(1)
        self.down = np.zeros(len(endpoints), bool)

    def parts(self, now: int, number: int) -> list[np.ndarray]:
        self.down ^= self.luck.random(len(self.endpoints)) < CHANGES
        order = self.luck.permutation(len(self.endpoints))
        return [self._rows(part, now, number) for part in np.array_split(order, PARTS)]

    def _rows(self, part: np.ndarray, now: int, number: int) -> np.ndarray:
        seen = part[part % PICTURES == number % PICTURES]
        rows = np.zeros(len(part) + len(seen), RESULT_DTYPE)
        places = np.concatenate([part, seen])
        rows["endpoint"], rows["started_at"] = self.endpoints[places], now - S
        rows["probe"] = PROBE_KINDS["options"].code
        rows["probe"][len(part) :] = PROBE_KINDS["picture"].code
        rows["reason"] = np.where(self.down[places], REASON_CODES["timeout"], REASON_CODES["ok"])
        rows["outcome"], rows["duration_us"] = _OUTCOME[rows["reason"]], 9_000
        return rows


def measure(n: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        store = register(Path(scratch), n)
        engine = store.engine
        desk = Desk(
            store, lambda: queries.areas(engine), [POLICIES[f] for f in Facet], ("options", "picture")
        )
        desk.open(T0, 0.0)
        county, now, seq, worst = County(desk.roster.endpoint), T0, 0, 0.0
        began = time.process_time()
        for number in range(rounds):
            for part in county.parts(now, number):
                seq, now = seq + 1, now + 2 * S
                before = time.monotonic()
                desk.settle(desk.prepare("w1", 1, seq, part, now, now / S))
                worst = max(worst, time.monotonic() - before)
                desk.picture()
        spent = (time.process_time() - began) / rounds
        before = time.process_time()
        desk.checkpoint(now)
        folding = time.process_time() - before
        sizes = {one.name: one for one in retention.sizes(engine, retention.limits(now, ZONE, 0, 0))[0]}
        looks, flips = sizes["camera_days"], sizes["flips"]
        a_look, a_flip = looks.bytes / max(1, looks.rows), flips.bytes / max(1, flips.rows)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{n:7d} cameras: {spent:5.2f} CPU s a minute, longest commit {worst:.2f} s, checkpoint {folding:.1f} "
            f"CPU s; bytes a camera, facet and day of looks {a_look:.0f}, a flip {a_flip:.0f}; {memory:.0f} MB"
        )
        store.close()


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--n", type=int, nargs="+", default=[3_000, 26_000, 100_000])
    reader.add_argument("--rounds", type=int, default=3)
    asked = reader.parse_args()
    for n in asked.n:
        measure(n, asked.rounds)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
