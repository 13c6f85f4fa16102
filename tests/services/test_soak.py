"""Days of a county in virtual time: nothing grows but what retention says grows.

The real fleet, gate, guard and conversations watch the farm's cameras without sockets (``virtual_dialling``); what
they find goes through the real ingest into a register on SQLite, with its checkpoints, and the daily prune. Cameras
break and mend, the prober is blind now and then. ``make soak`` takes a larger county for a week.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.messages import FleetPolicy
from camerahub.core.result import Facet, ProbeResult
from camerahub.farm.county import County
from camerahub.farm.virtual import VirtualCounty
from camerahub.registry import retention
from camerahub.registry.rows import CameraRow, EndpointRow
from camerahub.services.clock import ManualClock
from camerahub.services.ingest import Limits
from tests.farm.tiny import library
from tests.services import virtual_dialling
from tests.services.county import AREAS, ZONE, Hub, Register
from tests.services.virtual_dialling import VirtualHub

CAMERAS = int(os.environ.get("CAMERAHUB_SOAK_CAMERAS", "10"))
DAYS = int(os.environ.get("CAMERAHUB_SOAK_DAYS", "2"))
ROUND_S = float(os.environ.get("CAMERAHUB_SOAK_ROUND_S", "600"))
DAY_S, KEEP_DAYS = 86_400.0, 1
#: What a register of no more cameras than these takes for pages that are there anyway.
PAGES = 64 * 4096


class Watched(VirtualHub):
    """Keeps what it finds until it is asked for it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.found: list[ProbeResult] = []
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def _count(self, result: ProbeResult) -> None:
        super()._count(result)
        if result.probe in ("options", "picture", "media"):
            self.found.append(result)

    def taken(self) -> list[ProbeResult]:
        found, self.found = self.found, []
        return found


class Soak:
    """A county, its prober, its hub and its register, and what is measured of them at the end of each day."""

    def __init__(self, folder: Path) -> None:
        made = County.make(cameras=CAMERAS, townships=1, mix={"healthy": 1})
        self.virtual = VirtualCounty(made, library())
        self.cameras = made.cameras
        self.clock = ManualClock(wall_us=1_750_003_200_000_000)  # the first second of a day in China
        policy = FleetPolicy(interval_s=ROUND_S, picture_interval_s=6 * ROUND_S)
        self.prober = Watched(self.virtual, self.cameras, policy, seed=3)
        rows = [
            CameraRow(c.code, c.name, AREAS[1].code, {}, [EndpointRow(host=c.host)]) for c in self.cameras
        ]
        self.register, self.folder, self.luck = Register(folder, rows), folder, Random(3)
        self.shift = self.clock.wall_us() - self.prober.wall_us
        # time comes in leaps here: that is no hub that stood still
        self.hub = Hub(self.register, self.clock, Limits(stall_s=2 * ROUND_S))
        self.results = 0

    async def day(self) -> None:
        end = self.clock.monotonic() + DAY_S
        while self.clock.monotonic() < end:
            self._weather()
            self.prober.run(ROUND_S / 2)
            self.clock.advance(ROUND_S / 2)
            await self._commit(self.prober.taken())
        now = self.clock.wall_us()
        limits = retention.limits(now, ZONE, KEEP_DAYS, KEEP_DAYS)
        while 0 < (first := retention.oldest_day(self.hub.store.engine)) < limits.day:
            await self.hub.ingest.exclusively(lambda: self.hub.store.forget_looks(first))
        await self.hub.ingest.exclusively(lambda: self.hub.store.expire_stills(now))

    def _weather(self) -> None:
        """One camera breaks or mends; once in a while the prober sees nothing."""
        camera = self.luck.choice(self.cameras)
        self.virtual.set(camera.code, self.luck.choice(("healthy", "healthy", "silent", "refusing")))

    async def _commit(self, found: Sequence[ProbeResult]) -> None:
        rows = np.array([result.row() for result in found], RESULT_DTYPE)
        rows["started_at"] += self.shift
        self.results += len(rows)
        self.hub.seq += 1
        if len(rows):
            await self.hub.ingest.submit("prober-0", self.hub.epoch, self.hub.seq, rows)
        if self.luck.random() < 0.02:
            now = self.clock.wall_us()
            await self.hub.ingest.gap("prober-0", now - 30_000_000, now, "blind", "uplink:default")
        await self.hub.ingest.step()

    def sizes(self) -> dict[str, retention.TableSize]:
        limits = retention.limits(self.clock.wall_us(), ZONE, 0, 0)
        return {one.name: one for one in retention.sizes(self.hub.store.engine, limits)[0]}

    def files(self) -> tuple[int, int, int]:
        """Open files, files in the folder, bytes of the write-ahead file."""
        wal = self.folder / "camerahub.db-wal"
        return len(os.listdir("/proc/self/fd")), len(list(self.folder.iterdir())), wal.stat().st_size


@pytest.mark.slow
@pytest.mark.timeout(120 if CAMERAS < 100 else 86_400)
async def test_nothing_grows_but_what_is_kept_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # nothing here is about how quickly logins are tried or answers are read
    monkeypatch.setattr(virtual_dialling, "TURN_S", 60.0)
    monkeypatch.setattr(virtual_dialling, "READ_S", 1.0)
    began = time.process_time()
    soak = Soak(tmp_path)
    await soak.hub.start()
    await soak.day()
    sizes, files, objects = soak.sizes(), soak.files(), _objects()
    for _ in range(DAYS - 1):
        await soak.day()
    after, files_after, objects_after = soak.sizes(), soak.files(), _objects()
    grown = {
        name: (one.rows - sizes[name].rows, one.bytes - sizes[name].bytes)
        for name, one in after.items()
        if one.rows != sizes[name].rows
    }
    print(
        f"{CAMERAS} cameras, {DAYS} days, {soak.results} results, {after['flips'].rows} flips; rows and bytes grown "
        f"since day one: {grown}; objects {objects} -> {objects_after}, {_rss_mb():.0f} MB; "
        f"files and bytes of the log {files} -> {files_after}; "
        f"{time.process_time() - began:.0f} s of processor time"
    )
    for_ever = {name for name, one in after.items() if one.rule == "for_ever"}
    assert grown.keys() <= for_ever | {"camera_days", "evidence_log"}
    assert grown["flips"][0] > 0
    assert after["flips"].bytes < 150 * after["flips"].rows + PAGES
    first = retention.oldest_day(soak.hub.store.engine)
    assert first == retention.limits(soak.clock.wall_us(), ZONE, KEEP_DAYS, 0).day
    assert after["camera_days"].rows <= (KEEP_DAYS + 1) * len(Facet) * CAMERAS
    # a quarter of an hour, and what came since
    assert after["evidence_log"].rows <= 2 * 900 / (ROUND_S / 2) + 4
    assert files_after[:2] == files[:2]
    assert files_after[2] < max(2 * files[2], 8 << 20)
    # a leak of one object a result would be all results but those of the first day
    assert objects_after < objects + soak.results / 4
    soak.hub.crash()
    soak.register.close()


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
