"""A report on paper: HTML of our own making, laid out by WeasyPrint, Chinese fonts embedded.

WeasyPrint is optional, and so are Pango and a Chinese font: what is missing is named with the package to install before
anything is written. Nothing is ever fetched: the page has no address in it, and an address would be refused.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from datetime import tzinfo
from html import escape
from importlib.resources import files
from typing import Any, NoReturn

from camerahub.core.errors import EnvironmentFault
from camerahub.core.report import FIRST, KINDS, Cell, Column, Report, Table, local, shown
from camerahub.core.texts import Text, text
from camerahub.reports.words import below, clean, notes, section

#: Rows of one table on paper; the sheet has all of them.
PAPER_ROWS = 60
#: Debian packages by what is missing.
PACKAGES = {
    "module": "pip install 'camerahub[report]'",
    "pango": "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    "font": "apt-get install fonts-noto-cjk",
}
_FONTS_S = 30.0
#: Columns of the list of sources, and per cent of the width.
_SOURCES = (("table", 10), ("digest", 32), ("command", 58))
_SIGNS = ("made", "checked", "signed", "date")


def ready() -> Any:
    """WeasyPrint, everything it needs there. EnvironmentFault names what is missing and how to get it."""
    try:
        import weasyprint  # type: ignore[import-untyped]
    except ImportError:
        raise _missing("module") from None
    except OSError:  # a shared library is not there
        raise _missing("pango") from None
    if not _chinese_fonts():
        raise _missing("font")
    return weasyprint


def _missing(what: str) -> EnvironmentFault:
    name = text(f"report.missing_{what}")
    return EnvironmentFault("report.no_pdf", missing=f"{name.zh} ({name.en})", remedy=PACKAGES[what])


def _chinese_fonts() -> bool:
    """Whether fontconfig, which Pango asks, knows a font with simplified Chinese letters."""
    try:
        found = subprocess.run(
            ("fc-list", ":lang=zh-cn", "family"),  # noqa: S607 - wherever this machine has it
            capture_output=True,
            timeout=_FONTS_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(found.stdout.strip())


def paper(report: Report, zone: tzinfo, *, english: bool = False) -> bytes:
    """The bytes of a PDF file. EnvironmentFault as ``ready``."""
    weasyprint = ready()
    page = weasyprint.HTML(string=html(report, zone, english=english), url_fetcher=_refuse)
    made: bytes = page.write_pdf(pdf_identifier=report.digest[:32].encode() or b"-")
    return made


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"a report fetches nothing: {url[:80]}")


# --- the page


def html(report: Report, zone: tzinfo, *, english: bool = False) -> str:
    """The whole page; every word of the register is escaped."""
    return "".join(_Page(report, zone, english).parts())


class _Page:
    def __init__(self, report: Report, zone: tzinfo, english: bool) -> None:
        self._report, self._zone, self._english = report, zone, english

    def parts(self) -> Iterable[str]:
        """The page piece by piece."""
        report = self._report
        style = (files("camerahub.reports") / "paper.css").read_text("utf-8")
        made = local(report.as_of, self._zone).isoformat()
        yield '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        yield f'<meta name="dcterms.created" content="{made}"><title>{_safe(report.title.zh)}</title>'
        yield f"<style>{style}</style></head><body>"
        hashed = text("report.hash", digest=report.digest[:16]).zh if report.digest else ""
        yield f'<div class="digest">{_safe(hashed)}</div><div class="subject">{_safe(report.subject)}</div>'
        yield f'<h1>{self._words(report.title)}</h1><p class="below">{self._words(below(report, self._zone))}</p>'
        yield f'<div class="head">{"".join(f"<p>{self._words(line)}</p>" for line in report.headlines)}</div>'
        signed = False
        for table in report.tables:
            if not signed and table.key not in FIRST:
                signed = True
                yield self._signs()
            yield from self._table(table)
        yield from self._sources()
        yield "</body></html>"

    def _words(self, words: Text) -> str:
        if not self._english:
            return _safe(words.zh)
        return f'{_safe(words.zh)}<span class="en">{_safe(words.en)}</span>'

    def _signs(self) -> str:
        names = (self._words(text(f"report.sign_{name}")) for name in _SIGNS)
        return f'<div class="signs">{"".join(f"<span>{name}: </span>" for name in names)}</div>'

    def _table(self, table: Table) -> Iterable[str]:
        places = [place for place, column in enumerate(table.columns) if not column.sheet_only]
        columns = [table.columns[place] for place in places]
        yield f'<section class="{"wide" if table.wide else "tall"}"><h2>{self._words(table.title)}</h2>'
        if table.rows:
            whole = sum(column.wide for column in columns)
            heads = "".join(
                f'<th style="width:{column.wide / whole:.1%}">{self._words(column.words)}</th>'
                for column in columns
            )
            yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
            for at, row in enumerate(table.rows[:PAPER_ROWS]):
                yield self._row(columns, [row[place] for place in places], "red" if at in table.red else "")
            if table.total is not None:
                yield self._row(columns, [table.total[place] for place in places], "total")
            yield "</tbody></table>"
        told = notes(table)
        if len(table.rows) > PAPER_ROWS:
            told.insert(0, text("report.note_cut", shown=PAPER_ROWS, rows=len(table.rows)))
        yield "".join(f'<p class="note">{self._words(line)}</p>' for line in told)
        yield "</section>"

    def _row(self, columns: list[Column], cells: list[Cell], name: str) -> str:
        made = "".join(
            f'<td class="{_side(column)}">{_safe(shown(column.kind, cell, self._zone))}</td>'
            for column, cell in zip(columns, cells, strict=True)
        )
        return f'<tr class="{name}">{made}</tr>'

    def _sources(self) -> Iterable[str]:
        rows = [(table, source) for table in self._report.tables for source in dict.fromkeys(table.sources)]
        if not rows:
            return
        yield f'<section class="wide"><h2>{self._words(text("report.title_sources"))}</h2><table><thead><tr>'
        yield "".join(
            f'<th style="width:{wide}%">{self._words(text(f"report.col_{key}"))}</th>'
            for key, wide in _SOURCES
        )
        yield "</tr></thead><tbody>"
        for table, source in rows:
            name, digest = _safe(section(table.title)), _safe(source.digest)
            yield f'<tr><td class="mono c">{name}</td><td class="mono">{digest}</td>'
            yield f'<td class="mono">{_safe(source.command)}</td></tr>'
        yield f'</tbody></table><p class="note">{self._words(text("report.note_sources"))}</p></section>'


def _safe(word: str) -> str:
    return escape(clean(word))


def _side(column: Column) -> str:
    side = (
        "c" if column.kind == "rank" else "n" if KINDS[column.kind] else "t" if column.kind == "text" else "c"
    )
    return f"{side} key" if column.marked else side
