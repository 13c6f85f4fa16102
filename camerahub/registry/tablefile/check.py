"""One row of cells, checked without any knowledge of the register: values in canonical form, and problems.

Must not know the database, nor makers' addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from camerahub.core.address import without_secrets
from camerahub.core.camera import check_code
from camerahub.registry.tablefile.cells import KINDS, CellError, tidy
from camerahub.registry.tablefile.geo import to_wgs84
from camerahub.registry.tablefile.limits import MAX_CELL, MAX_KEPT_CELL
from camerahub.registry.tablefile.profile import Column
from camerahub.registry.tablefile.reader import Layout
from camerahub.registry.tablefile.verdicts import PROBLEMS, Problem, problem

#: Bounds of China with its seas, degrees (lon, lat).
CHINA = (73.0, 3.0, 136.0, 54.0)

_REMEMBER = 20_000
_REMEMBERED: dict[tuple[str, str, str, str], tuple[str | None, Problem | None]] = {}


@dataclass(slots=True)
class Draft:
    """A checked row. ``values``: field -> canonical text of every column present ('' = empty cell); unusable cells
    are left out. ``place``: lon, lat (WGS-84), raw lon, raw lat when sound, ``None`` to clear, absent = leave."""

    row: int
    code: str = ""
    values: dict[str, str] = field(default_factory=dict, repr=False)
    kept: dict[str, str] = field(default_factory=dict, repr=False)
    place: tuple[float, float, float, float] | tuple[()] | None = ()
    problems: list[Problem] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the row cannot be used."""
        return any(PROBLEMS[one.reason] for one in self.problems)


def check_row(layout: Layout, row: int, cells: list[str]) -> Draft:
    """Canonical values and problems of one row. Never raises for what is in the cells."""
    draft = Draft(row)
    values = draft.values
    width = len(cells)
    for at, column in layout.known.items():
        cell = cells[at] if at < width else ""
        if not cell:
            values[column.field] = ""
            continue
        value, wrong = _taken(column, layout.headers[at], cell)
        if wrong is not None:
            draft.problems.append(wrong)
        if value is not None:
            values[column.field] = value
    for at, header in layout.kept.items():
        if at < width and (text := tidy(cells[at][:MAX_KEPT_CELL])):
            draft.kept[header] = without_secrets(text)
    draft.code = values.get("code", "")
    draft.problems.extend(_code_problems(layout, draft.code))
    if not values.get("name"):
        draft.problems.append(problem(layout.header_of("name"), "name_empty"))
    _check_place(layout, draft)
    return draft


def _taken(column: Column, header: str, cell: str) -> tuple[str | None, Problem | None]:
    """Canonical value (None = leave out) and what is wrong with the cell. Short cells repeat: they are remembered,
    passwords are not."""
    if column.kind == "secret" or len(cell) > 64:
        return _take(column, header, cell)
    key = (column.field, column.kind, header, cell)
    found = _REMEMBERED.get(key)
    if found is None:
        if len(_REMEMBERED) >= _REMEMBER:
            _REMEMBERED.clear()
        found = _REMEMBERED[key] = _take(column, header, cell)
    return found


def _take(column: Column, header: str, cell: str) -> tuple[str | None, Problem | None]:
    if len(cell) > MAX_CELL:
        return None, problem(header, "cell_too_long", limit=MAX_CELL)
    if cell.isspace():
        return "", None
    try:
        value = KINDS[column.kind](cell, column.words)
    except CellError as error:
        kept = tidy(cell) if error.reason == "word_unknown" else None
        return kept, problem(header, error.reason, **error.fields)
    if column.kind == "text" and ("@" in value or "=" in value):
        clean = without_secrets(value)
        if clean != value:
            return clean, problem(header, "text_password")
    return value, None


def _code_problems(layout: Layout, code: str) -> Iterator[Problem]:
    """At most one problem of a camera code (``core.camera.check_code``)."""
    checked = check_code(code)
    if checked.problem is not None:
        fields = {} if checked.problem == "code_empty" else {"value": without_secrets(checked.code)}
        yield problem(layout.header_of("code"), checked.problem, **fields)
    elif checked.remark is not None:
        yield problem(layout.header_of("code"), checked.remark, value=checked.code)


def _check_place(layout: Layout, draft: Draft) -> None:
    """Sound coordinates into ``draft.place``; anything impossible is said and left out."""
    values = draft.values
    named = {one.reason for one in draft.problems}
    if not layout.fields >= {"lon", "lat"} or named & {"coord_bad", "crs_bad"}:
        return
    lon_text, lat_text = values.get("lon", ""), values.get("lat", "")
    if not lon_text and not lat_text:
        draft.place = None
        return
    header = layout.header_of("lon")
    if not lon_text or not lat_text:
        draft.problems.append(problem(header, "coord_half"))
        return
    lon, lat = float(lon_text), float(lat_text)
    wrong = impossible(lon, lat)
    if wrong:
        draft.problems.append(problem(header, wrong, **_pair(wrong, lon_text, lat_text)))
        return
    good = to_wgs84(lon, lat, values.get("crs") or "wgs84")
    draft.place = (*good, lon, lat)


def _pair(reason: str, lon: str, lat: str) -> dict[str, str]:
    return {} if reason == "coord_zero" else {"lon": lon, "lat": lat}


def impossible(lon: float, lat: float) -> str:
    """Why no camera in China can stand there, '' when one can. Degrees."""
    west, south, east, north = CHINA
    if abs(lon) < 1e-6 and abs(lat) < 1e-6:
        return "coord_zero"
    if west <= lon <= east and south <= lat <= north:
        return ""
    return "coord_swapped" if west <= lat <= east and south <= lon <= north else "coord_outside"
