"""`snapshot`: one JPEG over HTTP(S), whose picture then goes to a decoder (``probes.pictures``) as a key picture does.

It proves that the camera hands out a picture, not that it is today's: ``Shots`` remembers the last one of each
endpoint, and what looks like a cached picture is marked ``stale`` in the facts. It speaks of no facet.
"""

from __future__ import annotations

from collections import OrderedDict

from camerahub.core.result import MAIN, SENT, UNSENT, MediaFacts, Target
from camerahub.probes.address import parsed_http
from camerahub.probes.engine import Redial, Verdict
from camerahub.wire.digest import Credential
from camerahub.wire.keyframe import KeyFrame
from camerahub.wire.snapshot import PICTURE_LIMITS, Seen, Shot, SnapshotSession, freshness
from camerahub.wire.url import HttpUrl, UrlError

#: The picture, and what was said around it.
MAX_RECEIVED = PICTURE_LIMITS.body + 512 * 1024
#: Endpoints whose last picture is remembered, by its digest: some 10 MB.
REMEMBERED = 65_536


class Snapshot:
    """A ``SnapshotSession`` on its connection, or two where the camera closes after its challenge."""

    __slots__ = ("_session",)
    probe = "snapshot"
    read_size = 65536
    max_received = MAX_RECEIVED

    def __init__(self, session: SnapshotSession) -> None:
        self._session = session

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
    def shot(self) -> Shot | None:
        """The picture as it came."""
        return self._session.shot

    @property
    def key_frame(self) -> KeyFrame | None:
        """The picture as a decoder takes it."""
        shot = self.shot
        return KeyFrame("JPEG", shot.data, 0, len(shot.data)) if shot is not None else None

    @property
    def facts(self) -> MediaFacts:
        """What was learned besides the verdict."""
        shot, received = self.shot, self._session.taken
        return MediaFacts(MAIN, "JPEG", received, len(shot.data)) if shot else MediaFacts(received=received)

    def first(self) -> bytes:
        return self._session.request()

    def received(self, data: bytes) -> bytes | Verdict | None:
        answer = self._session.received(data)
        return self._verdict() if self._session.reason else answer

    def closed(self) -> Verdict | Redial:
        return Redial() if self._session.closed() else self._verdict()

    def expired(self) -> Verdict:
        return Verdict("timeout", self.stage if self.status else 0, self.status)

    def _verdict(self) -> Verdict:
        return Verdict(self._session.reason, self.stage, self.status)


class Shots:
    """The last picture of each endpoint, by its digest; the one seen longest ago is forgotten first."""

    __slots__ = ("_last", "_most")

    def __init__(self, most: int = REMEMBERED) -> None:
        self._last: OrderedDict[int, Seen] = OrderedDict()
        self._most = most

    def judge(self, endpoint: int, shot: Shot | None, at_us: int) -> str:
        """``freshness`` of ``shot`` (None: ""), which is then remembered; ``at_us`` µs UTC of our clock."""
        if shot is None:
            return ""
        at, digest = at_us // 1_000_000, shot.digest
        fresh = freshness(shot, digest, at, self._last.pop(endpoint, None))
        self._last[endpoint] = Seen(digest, shot.date, at)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
        return fresh


def snapshot(target: Target, *, basic_in_clear: bool = False) -> Snapshot:
    """The conversation for ``target.url``, at the host and port that are dialled. Raises ``UrlError``."""
    if not target.url:
        raise UrlError("http_scheme")
    told = parsed_http(target.url)
    url = HttpUrl(told.scheme, target.host, target.port, told.path)
    login = Credential(target.username, target.password) if target.username or target.password else None
    return Snapshot(SnapshotSession(url, login, basic_in_clear=basic_in_clear))
