"""What the filters of the list offer: (value, label) pairs, labels in both languages where they are ours."""

from __future__ import annotations

from collections.abc import Iterable

from camerahub.core.area import UNASSIGNED
from camerahub.core.roll import FACETS, Asked, Found, Names, Place
from camerahub.core.texts import text
from camerahub.web.asking import NO_NETWORK, STATES
from camerahub.web.views import reason_word

Pairs = list[tuple[str, str]]


def choices(names: Names, asked: Asked, found: Found) -> dict[str, Pairs]:
    """Name of a parameter -> its pairs; no pairs for villages as long as no township is chosen."""
    everything = [("", _label("any"))]
    return {
        "township": everything + [(place.code, place_word(place)) for place in names.townships],
        "village": everything + _villages(names, asked) if asked.township or asked.village else [],
        "network": everything
        + [(name or NO_NETWORK, name or _label("no_network")) for name in names.networks],
        "facet": [(facet, _label(f"facet_{facet}")) for facet in FACETS],
        "state": everything + [(state, _label(f"any_{state}")) for state in STATES],
        "reason": everything + list(_reasons(asked, found)),
        "scope": [("", _label("scope_expected")), ("all", _label("scope_all"))],
    }


def place_word(place: Place) -> str:
    """What a place is called."""
    return place.name or (text("web.unassigned").zh if place.code == UNASSIGNED else place.code)


def _label(key: str) -> str:
    said = text(f"pages.{key}")
    return f"{said.zh} {said.en}"


def _villages(names: Names, asked: Asked) -> Pairs:
    return [
        (place.code, place_word(place))
        for place in names.villages
        if place.code == asked.village or (asked.township and place.parent == asked.township)
    ]


def _reasons(asked: Asked, found: Found) -> Iterable[tuple[str, str]]:
    """Those there are, and the one asked for."""
    counted = dict(found.reasons)
    for reason in counted if not asked.reason else counted | {asked.reason: counted.get(asked.reason, 0)}:
        yield reason, f"{reason_word(reason).zh} {reason} ({counted.get(reason, 0):,})"
