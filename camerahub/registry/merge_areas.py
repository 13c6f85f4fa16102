"""Areas and devices into the register: the two trees on which cameras hang.

Must not know: where the rows come from. Nothing is deleted: what a file no longer names stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from camerahub.registry.ledger import Ledger
from camerahub.registry.rows import AreaRow, DeviceRow, Source, UpsertReport
from camerahub.registry.tables import areas, devices


def merge_areas(connection: Connection, rows: Sequence[AreaRow], source: Source, now: int) -> UpsertReport:
    """Add or change areas; parents are joined after all are there, so any order will do."""
    ledger = Ledger()
    for tree in sorted({row.tree for row in rows}):
        mine = {row.code: row for row in rows if row.tree == tree}
        wanted = {
            code: {"tree": tree, "code": code, "name": row.name, "level": row.level}
            for code, row in mine.items()
        }
        parents = {code: row.parent_code for code, row in mine.items()}
        _merge_tree(connection, ledger, areas, "area", wanted, parents, now, areas.c.tree == tree)
    return ledger.write(connection, [row.code for row in rows], source, now)


def merge_devices(
    connection: Connection, ledger: Ledger, rows: Sequence[DeviceRow], now: int
) -> dict[str, int]:
    """Add or change devices; code -> id of all devices of the register."""
    wanted = {
        row.code: {
            "code": row.code, "kind": row.kind, "name": row.name, "host": row.host, "port": row.port,
            "vendor": row.vendor, "model": row.model,
        }
        for row in rows
    }  # fmt: skip
    if wanted:
        parents = {row.code: row.parent_code for row in rows}
        _merge_tree(connection, ledger, devices, "device", wanted, parents, now, devices.c.id > 0)
    return ids_by_code(connection, devices, devices.c.id > 0)


def ids_by_code(connection: Connection, table: Table, where: Any) -> dict[str, int]:
    """code -> id."""
    columns = connection.execute(select(table.c.code, table.c.id).where(where)).all()
    return {row[0]: row[1] for row in columns}


def _merge_tree(
    connection: Connection,
    ledger: Ledger,
    table: Table,
    entity: str,
    wanted: dict[str, dict[str, Any]],
    parents: dict[str, str],
    now: int,
    where: Any,
) -> None:
    stored = {row["code"]: row for row in connection.execute(select(table).where(where)).mappings()}
    new = [values | {"created_at": now} for code, values in wanted.items() if code not in stored]
    if new:
        connection.execute(insert(table), new)
    ids = ids_by_code(connection, table, where)
    for code, values in wanted.items():
        parent = ids[parents[code]] if parents[code] else None
        if code not in stored:
            ledger.add(entity, code, values.get("name") or code)
        else:
            _update(connection, ledger, table, entity, stored[code], values | {"parent_id": parent})
    joined = [{"of": ids[c], "to": ids[parents[c]]} for c in wanted if c not in stored and parents[c]]
    if joined:
        connection.execute(
            update(table).where(table.c.id == bindparam("of")).values(parent_id=bindparam("to")), joined
        )


def _update(
    connection: Connection, ledger: Ledger, table: Table, entity: str, old: Any, new: dict[str, Any]
) -> None:
    differs = ledger.compare(entity, old["code"], old, new)
    if differs:
        connection.execute(update(table).where(table.c.id == old["id"]).values(**differs))
