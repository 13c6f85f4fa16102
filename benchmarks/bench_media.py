"""CPU per camera of the `picture` probe beside one ``ffmpeg`` process a camera: same server, same clips, one run.

python -m benchmarks.bench_media [--to verdict|picture] [--pictures 200] [--rounds 5]

Ours is everything from DESCRIBE to the judgement of all kinds (``--to picture``: to the decoded picture, averaged by
area), in all processes: the prober and its decoders, one connection a picture. ``ffmpeg`` takes the same first picture
of the same stream with
``-rtsp_transport tcp -i URL -frames:v 1 -q:v 5 out.jpg``: user + system time of its process, start-up included, as
every script that does this pays for it. Rounds are interleaved, eight at a time on either side, after a short one that
is not counted. The server's CPU is not counted. Ratios carry over to other machines, and depend on the build of ffmpeg
(a static one starts in a fifth of the time) and on how large the key picture is; milliseconds do not. Exit code 1 when
a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from camerahub.core.result import ProbeResult, Target
from camerahub.probes.decode import Decoders
from camerahub.probes.table import Prober
from camerahub.services.loop import factory

AT_A_TIME = 8
DEADLINE_S = 20.0


class Case(NamedTuple):
    """A mount of ``loopback_media``; bars of the ratio up to the picture and up to the verdict, 0 = reported only.

    ``share`` of the pictures asked for.
    """

    label: str
    picture: float
    verdict: float
    share: float = 1.0


CASES = {
    "d1-h264": Case("D1 H.264", 0.10, 0.11),
    "1080p-h264": Case("1080p H.264", 0.15, 0.16),
    "1080p-h265": Case("1080p H.265", 0.24, 0.0),
    "4k-h264": Case("4K H.264", 0.0, 0.0, 0.25),
    "4k-h265": Case("4K H.265", 0.0, 0.0, 0.25),
}


class Served(NamedTuple):
    """A running ``loopback_media``: bytes of the key picture and of a mean P picture by path."""

    pid: int
    port: int
    keys: dict[str, int]
    deltas: dict[str, int]


def cpu_s(pid: int) -> float:
    """Processor seconds of the living threads of ``pid``, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def children_cpu_s(but: int) -> float:
    """Processor seconds of this process's living children, to the nanosecond, ``but`` one."""
    total = 0.0
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            if int(pid) == but:
                continue
            total += cpu_s(int(pid))
    return total


@contextlib.contextmanager
def server(*clips: str) -> Iterator[Served]:
    """The running server of ``clips``, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.loopback_media", *clips],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parent.parent,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        yield Served(process.pid, said["port"], said["keys"], said["deltas"])
    finally:
        process.stdin.close()
        process.wait()


class Ours:
    """A prober with one decoder, kept between rounds, as a hub keeps it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.prober = Prober(loop, max_in_flight=AT_A_TIME, decoders=1)

    async def round_(self, served: Served, path: str, pictures: int) -> tuple[float, float]:
        """CPU seconds a picture: all processes, and the decoders' part of it."""
        results: list[ProbeResult] = []
        over = asyncio.get_running_loop().create_future()

        def done(result: ProbeResult) -> None:
            results.append(result)
            if len(results) == pictures:
                over.set_result(None)

        own, children = time.process_time(), children_cpu_s(served.pid)
        first = 100_000 * list(CASES).index(path)
        for n in range(first, first + pictures):
            target = Target(n, "127.0.0.1", served.port, f"rtsp://127.0.0.1:{served.port}/{path}")
            self.prober.start(target, "picture", DEADLINE_S, done)
        await over
        own, children = time.process_time() - own, children_cpu_s(served.pid) - children
        # Each camera of this server shows one picture for ever: from the second look on that is what is found.
        assert {r.reason for r in results} <= {"ok", "frozen"}, Counter(r.reason for r in results)
        return (own + children) / pictures, children / pictures


def ffmpeg(program: str, port: int, path: str, pictures: int, folder: Path) -> float:
    """CPU seconds a picture of ``pictures`` processes."""
    spent, started = 0.0, 0
    running: deque[subprocess.Popen[bytes]] = deque()
    command = [
        program,
        "-v",
        "error",
        "-y",
        "-rtsp_transport",
        "tcp",
        "-i",
        f"rtsp://127.0.0.1:{port}/{path}",
    ]
    command += ["-frames:v", "1", "-q:v", "5"]
    while started < pictures or running:
        while started < pictures and len(running) < AT_A_TIME:
            picture = folder / f"{started}.jpg"
            running.append(subprocess.Popen([*command, str(picture)], stdin=subprocess.DEVNULL))
            started += 1
        process = running.popleft()
        _, process.returncode, usage = os.wait4(process.pid, 0)
        assert process.returncode == 0, process.args
        spent += usage.ru_utime + usage.ru_stime
    return spent / pictures


def main() -> int:
    """1 when a bar is missed; without an ffmpeg ours is printed alone."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--pictures", type=int, default=200, help="a case and side, all rounds together")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--to", choices=("picture", "verdict"), default="verdict")
    args = words.parse_args()
    if args.to == "picture":
        decode_only()
    program = shutil.which("ffmpeg")
    print(build(program) if program else "no ffmpeg here: ratios are left out")
    missed = False
    with (
        tempfile.TemporaryDirectory() as name,
        asyncio.Runner(loop_factory=factory()) as runner,
        server(*CASES) as served,
    ):
        ours = runner.run(begin())
        for path, case in CASES.items():
            each = max(1, round(args.pictures * case.share / args.rounds))
            rows: list[tuple[float, float, float]] = []
            for number in [AT_A_TIME, *[each] * args.rounds]:  # the first warms up and is not counted
                mine = runner.run(ours.round_(served, path, number))
                peer = ffmpeg(program, served.port, path, number, Path(name)) if program else 0.0
                rows.append((*mine, peer))
            bar = getattr(case, args.to)
            missed |= not told(case.label, bar, rows[1:], (served.keys[path], served.deltas[path]))
        runner.run(ours.prober.aclose())
    return int(missed)


def decode_only() -> None:
    """Decoders of this process leave the judgement out."""
    defaults = Decoders.__init__.__kwdefaults__
    assert defaults is not None
    defaults["entry"] = ("-m", "benchmarks.decode_only")


async def begin() -> Ours:
    ours = Ours(asyncio.get_running_loop())
    await ours.prober.ready()
    return ours


def build(program: str) -> str:
    """The version of ffmpeg, and whether it is one file or loads its libraries at each start."""
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stdout
    version = said.splitlines()[0].partition(" Copyright")[0]
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    libraries = len(re.findall(r"=>", linked))
    return f"{version}, {f'{libraries} shared libraries' if libraries else 'static'}"


def told(label: str, bar: float, rows: list[tuple[float, float, float]], size: tuple[int, int]) -> bool:
    """Print a case; whether its bar held. ``size``: bytes of the key picture and of a mean P picture."""
    key, delta = size
    line = (
        f"{label:<12} I {key / 1024:5.0f} KiB, P {delta / 1024:4.1f} KiB  ours "
        f"{median(r[0] for r in rows) * 1e3:6.2f} ms (decoder {median(r[1] for r in rows) * 1e3:.2f})"
    )
    held = True
    if all(peer for _, _, peer in rows):
        ratio = median(mine / peer for mine, _, peer in rows)
        held = not bar or ratio <= bar
        line += f"  ffmpeg {median(r[2] for r in rows) * 1e3:4.0f} ms  ratio {ratio:.3f}"
        line += f" bar {bar:.2f} {'held' if held else 'MISSED'}" if bar else " (no bar)"
    print(line, flush=True)
    return held


if __name__ == "__main__":
    sys.exit(main())
