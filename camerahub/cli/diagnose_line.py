"""What `diagnose` and its caged children say to each other over their socket pair.

Down go an order (JSON) and the bytes of the pictures it names; up come answers (JSON) and, where a drawing was asked
for, raw pixels. A clip is too large to be sent: the child asks for the parts it wants. The child is never trusted: it
has touched what strangers made, so every answer is checked here.
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

from camerahub.core.texts import CATALOGUE

LENGTH = struct.Struct("!I")
#: A whole answer of a chunk without its pixels.
MOST_ANSWER = 8 << 20
#: Bytes of a clip asked for at once.
MOST_READ = 1 << 20
#: Pixels that come up with an item: the newest picture and a few before it, at the working size at most.
MOST_SHOWN, MOST_SIDE = 6, 640
VERDICTS, LEVELS = ("ok", "fault", "unknown"), ("warn", "fault")
MOST_MEASURES, MOST_WORD = 1024, 200


class LineError(ValueError):
    """The child said something that is no answer."""


class Finding(NamedTuple):
    """``kind`` of fault, ``severity`` 0..1, ``level`` ``warn`` or ``fault``."""

    kind: str
    severity: float
    level: str


class Verdict(NamedTuple):
    """What a child says of one item. ``problem``: a name under ``diagnose.problem``, and ``detail`` one word more.

    ``reason`` why a picture that decoded could not be judged. ``width``, ``height``: of the source. ``shown``: height
    and width of each picture whose pixels follow, the newest last.
    """

    verdict: str
    mode: str = ""
    findings: tuple[Finding, ...] = ()
    measures: dict[str, float | None] = {}  # noqa: RUF012 - a NamedTuple default, never written to
    pictures: int = 0
    reason: str = ""
    problem: str = ""
    detail: str = ""
    gap_s: float | None = None
    width: int = 0
    height: int = 0
    shown: tuple[tuple[int, int], ...] = ()


def pack(message: dict[str, Any] | list[Any]) -> bytes:
    """Length and JSON of a message."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def parse(body: bytes) -> dict[str, Any]:
    """A message of a child. LineError unless it is one JSON object."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise LineError("no JSON") from None
    if not isinstance(message, dict):
        raise LineError("no object")
    return message


def checked(fields: Any) -> Verdict:
    """The verdict in one entry of an answer. LineError for anything that is none."""
    try:
        verdict, mode, findings, measures, pictures, reason, problem, detail, gap_s, width, height, shown = (
            fields
        )
        answer = Verdict(
            verdict,
            _word(mode),
            tuple(_finding(*finding) for finding in findings),
            {_word(name): _number(value) for name, value in measures.items()},
            int(pictures),
            _word(reason),
            _word(problem),
            _word(detail),
            _number(gap_s),
            int(width),
            int(height),
            tuple((int(tall), int(wide)) for tall, wide in shown),
        )
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise LineError(f"not a verdict: {type(error).__name__}") from None
    if answer.verdict not in VERDICTS or len(answer.measures) > MOST_MEASURES:
        raise LineError("not a verdict")
    if answer.problem and f"diagnose.problem.{answer.problem}" not in CATALOGUE:
        raise LineError("unknown problem")
    if len(shown) > MOST_SHOWN or not all(0 < side <= MOST_SIDE for size in answer.shown for side in size):
        raise LineError("too many pixels")
    return answer


def _finding(kind: Any, severity: Any, level: Any) -> Finding:
    if f"diagnose.kind.{kind}" not in CATALOGUE or level not in LEVELS or not 0.0 <= float(severity) <= 1.0:
        raise LineError("not a finding")
    return Finding(kind, float(severity), level)


def _word(word: Any) -> str:
    if not isinstance(word, str) or len(word) > MOST_WORD or not word.isprintable():
        raise LineError("not a word")
    return word


def _number(value: Any) -> float | None:
    """A finite number, or None for a NaN (JSON has none)."""
    number = None if value is None else float(value)
    return number if number is not None and abs(number) < float("inf") else None


def container_of(head: bytes) -> str | None:
    """The demuxer of a clip that begins with ``head`` (at least 16 bytes), None for anything else.

    ISO/IEC 14496-12 4.3 (ftyp), RIFF AVI, EBML (RFC 8794 11.2.1).
    """
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    return "matroska" if head[:4] == b"\x1a\x45\xdf\xa3" else None
