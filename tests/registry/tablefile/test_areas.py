from __future__ import annotations

import pytest
from sqlalchemy import select

from camerahub.registry.regions import COUNTIES, builtin_areas
from camerahub.registry.store import Store
from camerahub.registry.tablefile.areas import import_areas, import_builtin
from camerahub.registry.tablefile.verdicts import RowVerdict, TableFileError
from camerahub.registry.tables import areas
from tests.registry.tablefile.conftest import NOW, Write, reasons


@pytest.mark.parametrize(
    ("county", "townships", "villages"), [("320585", 8, 160), ("511702", 18, 209), ("341702", 26, 227)]
)
def test_counts_of_the_shipped_counties(county: str, townships: int, villages: int) -> None:
    codes = [code for code, _ in builtin_areas([county])]
    assert [len(codes), codes[:3]] == [3 + townships + villages, [county[:2], county[:4], county]]
    assert sum(len(code) == 9 for code in codes) == townships
    assert sum(len(code) == 12 for code in codes) == villages


def test_builtin_twice_and_unknown(store: Store) -> None:
    summary = import_builtin(store, list(COUNTIES), who="t", now=NOW)
    assert summary.verdicts["unchanged"] == 171
    assert summary.verdicts["added"] == (3 + 18 + 209) + (3 + 26 + 227)
    with pytest.raises(TableFileError) as caught:
        import_builtin(store, ["110101"], who="t", now=NOW)
    assert caught.value.key == "tablefile.unknown_county"


def test_a_file_of_areas(store: Store, write: Write) -> None:
    path = write(
        [
            ["代码", "名称"],
            ["330502000000", "示例区"],
            ["330502001", "示例街道"],
            ["330502001", "又一个"],
            ["0x", "坏"],
            ["330502002", ""],
            ["330502009", "无上级之镇"],
            ["440100001", "孤镇"],
        ]
    )
    told: list[RowVerdict] = []
    summary = import_areas(store, store.engine, path, who="t", now=NOW, on_row=told.append)
    assert [one.verdict for one in told] == ["added", "added", *["refused"] * 3, "added", "added"]
    assert [reasons(one) for one in told[2:]] == [
        ["area_twice"],
        ["area_code_bad"],
        ["area_name_empty"],
        [],
        ["area_no_parent"],
    ]
    assert summary.refused == 3
    with store.engine.connect() as connection:
        found = connection.execute(select(areas.c.level).where(areas.c.code == "330502")).scalar()
    assert found == "county"
