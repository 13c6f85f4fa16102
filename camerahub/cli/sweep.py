"""`camerahub sweep`: one round, a line a target, a summary in every case."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.sweeping import Sweep, allowed, manner_of
from camerahub.cli.targets import BadLine, TargetList, read_targets
from camerahub.core.collector import collector_off
from camerahub.core.errors import EXIT_INTERRUPTED, ConfigError
from camerahub.core.result import PROBE_NAMES
from camerahub.core.texts import text
from camerahub.services import loop

if TYPE_CHECKING:
    from camerahub.cli.context import Context


@click.command("sweep")
@click.option("--probe", "probe", type=click.Choice(PROBE_NAMES), default="options", show_default=True)
@click.option(
    "--targets", "targets_file", metavar="FILE", help="host:port 或 rtsp:// 每行一个 / one a line; - = stdin"
)
@click.option("--concurrency", type=click.IntRange(1, 20000), help="default 2000; media, picture: 200")
@click.option(
    "--deadline", type=click.FloatRange(0.05, 60.0), help="秒 / seconds; default 3; media, picture: 10"
)
@click.option(
    "--decoders", type=click.IntRange(1, 64), help="picture: 解码进程数 / processes; default: the cores"
)
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON / one JSON object a line")
@click.option(
    "--fail-on", type=click.Choice(["fault", "unknown"]), help="exit 1 on faults (or anything not ok)"
)
@click.pass_obj
def command(
    context: Context,
    probe: str,
    targets_file: str | None,
    concurrency: int | None,
    deadline: float | None,
    decoders: int | None,
    as_json: bool,
    fail_on: str | None,
) -> int:
    """检测一遍: 登记表或文件中的每一路各探测一次. One round over the register, or over FILE."""
    manner = manner_of(probe, concurrency, deadline, decoders)
    if targets_file is None:
        from camerahub.cli.sweep_register import sweep_register

        return sweep_register(context, probe, manner, as_json=as_json, fail_on=fail_on)
    found = read_targets_file(targets_file)
    report_bad_lines(found.bad)
    sweep = Sweep(found, probe, as_json=as_json)
    with collector_off():
        interrupted = loop.run(lambda: sweep.run(allowed(manner)))
    sweep.summarise()
    return EXIT_INTERRUPTED if interrupted else sweep.exit_code(fail_on)


def read_targets_file(path: str) -> TargetList:
    """The targets of the file ``path`` ("-" = stdin). ConfigError when it cannot be read."""
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise ConfigError("probe.targets_unreadable", path=path, problem=error.strerror) from None
    return read_targets(raw.decode("utf-8-sig", errors="replace").splitlines())


def report_bad_lines(bad: list[BadLine]) -> None:
    """Name every refused line on stderr."""
    for line, why in bad:
        said = text("probe.bad_line", line=line)
        click.echo(f"camerahub: {said.zh}: {why.zh} / {said.en}: {why.en}", err=True)
