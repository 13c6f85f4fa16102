"""The columns of the table somebody takes away: the list as it was found, as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from camerahub.core.result import REASON_NAMES
from camerahub.core.roll import FACETS, Asked, Found, Roll
from camerahub.core.texts import Text, text
from camerahub.core.transitions import ANSWER_NAMES
from camerahub.web.packing import Book, Column
from camerahub.web.views import moment, reason_word, state_word

I8 = NDArray[np.int64]


def _both(said: Text) -> str:
    return f"{said.zh} {said.en}"


def _title(key: str) -> str:
    return _both(text(key))


def _numbered(title: str, width: int, words: Sequence[str], at: NDArray[np.integer]) -> Column:
    return Column(title, width, words, at.astype(np.int32).tobytes())


def book_of(
    roll: Roll,
    asked: Asked,
    found: Found,
    site: str,
    zone: tzinfo,
    address: str,
    words: Mapping[str, str],
) -> Book:
    """All lines of ``found``, and on the second sheet what was asked, where and when."""
    as_of = moment(roll.as_of, zone)
    about = [
        (site, _title("pages.title_cameras")),
        (_title("pages.sheet_rows"), str(len(found.places))),
        (_title("pages.sheet_filter"), ", ".join(f"{name}={word}" for name, word in words.items()) or "-"),
        (address, _both(text("pages.as_of", at=as_of))),
        ("", _both(text("pages.times", zone=str(zone)))),
    ]
    columns = [*_who(roll, found.places), *_how(roll, asked, found.places)]
    return Book(text("pages.sheet_list").zh, text("pages.sheet_about").zh, str(zone), columns, about)


def _who(roll: Roll, places: I8) -> list[Column]:
    names, listed = roll.names, places.tolist()
    towns, villages = names.townships, ["", *(place.name or place.code for place in names.villages)]
    return [
        Column(_title("pages.code"), 24, [names.code[place] for place in listed]),
        Column(_title("pages.name"), 30, [names.name[place] for place in listed]),
        _numbered(_title("pages.township_code"), 14, [town.code for town in towns], names.township[places]),
        _numbered(
            _title("pages.township"), 16, [town.name or town.code for town in towns], names.township[places]
        ),
        _numbered(_title("pages.village"), 18, villages, names.village[places] + 1),
        _numbered(_title("pages.network"), 10, names.networks, names.network[places]),
    ]


def _how(roll: Roll, asked: Asked, places: I8) -> list[Column]:
    states = [
        _numbered(
            _title(f"pages.facet_{facet}"),
            12,
            [_both(state_word(facet, state)) for state in ANSWER_NAMES],
            roll.answer[row][places],
        )
        for row, facet in enumerate(FACETS)
    ]
    row = FACETS.index(asked.facet)
    facet = text(f"pages.facet_{asked.facet}")
    reason, observed = roll.reason[row][places], roll.observed[row][places]
    never = (reason == REASON_NAMES.index("blind")) & (observed == 0)
    told = [*(reason_word(word).zh for word in REASON_NAMES), text("web.never_looked_at").zh]
    why = text("pages.why_of", facet=facet.zh).zh, text("pages.why_of", facet=facet.en).en
    return [
        *states,
        _numbered(" ".join(why), 24, told, np.where(never, len(REASON_NAMES), reason)),
        _numbered(_title("pages.reason_word"), 16, REASON_NAMES, reason),
        Column(_title("pages.since"), 20, times=roll.since[row][places].tobytes()),
        Column(_title("pages.observed"), 20, times=observed.tobytes()),
    ]
