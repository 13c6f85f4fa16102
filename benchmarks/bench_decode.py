"""CPU per picture of the decoder pool beside one ``ffmpeg`` process a picture: same files, one run, interleaved.

python -m benchmarks.bench_decode [--rounds 5]

Ours is everything: the prober's side and the child's, from the key frame in memory to the judgement. ``ffmpeg`` reads
the same key frame from a file and writes one JPEG at 640x360, one thread. Ratios carry over to other machines, and
depend on the build of ffmpeg (a static one starts in a fifth of the time); milliseconds do not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from camerahub.probes.decode import Decoded, Decoders

PICTURES = 40
#: Name -> codec, size, bound of the ratio to ffmpeg's process.
CASES = {
    "D1 H.264": ("H264", 704, 576, 0.15),
    "1080p H.264": ("H264", 1920, 1080, 0.25),
    "1080p H.265": ("H265", 1920, 1080, 0.35),
    "1080p JPEG": ("JPEG", 1920, 1080, 0.20),
}
#: Milliseconds of the prober's own CPU for a picture, and for each MiB of it: the kernel copies it into the socket.
IPC_MS, IPC_MS_PER_MIB = 0.3, 0.5


class KeyFrame(NamedTuple):
    codec: str
    data: bytes


async def ours(frame: KeyFrame, pictures: int = PICTURES) -> tuple[float, float]:
    """CPU seconds a picture: child, and this process."""
    loop = asyncio.get_running_loop()
    pool = Decoders(loop)
    await pool.start()
    spent = 0.0
    try:
        for counted in (False, True):  # the first round warms the caches up, as a fleet's would be
            answers: list[Decoded] = []
            over = loop.create_future()

            def take(
                decoded: Decoded, answers: list[Decoded] = answers, over: asyncio.Future[None] = over
            ) -> None:
                answers.append(decoded)
                if len(answers) == pictures:
                    over.set_result(None)

            before = time.process_time()
            for _ in range(pictures):
                pool.submit(frame, take)
            await over
            if counted:
                spent = time.process_time() - before
            assert {a.reason for a in answers} == {"ok"}, answers[0]
        return sum(a.cpu_s for a in answers) / pictures, spent / pictures
    finally:
        await pool.aclose()


def ffmpeg(program: str, path: Path) -> float:
    command = [program, "-v", "error", "-y", "-threads", "1", "-i", str(path), "-frames:v", "1"]
    command += ["-vf", "scale=640:360:flags=area", "-threads", "1", str(path.with_suffix(".out.jpg"))]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    from camerahub.services.loop import factory
    from tests.probes.streams import encode, photograph

    program = shutil.which("ffmpeg")
    if program is None:
        print("no ffmpeg here: ratios are left out")
    missed = False
    with tempfile.TemporaryDirectory() as name, asyncio.Runner(loop_factory=factory()) as runner:
        for label, (codec, width, height, bound) in CASES.items():
            frame = KeyFrame(codec, encode(codec, photograph(width, height), quality=26))
            path = Path(name) / f"picture.{codec.lower().replace('jpeg', 'jpg')}"
            path.write_bytes(frame.data)
            child, own, peer = [], [], []
            for _ in range(rounds):
                c, o = runner.run(ours(frame))
                child.append(c)
                own.append(o)
                if program:
                    peer.append(median(ffmpeg(program, path) for _ in range(5)))
            line = (
                f"{label:<12} {len(frame.data) / 1024:4.0f} KiB  child {median(child) * 1e3:6.2f} ms "
                f"(best {min(child) * 1e3:.2f})  prober {median(own) * 1e3:.3f} ms (best {min(own) * 1e3:.3f})"
            )
            if peer:
                ratio = median((c + o) / p for c, o, p in zip(child, own, peer, strict=True))
                held = ratio <= bound
                line += f"  ffmpeg {median(peer) * 1e3:.0f} ms  ratio {ratio:.3f} bar {bound:.2f} "
                line += "held" if held else "MISSED"
                missed |= not held
            allowed = IPC_MS + IPC_MS_PER_MIB * len(frame.data) / (1 << 20)
            if min(own) * 1e3 > allowed:
                line += f"  prober above {allowed:.2f} ms: MISSED"
                missed = True
            print(line, flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
