"""Answers to 401 and 407: Basic, and Digest with MD5 and SHA-256.

Sources: RFC 7617 (Basic), RFC 7616 and RFC 2617 (Digest), RFC 2069 (no qop). Header texts here are Latin-1 views
of bytes, so that a realm in any encoding is hashed and sent back byte for byte. This file knows no messages; it is
handed header values and gives header values. It stops for good at the first refusal: cameras lock the address out
after about five wrong logins.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from camerahub.wire.url import UrlError

MAX_CHALLENGES = 16

_TOKEN = re.compile(
    r"""([A-Za-z0-9!#$%&'*+.^_`|~-]++)\s*+(?:(=)\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s,"]*+)))?""",
)
_ESCAPED = re.compile(r"\\(.)")
#: What most cameras send: one Digest, lower-case names, no escapes. A part of what ``_TOKEN`` reads, and read alike.
_PLAIN = re.compile(
    r'[Dd]igest ((?:[a-z]++=(?:"[ !#-\[\]-~]*+"|[A-Za-z0-9-]++)(?:, ?|\Z))++)\Z',
)
_PLAIN_PAIR = re.compile(r'([a-z]++)="?((?<=")[^"]*+|[A-Za-z0-9-]++)')
_PLAIN_BASIC = re.compile(r'[Bb]asic realm="[ !#-\[\]-~]*+"\Z')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


#: Copied for each digest, since looking an algorithm up costs more than using it.
_MD5 = hashlib.md5(usedforsecurity=False)


def _md5(data: bytes) -> str:
    copy = _MD5.copy()
    copy.update(data)
    return copy.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


#: Digest algorithms by upper-case name: hash, whether A1 is per session, preference (lower is better).
ALGORITHMS: dict[str, tuple[Callable[[bytes], str], bool, int]] = {
    "SHA-256": (_sha256, False, 0),
    "SHA-256-SESS": (_sha256, True, 1),
    "MD5": (_md5, False, 2),
    "MD5-SESS": (_md5, True, 3),
}
_BASIC_RANK = 8
UNUSABLE = 9


@dataclass(frozen=True, slots=True)
class Credential:
    """Who logs in. ``repr`` hides the password. Raises ``UrlError`` for control characters in the user name."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if _CONTROL.search(self.username):
            raise UrlError("control")


@dataclass(slots=True)
class Challenge:
    """One offer of a server. ``scheme`` "basic", "digest" or another lower-case name.

    ``algorithm`` as the server wrote it ("" = not named = MD5); ``qop`` lower-case options offered.
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    algorithm: str = ""
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    userhash: bool = False

    @property
    def rank(self) -> int:
        """Preference: SHA-256 0 … MD5 2 … Basic 8; 9 = cannot be answered (unknown scheme, algorithm, qop)."""
        if self.scheme == "basic":
            return _BASIC_RANK
        known = ALGORITHMS.get(self.algorithm.upper() or "MD5")
        if self.scheme != "digest" or not known or not self.nonce or (self.qop and "auth" not in self.qop):
            return UNUSABLE
        return known[2]


def parse_challenges(header_values: Iterable[str]) -> list[Challenge]:
    """All challenges of one or many WWW-Authenticate values, best first (``Challenge.rank``; stable).

    Several challenges may share one value. Never raises: what cannot be read is skipped; at most 16 are kept.
    """
    groups: list[tuple[str, dict[str, str]]] = []
    for value in header_values:
        _collect(value, groups)
    return sorted((_challenge(scheme, params) for scheme, params in groups), key=attrgetter("rank"))


def _collect(value: str, groups: list[tuple[str, dict[str, str]]]) -> None:
    params: dict[str, str] | None = None
    if _CONTROL.search(value):
        return
    for name, equals, quoted, bare in _TOKEN.findall(value):
        if equals:
            if params is not None:
                params.setdefault(name.lower(), _unescaped(quoted) or bare)
        elif len(groups) < MAX_CHALLENGES:
            params = {}
            groups.append((name.lower(), params))
        else:
            return


def _unescaped(quoted: str) -> str:
    return _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted


def _challenge(scheme: str, params: dict[str, str]) -> Challenge:
    if scheme != "digest":
        return Challenge(scheme, params.get("realm", ""))
    return Challenge(
        scheme=scheme,
        realm=params.get("realm", ""),
        nonce=params.get("nonce", ""),
        algorithm=params.get("algorithm", ""),
        qop=_options(params.get("qop", "")),
        opaque=params.get("opaque"),
        stale=params.get("stale", "").lower() == "true",
        userhash=params.get("userhash", "").lower() == "true",
    )


def _options(qop: str) -> tuple[str, ...]:
    return ("auth",) if qop == "auth" else tuple(qop.lower().replace(",", " ").split())


def plain_challenge(value: str) -> Challenge | None:
    """The one challenge in ``value`` where it is a Digest in its plain form; None = ask ``parse_challenges``."""
    found = _PLAIN.match(value)
    if not found:
        return None
    pairs = _PLAIN_PAIR.findall(found[1])
    params = dict(pairs)
    if len(params) < len(pairs):
        return None
    return _challenge("digest", params)


def plain_answer(
    values: list[str], credential: Credential, method: str, uri: str, cnonce: Callable[[], str]
) -> str | None:
    """What a new ``Authenticator`` answers to these header values, where one is a plain Digest and the rest Basic.

    None = ask the ``Authenticator``.
    """
    chosen = None
    for value in values:
        if _PLAIN_BASIC.match(value):
            continue
        challenge = plain_challenge(value)
        if challenge is None or chosen is not None or challenge.rank > _BASIC_RANK:
            return None
        chosen = challenge
    if chosen is None or len(values) > MAX_CHALLENGES:
        return None
    return _digest(chosen, credential, method, uri, cnonce(), 1)


def new_cnonce() -> str:
    """A client nonce nobody can guess."""
    return os.urandom(8).hex()


class Authenticator:
    """One credential against one server; remembers the challenge, counts nc, and gives up at the first refusal.

    ``cnonce`` makes client nonces (one per server nonce, so that -sess keys hold); random unless a test says.
    """

    def __init__(self, credential: Credential, *, cnonce: Callable[[], str] = new_cnonce) -> None:
        self._credential = credential
        self._new_cnonce = cnonce
        self._chosen: Challenge | None = None
        self._cnonce = ""
        self._count = 0
        self._accepted = False
        self._renewed = False
        self._refused = False

    @property
    def refused(self) -> bool:
        """The server refused the credential; ``answer`` and ``authorize`` give None from now on."""
        return self._refused

    @property
    def started(self) -> bool:
        """An answer has been made; ``authorize`` gives the next ones."""
        return self._chosen is not None

    def answer(self, challenges: list[Challenge], method: str, uri: str) -> str | None:
        """The Authorization value for a 401 with ``challenges``; ``uri`` is the request-URI as sent.

        None = do not try (again): nothing usable was offered (``refused`` stays False), or an answer was
        refused (``refused``). A fresh nonce is answered once when the server says stale=true, or when it
        had accepted this credential before (some cameras renew the nonce for each request and never say stale).
        """
        if self._refused:
            return None
        usable = [c for c in challenges if c.rank < UNUSABLE and self._can_carry(c)]
        if self._chosen is not None:
            usable = self._renewals(usable, self._chosen)
            self._refused = not usable
        if not usable:
            return None
        self._renewed = self._chosen is not None
        self._chosen, self._cnonce, self._count = usable[0], self._new_cnonce(), 0
        return self.authorize(method, uri)

    def _can_carry(self, challenge: Challenge) -> bool:
        return challenge.scheme != "basic" or ":" not in self._credential.username

    def _renewals(self, usable: list[Challenge], last: Challenge) -> list[Challenge]:
        if self._renewed or last.scheme == "basic":
            return []
        return [
            c
            for c in usable
            if c.scheme == "digest" and c.nonce != last.nonce and (c.stale or self._accepted)
        ]

    def authorize(self, method: str, uri: str) -> str | None:
        """The Authorization value for the next request, sent unasked once a challenge is known; else None."""
        if self._chosen is None or self._refused:
            return None
        self._count += 1
        if self._chosen.scheme == "basic":
            return _basic(self._credential)
        return _digest(self._chosen, self._credential, method, uri, self._cnonce, self._count)

    def accepted(self) -> None:
        """Tell that a request with an answer succeeded (2xx): the credential is proven."""
        if self._chosen is not None:
            self._accepted, self._renewed = True, False


def _basic(credential: Credential) -> str:
    pair = _utf8(f"{credential.username}:{credential.password}")
    return "Basic " + base64.b64encode(pair).decode("ascii")


def _digest(
    challenge: Challenge, credential: Credential, method: str, uri: str, cnonce: str, count: int
) -> str:
    """The Digest value; RFC 7616 section 3.4, and RFC 2069 when the server offers no qop."""
    hash_, session, _ = ALGORITHMS[challenge.algorithm.upper() or "MD5"]
    realm, nonce = challenge.realm.encode("latin-1", "replace"), challenge.nonce.encode("latin-1", "replace")
    user = _utf8(credential.username)
    secret = hash_(b"%b:%b:%b" % (user, realm, _utf8(credential.password)))
    if session:
        secret = hash_(b"%b:%b:%b" % (secret.encode(), nonce, cnonce.encode()))
    if challenge.userhash:
        user = hash_(user + b":" + realm).encode()
    request = hash_(f"{method}:{uri}".encode())
    middle = b":%08x:%b:auth" % (count, cnonce.encode()) if challenge.qop else b""
    response = hash_(b"%b:%b%b:%b" % (secret.encode(), nonce, middle, request.encode()))
    return (
        f'Digest username="{_quoted(user.decode("latin-1"))}", realm="{_quoted(challenge.realm)}", '
        f'nonce="{_quoted(challenge.nonce)}", uri="{uri}", response="{response}"'
        f"{_optional_parts(challenge, session, cnonce, count)}"
    )


def _optional_parts(challenge: Challenge, session: bool, cnonce: str, count: int) -> str:
    parts = f", algorithm={challenge.algorithm}" if challenge.algorithm else ""
    if challenge.opaque is not None:
        parts += f', opaque="{_quoted(challenge.opaque)}"'
    if challenge.qop:
        parts += f", qop=auth, nc={count:08x}"
    if challenge.qop or session:
        parts += f', cnonce="{cnonce}"'
    return parts + ", userhash=true" if challenge.userhash else parts


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
