"""What others say of cameras, on both databases: kept as said, compared with what was seen at that instant."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from camerahub.core.claims import OFFLINE_LIST, STATUS_LIST
from camerahub.core.result import Facet
from camerahub.registry import claims
from camerahub.registry.claims import Difference
from camerahub.registry.tablefile.claims import Told, import_claims
from camerahub.registry.tablefile.importer import Summary
from camerahub.registry.tablefile.verdicts import RowVerdict, TableFileError
from tests.contract.fleet import SOURCE, camera
from tests.contract.test_figures import HOUR, START, Book, D, K, U, book

__all__ = ["book"]

ZONE = ZoneInfo("Asia/Shanghai")
AT = START + 10 * HOUR
#: How fleet.camera names its cameras, and as a platform would code them.
CODES = [f"3205850000131000000{n}" for n in range(6)]


@pytest.fixture
def coded(book: Book) -> Book:
    """Six cameras with national codes beside those of the book; they are in the order of ``CODES``."""
    rows = [camera(n) for n in range(6)]
    for row, code in zip(rows, CODES, strict=True):
        row.code = code
        row.values["source"] = "雪亮平台"
    book.store.import_cameras(rows, SOURCE, START)
    with book.store.engine.connect() as connection:
        from camerahub.registry.known_codes import camera_ids

        known = camera_ids(connection)
    book.ids = [known[code] for code in CODES]
    for n in range(6):
        book.turn(n, START + HOUR, K, U)
    book.turn(1, START + 2 * HOUR, U, D)
    book.turn(2, START + 2 * HOUR, U, D)
    book.turn(5, START + 3 * HOUR, U, K)
    return book


def take(
    book: Book, path: Path, kind: str = STATUS_LIST, source: str = "雪亮平台", at: int = AT, **more: Any
) -> tuple[Summary, list[RowVerdict]]:
    rows: list[RowVerdict] = []
    told = Told(source, kind, at, more.pop("area", None))
    summary = import_claims(
        book.store,
        book.store.engine,
        path,
        told,
        who="x",
        now=AT + HOUR,
        zone=ZONE,
        on_row=rows.append,
        **more,
    )
    return summary, rows


def written(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines), encoding)
    return path


def outcomes(book: Book, **filters: Any) -> dict[str, str]:
    found = claims.differences(book.store.engine, AT + 2 * HOUR, **filters)
    return {one.code[-1]: one.outcome for one in found if one.code.startswith("3205")}


def test_a_platform_beside_what_we_saw(coded: Book, tmp_path: Path) -> None:
    lines = ["设备编码,在线状态,离线时间"]
    lines += [f"{CODES[0]},在线,", f"{CODES[1]},在线,", f"{CODES[2]},离线,2025/6/15 8:00", f"{CODES[3]},OFF,"]
    lines += [f"{CODES[5]},ON,", "32058500001310000099,在线,"]
    path = written(tmp_path / "list.csv", *lines, encoding="gb18030")
    summary, rows = take(coded, path)
    assert (summary.rows, summary.verdicts["added"], summary.refused) == (6, 6, 0)
    assert [one.reason for one in rows[-1].problems] == ["claim_stranger"]
    assert outcomes(coded) == {
        "0": "agree", "1": "said_up", "2": "agree", "3": "said_down", "4": "unlisted", "5": "not_seen", "9": "stranger"
    }  # fmt: skip
    (two,) = [one for one in claims.differences(coded.store.engine, AT + HOUR) if one.code == CODES[2]]
    assert (two.said, two.seen, two.said_at, two.township) == ("down", "down", AT, "320585101")
    assert two.since == 1749945600_000_000
    coded.turn(3, AT + HOUR, U, D)  # what is seen later changes nothing of that instant
    assert outcomes(coded)["3"] == "said_down"


def test_an_offline_list_speaks_of_everybody_in_its_area(coded: Book, tmp_path: Path) -> None:
    path = written(tmp_path / "off.csv", "设备编码,设备名称", f"{CODES[1]},甲", f"{CODES[0]},乙")
    take(coded, path, OFFLINE_LIST, "市局", area="320585101")
    assert outcomes(coded, source="市局") == {
        "0": "said_down", "1": "agree", "2": "said_up", "3": "agree", "4": "agree", "5": "not_seen"
    }  # fmt: skip
    assert outcomes(coded, area="320585102") == {}
    with pytest.raises(KeyError):
        claims.differences(coded.store.engine, AT, area="999999")


def test_a_gap_is_nobodys_answer(coded: Book, tmp_path: Path) -> None:
    gap = coded.store.open_gap("hub", "all", AT - 1, "hub_stalled")
    coded.store.close_gap(gap, AT + 1)
    take(coded, written(tmp_path / "a.csv", "编码,状态", f"{CODES[0]},在线"))
    assert outcomes(coded)["0"] == "not_seen"


def test_verdicts_tell_what_changed_since_the_list_before(coded: Book, tmp_path: Path) -> None:
    first = written(tmp_path / "1.csv", "编码,状态", f"{CODES[0]},在线", f"{CODES[1]},在线")
    take(coded, first)
    summary, _ = take(coded, first)
    assert (summary.verdicts["unchanged"], len(claims.lists(coded.store.engine))) == (2, 1)
    second = written(
        tmp_path / "2.csv", "编码,状态", f"{CODES[0]},离线", f"{CODES[1]},在线", f"{CODES[2]},在线"
    )
    summary, _ = take(coded, second, at=AT + HOUR, dry_run=True)
    assert len(claims.lists(coded.store.engine)) == 1
    assert summary.verdicts == Counter(added=1, changed=1, unchanged=1)
    take(coded, second, at=AT + HOUR)
    assert [one.said_at for one in claims.lists(coded.store.engine)] == [AT + HOUR, AT]
    assert outcomes(coded)["0"] == "said_down"  # the newest list counts


def test_rows_that_cannot_be_used(coded: Book, tmp_path: Path) -> None:
    lines = ["编码,状态,离线时间", f"{CODES[0]},半在线,", f"{CODES[1]},,", "3.20585E+19,在线,", ",在线,"]
    lines += [f"{CODES[2]},在线,昨天", f"{CODES[2]},离线,", f"{CODES[3]},离线,45992.5"]
    summary, rows = take(coded, written(tmp_path / "bad.csv", *lines))
    told = [(one.verdict, [p.reason for p in one.problems]) for one in rows]
    assert told == [
        ("refused", ["claim_state_bad"]), ("refused", ["claim_state_empty"]), ("refused", ["code_excel"]),
        ("refused", ["code_empty"]), ("added", ["moment_bad"]), ("refused", ["code_twice"]), ("added", []),
    ]  # fmt: skip
    assert summary.refused == 5
    (three,) = [one for one in claims.differences(coded.store.engine, AT) if one.code == CODES[3]]
    assert three.since == 1764561600_000_000  # 2025-12-01 12:00 in Shanghai


def test_a_header_in_two_rows_with_merged_cells(coded: Book, tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.merge_range("A1:D1", "某平台设备状态统计表")
    sheet.merge_range("A2:A3", "设备编码")
    sheet.merge_range("B2:B3", "设备名称")
    sheet.merge_range("C2:D2", "在线情况")
    sheet.write_row("C3", ["在线状态", "离线时间"])
    sheet.write_row("A4", [CODES[0], "甲", "在线", ""])
    sheet.write_row("A5", [CODES[1], "乙", "离线", "2025-06-15 08:00:00"])
    book.close()
    _, rows = take(coded, path)
    assert [(one.row, one.verdict) for one in rows] == [(4, "added"), (5, "added")]
    assert outcomes(coded)["1"] == "agree"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "big5"])
def test_lists_in_whatever_encoding(coded: Book, tmp_path: Path, encoding: str) -> None:
    """What Excel saves is read; what nobody can tell apart is refused in words, and nothing is kept."""
    lines = ["设备编码,在线状态", f"{CODES[0]},在线", f"{CODES[1]},离线"]
    if encoding == "big5":
        lines[0] = "設備編碼,在線狀態"
        lines[1:] = [line.replace("在线", "在線").replace("离线", "離線") for line in lines[1:]]
    path = written(tmp_path / "list.csv", *lines, encoding=encoding)
    if encoding in ("utf-16-le", "big5"):  # no mark of what it is; no header we know
        with pytest.raises(TableFileError) as caught:
            take(coded, path)
        assert caught.value.key in ("tablefile.nul", "tablefile.no_header", "tablefile.encoding")
        assert claims.lists(coded.store.engine) == []
        return
    take(coded, path)
    assert (outcomes(coded)["0"], outcomes(coded)["1"]) == ("agree", "agree")


def test_a_list_of_nothing_but_unknown_codes_is_not_kept(coded: Book, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "编码,状态", f"{CODES[0]},7", f"{CODES[1]},ＸＸ", f"{CODES[2]},在线?")
    summary, rows = take(coded, path)
    assert (summary.refused, claims.lists(coded.store.engine)) == (3, [])
    (problem,) = rows[0].problems
    assert "7" in problem.zh
    assert "在线" in problem.zh  # what would have been understood


def test_dates_as_text_and_as_dates_and_merged_columns(coded: Book, tmp_path: Path) -> None:
    path = tmp_path / "dates.xlsx"
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm"})
    sheet = book.add_worksheet()
    sheet.write_row("A1", ["设备编码", "所属乡镇", "在线状态", "离线时间"])
    sheet.merge_range("B2:B6", "城厢镇")
    times = [
        "2025-06-15 08:00:00", "2025/6/15 8:00", "2025年6月15日 8时0分", "'2025-06-15T08:00",
        datetime(2025, 6, 15, 8),  # noqa: DTZ001 - a cell knows no zone
    ]  # fmt: skip
    for n, told in enumerate(times):
        sheet.write(n + 1, 0, CODES[n])
        sheet.write(n + 1, 2, "离线")
        sheet.write(n + 1, 3, told)
    book.close()
    summary, rows = take(coded, path)
    assert summary.verdicts == Counter(added=5)
    assert [one.problems for one in rows] == [()] * 5
    since = {one.since for one in claims.differences(coded.store.engine, AT) if one.said == "down"}
    assert since == {1749945600_000_000}


def test_a_list_without_states_is_no_platforms_list(coded: Book, tmp_path: Path) -> None:
    path = written(tmp_path / "off.csv", "设备编码,设备名称", f"{CODES[1]},甲")
    with pytest.raises(TableFileError) as caught:
        take(coded, path)
    assert caught.value.key == "claims.no_state"
    assert claims.lists(coded.store.engine) == []


def test_another_facet(coded: Book, tmp_path: Path) -> None:
    take(coded, written(tmp_path / "a.csv", "编码,状态", f"{CODES[0]},在线"))
    found: list[Difference] = claims.differences(coded.store.engine, AT, facet=Facet.LIT)
    assert [one.outcome for one in found if one.said] == ["not_seen"]
