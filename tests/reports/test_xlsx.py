"""Sheets: numbers are numbers, words are words and never formulas, and the same report is the same file."""

from __future__ import annotations

import io
import re
import zipfile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from camerahub.core.report import Column, Table
from camerahub.reports.xlsx import workbook
from tests.reports.made import ROWS, report, table

ZONE = ZoneInfo("Asia/Shanghai")


def parts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            name: archive.read(name).decode("utf-8") for name in archive.namelist() if name.endswith(".xml")
        }


def rows(data: bytes, sheet: str) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(sheet).to_python()


def test_numbers_come_back_to_the_last_digit() -> None:
    found = rows(workbook(report(), ZONE), "乡镇排名")
    head = next(row for row in found if row[0] == "名次")
    place = {str(name): at for at, name in enumerate(head)}
    line = next(row for row in found if row[1] == "石桥镇")
    assert (line[place["原始率"]], line[place["应检 (路)"]]) == (0.999999, 1204)
    assert line[place["正常 路·时"]] == 28_896
    assert line[place["环比"]] == 1.23  # percentage points
    assert line[place["编码"]] == "990121101"
    assert str(line[place["起始时间"]]) == "2026-11-24"
    # what is not for paper lies right of what is printed
    assert min(place["编码"], place["正常 路·时"]) > place["达标"]


def test_less_than_all_never_looks_like_all() -> None:
    styles = parts(workbook(report(), ZONE))["xl/styles.xml"]
    assert "&quot;99.99%&quot;" in styles
    assert "&quot;0.01%&quot;" in styles


def test_no_cell_is_a_formula_or_a_link() -> None:
    data = workbook(report(), ZONE)
    for name, xml in parts(data).items():
        assert "<f>" not in xml, name
        assert "hyperlink" not in xml, name
    assert ROWS[1][1] in [row[1] for row in rows(data, "乡镇排名")]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40))
def test_any_word_stays_that_word(word: str) -> None:
    one = Table("logins", (Column("user"), Column("vendor")), ((word, "x"),))
    found = rows(workbook(report(tables=(one,)), ZONE), "须核对密码的设备")
    cell = next(row[0] for row in found if row[1:2] == ["x"])
    clean = "".join(c if c.isprintable() else " " for c in word)
    assert str(cell).strip() == re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), clean).strip()


def test_it_is_ready_to_print() -> None:
    sheets = {name: xml for name, xml in parts(workbook(report(), ZONE)).items() if "worksheets/" in name}
    assert len(sheets) == 3  # what is read first, the ranking, the sources
    for xml in sheets.values():
        assert 'paperSize="9"' in xml
        assert "fitToWidth" in xml or 'fitToHeight="0"' in xml
        assert "第 &amp;P 页 / 共 &amp;N 页" in xml
        assert "<mergeCell " in xml
    ranking = sheets["xl/worksheets/sheet2.xml"]
    assert 'state="frozen"' in ranking
    assert "autoFilter" in ranking
    names = parts(workbook(report(), ZONE))["xl/workbook.xml"]
    assert "_xlnm.Print_Titles" in names
    assert "_xlnm.Print_Area" in names


def test_the_same_report_is_the_same_file() -> None:
    assert workbook(report(), ZONE) == workbook(report(), ZONE)
    assert workbook(report(), ZONE) != workbook(report(as_of=report().as_of + 1_000_000), ZONE)


@pytest.mark.parametrize("english", [False, True])
def test_both_languages_where_asked(english: bool) -> None:
    told = "".join(parts(workbook(report(), ZONE, english=english)).values())
    assert ("Townships, ranked" in told) == english
    assert "乡镇 (街道) 排名" in told


def test_a_table_without_rows_is_a_sheet_all_the_same() -> None:
    found = rows(workbook(report(tables=(table(()),)), ZONE), "乡镇排名")
    assert any(row[0] == "名次" for row in found)
