"""``make dashboard-shots``: a farm, a hub and a Prometheus live through some minutes; then each board is drawn once.

Drawn by Grafana's own panels (npm ``@grafana/ui``, pinned in package.json) in a headless Chromium, from the JSON
checked in. Wants npm, chromium, prometheus, ffmpeg and Chinese fonts (Debian: npm chromium prometheus
prometheus-alertmanager ffmpeg fonts-noto-cjk). On demand: a quarter of an hour, 600 MB of npm; no test needs it.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import subprocess
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from camerahub.farm.handle import Farm
from camerahub.farm.model import Camera
from tests.acceptance.county import office, until
from tests.acceptance.watching import Watch, watching

HERE = Path(__file__).parent
BOARDS = HERE.parent
PICTURES = BOARDS.parent / "docs" / "pictures"
SIZE = (1600, 900)
#: A picture smaller than this shows nothing.
BLANK_BYTES = 50_000
#: Quick, so that minutes show what hours show in a county.
CONFIG = """[site]
name = "camerahub 演示县"
[web]
port = 0
[fleet]
interval_s = 10.0
deadline_s = 4.0
confirm_s = 3.0
subnet_seats = 64
picture_interval_s = 60.0
picture_deadline_s = 12.0
picture_confirm_s = 10.0
picture_seats = 128
picture_mbps = 0.0
[health.media]
stale_s = 300.0
[health.lit]
stale_s = 300.0
[health.picture]
stale_s = 300.0
[guard]
pace_per_s = 100.0
[[uplinks]]
name = "xueliang"
references = ["tcp://127.0.0.1:{port}"]
[[uplinks]]
name = "tianwang"
subnets = ["127.16.8.0/21"]
references = ["tcp://127.0.0.2:{port}"]
[[uplinks]]
name = "huiyan"
subnets = ["127.16.16.0/21"]
references = ["tcp://127.0.0.3:{port}"]
[logs]
level = "error"
"""


def build() -> None:
    """The page, once for each change of it."""
    if not (HERE / "node_modules").exists():
        _run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
    _run("npx", "vite", "build", "--logLevel", "error")


def _run(*command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    cwd = more.pop("cwd", HERE)
    return subprocess.run(command, cwd=cwd, check=True, text=True, timeout=900, **more)  # noqa: S603


@contextmanager
def served() -> Iterator[str]:
    """The page and the boards on loopback."""

    class Files(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            name = urllib.parse.urlsplit(path).path
            if name.startswith("/boards/"):
                return str(BOARDS / Path(name).name)
            return super().translate_path(path)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *words: Files(*words, directory=str(HERE / "dist")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def draw(page: str, watch: Watch, name: str, minutes: float, folder: Path) -> None:
    """One board as PNG of few colours; RuntimeError when a panel could not be filled."""
    asked = urllib.parse.urlencode(
        {"board": name, "prometheus": watch.url, "minutes": minutes, "ago": f"{int(minutes / 2)}m"}
    )
    shot = folder / f"{name}.png"
    browser = (
        "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=zh-CN",
        f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=30000",
        f"--window-size={SIZE[0]},{SIZE[1]}",
    )  # fmt: skip
    env = os.environ | {"TZ": "Asia/Shanghai"}
    url = f"{page}/index.html?{asked}"
    said = _run(*browser, "--dump-dom", url, capture_output=True, env=env).stdout
    if "<title>drawn</title>" not in said:
        raise RuntimeError(f"{name}: {said[said.find('<title>') : said.find('</title>')]}")
    for _ in range(4):  # on a busy machine the picture may be taken before there is anything to see
        _run(*browser, f"--screenshot={shot}", url, capture_output=True, env=env)
        if shot.stat().st_size > BLANK_BYTES:
            break
    else:
        raise RuntimeError(f"{name}: blank")
    few = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none"
    target = PICTURES / f"dashboard-{name}.png"
    _run("ffmpeg", "-v", "error", "-y", "-i", str(shot), "-vf", few, str(target))


def switches(farm: Farm) -> list[list[Camera]]:
    """Healthy cameras of one township and network each: what hangs on one switch."""
    found: dict[tuple[str, str], list[Camera]] = {}
    for camera in farm.county.cameras:
        if camera.kind == "healthy" and camera.host:
            found.setdefault((camera.township, camera.network), []).append(camera)
    groups = [group for group in found.values() if 12 <= len(group) <= 40]
    random.Random(3).shuffle(groups)
    return groups


def live(farm: Farm, minutes: float) -> None:
    """One switch dies and comes back, some cameras fail one by one, another switch stays dead."""
    groups, seconds = switches(farm), minutes * 60
    steps: list[tuple[float, list[Camera], str]] = [
        (0.45, groups[0], "dead"), (0.55, groups[2][:3], "occlusion"), (0.62, groups[3][:4], "blur"),
        (0.66, groups[0], "healthy"), (0.7, groups[4][:5], "dead"), (0.85, groups[1], "dead"), (1.0, [], ""),
    ]  # fmt: skip
    past = 0.0
    for at, cameras, kind in steps:
        select.select([], [], [], (at - past) * seconds)
        past = at
        for camera in cameras:
            farm.set(camera.code, kind)


def settled(watch: Watch) -> bool:
    """Nearly every camera was looked at and most pictures were judged."""
    asked = 'sum(camerahub_cameras_unknown{facet=~"online|picture"}) / sum(camerahub_cameras_expected)'
    found = watch.query(asked)
    return bool(found) and float(found[0]["value"][1]) < 0.05


def main() -> None:
    """Live, then draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", default=12.0, type=float, help="how long the county lives before it is drawn"
    )
    parser.add_argument("--cameras", default=2000, type=int)
    asked = parser.parse_args()
    build()
    with tempfile.TemporaryDirectory(prefix="camerahub-shots-") as name:
        folder = Path(name)
        with office(folder, cameras=asked.cameras, townships=20, media=True) as place:
            config = CONFIG.replace("{port}", str(place.farm.ports.serve))
            (place.home / "camerahub.toml").write_text(config, "utf-8")
            with place.hub() as hub, watching(folder, hub.url) as watch, served() as page:
                until(lambda: settled(watch), 600)
                live(place.farm, asked.minutes)
                for board in sorted(BOARDS.glob("*.json")):
                    draw(page, watch, board.stem, asked.minutes, folder)


if __name__ == "__main__":
    main()
