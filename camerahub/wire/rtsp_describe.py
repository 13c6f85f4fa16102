"""The hot path of the login probe: DESCRIBE, one plain Digest challenge answered, one reply.

Regular expressions take what nearly every camera sends, when it arrives whole; for everything else these functions
say None, and the owner goes the long way through ``RtspClient``: it makes one, sends nothing, feeds it what was heard
so far, and goes on from there. So both roads accept, refuse and send the same bytes, but for the client's nonce.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from camerahub.wire.digest import Credential, new_cnonce, plain_answer
from camerahub.wire.rtsp import RtspClient
from camerahub.wire.rtsp_reader import BODY_LIMIT
from camerahub.wire.url import RtspUrl

#: Bounds within those of ``Reader``: 63 headers, 4096 bytes of head.
_QUICK_MAX = 4096
_LENGTH = rb"[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]:[\t ]*+"
_HEADERS = rb"(?:(?!" + _LENGTH + rb")[!-9;-~]++:[\t -~]*+\r\n){0,31}+"
_FINAL = re.compile(
    rb"RTSP/[12]\.\d ([2-5]\d\d)(?: [ -~]*+)?+\r\n"
    rb"%b(?:%b(\d{1,6})[\t ]*+\r\n%b)?+\r\n" % (_HEADERS, _LENGTH, _HEADERS)
)
_ASKED = re.compile(
    rb"RTSP/[12]\.\d 401(?: [ -~]*+)?+\r\n"
    rb"((?:(?!%b(?!0[\t ]*+\r))[!-9;-~]++:[\t -~]*+\r\n){0,63}+)\r\n\Z" % _LENGTH
)
_CLOSES = re.compile(rb"\nconnection:[\t ]*close", re.IGNORECASE)
_CHALLENGE = re.compile(r"^www-authenticate:[\t ]*+([^\r]*)", re.IGNORECASE | re.MULTILINE)


def quick_describe(url: RtspUrl) -> bytes:
    """The first request of ``RtspClient`` for ``url``: DESCRIBE, CSeq 1, no credentials."""
    return RtspClient(url).describe()


def quick_answer(
    data: bytes, credential: Credential, request: bytes, cnonce: Callable[[], str] = new_cnonce
) -> bytes | None:
    """What ``RtspClient`` sends when ``data`` is all it heard after ``request``, made by ``quick_describe``; or None.

    None = the long way: ``data`` is not one whole 401 with one plain Digest challenge, perhaps beside Basic ones.
    """
    found = _ASKED.match(data)
    if not found or len(data) > _QUICK_MAX or _CLOSES.search(data):
        return None
    uri = request[9 : request.index(b" ", 9)].decode("ascii")
    login = plain_answer(_CHALLENGE.findall(found[1].decode("ascii")), credential, "DESCRIBE", uri, cnonce)
    if login is None:
        return None
    again = request[:-2].replace(b"\r\nCSeq: 1\r\n", b"\r\nCSeq: 2\r\n", 1)
    return b"%bAuthorization: %b\r\n\r\n" % (again, login.encode("latin-1"))


def quick_final(data: bytes) -> int | None:
    """The status (200..599, never 401 or 407) of the whole reply that ``data`` begins with; None = the long way."""
    found = _FINAL.match(data)
    if not found or (end := found.end()) > _QUICK_MAX:
        return None
    status = int(found[1])
    length = int(found[2] or 0)
    if status in (401, 407) or length > BODY_LIMIT or len(data) < end + length:
        return None
    return status
