"""Verdicts and problems of rows: the closed list of what can be wrong, and which of it refuses a row.

Why a table: docs, texts and tests walk it. Must not know files or the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from camerahub.core.errors import ConfigError
from camerahub.core.texts import Text, text


class TableFileError(ConfigError):
    """A table file that cannot be used at all: the one documented error of reading. Nothing was written."""


ADDED, CHANGED, UNCHANGED, REFUSED = "added", "changed", "unchanged", "refused"
VERDICTS = (ADDED, CHANGED, UNCHANGED, REFUSED)

#: reason -> does it refuse the row? Texts: ``tablefile.row.<reason>``.
PROBLEMS: dict[str, bool] = {
    "code_empty": True,
    "code_excel": True,
    "code_bad": True,
    "code_zeros_lost": True,
    "code_twice": True,
    "name_empty": True,
    "area_bad": True,
    "bad_url": True,
    "bad_scheme": True,
    "bad_host": True,
    "ip_name": True,
    "ip_port": True,
    "bad_port": True,
    "bad_channel": True,
    "bad_status": True,
    "cell_too_long": True,
    "area_empty": False,
    "area_unknown": False,
    "code_area": False,
    "code_short": False,
    "code_rounded": False,
    "coord_bad": False,
    "coord_half": False,
    "coord_zero": False,
    "coord_swapped": False,
    "coord_outside": False,
    "crs_bad": False,
    "url_password": False,
    "text_password": False,
    "no_username": False,
    "no_address": False,
    "via_no_address": False,
    "vendor_unknown": False,
    "vendor_empty": False,
    "same_address_row": False,
    "same_address_code": False,
    "mac_bad": False,
    "ipv6_bad": False,
    "date_bad": False,
    "number_bad": False,
    "word_unknown": False,
    "area_code_bad": True,
    "area_name_empty": True,
    "area_twice": True,
    "area_no_parent": False,
    "claim_state_empty": True,
    "claim_state_bad": True,
    "claim_stranger": False,
    "moment_bad": False,
}


@lru_cache(maxsize=4096)
def _said(reason: str, fields: tuple[tuple[str, str], ...]) -> Text:
    return text(f"tablefile.row.{reason}", **dict(fields))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one row. ``column`` is the header as the user wrote it, '' for the whole row."""

    column: str
    reason: str
    zh: str
    en: str

    @property
    def refuses(self) -> bool:
        """Whether the row cannot be used because of it."""
        return PROBLEMS[self.reason]

    def as_json(self) -> dict[str, str]:
        """The JSON of the contract."""
        return {"column": self.column, "reason": self.reason, "zh": self.zh, "en": self.en}


def problem(column: str, reason: str, **fields: Any) -> Problem:
    """A Problem with its words; values are cut to 64 characters so that a message stays a sentence."""
    said = _said(reason, tuple((name, _short(str(value))) for name, value in fields.items()))
    return Problem(column, reason, said.zh, said.en)


def _short(value: str) -> str:
    return value if len(value) <= 64 else value[:63] + "…"


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What became of one row (``row`` counts from 1 as Excel does)."""

    row: int
    code: str
    verdict: str
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON of the contract."""
        problems = [one.as_json() for one in self.problems]
        return {"row": self.row, "code": self.code, "verdict": self.verdict, "problems": problems}
