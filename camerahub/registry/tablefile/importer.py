"""Import of a camera table: file -> checked rows -> resolved rows -> store, with a verdict for every row.

One transaction for every 50,000 rows; a refused row never stops the rest; a dry run gives the same verdicts. Must not
know terminals or commands.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from camerahub.core.area import UNASSIGNED
from camerahub.registry.engine import reading
from camerahub.registry.rows import AreaRow, CameraRow, DeviceRow, Source, UpsertReport
from camerahub.registry.tablefile.check import Checker, Draft
from camerahub.registry.tablefile.known import Known, read_addresses, read_known, read_places
from camerahub.registry.tablefile.profiles import find_profile
from camerahub.registry.tablefile.reader import Layout, open_table
from camerahub.registry.tablefile.resolve import Resolver
from camerahub.registry.tablefile.verdicts import (
    ADDED,
    CHANGED,
    REFUSED,
    UNCHANGED,
    VERDICTS,
    RowVerdict,
    problem,
)
from camerahub.registry.tablefile.via import Hub, via_devices
from camerahub.registry.vendors import Vendors, shipped_vendors

PORTION = 50_000
PROGRESS_EVERY = 500

OnRow = Callable[[RowVerdict, list[str]], None]


class Writer(Protocol):
    """The part of the store an import needs."""

    def import_areas(
        self, rows: Sequence[AreaRow], source: Source, now: int, *, dry_run: bool = False
    ) -> UpsertReport:
        """Add or change areas, all or none."""
        ...

    def import_cameras(
        self,
        rows: Sequence[CameraRow],
        source: Source,
        now: int,
        *,
        devices: Sequence[DeviceRow] = (),
        dry_run: bool = False,
    ) -> UpsertReport:
        """Add or change cameras, all or none."""
        ...


@dataclass(slots=True)
class Summary:
    """What became of a whole file."""

    rows: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    kept_columns: tuple[str, ...] = ()
    dropped_columns: tuple[str, ...] = ()
    dry_run: bool = False

    def count(self, verdict: RowVerdict) -> None:
        """Take one row in."""
        self.rows += 1
        self.verdicts[verdict.verdict] += 1
        self.problems.update(one.reason for one in verdict.problems)

    @property
    def refused(self) -> int:
        """Rows that could not be used."""
        return self.verdicts[REFUSED]

    def as_json(self) -> dict[str, object]:
        """The summary line of ``--json``."""
        return {
            "rows": self.rows,
            **{verdict: self.verdicts[verdict] for verdict in VERDICTS},
            "problems": dict(self.problems.most_common()),
            "kept_columns": list(self.kept_columns),
            "dropped_columns": list(self.dropped_columns),
            "dry_run": self.dry_run,
        }


@dataclass(slots=True)
class _Seen:
    """What earlier rows of the same file said."""

    codes: dict[str, int] = field(default_factory=dict)
    addresses: dict[tuple[str, int, str, str], tuple[int, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Import:
    store: Writer
    engine: Engine
    source: Source
    vendors: Vendors
    now: int
    dry_run: bool
    on_row: OnRow | None
    on_progress: Callable[[int], None] | None
    layout: Layout
    summary: Summary
    checker: Checker
    hubs: dict[str, Hub] = field(default_factory=dict)
    seen: _Seen = field(default_factory=_Seen)

    def portion(self, rows: list[tuple[int, list[str]]]) -> None:
        """Check, resolve and store some rows, then tell their verdicts in order."""
        drafts = []
        check = self.checker.row
        for row, cells in rows:
            drafts.append(check(row, cells))
            if self.on_progress is not None and not len(drafts) % PROGRESS_EVERY:
                self.on_progress(PROGRESS_EVERY)
        for draft in drafts:
            self._twice(draft)
        resolver, known, cameras = self._resolve(drafts)
        unplaced = any(camera.area_code == UNASSIGNED for camera in cameras.values())
        by_hand = unplaced and not self._ensure_unassigned(UNASSIGNED in resolver.places.areas)
        verdicts = dict.fromkeys(cameras, CHANGED)
        refused = len(drafts) - len(cameras)
        source = Source(
            self.source.who, self.source.file, self.source.profile, self.source.sha256, len(drafts), refused
        )
        if by_hand:
            cameras = self._set_apart(cameras, known, verdicts)
        report = self.store.import_cameras(
            list(cameras.values()),
            source,
            self.now,
            devices=list(resolver.devices.values()),
            dry_run=self.dry_run,
        )
        verdicts.update(zip(cameras, report.verdicts, strict=True))
        for draft, (_, cells) in zip(drafts, rows, strict=True):
            self._tell(draft, verdicts.get(draft.row, REFUSED), cells)

    def _twice(self, draft: Draft) -> None:
        if not draft.code:
            return
        first = self.seen.codes.setdefault(draft.code, draft.row)
        if first != draft.row:
            header = self.layout.header_of("code")
            fields = {"value": draft.code, "first": first, "row": draft.row}
            draft.problems.append(problem(header, "code_twice", **fields))

    def _resolve(self, drafts: list[Draft]) -> tuple[Resolver, dict[str, Known], dict[int, CameraRow]]:
        usable = [draft for draft in drafts if not draft.refused]
        with reading(self.engine) as connection:
            known = read_known(connection, [draft.code for draft in usable])
            resolver = Resolver(read_places(connection), self.vendors, self.layout.header_of, self.hubs)
            cameras: dict[int, CameraRow] = {}
            for draft in usable:
                camera = resolver.resolve(draft, known.get(draft.code))
                if camera is not None:
                    cameras[draft.row] = camera
            hosts = {road.host for camera in cameras.values() for road in camera.endpoints if road.host}
            others = read_addresses(connection, sorted(hosts))
        for draft in usable:
            if draft.row in cameras:
                self._same_address(draft, cameras[draft.row], others)
        return resolver, known, cameras

    def _same_address(
        self, draft: Draft, camera: CameraRow, others: dict[tuple[str, int, str, str], list[str]]
    ) -> None:
        """A warning only: two codes for one address happen (三网), but mostly by mistake."""
        main = next((one for one in camera.endpoints if (one.kind, one.stream) == ("rtsp", "main")), None)
        if main is None:
            return
        key = (main.host, main.port, main.path, main.channel)
        row, code = self.seen.addresses.setdefault(key, (draft.row, draft.code))
        other = next((one for one in others.get(key, ()) if one != draft.code), None)
        if row != draft.row:
            draft.problems.append(problem("", "same_address_row", row=row, code=code))
        elif other is not None:
            draft.problems.append(problem("", "same_address_code", code=other))

    def _ensure_unassigned(self, there: bool) -> bool:
        """The area of cameras nobody placed; False when a dry run may not make it."""
        if not there and not self.dry_run:
            row = AreaRow(UNASSIGNED, "未分配", UNASSIGNED)
            self.store.import_areas([row], Source(self.source.who, self.source.file), self.now)
        return there or not self.dry_run

    @staticmethod
    def _set_apart(
        cameras: dict[int, CameraRow], known: dict[str, Known], verdicts: dict[int, str]
    ) -> dict[int, CameraRow]:
        """Dry run without that area: its cameras cannot be asked of the store, but their verdict is sure."""
        for row, camera in cameras.items():
            verdicts[row] = CHANGED if camera.code in known else ADDED
        return {row: camera for row, camera in cameras.items() if camera.area_code != UNASSIGNED}

    def _tell(self, draft: Draft, verdict: str, cells: list[str]) -> None:
        told = RowVerdict(draft.row, draft.code, verdict, tuple(draft.problems))
        self.summary.count(told)
        if self.on_row is not None:
            self.on_row(told, cells)


def import_file(
    store: Writer,
    engine: Engine,
    path: Path,
    profile: str,
    *,
    who: str,
    now: int,
    dry_run: bool = False,
    vendors: Vendors | None = None,
    on_row: OnRow | None = None,
    on_layout: Callable[[Layout], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Summary:
    """Import ``path`` under ``profile``; ``now`` µs UTC. ``on_row`` hears each verdict with the row's cells, in order,
    ``on_progress`` how many more rows were checked.

    TableFileError when the file cannot be used at all (nothing was written); EnvironmentFault from the store.
    """
    table = open_table(path, find_profile(profile))
    if on_layout is not None:
        on_layout(table.layout)
    kept, dropped = tuple(table.layout.kept.values()), table.layout.dropped
    summary = Summary(kept_columns=kept, dropped_columns=dropped, dry_run=dry_run)
    source = Source(who, path.name, profile, sha256_of(path))
    job = _Import(
        store,
        engine,
        source,
        vendors or shipped_vendors(),
        now,
        dry_run,
        on_row,
        on_progress,
        table.layout,
        summary,
        Checker(table.layout),
    )
    rows = list(islice(table.rows, PORTION))
    # a file of one portion is in memory; a longer one is read twice
    job.hubs = via_devices(
        job.checker, rows if len(rows) < PORTION else open_table(path, find_profile(profile)).rows
    )
    while rows:
        job.portion(rows)
        rows = list(islice(table.rows, PORTION))
    return summary


def sha256_of(path: Path) -> str:
    """Hex digest of a file, for the record of the import."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["ADDED", "CHANGED", "REFUSED", "UNCHANGED", "Summary", "import_file", "sha256_of"]
