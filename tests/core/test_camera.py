from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.core.camera import (
    CODE_PROBLEMS,
    DEVICE_TYPES,
    INDUSTRIES,
    NETWORKS,
    check_code,
    expected_by_status,
    mismatches,
    parse_code,
)

CODE = "32058501001326000017"


def test_the_parts_of_a_code():
    hints = parse_code(CODE)
    assert hints is not None
    assert (hints.centre, hints.county, hints.serial) == ("32058501", "320585", "000017")
    assert hints.industry_word is INDUSTRIES["00"]
    assert hints.device_type_word is DEVICE_TYPES["132"]
    assert hints.network_word is NETWORKS["6"]
    strange = parse_code("99" * 10)
    assert strange is not None
    assert strange.industry_word is strange.device_type_word is None


@pytest.mark.parametrize("code", ["", "1" * 18, "1" * 21, "３" * 20, "a" * 20, "TC-7"])
def test_other_codes_have_no_hints(code):
    assert parse_code(code) is None
    assert mismatches(code, "320585") == ()


def test_mismatches_are_remarks():
    assert mismatches(CODE, "320585103") == ()
    assert mismatches(CODE, "3205") == ()
    assert mismatches(CODE, "341702") == ("code_area",)
    assert mismatches("32058501001118000017", "") == ("code_type",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CODE, CODE),
        (f" {CODE}\u3000", CODE),
        ("３２０５８５０１００１３２６００００１７", CODE),
        (f"'{CODE}", CODE),
        ("\ufeffTC-0001", "TC-0001"),
        ("1" * 18, "1" * 18),
        ("A/1.2_3:4", "A/1.2_3:4"),
        ("E12", "E12"),
    ],
)
def test_codes_that_are_taken(text, code):
    assert check_code(text) == (code, None, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "code_empty"),
        (" \u3000'", "code_empty"),
        ("3.3E+19", "code_excel"),
        ("3,3e+19", "code_excel"),
        ("110E4", "code_excel"),
        ("3.20585E19", "code_excel"),
        ("３.３Ｅ＋１９", "code_excel"),
        ("32058501001326000000.0", "code_excel"),
        ("a b", "code_bad"),
        ("a\x00b", "code_bad"),
        ("-1", "code_bad"),
        ("摄像机1", "code_bad"),
        ("x" * 65, "code_bad"),
    ],
)
def test_codes_that_are_refused(text, problem):
    assert check_code(text).problem == problem
    assert problem in CODE_PROBLEMS


def test_a_lost_digit_is_remarked():
    assert check_code(CODE[1:]).remark == "code_short"


def test_five_zeros_at_the_end_are_remarked_and_taken():
    assert check_code("32058501001326100000") == ("32058501001326100000", None, "code_rounded")


@given(st.text(max_size=100))
def test_any_text_gives_a_bounded_code_or_a_known_problem(text):
    checked = check_code(text)
    assert len(checked.code) <= 64
    if checked.problem is None:
        assert check_code(checked.code) == checked
        assert checked.code.isascii()
    else:
        assert checked.problem in CODE_PROBLEMS


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("在用", True),
        (" 维修 ", True),
        ("", True),
        ("拆除", False),
        ("停用", False),
        ("４", False),
        ("飞走", None),
    ],
)
def test_who_must_count(status, expected):
    assert expected_by_status(status) is expected
