"""One round over 26,000 targets against the clock, and whether anybody alive is called dead when time is short.

    python -m benchmarks.bench_sweep [--n 26000] [--runs 3]

The command on one core, its farm on the other. All alive; then 3 % behind a full accept backlog, at the deadline of
3 s; then 8,000 alive ones, 2,000 in flight, while five busy processes take five sixths of the core. Wall clock, so
only a quiet machine tells: the load is printed. The best of the runs counts; exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_probe import CLIENT, FARM, HERE, PORT, addresses, pinned
from benchmarks.bench_probe import until_listening as listening

HOLE = PORT + 1
ALIVE_S, HOLES_S = 4.0, 8.0


def sweep(folder: Path, alive: int, holes: int, in_flight: int) -> tuple[float, int]:
    """Wall seconds of the command, and how many alive ones it did not call ok."""
    step = max(1, (alive + holes) // max(1, holes))
    lines = [f"{host}:{PORT}" for host in addresses(alive)]
    for i, host in enumerate(addresses(holes)):
        lines.insert(i * step, f"{host}:{HOLE}")
    targets = folder / "targets"
    targets.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "camerahub", "sweep", "--targets", str(targets), "--json"]
    began = time.monotonic()
    with open(folder / "out", "wb") as out:
        pinned([*command, "--concurrency", str(in_flight)], CLIENT, stdout=out).wait()
    took = time.monotonic() - began
    outcomes = json.loads((folder / "out").read_bytes().splitlines()[-1])["summary"]["outcomes"]
    assert sum(outcomes.values()) == alive + holes, outcomes
    return took, alive - outcomes["ok"]


def hogs(count: int) -> list[subprocess.Popen[bytes]]:
    return [pinned([sys.executable, "-c", "while True: pass"], CLIENT) for _ in range(count)]


def measure(folder: Path, n: int, runs: int) -> bool:
    """Prints; whether every bar was held."""
    healthy = min(sweep(folder, n, 0, 1000) for _ in range(runs))
    print(f"{n} alive: {healthy[0]:.1f} s, {healthy[1]} missed   bar {ALIVE_S:g} s")
    holes = n * 3 // 100 + 8
    mixed = min(sweep(folder, n - holes, holes, 1000) for _ in range(runs))
    print(f"{n}, of them {holes} black holes: {mixed[0]:.1f} s, {mixed[1]} missed   bar {HOLES_S:g} s")
    busy = hogs(5)
    try:
        starved = sweep(folder, 8000, 0, 2000)
    finally:
        for hog in busy:
            hog.kill()
            hog.wait()
    print(f"8000 alive on a sixth of a core: {starved[0]:.1f} s, {starved[1]} called dead   bar 0")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    missed = healthy[1] + mixed[1] + starved[1]
    return healthy[0] <= ALIVE_S and mixed[0] <= HOLES_S and not missed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=26000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    farm = pinned(
        [sys.executable, str(HERE / "loopback.py"), str(PORT), str(HOLE)], FARM, stdin=subprocess.PIPE
    )
    try:
        listening(PORT)
        with tempfile.TemporaryDirectory() as name:
            return int(not measure(Path(name), args.n, args.runs))
    finally:
        farm.kill()
        farm.wait()


if __name__ == "__main__":
    sys.exit(main())
