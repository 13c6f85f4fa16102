"""Messages as bytes: versioned, length-prefixed, bounded. Pure: any bytes give messages or one EnvelopeError.

A frame is ``>I`` length of what follows, ``B`` version, ``B`` kind, ``>I`` length of the header, the header (a JSON
object) and the payload (raw bytes, only results have one).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, NamedTuple, NoReturn

from camerahub.core import messages as m
from camerahub.core.eyes import MAX_PAST, MAX_STILL, Lesson
from camerahub.core.result import PROBE_KINDS, REASONS, Target
from camerahub.core.stand_in import SHOT_ROW
from camerahub.core.uplinks import Reference, Uplink

VERSION = 1
#: Largest frame in bytes, the length field apart: 500 assignments with the longest texts, each character escaped.
MAX_FRAME = 16 * 1024 * 1024
#: Bytes of one ``core.batch.RESULT_DTYPE`` row (a test compares).
ROW_BYTES = 28
#: Bytes of one ``core.batch.FACTS_DTYPE`` row (a test compares).
FACTS_BYTES = 36
#: Bytes of one ``core.batch.SHOT_DTYPE`` row.
SHOT_BYTES = SHOT_ROW.size
#: Most endpoints one ASSIGN, UNASSIGN, ROUND or PAUSE may name; longer lists are sent in parts.
MAX_LIST = 2000

_PREFIX = struct.Struct(">I")
_HEAD = struct.Struct(">BBI")
_I63 = 2**63 - 1


class EnvelopeError(ValueError):
    """These bytes are no message of this version; the line they came on is lost."""


def encode(message: m.Message) -> bytes:
    """The frame of ``message``. EnvelopeError when it is larger than MAX_FRAME."""
    kind = _KIND_OF[type(message)]
    header, payload = _KINDS[kind].pack(message)
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    size = _HEAD.size + len(text) + len(payload)
    if size > MAX_FRAME:
        raise EnvelopeError(f"a {type(message).__name__} of {size} bytes; at most {MAX_FRAME}")
    return b"".join((_PREFIX.pack(size), _HEAD.pack(VERSION, kind, len(text)), text, payload))


class Decoder:
    """Bytes in, messages out. Holds at most one frame and what was fed last; after an error it takes nothing more."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> list[m.Message]:
        """Every message that is complete now, in order. EnvelopeError for anything else than frames."""
        if self._broken:
            raise EnvelopeError("the line is already lost")
        self._buffer += data
        found: list[m.Message] = []
        try:
            while (message := self._next()) is not None:
                found.append(message)
        except EnvelopeError:
            self._broken = True
            self._buffer.clear()
            raise
        return found

    @property
    def mid_frame(self) -> bool:
        """Whether the peer, were it to close now, would cut a message in two."""
        return bool(self._buffer)

    def _next(self) -> m.Message | None:
        buffer = self._buffer
        if len(buffer) < _PREFIX.size:
            return None
        (size,) = _PREFIX.unpack_from(buffer)
        if not _HEAD.size <= size <= MAX_FRAME:
            raise EnvelopeError(f"a frame of {size} bytes")
        end = _PREFIX.size + size
        if len(buffer) < end:
            return None
        body = bytes(buffer[_PREFIX.size : end])
        del buffer[:end]
        return decode_body(body)


def decode_body(body: bytes) -> m.Message:
    """The message of one frame without its length prefix. EnvelopeError for anything else."""
    if len(body) < _HEAD.size:
        raise EnvelopeError("a frame without a head")
    version, kind, length = _HEAD.unpack_from(body)
    if version != VERSION:
        raise EnvelopeError(f"version {version}, not {VERSION}: hub and prober are of different releases")
    if kind not in _KINDS or length > len(body) - _HEAD.size:
        raise EnvelopeError(f"kind {kind}, header of {length} bytes")
    header = _header(body[_HEAD.size : _HEAD.size + length])
    payload = body[_HEAD.size + length :]
    try:
        return _KINDS[kind].unpack(header, payload)
    except KeyError as error:
        raise EnvelopeError(f"kind {kind} lacks {error}") from None


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise EnvelopeError("the header is not JSON") from None
    if not isinstance(header, dict):
        raise EnvelopeError("the header is not an object")
    return header


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


# --- one pair of functions a kind ---------------------------------------------------------------------------------


def _integer(value: Any, low: int = 0, high: int = _I63) -> int:
    if type(value) is not int or not low <= value <= high:
        raise EnvelopeError(f"an integer from {low} to {high} was expected")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) < 1e18:
        raise EnvelopeError("a number was expected")
    return float(value)


def _string(value: Any, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise EnvelopeError(f"a text of at most {limit} characters was expected")
    return value


def _probe(value: Any) -> str:
    if not isinstance(value, str) or value not in PROBE_KINDS:
        raise EnvelopeError("not a kind of probe")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise EnvelopeError(f"a list of at most {MAX_LIST} was expected")
    return value


def _ids(value: Any) -> tuple[int, ...]:
    return tuple(_integer(item, low=-_I63) for item in _list(value))


def _scope(value: Any) -> tuple[int, ...] | None:
    return None if value is None else _ids(value)


_POLICY_TYPES = {f.name: f.type for f in fields(m.FleetPolicy)}


def _policy(value: Any) -> m.FleetPolicy:
    if not isinstance(value, dict) or value.keys() != _POLICY_TYPES.keys():
        raise EnvelopeError("not a policy of this release")
    values: dict[str, Any] = {
        key: _integer(item) if _POLICY_TYPES[key] == "int" else _number(item) for key, item in value.items()
    }
    return m.FleetPolicy(**values)


def _assignment(value: Any) -> m.Assignment:
    if not isinstance(value, list) or len(value) != 13:
        raise EnvelopeError("not an assignment")
    *target, device, camera, subnet, key = value
    return m.Assignment(
        _target(*target),
        _integer(device, low=-_I63),
        _integer(camera, low=-_I63),
        _string(subnet, m.MAX_SUBNET),
        _integer(key),
    )


def _target(
    endpoint: Any,
    host: Any,
    port: Any,
    url: Any,
    username: Any,
    password: Any,
    sub_url: Any,
    stream: Any,
    shot_url: Any,
) -> Target:
    """A checked target; what is wrong is named by its kind only, never by its value."""
    return Target(
        _integer(endpoint, low=-_I63),
        _string(host, m.MAX_HOST),
        _integer(port, high=65535),
        _string(url, m.MAX_URL),
        _string(username, m.MAX_USER),
        _string(password, m.MAX_PASSWORD),
        _string(sub_url, m.MAX_URL),
        _string(stream, 16),
        _string(shot_url, m.MAX_URL),
    )


def _pack_assign(message: m.Assign) -> tuple[dict[str, Any], bytes]:
    return {"a": [_row(a.target, a) for a in message.assignments]}, b""


def _row(t: Target, a: m.Assignment) -> list[Any]:
    target = [t.endpoint, t.host, t.port, t.url, t.username, t.password, t.sub_url, t.stream, t.shot_url]
    return [*target, a.device, a.camera, a.subnet, a.key]


def _reference(value: Any) -> Reference:
    if not isinstance(value, list) or len(value) != 3:
        raise EnvelopeError("not a reference")
    return Reference(_probe(value[0]), _string(value[1], m.MAX_HOST), _integer(value[2], high=65535))


def _uplink(value: Any) -> Uplink:
    if not isinstance(value, list) or len(value) != 5:
        raise EnvelopeError("not an uplink")
    name, subnets, references, need, mbps = value
    return Uplink(
        _string(name, 64),
        tuple(_string(subnet, m.MAX_SUBNET) for subnet in _list(subnets)),
        tuple(_reference(one) for one in _list(references)),
        _integer(need, low=1),
        _number(mbps),
    )


def _pack_uplinks(message: m.Uplinks) -> tuple[dict[str, Any], bytes]:
    found = [
        [u.name, u.subnets, [[r.probe, r.host, r.port] for r in u.references], u.need, u.mbps]
        for u in message.uplinks
    ]
    return {"u": found}, b""


def _pack_results(message: m.Results) -> tuple[dict[str, Any], bytes]:
    return {"worker": message.worker, "epoch": message.epoch, "seq": message.seq}, message.rows


def _unpack_results(header: dict[str, Any], payload: bytes) -> m.Results:
    if len(payload) % ROW_BYTES:
        raise EnvelopeError("a batch of broken rows")
    return m.Results(
        _string(header["worker"], 64), _integer(header["epoch"]), _integer(header["seq"]), payload
    )


def _pack_teach(message: m.Teach) -> tuple[dict[str, Any], bytes]:
    rows, payload = [], []
    for lesson in message.lessons:
        endpoint, past, *others = lesson
        payload += [past or b"", *others]
        rows.append([endpoint, -1 if past is None else len(past), *map(len, others)])
    return {"l": rows}, b"".join(payload)


def _unpack_teach(header: dict[str, Any], payload: bytes) -> m.Teach:
    found, at = [], 0
    for row in _list(header["l"]):
        if not isinstance(row, list) or len(row) != 6:
            raise EnvelopeError("not a lesson")
        endpoint, *sizes = (_integer(value, low=-_I63) for value in row)
        parts = []
        for size in sizes:
            parts.append(payload[at : at + max(0, size)])
            at += len(parts[-1])
        if [len(part) for part in parts] != [max(0, size) for size in sizes]:
            raise EnvelopeError("a lesson cut short")
        past = None if sizes[0] < 0 else parts[0]
        try:
            found.append(Lesson(endpoint, past, *parts[1:]).checked())
        except ValueError as error:
            raise EnvelopeError(str(error)) from None
    if at != len(payload):
        raise EnvelopeError("more than the lessons")
    return m.Teach(tuple(found))


def _pack_learned(message: m.Learned) -> tuple[dict[str, Any], bytes]:
    return {"worker": message.worker, "endpoint": message.endpoint, "at": message.at}, message.past


def _pack_still(message: m.Still) -> tuple[dict[str, Any], bytes]:
    header = {"worker": message.worker, "endpoint": message.endpoint, "at": message.at}
    return header | {"reason": message.reason}, message.jpeg


def _of_picture(header: dict[str, Any], payload: bytes, most: int) -> tuple[str, int, int]:
    if len(payload) > most:
        raise EnvelopeError(f"at most {most} bytes were expected")
    return _string(header["worker"], 64), _integer(header["endpoint"], low=-_I63), _integer(header["at"])


def _unpack_learned(header: dict[str, Any], payload: bytes) -> m.Learned:
    return m.Learned(*_of_picture(header, payload, MAX_PAST), payload)


def _unpack_still(header: dict[str, Any], payload: bytes) -> m.Still:
    return m.Still(*_of_picture(header, payload, MAX_STILL), _reason(header["reason"]), payload)


def _pack_rows(message: m.Findings | m.Shots) -> tuple[dict[str, Any], bytes]:
    return {"worker": message.worker}, message.rows


def _unpack_findings(header: dict[str, Any], payload: bytes) -> m.Findings:
    if len(payload) % FACTS_BYTES:
        raise EnvelopeError("findings of broken rows")
    return m.Findings(_string(header["worker"], 64), payload)


def _unpack_shots(header: dict[str, Any], payload: bytes) -> m.Shots:
    if len(payload) % SHOT_BYTES:
        raise EnvelopeError("snapshots of broken rows")
    return m.Shots(_string(header["worker"], 64), payload)


def _pack_plain(message: Any) -> tuple[dict[str, Any], bytes]:
    return asdict(message), b""


def _pairs(value: Any) -> tuple[tuple[int, int], ...]:
    items = _list(value)
    if not all(isinstance(item, list) and len(item) == 2 for item in items):
        raise EnvelopeError("pairs were expected")
    return tuple((_integer(key), _integer(permit)) for key, permit in items)


def _reason(value: Any) -> str:
    if not isinstance(value, str) or value not in ("", *REASONS):
        raise EnvelopeError("not a reason")
    return value


def _unpack_login(h: dict[str, Any], _payload: bytes) -> m.LoginEnded:
    numbers = (_integer(h["seq"]), _integer(h["key"]), _integer(h["permit"]))
    return m.LoginEnded(*numbers, _reason(h["reason"]), _flag(h["sent"]))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise EnvelopeError("true or false was expected")
    return value


def _values(value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or len(value) > 200:
        raise EnvelopeError("a table of numbers was expected")
    return {_string(key, 64): _number(item) for key, item in value.items()}


class _Kind(NamedTuple):
    type: type
    pack: Callable[[Any], tuple[dict[str, Any], bytes]]
    unpack: Callable[[dict[str, Any], bytes], m.Message]


#: Kind on the wire -> message. Append; never renumber.
_KINDS: dict[int, _Kind] = {
    1: _Kind(
        m.Setup,
        _pack_plain,
        lambda h, _: m.Setup(_string(h["worker"], 64), _probe(h["probe"]), _policy(h["policy"])),
    ),
    2: _Kind(m.Assign, _pack_assign, lambda h, _: m.Assign(tuple(_assignment(a) for a in _list(h["a"])))),
    3: _Kind(m.Unassign, _pack_plain, lambda h, _: m.Unassign(_ids(h["endpoints"]))),
    4: _Kind(m.Ack, _pack_plain, lambda h, _: m.Ack(_integer(h["seq"]))),
    5: _Kind(
        m.Round,
        _pack_plain,
        lambda h, _: m.Round(_integer(h["round"]), _probe(h["probe"]), _scope(h["endpoints"])),
    ),
    6: _Kind(m.Pause, _pack_plain, lambda h, _: m.Pause(_flag(h["paused"]), _scope(h["endpoints"]))),
    8: _Kind(
        m.Permits,
        _pack_plain,
        lambda h, _: m.Permits(_integer(h["heard"]), _ids(h["standing"]), _pairs(h["once"])),
    ),
    9: _Kind(m.Withdraw, _pack_plain, lambda h, _: m.Withdraw(_scope(h["keys"]))),
    7: _Kind(m.Drain, _pack_plain, lambda _h, _p: m.Drain()),
    10: _Kind(m.Uplinks, _pack_uplinks, lambda h, _: m.Uplinks(tuple(_uplink(u) for u in _list(h["u"])))),
    11: _Kind(m.Teach, _pack_teach, _unpack_teach),
    16: _Kind(m.Results, _pack_results, _unpack_results),
    17: _Kind(m.Stats, _pack_plain, lambda h, _: m.Stats(_string(h["worker"], 64), _values(h["values"]))),
    18: _Kind(
        m.RoundDone,
        _pack_plain,
        lambda h, _: m.RoundDone(_integer(h["round"]), _integer(h["epoch"]), _integer(h["seq"])),
    ),
    20: _Kind(m.LoginEnded, _pack_plain, _unpack_login),
    19: _Kind(m.Bye, _pack_plain, lambda h, _: m.Bye(_integer(h["epoch"]), _integer(h["seq"]))),
    22: _Kind(m.Findings, _pack_rows, _unpack_findings),
    25: _Kind(m.Shots, _pack_rows, _unpack_shots),
    23: _Kind(m.Learned, _pack_learned, _unpack_learned),
    24: _Kind(m.Still, _pack_still, _unpack_still),
    21: _Kind(
        m.Sighting,
        _pack_plain,
        lambda h, _: m.Sighting(
            _string(h["worker"], 64),
            _string(h["uplink"], 64),
            _integer(h["sight"], high=2),
            _integer(h["at"]),
            _string(h["reason"], 64),
        ),
    ),
}
_KIND_OF: dict[type, int] = {kind.type: code for code, kind in _KINDS.items()}
