"""`camerahub diagnose`: judges pictures and clips that lie in files. No home, no camera is needed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.diagnose_items import Asked, from_lines, from_paths
from camerahub.cli.diagnose_pool import Judged, Manner, Pool, children_allowed
from camerahub.cli.diagnose_report import Report, writable
from camerahub.cli.signals import endings, let_go_of_a_dead_terminal
from camerahub.core.errors import ConfigError
from camerahub.core.texts import text
from camerahub.services import loop

if TYPE_CHECKING:
    from camerahub.cli.diagnose_drawing import Drawing

_FILE = click.Path(path_type=Path)
#: Fewer items need no bar.
_MANY = 50


@click.command("diagnose")
@click.argument("paths", metavar="PATH...", nargs=-1, type=_FILE)
@click.option(
    "--sequence", is_flag=True, help="各图按顺序为同一路 / the pictures, in order, are of one camera"
)
@click.option(
    "--gap", "gap_s", type=click.FloatRange(0), help="--sequence: 最后两张相隔秒数 / s between the last two"
)
@click.option(
    "--reference", type=_FILE, help="同一路较早的正常画面 / an earlier good picture of the same camera"
)
@click.option(
    "--items", metavar="FILE.jsonl", help='{"id","images":[…],"gap_s"} 每行一项 / one a line; - = stdin'
)
@click.option("--mode", type=click.Choice(["auto", "day", "night"]), default="auto", show_default=True)
@click.option(
    "--picture", type=_FILE, help="结论画成 PNG, 多项时为一面墙 / a PNG with the verdict; a wall of many"
)
@click.option("--mask", type=_FILE, help="黑色处不判断 / a picture: what is black is not judged")
@click.option(
    "--fail-on", type=click.Choice(["fault", "unknown"]), help="exit 1 on faults (or anything not ok)"
)
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON / one JSON object a line")
def command(
    paths: tuple[Path, ...],
    sequence: bool,
    gap_s: float | None,
    reference: Path | None,
    items: str | None,
    mode: str,
    picture: Path | None,
    mask: Path | None,
    fail_on: str | None,
    as_json: bool,
) -> int:
    """画面诊断: 图片、视频或文件夹. Judge pictures, clips and folders; see docs/diagnose.md."""
    asked = _asked(paths, items, sequence=sequence, gap_s=gap_s)
    drawing = _drawing(picture, len(asked.items))
    report = Report(len(asked.items), asked.skipped, as_json)
    draws, side = (0, 0) if drawing is None else (drawing.pictures, drawing.side)
    manner = Manner(mode, reference, mask, draws, side)
    report.begin()
    interrupted, bugs = _judge(asked, manner, report, drawing)
    report.end()
    if drawing is not None and report.verdicts:
        drawing.write(report.verdicts)
        said = text("diagnose.drawn", path=picture)
        click.echo(writable(f"{said.zh} / {said.en}"), err=True)
    return report.exit_code(fail_on, interrupted=interrupted, bugs=bugs)


def _asked(paths: tuple[Path, ...], items: str | None, *, sequence: bool, gap_s: float | None) -> Asked:
    """What is to be judged. ConfigError when nothing was named."""
    if not paths and items is None:
        raise ConfigError("diagnose.nothing_named")
    asked = Asked()
    from_paths(paths, asked, sequence=sequence, gap_s=gap_s)
    if items is not None:
        from_lines(items, asked)
    for note in asked.notes:
        click.echo(writable(f"camerahub: {note.zh} / {note.en}"), err=True)
    return asked


def _drawing(path: Path | None, items: int) -> Drawing | None:
    """Where ``--picture`` goes; tried before anything is judged. ConfigError when it cannot."""
    if path is None:
        return None
    from camerahub.cli.diagnose_drawing import Drawing

    if path.suffix.lower() != ".png":
        raise ConfigError("diagnose.draw_png", path=path)
    if os.path.isdir(path) or not os.path.isdir(path.absolute().parent):
        problem = "is a folder" if os.path.isdir(path) else "no such folder"
        raise ConfigError("diagnose.cannot_draw", path=path, problem=problem)
    return Drawing(path, items)


def _judge(asked: Asked, manner: Manner, report: Report, drawing: Drawing | None) -> tuple[bool, int]:
    """Whether it was interrupted, and how many bugs of ours were met."""
    said = text("diagnose.progress")
    # on a terminal that shows the lines they are progress enough
    hidden = not sys.stderr.isatty() or sys.stdout.isatty() or len(asked.items) < _MANY
    with click.progressbar(
        length=len(asked.items), label=f"{said.zh} / {said.en}", file=sys.stderr, hidden=hidden
    ) as bar:

        def each(judged: Judged) -> None:
            report.take(judged)
            if drawing is not None:
                drawing.take(judged)
            bar.update(1)

        async def main() -> tuple[bool, int]:
            pool = Pool(asked.items, manner, each, children=children_allowed())

            def end() -> None:
                let_go_of_a_dead_terminal()
                pool.stop()

            for number in endings():
                asyncio.get_running_loop().add_signal_handler(number, end)
            return await pool.run(), pool.bugs

        return loop.run(main)
