"""What must hold for any bytes given as a table: verdicts, or the one documented error. Shared by fuzz and replay."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from camerahub.registry.tablefile.cells import guard, tidy
from camerahub.registry.tablefile.check import Draft, check_row
from camerahub.registry.tablefile.known import Places
from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tablefile.reader import Layout, make_layout, open_table
from camerahub.registry.tablefile.resolve import Resolver
from camerahub.registry.tablefile.verdicts import PROBLEMS, TableFileError
from camerahub.registry.vendors import shipped_vendors

_SCRATCH = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)) / "input"
_PLACES = Places(
    {"320585", "320585100", "unassigned"}, {"320585000000"}, {"城厢镇": ["320585100"]}, {}, {"123": "00123"}
)
_NAMES = tuple(PROFILES)
_LAYOUTS: dict[str, Layout] = {
    name: make_layout(Path(name), [c.header for c in (*p.columns, *p.also)] + ["备注"], p)
    for name, p in PROFILES.items()
}


def judge(layout: Layout, row: int, cells: list[str]) -> None:
    """Check and resolve one row; whatever is in it, problems have words and no address keeps a password."""
    draft = check_row(layout, row, cells)
    resolver = Resolver(_PLACES, shipped_vendors(), layout.header_of)
    camera = None if draft.refused else resolver.resolve(draft, None)
    for one in draft.problems:
        assert one.reason in PROBLEMS
        assert one.zh
        assert one.en
    if camera is None:
        assert draft.refused
        return
    assert camera.code == tidy(camera.code)
    for road in camera.endpoints:
        assert 0 <= road.port <= 65535
        assert (not road.host) or not set(road.host) & set("@/ ")
    for value in camera.values.values():
        assert value is None or isinstance(value, (str, float))
    _guarded(draft)


def _guarded(draft: Draft) -> None:
    for value in draft.values.values():
        assert guard(value)[:1] not in ("=", "+", "-", "@")


def rows(data: bytes) -> None:
    """First byte: a profile and whether the rest is a CSV file (one in eight) or the cells of one row."""
    if not data:
        return
    name = _NAMES[data[0] & 1]
    if data[0] & 14 == 14:
        table(data[1:], name)
        return
    judge(_LAYOUTS[name], 2, data[1:].decode("utf-8", "replace").split("\x1f"))


def table(data: bytes, profile: str = "native") -> None:
    """Any bytes as a file."""
    _SCRATCH.write_bytes(data)
    try:
        opened = open_table(_SCRATCH, PROFILES[profile])
        for row, cells in opened.rows:
            judge(opened.layout, row, cells)
    except TableFileError:
        return
