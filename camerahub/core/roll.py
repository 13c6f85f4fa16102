"""The list of all cameras in memory, and what is asked of it: filters, counts, order and pages over arrays.

One picture of one instant, never changed in place, so that many can read it while the next one is made. No loop over
cameras: only the rows of one page become Python objects. It must not know where names and states come from, or who
asks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camerahub.core.area import UNASSIGNED, AreaLike, Tree, level_of
from camerahub.core.result import REASON_NAMES, Facet
from camerahub.core.transitions import ANSWER_NAMES

I8 = NDArray[np.int64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
Bools = NDArray[np.bool_]

#: Facets of every list, in this order; rows of the arrays below.
FACETS: tuple[str, ...] = tuple(facet.name.lower() for facet in Facet)
#: What a list can be sorted by; with a ``-`` before it, from the far end.
SORTS: tuple[str, ...] = ("code", "name", "area", "network", "state", "reason", "since")
#: Lines of one page.
PAGE_ROWS = 50
_LISTED = ("township", "village")
#: Stands between names where they are searched; no name may hold it.
_END = "\0"
#: No character sorts behind it.
_LAST = "\U0010ffff"


class Named(NamedTuple):
    """A camera as the register names it."""

    id: int
    code: str
    name: str
    area_code: str
    network: str
    expected: bool


class Place(NamedTuple):
    """An area of the tree; ``parent`` code of the township above a village, else ""."""

    code: str
    name: str
    parent: str = ""


def pinyin_like(name: str) -> bytes:
    """Key by which Chinese readers find a name: GB 2312 orders its common characters by pinyin."""
    return name.encode("gb18030", "replace")


@dataclass(frozen=True, slots=True)
class Names:
    """What the register says of C cameras, in the order of their codes; changes only when the register does.

    ``id`` (C,) · ``township``, ``village`` (C,) places in ``townships``, ``villages`` (village -1: none) · ``network``
    (C,) place in ``networks`` · ``rank_name`` (C,) place of its name among all names.
    """

    id: I8
    code: tuple[str, ...]
    name: tuple[str, ...]
    township: I4
    village: I4
    network: I4
    expected: Bools
    rank_name: I4
    townships: tuple[Place, ...]
    villages: tuple[Place, ...]
    networks: tuple[str, ...]
    #: All names in one string, so that one search in C finds them; where each begins.
    haystack: str = field(repr=False)
    starts: I8 = field(repr=False)

    @classmethod
    def of(cls, cameras: Sequence[Named], areas: Sequence[AreaLike]) -> Names:
        """``areas``: the whole civil tree. Townships as in metrics: a county's own cameras stand under its code."""
        listed = sorted(cameras, key=lambda camera: camera.code)
        tree = Tree(areas)
        by_area = {code: _places_of(tree, code) for code in {camera.area_code for camera in listed}}
        pairs = [by_area[camera.area_code] for camera in listed]
        # those without a camera, too: who asks for them is told "none", not "no such place"
        empty = [_places_of(tree, code) for code, level in tree.levels.items() if level in _LISTED]
        townships = sorted({town for town, _ in pairs + empty}, key=lambda place: place.code)
        villages = sorted({village for _, village in pairs + empty if village}, key=lambda place: place.code)
        networks = sorted({camera.network for camera in listed})
        town_at, village_at = _numbered(townships), _numbered(villages)
        network_at = _numbered(networks)
        names = tuple(camera.name.replace(_END, " ") for camera in listed)
        return cls(
            id=np.array([camera.id for camera in listed], np.int64),
            code=tuple(camera.code for camera in listed),
            name=names,
            township=np.array([town_at[town] for town, _ in pairs], np.int32),
            village=np.array([village_at[v] if v else -1 for _, v in pairs], np.int32),
            network=np.array([network_at[camera.network] for camera in listed], np.int32),
            expected=np.array([camera.expected for camera in listed], np.bool_),
            rank_name=_ranks(names),
            townships=tuple(townships),
            villages=tuple(villages),
            networks=tuple(networks),
            haystack=_END.join(name.casefold() for name in names),
            starts=_starts(names),
        )

    def __len__(self) -> int:
        return len(self.code)


def _places_of(tree: Tree, code: str) -> tuple[Place, Place | None]:
    label = tree.at("township", code)
    town = Place(label, "" if label == UNASSIGNED else tree.names.get(label, ""))
    village = tree.at("village", code)
    if (tree.levels.get(village) or level_of(village)) != "village":
        return town, None
    return town, Place(village, tree.names.get(village, ""), town.code)


def _numbered(values: Sequence[object]) -> dict[object, int]:
    return {value: place for place, value in enumerate(values)}


def _ranks(names: Sequence[str]) -> I4:
    keys = [pinyin_like(name) for name in names]
    ranks = np.zeros(len(names), np.int32)
    ranks[sorted(range(len(names)), key=keys.__getitem__)] = np.arange(len(names))
    return ranks


def _starts(names: Sequence[str]) -> I8:
    lengths = np.array([len(name.casefold()) + 1 for name in names], np.int64)
    return np.cumsum(lengths) - lengths


@dataclass(frozen=True, slots=True)
class Roll:
    """Names and answers of C cameras at ``as_of``, µs UTC. Arrays (F, C), rows as in ``FACETS``: ``answer`` codes of
    ``Answer``, ``reason`` codes of ``REASONS``, ``since`` and ``observed`` µs UTC, 0 = never."""

    names: Names
    as_of: int
    answer: U1
    reason: U1
    since: I8
    observed: I8

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the list. Empty words filter nothing. ``township``, ``village``: codes; ``network``: its name,
    None = any (cameras without a network have the empty one); ``q``: how a code begins, or part of a name;
    ``everyone``: cameras that need not count, too. ``page`` counts from 1."""

    township: str = ""
    village: str = ""
    network: str | None = None
    facet: str = FACETS[0]
    state: str = ""
    reason: str = ""
    q: str = ""
    sort: str = SORTS[0]
    page: int = 1
    everyone: bool = False


class Told(NamedTuple):
    """State of one camera under one facet, as words."""

    state: str
    reason: str
    since: int
    observed: int


class Line(NamedTuple):
    """One line of a page; ``told`` in the order of ``FACETS``."""

    code: str
    name: str
    township: Place
    village: Place | None
    network: str
    expected: bool
    told: tuple[Told, ...]


class Found(NamedTuple):
    """The answer. ``places`` of all cameras found, in order · ``within`` how many there are whatever their state ·
    ``counts`` facet -> state -> number, of those · ``reasons`` (reason, number) of the facet asked for, in its state if
    one was asked for, most frequent first · ``page`` the one given (the last one, when there are fewer)."""

    places: I8
    within: int
    counts: dict[str, dict[str, int]]
    reasons: tuple[tuple[str, int], ...]
    page: int
    pages: int


def find(roll: Roll, asked: Asked) -> Found:
    """Filter, count and sort. KeyError for a facet, state, reason or order that does not exist."""
    inside = np.flatnonzero(_inside(roll.names, asked))
    row = FACETS.index(asked.facet) if asked.facet in FACETS else _unknown(asked.facet)
    counts = {facet: _counts(roll.answer[at][inside]) for at, facet in enumerate(FACETS)}
    places = inside
    if asked.state:
        places = places[roll.answer[row][places] == ANSWER_NAMES.index(asked.state)]
    reasons = _reasons(roll.reason[row][places])
    if asked.reason:
        places = places[roll.reason[row][places] == REASON_NAMES.index(asked.reason)]
    pages = max(1, -(-len(places) // PAGE_ROWS))
    places = _ordered(roll, row, places, asked.sort)
    return Found(places, len(inside), counts, reasons, min(asked.page, pages), pages)


def _unknown(word: str) -> int:
    raise KeyError(word)


def _inside(names: Names, asked: Asked) -> Bools:
    """(C,) which cameras the question is about, whatever their state."""
    inside = np.ones(len(names), np.bool_) if asked.everyone else names.expected.copy()
    if asked.township:
        inside &= names.township == _place_of(names.townships, asked.township)
    if asked.village:
        inside &= names.village == _place_of(names.villages, asked.village)
    if asked.network is not None:
        known = asked.network in names.networks
        inside &= names.network == (names.networks.index(asked.network) if known else -2)
    if asked.q:
        inside &= _matching(names, asked.q)
    return inside


def _place_of(places: Sequence[Place], code: str) -> int:
    """-2, which no camera has, for a code that is not there."""
    return next((at for at, place in enumerate(places) if place.code == code), -2)


def _matching(names: Names, q: str) -> Bools:
    found = np.zeros(len(names), np.bool_)
    found[bisect_left(names.code, q) : bisect_left(names.code, q + _LAST)] = True
    if _END not in q:
        hits = [hit.start() for hit in re.finditer(re.escape(q.casefold()), names.haystack)]
        found[np.searchsorted(names.starts, np.array(hits, np.int64), side="right") - 1] = True
    return found


def _counts(answer: U1) -> dict[str, int]:
    counted = np.bincount(answer, minlength=len(ANSWER_NAMES)).tolist()
    return dict(zip(ANSWER_NAMES, counted, strict=True))


def _reasons(codes: U1) -> tuple[tuple[str, int], ...]:
    counted = np.bincount(codes, minlength=len(REASON_NAMES))
    return tuple(
        (REASON_NAMES[code], int(counted[code]))
        for code in np.argsort(-counted, kind="stable").tolist()
        if counted[code]
    )


def _ordered(roll: Roll, row: int, places: I8, sort: str) -> I8:
    """Equal ones by code, whichever way the rest goes."""
    names, word = roll.names, sort.removeprefix("-")
    if word == "code":
        return places[::-1] if sort.startswith("-") else places
    if word == "area":
        key = names.township.astype(np.int64) * (len(names.villages) + 1) + names.village
    else:
        column = {
            "name": names.rank_name,
            "network": names.network,
            "state": _SEVERITY[roll.answer[row]] if len(roll) else roll.answer[row],
            "reason": roll.reason[row],
            "since": roll.since[row],
        }[word]
        key = column.astype(np.int64)
    key = key[places]
    return places[np.argsort(-key if sort.startswith("-") else key, kind="stable")]


#: Order of states: what needs a hand first.
_SEVERITY: U1 = np.array([{"down": 0, "unknown": 1, "up": 2}[name] for name in ANSWER_NAMES], np.uint8)


def lines(roll: Roll, places: Sequence[int]) -> list[Line]:
    """The cameras at ``places``, as words."""
    return [line_at(roll, int(place)) for place in places]


def page_of(roll: Roll, found: Found) -> list[Line]:
    """The lines of the page that was asked for."""
    start = (found.page - 1) * PAGE_ROWS
    return lines(roll, found.places[start : start + PAGE_ROWS].tolist())


def line_at(roll: Roll, place: int) -> Line:
    """One camera."""
    names = roll.names
    village = int(names.village[place])
    return Line(
        names.code[place],
        names.name[place],
        names.townships[names.township[place]],
        names.villages[village] if village >= 0 else None,
        names.networks[names.network[place]],
        bool(names.expected[place]),
        tuple(
            Told(
                ANSWER_NAMES[roll.answer[row, place]],
                REASON_NAMES[roll.reason[row, place]],
                int(roll.since[row, place]),
                int(roll.observed[row, place]),
            )
            for row in range(len(FACETS))
        ),
    )


def place_of_code(roll: Roll, code: str) -> int | None:
    """Place of the camera ``code``; None when there is none."""
    place = bisect_left(roll.names.code, code)
    return place if place < len(roll) and roll.names.code[place] == code else None


def by_township(roll: Roll) -> list[tuple[Place, int, dict[str, dict[str, int]]]]:
    """Each township, how many of its cameras count, and facet -> state -> number of those; by code."""
    names, states = roll.names, len(ANSWER_NAMES)
    wanted = np.flatnonzero(names.expected)
    town, size = names.township[wanted].astype(np.int64), len(names.townships)
    counted = {
        facet: np.bincount(town * states + roll.answer[row][wanted], minlength=size * states)
        .reshape(size, states)
        .tolist()
        for row, facet in enumerate(FACETS)
    }
    return [
        (place, sum(counted[FACETS[0]][at]), {
            facet: dict(zip(ANSWER_NAMES, counted[facet][at], strict=True)) for facet in FACETS
        })
        for at, place in enumerate(names.townships)
    ]  # fmt: skip
