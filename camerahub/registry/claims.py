"""What others say of cameras: lists as they came, and the comparison with what was seen at the instant they speak of.

A list is never changed; a newer one of the same source follows it. Must not know: files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Select, select

from camerahub.core.area import UNASSIGNED, Tree
from camerahub.core.claims import OFFLINE_LIST, STRANGER, UNLISTED, outcome
from camerahub.core.result import Facet
from camerahub.core.transitions import ANSWER_NAMES, Answer
from camerahub.registry import bulk, past, traits
from camerahub.registry.engine import reading
from camerahub.registry.one import new_id
from camerahub.registry.tables import areas, cameras, changes, claim_lists, claims

_CLAIM = ("list_id", "code", "camera_id", "state", "said", "since_at")


@dataclass(frozen=True, slots=True)
class ClaimList:
    """One list of a source. ``kind`` of ``core.claims.KINDS``; ``said_at`` µs UTC the instant it speaks of; ``area``
    code it is limited to, '' = everybody."""

    source: str
    kind: str
    said_at: int
    who: str
    file: str
    sha256: str
    area: str
    rows: int
    refused: int
    recorded_at: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One row: ``camera`` id, None = nobody we know; ``state`` ``Answer`` code; ``since`` µs UTC as it says."""

    code: str
    camera: int | None
    state: int
    said: str
    since: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One camera of one list beside what was seen: ``outcome`` a word of ``core.claims.OUTCOMES``; ``said`` and
    ``seen`` answers, '' = not listed, or not registered; ``said_at`` µs UTC for both."""

    code: str
    name: str
    area_code: str
    township: str
    network: str
    source: str
    kind: str
    said: str
    seen: str
    said_at: int
    since: int | None
    outcome: str


def keep(connection: Connection, told: ClaimList, rows: Sequence[Claim], now: int) -> int:
    """Store one list and say so in ``changes``; its id. KeyError for an area that is not known."""
    area = None
    if told.area:
        where = (areas.c.code == told.area) & (areas.c.tree == "civil")
        area = connection.scalar(select(areas.c.id).where(where))
        if area is None:
            raise KeyError(told.area)
    values = {
        "source": told.source, "kind": told.kind, "said_at": told.said_at, "recorded_at": now, "who": told.who,
        "file": told.file, "sha256": told.sha256, "area_id": area, "rows": told.rows, "refused": told.refused,
    }  # fmt: skip
    number = new_id(connection, claim_lists, values)
    told_rows = [(number, one.code, one.camera, one.state, one.said, one.since) for one in rows]
    bulk.add(connection, claims, _CLAIM, told_rows)
    row: dict[str, object] = {
        "at": now,
        "who": told.who,
        "import_id": None,
        "entity": "claims",
        "key": told.source,
    }
    new_id(
        connection,
        changes,
        row | {"field": "list", "old": None, "new": f"{number} {told.file} {told.sha256}"},
    )
    return number


def _lists(connection: Connection, query: Select[Any]) -> list[ClaimList]:
    rows = connection.execute(query).mappings()
    return [
        ClaimList(
            row["source"], row["kind"], row["said_at"], row["who"], row["file"], row["sha256"], row["area"] or "",
            row["rows"], row["refused"], row["recorded_at"], row["id"],
        )
        for row in rows
    ]  # fmt: skip


def _query() -> Select[Any]:
    area = areas.c.code.label("area")
    return select(claim_lists, area).outerjoin_from(claim_lists, areas, claim_lists.c.area_id == areas.c.id)


def newest_list(connection: Connection, source: str) -> ClaimList | None:
    """The last list of a source, by the instant it speaks of."""
    one = claim_lists.c
    query = _query().where(one.source == source).order_by(one.said_at.desc(), one.id.desc()).limit(1)
    return next(iter(_lists(connection, query)), None)


def lists(engine: Engine) -> list[ClaimList]:
    """All lists, newest first."""
    one = claim_lists.c
    with reading(engine) as connection:
        return _lists(connection, _query().order_by(one.said_at.desc(), one.id.desc()))


def said_by(connection: Connection, number: int) -> dict[str, int]:
    """Code -> ``Answer`` code of one list."""
    return {
        row[0]: row[1]
        for row in bulk.fetch(
            connection, select(claims.c.code, claims.c.state).where(claims.c.list_id == number)
        )
    }


def differences(
    engine: Engine,
    now: int,
    *,
    source: str | None = None,
    area: str | None = None,
    facet: Facet = Facet.ONLINE,
) -> list[Difference]:
    """The newest list of every source (or of ``source``), camera by camera, beside what was seen at its instant, as
    known ``now``; of ``area`` with all below it. By source and code. KeyError for an area that is not known."""
    with reading(engine) as connection:
        newest: dict[str, ClaimList] = {}
        for one in _lists(connection, _query().order_by(claim_lists.c.said_at, claim_lists.c.id)):
            if source in (None, one.source):
                newest[one.source] = one
        found: list[Difference] = []
        for name in sorted(newest):
            found += _compare(connection, newest[name], now, area, facet)
    return found


def _compare(
    connection: Connection, told: ClaimList, now: int, area: str | None, facet: Facet
) -> Iterator[Difference]:
    seen = past.at_instant(connection, facet, told.said_at, now)
    tree = Tree(traits.tree_at(connection, now))
    wanted, scope = traits.below(list(seen.areas), area), traits.below(list(seen.areas), told.area or None)
    one = cameras.c
    query = select(one.id, one.code, one.name, areas.c.id, areas.c.code, one.network, one.source)
    rows = bulk.fetch(
        connection, query.join_from(cameras, areas, one.area_id == areas.c.id).order_by(one.code)
    )
    said = {
        row[0]: (row[1], row[2], row[3])
        for row in bulk.fetch(
            connection,
            select(claims.c.code, claims.c.state, claims.c.since_at, claims.c.camera_id).where(
                claims.c.list_id == told.id
            ),
        )
    }
    for number, code, name, area_id, area_code, network, origin in rows:
        claim = said.pop(code, None)
        place = int(np.searchsorted(seen.ids, number))
        if area_id not in wanted or (claim is None and not (seen.expected[place] and area_id in scope)):
            continue
        answer = int(seen.answer[place])
        word, since, verdict = _verdict(told, claim, answer, origin)
        if verdict:
            yield Difference(
                code, name, area_code, tree.at("township", area_code), network, told.source, told.kind, word,
                ANSWER_NAMES[answer], told.said_at, since, verdict,
            )  # fmt: skip
    if area is None:
        for code, (state, since, _) in sorted(said.items()):
            yield Difference(
                code, "", "", UNASSIGNED, "", told.source, told.kind, ANSWER_NAMES[state], "", told.said_at, since,
                STRANGER,
            )  # fmt: skip


def _verdict(
    told: ClaimList, claim: tuple[int, int | None, int | None] | None, seen: int, origin: str
) -> tuple[str, int | None, str]:
    """What was said, since when, and how it compares; '' for a camera of which the list need not speak."""
    if claim is not None:
        return ANSWER_NAMES[claim[0]], claim[1], outcome(claim[0], seen)
    if told.kind == OFFLINE_LIST:  # who is not named offline is said to be online
        return ANSWER_NAMES[Answer.UP], None, outcome(Answer.UP, seen)
    return "", None, UNLISTED if origin == told.source else ""
