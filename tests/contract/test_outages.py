"""Who is offline for long, on both databases, and all a report reads beside it: as it was known, in one go."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from sqlalchemy import select

from camerahub.core.report_figures import PERIOD, Wanted, spans_of
from camerahub.core.report_lists import Outage
from camerahub.core.result import Facet
from camerahub.registry import report
from camerahub.registry.engine import reading
from camerahub.registry.figures import figures
from camerahub.registry.outages import outages
from camerahub.registry.past import DAY_US, Question
from camerahub.registry.tables import areas, cameras
from tests.contract.conftest import SHANGHAI
from tests.contract.fleet import SOURCE, T0, camera
from tests.contract.test_exemptions import ASK, approved
from tests.contract.test_figures import HOUR, START, Book, D, K, U, book

__all__ = ["book"]

NOW = START + 40 * DAY_US
WEEK = 7 * DAY_US


def long(book: Book, at: int = NOW, as_of: int = NOW + DAY_US, least: int = WEEK) -> dict[str, Outage]:
    with reading(book.store.engine) as connection:
        return {one.code: one for one in outages(connection, Facet.ONLINE, at, as_of, least)}


def test_an_outage_goes_back_to_when_it_was_last_up(book: Book) -> None:
    book.turn(0, START + DAY_US, U, D)  # for 39 days
    book.turn(1, START + 2 * DAY_US, U, K)  # unknown first, then down, unknown again, down: one outage
    for days, old, new in ((3, K, D), (9, D, K), (30, K, D)):
        book.turn(1, START + days * DAY_US, old, new)
    book.turn(2, START + DAY_US, U, D)  # repaired, and down for a day
    book.turn(2, START + 20 * DAY_US, D, U)
    book.turn(2, START + 39 * DAY_US, U, D)
    book.turn(3, START + DAY_US, U, K)  # nobody knows
    book.turn(4, START + DAY_US, U, D, facet=int(Facet.LIT))  # another question
    found = long(book)
    assert {code: one.since for code, one in found.items()} == {
        "C00000": START + DAY_US,
        "C00001": START + 2 * DAY_US,
    }
    assert not any(one.never or one.exempt for one in found.values())
    assert set(long(book, least=0)) == {"C00000", "C00001", "C00002"}


def test_as_it_was_known_and_who_counted(book: Book) -> None:
    book.store.import_cameras([camera(6)], SOURCE, START + HOUR)
    with book.store.engine.connect() as connection:
        book.ids = list(connection.scalars(select(cameras.c.id).order_by(cameras.c.id)))
    book.turn(6, START + 2 * HOUR, K, D)  # never up: since it is registered
    book.turn(1, START + DAY_US, U, D, recorded=NOW + 2 * DAY_US)  # told of later
    found = long(book)
    assert set(found) == {"C00006"}
    assert (found["C00006"].never, found["C00006"].since) == (True, START + HOUR)
    assert set(long(book, as_of=NOW + 3 * DAY_US)) == {"C00001", "C00006"}
    book.store.import_cameras([camera(6, status="stopped")], SOURCE, NOW - DAY_US)
    assert set(long(book)) == set()
    assert set(long(book, at=NOW - 2 * DAY_US)) == {"C00006"}


def test_an_exemption_is_told(book: Book) -> None:
    book.turn(0, START + HOUR, U, D)
    approved(book, ASK)
    assert long(book)["C00000"].exempt is False
    inside = START + 3 * HOUR
    assert long(book, at=inside, as_of=inside + 1, least=0)["C00000"].exempt is True


def test_a_report_reads_the_figures_of_rates(book: Book) -> None:
    for n in range(6):
        book.turn(n, START, K, U)
    book.turn(0, START + HOUR, U, D)
    with (
        book.store.engine.connect().execution_options(camerahub_writes=True) as connection,
        connection.begin(),
    ):
        row = {"tree": "police", "code": "P1", "name": "石桥派出所", "level": "township", "created_at": T0}
        connection.execute(areas.insert().values(**row))
    spans = spans_of(START, START + DAY_US, START + 2 * DAY_US, SHANGHAI)
    as_of = START + 2 * DAY_US
    found, rules, gone = report.measured(
        book.store.engine, (Facet.ONLINE, Facet.LIT), spans, as_of, Fraction(1, 2), SHANGHAI
    )
    for facet in (Facet.ONLINE, Facet.LIT):
        told = found.told[Wanted(facet, "township", PERIOD)]
        same = figures(book.store.engine, Question(facet, *spans.period, as_of, by="township"))
        assert (told.parts, told.source.digest) == (same.parts, same.digest)
    assert (rules, gone, found.registered) == ((1,), [], 6)
    assert found.names["P1"] == "石桥派出所"


def test_who_was_put_out_of_use_and_which_windows_touch(book: Book) -> None:
    names = report.names_now(book.store.engine)[1]
    book.store.import_cameras([camera(0, status="stopped")], SOURCE, START + HOUR)
    moved = replace(camera(1), area_code="320585102")  # it counts still
    book.store.import_cameras([moved], SOURCE, START + HOUR)
    (one,) = report.stopped(book.store.engine, START, START + DAY_US, names)
    assert (one.code, one.at, one.status, one.who) == ("C00000", START + HOUR, "停用", SOURCE.who)
    assert report.stopped(book.store.engine, START + DAY_US, NOW, names) == []
    number = approved(book, ASK)
    assert [w.id for w in report.windows(book.store.engine, START, START + DAY_US, NOW)] == [number]
    assert report.windows(book.store.engine, START, START + DAY_US, START - 1) == []  # not asked for yet
    assert report.windows(book.store.engine, START + 6 * HOUR, START + DAY_US, NOW) == []
