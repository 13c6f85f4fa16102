"""Import of area codes: CSV or XLSX ``code, name[, level][, parent]``, or the codes that ship with the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy import Engine

from camerahub.core.area import LEVELS, level_of, parent_code, short_code
from camerahub.registry.engine import reading
from camerahub.registry.regions import COUNTIES, builtin_areas
from camerahub.registry.rows import AreaRow, Source
from camerahub.registry.tablefile.check import Checker
from camerahub.registry.tablefile.importer import Summary, Writer, sha256_of
from camerahub.registry.tablefile.known import read_places
from camerahub.registry.tablefile.profile import Column, Profile
from camerahub.registry.tablefile.reader import Layout, open_table
from camerahub.registry.tablefile.verdicts import (
    REFUSED,
    UNCHANGED,
    Problem,
    RowVerdict,
    TableFileError,
    problem,
)

AREAS = Profile(
    "areas",
    "行政区划代码",
    "area codes",
    columns=(
        Column("code", "code", ("代码", "区划代码", "行政区划代码", "统计用区划代码"), "digits", needed=True),
        Column("name", "name", ("名称", "区划名称", "行政区划名称"), needed=True),
        Column("level", "level", ("级别", "层级"), "plain"),
        Column("parent", "parent", ("上级", "上级代码", "父级"), "digits"),
    ),
)
_LEVEL_WORDS = {
    "省": "province",
    "市": "city",
    "区县": "county",
    "县": "county",
    "乡镇": "township",
    "街道": "township",
    "村": "village",
    "社区": "village",
    "网格": "grid",
    **{level: level for level in LEVELS},
}


def canonical(code: str) -> str:
    """A code without the zeros that fill it up: 320585000000 is the county 320585, 320500 the city 3205."""
    if len(code) == 12:
        code = next((code[:width] for width in (6, 9) if code[width:].strip("0") == ""), code)
    return short_code(code)


def import_areas(
    store: Writer,
    engine: Engine,
    path: Path,
    *,
    who: str,
    now: int,
    dry_run: bool = False,
    on_row: Callable[[RowVerdict], None] | None = None,
) -> Summary:
    """Import a file of area codes, all sound rows in one transaction. TableFileError, EnvironmentFault."""
    table = open_table(path, AREAS)
    found: dict[str, AreaRow] = {}
    first: dict[str, int] = {}
    told: list[tuple[int, str, list[Problem]]] = []
    checker = Checker(table.layout)
    for row, cells in table.rows:
        area, problems = _area(checker, row, cells)
        if not _refuses(problems) and first.setdefault(area.code, row) != row:
            fields = {"value": area.code, "first": first[area.code], "row": row}
            problems.append(problem(table.layout.header_of("code"), "area_twice", **fields))
        if not _refuses(problems):
            found[area.code] = area
        told.append((row, area.code, problems))
    _orphans(engine, table.layout, found, first, told)
    source = Source(who, path.name, "areas", sha256_of(path), len(told), sum(_refuses(p) for *_, p in told))
    return _store(store, list(found.values()), source, now, dry_run, told, on_row)


def import_builtin(
    store: Writer,
    counties: Iterable[str],
    *,
    who: str,
    now: int,
    dry_run: bool = False,
    on_row: Callable[[RowVerdict], None] | None = None,
) -> Summary:
    """Import shipped counties (6 digits each). TableFileError for one that is not shipped."""
    try:
        shipped = builtin_areas(list(counties))
    except KeyError as error:
        known = ", ".join(f"{code} {name}" for code, name in COUNTIES.items())
        raise TableFileError("tablefile.unknown_county", county=error.args[0], known=known) from error
    rows = [AreaRow(code, name, level_of(code), parent_code(code)) for code, name in shipped]
    told: list[tuple[int, str, list[Problem]]] = [
        (at, area.code, []) for at, area in enumerate(rows, start=1)
    ]
    return _store(store, rows, Source(who, "builtin", "areas", "", len(rows), 0), now, dry_run, told, on_row)


def _refuses(problems: list[Problem]) -> bool:
    return any(one.refuses for one in problems)


def _area(checker: Checker, row: int, cells: list[str]) -> tuple[AreaRow, list[Problem]]:
    layout, values = checker.layout, checker.row(row, cells).values
    problems: list[Problem] = []
    code, name = canonical(values.get("code", "")), values.get("name", "")
    level = _LEVEL_WORDS.get(values.get("level", "")) or level_of(code)
    if not (code.isascii() and code.isdecimal() and 2 <= len(code) <= 18 and not code.startswith("0")):
        problems.append(problem(layout.header_of("code"), "area_code_bad", value=code))
    if not name:
        problems.append(problem(layout.header_of("name"), "area_name_empty"))
    parent = canonical(values.get("parent", "")) or parent_code(code)
    return AreaRow(code, name, level, parent), problems


def _orphans(
    engine: Engine,
    layout: Layout,
    found: dict[str, AreaRow],
    first: dict[str, int],
    told: list[tuple[int, str, list[Problem]]],
) -> None:
    """A parent that is nowhere: the area hangs on the nearest ancestor there is, or becomes a top."""
    with reading(engine) as connection:
        there = read_places(connection).areas
    by_row = {row: problems for row, _, problems in told}
    for area in found.values():
        parent = area.parent_code
        while parent and parent not in found and parent not in there:
            parent = parent_code(parent)
        if not parent and area.parent_code and len(area.code) > 6:
            header = layout.header_of("parent") or layout.header_of("code")
            by_row[first[area.code]].append(problem(header, "area_no_parent", value=area.parent_code))
        area.parent_code = parent


def _store(
    store: Writer,
    rows: list[AreaRow],
    source: Source,
    now: int,
    dry_run: bool,
    told: list[tuple[int, str, list[Problem]]],
    on_row: Callable[[RowVerdict], None] | None,
) -> Summary:
    report = store.import_areas(rows, source, now, dry_run=dry_run)
    by_code: dict[str, str] = dict(zip([area.code for area in rows], report.verdicts, strict=True))
    summary = Summary(dry_run=dry_run)
    for row, code, problems in told:
        verdict = REFUSED if _refuses(problems) else by_code.get(code, UNCHANGED)
        one = RowVerdict(row, code, verdict, tuple(problems))
        summary.count(one)
        if on_row is not None:
            on_row(one)
    return summary
