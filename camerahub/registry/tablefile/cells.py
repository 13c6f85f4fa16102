"""Kinds of cells: text as people and Excel leave it in, one canonical text out.

Every kind is a function in ``KINDS``. Must not know columns, rows or files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from camerahub.core.address import AddressError, parse_ip, parse_port

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff\ud800-\udfff]+")
_GUARDED = re.compile(r"'[=+\-@\t]")
_FORMULA_TEXT = re.compile(r'="([^"]*)"')
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ].*)?")
_CLOCK = re.compile(r"\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2})?(?:\.\d+)?[分秒]?\Z")
_OFFSET = re.compile(r"T.*(?:Z|[+-]\d\d:?\d\d)\Z")
_SERIAL = re.compile(r"(\d{5})\.(\d{1,12})")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_IP_AND_PORT = re.compile(r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]):\d{1,5}")
#: Has a letter, and nothing that may separate a password.
_HOST_NAME = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9.-]{1,253}")
_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,15})?")
_SEPARATORS = re.compile(r"[/,;、|\s]+")
#: Serial 0 of Excel's 1900 calendar (with its wrong leap year).
_EXCEL_ZERO = date(1899, 12, 30)


class CellError(ValueError):
    """The cell cannot be taken: ``reason`` of ``PROBLEMS`` with the fields of its text."""

    def __init__(self, reason: str, **fields: str) -> None:
        self.reason = reason
        self.fields = fields
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Words:
    """A dictionary of a column: code -> Chinese words (the first is written out); ``multi`` allows several."""

    table: Mapping[str, tuple[str, ...]]
    multi: bool = False
    #: what to say of an unknown word; ``bad_status`` refuses the row.
    unknown: str = "word_unknown"
    by_word: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, names in self.table.items():
            for name in (code, code.lstrip("0") or code, *names):
                self.by_word.setdefault(plain(name).casefold(), code)

    def allowed(self) -> str:
        """The words for a message."""
        return ", ".join(names[0] if names else code for code, names in self.table.items())

    def spoken(self, codes: str) -> str:
        """Canonical codes as the words people read; what is not in the dictionary stays."""
        parts = codes.split("/") if self.multi else [codes]
        return "/".join(self.table[part][0] if part in self.table else part for part in parts)


def tidy(cell: str) -> str:
    """Outer blanks, control characters, Excel's ``="…"`` and the guard against formulas taken off."""
    cell = cell.strip()
    if not cell.isprintable():
        cell = _CONTROL.sub(" ", cell).strip()
    if cell.startswith('="'):
        wrapped = _FORMULA_TEXT.fullmatch(cell)
        cell = wrapped.group(1).strip() if wrapped else cell
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def plain(cell: str) -> str:
    """``tidy`` plus full-width forms made narrow, without the ``'`` that makes Excel keep digits as text: for codes,
    numbers, addresses."""
    cell = tidy(cell)
    cell = cell if cell.isascii() else unicodedata.normalize("NFKC", cell).strip()
    return cell[1:].lstrip() if cell.startswith("'") else cell


def guard(value: str) -> str:
    """Text for a cell that no spreadsheet runs as a formula; ``tidy`` takes the guard off again."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t") or _GUARDED.match(value) else value


def _text(cell: str, _words: Words | None) -> str:
    return tidy(cell)


def _plain(cell: str, _words: Words | None) -> str:
    return plain(cell)


def _secret(cell: str, _words: Words | None) -> str:
    return cell.strip()


def _digits(cell: str, _words: Words | None) -> str:
    """Codes of digits; a table program may have written them as 320585100.0."""
    cell = plain(cell)
    return cell[:-2] if cell.endswith(".0") and cell[:-2].isdecimal() else cell


def _ip(cell: str, _words: Words | None) -> str:
    value = plain(cell)
    try:
        return parse_ip(value)
    except AddressError as error:
        if _IP_AND_PORT.fullmatch(value):
            raise CellError("ip_port", value=value) from error
        if _HOST_NAME.fullmatch(value):
            raise CellError("ip_name", value=value) from error
        raise CellError("bad_host") from error


def _ipv6(cell: str, _words: Words | None) -> str:
    value = plain(cell)
    try:
        address = parse_ip(value)
    except AddressError as error:
        raise CellError("ipv6_bad", value=value) from error
    if ":" not in address:
        raise CellError("ipv6_bad", value=value)
    return address


def _port(cell: str, words: Words | None) -> str:
    try:
        return str(parse_port(_digits(cell, words)))
    except AddressError as error:
        raise CellError("bad_port") from error


def _channel(cell: str, words: Words | None) -> str:
    """1..4096, or the 20-digit code of a channel of a platform."""
    value = _digits(cell, words)
    ascii_digits = value.isascii() and value.isdecimal()
    if ascii_digits and (len(value) == 20 or (len(value) <= 6 and 1 <= int(value) <= 4096)):
        return value if len(value) == 20 else str(int(value))
    raise CellError("bad_channel")


def _mac(cell: str, _words: Words | None) -> str:
    """XX-XX-XX-XX-XX-XX, from any of the usual forms."""
    value = plain(cell)
    bare = re.sub(r"[-:.\s]", "", value)
    if not _MAC.fullmatch(bare):
        raise CellError("mac_bad", value=value)
    return "-".join(bare[at : at + 2].upper() for at in range(0, 12, 2))


def _date(cell: str, _words: Words | None) -> str:
    """ISO date; also 2023/5/1, 20230501, 2023年5月1日, a month alone (its first day), an Excel serial."""
    value = plain(cell)
    value = value[:-2] if value.endswith(".0") else value
    found = _MONTH.fullmatch(value) or _DATE.fullmatch(value)
    try:
        if value.isascii() and value.isdecimal() and len(value) == 5:
            return (_EXCEL_ZERO + timedelta(days=int(value))).isoformat()
        if found and (len(value) >= 8 or not value.isdecimal()):
            parts = [int(part) for part in found.groups()[:3]]
            day = date(*(parts if len(parts) == 3 else [*parts, 1]))
            if 1970 <= day.year <= 2100:
                return day.isoformat()
    except (ValueError, OverflowError):
        pass
    raise CellError("date_bad", value=value)


def _moment(cell: str, words: Words | None) -> str:
    """ISO time, ``2026-11-05T08:00:00``, with an offset where it has one; of a day alone its beginning; an Excel serial
    with its fraction."""
    value = plain(cell)
    if _OFFSET.search(value):
        try:
            return datetime.fromisoformat(value).isoformat()
        except ValueError as error:
            raise CellError("moment_bad", value=value) from error
    day, clock = value, ""
    if found := _CLOCK.search(value):
        day, clock = value[: found.start()], found.group()
    elif (serial := _SERIAL.fullmatch(value)) and serial[2].strip("0"):
        at = datetime.combine(_EXCEL_ZERO, time()) + timedelta(seconds=round(float(value) * 86_400))
        return at.isoformat()
    try:
        hour, minute, second = [*(int(part) for part in re.findall(r"\d+", clock)), 0, 0, 0][:3]
        on = date.fromisoformat(_date(day.strip().rstrip("T").strip(), words))
        return datetime.combine(on, time(hour, minute, second)).isoformat()
    except (CellError, ValueError) as error:
        raise CellError("moment_bad", value=value) from error


def _number(cell: str, _words: Words | None) -> str:
    value = plain(cell)
    if not (value.isascii() and _NUMBER.fullmatch(value)):
        raise CellError("number_bad", value=value)
    return value[:-2] if value.endswith(".0") else value


def _degrees(cell: str, _words: Words | None) -> str:
    value = plain(cell).rstrip("°ENen").strip()
    if not (value.isascii() and _NUMBER.fullmatch(value)):
        raise CellError("coord_bad")
    return value


def _word(cell: str, words: Words | None) -> str:
    """Canonical code of a dictionary; several joined by ``/``."""
    value = plain(cell)
    if words is None:
        return value
    parts = _SEPARATORS.split(value) if words.multi else [value]
    codes = [_code_of(part, words) for part in parts if part]
    return "/".join(dict.fromkeys(codes))


def _code_of(part: str, words: Words) -> str:
    key = part.casefold()
    code = words.by_word.get(key) or words.by_word.get(key.removesuffix(".0"))
    if code is None:
        # people write code and word together: 1-一类
        code = words.by_word.get(re.split(r"[-:.\s]", key, maxsplit=1)[0])
    if code is None:
        raise CellError(words.unknown, value=part, allowed=words.allowed())
    return code


#: kind -> function(cell, words) -> canonical text; raises CellError.
KINDS: dict[str, Callable[[str, Words | None], str]] = {
    "text": _text,
    "plain": _plain,
    "secret": _secret,
    "digits": _digits,
    "ip": _ip,
    "ipv6": _ipv6,
    "port": _port,
    "channel": _channel,
    "mac": _mac,
    "date": _date,
    "moment": _moment,
    "number": _number,
    "degrees": _degrees,
    "word": _word,
}
