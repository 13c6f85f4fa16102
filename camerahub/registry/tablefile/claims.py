"""Status lists of others: a platform's export, an upper level's list of offline cameras; a verdict for every row.

What they say is kept beside what was seen, with its own time, and never changes a state. Must not know: what was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from camerahub.core.claims import OFFLINE_LIST, WORDS
from camerahub.core.transitions import ANSWER_NAMES, Answer
from camerahub.registry.claims import Claim, ClaimList, newest_list, said_by
from camerahub.registry.engine import reading
from camerahub.registry.known_codes import camera_ids
from camerahub.registry.tablefile.cells import Words
from camerahub.registry.tablefile.check import Checker, Draft
from camerahub.registry.tablefile.importer import Summary, sha256_of
from camerahub.registry.tablefile.profile import Column, Profile
from camerahub.registry.tablefile.reader import open_table
from camerahub.registry.tablefile.verdicts import (
    ADDED,
    CHANGED,
    PROBLEMS,
    REFUSED,
    UNCHANGED,
    Problem,
    RowVerdict,
    TableFileError,
    problem,
)

STATE = Words({ANSWER_NAMES[answer]: words for answer, words in WORDS.items()}, unknown="claim_state_bad")
CLAIMS = Profile(
    "claims",
    "设备状态清单",
    "status list",
    columns=(
        Column(
            "code",
            "设备编码",
            (
                "code",
                "编码",
                "国标编码",
                "设备国标编码",
                "摄像机编码",
                "通道编码",
                "设备ID",
                "deviceid",
                "channelid",
            ),
            "digits",
            needed=True,
        ),
        Column(
            "state",
            "在线状态",
            (
                "状态",
                "设备状态",
                "是否在线",
                "在离线",
                "在线情况",
                "巡检结果",
                "status",
                "online",
                "isonline",
            ),
            "word",
            STATE,
        ),
        Column("name", "设备名称", ("名称", "摄像机名称", "通道名称"), "text"),
        Column(
            "since",
            "离线时间",
            ("离线开始时间", "最后在线时间", "状态变更时间", "since", "离线起始"),
            "moment",
        ),
    ),
)
#: What a list of others need not have.
_NOT_OURS = frozenset({"name_empty", "code_short", "code_area", "code_rounded"})


class Writer(Protocol):
    """The part of the store an import of claims needs."""

    def keep_claims(self, told: ClaimList, rows: list[Claim], now: int) -> int:
        """Store one list; its id."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Of whom and of when a list speaks. ``at`` µs UTC; ``area`` code the list is limited to, None = everybody."""

    source: str
    kind: str
    at: int
    area: str | None = None


def import_claims(
    store: Writer,
    engine: Engine,
    path: Path,
    told: Told,
    *,
    who: str,
    now: int,
    zone: tzinfo,
    dry_run: bool = False,
    on_row: Callable[[RowVerdict], None] | None = None,
) -> Summary:
    """Import a list, all sound rows in one transaction. Verdicts tell how it differs from this source's list before.

    The very file again, of the same instant, is stored once. TableFileError, EnvironmentFault.
    """
    table = open_table(path, CLAIMS, two_rows=True)
    if told.kind != OFFLINE_LIST and not table.layout.header_of("state"):
        raise TableFileError("claims.no_state", file=path)
    checker = Checker(table.layout)
    drafts = [_draft(checker, told.kind, row, cells) for row, cells in table.rows]
    digest = sha256_of(path)
    with reading(engine) as connection:
        known = camera_ids(connection)
        before = newest_list(connection, told.source)
        earlier = {} if before is None else said_by(connection, before.id)
    rows = _rows(drafts, checker, known, zone)
    summary = Summary(dry_run=dry_run)
    for draft in drafts:
        verdict = RowVerdict(draft.row, draft.code, _verdict(draft, rows, earlier), tuple(draft.problems))
        summary.count(verdict)
        if on_row is not None:
            on_row(verdict)
    again = before is not None and (before.sha256, before.said_at, before.kind) == (
        digest,
        told.at,
        told.kind,
    )
    if not dry_run and not again and rows:
        made = ClaimList(
            told.source,
            told.kind,
            told.at,
            who,
            path.name,
            digest,
            told.area or "",
            len(drafts),
            summary.refused,
        )
        store.keep_claims(made, list(rows.values()), now)
    return summary


def _draft(checker: Checker, kind: str, row: int, cells: list[str]) -> Draft:
    draft = checker.row(row, cells)
    draft.problems = [one for one in draft.problems if one.reason not in _NOT_OURS]
    if not draft.values.get("state"):
        bad = any(one.reason == "claim_state_bad" for one in draft.problems)
        if kind == OFFLINE_LIST and not bad:
            draft.values["state"] = ANSWER_NAMES[Answer.DOWN]
        elif not bad:
            draft.problems.append(problem(checker.layout.header_of("state"), "claim_state_empty"))
    return draft


def _rows(drafts: list[Draft], checker: Checker, known: Mapping[str, int], zone: tzinfo) -> dict[str, Claim]:
    """Claims by code; a code that stands twice is refused the second time."""
    header = checker.layout.header_of("code")
    first: dict[str, int] = {}
    rows: dict[str, Claim] = {}
    for draft in drafts:
        if draft.code and first.setdefault(draft.code, draft.row) != draft.row:
            fields = {"value": draft.code, "first": first[draft.code], "row": draft.row}
            draft.problems.append(problem(header, "code_twice", **fields))
        if draft.refused:
            continue
        camera = known.get(draft.code)
        if camera is None:
            draft.problems.append(problem(header, "claim_stranger", value=draft.code))
        state = ANSWER_NAMES.index(draft.values["state"])
        since = _instant(draft.values.get("since", ""), zone)
        rows[draft.code] = Claim(draft.code, camera, state, draft.values["state"], since)
    return rows


def _instant(word: str, zone: tzinfo) -> int | None:
    if not word:
        return None
    at = datetime.fromisoformat(word)
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()) * 1_000_000


def _verdict(draft: Draft, rows: Mapping[str, Claim], earlier: Mapping[str, int]) -> str:
    if draft.refused:
        return REFUSED
    before = earlier.get(draft.code)
    if before is None:
        return ADDED
    return UNCHANGED if before == rows[draft.code].state else CHANGED


__all__ = ["CLAIMS", "PROBLEMS", "Problem", "Told", "import_claims"]
