"""Times in which nobody looked, or one prober could not see: what of them lies in a period, and how it counts."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

from camerahub.cli.table import moment, render
from camerahub.core.rates import rfc3339
from camerahub.core.texts import text
from camerahub.core.uplinks import UPLINK_SCOPE
from camerahub.core.weather import WEATHER_SCOPE

if TYPE_CHECKING:
    from camerahub.registry.presence import Blank

_HEADERS = ("from", "to", "seconds", "scope", "worker", "reason", "counts")
#: More than these are counted together.
MOST_SHOWN = 20


def counted_as(blank: Blank) -> str:
    """How its time counts: a word of the catalogue, ``figures.blank_<word>``."""
    if blank.scope == "all":
        return "unknown"
    return "unjudged" if blank.scope.startswith(WEATHER_SCOPE) else "silence"


def blank_line(blank: Blank, zone: tzinfo) -> dict[str, object]:
    """One object of JSON."""
    return {
        "kind": "gap",
        "from": rfc3339(blank.start, zone),
        "to": rfc3339(blank.end, zone),
        "seconds": (blank.end - blank.start) / 1e6,
        "scope": blank.scope,
        "worker": blank.worker,
        "reason": blank.reason,
        "counts": counted_as(blank),
    }


def blank_table(blanks: list[Blank], zone: tzinfo) -> list[str]:
    """The longest of them as a table, in order of time."""
    longest = sorted(blanks, key=lambda one: one.start - one.end)[:MOST_SHOWN]
    rows = [_cells(one, zone) for one in sorted(longest, key=lambda one: (one.start, one.scope))]
    return render([f"figures.blank_{name}" for name in _HEADERS], rows, right=(2,))


def _cells(blank: Blank, zone: tzinfo) -> list[str]:
    scope = blank.scope.removeprefix(UPLINK_SCOPE).removeprefix(WEATHER_SCOPE) or "-"
    seconds = f"{(blank.end - blank.start) / 1e6:.0f}"
    said = " ".join(text(f"figures.blank_{counted_as(blank)}"))
    return [
        moment(blank.start, zone),
        moment(blank.end, zone),
        seconds,
        scope,
        blank.worker,
        blank.reason,
        said,
    ]


def blank_words(blanks: list[Blank]) -> list[str]:
    """How much of the period it was, in both languages."""
    everybody = sum(one.end - one.start for one in blanks if one.scope == "all") / 3.6e9
    others = sum(one.end - one.start for one in blanks if one.scope != "all") / 3.6e9
    return [*text("figures.blanks", count=len(blanks), all=f"{everybody:.2f}", others=f"{others:.2f}")]
