"""Figures out of the register, on both databases: as they were known, whatever came later, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import insert, select

from camerahub.core.batch import RESULT_DTYPE
from camerahub.core.commit import CORRECTION_DTYPE, FLIP_DTYPE, Commit
from camerahub.core.rates import Parts, total
from camerahub.core.result import PROBE_KINDS, REASON_CODES, REASONS, Facet
from camerahub.core.transitions import Answer
from camerahub.registry import runs
from camerahub.registry.figures import figures, missing_marks, run_of, verify
from camerahub.registry.past import DAY_US, Question
from camerahub.registry.rows import AreaRow
from camerahub.registry.store import Store
from camerahub.registry.tables import cameras
from tests.contract.fleet import AREAS, SOURCE, T0, camera

HOUR = 3_600_000_000
START = T0 + HOUR
TOWNS = [AreaRow("320585102", "另一镇", "township", "320585")]
U, D, K = int(Answer.UP), int(Answer.DOWN), int(Answer.UNKNOWN)


class Book:
    """A register of a few cameras, and what becomes of them, hour by hour."""

    def __init__(self, store: Store, count: int = 6) -> None:
        self.store, self.seq = store, 0
        store.import_areas(AREAS + TOWNS, SOURCE, T0)
        store.import_cameras([camera(n) for n in range(count)], SOURCE, T0)
        with store.engine.connect() as connection:
            self.ids = list(connection.scalars(select(cameras.c.id).order_by(cameras.c.id)))

    def turn(self, n: int, at: int, old: int, new: int, recorded: int | None = None, facet: int = 0) -> None:
        self.seq += 1
        row = np.zeros(1, FLIP_DTYPE)
        row["at"], row["camera"], row["facet"], row["old"], row["new"] = at, self.ids[n], facet, old, new
        own = row.copy()
        own["endpoint"] = 1 + n  # endpoints flip too, and count nowhere
        now = at if recorded is None else recorded
        assert self.store.commit(Commit("w", 1, self.seq, now, flips=own, camera_flips=row))

    def late(self, n: int, at: int, recorded: int, reason: str = "ok") -> None:
        self.seq += 1
        row = np.zeros(1, CORRECTION_DTYPE)
        row["at"], row["camera"], row["endpoint"] = at, self.ids[n], 1 + n
        row["probe"], row["reason"] = PROBE_KINDS["options"].code, REASON_CODES[reason]
        assert self.store.commit(Commit("w", 1, self.seq, recorded, corrections=row))

    def ask(
        self, start: int, end: int, as_of: int, by: str | None = None, area: str | None = None
    ) -> Question:
        return Question(Facet.ONLINE, start, end, as_of, area, by)

    def parts(self, *asked: object, **more: object) -> dict[str, Parts]:
        return figures(self.store.engine, self.ask(*asked, **more)).parts  # type: ignore[arg-type]


@pytest.fixture
def book(store: Store) -> Book:
    book = Book(store)
    for n in range(6):
        book.turn(n, START, K, U)
    store.heartbeat(START + 1000 * HOUR)  # the hub lives through all that is told here
    return book


def hours(parts: Parts) -> tuple[float, ...]:
    return tuple(n / HOUR for n in (parts.expected, parts.up, parts.down, parts.unknown, parts.exempt))


def test_camera_time(book: Book) -> None:
    book.turn(0, START + 2 * HOUR, U, D)
    book.turn(0, START + 5 * HOUR, D, U)
    book.turn(1, START + 9 * HOUR, U, K)
    end = START + 10 * HOUR
    assert hours(book.parts(START, end, end)[""]) == (60, 56, 3, 1, 0)
    assert hours(book.parts(T0 - HOUR, START, end)[""]) == (6, 0, 0, 6, 0)  # in the register, never looked at
    at = replace(book.ask(START, end, end), points=(START, START + 3 * HOUR, end - 1))
    assert figures(book.store.engine, at).parts[""] == Parts(18, 16, 1, 1)


def test_only_the_facet_asked_for(book: Book) -> None:
    book.turn(0, START + HOUR, K, D, facet=int(Facet.LIT))
    end = START + 2 * HOUR
    assert hours(book.parts(START, end, end)[""]) == (12, 12, 0, 0, 0)
    lit = replace(book.ask(START, end, end), facet=Facet.LIT)
    assert hours(figures(book.store.engine, lit).parts[""]) == (12, 0, 1, 11, 0)


def test_a_move_takes_its_hours_along_and_no_more(book: Book) -> None:
    row = camera(0)
    row.area_code = "320585102"
    book.store.import_cameras([row], SOURCE, START + 4 * HOUR)
    end = START + 10 * HOUR
    found = book.parts(START, end, end, by="township")
    assert {name: hours(parts)[:2] for name, parts in found.items()} == {
        "320585101": (54, 54),
        "320585102": (6, 6),
    }
    assert hours(book.parts(START, end, end, area="320585102")[""])[:2] == (6, 6)
    before = book.parts(START, START + 3 * HOUR, START + 3 * HOUR, by="township")
    assert list(before) == ["320585101"]


def test_who_is_put_out_of_use_counts_until_then(book: Book) -> None:
    book.turn(0, START + HOUR, U, D)
    book.store.import_cameras([camera(0, status="stopped")], SOURCE, START + 4 * HOUR)
    end = START + 10 * HOUR
    assert hours(book.parts(START, end, end)[""]) == (54, 51, 3, 0, 0)


def test_a_maintainer_has_the_hours_of_his_time(book: Book) -> None:
    for n in range(6):
        book.store.import_cameras([camera(n, maintainer="甲公司")], SOURCE, T0 + n)
    book.store.import_cameras([camera(0, maintainer="乙公司")], SOURCE, START + 4 * HOUR)
    end = START + 10 * HOUR
    asked = book.ask(START, end, end, by="maintainer")
    first = figures(book.store.engine, asked)
    assert {name: hours(p)[0] for name, p in first.parts.items()} == {"乙公司": 6, "甲公司": 54}
    book.store.import_cameras([camera(0, maintainer="丙公司")], SOURCE, end + HOUR)
    again = figures(book.store.engine, asked)
    assert (again.parts, again.digest) == (first.parts, first.digest)


def test_nobody_looked_is_unknown(book: Book) -> None:
    gap = book.store.open_gap("hub", "all", START + HOUR, "hub_stalled")
    book.store.close_gap(gap, START + 2 * HOUR)
    book.store.open_gap(
        "w", "uplink:east", START + 3 * HOUR, "references"
    )  # silence, and its flips, tell of these
    end = START + 4 * HOUR
    assert hours(book.parts(START, end, end)[""]) == (24, 18, 0, 6, 0)


def test_a_hub_that_is_off_is_a_gap_before_it_is_written(book: Book) -> None:
    book.store.heartbeat(START + HOUR)
    as_of = START + 5 * HOUR
    asked = book.ask(START, START + 3 * HOUR, as_of)
    off = figures(book.store.engine, asked)
    assert hours(off.parts[""]) == (18, 6, 0, 12, 0)
    book.store.start(START + 8 * HOUR)
    again = figures(book.store.engine, asked)
    assert (again.parts, again.digest) == (off.parts, off.digest)
    later = figures(book.store.engine, replace(asked, as_of=START + 9 * HOUR))
    assert later.parts == off.parts


def test_late_results_fill_what_was_unknown_and_nothing_else(book: Book) -> None:
    book.turn(0, START + HOUR, U, K)
    book.turn(1, START + HOUR, U, D)
    end, later = START + 2 * HOUR, START + 30 * HOUR
    for minute in range(20):
        for n in range(2):
            book.late(n, START + HOUR + minute * 60_000_000, later)
    assert hours(book.parts(START, end, end)[""]) == (12, 10, 1, 1, 0)
    found = figures(book.store.engine, book.ask(START, end, later))
    assert hours(found.parts[""]) == (12, 10.4, 1, 0.6, 0)  # 19 min of results and 5 min of silence
    assert found.corrections == 40


def test_what_is_recorded_later_changes_no_earlier_figure(book: Book) -> None:
    book.turn(0, START + HOUR, U, K)
    asked = book.ask(START, START + 10 * HOUR, START + 24 * HOUR, by="township")
    first = figures(book.store.engine, asked)
    book.turn(0, START + 2 * HOUR, K, U, recorded=START + 48 * HOUR)
    book.late(1, START + HOUR, START + 48 * HOUR)
    book.store.import_cameras([camera(2, network="天网"), camera(9)], SOURCE, START + 48 * HOUR)
    book.store.import_areas([AreaRow("320585101", "新名", "village", "320585102")], SOURCE, START + 48 * HOUR)
    again = figures(book.store.engine, asked)
    assert (again.parts, again.digest) == (first.parts, first.digest)
    now = figures(book.store.engine, replace(asked, as_of=START + 49 * HOUR)).parts
    assert hours(total(list(now.values()))) == (60, 59, 0, 1, 0)
    assert list(now) == ["320585102"]


def test_published_runs_come_out_again(book: Book, opened: Callable[..., Store]) -> None:
    book.turn(0, START + HOUR, U, D)
    end = START + 24 * HOUR
    found = figures(book.store.engine, book.ask(START, end, end, by="township"))
    number = book.store.publish(run_of(found, "preliminary", "someone"), [], end)
    book.turn(1, START + 2 * HOUR, U, D, recorded=end + HOUR)
    restarted = opened()
    (check,) = verify(restarted.engine, runs.newest(restarted.engine, 9))
    assert (check.run.id, check.same, check.same_input) == (number, True, True)
    final = figures(restarted.engine, replace(found.asked, as_of=end + 48 * HOUR))
    assert final.parts["320585101"].down == found.parts["320585101"].down + 22 * HOUR
    same = runs.of_period(restarted.engine, Facet.ONLINE, "time", START, end)
    assert [run.stage for run in same] == ["preliminary"]


def test_a_mark_changes_no_figure(book: Book) -> None:
    """Not even for flips that were recorded after it was made, of before it; and old questions do not use it."""
    engine, mark_at = book.store.engine, START + 30 * HOUR
    book.turn(0, START + HOUR, U, D)
    book.turn(1, mark_at, U, D)  # at its very instant
    book.turn(2, mark_at + HOUR, U, D)
    book.turn(3, START + 2 * HOUR, U, K, recorded=mark_at + 90 * HOUR)
    book.turn(3, START + 3 * HOUR, K, D, recorded=mark_at + 91 * HOUR)
    asked = [
        book.ask(mark_at + 2 * HOUR, mark_at + 4 * HOUR, as_of, by="network")
        for as_of in (mark_at + 5 * HOUR, mark_at + 40 * HOUR, mark_at + 90 * HOUR, mark_at + 200 * HOUR)
    ]
    before = [figures(engine, one) for one in asked]
    assert len({figures_.parts["雪亮"].up for figures_ in before}) == 2
    run = run_of(before[1], "final", "someone")
    made = mark_at + 31 * HOUR
    assert missing_marks(engine, Facet.ONLINE, [mark_at], mark_at + DAY_US - 1) == []
    assert missing_marks(engine, Facet.ONLINE, [mark_at], made) == [mark_at]
    book.store.publish(run, [mark_at], made)
    assert missing_marks(engine, Facet.ONLINE, [mark_at], made) == []
    after = [figures(engine, one) for one in asked]
    assert [(one.parts, one.digest) for one in after] == [(one.parts, one.digest) for one in before]


def test_random_histories_and_a_plain_twin(book: Book) -> None:
    """Turns at random, dated and recorded at random, against a walk through them; with and without marks."""
    rng = np.random.default_rng(11)
    state, last = [U] * 6, [START] * 6
    told: list[tuple[int, int, int, int]] = []
    recorded = START
    for _ in range(150):
        n = int(rng.integers(6))
        new = int(rng.choice([a for a in (U, D, K) if a != state[n]]))
        recorded += int(rng.integers(HOUR))
        at = max(last[n], recorded - int(rng.choice([0, HOUR, 60 * HOUR])))
        book.turn(n, at, state[n], new, recorded)
        told.append((n, at, new, recorded))
        state[n], last[n] = new, at
    for marked in (False, True):
        if marked:
            run = run_of(figures(book.store.engine, book.ask(START, START + 1, recorded)), "final", "x")
            book.store.publish(run, [START + 10 * HOUR, START + 30 * HOUR], START + 55 * HOUR)
        for _ in range(12):
            start = START + int(rng.integers(60)) * HOUR
            end = start + int(rng.integers(1, 12)) * HOUR
            as_of = end + int(rng.integers(40)) * HOUR
            assert book.parts(start, end, as_of)[""] == _walk(told, start, end, as_of)


def _walk(told: list[tuple[int, int, int, int]], start: int, end: int, as_of: int) -> Parts:
    spent = {U: 0, D: 0, K: 0}
    for n in range(6):
        line = [(START, U), *((at, new) for who, at, new, recorded in told if who == n and recorded <= as_of)]
        for (at, answer), until in zip(line, [*(at for at, _ in line[1:]), end], strict=True):
            spent[answer] += max(0, min(until, end) - max(at, start))
    return Parts(6 * (end - start), spent[U], spent[D], spent[K])


def test_questions_that_make_no_sense(book: Book) -> None:
    engine = book.store.engine
    for start, end, as_of in ((START, START, START), (START, START + 2, START + 1)):
        with pytest.raises(ValueError):
            figures(engine, book.ask(start, end, as_of))
    with pytest.raises(KeyError):
        figures(engine, book.ask(START, START + 1, START + 1, area="999999"))
    with pytest.raises(KeyError):
        figures(engine, book.ask(START, START + 1, START + 1, by="colour"))


def test_an_exemption_never_touches_the_raw_rate(book: Book) -> None:
    from camerahub.registry.tables import exemption_cameras, exemptions

    book.turn(0, START + HOUR, U, D)
    end = START + 10 * HOUR
    row = {
        "scope": "camera", "from_at": START + HOUR, "to_at": START + 5 * HOUR, "reason": "power_cut",
        "applicant": "a", "applied_at": T0, "approver": "b", "approved_at": end + HOUR, "recorded_at": T0,
    }  # fmt: skip
    with book.store._writing() as connection:
        key = connection.execute(insert(exemptions).values(**row)).inserted_primary_key
        assert key is not None
        connection.execute(insert(exemption_cameras).values(exemption_id=key[0], camera_id=book.ids[0]))
    before = book.parts(START, end, end)[""]
    after = book.parts(START, end, end + HOUR)[""]
    assert hours(before) == (60, 51, 9, 0, 0)
    assert hours(after) == (60, 51, 9, 0, 4)
    assert (after.raw, after.adjusted) == (before.raw, round(51 / 56, 6))


def test_reasons_are_told_with_and_without_marks(book: Book) -> None:
    """Time by reason adds up to the whole, and a mark changes none of it."""
    engine, timeout = book.store.engine, REASON_CODES["timeout"]
    row = np.zeros(1, FLIP_DTYPE)
    row["at"], row["camera"], row["old"], row["new"], row["reason"] = START + HOUR, book.ids[0], U, D, timeout
    book.seq += 1
    book.store.commit(Commit("w", 1, book.seq, START + HOUR, camera_flips=row))
    mark_at = START + 3 * HOUR
    asked = book.ask(mark_at + HOUR, mark_at + 2 * HOUR, mark_at + 90 * HOUR, by="reason")
    before = figures(engine, asked)
    assert {name: hours(parts)[:3] for name, parts in before.parts.items()} == {
        "ok": (5, 5, 0),
        "timeout": (1, 0, 1),
    }
    assert before.rules == ()
    assert figures(engine, replace(asked, start=START - HOUR)).rules == (1,)
    assert hours(book.parts(T0, START, START, by="reason")["never"])[3] == 6
    book.store.publish(run_of(before, "final", "x"), [mark_at], mark_at + 31 * HOUR)
    after = figures(engine, asked)
    assert (after.parts, after.digest) == (before.parts, before.digest)


def test_what_never_had_an_answer_is_explained_by_its_looks(book: Book) -> None:
    """A password that never worked flips nothing; the hours in which it was tried say so, folded or not."""
    store, start = book.store, START - START % HOUR + HOUR
    store.start(start)
    roads = store.load().endpoint
    for minute, name in ((5, "encrypted"), (70, "timeout"), (71, "auth"), (185, "locked")):
        rows = np.zeros(4, RESULT_DTYPE)
        rows["endpoint"], rows["probe"] = roads[:4], PROBE_KINDS["picture"].code
        rows["reason"], rows["outcome"] = REASON_CODES[name], int(REASONS[name].outcome)
        rows["started_at"] = now = start + minute * 60_000_000
        book.seq += 1
        assert store.commit(Commit("w", 1, book.seq, now, rows))
    end = start + 4 * HOUR
    store.heartbeat(end)
    asked = Question(Facet.LIT, start, end, end, by="reason")
    told = figures(store.engine, asked)
    # one hour of the first, two of the second (nobody looked in the third), one of the last; two cameras never
    found = {name: hours(parts)[3] for name, parts in told.parts.items()}
    assert found == {"encrypted": 4, "auth": 8, "locked": 4, "never": 8}
    store.checkpoint(end)
    assert figures(store.engine, asked) == told
    book.turn(0, start + HOUR + HOUR // 2, K, U, facet=int(Facet.LIT))
    found = {name: hours(parts)[1:4] for name, parts in figures(store.engine, asked).parts.items()}
    assert found["ok"] == (2.5, 0, 0)
    assert found["auth"] == (0, 0, 6.5)
    later = figures(store.engine, replace(asked, start=start + 3 * HOUR)).parts
    assert {name: hours(parts)[3] for name, parts in later.items()} == {"ok": 0, "locked": 3, "never": 2}
