"""`camerahub cameras`: the list behind every number."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camerahub.cli.table import moment, render
from camerahub.core.cells import as_words
from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.rates import rfc3339
from camerahub.core.result import PROBE_KINDS, REASONS
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.queries import CameraState, FacetState

FACETS = tuple(sorted({facet.name.lower() for kind in PROBE_KINDS.values() for facet in kind.facets}))
STATES = ("up", "down", "unknown")
_WORDS = {text(f"web.state_{facet}_{state}").zh: state for facet in FACETS for state in STATES}
_HEADERS = ("code", "name", "area", "network", "state", "since", "reason", "observed")
_SPAN = re.compile(r"(\d{1,6})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_since(word: str | None, zone: tzinfo, now: int) -> int | None:
    """µs UTC of ``2025-01-31``, ``2025-01-31T08:00`` (in ``zone`` unless it has an offset) or ``30m`` before now."""
    if word is None:
        return None
    if span := _SPAN.match(word.strip()):
        ago = timedelta(**{_UNITS[span[2]]: int(span[1])})
        return now - ago // timedelta(microseconds=1)
    try:
        at = datetime.fromisoformat(word.strip())
    except ValueError:
        raise ConfigError("web.bad_since", value=word) from None
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1e6)


def _chosen(option: str, value: str | None, choices: Sequence[str]) -> str | None:
    if value is not None and value not in choices:
        raise ConfigError("web.bad_choice", option=option, value=value, choices=", ".join(choices))
    return value


def check_facet(facet: str) -> None:
    """ConfigError for a facet this version does not measure."""
    if facet not in FACETS:
        raise ConfigError("web.no_facet", facet=facet)


def _facet_json(told: FacetState, zone: tzinfo) -> dict[str, str | None]:
    def when(at: int) -> str | None:
        return rfc3339(at, zone) if at else None

    found = {
        "state": told.state,
        "since": when(told.since),
        "reason": told.reason,
        "observed_at": when(told.observed_at),
    }
    return found | {"source": told.source} if told.source else found


def as_json(camera: CameraState, zone: tzinfo) -> dict[str, Any]:
    """The line of the contract."""
    return {
        "code": camera.code,
        "name": camera.name,
        "area_code": camera.area_code,
        "network": camera.network,
        "facets": {name: _facet_json(told, zone) for name, told in camera.facets.items()},
    }


def _why(told: FacetState) -> str:
    if told.reason == "blind" and not told.observed_at:
        never = text("web.never_looked_at")
        return f"{never.zh} {never.en}"
    by = f" ({' '.join(text('web.by_snapshot'))})" if told.source else ""
    return f"{REASONS[told.reason].zh} {told.reason}{by}"


def _cells(camera: CameraState, facet: str, zone: tzinfo) -> list[str]:
    told = camera.facets[facet]
    state = text(f"web.state_{facet}_{told.state}")
    return [
        camera.code,
        camera.name,
        camera.area_code,
        camera.network,
        f"{state.zh} {state.en}",
        moment(told.since, zone),
        _why(told),
        moment(told.observed_at, zone),
    ]


_TITLES = tuple(f"web.col_{name}" for name in _HEADERS)
_WIDE = (24, 28, 16, 10, 12, 20, 28, 20)


def write_xlsx(
    path: Path,
    rows: Sequence[Sequence[str]],
    titles: Sequence[str] = _TITLES,
    widths: Sequence[int] = _WIDE,
    name: str = "cameras",
) -> None:
    """A sheet with every cell as text, so that Excel keeps 20-digit codes and runs no formula."""
    import xlsxwriter  # type: ignore[import-untyped]

    try:
        path.open("ab").close()
    except OSError as error:
        raise EnvironmentFault("web.xlsx_unwritable", file=path, problem=error.strerror or error) from None
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet(name)
    bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for column, wide in enumerate(widths):
        sheet.set_column(column, column, wide, as_text)
    for column, title in enumerate(text(key) for key in titles):
        sheet.write_string(0, column, f"{title.zh} {title.en}", bold)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, as_words(cell[:32_000]), as_text)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(titles) - 1)
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise EnvironmentFault("web.xlsx_unwritable", file=path, problem=error) from None


def _say(key: str, **fields: object) -> None:
    said = text(key, **fields)
    click.echo(f"{said.zh} / {said.en}", err=True)


def _summary(listed: Sequence[CameraState], facet: str, shown: int) -> None:
    states = Counter(camera.facets[facet].state for camera in listed)
    _say(f"web.cameras_summary_{facet}", total=len(listed), **{state: states[state] for state in STATES})
    if shown < len(listed):
        _say("web.cameras_cut", shown=shown)


def _listed(context: Context, area: str | None, everyone: bool, **filters: Any) -> list[CameraState]:
    from camerahub.registry import queries

    store = context.open_store()
    try:
        if area is not None and area not in queries.area_codes(store.engine):
            raise ConfigError("web.no_area", area=area)
        found = queries.cameras(store.engine, area=area, **filters)
    finally:
        store.close()
    return [camera for camera in found if everyone or camera.expected]


@click.command("cameras")
@click.option("--area", metavar="CODE", help="区划代码, 含下级. Area code with all below it.")
@click.option("--facet", default="online", show_default=True, help="哪一问. Which question.")
@click.option("--state", help="在线/离线/未知. up, down or unknown.")
@click.option("--reason", help="原因. A reason of the closed list.")
@click.option("--since", help="状态在此后变化. Changed since: 2025-01-31, 2025-01-31T08:00, 30m, 12h, 7d.")
@click.option("--all", "everyone", is_flag=True, help="含不应检的. Also cameras that need not count.")
@click.option("--limit", type=click.IntRange(1), help="最多显示几路. At most so many lines.")
@click.option("--json", "as_lines", is_flag=True, help="每行一个 JSON. One JSON object a line.")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), help="写成表格. Write a table.")
@click.pass_context
def command(
    ctx: click.Context,
    area: str | None,
    facet: str,
    state: str | None,
    reason: str | None,
    since: str | None,
    everyone: bool,
    limit: int | None,
    as_lines: bool,
    xlsx: Path | None,
) -> int:
    """摄像机清单: 每个数字背后是哪些摄像机. The list behind every number, expected cameras only."""
    context: Context = ctx.find_root().obj
    check_facet(facet)
    zone = context.settings().site.zone
    filters = {
        "facet": facet,
        "state": _chosen("--state", _WORDS.get(state or "", state), STATES),
        "reason": _chosen("--reason", reason, tuple(REASONS)),
        "since": parse_since(since, zone, SystemClock().wall_us()),
    }
    listed = _listed(context, area, everyone, **filters)
    shown = listed[:limit]
    if as_lines:
        for camera in shown:
            click.echo(json.dumps(as_json(camera, zone), ensure_ascii=False))
    cells = [] if as_lines and xlsx is None else [_cells(camera, facet, zone) for camera in shown]
    if xlsx is not None:
        write_xlsx(xlsx, cells)
        _say("web.xlsx_done", rows=len(cells), file=xlsx)
    elif not as_lines:
        click.echo("\n".join(render([f"web.col_{name}" for name in _HEADERS], cells)))
    _summary(listed, facet, len(shown))
    return EXIT_OK
