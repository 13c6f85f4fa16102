"""The pages people read: the list, one camera, a piece of evidence, the start page, the table to take away.

Nothing here changes anything; the one thing that is written down is that somebody looked at evidence, by whoever hands
the picture out. Rows and templates are worked on in threads, the table in a process of its own.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import structlog
from aiohttp import hdrs, web

from camerahub.core.errors import EnvironmentFault
from camerahub.core.ladder import ladder
from camerahub.core.roll import FACETS, Asked, Found, Roll, by_township, find, page_of
from camerahub.core.texts import text
from camerahub.web import views
from camerahub.web.asking import (
    MOST_CHARACTERS,
    MOST_NUMBER,
    BadParameter,
    asked_of,
    bounded,
    link,
    number,
    words_of,
)
from camerahub.web.books import book_of
from camerahub.web.choices import choices
from camerahub.web.gate import LOGGED_IN, Gate
from camerahub.web.packing import pack
from camerahub.web.ports import Sheet, Shelf

log = structlog.get_logger(__name__)

Handler = Callable[[Any, web.Request], Awaitable[web.StreamResponse]]
#: Requests for pages that may wait at once; tables being made or waited for; seconds one may take; how nice it is.
MOST_WAITING, MOST_TABLES, TABLE_S, TABLE_NICE = 64, 4, 60.0, 5
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _told(handler: Handler) -> Callable[[Any, web.Request], Awaitable[web.StreamResponse]]:
    """What can go wrong, as pages that say so."""

    @wraps(handler)
    async def told(self: ListPages, request: web.Request) -> web.StreamResponse:
        try:
            async with self.turn():
                return await handler(self, request)
        except BadParameter as bad:
            return self.page(request, "refused.html", 400, bad=bad)
        except EnvironmentFault as fault:
            return self.page(request, "problem.html", 503, said=fault.text)

    return told


class ListPages:
    """Handlers over a ``Shelf``; ``gate`` tells forms of ours from others'."""

    def __init__(self, shelf: Shelf, gate: Gate) -> None:
        self._shelf, self._gate = shelf, gate
        self._waiting = self._tables = 0
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A bounded number of requests at once. EnvironmentFault for the others."""
        if self._waiting >= MOST_WAITING:
            raise EnvironmentFault("pages.busy")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page with what every page has."""
        return views.answer(self._html(request, template, **values), status)

    def _html(self, request: web.Request, template: str, **values: Any) -> str:
        common = {
            "site": self._shelf.site,
            "zone": self._shelf.zone,
            "zone_name": str(self._shelf.zone),
            "logged_in": request.get(LOGGED_IN, False),
        }
        return views.html(template, **common, **values)

    @_told
    async def index(self, request: web.Request) -> web.StreamResponse:
        """Townships with their counts, and what else can be asked here."""
        roll = await self._shelf.roll()
        return views.answer(await asyncio.to_thread(self._index, request, roll))

    def _index(self, request: web.Request, roll: Roll) -> str:
        everywhere = find(roll, Asked())
        return self._html(
            request, "index.html", roll=roll, townships=by_township(roll), everywhere=everywhere
        )

    @_told
    async def cameras(self, request: web.Request) -> web.StreamResponse:
        """The list."""
        roll, asked = await self._asked(request)
        return views.answer(await asyncio.to_thread(self._list, request, roll, asked))

    async def _asked(self, request: web.Request) -> tuple[Roll, Asked]:
        roll = await self._shelf.roll()
        return roll, asked_of(request.query, roll.names)

    def _list(self, request: web.Request, roll: Roll, asked: Asked) -> str:
        found = find(roll, asked)
        return self._html(
            request,
            "cameras.html",
            roll=roll,
            asked=asked,
            found=found,
            lines=page_of(roll, found),
            choices=choices(roll.names, asked, found),
            here=FACETS.index(asked.facet),
        )

    @_told
    async def camera(self, request: web.Request) -> web.StreamResponse:
        """One camera."""
        sheet = await self._shelf.sheet(request.match_info["code"])
        if sheet is None:
            return self.page(request, "problem.html", 404, said=text("pages.no_camera"))
        return await self._camera(request, sheet)

    async def _camera(self, request: web.Request, sheet: Sheet) -> web.Response:
        told = dict(zip(FACETS, sheet.line.told, strict=True))
        rungs = ladder({facet: (one.state, one.reason) for facet, one in told.items()})
        now = (await self._shelf.roll()).as_of
        values = {"sheet": sheet, "told": told, "rungs": rungs, "now": now, "most_who": MOST_CHARACTERS}
        return views.answer(await asyncio.to_thread(self._html, request, "camera.html", **values))

    @_told
    async def evidence(self, request: web.Request) -> web.StreamResponse:
        """One picture, for whoever says who looks; the look is written down before it is shown."""
        if not self._gate.ours(request):
            return self.page(request, "problem.html", 403, said=text("pages.foreign_form"))
        code, form = request.match_info["code"], await form_of(request)
        who = bounded("who", form.get("who", ""))
        if not who:
            raise BadParameter("who", "", text("pages.bad_who", most=MOST_CHARACTERS))
        wanted = form.get("number", "")
        still = number("number", wanted, MOST_NUMBER)
        sheet = await self._shelf.sheet(code)
        proof = next((one for one in sheet.proofs if one.number == still), None) if sheet else None
        jpeg = await self._shelf.look(code, still, who) if proof else None
        if sheet is None or proof is None or jpeg is None:
            return self.page(request, "problem.html", 404, said=text("pages.no_still"))
        picture = base64.b64encode(jpeg).decode()
        page = self._html(request, "evidence.html", sheet=sheet, proof=proof, who=who, picture=picture)
        return views.answer(page, headers={"Content-Security-Policy": views.POLICY_OF_PICTURES})

    @_told
    async def xlsx(self, request: web.Request) -> web.StreamResponse:
        """All lines of the list, as a table."""
        roll, asked = await self._asked(request)
        if self._tables >= MOST_TABLES:
            raise EnvironmentFault("pages.busy")
        self._tables += 1
        try:
            async with self._making:  # one at a time: the machine is small
                packed = await asyncio.to_thread(self._packed, roll, asked)
                body = await made(packed)
        finally:
            self._tables -= 1
        at = datetime.fromtimestamp(roll.as_of // 1_000_000, UTC).astimezone(self._shelf.zone)
        name = f"cameras-{at:%Y%m%d-%H%M%S}.xlsx"
        headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
        return web.Response(body=body, content_type=XLSX, headers=headers)

    def _packed(self, roll: Roll, asked: Asked) -> bytes:
        found: Found = find(roll, asked)
        return pack(
            book_of(roll, asked, found, self._shelf.site, self._shelf.zone, link(asked), words_of(asked))
        )


async def form_of(request: web.Request) -> dict[str, str]:
    """Fields of a small form, the first of each name; anything but a plain form has none."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


async def made(packed: bytes) -> bytes:
    """The XLSX of a packed book, by a child that ends with it. EnvironmentFault when it fails or takes too long."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "camerahub.web.sheet",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.setpriority(os.PRIO_PROCESS, child.pid, TABLE_NICE)
    try:
        async with asyncio.timeout(TABLE_S):
            body, _ = await child.communicate(packed)
    except TimeoutError:
        body = b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode or not body:
        log.error("table_not_made", code=child.returncode)
        raise EnvironmentFault("pages.sheet_failed")
    return body
