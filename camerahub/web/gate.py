"""Who may see the pages: a token for programs, a login with the same token for people, and nobody from elsewhere.

The token never stands in an address: programs send it as Bearer, people type it into a form and get a session cookie
(Secure under TLS, HttpOnly, SameSite=Strict). Sessions live in memory: who restarts the hub logs everybody out.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

#: A session ends after so long without a request, seconds; so many live at once, the longest idle one goes first.
IDLE_S = 12 * 3600.0
MOST_SESSIONS = 256
#: Wrong tokens one address may send within a minute; addresses remembered.
MOST_WRONG, WRONG_S, MOST_ADDRESSES = 10, 60.0, 1024
#: Where a request says whether somebody logged in sends it: asked once, by the loop.
LOGGED_IN = web.RequestKey("logged_in", bool)
#: What anybody may fetch: it tells nothing.
PUBLIC = frozenset(("/healthz", "/login", "/style.css", "/icon.svg"))


class Sessions:
    """Logins of people. ``now`` seconds on a clock that never jumps."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, float] = OrderedDict()  # digest of the id -> last request

    def open(self, now: float) -> str:
        """A new session's id; only its digest is kept."""
        number = secrets.token_urlsafe(32)
        self._seen[_digest(number)] = now
        while len(self._seen) > MOST_SESSIONS:
            self._seen.popitem(last=False)
        return number

    def known(self, number: str, now: float) -> bool:
        """Whether the session lives; this counts as a request of it."""
        digest = _digest(number)
        last = self._seen.get(digest)
        if last is None or now - last > IDLE_S:
            self._seen.pop(digest, None)
            return False
        self._seen[digest] = now
        self._seen.move_to_end(digest)
        return True

    def close(self, number: str) -> None:
        """End it, if it lives."""
        self._seen.pop(_digest(number), None)

    def __len__(self) -> int:
        return len(self._seen)


def _digest(number: str) -> bytes:
    return hashlib.sha256(number.encode("utf-8", "surrogatepass")).digest()


class Attempts:
    """Wrong tokens by address, so that guessing is slow."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def too_many(self, address: str, now: float) -> bool:
        """Whether this address must wait."""
        wrong = self._wrong.get(address)
        while wrong and now - wrong[0] > WRONG_S:
            wrong.popleft()
        return wrong is not None and len(wrong) >= MOST_WRONG

    def wrong(self, address: str, now: float) -> None:
        """It sent a wrong one."""
        self._wrong.setdefault(address, deque(maxlen=MOST_WRONG)).append(now)
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)


class Gate:
    """What a request must show. ``loopback``: only this machine can reach us, under a local name."""

    def __init__(
        self, token: str, *, loopback: bool, tls: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._token, self._loopback, self._tls, self._clock = token, loopback, tls, clock
        self._sessions, self._attempts = Sessions(), Attempts()
        #: Browsers take the prefix only from a host of its own under TLS.
        self.cookie = "__Host-camerahub" if tls else "camerahub"

    @property
    def wanted(self) -> bool:
        """Whether people must log in."""
        return bool(self._token)

    def wrong_host(self, request: web.Request) -> bool:
        """A name that is not ours leads here: DNS rebinding."""
        return self._loopback and not _local_name(_host_name(request.headers.get(hdrs.HOST, "")))

    def closed(self, request: web.Request) -> bool:
        """Whether this request must first show who it is."""
        if not self._token:
            return False
        request[LOGGED_IN] = self.logged_in(request)
        return not (request[LOGGED_IN] or request.path in PUBLIC or self._bearer(request))

    def logged_in(self, request: web.Request) -> bool:
        """Whether it comes with a session that lives."""
        number = request.cookies.get(self.cookie, "")
        return bool(number) and self._sessions.known(number, self._clock())

    def _bearer(self, request: web.Request) -> bool:
        given = request.headers.get(hdrs.AUTHORIZATION, "")
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), f"Bearer {self._token}".encode())

    def ours(self, request: web.Request) -> bool:
        """Whether a form was sent from a page of ours, or by a program that knows the token."""
        if self._token and self._bearer(request):
            return True
        if (site := request.headers.get("Sec-Fetch-Site")) is not None:
            return site == "same-origin"
        origin = urlsplit(request.headers.get(hdrs.ORIGIN, ""))
        return bool(origin.netloc) and origin.netloc == request.headers.get(hdrs.HOST)

    def must_wait(self, request: web.Request) -> bool:
        """Whether the address of this request has guessed too often."""
        return self._attempts.too_many(request.remote or "", self._clock())

    def log_in(self, request: web.Request, token: str, answer: web.Response) -> bool:
        """With the right token: a session, and its cookie in ``answer``. False: it was wrong, which is remembered."""
        now = self._clock()
        given = token.strip().encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self._token.encode()):
            self._attempts.wrong(request.remote or "", now)
            return False
        answer.set_cookie(
            self.cookie,
            self._sessions.open(now),
            path="/",
            secure=self._tls,
            httponly=True,
            samesite="Strict",
        )
        return True

    def log_out(self, request: web.Request, answer: web.Response) -> None:
        """End the session of this request."""
        self._sessions.close(request.cookies.get(self.cookie, ""))
        answer.del_cookie(self.cookie, path="/", secure=self._tls, httponly=True, samesite="Strict")


def came_from_elsewhere(request: web.Request) -> bool:
    """A link on another page (a dashboard) led here: browsers leave SameSite=Strict cookies out of that step."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site"


def _host_name(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header


def _local_name(name: str) -> bool:
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
