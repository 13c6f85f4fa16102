"""`camerahub import`: a camera table into the register, with a verdict for every row."""

from __future__ import annotations

import csv
import getpass
import json
import sys
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import structlog

from camerahub.cli.leaving import alarms, said_of
from camerahub.core.address import without_secrets
from camerahub.core.collector import collector_off
from camerahub.core.errors import EXIT_OK, EXIT_REFUSED
from camerahub.core.leaving import STOPPED
from camerahub.core.texts import text
from camerahub.registry.tablefile.files import check_readable, writing
from camerahub.registry.tablefile.importer import Summary, import_file
from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tablefile.reader import Layout
from camerahub.registry.tablefile.verdicts import REFUSED, Problem, RowVerdict
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context

_log = structlog.get_logger()
_ROWS_SHOWN = 5
#: Different sentences told of one reason; what comes after is counted together.
_SAID_SHOWN = 5


@dataclass(slots=True)
class Group:
    """Rows of which the same is to be said. ``problem`` None: of each something else."""

    problem: Problem | None
    count: int = 0
    rows: list[int] = field(default_factory=list)
    _last: int = 0

    def add(self, row: int) -> None:
        """One more row; the same row again is none."""
        if row == self._last:
            return
        self._last = row
        self.count += 1
        if len(self.rows) < _ROWS_SHOWN:
            self.rows.append(row)

    def line(self) -> str:
        """What is said, and of which rows: the first of them, and that there are more."""
        key = "tablefile.problem_rows" if self.count <= len(self.rows) else "tablefile.problem_rows_cut"
        said = text(key, rows=", ".join(map(str, self.rows)))
        one = self.problem or text("tablefile.problem_more")
        column = f"[{self.problem.column}] " if self.problem and self.problem.column else ""
        return f"  {self.count} × {column}{one.zh} / {one.en} ({said.zh} / {said.en})"


@dataclass(slots=True)
class Report:
    """Collects what people want to see at the end: problems by kind, with the first rows of each."""

    as_json: bool
    errors: IO[str] | None = None
    layout: Layout | None = None
    groups: dict[str, dict[Problem | None, Group]] = field(default_factory=lambda: defaultdict(dict))

    def on_layout(self, layout: Layout) -> None:
        """Remember the headers, and start the file of refused rows with them."""
        self.layout = layout
        if self.errors is not None:
            self._keep(self.errors, [*layout.headers, text("tablefile.problem_column").zh])

    def on_row(self, verdict: RowVerdict, cells: list[str]) -> None:
        """One row: a JSON line, or a place in the summary; a refused one into the file."""
        if self.as_json:
            click.echo(json.dumps(verdict.as_json(), ensure_ascii=False))
        for one in verdict.problems:
            groups = self.groups[one.reason]
            said = one if one in groups or len(groups) < _SAID_SHOWN else None
            groups.setdefault(said, Group(said)).add(verdict.row)
        if self.errors is not None and verdict.verdict == REFUSED and self.layout is not None:
            why = "; ".join(f"{one.column}: {one.zh}" if one.column else one.zh for one in verdict.problems)
            self._keep(self.errors, [*self._unsecret(cells, self.layout), why])

    @staticmethod
    def _keep(errors: IO[str], cells: list[str]) -> None:
        with writing(Path(errors.name)):
            csv.writer(errors).writerow(cells)

    @staticmethod
    def _unsecret(cells: list[str], layout: Layout) -> list[str]:
        """The row as it was, without passwords: an empty one means unchanged on the next import."""
        known = {at for at, column in layout.known.items() if column.field == "password"}
        hidden = known | {at for at, header in enumerate(layout.headers) if header in layout.dropped}
        row = ["" if at in hidden else without_secrets(cell) for at, cell in enumerate(cells)]
        return (row + [""] * len(layout.headers))[: len(layout.headers)]

    def say(self, summary: Summary) -> None:
        """The last words, in both languages: JSON on stdout, or sentences on stderr."""
        if self.as_json:
            click.echo(json.dumps({"summary": summary.as_json()}, ensure_ascii=False))
        for line in self._lines(summary):
            click.echo(line, err=self.as_json)

    def _lines(self, summary: Summary) -> list[str]:
        counts = {name: summary.verdicts[name] for name in ("added", "changed", "unchanged", "refused")}
        lines = [_both("tablefile.summary", rows=summary.rows, **counts)]
        if summary.dry_run:
            lines.append(_both("tablefile.dry_run"))
        for key, columns in (
            ("tablefile.kept_columns", summary.kept_columns),
            ("tablefile.dropped_columns", summary.dropped_columns),
        ):
            if columns:
                lines.append(_both(key, columns=", ".join(columns)))
        for reason, _ in summary.problems.most_common():
            groups = sorted(
                self.groups[reason].values(), key=lambda one: (one.problem is None, -one.count, one.rows)
            )
            lines += [group.line() for group in groups]
        return lines


def _both(key: str, **fields: object) -> str:
    said = text(key, **fields)
    return f"{said.zh} / {said.en}"


def _estimate(path: Path) -> int:
    """Rows of a table, for the progress bar only."""
    if path.suffix.lower() == ".csv":
        with path.open("rb") as file:
            return max(1, sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")))
    return max(1, path.stat().st_size // 100)


def _write_errors(stack: ExitStack, path: Path | None) -> IO[str] | None:
    if path is None:
        return None
    with writing(path):
        # line by line: a full disk shows at once
        file = path.open("w", encoding="utf-8-sig", newline="", buffering=1)
    stack.callback(_close, file, path)
    return file


def _close(file: IO[str], path: Path) -> None:
    with writing(path):
        file.close()


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--profile", type=click.Choice(list(PROFILES)), default="native", show_default=True)
@click.option("--dry-run", is_flag=True, help="只检查, 不写入. Same verdicts, nothing written.")
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON. One JSON object a row.")
@click.option(
    "--errors",
    type=click.Path(dir_okay=False, path_type=Path),
    help="拒收的行另存为 CSV. Refused rows, as CSV.",
)
@click.pass_context
def command(
    ctx: click.Context, file: Path, profile: str, dry_run: bool, as_json: bool, errors: Path | None
) -> int:
    """导入摄像机表格 (CSV 或 XLSX). Import a table of cameras; see docs/import.md."""
    context: Context = ctx.find_root().obj
    check_readable(file)
    with ExitStack() as stack:
        store = stack.enter_context(context.writing_store(keys=True))
        stack.enter_context(collector_off())
        report = Report(as_json, _write_errors(stack, errors))
        bar = stack.enter_context(
            click.progressbar(
                length=_estimate(file),
                label=_both("tablefile.importing"),
                file=sys.stderr,
                hidden=not sys.stderr.isatty(),
            )
        )
        summary = import_file(
            store,
            store.engine,
            file,
            profile,
            who=getpass.getuser(),
            now=SystemClock().wall_us(),
            dry_run=dry_run,
            on_row=report.on_row,
            on_layout=report.on_layout,
            on_progress=bar.update,
        )
        now, settings = SystemClock().wall_us(), context.settings()
        alarmed = [] if dry_run else alarms(store, settings, now)
    report.say(summary)
    for one in alarmed:
        if one.way == STOPPED:
            said = said_of(one, settings)
            _log.warning("cameras_stopped", count=one.count, of=one.of)
            click.echo(f"{said.zh}\n{said.en}", err=True)
    if errors is not None and summary.refused:
        click.echo(_both("tablefile.errors_written", file=errors), err=True)
    return EXIT_REFUSED if summary.refused else EXIT_OK
