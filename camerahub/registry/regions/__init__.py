"""Area codes that ship with the product: three counties down to village.

Why: a county can start without hunting for a code table. Must not know the database; it hands out rows.
Source and licence of the data: SOURCE.md beside this file.
"""

from __future__ import annotations

import csv
from importlib.resources import files

#: Counties of which the codes are shipped, with the name a user may check.
COUNTIES: dict[str, str] = {"320585": "太仓市", "511702": "通川区", "341702": "贵池区"}


def builtin_areas(counties: list[str]) -> list[tuple[str, str]]:
    """``(code, name)`` of the given 6-digit counties, all below them, and their city and province; parents first.

    KeyError names the first county that is not shipped (see ``COUNTIES``).
    """
    for county in counties:
        if county not in COUNTIES:
            raise KeyError(county)
    wanted = set(counties)
    above = {county[:width] for county in counties for width in (2, 4)}
    with files(__package__).joinpath("counties.csv").open(encoding="utf-8") as file:
        found = [(row["code"], row["name"]) for row in csv.DictReader(file)]
    chosen = [(code, name) for code, name in found if code in above or code[:6] in wanted]
    return sorted(chosen, key=lambda area: (len(area[0]), area[0]))
