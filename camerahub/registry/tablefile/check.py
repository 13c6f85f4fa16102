"""One row of cells, checked without any knowledge of the register: values in canonical form, and problems.

Must not know the database, nor makers' addresses.
"""

from __future__ import annotations

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

#: Distinct cells a column remembers.
_REMEMBER = 4_096
_MAX_REMEMBERED_CELL = 64
_Taken = tuple[str | None, Problem | None]


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
        return bool(self.problems) and any(PROBLEMS[one.reason] for one in self.problems)


class Checker:
    """Checks the rows of one table. Cells repeat: what a short one means is remembered by column, passwords never."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._plan = [
            (at, column.field, column, layout.headers[at], {} if column.kind != "secret" else None)
            for at, column in layout.known.items()
        ]  # type: list[tuple[int, str, Column, str, dict[str, _Taken] | None]]
        self._width = 1 + max([*layout.known, *layout.kept], default=-1)
        self._code, self._name = layout.header_of("code"), layout.header_of("name")
        self._lon = layout.header_of("lon") if layout.fields >= {"lon", "lat"} else None

    def row(self, row: int, cells: list[str]) -> Draft:
        """Canonical values and problems of one row. Never raises for what is in the cells."""
        draft = Draft(row)
        values = draft.values
        if len(cells) < self._width:
            cells = cells + [""] * (self._width - len(cells))
        for at, field_, column, header, remembered in self._plan:
            cell = cells[at]
            if not cell:
                values[field_] = ""
                continue
            taken = remembered.get(cell) if remembered is not None else None
            if taken is None:
                taken = _remember(remembered, column, header, cell)
            value, wrong = taken
            if wrong is not None:
                draft.problems.append(wrong)
            if value is not None:
                values[field_] = value
        for at, header in self.layout.kept.items():
            if cells[at] and (text := tidy(cells[at][:MAX_KEPT_CELL])):
                draft.kept[header] = without_secrets(text)
        draft.code = values.get("code", "")
        _check_code(draft, self._code)
        if not values.get("name"):
            draft.problems.append(problem(self._name, "name_empty"))
        if self._lon is not None:
            _check_place(draft, self._lon)
        return draft


def check_row(layout: Layout, row: int, cells: list[str]) -> Draft:
    """One row alone; for many of one table make a ``Checker``."""
    return Checker(layout).row(row, cells)


def _remember(remembered: dict[str, _Taken] | None, column: Column, header: str, cell: str) -> _Taken:
    taken = _take(column, header, cell)
    if remembered is not None and len(cell) <= _MAX_REMEMBERED_CELL:
        if len(remembered) >= _REMEMBER:
            remembered.clear()
        remembered[cell] = taken
    return taken


def _take(column: Column, header: str, cell: str) -> _Taken:
    """Canonical value (None = leave out) and what is wrong with the cell."""
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


def _check_code(draft: Draft, header: str) -> None:
    """At most one problem of a camera code (``core.camera.check_code``)."""
    checked = check_code(draft.code)
    draft.code = draft.values["code"] = checked.code if checked.problem is None else draft.code
    if checked.problem is not None:
        fields = {} if checked.problem == "code_empty" else {"value": without_secrets(checked.code)}
        draft.problems.append(problem(header, checked.problem, **fields))
    elif checked.remark is not None:
        draft.problems.append(problem(header, checked.remark, value=checked.code))


def _check_place(draft: Draft, header: str) -> None:
    """Sound coordinates into ``draft.place``; anything impossible is said and left out."""
    values = draft.values
    if draft.problems and {one.reason for one in draft.problems} & {"coord_bad", "crs_bad"}:
        return
    lon_text, lat_text = values.get("lon", ""), values.get("lat", "")
    if not lon_text and not lat_text:
        draft.place = None
        return
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
