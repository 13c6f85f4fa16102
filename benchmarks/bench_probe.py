"""CPU per probe beside blackbox_exporter and asyncio streams: same farm, one run, interleaved rounds.

python -m benchmarks.bench_probe [--n 26000] [--rounds 7]

Everything that probes is pinned to one core, the farm and the driver of blackbox_exporter to the other. CPU is user +
system: of the whole `sweep` process (start-up included) by wait4, of blackbox_exporter from /proc, of the rest by the
process itself around its probes, in its second round over the same addresses. Each ratio is the median of the ratios
of single rounds. Ratios carry over to other machines, microseconds do not. Bars are checked: exit code 1 when missed.

What the peers do. blackbox_exporter: its tcp prober with query_response, OPTIONS and an expected status line, one
processor. "streams": what a good plain asyncio program does for the same answer, on the loop of the standard library:
a task a camera behind a semaphore, `asyncio.timeout`, `open_connection`, DESCRIBE, status and headers by name,
the challenge's parameters by name, the Digest computed (MD5, qop auth), DESCRIBE again, the body read by its length,
the connection closed, a result kept. It leaves out what ours does besides: limits, other algorithms, broken peers.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import json
import math
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from camerahub.core.result import Outcome, ProbeResult, Target

HERE = Path(__file__).resolve().parent
CORES = sorted(os.sched_getaffinity(0))
CLIENT, FARM = CORES[0], CORES[-1]
PORT, EXPORTER = 18554, 18115
AT_ONCE = 200
TICK = os.sysconf("SC_CLK_TCK")
BARS = {"sweep options": 0.25, "engine options": 0.16, "engine rtsp": 0.40}
MODULE = """modules:
  rtsp:
    prober: tcp
    timeout: 5s
    tcp:
      preferred_ip_protocol: ip4
      query_response:
        - send: "OPTIONS rtsp://camera/ RTSP/1.0\\r\\nCSeq: 1\\r\\n\\r"
        - expect: "^RTSP/1.0 200"
"""


def addresses(n: int) -> list[str]:
    return [f"127.{1 + i // 60000}.{i // 250 % 240}.{1 + i % 250}" for i in range(n)]


def pinned(command: list[str], core: int, **kwargs: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["taskset", "-c", str(core), *command], **kwargs)  # type: ignore[call-overload, no-any-return]


def cpu_of(pid: int) -> float:
    """User + system seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


# -- what is measured: CPU seconds per probe --------------------------------------------------------------------------


def sweep(n: int, folder: Path, *options: str) -> float:
    targets = folder / f"targets{n}"
    targets.write_text("".join(f"{host}:{PORT}\n" for host in addresses(n)))
    command = [sys.executable, "-m", "camerahub", "sweep", "--targets", str(targets), "--json", *options]
    with open(folder / "out", "wb") as out:
        process = pinned(command, CLIENT, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    summary = json.loads((folder / "out").read_bytes().splitlines()[-1])["summary"]
    assert status == 0, status
    assert summary["outcomes"]["ok"] == n, summary
    return (usage.ru_utime + usage.ru_stime) / n


def child(kind: str, n: int) -> float:
    command = [sys.executable, "-m", "benchmarks.bench_probe", "--child", kind, "--n", str(n)]
    process = pinned(command, CLIENT, stdout=subprocess.PIPE, cwd=HERE.parent)
    out, _ = process.communicate()
    return float(out)


def blackbox(n: int, pid: int, rate: float = math.inf) -> float:
    """CPU seconds per probe of blackbox_exporter: ``n`` of them, as fast as they go or ``rate`` a second."""
    hosts = enumerate(addresses(n))
    lock, bad = threading.Lock(), []
    began = time.monotonic()

    def drive() -> None:
        line = http.client.HTTPConnection("127.0.0.1", EXPORTER)
        while True:
            with lock:
                number, host = next(hosts, (0, None))
            if host is None:
                break
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            line.request("GET", f"/probe?module=rtsp&target={host}:{PORT}")
            if b"probe_success 1" not in line.getresponse().read():
                bad.append(host)
        line.close()

    before = cpu_of(pid)
    threads = [threading.Thread(target=drive) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not bad, bad[:3]
    return (cpu_of(pid) - before) / n


# -- children ---------------------------------------------------------------------------------------------------------


def targets_of(probe: str, n: int) -> list[Target]:
    login = {"username": "admin", "password": "secret"} if probe == "rtsp" else {}
    return [Target(i, host, PORT, f"rtsp://{host}:{PORT}/a", **login) for i, host in enumerate(addresses(n))]


async def engine_round(probe: str, known: list[Target]) -> None:
    """Ours without the command: Prober, results made and dropped."""
    from camerahub.probes.table import Prober

    loop = asyncio.get_running_loop()
    prober = Prober(loop, max_in_flight=AT_ONCE)
    targets, n = iter(known), len(known)
    finished = loop.create_future()
    left = n

    def done(result: ProbeResult) -> None:
        nonlocal left
        assert result.reason == "ok", result
        left -= 1
        target = next(targets, None)
        if target is not None:
            prober.start(target, probe, 10.0, done)
        elif not left:
            finished.set_result(None)

    for _ in range(AT_ONCE):
        prober.start(next(targets), probe, 10.0, done)
    await finished
    await prober.aclose()


PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def digest(challenge: str, uri: str) -> str:
    """The Digest answer to a challenge (RFC 2617, MD5, qop auth or none)."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    asked = {name.lower(): quoted or bare for name, quoted, bare in PARAMETER.findall(challenge)}
    realm, nonce = asked["realm"], asked["nonce"]
    secret, request = md5(f"admin:{realm}:secret"), md5(f"DESCRIBE:{uri}")
    said = f'Digest username="admin", realm="{realm}", nonce="{nonce}", uri="{uri}", '
    if "auth" not in asked.get("qop", ""):
        return f'{said}response="{md5(f"{secret}:{nonce}:{request}")}"'
    cnonce = os.urandom(8).hex()
    response = md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{request}")
    return f'{said}response="{response}", qop=auth, nc=00000001, cnonce="{cnonce}"'


async def reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one reply."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    version, status, _ = first.split(" ", 2)
    if not version.startswith("RTSP/"):
        raise ValueError("not RTSP")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    return int(status), headers, await reader.readexactly(length) if length else b""


async def one_by_streams(host: str) -> int:
    """The plain asyncio way: DESCRIBE, one answer to the challenge, the status of the second reply."""
    uri = f"rtsp://{host}:{PORT}/a"
    reader, writer = await asyncio.open_connection(host, PORT)
    try:
        writer.write(f"DESCRIBE {uri} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n".encode())
        status, headers, _ = await reply(reader)
        if status == 401:
            login = digest(headers["www-authenticate"], uri)
            writer.write(
                f"DESCRIBE {uri} RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n"
                f"Authorization: {login}\r\n\r\n".encode()
            )
            status, _, body = await reply(reader)
            assert body.startswith(b"v=0")
        return status
    finally:
        writer.close()


async def streams_round(hosts: list[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    results: list[ProbeResult] = []

    async def one(i: int, host: str) -> None:
        async with gate:
            began, started = time.time_ns() // 1000, time.monotonic()
            async with asyncio.timeout(10.0):
                status = await one_by_streams(host)
            took = time.monotonic() - started
            results.append(ProbeResult(i, "rtsp", Outcome.OK, "ok", 3, began, took, status))

    await asyncio.gather(*(one(i, host) for i, host in enumerate(hosts)))
    assert {result.status for result in results} == {200}
    assert len(results) == len(hosts)


def run_child(kind: str, n: int) -> None:
    """The second of two rounds: a fleet dials the same cameras every minute, so addresses are known."""
    from camerahub.services.loop import factory

    streams = kind == "streams"
    hosts, targets = addresses(n), targets_of(kind, n)
    with asyncio.Runner(loop_factory=None if streams else factory()) as runner:
        for _ in range(2):
            before = time.process_time()
            runner.run(streams_round(hosts) if streams else engine_round(kind, targets))
    print((time.process_time() - before) / n)


# -- the run ----------------------------------------------------------------------------------------------------------


def until_listening(port: int) -> None:
    for _ in range(100):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


def measure(n: int, rounds: int, folder: Path, farm: int, exporter: int | None) -> dict[str, list[float]]:
    small = max(1000, n // 8)  # what is dear is measured on fewer
    found: dict[str, list[float]] = {}
    began, farm_before = time.monotonic(), cpu_of(farm)
    for _ in range(rounds):
        if exporter is not None:
            found.setdefault("blackbox options", []).append(blackbox(small, exporter))
        found.setdefault("engine options", []).append(child("options", small * 2))
        found.setdefault("sweep options", []).append(sweep(n, folder))
        found.setdefault("streams rtsp", []).append(child("streams", small))
        found.setdefault("engine rtsp", []).append(child("rtsp", small * 2))
    share = (cpu_of(farm) - farm_before) / (time.monotonic() - began)
    print(f"farm: {share:.0%} of its core over the whole run")
    return found


def report(found: dict[str, list[float]]) -> int:
    """Print the table; 1 when a bar was missed."""
    missed = 0
    for name, figures in found.items():
        peer = found.get("streams rtsp" if name.endswith("rtsp") else "blackbox options")
        ratios = [a / b for a, b in zip(figures, peer, strict=True)] if peer else [float("nan")]
        ratio = median(ratios)
        bar = BARS.get(name)
        verdict = "" if bar is None or not peer else f"  bar {bar:.2f} {'held' if ratio <= bar else 'MISSED'}"
        missed |= "MISSED" in verdict
        spread = f"{min(figures) * 1e6:.0f}..{max(figures) * 1e6:.0f}"
        rounds = f"{min(ratios):.3f}..{max(ratios):.3f}"
        print(
            f"{name:<18} {median(figures) * 1e6:6.1f} us/probe ({spread:>9})  ratio {ratio:.3f} ({rounds}){verdict}"
        )
    return int(missed)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=26000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--child", choices=["options", "rtsp", "streams"])
    args = parser.parse_args()
    if args.child:
        run_child(args.child, args.n)
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    program = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
    exporter = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        farm = pinned([sys.executable, str(HERE / "loopback.py"), str(PORT)], FARM, stdin=subprocess.PIPE)
        try:
            until_listening(PORT)
            if program:
                (folder / "blackbox.yml").write_text(MODULE)
                exporter = pinned(
                    [
                        program,
                        f"--config.file={folder}/blackbox.yml",
                        f"--web.listen-address=127.0.0.1:{EXPORTER}",
                    ],
                    CLIENT,
                    env={**os.environ, "GOMAXPROCS": "1"},
                    stderr=subprocess.DEVNULL,
                )
                until_listening(EXPORTER)
            os.sched_setaffinity(0, {FARM})
            found = measure(args.n, args.rounds, folder, farm.pid, exporter.pid if exporter else None)
        finally:
            for process in (exporter, farm):
                if process is not None:
                    process.kill()
                    process.wait()
    if exporter is None:
        print("no blackbox_exporter here: its ratios are left out")
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
