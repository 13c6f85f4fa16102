"""The hub's HTTP face: /metrics, /healthz, /readyz, an index, and the pages of the list when it is given one.

It shows and never acts: no target, no command, no write comes in here. It must not know how figures are made; it is
given functions. On loopback it checks the Host header (DNS rebinding); off loopback it wants TLS and a token.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from aiohttp import hdrs, web, web_response
from aiohttp.http_exceptions import HttpProcessingError

from camerahub.core.errors import ConfigError, EnvironmentFault
from camerahub.core.texts import Text, text
from camerahub.web import views
from camerahub.web.gate import IDLE_S, LOGGED_IN, Gate, came_from_elsewhere
from camerahub.web.pages import ListPages, form_of
from camerahub.web.ports import Shelf

log = structlog.get_logger(__name__)

#: Seconds one answer may take, bytes one request may carry, connections at once.
ANSWER_S = 20.0
#: Seconds a table may take, those that wait before it included.
PATIENCE = {"/cameras.xlsx": 120.0}
MAX_BODY = 16 * 1024
MAX_WAITING = 64

SOFTWARE = "camerahub"
_PATHS = ("metrics", "healthz", "readyz")
_HARDENED = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Problem(Protocol):
    """One reason why the hub is not ready: a stable code and the sentence in both languages."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> Text: ...


class Render(Protocol):
    """Makes one scrape; called in a thread."""

    def __call__(self, accept: str, *, gzipped: bool) -> tuple[bytes, str]: ...


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen. ``port`` 0 takes a free one. ``token`` never appears in a repr."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    token: str = field(default="", repr=False)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """ConfigError unless this may listen: off loopback only with TLS and a token."""
        if not self.loopback and not (self.tls_cert and self.tls_key and self.token):
            raise ConfigError("web.no_tls", host=self.host or "*")

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS side, None without a certificate. EnvironmentFault when it cannot be read."""
        if not self.tls_cert:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key or None)
        except OSError as error:
            raise EnvironmentFault(
                "web.bad_tls", cert=self.tls_cert, key=self.tls_key, problem=error.strerror or error
            ) from None
        return context


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _json(said: object, status: int = 200) -> web.Response:
    return web.json_response(text=json.dumps(said, ensure_ascii=False), status=status)


def _says(key: str, status: int) -> web.Response:
    said = text(key)
    return _json({"error": key.partition(".")[2], "zh": said.zh, "en": said.en}, status=status)


class Pages:
    """The handlers. Each is cheap on the loop; the scrape is made in a thread, one at a time."""

    def __init__(self, render: Render, problems: Callable[[], Sequence[Problem]]) -> None:
        self._render, self._problems = render, problems
        self._scraping = asyncio.Lock()
        self._waiting = 0

    async def metrics(self, request: web.Request) -> web.Response:
        """One scrape, OpenMetrics by negotiation."""
        if self._waiting >= MAX_WAITING:
            return _says("web.failed", 503)
        gzipped = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()
        self._waiting += 1
        try:
            async with self._scraping:
                accept = request.headers.get(hdrs.ACCEPT, "")
                body, content_type = await asyncio.to_thread(self._render, accept, gzipped=gzipped)
        finally:
            self._waiting -= 1
        headers = {hdrs.CONTENT_TYPE: content_type, hdrs.VARY: "Accept, Accept-Encoding"}
        if gzipped:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=body, headers=headers)

    async def healthz(self, _request: web.Request) -> web.Response:
        """The process answers."""
        said = text("web.alive")
        return _json({"alive": True, "zh": said.zh, "en": said.en})

    async def readyz(self, _request: web.Request) -> web.Response:
        """200 when ready, else 503 with every reason."""
        listed = [{"code": p.code, "zh": p.text.zh, "en": p.text.en} for p in self._problems()]
        return _json({"ready": not listed, "problems": listed}, status=503 if listed else 200)

    async def index(self, _request: web.Request) -> web.Response:
        """What can be asked of a hub without a list."""
        return views.answer(views.html("machines.html", paths=_PATHS))


class Doors:
    """Logging in and out, for people."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def login(self, onward: str = "/", wrong: str = "", status: int = 401) -> web.Response:
        """The form; from it one goes ``onward``."""
        page = views.html("login.html", onward=onward, wrong=wrong, hours=round(IDLE_S / 3600))
        return views.answer(page, status)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The form by itself; who needs none goes on."""
        if not self._gate.wanted or request.get(LOGGED_IN):
            return web.Response(status=303, headers={hdrs.LOCATION: "/"})
        return self.login(status=200)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """A token somebody typed."""
        if not self._gate.wanted:
            return web.Response(status=303, headers={hdrs.LOCATION: "/"})
        if not self._gate.ours(request):
            return _says("pages.foreign_form", 403)
        form = await form_of(request)
        onward = _onward(form.get("next", ""))
        if self._gate.must_wait(request):
            return self.login(onward, "pages.login_often", 429)
        there = web.Response(status=303, headers={hdrs.LOCATION: onward})
        if not self._gate.log_in(request, form.get("token", ""), there):
            log.warning("login_refused", remote=request.remote)
            return self.login(onward, "pages.login_wrong")
        log.info("logged_in", remote=request.remote)
        return there

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """End the session."""
        if not self._gate.ours(request):
            return _says("pages.foreign_form", 403)
        away = web.Response(status=303, headers={hdrs.LOCATION: "/login"})
        self._gate.log_out(request, away)
        return away

    def refused(self, request: web.Request) -> web.Response | None:
        """What a request gets that may not come in; None when it may."""
        if self._gate.wrong_host(request):
            return _says("web.wrong_host", 421)
        if not self._gate.closed(request):
            return None
        if not views.wants_page(request):
            return _says("web.not_allowed", 401)
        if came_from_elsewhere(request):  # once more from a page of ours: then the cookie comes along
            return views.answer(views.html("onward.html", onward=request.path_qs))
        return self.login("/" if request.path == "/logout" else request.path_qs)


def _onward(path: str) -> str:
    """A path of ours, whatever a form says."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        async with asyncio.timeout(PATIENCE.get(request.path, ANSWER_S)):
            return await handler(request)
    except web.HTTPException as wrong:
        return _problem(request, "web.not_found" if wrong.status == 404 else "web.bad_request", wrong.status)
    except Exception as bug:
        log.exception("request_failed", path=request.path, kind=type(bug).__name__)
        return _problem(request, "web.failed", 500)


def _problem(request: web.Request, key: str, status: int) -> web.Response:
    """In the shape of who asks."""
    if not views.wants_page(request):
        return _says(key, status)
    return views.answer(views.html("plain.html", said=text(key)), status)


async def _dress(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = SOFTWARE
    for name, value in _HARDENED.items():
        response.headers.setdefault(name, value)


def make_app(
    binding: Binding,
    render: Render,
    problems: Callable[[], Sequence[Problem]],
    shelf: Shelf | None = None,
) -> web.Application:
    """The aiohttp application with its guard and bounds; with a ``shelf`` the pages of the list, too."""
    gate = Gate(binding.token, loopback=binding.loopback, tls=bool(binding.tls_cert))
    doors = Doors(gate)

    @web.middleware
    async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
        no = doors.refused(request)
        return no if no is not None else await _answer(request, handler)

    app = web.Application(middlewares=[outermost], client_max_size=MAX_BODY)
    pages = Pages(render, problems)
    for path in _PATHS:
        app.router.add_get(f"/{path}", getattr(pages, path))
    app.router.add_get("/login", doors.show)
    app.router.add_post("/login", doors.take)
    app.router.add_post("/logout", doors.leave)
    app.router.add_get("/style.css", views.static("style.css", "text/css"))
    app.router.add_get("/icon.svg", views.static("icon.svg", "image/svg+xml"))
    if shelf is None:
        app.router.add_get("/", pages.index)
    else:
        _add_list(app, ListPages(shelf, gate))
    app.on_response_prepare.append(_dress)
    return app


def _add_list(app: web.Application, lists: ListPages) -> None:
    app.router.add_get("/", lists.index)
    app.router.add_get("/cameras", lists.cameras)
    app.router.add_get("/cameras.xlsx", lists.xlsx)
    app.router.add_get("/cameras/{code}", lists.camera)
    app.router.add_post("/cameras/{code}/evidence", lists.evidence)


class WebServer:
    """Listens while the hub runs."""

    def __init__(
        self,
        binding: Binding,
        render: Render,
        problems: Callable[[], Sequence[Problem]],
        shelf: Shelf | None = None,
    ) -> None:
        binding.check()
        self.binding = binding
        self._app = make_app(binding, render, problems, shelf)
        self._runner: web.AppRunner | None = None
        #: The port it listens on, None when it does not.
        self.port: int | None = None

    async def start(self) -> int:
        """Listen; the port taken. EnvironmentFault when it is busy or cannot be bound."""
        tls = self.binding.ssl_context()
        # What is refused before it is a request never meets our pages: aiohttp answers it, under its own name.
        vars(web_response)["SERVER_SOFTWARE"] = SOFTWARE
        logging.getLogger("aiohttp.server").addFilter(_GARBLED)
        runner = web.AppRunner(
            self._app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=30.0,
            shutdown_timeout=2.0,
            max_line_size=4096,
            max_field_size=4096,
        )
        await runner.setup()
        host, port = self.binding.host, self.binding.port
        try:
            site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_address=True)
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise _bind_fault(error, host, port) from None
        self._runner = runner
        taken: int = runner.addresses[0][1]
        self.port = taken
        return taken

    async def aclose(self) -> None:
        """Stop listening; open answers get two seconds."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self.port = None


class _Garbled(logging.Filter):
    """A request that is none is the sender's mistake: one line, no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for such a record, which it tells in its own words."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        log.info("bad_request", kind=type(error).__name__)
        return False


_GARBLED = _Garbled()


def _bind_fault(error: OSError, host: str, port: int) -> EnvironmentFault:
    if error.errno == errno.EADDRINUSE:
        return EnvironmentFault("web.port_busy", host=host, port=port)
    return EnvironmentFault("web.cannot_bind", host=host, port=port, problem=error.strerror or error)
