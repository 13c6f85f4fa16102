"""A year's worth of trouble in an afternoon, on both databases, against a twin that looks at every minute.

Flips recorded late, moves between townships, cameras put out of use and back, exemptions that begin, overlap, are
approved late and ended early, gaps, late results: whatever a figure is made of. Then the same figures after a restart,
after a migration of the schema, with marks and without, and cut into pieces.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from sqlalchemy import Connection, Engine, MetaData, insert, select

from camerahub.core.rates import Parts
from camerahub.core.result import Facet
from camerahub.registry.engine import open_engine
from camerahub.registry.exemptions import Request
from camerahub.registry.figures import Figures, figures, run_of
from camerahub.registry.migrate import scripts, upgrade
from camerahub.registry.past import Question
from camerahub.registry.store import Store
from camerahub.registry.tables import METADATA, SCHEMA_REVISION, exemption_cameras, exemptions
from tests.contract.conftest import new_database
from tests.contract.fleet import SOURCE, camera
from tests.contract.test_figures import START, Book, D, K, U, book

__all__ = ["book"]

MINUTE = 60_000_000
#: The afternoon, minutes, and how much later things can be recorded.
LONG, LATE = 360, 240
STALE = 5
TOWNS = ("320585101", "320585102")


@dataclass
class Twin:
    """The same story as plain lists, in minutes since ``START``."""

    flips: list[tuple[int, int, int, int]] = field(default_factory=list)  # camera, at, new, recorded
    members: list[tuple[int, int, str | None]] = field(
        default_factory=list
    )  # camera, from, town (None: stopped)
    windows: list[tuple[str, set[int], int, int, int, int | None]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    late: list[tuple[int, int, bool, int]] = field(default_factory=list)  # camera, at, good, recorded

    def town(self, camera: int, at: int) -> str | None:
        told = [town for who, since, town in self.members if who == camera and since <= at]
        return told[-1]

    def exempt(self, camera: int, at: int, as_of: int) -> bool:
        for scope, who, start, end, approved, revoked in self.windows:
            until = min(end, revoked) if revoked is not None and revoked <= as_of else end
            inside = self.town(camera, at) == scope if scope else camera in who
            if approved <= as_of and start <= at < until and inside:
                return True
        return False

    def heard(self, camera: int, as_of: int) -> dict[int, int]:
        """What late results say, by the minute."""
        told, state, recent, last = dict[int, int](), K, list[bool](), -1000
        rows = sorted(
            (at, good) for who, at, good, recorded in self.late if who == camera and recorded <= as_of
        )
        for n, (at, good) in enumerate(rows):
            if at - last > STALE:
                state, recent = K, []
            recent, last = [*recent[-2:], good], at
            if good and (state == K or recent[-2:] == [True, True]):
                state = U
            elif recent == [False] * 3:
                state = D
            until = min(at + STALE, rows[n + 1][0] if n + 1 < len(rows) else at + STALE)
            told |= dict.fromkeys(range(at, until), state)
        return told

    def answer(self, camera: int, at: int, as_of: int, heard: dict[int, int]) -> int:
        told = [
            new
            for who, when, new, recorded in self.flips
            if who == camera and when <= at and recorded <= as_of
        ]
        now = told[-1] if told else U  # all were up when the afternoon began
        if any(start <= at < end for start, end in self.gaps):
            now = K
        return heard.get(at, K) if now == K else now

    def figures(self, start: int, end: int, as_of: int) -> dict[str, Parts]:
        found = dict[str, Parts]()
        for who in range(6):
            heard = self.heard(who, as_of)
            for at in range(start, end):
                town = self.town(who, at)
                if town is not None:
                    answer, out = self.answer(who, at, as_of, heard), self.exempt(who, at, as_of)
                    one = [
                        MINUTE * n
                        for n in (1, answer == U, answer == D, answer == K, out, out and answer == U)
                    ]
                    found[town] = found.get(town, Parts()) + Parts(*one)
        return found


def minute(at: int) -> int:
    return START + at * MINUTE


@pytest.fixture
def another_url(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A second database, empty, on the same kind of server."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/another.db"
    return new_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def story(book: Book) -> tuple[Book, Twin]:
    twin, rng = Twin(members=[(n, -10_000, TOWNS[0]) for n in range(6)]), np.random.default_rng(2026)
    _flips(book, twin, rng)
    _late_results(book, twin, rng)
    _moves(book, twin, rng)
    _exemptions(book, twin)
    for start, end in ((40, 52), (50, 61), (200, 215)):
        book.store.close_gap(book.store.open_gap("hub", "all", minute(start), "hub_stalled"), minute(end))
        twin.gaps.append((start, end))
    return book, twin


def _flips(book: Book, twin: Twin, rng: np.random.Generator) -> None:
    state, last, recorded = [U] * 6, [0] * 6, 0
    for _ in range(70):
        n = int(rng.integers(6))
        recorded += int(rng.integers(1, 8))
        at = max(last[n] + 1, recorded - int(rng.choice([0, 1, 90])))
        new = int(rng.choice([a for a in (U, D, K) if a != state[n]]))
        book.turn(n, minute(at), state[n], new, minute(max(recorded, at)))
        twin.flips.append((n, at, new, max(recorded, at)))
        state[n], last[n] = new, at


def _late_results(book: Book, twin: Twin, rng: np.random.Generator) -> None:
    for n in range(6):
        at = int(rng.integers(30))
        while at < LONG:
            good, recorded = bool(rng.random() < 0.6), at + int(rng.integers(LATE))
            book.late(n, minute(at), minute(recorded), "ok" if good else "timeout")
            twin.late.append((n, at, good, recorded))
            at += int(rng.choice([1, 2, 4, 5, 30]))


def _moves(book: Book, twin: Twin, rng: np.random.Generator) -> None:
    for at in sorted(rng.choice(LONG, 14, replace=False).tolist()):
        n, town = int(rng.integers(6)), str(rng.choice(TOWNS))
        stopped = bool(rng.random() < 0.3)
        row = camera(n, status="stopped" if stopped else "active")
        row.area_code = town
        book.store.import_cameras([row], SOURCE, minute(at))
        twin.members.append((n, at, None if stopped else town))


def _exemptions(book: Book, twin: Twin) -> None:
    told = [("camera", "C00000", 20, 90, 5, None), ("camera", "C00001", 100, 260, 150, 200)]
    told += [("area", TOWNS[1], 60, 300, 80, None), ("area", TOWNS[0], 240, 340, 400, None)]
    told += [("camera", "C00002", 10, 350, 300, 310)]
    for scope, value, start, end, approved, revoked in told:
        asked = Request(scope, (value,), minute(start), minute(end), "weather", "", "甲")
        number, _ = book.store.request_exemption(asked, minute(start))
        book.store.decide_exemptions([number], "乙", "", minute(approved), approve=True)
        if revoked is not None:
            book.store.end_exemption(number, "乙", "", minute(revoked))
        listed = {int(value[1:])} if scope == "camera" else set[int]()
        twin.windows.append(("" if listed else value, listed, start, end, approved, revoked))


def asked(start: int, end: int, as_of: int, by: str | None = "township") -> Question:
    return Question(Facet.ONLINE, minute(start), minute(end), minute(as_of), by=by)


#: Periods, and as of when: at once, later, when all is recorded.
ASKED = [
    (start, end, as_of)
    for start, end in ((0, LONG), (35, 64), (100, 101), (130, 290), (299, 341))
    for as_of in (end, end + 77, LONG + LATE + 100)
]


def test_every_figure_is_what_a_walk_through_every_minute_finds(story: tuple[Book, Twin]) -> None:
    book, twin = story
    for start, end, as_of in ASKED:
        found = figures(book.store.engine, asked(start, end, as_of))
        assert found.parts == twin.figures(start, end, as_of), (start, end, as_of)
    everything = twin.figures(0, LONG, ASKED[2][2])
    assert all(min(getattr(one, name) for name in Parts.__slots__) > 0 for one in everything.values())
    # and a period is the sum of its pieces
    engine, as_of = book.store.engine, LONG + LATE
    whole = figures(engine, asked(0, LONG, as_of)).parts
    cuts = [0, 7, 48, 49, 133, 250, 251, LONG]
    pieces = [figures(engine, asked(a, b, as_of)).parts for a, b in itertools.pairwise(cuts)]
    for town in TOWNS:
        assert sum((one.get(town, Parts()) for one in pieces), Parts()) == whole[town]


def taken(store: Store) -> list[tuple[dict[str, Parts], str]]:
    found: list[Figures] = [
        figures(store.engine, asked(*one, by=by)) for one in ASKED for by in ("township", "reason")
    ]
    return [(one.parts, one.digest) for one in found]


def test_the_same_after_a_restart_and_with_marks(
    story: tuple[Book, Twin], opened: Callable[..., Store]
) -> None:
    book, _ = story
    first = taken(book.store)
    assert taken(opened()) == first
    run = run_of(figures(book.store.engine, asked(0, 1, 1)), "final", "x")
    day = 24 * 60
    later = [replace(asked(*one), as_of=minute(140 + day)) for one in ASKED]
    before = [figures(book.store.engine, one) for one in later]
    book.store.publish(run, [minute(10), minute(130)], minute(130 + day))
    assert taken(book.store) == first
    marked = [figures(opened().engine, one) for one in later]
    assert [(one.parts, one.digest) for one in marked] == [(one.parts, one.digest) for one in before]


#: The schema before there were figures of a period.
OLD = "0006"


def test_the_same_after_an_upgrade(story: tuple[Book, Twin], another_url: str) -> None:
    """The same record in a database of the schema before figures, brought up to date."""
    book, _ = story
    first = taken(book.store)
    engine = open_engine(another_url, create=True, check=False)
    with engine.connect().execution_options(camerahub_writes=True) as connection, connection.begin():
        config = scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        _copy(book.store.engine, connection)
    engine.dispose()
    assert upgrade(another_url) == (OLD, SCHEMA_REVISION)
    upgraded = Store(open_engine(another_url), zone=book.store.zone)
    assert taken(upgraded) == first
    upgraded.close()


def _copy(source: Engine, target: Connection) -> None:
    """Every row the old schema has a place for, by its own columns."""
    old = MetaData()
    old.reflect(target)
    with source.connect() as here:
        for table in old.sorted_tables:
            if table.name == "exemptions":
                rows = _old_exemptions(here)
            elif table.name in METADATA.tables and table.name != "alembic_version":
                both = [METADATA.tables[table.name].c[column.name] for column in table.columns]
                rows = [dict(row) for row in here.execute(select(*both)).mappings()]
            else:
                continue
            if rows:
                target.execute(insert(table), rows)


def _old_exemptions(connection: Connection) -> list[dict[str, Any]]:
    """As they were stored then: of one camera or of one area."""
    one, listed = exemptions.c, exemption_cameras.c
    kept = (
        "id",
        "area_id",
        "from_at",
        "to_at",
        "reason",
        "applicant",
        "applied_at",
        "approver",
        "approved_at",
    )
    columns = [one[name] for name in (*kept, "revoked_at", "recorded_at")]
    query = select(*columns, listed.camera_id).outerjoin_from(exemptions, exemption_cameras)
    return [dict(row) for row in connection.execute(query).mappings()]
