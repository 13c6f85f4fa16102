from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.texts import CATALOGUE
from camerahub.registry.tablefile.cells import KINDS, CellError, guard, tidy
from camerahub.registry.tablefile.dictionaries import CODEC, DICTIONARIES, INDUSTRY, LOCATION_TYPE, STATUS
from camerahub.registry.tablefile.geo import to_wgs84
from camerahub.registry.tablefile.profile import normal
from camerahub.registry.tablefile.profiles import PROFILES
from camerahub.registry.tablefile.verdicts import PROBLEMS


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("date", "2023/5/1", "2023-05-01"),
        ("date", "20230501", "2023-05-01"),
        ("date", "45047", "2023-05-01"),
        ("date", "2023年5月1日", "2023-05-01"),
        ("date", "2023.05", "2023-05-01"),
        ("date", "2023-05-01 08:00:00", "2023-05-01"),
        ("mac", "02:00:5e:10:00:01", "02-00-5E-10-00-01"),
        ("mac", "0200.5e10.0001", "02-00-5E-10-00-01"),
        ("ip", " １９２.0.2.１ ", "192.0.2.1"),
        ("ip", "192.000.002.010", "192.0.2.10"),
        ("port", "554.0", "554"),
        ("channel", "007", "7"),
        ("digits", '="32058500001320000001"', "32058500001320000001"),
        ("text", " '=1+1 ", "=1+1"),
        ("degrees", "121.1°", "121.1"),
    ],
)
def test_one_form_of_many(kind: str, cell: str, value: str) -> None:
    assert KINDS[kind](cell, None) == value


@pytest.mark.parametrize(
    ("kind", "cell", "reason"),
    [
        ("date", "2023-13-01", "date_bad"),
        ("date", "昨天", "date_bad"),
        ("mac", "1122334455", "mac_bad"),
        ("ip", "224.0.0.1", "bad_host"),
        ("ip", "0.0.0.0", "bad_host"),
        ("port", "0", "bad_port"),
        ("channel", "x", "bad_channel"),
        ("ipv6", "192.0.2.1", "ipv6_bad"),
    ],
)
def test_what_no_cell_may_hold(kind: str, cell: str, reason: str) -> None:
    with pytest.raises(CellError) as caught:
        KINDS[kind](cell, None)
    assert caught.value.reason == reason


def test_words_and_codes() -> None:
    word = KINDS["word"]
    assert word("一类/", None) == "一类/"
    assert word("H265", CODEC) == word("4", CODEC) == word("4-H.265", CODEC) == "4"
    assert word("公安机关, 教育、12", INDUSTRY) == "1/8/12"
    assert word("交通干线/15", LOCATION_TYPE) == "10/15"
    assert LOCATION_TYPE.spoken("10/15/77") == "交通干线/重点水域、航道/77"
    with pytest.raises(CellError) as caught:
        word("坏了", STATUS)
    assert caught.value.reason == "bad_status"


@pytest.mark.parametrize("field", list(DICTIONARIES))
def test_every_dictionary_reads_what_it_writes(field: str) -> None:
    words = DICTIONARIES[field]
    for code in words.table:
        assert KINDS["word"](code, words) == code
        assert KINDS["word"](words.spoken(code), words) in (code, "15/15", "15")


@given(st.text(max_size=50))
def test_the_guard_comes_off_again(value: str) -> None:
    clean = tidy(value)
    if not clean.startswith('="') and clean == tidy(clean):
        assert tidy(guard(clean)) == clean
    assert guard(clean)[:1] not in ("=", "+", "-", "@")


@given(
    st.sampled_from(sorted(KINDS)),
    st.text(alphabet=string.printable + "１２：．年月日、，°一类", max_size=40),
)
def test_cells_give_a_value_or_a_known_reason(kind: str, cell: str) -> None:
    try:
        value = KINDS[kind](cell, STATUS if kind == "word" else None)
    except CellError as error:
        sound = error.reason in PROBLEMS
    else:
        sound = isinstance(value, str)
    assert sound


def test_every_problem_has_its_words() -> None:
    said = {key.removeprefix("tablefile.row.") for key in CATALOGUE if key.startswith("tablefile.row.")}
    assert said == set(PROBLEMS)


def test_profiles_are_whole() -> None:
    assert len(PROFILES["national27"].columns) == 27
    for profile in PROFILES.values():
        names = [normal(column.header) for column in profile.columns]
        assert len(set(names)) == len(names)
        assert {column.kind for column in (*profile.columns, *profile.also)} <= set(KINDS)


@given(st.floats(73, 135), st.floats(18, 53))
def test_conversion_stays_within_a_few_hundred_metres(lon: float, lat: float) -> None:
    for crs in ("gcj02", "bd09", "cgcs2000"):
        x, y = to_wgs84(lon, lat, crs)
        assert abs(x - lon) < 0.03
        assert abs(y - lat) < 0.03


def test_conversion_of_a_known_point() -> None:
    # Tiananmen in GCJ-02, from public examples of the inverse
    x, y = to_wgs84(116.404, 39.915, "gcj02")
    assert abs(x - 116.39775) < 2e-5
    assert abs(y - 39.91360) < 2e-5
