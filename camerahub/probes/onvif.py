"""`onvif_time`: the camera's clock, without a login. `onvif_enrol`: what the camera is and offers, on demand.

Both keep what they learned in ``facts``, for ``Prober.learn``; a ``ProbeResult`` stays one small row. Our wall clock
comes in as a callable, since a camera's clock is measured against it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from camerahub.core.result import SENT, UNSENT, Target
from camerahub.probes.address import parsed_http
from camerahub.probes.engine import Brief, Verdict
from camerahub.wire.digest import Credential
from camerahub.wire.http import HttpReader, HttpResponse, WireError
from camerahub.wire.onvif import DEVICE_PATH, GET_TIME, onvif_request, parse_time
from camerahub.wire.onvif_clock import Clock, judge
from camerahub.wire.onvif_session import MOST_PROFILES, CallRecord, OnvifFacts, OnvifSession, read_answer
from camerahub.wire.url import HttpUrl

#: The engine bounds what one connection may bring; a recorder's many answers are spread over several.
PER_CONNECTION = 96 * 1024


def wall_ms() -> int:
    """Our wall clock: ms since 1970 UTC."""
    return time.time_ns() // 1_000_000


class OnvifTime(Brief):
    """GetSystemDateAndTime, one request and one response. ``facts``: a ``Clock``, None until the camera told it."""

    __slots__ = ("_asked", "_now_ms", "_reader", "_url", "facts", "status")
    probe = "onvif_time"

    def __init__(self, url: HttpUrl, now_ms: Callable[[], int] = wall_ms) -> None:
        self._url = url
        self._now_ms = now_ms
        self._asked = 0
        self._reader = HttpReader()
        self.facts: Clock | None = None
        self.status = 0

    def first(self) -> bytes:
        self._asked = self._now_ms()
        return onvif_request(self._url, GET_TIME)

    def received(self, data: bytes) -> Verdict | None:
        try:
            response = self._reader.receive(data)
        except WireError:
            return Verdict("protocol", 1, self._reader.status)
        self.status = self._reader.status
        return self._judged(response) if response is not None else None

    def closed(self) -> Verdict:
        response = self._reader.closed()
        return self._judged(response) if response is not None else Verdict("reset", 1, self.status)

    def _judged(self, response: HttpResponse) -> Verdict:
        answered = self._now_ms()
        reason, told, _, spoke = read_answer(response, parse_time)
        if told is not None:
            self.facts = judge(told, self._asked, answered)
        return Verdict(reason, 2 if spoke else 1, response.status)


class OnvifEnrol:
    """An ``OnvifSession`` over as many connections as the camera makes it take. ``facts``: an ``OnvifFacts``."""

    __slots__ = ("_session", "_taken", "more")
    probe = "onvif_enrol"
    read_size = Brief.read_size
    max_received = Brief.max_received

    def __init__(self, session: OnvifSession) -> None:
        self._session = session
        self._taken = 0
        self.more = False

    @property
    def stage(self) -> int:
        return self._session.stage

    @property
    def status(self) -> int:
        return self._session.status

    @property
    def flags(self) -> int:
        return SENT if self._session.sent else UNSENT

    @property
    def facts(self) -> OnvifFacts:
        return self._session.result().facts

    def first(self) -> bytes | Verdict:
        self._taken = 0
        return self._session.next_request(fresh=True) or self._verdict("ok")

    def received(self, data: bytes) -> bytes | Verdict | None:
        self._taken += len(data)
        if not self._session.received(data):
            return None
        if self._session.reusable and self._taken < PER_CONNECTION:
            again = self._session.next_request(fresh=False)
            if again is not None:
                return again
        return self._parted()

    def closed(self) -> Verdict:
        return self._parted() if self._session.lost() else self._verdict("reset")

    def expired(self) -> Verdict:
        return Verdict("timeout", self.stage, self.status)

    def broken(self) -> bool:
        return self._session.broken()

    def _parted(self) -> Verdict:
        """The end, or the end of this connection only."""
        self.more = not self._session.finished
        return self._verdict("ok")

    def _verdict(self, otherwise: str) -> Verdict:
        reason, stage, status, _ = self._session.result()
        return Verdict(reason or otherwise, stage, status)


def onvif_address(target: Target) -> HttpUrl:
    """The device service of ``target`` at the host and port that are dialled. Raises ``UrlError``."""
    told = parsed_http(target.url) if target.url else HttpUrl("http", target.host, target.port)
    path = DEVICE_PATH if told.path == "/" else told.path
    return HttpUrl(told.scheme, target.host, target.port, path)


def onvif_time(target: Target) -> OnvifTime:
    """The conversation for ``target``. Raises ``UrlError``."""
    return OnvifTime(onvif_address(target))


def onvif_enrol(
    target: Target,
    *,
    progress: Callable[[CallRecord], None] | None = None,
    now_ms: Callable[[], int] = wall_ms,
    basic_in_clear: bool = False,
    brief: bool = False,
    challenge_first: bool = False,
    most_profiles: int = MOST_PROFILES,
) -> OnvifEnrol:
    """The conversation for ``target``, with its credential when it has one. Raises ``UrlError``."""
    login = Credential(target.username, target.password) if target.username or target.password else None
    url = onvif_address(target)
    session = OnvifSession(
        url,
        login,
        now_ms,
        basic_in_clear=basic_in_clear,
        brief=brief,
        challenge_first=challenge_first,
        most_profiles=most_profiles,
        progress=progress,
    )
    return OnvifEnrol(session)
