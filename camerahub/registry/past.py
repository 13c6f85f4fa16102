"""What is recorded of a period, as it was known at an instant: the input of every figure that is published.

Read in one transaction, by ranges of time: nothing is asked camera by camera. A mark holds the answers of all cameras
at the beginning of a month, so that no figure reads years; without one the flips are read from the beginning, and the
figure is the same. Must not know: how figures are added, compared or shown.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select, select

from camerahub.core.area import UNASSIGNED, Tree
from camerahub.core.rates_late import late_spans
from camerahub.core.rates_past import Past, Spans, Turns, answer_at, disjoint, reason_at, reason_spans
from camerahub.core.result import REASON_CODES, REASON_NAMES, Facet
from camerahub.core.transitions import POLICIES, RULE, Answer
from camerahub.registry import bulk, exempt, traits, unknowns
from camerahub.registry.engine import reading
from camerahub.registry.queries import Area
from camerahub.registry.snapshot import last_alive, places
from camerahub.registry.tables import answer_marks, cameras, corrections, flips, gaps, memberships

I8 = NDArray[np.int64]

#: A hub silent for longer did not look; as ``Store.start`` writes it down afterwards.
SILENCE_US = 60_000_000
#: A mark is made when this long has passed: what is recorded later has an index of its own.
DAY_US = 86_400_000_000
#: What late results say at an instant depends on those before it, as long as none is silent: read so far back, whatever
#: they said earlier makes no difference any more but to a camera that never twice said the same.
LATE_US = DAY_US
MARK_DTYPE = np.dtype([("camera", "<i8"), ("answer", "u1"), ("reason", "u1")])
#: Grouped by the reason of the answer: a name for cameras that never had one.
REASON, NEVER = "reason", "never"

#: What a camera is counted by through its membership, beside the levels of the civil tree.
OF_MEMBERSHIP = ("network", "status")
#: Levels of the civil tree, and what follows from its codes.
LEVELS = ("county", "township", "village", "urban_rural")


@dataclass(frozen=True, slots=True)
class Question:
    """Which cameras over which time. ``start`` < ``end`` and ``as_of`` µs UTC; ``area`` code or None for all;
    ``by`` what they are grouped by, None for not at all; ``points`` instants within, or None for all the time."""

    facet: Facet
    start: int
    end: int
    as_of: int
    area: str | None = None
    by: str | None = None
    points: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record of one question: ``past`` for ``core.rates_past.sum_parts``, ``groups`` names of its groups,
    ``digest`` SHA-256 of all that went in, ``areas`` the civil tree as it was, ``corrections`` how many late results
    lie in the period, ``rules`` the versions of the definitions its flips were made by, ascending."""

    past: Past
    groups: list[str]
    digest: str
    areas: list[Area]
    corrections: int
    rules: tuple[int, ...]


def read(connection: Connection, asked: Question) -> Recorded:
    """The record of ``asked``. KeyError for an area that is not known, or a ``by`` nobody can be counted by."""
    tree = traits.tree_at(connection, asked.as_of)
    codes = {area.id: area.code for area in tree}
    inside = traits.below(tree, asked.area)
    ids = bulk.integers(connection.execute(select(cameras.c.id).order_by(cameras.c.id)), 1)[0]
    rows = member_rows(connection, asked, ids)
    names, group = _grouped(rows, asked, codes, Tree(tree), inside)
    member = _spans(rows, group)
    second = None
    if asked.by in traits.COLUMNS:
        second, names = traits.spans(connection, str(asked.by), asked.as_of, ids)
    why = asked.by == REASON
    known = record_from(connection, ids, asked.facet, asked.start, asked.end, asked.as_of, why=why)
    if why:
        second, names = _by_reason(connection, known, asked, ids)
    late, many = _late(connection, asked, ids)
    past = Past(
        start=asked.start, end=asked.end, answer=known.answer, turns=known.turns, member=member, trait=second,
        exempt=exempt.spans(connection, asked.start, asked.end, asked.as_of, ids), late=late,
        gaps=_gaps(connection, asked),
    )  # fmt: skip
    return Recorded(past, names, digest(asked, past, ids, names), tree, many, _rules(connection, asked))


def _rules(connection: Connection, asked: Question) -> tuple[int, ...]:
    one = flips.c
    query = select(one.rule).distinct().where(
        one.at > asked.start, one.at < asked.end, one.endpoint_id == 0, one.facet == int(asked.facet),
        one.recorded_at <= asked.as_of,
    )  # fmt: skip
    return tuple(sorted(connection.scalars(query)))


# --- who counts where


MemberRow = tuple[int, int, int | None, int, str, str]


def member_rows(connection: Connection, asked: Question, ids: I8) -> list[MemberRow]:
    """(camera place, from, to, area id, network, status) of memberships that count and touch the period."""
    one = memberships.c
    query = select(one.camera_id, one.valid_from, one.valid_to, one.area_id, one.network, one.status).where(
        one.expected, one.recorded_at <= asked.as_of, one.valid_from < asked.end
    )
    found = bulk.fetch(connection, query.where(one.valid_to.is_(None) | (one.valid_to > asked.start)))
    place = np.searchsorted(ids, np.array([row[0] for row in found], np.int64)).tolist()
    return [(at, *row[1:]) for at, row in zip(place, found, strict=True)]


def _grouped(
    rows: Sequence[MemberRow],
    asked: Question,
    codes: Mapping[int, str],
    tree: Tree,
    inside: set[int],
) -> tuple[list[str], list[int]]:
    """Names of the groups, and of each membership its place in them, -1 outside the area asked for."""
    by = asked.by
    if by is None or by == REASON or by in traits.COLUMNS:
        return [""], [0 if row[3] in inside else -1 for row in rows]
    if by not in (*LEVELS, *OF_MEMBERSHIP):
        raise KeyError(by)
    if by in OF_MEMBERSHIP:
        words = [row[4] if by == "network" else row[5] for row in rows]
    else:
        told = {number: tree.at(by, code) for number, code in codes.items()}
        words = [told.get(row[3], UNASSIGNED) for row in rows]
    names = sorted(set(words))
    number = {name: at for at, name in enumerate(names)}
    return names or [""], [
        number[word] if row[3] in inside else -1 for word, row in zip(words, rows, strict=True)
    ]


def _spans(rows: Sequence[MemberRow], group: Sequence[int]) -> Spans:
    far = np.iinfo(np.int64).max
    columns = [
        (row[0], row[1], far if row[2] is None else row[2], at) for row, at in zip(rows, group, strict=True)
    ]
    table = np.array(columns, np.int64).reshape(-1, 4).T
    kept = table[:, table[3] >= 0]
    return Spans(kept[0], kept[1], kept[2], kept[3])


# --- what was answered


@dataclass(frozen=True, slots=True)
class Known:
    """Answers and their reasons of all cameras (C,) at the start of a period, and the changes within it."""

    answer: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    turns: Turns


def record_from(
    connection: Connection, ids: I8, facet: Facet, start: int, end: int, as_of: int, *, why: bool = False
) -> Known:
    """Answers of the cameras ``ids`` (C,) at ``start``, and their changes after it and before ``end``, as known at
    ``as_of``; with ``why`` their reasons. Flips of one instant may come in any order."""
    answer, reason, since, known_at = _mark(connection, ids, facet, start, as_of)
    one = flips.c
    mine = (one.endpoint_id == 0) & (one.facet == int(facet)) & (one.recorded_at <= as_of)
    columns = [one.camera_id, one.at * 16 + one.old * 4 + one.new, *([one.reason] if why else [])]
    query = select(*columns).where(mine)
    turns = _turns(connection, query.where(one.at > since, one.at < end), ids)
    if known_at:
        # a flip of before the mark that it does not hold was recorded more than a day after it happened
        overdue = (one.recorded_at > one.at + DAY_US) & (one.recorded_at > known_at) & (one.at <= since)
        turns = _turns(connection, query.where(overdue), ids) + turns
    at_start = answer_at(answer, turns, start)
    reasons = reason_at(reason, turns, start) if why else reason
    return Known(at_start, reasons, turns.at_places(turns.at > start))


def _turns(connection: Connection, query: Select[Any], ids: I8) -> Turns:
    camera, packed, *more = bulk.integers(connection.execute(query), len(query.selected_columns))
    place, found = places(ids, camera)
    packed = packed[found]
    old, new = (packed >> 2 & 3).astype(np.uint8), (packed & 3).astype(np.uint8)
    return Turns(place, packed >> 4, old, new, more[0][found].astype(np.uint8) if more else None)


def _mark(
    connection: Connection, ids: I8, facet: Facet, start: int, as_of: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int, int]:
    """Answers and reasons (C,) of the newest mark that helps, the instant it speaks of, and when it was made; -1, 0 for
    none."""
    answer, one = np.zeros(len(ids), np.uint8), answer_marks.c
    reason = np.zeros(len(ids), np.uint8)
    query = select(one.at, one.recorded_at, one.data).where(
        one.facet == int(facet), one.at <= start, one.recorded_at <= as_of
    )
    row = connection.execute(query.order_by(one.at.desc()).limit(1)).first()
    if row is None:
        return answer, reason, -1, 0
    told = np.frombuffer(zlib.decompress(row.data), MARK_DTYPE)
    place, found = places(ids, told["camera"].astype(np.int64))
    answer[place], reason[place] = told["answer"][found], told["reason"][found]
    return answer, reason, row.at, row.recorded_at


def _by_reason(connection: Connection, known: Known, asked: Question, ids: I8) -> tuple[Spans, list[str]]:
    """Spans of the reasons, their value a place in the list of names. A camera that never flipped has none; until it
    does its code is that of ``ok``, so such time is told apart by its answer, and explained by its looks."""
    spans = reason_spans(known.reason, known.turns, asked.start, asked.end)
    never = (known.answer == Answer.UNKNOWN) & (known.reason == REASON_CODES["ok"])
    first = never[spans.camera] & (spans.start == asked.start)
    value = np.full(int(first.sum()), len(REASON_NAMES), np.int64)
    unexplained = Spans(spans.camera[first], spans.start[first], spans.end[first], value)
    why = unknowns.explained(connection, asked.facet, ids, unexplained)
    both = [
        np.concatenate((getattr(spans, name)[~first], getattr(why, name)))
        for name in ("camera", "start", "end", "value")
    ]
    return Spans(*both), [*REASON_NAMES, NEVER]


def make_mark(connection: Connection, facet: Facet, at: int, now: int) -> dict[str, object]:
    """The row of ``answer_marks`` for the instant ``at``, as known ``now``. ValueError less than a day after ``at``."""
    if now < at + DAY_US:
        raise ValueError("a mark is made a day after the instant it speaks of")
    ids = bulk.integers(connection.execute(select(cameras.c.id).order_by(cameras.c.id)), 1)[0]
    found = record_from(connection, ids, facet, at, at + 1, now, why=True)
    known = np.flatnonzero((found.answer > 0) | (found.reason > 0))
    rows = np.zeros(len(known), MARK_DTYPE)
    rows["camera"], rows["answer"], rows["reason"] = ids[known], found.answer[known], found.reason[known]
    return {"facet": int(facet), "at": at, "recorded_at": now, "data": zlib.compress(rows.tobytes(), 1)}


def marks(engine: Engine, facet: Facet) -> list[int]:
    """The instants there are marks of, ascending, µs UTC."""
    query = select(answer_marks.c.at).where(answer_marks.c.facet == int(facet))
    with reading(engine) as connection:
        return list(connection.scalars(query.order_by(answer_marks.c.at)))


def first_flip(engine: Engine) -> int:
    """When the first flip took place, µs UTC, 0 = never."""
    with reading(engine) as connection:
        return int(connection.scalar(select(flips.c.at).order_by(flips.c.at).limit(1)) or 0)


# --- when nobody looked, and what came late


def _gaps(connection: Connection, asked: Question) -> I8:
    """Gaps of everybody, (G, 2), as known at ``as_of``. A hub that was off then is a gap that nobody had written yet:
    the same as the one it wrote when it came back."""
    one, as_of = gaps.c, asked.as_of
    query = select(one.from_at, one.to_at, one.recorded_at, one.reason).where(
        one.scope == "all", one.from_at < asked.end
    )
    found = [(alive, as_of) for alive in [last_alive(connection)] if 0 < alive < as_of - SILENCE_US]
    for begin, until, written, reason in connection.execute(query):
        if written <= as_of:
            found.append((begin, as_of if until is None or until > as_of else until))
        elif reason == "hub_off" and begin < as_of - SILENCE_US:
            found.append((begin, as_of))
    return disjoint(np.array(found, np.int64).reshape(-1, 2), asked.start, asked.end)


def _late(connection: Connection, asked: Question, ids: I8) -> tuple[Spans, int]:
    policy, one = POLICIES[asked.facet], corrections.c
    query = select(one.endpoint_id, one.camera_id, one.at, one.probe, one.reason).where(
        one.at >= asked.start - LATE_US, one.at < asked.end, one.recorded_at <= asked.as_of
    )
    ordered = query.order_by(*corrections.primary_key.columns)
    endpoint, camera, at, probe, reason = bulk.integers(connection.execute(ordered), 5)
    place, found = places(ids, camera)
    spans = late_spans(policy, endpoint[found], place, at[found], probe[found], reason[found])
    return spans, int((at >= asked.start).sum())


# --- the hash of it all


def digest(asked: Question, past: Past, ids: I8, groups: Sequence[str]) -> str:
    """SHA-256 of everything a figure is made of: the same in whatever order rows were read, and whatever was recorded
    after ``asked.as_of``."""
    told = hashlib.sha256()
    plain = (asked.facet.name, asked.start, asked.end, asked.as_of, asked.area, asked.by, asked.points)
    told.update(json.dumps([RULE, *plain], ensure_ascii=False).encode())
    counted = np.zeros(len(ids), np.bool_)
    counted[past.member.within(past.start, past.end).camera] = True
    turns = past.turns.at_places(counted[past.turns.camera])
    order = np.lexsort((turns.new, turns.old, turns.at, turns.camera))
    known = np.flatnonzero(counted & (past.answer > 0))
    columns: list[NDArray[Any]] = [ids[known], past.answer[known], past.gaps, ids[turns.camera[order]]]
    columns += [turns.at[order], turns.old[order], turns.new[order]]
    names = np.array([_number(name) for name in groups], np.int64)
    plain_values = np.arange(len(Answer) + 1)
    by_trait = past.trait is not None
    columns += _span_columns(past, past.member, counted, ids, plain_values if by_trait else names)
    columns += _span_columns(past, past.trait or Spans(), counted, ids, names)
    columns += _span_columns(past, past.exempt, counted, ids, plain_values)
    columns += _span_columns(past, past.late, counted, ids, plain_values)
    for column in columns:
        told.update(f"{column.dtype}{column.shape}".encode())
        told.update(np.ascontiguousarray(column).tobytes())
    return told.hexdigest()


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


def _span_columns(
    past: Past, spans: Spans, counted: NDArray[np.bool_], ids: I8, names: I8
) -> list[NDArray[Any]]:
    cut = spans.within(past.start, past.end)
    some = counted[cut.camera]
    camera, start, end, value = ids[cut.camera[some]], cut.start[some], cut.end[some], names[cut.value[some]]
    order = np.lexsort((value, end, start, camera))
    return [camera[order], start[order], end[order], value[order]]


@dataclass(frozen=True, slots=True)
class Instant:
    """All cameras at one instant: ``ids`` (C,), ``answer`` ``Answer`` codes (C,), ``expected`` (C,) bool; the tree."""

    ids: I8
    answer: NDArray[np.uint8]
    expected: NDArray[np.bool_]
    areas: tuple[Area, ...]


def at_instant(connection: Connection, facet: Facet, at: int, as_of: int) -> Instant:
    """What was seen of every camera at the instant ``at``, as known at ``as_of``, by the rules of figures: unknown
    within a gap, and late evidence where nothing else is known. An instant that is still to come is ``as_of``."""
    at = min(at, as_of - 1)
    asked = Question(facet, at, at + 1, as_of)
    ids = bulk.integers(connection.execute(select(cameras.c.id).order_by(cameras.c.id)), 1)[0]
    answer = record_from(connection, ids, facet, at, at + 1, as_of).answer
    if len(_gaps(connection, asked)):
        answer = np.zeros_like(answer)
    late, _ = _late(connection, asked, ids)
    now = late.within(at, at + 1)
    for told in (Answer.DOWN, Answer.UP):
        camera = now.camera[now.value == told]
        answer[camera] = np.where(answer[camera] == Answer.UNKNOWN, int(told), answer[camera])
    member = _spans(rows := member_rows(connection, asked, ids), [0] * len(rows)).within(at, at + 1)
    expected = np.zeros(len(ids), np.bool_)
    expected[member.camera] = True
    return Instant(ids, answer, expected, tuple(traits.tree_at(connection, as_of)))
