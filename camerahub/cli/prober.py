"""``prober``: what the hub starts for itself. Not for people: it wants an inherited line."""

from __future__ import annotations

import click


@click.command(hidden=True)
@click.option("--log-level", default="info")
@click.option("--decoders", type=click.IntRange(0, 64), default=0)
@click.option("--fd", type=int, required=True)
def command(log_level: str, decoders: int, fd: int) -> None:
    """探测进程, 由中心进程启动. A prober process, started by the hub."""
    from camerahub.prober import prober_main
    from camerahub.services import loop
    from camerahub.telemetry.logs import set_up

    set_up(level=log_level)
    loop.run(lambda: prober_main(fd, decoders))
