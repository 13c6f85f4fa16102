"""One JPEG over HTTP as a machine without sockets: GET, one answer to one challenge, one step to the side at most.

A snapshot is the cheapest picture of a camera and the least trustworthy: some cameras serve one cached file for ever.
So the times the answer carries are kept, and ``freshness`` weighs them. Rules:

* Digest is answered once (RFC 7616); Basic over TLS only, or where the caller says so. The first refusal ends it.
* A redirect is followed once, and only to the same scheme, host and port (RFC 9110 section 15.4): a login goes to
  nobody but the camera it belongs to.
* A body that is announced larger than ``PICTURE_LIMITS`` is refused at its head; an endless one (multipart) too.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Callable
from email.utils import parsedate_tz
from typing import NamedTuple

from camerahub.wire.digest import Authenticator, Credential, new_cnonce, parse_challenges
from camerahub.wire.exif import Taken, taken_at
from camerahub.wire.http import Headers, HttpReader, HttpResponse, Limits, WireError, http_get
from camerahub.wire.url import HttpUrl, UrlError, split_http

#: 8 MiB: a good JPEG of 20 megapixels; as much as a decoder takes.
PICTURE_LIMITS = Limits(head=16 * 1024, line=8 * 1024, body=8 << 20, headers=128)
#: A picture that is older than this when it is handed out is not what the camera sees, seconds.
STALE_S = 300
#: Bytes that have changed prove a picture no older than the look before: it must lie within so long, seconds.
CHANGED_S = 3600
#: A local clock without its zone may be this far behind UTC (UTC-12), seconds.
_MOST_BEHIND_S = 12 * 3600
_MOVED = (301, 302, 303, 307, 308)
_SOI = b"\xff\xd8"
_ASKED = (("Accept", "image/jpeg"), ("Cache-Control", "no-cache"))


class Shot(NamedTuple):
    """One picture as it came. ``date``, ``modified``: Date and Last-Modified, s since 1970 UTC, 0 = not said."""

    data: bytes
    date: int
    modified: int
    taken: Taken | None

    @property
    def digest(self) -> bytes:
        """SHA-256 of the picture."""
        return hashlib.sha256(self.data).digest()


class Seen(NamedTuple):
    """What is kept of the last picture of an endpoint: its digest, its ``Shot.date``, and our clock, s since 1970."""

    digest: bytes
    date: int
    at: int


def freshness(shot: Shot, digest: bytes, at: int, before: Seen | None, *, strict: bool = False) -> str:
    """ "stale", "fresh", or "" where nothing tells. ``at``: our clock, s; ``before``: the picture before this one.

    Stale: the camera's own Date is more than ``STALE_S`` after its Last-Modified or after the time in its Exif (one
    without a zone is given every benefit: UTC-12), or the bytes are those of an earlier answer: no sensor gives the
    same picture twice. Fresh: one of the times is within ``STALE_S``, or the bytes have changed within ``CHANGED_S``.
    ``strict``: the times may convict and never acquit, for a camera may stamp a cached picture as it hands it out.
    """
    stamps = [shot.modified] if shot.modified else []
    if shot.taken is not None:
        stamps.append(shot.taken.at if shot.taken.zoned else shot.taken.at + _MOST_BEHIND_S)
    if shot.date and any(shot.date - stamp > STALE_S for stamp in stamps):
        return "stale"
    if before is not None and before.digest == digest:
        older = before.date < shot.date if before.date and shot.date else before.at < at
        return "stale" if older else ""
    if before is not None and 0 <= at - before.at <= CHANGED_S:
        return "fresh"
    return "" if strict else _dated(shot)


def _dated(shot: Shot) -> str:
    """What the times alone say in favour of a picture."""
    sure = [shot.modified] if shot.modified else []
    if shot.taken is not None and shot.taken.zoned:
        sure.append(shot.taken.at)
    return "fresh" if shot.date and any(abs(shot.date - stamp) <= STALE_S for stamp in sure) else ""


def http_date(value: str) -> int:
    """s since 1970 UTC of an HTTP-date in any of its three forms (RFC 9110 section 5.6.7); 0 = none. Never raises."""
    try:
        parts = parsedate_tz(value[:64])
        if parts is None or not 1970 <= parts[0] <= 2999 or not 1 <= parts[1] <= 12:
            return 0
        return max(0, calendar.timegm((*parts[:6], 0, 0, 0)) - (parts[9] or 0))
    except (
        ValueError,
        IndexError,
        OverflowError,
        TypeError,
    ):  # what the library lets through of strange texts
        return 0


def reason_of(status: int) -> str:
    """The reason for the final status of a GET, 200..599, other than 200."""
    if status in (401, 407):
        return "auth"
    if status in (403, 429, 453) or status >= 500:
        return "busy"
    return "no_media" if status < 300 else "not_found"


class SnapshotSession:
    """One picture. ``request`` goes over each new connection; ``received`` and ``closed`` take what comes.

    ``reason`` "" until it is over; ``shot`` the picture, with reason "ok" and stage 4; ``sent``: the credential went
    out. ``stage`` 1..4 proven so far; ``status`` the last HTTP status; ``taken`` bytes of the peer. ``limits`` bound an
    answer.
    """

    def __init__(
        self,
        url: HttpUrl,
        credential: Credential | None = None,
        *,
        basic_in_clear: bool = False,
        limits: Limits = PICTURE_LIMITS,
        cnonce: Callable[[], str] = new_cnonce,
    ) -> None:
        self._url = url
        self._login = Authenticator(credential, cnonce=cnonce) if credential else None
        self._basic = basic_in_clear or url.scheme == "https"
        self._limits = limits
        self._reader = HttpReader(limits)
        self._authorization = ""
        self._again = False  # the next request waits for the peer to close this connection
        self._moved = False
        self.reason = ""
        self.shot: Shot | None = None
        self.sent = False
        self.stage = 1
        self.status = 0
        self.taken = 0

    def request(self) -> bytes:
        """What to send now."""
        self._reader, self._again = HttpReader(self._limits), False
        if not self._authorization:
            return http_get(self._url, _ASKED)
        self.sent = True
        return http_get(self._url, (*_ASKED, ("Authorization", self._authorization)))

    def received(self, data: bytes) -> bytes | None:
        """Take bytes; what to send over the same connection, None = wait, or see ``reason``. Never raises."""
        self.taken += len(data)
        if self._again or self.reason:
            return None
        try:
            response = self._reader.receive(data)
        except WireError:
            status = self._reader.status
            self._note(status)
            self._end(reason_of(status) if status >= 300 else "protocol")
            return None
        if response is None:
            self._look_ahead()
            return None
        self._take(response)
        return self.request() if not self.reason and not self._again else None

    def closed(self) -> bool:
        """The peer closed. True: dial again and send ``request``; False: it is over."""
        if not self._again and not self.reason:
            response = self._reader.closed()
            if response is not None:
                self._take(response)
                return not self.reason
            self._note(self._reader.status)
            self._end("reset")
        return self._again

    def _look_ahead(self) -> None:
        """An endless answer is known by its head: a stream of pictures is no snapshot."""
        self._note(self._reader.status)
        if self.status == 200 and self._reader.headers.get("content-type").lower().startswith("multipart/"):
            self.stage = 3
            self._end("codec_unsupported")

    def _note(self, status: int) -> None:
        """Who answers 2xx has let us in, whatever becomes of the rest."""
        if status:
            self.stage, self.status = max(3 if 200 <= status < 300 else 2, self.stage), status

    def _end(self, reason: str) -> None:
        self.reason = reason

    def _take(self, response: HttpResponse) -> None:
        self._note(response.status)
        self._again = not response.reusable
        if response.status == 200:
            self._picture(response)
        elif not (self._answer(response) if response.status == 401 else self._follow(response)):
            self._end(reason_of(response.status))
        if self.reason:
            self._again = False

    def _answer(self, response: HttpResponse) -> bool:
        """Answer the challenge; False: there is nothing to say, or it was said."""
        if self._login is None:
            return False
        offered = parse_challenges(response.headers.all("www-authenticate"))
        usable = [c for c in offered if c.scheme == "digest" or (c.scheme == "basic" and self._basic)]
        self._authorization = self._login.answer(usable, "GET", self._url.path) or ""
        return bool(self._authorization)

    def _follow(self, response: HttpResponse) -> bool:
        """Step aside where the camera itself says so; False: it does not, or leads elsewhere."""
        there = _same_place(self._url, response.headers) if response.status in _MOVED else None
        if there is None or self._moved:
            return False
        self._moved, self._url = True, there
        if self._login is not None and self._login.started:
            self._authorization = self._login.authorize("GET", there.path) or ""
        return True

    def _picture(self, response: HttpResponse) -> None:
        body, headers = response.body, response.headers
        self.stage = 3
        if self._login is not None:
            self._login.accepted()
        if body.startswith(_SOI):
            date, modified = http_date(headers.get("date")), http_date(headers.get("last-modified"))
            self.shot = Shot(body, date, modified, taken_at(body))
            self.stage = 4
            self._end("ok")
        elif not body:
            self._end("no_media")
        else:  # a page for people instead of a picture, or a picture in another form
            image = headers.get("content-type").lower().startswith(("image/", "multipart/"))
            self._end("codec_unsupported" if image else "protocol")


def _same_place(url: HttpUrl, headers: Headers) -> HttpUrl | None:
    """Where Location leads, when that is another path of the same server; else None."""
    told = headers.get("location").strip()
    try:
        if told.startswith("/") and not told.startswith("//"):
            there = HttpUrl(url.scheme, url.host, url.port, told.partition("#")[0])
        else:
            there = split_http(told)[0]
    except UrlError:
        return None
    same = (there.scheme, there.host, there.port) == (url.scheme, url.host, url.port)
    return there if same and there.path != url.path else None
