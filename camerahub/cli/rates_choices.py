"""`camerahub rates --choices`: what unknown time was, and whether a rank survives the other way to count it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from camerahub.cli.blanks import blank_line, blank_table, blank_words
from camerahub.cli.rates_lines import Group, Sheet, group_name
from camerahub.cli.rates_period import Asked, compute, echo, question, sheet
from camerahub.cli.table import percent, render
from camerahub.core.errors import EXIT_OK, ConfigError
from camerahub.core.rates import Parts
from camerahub.core.rates_rank import Place, ranking
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context

#: The choices somebody can make about unknown time and exemptions.
CHOICES = ("raw", "measured", "upper", "adjusted")


def ranks(found: dict[str, Parts]) -> dict[str, dict[str, Place | None]]:
    """Of each group its place under every choice, None where it had nothing to count."""
    by_choice = {choice: ranking(found, choice) for choice in CHOICES}
    return {name: {choice: by_choice[choice].get(name) for choice in CHOICES} for name in found}


def _held(places: dict[str, Place | None]) -> bool:
    return len({place.rank if place else None for place in places.values()}) == 1


def _cells(shown: Sheet, group: Group, places: dict[str, Place | None]) -> list[str]:
    cells = [group_name(group.name, shown.by, shown.names)]
    for choice in CHOICES:
        place = places[choice]
        cells += [percent(getattr(group.parts, choice)), str(place.rank) if place else "-"]
    return cells


def show_choices(context: Context, asked: Asked, as_lines: bool) -> int:
    """Ranks under each choice, then all the time of the period by reason."""
    from camerahub.registry import presence

    if asked.by is None or asked.by == "reason":
        raise ConfigError("figures.choices_by")
    zone = context.settings().site.zone
    of, wanted = question(asked, zone, SystemClock().wall_us())
    store = context.open_store()
    try:
        shown, found, _ = sheet(
            store, replace(asked, rank=True, compare=False, target=None), of, wanted, zone
        )
        reasons = compute(store, replace(of, by="reason"))
        blank = presence.blanks(store.engine, of.start, of.end, of.as_of)
    finally:
        store.close()
    told = ranks(found.parts)
    why = replace(shown, groups=[Group(name, parts) for name, parts in reasons.parts.items()], by="reason")
    if as_lines:
        for line, group in zip(shown.lines(zone), shown.groups, strict=True):
            places = {choice: place.rank if place else None for choice, place in told[group.name].items()}
            more = {"ranks": places, "held": _held(told[group.name])}
            click.echo(json.dumps(line | more, ensure_ascii=False))
        for line in [*why.lines(zone), *(blank_line(gap, zone) for gap in blank)]:
            click.echo(json.dumps(line, ensure_ascii=False))
    else:
        titles = ["web.col_group"]
        for choice in CHOICES:
            own = f"web.rate_{shown.facet}" if choice == "raw" else f"web.col_{choice}"
            titles += [own, "figures.col_rank"]
        rows = [_cells(shown, group, told[group.name]) for group in shown.groups]
        click.echo("\n".join(render(titles, rows, right=range(1, len(titles)))))
        said = text("figures.reasons_follow")
        click.echo(f"\n{said.zh} / {said.en}")
        click.echo("\n".join(why.table()))
        if blank:
            click.echo("\n".join(["", *blank_table(blank, zone)]))
    held = sum(_held(places) for places in told.values())
    echo(
        [
            *text("figures.choices"),
            *text("figures.choices_hold", held=held, counted=len(told)),
            *blank_words(blank),
        ]
    )
    return EXIT_OK
