"""`snapshot`: one JPEG over HTTP(S), whose picture then goes to a decoder (``probes.pictures``) as a key picture does.

It proves that the camera hands out a picture, not that it is today's: ``Shots`` remembers the last one of each
endpoint, and what looks like a cached picture is marked ``stale`` in the facts. Where it stands in for a stream
(``core.stand_in``), only a picture that was seen to change is judged.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from camerahub.core.result import MAIN, SENT, UNSENT, MediaFacts, Target
from camerahub.core.stand_in import FRESHNESS, SHOT_ROW, LastShot, mark_of
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
_NO_DIGEST = bytes(32)


class Snapshot:
    """A ``SnapshotSession`` on its connection, or two where the camera closes after its challenge.

    ``address``: the one it stands in with for a stream, "" when the snapshot itself was asked for.
    """

    __slots__ = ("_session", "address")
    probe = "snapshot"
    read_size = 65536
    max_received = MAX_RECEIVED

    def __init__(self, session: SnapshotSession, address: str = "") -> None:
        self._session = session
        self.address = address

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
    """The last picture of each endpoint, by its digest; the one seen longest ago is forgotten first.

    Those that stand in for a stream have a memory of their own, which the register keeps (``row``, ``learn``).
    """

    __slots__ = ("_last", "_most")

    def __init__(self, most: int = REMEMBERED) -> None:
        self._last: OrderedDict[tuple[int, bool], LastShot] = OrderedDict()
        self._most = most

    def judge(self, endpoint: int, shot: Shot | None, at_us: int, address: str = "") -> str:
        """``freshness`` of ``shot`` (None: ""), which is then remembered; ``at_us`` µs UTC of our clock.

        ``address``: where it came from when it stands in for a stream: judged strictly, beside the same address only.
        """
        if shot is None:
            return ""
        key, mark = (endpoint, bool(address)), mark_of(address) if address else 0
        last = self._last.pop(key, None)
        before = Seen(last.digest, last.date, last.at) if last is not None and last.address == mark else None
        now = LastShot(at_us // 1_000_000, shot.date, mark, shot.digest)
        fresh = freshness(shot, now.digest, now.at, before, strict=bool(address))
        self._remember(key, now)
        return fresh

    def learn(self, endpoint: int, told: bytes) -> None:
        """What the register knows of the last one that stood in; nothing where a newer one was seen here."""
        last, known = LastShot.unpack(told), self._last.get((endpoint, True))
        if known is None or known.at < last.at:
            self._remember((endpoint, True), last)

    def forget(self, endpoint: int) -> None:
        """It is looked at by another prober, or by none."""
        self._last.pop((endpoint, True), None)

    def row(self, endpoint: int, at_us: int, fresh: str) -> bytes:
        """What the register is to keep of the picture judged last, a ``core.stand_in.SHOT_ROW``."""
        last = self._last[endpoint, True]
        code = FRESHNESS.index(fresh)
        return SHOT_ROW.pack(endpoint, at_us, last.date, code, 0, last.address, last.digest)

    def _remember(self, key: tuple[int, bool], last: LastShot) -> None:
        self._last[key] = last
        if len(self._last) > self._most:
            self._last.popitem(last=False)


def refused_row(endpoint: int, at_us: int, address: str) -> bytes:
    """That the login was refused there, a ``core.stand_in.SHOT_ROW``."""
    return SHOT_ROW.pack(endpoint, at_us, 0, 0, 1, mark_of(address), _NO_DIGEST)


def beside(target: Target) -> Target:
    """``target`` turned to the snapshot that may stand in for its stream: the same host, whatever the address says.

    Raises ``UrlError``.
    """
    url = parsed_http(target.shot_url)
    return replace(target, url=target.shot_url, port=url.port, sub_url="", stream="")


def snapshot(target: Target, *, basic_in_clear: bool = False) -> Snapshot:
    """The conversation for ``target.url``, at the host and port that are dialled. Raises ``UrlError``."""
    if not target.url:
        raise UrlError("http_scheme")
    told = parsed_http(target.url)
    url = HttpUrl(told.scheme, target.host, target.port, told.path)
    login = Credential(target.username, target.password) if target.username or target.password else None
    session = SnapshotSession(url, login, basic_in_clear=basic_in_clear)
    return Snapshot(session, str(url) if target.shot_url else "")
