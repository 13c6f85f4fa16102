"""The query parameters of the list page: read, bounded, refused by name, and written back into links.

They are a contract (docs/page.md): dashboards link with them, so names and meanings stay. What is not understood is
refused and never ignored: a list that silently means something else is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol
from unicodedata import category
from urllib.parse import quote, urlencode

from camerahub.core.area import UNASSIGNED
from camerahub.core.result import REASON_NAMES
from camerahub.core.roll import FACETS, SORTS, Asked, Names
from camerahub.core.texts import Text, text

#: Characters a value may have; highest page that can be asked for.
MOST_CHARACTERS, MOST_PAGE = 64, 1_000_000
MOST_NUMBER = 2**53
SCOPES = ("expected", "all")
STATES = ("up", "down", "unknown")
ORDERS = (*SORTS, *(f"-{word}" for word in SORTS))
#: Cameras without a network.
NO_NETWORK = "-"
#: Every parameter, in the order of links.
PARAMETERS = ("township", "village", "network", "facet", "state", "reason", "q", "scope", "sort", "page")


class Values(Protocol):
    """A multi-dict of a query."""

    def keys(self) -> Iterable[str]: ...
    def getall(self, key: str, /) -> list[str]: ...


class BadParameter(Exception):
    """A parameter that is refused: its name, what was given (shortened), what was expected."""

    def __init__(self, name: str, given: str, expected: Text) -> None:
        super().__init__(name)
        self.name, self.given, self.expected = shown(name), shown(given), expected


def shown(word: str) -> str:
    """At most MOST_CHARACTERS characters of what somebody sent, without control characters."""
    plain = readable(word[:MOST_CHARACTERS], "�")
    return plain + "…" if len(word) > MOST_CHARACTERS else plain


def readable(word: str, instead: str = " ") -> str:
    """``word`` with something else for what is no letter, sign or blank (control characters, changes of direction);
    the wide blank of Chinese input is one."""
    if word.isprintable():
        return word
    return "".join(c if c.isprintable() or category(c) == "Zs" else instead for c in word)


def bounded(name: str, value: str, most: int = MOST_CHARACTERS) -> str:
    """``value`` without blanks around it. BadParameter when it is too long or holds control characters."""
    word = value.strip()
    if len(word) > most or readable(word, "") != word:
        raise BadParameter(name, value, text("pages.bad_long", most=most))
    return word


def asked_of(query: Values, names: Names) -> Asked:
    """The question a query asks. BadParameter names the first one that is wrong."""
    given = _words(query)
    return Asked(
        township=_known("township", given, _is_township(names)),
        village=_known("village", given, lambda code: any(place.code == code for place in names.villages)),
        network=_network(given.get("network", ""), names),
        facet=_choice("facet", given, FACETS) or FACETS[0],
        state=_choice("state", given, STATES),
        reason=_choice("reason", given, REASON_NAMES),
        q=given.get("q", ""),
        sort=_choice("sort", given, ORDERS) or SORTS[0],
        page=number("page", given.get("page", "") or "1", MOST_PAGE),
        everyone=_choice("scope", given, SCOPES) == "all",
    )


def _words(query: Values) -> dict[str, str]:
    """Each parameter once, bounded; an empty one is as good as none."""
    given: dict[str, str] = {}
    for name in dict.fromkeys(query.keys()):
        values = query.getall(name)
        if name not in PARAMETERS:
            raise BadParameter(name, values[0], text("pages.bad_unknown", names=", ".join(PARAMETERS)))
        if len(values) > 1:
            raise BadParameter(name, " ".join(values), text("pages.bad_twice"))
        given[name] = bounded(name, values[0])
    return given


def _choice(name: str, given: dict[str, str], choices: tuple[str, ...]) -> str:
    word = given.get(name, "")
    if word and word not in choices:
        raise BadParameter(name, word, text("pages.bad_choice", choices=", ".join(choices)))
    return word


def _known(name: str, given: dict[str, str], knows: Callable[[str], bool]) -> str:
    word = given.get(name, "")
    if word and not knows(word):
        raise BadParameter(name, word, text(f"pages.bad_{name}"))
    return word


def _is_township(names: Names) -> Callable[[str], bool]:
    return lambda code: code == UNASSIGNED or any(place.code == code for place in names.townships)


def _network(word: str, names: Names) -> str | None:
    if not word:
        return None
    if word == NO_NETWORK:
        return ""
    if word not in names.networks:
        choices = ", ".join(name for name in names.networks if name) or NO_NETWORK
        raise BadParameter("network", word, text("pages.bad_network", choices=choices))
    return word


def number(name: str, word: str, most: int) -> int:
    """A whole number from 1 to ``most``. BadParameter for anything else."""
    if not (word.isascii() and word.isdecimal() and len(word) <= len(str(most)) and 1 <= int(word) <= most):
        raise BadParameter(name, word, text("pages.bad_page", most=most))
    return int(word)


def words_of(asked: Asked) -> dict[str, str]:
    """The parameters that say ``asked``, without those that say nothing; in the order of PARAMETERS."""
    words = {
        "township": asked.township,
        "village": asked.village,
        "network": NO_NETWORK if asked.network == "" else asked.network or "",
        "facet": asked.facet if asked.facet != FACETS[0] else "",
        "state": asked.state,
        "reason": asked.reason,
        "q": asked.q,
        "scope": "all" if asked.everyone else "",
        "sort": asked.sort if asked.sort != SORTS[0] else "",
        "page": str(asked.page) if asked.page > 1 else "",
    }
    return {name: word for name, word in words.items() if word}


def link(asked: Asked, path: str = "/cameras", **changed: object) -> str:
    """Address of the list that ``asked`` shows, with some of it ``changed`` (then from its first page on)."""
    words = words_of(replace(asked, **({"page": 1} | changed)))  # type: ignore[arg-type]
    return f"{path}?{urlencode(words)}" if words else path


def camera_link(code: str) -> str:
    """Address of the page of one camera."""
    return f"/cameras/{quote(code, safe='')}"
