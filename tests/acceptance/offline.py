"""``python -m tests.acceptance.offline BUNDLE FOLDER``: install a bundle where there is no network, and use it.

Run inside a network namespace of its own (``unshare -n``): its loopback is raised here, and nothing else is there. The
virtual cameras are served by the development environment; everything that looks at them is the installed program.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from camerahub.farm.handle import start_county

_UP, _SET_FLAGS = 0x1 | 0x40, 0x8914  # IFF_UP | IFF_RUNNING, SIOCSIFFLAGS


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        fcntl.ioctl(plug, _SET_FLAGS, struct.pack("16sh", b"lo", _UP))


def alone() -> bool:
    """Nothing beyond loopback can be dialled."""
    with socket.socket() as plug:
        plug.settimeout(1.0)
        return plug.connect_ex(("192.0.2.1", 80)) == errno.ENETUNREACH


def said(*words: str | Path, **environment: str) -> str:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "PYTHON"))
    }
    done = subprocess.run(
        [str(word) for word in words], env=clean | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main(bundle: Path, folder: Path) -> None:
    raise_loopback()
    told: dict[str, Any] = {"alone": alone()}
    prefix, home = folder / "opt", folder / "home"
    where = ("--prefix", prefix, "--home", home, "--backups", folder / "backups")
    said("sh", bundle / "install.sh", *where, "--no-systemd", "--python", sys.executable)
    program = prefix / "current" / "bin" / "camerahub"
    told["version"] = said(program, "--version").split()[-1]

    def camerahub(*words: str | Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in said(program, "--home", home, *words, "--json").splitlines()]

    told["doctor"] = {line["check"]: line["level"] for line in camerahub("doctor") if "check" in line}
    with start_county(cameras=60, townships=2) as farm:
        farm.write(folder)
        said(program, "--home", home, "import-areas", folder / "areas.csv")
        camerahub("import", folder / "register.csv")
        told["sweep"] = camerahub("sweep")[-1]["summary"]["outcomes"]
        truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
        told["expected"] = sum(row["expected"] for row in truth)
        told["alive"] = sum(row["expected"] and row["online"] == "up" for row in truth)
    # the caged decoders and what judges pictures, without waiting for a login that is tried gently
    cv2.imwrite(str(folder / "black.jpg"), np.full((576, 704, 3), 4, np.uint8))
    told["diagnosed"] = camerahub("diagnose", folder / "black.jpg")[0]["faults"]
    told["backup"] = camerahub("backup")[0]["counts"]["cameras"]
    said("sh", bundle / "install.sh", *where, "--no-systemd", "--python", sys.executable)
    told["versions"] = len(list((prefix / "versions").iterdir()))
    said(program, "--home", home, "migrate")
    told["cameras"] = len(camerahub("cameras"))
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
