"""Results folded per second on one core, by fleet and batch size, beside a plain-Python fold in the same run.

python benchmarks/bench_fold.py [--seconds 0.6]
"""

from __future__ import annotations

import argparse
from itertools import cycle
from time import perf_counter, process_time

import numpy as np

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import POLICIES, States, expire, fold
from camerahub.core.result import PROBE_KINDS, REASON_CODES, Facet
from camerahub.core.roads import Cameras, Roads

T0 = 1_790_000_000_000_000
MINUTE = 60_000_000
OK, TIMEOUT = REASON_CODES["ok"], REASON_CODES["timeout"]


def rounds(n: int, size: int, flips: float) -> list[list[tuple[np.ndarray, np.ndarray, int]]]:
    """Six rounds over n endpoints in shuffled batches; ``flips`` of the fleet go down and come up again within them."""
    rng = np.random.default_rng(7)
    faulty = rng.random(n) < flips * 3
    out = []
    for k in range(6):
        order = rng.permutation(n)
        bad = faulty[order] & (k < 3)
        batch = np.zeros(n, dtype=RESULT_DTYPE)
        batch["endpoint"], batch["probe"] = order, PROBE_KINDS["options"].code
        batch["started_at"] = T0 + k * MINUTE + np.arange(n) * (MINUTE // n)
        batch["reason"] = np.where(bad, TIMEOUT, OK)
        out.append([(order[a : a + size], batch[a : a + size]) for a in range(0, n, size)])
    return out


def plain(n: int, work: list, now: int) -> float:
    """The same with a dict an endpoint: seconds for one round."""
    states = [
        {"answer": 0, "history": 0, "reason": 23, "since": 0, "observed": 0, "seen": 0} for _ in range(n)
    ]
    flips = []
    started = process_time()
    for index, batch in work:
        for i, row in zip(index.tolist(), batch.tolist(), strict=True):
            state, at, reason = states[i], row[1], row[6]
            if at < state["observed"]:
                continue
            state["observed"] = at
            state["seen"] = max(at, state["seen"])
            bad = reason == TIMEOUT
            state["history"] = history = (state["history"] << 1 | bad) & 7
            answer = state["answer"]
            if bad and history == 7 and answer != 2:
                new = 2
            elif not bad and (answer == 0 or (answer == 2 and not history & 3)):
                new = 1
            else:
                new = answer
            if new == (2 if bad else 1):
                state["reason"] = reason
            if new != answer:
                flips.append((i, at, answer, new, reason))
                state["answer"], state["since"] = new, at
    return process_time() - started


def folded(n: int, work: list, seconds: float) -> tuple[float, float, int]:
    """CPU seconds a result, the same with camera flips, and flips a round; rounds start at one good round."""
    states = States.fresh(n, [POLICIES[Facet.ONLINE]])
    roads = Roads.build(np.arange(n), n)
    cameras = Cameras.of(states, roads)
    results = flips = 0
    spent = with_cameras = 0.0
    shift = 0
    started = perf_counter()
    for k, batches in enumerate(cycle(work)):
        if k % 6 == 0:
            if perf_counter() - started > seconds and k > 6:
                break
            shift = k * MINUTE
        now = T0 + shift + (k % 6 + 1) * MINUTE
        todo = [(i, moved(b, shift)) for i, b in batches]
        a = process_time()
        done = [fold(states, i, b, now) for i, b in todo]
        b_ = process_time()
        for d in done:
            cameras.apply(states, roads, d.flips, now)
        c = process_time()
        if k >= 6:
            spent, with_cameras = spent + b_ - a, with_cameras + c - a
            results += n
            flips += sum(len(d.flips) for d in done)
    return spent / results, with_cameras / results, flips * n // results


def moved(batch: np.ndarray, shift: int) -> np.ndarray:
    batch = batch.copy()
    batch["started_at"] += shift
    return batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.6)
    seconds = parser.parse_args().seconds
    print("endpoints   batch flips/round ns/result    results/s  with cameras  x plain")
    for n in (26_000, 100_000):
        slow = plain(n, rounds(n, n, 0.03)[0], T0) / n
        print(f"{n:>9} {n:>7} {'':>11} {slow * 1e9:>9.0f} {1 / slow:>12,.0f}  (plain Python)")
        for size in (100, 500, 2_000, 26_000):
            fast, both, flips = folded(n, rounds(n, size, 0.03), seconds)
            line = f"{n:>9} {size:>7} {flips:>11} {fast * 1e9:>9.0f} {1 / fast:>12,.0f} {1 / both:>13,.0f}"
            print(f"{line} {slow / fast:>8.1f}")
        print(f"{n:>9}  expire: {silence(n) * 1e6:.0f} us a call")


def silence(n: int) -> float:
    """CPU seconds of one ``expire`` over ``n`` endpoints when nothing is stale."""
    states = States.fresh(n)
    started = process_time()
    for k in range(100):
        expire(states, T0 + k)
    return (process_time() - started) / 100


if __name__ == "__main__":
    main()
