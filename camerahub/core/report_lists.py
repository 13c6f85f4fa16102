"""Lists of a report: who is offline for long, exemptions, cameras put out of use, logins to put right; and the
sentences a leader reads first.

Rows are handed in as the register gave them. Source of the layout: ⑥ 长期离线清单 ⑦ 报备及停用清单 of the 运维月报.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import NamedTuple

from camerahub.core.exemptions import REASONS as EXEMPT_REASONS
from camerahub.core.exemptions import SCOPES, STANDINGS, Exemption
from camerahub.core.rates_rank import change, passed
from camerahub.core.report import Cell, Column, Table, shown
from camerahub.core.report_figures import BEFORE, LAST, MOMENT, PERIOD, Measured, rate_name
from camerahub.core.result import REASONS, Facet
from camerahub.core.texts import Text, text

DAY_US = 86_400_000_000
#: 长期离线: from so many days on, and the long ones of them.
LONG_DAYS, LONGER_DAYS = 7, 30


class Outage(NamedTuple):
    """A camera that is offline. ``since`` µs UTC: since when it is not 在线, the beginning of its membership where it
    never was (``never``); ``exempt``: within an approved window."""

    code: str
    name: str
    area: str
    township: str
    network: str
    maintainer: str
    since: int
    reason: str
    never: bool
    exempt: bool


class Stopped(NamedTuple):
    """A camera that left the denominator; ``status`` what it is now in the register's words."""

    at: int
    code: str
    township: str
    status: str
    who: str
    file: str


class BadLogin(NamedTuple):
    """A login that somebody must put right; never a password. ``state`` of ``guard.state_…``."""

    address: str
    user: str
    state: str
    since: int
    tries: int
    vendor: str
    cameras: tuple[str, ...]


class Lists(NamedTuple):
    """All of them."""

    outages: Sequence[Outage] = ()
    exemptions: Sequence[Exemption] = ()
    stopped: Sequence[Stopped] = ()
    logins: Sequence[BadLogin] = ()


_OUTAGES = (
    Column("code", wide=23), Column("name", wide=28), Column("township", wide=18),
    Column("network", wide=10, sheet_only=True), Column("maintainer", wide=18), Column("since", "moment", 17),
    Column("days", "days", 9), Column("why", wide=18), Column("exempt_now", wide=9),
)  # fmt: skip


def outages(found: Sequence[Outage], at: int) -> Table:
    """Longest first, counted in days up to ``at``."""
    ordered = sorted(found, key=lambda one: (one.since, one.code))
    rows: list[tuple[Cell, ...]] = [
        (
            one.code, one.name, one.township, one.network, one.maintainer, one.since, at - one.since,
            text("report.never_up").zh if one.never else REASONS[one.reason].zh,
            text("web.yes").zh if one.exempt else "",
        )
        for one in ordered
    ]  # fmt: skip
    red = frozenset(place for place, one in enumerate(ordered) if at - one.since >= LONGER_DAYS * DAY_US)
    note = text("report.note_outages", long=LONG_DAYS, longer=LONGER_DAYS, count=len(rows), red=len(red))
    return Table("outages", _OUTAGES, tuple(rows), red=red, notes=(note,), wide=True)


_EXEMPTIONS = (
    Column("number", "count", 6), Column("scope", wide=10), Column("subject", wide=24),
    Column("from", "moment", 17), Column("until", "moment", 17), Column("exempt_reason", wide=12),
    Column("standing", wide=10), Column("applicant", wide=10), Column("approver", wide=10),
    Column("applied", "moment", 17, True), Column("approved", "moment", 17, True), Column("note", wide=26),
)  # fmt: skip


def exemptions(
    found: Sequence[Exemption], as_of: int, names: Mapping[str, str], key: str = "exemptions"
) -> Table:
    """Windows that touch the period, in the order in which they were asked for; ``names`` of areas by code."""
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        late = [text("exempt.backdated").zh] if one.backdated else []
        scope, why = SCOPES[one.scope][0], EXEMPT_REASONS.get(one.reason, (one.reason, ""))[0]
        notes = "; ".join([*late, one.note] if one.note else late)
        rows.append((
            one.id, scope, _named(one, names), one.from_at, one.until, why, STANDINGS[one.standing(as_of)][0],
            one.applicant, one.approver, one.applied_at, one.approved_at, notes,
        ))  # fmt: skip
    note = text("report.note_exemptions") if rows else text("report.none_exemptions")
    return Table(key, _EXEMPTIONS, tuple(rows), notes=(note,), wide=True)


def _named(one: Exemption, names: Mapping[str, str]) -> str:
    known = names.get(one.value, "") if one.scope == "area" else ""
    return f"{known} {one.value}" if known else one.value


_STOPPED = (
    Column("at", "moment", 17), Column("code", wide=23), Column("township", wide=18), Column("status", wide=12),
    Column("who", wide=14), Column("file", wide=30),
)  # fmt: skip


def stopped(found: Sequence[Stopped]) -> Table:
    """Who left the denominator within the period, and by whose file."""
    rows: list[tuple[Cell, ...]] = [
        (one.at, one.code, one.township, one.status, one.who, one.file) for one in sorted(found)
    ]
    note = text("report.note_stopped" if rows else "report.none_stopped")
    return Table("stopped", _STOPPED, tuple(rows), notes=(note,), wide=True)


_LOGINS = (
    Column("address", wide=18), Column("user", wide=14), Column("state", wide=12), Column("since", "moment", 17),
    Column("tries", "count", 9), Column("vendor", wide=12), Column("channels", "count", 9), Column("codes", wide=44),
)  # fmt: skip
_CODES = 3


def logins(found: Sequence[BadLogin], key: str = "logins") -> Table:
    """Devices whose password somebody must put right, by address."""
    rows: list[tuple[Cell, ...]] = []
    for one in sorted(found):
        codes = ", ".join(one.cameras[:_CODES])
        more = f" +{len(one.cameras) - _CODES}" if one.cameras[_CODES:] else ""
        state = text(f"guard.state_{one.state}").zh
        rows.append((
            one.address, one.user, state, one.since, one.tries, one.vendor, len(one.cameras), codes + more
        ))  # fmt: skip
    note = text("report.note_logins" if rows else "report.none_logins")
    return Table(key, _LOGINS, tuple(rows), notes=(note,), wide=True)


# --- what is read first


def headlines(figures: Measured, lists: Lists, at: int) -> tuple[Text, ...]:
    """A sentence each: rates, cameras, townships, long outages, exemptions, logins."""
    first = figures.first
    now, then = figures.whole(first), figures.whole(first, MOMENT)
    grown = shown("points", change(now, figures.whole(first, BEFORE)), UTC).rstrip("↑↓")
    others = [facet for facet in figures.facets[1:] if facet is not Facet.MEDIA]
    rates = ", ".join(
        f"{rate_name(facet)} {shown('rate', figures.whole(facet).raw, UTC)}" for facet in others
    )
    said = [
        text(
            "report.head_rate", name=rate_name(first), raw=shown("rate", now.raw, UTC), change=grown,
            adjusted=shown("rate", now.adjusted, UTC), others=f"; {rates}" if rates else "",
        ),
        text("report.head_cameras", expected=then.expected, up=then.up, down=then.down, unknown=then.unknown),
    ]  # fmt: skip
    if (line := _townships(figures)) is not None:
        said.append(line)
    longer = sum(at - one.since >= LONGER_DAYS * DAY_US for one in lists.outages)
    said.append(
        text("report.head_outages", long=LONG_DAYS, count=len(lists.outages), longer=LONGER_DAYS, more=longer)
    )
    counted = sum(one.approved_at is not None for one in lists.exemptions)
    said.append(text("report.head_exempt", count=counted, stopped=len(lists.stopped)))
    if lists.logins:
        said.append(text("report.head_logins", count=len(lists.logins)))
    return tuple(said)


def _townships(figures: Measured) -> Text | None:
    found = figures.of(figures.first, "township", PERIOD)
    met = [reached for parts in found.values() if (reached := passed(parts, figures.target)) is not None]
    if not met:
        return None
    line = shown("rate", float(figures.target), UTC)
    counts = {"target": line, "met": sum(met), "counted": len(met)}
    if len(met) < 2 * LAST:
        return text("report.head_townships", last="", **counts)
    worst = sorted((parts.raw or 0.0, name) for name, parts in found.items() if parts.expected)[:LAST]
    named = ", ".join(f"{figures.name(name)} {shown('rate', raw, UTC)}" for raw, name in worst)
    return text("report.head_townships", last=f"; {text('report.last_three').zh}: {named}", **counts)
