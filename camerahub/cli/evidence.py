"""`camerahub evidence`: which pictures prove the faults of a camera, and one of them for whoever says who he is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.mask import code_of
from camerahub.cli.table import moment, render
from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.rates import rfc3339
from camerahub.core.result import REASONS
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.stills import Still

_HEADERS = ("number", "at", "kind", "expires", "size")


def _found(context: Context, code: str) -> list[Still]:
    from camerahub.registry import stills

    store = context.open_store()
    try:
        return stills.of_camera(store.engine, code, SystemClock().wall_us())
    finally:
        store.close()


def _list(context: Context, code: str, as_lines: bool) -> None:
    zone = context.settings().site.zone
    found = _found(context, code)
    if as_lines:
        for one in found:
            times = {"at": rfc3339(one.at, zone), "expires_at": rfc3339(one.expires_at, zone)}
            click.echo(json.dumps({"code": code, "number": one.number, "reason": one.reason, **times}))
        return
    rows = [
        [
            str(one.number),
            moment(one.at, zone),
            f"{REASONS[one.reason].zh} {one.reason}",
            moment(one.expires_at, zone),
            f"{one.size / 1000:.1f} kB",
        ]
        for one in found
    ]
    click.echo("\n".join(render([f"eyes.col_{name}" for name in _HEADERS], rows)))


def _write(path: Path, jpeg: bytes) -> None:
    """A new file for its owner's eyes only. EnvironmentFault when it is there already or cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(jpeg)
    except OSError as error:
        raise EnvironmentFault("eyes.unwritable", file=path, problem=error.strerror or error) from None


@click.command("evidence")
@click.argument("code")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="写成 JPEG. Write the JPEG here."
)
@click.option("--number", type=click.IntRange(1), help="哪一张, 默认最新. Which one; default: the newest.")
@click.option("--by", "name", default="", help="何人查看, 必填, 记录在案. Who looks; needed, and kept.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.pass_context
def command(
    ctx: click.Context, code: str, out: Path | None, number: int | None, name: str, as_lines: bool
) -> int:
    """故障证据图: 清单, 或取出一张. List the evidence of a camera, or take one picture out; looks are logged."""
    context: Context = ctx.find_root().obj
    code = code_of(context, code)
    if out is None:
        _list(context, code, as_lines)
        return EXIT_OK
    if not name.strip():
        raise ConfigError("eyes.look_needs")
    found = _found(context, code)
    wanted = number or (found[-1].number if found else 0)
    if out.exists():
        raise EnvironmentFault("eyes.unwritable", file=out, problem="file exists")
    with context.writing_store(keys=True) as store:
        try:
            jpeg = store.look_at_still(code, wanted, name.strip(), SystemClock().wall_us())
        except KeyError:
            jpeg = b""
    if not jpeg:
        raise ConfigError("eyes.no_still", code=code)
    _write(out, jpeg)
    said = text("eyes.look_done", file=out, name=name.strip())
    click.echo(f"{said.zh}\n{said.en}", err=True)
    return EXIT_OK
