from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import func, select, text

from camerahub.registry.store import Store
from camerahub.registry.tablefile import importer
from camerahub.registry.tablefile.exporter import export_csv, export_xlsx
from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tables import METADATA, cameras, changes, credentials, endpoints, imports
from tests.registry.tablefile.conftest import Write, load, reasons

CODE = "32058500001320000{:03d}"
HEAD = [
    "code",
    "name",
    "area_code",
    "rtsp_url",
    "ip",
    "channel",
    "vendor",
    "username",
    "password",
    "lon",
    "lat",
]


def row(number: int = 1, **given: str) -> list[str]:
    cells = {"code": CODE.format(number), "name": f"示例 {number}", "area_code": "320585100", **given}
    return [cells.get(name, "") for name in HEAD]


def one(store: Store, write: Write, **given: str) -> tuple[str, list[str]]:
    _, told = load(store, write([HEAD, row(**given)]))
    return told[0].verdict, reasons(told[0])


def dump(store: Store) -> str:
    with store.engine.connect() as connection:
        return "\n".join(
            repr(found) for table in METADATA.sorted_tables for found in connection.execute(select(table))
        )


def test_a_file_twice_changes_nothing(store: Store, write: Write) -> None:
    path = write(
        [HEAD, row(1, ip="192.0.2.1", vendor="海康威视", username="viewer", password="Planted-1"), row(2)]
    )
    first, _ = load(store, path)
    before = dump(store)
    again, _ = load(store, path)
    assert (first.verdicts["added"], again.verdicts["unchanged"]) == (2, 2)
    assert "Planted-1" not in before
    strip = [line for line in dump(store).splitlines() if line not in before.splitlines()]
    assert all("t.csv" in line for line in strip)  # the record of the second import alone


def test_a_dry_run_says_the_same_and_stores_nothing(store: Store, write: Write) -> None:
    path = write([HEAD, row(1, ip="192.0.2.1", vendor="x"), row(2, area_code=""), row(3, ip="999.1.1.1")])
    before = dump(store)
    _, dry = load(store, path, dry_run=True)
    assert dump(store) == before
    _, wet = load(store, path)
    assert dry == wet
    _, dry = load(store, path, dry_run=True)
    _, wet = load(store, path)
    assert dry == wet


def test_a_refused_row_does_not_stop_the_rest(store: Store, write: Write) -> None:
    summary, told = load(store, write([HEAD, row(1), row(2, name=""), row(3)]))
    assert [verdict.verdict for verdict in told] == ["added", "refused", "added"]
    assert [verdict.row for verdict in told] == [2, 3, 4]
    assert summary.refused == 1


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        ({"code": ""}, "refused", "code_empty"),
        ({"code": "3.20585E+19"}, "refused", "code_excel"),
        ({"code": "32058500001320000000"}, "added", "code_rounded"),
        ({"code": "a b"}, "refused", "code_bad"),
        ({"name": " "}, "refused", "name_empty"),
        ({"area_code": "太虚镇"}, "refused", "area_bad"),
        ({"area_code": ""}, "added", "area_empty"),
        ({"area_code": "320585999"}, "added", "area_unknown"),
        ({"area_code": "999999"}, "added", "area_unknown"),
        ({"area_code": "511702", "code": "32058500001320000001"}, "added", "code_area"),
        ({"rtsp_url": "rtsp://a b/"}, "refused", "bad_url"),
        ({"rtsp_url": "http://192.0.2.1/"}, "refused", "bad_scheme"),
        ({"rtsp_url": "rtsp://192.0.2.1:99999/"}, "refused", "bad_port"),
        ({"ip": "192.0.2.300"}, "refused", "bad_host"),
        ({"ip": "192.0.2.1:8554"}, "refused", "ip_port"),
        ({"ip": "cam-1.example.net"}, "refused", "ip_name"),
        ({"ip": "u:Planted@cam"}, "refused", "bad_host"),
        ({"ip": "192.0.2.1"}, "added", "vendor_empty"),
        ({"ip": "192.0.2.1", "channel": "0"}, "refused", "bad_channel"),
        ({"rtsp_url": "rtsp://u:Planted@192.0.2.1/x"}, "added", "url_password"),
        ({"ip": "192.0.2.1", "vendor": "无名"}, "added", "vendor_unknown"),
        ({"ip": "192.0.2.1", "vendor": "大华", "password": "x"}, "added", "no_username"),
        ({"lon": "0", "lat": "0.0"}, "added", "coord_zero"),
        ({"lon": "31.4", "lat": "121.1"}, "added", "coord_swapped"),
        ({"lon": "2.35", "lat": "48.85"}, "added", "coord_outside"),
        ({"lon": "121.1"}, "added", "coord_half"),
        ({"lon": "东", "lat": "31"}, "added", "coord_bad"),
        ({"name": "x" * 5000}, "refused", "cell_too_long"),
        ({"name": "见 rtsp://u:Planted@192.0.2.9/"}, "added", "text_password"),
        ({}, "added", "no_address"),
    ],
)
def test_what_can_be_wrong_with_a_row(
    store: Store, write: Write, given: dict[str, str], verdict: str, reason: str
) -> None:
    found, said = one(store, write, **given)
    assert (found, reason in said) == (verdict, True), said
    assert "Planted" not in dump(store)


def test_duplicates_name_both_rows(store: Store, write: Write) -> None:
    _, told = load(store, write([HEAD, row(1), row(2), row(1)]))
    assert reasons(told[2]) == ["code_twice"]
    assert "2" in told[2].problems[0].zh
    assert "4" in told[2].problems[0].zh


def test_one_address_under_two_codes_is_a_warning(store: Store, write: Write) -> None:
    _, told = load(
        store, write([HEAD, row(1, ip="192.0.2.1", vendor="海康"), row(2, ip="192.0.2.1", vendor="海康")])
    )
    assert reasons(told[1]) == ["same_address_row"]
    _, told = load(store, write([HEAD, row(3, ip="192.0.2.1", vendor="海康")]))
    assert reasons(told[0]) == ["same_address_code"]


def test_lost_zeros_are_noticed(store: Store, write: Write) -> None:
    load(store, write([HEAD, row(code="00123")]))
    assert one(store, write, code="123") == ("refused", ["code_zeros_lost"])


def test_absent_columns_and_empty_passwords_leave_things_as_they_are(store: Store, write: Write) -> None:
    load(
        store,
        write([HEAD, row(1, ip="192.0.2.1", vendor="海康", username="u", password="p", lon="121", lat="31")]),
    )
    summary, _ = load(store, write([["code", "name", "area_code"], row(1)[:3]]))
    assert summary.verdicts["unchanged"] == 1
    summary, _ = load(
        store, write([[*HEAD[:3], "ip", "vendor", "password"], [*row(1)[:3], "192.0.2.1", "海康", ""]])
    )
    assert summary.verdicts["unchanged"] == 1
    summary, _ = load(store, write([[*HEAD[:3], "lon", "lat"], [*row(1)[:3], "", ""]]))
    assert summary.verdicts["changed"] == 1


def test_unknown_columns_are_kept_and_password_like_ones_are_not(store: Store, write: Write) -> None:
    path = write(
        [[*HEAD[:3], "备注", "WEB密码"], [*row(1)[:3], "靠近 rtsp://u:Planted@192.0.2.1/", "Planted"]]
    )
    summary, _ = load(store, path)
    assert (summary.kept_columns, summary.dropped_columns) == (("备注",), ("WEB密码",))
    with store.engine.connect() as connection:
        extra = json.loads(connection.scalar(select(cameras.c.extra)) or "")
    assert extra == {"columns": {"备注": "靠近 rtsp://192.0.2.1/"}}
    assert "Planted" not in dump(store)


def test_import_and_changes_are_recorded(store: Store, write: Write) -> None:
    load(store, write([HEAD, row(1, ip="192.0.2.1", vendor="海康", username="u", password="Planted")]))
    load(
        store,
        write([HEAD, row(1, name="新名", ip="192.0.2.1", vendor="海康", username="u", password="Planted2")]),
    )
    with store.engine.connect() as connection:
        record = connection.execute(select(imports).order_by(imports.c.id.desc())).mappings().first()
        assert record is not None
        assert (record["changed"], record["profile"], record["who"]) == (1, "native", "test")
        query = select(changes.c.old, changes.c.new).where(changes.c.field == "name", changes.c.old != "")
        assert connection.execute(query).all() == [("示例 1", "新名")]
        assert connection.scalar(select(func.count()).select_from(credentials)) >= 1
    assert "Planted" not in dump(store)


def test_addresses_of_makers(store: Store, write: Write) -> None:
    load(
        store,
        write(
            [
                HEAD,
                row(1, ip="192.0.2.1", channel="3", vendor="浙江宇视科技"),
                row(2, ip="192.0.2.2", vendor="雄迈"),
            ]
        ),
    )
    with store.engine.connect() as connection:
        query = select(endpoints.c.path).where(endpoints.c.stream == "main").order_by(endpoints.c.id)
        paths = list(connection.execute(query).scalars())
    assert paths[0] == "/unicast/c3/s0/live"
    assert paths[1].startswith("/user={username}&password={password}&channel=1")


def full(write: Write) -> Path:
    """A register with every kind of address and odd texts."""
    head = [column.header for column in PROFILES["native"].columns]
    rows = []
    for number, given in enumerate(
        (
            {
                "rtsp_url": "rtsp://u:p@192.0.2.1:8554/live?x=1",
                "onvif_url": "http://192.0.2.1/onvif/device_service",
            },
            {"ip": "192.0.2.2", "channel": "7", "vendor": "大华", "username": "u", "password": "p"},
            {"via": "NVR-9", "ip": "192.0.2.3", "channel": "2", "vendor": "海康"},
            {"via": "PLAT-1"},
            {"ip": "192.0.2.5", "vendor": "=cmd|'/c calc'!A0", "site": "+1", "pole": "@x", "model": "'=x"},
            {
                "lon": "121.1234567",
                "lat": "31.5",
                "crs": "gcj02",
                "installed_on": "20230501",
                "point_class": "一类",
            },
            {"area_code": "", "status": "停用"},
            {
                "area_code": "320585998",
                "rtsp_url": "rtsp://[2001:db8::7]/x",
                "rtsp_sub_url": "rtsp://[2001:db8::7]/y",
            },
        ),
        start=1,
    ):
        base = {
            "code": CODE.format(number),
            "name": f"示例 {number}",
            "area_code": "320585100",
            "network": "雪亮",
        }
        rows.append([{**base, **given}.get(name, "") for name in head])
    return write([head, *rows])


@pytest.mark.parametrize("profile", list(PROFILES))
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_is_exported_goes_in_again_without_a_change(
    store: Store, write: Write, tmp_path: Path, profile: str, suffix: str
) -> None:
    load(store, full(write))
    path = tmp_path / f"out.{suffix}"
    if suffix == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            assert export_csv(store.engine, profile, file) == 8
    else:
        assert export_xlsx(store.engine, profile, path) == 8
    summary, told = load(store, path, profile)
    assert summary.verdicts["unchanged"] == 8, told
    with store.engine.connect() as connection:
        last = connection.scalar(select(func.max(imports.c.id)))
        assert not connection.execute(select(changes).where(changes.c.import_id == last)).all()


def test_exported_cells_are_no_formulas_and_hold_no_password(
    store: Store, write: Write, tmp_path: Path
) -> None:
    load(store, full(write))
    path = tmp_path / "out.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        export_csv(store.engine, "native", file)
    out = path.read_text(encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "u:p@" not in out
    assert ",=cmd" not in out
    assert ",'=cmd" in out


def test_national27_from_xlsx_with_title_and_numbers(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "n.xlsx"
    columns = PROFILES["national27"].columns
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("填写说明").write_string(0, 0, "请按要求填写")
        sheet = book.add_worksheet("档案")
        sheet.write_string(0, 0, "视频监控一机一档")
        for at, column in enumerate(columns):
            sheet.write_string(2, at, f"{column.header}*" if column.needed else f" {column.header} ")
            sheet.write_string(3, at, column.example)
        sheet.write_number(3, 3, 320585100)
        sheet.write_number(3, 21, 45047)
        sheet.write_number(4, 0, 3.2058500001320002e19)
    summary, told = load(store, path, "national27")
    assert [verdict.verdict for verdict in told] == ["added", "refused"]
    assert "code_excel" in reasons(told[1])
    assert summary.rows == 2
    with store.engine.connect() as connection:
        camera = connection.execute(select(cameras)).mappings().one()
        assert camera["installed_on"] == "2023-05-01"
        extra = json.loads(camera["extra"])
        assert (extra["mac"], extra["codec"], extra["networked"]) == ("02-00-5E-10-00-01", "4", "0")
        assert connection.execute(text("SELECT path FROM endpoints")).scalar() == "/Streaming/Channels/101"


VIA_HEAD = ["code", "name", "area_code", "ip", "port", "channel", "vendor", "via"]


def via_row(number: int, *cells: str, via: str = "NVR-Q") -> list[str]:
    return [CODE.format(number), f"通道{number}", "320585101", *cells, via]


def streams(store: Store) -> list[tuple[str, str, int, str]]:
    with store.engine.connect() as connection:
        query = select(cameras.c.code, endpoints.c.host, endpoints.c.port, endpoints.c.path)
        query = query.join(cameras, cameras.c.id == endpoints.c.camera_id).where(endpoints.c.stream == "main")
        return sorted(tuple(found) for found in connection.execute(query))


@pytest.mark.parametrize("portion", [1, 2, 50_000])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_via_is_settled_by_the_whole_file(
    store: Store, write: Write, monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...], portion: int
) -> None:
    monkeypatch.setattr(importer, "PORTION", portion)
    rows = [
        via_row(107, "127.0.0.20", "8554", "1", "大华"),
        via_row(108, "", "", "2", ""),
        via_row(109, "", "", "3", "海康"),
    ]
    path = write([VIA_HEAD, *(rows[at] for at in order)])
    _, dry = load(store, path, dry_run=True)
    first, wet = load(store, path)
    assert dry == wet
    assert first.verdicts["added"] == 3
    assert not first.problems
    assert [(host, port) for _, host, port, _ in streams(store)] == [("127.0.0.20", 8554)] * 3
    assert streams(store)[1][3] == "/cam/realmonitor?channel=2&subtype=0"
    again, _ = load(store, path)
    assert again.verdicts["unchanged"] == 3


def test_rows_that_contradict_each_other_on_a_device(store: Store, write: Write) -> None:
    rows = [
        via_row(1, "192.0.2.9", "", "1", "大华"),
        via_row(2, "192.0.2.1", "", "2", "大华"),
        via_row(3, "192.0.2.1", "", "3", "大华"),
        via_row(4, "", "", "4", ""),
        [*via_row(5, "192.0.2.200", "", "0", "大华")],  # refused: no channel 0
    ]
    load(store, write([VIA_HEAD, *rows]))
    assert streams(store)[3][1] == "192.0.2.1"
    again, _ = load(store, write([VIA_HEAD, *reversed(rows)]))
    assert again.verdicts["unchanged"] == 4


def test_a_via_that_leads_nowhere_is_said(store: Store, write: Write) -> None:
    path = write([VIA_HEAD, via_row(1, "", "", "1", "大华", via="NVR-X")])
    for verdict in ("added", "unchanged"):
        _, told = load(store, path)
        assert (told[0].verdict, reasons(told[0])) == (verdict, ["via_no_address"])
        assert "NVR-X" in told[0].problems[0].zh
    load(store, write([VIA_HEAD, via_row(2, "192.0.2.5", "", "2", "大华", via="NVR-X")], name="nvr.csv"))
    _, told = load(store, path)
    assert (told[0].verdict, reasons(told[0])) == ("changed", [])
    assert load(store, path)[0].verdicts["unchanged"] == 1


def test_the_apostrophe_of_excel_is_no_part_of_a_code_or_number(store: Store, write: Write) -> None:
    given = {"code": "'32058500001320000025", "area_code": "'320585101", "ip": "'192.0.2.1", "channel": "'2"}
    assert one(store, write, vendor="大华", **given) == ("added", [])
    with store.engine.connect() as connection:
        assert connection.scalar(select(cameras.c.code)) == "32058500001320000025"
    assert streams(store)[0][1:] == ("192.0.2.1", 554, "/cam/realmonitor?channel=2&subtype=0")
    _, told = load(store, write([HEAD, row(25), row(25, code="'" + CODE.format(25))]))
    assert [reasons(verdict) for verdict in told] == [[], ["code_twice"]]


@pytest.mark.parametrize("maker", ["大华", "无名", ""])
@pytest.mark.parametrize("via", ["", "NVR-Q"])
def test_what_a_table_does_not_say_of_an_address_stays(
    store: Store, write: Write, maker: str, via: str
) -> None:
    load(store, write([VIA_HEAD, via_row(1, "192.0.2.1", "8554", "3", maker, via=via)]))
    before = streams(store)
    assert before[0][2] == 8554
    base = via_row(1)[:3]
    for head, cells in (
        (["ip"], ["192.0.2.1"]),
        (["ip", "vendor"], ["192.0.2.1", maker]),
        (["ip", "port", "channel", "vendor"], ["192.0.2.1", "", "", maker]),
        (["ip", "port", "channel", "via"], ["192.0.2.1", "", "3", via]),
        (["via", "channel"], [via, "3"]),
    ):
        summary, told = load(store, write([[*VIA_HEAD[:3], *head], [*base, *cells]]))
        assert streams(store) == before, head
        assert summary.verdicts["unchanged"] == 1, (head, told)
    load(store, write([[*VIA_HEAD[:3], "ip", "vendor"], [*base, "192.0.2.1", "海康"]]))
    assert [found[1:] for found in streams(store)] == [("192.0.2.1", 8554, "/Streaming/Channels/301")]
    load(store, write([[*VIA_HEAD[:3], "ip", "vendor", "via"], [*base, "192.0.2.2", "海康", via]]))
    assert streams(store)[0][1:] == ("192.0.2.2", 554, "/Streaming/Channels/101")


def test_an_area_nobody_knows_is_said_in_words(store: Store, write: Write) -> None:
    _, told = load(store, write([HEAD, row(1, area_code="999999")]))
    said = next(one for one in told[0].problems if one.reason == "area_unknown")
    assert "暂归 “未分配” (unassigned);" in said.zh
    assert "taken as unassigned" not in said.zh
