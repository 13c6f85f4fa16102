"""Writes one report after the other into a folder until it is killed: ``python -m tests.reports.report_child FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from camerahub.reports import files
from camerahub.reports.xlsx import workbook
from tests.reports.made import report


def main(folder: Path) -> None:
    first = report()
    name = files.name_of(first.kind, first.subject, "xlsx")
    for number in range(1_000_000):
        data = workbook(report(as_of=first.as_of + number * 1_000_000), ZoneInfo("Asia/Shanghai"))
        print(number, flush=True)
        files.keep(folder, {name: data})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
