"""Cuts the byte stream of a peer into RTSP messages and interleaved frames, within fixed bounds.

Grammar: RFC 2326 sections 6, 7, 10.12 and 12, read as cameras write it: lines may end in LF alone, headers may be
folded, in any case, with blanks before the colon; the reason phrase may be missing. What is never taken: another
protocol, control characters, a length that is not a number. This file knows no requests, no state of a dialogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 256 * 1024


class WireError(Exception):
    """The peer does not speak the protocol; the one error that bytes of a peer may cause.

    ``kind`` is "protocol" or "too_large". The message repeats nothing the peer sent.
    """

    def __init__(self, message: str, kind: str = "protocol") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is kept of a peer: bytes of a head, of one line, of a body; headers in a head."""

    head: int = HEAD_LIMIT
    line: int = 8 * 1024
    body: int = BODY_LIMIT
    headers: int = 128


DEFAULT = Limits()


class Headers:
    """Headers of one message: names lower-case, values Latin-1 views of the bytes, in the order they came."""

    __slots__ = ("_items",)

    def __init__(self, items: tuple[tuple[str, str], ...] = ()) -> None:
        self._items = items

    def get(self, name: str, default: str = "") -> str:
        """The first value of ``name`` (lower-case), or ``default``."""
        return next((value for key, value in self._items if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of ``name`` (lower-case)."""
        return [value for key, value in self._items if key == name]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return f"<Headers {[name for name, _ in self._items]}>"


@dataclass(slots=True)
class StatusMessage:
    """A reply: ``status`` 100..599."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""


@dataclass(slots=True)
class RequestMessage:
    """A request of the peer. ``uri`` is what stood there, unchecked but free of blanks and control characters."""

    method: str
    uri: str
    headers: Headers
    body: bytes = b""


@dataclass(slots=True)
class Frame:
    """One interleaved binary frame (RFC 2326 section 10.12): ``channel`` 0..255, ``data`` 0..65535 bytes."""

    channel: int
    data: bytes


Message = StatusMessage | RequestMessage

_LINE_ENDS = re.compile(rb"[\r\n]++")
_END = re.compile(rb"\n\r?\n")
#: What nearly every camera sends: CRLF, no folding, visible ASCII. A part of what the long way accepts.
_SIMPLE = re.compile(
    rb"RTSP/[12]\.\d ([1-5]\d\d)(?: ([ -~]*+))?+\r\n((?:[!-9;-~]++:[\t -~]*+\r\n){0,64}+)\r\n"
)
_PAIR = re.compile(r"([!-9;-~]++):([\t -~]*+)\r\n")
_STATUS = re.compile(r"RTSP/[12]\.\d +([1-5]\d\d)(?: (.*))?\Z")
_REQUEST = re.compile(r"([A-Z_]{1,32}) (\S+) RTSP/[12]\.\d *\Z")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"\d{1,18}\Z", re.ASCII)
_BLANKS = ("", " ", "\t")
_DOLLAR = 0x24
_FIRST = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")


class Reader:
    """Feed bytes, take messages and frames. Keeps at most the limits of one message beyond what was fed last."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._scanned = 0
        self._start: Message | None = None
        self._head: Message | None = None
        self._length = 0

    @property
    def buffered(self) -> int:
        """Bytes kept and not yet given out."""
        return len(self._buffer)

    @property
    def inside(self) -> bool:
        """Some of a message or frame has arrived and the rest has not."""
        return self._head is not None or bool(self._buffer.strip(b"\r\n"))

    @property
    def head(self) -> Message | None:
        """The message whose head has arrived while its body is still coming, without its body."""
        return self._head

    def frame_begun(self) -> bytes:
        """The beginning of an interleaved frame, when it is all that is kept; given away, so that it is read elsewhere.

        Empty, and nothing changed, when something else is kept.
        """
        if self._head is not None or not self._buffer or self._buffer[0] != _DOLLAR:
            return b""
        begun = bytes(self._buffer)
        self._buffer.clear()
        return begun

    def feed(self, data: bytes) -> None:
        """Add bytes of the peer."""
        self._buffer += data

    def next(self) -> Message | Frame | None:
        """The next whole message or frame; None = more bytes needed. Raises ``WireError``."""
        if self._head is None:
            self._skip_line_ends()
            if not self._buffer:
                return None
            if self._buffer[0] == _DOLLAR:
                return self._next_frame()
            if self._start or not self._read_simple():
                self._read_head()
        return self._with_body()

    def _skip_line_ends(self) -> None:
        found = _LINE_ENDS.match(self._buffer)
        if found:
            end = found.end()
            del found
            del self._buffer[:end]

    def _next_frame(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        end = 4 + (buffer[2] << 8 | buffer[3])
        if len(buffer) < end:
            return None
        frame = Frame(buffer[1], bytes(buffer[4:end]))
        del buffer[:end]
        return frame

    def _read_simple(self) -> bool:
        """The short way for a whole plain reply; False = go the long way."""
        found = _SIMPLE.match(self._buffer)
        if not found or found.end() > min(self._limits.line, self._limits.head):
            return False
        status, reason, block = found.groups(b"")
        pairs = _PAIR.findall(block.decode("ascii"))
        if len(pairs) > self._limits.headers:
            return False
        headers = Headers(tuple([(name.lower(), value.strip()) for name, value in pairs]))
        self._length = _content_length(headers, self._limits)
        self._head = StatusMessage(int(status), reason.decode("ascii").strip(), headers)
        del self._buffer[: found.end()]
        return True

    def _read_head(self) -> None:
        start = self._start = self._start or self._read_start()
        if start is None:
            return
        found = _END.search(self._buffer, self._scanned)
        size = found.end() if found else len(self._buffer)
        if size > self._limits.head:
            raise WireError("the head is too large", "too_large")
        if not found:
            self._scanned = max(0, size - 2)
            return
        headers = parse_headers(bytes(self._buffer[:size]), self._limits)
        self._length = _content_length(headers, self._limits)
        self._head = _filled(start, headers, b"")
        self._scanned, self._start = 0, None
        del self._buffer[:size]

    def _read_start(self) -> Message | None:
        """Refuse another protocol at its first line: a banner is never followed by the blank line of a head."""
        buffer = self._buffer
        if buffer[0] not in _FIRST:
            raise WireError("this does not begin like RTSP")
        end = buffer.find(b"\n", 0, self._limits.line + 1)
        if end >= 0:
            return parse_start(bytes(buffer[:end]))
        if len(buffer) > self._limits.line:
            raise WireError("a line is too long", "too_large")
        return None

    def _with_body(self) -> Message | None:
        head = self._head
        if head is None or len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._head = None
        return _filled(head, head.headers, body) if body else head


def _filled(message: Message, headers: Headers, body: bytes) -> Message:
    if isinstance(message, StatusMessage):
        return StatusMessage(message.status, message.reason, headers, body)
    return RequestMessage(message.method, message.uri, headers, body)


_NO_HEADERS = Headers()


def parse_start(line: bytes) -> StatusMessage | RequestMessage:
    """A status line or request line, with or without its line end, as a message without headers.

    Raises ``WireError`` for any other protocol.
    """
    text = line.decode("latin-1").rstrip("\r\n")
    status = _STATUS.match(text)
    if status:
        return StatusMessage(int(status[1]), (status[2] or "").strip(), _NO_HEADERS)
    request = _REQUEST.match(text)
    if request:
        return RequestMessage(request[1], request[2], _NO_HEADERS)
    if text.startswith("HTTP/"):
        raise WireError("an HTTP server answers here, not RTSP")
    raise WireError("the first line is not RTSP")


def parse_headers(head: bytes, limits: Limits = DEFAULT) -> Headers:
    """The headers of a head (first line included). Lines without a colon are passed over. Raises ``WireError``."""
    text = head.decode("latin-1").replace("\r\n", "\n")
    if _FORBIDDEN.search(text):
        raise WireError("control characters in the head")
    lines = text.split("\n")
    if len(text) > limits.line and len(max(lines, key=len)) > limits.line:
        raise WireError("a line is too long", "too_large")
    return _headers(lines, limits)


def _headers(lines: list[str], limits: Limits) -> Headers:
    items: list[tuple[str, str]] = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if line[:1] in _BLANKS:
            if items and line:
                items[-1] = (items[-1][0], f"{items[-1][1]} {line.strip()}")
        elif colon:
            items.append((name.rstrip().lower(), value.strip()))
    if len(items) > limits.headers:
        raise WireError("there are too many headers", "too_large")
    return Headers(tuple(items))


def _content_length(headers: Headers, limits: Limits) -> int:
    values = headers.all("content-length")
    if not values:
        return 0
    value = values[0]
    if values.count(value) < len(values) or not _NUMBER.match(value):
        raise WireError("the content length is not one number")
    length = int(value)
    if length > limits.body:
        raise WireError("the body is too large", "too_large")
    return length
