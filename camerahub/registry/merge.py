"""Cameras into the register: who is new, what changed, and who was in which denominator when.

Compared in memory, written in bulk. Nothing is deleted: a camera that a file no longer names stays.
Must not know: files, columns of files, profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, case, insert, select, update

from camerahub.registry.ledger import Ledger
from camerahub.registry.merge_areas import ids_by_code, merge_devices
from camerahub.registry.merge_roads import Wallet, merge_roads
from camerahub.registry.one import update_many
from camerahub.registry.rows import CameraRow, DeviceRow, Source, UpsertReport
from camerahub.registry.secrets import KeyRing
from camerahub.registry.tables import STATUSES, areas, cameras, memberships

_NUMBERS = frozenset({"lon", "lat", "raw_lon", "raw_lat"})
_MEMBER = ("area_id", "network", "status")
#: Columns of a new camera that a row may leave out.
_DEFAULTS: dict[str, Any] = {
    "unit_id": None, "network": "", "source": "", "site": "", "pole": "", "lon": None, "lat": None, "crs": "",
    "raw_lon": None, "raw_lat": None, "vendor": "", "model": "", "point_class": "", "maintainer": "",
    "installed_on": "", "status": "active", "device": "", "switch": "", "onu": "", "power": "",
    "keyboard_no": "", "extra": "{}",
}  # fmt: skip


@contextmanager
def trial(connection: Connection, *, dry_run: bool) -> Iterator[None]:
    """Everything within is undone at the end of a dry run."""
    nested = connection.begin_nested()
    try:
        yield
    except BaseException:
        nested.rollback()
        raise
    if dry_run:
        nested.rollback()
    else:
        nested.commit()


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
    stored = {row["code"]: row for row in connection.execute(select(cameras)).mappings()}
    wanted = {row.code: _columns(row, civil, police) for row in rows}
    if len(wanted) != len(rows):
        raise ValueError("a camera code stands twice in the rows")
    _add(connection, ledger, [code for code in wanted if code not in stored], wanted, now)
    moved = _change(connection, ledger, wanted, stored, {i: code for code, i in civil.items()}, now)
    ids = ids_by_code(connection, cameras, cameras.c.id > 0)
    _move(connection, [code for code in wanted if code not in stored], moved, ids, now)
    wallet = Wallet.open(connection, keys)
    merge_roads(connection, ledger, wallet, rows, ids, device_ids, now)
    return ledger.write(connection, [row.code for row in rows], source, now)


def _columns(row: CameraRow, civil: Mapping[str, int], police: Mapping[str, int]) -> dict[str, Any]:
    values: dict[str, Any] = {"code": row.code, "name": row.name, "area_id": civil[row.area_code]}
    if row.unit_code:
        values["unit_id"] = police[row.unit_code]
    for name, value in row.values.items():
        values[name] = value if name in _NUMBERS else ("" if value is None else str(value))
    if values.get("status") == "":
        values["status"] = "active"
    return values


def _add(
    connection: Connection, ledger: Ledger, codes: list[str], wanted: Mapping[str, dict[str, Any]], now: int
) -> None:
    for code in codes:
        ledger.add("camera", code, wanted[code]["name"])
    if codes:
        common = _DEFAULTS | {"created_at": now, "changed_at": now}
        connection.execute(insert(cameras), [common | wanted[code] for code in codes])


def _change(
    connection: Connection,
    ledger: Ledger,
    wanted: Mapping[str, dict[str, Any]],
    stored: Mapping[str, RowMapping],
    area_codes: Mapping[int, str],
    now: int,
) -> list[int]:
    """Update what differs; ids of the cameras whose membership ends."""
    moved, changed = [], []
    for code, values in wanted.items():
        old = stored.get(code)
        if old is None:
            continue
        differs = {name: value for name, value in values.items() if old[name] != value}
        for name, value in differs.items():
            told = (
                (area_codes.get(old[name]), area_codes.get(value))
                if name == "area_id"
                else (old[name], value)
            )
            ledger.change("camera", code, name, *told)
        if differs:
            changed.append((old["id"], differs | {"changed_at": now}))
        if differs.keys() & set(_MEMBER):
            moved.append(old["id"])
    update_many(connection, cameras, changed)
    return moved


def _move(
    connection: Connection, new_codes: list[str], moved: list[int], ids: Mapping[str, int], now: int
) -> None:
    """Close the memberships of those that moved; open one for them and for the new."""
    if moved:
        column = memberships.c
        ends = update(memberships).where((column.camera_id == bindparam("of")) & column.valid_to.is_(None))
        later = case((column.valid_from > now, column.valid_from), else_=now)
        connection.execute(ends.values(valid_to=later), [{"of": number} for number in moved])
    enter = set(moved) | {ids[code] for code in new_codes}
    if not enter:
        return
    query = select(cameras.c.id, *(cameras.c[name] for name in _MEMBER))
    opened = [
        {
            "camera_id": number, "area_id": area, "network": network, "status": status,
            "expected": STATUSES[status][0], "valid_from": now, "recorded_at": now,
        }
        for number, area, network, status in connection.execute(query)
        if number in enter
    ]  # fmt: skip
    connection.execute(insert(memberships), opened)
