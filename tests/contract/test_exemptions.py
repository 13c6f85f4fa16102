"""Exemptions on both databases: two people, no overlap, and exactly the hours that were approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from functools import partial

import pytest
from sqlalchemy import select

from camerahub.core.errors import ConfigError
from camerahub.core.exemptions import DAY_US, MOST_NOTE, REASONS, STANDINGS
from camerahub.core.leaving import Rule
from camerahub.registry import exemptions, leavers
from camerahub.registry.exemptions import Request
from camerahub.registry.rows import DeviceRow
from camerahub.registry.store import Store
from camerahub.registry.tables import changes
from tests.contract.fleet import SOURCE, camera
from tests.contract.test_figures import HOUR, START, Book, D, U, book, hours

__all__ = ["book"]

END = START + 10 * HOUR
ASK = Request("camera", ("C00000",), START + 2 * HOUR, START + 5 * HOUR, "power_cut", "公告", "张三")


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        act()
    return caught.value.key


def approved(book: Book, asked: Request, at: int = START) -> int:
    number, _ = book.store.request_exemption(asked, at)
    book.store.decide_exemptions([number], "李四", "", at + 1, approve=True)
    return number


def test_from_request_to_expiry(book: Book) -> None:
    book.turn(0, START + HOUR, U, D)
    number, listed = book.store.request_exemption(ASK, START)
    assert listed == 1
    assert hours(book.parts(START, END, END)[""])[4] == 0  # nobody approved it yet
    assert exemptions.waiting(book.store.engine, START) == 1
    (one,) = book.store.decide_exemptions([number], "李四", "同意", START + HOUR, approve=True)
    assert [one.standing(at) for at in (START, START + 3 * HOUR, END)] == ["approved", "active", "expired"]
    assert exemptions.waiting(book.store.engine, START) == 0
    found = book.parts(START, END, END)[""]
    assert hours(found) == (60, 51, 9, 0, 3)
    assert found.adjusted == round(51 / 57, 6)
    with book.store.engine.connect() as connection:
        told = connection.execute(
            select(changes.c.who, changes.c.field)
            .where(changes.c.entity == "exemption")
            .order_by(changes.c.id)
        ).all()
    assert [tuple(row) for row in told] == [("张三", "requested"), ("李四", "approved")]


def test_decided_once_and_by_another(book: Book) -> None:
    number, _ = book.store.request_exemption(ASK, START)
    for name, key in (("张三", "same_person"), (" 张 三", "same_person"), (" ", "no_name")):
        for approve in (True, False):
            act = partial(book.store.decide_exemptions, [number], name, "", START, approve=approve)
            assert refused(act) == f"exempt.{key}"
    book.store.decide_exemptions([number], "李四", "", START, approve=True)
    again = lambda: book.store.decide_exemptions([number], "王五", "", START, approve=False)  # noqa: E731
    assert refused(again) == "exempt.decided"
    assert (
        refused(lambda: book.store.decide_exemptions([number + 1], "王五", "", START, approve=True))
        == "exempt.no_such"
    )


def test_several_are_decided_all_or_none(book: Book) -> None:
    first, _ = book.store.request_exemption(ASK, START)
    second, _ = book.store.request_exemption(replace(ASK, values=("C00001",), applicant="李四"), START)
    act = lambda: book.store.decide_exemptions([first, second], "李四", "", START, approve=True)  # noqa: E731
    assert refused(act) == "exempt.same_person"
    assert exemptions.waiting(book.store.engine, START) == 2


BAD = {
    "exempt.backwards": {"end": START},
    "exempt.too_long": {"end": START + 400 * DAY_US},
    "exempt.bad_reason": {"reason": "rain"},
    "exempt.no_name": {"applicant": " "},
    "exempt.long_note": {"note": "长" * (MOST_NOTE + 1)},
    "exempt.no_camera": {"values": ("C00000", "nobody")},
    "exempt.one_scope": {"scope": "area", "values": ("320585101", "320585102")},
    "exempt.unknown": {"scope": "area", "values": ("999999",)},
}


def test_what_is_refused_leaves_nothing(book: Book) -> None:
    for key, wrong in BAD.items():
        asked = replace(ASK, **wrong)  # type: ignore[arg-type]
        assert refused(partial(book.store.request_exemption, asked, START)) == key
    assert exemptions.listed(book.store.engine) == []


def test_windows_of_one_subject_do_not_overlap(book: Book) -> None:
    first, _ = book.store.request_exemption(ASK, START)
    for scope, values in (("camera", ("C00001", "C00000")), ("camera", ("C00000",))):
        inside = replace(ASK, scope=scope, values=values, start=START + 4 * HOUR, end=START + 9 * HOUR)
        assert refused(partial(book.store.request_exemption, inside, START)) == "exempt.overlaps"
    book.store.request_exemption(replace(ASK, start=ASK.end, end=ASK.end + HOUR), START)  # follows on
    book.store.request_exemption(replace(ASK, values=("C00001",)), START)
    book.store.decide_exemptions([first], "李四", "", START, approve=False)
    book.store.request_exemption(ASK, START)  # what was rejected is in nobody's way


def test_an_area_means_whoever_is_there(book: Book) -> None:
    row = camera(0)
    row.area_code = "320585102"
    book.store.import_cameras([row], SOURCE, START + 4 * HOUR)
    approved(book, replace(ASK, scope="area", values=("320585102",), start=START, end=START + 6 * HOUR))
    found = book.parts(START, END, END, by="township")
    assert (hours(found["320585101"])[4], hours(found["320585102"])[4]) == (0, 2)
    approved(book, replace(ASK, scope="area", values=("320585",), start=START, end=START + 6 * HOUR))
    found = book.parts(START, END, END, by="township")  # the county: everybody, and nobody twice
    assert (hours(found["320585101"])[4], hours(found["320585102"])[4]) == (34, 2)


def test_a_network_means_whoever_is_in_it(book: Book) -> None:
    book.store.import_cameras([camera(0, network="天网")], SOURCE, START + 4 * HOUR)
    approved(book, replace(ASK, scope="network", values=("天网",), start=START, end=END))
    assert hours(book.parts(START, END, END)[""])[4] == 6
    other = replace(ASK, scope="network", values=("无此网",))
    assert refused(lambda: book.store.request_exemption(other, START)) == "exempt.unknown"


def test_a_device_means_those_behind_it_when_it_was_asked(book: Book) -> None:
    platform, recorder = DeviceRow("P1", kind="platform"), DeviceRow("N1", kind="nvr", parent_code="P1")
    rows = [camera(n) for n in range(3)]
    for row in rows[:2]:
        row.endpoints[0].via = "N1"
    book.store.import_cameras(rows, SOURCE, START, devices=[platform, recorder])
    number, listed = book.store.request_exemption(replace(ASK, scope="device", values=("P1",)), START)
    assert (listed, exemptions.codes_of(book.store.engine, number)) == (2, ["C00000", "C00001"])
    rows[2].endpoints[0].via = "N1"
    book.store.import_cameras(rows, SOURCE, START + HOUR)
    book.store.decide_exemptions([number], "李四", "", START + HOUR, approve=True)
    assert hours(book.parts(START, END, END)[""])[4] == 6


def test_ended_early(book: Book) -> None:
    number = approved(book, ASK)
    asked = book.ask(START, START + 4 * HOUR, START + 4 * HOUR)
    book.store.end_exemption(number, "张三", "来电", START + 3 * HOUR)
    assert hours(book.parts(START, END, END)[""])[4] == 1
    (one,) = exemptions.listed(book.store.engine)
    assert (one.standing(END), one.until) == ("revoked", START + 3 * HOUR)
    assert refused(lambda: book.store.end_exemption(number, "张三", "", END)) == "exempt.nothing_to_end"
    assert hours(book.parts(asked.start, START + 2 * HOUR, START + 2 * HOUR)[""])[4] == 0
    approved(book, replace(ASK, start=START + 3 * HOUR))  # the rest of the window is free again


def test_a_request_is_taken_back(book: Book) -> None:
    number, _ = book.store.request_exemption(ASK, START)
    one = book.store.end_exemption(number, "张三", "", START)
    assert one.standing(START) == "rejected"
    assert (
        refused(lambda: book.store.decide_exemptions([number], "李四", "", START, approve=True))
        == "exempt.decided"
    )


def test_how_one_stands_when_nobody_decides(book: Book) -> None:
    number, _ = book.store.request_exemption(ASK, ASK.start + 1)
    (one,) = exemptions.listed(book.store.engine)
    assert (one.id, one.standing(START), one.standing(END), one.backdated) == (
        number,
        "requested",
        "lapsed",
        True,
    )
    assert one.standing(START) in STANDINGS
    assert one.reason in REASONS
    assert (
        exemptions.listed(book.store.engine, start=END)
        == exemptions.listed(book.store.engine, end=START)
        == []
    )


def test_who_left_and_by_whose_hand(book: Book) -> None:
    at = START + 4 * HOUR
    book.store.import_cameras([camera(n, status="stopped") for n in range(4)], SOURCE, at)
    book.store.import_cameras([camera(0, status="active"), camera(9, status="stopped")], SOURCE, at + HOUR)
    engine = book.store.engine
    (one,) = leavers.leaving(engine, START, END)
    # the first of them counts again
    assert (one.at, one.count, one.who, one.file) == (at, 3, SOURCE.who, SOURCE.file)
    assert leavers.leaving(engine, at + 1, END) == []
    moves = leavers.moves(engine, at + HOUR, END)
    assert [(m.code, m.counts) for m in moves] == [("C00000", (False, True)), ("C00009", (False, False))]
    assert moves[0].before == ("320585101", "雪亮", "stopped")
    assert moves[1].before is None
    assert (
        leavers.expected_now(engine),
        leavers.expected_at(engine, at),
        leavers.expected_at(engine, at + 1),
    ) == (3, 6, 2)


def test_the_store_keeps_the_attachment(store: Store) -> None:
    book = Book(store, 1)
    book.store.request_exemption(replace(ASK, attachment=("a.pdf", "f" * 64, 9)), START)
    (one,) = exemptions.listed(store.engine)
    assert (one.attachment, one.attachment_sha256) == ("a.pdf", "f" * 64)


def test_who_was_exempted_at_once(book: Book) -> None:
    engine, at = book.store.engine, START + HOUR
    rule = Rule(3, 4, 0.5, (), 7)
    codes = tuple(f"C{n:05d}" for n in (0, 1, 5))
    book.store.import_cameras([camera(5, status="stopped")], SOURCE, START)  # counts no more, with or without
    approved(book, replace(ASK, values=codes), at)
    assert [(one.count, one.file) for one in leavers.exempted(engine, START, END)] == [(2, "exempt 1")]
    assert leavers.left(engine, rule, UTC, at + 1)["exempt"] == (2, None)
    approved(book, replace(ASK, scope="area", values=("320585101",)), at + 1)
    first, second = leavers.exempted(engine, START, END)
    assert (second.at, second.count, second.who) == (at + 2, 3, "张三 / 李四")
    count, alarm = leavers.left(engine, rule, UTC, at + 2)["exempt"]
    assert alarm is not None
    assert (count, alarm.count, alarm.of, alarm.way) == (5, 5, 5, "exempt")
    assert leavers.left(engine, rule, UTC, at + 4 * 24 * HOUR)["exempt"] == (0, None)
    number = approved(
        book, replace(ASK, scope="network", values=("雪亮",), start=END, end=END + HOUR), at + 2
    )
    book.store.end_exemption(number, "张三", "", at + 3)  # before it began
    assert leavers.exempted(engine, START, END) == [first, second]
