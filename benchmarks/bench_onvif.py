"""ONVIF time and device information beside onvif-zeep-async: CPU and memory per camera, same double, one run.

python -m benchmarks.bench_onvif [--n 400] [--rounds 5]

Ours is a brief ``OnvifSession`` on the engine: the time without a login, then the device information with a token, each
login on a fresh connection. Theirs is one ``ONVIFCamera`` with its device service, the same two calls, the same
process for all rounds so that its documents are cached ("calls"); a second row adds ``update_xaddrs``, as its README
does. 20 at once, clients on one core, the double on the other, rounds of both interleaved; ratios are medians.
Memory is what Python has allocated for each client that is kept, with what it learned.
The peer lives in an environment of its own under ``.venv``, made at the first run. Bars are checked: exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median

from benchmarks.bench_probe import CLIENT, FARM, cpu_of, pinned, until_listening
from camerahub.core.result import ProbeResult, Target

HERE = Path(__file__).resolve().parent
PORT = 18580
AT_ONCE = 20
KEPT = 1000
CPU_BAR, MEMORY_BAR = 0.20, 10_000


def peer() -> str:
    """The Python that has onvif-zeep-async."""
    folder = HERE.parent / ".venv" / "peers" / "zeep"
    python = folder / "bin" / "python"
    if not python.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        wanted = ["onvif-zeep-async>=4,<5"]
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *wanted], check=True)
    return str(python)


def target(i: int) -> Target:
    return Target(i, f"127.9.{i // 250 % 250}.{1 + i % 250}", PORT, "", "admin", "secret")


async def one_round(n: int) -> list[object]:
    """All cameras once; the conversations, with what they learned."""
    from camerahub.probes.onvif import onvif_enrol
    from camerahub.probes.table import Prober

    loop = asyncio.get_running_loop()
    prober = Prober(loop, max_in_flight=AT_ONCE)
    finished, left, talks = loop.create_future(), n, []

    def done(result: ProbeResult) -> None:
        nonlocal left
        assert (result.reason, result.stage) == ("ok", 3), result
        left -= 1
        if not left:
            finished.set_result(None)

    for i in range(n):
        talk = onvif_enrol(target(i), brief=True)
        talks.append(talk)
        prober.run(target(i), talk, 10.0, done)
    await finished
    await prober.aclose()
    assert all(talk.facts.device.maker == "Invented" for talk in talks)  # type: ignore[union-attr]
    return list(talks)


def ours(n: int, rounds: int) -> dict[str, object]:
    from camerahub.services.loop import factory

    spent = []
    with asyncio.Runner(loop_factory=factory()) as runner:
        for _ in range(rounds + 1):
            before = time.process_time()
            runner.run(one_round(n))
            spent.append((time.process_time() - before) / n)
        gc.collect()
        tracemalloc.start()
        kept = runner.run(one_round(KEPT))
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] / len(kept)
    return {"cpu_s": spent[1:], "bytes": held}


def child(command: list[str]) -> dict[str, object]:
    process = pinned(command, CLIENT, stdout=subprocess.PIPE, cwd=HERE.parent)
    out, _ = process.communicate()
    assert process.returncode == 0
    told: dict[str, object] = json.loads(out)
    return told


def measure(n: int, rounds: int) -> dict[str, list[dict[str, object]]]:
    me = [sys.executable, "-m", "benchmarks.bench_onvif", "--n", str(4 * n), "--rounds", "1", "--child"]
    theirs = [peer(), str(HERE / "zeep_client.py"), str(PORT), str(n), "1"]
    found: dict[str, list[dict[str, object]]] = {"ours": [], "zeep calls": [], "zeep with update_xaddrs": []}
    for _ in range(rounds):
        found["zeep calls"].append(child([*theirs, "0"]))
        found["ours"].append(child(me))
        found["zeep with update_xaddrs"].append(child([*theirs, "1"]))
    return found


def report(found: dict[str, list[dict[str, object]]]) -> int:
    """Print the table; 1 when a bar was missed."""
    cpu = {name: [median(run["cpu_s"]) for run in runs] for name, runs in found.items()}  # type: ignore[call-overload]
    memory = {name: median(float(run["bytes"]) for run in runs) for name, runs in found.items()}  # type: ignore[arg-type]
    for name, figures in cpu.items():
        ratio = median(a / b for a, b in zip(cpu["ours"], figures, strict=True))
        spread = f"{min(figures) * 1e6:.0f}..{max(figures) * 1e6:.0f}"
        print(
            f"{name:<24} {median(figures) * 1e6:7.0f} us/camera ({spread:>11})  {memory[name] / 1000:6.1f} kB/camera  "
            f"ours / this {ratio:.3f}"
        )
    ratio = median(a / b for a, b in zip(cpu["ours"], cpu["zeep calls"], strict=True))
    missed = ratio > CPU_BAR or memory["ours"] > MEMORY_BAR
    print(
        f"bars: CPU ratio {CPU_BAR:.2f}, memory {MEMORY_BAR / 1000:.0f} kB: {'MISSED' if missed else 'held'}"
    )
    return int(missed)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", action="store_true")
    args = parser.parse_args()
    if args.child:
        print(json.dumps(ours(args.n, args.rounds)))
        return 0
    farm = pinned([sys.executable, str(HERE / "loopback_onvif.py"), str(PORT)], FARM, stdin=subprocess.PIPE)
    try:
        until_listening(PORT)
        os.sched_setaffinity(0, {FARM})
        began, before = time.monotonic(), cpu_of(farm.pid)
        found = measure(args.n, args.rounds)
        print(
            f"double: {(cpu_of(farm.pid) - before) / (time.monotonic() - began):.0%} of its core over the whole run"
        )
    finally:
        farm.kill()
        farm.wait()
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
