"""Enrolling one camera over ONVIF as a machine without sockets: what it is, what it offers, how its clock goes.

Cameras may close after every response, so the machine thinks in requests, not in connections: whoever has the socket
asks ``next_request``, hands in what comes by ``received`` or ``lost``, and dials again where ``reusable`` is False.

The road: GetSystemDateAndTime without a login, always first; then, with a login if there is one, GetDeviceInformation,
GetServices (else GetCapabilities), GetProfiles, and GetStreamUri and GetSnapshotUri of the first profiles.

The login, made so that it locks nobody out (Hikvision counts every failure):

* The first signed request carries a WS-UsernameToken, made with the camera's own clock where it told it.
* HTTP Digest follows only where a 401 brings a Digest challenge and no fault that refuses the token.
* ``challenge_first``: GetDeviceInformation is asked once without a login. Who then offers Digest gets Digest and never
  a token, so that a fault beside the challenge (gSOAP devices always send one) is no riddle; who answers needs none.
* Basic is sent over TLS only, or where the caller says so.
* Until it is accepted it goes over a fresh connection each time, where nothing is ever sent twice.
* The first refusal after that ends everything. No second password, no second try, also in later calls.
"""

from __future__ import annotations

import calendar
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from camerahub.wire import onvif as calls
from camerahub.wire.digest import Authenticator, Credential, new_cnonce, parse_challenges
from camerahub.wire.http import HttpReader, HttpResponse, WireError
from camerahub.wire.onvif import Call, DeviceInfo, Profile, Service
from camerahub.wire.onvif_address import Address, repair_http, repair_rtsp, service_at
from camerahub.wire.onvif_clock import Clock, DeviceTime, judge
from camerahub.wire.soap import Fault, OnvifError, username_token
from camerahub.wire.url import HttpUrl

T = TypeVar("T")
Parse = Callable[[bytes, str], T | Fault]

MOST_PROFILES = 16
#: What is no SOAP at all, against an answer that only lacks something.
_NO_ONVIF = ("xml", "soap", "dtd", "too_large")


class CallRecord(NamedTuple):
    """One call that was made: its name, the profile it was about, its reason, HTTP status, and ms until the answer."""

    name: str
    subject: str
    reason: str
    status: int
    took_ms: int


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """One profile with its addresses, None where the camera told none that can be used."""

    profile: Profile
    stream: Address | None = None
    snapshot: Address | None = None


@dataclass(frozen=True, slots=True)
class OnvifFacts:
    """What one session learned. ``scheme`` how the login was sent: "none", "token", "digest" or "basic".

    ``profiles`` the first ``MOST_PROFILES``; ``profiles_total`` how many the camera has. Whatever was not reached is
    None or empty.
    """

    clock: Clock | None = None
    device: DeviceInfo | None = None
    services: tuple[Service, ...] = ()
    profiles: tuple[ProfileFacts, ...] = ()
    profiles_total: int = 0
    scheme: str = "none"
    calls: tuple[CallRecord, ...] = field(default=(), repr=False)


class _Ask(NamedTuple):
    """A request the road wants made; ``authorization`` where a challenge was answered already."""

    url: HttpUrl
    call: Call
    signed: bool
    authorization: str = ""


class OnvifResult(NamedTuple):
    """How the session ended: a reason, the highest stage proven (1..3), the last HTTP status, the facts."""

    reason: str
    stage: int
    status: int
    facts: OnvifFacts


def reason_of(status: int, fault: Fault | None) -> str:
    """The reason for an HTTP ``status`` 200..599 with a SOAP fault, or without SOAP.

    A fault says more than its status; 403 and 5xx may mean "no place now", as in RTSP.
    """
    if status == 401 or (fault is not None and fault.not_authorized):
        return "auth"
    if fault is not None:
        if fault.not_supported:
            return "not_found"
        return "busy" if fault.code == "Receiver" else "protocol"
    if status == 403 or status >= 500:
        return "busy"
    return "protocol" if status < 300 else "not_found"


def read_answer(response: HttpResponse, parse: Parse[T]) -> tuple[str, T | None, Fault | None, bool]:
    """(reason, value, fault, whether it was SOAP) of one response. Never raises for a peer."""
    try:
        found = parse(response.body, response.headers.get("content-type"))
    except OnvifError as error:
        return reason_of(response.status, None), None, None, error.kind not in _NO_ONVIF
    if isinstance(found, Fault):
        return reason_of(response.status, found), None, found, True
    if response.status >= 300:
        return reason_of(response.status, None), None, None, True
    return "ok", found, None, True


def device_moment(our_ms: int, offset_ms: int) -> str:
    """``our_ms`` on a clock that is ``offset_ms`` ahead, as a token says it: "2026-01-31T08:00:00Z"."""
    seconds = min(max(0, (our_ms + offset_ms) // 1000), _LAST_SECOND)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_LAST_SECOND = calendar.timegm((2999, 12, 31, 23, 59, 59))


def new_nonce() -> bytes:
    """Sixteen bytes nobody can guess."""
    return os.urandom(16)


class OnvifSession:
    """One enrolment. ``now_ms`` gives our wall clock (ms since 1970); ``nonce`` and ``cnonce`` are for tests.

    ``brief``: it ends with GetDeviceInformation, two calls that tell clock, login and identity. ``progress`` is told
    each call as it ends.
    """

    def __init__(
        self,
        url: HttpUrl,
        credential: Credential | None,
        now_ms: Callable[[], int],
        *,
        basic_in_clear: bool = False,
        brief: bool = False,
        challenge_first: bool = False,
        most_profiles: int = MOST_PROFILES,
        nonce: Callable[[], bytes] = new_nonce,
        cnonce: Callable[[], str] = new_cnonce,
        progress: Callable[[CallRecord], None] | None = None,
    ) -> None:
        self._url = url
        self._credential = credential
        self._now_ms = now_ms
        self._basic = basic_in_clear or url.scheme == "https"
        self._brief = brief
        self._challenge_first = challenge_first
        self._most = most_profiles
        self._nonce = nonce
        self._progress = progress
        self._login = Authenticator(credential, cnonce=cnonce) if credential else None
        self._scheme = "token" if credential else "none"
        self._let_in = False
        self._offset_ms = 0
        self._clock: Clock | None = None
        self._device: DeviceInfo | None = None
        self._services: tuple[Service, ...] = ()
        self._profiles: list[ProfileFacts] = []
        self._profiles_total = 0
        self._calls: list[CallRecord] = []
        self._reason = ""
        self.stage = 1
        self.status = 0
        #: The login has gone out, in whatever form.
        self.sent = False
        self._reader = HttpReader()
        self._asked = 0
        self._fresh = True
        self._heard = False
        self._reusable = False
        self._parts = False  # this camera closes without saying so
        self._road = self._enrol()
        self._ask = next(self._road)

    # -- the face of the machine --------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Nothing is left to ask."""
        return bool(self._reason)

    @property
    def reusable(self) -> bool:
        """The next request may go over the connection the last response came by."""
        return self._reusable and not self._parts and not self._unproven

    @property
    def _unproven(self) -> bool:
        """The next request carries a login the camera has not accepted yet.

        Such a one goes over a connection of its own: over a used one it might be lost, and sending it again could
        be the second of the few failures that lock us out.
        """
        return self._ask.signed and self._credential is not None and not self._let_in

    def next_request(self, *, fresh: bool) -> bytes | None:
        """What to send now, over a new connection (``fresh``) or the same; None when finished."""
        if self.finished:
            return None
        self._reader = HttpReader()
        self._fresh, self._heard, self._asked = fresh, False, self._now_ms()
        return self._build(self._ask)

    def received(self, data: bytes) -> bool:
        """Take bytes; True when they complete the response, and ``next_request`` or ``result`` is next."""
        self._heard = True
        try:
            response = self._reader.receive(data)
        except WireError:
            self._advance(None)
            return True
        if response is None:
            return False
        self._advance(response)
        return True

    def lost(self) -> bool:
        """The peer closed. True when the session goes on (``next_request(fresh=True)`` is next, or it is finished).

        Many cameras close after each response without saying so: a request that met a closed connection is made
        anew, with a new nonce, over a new one, once, and no connection is used twice from then on. False: the answer
        was cut short, which ends the session.
        """
        response = self._reader.closed()
        if response is not None:
            self._advance(response)
            return True
        return self.broken()

    def broken(self) -> bool:
        """The connection was reset, or closed without a whole response. True and False as ``lost``."""
        if self._fresh or self._heard:
            return False
        self._ask = self._ask._replace(authorization="")
        self._reusable, self._parts = False, True
        return True

    def result(self) -> OnvifResult:
        """What came of it so far; reason "" while it is not finished."""
        facts = OnvifFacts(
            self._clock,
            self._device,
            self._services,
            tuple(self._profiles),
            self._profiles_total,
            self._scheme,
            tuple(self._calls),
        )
        return OnvifResult(self._reason, self.stage, self.status, facts)

    def _advance(self, response: HttpResponse | None) -> None:
        self._reusable = response is not None and response.reusable
        self.status = response.status if response else self._reader.status or self.status
        try:
            self._ask = self._road.send(response)
        except StopIteration as end:
            self._reason = end.value

    # -- the road: a generator of requests that is sent the responses, and gives the final reason ---------------------

    def _enrol(self) -> Generator[_Ask, HttpResponse | None, str]:
        reason, told = yield from self._call(self._url, calls.GET_TIME, calls.parse_time, signed=False)
        if told is not None:
            self._take_time(told)
        elif self.stage < 2 and reason != "auth":
            return reason  # a refusal is no reason to give up: some cameras guard even their clock
        if self._challenge_first and self._login is not None:
            yield from self._ask_bare()
        reason, self._device = yield from self._call(self._url, calls.GET_DEVICE, calls.parse_device)
        if self._device is None:
            return reason
        self.stage, self._let_in = 3, True
        if self._brief:
            return reason
        if (yield from self._ask_services()) == "auth":
            return "auth"
        return (yield from self._ask_profiles())

    def _ask_bare(self) -> Generator[_Ask, HttpResponse | None, None]:
        """Learn how the camera wants to be logged in to; a failure nobody counts."""
        response = yield _Ask(self._url, calls.GET_DEVICE, signed=False)
        if response is None or self._login is None:
            return
        if read_answer(response, calls.parse_device)[1] is not None:
            self._login, self._credential, self._scheme = None, None, "none"
        elif response.status == 401 and (answer := self._answer(self._url, response)) is not None:
            self._scheme = answer.partition(" ")[0].lower()

    def _take_time(self, told: DeviceTime) -> None:
        self._clock = judge(told, self._asked, self._now_ms())
        self._offset_ms = self._clock.offset_ms or 0

    def _ask_services(self) -> Generator[_Ask, HttpResponse | None, str]:
        for call, parse in (
            (calls.GET_SERVICES, calls.parse_services),
            (calls.GET_CAPABILITIES, calls.parse_capabilities),
        ):
            reason, told = yield from self._call(self._url, call, parse)
            self._services = told or ()
            if told or reason == "auth":
                return reason
        return reason

    def _media(self) -> HttpUrl:
        """Where the media service is: as told, else where all services of a simple camera are."""
        for service in self._services:
            if service.namespace == calls.MEDIA:
                try:
                    return service_at(service.address, self._url)
                except OnvifError:
                    break
        return self._url

    def _ask_profiles(self) -> Generator[_Ask, HttpResponse | None, str]:
        media = self._media()
        reason, told = yield from self._call(media, calls.GET_PROFILES, calls.parse_profiles)
        if told is None:
            return reason
        self._profiles_total = len(told)
        self._profiles = [ProfileFacts(profile) for profile in told[: self._most]]
        first, last = "ok", "ok"
        pictures = True
        for i, facts in enumerate(self._profiles):
            token = facts.profile.token
            last, stream = yield from self._address(media, calls.get_stream_uri(token), token)
            self._profiles[i] = facts = replace(facts, stream=stream)
            first = first if i else last
            if last == "auth":
                return last
            if pictures:
                why, snapshot = yield from self._address(media, calls.get_snapshot_uri(token), token)
                self._profiles[i] = replace(facts, snapshot=snapshot)
                if why == "auth":
                    return why
                pictures = snapshot is not None
        return "ok" if any(facts.stream for facts in self._profiles) else first

    def _address(
        self, media: HttpUrl, call: Call, token: str
    ) -> Generator[_Ask, HttpResponse | None, tuple[str, Address | None]]:
        stream = call.name == "GetStreamUri"
        parse = calls.parse_stream_uri if stream else calls.parse_snapshot_uri
        reason, told = yield from self._call(media, call, parse, subject=token)
        if told is None:
            return reason, None
        try:
            return "ok", repair_rtsp(told, self._url) if stream else repair_http(told, self._url)
        except OnvifError:
            self._calls[-1] = self._calls[-1]._replace(reason="protocol")
            return "protocol", None

    # -- one call, with the login -------------------------------------------------------------------------------------

    def _call(
        self, url: HttpUrl, call: Call, parse: Parse[T], *, signed: bool = True, subject: str = ""
    ) -> Generator[_Ask, HttpResponse | None, tuple[str, T | None]]:
        """(reason, value or None) of one call; made at most twice, and noted."""
        ask = _Ask(url, call, signed)
        while True:
            response = yield ask
            if response is None:
                return self._note(call, subject, "protocol"), None
            reason, value, fault, spoke = read_answer(response, parse)
            if spoke:
                self.stage = max(self.stage, 2)
            if reason == "ok" and signed and self._login is not None:
                self._login.accepted()
            again = self._next_login(url, response, fault) if reason == "auth" and signed else None
            if again is None:
                return self._note(call, subject, reason), value
            ask = _Ask(url, call, signed, again)

    def _build(self, ask: _Ask) -> bytes:
        """The bytes of a request, made when it is sent: a token is good for seconds only."""
        url, call, signed, authorization = ask
        if not signed or self._login is None or self._credential is None:
            return calls.onvif_request(url, call)
        self.sent = True
        if self._scheme == "token":
            created = device_moment(self._now_ms(), self._offset_ms)
            token = username_token(self._credential, self._nonce(), created)
            return calls.onvif_request(url, call, security=token)
        authorization = authorization or self._login.authorize("POST", url.path) or ""
        return calls.onvif_request(url, call, authorization=authorization)

    def _next_login(self, url: HttpUrl, response: HttpResponse, fault: Fault | None) -> str | None:
        """The Authorization to try now, None when the camera has refused us."""
        if self._login is None or response.status != 401:
            return None
        if self._scheme == "token" and (self._let_in or (fault is not None and fault.not_authorized)):
            return None
        answer = self._answer(url, response)
        if answer is not None:
            self._scheme = answer.partition(" ")[0].lower()
        return answer

    def _answer(self, url: HttpUrl, response: HttpResponse) -> str | None:
        """The Authorization for a 401, None where it offers nothing that may be used (any more)."""
        offered = parse_challenges(response.headers.all("www-authenticate"))
        usable = [c for c in offered if c.scheme == "digest" or (c.scheme == "basic" and self._basic)]
        return self._login.answer(usable, "POST", url.path) if self._login is not None else None

    def _note(self, call: Call, subject: str, reason: str) -> str:
        record = CallRecord(call.name, subject, reason, self.status, max(0, self._now_ms() - self._asked))
        self._calls.append(record)
        if self._progress is not None:
            self._progress(record)
        return reason
