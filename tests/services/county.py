"""A small register on real SQLite, and results for it, for the tests of ingest, metrics and the commands."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from camerahub.core.area import Area
from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.health import POLICIES
from camerahub.core.result import PROBE_KINDS, REASONS, Facet, Stage
from camerahub.registry import tables
from camerahub.registry.engine import open_engine, sqlite_url
from camerahub.registry.migrate import upgrade
from camerahub.registry.rows import AreaRow, CameraRow, EndpointRow, Source
from camerahub.registry.store import Store
from camerahub.services.clock import ManualClock
from camerahub.services.desk import Desk
from camerahub.services.ingest import Ingest, Limits
from camerahub.telemetry.board import Board

ZONE = ZoneInfo("Asia/Shanghai")
ONLINE = (POLICIES[Facet.ONLINE],)
NETWORKS = ("雪亮", "天网", "慧眼")
AREAS = [
    AreaRow("320585", "太仓市", "county"),
    AreaRow("320585100", "城厢镇", "township", "320585"),
    AreaRow("320585100001", "东村", "village", "320585100"),
    AreaRow("320585101", "沙溪镇", "township", "320585"),
]


def camera_row(n: int, area: str, network: str = "雪亮", *, endpoints: int = 1, **values: str) -> CameraRow:
    roads = [EndpointRow(stream=("main", "sub")[i], host=f"192.0.2.{n % 250 + 1}") for i in range(endpoints)]
    return CameraRow(f"3205850000131{n:07d}", f"相机{n}", area, {"network": network, **values}, roads)


def default_rows(count: int = 12) -> list[CameraRow]:
    """Cameras over two townships, a village and the county itself; the last one has no address."""
    codes = ("320585100", "320585100001", "320585101", "320585")
    rows = [camera_row(n, codes[n % 4], NETWORKS[n % 3]) for n in range(count)]
    rows[-1].endpoints.clear()
    return rows


@cache
def empty_database() -> bytes:
    """A migrated SQLite file with the areas, made once: migrations are not what these tests are about."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        upgrade(sqlite_url(path))
        store = Store(open_engine(sqlite_url(path)), zone=ZONE)
        store.import_areas(AREAS, Source("test", "areas.csv"), 1)
        store.close()
        return path.read_bytes()


class Register:
    """One SQLite file with areas and cameras."""

    def __init__(self, folder: Path, rows: Sequence[CameraRow] | None = None, now: int = 1) -> None:
        self.url = sqlite_url(folder / "camerahub.db")
        (folder / "camerahub.db").write_bytes(empty_database())
        self.stores: list[Store] = []
        store = self.store()
        store.import_cameras(default_rows() if rows is None else rows, Source("test", "cameras.csv"), now)

    def store(self) -> Store:
        """A new store, as a new process would open it."""
        store = Store(open_engine(self.url), zone=ZONE)
        self.stores.append(store)
        return store

    def change(self, rows: Sequence[CameraRow], now: int) -> None:
        """Import more."""
        self.store().import_cameras(rows, Source("test", "more.csv"), now)

    def close(self) -> None:
        for store in self.stores:
            store.close()


def read_areas(engine: Engine) -> list[Area]:
    above = tables.areas.alias()
    mine = tables.areas.c
    query = select(mine.id, mine.code, mine.name, mine.level, above.c.code).outerjoin_from(
        tables.areas, above, above.c.id == mine.parent_id
    )
    with engine.connect() as connection:
        found = connection.execute(query).all()
    return [
        Area(id=i, code=c, name=n, level=level, parent_code=parent or "") for i, c, n, level, parent in found
    ]


class Hub:
    """An ingest over the register with a manual clock."""

    def __init__(
        self,
        register: Register,
        clock: ManualClock | None = None,
        limits: Limits | None = None,
        store: Any = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.board = Board("test", 1)
        self.store = register.store() if store is None else store
        engine = self.store.engine
        self.desk = Desk(self.store, lambda: read_areas(engine), ONLINE, ("options",))
        self.ingest = Ingest(self.desk, self.clock, self.board, limits)
        self.epoch = self.clock.wall_us()
        self.seq = 0

    async def start(self) -> Hub:
        await self.ingest.start()
        await self.ingest.step()
        return self

    def rows(
        self, pairs: Iterable[tuple[int, str]], probe: str = "options", ago_s: float = 0.1
    ) -> NDArray[np.void]:
        """Results (endpoint, reason) that began ``ago_s`` before now."""
        pairs = list(pairs)
        rows = np.zeros(len(pairs), RESULT_DTYPE)
        for row, (endpoint, reason) in zip(rows, pairs, strict=True):
            info = REASONS[reason]
            row["endpoint"], row["probe"], row["reason"] = endpoint, PROBE_KINDS[probe].code, info.code
            row["outcome"], row["stage"] = int(info.outcome), Stage.L2 if reason == "ok" else 0
            row["started_at"], row["duration_us"] = self.clock.wall_us() - round(ago_s * 1e6), 5_000
        return rows

    async def feed(self, pairs: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        """One batch, committed."""
        self.seq += 1
        await self.ingest.submit("prober-0", self.epoch, self.seq, self.rows(pairs, **kwargs))
        await self.ingest.step()

    async def everyone(self, reason: str, times: int = 1) -> None:
        """``times`` results of every endpoint, five seconds apart."""
        for _ in range(times):
            self.clock.advance(5)
            await self.feed([(int(e), reason) for e in self.desk.roster.endpoint])

    @property
    def totals(self) -> dict[str, int]:
        tally = self.ingest.tally()
        assert tally is not None
        return tally.totals()

    def crash(self) -> None:
        """End without a word."""
        self.ingest._thread.shutdown(wait=True)
