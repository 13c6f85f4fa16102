"""The table somebody takes away: what was packed comes out of the file, whatever people wrote into names."""

from __future__ import annotations

import re
import zipfile
from array import array
from io import BytesIO
from unicodedata import category

from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from camerahub.web import sheet
from camerahub.web.packing import MOST_CELL, Book, Column, pack

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://192.0.2.1\")", "http://192.0.2.1/", "mailto:x@example.org",
    "<r><t>x</t></r>", "<r></r>", "</t></is></c>", "&amp;", "_x0041_", "_x000D_", "1e5", "00012", "TRUE", "#N/A",
    "{=1}", "'x", " x ", "浏河　镇", "\U0001f4f7",
]  # fmt: skip


def made(words: list[str]) -> tuple[list[str], str]:
    """Cells of the one column, and the sheet's XML."""
    body = sheet.write(
        BytesIO(pack(Book("list", "about", "Asia/Shanghai", [Column("t", 9, words)], [("a", "=1")])))
    )
    with zipfile.ZipFile(BytesIO(body)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    rows = (
        CalamineWorkbook.from_filelike(BytesIO(body))
        .get_sheet_by_name("list")
        .to_python(skip_empty_area=False)
    )
    return [str(row[0]) for row in rows[1:]], xml


def test_hostile_names_come_out_as_they_went_in() -> None:
    cells, xml = made(HOSTILE)
    assert cells == HOSTILE
    assert xml.count("<c ") == xml.count('t="inlineStr"') == len(HOSTILE) + 1
    assert "<f>" not in xml
    assert "<r>" not in xml


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=20))
def test_any_name_is_a_cell_of_text_without_control_characters(words: list[str]) -> None:
    words = [word.encode("utf-8", "replace").decode() for word in words]
    cells, xml = made([f"|{word}|" for word in words])
    plain = [
        "".join(" " if category(c)[0] == "C" or category(c) in ("Zl", "Zp") else c for c in word)
        for word in words
    ]
    assert cells == [f"|{word}|" for word in plain]
    assert "<f>" not in xml


def test_numbers_times_and_empty_lists() -> None:
    times = array("q", [0, 1_800_000_000_000_000]).tobytes()
    columns = [Column("w", 9, ["一", "二"], array("i", [1, 0]).tobytes()), Column("at", 9, times=times)]
    for zone, local in (("Asia/Shanghai", "2027-01-15 16:00:00"), ("UTC", "2027-01-15 08:00:00")):
        body = sheet.write(BytesIO(pack(Book("l", "a", zone, columns, []))))
        rows = CalamineWorkbook.from_filelike(BytesIO(body)).get_sheet_by_name("l").to_python()
        assert rows == [["w", "at"], ["二", ""], ["一", local]]
    nothing = [Column("w", 9, ["一"], b""), Column("at", 9, times=b""), Column("t", 9, [])]
    body = sheet.write(BytesIO(pack(Book("l", "a", "UTC", nothing, []))))
    assert CalamineWorkbook.from_filelike(BytesIO(body)).get_sheet_by_name("l").to_python() == [
        ["w", "at", "t"]
    ]


def test_a_cell_holds_no_more_than_spreadsheets_take() -> None:
    (cell,), xml = made(["长" * 40_000])
    assert len(cell) == MOST_CELL
    assert re.search(r'ref="A1:A2"', xml)
