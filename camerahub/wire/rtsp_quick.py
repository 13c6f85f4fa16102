"""The hot path of liveness: one OPTIONS out, one status in, without building a machine per camera.

One regular expression takes the replies nearly every camera sends; everything else goes the long way through
``Reader``, so both roads accept and refuse the same bytes.
"""

from __future__ import annotations

import re

from camerahub.wire.rtsp_reader import DEFAULT, Reader, StatusMessage
from camerahub.wire.url import RtspUrl

#: A strict part of what ``Reader`` accepts: CRLF, no folding, no body, at most 64 headers, in 4096 bytes.
_QUICK = re.compile(
    rb"RTSP/[12]\.\d ([2-5]\d\d)(?: [ -~]*+)?+\r\n"
    rb"(?:(?![Cc][Oo][Nn][Tt][Ee][Nn][Tt]-)[!-9;-~]++:[\t -~]*+\r\n){0,64}+\r\n"
)
_QUICK_MAX = 4096


def quick_options(url: RtspUrl | str) -> bytes:
    """The smallest correct OPTIONS request, CSeq 1, no credentials. ``url``: an address, or its ``url.request_uri``."""
    return f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode("ascii")


def quick_status(data: bytes) -> int | None:
    """The status (200..599) of the first final reply in ``data``, all bytes received so far.

    None = its head is not complete yet. Raises ``WireError`` where ``RtspClient`` would: not RTSP, too large.
    1xx replies, requests of the peer and interleaved frames before it are passed over.
    """
    found = _QUICK.match(data)
    if found and found.end() <= _QUICK_MAX:
        return int(found[1])
    return _long_way(data)


def _long_way(data: bytes) -> int | None:
    reader = Reader(DEFAULT)
    reader.feed(data)
    while True:
        message = reader.next()
        if message is None:
            message = reader.head
            return message.status if isinstance(message, StatusMessage) and message.status >= 200 else None
        if isinstance(message, StatusMessage) and message.status >= 200:
            return message.status
