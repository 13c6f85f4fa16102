"""What a prober and its decoder process say to each other over their socket pair: pictures one way, answers the other.

Standard library only, for the prober imports it. A picture is a header (lengths, codec), its context and its bytes; an
answer is a header (lengths), a small JSON object, the camera's new past and a JPEG, each of which may be empty. The
child is never trusted: it has touched what a camera sent.
"""

from __future__ import annotations

import json
import struct
from typing import NamedTuple

from camerahub.core.eyes import MAX_PAST, MAX_STILL
from camerahub.core.result import FAULT_KINDS

#: Codec name (as in SDP and RTP) -> its byte on the line.
CODECS: dict[str, int] = {"H264": 1, "H265": 2, "JPEG": 3}
CODEC_NAMES: dict[int, str] = {code: name for name, code in CODECS.items()}
PICTURE = struct.Struct("!IBH")
ANSWER = struct.Struct("!IHI")
#: On the page that both share: pictures the child has given to a decoder so far, and those that came back from it.
PROGRESS = struct.Struct("=II")
MAX_ANSWER = 32 * 1024
MAX_MEASURES = 512
_KINDS = frozenset(FAULT_KINDS)
#: What a child may say of a picture. ``blind`` is for bugs of our own and is said by the parent only.
REASONS = frozenset(("ok", *FAULT_KINDS, "unjudged", "undecodable", "codec_unsupported"))


_CONTEXT = struct.Struct("!qIBHHHH")
#: ``Context.wanted``: a JPEG of a picture with a fault, of one without.
OF_FAULT, OF_OK = 1, 2


class Context(NamedTuple):
    """What judging one picture needs beyond it; the rest as in ``core.eyes.Lesson``.

    ``at`` µs UTC of the look, 0 = unknown; ``still_bytes`` the largest JPEG, when one is ``wanted``.
    """

    at: int = 0
    still_bytes: int = 0
    wanted: int = 0
    past: bytes = b""
    ignored: bytes = b""
    private: bytes = b""
    weights: bytes = b""

    def pack(self) -> bytes:
        """As it travels; under 10 kB."""
        parts = self[3:]
        return b"".join((_CONTEXT.pack(*self[:3], *map(len, parts)), *parts))

    @classmethod
    def unpack(cls, data: bytes) -> Context:
        """What ``pack`` made; b"" is a context of nothing."""
        if not data:
            return cls()
        *head, past, ignored, private, weights = _CONTEXT.unpack_from(data)
        parts, at = [], _CONTEXT.size
        for size in (past, ignored, private, weights):
            parts.append(data[at : at + size])
            at += size
        return cls(*head, *parts)


class Answer(NamedTuple):
    """What a child says: of a picture, or (``reason`` "ready") of itself once it can decode.

    ``cpu_s`` spent on this picture, ``total_cpu_s`` since its start, ``rss`` bytes resident now; ``bug`` the end of a
    traceback; ``detail`` one word on why a picture is ``undecodable`` or ``unjudged``, or how the child is caged;
    ``faults`` kinds found, most severe first; ``past`` of the camera from now on; ``still`` a JPEG, if one was wanted.
    """

    reason: str
    width: int = 0
    height: int = 0
    measures: dict[str, float] = {}  # noqa: RUF012 - a NamedTuple default, never written to
    cpu_s: float = 0.0
    total_cpu_s: float = 0.0
    rss: int = 0
    detail: str = ""
    bug: str = ""
    faults: tuple[str, ...] = ()
    past: bytes = b""
    still: bytes = b""


class LineError(ValueError):
    """The child said something that is no answer."""


def pack_answer(answer: Answer) -> bytes:
    """An answer as it travels."""
    *words, past, still = answer
    body = json.dumps(words, separators=(",", ":")).encode()
    return ANSWER.pack(len(body), len(past), len(still)) + body + past + still


def take_answer(buffer: bytearray) -> Answer | None:
    """Cut the next whole answer off the front of ``buffer``; None when there is none yet. LineError on garbage."""
    if len(buffer) < ANSWER.size:
        return None
    length, past, still = ANSWER.unpack_from(buffer)
    if length > MAX_ANSWER or past > MAX_PAST or still > MAX_STILL:
        raise LineError(f"answer of {length} + {past} + {still} bytes")
    end = ANSWER.size + length + past + still
    if len(buffer) < end:
        return None
    whole = bytes(buffer[ANSWER.size : end])
    del buffer[:end]
    answer = _checked(whole[:length])
    return answer._replace(past=whole[length : length + past], still=whole[length + past :])


def _checked(body: bytes) -> Answer:
    try:
        reason, width, height, measures, cpu, total, rss, detail, bug, faults = json.loads(body)
        answer = Answer(
            reason,
            int(width),
            int(height),
            {str(name): float(value) for name, value in measures.items()},
            float(cpu),
            float(total),
            int(rss),
            str(detail),
            str(bug),
            tuple(map(str, faults)),
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise LineError(f"not an answer: {type(error).__name__}") from None
    if answer.reason not in REASONS and answer.reason not in ("ready", "bug"):
        raise LineError("unknown reason")
    if len(answer.measures) > MAX_MEASURES:
        raise LineError("too many measures")
    if len(answer.faults) > len(FAULT_KINDS) or not _KINDS.issuperset(answer.faults):
        raise LineError("unknown faults")
    return answer
