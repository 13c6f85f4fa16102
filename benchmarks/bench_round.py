"""One picture of each of 2,000 cameras by their sub-streams: what a round costs, in CPU, time and bytes.

python -m benchmarks.bench_round [--n 2000] [--at-once 100 150 200 250] [--decoders 2]

The virtual county plays sub-streams of about D1 (H.264, some in four slices, H.265; cameras with MJPEG, which never
wait, are left out) at 25 pictures a second from any picture of a loop of 2 to 4 s on, most behind a login: half a loop
of P pictures is received and thrown away before each key picture. Its P pictures are small; so a round follows against
``loopback_media``, a D1 clip of 0.7 Mbit/s and 3 s. Servers, prober and decoders share the machine's cores. Printed:
CPU per camera of all our processes, the prober's part of it, wall, bytes received, the server's CPU, and what 26,000
cameras come to over an uplink of 100 Mbit/s. Exit code 1 when the fastest round or the last one misses a bar.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench_media import children_cpu_s, server
from camerahub.core.result import ProbeResult, Target
from camerahub.farm.handle import Farm, start_county
from camerahub.farm.kinds import KINDS
from camerahub.farm.world import clip_of, codec_of
from camerahub.probes.table import Prober, open_files_allow
from camerahub.services.loop import factory

DEADLINE_S = 15.0
CPU_MS, WALL_S = 12.0, 40.0
CLIP = "d1-long"
#: What 26,000 cameras are extrapolated to.
CAMERAS, UPLINK_MBIT = 26_000, 100.0


class Round(NamedTuple):
    """One round: seconds, processor seconds, bytes."""

    at_once: int
    wall_s: float
    prober_s: float
    decoders_s: float
    server_s: float
    received: int
    key_bytes: int
    reasons: Counter[str]
    codecs: Counter[str]

    def cpu_ms(self, n: int) -> float:
        """Of all our processes, for one of ``n`` cameras."""
        return (self.prober_s + self.decoders_s) / n * 1e3


def whole_cpu_s(pids: Sequence[int]) -> float:
    """Processor seconds of processes since they began, threads that have ended included."""
    ticks = 0
    for pid in pids:
        ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def targets(farm: Farm, n: int) -> list[Target]:
    """The first ``n`` cameras with a sub-stream of groups of pictures."""
    county = farm.county
    made = [
        Target(
            number,
            camera.host,
            county.port(camera),
            county.url(camera),
            camera.username,
            camera.password,
            county.url(camera, camera.sub_path),
        )
        for number, camera in enumerate(county.cameras)
        if camera.sub_path and codec_of(clip_of(camera, KINDS[camera.kind], sub=True)) != "mjpeg"
    ]
    return made[:n]


async def one(servers: Sequence[int], cameras: list[Target], at_once: int, decoders: int) -> Round:
    """Every camera once, ``at_once`` at one time; ``servers``: process ids, the first one a child of ours."""
    loop = asyncio.get_running_loop()
    prober = Prober(loop, max_in_flight=at_once, decoders=decoders)
    await prober.ready()
    results: list[ProbeResult] = []
    over = loop.create_future()

    def done(result: ProbeResult) -> None:
        results.append(result)
        if len(results) == len(cameras):
            over.set_result(None)

    served = whole_cpu_s(servers)
    wall, own, children = time.monotonic(), time.process_time(), children_cpu_s(servers[0])
    for target in cameras:
        prober.start(target, "picture", DEADLINE_S, done)
    await over
    wall, own = time.monotonic() - wall, time.process_time() - own
    children = children_cpu_s(servers[0]) - children
    served = whole_cpu_s(servers) - served
    await prober.aclose()
    facts = [result.facts for result in results if result.facts is not None]
    return Round(
        at_once,
        wall,
        own,
        children,
        served,
        sum(fact.received for fact in facts),
        sum(fact.key_bytes for fact in facts),
        Counter(result.reason for result in results),
        Counter(fact.codec for fact in facts),
    )


def told(found: Round, n: int) -> None:
    """Print one round."""
    ours = found.prober_s + found.decoders_s
    print(
        f"{found.at_once:4} at once: wall {found.wall_s:5.1f} s  CPU {found.cpu_ms(n):5.2f} ms a camera (prober "
        f"{found.prober_s / n * 1e3:.2f}, decoders {found.decoders_s / n * 1e3:.2f})  received "
        f"{found.received / 1e6:.0f} MB, {found.received / n / 1024:.0f} KiB a camera (key picture "
        f"{found.key_bytes / n / 1024:.0f}) server {found.server_s / n * 1e3:.2f} ms, "
        f"{found.server_s / (found.server_s + ours):.0%} of the CPU  {dict(found.reasons)}",
        flush=True,
    )


def outlook(found: Round, n: int) -> None:
    """What a county of 26,000 comes to."""
    cpu = (found.prober_s + found.decoders_s) / n * CAMERAS
    received = found.received / n * CAMERAS
    line = received * 8 / UPLINK_MBIT / 1e6
    print(
        f"{CAMERAS} cameras: {received / 1e9:.1f} GB a round; at {UPLINK_MBIT:.0f} Mbit/s that is {line / 60:.0f} min, "
        f"in which our processes take {cpu:.0f} s of CPU: {cpu / line:.0%} of one core"
    )


def main() -> int:
    """1 when the best round misses a bar or a camera was not seen."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--n", type=int, default=2000)
    words.add_argument("--at-once", type=int, nargs="+", default=[100, 150, 200, 250])
    words.add_argument("--decoders", type=int, default=2)
    args = words.parse_args()
    open_files_allow(max(args.at_once) + 64)
    with start_county(cameras=args.n * 2, townships=20, mix={"healthy": 1}, media=True, idle_s=120.0) as farm:
        cameras = targets(farm, args.n)
        n = len(cameras)
        with asyncio.Runner(loop_factory=factory()) as runner:
            runner.run(one(farm.pids, cameras[: n // 10], 100, args.decoders))  # warm
            rounds = [runner.run(one(farm.pids, cameras, k, args.decoders)) for k in args.at_once]
            print(f"{n} cameras of the virtual county, {dict(rounds[0].codecs)}, {args.decoders} decoders")
            for found in rounds:
                told(found, n)
            print(f"pictures dropped by the farm: {farm.stats()['dropped']}")
    with server(CLIP) as served, asyncio.Runner(loop_factory=factory()) as runner:
        url = f"rtsp://127.0.0.1:{served.port}/joined/{CLIP}"
        cameras = [Target(number, "127.0.0.1", served.port, url) for number in range(n)]
        best = min(rounds, key=lambda found: found.wall_s)
        last = runner.run(one([served.pid], cameras, best.at_once, args.decoders))
        print(f"{n} cameras of 0.7 Mbit/s")
        told(last, n)
    outlook(last, n)
    held = all(found.cpu_ms(n) <= CPU_MS and found.wall_s <= WALL_S for found in (best, last))
    seen = all(found.reasons == {"ok": n} for found in (*rounds, last))
    print(
        f"bars {CPU_MS} ms and {WALL_S} s at {best.at_once} at once: {'held' if held else 'MISSED'}; all ok: {seen}"
    )
    return int(not (held and seen))


if __name__ == "__main__":
    sys.exit(main())
