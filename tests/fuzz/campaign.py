"""``python -m tests.fuzz.campaign [seconds a target]``: the long coverage-guided runs, one target after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: target -> inputs of a full campaign
RUNS = {
    "rtsp": 2_000_000,
    "sdp": 2_000_000,
    "rtp": 2_000_000,
    "onvif": 500_000,
    "rows": 1_000_000,
    "xlsx": 20_000,
}
#: Mutated key frames, from a seed; some three minutes.
PICTURES = 200_000


def main(seconds: int) -> int:
    """Exit code 1 when a target crashed."""
    crashed = []
    for name, runs in RUNS.items():
        corpus = HERE / "corpus" / name
        command = [
            sys.executable,
            str(HERE / f"fuzz_{name}.py"),
            f"-runs={runs}",
            f"-max_total_time={seconds}",
        ]
        print(f"== {name}: {runs} inputs", flush=True)
        if subprocess.run([*command, str(corpus)], cwd=HERE.parent.parent, check=False).returncode:
            crashed.append(name)
    print(f"== pictures: {PICTURES} key frames against the decoder pool", flush=True)
    command = [sys.executable, "-m", "tests.fuzz.pictures", str(PICTURES)]
    if subprocess.run(command, cwd=HERE.parent.parent, check=False).returncode:
        crashed.append("pictures")
    print(f"crashed: {', '.join(crashed)}" if crashed else "no crash")
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3600))
