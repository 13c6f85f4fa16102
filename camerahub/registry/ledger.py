"""What an import changes, collected while it runs: one row a changed column, and a verdict a row.

Must not know: which table is compared, and any secret (a credential appears as its number).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from camerahub.registry import bulk
from camerahub.registry.one import new_id
from camerahub.registry.rows import Source, UpsertReport, Verdict
from camerahub.registry.tables import changes, imports

_CHANGE = ("at", "who", "import_id", "entity", "key", "field", "old", "new")


@dataclass(slots=True)
class Ledger:
    """Changes of one import so far; ``keys`` are codes, ``touched``/``added`` codes of rows that did not stay."""

    rows: list[tuple[str, str, str, str | None, str | None]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)

    def add(self, entity: str, key: str, name: str) -> None:
        """Something new."""
        self.added.add(key)
        self._row(entity, key, "", None, name)

    def compare(
        self, entity: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Note every column of ``new`` that differs from ``old``; returns those columns."""
        differs = {name: value for name, value in new.items() if old[name] != value}
        for name, value in differs.items():
            self.change(entity, key, name, old[name], value)
        return differs

    def change(self, entity: str, key: str, name: str, old: object, new: object) -> None:
        """One column changed."""
        self.touched.add(key)
        self._row(entity, key, name, old, new)

    def _row(self, entity: str, key: str, name: str, old: object, new: object) -> None:
        self.rows.append(
            (entity, key, name, None if old is None else str(old), None if new is None else str(new))
        )

    def verdict(self, key: str) -> Verdict:
        """What became of the row with this code."""
        if key in self.added:
            return "added"
        return "changed" if key in self.touched else "unchanged"

    def write(self, connection: Connection, keys: list[str], source: Source, now: int) -> UpsertReport:
        """Store the import and its changes; the report in the order of ``keys``."""
        verdicts = [self.verdict(key) for key in keys]
        counted: dict[str, object] = {v: verdicts.count(v) for v in ("added", "changed", "unchanged")}
        values: dict[str, object] = {
            "at": now, "who": source.who, "file": source.file, "sha256": source.sha256, "profile": source.profile,
            "rows": source.rows or len(keys), "refused": source.refused, **counted,
        }  # fmt: skip
        import_id = new_id(connection, imports, values)
        common = (now, source.who, import_id)
        bulk.add(connection, changes, _CHANGE, [common + row for row in self.rows])
        return UpsertReport(verdicts, import_id, len(self.rows))
