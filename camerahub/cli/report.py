"""`camerahub report`: the daily and monthly report and the list before a sampling day, as sheets and on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.report_read import of_period, subject_of, whole_second
from camerahub.core import period
from camerahub.core.errors import EXIT_OK, EXIT_REFUSED, ConfigError, EnvironmentFault
from camerahub.core.rates import rfc3339
from camerahub.core.report import Report
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context

XLSX, PDF = "xlsx", "pdf"
FORMATS = (XLSX, PDF)
#: Months have this many days at most, for what is kept so many months.
_MONTH_DAYS = 31


def formats_of(word: str | None) -> tuple[str, ...]:
    """``xlsx,pdf`` as it was written; all for None. ConfigError."""
    if word is None:
        return FORMATS
    asked = tuple(dict.fromkeys(part.strip().lower() for part in word.split(",")))
    if set(asked) - set(FORMATS):
        raise ConfigError("report.bad_format", value=word)
    return asked


def _say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh} / {said.en}", err=True)


def _makers(report: Report, zone: tzinfo, english: bool) -> dict[str, Callable[[], bytes]]:
    def sheet() -> bytes:
        from camerahub.reports.xlsx import workbook

        return workbook(report, zone, english=english)

    def page() -> bytes:
        from camerahub.reports.pdf import paper

        return paper(report, zone, english=english)

    return {XLSX: sheet, PDF: page}


def _usable(asked: tuple[str, ...], must: bool) -> tuple[tuple[str, ...], EnvironmentFault | None]:
    """The formats that can be made here; why one cannot. It is raised where somebody asked for that very one."""
    if PDF not in asked:
        return asked, None
    from camerahub.reports.pdf import ready

    try:
        ready()
    except EnvironmentFault as fault:
        if must:
            raise
        return tuple(form for form in asked if form != PDF), fault
    return asked, None


class Order:
    """Where to, in which formats, and what is told."""

    def __init__(self, context: Context, words: dict[str, Any]) -> None:
        self.context, self.zone = context, context.settings().site.zone
        self.folder: Path = words["out"] or context.home_folder().path / context.settings().reports.folder
        self.english: bool = words["english"]
        self.as_lines: bool = words["as_lines"]
        self.if_missing: bool = words.get("if_missing", False)
        asked = formats_of(words["formats"])
        self.formats, self.lacking = _usable(asked, words["formats"] is not None)
        self.now = SystemClock().wall_us()

    def there(self, kind: str, subject: str) -> bool:
        """Whether nothing is left to do."""
        from camerahub.reports.files import name_of

        names = [self.folder / name_of(kind, subject, form) for form in self.formats]
        if not (self.if_missing and all(path.exists() for path in names)):
            return False
        for path in names:
            _say("report.there", file=path)
        return True

    def fill(self, report: Report) -> int:
        """Make the files, tell of them; the exit code."""
        from camerahub.reports import files

        files.prepare(self.folder)
        makers = _makers(report, self.zone, self.english)
        made = {files.name_of(report.kind, report.subject, form): makers[form]() for form in self.formats}
        written = files.keep(self.folder, made)
        self._tell(report, written)
        if self.lacking is not None:
            click.echo(f"{self.lacking.text.zh}\n{self.lacking.text.en}", err=True)
            return EXIT_REFUSED
        return EXIT_OK

    def _tell(self, report: Report, written: list[Path]) -> None:
        if self.as_lines:
            for table in report.tables:
                for line in table.lines(self.zone):
                    click.echo(json.dumps(line, ensure_ascii=False))
            click.echo(json.dumps({"report": _summary(report, written, self.zone)}, ensure_ascii=False))
        for said in report.headlines:
            click.echo(f"{said.zh}\n  {said.en}", err=True)
        for path in written:
            _say("report.written", file=path, size=f"{path.stat().st_size / 1024:.0f} KB")

    def prune(self, kind: str) -> None:
        """Remove reports of this kind that are older than is kept."""
        from camerahub.reports.files import prune

        kept = self.context.settings().reports
        days = kept.keep_months * _MONTH_DAYS if kind == "monthly" else kept.keep_days
        oldest = period.local_day(self.now, self.zone) - timedelta(days=days)
        if gone := prune(self.folder, kind, oldest):
            _say("report.pruned", count=len(gone), days=days)


def _summary(report: Report, written: list[Path], zone: tzinfo) -> dict[str, object]:
    return {
        "kind": report.kind, "subject": report.subject, "from": rfc3339(report.start, zone),
        "to": rfc3339(report.end, zone), "as_of": rfc3339(report.as_of, zone), "rules": list(report.rules),
        "stage": report.stage.en, "input_hash": report.digest, "files": [str(path) for path in written],
        "sources": {
            table.key: [{"command": one.command, "input_hash": one.digest} for one in table.sources]
            for table in report.tables if table.sources
        },
    }  # fmt: skip


def _options(function: Callable[..., int]) -> Callable[..., int]:
    """What all reports can be told."""
    for option in (
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False), help="目录, 默认工作目录下. Folder."
        ),
        click.option("--format", "formats", metavar="LIST", help="xlsx, pdf, 默认两者. Default: both."),
        click.option("--english", is_flag=True, help="中英对照. English beside the Chinese."),
        click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line."),
    ):
        function = option(function)
    return function


@click.group("report")
def command() -> None:
    """日报、月报、迎检前自查. Daily and monthly reports; what to put right before the upper level samples."""


def _periodical(kind: str, option: str, example: str, words: str) -> click.Command:
    @command.command(kind, help=words)
    @click.option(option, "word", metavar=example, help="默认为上一个. Default: the last that is over.")
    @click.option("--as-of", metavar="TIME", help="按当时所知. As it was known then.")
    @click.option("--if-missing", is_flag=True, help="已有则不重做. Leave a report that is there.")
    @click.option("--prune", is_flag=True, help="删除过期的. Remove those older than is kept.")
    @_options
    @click.pass_context
    def periodical(
        ctx: click.Context, /, word: str | None, as_of: str | None, prune: bool, **words: Any
    ) -> int:
        order = Order(ctx.find_root().obj, words)
        at = whole_second(as_of, order.zone, order.now)
        subject, _ = subject_of(kind, word, at, order.zone)
        code = EXIT_OK
        if not order.there(kind, subject):
            code = order.fill(of_period(order.context, kind, word, at))
        if prune:
            order.prune(kind)
        return code

    return periodical


daily = _periodical("daily", "--date", "DATE", "日报. The report of a day: yesterday, or --date 2026-11-24.")
monthly = _periodical(
    "monthly", "--month", "MONTH", "月报. The report of a month: the last one, or --month 2026-10."
)


@command.command("precheck", help="迎检前自查. What to put right before the upper level samples, as of now.")
@click.option("--prune", is_flag=True, help="删除过期的. Remove those older than is kept.")
@_options
@click.pass_context
def precheck(ctx: click.Context, /, prune: bool, **words: Any) -> int:
    """The list as of now."""
    from camerahub.cli.report_precheck import of_now

    order = Order(ctx.find_root().obj, words)
    code = order.fill(of_now(order.context, whole_second(None, order.zone, order.now)))
    if prune:
        order.prune("precheck")
    return code
