"""`camerahub rates` of a period: what was asked, computed from what is recorded, shown, compared, published."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import click

from camerahub.cli.rates_lines import Group, Sheet
from camerahub.cli.table import moment, percent
from camerahub.core import period
from camerahub.core.area import Tree
from camerahub.core.errors import ConfigError
from camerahub.core.publishing import FINAL, earliest
from camerahub.core.rates import Parts
from camerahub.core.rates_rank import passed, ranking, villages_passed
from camerahub.core.result import Facet
from camerahub.core.texts import Text, text
from camerahub.core.transitions import RULE

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.registry.figures import Figures
    from camerahub.registry.past import Question
    from camerahub.registry.runs import Run
    from camerahub.registry.store import Store

_T = TypeVar("_T")
_DAY_WORD, _MONTH_WORD, _TIME_WORD = "2026-11-05", "2026-11", "2026-11-05 或 (or) 2026-11-05T08:00"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command line that speak of a period, as they were written."""

    facet: str
    kind: str
    area: str | None
    by: str | None
    start: str | None = None
    end: str | None = None
    day: str | None = None
    month: str | None = None
    at: tuple[str, ...] = ()
    as_of: str | None = None
    compare: bool = False
    rank: bool = False
    target: Fraction | None = None

    @property
    def of_period(self) -> bool:
        """Whether this is about a period, not about now."""
        return any((self.start, self.end, self.day, self.month, self.at, self.as_of)) or self.kind == "time"


def _read(reader: Callable[[str, tzinfo], _T], option: str, word: str, wanted: str, zone: tzinfo) -> _T:
    try:
        return reader(word, zone)
    except (ValueError, OverflowError):
        raise ConfigError("figures.bad_time", option=option, value=word, wanted=wanted) from None


def _instant(option: str, word: str, zone: tzinfo) -> int:
    return _read(period.instant, option, word, _TIME_WORD, zone)


def _span(asked: Asked, zone: tzinfo, as_of: int) -> period.Period:
    """The period as it was written, its end perhaps still to come."""
    if bool(asked.day) + bool(asked.month) + bool(asked.start or asked.end) > 1:
        raise ConfigError("figures.two_periods")
    if asked.day:
        return _read(period.day, "--day", asked.day, _DAY_WORD, zone)
    if asked.month:
        return _read(period.month, "--month", asked.month, _MONTH_WORD, zone)
    if asked.start is None:
        raise ConfigError("figures.need_period" if asked.kind == "time" else "figures.need_points")
    start = _instant("--from", asked.start, zone)
    if asked.end is None and asked.kind == "point" and not asked.at:
        return start, start + 1
    return start, as_of if asked.end is None else _instant("--to", asked.end, zone)


def published_span(asked: Asked, zone: tzinfo) -> period.Period | None:
    """The whole period whose runs are asked for; None: of any."""
    if not (asked.day or asked.month or (asked.start and asked.end)):
        return None
    return _span(asked, zone, 0)


def question(asked: Asked, zone: tzinfo, now: int) -> tuple[Question, int]:
    """What is to be computed, and the end of the period as it was asked for. ConfigError."""
    from camerahub.registry.past import Question

    as_of = now if asked.as_of is None else _instant("--as-of", asked.as_of, zone)
    if as_of > now:
        raise ConfigError("figures.as_of_ahead", as_of=moment(as_of, zone))
    start, wanted = _span(asked, zone, as_of)
    if start >= wanted:
        raise ConfigError("figures.backwards", start=moment(start, zone), end=moment(wanted, zone))
    if start >= as_of:
        raise ConfigError("figures.not_begun", start=moment(start, zone), as_of=moment(as_of, zone))
    end = min(wanted, as_of)
    points = _points(asked, start, end, zone) if asked.kind == "point" else None
    return Question(Facet[asked.facet.upper()], start, end, as_of, asked.area, asked.by, points), wanted


def _points(asked: Asked, start: int, end: int, zone: tzinfo) -> tuple[int, ...]:
    if end == start + 1 and not asked.at:
        return (start,)
    if not asked.at:
        raise ConfigError("figures.need_points")
    try:
        found = period.instants(start, end, asked.at, zone)
    except ValueError:
        words = ", ".join(asked.at)
        raise ConfigError("figures.bad_time", option="--at", value=words, wanted="10:00") from None
    if not found:
        raise ConfigError("figures.no_points", start=moment(start, zone), end=moment(end, zone))
    return tuple(found)


def compute(store: Store, asked: Question) -> Figures:
    """The figures. ConfigError for an area nobody knows."""
    from camerahub.registry.figures import figures

    try:
        return figures(store.engine, asked)
    except KeyError:
        raise ConfigError("web.no_area", area=asked.area) from None


def _before(store: Store, asked: Asked, of: Question, wanted: int, zone: tzinfo) -> Figures:
    """The same figures of the period before; of one that is not over, the same part of it."""
    start, end = period.before(of.start, wanted, zone)
    end = min(end, start + (of.end - of.start)) if wanted > of.end else end
    points = tuple(period.instants(start, end, asked.at, zone)) if of.points is not None else None
    return compute(store, replace(of, start=start, end=end, points=points))


def _villages(store: Store, found: Figures, target: Fraction) -> dict[str, tuple[int, int]]:
    """Of each group that is an area: its villages that reach the target, and all that count."""
    by_village = compute(store, replace(found.asked, by="village")).parts
    met = villages_passed(by_village, Tree(found.areas), str(found.asked.by), target)
    return {name: met.get(name, (0, 0)) for name in found.parts}


def sheet(
    store: Store, asked: Asked, of: Question, wanted: int, zone: tzinfo
) -> tuple[Sheet, Figures, Figures | None]:
    """The figures ready to be shown, as computed, and those of the period before where they were asked for."""
    found = compute(store, of)
    earlier = _before(store, asked, of, wanted, zone) if asked.compare else None
    places = ranking(found.parts) if asked.rank and asked.by else {}
    villages = {}
    if asked.target is not None and asked.by in ("township", "county"):
        villages = _villages(store, found, asked.target)
    groups = [
        Group(
            name,
            parts,
            None if earlier is None else earlier.parts.get(name, Parts()),
            places.get(name),
            villages.get(name),
        )
        for name, parts in found.parts.items()
    ]
    if asked.rank:
        groups.sort(key=lambda group: (group.place.rank if group.place else 1 << 40, group.name))
    if not groups and asked.by is None:
        groups = [Group("", Parts(), Parts() if asked.compare else None)]
    # one instant is shown as an instant
    end = of.start if of.points == (of.start,) and of.end == of.start + 1 else of.end
    names = Tree(found.areas).names
    kind = "time" if of.points is None else "point"
    made = Sheet(
        groups,
        asked.facet,
        kind,
        of.start,
        end,
        of.as_of,
        RULE,
        asked.area,
        asked.by,
        names,
        asked.target,
        found.rules,
    )
    return made, found, earlier


def summary(shown: Sheet, found: Figures, earlier: Figures | None, wanted: int, zone: tzinfo) -> list[str]:
    """The last words, in both languages."""
    whole, of = shown.whole, found.asked
    name = text(f"web.rate_{shown.facet}").zh
    counts = {key: shown.amount(getattr(whole, key)) for key in ("expected", "up", "down", "unknown")}
    span = {
        "start": moment(shown.start, zone),
        "end": moment(shown.end, zone),
        "as_of": moment(shown.as_of, zone),
    }
    points = 0 if of.points is None else len(of.points)
    fields = span | counts | {"rule": RULE, "name": name, "raw": percent(whole.raw), "points": points}
    said = [text(f"figures.summary_{shown.kind}", **fields)]
    if not whole.expected:
        said.append(text("figures.nobody_counted"))
    elif not whole.up + whole.down:
        said.append(text("figures.nobody_looked"))
    if wanted > of.end:
        said.append(text("figures.cut", end=moment(of.end, zone)))
    rules = found.rules or (RULE,)
    said.append(
        text("figures.one_rule" if len(rules) == 1 else "figures.rules", rules=", ".join(map(str, rules)))
    )
    if found.corrections:
        said.append(text("figures.late", count=found.corrections))
    if earlier is not None:
        raw = sum(earlier.parts.values(), Parts()).raw
        then = {"start": moment(earlier.asked.start, zone), "end": moment(earlier.asked.end, zone)}
        said.append(text("figures.before", raw=percent(raw), **then))
    if shown.target is not None:
        said.append(passes(shown, shown.target))
    if any(group.place for group in shown.groups):
        said.append(text("figures.arithmetic", name=name))
    return [line for one in said for line in one]


def passes(shown: Sheet, target: Fraction) -> Text:
    """How many groups reach the target, in both languages."""
    met = [passed(group.parts, target) for group in shown.groups]
    counted = [one for one in met if one is not None]
    share = percent(sum(counted) / len(counted) if counted else None)
    line = percent(float(target))
    return text("figures.passes", target=line, passed=sum(counted), counted=len(counted), share=share)


# --- publishing


def publish(context: Context, found: Figures, wanted: int, stage: str, zone: tzinfo, now: int) -> list[str]:
    """Publish ``found`` as ``stage``; what is said of it. ConfigError: too early, or final already."""
    from camerahub.registry import publishing
    from camerahub.registry.past import first_flip

    of, word = found.asked, text(f"figures.stage_{stage}")
    first = earliest(stage, wanted, zone)
    if of.as_of < first or of.end < wanted:
        raise ConfigError("figures.too_early", stage=f"{word.zh} {word.en}", earliest=moment(first, zone))
    with context.writing_store() as store:
        since = first_flip(store.engine)
        if not since or of.end <= since:
            raise ConfigError("figures.before_first", start=moment(of.start, zone), end=moment(of.end, zone))
        if stage == FINAL and (done := publishing.finals(store.engine, of)):
            raise ConfigError("figures.already_final", id=done[0].id, at=moment(done[0].recorded_at, zone))
        kept = publishing.publish(store, found, stage, getpass.getuser(), now, zone)
    return said_of_run(kept.run, kept.before, zone)


def said_of_run(run: Run, before: Run | None, zone: tzinfo) -> list[str]:
    """One run that was published, and what it corrects of ``before``."""
    word = text(f"figures.stage_{run.stage}")
    span = {"start": moment(run.start, zone), "end": moment(run.end, zone), "as_of": moment(run.as_of, zone)}
    fields = {"id": run.id, "stage": f"{word.zh} {word.en}", "digest": run.input_hash[:16]}
    said = [*text("figures.published", **fields, **span)]
    return said + (corrected(before, run) if before is not None else [])


def corrected(before: Run, now: Run) -> list[str]:
    """What differs between two runs of one period, a group a line."""
    from camerahub.registry.figures import corrections

    found = corrections(before, now)
    if not found:
        return [*text("figures.corrected_none", id=before.id)]
    said = [*text("figures.corrected", id=before.id, count=len(found))]
    for name, (old, new) in found.items():
        said += text(
            "figures.correction", group=name or "-", old_up=old.up, new_up=new.up, old_expected=old.expected,
            new_expected=new.expected, old=percent(old.raw), new=percent(new.raw),
        )  # fmt: skip
    return said


def echo(lines: list[str]) -> None:
    """Sentences on stderr."""
    for line in lines:
        click.echo(line, err=True)
