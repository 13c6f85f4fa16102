"""Cameras into the register: who is new, what changed, and who was in which denominator when.

Compared in memory as tuples, written by the driver's bulk calls under ids taken beforehand. Nothing is deleted: a
camera that a file no longer names stays. Must not know: files, columns of files, profiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, case, select, update

from camerahub.registry import bulk
from camerahub.registry.ledger import Ledger
from camerahub.registry.merge_areas import ids_by_code, merge_devices
from camerahub.registry.merge_roads import Wallet, merge_roads
from camerahub.registry.one import update_many
from camerahub.registry.rows import CameraRow, DeviceRow, Source, UpsertReport
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import STATUSES, areas, cameras, memberships

_NUMBERS = frozenset({"lon", "lat", "raw_lon", "raw_lat"})
_MEMBER = ("area_id", "network", "status")
#: Columns of a new camera; what a row may leave out has its default.
_NEW: dict[str, Any] = {
    "id": 0, "code": "", "name": "", "area_id": 0,
    "unit_id": None, "network": "", "source": "", "site": "", "pole": "", "lon": None, "lat": None, "crs": "",
    "raw_lon": None, "raw_lat": None, "vendor": "", "model": "", "point_class": "", "maintainer": "",
    "installed_on": "", "status": "active", "device": "", "switch": "", "onu": "", "power": "",
    "keyboard_no": "", "extra": "{}", "created_at": 0, "changed_at": 0,
}  # fmt: skip
_MEMBERSHIP = ("camera_id", "area_id", "network", "status", "expected", "valid_from", "recorded_at")
_COLUMNS = tuple(cameras.c.keys())
_AT = {name: at for at, name in enumerate(_COLUMNS)}
#: So few are asked for by code; for more the whole table is read.
_FEW = 500
Values = dict[str, Any]
Stored = tuple[Any, ...]


@dataclass(slots=True)
class Cameras:
    """What becomes of the cameras of one import: ids by code, who is expected, and who enters a denominator anew."""

    ids: dict[str, int] = field(default_factory=dict)
    expected: dict[int, bool] = field(default_factory=dict)
    entering: list[Values] = field(default_factory=list)


@contextmanager
def trial(connection: Connection, *, dry_run: bool) -> Iterator[None]:
    """Everything within is undone at the end of a dry run. What fails is undone by the transaction around it: a
    savepoint may be gone by then (SQLite drops it when the disk is full), and the first error must be the one told."""
    if not dry_run:
        yield
        return
    nested = connection.begin_nested()
    yield
    nested.rollback()


def merge_cameras(
    connection: Connection,
    keys: KeyRing | None,
    rows: Sequence[CameraRow],
    devices: Sequence[DeviceRow],
    source: Source,
    now: int,
) -> UpsertReport:
    """Add or change cameras and all that hangs on them."""
    ledger = Ledger()
    device_ids = merge_devices(connection, ledger, devices, now)
    civil = ids_by_code(connection, areas, areas.c.tree == "civil")
    police = ids_by_code(connection, areas, areas.c.tree == "police")
    wanted = {row.code: _columns(row, civil, police) for row in rows}
    if len(wanted) != len(rows):
        raise ValueError("a camera code stands twice in the rows")
    stored = _stored(connection, wanted)
    done = Cameras()
    _add(connection, ledger, done, wanted, stored, now)
    moved = _change(connection, ledger, done, wanted, stored, {i: code for code, i in civil.items()}, now)
    _move(connection, moved, done.entering, now)
    wallet = Wallet.open(connection, keys)
    merge_roads(connection, ledger, wallet, rows, done.ids, done.expected, device_ids, now)
    return ledger.write(connection, [row.code for row in rows], source, now)


def _stored(connection: Connection, wanted: Mapping[str, Values]) -> dict[str, Stored]:
    query = select(cameras)
    if len(wanted) <= _FEW:
        query = query.where(cameras.c.code.in_(list(wanted)))
    code = _AT["code"]
    return {row[code]: row for row in bulk.fetch(connection, query)}


def _columns(row: CameraRow, civil: Mapping[str, int], police: Mapping[str, int]) -> Values:
    values: Values = {"code": row.code, "name": row.name, "area_id": civil[row.area_code]}
    if row.unit_code:
        values["unit_id"] = police[row.unit_code]
    for name, value in row.values.items():
        if type(value) is str or name in _NUMBERS:
            values[name] = value
        else:
            values[name] = "" if value is None else str(value)
    if values.get("status") == "":
        values["status"] = "active"
    return values


def _add(
    connection: Connection,
    ledger: Ledger,
    done: Cameras,
    wanted: Mapping[str, Values],
    stored: Mapping[str, Stored],
    now: int,
) -> None:
    new = [code for code in wanted if code not in stored]
    common = _NEW | {"created_at": now, "changed_at": now}
    written = []
    for number, code in zip(bulk.new_ids(connection, cameras, len(new)), new, strict=True):
        values = common | wanted[code]
        values["id"] = number
        ledger.add("camera", code, values["name"])
        written.append(tuple(values.values()))
        done.ids[code] = number
        done.expected[number] = STATUSES[values["status"]][0]
        done.entering.append(values)
    bulk.add(connection, cameras, tuple(_NEW), written)


def _change(
    connection: Connection,
    ledger: Ledger,
    done: Cameras,
    wanted: Mapping[str, Values],
    stored: Mapping[str, Stored],
    area_codes: Mapping[int, str],
    now: int,
) -> list[int]:
    """Update what differs; ids of the cameras whose membership ends."""
    moved: list[int] = []
    changed: list[tuple[int, Values]] = []
    differing = _Differing()
    for code, values in wanted.items():
        old = stored.get(code)
        if old is None:
            continue
        number = done.ids[code] = old[0]
        differs = differing(old, values)
        done.expected[number] = STATUSES[str(values.get("status", old[_AT["status"]]))][0]
        if not differs:
            continue
        for name, value in differs.items():
            told = (old[_AT[name]], value)
            if name == "area_id":
                told = (area_codes.get(told[0]), area_codes.get(value))
            ledger.change("camera", code, name, *told)
        changed.append((number, differs | {"changed_at": now}))
        if not differs.keys().isdisjoint(_MEMBER):
            moved.append(number)
            now_is = {name: values.get(name, old[_AT[name]]) for name in _MEMBER}
            done.entering.append({"id": number} | now_is)
    update_many(connection, cameras, changed)
    return moved


class _Differing:
    """Columns of a row that differ from the stored ones. Rows of one file have the same columns: compared at once."""

    def __init__(self) -> None:
        self._pick: dict[tuple[str, ...], Callable[[Stored], tuple[Any, ...]]] = {}

    def __call__(self, old: Stored, values: Values) -> Values:
        names = tuple(values)
        pick = self._pick.get(names)
        if pick is None:
            pick = self._pick[names] = bulk.picker([_AT[name] for name in names])
        if pick(old) == tuple(values.values()):
            return {}
        return {name: value for name, value in values.items() if old[_AT[name]] != value}


def _move(connection: Connection, moved: list[int], entering: list[Values], now: int) -> None:
    """Close the memberships of those that moved; open one for them and for the new."""
    if moved:
        column = memberships.c
        ends = update(memberships).where((column.camera_id == bindparam("of")) & column.valid_to.is_(None))
        later = case((column.valid_from > now, column.valid_from), else_=now)
        connection.execute(ends.values(valid_to=later), [{"of": number} for number in moved])
    opened = [
        (one["id"], one["area_id"], one["network"], one["status"], STATUSES[one["status"]][0], now, now)
        for one in sorted(entering, key=lambda one: int(one["id"]))
    ]
    bulk.add(connection, memberships, _MEMBERSHIP, opened)
