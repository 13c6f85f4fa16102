"""Lines and tables of figures: one place for `rates` of now and of a period, so that both show the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from fractions import Fraction

from camerahub.cli.table import percent, render
from camerahub.core.area import UNASSIGNED
from camerahub.core.rates import Parts, Rate, total
from camerahub.core.rates_rank import Place, change, passed
from camerahub.core.result import REASONS
from camerahub.core.texts import text

#: ``area`` of a line that speaks of the whole register.
ALL = "all"
#: Groups that are areas: their code is the ``area`` of the line.
LEVELS = ("county", "township", "village")
_HEADERS = (
    "group", "expected", "up", "down", "unknown", "raw", "measured", "upper", "coverage", "exempt", "adjusted",
)  # fmt: skip
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """One group of figures, and what is made of it where it was asked for; ``villages`` (passed, counted)."""

    name: str
    parts: Parts
    before: Parts | None = None
    place: Place | None = None
    villages: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Figures to be shown. ``kind`` point or time, ``start`` to ``end`` and ``as_of`` µs UTC; ``names`` of areas;
    ``target`` None: nobody asked for 达标; ``rules`` versions of the definitions of a period, None for now."""

    groups: list[Group]
    facet: str
    kind: str
    start: int
    end: int
    as_of: int
    rule: int
    area: str | None
    by: str | None
    names: dict[str, str] = field(default_factory=dict)
    target: Fraction | None = None
    rules: tuple[int, ...] | None = None

    @property
    def whole(self) -> Parts:
        """The sum of all groups."""
        return total([group.parts for group in self.groups])

    def lines(self, zone: tzinfo) -> list[dict[str, object]]:
        """One object a group: the keys of the contract, and what was asked for beside them."""
        return [self._line(group, zone) for group in self.groups]

    def _line(self, group: Group, zone: tzinfo) -> dict[str, object]:
        place = group.name if self.by in LEVELS else self.area or ALL
        extra = ((self.by, group.name),) if self.by is not None and self.by not in LEVELS else ()
        span = (self.start, self.end, self.rule, self.as_of)
        rate = Rate(place, self.facet, self.kind, *span, group.parts, extra)
        line = rate.as_json(zone)
        if self.rules is not None:
            line["rules"] = list(self.rules)
        if group.before is not None:
            line |= {"before": group.before.raw, "change": change(group.parts, group.before)}
        if group.place is not None:
            line |= {"rank": group.place.rank, "of": group.place.of}
        if self.target is not None:
            line |= {"target": float(self.target), "passed": passed(group.parts, self.target)}
        if group.villages is not None:
            line |= {"villages_passed": group.villages[0], "villages": group.villages[1]}
        return line

    def table(self) -> list[str]:
        """The same for people, a total below."""
        own = {state: f"web.state_{self.facet}_{state}" for state in ("up", "down", "unknown")}
        own["raw"] = f"web.rate_{self.facet}"
        titles = [own.get(name, f"web.col_{name}") for name in _HEADERS] + self._more_titles()
        rows = [self._cells(group) for group in self.groups] if self.by else []
        before = [group.before for group in self.groups if group.before is not None]
        said = text("web.total")
        last = Group(f"{said.zh} {said.en}", self.whole, total(before) if before else None)
        rows.append(self._cells(last, named=False))
        return render(titles, rows, right=range(1, len(titles)))

    def _asked(self) -> tuple[bool, bool, bool, bool]:
        """Whether places, the period before, a target, villages were asked for."""
        some = self.groups
        return (
            any(group.place for group in some),
            any(group.before is not None for group in some),
            self.target is not None,
            any(group.villages is not None for group in some),
        )

    def _more_titles(self) -> list[str]:
        ranked, compared, target, villages = self._asked()
        names = ["rank", "sum"] * ranked + ["before", "change"] * compared
        return [f"figures.col_{name}" for name in names + ["passed"] * target + ["villages"] * villages]

    def _cells(self, group: Group, *, named: bool = True) -> list[str]:
        parts = group.parts
        counts = (parts.expected, parts.up, parts.down, parts.unknown)
        ratios = (parts.raw, parts.measured, parts.upper, parts.detection)
        name = group_name(group.name, self.by, self.names) if named else group.name
        cells = [name, *map(self.amount, counts), *map(percent, ratios)]
        return [*cells, self.amount(parts.exempt), percent(parts.adjusted), *self._more_cells(group)]

    def _more_cells(self, group: Group) -> list[str]:
        ranked, compared, target, villages = self._asked()
        cells: list[str] = []
        if ranked:
            parts = f"{self.amount(group.parts.up)}/{self.amount(group.parts.expected)}"
            cells += [str(group.place.rank) if group.place else "-", parts]
        if compared:
            before = group.before or Parts()
            cells += [percent(before.raw), _grown(change(group.parts, before))]
        if target and self.target is not None:
            cells.append(_yes_no(passed(group.parts, self.target)))
        if villages:
            cells.append("-" if group.villages is None else f"{group.villages[0]}/{group.villages[1]}")
        return cells

    def amount(self, number: int) -> str:
        """A part for people: cameras, or camera-hours to one decimal."""
        return str(number) if self.kind != "time" else f"{number / _HOUR_US:.1f}"


def _grown(points: float | None) -> str:
    if points is None:
        return "-"
    arrow = "↑" if points > 0 else "↓" if points < 0 else ""
    return f"{points * 100:+.2f}{arrow}"


def _yes_no(met: bool | None) -> str:
    if met is None:
        return "-"
    said = text("figures.yes" if met else "figures.no")
    return f"{said.zh} {said.en}"


def group_name(name: str, by: str | None, names: dict[str, str]) -> str:
    """A group as people read it."""
    if name == UNASSIGNED or (name == "" and by is not None):
        said = text("web.unassigned")
        return f"{said.zh} {said.en}"
    if by == "status":
        return _standing(name)
    if by == "reason":
        return f"{REASONS[name].zh} {name}" if name in REASONS else " ".join(text("web.never_looked_at"))
    if by == "urban_rural":
        said = text(f"figures.{name}")
        return f"{said.zh} {said.en}"
    return f"{name} {names[name]}" if name in names else name


def _standing(name: str) -> str:
    """A status of the register in people's words."""
    from camerahub.registry.tables import STATUSES

    _, zh, en = STATUSES.get(name, (True, "", ""))
    return f"{zh} {en}" if zh else name
