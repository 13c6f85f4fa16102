"""What both writers say of a report besides its tables: lines below the title, notes, names without odd characters."""

from __future__ import annotations

import re
from datetime import tzinfo

from camerahub.core.report import Report, Table, local
from camerahub.core.texts import Text, text

__all__ = ["below", "clean", "hashed", "notes", "said", "section"]


def clean(word: str) -> str:
    """``word`` without control characters: names come from other people's files."""
    return "".join(c if c.isprintable() else " " for c in word)


def said(words: Text, english: bool) -> str:
    """Chinese, with English behind it where it is asked for."""
    return f"{words.zh} {words.en}" if english else words.zh


def section(words: Text) -> str:
    """A title without its number and whatever explains it: the name of a sheet."""
    name = re.sub(r"\(.*?\)", "", words.zh.rpartition("、")[2]).partition(":")[0]
    return "".join(name.split())[:31]


def below(report: Report, zone: tzinfo) -> Text:
    """What was counted, as of when, by which rule."""
    rules = ", ".join(map(str, report.rules))
    span = {"start": _at(report.start, zone), "end": _at(report.end, zone), "as_of": _at(report.as_of, zone)}
    key = "report.of_now" if report.kind == "precheck" else "report.period"
    zh = text(key, rules=rules, stage=report.stage.zh, **span).zh
    return Text(zh, text(key, rules=rules, stage=report.stage.en, **span).en)


def _at(at: int, zone: tzinfo) -> str:
    return f"{local(at, zone):%Y-%m-%d %H:%M:%S}"


def hashed(table: Table) -> Text | None:
    """The hash of what a table is made of."""
    return text("report.hash", digest=table.digest) if table.digest else None


def notes(table: Table) -> list[Text]:
    """What stands below a table."""
    last = hashed(table)
    return [*table.notes, last] if last else list(table.notes)
