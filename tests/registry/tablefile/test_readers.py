"""Files as they come: encodings, delimiters, titles above the header, broken and hostile containers."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import pytest
import xlsxwriter

from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tablefile.reader import TableFile, open_table
from camerahub.registry.tablefile.verdicts import TableFileError
from tests.registry.tablefile.conftest import Write

HEAD = ["设备编码*", " 设备名称", "行政区域（代码）", "备注"]
ROW = ["A1", "示例", "320585", "x"]
NATIVE = PROFILES["native"]


def fault(path: Path) -> str:
    with pytest.raises(TableFileError) as caught:
        list(open_table(path, NATIVE).rows)
    return caught.value.key.removeprefix("tablefile.")


def opened(path: Path) -> TableFile:
    return open_table(path, NATIVE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(write: Write, encoding: str, delimiter: str) -> None:
    table = opened(write([["雪亮工程一机一档"], [], HEAD, ROW], encoding=encoding, delimiter=delimiter))
    assert [column.field for column in table.layout.known.values()] == ["code", "name", "area_code"]
    assert table.layout.kept == {3: "备注"}
    assert list(table.rows) == [(4, ROW)]


def test_a_missing_column_lists_found_and_expected(write: Write) -> None:
    with pytest.raises(TableFileError) as caught:
        opened(write([["设备编码", "备注"], ["1", "2"]]))
    assert caught.value.key == "tablefile.no_header"
    for word in ("name", "area_code", "设备编码", "备注"):
        assert word in caught.value.text.zh


def test_a_column_twice(write: Write) -> None:
    assert fault(write([["code", "name", "area_code", "编码"], ROW])) == "column_twice"


def test_unreadable_encoding_names_offset_and_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"code,name,area_code\n1,\xff\xff\xff,3\n")
    with pytest.raises(TableFileError) as caught:
        opened(path)
    assert caught.value.key == "tablefile.encoding"
    assert "22" in caught.value.text.zh
    assert "第 2 行" in caught.value.text.zh


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "empty"),
        (b"code,name,area_code\n1,\0,3\n", "nul"),
        (b'code,name,area_code\n1,"a,3\n2,b,3\n', "csv_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "xlsx_old"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "xlsx_encrypted"),
        (b"PK\x03\x04 not a zip", "xlsx_broken"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, data: bytes, key: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert fault(path) == key


def sheet(cells: str) -> bytes:
    """A real workbook with its sheet replaced."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        book.add_worksheet().write_row(0, 0, ["code", "name", "area_code"])
    body = f'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    out = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, body if "sheet1" in member.filename else old.read(member))
    return out.getvalue()


FAR = '<row r="1"><c r="A1"/></row><row r="{r}"><c r="{c}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    "cells",
    [
        FAR.format(r=1048576, c="XFD1048576"),
        FAR.format(r=1, c="ZZ1"),
        FAR.format(r=200000, c="A200000"),
        "<row>" + "<c/>" * 500 + "</row>",
        "<row r='1'><c r = 'DA1'/></row>",
        '<row r="1"><c s="1"\nr="aaa1"/></row>',
        '<row\tr="1048576"/>',
        " " * (60 << 20),
    ],
)
def test_small_files_that_would_take_gigabytes(tmp_path: Path, cells: str) -> None:
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(sheet(cells))
    assert fault(path) == "xlsx_bomb"


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    data = bytearray(sheet(FAR.format(r=2, c="A2")))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (5).to_bytes(4, "little")
    path = tmp_path / "lie.xlsx"
    path.write_bytes(data)
    assert fault(path) in ("xlsx_broken", "xlsx_bomb")


def test_a_sound_workbook_of_the_usual_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        work = book.add_worksheet()
        for row in range(3000):
            work.write_row(row, 0, ["code", "name", "area_code"] if row == 0 else [f"C{row}", "n", 320585])
    rows = list(opened(path).rows)
    assert len(rows) == 2999
    assert rows[0] == (2, ["C1", "n", "320585"])


def test_zlib_is_followed_to_its_end() -> None:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(bytes(1 << 20)) + packed.flush()
    assert len(zlib.decompressobj(-15).decompress(data, 1000)) == 1000
