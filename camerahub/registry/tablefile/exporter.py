"""Export of the register under a profile: what comes out goes in again without a change. Never a password."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import xlsxwriter  # type: ignore[import-untyped]
from sqlalchemy import Engine

from camerahub.core.address import DEFAULT_PORTS
from camerahub.core.area import UNASSIGNED
from camerahub.core.cells import as_words
from camerahub.registry.engine import reading
from camerahub.registry.tablefile.cells import guard
from camerahub.registry.tablefile.dictionaries import DICTIONARIES
from camerahub.registry.tablefile.files import writing
from camerahub.registry.tablefile.known import Known, KnownEndpoint, all_cameras
from camerahub.registry.tablefile.profile import CAMERA_TEXTS, Column, Profile
from camerahub.registry.tablefile.profiles import find_profile


def export_rows(engine: Engine, profile: Profile) -> Iterator[list[str]]:
    """Header, then one row a camera ordered by code. Cells are guarded against formulas."""
    yield [column.header for column in profile.columns]
    spoken = profile.name != "native"
    # without a crs column a table is WGS-84; with one it gives back what was surveyed
    raw = any(column.field == "crs" for column in profile.columns)
    with reading(engine) as connection:
        for known in all_cameras(connection):
            yield [guard(_cell(known, column, spoken=spoken, raw=raw)) for column in profile.columns]


def _cell(known: Known, column: Column, *, spoken: bool, raw: bool) -> str:
    if column.field in ("lon", "lat"):
        return _degrees(known, f"raw_{column.field}" if raw else column.field)
    special = _SPECIAL.get(column.field)
    if special is not None:
        value = special(known)
    elif column.field in CAMERA_TEXTS or column.field in ("code", "name"):
        value = str(known.columns[column.field] or "")
    else:
        value = str(known.extra.get(column.field, ""))
    if spoken and column.words is not None:
        return DICTIONARIES[column.field].spoken(value)
    return value


def _url(one: KnownEndpoint | None) -> str:
    if one is None or not one.host:
        return ""
    host = f"[{one.host}]" if ":" in one.host else one.host
    port = "" if one.port == DEFAULT_PORTS.get(one.scheme) else f":{one.port}"
    return f"{one.scheme}://{host}{port}{one.path}"


def _any(known: Known, name: str) -> str:
    return next((str(value) for one in known.endpoints if (value := getattr(one, name))), "")


def _area(known: Known) -> str:
    code = str(known.extra.get("area_code") or known.area_code)
    return "" if code == UNASSIGNED else code


def _degrees(known: Known, name: str) -> str:
    value = known.columns[name]
    return "" if value is None else f"{value:.7f}".rstrip("0").rstrip(".")


def _ip(known: Known) -> str:
    """IPv4 of the main stream; the profile has a column of its own for IPv6."""
    main = known.endpoint("rtsp")
    return main.host if main is not None and main.host.replace(".", "").isdecimal() else ""


def _channel(known: Known) -> str:
    """A platform channel that is only the camera's own code is not worth a cell."""
    channel = _any(known, "channel")
    return "" if channel == known.columns["code"] else channel


_SPECIAL: dict[str, Callable[[Known], str]] = {
    "area_code": _area,
    "rtsp_url": lambda known: _url(known.endpoint("rtsp")),
    "rtsp_sub_url": lambda known: _url(known.endpoint("rtsp", "sub")),
    "onvif_url": lambda known: _url(known.endpoint("onvif")),
    "snapshot_url": lambda known: _url(known.endpoint("snapshot")),
    "ip": _ip,
    "port": lambda _known: "",
    "channel": _channel,
    "via": lambda known: _any(known, "via"),
    "username": lambda known: _any(known, "username"),
    "password": lambda _known: "",
    "crs": lambda known: str(known.columns["crs"] or ""),
}


def export_csv(engine: Engine, profile: str, file: IO[str]) -> int:
    """Write CSV (the caller opened the file as utf-8-sig with newline=''); returns the number of cameras."""
    rows = export_rows(engine, find_profile(profile))
    writer = csv.writer(file, lineterminator="\r\n")
    written = -1
    for row in rows:
        writer.writerow(row)
        written += 1
    return written


def export_xlsx(engine: Engine, profile: str, path: Path) -> int:
    """Write XLSX, every cell as text; returns the number of cameras. TableFileError or, for a full disk,
    EnvironmentFault when the file cannot be written."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    written = -1
    # into memory first: xlsxwriter cannot give up a file half written without a second error at exit
    done = BytesIO()
    with writing(path):
        with xlsxwriter.Workbook(done, options) as book:
            sheet = book.add_worksheet(profile)
            text = book.add_format({"num_format": "@"})
            for row, cells in enumerate(export_rows(engine, find_profile(profile))):
                for at, cell in enumerate(cells):
                    if cell:
                        sheet.write_string(row, at, as_words(cell), text)
                written = row
        path.write_bytes(done.getbuffer())
    return written
