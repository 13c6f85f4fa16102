"""``demo``: a virtual county on loopback, watched by a real hub in a temporary home. Ctrl-C leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import stat
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.context import Context
from camerahub.cli.signals import end_by_interrupt, hear_no_more
from camerahub.core.texts import text

if TYPE_CHECKING:
    from camerahub.app import Hub
    from camerahub.farm.handle import Farm

USUAL_PORT = 9320
PREFIX = "camerahub-demo-"
PID_NAME = "demo.pid"
#: A demonstration shows in a minute what a county shows in an hour.
CONFIG = """[site]
name = "camerahub 演示县"

[web]
port = {port}

[fleet]
interval_s = 5.0
deadline_s = 2.5
confirm_s = 2.0
subnet_seats = 64
picture_interval_s = 20.0
picture_deadline_s = 8.0
picture_confirm_s = 5.0
picture_seats = 256
picture_mbps = 0.0
picture_share = 1.0

[health.media]
stale_s = 120.0

[health.lit]
stale_s = 120.0

[health.picture]
stale_s = 120.0

[guard]
pace_per_s = 200.0
at_once = 64

[logs]
level = "warning"
"""


@click.command()
@click.option("--cameras", default=2000, show_default=True, type=click.IntRange(20, 100_000))
@click.option("--townships", default=20, show_default=True, type=click.IntRange(1, 300))
@click.option(
    "--port", default=None, type=click.IntRange(0, 65535), help=f"default {USUAL_PORT}, or a free one"
)
@click.option(
    "--media/--no-media",
    default=None,
    help="开机即编码画面, 或不提供画面. Encode pictures at the start, or never; default: when first asked for.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="就绪后在标准输出打印一行 JSON. One JSON line when ready."
)
@click.pass_obj
def command(
    context: Context, cameras: int, townships: int, port: int | None, media: bool | None, as_json: bool
) -> None:
    """虚拟县演示: 模拟摄像机 + 真实的中心进程. A virtual county, watched by a real hub."""
    from camerahub.farm.handle import start_county
    from camerahub.services import loop
    from camerahub.telemetry.logs import set_up

    set_up(level="warning")
    sweep_up(Path(tempfile.gettempdir()))
    # Told to end while it is still building, it must clean up as well.
    end_by_interrupt()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
        (folder / PID_NAME).write_text(str(os.getpid()), "ascii")
        _say("cli.demo_building", cameras=cameras, townships=townships)
        farm = stack.enter_context(
            start_county(cameras=cameras, townships=townships, media=media is not False)
        )
        farm.write(folder)
        context = Context(home=folder / "home")
        _furnish(context, folder, _port(port))
        stack.enter_context(context.home_folder().lock())
        stack.callback(hear_no_more)
        loop.run(lambda: _show(context, folder, farm, as_json))
    _say("cli.demo_gone")


def sweep_up(folder: Path) -> None:
    """Remove what demonstrations of this user that were killed outright have left in ``folder``."""
    for left in folder.glob(f"{PREFIX}*"):
        if _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)


def _abandoned(left: Path) -> bool:
    """Only where a dead process is on record: a folder without one may be just in the making."""
    try:
        told = left.lstat()
        if not stat.S_ISDIR(told.st_mode) or told.st_uid != os.getuid():
            return False
        os.kill(int((left / PID_NAME).read_text("ascii")), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False


def _say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh}\n{said.en}", err=True)


def _port(wanted: int | None) -> int:
    if wanted is not None:
        return wanted
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return 0
    return USUAL_PORT


def _furnish(context: Context, folder: Path, port: int) -> None:
    """A home as `init`, `import-areas` and `import` would make it."""
    from camerahub.registry.migrate import upgrade
    from camerahub.registry.secrets import KeyRing
    from camerahub.registry.tablefile.areas import import_areas
    from camerahub.registry.tablefile.importer import import_file
    from camerahub.services.clock import SystemClock

    home = context.home_folder()
    home.create()
    home.config_path.write_text(CONFIG.format(port=port), "utf-8")
    KeyRing.create(home.key_path(context.settings()))
    upgrade(context.database_url())
    store, now = context.open_store(keys=True), SystemClock().wall_us()
    try:
        import_areas(store, store.engine, folder / "areas.csv", who="demo", now=now)
        import_file(store, store.engine, folder / "register.csv", "native", who="demo", now=now)
    finally:
        store.close()


async def _show(context: Context, folder: Path, farm: Farm, as_json: bool) -> None:
    from camerahub.cli.run import serve
    from camerahub.services.tasks import cancel, spawn

    watch: list[asyncio.Task[None]] = []

    def ready(hub: Hub, url: str) -> None:
        home = context.home_folder().path
        if as_json:
            click.echo(json.dumps({"ready": _where(home, url, folder, farm)}))
        _say("cli.demo_ready", home=home, url=url, truth=folder / "truth.jsonl", program=sys.argv[0])
        watch.append(spawn(_tell(hub), "demo-figures"))

    try:
        await serve(context, ready)
    finally:
        await cancel(*watch)


def _where(home: Path, url: str, folder: Path, farm: Farm) -> dict[str, object]:
    return {
        "home": str(home),
        "url": url,
        "metrics": f"{url}/metrics",
        "truth": str(folder / "truth.jsonl"),
        "register": str(folder / "register.csv"),
        "farm_pids": list(farm.pids),
    }


async def _tell(hub: Hub) -> None:
    """A line of figures whenever they have changed."""
    last: tuple[int, ...] = ()
    while True:
        tally = hub.ingest.tally()
        if tally is not None:
            online = [int(part[0].sum()) for part in (tally.up, tally.down, tally.unknown)]
            seen = [int(tally.up[tally.facets.index(facet)].sum()) for facet in ("lit", "picture")]
            sums = [int(tally.expected.sum()), *online, *seen]
            if tuple(sums) != last:
                expected, up, down, unknown, lit, intact = last = tuple(sums)
                raw, shown, whole = (f"{n / expected:.2%}" if expected else "-" for n in (up, lit, intact))
                _say(
                    "cli.demo_figures",
                    raw=raw,
                    lit=shown,
                    intact=whole,
                    expected=expected,
                    up=up,
                    down=down,
                    unknown=unknown,
                )
        await asyncio.sleep(5)
