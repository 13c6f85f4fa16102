"""What it costs to import a county: 30,000 rows with a password each, first and again (nothing changes).

    python -m benchmarks.bench_import [--rows 30000] [--only sqlite|postgresql] [--runs 1] [--plain] [--profile]

CSV and XLSX under both profiles. Beside it with --plain, in the same run, the plain way: csv.DictReader, no checks,
and SQLAlchemy Core row by row in one transaction (camera, credential, endpoint, membership, change; again: one select
a row to compare). CPU is that of this process. Both databases sync to disk.
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import os
import pstats
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import xlsxwriter
from sqlalchemy import Engine, insert, select, update

from camerahub.core.collector import collector_off
from camerahub.registry.engine import open_engine
from camerahub.registry.migrate import upgrade
from camerahub.registry.rows import AreaRow, CameraRow, DeviceRow, Source, UpsertReport
from camerahub.registry.secrets import KeyRing
from camerahub.registry.store import Store
from camerahub.registry.tablefile.importer import import_file
from camerahub.registry.tables import cameras, changes, credentials, endpoints, memberships
from tests.contract.server import postgres

T0 = 1_750_000_000_000_000
TOWNS = 24
MAKERS = ("海康威视", "大华", "宇视", "天地伟业")
NATIVE = (
    "code", "name", "area_code", "rtsp_url", "ip", "vendor", "network", "source", "site", "pole", "lon", "lat", "model",
    "point_class", "maintainer", "installed_on", "status", "switch", "username", "password",
)  # fmt: skip
NATIONAL27 = (
    "设备编码", "设备名称", "设备厂商", "行政区域", "监控点位类型", "设备型号", "点位俗称",
    "IPv4", "IPv6", "MAC", "摄像机类型", "摄像机功能类型", "补光属性", "编码格式", "安装地址",
    "经度", "纬度", "位置类型", "监控方位", "联网属性", "所属辖区公安机关", "安装时间",
    "管理单位", "管理单位联系方式", "录像保存天数", "设备状态", "所属部门/行业", "用户名", "密码",
)  # fmt: skip


def native_row(i: int) -> list[str]:
    host = f"198.{18 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"
    return [
        f"3205850000132{1 + i + i // 99_999:07d}", f"示例路口 {i} 号东向", f"3205851{i % TOWNS:02d}",
        f"rtsp://{host}/Streaming/Channels/101", host, MAKERS[i % 4], ("雪亮", "天网")[i % 2], "部门",
        f"示例路口 {i // 3}", f"G-{i // 3:05d}", f"{121 + i % 7919 / 20000:.6f}", f"{31 + i % 6007 / 20000:.6f}",
        f"IPC-{i % 20}", str(1 + i % 3), f"示例运维公司 {i % 5}", f"20{15 + i % 10}-0{1 + i % 9}-11", "active",
        f"SW-{i // 24:04d}", "viewer", f"pw-{i:06d}-Aa",
    ]  # fmt: skip


def national_row(i: int) -> list[str]:
    n = native_row(i)
    mac = f"02-00-5E-{i >> 16:02X}-{i >> 8 & 255:02X}-{i & 255:02X}"
    return [
        n[0], n[1], n[5], n[2], "一类视频监控点", n[12], f"俗称 {i}", n[4], "", mac,
        "球机", "普通监控", "红外补光", "H.265", f"示例镇示例路 {i} 号", n[10], n[11], "交通干线", "东",
        "已联网", "320585000000", n[15], "示例镇综治中心", f"0512-{i:08d}", "30", "在用", "公安机关",
        n[18], n[19],
    ]  # fmt: skip


def write_files(folder: Path, count: int) -> Iterator[tuple[str, Path]]:
    """(profile, file) of every kind."""
    for profile, head, row in (("native", NATIVE, native_row), ("national27", NATIONAL27, national_row)):
        rows = [list(head), *(row(i) for i in range(count))]
        path = folder / f"{profile}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        yield profile, path
        path = folder / f"{profile}.xlsx"
        with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for at, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    sheet.write_string(at, column, cell)
        yield profile, path


class Timed:
    """The store, with the time its part takes."""

    def __init__(self, store: Store) -> None:
        self.store, self.cpu = store, 0.0

    def import_areas(
        self, rows: Sequence[AreaRow], source: Source, now: int, *, dry_run: bool = False
    ) -> UpsertReport:
        return self.store.import_areas(rows, source, now, dry_run=dry_run)

    def import_cameras(
        self,
        rows: Sequence[CameraRow],
        source: Source,
        now: int,
        *,
        devices: Sequence[DeviceRow] = (),
        dry_run: bool = False,
    ) -> UpsertReport:
        begun = time.process_time()
        try:
            return self.store.import_cameras(rows, source, now, devices=devices, dry_run=dry_run)
        finally:
            self.cpu += time.process_time() - begun


@contextmanager
def profiled(*, wanted: bool) -> Iterator[None]:
    profiler = cProfile.Profile()
    if wanted:
        profiler.enable()
    try:
        yield
    finally:
        profiler.disable()
        if wanted:
            pstats.Stats(profiler).sort_stats("tottime").print_stats(28)


def once(store: Store, profile: str, path: Path, at: int, *, profiling: bool) -> tuple[float, float, float]:
    """CPU-s, wall-s, CPU-s of the store."""
    timed = Timed(store)
    wall, cpu = time.perf_counter(), time.process_time()
    with profiled(wanted=profiling), collector_off():
        summary = import_file(timed, store.engine, path, profile, who="bench", now=T0 + at)
    used, took = time.process_time() - cpu, time.perf_counter() - wall
    expected = "unchanged" if at else "added"
    if summary.verdicts[expected] != summary.rows or not summary.rows:
        raise RuntimeError(f"{path.name}: {dict(summary.verdicts)}, {dict(summary.problems)}")
    return used, took, timed.cpu


def plain_way(engine: Engine, path: Path, area: int) -> Iterator[tuple[str, float, float]]:
    """What stands in the native CSV, row by row, first and again."""
    for name, work in (("first", _plain_first), ("again", _plain_again)):
        wall, cpu = time.perf_counter(), time.process_time()
        with (
            engine.connect().execution_options(camerahub_writes=True) as connection,
            connection.begin(),
            path.open(encoding="utf-8", newline="") as file,
        ):
            for row in csv.DictReader(file):
                work(connection, row, area)
        yield name, time.process_time() - cpu, time.perf_counter() - wall


_COLUMNS = ("name", "vendor", "network", "source", "site", "pole", "model", "point_class", "maintainer",
            "installed_on", "status", "switch")  # fmt: skip


def _plain_first(connection, row, area):  # type: ignore[no-untyped-def]
    def add(table, **values):  # type: ignore[no-untyped-def]
        return connection.execute(insert(table).values(**values)).inserted_primary_key[0]

    place = {"lon": float(row["lon"]), "lat": float(row["lat"])}
    texts = {name: row[name] for name in _COLUMNS}
    camera = add(cameras, code=row["code"], area_id=area, created_at=T0, changed_at=T0, **place, **texts)
    secret = {"username": row["username"], "secret": row["password"], "fingerprint": row["password"]}
    credential = add(credentials, created_at=T0, **secret)
    road = {"host": row["ip"], "port": 554, "path": "/1", "scheme": "rtsp", "probed": True}
    add(endpoints, camera_id=camera, credential_id=credential, created_at=T0, **road)
    member = {"network": row["network"], "status": row["status"], "expected": True}
    add(memberships, camera_id=camera, area_id=area, valid_from=T0, recorded_at=T0, **member)
    add(changes, at=T0, who="plain", entity="camera", key=row["code"], field="", new=row["name"])


def _plain_again(connection, row, _area):  # type: ignore[no-untyped-def]
    query = select(cameras, endpoints.c.host, credentials.c.secret)
    query = query.join_from(cameras, endpoints).join(
        credentials, endpoints.c.credential_id == credentials.c.id
    )
    old = connection.execute(query.where(cameras.c.code == row["code"])).mappings().one()
    differs = {name: row[name] for name in _COLUMNS if old[name] != row[name]}
    if differs or (old["host"], old["secret"]) != (row["ip"], row["password"]):
        connection.execute(update(cameras).where(cameras.c.id == old["id"]).values(**differs))


def fresh(url: str, folder: Path) -> Store:
    upgrade(url)
    keys = KeyRing.create(folder / f"{time.monotonic_ns()}.key")
    store = Store(open_engine(url), zone=ZoneInfo("Asia/Shanghai"), keys=keys)
    towns = [AreaRow(f"3205851{i:02d}", f"镇 {i}", "township", "320585") for i in range(TOWNS)]
    store.import_areas([AreaRow("320585", "County", "county"), *towns], Source("bench", "bench"), T0)
    return store


def _say(name: str, when: str, rows: int, cost: tuple[float, float], more: str = "") -> None:
    cpu, wall = cost
    print(
        f"  {name:16} {when:5}  {wall:6.2f} s  {cpu:6.2f} CPU-s  {rows / wall:7.0f} rows/s{more}", flush=True
    )


def report(urls: Iterator[str], folder: Path, asked: argparse.Namespace) -> None:
    plain = {}
    for profile, path in write_files(folder, asked.rows):
        if asked.file and asked.file != path.name:
            continue
        for _ in range(asked.runs):
            store = fresh(next(urls), folder)
            for at, when in enumerate(("first", "again")):
                cpu, wall, in_store = once(store, profile, path, at, profiling=asked.profile)
                ratio = f"  x {plain[when] / cpu:.1f} CPU of the plain way" if when in plain else ""
                share = f"  checks {1 - in_store / cpu:4.0%}, store {in_store / cpu:4.0%}{ratio}"
                _say(path.name, when, asked.rows, (cpu, wall), share)
            store.close()
        if asked.plain and not plain:
            store = fresh(next(urls), folder)
            for when, cpu, wall in plain_way(store.engine, path, 1):
                plain[when] = cpu
                _say("plain way", when, asked.rows, (cpu, wall))
            store.close()


def _databases(server: str) -> Iterator[str]:
    """A new database for every run."""
    number = 0
    while True:
        number += 1
        engine = open_engine(server, check=False)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE bench{number}")
        engine.dispose()
        yield server.rsplit("/", 1)[0] + f"/bench{number}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument(
        "--file", help="only this one: native.csv, native.xlsx, national27.csv, national27.xlsx"
    )
    parser.add_argument("--plain", action="store_true", help="the plain way too (minutes)")
    parser.add_argument("--profile", action="store_true", help="show where the time goes (slower)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.only != "postgresql":
            print(f"sqlite, {asked.rows} rows")
            report((f"sqlite:///{folder}/{n}.db" for n in range(1000)), folder, asked)
        if asked.only != "sqlite":
            with postgres(fsync=True) as server:
                print(f"postgresql, {asked.rows} rows")
                report(_databases(server), folder, asked)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
