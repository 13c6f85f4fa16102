"""One HTTP/1.1 request and its one response, as a machine without sockets.

ONVIF cameras answer with Content-Length, in chunks, or by closing the connection, and all three are read here within
fixed bounds (RFC 9112 sections 4, 6 and 7). 1xx responses are passed over. Redirects are told like any other status
and never followed: a login goes to nobody but the camera it belongs to. This file knows no SOAP, no sockets, no clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from camerahub.wire.rtsp_reader import Headers, Limits, WireError, parse_headers
from camerahub.wire.url import HttpUrl

__all__ = [
    "HTTP_LIMITS",
    "Headers",
    "HttpReader",
    "HttpResponse",
    "Limits",
    "WireError",
    "http_get",
    "http_request",
]

USER_AGENT = "camerahub"
#: A recorder with 64 channels tells its profiles in some 300 KB.
HTTP_LIMITS = Limits(head=16 * 1024, line=8 * 1024, body=384 * 1024, headers=128)
#: Interim responses passed over before somebody is only wasting our time.
MAX_INTERIM = 8

_END = re.compile(rb"\n\r?\n")
#: What nearly every camera sends: CRLF, no folding, visible ASCII. A part of what the long way accepts.
_SIMPLE = re.compile(
    rb"HTTP/1\.[01] ([2-5]\d\d)(?: ([ -~]*+))?+\r\n((?:[!-9;-~]++:[\t -~]*+\r\n){0,64}+)\r\n"
)
_PAIR = re.compile(r"([!-9;-~]++):([\t -~]*+)\r\n")
_STATUS = re.compile(r"HTTP/1\.[01] +([1-5]\d\d)(?: (.*))?\Z")
_NUMBER = re.compile(r"\d{1,18}\Z", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_MAX_CHUNK_LINE = 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A final response: ``status`` 200..599; ``body`` without its transfer coding.

    ``reusable``: the connection may carry another request.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    reusable: bool = False

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status} {len(self.body)} bytes>"


def http_request(
    url: HttpUrl,
    body: bytes,
    content_type: str,
    headers: tuple[tuple[str, str], ...] = (),
    method: str = "POST",
) -> bytes:
    """The bytes of one request with ``body``.

    Header values are visible ASCII or Latin-1 views of bytes, and never hold line ends: ValueError is a bug.
    """
    described = (("Content-Type", content_type), ("Content-Length", str(len(body))))
    return _head(url, method, described + headers) + body


def http_get(url: HttpUrl, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """The bytes of one GET; header values as in ``http_request``."""
    return _head(url, "GET", headers)


def _head(url: HttpUrl, method: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    head = f"{method} {url.path} HTTP/1.1\r\nHost: {url.authority}\r\nUser-Agent: {USER_AGENT}\r\n"
    for name, value in headers:
        if "\r" in value or "\n" in value:
            raise ValueError("a line end in a header")
        head += f"{name}: {value}\r\n"
    return head.encode("latin-1", "replace") + b"\r\n"


class HttpReader:
    """Feed the bytes of one response, take it when it is whole. Keeps at most the limits of one response."""

    __slots__ = (
        "_body",
        "_buffer",
        "_chunked",
        "_head",
        "_interim",
        "_keep",
        "_left",
        "_limits",
        "_scanned",
        "_taken",
        "_trailer",
    )

    def __init__(self, limits: Limits = HTTP_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._scanned = 0
        self._interim = 0
        self._head: HttpResponse | None = None
        self._keep = False
        self._left = -1  # bytes of the body, or of the chunk, still to come; -1 = until the peer closes
        self._chunked = False
        self._trailer = False
        self._body = bytearray()
        self._taken = 0

    @property
    def status(self) -> int:
        """The status of the response whose head has arrived, else 0."""
        return self._head.status if self._head else 0

    @property
    def headers(self) -> Headers:
        """The headers of the response whose head has arrived, else none."""
        return self._head.headers if self._head else Headers()

    @property
    def buffered(self) -> int:
        """Bytes of the peer kept."""
        return len(self._buffer) + len(self._body)

    def receive(self, data: bytes) -> HttpResponse | None:
        """Take bytes of the peer; the response once it is whole, else None. Raises ``WireError``.

        Feeding them whole, byte by byte or in any split gives the same response. Bytes after it are dropped and
        make the connection not reusable.
        """
        self._buffer += data
        while self._head is None:
            # the short way is tried once only: a head that drips in would be matched anew at every byte
            if not ((not self._scanned and self._read_simple()) or self._read_head()):
                return None
        if self._chunked:
            return self._read_chunks()
        return self._read_body()

    def closed(self) -> HttpResponse | None:
        """The peer closed: the response when it was one that ends so, else None (cut short)."""
        if self._head is None or self._chunked or self._left >= 0:
            return None
        return self._whole(bytes(self._buffer), reusable=False)

    # -- the head -----------------------------------------------------------------------------------------------------

    def _read_simple(self) -> bool:
        """The short way for a plain head that has arrived whole; False = go the long way."""
        found = _SIMPLE.match(self._buffer)
        if not found or found.end() > min(self._limits.line, self._limits.head):
            return False
        status, reason, block = found.groups(b"")
        pairs = _PAIR.findall(block.decode("ascii"))
        if len(pairs) > self._limits.headers:
            return False
        headers = Headers(tuple([(name.lower(), value.strip()) for name, value in pairs]))
        modern = found[0][7] == 0x31
        self._begin(HttpResponse(int(status), reason.decode("ascii").strip(), headers), modern, found.end())
        return True

    def _read_head(self) -> bool:
        """The long way; False = more bytes needed."""
        self._refuse_strangers()
        buffer, limits = self._buffer, self._limits
        found = _END.search(buffer, self._scanned)
        size = found.end() if found else len(buffer)
        if size > limits.head:
            raise WireError("the head is too large", "too_large")
        if not found:
            self._scanned = max(0, size - 2)
            return False
        head = bytes(buffer[:size])
        first = head[: head.index(b"\n")].decode("latin-1").rstrip("\r")
        status = _STATUS.match(first)
        if not status:
            raise WireError("the first line is not HTTP")
        headers = parse_headers(head, limits)
        self._scanned = 0
        if status[1][0] == "1":
            self._pass_over(size)
            return True
        self._begin(HttpResponse(int(status[1]), (status[2] or "").strip(), headers), first[7] == "1", size)
        return True

    def _refuse_strangers(self) -> None:
        """Refuse another protocol at its first bytes: a banner is never followed by the blank line of a head."""
        start = bytes(self._buffer[:5])
        if start != b"HTTP/"[: len(start)]:
            raise WireError("this does not begin like HTTP")
        if len(self._buffer) > self._limits.line and self._buffer.find(b"\n", 0, self._limits.line) < 0:
            raise WireError("a line is too long", "too_large")

    def _pass_over(self, size: int) -> None:
        self._interim += 1
        if self._interim > MAX_INTERIM:
            raise WireError("nothing but interim responses", "too_large")
        del self._buffer[:size]

    def _begin(self, head: HttpResponse, modern: bool, size: int) -> None:
        """Take over a final head; decide how its body ends (RFC 9112 section 6.3)."""
        del self._buffer[:size]
        headers = head.headers
        self._head = head
        said = ",".join(headers.all("connection")).lower()
        self._keep = "close" not in said and (modern or "keep-alive" in said)
        coding = ",".join(headers.all("transfer-encoding")).lower()
        if head.status in (204, 304):
            self._left = 0
        elif coding:
            if coding.rpartition(",")[2].strip() != "chunked":
                raise WireError("an unknown transfer coding")
            self._chunked, self._left = True, 0
            # both lengths at once is how requests are smuggled: believe the chunks, then part
            self._keep &= not headers.get("content-length")
        else:
            self._left = self._length(headers)

    def _length(self, headers: Headers) -> int:
        values = headers.all("content-length")
        if not values:
            return -1
        value = values[0]
        if values.count(value) < len(values) or not _NUMBER.match(value):
            raise WireError("the content length is not one number")
        if int(value) > self._limits.body:
            raise WireError("the body is too large", "too_large")
        return int(value)

    # -- the body -----------------------------------------------------------------------------------------------------

    def _read_body(self) -> HttpResponse | None:
        buffer, left = self._buffer, self._left
        if left < 0:
            if len(buffer) > self._limits.body:
                raise WireError("the body is too large", "too_large")
            return None
        if len(buffer) < left:
            return None
        return self._whole(bytes(buffer[:left]), reusable=self._keep and len(buffer) == left)

    def _read_chunks(self) -> HttpResponse | None:
        """RFC 9112 section 7.1; chunk extensions and trailers are passed over."""
        buffer = self._buffer
        while not self._trailer:
            if self._left:
                if not self._take_chunk():
                    return None
                continue
            found = _CHUNK.match(buffer)
            if not found:
                self._want_chunk_line()
                return None
            self._left = int(found[1], 16)
            end = found.end()
            del found
            self._count(end)
            self._trailer = not self._left
            if len(self._body) + self._left > self._limits.body:
                raise WireError("the body is too large", "too_large")
        return self._skip_trailer()

    def _want_chunk_line(self) -> None:
        if b"\n" in self._buffer or len(self._buffer) > _MAX_CHUNK_LINE:
            raise WireError("a chunk without its size")

    def _take_chunk(self) -> bool:
        """The rest of a chunk with its line end; False = more bytes needed."""
        buffer, left = self._buffer, self._left
        if len(buffer) < left + 1:
            return False
        end = left + 1 if buffer[left] == 0x0A else left + 2
        if len(buffer) < end:
            return False
        if buffer[end - 1] != 0x0A or (end == left + 2 and buffer[left] != 0x0D):
            raise WireError("a chunk longer than its size")
        self._body += buffer[:left]
        self._left = 0
        self._count(end)
        return True

    def _count(self, size: int) -> None:
        """Drop ``size`` bytes that were read; many tiny chunks may cost no more than twice a large body."""
        del self._buffer[:size]
        self._taken += size
        if self._taken > 2 * self._limits.body + self._limits.head:
            raise WireError("too much around the chunks", "too_large")

    def _skip_trailer(self) -> HttpResponse | None:
        buffer = self._buffer
        while (end := buffer.find(b"\n", 0, self._limits.line)) >= 0:
            blank = not buffer[:end].strip(b"\r")
            self._count(end + 1)
            if blank:
                return self._whole(bytes(self._body), reusable=self._keep and not buffer)
        if len(buffer) >= self._limits.line:
            raise WireError("a line is too long", "too_large")
        return None

    def _whole(self, body: bytes, *, reusable: bool) -> HttpResponse:
        assert self._head is not None  # noqa: S101 - a body follows a head
        head = self._head
        return HttpResponse(head.status, head.reason, head.headers, body, reusable)
