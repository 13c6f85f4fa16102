"""``run``: the hub, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from camerahub.cli.context import Context
from camerahub.cli.signals import endings, let_go_of_a_dead_terminal
from camerahub.core.errors import EnvironmentFault
from camerahub.core.texts import text

if TYPE_CHECKING:
    from camerahub.app import Hub

T = TypeVar("T")


@click.command()
@click.pass_obj
def command(context: Context) -> None:
    """中心进程: 持续探测, 统计, 提供指标. The hub: probes all the time, counts, serves metrics."""
    from camerahub.services import loop
    from camerahub.telemetry.logs import set_up

    settings = context.settings()
    form = settings.logs.format
    set_up(console=None if form == "auto" else form == "console", level=settings.logs.level)
    with context.home_folder().lock():
        loop.run(lambda: serve(context))


async def serve(context: Context, ready: Callable[[Hub, str], None] | None = None) -> None:
    """Run a hub on the home of ``context`` until it is told to end. ``ready`` is given it and its
    address."""
    from camerahub.app import Hub
    from camerahub.registry import queries

    stop = asyncio.Event()

    def end() -> None:
        let_go_of_a_dead_terminal()
        stop.set()

    for number in endings():
        asyncio.get_running_loop().add_signal_handler(number, end)
    settings = context.settings()
    hub = Hub(context.home_folder(), settings, context.open_store(keys=True))
    addresses = await _unless(stop, hub.start())
    if addresses is None:
        return
    try:
        figures = await asyncio.to_thread(queries.status, hub.store.engine)
        said = text("config.serving", cameras=figures.cameras, probers=hub.probers, url=addresses.url)
        click.echo(f"{said.zh}\n{said.en}", err=True)
        if ready is not None:
            ready(hub, addresses.url)
        await _either(stop, hub.failed)
    finally:
        bye = text("config.stopping")
        click.echo(f"{bye.zh} / {bye.en}", err=True)
        await hub.aclose()
    if hub.failed.is_set():
        raise EnvironmentFault("config.hub_died")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """``work`` to its end; None when it was given up because of ``stop``."""
    working, asked = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if working.done():
        return await working
    working.cancel()
    await asyncio.wait((working,))
    return None if working.cancelled() else await working


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
