"""The pages of the hub at 30,000 cameras while its probers sweep: answer times, CPU a request, the table to take away.

    python -m benchmarks.bench_page [--cameras 30000] [--rate 20] [--seconds 30] [--database sqlite postgresql]

A whole `camerahub run` (60 s interval) watches a virtual county on loopback. A client in a process of its own asks at a
fixed rate whatever comes back (open loop: a late answer is late from the moment it was due), a new mix of filters,
orders, pages and searches each time. `healthz` beside it costs nothing: its times are the machine's and the loop's. CPU
a request: the hub's over the load, less what it used at rest before. Exit code 1 when a bar is missed: list p99 within
100 ms, XLSX of all cameras within 3 s.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from camerahub.core.result import FAULT_KINDS
from camerahub.farm.handle import start_county
from tests.contract.server import postgres

TOWNSHIPS = 300
BARS = {"list p99 ms": 100.0, "xlsx s": 3.0}
SETTLE_S = 75.0
NEVER = float("inf")
TICKS = os.sysconf("SC_CLK_TCK")
CONFIG = """[site]
name = "bench"
[web]
port = 0
[fleet]
subnet_seats = 1000
picture_interval_s = {pictures}
[logs]
level = "error"
{database}
"""


def command(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "camerahub", "--home", str(home), *words]


def furnished(folder: Path, database: str) -> Path:
    """A home with the county of ``folder`` in its register."""
    home = folder / "home"
    subprocess.run(command(home, "init"), check=True, capture_output=True)
    url = f'[database]\nurl = "{database}"\n' if database else ""
    (home / "camerahub.toml").write_text(CONFIG.format(database=url, pictures=900.0), "utf-8")
    subprocess.run(command(home, "migrate"), check=True, capture_output=True)
    subprocess.run(command(home, "import-areas", str(folder / "areas.csv")), check=True, capture_output=True)
    done = subprocess.run(
        command(home, "import", str(folder / "register.csv")), capture_output=True, check=False
    )
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr.decode())
    return home


@contextlib.contextmanager
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A hub, and its address."""
    with (home / "run.log").open("w+") as log:
        hub = subprocess.Popen(command(home, "run"), stderr=log, text=True)
        try:
            for _ in range(600):
                time.sleep(0.1)
                found = re.search(r"http://127\.0\.0\.1:\d+", (home / "run.log").read_text("utf-8"))
                if found:
                    break
                if hub.poll() is not None:
                    raise SystemExit((home / "run.log").read_text("utf-8"))
            else:
                raise SystemExit("the hub did not start within a minute")
            yield hub, found[0]
        finally:
            hub.send_signal(signal.SIGINT)
            hub.wait(60)


def cpu(pid: int, *, children: bool = False) -> float:
    """Seconds of processor this process has used, or its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[13:15] if children else fields[11:13])) / TICKS


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def questions(base: str, rng: random.Random) -> list[str]:
    """Addresses of lists a day brings, none asked twice in a row."""
    towns = re.findall(r'<option value="(\d+)"', read(base + "/cameras").decode())
    words = ["村", "大桥", "0012", "9901", "广场东"]
    found = []
    for _ in range(1000):
        asked = {"page": str(rng.choice((1, 1, 1, 2, 9, 300)))}
        for name, values, share in (
            ("township", towns, 0.4),
            ("facet", ("online", "media", "lit", "picture"), 0.6),
            ("state", ("up", "down", "unknown"), 0.6),
            ("reason", ("timeout", "refused", "auth", *FAULT_KINDS), 0.1),
            ("q", words, 0.2),
            ("sort", ("-since", "since", "name", "area", "state", "reason", "-code"), 0.5),
        ):
            if rng.random() < share:
                asked[name] = rng.choice(values)
        found.append(base + "/cameras?" + "&".join(f"{name}={value}" for name, value in asked.items()))
    return found


async def asking(urls: list[str], rate: float, seconds: float) -> list[float]:
    """Seconds each answer took from when it was due; one that is no page took for ever."""
    took: list[float] = []
    loop = asyncio.get_running_loop()

    async def one(session: aiohttp.ClientSession, url: str, due: float) -> None:
        async with session.get(url) as answer:
            body = await answer.read()
            whole = answer.status == 200 and body.endswith((b"</html>", b"}"))
        took.append(loop.time() - due if whole else NEVER)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        start = loop.time()
        for number in range(round(rate * seconds)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            group.create_task(one(session, urls[number % len(urls)], due))
    return took


def client(urls: list[str], rate: float, seconds: float) -> list[float]:
    """``asking`` in a process of its own."""
    said = json.dumps([urls, rate, seconds])
    words = [sys.executable, "-m", "benchmarks.bench_page", "--client"]
    done = subprocess.run(words, input=said, capture_output=True, text=True, check=True)
    return [float(value) for value in json.loads(done.stdout)]


def told(name: str, took: list[float], used: float) -> dict[str, float]:
    ordered = sorted(took)
    at = {
        share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 for share in (0.5, 0.9, 0.99)
    }
    print(
        f"  {name:<8} {len(took):4d} asked, {ordered.count(NEVER)} refused  p50 {at[0.5]:6.1f}  p90 {at[0.9]:6.1f}  "
        f"p99 {at[0.99]:6.1f}  worst {ordered[-1] * 1e3:6.1f} ms   CPU {used / len(took) * 1e3:5.1f} ms each",
        flush=True,
    )
    return {"p99": at[0.99]}


def loaded(hub: int, name: str, urls: list[str], rate: float, seconds: float) -> dict[str, float]:
    before, begun = cpu(hub), time.monotonic()
    time.sleep(10.0)
    rest = (cpu(hub) - before) / (time.monotonic() - begun)
    before, begun = cpu(hub), time.monotonic()
    took = client(urls, rate, seconds)
    used = cpu(hub) - before - rest * (time.monotonic() - begun)
    return told(name, took, used)


def measured(home: Path, options: argparse.Namespace) -> dict[str, float]:
    with running(home) as (hub, base):
        print(f"  settling {SETTLE_S:.0f} s", flush=True)
        time.sleep(SETTLE_S)
        rng = random.Random(1)
        loaded(hub.pid, "healthz", [base + "/healthz"], options.rate, min(20.0, options.seconds))
        lists = loaded(hub.pid, "list", questions(base, rng), options.rate, options.seconds)
        codes = re.findall(r'href="(/cameras/[^"?]+)"', read(base + "/cameras?state=down").decode())
        loaded(hub.pid, "camera", [base + code for code in codes], 2.0, min(20.0, options.seconds))
        loaded(hub.pid, "index", [base + "/"], 2.0, 10.0)
        tables, spent = [], cpu(hub.pid, children=True)
        for _ in range(3):
            begun = time.perf_counter()
            body = read(base + "/cameras.xlsx?scope=all")
            tables.append(time.perf_counter() - begun)
        spent = (cpu(hub.pid, children=True) - spent) / len(tables)
        print(
            f"  xlsx       {len(body) / 1e6:.1f} MB in {min(tables):.2f} to {max(tables):.2f} s   "
            f"CPU {spent:.2f} s each, in a process of its own"
        )
        return {"list p99 ms": lists["p99"], "xlsx s": min(tables)}


def main() -> int:
    """Print the figures; 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cameras", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--database", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        urls, rate, seconds = json.load(sys.stdin)
        print(json.dumps(asyncio.run(asking(urls, rate, seconds))))
        return 0
    missed = False
    with start_county(cameras=options.cameras, townships=TOWNSHIPS, media=False) as farm:
        for database in options.database:
            with contextlib.ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                url = "" if database == "sqlite" else stack.enter_context(postgres())
                farm.write(folder)
                print(f"{options.cameras} cameras, {TOWNSHIPS} townships, {database}", flush=True)
                found = measured(furnished(folder, url), options)
                missed |= any(found[name] > bar for name, bar in BARS.items())
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
