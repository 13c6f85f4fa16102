"""Times in which nobody looked, on both databases: the same ones that figures count as unknown."""

from __future__ import annotations

from camerahub.registry.presence import Blank, blanks
from tests.contract.test_figures import HOUR, START, Book, book

__all__ = ["book"]


def test_gaps_of_a_period_as_they_were_known(book: Book) -> None:
    engine, end = book.store.engine, START + 10 * HOUR
    book.store.close_gap(book.store.open_gap("hub", "all", START - HOUR, "hub_stalled"), START + HOUR)
    book.store.open_gap("w", "uplink:east", START + 3 * HOUR, "references")
    found = blanks(engine, START, end, end)
    assert found == [
        Blank("hub", "all", "hub_stalled", START, START + HOUR),
        Blank("w", "uplink:east", "references", START + 3 * HOUR, end),
    ]
    assert blanks(engine, START, end, START + 2 * HOUR) == found[:1]
    assert blanks(engine, START + HOUR, START + 2 * HOUR, end) == []


def test_a_hub_that_is_off_is_one_before_it_says_so(book: Book) -> None:
    engine, as_of = book.store.engine, START + 5 * HOUR
    book.store.heartbeat(START + HOUR)
    (off,) = blanks(engine, START, START + 3 * HOUR, as_of)
    assert off == Blank("hub", "all", "hub_off", START + HOUR, START + 3 * HOUR)
    asked = book.ask(START, START + 3 * HOUR, as_of)
    unknown = book.parts(asked.start, asked.end, as_of)[""].unknown
    assert unknown == 6 * (off.end - off.start)
    book.store.start(START + 8 * HOUR)
    assert blanks(engine, START, START + 3 * HOUR, as_of) == [off]
