"""Pages out of templates: every word escaped, every sentence from the catalogue, no script and nothing from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from camerahub.core.result import PROBE_KINDS, REASONS
from camerahub.core.roll import FACETS, Asked, Told
from camerahub.core.texts import Text, text
from camerahub.web.asking import ORDERS, SCOPES, STATES, camera_link, link, shown

_HERE = Path(__file__).resolve().parent
#: What a page may load: its own style sheet and sign, nothing else; forms lead back to us only.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
#: The one page with a picture carries it within itself, so that it has no address of its own.
POLICY_OF_PICTURES = POLICY.replace("img-src 'self'", "img-src 'self' data:")
#: Forms need an origin to tell ours from others', which "no-referrer" would take away.
_PAGE_HEADERS = {"Referrer-Policy": "same-origin", "Content-Security-Policy": POLICY}
#: What is added to the address of a list for one state of one facet.
TAILS = {facet: {state: f"facet={facet}&state={state}" for state in STATES} for facet in FACETS}
_MINUTE_US, _HOUR_MIN, _DAY_MIN = 60_000_000, 60, 1440


def moment(at: int, zone: tzinfo) -> str:
    """µs UTC as local time to the second, - for never."""
    if not at:
        return "-"
    return datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def lasting(since: int, now: int) -> Text | None:
    """How long it is that way; None for never, and for what begins later."""
    minutes = (now - since) // _MINUTE_US
    if not since or minutes < 0:
        return None
    if minutes < _HOUR_MIN:
        return text("pages.for_minutes", minutes=minutes)
    if minutes < _DAY_MIN:
        return text("pages.for_hours", hours=minutes // _HOUR_MIN, minutes=minutes % _HOUR_MIN)
    return text("pages.for_days", days=minutes // _DAY_MIN, hours=minutes % _DAY_MIN // _HOUR_MIN)


@cache
def state_word(facet: str, state: str) -> Text:
    """What a state of a facet is called."""
    return text(f"web.state_{facet}_{state}")


@cache
def reason_word(reason: str) -> Text:
    """What a reason means, and its word of the closed list."""
    return Text(REASONS[reason].zh, reason)


@cache
def probe_word(probe: str) -> Text:
    """What a probe is called."""
    return Text(PROBE_KINDS[probe].zh, probe)


def why(reason: str, observed: int) -> Text:
    """The reason; a camera nobody has looked at yet is not blind."""
    return text("web.never_looked_at") if reason == "blind" and not observed else reason_word(reason)


def _marked(page: str) -> Markup:
    """``page``, each part of which was escaped: ``Markup.format`` would do that, at ten times the price."""
    return Markup(page)  # noqa: S704


@lru_cache(4096)
def both(said: Text) -> Markup:
    """Both languages, Chinese first, each marked as what it is."""
    return _marked(f'{escape(said.zh)} <span lang="en" class="en">{escape(said.en)}</span>')


def say(key: str, **fields: object) -> Markup:
    """A sentence of the catalogue in both languages."""
    return both(text(key, **fields))


@cache
def state(facet: str, word: str) -> Markup:
    """A state in both languages."""
    return both(state_word(facet, word))


@cache
def _state_cell(facet: str, word: str, here: bool) -> str:
    return f'<td class="state {word}{" here" if here else ""}">{state(facet, word)}</td>'


def state_cells(told: Sequence[Told], here: int) -> Markup:
    """The cells of a line's states, the one asked for (place ``here``) marked."""
    cells = (
        _state_cell(facet, one.state, at == here)
        for at, (facet, one) in enumerate(zip(FACETS, told, strict=True))
    )
    return _marked("".join(cells))


def when(at: int, now: int, zone: tzinfo) -> Markup:
    """A time, and how long ago that is."""
    long = lasting(at, now)
    told = f' <span class="long">{both(long)}</span>' if long else ""
    return _marked(f"<time>{moment(at, zone)}</time>{told}")


def options(pairs: Iterable[tuple[str, str]], chosen: str) -> Markup:
    """Options of a select: (value, label) each."""
    return _marked(
        "".join(
            f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
            for value, label in pairs
        )
    )


@cache
def _static(name: str) -> bytes:
    return (_HERE / "static" / name).read_bytes()


@cache
def _version(name: str) -> str:
    return hashlib.sha256(_static(name)).hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.globals |= {
        "both": both, "say": say, "state": state, "state_cells": state_cells, "when": when, "options": options,
        "t": text, "state_word": state_word, "reason_word": reason_word, "probe_word": probe_word, "why": why,
        "link": link, "asked": Asked, "camera_link": camera_link, "moment": moment, "lasting": lasting, "shown": shown,
        "tails": TAILS,
        "style": f"/style.css?{_version('style.css')}", "FACETS": FACETS, "STATES": STATES, "ORDERS": ORDERS,
        "SCOPES": SCOPES,
    }  # fmt: skip
    return environment


def html(template: str, **values: Any) -> str:
    """The page ``template`` makes of ``values``."""
    return _environment().get_template(template).render(**values)


def answer(page: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A page as an answer, with what it may do."""
    return web.Response(
        text=page, status=status, content_type="text/html", headers=_PAGE_HEADERS | dict(headers or {})
    )


def wants_page(request: web.Request) -> bool:
    """Whether a person's browser asks."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def static(name: str, content_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Hands out one file; its address changes with it, so browsers keep it."""

    async def given(_request: web.Request) -> web.Response:
        kept = {hdrs.CACHE_CONTROL: "public, max-age=86400"}
        return web.Response(body=_static(name), content_type=content_type, charset="utf-8", headers=kept)

    return given
