"""The list before the upper level samples (迎检前自查清单): what is wrong now, in the order in which it is put right.

States are those of `cameras`, figures those of `rates`, differences those of `differences`: here they are only
gathered. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import NamedTuple

from camerahub.core.exemptions import Exemption
from camerahub.core.rates import Parts
from camerahub.core.report import Cell, Column, Report, Table, shown
from camerahub.core.report_lists import BadLogin, exemptions, logins
from camerahub.core.result import REASONS
from camerahub.core.texts import Text, text
from camerahub.core.transitions import RULE

#: What can be wrong with a camera, first to solve first.
PROBLEMS = ("down", "unlit", "faulty", "unknown")


class Ill(NamedTuple):
    """A camera that counts and has a problem of ``PROBLEMS``; ``since`` µs UTC, 0 = never looked at."""

    problem: str
    township: str
    code: str
    name: str
    maintainer: str
    since: int
    reason: str
    never: bool
    exempt: bool


class Dispute(NamedTuple):
    """A camera of which others say otherwise than we saw; answers in words, ``said_at`` µs UTC."""

    source: str
    township: str
    code: str
    name: str
    said: str
    seen: str
    said_at: int


class Found(NamedTuple):
    """All that was looked at. ``rates`` by facet word; ``clocks`` wrong ones; ``stopped`` cameras of the alarm, 0 =
    none; ``sampling`` the next sampling day, None = nobody knows it."""

    rates: Mapping[str, Parts]
    ills: Sequence[Ill]
    disputes: Sequence[Dispute]
    logins: Sequence[BadLogin]
    exemptions: Sequence[Exemption]
    clocks: int
    stopped: int
    sampling: date | None
    sampling_at: int
    names: Mapping[str, str]


def problem_of(answers: Mapping[str, str]) -> str | None:
    """The first problem of a camera by its answers (facet -> up, down, unknown); None = nothing to put right."""
    if answers.get("online") == "down":
        return "down"
    if "down" in (answers.get("media"), answers.get("lit")):
        return "unlit"
    if answers.get("picture") == "down":
        return "faulty"
    return "unknown" if "unknown" in answers.values() else None


_ITEMS = (
    Column("item", wide=26), Column("count", "count", 10), Column("most", wide=30), Column("todo", wide=38),
)  # fmt: skip


def _most(ills: Sequence[Ill]) -> str:
    counts = Counter(one.township for one in ills).most_common(3)
    return ", ".join(f"{name} {count}" for name, count in counts)


def _items(found: Found, as_of: int) -> Table:
    rows: list[tuple[Cell, ...]] = []

    def add(word: str, count: int, most: str = "") -> None:
        rows.append((text(f"report.item_{word}").zh, count, most, text(f"report.todo_{word}").zh))

    for problem in PROBLEMS:
        mine = [one for one in found.ills if one.problem == problem]
        add(problem, len(mine), _most(mine))
    places = Counter(one.township for one in found.disputes).most_common(3)
    add("logins", len(found.logins))
    add("clocks", found.clocks)
    add("disputes", len(found.disputes), ", ".join(f"{name} {count}" for name, count in places if name))
    add("waiting", sum(one.standing(as_of) == "requested" for one in found.exemptions))
    if found.sampling is not None:
        add(
            "ending",
            sum(as_of < one.until <= found.sampling_at for one in found.exemptions if one.approved_at),
        )
    add("stopped", found.stopped)
    red = frozenset(place for place, row in enumerate(rows) if row[1])
    return Table("items", _ITEMS, tuple(rows), red=red, notes=(text("report.note_items"),))


_PLACES = (
    Column("township", wide=24), *(Column(f"item_{problem}", "count", 11) for problem in PROBLEMS),
    Column("all_items", "count", 11),
)  # fmt: skip


def _places(found: Found) -> Table:
    by: dict[str, Counter[str]] = {}
    for one in found.ills:
        by.setdefault(one.township, Counter())[one.problem] += 1
    order = sorted(by, key=lambda name: (-by[name].total(), name))
    rows: list[tuple[Cell, ...]] = [
        (name, *(by[name][problem] for problem in PROBLEMS), by[name].total()) for name in order
    ]
    whole = sum(by.values(), Counter[str]())
    last: tuple[Cell, ...] = text("web.total").zh, *(whole[problem] for problem in PROBLEMS), whole.total()
    return Table("places", _PLACES, tuple(rows), last if rows else None)


_CAMERAS = (
    Column("problem", wide=12), Column("township", wide=18), Column("code", wide=23), Column("name", wide=28),
    Column("maintainer", wide=20), Column("since", "moment", 17), Column("why", wide=22), Column("exempt_now", wide=9),
)  # fmt: skip


def _cameras(found: Found) -> Table:
    order = {problem: place for place, problem in enumerate(PROBLEMS)}
    ordered = sorted(found.ills, key=lambda one: (order[one.problem], one.township, one.since, one.code))
    rows: list[tuple[Cell, ...]] = [
        (
            text(f"report.item_{one.problem}").zh, one.township, one.code, one.name, one.maintainer, one.since,
            text("report.why_never").zh if one.never else REASONS[one.reason].zh,
            text("web.yes").zh if one.exempt else "",
        )
        for one in ordered
    ]  # fmt: skip
    notes = () if rows else (text("report.none_cameras"),)
    return Table("cameras", _CAMERAS, tuple(rows), notes=notes, wide=True)


_DISPUTES = (
    Column("source", wide=16), Column("township", wide=18), Column("code", wide=23), Column("name", wide=28),
    Column("said", wide=10), Column("seen", wide=10), Column("said_at", "moment", 17),
)  # fmt: skip


def _disputes(found: Found) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            one.source, one.township, one.code, one.name, text(f"claims.state_{one.said}").zh,
            text(f"claims.state_{one.seen}").zh, one.said_at,
        )
        for one in sorted(found.disputes)
    ]  # fmt: skip
    note = text("report.note_disputes" if rows else "report.none_disputes")
    return Table("disputes", _DISPUTES, tuple(rows), notes=(note,), wide=True)


def _headlines(found: Found, today: date) -> tuple[Text, ...]:
    said = []
    if found.sampling is not None:
        ahead = (found.sampling - today).days
        said.append(text("report.head_sampling", day=found.sampling.isoformat(), ahead=ahead))
    online = found.rates["online"]
    said.append(text("report.head_precheck", expected=online.expected, bad=len(found.ills)))
    rates = ", ".join(
        f"{text(f'web.rate_{facet}').zh} {shown('rate', parts.raw, UTC)}"
        for facet, parts in found.rates.items()
    )
    said.append(Text(rates, rates))
    return tuple(said)


def assembled(site: str, found: Found, as_of: int, today: date) -> Report:
    """The list as a report of ``today``, states as of ``as_of`` µs UTC."""
    tables = (
        _items(found, as_of), _places(found), _cameras(found), _disputes(found),
        logins(found.logins, "precheck_logins"),
        exemptions(found.exemptions, as_of, found.names, "precheck_exemptions"),
    )  # fmt: skip
    return Report(
        "precheck", site, today.isoformat(), as_of, as_of, as_of, (RULE,), text("report.stage_now"),
        _headlines(found, today), tables,
    )  # fmt: skip
