"""Words in the cells of a sheet stay words, whatever they look like."""

from __future__ import annotations

from io import BytesIO

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook

from camerahub.core.cells import as_words


@pytest.mark.parametrize(
    "name", ["<r><t>x</t></r>", "<r></r>", "<r>a</t></is></c></r>", "北门 <r>", "=1+1", "", "西门"]
)
@pytest.mark.parametrize("constant_memory", [False, True])
def test_a_sheet_gives_back_the_words_it_was_given(name: str, constant_memory: bool) -> None:
    made = BytesIO()
    with xlsxwriter.Workbook(made, {"constant_memory": constant_memory}) as book:
        book.add_worksheet().write_string(0, 0, as_words(name))
    rows = CalamineWorkbook.from_filelike(BytesIO(made.getvalue())).get_sheet_by_index(0).to_python()
    assert (str(rows[0][0]).strip() if rows else "") == name
